"""Results that are computed once per recording, so that every clause can ask for them."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from specduet.contracts.recording import Recording

_Result = TypeVar("_Result")
_Entry = TypeVar("_Entry")


def compute_once(recording: Recording, key: tuple[str, ...], compute: Callable[[], _Result]) -> _Result:
    """Return the result of ``compute``, which is called again only if the recording has grown since the last call.

    ``key`` identifies the result within the recording, for example ``("histories", "shop", "order")``.
    """
    size = (len(recording.exchanges), len(recording.traces))
    remembered: tuple[tuple[int, int], _Result] | None = recording.results.get(key)
    if remembered is None or remembered[0] != size:
        remembered = (size, compute())
        recording.results[key] = remembered
    return remembered[1]


def compute_for_run(recording: Recording, key: tuple[str, ...], compute: Callable[[], _Result]) -> _Result:
    """Return the result of ``compute``, which depends on the document alone and is called once in the whole run."""
    if key not in recording.results:
        recording.results[key] = compute()
    result: _Result = recording.results[key]
    return result


def compute_each(
    recording: Recording, key: tuple[str, ...], entries: Sequence[_Entry], compute: Callable[[_Entry], _Result]
) -> Sequence[_Result]:
    """Return the result of ``compute`` for each entry of a list that only grows; each is computed once."""
    results: list[_Result] = recording.results.setdefault(key, [])
    results.extend(map(compute, entries[len(results) :]))
    return results
