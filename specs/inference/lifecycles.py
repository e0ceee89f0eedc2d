"""Lifecycles of rows: the status of a known family, and the actions that move it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec.structs

from specduet.specs.behavior import Status
from specduet.specs.inference.status_words import (
    DONE,
    ENDS,
    FAILED,
    FAMILIES,
    FORWARD_FAMILIES,
    RUNNING,
    STOPPED,
    TARGETS,
    WAITING,
)
from specduet.specs.inference.words import to_snake, word_list
from specduet.specs.schema_reader import SchemaReader

_FIELDS = word_list("status state phase stage lifecycle_state lifecycle_status job_status current_status")


@dataclass(frozen=True, slots=True)
class StatusField:
    """The field of a row that is its status, with its members as the schema and as the families write them."""

    name: str
    members: tuple[str, ...]
    default: Any = None

    @property
    def snakes(self) -> dict[str, str]:
        """The members by their names in lower case with underscores; of two spellings, the first."""
        found: dict[str, str] = {}
        for member in self.members:
            found.setdefault(to_snake(member), member)
        return found


def find_status_field(reader: SchemaReader, properties: Mapping[str, str], resource: str) -> StatusField | None:
    """Return the field of a row that is its status: an enumeration of texts with the name of one."""
    snakes = {to_snake(name): name for name in properties}
    for candidate in (*_FIELDS, f"{resource}_status", f"{resource}_state"):
        name = snakes.get(candidate)
        members = reader.members_at(properties[name]) if name else ()
        if name and len(members) > 1 and all(isinstance(member, str) for member in members):
            return StatusField(name, members, reader.resolve(properties[name])[0].get("default"))
    return None


def moves_by_itself(field: StatusField | None) -> bool:
    """Tell whether a status is that of a job, which goes on without requests."""
    return field is not None and _sort_machine(field.snakes) is not None


def find_target(field: StatusField, verb: str) -> str | None:
    """Return the member to which an action moves a status, None for a verb that fits none."""
    snakes = field.snakes
    return next((snakes[name] for name in TARGETS.get(verb, "").split() if name in snakes), None)


def state_status(
    field: StatusField, targets: Sequence[str], *, is_settable: bool, is_repeatable: bool = False
) -> Status | None:
    """Return the statement on a status; ``targets`` are the members to which actions move it.

    One that is settable is in the body of a request: a client moves it, and it does not move by itself. What is
    repeatable begins anew after it has failed.
    """
    status = _state_spelled_once(field, targets, is_settable=is_settable, is_repeatable=is_repeatable)
    return _add_spellings(status, field) if status is not None and len(field.snakes) < len(field.members) else status


def _add_spellings(status: Status, field: StatusField) -> Status:
    """Return the statement with members that are spelled twice, ``done`` and ``Done``, in the place of each other."""
    alike: dict[str, list[str]] = {}
    for member in field.members:
        alike.setdefault(field.snakes[to_snake(member)], []).append(member)

    def spell(members: Sequence[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(other for member in members for other in alike.get(member, [member])))

    transitions = {
        spelled: tuple(other for other in spell(following) if other != spelled)
        for member, following in status.transitions.items()
        for spelled in alike.get(member, [member])
    }
    return msgspec.structs.replace(status, transitions=transitions, terminal=spell(status.terminal))


def _state_spelled_once(
    field: StatusField, targets: Sequence[str], *, is_settable: bool, is_repeatable: bool
) -> Status | None:
    snakes = field.snakes
    machine = _sort_machine(snakes)
    if machine is not None and not is_settable:
        return _state_machine(field, machine, is_repeatable=is_repeatable)
    forward = next((f for f in FORWARD_FAMILIES if _sort_family(snakes, [names for names, _ in f]) is not None), None)
    family = next((found for names in FAMILIES if (found := _sort_family(snakes, names)) is not None), None)
    if forward is not None and (family is None or snakes.keys() & ENDS):
        return _state_forward(field, forward)
    if family is not None:
        return _state_family(field, family)
    if machine is not None:
        return _state_free(field, _choose_first(field, machine), "requests set it")
    initial = field.default if field.default in field.members else None
    initial = initial or next(
        (member for snake, member in snakes.items() if snake in WAITING | {"draft", "open", "todo"}), None
    )
    if initial is None and not targets:
        return None
    initial = initial or next((member for member in field.members if member not in targets), field.members[0])
    return _state_free(field, str(initial), "its members are of no known family")


def _choose_first(field: StatusField, machine: tuple[list[str], list[str], list[str]]) -> str:
    waiting, running, _ = machine
    return str(field.default) if field.default in field.members else (waiting + running)[0]


def _sort_machine(snakes: Mapping[str, str]) -> tuple[list[str], list[str], list[str]] | None:
    """Return the waiting, running and terminal members of a job's status, None for another kind of status."""
    waiting = [member for snake, member in snakes.items() if snake in WAITING]
    running = [member for snake, member in snakes.items() if _is_running(snake)]
    ended = [member for snake, member in snakes.items() if snake in DONE | FAILED | STOPPED]
    done = snakes.keys() & DONE
    working = [snake for snake in snakes if _is_running(snake) and snake not in {"active", "paused"}]
    is_known = len(waiting) + len(running) + len(ended) == len(snakes)
    is_job = bool(done) and bool(waiting or running) and bool(working or snakes.keys() & (FAILED | {"queued"}))
    return (waiting, running, ended) if is_known and is_job else None


def _is_running(snake: str) -> bool:
    """Tell whether a member says that the job is at work: ``running``, or any other word such as ``printing``."""
    return snake in RUNNING or (snake.endswith("ing") and "_" not in snake and snake not in WAITING)


def _state_machine(
    field: StatusField, machine: tuple[list[str], list[str], list[str]], *, is_repeatable: bool
) -> Status:
    waiting, running, ended = machine
    stages = waiting + running
    initial = field.default if field.default in stages else stages[0]
    order = [str(initial), *(member for member in stages if member != initial)]
    snakes = {member: snake for snake, member in field.snakes.items()}
    side = {
        member for member in order if snakes[member] in {"paused", "cancelling", "canceling", "stopping", "retrying"}
    }
    main = [member for member in order if member not in side]
    transitions: dict[str, tuple[str, ...]] = {}
    for index, member in enumerate(main):
        following = main[index + 1 : index + 2]
        transitions[member] = (
            *following,
            *(sorted(side) if index else ()),
            *(_ends_from(ended, snakes, early=bool(following))),
        )
    for member in side:
        transitions[member] = (*main[1:], *ended)
    repeated = [member for member in ended if is_repeatable and snakes[member] not in DONE]
    transitions |= {member: (str(initial),) for member in repeated}
    because = f"the members of {field.name} are those of a job: {', '.join(order)}, then {', '.join(ended)}"
    return Status(
        field=field.name,
        initial=str(initial),
        transitions=transitions,
        terminal=tuple(member for member in ended if member not in repeated),
        moves=True,
        basis="inferred" if len(waiting) == 1 or field.default in stages else "assumed",
        because=because,
    )


def _ends_from(ended: list[str], snakes: Mapping[str, str], *, early: bool) -> list[str]:
    """Return the ends that a stage can go to; an early one cannot be done already."""
    return [member for member in ended if not (early and snakes[member] in DONE)]


def _sort_family(snakes: Mapping[str, str], family: Sequence[str]) -> list[list[str]] | None:
    """Return the members by the groups of a family, None where a member is in none of them."""
    left, found = dict(snakes), []
    for names in family:
        group = [left.pop(name) for name in names.split() if name in left]
        if group:
            found.append(group)
    return found if not left and len(found) > 1 else None


def _state_forward(field: StatusField, family: Sequence[tuple[str, tuple[int, ...]]]) -> Status:
    """Return the statement on a status that goes forward: an order, an invoice, a request for approval."""
    left = field.snakes
    groups = [[left.pop(name) for name in names.split() if name in left] for names, _ in family]
    transitions: dict[str, tuple[str, ...]] = {}
    for group, (_, following) in zip(groups, family, strict=True):
        later = [member for number in following for member in groups[number]]
        for index, member in enumerate(group):
            if found := (*(group[index + 1 :] if later else ()), *later):
                transitions[member] = found
    members = [member for group in groups for member in group]
    return Status(
        field=field.name,
        initial=str(field.default) if field.default in members else members[0],
        transitions=transitions,
        terminal=tuple(member for member in members if member not in transitions),
        moves=False,
        basis="assumed",
        because=f"the members of {field.name} are those of a status that goes forward: {', '.join(members)}",
    )


def _state_family(field: StatusField, family: list[list[str]]) -> Status:
    members = [member for group in family for member in group]
    initial = str(field.default) if field.default in members else members[0]
    because = f"the members of {field.name} are those of a status that requests change: {', '.join(members)}"
    return _state_open(field, members, initial, because)


def _state_free(field: StatusField, initial: str, because: str) -> Status:
    members = tuple(dict.fromkeys(field.snakes[to_snake(member)] for member in field.members))
    return _state_open(field, members, initial, f"{field.name} is the name of a status, and {because}")


def _state_open(field: StatusField, members: Sequence[str], initial: str, because: str) -> Status:
    """Return the statement on a status that requests move from any member to any other, save from an end."""
    terminal = tuple(member for member in members if to_snake(member) in ENDS and member != initial)
    return Status(
        field=field.name,
        initial=initial,
        transitions={m: tuple(other for other in members if other != m) for m in members if m not in terminal},
        terminal=terminal,
        moves=False,
        basis="assumed",
        because=because,
    )
