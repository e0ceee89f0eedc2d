"""The laws of a mock's world, from its first request on, for documents of our own choosing."""

import asyncio
from collections.abc import Mapping
from itertools import islice
from typing import Any

import pytest

from specduet.mocks.app import Mock
from tests.twins.service import Collection, Service
from tests.twins.visitor import Visitor

CREATED = ("created_at", "createTime", "uploaded_at")


@pytest.fixture
def visitor(service: Service, document: Mapping[str, Any], mock: Mock, loop: asyncio.AbstractEventLoop) -> Visitor:
    """A visitor of the mock, as it is at first."""
    return Visitor(service, document, mock, loop)


def listed(service: Service, visitor: Visitor) -> list[Collection]:
    return [c for c in service.collections if visitor.has_operation("GET", c.path)]


def test_pages_hold_each_row_once(service: Service, visitor: Visitor) -> None:
    """Pages of two rows end, and together hold what one large page holds, in the same order."""
    for collection in listed(service, visitor):
        if collection.paging is None or "{" in collection.path:
            continue
        whole = visitor.list_rows(collection, {})
        pages = visitor.list_rows(collection, {}, {collection.paging.limit: 2})
        assert pages == whole
        identities = [row[collection.id] for row in whole]
        assert len(identities) > 2, f"{collection.path} has few rows at first"
        assert "search" in collection.path or len(set(identities)) == len(identities)


def test_a_listed_row_can_be_fetched(service: Service, visitor: Visitor) -> None:
    """Each row of each list, below parents of its own, is at its own path, and is the same there."""
    for collection in listed(service, visitor):
        if not visitor.has_operation("GET", collection.item_path):
            continue
        count = 0
        for place in visitor.list_places(collection):
            for row in visitor.list_rows(collection, place):
                assert visitor.fetch_row(collection, place, row[collection.id]) == row
                count += 1
        assert count > 2, f"{collection.path} has few rows at first"


def test_an_id_in_a_row_exists(service: Service, visitor: Visitor) -> None:
    """A row refers to rows that there are."""
    for collection in listed(service, visitor):
        if "{" in collection.path or "search" in collection.path:
            continue
        for row in visitor.list_rows(collection, {}):
            for name, parameter in service.references.items():
                target = visitor.find_collection(parameter)
                if row.get(name) is not None and target is not collection:
                    visitor.fetch_row(target, {}, row[name])


def test_an_unknown_id_is_refused(visitor: Visitor) -> None:
    """Each operation refuses an id that no row has, in each place of its path, with 404."""
    for draft, status in visitor.ask_for_unknown():
        assert status == 404, draft


def test_times_are_in_order(service: Service, mock: Mock, visitor: Visitor) -> None:
    """No row was created after it changed or ended, and nothing has happened in the future."""
    now = mock.sessions.default.clock.now().isoformat()
    for collection in listed(service, visitor):
        for place in visitor.list_places(collection):
            for row in visitor.list_rows(collection, place):
                times = {name: value for name, value in row.items() if isinstance(value, str) and value[10:11] == "T"}
                created = next((times[name] for name in CREATED if name in times), None)
                assert created is None or all(created <= value for value in times.values()), row
                assert all(value <= now for value in times.values()), row


def test_a_filter_holds_for_each_row(service: Service, visitor: Visitor) -> None:
    """A filter by a member keeps the rows that have it, and all of them: each row is in the list of one member."""
    for collection in listed(service, visitor):
        choices = visitor.requests.list_choices(collection.path)
        for place in islice(visitor.list_places(collection), 3):
            whole = visitor.list_rows(collection, place)
            for name in [name for name in choices if whole and name in whole[0]]:
                parts = [visitor.list_rows(collection, place, {name: value}) for value in choices[name]]
                for value, rows in zip(choices[name], parts, strict=True):
                    assert value == "all" or all(row[name] == value for row in rows), f"{collection.path} {name}"
                assert "all" in choices[name] or sum(map(len, parts)) == len(whole), f"{collection.path} {name}"


def test_a_sorted_list_is_sorted(service: Service, visitor: Visitor) -> None:
    """A list is sorted by the field that a parameter names, upwards or downwards, and has the same rows."""
    for collection in listed(service, visitor):
        choices = visitor.requests.list_choices(collection.path)
        for name in choices.keys() & {"sort", "_sort", "order_by"}:
            whole = visitor.list_rows(collection, {}) if "{" not in collection.path else []
            for key in choices[name] if whole else []:
                direction = next((other for other in ("_order", "order", "direction") if other in choices), None)
                query = {name: key, direction: "desc"} if direction else {name: key}
                rows = visitor.list_rows(collection, {}, query)
                values = [row.get("attributes", row)[key.lstrip("-")] for row in rows]
                is_downwards = direction is not None or key.startswith("-")
                assert values == sorted(values, reverse=is_downwards), f"{collection.path} {query}"
                assert len(rows) == len(whole)
