"""A service as its walk sees it: an application, the document beside it, and the collections that it has."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import yaml

PagingKind = Literal["offset", "page", "token", "link", "url", "last-id"]


class Clock:
    """The time of an application: system time, or the one that a walk sets."""

    def __init__(self, time: datetime | None = None) -> None:
        self.time = time

    def now(self) -> datetime:
        """Return the current time."""
        return self.time or datetime.now(UTC)


@dataclass(frozen=True)
class Paging:
    """The way from one page of a list to the next."""

    kind: PagingKind
    #: parameter that names the page: an offset, a number, a token or an id
    parameter: str = ""
    #: parameter with the number of rows of a page
    limit: str = "limit"
    #: dotted path of the next token or URL, or of the flag that more rows follow
    next: str = ""
    #: field of the last row that ``last-id`` sends, if it is not the id
    field: str = ""
    #: number of the first page
    first: int = 1


@dataclass(frozen=True)
class Collection:
    """Rows that have a path: ``/lists/{list_id}/items``, and below it the path of one row."""

    path: str
    #: path parameter with the id of one row
    parameter: str
    id: str = "id"
    #: dotted path of the rows in the response of a list
    rows: str = ""
    #: dotted path of the row in the response that shows one
    row: str = ""
    paging: Paging | None = None
    #: query without which there is no list
    query: Mapping[str, Any] = field(default_factory=dict)
    #: path of one row, where it is not the path of the list and the parameter
    item: str = ""

    @property
    def item_path(self) -> str:
        """The path of one row."""
        return self.item or f"{self.path}/{{{self.parameter}}}"


@dataclass(frozen=True)
class Service:
    """One service of our own choosing."""

    name: str
    build: Callable[[Clock], Any]
    collections: Sequence[Collection]
    #: what stands before each path of the document
    base: str = ""
    #: the document, where the application does not make it itself
    document: Mapping[str, Any] | None = None
    #: values of properties and parameters in requests, by name; ``query labels`` are those of the parameter alone
    values: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    #: values of path parameters that clients choose, by name
    names: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    #: path parameter with the ids that a property or query parameter refers to, by name
    references: Mapping[str, str] = field(default_factory=dict)
    #: names of path parameters whose ids are those of another; ``/path/of/{id} id`` is the one of that path
    same: Mapping[str, str] = field(default_factory=dict)
    #: properties that the server makes up, so that two servers differ: ids
    made: frozenset[str] = frozenset(["id"])
    #: properties of which the form alone is compared
    free: frozenset[str] = frozenset()
    #: properties with a token or URL of another page: null in both or in none
    tokens: frozenset[str] = frozenset()
    #: headers of each request
    headers: Mapping[str, str] = field(default_factory=dict)
    #: requests that bring both servers to the same state: method, target, body
    setup: Sequence[tuple[str, str, Any]] = ()
    #: values of a property that count as the same, by the property's name
    alike: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    #: seconds that pass before each request
    step: int = 1
    #: operations, "METHOD /path", before which no time passes
    instant: frozenset[str] = frozenset()
    #: operations that create a row where there is none
    upserts: frozenset[str] = frozenset()
    #: operations that are not part of a walk
    skipped: frozenset[str] = frozenset()

    def write_document(self) -> Mapping[str, Any]:
        """Return the OpenAPI document."""
        if self.document is not None:
            return self.document
        document: Mapping[str, Any] = self.build(Clock()).openapi()
        return document


def read_document(name: str, folder: Path = Path(__file__).parent / "documents") -> Mapping[str, Any]:
    """Return a document that is written by hand."""
    document: Mapping[str, Any] = yaml.safe_load((folder / f"{name}.yaml").read_text(encoding="utf-8"))
    return document


class Made:
    """A value that the first server made up, in a request for both."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __repr__(self) -> str:
        return f"<{self.value}>"
