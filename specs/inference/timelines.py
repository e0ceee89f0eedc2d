"""Times of rows in their order, and fields that have a value in some statuses only."""

import re
from collections.abc import Iterable, Mapping

from specduet.specs.behavior import SetWhen, Status, Timeline
from specduet.specs.inference.status_words import DONE, FAILED, STOPPED, WAITING
from specduet.specs.inference.words import to_snake, word_list, word_set
from specduet.specs.schema_reader import SchemaReader
from specduet.specs.statement import Basis

_TIME = re.compile(r"^(.+?)_(?:at|on|time|date|timestamp)$|^date_(.+)$")
_STAGES: tuple[tuple[str, ...], ...] = (
    word_list("created create creation inserted submitted queued enqueued added requested"),
    ("scheduled",),
    word_list("started start began begun processing_started"),
)
_LAST: dict[str, str] = {
    "finished": "it finished",
    "completed": "it completed",
    "complete": "it completed",
    "ended": "it ended",
    "end": "it ended",
    "failed": "it failed",
    "cancelled": "it was cancelled",
    "canceled": "it was cancelled",
    "succeeded": "it succeeded",
}
_LATER = word_set(
    "updated update modified last_modified last_updated changed edited deleted archived published closed "
    "resolved approved rejected shipped delivered paid expires expired expire confirmed verified sent "
    "activated accepted merged revoked read last_used last_login last_seen refunded"
)


_PLANNED = word_set("scheduled expected estimated planned promised requested needed released")


def state_timelines(reader: SchemaReader, properties: Mapping[str, str]) -> tuple[Timeline, ...]:
    """Return the orders in which the times of a row come."""
    times = _find_times(reader, properties)
    stages = [next((times[name] for name in names if name in times), None) for names in _STAGES]
    first = [name for name in stages if name is not None]
    found = []
    lasts = [times[name] for name in _LAST if name in times]
    found += [[*first, last] for last in lasts if first]
    if not lasts and len(first) > 1:
        found.append(first)
    created = stages[0]
    found += [[created, times[name]] for name in times if created and name in _LATER]
    if created and not any(created in fields for fields in found) and reader.kind_at(properties[created]) != "string":
        found.append([created])  # a number by itself does not say that it is a time
    known = {name for fields in found for name in fields}
    others = [name for event, name in times.items() if _is_past(event) and name not in {*known, created}]
    return (
        *(_state_order(fields, "inferred") for fields in found),
        *(_state_order([created, name], "assumed") for name in others if created),
    )


def _state_order(fields: list[str], basis: Basis) -> Timeline:
    if len(set(fields)) == 1:
        return Timeline(fields=(fields[0],), basis="assumed", because=f"{fields[0]} is the name of a time")
    because = f"{fields[0]} is before {fields[-1]} by their names"
    return Timeline(fields=tuple(fields), basis=basis, because=because)


def _is_past(event: str) -> bool:
    """Tell whether an event is a past participle, and no plan: ``printed``."""
    return event.endswith("ed") and event.rpartition("_")[2] not in _PLANNED


def _find_times(reader: SchemaReader, properties: Mapping[str, str]) -> dict[str, str]:
    """Return the times of a row by what happened then: ``created``; all of one type and format."""
    found: dict[str, dict[str, str]] = {}
    for name, pointer in properties.items():
        snake = to_snake(name.rpartition(".")[2])
        match = _TIME.match(snake)
        event = (match[1] or match[2]) if match else snake
        schema, kind = reader.resolve(pointer)[0], reader.kind_at(pointer)
        form = schema.get("format")
        is_number = kind in {"integer", "number"} and bool(match or event in {"created", "updated"})
        if (kind == "string" and form == "date-time") or is_number:
            found.setdefault(kind, {}).setdefault(event, name)
    return max(found.values(), key=len, default={})


ENDED = DONE | FAILED | STOPPED
_ENDINGS = word_set("finished ended end completed complete succeeded")
_FINISHED = word_set("finished ended end")
_SET_IN = (
    (_FINISHED, DONE | FAILED),
    (word_set("completed complete succeeded"), DONE),
    (word_set("failed"), FAILED),
    (word_set("cancelled canceled"), word_set("cancelled canceled")),
)
_ERRORS = word_set(
    "error error_message failure_reason error_code failure_code failure_message errors last_error error_details"
)
_RESULTS = word_set("result results output outputs result_url output_url download_url response")


def state_set_when(
    reader: SchemaReader, properties: Mapping[str, str], required: Iterable[str], status: Status
) -> tuple[SetWhen, ...]:
    """Return which fields have a value in which statuses of a job: the end, the error, the result."""
    snakes = {to_snake(member): member for member in (*status.transitions, *status.terminal)}
    times = {name: event for event, name in _find_times(reader, properties).items()}
    found = []
    # the only time of an end may stand for any end; one of several stands for its own
    doubtful = ENDED if sum(event in _ENDINGS | FAILED | STOPPED for event in times.values()) == 1 else frozenset()
    for name, pointer in properties.items():
        snake, event = to_snake(name), times.get(name, "")
        known, basis = _find_statuses(snake, event, snakes)
        is_fixed = name in required and not _may_be_null(reader, pointer)
        if known is None or is_fixed:
            continue
        members = tuple(snakes[s] for s in snakes if s in known)
        rest = tuple(
            member for s, member in snakes.items() if s not in known and not (s in doubtful and event in _ENDINGS)
        )
        if members and rest:
            because = f"{name} belongs to {', '.join(members)}"
            found.append(
                SetWhen(
                    field=name,
                    set=members if basis == "inferred" or snake in _ERRORS else (),
                    unset=rest,
                    basis=basis,
                    because=because,
                )
            )
        stopped = tuple(snakes[s] for s in snakes if s in STOPPED)
        if event in _FINISHED and stopped:
            because = f"{name} may belong to {', '.join(stopped)} too"
            found.append(SetWhen(field=name, set=stopped, basis="assumed", because=because))
    return tuple(found)


_SAME_EVENTS: tuple[frozenset[str], ...] = (
    word_set("closed resolved fixed done wontfix"),
    word_set("completed complete done finished fulfilled"),
    word_set("cancelled canceled withdrawn voided"),
    word_set("published live public"),
    word_set("shipped dispatched in_transit"),
    word_set("rejected declined denied"),
    word_set("activated active enabled"),
    word_set("started in_progress doing"),
)


def state_event_times(
    reader: SchemaReader, properties: Mapping[str, str], required: Iterable[str], status: Status
) -> tuple[SetWhen, ...]:
    """Return which times are set since which status, where requests move it: ``published_at`` since ``published``."""
    following = (member for members in status.transitions.values() for member in members)
    order = list(dict.fromkeys([status.initial, *status.transitions, *following, *status.terminal]))
    snakes = {to_snake(member): member for member in order}
    found = []
    for event, name in _find_times(reader, properties).items():
        member = _find_member(event, snakes)
        is_fixed = name in required and not _may_be_null(reader, properties[name])
        if member is not None and member != status.initial and not is_fixed:
            unset = tuple(order[: order.index(member)])
            because = f"{name} is the time at which {status.field} became {member}"
            found.append(SetWhen(field=name, set=(member,), unset=unset, basis="assumed", because=because))
    return tuple(found)


def _find_member(event: str, snakes: Mapping[str, str]) -> str | None:
    same = next((names for names in _SAME_EVENTS if event in names), frozenset())
    return next((snakes[snake] for snake in (event, *sorted(same)) if snake in snakes), None)


def _find_statuses(snake: str, event: str, snakes: Mapping[str, str]) -> tuple[frozenset[str] | None, Basis]:
    for names, statuses in _SET_IN:
        if event in names:
            return statuses, "inferred"
    if event in _STAGES[2]:
        return frozenset(snakes) - WAITING, "assumed"
    if snake in _ERRORS:
        return FAILED, "assumed"
    return (DONE, "assumed") if snake in _RESULTS else (None, "assumed")


def _may_be_null(reader: SchemaReader, pointer: str) -> bool:
    schema = reader.node_at(pointer)
    if not isinstance(schema, Mapping):
        return False
    kinds, branches = schema.get("type"), [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    return (isinstance(kinds, list) and "null" in kinds) or any(
        isinstance(branch, Mapping) and branch.get("type") == "null" for branch in branches
    )
