"""Effects of injected faults on a response: a header that names the faults, a body cut short, a reset connection."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Mapping
from typing import Any, cast

from specduet.mocks.control.faults import Injection
from specduet.mocks.responses import Message, Receive, Send, wait_for_disconnect

AsgiScope = Mapping[str, Any]

FAULT_HEADER = b"x-mock-fault"
TRANSPORT_KEY = "specduet.transport"
"""Key of the ASGI scope's state under which the server's protocol puts the transport of the connection."""


class ConnectionDropped(BaseException):
    """A connection to be reset that no transport is known of. No ``Exception``: middleware makes responses of those."""


def add_fault_header(injection: Injection, send: Send) -> Send:
    """Return ``send`` with the header that names the injected faults."""
    value = injection.header_value.encode("ascii")

    async def send_with_header(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), (FAULT_HEADER, value)]}
        await send(message)

    return send_with_header


def truncate_body(keep: int | None, scope: AsgiScope, receive: Receive, send: Send) -> Send:
    """Return a ``send`` that sends the first ``keep`` bytes of a body, and closes the connection.

    ``content-length`` stays that of the whole body. ``keep`` None is half of the body.
    """
    is_done = False

    async def send_truncated(message: Message) -> None:
        nonlocal is_done
        if is_done:
            return
        if message["type"] == "http.response.start":
            await send(message)
            return
        is_done = True
        body = message.get("body", b"")
        kept = body[: len(body) // 2 if keep is None else keep]
        transport = _get_transport(scope)
        await send({"type": "http.response.body", "body": kept, "more_body": transport is not None})
        if transport is not None:
            transport.close()
            await wait_for_disconnect(receive)  # the server would call a response that is not complete an error

    return send_truncated


async def reset_connection(scope: AsgiScope, receive: Receive) -> None:
    """Reset the connection (a TCP RST). Raises ``ConnectionDropped`` if the server does not show the transport."""
    transport = _get_transport(scope)
    if transport is None:
        raise ConnectionDropped
    connection = transport.get_extra_info("socket")
    if connection is not None:
        with contextlib.suppress(OSError):  # lingering for 0 s turns a close into a reset
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    await wait_for_disconnect(receive)  # the server would call a request without a response an error


def _get_transport(scope: AsgiScope) -> asyncio.Transport | None:
    # uvloop's transports are no subclasses of asyncio's, so there is nothing to check at run time
    return cast("asyncio.Transport | None", scope.get("state", {}).get(TRANSPORT_KEY))
