"""What a fault does to an answer on its way out: hold it, replace it, cut it short, or drop the connection."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Mapping
from typing import Any, cast

from specduet.mocks.control.faults import Injection
from specduet.mocks.responses import Message, Receive, Send

Scope = Mapping[str, Any]

MARK = b"x-mock-fault"
# Under this name the server's protocol hands the connection to the application, in the ASGI scope's state.
TRANSPORT = "specduet.transport"


class Dropped(BaseException):
    """A connection that cannot be reset from here. No ``Exception``: those are made into answers on the way."""


def marking(injection: Injection, send: Send) -> Send:
    """``send``, with the header that says which faults were injected."""
    mark = injection.mark.encode("ascii")

    async def send_marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), (MARK, mark)]}
        await send(message)

    return send_marked


def cutting(keep: int | None, scope: Scope, receive: Receive, send: Send) -> Send:
    """``send``, which announces the whole body, sends its first ``keep`` bytes, or half of it, and hangs up."""
    done = False

    async def send_cut(message: Message) -> None:
        nonlocal done
        if done:
            return
        if message["type"] == "http.response.start":
            await send(message)
            return
        done = True
        body = message.get("body", b"")
        kept = body[: len(body) // 2 if keep is None else keep]
        transport = _transport(scope)
        await send({"type": "http.response.body", "body": kept, "more_body": transport is not None})
        if transport is not None:
            transport.close()
            await _gone(receive)

    return send_cut


async def drop(scope: Scope, receive: Receive) -> None:
    """Reset the connection (a TCP RST). Raises ``Dropped`` where the server does not show it."""
    transport = _transport(scope)
    if transport is None:
        raise Dropped
    connection = transport.get_extra_info("socket")
    if connection is not None:
        with contextlib.suppress(OSError):  # lingering for 0 s turns a close into a reset
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    await _gone(receive)


def _transport(scope: Scope) -> asyncio.Transport | None:
    # uvloop's transports are no subclasses of asyncio's, so there is nothing to check at run time
    return cast("asyncio.Transport | None", scope.get("state", {}).get(TRANSPORT))


async def _gone(receive: Receive) -> None:
    """Wait until the server has noticed that the connection is gone: it would call an unfinished answer an error."""
    while (await receive())["type"] != "http.disconnect":
        pass
