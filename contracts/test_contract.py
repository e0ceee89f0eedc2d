"""The contract suite: one item a clause and operation. ``pytest contracts --url URL`` or ``specduet test`` runs it."""

from collections.abc import Callable

import pytest

from specduet.contracts.reports.model import Item


def test_clause(item: Item, failure: str, record_property: Callable[[str, object], None]) -> None:
    """The service keeps this clause on this operation."""
    record_property("item", list(item))
    if failure:
        pytest.fail(failure, pytrace=False)
