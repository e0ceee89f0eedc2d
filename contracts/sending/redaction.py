"""Masking of secrets: what the operator gave as a credential is hidden in everything that people can read.

A value is recognised as it was given, and in every form of ``contracts/sending/encoded_forms.py``.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from typing import Any

from specduet.contracts.sending.encoded_forms import compile_escaped, compile_hint, list_forms, misread

MASK = "[redacted]"
_MIN_LENGTH = 4
"""A shorter secret is masked in its own header only: masked anywhere, it would blot out half of a report."""

_CUT = "…"
_MIN_BEGINNING = 6
_MAX_CUTS = 1_000
"""Marks in one text; a text with more was not cut so often, but written so."""

_HARMLESS_HEADERS = re.compile(
    r"accept(-.*)?|cache-control|connection|content-type|from|host|if-.*|origin|pragma|prefer|referer|te|user-agent"
    r"|x-request-id|x-correlation-id|x-mock-session|traceparent|tracestate",
    re.IGNORECASE,
)


class Secrets:
    """Mask every secret that was added. One instance serves a whole run."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._given: tuple[str, ...] = ()
        """Long ones first."""
        self._values: set[str] = set()
        """Those that were given, and the near misses of each."""
        self._forms: tuple[str, ...] = ()
        """The literal forms of all values, long ones first."""
        self._longest_form = 0
        self._beginnings: frozenset[str] = frozenset()
        """What may be left of a form where a text was cut."""
        self._hint: re.Pattern[str] | None = None
        """What a text has that holds a value with escapes."""
        for value in values:
            self.add(value)

    def add(self, value: str) -> None:
        """Mask ``value`` from now on, and also the parts of ``Bearer x`` and ``a=x; b=y``."""
        parts = [each for part in _split_secret(value) if len(part) >= _MIN_LENGTH for each in misread(part)]
        self._values.update(parts, *(make_near_misses(part) for part in parts))
        self._given = _sort_by_length({*self._given, *parts})
        self._forms = _sort_by_length({form for each in self._values for form in list_forms(each)})
        self._longest_form = max(map(len, self._forms), default=0)
        self._beginnings = frozenset(f[:end] for f in self._forms for end in range(_MIN_BEGINNING, len(f)))
        self._hint = compile_hint(self._given) if self._given else None

    @property
    def longest(self) -> int:
        """The number of characters of the longest form, about."""
        return 6 * max(map(len, self._values), default=0)

    def mask(self, text: str) -> str:
        """Return the text with every secret replaced by ``[redacted]``."""
        if self._hint is None:
            return text
        for form in self._forms:
            if form in text:
                text = text.replace(form, MASK)
        if self._hint.search(text):
            for value in self._given:
                text = compile_escaped(value).sub(MASK, text)
        return self._mask_cut(text) if _CUT in text else text

    def _mask_cut(self, text: str) -> str:
        """Mask the beginning of a secret in front of the mark that the rest of a text was cut off."""
        pieces = text.split(_CUT)
        if len(pieces) > _MAX_CUTS:
            return text
        for number, piece in enumerate(pieces[:-1]):
            lengths = range(min(self._longest_form, len(piece)), _MIN_BEGINNING - 1, -1)
            length = next((length for length in lengths if piece[-length:] in self._beginnings), 0)
            pieces[number] = piece[: len(piece) - length] + MASK if length else piece
        return _CUT.join(pieces)

    def mask_bytes(self, data: bytes) -> bytes:
        """Return bytes, which need not be text, with every secret replaced."""
        return self.mask(data.decode("latin-1")).encode("latin-1") if self._hint else data

    def mask_json(self, value: Any) -> Any:
        """Return a JSON value with every secret replaced, in texts and in keys."""
        if isinstance(value, str):
            return self.mask(value)
        if isinstance(value, dict):
            return {self.mask(str(key)): self.mask_json(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.mask_json(inner) for inner in value]
        return value


def _sort_by_length(texts: Iterable[str]) -> tuple[str, ...]:
    """Return texts with the long ones first, so that none is replaced within a longer one."""
    return tuple(sorted(texts, key=len, reverse=True))


def make_near_misses(secret: str) -> list[str]:
    """Return the secret without its last letter, and in the other case: the credentials probe sends them as wrong ones.

    They are masked, too, because whoever knows one of them knows the secret. A short secret is not shortened: what is
    left could stand in a text by chance.
    """
    return [*([secret[:-1]] if len(secret) > 2 * _MIN_LENGTH else []), secret.swapcase()]


def is_secret_header(name: str) -> bool:
    """Return whether the value of a header that the operator gave is masked: all but those with a harmless name."""
    return _HARMLESS_HEADERS.fullmatch(name) is None


def _split_secret(value: str) -> Iterator[str]:
    """Yield the value, the token behind a scheme (``Bearer x``), and the values of a cookie header."""
    value = value.strip()
    yield value
    scheme, _, rest = value.partition(" ")
    if rest and re.fullmatch(r"[A-Za-z][\w-]*", scheme):
        yield rest.strip()
        if scheme.lower() == "basic":
            yield from _decode_basic(rest.strip())
    if "=" in value and ";" in value:
        yield from (pair.partition("=")[2].strip() for pair in value.split(";"))


def _decode_basic(token: str) -> Iterator[str]:
    """Yield ``user:password`` and the password of a Basic token (RFC 7617), if it is one."""
    try:
        plain = base64.b64decode(token, validate=True).decode()
    except (binascii.Error, ValueError):
        return
    yield plain
    yield plain.partition(":")[2]
