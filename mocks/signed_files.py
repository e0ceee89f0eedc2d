"""Files at signed addresses: the mock serves them itself, as long as their address says and to nobody who changes it.

Rows hold the name of a file below a host that stands for the mock; each response signs it anew.
"""

import hashlib
import hmac
from base64 import b64decode
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs

import msgspec

from specduet.mocks.clock import SECOND, Clock, Micros, format_timestamp, parse_micros
from specduet.mocks.generation.file_names import FILE_ADDRESS, MEDIA_TYPES
from specduet.mocks.request import Request
from specduet.mocks.responses import HttpResponse, make_response
from specduet.specs import Api
from specduet.specs.behavior import ServedFile

FILES_PREFIX = "/__files__/"
_MARK = FILE_ADDRESS.encode()
_DATA = b"data: "
_PICTURES = {
    "jpeg": "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAP/////////////////////////////////////////////////////////////////////"
    "/////////////////wAALCAAIAAgBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAAv/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AT//Z",
    "png": "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAAAAADhZOFXAAAAEElEQVR42mM8wQABTAwUMQA6AADYbMmlZgAAAABJRU5ErkJggg==",
}
"""Eight by eight grey pixels."""
_TEXTS = {
    "html": """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{0}</title></head>
<body><h1>{0}</h1>
<form id="search" action="/search" method="post">
<label for="customer">Customer</label> <input id="customer" name="customer" type="text">
<select id="region" name="region"><option>North</option><option>South</option></select>
<button id="send" type="submit">Send</button>
</form>
<a id="help" href="/help">Help</a>
</body></html>
""",
    "csv": "name,amount\n{0},42\n",
    "json": '{{"name": "{0}"}}\n',
    "pdf": "%PDF-1.4\n% {0}\ntrailer<</Root<</Pages<</Kids[]/Count 0>>>>>>\n%%EOF\n",
    "txt": "{0}\n",
}
"""Contents in which the name of the file stands."""
_WEBM = b"\x1a\x45\xdf\xa3\x8fB\x86\x81\x01B\xf7\x81\x01B\x82\x84webm"
"""The head of a recording without a picture."""


class FileRefused(Exception):
    """An address that leads to no file; ``status`` is that of the response."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class SignedFiles:
    """The files of all APIs of one mock."""

    def __init__(self, apis: Sequence[Api], seed: int) -> None:
        self._apis = {api.name: api for api in apis}
        self._seed = seed
        self._signers: dict[str, FileSigner] = {}
        """Made when the first file is shown: a large document is not searched before."""

    def sign_response(self, api: str, response: HttpResponse, request: Request, clock: Clock) -> None:
        """Give each file in a response its address, and the time at which that ends."""
        if response.stream is not None:
            response.stream = self._sign_stream(api, response.stream, request.origin, clock.current_micros())
        elif _MARK in response.body:
            signed = response.with_body(self.sign_body(api, response.body, request.origin, clock.current_micros()))
            response.headers, response.body = signed.headers, signed.body

    def sign_body(self, api: str, body: bytes, origin: str, now: Micros) -> bytes:
        """Return JSON in which each file has its address, and the time at which that ends."""
        if _MARK not in body:
            return body
        try:
            value = msgspec.json.decode(body)
        except msgspec.DecodeError:
            return body
        return msgspec.json.encode(self._find_signer(api).sign_value(value, f"{origin}{FILES_PREFIX}{api}/", now))

    async def _sign_stream(
        self, api: str, stream: AsyncIterator[bytes], origin: str, now: Micros
    ) -> AsyncIterator[bytes]:
        async for piece in stream:
            if _MARK in piece:
                head, data, body = piece.partition(_DATA)
                yield head + data + self.sign_body(api, body.rstrip(b"\n"), origin, now) + b"\n\n"
            else:
                yield piece

    def serve(self, path: str, query_string: bytes, now: Micros) -> HttpResponse:
        """Return the file at a signed address. Raises ``FileRefused``."""
        api, _, name = path.removeprefix(FILES_PREFIX).partition("/")
        query = {key: values[-1] for key, values in parse_qs(query_string.decode("latin-1")).items()}
        if api not in self._apis or not self._find_signer(api).is_signed(name, query):
            raise FileRefused(403, "The signature does not fit the address")
        if now >= int(query["expires"]) * SECOND:
            raise FileRefused(403, "The address has expired")
        ending = name.rpartition(".")[2]
        return make_response(200, _make_content(name, ending), MEDIA_TYPES.get(ending, "text/plain").encode())

    def _find_signer(self, api: str) -> "FileSigner":
        signer = self._signers.get(api)
        if signer is None:
            signer = self._signers[api] = FileSigner(self._apis[api], self._seed)
        return signer


class FileSigner:
    """The files of one API, and the key of their addresses."""

    def __init__(self, api: Api, seed: int) -> None:
        self._statements = dict(_find_statements(api.document))
        self._key = f"{seed}/{api.name}".encode()

    def sign_value(self, value: Any, address: str, now: Micros) -> Any:
        """Return a value of JSON in which the files are below an address."""
        if isinstance(value, list):
            return [self.sign_value(item, address, now) for item in value]
        if not isinstance(value, dict):
            return value
        signed = {name: self.sign_value(inner, address, now) for name, inner in value.items()}
        for name, inner in value.items():
            statement = self._statements.get(name)
            if statement is not None and isinstance(inner, str) and inner.startswith(FILE_ADDRESS):
                expires_at = now + parse_micros(statement.lifetime)
                signed[name] = address + self._sign_name(inner.removeprefix(FILE_ADDRESS), expires_at // SECOND)
                if statement.expires in value:
                    is_text = isinstance(value[statement.expires], str)
                    signed[statement.expires] = format_timestamp(expires_at) if is_text else expires_at // SECOND
        return signed

    def _sign_name(self, name: str, expires: int) -> str:
        return f"{name}?expires={expires}&signature={self._make_signature(name, expires)}"

    def _make_signature(self, name: str, expires: int) -> str:
        return hmac.new(self._key, f"{name}:{expires}".encode(), hashlib.sha256).hexdigest()[:32]

    def is_signed(self, name: str, query: Mapping[str, str]) -> bool:
        """Return whether an address was given by this API, for this time."""
        expires, given = query.get("expires", ""), query.get("signature", "")
        if not (expires.isascii() and expires.isdecimal() and len(expires) < 20 and given.isascii()):
            return False
        return hmac.compare_digest(self._make_signature(name, int(expires)), given)


def _make_content(name: str, ending: str) -> bytes:
    """Return the content of a file, the same for the same name."""
    if ending in _PICTURES:
        return b64decode(_PICTURES[ending])
    return _WEBM if ending == "webm" else _TEXTS.get(ending, _TEXTS["txt"]).format(name).encode()


def _find_statements(document: Any) -> Iterator[tuple[str, ServedFile]]:
    """Yield the statements on served files, by the names of their properties."""
    seen, waiting = {id(document)}, [document]
    while waiting:
        node = waiting.pop()
        for name, inner in node.items() if isinstance(node, Mapping) else enumerate(node):
            if isinstance(inner, Mapping | list) and id(inner) not in seen:
                seen.add(id(inner))
                waiting.append(inner)
                words = inner.get("x-specduet") if isinstance(inner, Mapping) else None
                if isinstance(words, Mapping) and "file" in words:
                    yield str(name), msgspec.convert(words, ServedFile)
