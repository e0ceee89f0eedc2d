"""Answers that repeat the key of the request in every form that a service may have for it."""

import base64
import html
import json
from collections.abc import Iterator
from urllib.parse import quote

from tests.hostile.service import ROW, Conversation, hostile


def _read_key(c: Conversation) -> str:
    lines = [line.decode("latin-1") for line in c.head.split(b"\r\n") if line.lower().startswith(b"x-key:")]
    raw = lines[0].partition(":")[2].strip() if lines else ""
    key = raw.encode("latin-1").decode("utf-8", "replace") if c.number % 2 else raw
    return key if len(key) > 9 else "no key was sent"


def list_encodings(key: str) -> Iterator[str]:
    """Yield a key in every form, alone and with something around it."""
    data = key.encode()
    yield from (key, quote(key, safe=""), quote(key), html.escape(key), json.dumps(key), key.replace("/", "\\/"))
    yield from (f"{key[:7]}\\u{ord(key[7]):04x}{key[8:]}", "".join(f"\\u{ord(c):04x}" for c in key))
    yield from ("".join(f"%{byte:02x}" for byte in data), "".join(f"%25{byte:02X}" for byte in data))
    yield from ("".join(f"&#{ord(c)};" for c in key), "".join(f"&#x{ord(c):x};" for c in key))
    yield from (data.hex(), data.hex(":").upper(), "".join(f"\\x{byte:02x}" for byte in data))
    for lead in range(4):
        around = b"Bearer "[:lead] + data + b" and more"
        yield from (base64.b64encode(around).decode(), base64.urlsafe_b64encode(around).decode().rstrip("="))


@hostile
def echo_in_bodies(c: Conversation) -> None:
    texts = list(list_encodings(_read_key(c)))
    text = c.choose(texts)
    body = json.dumps([{**ROW, "id": text, "state": text, text: 1}]).encode()
    c.respond(body, status="200 OK" if c.number % 3 else "500 Internal Server Error")


@hostile
def echo_in_raw_bodies(c: Conversation) -> None:
    texts = list(list_encodings(_read_key(c)))
    text = c.choose(texts).replace('"', "")
    c.respond(f'{{"id": "{text}", "state": "{text}"}}'.encode(), status="200 OK" if c.number % 3 else "500 Oh")


@hostile
def echo_in_heads(c: Conversation) -> None:
    texts = [text.encode("ascii", "backslashreplace").decode() for text in list_encodings(_read_key(c))]
    text = c.choose(texts)
    headers = [f"X-Echo-{i}: {each}" for i, each in enumerate(texts)]
    c.respond(None, *headers, f"Location: /rows/{text}", f"WWW-Authenticate: {text}", kind=f"application/{text}")


@hostile
def echo_at_the_cut(c: Conversation) -> None:
    key = _read_key(c)
    text = "x" * (100 + c.number % 25) + key
    c.respond(
        json.dumps([{**ROW, "state": text, "size": text}]).encode(), status="200 OK" if c.number % 3 else "500 Oh"
    )


@hostile
def echo_in_utf_16(c: Conversation) -> None:
    c.respond(json.dumps([{**ROW, "id": _read_key(c)}], ensure_ascii=False).encode("utf-16-le"))
