"""Lifecycle: how runs move, what their fields say meanwhile, and whether lists and details tell the same story.

The clauses of rows are here; those of started and fetched runs are in ``contracts/clauses/creation.py`` and
``contracts/clauses/detail.py``, which belong to this family.
"""

from collections.abc import Iterator

from specduet.contracts.analysis.row_history import Observation, RowHistories, collect_histories, is_equivalent
from specduet.contracts.analysis.row_values import ABSENT, get_path, has_value
from specduet.contracts.analysis.single_row import find_row_violations, find_violated_fields, rank_observation
from specduet.contracts.clauses import creation, detail
from specduet.contracts.clauses.registry import Subject, clause
from specduet.contracts.findings import Finding
from specduet.specs import Resource
from specduet.specs.behavior import Basis

__all__ = ["creation", "detail"]


def _row_histories(subject: Subject) -> RowHistories | None:
    """The histories of the rows that the operation shows."""
    words = subject.operation.behavior
    speaker = words.lists or words.fetches or words.watches
    if speaker is None:
        return None
    return collect_histories(subject.api, subject.api.resources[speaker.resource], subject.recording)


def _row_finding(
    subject: Subject,
    resource: Resource,
    observation: Observation,
    field: str,
    basis: Basis,
    message: str,
    cause: str = "",
) -> Finding:
    value = get_path(observation.row, field)
    return subject.make_finding(
        observation.exchange,
        message=message,
        pointer=f"{resource.pointer}/properties/{field.split('.', maxsplit=1)[0]}",
        where=f"{observation.where}/{field.replace('.', '/')}",
        value="nothing" if value is ABSENT else value,
        cause=cause or field,
        basis=basis,
    )


# -------------------------------------------------------------------------------------------- how statuses move


@clause("SD601", "transitions", "A status moves only along its transitions.", basis="inferred")
def check_transitions(subject: Subject) -> Iterator[Finding]:
    """Looks may miss a step: what counts is whether the later status can be reached from the earlier one."""
    for history, later, old_status, new_status in _impossible_status_changes(subject):
        if history.status is not None and old_status not in history.status.terminal:
            message = f"the status went from {old_status} to {new_status}"
            yield _row_finding(subject, history.resource, later, history.status.field, history.status.basis, message)


@clause("SD602", "terminal-final", "A status that ends a run is never left.", basis="inferred")
def check_terminal_final(subject: Subject) -> Iterator[Finding]:
    """Runs that have ended are looked at again, seeded ones as well as started ones."""
    for history, later, old_status, new_status in _impossible_status_changes(subject):
        if history.status is not None and old_status in history.status.terminal:
            message = f"the run had ended as {old_status} and is {new_status} now"
            yield _row_finding(subject, history.resource, later, history.status.field, history.status.basis, message)


def _impossible_status_changes(subject: Subject) -> Iterator[tuple[RowHistories, Observation, str, str]]:
    """Statuses that cannot follow the one before them, told of the list where list and detail both show such."""
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


# --------------------------------------------------------------------------------------------- what rows keep


@clause("SD607", "values-last", "A field that has been set keeps its value.", basis="inferred")
def check_values_last(subject: Subject) -> Iterator[Finding]:
    """Moments of the timeline, what is set with a status, and what the start of a run has set. A run that may have been
    taken up again meanwhile may tell of its new attempt. Told of the list where list and detail agree in the change."""
    history = _row_histories(subject)
    for later, field, ended in _unexpected_changes(history) if history else ():
        assert history is not None
        if not ended and later.operation.id == subject.operation.id:
            message = f"{field} has changed while the run went on"
            yield _row_finding(
                subject, history.resource, later, field, _timeline_basis(history.resource, field), message
            )


@clause("SD611", "ended-unchanged", "A run that has ended no longer changes.", basis="inferred")
def check_ended_unchanged(subject: Subject) -> Iterator[Finding]:
    """Every field of the row, by what the same operation shows of it later."""
    history = _row_histories(subject)
    for later, field, ended in _unexpected_changes(history) if history else ():
        assert history is not None
        if ended and later.operation.id == subject.operation.id:
            message = f"the run had ended, and {field} has changed since"
            yield _row_finding(subject, history.resource, later, field, "inferred", message)


def _unexpected_changes(history: RowHistories) -> Iterator[tuple[Observation, str, bool]]:
    """Fields that changed though they should not, each told of one operation, and whether the run had ended."""
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


# -------------------------------------------------------------------------------------- what rows say of themselves


def _check_row_rule(subject: Subject, law: str) -> Iterator[Finding]:
    history = _row_histories(subject)
    for breach in find_row_violations(history) if history else ():
        assert history is not None
        if breach.law == law and breach.observation.operation.id == subject.operation.id:
            yield _row_finding(
                subject, history.resource, breach.observation, breach.field, breach.basis, breach.message, breach.cause
            )


@clause("SD604", "timeline", "The moments of a run are in order.", basis="inferred")
def timeline(subject: Subject) -> Iterator[Finding]:
    """Each moment of a timeline, where set, is not before an earlier one; they are compared as finely as both are
    written, and only where both are moments in the same manner of zone."""
    yield from _check_row_rule(subject, "timeline")


@clause("SD605", "set-when-due", "A field is set when the status says so.", basis="inferred")
def set_when_due(subject: Subject) -> Iterator[Finding]:
    """Silent about services that do not fill the field, or none of its kind, at all."""
    yield from _check_row_rule(subject, "set")


@clause("SD606", "unset-until-due", "A field is not set before the status says so.", basis="inferred")
def unset_until_due(subject: Subject) -> Iterator[Finding]:
    """Empty texts, lists and objects count as neither set nor unset."""
    yield from _check_row_rule(subject, "unset")


@clause("SD608", "true-only-when", "A flag is true only in the statuses that it goes with.", basis="inferred")
def true_only_when(subject: Subject) -> Iterator[Finding]:
    """Whether it is false elsewhere only."""
    yield from _check_row_rule(subject, "true-only")


@clause("SD609", "constant", "A field that names the kind of object always holds that name.", basis="inferred")
def constant(subject: Subject) -> Iterator[Finding]:
    """A field left out has its default."""
    yield from _check_row_rule(subject, "constant")


@clause("SD610", "sum", "A total is the sum of its parts.", basis="inferred")
def total(subject: Subject) -> Iterator[Finding]:
    """Judged where the total and every part are numbers."""
    yield from _check_row_rule(subject, "sum")
