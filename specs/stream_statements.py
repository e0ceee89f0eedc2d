"""Statements about streams of server-sent events (HTML Living Standard, section 9.2)."""

from typing import Any

import msgspec

from specduet.specs.statement import Statement, Words


class StreamEvent(Words, frozen=True, kw_only=True):
    """An event that a stream tells when a row's status becomes one of ``status``; without it, at every change.

    ``part`` is how much of its stay there the row has behind it then, and an event with a ``count`` is told so often
    from there on. ``schema`` points to that of the event; without it, it is the documented one. ``row`` is the dotted
    path at which the event shows the row, ``""`` for the event itself; ``sets`` are paths that get a field of the row,
    ``values`` paths with constants. At ``moment`` is the time of the event, at ``expires`` that time and ``lifetime``.
    """

    status: tuple[str, ...] = ()
    part: float = 0.0
    count: int = 1
    name: str | None = None
    schema: str | None = None
    row: str | None = None
    sets: dict[str, str] = msgspec.field(default_factory=dict)
    values: dict[str, Any] = msgspec.field(default_factory=dict)
    moment: tuple[str, ...] = ()
    expires: tuple[str, ...] = ()
    lifetime: str = "5m"


class Heartbeat(Words, frozen=True, kw_only=True):
    """What a stream sends where nothing else was sent for so long: a comment, or an event with this ``data``."""

    every: str
    name: str | None = None
    data: Any = None


class EventStream(Statement, frozen=True):
    """How ``watches`` or ``creates`` tells of rows: as server-sent events, of which each tells what ``events`` says.

    Without ``events``, there is one for each change of status. ``name`` is that of all events which have none of their
    own (``event:``), and ``end`` the data of a last one, such as ``[DONE]``. With ``ids`` each event has an id, and a
    client that sends it as ``Last-Event-ID`` gets those after it. A stream ends with its row; one that is ``open``
    does not.
    """

    events: tuple[StreamEvent, ...] = ()
    name: str | None = None
    end: str | None = None
    heartbeat: Heartbeat | None = None
    ids: bool = False
    open: bool = False
