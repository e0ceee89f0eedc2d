"""Keeps what was worked out from a recording with the recording, so that many clauses can ask for it."""

from collections.abc import Callable
from typing import TypeVar

from specduet.contracts.recording import Recording

_Made = TypeVar("_Made")


def once(recording: Recording, about: tuple[str, ...], make: Callable[[], _Made]) -> _Made:
    """What ``make`` gives, made again only where the recording has grown. ``about`` names it."""
    grown = (len(recording.exchanges), len(recording.traces))
    known: tuple[tuple[int, int], _Made] | None = recording.derived.get(about)
    if known is None or known[0] != grown:
        known = (grown, make())
        recording.derived[about] = known
    return known[1]
