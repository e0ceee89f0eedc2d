"""The fields of a new row that the request sets, and whether the row keeps what was sent."""

from collections.abc import Iterator, Mapping
from typing import Any

from specduet.contracts.analysis.row_values import is_number, read_timestamp
from specduet.contracts.oracle.media_types import find_json_content
from specduet.contracts.oracle.schema_access import enter_properties, list_properties, resolve_schema
from specduet.contracts.recording import ABSENT
from specduet.specs import Api, Operation, Schema


def list_set_fields(api: Api, operation: Operation) -> dict[str, str]:
    """Return the fields of the new row by their source, with ``*`` spelt out: the properties of body and row alike.

    Not among them are those that the service alone sets (``readOnly``) or keeps to itself (``writeOnly``), and the id.
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
        if isinstance(schema, Mapping) and not (schema.get("readOnly") or schema.get("writeOnly"))
    }
    sent = {name for name, schema, _ in list_body_properties(api, operation) if not schema.get("writeOnly")}
    return {**{name: f"body/{name}" for name in sorted(sent & kept - {resource.behavior.id.field})}, **sets}


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

    An object may have more properties than were sent, and a number may be shown as text.
    """
    if sent is None or shown is ABSENT or sent == shown:
        return sent is None or shown is not ABSENT
    if isinstance(sent, Mapping) and isinstance(shown, Mapping):
        return all(is_kept(value, shown[name]) for name, value in sent.items() if name in shown)
    if isinstance(sent, list) and isinstance(shown, list):
        is_lost = bool(sent) and not shown
        return not is_lost and (len(sent) != len(shown) or all(map(is_kept, sent, shown)))
    if isinstance(shown, Mapping):
        return True  # an id may be shown as the object that it names
    return _is_same_scalar(sent, shown)


def _is_same_scalar(sent: Any, shown: Any) -> bool:
    left, right = read_timestamp(sent), read_timestamp(shown)
    if left is not None and right is not None:
        return abs(left.unix_s - right.unix_s) < 1
    if is_number(sent) and isinstance(shown, str):
        return _read_number(shown) == float(sent)
    return isinstance(sent, str) and isinstance(shown, str) and sent.strip().casefold() == shown.strip().casefold()


def _read_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
