"""Violations that one row shows by itself: the order of its timestamps, and the fields that its status determines."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from specduet.contracts.analysis.row_history import Observation, RowHistories
from specduet.contracts.analysis.row_values import get_path, has_value, is_number, read_timestamp
from specduet.contracts.findings import Violation
from specduet.contracts.memo import compute_once
from specduet.contracts.oracle.json_body import parse_json_body
from specduet.contracts.recording import ABSENT, Row
from specduet.specs.behavior import SetWhen
from specduet.specs.statement import Basis


@dataclass(frozen=True, kw_only=True)
class RowViolation(Violation):
    """Violation in one field of one row."""

    observation: Observation
    field: str
    """Dotted path of the field: ``usage.total_tokens``."""


def make_row_violation(
    clause: str,
    history: RowHistories,
    observation: Observation,
    field: str,
    basis: Basis,
    message: str,
    cause: str = "",
) -> RowViolation:
    """Return a violation with the place, the pointer and the value of the field."""
    return RowViolation(
        clause=clause,
        exchange=observation.exchange,
        message=message,
        basis=basis,
        where=f"{observation.where}/{field.replace('.', '/')}",
        value=get_path(observation.row, field),
        pointer=history.resource.locate_field(field),
        cause=cause or field,
        observation=observation,
        field=field,
    )


def find_row_violations(history: RowHistories) -> list[RowViolation]:
    """Return the violations of all rows, computed once per recording.

    A violation that both lists and details show is reported for the list only.
    """
    key = ("row violations", history.api.name, history.resource.name)
    return compute_once(history.recording, key, lambda: _check_rows(history))


def _check_rows(history: RowHistories) -> list[RowViolation]:
    wrong_statuses = _find_wrong_statuses(history)
    observations = [o for o in history.distinct_observations if id(o) not in wrong_statuses]
    violations = [v for check in CHECKS for observation in observations for v in check(history, observation)]
    lowest_ranks: dict[tuple[str, str], int] = {}
    for violation in violations:
        key = (violation.clause, violation.cause)
        lowest_ranks[key] = min(lowest_ranks.get(key, _MAX_RANK), rank_observation(violation.observation))
    return [v for v in violations if rank_observation(v.observation) == lowest_ranks[v.clause, v.cause]]


def _find_wrong_statuses(history: RowHistories) -> set[int]:
    """Return the ``id()`` of each observation whose status cannot follow the one before it.

    In these the status is wrong, and not the fields that do not match it.
    """
    changes = [*history.iterate_changes(same_operation=True), *history.iterate_changes(same_operation=False)]
    wrong = [(a, b) for a, b in changes if not history.can_reach(history.get_status(a.row), history.get_status(b.row))]
    return {id(b if a.operation is b.operation else max(a, b, key=rank_observation)) for a, b in wrong}


_MAX_RANK = 3


def rank_observation(observation: Observation) -> int:
    """Return 0 for a list, 1 for a detail, 2 or 3 for an operation that only the overlay documents.

    A violation that observations of several ranks show is reported for the lowest rank.
    """
    operation = observation.operation
    return (0 if operation.behavior.lists else 1) + (0 if operation.basis == "documented" else 2)


def find_violated_fields(history: RowHistories) -> set[str]:
    """Return the fields that have a violation in any row: their changes and differences are not reported as well."""
    return {violation.field for violation in find_row_violations(history)}


def check_timeline(history: RowHistories, observation: Observation) -> Iterator[RowViolation]:
    """Yield a violation for each timestamp that is before one that precedes it in the timeline."""
    for rule in history.resource.behavior.timeline:
        for earlier_field, later_field in combinations(rule.fields, 2):
            earlier_value = get_path(observation.row, earlier_field)
            earlier, later = read_timestamp(earlier_value), read_timestamp(get_path(observation.row, later_field))
            is_wrong = earlier and later and earlier.has_zone == later.has_zone and earlier.compare_to(later) > 0
            if is_wrong and not _is_sent_by_client(history, observation.row, (earlier_field, later_field)):
                message = f"{later_field} is before {earlier_field}, which is {earlier_value}"
                cause = f"{earlier_field} {later_field}"
                yield make_row_violation("timeline", history, observation, later_field, rule.basis, message, cause)


def _is_sent_by_client(history: RowHistories, row: Row, fields: Sequence[str]) -> bool:
    """Return whether one of these times is what a request has asked for: the service only keeps it."""
    sent = compute_once(history.recording, ("sent times", history.api.name), lambda: set(_list_sent_times(history)))
    return any((field.rpartition(".")[2], _read_second(get_path(row, field))) in sent for field in fields)


def _list_sent_times(history: RowHistories) -> Iterator[tuple[str, int | None]]:
    """Yield each time in the body of a request under the name of its field."""
    for exchange in history.recording.exchanges:
        if exchange.api == history.api.name and exchange.request.method != "GET" and exchange.request.body:
            yield from _list_times(parse_json_body(exchange.request.body)[0])


def _list_times(value: Any) -> Iterator[tuple[str, int | None]]:
    for name, inner in value.items() if isinstance(value, dict) else ():
        if (second := _read_second(inner)) is not None:
            yield name, second
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _list_times(inner)


def _read_second(value: Any) -> int | None:
    """Return a time in whole seconds since 1970: services keep as many digits as they like."""
    parsed = read_timestamp(value)
    return int(parsed.unix_s // 1) if parsed is not None else None


def check_set_when_due(history: RowHistories, observation: Observation) -> Iterator[RowViolation]:
    """Yield a violation for each field without a value that the status requires."""
    status = history.get_status(observation.row)
    for rule in history.resource.behavior.set_when:
        if status in rule.set and not has_value(observation.row, rule.field) and _is_due(history, observation, rule):
            message = f"{rule.field} is not set, though the status is {status}"
            yield make_row_violation("set-when-due", history, observation, rule.field, rule.basis, message)


def _is_due(history: RowHistories, observation: Observation, rule: SetWhen) -> bool:
    """Return whether the service has such fields at all: this one in other rows, or similar ones in this row."""
    behavior = history.resource.behavior
    if rule.field.partition(".")[0] not in observation.fields:
        return False
    if get_path(observation.row, rule.field) is ABSENT and not history.has_shown(rule.field, observation.operation):
        return False
    sibling_fields = {r.field for r in behavior.set_when} | {f for r in behavior.timeline for f in r.fields[1:]}
    if _has_any_value(observation.row, sorted(sibling_fields - {rule.field})):
        return True
    return history.has_filled(rule.field, observation.operation)


def _has_any_value(row: Row, fields: Sequence[str]) -> bool:
    return any(has_value(row, field) for field in fields)


def check_unset_until_due(history: RowHistories, observation: Observation) -> Iterator[RowViolation]:
    """Yield a violation for each field with a value that the status excludes."""
    status = history.get_status(observation.row)
    for rule in history.resource.behavior.set_when:
        value = get_path(observation.row, rule.field)
        if status in rule.unset and value is not ABSENT and value not in (None, "", [], {}):
            message = f"{rule.field} is set, though the status is {status}"
            yield make_row_violation("unset-until-due", history, observation, rule.field, rule.basis, message)


def check_true_only_when(history: RowHistories, observation: Observation) -> Iterator[RowViolation]:
    """Yield a violation for each flag that is true in a status that excludes it."""
    status = history.get_status(observation.row)
    for rule in history.resource.behavior.true_only_when:
        if get_path(observation.row, rule.field) is True and status is not ABSENT and status not in rule.status:
            message = f"{rule.field} is true, though the status is {status}"
            yield make_row_violation("true-only-when", history, observation, rule.field, rule.basis, message)


def check_constant(history: RowHistories, observation: Observation) -> Iterator[RowViolation]:
    """Yield a violation for each constant field with another value."""
    for rule in history.resource.behavior.constant:
        if has_value(observation.row, rule.field) and get_path(observation.row, rule.field) != rule.value:
            yield make_row_violation(
                "constant", history, observation, rule.field, rule.basis, f"{rule.field} is not {rule.value}"
            )


def check_sum(history: RowHistories, observation: Observation) -> Iterator[RowViolation]:
    """Yield a violation for each total that is not the sum of its parts."""
    for rule in history.resource.behavior.sum:
        whole, parts = get_path(observation.row, rule.field), [get_path(observation.row, part) for part in rule.of]
        if all(map(is_number, (whole, *parts))) and not math.isclose(whole, sum(parts)):
            message = f"{rule.field} is {whole}, and its parts come to {sum(parts)}"
            yield make_row_violation("sum", history, observation, rule.field, rule.basis, message)


CHECKS: tuple[Callable[[RowHistories, Observation], Iterator[RowViolation]], ...] = (
    check_timeline,
    check_set_when_due,
    check_unset_until_due,
    check_true_only_when,
    check_constant,
    check_sum,
)
