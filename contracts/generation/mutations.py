"""Right and wrong values for a schema: one of each way in which a value can keep to it or break it.

Candidates are plain guesses; the three-valued readings decide which of them are certainly right and certainly wrong,
so that nothing is sent in the name of a verdict that the oracle would not give.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import UNSET

from specduet.contracts.generation.minimal_values import sample
from specduet.contracts.oracle import json_values
from specduet.specs import Schema, Schemas
from specduet.specs.schemas import escape_pointer

Step = str | int

UNICODE = "Zoë 東京 😀 \u202eabc \U0010fffd"  # accents, another script, an astral plane, right-to-left, the last plane
_LONG = 1_000
_UUIDS = (
    "5b0b4a7e-3f6d-4f0a-9a55-2f7a3b1c9d10",
    "7d444840-9dc0-11d1-b245-5ffdce74fad2",
    "018f3f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f",
    "00000000-0000-0000-0000-000000000000",
)
_NOT_UUIDS = ("not-a-uuid", "5b0b4a7e-3f6d-4f0a-9a55-2f7a3b1c9d1", "5b0b4a7e-3f6d-4f0a-9a55-2f7a3b1c9d1g", "1234")
_NOT_MOMENTS = ("yesterday", "2024-13-01T00:00:00Z", "2024-02-30T00:00:00Z", "2024-01-01T25:00:00Z")
_LAST_MOMENT = "9999-12-31T23:59:59Z"  # whoever adds anything to it leaves the calendar
_PLAIN = ("specduet", "a", "with space & signs /?#%+=", "4711", UNICODE, "x" * _LONG)
_OTHER_STATES = ("cancelled", "completed", "unknown")


def texts(schemas: Schemas, schema: Any, pointer: str, *, now: datetime | None = None) -> Iterator[str]:
    """Texts worth trying for a scalar parameter, right and wrong ones mixed, each once."""
    yield from dict.fromkeys(_texts(schemas, schema, pointer, now or datetime.now(UTC)))


def _texts(schemas: Schemas, schema: Any, pointer: str, now: datetime) -> Iterator[str]:
    if isinstance(schema, bool):
        return
    schema, pointer = schemas.resolve(schema, pointer)
    for keyword in ("anyOf", "oneOf", "allOf"):
        for index, branch in enumerate(schema.get(keyword, ())):
            yield from _texts(schemas, branch, f"{pointer}/{keyword}/{index}", now)
    if "enum" in schema or "const" in schema:
        yield from map(str, _members(schema))
        return
    for kind in json_values.kinds_of(schema):
        if kind in {"integer", "number"}:
            yield from (_number_text(value) for value in _numbers(schema, whole=kind == "integer"))
            yield from ("ten", "", "true") if kind == "number" else ("ten", "1.5", "", "true", "1,2", "0x10")
        elif kind == "boolean":
            yield from ("true", "false", "maybe", "2")
        elif kind == "string":
            yield from _strings(schema, now)


def _number_text(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else str(value)


def _members(schema: Schema) -> Iterator[Any]:
    """Every member, then what is near to one: in other letters, longer, shorter, empty, of the same family."""
    members = [schema["const"]] if "const" in schema else list(schema["enum"])
    yield from (member for member in members if member is not None)
    named = [member for member in members if isinstance(member, str) and member]
    if not named:
        yield max((m for m in members if isinstance(m, int)), default=0) + 1
    for first in named[:1]:
        yield from (first.swapcase(), first.title(), f"{first}x", first[:-1], "", "no-such-member")
        family, _, own = first.rpartition(".")
        yield from (f"{family}.{state}" if family else state for state in _OTHER_STATES)
        yield from ([own] if family else ())
    if {"asc", "desc"} <= set(named):
        yield from ("ascending", "descending", "-1")


def _numbers(schema: Schema, *, whole: bool) -> Iterator[float]:
    """The bounds and what lies on either side, the default, and something large where nothing forbids it."""
    step: float = schema.get("multipleOf", 1 if whole else 0.5)
    low, high = schema.get("minimum"), schema.get("maximum")
    for bound, side in ((low, -step), (high, step)):
        if bound is not None:
            yield from (bound, bound - side, bound + side)
    for keyword, side in (("exclusiveMinimum", step), ("exclusiveMaximum", -step)):
        if keyword in schema:
            yield from (schema[keyword] + side, schema[keyword])
    if isinstance(schema.get("default"), int | float):
        yield schema["default"]
    if low is not None and low >= 0:
        yield -5 * step
    yield from (step * 7, step * 101, step * 501, step * 1_000_000)
    if "multipleOf" in schema:
        yield step * 7 + step / 2 if not whole else step * 7 + 1


def _strings(schema: Schema, now: datetime) -> Iterator[str]:
    match schema.get("format"):
        case "uuid":
            yield from (*_UUIDS, *_NOT_UUIDS, "")
        case "date-time":
            yield from (*_moments(now), *_NOT_MOMENTS, "")
        case "date":
            yield from ("2024-02-29", "2023-02-29", "yesterday", "2024-13-01", "")
        case "email":
            yield from ("someone@example.com", "no-address", "")
        case "uri":
            yield from ("https://example.com/a", "no address", "")
        case _:
            yield from _free_strings(schema)


def _moments(now: datetime) -> Iterator[str]:
    """Lately, in each spelling of RFC 3339; a while ago, and yet to come."""
    lately = now - timedelta(hours=1)
    ahead = lately + timedelta(hours=2)  # the same moment as a clock in +02:00 shows it
    yield lately.strftime("%Y-%m-%dT%H:%M:%SZ")
    yield ahead.strftime("%Y-%m-%dT%H:%M:%S+02:00")
    yield (lately - timedelta(hours=5, minutes=30)).strftime("%Y-%m-%dT%H:%M:%S.%f-05:30")
    for days in (-29, -8, 1):
        yield (now + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    yield _LAST_MOMENT


def _free_strings(schema: Schema) -> Iterator[str]:
    low, high = schema.get("minLength", 0), schema.get("maxLength")
    if low:
        yield from ("x" * low, "x" * (low - 1))
    if high is not None:
        yield from ("x" * high, "x" * (high + 1))
    if "pattern" in schema:
        yield from ("x", "X", "1", " ", "-")
    yield from (str(value) for value in schema.get("examples", ()))
    yield from _PLAIN


# ------------------------------------------------------------------------------------------------------------ JSON


def full(schemas: Schemas, schema: Any, pointer: str, value: Any, depth: int = 0) -> Any:
    """A value with every optional property there as well, filled from the schema."""
    schema, pointer, _ = schemas.split_null(schema, pointer)
    if depth > 4 or not isinstance(value, Mapping):
        return _filled(schemas, schema, pointer, value, depth)
    filled = dict(value)
    for name, inner in schema.get("properties", {}).items():
        at = f"{pointer}/properties/{escape_pointer(name)}"
        own = filled.get(name, UNSET)
        own = _something(schemas, inner, at) if own is UNSET else own
        if own is not UNSET:
            filled[name] = full(schemas, inner, at, own, depth + 1)
    return filled


def _filled(schemas: Schemas, schema: Any, pointer: str, value: Any, depth: int) -> Any:
    """A list with at least one item, so that there is something that can be wrong."""
    if not isinstance(value, list) or "items" not in schema or depth > 4 or schema.get("maxItems") == 0:
        return value
    one = _something(schemas, schema["items"], f"{pointer}/items")
    items = value or ([] if one is UNSET else [one])
    return [full(schemas, schema["items"], f"{pointer}/items", item, depth + 1) for item in items]


def _something(schemas: Schemas, schema: Any, pointer: str) -> Any:
    """A value that is not null where the schema has any."""
    inner, at, _ = schemas.split_null(schema, pointer)
    return sample(schemas, inner, at)


def values(schemas: Schemas, schema: Any, pointer: str) -> Iterator[Any]:
    """JSON values worth trying in one place, right and wrong ones mixed."""
    if isinstance(schema, bool):
        return
    schema, pointer, _ = schemas.split_null(schema, pointer)
    yield from (None, 3, "text", [], {}, ["x"], 1.5)
    kinds = json_values.kinds_of(schema)
    if "enum" in schema or "const" in schema:
        members = list(_members(schema))
        yield from (*members, members[:1])
    elif "string" in kinds:
        yield from _strings(schema, datetime.now(UTC))
    if {"integer", "number"} & set(kinds):
        yield from (int(v) if float(v).is_integer() else v for v in _numbers(schema, whole="integer" in kinds))
    if "boolean" in kinds:
        yield from (True, False, 2)
    if "object" in kinds and "properties" not in schema:
        yield {"text": UNICODE, "depth": 3, "of": {"a": [1, None, True, {}]}, "": ""}
        yield {"long": "x" * 20_000}
    if "array" in kinds:
        one = _something(schemas, schema.get("items", {}), f"{pointer}/items")
        counts = {schema.get("minItems", 1), schema.get("maxItems", 2), schema.get("maxItems", 2) + 1}
        yield from ([one] * count for count in sorted(counts) if count < 100 and one is not UNSET)


def places(schemas: Schemas, schema: Any, pointer: str, value: Any) -> Iterator[tuple[tuple[Step, ...], Any, str]]:
    """Every place of a value whose schema is known, with that schema, the value itself first."""
    yield from _places(schemas, schema, pointer, value, ())


def _places(
    schemas: Schemas, schema: Any, pointer: str, value: Any, path: tuple[Step, ...]
) -> Iterator[tuple[tuple[Step, ...], Any, str]]:
    yield path, schema, pointer
    if isinstance(schema, bool) or len(path) > 6:
        return
    schema, pointer, _ = schemas.split_null(schema, pointer)
    if isinstance(value, Mapping):
        for name, inner in schema.get("properties", {}).items():
            if name in value:
                at = f"{pointer}/properties/{escape_pointer(name)}"
                yield from _places(schemas, inner, at, value[name], (*path, name))
    elif isinstance(value, list) and value and "items" in schema:
        yield from _places(schemas, schema["items"], f"{pointer}/items", value[0], (*path, 0))


def replaced(value: Any, path: Sequence[Step], new: Any) -> Any:
    """A copy of a JSON value with another one in a place; ``UNSET`` takes the place away."""
    if not path:
        return new
    step, rest = path[0], path[1:]
    if isinstance(value, list):
        items = (replaced(item, rest, new) if index == step else item for index, item in enumerate(value))
        return [item for item in items if item is not UNSET]
    inner = replaced(value.get(step), rest, new)
    copied = {**value, step: inner}
    if inner is UNSET:
        del copied[step]
    return copied
