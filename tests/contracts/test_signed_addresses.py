"""Addresses that are signed anew are the same address; any other change of an address is one."""

from typing import Any

import pytest

from specduet.contracts.analysis.row_history import is_equivalent

BASE = "https://files.example.com/a/b.png"
SAME = [
    (f"{BASE}?expires=1&signature=a", f"{BASE}?expires=2&signature=b"),
    (f"{BASE}?X-Amz-Expires=9&X-Amz-Signature=a", f"{BASE}?X-Amz-Expires=9&X-Amz-Signature=b"),
    (f"{BASE}?sv=1&sig=a", f"{BASE}?sv=1&sig=b"),
    (
        [{"url": f"{BASE}?token=a", "url_expires_at": "2026-01-01T00:00:00Z", "size": 7}],
        [{"url": f"{BASE}?token=b", "url_expires_at": "2026-01-02T00:00:00Z", "size": 7}],
    ),
]
OTHER = [
    (f"{BASE}?expires=1&signature=a", f"{BASE}x?expires=1&signature=a"),
    (f"{BASE}?page=1", f"{BASE}?page=2"),
    ({"expires": "2026-01-01T00:00:00Z"}, {"expires": "2026-01-02T00:00:00Z"}),
    ([{"url": f"{BASE}?token=a", "size": 7}], [{"url": f"{BASE}?token=b", "size": 8}]),
    (f"{BASE}?token=a", None),
]


@pytest.mark.parametrize(("earlier", "later"), SAME)
def test_a_new_signature_changes_nothing(earlier: Any, later: Any) -> None:
    """Signatures and the times at which they expire are not compared."""
    assert is_equivalent(earlier, later)


@pytest.mark.parametrize(("earlier", "later"), OTHER)
def test_another_address_is_a_change(earlier: Any, later: Any) -> None:
    """The address itself and whatever stands beside it are compared, and so are queries without a signature."""
    assert not is_equivalent(earlier, later)
