"""Streams of server-sent events (HTML Living Standard, section 9.2)."""

import asyncio
from collections.abc import AsyncIterator

from specduet.mocks.responses import Receive, wait_for_disconnect


async def stream_events(events: AsyncIterator[bytes], receive: Receive) -> AsyncIterator[bytes]:
    """Yield events in the event stream format (HTML Living Standard, section 9.2.6) until they or the client end.

    An event is JSON in bytes, which has no line breaks: ``data: {"status":"running"}``.
    """
    disconnect = asyncio.ensure_future(wait_for_disconnect(receive))
    try:
        while True:
            next_event = asyncio.ensure_future(_get_next_event(events))
            await asyncio.wait({next_event, disconnect}, return_when=asyncio.FIRST_COMPLETED)
            event = next_event.result() if next_event.done() else None
            if event is None:
                next_event.cancel()
                return
            yield b"data: " + event + b"\n\n"
    finally:
        disconnect.cancel()


async def _get_next_event(events: AsyncIterator[bytes]) -> bytes | None:
    return await anext(events, None)
