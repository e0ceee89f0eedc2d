"""Streams of server-sent events (HTML Living Standard, section 9.2)."""

import asyncio
from collections.abc import AsyncIterator

import msgspec

from specduet.mocks.responses import Receive, watch_client
from specduet.mocks.world.stream_plan import StreamedEvent
from specduet.specs.statement import parse_duration
from specduet.specs.stream_statements import EventStream, Heartbeat

_COMMENT = b":\n\n"


async def stream_events(
    events: AsyncIterator[StreamedEvent], statement: EventStream, receive: Receive
) -> AsyncIterator[bytes]:
    """Yield events in the event stream format (section 9.2.6) until they or the client end.

    The data is JSON in bytes, which has no line breaks: ``data: {"status":"running"}``.
    """
    disconnect = watch_client(receive)
    silence = parse_duration(statement.heartbeat.every).total_seconds() if statement.heartbeat else None
    next_event = asyncio.ensure_future(_get_next_event(events))
    try:
        while True:
            await asyncio.wait({next_event, disconnect}, timeout=silence, return_when=asyncio.FIRST_COMPLETED)
            if disconnect.done():
                return
            if not next_event.done():
                yield render_heartbeat(statement.heartbeat)
                continue
            event = next_event.result()
            if event is None:
                break
            yield render_event(event)
            next_event = asyncio.ensure_future(_get_next_event(events))
        if statement.end is not None:
            yield b"data: " + statement.end.encode() + b"\n\n"
    finally:
        disconnect.cancel()
        next_event.cancel()


def render_event(event: StreamedEvent) -> bytes:
    """Return the bytes of one event: ``event:`` and ``id:`` only where it has them."""
    head = f"event: {event.name}\n" if event.name else ""
    head += f"id: {event.id}\n" if event.id else ""
    return head.encode() + b"data: " + event.data + b"\n\n"


def render_heartbeat(heartbeat: Heartbeat | None) -> bytes:
    """Return what keeps a stream alive: an event, or a comment that clients do not see."""
    if heartbeat is None or (heartbeat.name is None and heartbeat.data is None):
        return _COMMENT
    return render_event(StreamedEvent(msgspec.json.encode(heartbeat.data), heartbeat.name or ""))


async def _get_next_event(events: AsyncIterator[StreamedEvent]) -> StreamedEvent | None:
    return await anext(events, None)
