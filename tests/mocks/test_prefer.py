"""``Prefer`` is read as RFC 7240 writes it."""

import io
import json
from pathlib import Path

import pytest

from specduet.mocks import create_app
from specduet.mocks.prefer import Preferences, parse_header
from specduet.mocks.settings import Settings
from tests.mocks.raw_http import RawRequest, send_raw


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("code=422", Preferences(code=422)),
        ("code=200, example=first", Preferences(code=200, example="first")),
        ('example="two words"', Preferences(example="two words")),
        (r'example="a \"quoted\" one"', Preferences(example='a "quoted" one')),
        ('example="comma, inside"; q=1, code=404', Preferences(code=404, example="comma, inside")),
        ("dynamic=true", Preferences(dynamic=True)),
        ("Dynamic=False", Preferences(dynamic=False)),
        ("wait=2", Preferences(wait=2.0)),
        ("wait=0.05", Preferences(wait=0.05)),
        ("respond-async, wait=10", Preferences(wait=10.0)),
        ("return=minimal; code=500", Preferences()),
        ("code=200, code=404", Preferences(code=200)),
        ("code = 200 ,, wait = 1", Preferences(code=200, wait=1.0)),
        ("handling=lenient", Preferences()),
        ("", Preferences()),
        (",", Preferences()),
    ],
)
def test_every_way_to_write_preferences(header: str, expected: Preferences) -> None:
    """Several, quoted, with parameters, repeated, spaced, unknown: RFC 7240, section 2."""
    assert expected == parse_header(header)


@pytest.mark.parametrize(
    "header",
    [
        *("code=abc", "code=99", "code=600", "code", "code=2(0)", "dynamic=maybe", "example="),
        *("wait=soon", "wait=-1", "wait=61", "wait=1e9", 'example="open', "=1"),
    ],
)
def test_what_is_not_understood_is_ignored(header: str) -> None:
    """A preference that cannot be read counts as none, what came before it counts, and a sentence says so."""
    preferences = parse_header(f"return=minimal, {header}")
    assert preferences == Preferences(ignored=preferences.ignored)
    assert len(preferences.ignored) == 1
    assert parse_header(f"dynamic=true, wait=1, {header}").wait == 1


DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Preferences", "version": "1"},
    "paths": {
        "/x": {
            "get": {
                "parameters": [{"name": "n", "in": "query", "schema": {"type": "integer"}}],
                "responses": {
                    "200": {"description": ""},
                    "400": {
                        "description": "",
                        "content": {"application/json": {"examples": {"a": {"value": 1}, "b": {"value": 2}}}},
                    },
                },
            }
        }
    },
}


def test_an_ignored_preference_is_in_the_log(tmp_path: Path) -> None:
    """The line of a request says what of ``Prefer`` was ignored, on success as well."""
    file, stream = tmp_path / "prefer.json", io.StringIO()
    file.write_text(json.dumps(DOCUMENT))
    mock = create_app([file], Settings(log="text"))
    assert mock._log is not None
    mock._log._stream = stream
    response = send_raw(mock, RawRequest("GET", "/x", [(b"prefer", b"code=4xx")]))
    mock._log.flush()
    assert (response.status, "preference-applied" in response.headers) == (200, False)
    assert "Prefer: code='4xx' is ignored, it is not an HTTP status" in stream.getvalue()


@pytest.mark.parametrize(
    ("prefer", "body", "applied"),
    [
        ("code=400, example=b", b"2", "code=400, example=b"),
        ("code=200", b"1", None),
        ("example=b", None, None),
    ],
)
def test_an_invalid_request_gets_the_preferred_example(
    tmp_path: Path, prefer: str, body: bytes | None, applied: str | None
) -> None:
    """If its error response has the preferred status, it is the preferred example of that."""
    file = tmp_path / "prefer.json"
    file.write_text(json.dumps(DOCUMENT))
    response = send_raw(create_app([file]), RawRequest("GET", "/x?n=a", [(b"prefer", prefer.encode())]))
    if body is None:  # the usual status has no such example
        assert response.status == 404
    else:
        assert (response.status, response.body, response.headers.get("preference-applied")) == (400, body, applied)


@pytest.mark.parametrize(
    "preferences",
    [
        Preferences(),
        Preferences(code=422),
        Preferences(example="plain"),
        Preferences(example='odd "one", with \\ and spaces'),
        Preferences(dynamic=True, wait=0.25, code=200),
        Preferences(dynamic=False),
    ],
)
def test_what_was_applied_reads_as_it_was_preferred(preferences: Preferences) -> None:
    """``Preference-Applied`` is written so that it parses to the same preferences."""
    assert preferences == parse_header(preferences.to_header())


def test_a_long_header_is_read_in_no_time() -> None:
    """A header of many unfinished quotes costs no more than its length: the pattern does not backtrack."""
    assert parse_header('example="' + "\\a" * 50_000).example is None
