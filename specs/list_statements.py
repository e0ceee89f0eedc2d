"""Statements about lists: order, pages, filters, and whose rows they show."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from specduet.specs.statement import Basis, Statement, parse_duration


class Order(Statement, frozen=True):
    """Rows come sorted by the field ``by``; ``parameter``, where there is one, chooses ``asc`` or ``desc``."""

    by: str
    direction: Literal["asc", "desc"]
    parameter: str | None = None


class Sort(Statement, frozen=True):
    """``parameter`` names the field by which rows come sorted, here after ``order`` where it is left out.

    Its value is a field, or a key of ``fields``, which says the field. ``-created``, ``created:desc``,
    ``created_desc`` and ``created desc`` sort from high to low, and so does ``desc`` in the parameter ``direction``.
    """

    parameter: str
    direction: str | None = None
    fields: dict[str, str] = msgspec.field(default_factory=dict)


class Limit(Statement, frozen=True):
    """``parameter`` is the maximum number of rows in one response; ``default`` where the request leaves it out."""

    parameter: str
    default: int | None = None


class Page(Statement, frozen=True):
    """``parameter`` is the number of the page, counted from ``first``."""

    parameter: str
    first: int = 1


class Token(Statement, frozen=True):
    """``parameter`` says after which row the page begins, or ``before`` which one it ends.

    Its value is the ``field`` of that row. Without ``field`` it is opaque: a text that an earlier response gave.
    """

    parameter: str
    field: str | None = None
    direction: Literal["after", "before"] = "after"


PageFact = Literal[
    "total",
    "estimate",
    "pages",
    "page",
    "limit",
    "offset",
    "count",
    "more",
    "less",
    "last",
    "first",
    "empty",
    "next-page",
    "previous-page",
    "next-offset",
    "next-token",
    "previous-token",
    "first-position",
    "last-position",
    "first-id",
    "last-id",
    "self-url",
    "next-url",
    "previous-url",
    "first-url",
    "last-url",
    "links",
]
"""A fact about one page of a list.

``total`` rows of all pages, ``estimate``: about so many; ``pages``, their number; ``page``, ``limit`` and ``offset`` as
asked for; ``count`` of rows here; ``more`` (``less``): true if rows follow (precede), ``last`` (``first``): true if
not, ``empty``: true if there are no rows here; the number, offset, token or URL of another page, null, absent, false or
empty where there is none; ``first-position`` (from 1) and ``first-id`` of the first row here, and so of the last one;
``links``: a header (RFC 8288).
"""


class PageInfo(Statement, frozen=True):
    """Facts about the page that a response tells beside its rows, by dotted path in the body or by header.

    ``fields: {meta.total: total, next: next-url}``, ``headers: {X-Total-Count: total, Link: links}``.
    """

    fields: dict[str, PageFact] = msgspec.field(default_factory=dict)
    headers: dict[str, PageFact] = msgspec.field(default_factory=dict)


class Envelope(Statement, frozen=True):
    """The rows, or the one row, are inside an object: at a dotted path of the response, or of the request body."""

    response: str | None = None
    request: str | None = None


class Offset(Statement, frozen=True):
    """``parameter`` is the number of rows to skip."""

    parameter: str


class Cursor(Statement, frozen=True):
    """``parameter`` keeps only rows whose field ``before`` is strictly before it."""

    parameter: str
    before: str


FilterOperator = Literal["eq", "ne", "gt", "ge", "lt", "le", "search", "conditions"]

OPERATOR_KEYS: Mapping[str, FilterOperator] = {
    "gt": "gt",
    "gte": "ge",
    "ge": "ge",
    "lt": "lt",
    "lte": "le",
    "le": "le",
    "eq": "eq",
    "ne": "ne",
    "from": "ge",
    "to": "le",
    "min": "ge",
    "max": "le",
    "start": "ge",
    "start_at": "ge",
    "end": "le",
    "end_at": "le",
    "after": "gt",
    "before": "lt",
    "exact": "eq",
    "equals": "eq",
    "in": "eq",
    "any": "eq",
    "not": "ne",
    "contains": "search",
    "like": "search",
    "fuzzy": "search",
}
"""Names of operators in a parameter that is an object: ``created[gte]=1700000000``, ``{email: {exact: …}}``."""


class Filter(Statement, frozen=True):
    """A query parameter keeps only the rows whose ``field`` is ``op`` its value; of a list, ``eq`` is any member.

    ``search`` keeps the rows with the value somewhere in the text of ``field``, or of any field where that is ``*``.
    ``conditions`` reads them from the value, ``[{field, operator, value}]``, and its ``field`` is ``*``.
    """

    field: str
    op: FilterOperator = "eq"
    #: values that keep every row: ``all``
    every: tuple[str, ...] = ()
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

    ``resource`` names the parent: the value has to be the id of one of its rows. ``unknown``: the status of the
    response to a value that no row has (404, or 200 with no rows). With ``members``, the name of a list, the rows are
    those that have joined it: a row may be in the lists of several parents.
    """

    parameter: str
    field: str
    resource: str | None = None
    #: the rows do not show the field
    hidden: bool = False
    unknown: int = 404
    unknown_basis: Basis = "assumed"
    members: str | None = None


class Visibility(Statement, frozen=True):
    """A regular caller sees only rows whose ``owner`` field is their own; an admin sees every row."""

    owner: str
