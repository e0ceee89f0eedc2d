"""Secrets: masked wherever and however they appear."""

import base64
import json
import time
from collections.abc import Callable
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


ESCAPES: dict[str, Callable[[str], str]] = {
    "JSON": lambda text: "".join(f"\\u{ord(c):04x}" for c in text),
    "JSON in capitals": lambda text: "".join(f"\\u{ord(c):04X}" for c in text),
    "JSON twice": lambda text: "".join(f"\\\\u{ord(c):04x}" for c in text),
    "percent": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "percent twice": lambda text: "".join(f"%25{byte:02X}" for byte in text.encode()),
    "quoted-printable": lambda text: "".join(f"={byte:02X}" for byte in text.encode()),
    "hex": lambda text: text.encode().hex(),
    "hex in capitals": lambda text: text.encode().hex().upper(),
    "hex with colons": lambda text: text.encode().hex(":"),
    "bytes": lambda text: "".join(f"\\x{byte:02x}" for byte in text.encode()),
    "octal": lambda text: "".join(f"\\{byte:03o}" for byte in text.encode()),
    "entities": lambda text: "".join(f"&#{ord(c)};" for c in text),
    "entities in hex": lambda text: "".join(f"&#x{ord(c):X};" for c in text),
    "other case": str.swapcase,
    "slashes": lambda text: text.replace("\\", "\\\\").replace("/", "\\/").replace('"', '\\"'),
}


@pytest.mark.parametrize("name", ESCAPES)
@pytest.mark.parametrize("every", [1, 2, 3])
def test_escapes_are_seen_through(name: str, every: int) -> None:
    """A service may escape every character of a secret, or some, in the ways of JSON, URLs, HTML, hex and programs."""
    escape = ESCAPES[name]
    is_whole = "hex" in name.split() or name in {"other case", "slashes"}
    text = escape(GIVEN) if is_whole else "".join(escape(c) if n % every == 0 else c for n, c in enumerate(GIVEN))
    assert Secrets([GIVEN]).mask(f"before {text} after") == f"before {MASK} after"


@pytest.mark.parametrize("lead", range(4))
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_base64_with_anything_around_is_masked(lead: int, encode: Callable[[bytes], bytes]) -> None:
    """Wherever in an encoded text the secret begins, what is left of it tells nothing."""
    encoded = encode(b"x" * lead + GIVEN.encode() + b"yz").decode()
    masked = Secrets([GIVEN]).mask(encoded)
    assert MASK in masked
    assert len(masked.replace(MASK, "")) <= 4 * -(-lead // 3) + 8
    assert Secrets([GIVEN]).mask(quote(encoded, safe="")).count(MASK) == 1


def test_text_of_utf_16_is_masked() -> None:
    """Bytes need not be UTF-8."""
    secrets = Secrets(["key-4e1d77"])
    assert b"key" not in secrets.mask_bytes("a key-4e1d77 b".encode("utf-16-le")).replace(b"\0", b"")


def test_half_a_secret_before_a_cut_is_masked() -> None:
    """Where a text was cut within a secret, its beginning is one, too; a few letters are no secret."""
    secrets = Secrets(["key-4e1d77-Long"])
    assert secrets.mask("says key-4e1d7… and key… and …") == f"says {MASK}… and key… and …"


@pytest.mark.parametrize(
    "piece", ['{"a":"\\u0070%70&#x70;p"}', "\\", "%25", "&amp;", "&#", "0", "%", "\0", "=", "p", "…", "\\u0"]
)
def test_much_text_is_searched_in_linear_time(piece: str) -> None:
    """A fifth of a megabyte of escapes, or of nothing but their marks, takes seconds at most."""
    text = piece * (200_000 // len(piece))
    started = time.process_time()
    assert MASK not in Secrets([GIVEN]).mask(text)
    assert time.process_time() - started < 10


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
