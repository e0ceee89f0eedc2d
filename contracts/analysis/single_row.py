"""The laws that one row keeps or breaks by itself: its moments, and what its status says of its other fields."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from specduet.contracts.analysis.row_history import Histories, Sighting
from specduet.contracts.analysis.row_values import MISSING, dig, known, moment
from specduet.contracts.recording import Row
from specduet.specs.behavior import Basis, SetWhen


@dataclass(frozen=True)
class Breach:
    """A row that breaks a law with one of its fields; ``cause`` is the same for rows that break it alike."""

    law: str
    sighting: Sighting
    field: str
    basis: Basis
    message: str
    cause: str


def breaches(history: Histories) -> list[Breach]:
    """Every breach of every row, each told of the list where list and detail show it both; worked out once."""
    if not history.notes:
        astray = _astray(history)
        steady = [sighting for sighting in history.distinct if id(sighting) not in astray]
        found = [breach for law in LAWS for sighting in steady for breach in law(history, sighting)]
        least: dict[tuple[str, str], int] = {}
        for breach in found:
            key = (breach.law, breach.cause)
            least[key] = min(least.get(key, _MOST), rank(breach.sighting))
        history.notes.append([b for b in found if rank(b.sighting) == least[b.law, b.cause]])
    told: list[Breach] = history.notes[0]
    return told


def _astray(history: Histories) -> set[int]:
    """Sightings whose status cannot follow the one before it: the status is what is wrong, not the other fields."""
    steps = [pair for within in (True, False) for pair in history.steps(within=within)]
    wrong = [(a, b) for a, b in steps if not history.reachable(history.state(a.row), history.state(b.row))]
    return {id(b if a.operation is b.operation else max(a, b, key=rank)) for a, b in wrong}


_MOST = 9


def rank(sighting: Sighting) -> int:
    """Lists come first, then details, then what an overlay added: a fault that all show is told of the first."""
    operation = sighting.operation
    return (0 if operation.behavior.lists else 1) + (0 if operation.basis == "documented" else 2)


def broken_fields(history: Histories) -> set[str]:
    """The fields that break a law in some row: that they change or differ as well is no news."""
    return {breach.field for breach in breaches(history)}


def _timeline(history: Histories, sighting: Sighting) -> Iterator[Breach]:
    for rule in history.resource.behavior.timeline:
        for one, other in combinations(rule.fields, 2):
            first, second = moment(dig(sighting.row, one)), moment(dig(sighting.row, other))
            if first and second and first.zoned == second.zoned and first.compared(second) > 0:
                message = f"{other} is before {one}, which is {dig(sighting.row, one)}"
                yield Breach("timeline", sighting, other, rule.basis, message, f"{one} {other}")


def _set(history: Histories, sighting: Sighting) -> Iterator[Breach]:
    state = history.state(sighting.row)
    for rule in history.resource.behavior.set_when:
        if state in rule.set and not known(sighting.row, rule.field) and _due(history, sighting, rule):
            message = f"{rule.field} is not set, though the status is {state}"
            yield Breach("set", sighting, rule.field, rule.basis, message, rule.field)


def _due(history: Histories, sighting: Sighting, rule: SetWhen) -> bool:
    """Whether the service fills such fields: this one in other rows, or others of their kind in this row."""
    words = history.resource.behavior
    if rule.field.partition(".")[0] not in sighting.fields:
        return False
    if dig(sighting.row, rule.field) is MISSING and not history.shows(rule.field, sighting.operation):
        return False
    siblings = {r.field for r in words.set_when} | {f for r in words.timeline for f in r.fields[1:]}
    if _filled(sighting.row, sorted(siblings - {rule.field})):
        return True
    return history.fills(rule.field, sighting.operation)


def _filled(row: Row, fields: Sequence[str]) -> bool:
    return any(known(row, field) for field in fields)


def _unset(history: Histories, sighting: Sighting) -> Iterator[Breach]:
    state = history.state(sighting.row)
    for rule in history.resource.behavior.set_when:
        value = dig(sighting.row, rule.field)
        if state in rule.unset and value is not MISSING and value not in (None, "", [], {}):
            message = f"{rule.field} is set, though the status is {state}"
            yield Breach("unset", sighting, rule.field, rule.basis, message, rule.field)


def _true_only(history: Histories, sighting: Sighting) -> Iterator[Breach]:
    state = history.state(sighting.row)
    for rule in history.resource.behavior.true_only_when:
        if dig(sighting.row, rule.field) is True and state is not MISSING and state not in rule.status:
            message = f"{rule.field} is true, though the status is {state}"
            yield Breach("true-only", sighting, rule.field, rule.basis, message, rule.field)


def _constant(history: Histories, sighting: Sighting) -> Iterator[Breach]:
    for rule in history.resource.behavior.constant:
        if known(sighting.row, rule.field) and dig(sighting.row, rule.field) != rule.value:
            yield Breach("constant", sighting, rule.field, rule.basis, f"{rule.field} is not {rule.value}", rule.field)


def _sum(history: Histories, sighting: Sighting) -> Iterator[Breach]:
    for rule in history.resource.behavior.sum:
        whole, parts = dig(sighting.row, rule.field), [dig(sighting.row, part) for part in rule.of]
        if all(map(_number, (whole, *parts))) and not math.isclose(whole, sum(parts)):
            message = f"{rule.field} is {whole}, and its parts come to {sum(parts)}"
            yield Breach("sum", sighting, rule.field, rule.basis, message, rule.field)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


LAWS: tuple[Callable[[Histories, Sighting], Iterator[Breach]], ...] = (
    _timeline,
    _set,
    _unset,
    _true_only,
    _constant,
    _sum,
)
