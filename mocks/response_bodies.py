"""Bodies of responses: a value as JSON, as lines of JSON, as events, CSV, XML, HTML, a form, text or bytes.

A text is sent as it is wherever it may be a body by itself: an example of an XML body is mostly written as a text.
"""

import base64
import binascii
import csv
import io
import zlib
from collections.abc import Callable, Mapping
from html import escape
from typing import Any
from urllib.parse import urlencode

from specduet.mocks.json_codec import encode_json
from specduet.mocks.media_types import get_kind, strip_parameters
from specduet.mocks.xml_bodies import encode_xml
from specduet.specs import Schema, Schemas

MULTIPART_BOUNDARY = "specduet-boundary"
_EVENT_FIELDS = ("id", "event", "retry", "data")


def encode_body(value: Any, media_type: str, schemas: Schemas, schema: Schema, pointer: str) -> bytes:
    """Return the bytes of a value under a concrete media type; ``schema`` is the value's own, at ``pointer``."""
    kind = get_kind(media_type)
    if kind == "json":
        return encode_json(value)
    if kind == "xml" and not _is_xml_text(value):
        return encode_xml(value, schemas, schema, pointer)
    if kind == "binary":
        return _encode_bytes(value, strip_parameters(media_type))
    return _TEXT_ENCODERS.get(kind, _encode_text)(value).encode("utf-8", "replace")


def make_free_value(media_type: str) -> Any:
    """Return a value for a media type of which the document says nothing else."""
    kind = get_kind(media_type)
    if kind in {"json", "json-lines", "form", "multipart"}:
        return {}
    if kind == "events":
        return [{"number": number} for number in (1, 2, 3)]
    return {
        "xml": "<?xml version='1.0' encoding='utf-8'?>\n<response />",
        "csv": "id,name\r\n1,example\r\n",
        "html": "<!doctype html><title>Example</title><p>Example</p>",
    }.get(kind, "Example")


def _is_xml_text(value: Any) -> bool:
    return isinstance(value, str) and value.lstrip().startswith("<")


def _to_text(value: Any) -> str:
    """Return a text as it is, anything else as JSON, of which null is nothing."""
    return value if isinstance(value, str) else "" if value is None else encode_json(value).decode()


def _encode_text(value: Any) -> str:
    return _to_text(value)


def _encode_lines(value: Any) -> str:
    items = value if isinstance(value, list) else [value]
    return value if isinstance(value, str) else "".join(f"{encode_json(item).decode()}\n" for item in items)


def _encode_events(value: Any) -> str:
    """Return a stream of events (HTML Living Standard, section 9.2.6) that ends: one event for each item of a list."""
    if isinstance(value, str) and value.startswith(("data:", "event:", "id:", "retry:", ":")):
        return value.rstrip("\n") + "\n\n"
    return "".join(map(_encode_event, value if isinstance(value, list) else [value]))


def _encode_event(value: Any) -> str:
    fields: Mapping[str, Any] = {"data": value}
    if isinstance(value, dict) and "data" in value and value.keys() <= set(_EVENT_FIELDS):
        fields = value
    lines = [
        f"{name}: {line}"
        for name in _EVENT_FIELDS
        if name in fields
        for line in _to_text(fields[name]).splitlines() or [""]
    ]
    return "\n".join(lines) + "\n\n"


def _encode_csv(value: Any) -> str:
    """Return the rows of a list: of objects, with their names as the first row."""
    if isinstance(value, str):
        return value
    rows = value if isinstance(value, list) else [value]
    names = list(dict.fromkeys(name for row in rows if isinstance(row, dict) for name in row))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerows([names] if names else [])
    for row in rows:
        cells = [row.get(name) for name in names] if isinstance(row, dict) else row if isinstance(row, list) else [row]
        writer.writerow(map(_to_text, cells))
    return text.getvalue()


def _encode_html(value: Any) -> str:
    return value if isinstance(value, str) else f"<!doctype html><pre>{escape(_to_text(value))}</pre>"


def _encode_form(value: Any) -> str:
    if not isinstance(value, dict):
        return _to_text(value)
    pairs = [(name, item) for name, items in value.items() for item in (items if isinstance(items, list) else [items])]
    return urlencode([(name, _to_text(item)) for name, item in pairs])


def _encode_multipart(value: Any) -> str:
    if isinstance(value, str) and value.startswith("--"):
        return value
    parts = value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else [value])
    lines: list[str] = []
    for name, item in parts:
        quoted = str(name).replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
        media_type = "text/plain" if isinstance(item, str) else "application/json"
        lines += [f"--{MULTIPART_BOUNDARY}", f'Content-Disposition: form-data; name="{quoted}"']
        lines += [f"Content-Type: {media_type}", "", _to_text(item)]
    return "\r\n".join([*lines, f"--{MULTIPART_BOUNDARY}--", ""])


_TEXT_ENCODERS: Mapping[str, Callable[[Any], str]] = {
    "json-lines": _encode_lines,
    "events": _encode_events,
    "csv": _encode_csv,
    "html": _encode_html,
    "form": _encode_form,
    "multipart": _encode_multipart,
}


def _encode_bytes(value: Any, media_type: str) -> bytes:
    """Return the smallest valid file of a type that has one, so that clients can open it; else the value itself."""
    if media_type in _SMALLEST_FILES:
        return _decode_data_text(value) or _SMALLEST_FILES[media_type]()
    return _to_text(value).encode("utf-8", "replace")


def _decode_data_text(value: Any) -> bytes:
    """Return the bytes of an example that is written in base64; nothing for any other value."""
    text = value.partition("base64,")[2] or value if isinstance(value, str) else ""
    try:
        return base64.b64decode(text, validate=True) if len(text) >= 64 else b""  # a short word may be base64 by chance
    except (binascii.Error, ValueError):
        return b""


def _make_png() -> bytes:
    def make_chunk(name: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(name + data).to_bytes(4, "big")
        return len(data).to_bytes(4, "big") + name + data + checksum

    header = (1).to_bytes(4, "big") * 2 + bytes((8, 2, 0, 0, 0))
    pixel = zlib.compress(bytes((0, 64, 128, 192)))
    chunks = make_chunk(b"IHDR", header) + make_chunk(b"IDAT", pixel) + make_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def _make_gif() -> bytes:
    screen, colors = bytes.fromhex("0100 0100 80 00 00"), bytes.fromhex("000000 ffffff")
    return b"GIF89a" + screen + colors + bytes.fromhex("2c 0000 0000 0100 0100 00 02 02 4401 00 3b")


def _make_pdf() -> bytes:
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 72]>>",
    ]
    body, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj%sendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    trailer = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, len(body))
    return body + b"xref\n0 %d\n0000000000 65535 f \n" % size + table + trailer


def _make_wav() -> bytes:
    samples = bytes(16)
    chunks = b"WAVEfmt " + bytes.fromhex("10000000 0100 0100 401f0000 401f0000 0100 0800") + b"data"
    chunks += len(samples).to_bytes(4, "little") + samples
    return b"RIFF" + len(chunks).to_bytes(4, "little") + chunks


def _make_zip() -> bytes:
    return b"PK\x05\x06" + bytes(18)


def _make_gzip() -> bytes:
    compressor = zlib.compressobj(wbits=31)
    return compressor.compress(b"example\n") + compressor.flush()


_SMALLEST_FILES: Mapping[str, Callable[[], bytes]] = {
    "image/png": _make_png,
    "image/gif": _make_gif,
    "application/pdf": _make_pdf,
    "audio/wav": _make_wav,
    "audio/x-wav": _make_wav,
    "application/zip": _make_zip,
    "application/gzip": _make_gzip,
    "application/x-gzip": _make_gzip,
}
