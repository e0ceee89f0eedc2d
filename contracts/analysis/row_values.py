"""Rows and requests read out of exchanges: the ground that the laws of collections and of lifecycles stand on.

What is not certain is left out: a request that servers may read differently has no ``Asked``, a moment without its
zone says so, and two moments are compared no finer than the coarser of them is written.
"""

import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from msgspec import UNSET

from specduet.contracts.oracle import scalars
from specduet.contracts.oracle.requests import path_texts
from specduet.contracts.recording import Exchange, Row
from specduet.specs import Api, Operation, Parameter, Resource, Schema

MISSING = UNSET
"""What ``dig`` finds where a row does not have the field."""

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?", re.ASCII | re.IGNORECASE)


# ------------------------------------------------------------------------------------------------------- values


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time as text showed it: ``digits`` after the second, whether it was ``zoned``, seconds since 1970."""

    at: datetime
    digits: int
    zoned: bool
    stamp: float

    def cut(self, digits: int) -> datetime:
        """The moment as it reads with this many digits after the second."""
        unit = 10 ** (6 - min(digits, 6))
        return self.at.replace(microsecond=self.at.microsecond // unit * unit)

    def compared(self, other: "Moment") -> int:
        """-1, 0 or 1 for before, indistinguishable or after, as fine as the coarser of both is written."""
        digits = min(self.digits, other.digits)
        mine, theirs = self.cut(digits), other.cut(digits)
        return (mine > theirs) - (mine < theirs)


@lru_cache(maxsize=200_000)
def _moment(text: str) -> Moment | None:
    matched = _MOMENT.fullmatch(text)
    if matched is None:
        return None
    try:
        at = datetime.fromisoformat(text.upper())
        zoned = at.tzinfo is not None
        at = at.astimezone(UTC) if zoned else at.replace(tzinfo=UTC)
        return Moment(at, len(matched[1] or ".") - 1, zoned, at.timestamp())
    except (ValueError, OverflowError):
        return None


def moment(value: Any) -> Moment | None:
    """The moment that a value of a row shows, None where it shows none; a text without a zone is taken for UTC."""
    return _moment(value) if isinstance(value, str) else None


def compared(one: Any, other: Any) -> int | None:
    """-1, 0 or 1 for two moments or two numbers, None where the values cannot be ordered for certain."""
    if _number(one) and _number(other):
        return int(one > other) - int(one < other)
    first, second = moment(one), moment(other)
    return None if first is None or second is None else first.compared(second)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def dig(row: Any, path: str) -> Any:
    """The value at a dotted path (``usage.total_tokens``), or ``MISSING``."""
    if "." not in path:  # called for every field of every row of every answer: the plain way counts
        return row.get(path, MISSING) if isinstance(row, dict) else MISSING
    for part in path.split("."):
        if not isinstance(row, dict) or part not in row:
            return MISSING
        row = row[part]
    return row


def known(row: Row, path: str) -> bool:
    """Whether a field is there and not null."""
    return dig(row, path) not in (None, MISSING)


def same(shown: Any, asked: Any) -> bool:
    """Whether the value of a row is the value of a parameter: UUIDs in any spelling, moments in any zone."""
    if isinstance(asked, datetime):
        at = moment(shown)
        return at is not None and at.at == asked
    if shown is None or isinstance(shown, bool) or isinstance(asked, bool):
        return shown is asked
    if shown == asked or str(shown) == str(asked):
        return True
    first, second = _uuid(shown), _uuid(asked)
    return first is not None and first == second


@lru_cache(maxsize=50_000)
def _uuid_of(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _uuid(value: Any) -> uuid.UUID | None:
    return _uuid_of(value) if isinstance(value, str) and 32 <= len(value) <= 45 else None


# ------------------------------------------------------------------------------------------------------ answers

TRUSTED = frozenset({"given", "placeholder", "other"})
"""Kinds of credentials with which an answer's rows mean something."""


def rows_of(exchange: Exchange) -> tuple[tuple[str, Row], ...]:
    """The rows of a 2xx answer with where each stands: those of an array, or the one that the answer is."""
    if not exchange.succeeded or exchange.credentials not in TRUSTED:
        return ()
    body = exchange.json
    if isinstance(body, Mapping):
        return (("", body),)
    if not isinstance(body, list):
        return ()
    return tuple((f"/{index}", row) for index, row in enumerate(body) if isinstance(row, Mapping))


def listed(exchange: Exchange) -> list[Row] | None:
    """The rows of a list's answer, None where it is no array of objects."""
    body = exchange.json
    if not exchange.succeeded or not isinstance(body, list) or not all(isinstance(row, Mapping) for row in body):
        return None
    return body


def shared_fields(api: Api, operation: Operation, resource: Resource) -> frozenset[str]:
    """The fields of a resource that the operation's answer has, too; all of them where it says nothing of fields."""
    fields = {name for schema in _answers(api, operation) for name in schema.get("properties", {})}
    return frozenset(resource.properties) & fields if fields else frozenset(resource.properties)


def _answers(api: Api, operation: Operation) -> Iterator[Schema]:
    for status in ("200", "201", "202"):
        response = operation.response_for(int(status))
        for content in response.content.values() if response else ():
            schema, pointer, _ = api.schemas.split_null(content.schema, content.pointer)
            if isinstance(schema.get("items"), Mapping):
                schema, pointer, _ = api.schemas.split_null(schema["items"], f"{pointer}/items")
            yield schema


# ----------------------------------------------------------------------------------------------------- requests


@dataclass(frozen=True)
class Asked:
    """What a list was asked for: the values of the path and query parameters that were sent, decoded.

    int, float, bool, text, and aware datetimes where the schema says ``date-time``.
    """

    values: Mapping[str, Any]
    texts: Mapping[str, str]

    def __contains__(self, name: object) -> bool:
        return name in self.values


def asked(api: Api, operation: Operation, exchange: Exchange) -> Asked | None:
    """What every correct server takes a request to ask for; None where servers may differ or must refuse it."""
    paths = path_texts(operation, exchange.sent)
    if paths is None:
        return None
    values: dict[str, Any] = {}
    texts: dict[str, str] = {}
    for parameter in operation.parameters:
        given = _given(parameter, paths, exchange)
        if not given:
            continue
        value = _decoded(api, parameter, given[0]) if len(given) == 1 else MISSING
        if value is MISSING:
            return None
        values[parameter.name], texts[parameter.name] = value, given[0]
    return Asked(values, texts)


def _given(parameter: Parameter, paths: Mapping[str, str], exchange: Exchange) -> list[str]:
    if parameter.location == "path":
        return [unquote(paths[parameter.name])] if parameter.name in paths else []
    if parameter.location == "query":
        return [value for name, value in exchange.sent.pairs if name == parameter.name]
    return []


def _decoded(api: Api, parameter: Parameter, text: str) -> Any:
    schema, pointer, _ = api.schemas.split_null(parameter.schema, parameter.pointer)
    value = _typed(schema, text)
    if value is MISSING:
        return MISSING
    plain = text if isinstance(value, datetime) else value
    return value if api.schemas.validator_at(pointer).is_valid(plain) else MISSING


def _typed(schema: Schema, text: str) -> Any:
    kind = schema.get("type")
    if kind == "integer":
        return int(text) if re.fullmatch(r"-?(0|[1-9]\d{0,17})", text, re.ASCII) and text != "-0" else MISSING
    if kind == "number":
        return float(text) if re.fullmatch(r"-?(0|[1-9]\d{0,14})(\.\d{1,6})?", text, re.ASCII) else MISSING
    if kind == "boolean":
        return {"true": True, "false": False}.get(text, MISSING)
    return _text(schema, text) if kind in {"string", None} and text and scalars.plain(text) else MISSING


def _text(schema: Schema, text: str) -> Any:
    if schema.get("format") == "date-time":
        return scalars.moment(text) or MISSING
    if schema.get("format") == "uuid" and not (len(text) == 36 and _uuid_of(text)):
        return MISSING
    return text
