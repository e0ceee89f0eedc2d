"""The fields of a new row that the request sets, and whether the row keeps what was sent."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from math import isclose
from typing import Any

from specduet.contracts.analysis.row_values import is_number, read_timestamp
from specduet.contracts.oracle.media_types import find_json_content
from specduet.contracts.oracle.schema_access import enter_properties, list_properties, resolve_schema
from specduet.contracts.recording import ABSENT
from specduet.specs import Api, Operation, Schema

_ALTERED = re.compile(
    r"\b(normali[sz]\w*|round(ed|s|ing)?|trimm?\w*|(lower|upper)-?case\w*|clamp\w*|cap(ped|s)|at most|truncat\w*"
    r"|ignored|decide[sd]?|overr[iu]\w+|adjust\w*|convert\w*|canonical\w*|saniti[sz]\w*|wish|hint|suggest\w*|hash\w*"
    r"|encrypt\w*|mask\w*|replaced|computed|calculated|derived|may (differ|change))\b",
    re.IGNORECASE,
)
"""Words of a description that tell of a value that the service stores in its own way."""


def list_set_fields(api: Api, operation: Operation) -> dict[str, str]:
    """Return the fields of the new row by their source, with ``*`` spelt out: the properties of body and row alike.

    Not among them are those that the service alone sets (``readOnly``) or keeps to itself (``writeOnly``), that it is
    described to store in its own way, and the id.
    """
    creates = operation.behavior.creates
    if creates is None:
        return {}
    sets = {name: source for name, source in creates.sets.items() if name != "*"}
    if creates.sets.get("*") != "body":
        return sets
    resource = api.resources[creates.resource]
    kept = {
        name
        for name, schema in resource.properties.items()
        if isinstance(schema, Mapping)
        and not (schema.get("readOnly") or schema.get("writeOnly") or _is_altered(schema))
    }
    sent = {
        name
        for name, schema, _ in list_body_properties(api, operation)
        if not schema.get("writeOnly") and not _is_altered(schema)
    }
    return {**{name: f"body/{name}" for name in sorted(sent & kept - {resource.behavior.id.field})}, **sets}


def _is_altered(schema: Schema) -> bool:
    return bool(_ALTERED.search(str(schema.get("description", ""))))


def list_body_properties(api: Api, operation: Operation) -> Iterator[tuple[str, Schema, str]]:
    """Yield each property of a JSON object body, or of what is in its envelope: its name, its schema, its pointer."""
    content = find_json_content(operation.body.content) if operation.body else None
    if content is None:
        return
    envelope = operation.behavior.envelope
    names = envelope.request.split(".") if envelope is not None and envelope.request else ()
    for name, inner, at in list_properties(*enter_properties(api.request_schemas, content, names)):
        resolved, place = resolve_schema(api.request_schemas, inner, at)
        yield name, resolved, place


def is_kept(sent: Any, shown: Any) -> bool:
    """Return whether a row shows what was sent, in whatever spelling: times in any zone, texts without outer blanks.

    An object may have more properties than were sent, a list may be sorted, a number may be rounded or shown as text.
    """
    if sent is None or shown is ABSENT or sent == shown:
        return sent is None or shown is not ABSENT
    if isinstance(sent, Mapping) and isinstance(shown, Mapping):
        return all(is_kept(value, shown[name]) for name, value in sent.items() if name in shown)
    if isinstance(sent, list) and isinstance(shown, list):
        is_lost = bool(sent) and not shown
        is_alike = all(map(is_kept, sent, shown)) or _count_texts(sent) == _count_texts(shown)
        return not is_lost and (is_alike or len(sent) != len(shown))
    if isinstance(shown, Mapping):
        return True  # an id may be shown as the object that it names
    return _is_same_scalar(sent, shown)


def _is_same_scalar(sent: Any, shown: Any) -> bool:
    left, right = read_timestamp(sent), read_timestamp(shown)
    if left is not None and right is not None:
        return abs(left.unix_s - right.unix_s) < 1
    sent_number, shown_number = _read_number(sent), _read_number(shown)
    if sent_number is not None and shown_number is not None:
        return _is_rounded(sent_number, shown_number)
    return isinstance(sent, str) and isinstance(shown, str) and _fold_text(sent) == _fold_text(shown)


def _is_rounded(sent: float, shown: float) -> bool:
    """Return whether a number is another one, or that one with as few decimals as it is shown with, or as a float."""
    digits = len(repr(shown).partition(".")[2])
    is_plain = "e" not in repr(shown) and shown % 1 != 0
    return isclose(sent, shown, rel_tol=1e-6) or (is_plain and abs(sent - shown) <= 0.5 * 0.1**digits + 1e-9)


def _count_texts(values: list[Any]) -> Counter[str]:
    """Return how often a list has each value, whatever its order and spelling; objects are told by their texts."""
    return Counter(_fold_text(str(value)) for value in values)


def _fold_text(text: str) -> str:
    return " ".join(text.split()).casefold()


def _read_number(value: Any) -> float | None:
    """Return a number, also one in a text; None for any other value."""
    if not is_number(value) and not isinstance(value, str):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None
