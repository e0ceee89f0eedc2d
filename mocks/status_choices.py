"""Lifecycles of which only some statuses occur: the others are passed over."""

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from specduet.specs.behavior import Status
from specduet.specs.inference.status_words import DONE, FAILED, RUNNING, STOPPED, WAITING
from specduet.specs.inference.words import to_snake

_FAMILIES = (STOPPED, FAILED, DONE, RUNNING, WAITING)


def narrow_status(status: Status, members: Sequence[Any]) -> Status:
    """Return a lifecycle of some members alone: what led to another one leads to those after it."""
    kept = [name for name in list_statuses(status) if name in members]
    if not kept:
        return status
    transitions = {name: _find_next(status, name, kept) for name in kept if name in status.transitions}
    initial = status.initial if status.initial in kept else (*_find_next(status, status.initial, kept), *kept)[0]
    terminal = tuple(name for name in status.terminal if name in kept)
    return replace(status, initial=initial, transitions=transitions, terminal=terminal)


def list_statuses(status: Status) -> list[str]:
    """Return the statuses of a lifecycle, in its order."""
    targets = (target for names in status.transitions.values() for target in names)
    return list(dict.fromkeys((status.initial, *status.transitions, *targets, *status.terminal)))


def find_alike(wanted: str, members: Sequence[str]) -> str | None:
    """Return a status, or another one that means as much (``cancelled`` for ``canceled``); None where none is left."""
    if wanted in members:
        return wanted
    family = next((words for words in _FAMILIES if to_snake(wanted).rpartition(".")[2] in words), frozenset())
    return next((name for name in members if to_snake(name).rpartition(".")[2] in family), None)


def _find_next(status: Status, name: str, kept: Sequence[str]) -> tuple[str, ...]:
    """Return what follows a status, past those that are left out."""
    found: dict[str, None] = {}
    waiting, seen = [*status.transitions.get(name, ())], {name}
    while waiting:
        target = waiting.pop(0)
        if target in seen:
            continue
        seen.add(target)
        if target in kept:
            found[target] = None
        else:
            waiting += status.transitions.get(target, ())
    return tuple(found)
