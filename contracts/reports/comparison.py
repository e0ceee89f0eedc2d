"""Two reports beside each other: what is new, what is gone, what is still there, and what was not tested again."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from specduet.contracts.findings import Severity, cut_text
from specduet.contracts.reports.model import pluralize
from specduet.specs import UsageError
from specduet.specs.errors import SpecError
from specduet.specs.files import read_bytes
from specduet.specs.printing import make_printable

WIDTH = 100
_Identity = tuple[str, str, str, str]
_REMEDY = "Give a folder of --report, or its report.json."


class ReportedPlace(msgspec.Struct, frozen=True):
    """One operation in which a finding occurs."""

    operation: str
    where: str


class AcceptKeys(msgspec.Struct, frozen=True):
    """The place of a finding as a baseline names it, with ``*`` for every index."""

    where: str


class ReportedFinding(msgspec.Struct, frozen=True):
    """A finding as ``report.json`` has it."""

    code: str
    clause: str
    severity: Severity
    api: str
    operation: str
    where: str
    expected: str
    seen: str
    message: str
    count: int
    curl: str
    accept: AcceptKeys
    accepted: str | None
    fails: bool
    places: tuple[ReportedPlace, ...] = ()


class ReportedOperation(msgspec.Struct, frozen=True):
    """What ``report.json`` says of an operation."""

    api: str
    operation: str
    succeeded: bool


class ReportedCoverage(msgspec.Struct, frozen=True):
    """The coverage in ``report.json``."""

    operations: tuple[ReportedOperation, ...]


class ReportedRequests(msgspec.Struct, frozen=True):
    """The number of requests in ``report.json``."""

    sent: int


class ReportedRun(msgspec.Struct, frozen=True):
    """The part of ``report.json`` that is compared."""

    target: str
    started: str
    requests: ReportedRequests
    findings: tuple[ReportedFinding, ...]
    coverage: ReportedCoverage


@dataclass(frozen=True)
class Comparison:
    """Findings of two runs."""

    new: tuple[ReportedFinding, ...]
    """Findings of the later run alone."""
    kept: tuple[ReportedFinding, ...]
    """Findings of both, as the later run has them."""
    gone: tuple[ReportedFinding, ...]
    """Findings of the earlier run, whose operations were tested again and no longer show them."""
    untested: tuple[ReportedFinding, ...]
    """Findings of the earlier run, none of whose operations answered 2xx in the later one."""

    @property
    def groups(self) -> Iterator[tuple[str, tuple[ReportedFinding, ...]]]:
        """The findings by the heading of their group."""
        yield "new", self.new
        yield "still there", self.kept
        yield "gone", self.gone
        yield "not tested again", self.untested

    @property
    def exit_code(self) -> int:
        """1 where a new finding made the later run fail."""
        return int(any(finding.fails for finding in self.new))

    @property
    def outcome(self) -> str:
        """The counts in one line: ``1 new, 2 still there, no finding gone``."""
        parts = [f"{len(findings):,} {name}" for name, findings in self.groups if findings]
        return ", ".join(parts) or "no findings in either"

    def to_json(self) -> bytes:
        """Return the groups as JSON, each finding with the keys of ``report.json``."""
        groups = {"new": self.new, "kept": self.kept, "gone": self.gone, "untested": self.untested}
        return msgspec.json.format(msgspec.json.encode(groups), indent=2)


def compare_reports(before: ReportedRun, after: ReportedRun) -> Comparison:
    """Compare two reports. A finding is the same where its clause, an operation and the place in it are."""
    earlier = {identity for finding in before.findings for identity in _identify(finding)}
    later = {identity for finding in after.findings for identity in _identify(finding)}
    tested = {(entry.api, entry.operation) for entry in after.coverage.operations if entry.succeeded}
    gone: list[ReportedFinding] = []
    untested: list[ReportedFinding] = []
    for finding in before.findings:
        identities = _identify(finding)
        if later.isdisjoint(identities):
            is_tested = any(identity[1:3] in tested for identity in identities)
            (gone if is_tested else untested).append(finding)
    return Comparison(
        new=tuple(f for f in after.findings if earlier.isdisjoint(_identify(f))),
        kept=tuple(f for f in after.findings if not earlier.isdisjoint(_identify(f))),
        gone=tuple(gone),
        untested=tuple(untested),
    )


def _identify(finding: ReportedFinding) -> list[_Identity]:
    """Return what makes a finding itself, once for each place. Pointers are left out: documents are rewritten."""
    places = finding.places or (ReportedPlace(finding.operation, finding.accept.where),)
    return [(finding.code, finding.api, place.operation, place.where) for place in places]


def read_report(path: Path) -> ReportedRun:
    """Return the content of a ``report.json``, or of the one in a folder. Raises ``UsageError`` where it is none."""
    file = path / "report.json" if path.is_dir() else path
    try:
        return msgspec.json.decode(read_bytes(file), type=ReportedRun)
    except SpecError as error:
        raise UsageError(str(error), remedy=_REMEDY) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{file} is no report: {error}", remedy=_REMEDY) from error


def format_comparison(comparison: Comparison) -> Iterator[str]:
    """Yield the lines for a terminal: the findings by group, then the counts."""
    for name, findings in comparison.groups:
        if findings:
            yield f"{name}, {pluralize(len(findings), 'finding')}:"
            yield from _list_findings(findings)
            yield ""
    yield comparison.outcome


def _list_findings(findings: Iterable[ReportedFinding]) -> Iterator[str]:
    for finding in findings:
        mark = "accepted" if finding.accepted else finding.severity
        text = f"  {mark} {finding.code} {finding.operation}: {finding.message}"
        yield cut_text(make_printable(text), WIDTH)
