"""Secrets: masked wherever and however they appear."""

import base64
import json
from urllib.parse import quote, quote_plus

import pytest

from specduet.contracts.sending.redaction import MASK, Secrets, is_secret_header

GIVEN = "p&ss wörd/+\"<'>\\%"


@pytest.mark.parametrize(
    "form",
    [
        GIVEN,
        quote(GIVEN, safe=""),
        quote(GIVEN),
        quote_plus(GIVEN),
        base64.b64encode(GIVEN.encode()).decode(),
        base64.urlsafe_b64encode(GIVEN.encode()).decode().rstrip("="),
        json.dumps(GIVEN)[1:-1],
        json.dumps(GIVEN, ensure_ascii=False)[1:-1],
        repr(GIVEN)[1:-1],
        GIVEN.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"),
    ],
)
def test_every_form_of_a_secret_is_masked(form: str) -> None:
    """Percent-encoded, base64 and escaped forms are the secret, too."""
    assert f"before {MASK} after" == Secrets([GIVEN]).mask(f"before {form} after")


def test_bytes_and_json_are_masked_too() -> None:
    """Bodies need not be text, and keys can hold a secret as well as values."""
    secrets = Secrets([GIVEN])
    assert b"\xff " + MASK.encode() == secrets.mask_bytes(b"\xff " + GIVEN.encode())
    assert {MASK: [1, f"is {MASK}"]} == secrets.mask_json({GIVEN: [1, f"is {GIVEN}"]})


def test_the_token_behind_a_scheme_is_a_secret_of_its_own() -> None:
    """Of ``Bearer x`` the x, of ``Basic x`` what it holds, of a cookie each value."""
    secrets = Secrets(["Bearer tok-123", f"Basic {base64.b64encode(b'amara:letmein').decode()}", "a=sess-1; b=sess-2"])
    assert f"{MASK} {MASK} {MASK} {MASK}" == secrets.mask("tok-123 letmein sess-1 sess-2")


def test_no_secret_changes_nothing() -> None:
    """Without secrets every text stays as it is, and a very short one does not blot out a report."""
    assert Secrets().mask("a b c") == "a b c"
    assert Secrets(["b"]).mask("a b c") == "a b c"


@pytest.mark.parametrize("name", ["Authorization", "X-Internal", "Cookie", "cc-key"])
def test_headers_are_secret_unless_known_to_be_harmless(name: str) -> None:
    """A gateway may give its key any name."""
    assert is_secret_header(name)


@pytest.mark.parametrize("name", ["Accept", "accept-language", "User-Agent", "x-request-id"])
def test_some_headers_are_harmless(name: str) -> None:
    """``Accept`` holds no secret, and masking ``application/json`` would blot out every report."""
    assert not is_secret_header(name)


def test_what_is_almost_a_secret_is_masked() -> None:
    """The probe of credentials sends a key without its last letter, and in other letters: both give it away."""
    secrets = Secrets(["key-4e1d77-Long", "abcde"])
    assert secrets.mask("a key-4e1d77-Lon b KEY-4E1D77-lONG c") == "a [redacted] b [redacted] c"
    assert secrets.mask("abcd") == "abcd"
