"""The addresses to which webhooks may be sent, and the request that sends one."""

import asyncio
import ipaddress
import ssl
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

TIMEOUT_S = 10.0
"""How long a receiver may take to respond."""
MAX_RESPONSE_BYTES = 65_536
"""The most that is read of a response."""


class Reply(NamedTuple):
    """The response of a receiver."""

    status: int
    text: str


def explain_forbidden(url: str, allowed: Collection[str]) -> str:
    """Return why webhooks are not sent to a URL; empty if they are: to this machine, and to ``allowed`` hosts."""
    try:
        parts = urlsplit(url)
        host, _ = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return "it is no URL"
    if parts.scheme not in {"http", "https"} or not host:
        return "it is no URL of http or https"
    if not url.isascii() or any(character <= " " for character in url):
        return "it has characters that no URL has"
    if is_loopback(host) or host in {name.lower() for name in allowed}:
        return ""
    return f"webhooks are sent to this machine only; --allow-webhooks {host} allows them"


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine, whoever resolves its name (RFC 6761, section 6.3)."""
    with suppress(ValueError):
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    return host == "localhost" or host.endswith(".localhost")


async def send_webhook(url: str, method: str, headers: Mapping[str, str], body: bytes) -> Reply:
    """Send a webhook and return the response. Raises ``OSError`` where there is none, ``TimeoutError`` among them."""
    async with asyncio.timeout(TIMEOUT_S):
        parts = urlsplit(url)
        reader, writer = await _open_connection(parts)
        try:
            writer.write(_encode_head(parts, method, headers, len(body)) + body)
            await writer.drain()
            return await _read_reply(reader)
        except asyncio.LimitOverrunError as error:
            raise ConnectionError("the head of the response is too long") from error
        finally:
            writer.close()


async def _read_reply(reader: asyncio.StreamReader) -> Reply:
    """Read a response. Raises ``OSError`` for what is no HTTP/1.1, and for nothing."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        raise ConnectionError("the receiver hung up") from error
    version, _, rest = head.partition(b"\r\n")[0].partition(b" ")
    if not version.startswith(b"HTTP/1.") or not rest[:3].isdigit():
        raise ConnectionError("the receiver did not respond in HTTP/1.1")
    lines = (line.partition(b":") for line in head.lower().split(b"\r\n")[1:])
    fields = {name.strip(): value.strip() for name, _, value in lines}
    if fields.get(b"transfer-encoding") == b"chunked":
        body = await _read_chunks(reader)
    elif fields.get(b"content-length", b"").isdigit():
        body = await _read_most(reader, min(int(fields[b"content-length"]), MAX_RESPONSE_BYTES))
    else:
        body = await _read_most(reader, MAX_RESPONSE_BYTES)
    return Reply(int(rest[:3]), body.decode("utf-8", "replace"))


async def _read_most(reader: asyncio.StreamReader, length: int) -> bytes:
    """Return so many bytes, fewer where the connection ends before."""
    try:
        return await reader.readexactly(length)
    except asyncio.IncompleteReadError as error:
        return error.partial


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while len(body) < MAX_RESPONSE_BYTES:
        size = (await reader.readline()).partition(b";")[0].strip()
        if not size or size.strip(b"0123456789abcdefABCDEF") or not int(size, 16):
            return body
        body += await _read_most(reader, min(int(size, 16), MAX_RESPONSE_BYTES))
        await reader.readline()
    return body


async def _open_connection(parts: SplitResult) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, is_secure = parts.hostname or "", parts.scheme == "https"
    context = ssl.create_default_context() if is_secure else None
    if context is not None and is_loopback(host):  # whose certificate nobody signs
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    address = "127.0.0.1" if host.endswith(".localhost") else host
    return await asyncio.open_connection(address, parts.port or (443 if is_secure else 80), ssl=context)


def _encode_head(parts: SplitResult, method: str, headers: Mapping[str, str], length: int) -> bytes:
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = {"host": parts.netloc.rpartition("@")[2], **headers, "content-length": str(length), "connection": "close"}
    head = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in lines.items()), "", ""]
    return "\r\n".join(head).encode("latin-1", "replace")
