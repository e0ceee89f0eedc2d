"""Lifecycle: how runs move, what their fields say meanwhile, and whether lists and details tell the same story.

The clauses of one row are here; those of started and fetched runs are in ``contracts/clauses/started.py`` and
``contracts/clauses/fetched.py``, which belong to this family.
"""

import math
from collections.abc import Iterator
from itertools import combinations
from typing import Any

from contracts.clauses import Subject, clause, fetched, started
from contracts.findings import Finding
from contracts.histories import Histories, Sighting, alike, filled, histories
from contracts.rows import MISSING, dig, known, moment
from specs import Resource
from specs.vocabulary import Basis, SetWhen

__all__ = ["fetched", "started"]


def _history(subject: Subject) -> Histories | None:
    """The histories of the rows that the operation shows."""
    words = subject.operation.words
    speaker = words.lists or words.fetches or words.watches
    if speaker is None:
        return None
    return histories(subject.api, subject.api.resources[speaker.resource], subject.recording)


def _rows(subject: Subject) -> Iterator[tuple[Histories, Sighting]]:
    """Every row in every state in which the operation showed it."""
    history = _history(subject)
    if history is not None:
        for sighting in history.distinct:
            if sighting.operation.id == subject.operation.id:
                yield history, sighting


def _steps(subject: Subject) -> Iterator[tuple[Histories, Sighting, Sighting]]:
    """Rows that one and the same operation showed twice, differently."""
    history = _history(subject)
    for earlier, later in history.steps(within=True) if history else ():
        assert history is not None
        if later.operation.id == subject.operation.id:
            yield history, earlier, later


def _tell(
    subject: Subject, resource: Resource, sighting: Sighting, field: str, basis: Basis, message: str, cause: str = ""
) -> Finding:
    value = dig(sighting.row, field)
    return subject.finding(
        sighting.exchange,
        message=message,
        pointer=f"{resource.pointer}/properties/{field.split('.', maxsplit=1)[0]}",
        where=f"{sighting.where}/{field.replace('.', '/')}",
        seen="nothing" if value is MISSING else value,
        cause=cause or field,
        basis=basis,
    )


# -------------------------------------------------------------------------------------------- how statuses move


@clause("RP601", "transitions", "A status moves only along its transitions.", basis="inferred")
def transitions(subject: Subject) -> Iterator[Finding]:
    """Looks may miss a step: what counts is whether the later status can be reached from the earlier one."""
    for history, earlier, later in _steps(subject):
        one, other = history.state(earlier.row), history.state(later.row)
        if history.status is not None and not history.ended(earlier.row) and not history.reachable(one, other):
            message = f"the status went from {one} to {other}"
            yield _tell(subject, history.resource, later, history.status.field, history.status.basis, message)


@clause("RP602", "terminal-final", "A status that ends a run is never left.", basis="inferred")
def terminal_final(subject: Subject) -> Iterator[Finding]:
    """Runs that have ended are looked at again, seeded ones as well as started ones."""
    for history, earlier, later in _steps(subject):
        one, other = history.state(earlier.row), history.state(later.row)
        if history.status is not None and history.ended(earlier.row) and other not in {one, MISSING}:
            message = f"the run had ended as {one} and is {other} now"
            yield _tell(subject, history.resource, later, history.status.field, history.status.basis, message)


@clause("RP607", "values-last", "A field that has been set keeps its value.", basis="inferred")
def values_last(subject: Subject) -> Iterator[Finding]:
    """Moments of the timeline, what is set with a status, and what the start of a run has set."""
    for history, earlier, later in _steps(subject):
        if history.ended(earlier.row):
            continue
        for field in history.lasting():
            if known(earlier.row, field) and not alike(dig(earlier.row, field), dig(later.row, field)):
                message = f"{field} has changed while the run went on"
                yield _tell(subject, history.resource, later, field, _basis_of(history.resource, field), message)


@clause("RP611", "ended-unchanged", "A run that has ended no longer changes.", basis="inferred")
def ended_unchanged(subject: Subject) -> Iterator[Finding]:
    """Every field of the row, by what the same operation shows of it later."""
    for history, earlier, later in _steps(subject):
        if not history.ended(earlier.row) or history.state(later.row) != history.state(earlier.row):
            continue
        field = _changed(earlier, later)
        if field is not None:
            message = f"the run had ended, and {field} has changed since"
            yield _tell(subject, history.resource, later, field, "inferred", message)


def _changed(earlier: Sighting, later: Sighting) -> str | None:
    fields = sorted(earlier.fields & later.fields)
    return next((f for f in fields if not alike(dig(earlier.row, f), dig(later.row, f))), None)


def _basis_of(resource: Resource, field: str) -> Basis:
    rules = [rule for rule in resource.words.timeline if field in rule.fields]
    return rules[0].basis if rules else "inferred"


# -------------------------------------------------------------------------------------- what rows say of themselves


@clause("RP604", "timeline", "The moments of a run are in order.", basis="inferred")
def timeline(subject: Subject) -> Iterator[Finding]:
    """Each moment of a timeline, where set, is not before an earlier one; they are compared as finely as both are
    written, and only where both are moments in the same manner of zone."""
    for history, sighting in _rows(subject):
        for rule in history.resource.words.timeline:
            for one, other in combinations(rule.fields, 2):
                first, second = moment(dig(sighting.row, one)), moment(dig(sighting.row, other))
                if first and second and first.zoned == second.zoned and first.compared(second) > 0:
                    message = f"{other} is before {one}, which is {dig(sighting.row, one)}"
                    yield _tell(subject, history.resource, sighting, other, rule.basis, message, f"{one} {other}")


@clause("RP605", "set-when-due", "A field is set when the status says so.", basis="inferred")
def set_when_due(subject: Subject) -> Iterator[Finding]:
    """Silent about services that do not fill the field, or none of its kind, at all."""
    for history, sighting in _rows(subject):
        state = history.state(sighting.row)
        for rule in history.resource.words.set_when:
            if state in rule.set and not known(sighting.row, rule.field) and _due(history, sighting, rule):
                message = f"{rule.field} is not set, though the status is {state}"
                yield _tell(subject, history.resource, sighting, rule.field, rule.basis, message)


def _due(history: Histories, sighting: Sighting, rule: SetWhen) -> bool:
    """Whether the service fills such fields: this one in other rows, or others of their kind in this row."""
    words = history.resource.words
    if rule.field.partition(".")[0] not in sighting.fields:
        return False
    if dig(sighting.row, rule.field) is MISSING and not history.shows(rule.field, sighting.operation):
        return False
    siblings = {r.field for r in words.set_when} | {f for r in words.timeline for f in r.fields[1:]}
    if filled(sighting.row, sorted(siblings - {rule.field})):
        return True
    return any(known(s.row, rule.field) for s in history.distinct if s.operation is sighting.operation)


@clause("RP606", "unset-until-due", "A field is not set before the status says so.", basis="inferred")
def unset_until_due(subject: Subject) -> Iterator[Finding]:
    """Empty texts, lists and objects count as neither set nor unset."""
    for history, sighting in _rows(subject):
        state = history.state(sighting.row)
        for rule in history.resource.words.set_when:
            value = dig(sighting.row, rule.field)
            if state in rule.unset and value is not MISSING and value not in (None, "", [], {}):
                message = f"{rule.field} is set, though the status is {state}"
                yield _tell(subject, history.resource, sighting, rule.field, rule.basis, message)


@clause("RP608", "true-only-when", "A flag is true only in the statuses that it goes with.", basis="inferred")
def true_only_when(subject: Subject) -> Iterator[Finding]:
    """Whether it is false elsewhere only."""
    for history, sighting in _rows(subject):
        state = history.state(sighting.row)
        for rule in history.resource.words.true_only_when:
            if dig(sighting.row, rule.field) is True and state is not MISSING and state not in rule.status:
                message = f"{rule.field} is true, though the status is {state}"
                yield _tell(subject, history.resource, sighting, rule.field, rule.basis, message)


@clause("RP609", "constant", "A field that names the kind of object always holds that name.", basis="inferred")
def constant(subject: Subject) -> Iterator[Finding]:
    """A field left out has its default."""
    for history, sighting in _rows(subject):
        for rule in history.resource.words.constant:
            if known(sighting.row, rule.field) and dig(sighting.row, rule.field) != rule.value:
                message = f"{rule.field} is not {rule.value}"
                yield _tell(subject, history.resource, sighting, rule.field, rule.basis, message)


@clause("RP610", "sum", "A total is the sum of its parts.", basis="inferred")
def total(subject: Subject) -> Iterator[Finding]:
    """Judged where the total and every part are numbers."""
    for history, sighting in _rows(subject):
        for rule in history.resource.words.sum:
            whole, parts = dig(sighting.row, rule.field), [dig(sighting.row, part) for part in rule.of]
            if all(map(_number, (whole, *parts))) and not math.isclose(whole, sum(parts)):
                message = f"{rule.field} is {whole}, and its parts come to {sum(parts)}"
                yield _tell(subject, history.resource, sighting, rule.field, rule.basis, message)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
