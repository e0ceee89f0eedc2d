"""Named streams of random choices.

The same name gives the same choices, in every process and whatever was drawn from other streams before. A row has one
stream for each of its fields, so that one field can be known without making the others. ``random.Random`` would do,
and takes eight times as long to seed.
"""

from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any, TypeVar

import msgspec

from specduet.mocks.generation.limits import WorkBudget

_T = TypeVar("_T")
_BLOCK_BITS = 512
_LARGE_RANGE = 1 << 32
_VARIANT = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))
_MIN_ENTROPY = 1 << 96  # leaves 64 bits to spare, so that no choice is likelier than another


class SeededRandom(msgspec.Struct, eq=False):
    """The random choices that belong to one name, such as ``7/shop/order/seeded/12/result``."""

    name: str
    depth: int = 0
    """The number of objects around the value that is made, counted from the value first asked for."""
    omit_probability: float = 0.0
    """The probability, 0 to 1, that an optional part is left out."""
    budget: WorkBudget | None = None
    """The work that may still be done for the whole value; None until the value is started."""
    _entropy: int = 1
    """Random bits that are not used up yet, below a leading 1."""
    _block_count: int = 0

    def derive(self, name: str | int) -> "SeededRandom":
        """Return the stream of a part of the value, such as a property, one level deeper."""
        return SeededRandom(f"{self.name}/{name}", self.depth + 1, self.omit_probability, self.budget)

    def randbelow(self, n: int) -> int:
        """Return an integer from 0 to ``n`` - 1."""
        entropy = self._entropy
        while entropy < _MIN_ENTROPY or n > _LARGE_RANGE > entropy >> n.bit_length():
            digest = blake2b(f"{self.name}#{self._block_count}".encode("utf-8", "surrogatepass")).digest()
            entropy = entropy << _BLOCK_BITS | int.from_bytes(digest, "little")
            self._block_count += 1
        self._entropy, chosen = divmod(entropy, n)
        return chosen

    def hex_digits(self) -> str:
        """Return 32 hexadecimal digits."""
        self._block_count += 1
        return blake2b(f"{self.name}#{self._block_count}x".encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

    def randint(self, low: int, high: int) -> int:
        """Return an integer from ``low`` to ``high``, both included."""
        return low + self.randbelow(high - low + 1)

    def random_float(self) -> float:
        """Return a number that is at least 0 and less than 1."""
        return self.randbelow(1 << 53) / (1 << 53)

    def random_bool(self, probability: float) -> bool:
        """Return true with this probability, 0 to 1."""
        return self.randbelow(1 << 30) < probability * (1 << 30)

    def pick(self, choices: Sequence[_T]) -> _T:
        """Return one of the choices, all equally likely."""
        return choices[self.randbelow(len(choices))] if len(choices) > 1 else choices[0]

    def shuffled_copy(self, items: Sequence[_T]) -> list[_T]:
        left = list(items)
        return [left.pop(self.randbelow(len(left))) for _ in range(len(left))]


ValueMaker = Callable[[SeededRandom], Any]
"""A function that makes one value of a schema; the same stream of choices gives the same value."""


def random_uuid(rng: SeededRandom) -> str:
    """Return a version 4 UUID in its canonical text form (RFC 9562)."""
    digits = rng.hex_digits()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{_VARIANT[digits[16]]}{digits[17:20]}-{digits[20:]}"


def random_json_value(rng: SeededRandom) -> Any:
    """Return any small JSON value, for a schema that demands nothing."""
    return rng.pick(("text", 7, 2.5, True, None, [], {}, ["a", "b"], {"key": "value"}))
