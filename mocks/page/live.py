"""The stream by which an open page follows the mock: server-sent events with the parts that have changed."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from specduet.mocks.json_codec import encode_json
from specduet.mocks.responses import Receive, watch_client

_PAUSE_S = 0.7
"""Seconds between two looks: an open page costs the mock no more than one look in that time."""


async def stream_sections(render: Callable[[], Mapping[str, Any]], receive: Receive) -> AsyncIterator[bytes]:
    """Yield an event with the HTML of each part that differs from the one sent last, until the client is gone."""
    disconnect = watch_client(receive)
    sent: Mapping[str, Any] = {}
    try:
        while not disconnect.done():
            sections = {name: str(html) for name, html in render().items()}
            changed = {name: html for name, html in sections.items() if sent.get(name) != html}
            if changed:
                yield b"data: " + encode_json(changed) + b"\n\n"
            sent = sections
            await asyncio.wait({disconnect}, timeout=_PAUSE_S)
    finally:
        disconnect.cancel()
