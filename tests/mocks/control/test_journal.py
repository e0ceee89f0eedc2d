"""The journal shows what came in, and keeps no more of it than it may."""

from typing import Any

import pytest

from specduet.mocks.control.journal import (
    MAX_HEADERS,
    MAX_PART_BYTES,
    STATUS_INDEX,
    EntryFilter,
    Journal,
    JournalEntry,
    OpenEntry,
    open_entry,
    record_body,
)


def make_entry(
    api: str | None = None, operation: str | None = None, status: int | None = None, **changes: Any
) -> OpenEntry:
    scope = {"method": "GET", "path": "/runs", "raw_path": b"/runs", "query_string": b"", "headers": []}
    entry = open_entry({**scope, **changes}, api, operation)
    entry[STATUS_INDEX] = status
    return entry


def test_an_entry_shows_the_request_as_it_came() -> None:
    """Method, raw path and query, headers with repeated ones joined, body and status are all there."""
    entry = make_entry(
        "api",
        "list",
        200,
        method="POST",
        raw_path=b"/runs/a%2Fb",
        query_string=b"limit=1&limit=2",
        headers=[(b"accept", b"a"), (b"accept", b"b"), (b"x-name", b"caf\xe9")],
    )
    record_body(entry, b'{"a": "\xc3\xa9"}')
    document = JournalEntry(*entry).to_dict(7)
    assert document.pop("time").endswith("Z")
    assert document == {
        "number": 7,
        "api": "api",
        "operation": "list",
        "method": "POST",
        "path": "/runs/a%2Fb",
        "query": "limit=1&limit=2",
        "headers": {"accept": "a, b", "x-name": "café"},
        "body": '{"a": "é"}',
        "body_bytes": 11,
        "status": 200,
        "fault": None,
    }


@pytest.mark.parametrize("header", [(b"n" * 10**5, b"v" * 10**5), (b"n" * 10**5, b""), (b"n", b"v" * 10**5)])
def test_a_large_request_is_kept_cut(header: tuple[bytes, bytes]) -> None:
    """However large path, query, headers and body are, an entry holds a bounded part of each."""
    fields = make_entry(raw_path=b"/" * 10**6, query_string=b"q" * 10**6, headers=[header] * 90)
    record_body(fields, b"b" * 10**6)
    entry = JournalEntry(*fields)
    assert entry.body_bytes == 10**6
    held = len(entry.path) + len(entry.query) + len(entry.body) + sum(len(n) + len(v) for n, v in entry.headers)
    assert held < 6 * MAX_PART_BYTES


def test_a_long_query_leaves_the_headers_whole() -> None:
    """What is large is cut, and nothing else."""
    entry = JournalEntry(*make_entry(query_string=b"q" * 10**6, headers=[(b"a", b"v" * 1_000)]))
    assert (len(entry.query), entry.headers) == (MAX_PART_BYTES, [(b"a", b"v" * 1_000)])


def test_many_small_headers_are_kept_cut_too() -> None:
    """A million headers of one byte are not kept either."""
    entry = JournalEntry(*make_entry(headers=[(b"a", b"b")] * 10**6))
    assert len(entry.headers) == MAX_HEADERS


def test_the_oldest_are_dropped_and_counted() -> None:
    """The journal holds its limit, numbers go on, and how many are gone is known."""
    journal = Journal(3)
    for status in (200, 201, 202, 203, 204):
        journal.add(make_entry(status=status))
    assert [(number, e.status) for number, e in journal.find_entries(EntryFilter())] == [(3, 202), (4, 203), (5, 204)]
    assert journal.dropped_count == 2
    journal.clear()
    assert (list(journal.find_entries(EntryFilter())), journal.dropped_count) == ([], 0)


def test_every_filter_keeps_only_what_matches() -> None:
    """API, operation, method, path and status each narrow the search, and so do several together."""
    journal = Journal(10)
    for api, operation, method, path, status in (
        ("a", "list", "GET", b"/runs", 200),
        ("a", "start", "POST", b"/run", 200),
        ("b", "list", "GET", b"/v1/runs", 422),
        (None, None, "GET", b"/nowhere", 404),
    ):
        journal.add(make_entry(api, operation, status, method=method, raw_path=path))

    def numbers(**wanted: Any) -> list[int]:
        return [number for number, _ in journal.find_entries(EntryFilter(**wanted))]

    assert numbers(api="a") == [1, 2]
    assert numbers(operation="list") == [1, 3]
    assert numbers(method="POST") == [2]
    assert numbers(path="/nowhere") == [4]
    assert numbers(status=200) == [1, 2]
    assert numbers(operation="list", status=422) == [3]
    assert numbers(api="b", status=200) == []
