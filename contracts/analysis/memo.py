"""Keeps what was worked out from a recording with the recording, so that many clauses can ask for it."""

from collections.abc import Callable
from typing import TypeVar

from specduet.contracts.recording import Recording

_Result = TypeVar("_Result")


def compute_once(recording: Recording, key: tuple[str, ...], compute: Callable[[], _Result]) -> _Result:
    """What ``compute`` gives, made again only where the recording has grown. ``key`` names it."""
    size = (len(recording.exchanges), len(recording.traces))
    known: tuple[tuple[int, int], _Result] | None = recording.results.get(key)
    if known is None or known[0] != size:
        known = (size, compute())
        recording.results[key] = known
    return known[1]
