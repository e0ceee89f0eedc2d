"""Streams of server-sent events, taken apart as a client does it (HTML Living Standard, section 9.2.6)."""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from specduet.contracts.recording import NOT_JSON

_LINE_END = re.compile(r"\r\n|\n|\r")


class EventFrame(NamedTuple):
    """One event of a stream."""

    number: int
    """Counts the events of a stream from 0."""
    data: str
    name: str = ""
    id: str = ""

    @property
    def json(self) -> Any:
        """The data as a JSON value, or ``NOT_JSON``."""
        try:
            return json.loads(self.data)
        except (ValueError, RecursionError):
            return NOT_JSON


def read_frames(body: bytes) -> Iterator[EventFrame]:
    """Yield the events of a stream that have data; comments, and an event that was cut off, are none."""
    lines = _LINE_END.split(body.decode(errors="replace").removeprefix("\ufeff"))
    data: list[str] = []
    name, last_id, number = "", "", 0
    for line in lines:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if data:
                yield EventFrame(number, "\n".join(data), name, last_id)
                number += 1
            data, name = [], ""
        elif field == "data":
            data.append(value)
        elif field == "event":
            name = value
        elif field == "id":
            last_id = value
