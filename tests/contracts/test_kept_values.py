"""Whether a new row keeps a value that was sent, in whatever spelling."""

from typing import Any

import pytest

from specduet.contracts.analysis.created_fields import is_kept

KEPT = (
    ("0", "0.00"),
    (50.129, 50.13),
    (0.1, 0.10000000149011612),
    (7, "7.0"),
    ("a  b ", "A b"),
    (["b", "a"], ["a", "b"]),
    ({"a": 1}, {"a": 1, "b": 2}),
    ("2026-01-01T00:00:00Z", "2026-01-01T05:30:00+05:30"),
)
CHANGED = ((5, 3), (1.5, 2), (12.5, 12.25), ("7", "8"), ("x", "y"), (["b", "a"], ["a", "c"]), ({"a": 1}, {"a": 2}))


@pytest.mark.parametrize(("sent", "shown"), KEPT, ids=str)
def test_a_value_is_kept_in_another_spelling(sent: Any, shown: Any) -> None:
    """Decimals, rounded numbers, blanks, sorted lists and times in other zones are the values that were sent."""
    assert is_kept(sent, shown)


@pytest.mark.parametrize(("sent", "shown"), CHANGED, ids=str)
def test_another_value_is_not_kept(sent: Any, shown: Any) -> None:
    """Another number, text or member is not the value that was sent."""
    assert not is_kept(sent, shown)
