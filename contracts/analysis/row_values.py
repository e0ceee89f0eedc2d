"""Rows and list requests, read out of exchanges: the facts that the analysis of lists and of histories compares.

Whatever is not certain is left out: a request that servers may read differently gives no ``ListRequest``, a timestamp
knows whether it has a time zone, and two timestamps are compared with the precision of the less precise one.
"""

import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from specduet.contracts.oracle import scalars
from specduet.contracts.oracle.addresses import extract_path_texts
from specduet.contracts.oracle.schema_access import enter_properties, is_valid_value, list_types, strip_null
from specduet.contracts.recording import ABSENT, Exchange, Row
from specduet.specs import Api, Operation, Parameter, Resource, Schema

_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?", re.ASCII | re.IGNORECASE)


# ------------------------------------------------------------------------------------------------------- values


@dataclass(frozen=True, slots=True)
class RowTimestamp:
    """A timestamp of a row, with the precision in which it was written."""

    utc: datetime
    digits: int
    """The number of digits of the fraction of the second."""
    has_zone: bool
    """False where the text has no time zone: ``utc`` is then only a guess."""
    unix_s: float
    """Seconds since 1970."""

    def truncate_to(self, digits: int) -> datetime:
        """Return the time with only this many digits of the fraction of the second."""
        unit = 10 ** (6 - min(digits, 6))
        return self.utc.replace(microsecond=self.utc.microsecond // unit * unit)

    def compare_to(self, other: "RowTimestamp") -> int:
        """Return -1, 0 or 1: before, indistinguishable, or after, with the precision of the less precise one."""
        digits = min(self.digits, other.digits)
        left, right = self.truncate_to(digits), other.truncate_to(digits)
        return (left > right) - (left < right)


@lru_cache(maxsize=200_000)
def _parse_timestamp(text: str) -> RowTimestamp | None:
    matched = _TIMESTAMP.fullmatch(text)
    if matched is None:
        return None
    try:
        time = datetime.fromisoformat(text.upper())
        has_zone = time.tzinfo is not None
        time = time.astimezone(UTC) if has_zone else time.replace(tzinfo=UTC)
        return RowTimestamp(time, len(matched[1] or ".") - 1, has_zone, time.timestamp())
    except (ValueError, OverflowError):
        return None


def read_timestamp(value: Any) -> RowTimestamp | None:
    """Return the timestamp that a value of a row is, None where it is none. Text without a time zone counts as UTC."""
    return _parse_timestamp(value) if isinstance(value, str) else None


def compare_values(left: Any, right: Any) -> int | None:
    """Return -1, 0 or 1 for two timestamps or two numbers, None for values whose order is not certain."""
    if is_number(left) and is_number(right):
        return int(left > right) - int(left < right)
    left_time, right_time = read_timestamp(left), read_timestamp(right)
    return None if left_time is None or right_time is None else left_time.compare_to(right_time)


def is_number(value: Any) -> bool:
    """Return whether a JSON value is a number: for Python a boolean is one, too."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def get_path(row: Any, path: str) -> Any:
    """Return the value at a dotted path (``usage.total_tokens``), ``ABSENT`` where there is none."""
    if "." not in path:  # called for every field of every row of every response: the short way counts
        return row.get(path, ABSENT) if isinstance(row, dict) else ABSENT
    for part in path.split("."):
        if not isinstance(row, dict) or part not in row:
            return ABSENT
        row = row[part]
    return row


def has_value(row: Row, path: str) -> bool:
    """Return whether a field is neither absent nor null."""
    return get_path(row, path) not in (None, ABSENT)


def is_same_value(shown: Any, requested: Any) -> bool:
    """Return whether a value of a row is the value of a parameter: UUIDs in any spelling, timestamps in any zone."""
    if isinstance(requested, datetime):
        timestamp = read_timestamp(shown)
        return timestamp is not None and timestamp.utc == requested
    if shown is None or isinstance(shown, bool) or isinstance(requested, bool):
        return shown is requested
    if shown == requested or str(shown) == str(requested):
        return True
    shown_uuid, requested_uuid = _read_uuid(shown), _read_uuid(requested)
    return shown_uuid is not None and shown_uuid == requested_uuid


@lru_cache(maxsize=50_000)
def _parse_uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _read_uuid(value: Any) -> uuid.UUID | None:
    return _parse_uuid(value) if isinstance(value, str) and 32 <= len(value) <= 45 else None


# ---------------------------------------------------------------------------------------------------- responses

TRUSTED_CREDENTIALS = frozenset({"given", "placeholder", "other"})
"""``Exchange.credentials`` with which the rows of a response can be relied on."""


def open_envelope(operation: Operation, body: Any) -> Any:
    """Return the rows, or the one row, of a response: the body, or the value at the path of its envelope."""
    envelope = operation.behavior.envelope
    return get_path(body, envelope.response) if envelope is not None and envelope.response else body


def open_sent_envelope(operation: Operation, body: Any) -> Any:
    """Return the row in a request body: the body, or the value at the path of its envelope."""
    envelope = operation.behavior.envelope
    return get_path(body, envelope.request) if envelope is not None and envelope.request else body


def locate_envelope(operation: Operation) -> str:
    """Return the JSON pointer to the rows of a response: ``/data/items``, empty where they are the whole body."""
    envelope = operation.behavior.envelope
    return f"/{envelope.response.replace('.', '/')}" if envelope is not None and envelope.response else ""


def shows_rows(exchange: Exchange) -> bool:
    """Return whether a response is 2xx and not made up by a mock."""
    return exchange.is_success and exchange.response is not None and not exchange.response.is_made_up


def read_located_rows(operation: Operation, exchange: Exchange) -> tuple[tuple[str, Row], ...]:
    """Return the rows of a 2xx response, each with its JSON pointer.

    The rows are the objects of an array (``("/0", row), ("/1", row)``), or the one object that the body is
    (``("", row)``), or is in its envelope (``("/data", row)``).
    """
    if not shows_rows(exchange) or exchange.credentials not in TRUSTED_CREDENTIALS:
        return ()
    content, place = open_envelope(operation, exchange.json), locate_envelope(operation)
    if isinstance(content, Mapping):
        return ((place, content),)
    if not isinstance(content, list):
        return ()
    return tuple((f"{place}/{index}", row) for index, row in enumerate(content) if isinstance(row, Mapping))


def read_list_rows(operation: Operation, exchange: Exchange) -> list[Row] | None:
    """Return the rows of a 2xx response to a list operation, None where there is no array of objects."""
    rows = open_envelope(operation, exchange.json) if shows_rows(exchange) else None
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        return None
    return rows


def read_recorded_rows(api: Api, exchange: Exchange) -> list[Row] | None:
    """Return the rows of a list like ``read_list_rows``, whichever operation of the API the exchange was with."""
    return read_list_rows(api.operation(exchange.operation), exchange)


def read_single_row(operation: Operation, exchange: Exchange) -> Row | None:
    """Return the one row of a 2xx response, None where there is none."""
    row = open_envelope(operation, exchange.json) if shows_rows(exchange) else None
    return row if isinstance(row, Mapping) else None


def find_shared_fields(api: Api, operation: Operation, resource: Resource) -> frozenset[str]:
    """Return the fields that the rows of a resource and the operation's response share.

    These are all fields of the resource where the response has no documented properties.
    """
    fields = {name for schema in _find_row_schemas(api, operation) for name in schema.get("properties", {})}
    return frozenset(resource.properties) & fields if fields else frozenset(resource.properties)


def _find_row_schemas(api: Api, operation: Operation) -> Iterator[Schema]:
    names = [name for name in locate_envelope(operation).split("/") if name]
    for status in ("200", "201", "202"):
        response = operation.response_for(int(status))
        for content in response.content.values() if response else ():
            schema, pointer = enter_properties(api.schemas, content, names)
            if isinstance(schema.get("items"), Mapping):
                schema, pointer, _ = strip_null(api.schemas, schema["items"], f"{pointer}/items")
            yield schema


# ----------------------------------------------------------------------------------------------------- requests


@dataclass(frozen=True)
class ListRequest:
    """The path and query parameters that were sent with a request for a list."""

    values: Mapping[str, Any]
    """By name: int, float, bool or text; a datetime with a time zone where the format is ``date-time``."""
    texts: Mapping[str, str]
    """By name, as they were sent, percent-decoded."""

    def __contains__(self, name: object) -> bool:
        return name in self.values


def parse_list_request(api: Api, operation: Operation, exchange: Exchange) -> ListRequest | None:
    """Return the parameters as every correct server reads them, None where servers may differ or must reject them."""
    path_texts = extract_path_texts(operation, exchange.request)
    if path_texts is None:
        return None
    values: dict[str, Any] = {}
    texts: dict[str, str] = {}
    for parameter in operation.parameters:
        sent_texts = _find_sent_texts(parameter, path_texts, exchange)
        if not sent_texts:
            continue
        value = _decode_parameter(api, parameter, sent_texts[0]) if len(sent_texts) == 1 else ABSENT
        if value is ABSENT:
            return None
        values[parameter.name], texts[parameter.name] = value, sent_texts[0]
    return ListRequest(values, texts)


def _find_sent_texts(parameter: Parameter, path_texts: Mapping[str, str], exchange: Exchange) -> list[str]:
    if parameter.location == "path":
        return [unquote(path_texts[parameter.name])] if parameter.name in path_texts else []
    if parameter.location == "query":
        return [value for name, value in exchange.request.query_pairs if name == parameter.name]
    return []


def _decode_parameter(api: Api, parameter: Parameter, text: str) -> Any:
    """Return the value of a valid text, ``ABSENT`` for any other text."""
    schema, pointer, _ = strip_null(api.schemas, parameter.schema, parameter.pointer)
    is_list = list_types(schema) == ("array",) and isinstance(schema.get("items"), Mapping)
    if is_list and not set(text) & set(", |"):  # one item, which is read alike in every style
        return _decode_item(api, schema, pointer, text)
    value = _parse_typed(schema, text)
    if value is ABSENT:
        return ABSENT
    json_value = text if isinstance(value, datetime) else value
    return value if is_valid_value(api.schemas, pointer, json_value) else ABSENT


def _decode_item(api: Api, schema: Schema, pointer: str, text: str) -> Any:
    """Return the only item of a list, which stands for the list: rows that have it fit."""
    items, place, _ = strip_null(api.schemas, schema["items"], f"{pointer}/items")
    value = _parse_typed(items, text)
    json_value = text if isinstance(value, datetime) else value
    is_valid = value is not ABSENT and is_valid_value(api.schemas, place, json_value)
    return value if is_valid and is_valid_value(api.schemas, pointer, [json_value]) else ABSENT


def _parse_typed(schema: Schema, text: str) -> Any:
    types = [name for name in list_types(schema) if name != "null"]
    type_name = types[0] if len(types) == 1 else "any" if types else "string"
    if type_name == "integer":
        return int(text) if re.fullmatch(r"-?(0|[1-9]\d{0,17})", text, re.ASCII) and text != "-0" else ABSENT
    if type_name == "number":
        return float(text) if re.fullmatch(r"-?(0|[1-9]\d{0,14})(\.\d{1,6})?", text, re.ASCII) else ABSENT
    if type_name == "boolean":
        return {"true": True, "false": False}.get(text, ABSENT)
    if type_name == "string" and text and scalars.is_plain_text(text):
        return _parse_string(schema, text)
    return ABSENT


def _parse_string(schema: Schema, text: str) -> Any:
    if schema.get("format") == "date-time":
        return scalars.parse_timestamp(text) or ABSENT
    if schema.get("format") == "uuid" and not (len(text) == 36 and _parse_uuid(text)):
        return ABSENT
    return text
