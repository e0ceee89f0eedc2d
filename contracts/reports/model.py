"""Model of a finished run, from which every kind of report is written."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from specduet.contracts.clauses import Clause
from specduet.contracts.coverage import Coverage
from specduet.contracts.findings import Finding, Severity
from specduet.contracts.recording import Recording
from specduet.contracts.reports.unanswered import UnansweredOperation, list_unanswered
from specduet.contracts.sending.redaction import Secrets
from specduet.specs import Api
from specduet.specs.locations import display_path
from specduet.specs.printing import escape_unprintable
from specduet.specs.source import find_lines


class Item(NamedTuple):
    """One clause on one operation of one API: what pytest runs, and what passes or fails."""

    api: str
    operation: str
    clause: str

    def __str__(self) -> str:
        return f"{self.api}-{self.operation}-{self.clause}"


def iter_items(apis: tuple[Api, ...], clauses: tuple[Clause, ...]) -> Iterator[Item]:
    """Yield every item of the APIs, operation by operation."""
    for api in apis:
        for operation in api.operations:
            for clause in clauses:
                yield Item(api.name, operation.label, clause.name)


def items_of_finding(finding: Finding) -> list[Item]:
    """Return the items that a finding belongs to: its clause on every operation in which it occurs."""
    return [Item(finding.api, operation, finding.clause) for operation in finding.operations]


def group_of_finding(finding: Finding) -> tuple[str, ...]:
    """Return what findings under one heading have in common: severity, clause and API."""
    return (finding.severity, finding.code, finding.api)


def order_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings in the order of every report: by severity, reach of the clause, and own reach.

    The reach is the number of operations, then that of occurrences. What is accepted comes last.
    """
    all_findings = list(findings)
    operations: dict[tuple[str, ...], set[str]] = {}
    counts: Counter[tuple[str, ...]] = Counter()
    for finding in all_findings:
        operations.setdefault(group_of_finding(finding), set()).update(finding.operations)
        counts[group_of_finding(finding)] += finding.count

    def order(finding: Finding) -> tuple[Any, ...]:
        group = group_of_finding(finding)
        reach = (-len(operations[group]), -counts[group])
        own_reach = (-len(finding.operations), -finding.count)
        return (bool(finding.accepted), finding.severity, *reach, group, *own_reach, finding.operation, finding.where)

    return tuple(sorted(all_findings, key=order))


@dataclass(frozen=True)
class Report:
    """One finished run."""

    target: str
    """The base URL that was tested."""
    apis: tuple[Api, ...]
    clauses: tuple[Clause, ...]
    seed: int
    profile: str
    fail_on: Severity
    """The least severity that makes the run fail."""
    started: datetime
    elapsed_s: float
    recording: Recording
    findings: tuple[Finding, ...]
    coverage: Coverage
    notes: tuple[str, ...] = ()
    """Sentences on what could not be tested."""
    plan_notes: tuple[str, ...] = ()
    """Those of them that the plan has shown."""
    document_urls: Mapping[Path, str] = field(default_factory=dict)
    """The URL of each document that was fetched, by the file in which it is kept."""
    stale_entries: tuple[str, ...] = ()
    """Baseline entries whose finding no longer occurs."""
    exit_code: int = 0
    """The exit code of ``specduet test``."""
    secrets: Secrets = field(default_factory=Secrets)

    @cached_property
    def requests_by_method(self) -> dict[str, int]:
        """The number of requests sent, by method."""
        return dict(sorted(Counter(e.request.method for e in self.recording.exchanges).items()))

    @cached_property
    def open_findings(self) -> tuple[Finding, ...]:
        """The findings that no baseline entry accepts."""
        return tuple(f for f in self.findings if not f.accepted)

    @cached_property
    def unanswered(self) -> tuple[UnansweredOperation, ...]:
        """The operations that never answered 2xx; a note names those that were left out on purpose."""
        entries = list_unanswered(self.apis, self.recording, self.coverage.operations)
        return tuple(e for e in entries if e.count or not any(e.operation in note for note in self.notes))

    @cached_property
    def coverage_gaps(self) -> tuple[str, ...]:
        """What was never seen of operations that succeeded, shared gaps first.

        A line is ``runs GET /runs: status was never "failed"``, or ``5 operations: no credential of key was accepted``.
        """
        hidden = {(entry.api, entry.operation) for entry in self.coverage.operations if not entry.has_succeeded}
        gaps: dict[str, list[str]] = {}
        for api, operation, gap in self.coverage.list_gaps():
            if (api, operation) not in hidden:
                gaps.setdefault(gap, []).append(f"{api} {operation}")
        own: dict[str, list[str]] = {}
        for gap, names in gaps.items():
            if len(names) == 1:
                own.setdefault(names[0], []).append(gap)
        shared = sorted((-len(names), gap) for gap, names in gaps.items() if len(names) > 1)
        return (
            *(f"{-count} operations: {gap}" for count, gap in shared),
            *(f"{name}: {'; '.join(sentences)}" for name, sentences in own.items()),
        )

    def is_failing(self, finding: Finding) -> bool:
        """Return whether a finding makes the run fail."""
        return not finding.accepted and (finding.severity == "error" or self.fail_on == "warning")

    def find_api(self, name: str) -> Api:
        return next(api for api in self.apis if api.name == name)

    def find_sentence(self, finding: Finding) -> str:
        """Return the sentence of the clause that a finding breaks."""
        return next((clause.sentence for clause in self.clauses if clause.code == finding.code), "")

    def name_document(self, name: str) -> str:
        """Return the document of an API as it is printed: its URL where it was fetched, else the path of its file."""
        path = self.find_api(name).path
        return self.document_urls.get(path) or display_path(path)

    def find_line(self, finding: Finding) -> int | None:
        """Return the line of the OpenAPI document that a finding points to, None where it cannot be told."""
        return self._lines[finding.api][finding.pointer]

    @cached_property
    def _lines(self) -> dict[str, dict[str, int | None]]:
        """Lines by API and pointer; each document is read once."""
        pointers: dict[str, set[str]] = {}
        for finding in self.findings:
            pointers.setdefault(finding.api, set()).add(finding.pointer)
        return {name: find_lines(self.find_api(name).path, wanted) for name, wanted in pointers.items()}


def write_text(path: Path, text: str) -> None:
    """Write a file as UTF-8, with what is no printable character escaped as in JSON: lone surrogates, too."""
    path.write_text(escape_unprintable(text), encoding="utf-8", errors="backslashreplace")


def installed_version() -> str:
    """Return the installed version of specduet."""
    return version("specduet")


def pluralize(count: int, noun: str) -> str:
    """Return a count with its noun: ``1 finding``, ``2 findings``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
