"""Keeps what was worked out from a recording, so that many clauses can ask for it."""

from collections.abc import Callable
from typing import Any, TypeVar

from contracts.recording import Recording

_Made = TypeVar("_Made")
_MOST = 8
_kept: list[tuple[tuple[Any, ...], Recording, Any]] = []


def once(recording: Recording, about: tuple[str, ...], make: Callable[[], _Made]) -> _Made:
    """What ``make`` gives, made again only for another recording or one that has grown. ``about`` names it."""
    key = (*about, len(recording.exchanges), len(recording.traces))
    for known, held, made in _kept:
        if known == key and held is recording:
            found: _Made = made
            return found
    result = make()
    _kept.append((key, recording, result))
    del _kept[:-_MOST]
    return result
