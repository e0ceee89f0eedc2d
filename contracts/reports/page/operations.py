"""What each operation has shown: the coverage of the run as a table that one look takes in."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from specduet.contracts.clauses import FAMILIES
from specduet.contracts.coverage import OperationCoverage
from specduet.contracts.reports.model import Report
from specduet.contracts.reports.page.exchanges import classify_status

FAMILY_NAMES = tuple(FAMILIES.values())
_MAX_NAMES = 12


@dataclass(frozen=True)
class Share:
    """How much of something was seen: 3 of 4 statuses."""

    seen: int
    total: int
    names: tuple[tuple[str, bool], ...]
    """Each with whether it was seen."""


@dataclass(frozen=True)
class FamilyCell:
    """The findings of one operation in one family of clauses."""

    errors: int = 0
    warnings: int = 0

    @property
    def mark(self) -> str:
        """``error``, ``warning``, or ``none``."""
        return "error" if self.errors else "warning" if self.warnings else "none"


@dataclass(frozen=True)
class OperationView:
    """One row of the table."""

    api: str
    label: str
    sent: int
    has_succeeded: bool
    answered: tuple[tuple[str, str, int], ...]
    """Status, the word for its colour, and count."""
    shares: tuple[Share, ...]
    """Documented statuses, enum members, nulls, parameters sent right and wrong."""
    cells: tuple[FamilyCell, ...]
    """One for each of ``FAMILY_NAMES``."""


def list_operation_views(report: Report) -> list[OperationView]:
    """Return a row for each operation, in the order of the documents."""
    cells = _count_findings(report)
    return [_build_view(entry, cells.get((entry.api, entry.operation), {})) for entry in report.coverage.operations]


def _build_view(entry: OperationCoverage, cells: Mapping[str, FamilyCell]) -> OperationView:
    statuses = [(status, count > 0) for status, count in entry.documented.items()]
    members = [(f"{f.path}: {m}", count > 0) for f in entry.fields for m, count in f.members.items()]
    nulls = [(f"{f.path}: null", f.null > 0) for f in entry.fields if f.null is not None]
    nulls += [(f"{f.path}: a value", f.filled > 0) for f in entry.fields if f.filled is not None]
    sent = [(f"{p.parameter}, right", p.valid > 0) for p in entry.parameters]
    sent += [(f"{p.parameter}, wrong", p.invalid > 0) for p in entry.parameters if p.breakable]
    return OperationView(
        entry.api,
        entry.operation,
        entry.sent,
        entry.has_succeeded,
        tuple((status, classify_status(int(status)), count) for status, count in entry.answered.items()),
        tuple(_count_seen(names) for names in (statuses, members, nulls, sent)),
        tuple(cells.get(family, FamilyCell()) for family in FAMILY_NAMES),
    )


def _count_seen(names: list[tuple[str, bool]]) -> Share:
    unseen_first = sorted(names, key=lambda entry: entry[1])
    return Share(sum(is_seen for _, is_seen in names), len(names), tuple(unseen_first[:_MAX_NAMES]))


def _count_findings(report: Report) -> dict[tuple[str, str], dict[str, FamilyCell]]:
    counts: Counter[tuple[str, str, str, str]] = Counter()
    for finding in report.open_findings:
        for operation in finding.operations:
            counts[finding.api, operation, finding.family, finding.severity] += 1
    cells: dict[tuple[str, str], dict[str, FamilyCell]] = {}
    for api, operation, family, _ in counts:
        errors, warnings = counts[api, operation, family, "error"], counts[api, operation, family, "warning"]
        cells.setdefault((api, operation), {})[family] = FamilyCell(errors, warnings)
    return cells
