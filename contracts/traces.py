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
class BracketedQueries(Trace):
    """``exchanges`` came between the listings ``list_before`` and ``list_after``, which asked for everything.

    ``is_page_walk``: they are consecutive pages. ``is_concurrent``: they were asked for at the same time. ``is_capped``: the service
    never gives more rows at once than the listings hold, and may.
    """

    list_before: Exchange
    exchanges: tuple[Exchange, ...]
    list_after: Exchange
    is_page_walk: bool = False
    is_concurrent: bool = False
    is_capped: bool = False


@dataclass(frozen=True)
class CallerLists(Trace):
    """Listings of everything by the callers, by their number: twice each in turn, or ``is_concurrent``."""

    lists: tuple[tuple[int, Exchange], ...]
    is_concurrent: bool = False


@dataclass(frozen=True)
class UnknownFilterValue(Trace):
    """The collection was filtered by a value of ``parameter`` that was made up for it."""

    parameter: str
    exchange: Exchange


@dataclass(frozen=True)
class PartialFilterValue(Trace):
    """The collection was filtered by a value of ``parameter``, and then by a part of it or nearly the same."""

    parameter: str
    exchange: Exchange
    partial_exchange: Exchange


@dataclass(frozen=True)
class UnknownPathValue(Trace):
    """The path held a value of ``parameter`` that was made up for it."""

    parameter: str
    exchange: Exchange


@dataclass(frozen=True)
class MissingFromList(Trace):
    """A ``row`` of an earlier list was looked up between two lists that lack it."""

    row: Row
    list_before: Exchange
    exchange: Exchange
    list_after: Exchange


@dataclass(frozen=True)
class FetchedRow(Trace):
    """A row of ``list_before`` was looked up; ``list_after`` is a list that was made later."""

    row: Row
    exchange: Exchange
    list_before: Exchange
    list_after: Exchange


@dataclass(frozen=True)
class CrossOwnerFetch(Trace):
    """A caller, who sees ``own_list``, looked up a ``row`` of the list of another caller."""

    own_list: Exchange
    row: Row
    exchange: Exchange


@dataclass(frozen=True)
class CreatedRun(Trace):
    """One run that was started. ``requested_fields``: fields of the new row by what the request said they should be.

    ``row``: as the first list afterwards showed it, None where none did. ``list_before``: the list ahead of all starts.
    ``lists`` and ``details`` came after the start, in order.
    """

    resource: str
    creation: Exchange
    requested_fields: Mapping[str, Any]
    row: Row | None
    list_before: Exchange | None
    lists: tuple[Exchange, ...]
    details: tuple[Exchange, ...]


@dataclass(frozen=True)
class SchemeTrial(Trace):
    """One documented alternative with the caller's own credentials, and nothing else."""

    schemes: tuple[str, ...]
    exchange: Exchange
