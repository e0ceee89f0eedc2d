"""Headers of responses as the document describes them: an example, a usual value of the name, or one of the schema.

A required header is always sent, an optional one where a value is found. Every value satisfies its schema.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from specduet.mocks.generation import values
from specduet.mocks.json_codec import encode_json
from specduet.mocks.responses import Headers
from specduet.specs import Api, Header, Response
from specduet.specs.schemas import split_pointer

REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})
# Headers that server, framework or CORS write, and those that would make the body something else.
_RESERVED = {
    *("connection", "content-encoding", "content-length", "content-type", "date", "keep-alive", "server", "trailer"),
    *("transfer-encoding", "upgrade", "preference-applied"),
}
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110, section 5.6.2
_MISLEADING = {"link", "set-cookie", "strict-transport-security", "content-security-policy"}
"""Optional headers that change what a client does next: they are sent only if the document has an example."""
_USUAL_VALUES: Mapping[str, tuple[Any, ...]] = {
    "etag": ('"1f8e3a6c5b"',),
    "last-modified": ("Thu, 01 Jan 2026 00:00:00 GMT",),
    "expires": ("Fri, 01 Jan 2027 00:00:00 GMT",),
    "retry-after": (1, "1"),
    "cache-control": ("no-cache",),
    "vary": ("Accept",),
    "content-language": ("en",),
    "content-disposition": ('attachment; filename="example"',),
    "content-range": ("bytes 0-0/1", "items 0-0/1"),
    "accept-ranges": ("bytes",),
    "age": (0, "0"),
    "access-control-allow-origin": ("*",),
    "ratelimit-limit": (1000, "1000"),
    "ratelimit-remaining": (999, "999"),
    "ratelimit-reset": (60, "60"),
}


class ResponseHeaders:
    """The documented headers of one response, made once; only ``Location`` depends on the request."""

    def __init__(self, api: Api, response: Response, key: str) -> None:
        """``key`` is that of the random choices. Raises ``CannotGenerate`` if a required header cannot be made."""
        self._api = api
        self._key = key
        headers = [
            header
            for header in response.headers.values()
            if header.name.lower() not in _RESERVED and _TOKEN.fullmatch(header.name)
        ]
        self._location = next((header for header in headers if header.name.lower() == "location"), None)
        self._headers = [
            pair for header in headers if header is not self._location for pair in self._make_header(header)
        ]

    def make_headers(self, status: int, origin: str, path: str) -> Headers:
        """Return the headers; ``origin`` and ``path`` say where the operation is served.

        A redirect has a ``Location`` even if none is documented (RFC 9110, section 15.4).
        """
        if self._location is None:
            is_redirect = status in REDIRECT_STATUSES
            return [*self._headers, (b"location", b"/")] if is_redirect else self._headers
        targets = [path, "/"] if status < 300 else ["/"]
        candidates = [*targets, *(origin + target for target in targets)]
        return [*self._headers, *self._make_header(self._location, candidates)]

    def _make_header(self, header: Header, candidates: list[Any] | None = None) -> Iterator[tuple[bytes, bytes]]:
        """Yield the header, unless it is optional and has no value. Raises ``CannotGenerate``."""
        name = header.name.lower()
        usual = candidates or _USUAL_VALUES.get(name.removeprefix("x-").replace("rate-limit", "ratelimit"), ())
        for value in (*self._find_examples(header), *usual):
            text = self._write(header, value)
            if text is not None and self._is_valid(header, value):
                yield name.encode("latin-1", "replace"), text
                return
        if not header.required and (name in _MISLEADING or name.startswith("access-control-")):
            return
        with suppress(*(() if header.required else (Exception,))):
            text = self._generate_text(header)
            if text is not None:
                yield name.encode("latin-1", "replace"), text

    def _generate_text(self, header: Header) -> bytes | None:
        """Return a text made from the schema, of several tries the first that a header can hold."""
        if not header.schema:
            return b"example" if header.required else None
        for attempt in range(4):
            key = f"{self._key}/{header.name}/{attempt}"
            value = values.generate_value(self._api.response_schemas, header.schema, header.pointer, key)
            text = self._write(header, value)
            if text is not None:
                return text
        return str(value).encode("ascii", "ignore").translate(None, bytes(range(32))) if header.required else None

    def _write(self, header: Header, value: Any) -> bytes | None:
        """Return a value as JSON where the header has ``content``, else in the style ``simple``."""
        if split_pointer(header.pointer)[-3:-2] == ["content"]:
            return json.dumps(value, separators=(",", ":")).encode()
        raw: Any = {}
        with suppress(KeyError):
            raw = self._api.schemas.node_at(header.pointer.removesuffix("/schema"))
        return _to_header_text(value, is_exploded=isinstance(raw, Mapping) and raw.get("explode") is True)

    def _find_examples(self, header: Header) -> Iterator[Any]:
        """Yield the examples of the header itself; the generator knows those of its schema."""
        schemas = self._api.schemas
        with suppress(KeyError):
            raw = schemas.node_at(header.pointer.removesuffix("/schema"))
            if isinstance(raw, Mapping):
                yield from [raw["example"]] if "example" in raw else []
                examples = raw.get("examples")
                for example in examples.values() if isinstance(examples, Mapping) else ():
                    if isinstance(example, Mapping) and "value" in example:
                        yield example["value"]

    def _is_valid(self, header: Header, value: Any) -> bool:
        return not header.schema or self._api.response_schemas.validator_at(header.pointer).is_valid(value)


def _to_header_text(value: Any, *, is_exploded: bool = False) -> bytes | None:
    """Return a value in the style ``simple`` (OAS 3.1, 4.8.12.2); None if no header can hold it."""
    if isinstance(value, list):
        text = ",".join(map(_to_text, value))
    elif isinstance(value, dict):
        between = "=" if is_exploded else ","
        text = ",".join(f"{name}{between}{_to_text(item)}" for name, item in value.items())
    else:
        text = _to_text(value)
    # RFC 9110, section 5.5: visible characters, and blanks between them
    return text.encode() if text.isascii() and text.isprintable() and text == text.strip() and text else None


def _to_text(value: Any) -> str:
    return value if isinstance(value, str) else encode_json(value).decode()
