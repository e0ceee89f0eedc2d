"""Three-valued judgement of JSON values and of parameters' texts against a schema, each wrong spot with its own place.

A spot that strict servers refuse and lax ones read (``"5"`` for an integer, ``1`` for a boolean, ``1.0`` for an
integer) is lenient.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from specduet.contracts.oracle import scalars
from specduet.contracts.oracle.scalars import VALID, Reading, Verdict, at_most_lenient, best, worst
from specduet.specs import Schema, Schemas
from specduet.specs.schemas import escape_pointer

Loc = tuple[str | int, ...]


class Spot(NamedTuple):
    """One place of a value that is not plainly valid; ``loc`` is where, ``pointer`` the schema that says so."""

    loc: Loc
    verdict: Verdict
    reason: str
    pointer: str


DEEPEST = 100
"""Nesting beyond this is refused by some parsers and read by others."""
_MOMENTS = frozenset({"date-time", "date", "time", "duration"})  # pydantic reads numbers as these, too
_BEYOND = frozenset(  # keywords that no model class comes to: known only as a whole, and never certain
    {"not", "if", "dependentRequired", "dependentSchemas", "patternProperties", "propertyNames", "contains"}
    | {"unevaluatedProperties", "unevaluatedItems", "$dynamicRef", "contentEncoding", "contentMediaType"}
)


def kinds_of(schema: Schema) -> tuple[str, ...]:
    """The types that a schema names, none where it leaves them open."""
    named = schema.get("type")
    if named is None:
        return ()
    return (named,) if isinstance(named, str) else tuple(named)


# ------------------------------------------------------------------------------------------------ text, as one value


def text(schemas: Schemas, schema: Any, pointer: str, value: str) -> Reading:
    """The text of a path, query, header or cookie parameter against its schema."""
    if isinstance(schema, bool):
        return VALID if schema else Reading("invalid", "is never allowed")
    schema, pointer = schemas.resolve(schema, pointer)
    found = [_own_text(schema, value)]
    for keyword, together in (("anyOf", best), ("oneOf", best), ("allOf", worst)):
        branches = schema.get(keyword)
        if branches:
            at = f"{pointer}/{keyword}"
            found.append(together([text(schemas, b, f"{at}/{i}", value) for i, b in enumerate(branches)]))
    if _BEYOND & schema.keys():
        found.append(Reading("lenient", "is held to rules that servers read differently"))
    return worst(found)


def _own_text(schema: Schema, value: str) -> Reading:
    members = _members(schema)
    if members is not None:
        return _member_text(members, value)
    kinds = kinds_of(schema)
    return best([_text_as(kind, schema, value) for kind in kinds]) if kinds else VALID


def _members(schema: Schema) -> tuple[Any, ...] | None:
    if "const" in schema:
        return (schema["const"],)
    return tuple(schema["enum"]) if "enum" in schema else None


def _member_text(members: tuple[Any, ...], value: str) -> Reading:
    if value in [member for member in members if isinstance(member, str)]:
        return VALID
    spelt = {_spelt(member) for member in members}
    if value in spelt:
        return (
            VALID if value not in {"null", "true", "false"} else Reading("lenient", "stands for a value, not for text")
        )
    if value.strip() in spelt or any(_same_number(member, value) for member in members):
        return Reading("lenient", "is a member to some servers")
    return Reading("invalid", "is none of the documented members")


def _spelt(member: Any) -> str:
    words: dict[Any, str] = {None: "null", True: "true", False: "false"}
    return words[member] if member is None or isinstance(member, bool) else str(member)


def _same_number(member: Any, value: str) -> bool:
    if isinstance(member, bool) or not isinstance(member, int | float):
        return False
    try:
        return float(value) == member
    except ValueError:
        return False


def _text_as(kind: str, schema: Schema, value: str) -> Reading:
    match kind:
        case "integer":
            return scalars.integer_text(schema, value)
        case "number":
            return scalars.number_text(schema, value)
        case "boolean":
            return scalars.boolean_text(value)
        case "string":
            return scalars.string(schema, value)
        case "null":
            empty = value.strip().lower() in {"", "null", "none", "nil", "undefined"}
            return Reading("lenient" if empty else "invalid", "stands for null to some servers")
    return Reading("lenient", f"is an {kind}, which servers read from text differently")


# ------------------------------------------------------------------------------------------------------- JSON values


def spots(schemas: Schemas, schema: Any, pointer: str, value: Any, loc: Loc) -> list[Spot]:
    """Every place of a JSON value that is not plainly valid, in document order; none for a valid value."""
    if schema is False:
        return [Spot(loc, "invalid", "is never allowed", pointer)]
    if schema is True:
        schema = {}
    if len(loc) > DEEPEST:
        return [Spot(loc, "lenient", "is nested deeper than some servers read", pointer)]
    schema, pointer = schemas.resolve(schema, pointer)
    own = _own(schema, value)
    if own.verdict != "valid":
        return [Spot(loc, *own, pointer)]
    found: list[Spot] = []
    if isinstance(value, Mapping):
        found += _object(schemas, schema, pointer, value, loc)
    elif isinstance(value, list):
        found += _array(schemas, schema, pointer, value, loc)
    found += _composed(schemas, schema, pointer, value, loc)
    if not found and _BEYOND & schema.keys() and not schemas.validator_at(pointer).is_valid(value):
        found.append(Spot(loc, "lenient", "breaks a rule that servers read differently", pointer))
    return found


def _own(schema: Schema, value: Any) -> Reading:
    """What a schema says of the value itself: its type, its membership, its bounds."""
    kinds = kinds_of(schema)
    typed = best([_typed(kind, schema, value) for kind in kinds]) if kinds else VALID
    if typed.verdict != "valid":
        return typed
    members = _members(schema)
    if members is not None:
        return _member(members, value)
    if not kinds and isinstance(value, str):
        return scalars.string(schema, value)
    return VALID


_PYTHON: dict[str, Any] = {
    "null": (type(None),),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "string": (str,),
    "array": (list,),
    "object": (dict,),
}


def _typed(kind: str, schema: Schema, value: Any) -> Reading:
    """The value as one of JSON Schema's types, with what that type's keywords say of it."""
    if kind in {"integer", "number"} and isinstance(value, bool):
        return Reading("lenient", f"is no {kind} to strict servers")
    if not isinstance(value, _PYTHON.get(kind, ())):
        return _coerced(kind, schema, value)
    if isinstance(value, str):
        return scalars.string(schema, value)
    return scalars.number(schema, value) if kind in {"integer", "number"} else VALID


def _coerced(kind: str, schema: Schema, value: Any) -> Reading:
    """A value of another type, which pydantic's lax mode may still read as the one asked for."""
    article = "an" if kind[0] in "aeiou" else "a"
    refused = Reading("invalid", "is null" if value is None else f"is not {article} {kind}")
    scalar = isinstance(value, bool | int | float | str)
    if kind == "integer" and isinstance(value, float):
        return at_most_lenient(VALID) if value.is_integer() or abs(value) > scalars.SAFE_INTEGER else refused
    if kind == "boolean" and value in (0, 1):
        return at_most_lenient(VALID)
    if kind in {"integer", "number", "boolean"} and isinstance(value, str):
        return refused if _text_as(kind, schema, value).verdict == "invalid" else at_most_lenient(VALID)
    if kind == "string" and scalar and schema.get("format") in _MOMENTS:
        return at_most_lenient(VALID)
    return refused


def _member(members: tuple[Any, ...], value: Any) -> Reading:
    if any(type(member) is type(value) and member == value for member in members):
        return VALID
    scalar = isinstance(value, bool | int | float | str)
    if scalar and any(_spelt(member) == _spelt(value).strip() or member == value for member in members):
        return Reading("lenient", "is a member to some servers")
    return Reading("invalid", "is none of the documented members")


def _object(schemas: Schemas, schema: Schema, pointer: str, value: Mapping[str, Any], loc: Loc) -> Iterator[Spot]:
    known: Mapping[str, Any] = schema.get("properties", {})
    for name, inner in known.items():
        at = f"{pointer}/properties/{escape_pointer(name)}"
        if name in value:
            yield from spots(schemas, inner, at, value[name], (*loc, name))
        elif name in schema.get("required", ()) and not _answers_only(schemas, inner, at):
            yield Spot((*loc, name), "invalid", "is missing", at)
    for name in schema.get("required", ()):
        if name not in value and name not in known:
            yield Spot((*loc, name), "invalid", "is missing", pointer)
    yield from _extras(schemas, schema, pointer, {k: v for k, v in value.items() if k not in known}, loc)
    yield from _counted(schema, pointer, len(value), loc, "Properties", certain=True)


def _answers_only(schemas: Schemas, schema: Any, pointer: str) -> bool:
    """``readOnly`` properties are never required of a request (OAS 3.0, 4.7.24.2)."""
    return isinstance(schema, Mapping) and schemas.resolve(schema, pointer)[0].get("readOnly") is True


def _extras(schemas: Schemas, schema: Schema, pointer: str, extras: Mapping[str, Any], loc: Loc) -> Iterator[Spot]:
    rule = schema.get("additionalProperties", True)
    if "patternProperties" in schema:
        return  # judged as a whole
    for name, inner in extras.items():
        if rule is False:
            yield Spot((*loc, name), "invalid", "is not a documented property", pointer)
        else:
            yield from spots(schemas, rule, f"{pointer}/additionalProperties", inner, (*loc, name))


def _array(schemas: Schemas, schema: Schema, pointer: str, value: list[Any], loc: Loc) -> Iterator[Spot]:
    first: Sequence[Any] = schema.get("prefixItems", ())
    for index, inner in enumerate(value):
        if index < len(first):
            yield from spots(schemas, first[index], f"{pointer}/prefixItems/{index}", inner, (*loc, index))
        else:
            yield from spots(schemas, schema.get("items", True), f"{pointer}/items", inner, (*loc, index))
    distinct = [item for index, item in enumerate(value[:1000]) if item not in value[:index]]
    repeats = schema.get("uniqueItems") is True and len(distinct) < len(value)
    if repeats:  # a set takes repeated items silently
        yield Spot(loc, "lenient", "repeats an item", pointer)
    yield from _counted(schema, pointer, len(value), loc, "Items", certain=not repeats)


def _counted(schema: Schema, pointer: str, count: int, loc: Loc, what: str, *, certain: bool) -> Iterator[Spot]:
    fewest, most = schema.get(f"min{what}", 0), schema.get(f"max{what}")
    verdict: Verdict = "invalid" if certain else "lenient"
    if count < fewest:
        yield Spot(loc, verdict, f"has fewer than {fewest} {what.lower()}", pointer)
    if most is not None and count > most:
        yield Spot(loc, verdict, f"has more than {most} {what.lower()}", pointer)


def _composed(schemas: Schemas, schema: Schema, pointer: str, value: Any, loc: Loc) -> Iterator[Spot]:
    for index, branch in enumerate(schema.get("allOf", ())):
        yield from spots(schemas, branch, f"{pointer}/allOf/{index}", value, loc)
    for keyword in ("anyOf", "oneOf"):
        if schema.get(keyword):
            yield from _alternatives(schemas, schema[keyword], f"{pointer}/{keyword}", value, loc)


def _alternatives(schemas: Schemas, branches: Sequence[Any], pointer: str, value: Any, loc: Loc) -> list[Spot]:
    """One alternative that fits is enough; with a single one besides null, its own spots tell where it is wrong."""
    found = [spots(schemas, branch, f"{pointer}/{i}", value, loc) for i, branch in enumerate(branches)]
    fitting = sum(not each for each in found)
    if fitting:
        several = fitting > 1 and pointer.endswith("/oneOf")
        return [Spot(loc, "lenient", "fits more than one alternative", pointer)] if several else []
    if any(all(spot.verdict == "lenient" for spot in each) for each in found):
        return [Spot(loc, "lenient", "fits an alternative to some servers", pointer)]
    real = [each for branch, each in zip(branches, found, strict=True) if not _is_null(branch)]
    if len(real) == 1:
        return real[0]
    return [Spot(loc, "invalid", "fits none of the documented alternatives", pointer)]


def _is_null(branch: Any) -> bool:
    return isinstance(branch, Mapping) and branch.get("type") == "null"
