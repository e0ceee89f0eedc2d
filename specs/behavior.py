"""Vocabulary of ``x-specduet``: statements about behavior that the mock keeps and the contract suite checks.

Keys are written in kebab-case. ``docs/vocabulary.md`` describes each with an example.
"""

from typing import Any, Literal

import msgspec

from specduet.specs.list_statements import (
    Cursor,
    Envelope,
    Filter,
    Limit,
    Offset,
    Order,
    Page,
    PageInfo,
    Scope,
    Sort,
    Token,
    Visibility,
)
from specduet.specs.request_statements import Echoes, Inputs
from specduet.specs.statement import Basis, Statement, Words
from specduet.specs.stream_statements import EventStream
from specduet.specs.webhook_statements import Subscribes

# ------------------------------------------------------------------------------------------ about a schema


class Identity(Statement, frozen=True):
    """``field`` is the unique id of a row; a ``hidden`` one stands in paths alone, and rows do not show it.

    Where ``key`` names another field, that is the unique one, and ``field`` counts the rows of each parent from 1.
    """

    field: str
    hidden: bool = False
    key: str | None = None


class Wait(Words, frozen=True, kw_only=True):
    """In ``status`` a row waits for a request, and becomes ``then`` where none came for as long as it ``lasts``.

    A created row comes there if its fields have the values ``when``: ``{gift: true}``; without it, each does.
    """

    status: str
    then: str
    lasts: str
    when: dict[str, Any] = msgspec.field(default_factory=dict)


class Ending(Words, frozen=True, kw_only=True):
    """A created row whose fields have the values ``when`` ends in ``status``."""

    status: str
    when: dict[str, Any]


class Status(Statement, frozen=True):
    """``field`` moves along ``transitions`` from ``initial`` and never leaves a ``terminal`` member.

    It ``moves`` by itself, as that of a job does, or else only where a request changes it; ``waits`` are where it does
    neither for a time. With ``endings``, values of a created row decide how it ends, and all others end as usual.
    """

    field: str
    initial: str
    transitions: dict[str, tuple[str, ...]]
    terminal: tuple[str, ...]
    moves: bool = True
    waits: tuple[Wait, ...] = ()
    endings: tuple[Ending, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The statuses in order: the first one, those that have followers, and those that have none."""
        return tuple(dict.fromkeys((self.initial, *self.transitions, *self.terminal)))


class Timeline(Statement, frozen=True):
    """The times in ``fields`` do not decrease in this order; fields that are null or absent are skipped."""

    fields: tuple[str, ...]


class SetWhen(Statement, frozen=True):
    """``field`` holds a value while the status is one of ``set``, and none while it is one of ``unset``."""

    field: str
    set: tuple[str, ...] = ()
    unset: tuple[str, ...] = ()


class TrueOnlyWhen(Statement, frozen=True):
    """The boolean ``field`` is true only while the status is one of ``status``."""

    field: str
    status: tuple[str, ...]


class Constant(Statement, frozen=True):
    """``field`` always holds ``value``."""

    field: str
    value: Any


class Sum(Statement, frozen=True):
    """The number ``field`` is the sum of the numbers ``of``; a path into nested objects is dotted (``usage.total``)."""

    field: str
    of: tuple[str, ...]


class Reference(Statement, frozen=True):
    """``field`` holds the id of a row of ``resource`` that exists, or a list of such ids.

    Of ``gathered`` rows that a mock begins with, most belong to the first one, some to the second, none to others.
    """

    field: str
    resource: str
    gathered: bool = False


class ResourceBehavior(Words, frozen=True, kw_only=True):
    """``x-specduet`` on a schema whose instances are the rows of a collection.

    At the root of the document, under ``resources``, ``schema`` says where the schema is: there a schema may serve
    several resources, and need not be a component.
    """

    resource: str
    id: Identity
    #: pointer of the schema, ``/components/schemas/Order``; None on the schema itself
    schema: str | None = None
    #: there is one row, which operations find without an id: ``/me``
    single: bool = False
    references: tuple[Reference, ...] = ()
    status: Status | None = None
    timeline: tuple[Timeline, ...] = ()
    set_when: tuple[SetWhen, ...] = ()
    true_only_when: tuple[TrueOnlyWhen, ...] = ()
    constant: tuple[Constant, ...] = ()
    sum: tuple[Sum, ...] = ()


class Shape(Statement, frozen=True):
    """``x-specduet`` on a property: the form of its text, where the schema says only ``string``.

    ``shape`` is ``uuid``, ``date-time`` or a regular expression that the whole text matches. Where the property was
    added too, ``added`` says so.
    """

    shape: str
    added: "Added | None" = None


class ServedFile(Statement, frozen=True):
    """``x-specduet`` on a property: it holds the address of a file of this media type, which the mock serves itself.

    Each response signs the address anew, for the ``lifetime``; the property ``expires`` beside it tells until when.
    """

    file: str
    expires: str | None = None
    lifetime: str = "1h"


# --------------------------------------------------------------------------------------- about an operation


class Lists(Statement, frozen=True):
    """The operation returns rows of ``resource``."""

    resource: str


class Lookup(Statement, frozen=True):
    """Statement about the one row of ``resource`` whose ``field`` is the path parameter ``parameter``.

    Without ``parameter`` it is the only row there is, or the first; ``body/NAME`` is a property of the body, and
    ``query/NAME`` a parameter of the query.
    ``unknown``: the status of the response to an id that no row has. ``within`` are the statuses of the row in which
    the operation is there; in others the status of the response is ``outside``.
    """

    resource: str
    field: str
    parameter: str = ""
    unknown: int = 404
    unknown_basis: Basis = "inferred"
    within: tuple[str, ...] = ()
    outside: int = 409


class Fetches(Lookup, frozen=True):
    """The operation returns the row."""


class Watches(Lookup, frozen=True):
    """The operation returns the status changes of the row so far, oldest first.

    By the Accept header, as a JSON array or as server-sent events until the row has ended. An event's properties
    that the row has too are the row's at that time; ``moment`` names the property with the time of the change.
    With ``many`` it follows every row whose ``field`` has the value, those to come too, and any value will do; a
    ``hidden`` field is none that rows show.
    """

    moment: str | None = None
    many: bool = False
    hidden: bool = False


class Downloads(Lookup, frozen=True):
    """The operation returns the bytes that the row's creation stored."""


class Updates(Lookup, frozen=True):
    """The operation changes those fields of the row that the request body has: RFC 7396, or a JSON Patch (RFC 6902)."""


class Replaces(Lookup, frozen=True):
    """The operation replaces the row; with ``creates`` an unknown id is created."""

    creates: bool = False


class Deletes(Lookup, frozen=True):
    """The operation removes the row."""


class Acts(Lookup, frozen=True):
    """The operation moves the row's status ``to`` a member, from where the lifecycle allows it; else ``refused``.

    ``sets`` are other fields with the values that they get: ``{is_active: false}``. ``stores`` says where the bytes of
    a file are that the row has from then on: ``body`` or ``body/NAME``; ``none`` removes it. With ``membership`` the
    row ``joins`` or ``leaves`` the members of the scope, or the operation ``asks`` whether it is one. A row in one of
    the statuses that it ``keeps`` stays there; one that ``goes-on`` moves by itself from where the operation leads.
    """

    to: str | None = None
    keeps: tuple[str, ...] = ()
    goes_on: bool = False
    sets: dict[str, Any] = msgspec.field(default_factory=dict)
    stores: str | None = None
    refused: int = 409
    membership: Literal["joins", "leaves", "asks"] | None = None


class Delivers(Lookup, frozen=True):
    """The operation tells of the webhooks that were sent about the row; with ``again`` it sends them once more first.

    ``fields`` are counts by dotted path, and at ``list`` are the webhooks: ``items`` are facts of each, or fields of
    its row: ``{order: row.id}``.
    """

    list: str = ""
    items: dict[str, str] = msgspec.field(default_factory=dict)
    fields: dict[str, Literal["total", "succeeded", "failed"]] = msgspec.field(default_factory=dict)
    again: bool = False


class Creates(Statement, frozen=True):
    """The operation creates a row of ``resource``.

    ``sets`` says which field of the new row comes from where in the request: ``body/NAME`` or ``header/NAME``;
    ``"*": body`` takes every property of the body that the row has. Properties of the response that the row has too
    are the row's. ``listed_by`` and ``fetched_by`` name the operations (operationId) that show the row afterwards.
    ``unique`` fields have a value that no other row has; a second one is refused with ``conflict``. ``stores`` says
    where the bytes of a file are: ``body`` or ``body/NAME``.
    """

    resource: str
    sets: dict[str, str] = msgspec.field(default_factory=dict)
    unique: tuple[str, ...] = ()
    conflict: int = 409
    stores: str | None = None
    listed_by: str | None = None
    fetched_by: str | None = None


class Etag(Statement, frozen=True):
    """The response has the version of the row in ``ETag``; ``If-Match`` and ``If-None-Match`` hold (RFC 9110, 13.1)."""


class Added(Statement, frozen=True):
    """The operation, parameter, response or property was added: the vendor's document does not have it.

    ``origin`` names what has it: a page, another release, a client.
    """

    origin: str = ""


class OperationBehavior(Words, frozen=True, kw_only=True):
    """``x-specduet`` on an operation."""

    lists: Lists | None = None
    order: Order | None = None
    sort: Sort | None = None
    limit: Limit | None = None
    offset: Offset | None = None
    page: Page | None = None
    token: Token | None = None
    #: a second token, which leads back
    token_before: Token | None = None
    cursor: Cursor | None = None
    page_info: PageInfo | None = None
    envelope: Envelope | None = None
    filters: dict[str, Filter] = msgspec.field(default_factory=dict)
    scope: Scope | None = None
    #: scopes of the parents, from the outermost on
    ancestors: tuple[Scope, ...] = ()
    visibility: Visibility | None = None
    fetches: Fetches | None = None
    watches: Watches | None = None
    downloads: Downloads | None = None
    updates: Updates | None = None
    replaces: Replaces | None = None
    deletes: Deletes | None = None
    acts: Acts | None = None
    delivers: Delivers | None = None
    creates: Creates | None = None
    stream: EventStream | None = None
    inputs: Inputs | None = None
    echoes: Echoes | None = None
    subscribes: Subscribes | None = None
    etag: Etag | None = None
    added: Added | None = None

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """The scopes of the path from the outermost on; the last one is that of the rows."""
        return self.ancestors if self.scope is None else (*self.ancestors, self.scope)

    @property
    def tokens(self) -> tuple[Token, ...]:
        """The tokens that a request for another page may have."""
        return tuple(token for token in (self.token, self.token_before) if token is not None)

    @property
    def subject(self) -> "Lists | Lookup | Creates | None":
        """The statement that names the resource whose rows this operation is about."""
        return self.lists or self.lookup or self.creates or self.watches

    @property
    def lookup(self) -> "Lookup | None":
        """The statement that looks one row up."""
        watches = self.watches if self.watches is not None and not self.watches.many else None
        reads = self.fetches or watches or self.downloads
        return reads or self.updates or self.replaces or self.deletes or self.acts or self.delivers

    @property
    def reads(self) -> "Fetches | Watches | None":
        """The statement of an operation that shows one row, found by a path parameter, and leaves it as it is."""
        watches = self.watches if self.watches is not None and not self.watches.many else None
        statement = self.fetches or watches
        is_in_path = statement is not None and statement.parameter and "/" not in statement.parameter
        return statement if is_in_path else None


# ---------------------------------------------------------------------------------------- about the document


class Refusals(Statement, frozen=True):
    """Invalid requests are rejected with ``status`` and a body in ``dialect``.

    ``fastapi``              ``{"detail": [{"type", "loc", "msg", "input", "ctx"}]}`` (HTTPValidationError)
    ``status-error-message`` ``{"statusCode": 400, "error": "Bad Request", "message": "…"}``
    ``problem``              RFC 9457 ``application/problem+json``
    """

    dialect: Literal["fastapi", "status-error-message", "problem"]
    status: int


class Unauthorized(Statement, frozen=True):
    """A missing or wrong credential is answered with ``status``."""

    status: int


class EitherSlash(Statement, frozen=True):
    """Each path is served with and without a slash at its end, neither with a redirect to the other."""


class ApiBehavior(Words, frozen=True, kw_only=True):
    """``x-specduet`` at the root of the document."""

    refusals: Refusals | None = None
    unauthorized: Unauthorized | None = None
    either_slash: EitherSlash | None = None
    resources: dict[str, ResourceBehavior] = msgspec.field(default_factory=dict)
