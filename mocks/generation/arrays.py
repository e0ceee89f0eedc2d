"""Makers of arrays: items by position, contained items, and items that differ from each other."""

from itertools import count as count_up
from typing import Any

from specduet.mocks.generation.limits import MAX_CHILDREN, CannotGenerate, WorkBudget
from specduet.mocks.generation.merged_schema import LocatedSchema, MergedSchema, to_json_key
from specduet.mocks.generation.objects import NO_EXTRAS_DEPTH, PartCompiler
from specduet.mocks.generation.seeded_random import SeededRandom, ValueMaker, random_json_value

_MAX_REJECTED = 64  # items that are like an earlier one, or one too many of their kind


class ArrayMaker:
    """A maker of arrays of one merged schema."""

    def __init__(self, compiler: PartCompiler, merged: MergedSchema, name: str) -> None:
        self._compiler = compiler
        self._merged = merged
        self._least = merged.keywords.get("minItems", 0)
        self._most = merged.keywords.get("maxItems", float("inf"))
        self._is_unique = bool(merged.keywords.get("uniqueItems"))
        self._named_count = max([len(merged.prefix_items), *(rest.start for rest in merged.items)])
        parts = [merged.parts_of_item(index) for index in range(self._named_count + 1)]
        *self._prefix, self._make_item = (
            self._build_item(located, "" if index < self._named_count else name.removesuffix("s"))
            for index, located in enumerate(parts)
        )
        self._closed_at = next(
            (i for i, located in enumerate(parts) if any(schema is False for schema, _ in located)), None
        )
        self._contained = [
            self._build_item([contained.located, *parts[-1]], "")
            for contained in merged.contains
            for _ in range(min(contained.least, MAX_CHILDREN))
        ]
        self._limited = [contained for contained in merged.contains if contained.most is not None]
        self._demanded = max([self._least, *(contained.least for contained in merged.contains)])

    def __call__(self, rng: SeededRandom) -> list[Any]:
        if self._demanded > MAX_CHILDREN:
            raise CannotGenerate(reason=f"arrays have at least {self._demanded:,} items")
        longest = self._most if self._closed_at is None else min(self._most, self._closed_at)
        if self._demanded > longest:
            raise CannotGenerate(reason="arrays have more items than they may have")
        rng.budget = rng.budget or WorkBudget()
        rng.budget.spend_part()
        rng.budget.is_shared |= rng.depth == 0
        count = self._choose_count(rng)
        rng.budget.spend_items(count)
        contained = self._contained[: max(count - len(self._prefix), 0)]
        items: list[Any] = []
        seen: set[bytes] = set()
        rejected = 0
        for index in count_up():
            if len(items) == count or rejected > _MAX_REJECTED + 2 * len(items):
                break
            if rng.depth == 0:
                rng.budget.begin_part()
            place = len(items) - len(self._prefix)
            make = self._prefix[place] if place < 0 else contained[place] if place < len(contained) else self._make_item
            item = make(_rng_of_item(rng, index))
            if isinstance(item, str):
                rng.budget.spend_text(item)
            if (self._is_unique and not _note_new(item, seen)) or (self._limited and self._is_surplus(item, items)):
                rejected += 1
            else:
                items.append(item)
        return items

    def _build_item(self, parts: list[LocatedSchema], name: str) -> ValueMaker:
        return self._compiler.build_parts(parts, name) if parts else random_json_value

    def _choose_count(self, rng: SeededRandom) -> int:
        is_enough = rng.budget is not None and rng.budget.is_enough and rng.depth > 0
        may_grow = rng.depth < NO_EXTRAS_DEPTH and not rng.omit_probability and not is_enough
        chosen = 1 + rng.randbelow(3) if may_grow else 0
        wanted = max(self._least, len(self._contained), len(self._prefix), chosen)
        if self._contained:
            wanted = max(wanted, len(self._prefix) + len(self._contained))
        count = int(min(wanted, self._most))
        return count if self._closed_at is None else min(count, self._closed_at)

    def _is_surplus(self, item: Any, items: list[Any]) -> bool:
        """Return whether ``maxContains`` allows no further item of this kind."""
        for contained in self._limited:
            parts = [contained.located]
            if contained.most is not None and self._compiler.is_valid(item, parts):
                count = sum(self._compiler.is_valid(other, parts) for other in items)
                if count >= contained.most:
                    return True
        return False


def _note_new(item: Any, seen: set[bytes]) -> bool:
    """Return whether an item differs from all seen before, of which it is one from then on."""
    key, count = to_json_key(item), len(seen)
    seen.add(key)
    return len(seen) > count


def _rng_of_item(rng: SeededRandom, index: int) -> SeededRandom:
    # A list is no level of its own: depth counts the objects that lie within each other.
    depth = rng.depth + (rng.depth >= NO_EXTRAS_DEPTH)
    return SeededRandom(f"{rng.name}/{index}", depth, rng.omit_probability, rng.budget)
