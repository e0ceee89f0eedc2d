"""Traces: facts that a probe learnt from several exchanges that belong together.

Bracket       responses between two listings of the whole collection, which show whether it changed meanwhile
Callers       lists of one collection as several callers see it
NeverUsed     a filter by a value that no row can have
Similar       a filter by a value, and by a part of it
Unknown       a path or an id that leads nowhere
Unlisted      a row that lists no longer show, looked up by its id
Fetched       one row, looked up by its id
Peeked        one row, looked up with the credentials of somebody else
Started       a run that was started and polled
SchemeTrial   one security scheme, tried alone
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from specduet.contracts.recording import Exchange, Row, Trace


@dataclass(frozen=True)
class Bracket(Trace):
    """``answers`` came between the listings ``before`` and ``after``, which asked for everything.

    ``walk``: they are consecutive pages. ``together``: they were asked for at the same time. ``capped``: the service
    never gives more rows at once than the listings hold, and may.
    """

    before: Exchange
    answers: tuple[Exchange, ...]
    after: Exchange
    walk: bool = False
    together: bool = False
    capped: bool = False


@dataclass(frozen=True)
class Callers(Trace):
    """Listings of everything by the callers, by their number: twice each in turn, or ``together``."""

    listings: tuple[tuple[int, Exchange], ...]
    together: bool = False


@dataclass(frozen=True)
class NeverUsed(Trace):
    """The collection was filtered by a value of ``parameter`` that was made up for it."""

    parameter: str
    exchange: Exchange


@dataclass(frozen=True)
class Similar(Trace):
    """The collection was filtered by a value of ``parameter``, and then by a part of it or nearly the same."""

    parameter: str
    exchange: Exchange
    part: Exchange


@dataclass(frozen=True)
class Unknown(Trace):
    """The path held a value of ``parameter`` that was made up for it."""

    parameter: str
    exchange: Exchange


@dataclass(frozen=True)
class Unlisted(Trace):
    """A ``row`` of an earlier list was looked up between two lists that lack it."""

    row: Row
    before: Exchange
    exchange: Exchange
    after: Exchange


@dataclass(frozen=True)
class Fetched(Trace):
    """A row of ``before`` was looked up; ``after`` is a list that was made later."""

    row: Row
    exchange: Exchange
    before: Exchange
    after: Exchange


@dataclass(frozen=True)
class Peeked(Trace):
    """A caller, who sees ``own``, looked up a ``row`` of the list of another caller."""

    own: Exchange
    row: Row
    exchange: Exchange


@dataclass(frozen=True)
class Started(Trace):
    """One run that was started. ``asked``: fields of the new row by what the request said they should be.

    ``row``: as the first list afterwards showed it, None where none did. ``before``: the list ahead of all starts.
    ``lists`` and ``details`` came after the start, in order.
    """

    resource: str
    start: Exchange
    asked: Mapping[str, Any]
    row: Row | None
    before: Exchange | None
    lists: tuple[Exchange, ...]
    details: tuple[Exchange, ...]


@dataclass(frozen=True)
class SchemeTrial(Trace):
    """One documented alternative with the caller's own credentials, and nothing else."""

    schemes: tuple[str, ...]
    exchange: Exchange
