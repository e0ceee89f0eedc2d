"""Vocabulary of ``x-specduet``: statements about behavior that the mock keeps and the contract suite checks.

The *basis* of a statement decides how a violation is reported:

``documented``  the vendor's page says so, quoted in ``because``: an error
``inferred``    no page says so, but any sensible service does it: a warning
``assumed``     the mock has to choose something: not reported

Keys are written in kebab-case. ``docs/vocabulary.md`` describes each with an example.
"""

import re
from datetime import timedelta
from typing import Any, Literal

import msgspec

Basis = Literal["documented", "inferred", "assumed"]
_STRENGTH: dict[Basis, int] = {"documented": 2, "inferred": 1, "assumed": 0}
DURATION_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DURATION = re.compile(r"([+-]?\d{1,9})([smhdw])")


def weakest(*bases: Basis) -> Basis:
    """Return the basis that proves least: ``assumed`` before ``inferred`` before ``documented``."""
    return min(bases, key=_STRENGTH.__getitem__)


def parse_duration(text: str) -> timedelta:
    """Parse a duration such as ``-24h``: a whole number of s, m, h, d or w. Raises ``ValueError`` for other text."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no duration: it is a whole number and s, m, h, d or w, as in -24h")
    return timedelta(**{DURATION_UNITS[match[2]]: int(match[1])})


class Statement(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    rename="kebab",
    kw_only=True,
):
    """One statement of an overlay, with its basis; a documented one quotes its page in ``because``."""

    basis: Basis
    because: str = ""


# ------------------------------------------------------------------------------------------ about a schema


class Identity(Statement, frozen=True):
    """``field`` is the unique id of a row."""

    field: str


class Status(Statement, frozen=True):
    """``field`` moves along ``transitions`` from ``initial`` and never leaves a ``terminal`` member."""

    field: str
    initial: str
    transitions: dict[str, tuple[str, ...]]
    terminal: tuple[str, ...]


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


class ResourceBehavior(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    rename="kebab",
    kw_only=True,
):
    """``x-specduet`` on a schema whose instances are the rows of a collection."""

    resource: str
    id: Identity
    status: Status | None = None
    timeline: tuple[Timeline, ...] = ()
    set_when: tuple[SetWhen, ...] = ()
    true_only_when: tuple[TrueOnlyWhen, ...] = ()
    constant: tuple[Constant, ...] = ()
    sum: tuple[Sum, ...] = ()


class Shape(Statement, frozen=True):
    """``x-specduet`` on a property: the form of its text, where the schema says only ``string``.

    ``shape`` is ``uuid``, ``date-time`` or a regular expression that the whole text matches.
    """

    shape: str


# --------------------------------------------------------------------------------------- about an operation


class Lists(Statement, frozen=True):
    """The operation returns rows of ``resource``."""

    resource: str


class Order(Statement, frozen=True):
    """Rows come sorted by the field ``by``; ``parameter``, where there is one, chooses ``asc`` or ``desc``."""

    by: str
    direction: Literal["asc", "desc"]
    parameter: str | None = None


class Limit(Statement, frozen=True):
    """``parameter`` is the maximum number of rows in one response."""

    parameter: str


class Offset(Statement, frozen=True):
    """``parameter`` is the number of rows to skip."""

    parameter: str


class Cursor(Statement, frozen=True):
    """``parameter`` keeps only rows whose field ``before`` is strictly before it."""

    parameter: str
    before: str


class Filter(Statement, frozen=True):
    """A query parameter keeps only the rows whose ``field`` is ``op`` its value."""

    field: str
    op: Literal["eq", "ge"] = "eq"
    #: the rows do not show the field
    hidden: bool = False
    #: value that holds when the parameter is left out, relative to now: ``-24h``
    default: str | None = None
    #: earliest time that is not rejected, relative to now: ``-31d``
    oldest: str | None = None

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for a malformed duration; msgspec reports it with its place."""
        for text in (self.default, self.oldest):
            if text is not None:
                parse_duration(text)


class Scope(Statement, frozen=True):
    """The path parameter ``parameter`` keeps only rows whose ``field`` is its value.

    ``unknown``: the status of the response to a value that no row has (404, or 200 with no rows).
    """

    parameter: str
    field: str
    unknown: int = 404
    unknown_basis: Basis = "assumed"


class Visibility(Statement, frozen=True):
    """A regular caller sees only rows whose ``owner`` field is their own; an admin sees every row."""

    owner: str


class Fetches(Statement, frozen=True):
    """The operation returns the one row of ``resource`` whose ``field`` is the path parameter ``parameter``.

    ``unknown``: the status of the response to an id that no row has.
    """

    resource: str
    parameter: str
    field: str
    unknown: int = 404
    unknown_basis: Basis = "inferred"


class Watches(Statement, frozen=True):
    """The operation returns the status changes of one row of ``resource`` so far, oldest first.

    By the Accept header, as a JSON array or as server-sent events until the row has ended. An event's properties
    that the row has too are the row's at that time; ``moment`` names the property with the time of the change.
    """

    resource: str
    parameter: str
    field: str
    moment: str | None = None
    unknown: int = 404
    unknown_basis: Basis = "inferred"


class Creates(Statement, frozen=True):
    """The operation creates a row of ``resource``.

    ``sets`` says which field of the new row comes from where in the request: ``body/NAME`` or ``header/NAME``.
    Properties of the response that the row has too are the row's. ``listed_by`` and ``fetched_by`` name the
    operations (operationId) that show the row afterwards.
    """

    resource: str
    sets: dict[str, str] = {}
    listed_by: str | None = None
    fetched_by: str | None = None


class Added(Statement, frozen=True):
    """The operation or response was added by the overlay: the vendor's document does not have it."""


class OperationBehavior(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    rename="kebab",
    kw_only=True,
):
    """``x-specduet`` on an operation."""

    lists: Lists | None = None
    order: Order | None = None
    limit: Limit | None = None
    offset: Offset | None = None
    cursor: Cursor | None = None
    filters: dict[str, Filter] = {}
    scope: Scope | None = None
    visibility: Visibility | None = None
    fetches: Fetches | None = None
    watches: Watches | None = None
    creates: Creates | None = None
    added: Added | None = None

    @property
    def subject(self) -> "Lists | Fetches | Watches | Creates | None":
        """The statement that names the resource whose rows this operation is about."""
        return self.lists or self.lookup or self.creates

    @property
    def lookup(self) -> "Fetches | Watches | None":
        """The statement that looks one row up by a path parameter."""
        return self.fetches or self.watches


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


class ApiBehavior(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    rename="kebab",
    kw_only=True,
):
    """``x-specduet`` at the root of the document."""

    refusals: Refusals | None = None
    unauthorized: Unauthorized | None = None
