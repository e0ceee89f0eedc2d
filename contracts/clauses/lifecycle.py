"""SD6xx: how the status and the fields of a row may change, and whether lists and details agree.

The clauses on created rows are in ``creation.py``, those on changed ones in ``changes.py``, and those on details in
``detail.py``.
"""

from collections.abc import Callable, Iterator

from specduet.contracts.analysis import single_row
from specduet.contracts.analysis.row_history import Observation, RowHistories, collect_histories, is_equivalent
from specduet.contracts.analysis.row_values import get_path, has_value
from specduet.contracts.analysis.single_row import (
    find_row_violations,
    find_violated_fields,
    make_row_violation,
    rank_observation,
)
from specduet.contracts.clauses import changes, creation, detail
from specduet.contracts.clauses.registry import Clause, Subject, clause, register
from specduet.contracts.findings import Finding
from specduet.specs import Resource
from specduet.specs.statement import Basis

__all__ = ["changes", "creation", "detail"]


def _row_histories(subject: Subject) -> RowHistories | None:
    """Return the histories of the rows that the operation lists or fetches, None where it shows no rows."""
    behavior = subject.operation.behavior
    statement = behavior.lists or behavior.reads
    if statement is None:
        return None
    return collect_histories(subject.api, subject.api.resources[statement.resource], subject.recording)


def _changed_field_finding(
    subject: Subject, history: RowHistories, later: Observation, field: str, basis: Basis, message: str
) -> Finding:
    return subject.to_finding(make_row_violation(subject.clause.name, history, later, field, basis, message))


# -------------------------------------------------------------------------------------------- how statuses change


@clause("SD601", "transitions", "A status changes only along its transitions.", basis="inferred")
def check_transitions(subject: Subject) -> Iterator[Finding]:
    """Requests may miss a status in between, so the later status only has to be reachable from the earlier one."""
    for history, later, old_status, new_status in _impossible_status_changes(subject):
        if history.status is not None and old_status not in history.status.terminal:
            message = f"the status went from {old_status} to {new_status}"
            yield _changed_field_finding(subject, history, later, history.status.field, history.status.basis, message)


@clause("SD602", "terminal-final", "A run that has ended keeps its status.", basis="inferred")
def check_terminal_final(subject: Subject) -> Iterator[Finding]:
    """Requests runs that have ended again, those created by the tests as well as older ones."""
    for history, later, old_status, new_status in _impossible_status_changes(subject):
        if history.status is not None and old_status in history.status.terminal:
            message = f"the run had ended as {old_status}, but is {new_status} now"
            yield _changed_field_finding(subject, history, later, history.status.field, history.status.basis, message)


def _impossible_status_changes(subject: Subject) -> Iterator[tuple[RowHistories, Observation, str, str]]:
    """Yield the changes to a status that cannot follow, as (history, later observation, old status, new status).

    If lists and details both show such changes, they are reported for the list.
    """
    history = _row_histories(subject)
    if history is None:
        return
    changes = [
        (history.get_status(earlier.row), history.get_status(later.row), later)
        for earlier, later in history.iterate_changes(same_operation=True)
    ]
    impossible = [(old, new, later) for old, new, later in changes if not history.can_reach(old, new)]
    first_rank = min((rank_observation(later) for _, _, later in impossible), default=0)
    for old, new, later in impossible:
        if later.operation.id == subject.operation.id and rank_observation(later) == first_rank:
            yield history, later, old, new


# --------------------------------------------------------------------------------------- fields that do not change


@clause("SD607", "values-last", "A field that has been set keeps its value.", basis="inferred")
def check_values_last(subject: Subject) -> Iterator[Finding]:
    """Checks the timestamps of the timeline, the fields that are set with a status, and those that the POST has set.

    A run that may have been restarted meanwhile may show the values of its new attempt. If the list and the detail
    show the same change, it is reported for the list.
    """
    history = _row_histories(subject)
    for later, field, ended in _unexpected_changes(history) if history else ():
        assert history is not None
        if not ended and later.operation.id == subject.operation.id:
            message = f"{field} has changed while the run was not finished"
            basis = _timeline_basis(history.resource, field)
            yield _changed_field_finding(subject, history, later, field, basis, message)


@clause("SD611", "ended-unchanged", "A run that has ended does not change.", basis="inferred")
def check_ended_unchanged(subject: Subject) -> Iterator[Finding]:
    """Compares every field of the row with later responses of the same operation."""
    history = _row_histories(subject)
    for later, field, ended in _unexpected_changes(history) if history else ():
        assert history is not None
        if ended and later.operation.id == subject.operation.id:
            message = f"the run had ended, but {field} has changed since"
            yield _changed_field_finding(subject, history, later, field, "inferred", message)


def _unexpected_changes(history: RowHistories) -> Iterator[tuple[Observation, str, bool]]:
    """Yield each unexpected change of a field, for one operation: (later observation, field, run had ended)."""
    broken = find_violated_fields(history)
    first_rank: dict[str, int] = {}
    for later, field, ended in sorted(_changed_fields(history), key=lambda change: rank_observation(change[0])):
        if field not in broken and first_rank.setdefault(field, rank_observation(later)) == rank_observation(later):
            yield later, field, ended


def _changed_fields(history: RowHistories) -> Iterator[tuple[Observation, str, bool]]:
    for earlier, later in history.iterate_changes(same_operation=True):
        ended = history.has_ended(earlier.row)
        if not history.can_reach(history.get_status(earlier.row), history.get_status(later.row)):
            continue
        for field in sorted(earlier.fields & later.fields) if ended else history.list_lasting_fields(earlier, later):
            was_set = ended or has_value(earlier.row, field)
            if was_set and not is_equivalent(get_path(earlier.row, field), get_path(later.row, field)):
                yield later, field, ended
                break


def _timeline_basis(resource: Resource, field: str) -> Basis:
    rules = [rule for rule in resource.behavior.timeline if field in rule.fields]
    return rules[0].basis if rules else "inferred"


# ---------------------------------------------------------------------------------- rules that one row can break


def _register_row_law(
    code: str, name: str, sentence: str, details: str, rule: Callable[[RowHistories, Observation], object]
) -> None:
    """Register a clause whose violations ``rule`` finds: a function of ``contracts/analysis/single_row.py``."""

    def check_rows(subject: Subject) -> Iterator[Finding]:
        history = _row_histories(subject)
        for violation in find_row_violations(history) if history else ():
            if violation.clause == name and violation.observation.operation.id == subject.operation.id:
                yield subject.to_finding(violation)

    register(
        Clause(code, name, sentence, specificity=10, basis="inferred", check=check_rows, details=details, rule=rule)
    )


_register_row_law(
    "SD604",
    "timeline",
    "The timestamps of a run are in order.",
    "A timestamp of the timeline is not earlier than those before it. Two timestamps are compared with the digits"
    " that both have, and only where both have a time zone, or neither has.",
    single_row.check_timeline,
)
_register_row_law(
    "SD605",
    "set-when-due",
    "A field is set in the statuses that require it.",
    "Nothing is reported for a service that never fills the field, nor any other field of this kind.",
    single_row.check_set_when_due,
)
_register_row_law(
    "SD606",
    "unset-until-due",
    "A field is not set before its status.",
    "Empty strings, lists and objects count as neither set nor unset.",
    single_row.check_unset_until_due,
)
_register_row_law(
    "SD608",
    "true-only-when",
    "A flag is true only in certain statuses.",
    "It may be false in any status.",
    single_row.check_true_only_when,
)
_register_row_law(
    "SD609",
    "constant",
    "A field with one possible value has that value.",
    "For example ``object``, which names the kind of object. A missing field counts as right.",
    single_row.check_constant,
)
_register_row_law(
    "SD610",
    "sum",
    "A total is the sum of its parts.",
    "Checked where the total and all its parts are numbers.",
    single_row.check_sum,
)
