"""Findings as the page shows them: what was expected beside what came, where in the document, and how to fix it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from specduet.contracts.findings import Finding, cut_text
from specduet.contracts.reports.formatting import describe_line, finding_fields
from specduet.contracts.reports.model import Report
from specduet.contracts.reports.page.exchanges import ExchangeView, build_exchange_view
from specduet.specs.errors import SpecError
from specduet.specs.files import decode_text, read_bytes
from specduet.specs.problem_log import ProblemLog

_LINES_BEFORE, _LINES_AFTER = 2, 5
_MAX_COLUMNS = 160
_MAX_SHOWN_EXCHANGES = 400
"""Findings with their whole exchange; more would make the page heavy, and are in ``exchanges.har``."""


@dataclass(frozen=True)
class FindingView:
    """One finding on the page."""

    number: int
    severity: str
    """``error``, ``warning`` or ``accepted``."""
    code: str
    clause: str
    sentence: str
    """The rule that is broken."""
    api: str
    operation: str
    message: str
    count: int
    expected: str
    actual: str
    service_remedy: str
    document_remedy: str
    curl: str
    accepted: str
    """The reason why it is accepted; empty where it is not."""
    document: str
    """``orders.yaml:12``."""
    pointer: str
    document_lines: tuple[tuple[int, str, bool], ...]
    """Lines of the document around the broken part, each with its number and whether the part begins there."""
    places: tuple[tuple[str, str, int], ...]
    """Operation, place and count of each operation in which it occurs; empty where there is only one."""
    exchange: ExchangeView | None

    @property
    def search_text(self) -> str:
        """The text by which the page filters, in lower case."""
        labels = " ".join(operation for operation, _, _ in self.places)
        return f"{self.code} {self.clause} {self.severity} {self.api} {self.operation} {labels} {self.message}".lower()


def list_finding_views(report: Report) -> list[FindingView]:
    """Return the findings in the order of every report."""
    documents = {api.name: _read_lines(api.path) for api in report.apis}
    return [
        _build_view(number, finding, report, documents[finding.api])
        for number, finding in enumerate(report.findings, start=1)
    ]


def _build_view(number: int, finding: Finding, report: Report, document: Sequence[str]) -> FindingView:
    fields = dict(finding_fields(finding, report))
    return FindingView(
        number=number,
        severity="accepted" if finding.accepted else finding.severity,
        code=finding.code,
        clause=finding.clause,
        sentence=report.find_sentence(finding),
        api=finding.api,
        operation=finding.operation,
        message=finding.message,
        count=finding.count,
        expected=fields.get("expected", ""),
        actual=fields.get("actual", ""),
        service_remedy=fields.get("to fix", ""),
        document_remedy=fields.get("or", ""),
        curl=finding.curl,
        accepted=finding.accepted,
        document=describe_line(finding, report),
        pointer=finding.pointer,
        document_lines=tuple(_cut_lines(document, report.find_line(finding))),
        places=tuple((place.operation, place.where, place.count) for place in finding.places),
        exchange=build_exchange_view(finding, report.secrets) if number <= _MAX_SHOWN_EXCHANGES else None,
    )


def _cut_lines(document: Sequence[str], line: int | None) -> Iterator[tuple[int, str, bool]]:
    if line is not None:
        for number in range(max(1, line - _LINES_BEFORE), min(len(document), line + _LINES_AFTER) + 1):
            yield number, cut_text(document[number - 1], _MAX_COLUMNS), number == line


def _read_lines(path: Path) -> Sequence[str]:
    """Return the lines of a document; none where it is gone since the run began."""
    try:
        return decode_text(read_bytes(path), ProblemLog(path, [])).splitlines()
    except SpecError:
        return ()
