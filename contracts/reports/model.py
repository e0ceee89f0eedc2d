"""What a finished run has to say: the one thing that every kind of report is written from."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from specduet.contracts.clauses import Clause
from specduet.contracts.coverage import Coverage
from specduet.contracts.findings import Finding, Severity
from specduet.contracts.recording import Recording
from specduet.contracts.sending.redaction import Secrets
from specduet.specs import Api, Operation
from specduet.specs.source import find_line


class Item(NamedTuple):
    """One clause on one operation of one API: what pytest runs, and what passes or fails."""

    api: str
    operation: str
    clause: str

    def __str__(self) -> str:
        return f"{self.api}-{self.operation}-{self.clause}"


def iter_items(apis: tuple[Api, ...], clauses: tuple[Clause, ...]) -> Iterator[Item]:
    """Every item of the APIs, operation by operation."""
    for api in apis:
        for operation in api.operations:
            for clause in clauses:
                yield Item(api.name, operation.label, clause.name)


def item_of_finding(finding: Finding) -> Item:
    """The item that owns a finding."""
    return Item(finding.api, finding.operation, finding.clause)


@dataclass(frozen=True)
class Report:
    """A finished run. ``elapsed_s`` is in seconds; ``exit_code`` is that of ``specduet test``.

    ``notes`` are sentences on what could not be tested, ``stale_entries`` on accepted findings that no longer occur.
    """

    target: str
    apis: tuple[Api, ...]
    clauses: tuple[Clause, ...]
    seed: int
    profile: str
    fail_on: Severity
    started: datetime
    elapsed_s: float
    recording: Recording
    findings: tuple[Finding, ...]
    coverage: Coverage
    notes: tuple[str, ...] = ()
    stale_entries: tuple[str, ...] = ()
    exit_code: int = 0
    secrets: Secrets = field(default_factory=Secrets)

    @cached_property
    def requests_by_method(self) -> dict[str, int]:
        """How many requests were sent, by method."""
        return dict(sorted(Counter(e.sent.method for e in self.recording.exchanges).items()))

    @cached_property
    def open_findings(self) -> tuple[Finding, ...]:
        """The findings that nothing accepts."""
        return tuple(f for f in self.findings if not f.accepted)

    @cached_property
    def coverage_gaps(self) -> tuple[str, ...]:
        """What was never seen, one line an operation."""
        gaps: dict[str, list[str]] = {}
        for api, operation, gap in self.coverage.gaps():
            gaps.setdefault(f"{api} {operation}", []).append(gap)
        return tuple(f"{name}: {'; '.join(sentences)}" for name, sentences in gaps.items())

    def is_failing(self, finding: Finding) -> bool:
        """Whether a finding fails the run."""
        return not finding.accepted and (finding.severity == "error" or self.fail_on == "warning")

    def find_api(self, name: str) -> Api:
        return next(api for api in self.apis if api.name == name)

    def find_operation(self, finding: Finding) -> Operation:
        """The operation that a finding is about."""
        return next(o for o in self.find_api(finding.api).operations if o.label == finding.operation)

    def find_line(self, finding: Finding) -> int | None:
        """The line of the specification that a finding's pointer stands on."""
        return self._lines[finding.api, finding.pointer]

    @cached_property
    def _lines(self) -> dict[tuple[str, str], int | None]:
        places = {(finding.api, finding.pointer) for finding in self.findings}
        return {(name, pointer): find_line(self.find_api(name).path, pointer) for name, pointer in places}


def write_text(path: Path, text: str) -> None:
    """Write text as UTF-8; a lone surrogate, which UTF-8 cannot hold, becomes the escape that JSON has for it."""
    path.write_text(text, encoding="utf-8", errors="backslashreplace")


def installed_version() -> str:
    """The installed version of specduet."""
    return version("specduet")


def pluralize(count: int, noun: str) -> str:
    """``1 finding``, ``2 findings``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
