"""Makers of arrays: items by position, contained items, and items that differ from each other."""

from typing import Any

from specduet.mocks.generation.limits import MAX_CHILDREN, CannotGenerate
from specduet.mocks.generation.merged_schema import LocatedSchema, MergedSchema, to_json_key
from specduet.mocks.generation.objects import NO_EXTRAS_DEPTH, PartCompiler
from specduet.mocks.generation.seeded_random import SeededRandom, ValueMaker, random_json_value


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
        if rng.budget is not None:
            rng.budget.spend_part()
        count = self._choose_count(rng)
        contained = self._contained[: max(count - len(self._prefix), 0)]
        items: list[Any] = []
        seen: set[bytes] = set()
        for index in range(8 * count + 8 if self._is_unique or self._limited else count):
            if len(items) == count:
                break
            place = len(items)
            make = self._prefix[place] if place < len(self._prefix) else self._make_item
            if 0 <= place - len(self._prefix) < len(contained):
                make = contained[place - len(self._prefix)]
            item = make(_rng_of_item(rng, index))
            if self._is_unique:
                key = to_json_key(item)
                if key in seen:
                    continue
                seen.add(key)
            elif self._limited and self._is_surplus(item, items):
                continue
            items.append(item)
        return items

    def _build_item(self, parts: list[LocatedSchema], name: str) -> ValueMaker:
        return self._compiler.build_parts(parts, name) if parts else random_json_value

    def _choose_count(self, rng: SeededRandom) -> int:
        may_grow = rng.depth < NO_EXTRAS_DEPTH and not rng.omit_probability
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


def _rng_of_item(rng: SeededRandom, index: int) -> SeededRandom:
    # A list is no level of its own: depth counts the objects that lie within each other.
    depth = rng.depth + (rng.depth >= NO_EXTRAS_DEPTH)
    return SeededRandom(f"{rng.name}/{index}", depth, rng.omit_probability, rng.budget)
