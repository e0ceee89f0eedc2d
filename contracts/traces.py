"""The kinds of traces: facts about several exchanges of a probe that belong together."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from specduet.contracts.recording import Exchange, Row, Trace
from specduet.specs import Link


@dataclass(frozen=True)
class BracketedQueries(Trace):
    """Queries between two lists of the whole collection, which show whether the collection changed meanwhile."""

    list_before: Exchange
    exchanges: tuple[Exchange, ...]
    list_after: Exchange
    is_page_walk: bool = False
    """The exchanges are consecutive pages."""
    is_finished: bool = False
    """The last page was followed by none."""
    is_endless: bool = False
    """The last page leads to one that came before."""
    is_concurrent: bool = False
    """The exchanges were sent at the same time."""
    is_capped: bool = False
    """The two lists are as long as the service allows, so that more rows may exist."""


@dataclass(frozen=True)
class CallerLists(Trace):
    """Lists of the whole collection, requested with the credentials of several callers."""

    lists: tuple[tuple[int, Exchange], ...]
    """(number of the caller, list): two lists of each caller."""
    is_concurrent: bool = False
    """The lists were requested at the same time; otherwise one after the other."""


@dataclass(frozen=True)
class UnknownFilterValue(Trace):
    """A list filtered by an invented value of ``parameter``, which no row has."""

    parameter: str
    exchange: Exchange


@dataclass(frozen=True)
class PartialFilterValue(Trace):
    """A list filtered by a known value of ``parameter``, and one filtered by a part of it or a similar value."""

    parameter: str
    exchange: Exchange
    partial_exchange: Exchange


@dataclass(frozen=True)
class UnknownPathValue(Trace):
    """A request whose path has an invented value of ``parameter``."""

    parameter: str
    exchange: Exchange


@dataclass(frozen=True)
class MissingFromList(Trace):
    """A row of an earlier list, fetched by its id between two lists that lack it."""

    row: Row
    list_before: Exchange
    exchange: Exchange
    list_after: Exchange


@dataclass(frozen=True)
class ForeignLetters(Trace):
    """A wrong credential of a scheme with letters that are not ASCII."""

    scheme: str
    exchange: Exchange


@dataclass(frozen=True)
class UndeclaredMethod(Trace):
    """A request to a path with a method that the document does not have there."""

    exchange: Exchange


@dataclass(frozen=True)
class FetchedRow(Trace):
    """A row of ``list_before``, fetched by its id; ``list_after`` was requested afterwards."""

    row: Row
    exchange: Exchange
    list_before: Exchange
    list_after: Exchange


@dataclass(frozen=True)
class CrossOwnerFetch(Trace):
    """A ``row`` of one caller's list, fetched by another caller, whose own list is ``own_list``."""

    own_list: Exchange
    row: Row
    exchange: Exchange


@dataclass(frozen=True)
class CreatedRun(Trace):
    """A run that was created by a POST and observed until it ended or the time was up."""

    resource: str
    creation: Exchange
    """The POST."""
    requested_fields: Mapping[str, Any]
    """The fields that the new row should have by the request, with their values."""
    row: Row | None
    """The row as the first list after the POST shows it, None where no list does."""
    list_before: Exchange | None
    """A list from before the first POST of the probe."""
    lists: tuple[Exchange, ...]
    """The lists after the POST, in order."""
    details: tuple[Exchange, ...]
    """The fetches of the row after the POST, in order."""


@dataclass(frozen=True)
class ChangedRow(Trace):
    """A row that this run has created, changed or deleted by the operation."""

    row: Row
    """The row as it was before."""
    change: Exchange
    requested_fields: Mapping[str, Any]
    """The fields that were changed, with their new values; none where the row was deleted or acted on."""
    fetched_after: Exchange | None
    list_after: Exchange | None
    fetched_before: Exchange | None = None


@dataclass(frozen=True)
class ConditionalRequest(Trace):
    """A request with the version of a row in ``If-Match`` (``stale``: another version) or ``If-None-Match``."""

    is_stale: bool
    version: str
    """The ``ETag`` that the row had."""
    exchange: Exchange


@dataclass(frozen=True)
class FollowedLocation(Trace):
    """The address that the response to a creation gave in ``Location``, requested twice."""

    creation: Exchange
    exchange: Exchange
    """The second request."""
    fetched: Exchange
    """The new row, fetched by its id in between."""


@dataclass(frozen=True)
class FollowedLink(Trace):
    """A request with the values that a documented link gives after a 2xx response of the operation."""

    link: Link
    target: str
    """The operationId of the operation to which the link leads."""
    source: Exchange
    """The exchange that has the values."""
    exchange: Exchange
    """The request to the target; where it was refused, it is the second one, after a pause."""


@dataclass(frozen=True)
class ForeignParentFetch(Trace):
    """A row of one parent, fetched below another parent, whose list does not have it."""

    row: Row
    own: Exchange
    """The row below its own parent."""
    other_list: Exchange
    """The whole list of the other parent, requested afterwards."""
    exchange: Exchange


@dataclass(frozen=True)
class OtherKindFetch(Trace):
    """A row, looked up with the id of a row of another kind, and nothing refused."""

    other: Row
    """The row of another kind."""
    other_id: str
    exchange: Exchange
    unknown: Exchange
    """The same with an invented id of the same form."""
    listed: Exchange
    """The whole list of the rows that the operation looks up, requested afterwards."""


@dataclass(frozen=True)
class SchemeTrial(Trace):
    """A request with the caller's credentials for one documented alternative of schemes, and no others."""

    schemes: tuple[str, ...]
    exchange: Exchange
