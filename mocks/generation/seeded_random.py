"""Named streams of choices: the same name gives the same choices, in every process and whatever was asked before.

A row has a stream for each of its fields, so that one field can be known without making the others.
``random.Random`` would do, and takes eight times as long to seed.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, TypeVar

import msgspec

_T = TypeVar("_T")
_BLOCK_BITS = 512
_LARGE = 1 << 32
_VARIANT = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))
_ENOUGH = 1 << 96  # leaves 64 bits to spare, so that no choice is likelier than another


class SeededRandom(msgspec.Struct, eq=False):
    """The choices that belong to ``name``. ``depth`` counts how far below the value first asked for this one is.

    ``lean`` is how likely an optional part is left out, 0 to 1.
    """

    name: str
    depth: int = 0
    lean: float = 0.0
    _left: int = 1
    _blocks: int = 0

    def child(self, name: str | int) -> "SeededRandom":
        """The choices of a part."""
        return SeededRandom(f"{self.name}/{name}", depth=self.depth + 1, lean=self.lean)

    def below(self, n: int) -> int:
        """One of 0 … ``n`` - 1."""
        left = self._left
        while left < _ENOUGH or n > _LARGE > left >> n.bit_length():
            digest = blake2b(f"{self.name}#{self._blocks}".encode("utf-8", "surrogatepass")).digest()
            left = left << _BLOCK_BITS | int.from_bytes(digest, "little")
            self._blocks += 1
        self._left, chosen = divmod(left, n)
        return chosen

    def digits(self) -> str:
        """32 hexadecimal digits."""
        self._blocks += 1
        return blake2b(f"{self.name}#{self._blocks}x".encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

    def between(self, low: int, high: int) -> int:
        """One of ``low`` … ``high``, both included."""
        return low + self.below(high - low + 1)

    def fraction(self) -> float:
        """At least 0 and less than 1."""
        return self.below(1 << 53) / (1 << 53)

    def chance(self, probability: float) -> bool:
        return self.below(1 << 30) < probability * (1 << 30)

    def pick(self, choices: Sequence[_T]) -> _T:
        return choices[self.below(len(choices))] if len(choices) > 1 else choices[0]

    def shuffled(self, items: Sequence[_T]) -> list[_T]:
        left = list(items)
        return [left.pop(self.below(len(left))) for _ in range(len(left))]


def uuid_text(dice: SeededRandom) -> str:
    """A version 4 UUID in its canonical spelling (RFC 9562)."""
    digits = dice.digits()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{_VARIANT[digits[16]]}{digits[17:20]}-{digits[20:]}"


def json_value(dice: SeededRandom) -> Any:
    """Any small JSON value, for a schema that says nothing."""
    return dice.pick(("text", 7, 2.5, True, None, [], {}, ["a", "b"], {"key": "value"}))
