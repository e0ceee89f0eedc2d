"""Texts of a URL or of a form after percent-decoding."""

import re
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, unquote_to_bytes, urljoin, urlsplit

from specduet.contracts.oracle import scalars


def split_address(url: str) -> SplitResult:
    """Return the parts of a URL that a service or a document gives; one that is no URL has none."""
    try:
        return urlsplit(url)
    except ValueError:
        return SplitResult("", "", "", "", "")


def read_address_end(url: str) -> str:
    """Return the last part of the path of a URL, decoded: the id of the row that it leads to; empty for none."""
    return unquote(split_address(url).path.rstrip("/").rpartition("/")[2])


def join_address(base: str, reference: str) -> str:
    """Return the URL that a reference of a service leads to (RFC 3986, 5.2), empty where it is none."""
    try:
        return urljoin(base, reference)
    except ValueError:
        return ""


class DecodedText(NamedTuple):
    """A text of a URL after percent-decoding."""

    value: str
    is_unambiguous: bool
    """True if every server decodes the text to this value."""


def decode_percent(raw: str, *, is_form: bool) -> DecodedText:
    """Decode a text of a URL; in a query (``is_form``) a plus sign is a space."""
    data = unquote_to_bytes(raw.replace("+", " ") if is_form else raw)
    is_unambiguous = not re.search(r"%(?![0-9A-Fa-f]{2})", raw) and raw.isascii()
    try:
        value = data.decode()
    except UnicodeDecodeError:
        return DecodedText(data.decode(errors="replace"), is_unambiguous=False)
    return DecodedText(value, is_unambiguous and scalars.is_plain_text(value))


def split_pairs(text: str) -> list[tuple[str, DecodedText]]:
    """Return the pairs of a query or of a form: ``a=1&b=%20`` gives ``[("a", "1"), ("b", " ")]``."""
    pieces = [piece.partition("=") for piece in text.split("&") if piece]
    return [
        (decode_percent(name, is_form=True).value, decode_percent(value, is_form=True)) for name, _, value in pieces
    ]
