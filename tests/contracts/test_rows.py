"""Rows and list requests are read only as far as they are certain."""

from datetime import UTC, datetime
from typing import Any

import pytest

from specduet.contracts.analysis.row_values import (
    compare_values,
    find_shared_fields,
    get_path,
    has_value,
    is_same_value,
    parse_list_request,
    read_timestamp,
)
from specduet.contracts.recording import ABSENT, Exchange, ReceivedResponse, SentRequest
from specduet.specs import load


@pytest.mark.parametrize(
    ("one", "other", "order"),
    [
        ("2026-01-01T10:00:00Z", "2026-01-01T11:00:00+01:00", 0),
        ("2026-01-01T10:00:00.5Z", "2026-01-01T10:00:00Z", 0),
        ("2026-01-01T10:00:00.123456789Z", "2026-01-01T10:00:00.123Z", 0),
        ("2026-01-01T10:00:00.2Z", "2026-01-01T10:00:00.1Z", 1),
        ("2026-01-01 10:00:00+00:00", "2026-01-01T10:00:01Z", -1),
        (3, 2.5, 1),
        (True, False, None),
        ("b", "a", None),
        (None, "2026-01-01T10:00:00Z", None),
        ("2026-13-01T10:00:00Z", "2026-01-01T10:00:00Z", None),
    ],
)
def test_values_are_compared_as_finely_as_both_are_written(one: Any, other: Any, order: int | None) -> None:
    """Timestamps in any zone and precision, and numbers, have an order; other values have no certain order."""
    assert compare_values(one, other) == order


def test_a_timestamp_knows_whether_it_has_a_zone() -> None:
    """A timestamp without a time zone is read as UTC, and knows that it has none."""
    zoneless, zoned = read_timestamp("2026-01-01T10:00:00"), read_timestamp("2026-01-01T12:00:00+02:00")
    assert zoneless is not None
    assert zoned is not None
    assert (zoneless.has_zone, zoned.has_zone, zoneless.utc == zoned.utc) == (False, True, True)
    assert read_timestamp("yesterday") is None
    assert read_timestamp(5) is None


def test_a_dotted_path_leads_into_nested_rows() -> None:
    """A dotted path leads into objects; an absent value is not the same as null."""
    row = {"usage": {"total": 3}, "error": None}
    assert (get_path(row, "usage.total"), get_path(row, "error"), get_path(row, "usage.other")) == (3, None, ABSENT)
    assert (has_value(row, "usage.total"), has_value(row, "error"), has_value(row, "x")) == (True, False, False)


@pytest.mark.parametrize(
    ("shown", "value", "is_equal"),
    [
        ("5B0B4A7E-3F6D-4F0A-9A55-2F7A3B1C9D10", "5b0b4a7e-3f6d-4f0a-9a55-2f7a3b1c9d10", True),
        ("2026-01-01T11:00:00+01:00", datetime(2026, 1, 1, 10, tzinfo=UTC), True),
        (7, "7", True),
        (True, "True", False),
        ("a", "A", False),
        (None, "None", False),
    ],
)
def test_a_shown_value_is_the_requested_one(shown: Any, value: Any, is_equal: bool) -> None:  # noqa: FBT001
    """UUIDs in any case and timestamps in any zone are equal; other text is not, and null is not ``None``."""
    assert is_same_value(shown, value) is is_equal


def _make_exchange(path: str, query: str) -> Exchange:
    sent = SentRequest("GET", f"http://x{path}?{query}", path, query, (), None)
    return Exchange(1, "seekrflow", "x", sent, ReceivedResponse(200, (), b"[]", 0.1), "", "probe", "given", 0.0)


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("limit=3&order=asc", {"limit": 3, "order": "asc"}),
        ("other=1", {}),
        ("limit=%2B3", None),
        ("limit=3.0", None),
        ("limit=3&limit=4", None),
        ("limit=-1", None),
        ("order=up", None),
        ("order=", None),
    ],
)
def test_requests_are_read_only_where_every_server_agrees(query: str, values: dict[str, Any] | None) -> None:
    """Valid values are decoded; with a lenient, repeated or invalid one the request has no certain meaning."""
    api = load("seekrflow")
    found = parse_list_request(api, api.operations[0], _make_exchange("/v1/threads/t%201/runs", query))
    assert (dict(found.values) if found else None) == (None if values is None else {"thread_id": "t 1", **values})


def test_timestamps_in_requests() -> None:
    """A timestamp is decoded if it is written as in RFC 3339."""
    api = load("cloudcruise")
    good = parse_list_request(api, api.operations[0], _make_exchange("/runs", "cursor=2026-01-01T00%3A00%3A00Z"))
    assert good is not None
    assert good.values["cursor"] == datetime(2026, 1, 1, tzinfo=UTC)
    assert parse_list_request(api, api.operations[0], _make_exchange("/runs", "cursor=1767225600")) is None


def test_partial_answers_share_some_fields() -> None:
    """The response of a POST shares the fields with the row that its schema has, a list shares all."""
    api = load("nx1")
    row = api.resources["crew-run"]
    start = next(o for o in api.operations if o.behavior.creates)
    listing = next(o for o in api.operations if o.behavior.lists)
    assert find_shared_fields(api, start, row) == {"correlation_id", "status"}
    assert find_shared_fields(api, listing, row) == set(row.properties)
