"""``Prefer`` is read as RFC 7240 writes it."""

import pytest

from specduet.mocks.prefer import BadPreference, Preferences, parse_header


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
        *("code=abc", "code=99", "code=600", "code", "code=2(0)", "dynamic=maybe"),
        *("wait=soon", "wait=-1", "wait=61", "wait=1e9", 'example="open', "=1"),
    ],
)
def test_what_cannot_be_honoured_is_rejected(header: str) -> None:
    """A preference that the mock knows and cannot read is never passed over in silence."""
    with pytest.raises(BadPreference):
        parse_header(header)


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
    with pytest.raises(BadPreference):
        parse_header('example="' + "\\a" * 50_000)
