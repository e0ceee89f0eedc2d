"""The journal shows what came in, and keeps no more of it than it may."""

from typing import Any

import pytest

from specduet.mocks import create_app
from specduet.mocks.control.journal import (
    MAX_HEADERS,
    MAX_PART_BYTES,
    STATUS_INDEX,
    EntryFilter,
    JournalEntry,
    JournalSpace,
    OpenEntry,
    open_entry,
)
from specduet.mocks.control.masking import SecretFields
from tests.mocks.raw_http import RawRequest, send_raw


def make_entry(
    api: str | None = None, operation: str | None = None, status: int | None = None, **changes: Any
) -> OpenEntry:
    scope: dict[str, Any] = {"method": "GET", "path": "/runs", "raw_path": b"/runs", "query_string": b"", "headers": []}
    scope.update(changes)
    head_bytes = sum(len(name) + len(value) for name, value in scope["headers"])
    entry = open_entry(scope, api, operation, head_bytes)
    entry[STATUS_INDEX] = status
    return entry


def test_an_entry_says_why_a_request_was_refused() -> None:
    """A refused request and one that is not served have the sentence of the request log; one that is taken has none."""
    mock = create_app(["nx1"])
    for target in ("/api/crew-runs", "/api/crew-runs?limit=x", "/nowhere"):
        send_raw(mock, RawRequest("GET", target, [(b"authorization", b"Bearer any")]))
    taken, refused, unknown = (JournalEntry(*entry) for entry in mock.sessions.default.journal.entries)
    assert (taken.status, taken.reason) == (200, "")
    assert (refused.status, unknown.status) == (422, 404)
    assert refused.reason.startswith("query.limit: ")
    assert unknown.reason


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
    JournalSpace().open_journal(1).record_body(entry, b'{"a": "\xc3\xa9"}')
    document = JournalEntry(*entry).to_dict(7, SecretFields())
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
        "reason": "",
    }


@pytest.mark.parametrize("header", [(b"n" * 10**5, b"v" * 10**5), (b"n" * 10**5, b""), (b"n", b"v" * 10**5)])
def test_a_large_request_is_kept_cut(header: tuple[bytes, bytes]) -> None:
    """However large path, query, headers and body are, an entry holds a bounded part of each."""
    fields = make_entry(raw_path=b"/" * 10**6, query_string=b"q" * 10**6, headers=[header] * 90)
    JournalSpace().open_journal(1).record_body(fields, b"b" * 10**6)
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
    journal = JournalSpace().open_journal(3)
    for status in (200, 201, 202, 203, 204):
        journal.add(make_entry(status=status), 0)
    assert [(number, e.status) for number, e in journal.find_entries(EntryFilter())] == [(3, 202), (4, 203), (5, 204)]
    assert journal.dropped_count == 2
    journal.clear()
    assert (list(journal.find_entries(EntryFilter())), journal.dropped_count) == ([], 0)


def test_every_filter_keeps_only_what_matches() -> None:
    """API, operation, method, path and status each narrow the search, and so do several together."""
    journal = JournalSpace().open_journal(10)
    for api, operation, method, path, status in (
        ("a", "list", "GET", b"/runs", 200),
        ("a", "start", "POST", b"/run", 200),
        ("b", "list", "GET", b"/v1/runs", 422),
        (None, None, "GET", b"/nowhere", 404),
    ):
        journal.add(make_entry(api, operation, status, method=method, raw_path=path), 0)

    def numbers(**wanted: Any) -> list[int]:
        return [number for number, _ in journal.find_entries(EntryFilter(**wanted))]

    assert numbers(api="a") == [1, 2]
    assert numbers(operation="list") == [1, 3]
    assert numbers(method="POST") == [2]
    assert numbers(path="/nowhere") == [4]
    assert numbers(status=200) == [1, 2]
    assert numbers(operation="list", status=422) == [3]
    assert numbers(api="b", status=200) == []


def test_journals_share_one_bound() -> None:
    """However many journals there are, they keep no more than their space has, and the oldest entries go first."""
    space = JournalSpace(100_000)
    journals = [space.open_journal(1_000) for _ in range(10)]
    for number in range(2_000):
        journal = journals[number % 10]
        entry = make_entry(headers=[(b"a", b"v" * 1_000)], status=number)
        entry[0] = float(number)
        journal.add(entry, 1_001)
    kept = sorted(entry.status or 0 for journal in journals for _, entry in journal.find_entries(EntryFilter()))
    assert kept == list(range(2_000 - len(kept), 2_000))
    assert 30 < len(kept) <= 100


def test_credentials_are_masked() -> None:
    """A header or query parameter that carries a credential shows that there was one, and not which."""
    headers = [(b"authorization", b"Bearer s3cret"), (b"Cookie", b"id=s3cret"), (b"x-key", b"s3cret"), (b"a", b"b")]
    secrets = SecretFields(frozenset({"authorization", "cookie", "x-key"}), frozenset({"key"}))
    document = JournalEntry(*make_entry(headers=headers, query_string=b"a=1&key=s3cret&b")).to_dict(1, secrets)
    assert document["headers"] == {"authorization": "Bearer ***", "Cookie": "***", "x-key": "***", "a": "b"}
    assert document["query"] == "a=1&key=***&b"
