"""Limits on the size of generated values, and the error where a schema demands more or allows nothing."""

import msgspec

from specduet.specs import UsageError

MAX_TEXT_LENGTH = 1_000_000
MAX_CHILDREN = 10_000
"""Items of one array, properties of one object."""
_MAX_PARTS = 10_000  # objects and arrays within one value, those of attempts that failed included
_MAX_WEIGHT = 4_000_000  # characters of long texts within one value, and 16 for each item of an array
_ITEM_WEIGHT = 16
_PROPERTY_WEIGHT = 256  # for each property that a schema does not name: its name has to be new
_LONG_TEXT = 1_000
_ENOUGH_PARTS = 24  # of one property or item of the value; from so many on, those that may be left out are
_MAX_ATTEMPTS = 400  # values that are validated and thrown away while one value is made


class CannotGenerate(UsageError):
    """No valid value of a schema was found; often there is none."""

    def __init__(self, pointer: str | None = None, reason: str = "") -> None:
        super().__init__(
            f"no value of the schema at {pointer or 'an inner place'} could be made{reason and ': '}{reason}"
        )
        self.pointer = pointer
        self.reason = reason


class TooMuchWorkError(CannotGenerate):
    """A value is too large, or too many attempts failed: no other attempt is made, anywhere in the value."""


class WorkBudget(msgspec.Struct, eq=False):
    """What may still be spent on one value. It is counted and not timed, so that the same seed gives the same value."""

    parts: int = _MAX_PARTS
    attempts: int = _MAX_ATTEMPTS
    weight: int = _MAX_WEIGHT
    spare_weight: int = _MAX_WEIGHT
    """The weight that is left for items that are made anew, as small as they can be."""
    _enough_at: int = _MAX_PARTS - _ENOUGH_PARTS
    """The number of parts that may still be spent at which the property or item at hand is large."""
    is_shared: bool = False
    """True if all properties of the value count together: it is itself one of a row, or an item of a list."""

    def spend_part(self) -> None:
        """Count an object or array. Raises ``TooMuchWorkError`` where there are too many."""
        self.parts -= 1
        if self.parts < 0:
            raise TooMuchWorkError(reason=f"it has more than {_MAX_PARTS:,} objects and arrays")

    def spend_items(self, count: int) -> None:
        """Count so many items of an array. Raises ``TooMuchWorkError`` where there are too many."""
        self._spend_weight(_ITEM_WEIGHT * count)

    def spend_properties(self, count: int) -> None:
        """Count so many properties that an object has to have, whatever they are. Raises ``TooMuchWorkError``."""
        self._spend_weight(_PROPERTY_WEIGHT * count)

    def spend_text(self, value: str) -> None:
        """Count a text, if it is a long one. Raises ``TooMuchWorkError`` where all of them are too long."""
        if len(value) > _LONG_TEXT:
            self._spend_weight(len(value))

    def _spend_weight(self, weight: int) -> None:
        self.weight -= weight
        if self.weight < 0:
            raise TooMuchWorkError(reason="its texts and arrays are too long, taken together")

    @property
    def is_enough(self) -> bool:
        """True once the property or item at hand is large: what may be left out of the objects within it is."""
        return self.parts <= self._enough_at

    def begin_part(self) -> None:
        """Count the parts of the next property or item of the value from zero."""
        self._enough_at = self.parts - _ENOUGH_PARTS

    def spend_attempt(self, pointer: str | None) -> None:
        """Count a value that was not valid. Raises ``TooMuchWorkError`` where there are too many."""
        self.attempts -= 1
        if self.attempts < 0:
            raise TooMuchWorkError(pointer, f"none of {_MAX_ATTEMPTS:,} attempts was valid")
