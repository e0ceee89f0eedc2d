"""Makers that validate what they make, and make it again with other choices."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from specduet.mocks.generation.exclusive_branches import separate_branches
from specduet.mocks.generation.limits import CannotGenerate, TooMuchWorkError, WorkBudget
from specduet.mocks.generation.merged_schema import LocatedSchema, merge_schemas
from specduet.mocks.generation.objects import SHORTEST_DEPTH
from specduet.mocks.generation.seeded_random import SeededRandom, ValueMaker
from specduet.specs.schemas import Schemas

NO_END = "it contains itself without end"
_TRIES = 24
_FAILED_TRIES = 8  # attempts that may end without a value
_SEPARATED_TRIES = frozenset((1, 4, 10))  # attempts whose values are changed to meet one branch of a oneOf


class RetryingMaker:
    """A maker whose values are valid.

    It makes values until one is, changes those that meet several branches of a ``oneOf``, and falls back on simple
    ones.
    """

    def __init__(
        self,
        schemas: Schemas,
        make: ValueMaker,
        parts: Sequence[LocatedSchema],
        is_valid: Callable[[Any, Sequence[LocatedSchema]], bool],
    ) -> None:
        self._schemas = schemas
        self._make = make
        self._parts = parts
        self._is_valid = is_valid

    def __call__(self, rng: SeededRandom) -> Any:
        if rng.depth:
            return self._make_valid(rng)
        rng.budget = rng.budget or WorkBudget()
        try:
            return self._make_valid(rng)
        except TooMuchWorkError as error:
            return self._make_smallest(rng, error.reason)
        except RecursionError:
            raise CannotGenerate(self._parts[0][1], NO_END) from None

    def _make_smallest(self, rng: SeededRandom, reason: str) -> Any:
        """Return a value without anything that may be left out. Raises ``CannotGenerate`` if that is not valid either.

        Arrays within arrays grow by powers: 20 of them have a million items, and one of each will do.
        """
        assert rng.budget is not None
        budget = WorkBudget(weight=rng.budget.spare_weight)
        with suppress(CannotGenerate, RecursionError):
            value = self._make(SeededRandom(f"{rng.name}~smallest", SHORTEST_DEPTH, 1.0, budget))
            if self._is_valid(value, self._parts):
                rng.budget.spare_weight = budget.weight
                return value
        rng.budget.spare_weight = budget.weight
        raise CannotGenerate(self._parts[0][1], reason)

    def _make_valid(self, rng: SeededRandom) -> Any:
        reasons: list[str] = []
        for attempt in range(_TRIES):
            try:
                value = self._make(_rng_of_attempt(rng, attempt))
            except TooMuchWorkError:
                raise
            except CannotGenerate as error:
                if rng.depth:  # the part that failed has made its own attempts
                    raise
                reasons.append(error.reason)
                if len(reasons) == _FAILED_TRIES:
                    break
                continue
            if self._is_valid(value, self._parts):
                return value
            if rng.budget is not None:
                rng.budget.spend_attempt(self._parts[0][1])
            changed = self._change_to_exclusive(value) if attempt in _SEPARATED_TRIES else None
            if changed is not None:
                return changed
        return self._fall_back(reasons)

    def _change_to_exclusive(self, value: Any) -> Any:
        for choice in merge_schemas(self._schemas, self._parts).choices if isinstance(value, dict) else ():
            if choice.is_exclusive:
                changed = separate_branches(self._schemas, choice, value, self._parts, self._is_valid)
                if changed is not None:
                    return changed
        return None

    def _fall_back(self, reasons: Sequence[str]) -> Any:
        for value in self._iter_fallbacks():
            if self._is_valid(value, self._parts):
                return value
        reason = next(filter(None, reasons), f"none of {_TRIES} values was valid")
        raise CannotGenerate(self._parts[0][1], reason)

    def _iter_fallbacks(self) -> Iterator[Any]:
        keywords = merge_schemas(self._schemas, self._parts).keywords
        yield from (*keyword_as_list(keywords, "default"), *keyword_as_list(keywords, "example"))
        yield from keywords.get("examples", ())
        yield from (None, "", 0, 1, False, True, [], {})


def keyword_as_list(keywords: Mapping[str, Any], keyword: str) -> list[Any]:
    """Return the value of a keyword as a list of one; an empty list where it is missing."""
    return [keywords[keyword]] if keyword in keywords else []


def _rng_of_attempt(rng: SeededRandom, attempt: int) -> SeededRandom:
    """Return the choices of one attempt; two of three later attempts leave out optional parts, half of them or all."""
    if not attempt:
        return rng
    return SeededRandom(f"{rng.name}~{attempt}", rng.depth, attempt % 3 / 2, rng.budget)
