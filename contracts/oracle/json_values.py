"""Verdicts on JSON values and on the texts of parameters, by their schema.

A value that strict servers reject and lax servers convert (``"5"`` for an integer, ``1`` for a boolean, ``1.0`` for an
integer) is lenient.
"""

import marshal
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from specduet.contracts.oracle import scalars
from specduet.contracts.oracle.scalars import (
    VALID,
    ScalarVerdict,
    Verdict,
    cap_at_lenient,
    pick_most_lenient,
    pick_strictest,
)
from specduet.contracts.oracle.schema_access import (
    get_count,
    is_valid_value,
    list_branches,
    list_members,
    list_properties,
    list_required,
    list_types,
    resolve_schema,
)
from specduet.specs import Schema, Schemas

Loc = tuple[str | int, ...]


class InvalidLocation(NamedTuple):
    """One location in a JSON value where it is invalid or lenient.

    Example: ``InvalidLocation(("body", "agents", 0, "goal"), "invalid", "is missing", "/components/schemas/Agent/…")``.
    """

    loc: Loc
    verdict: Verdict
    reason: str
    """A predicate for messages: ``is below the minimum 0``."""
    pointer: str
    """JSON pointer to the schema that the value at this location breaks."""


UNDOCUMENTED_PROPERTY = "is not a documented property"
"""The reason of a property that ``additionalProperties: false`` forbids."""
MAX_DEPTH = 100
"""The deepest nesting that is judged: some servers reject deeper values, others read them."""
_TIME_FORMATS = frozenset({"date-time", "date", "time", "duration"})  # pydantic reads numbers as these, too
_UNCERTAIN_KEYWORDS = (
    frozenset(  # keywords that model classes cannot express: judged as a whole, and never more than lenient
        {"not", "if", "dependentRequired", "dependentSchemas", "patternProperties", "propertyNames", "contains"}
        | {"unevaluatedProperties", "unevaluatedItems", "$dynamicRef", "contentEncoding", "contentMediaType"}
    )
)


# ------------------------------------------------------------------------------------------------ text, as one value


def judge_text(schemas: Schemas, schema: Any, pointer: str, value: str) -> ScalarVerdict:
    """Judge the text of a path, query, header or cookie parameter by its schema."""
    if isinstance(schema, bool):
        return VALID if schema else ScalarVerdict("invalid", "is never allowed")
    schema, pointer = resolve_schema(schemas, schema, pointer)
    verdicts = [_judge_own_text(schema, value)]
    for keyword, combine in (("anyOf", pick_most_lenient), ("oneOf", pick_most_lenient), ("allOf", pick_strictest)):
        branches = list(list_branches(schema, pointer, keyword))
        if branches:
            verdicts.append(combine([judge_text(schemas, branch, at, value) for _, branch, at in branches]))
        if keyword != "allOf" and _is_odd_number(schemas, [(branch, at) for _, branch, at in branches], value):
            verdicts.append(_ODD_NUMBER)
    if _UNCERTAIN_KEYWORDS & schema.keys():
        verdicts.append(ScalarVerdict("lenient", "is held to rules that servers read differently"))
    return pick_strictest(verdicts)


_ODD_NUMBER = ScalarVerdict("lenient", "is read as a number by some servers, and breaks that alternative")
_TEXT_RULES = frozenset({"pattern", "enum", "const", "format"})


def _is_odd_number(schemas: Schemas, branches: Sequence[tuple[Any, str]], text: str) -> bool:
    """Return whether an alternative is a number that a text does not spell, and no other one says more of texts.

    A decimal is documented as a number within bounds or a text, and read as one number (pydantic).
    """
    resolved = [resolve_schema(schemas, branch, at).schema for branch, at in branches if isinstance(branch, Mapping)]
    numbers = [schema for schema in resolved if {"integer", "number"} & {*list_types(schema)}]
    if not scalars.is_number_text(text) and any(_TEXT_RULES & schema.keys() for schema in resolved):
        return False
    return any(_judge_own_text(schema, text).verdict == "invalid" for schema in numbers)


def _judge_own_text(schema: Schema, value: str) -> ScalarVerdict:
    members = list_members(schema)
    if members is not None:
        return _judge_member_text(members, value)
    types = list_types(schema)
    return pick_most_lenient([_judge_text_as(type_name, schema, value) for type_name in types]) if types else VALID


def _judge_member_text(members: tuple[Any, ...], value: str) -> ScalarVerdict:
    if value in [member for member in members if isinstance(member, str)]:
        return VALID
    spellings = {_spell_member(member) for member in members}
    if value in spellings:
        return (
            VALID
            if value not in {"null", "true", "false"}
            else ScalarVerdict("lenient", "stands for a value, not for text")
        )
    if value.strip() in spellings or any(_is_same_number(member, value) for member in members):
        return ScalarVerdict("lenient", "is a member to some servers")
    return ScalarVerdict("invalid", "is none of the documented members")


def _spell_member(member: Any) -> str:
    keywords: dict[Any, str] = {None: "null", True: "true", False: "false"}
    return keywords[member] if member is None or isinstance(member, bool) else str(member)


def _is_same_number(member: Any, value: str) -> bool:
    if isinstance(member, bool) or not isinstance(member, int | float):
        return False
    try:
        return float(value) == member
    except ValueError:
        return False


def _judge_text_as(type_name: str, schema: Schema, value: str) -> ScalarVerdict:
    match type_name:
        case "integer":
            return scalars.judge_integer_text(schema, value)
        case "number":
            return scalars.judge_number_text(schema, value)
        case "boolean":
            return scalars.judge_boolean_text(value)
        case "string":
            return scalars.judge_string(schema, value)
        case "null":
            empty = value.strip().lower() in {"", "null", "none", "nil", "undefined"}
            return ScalarVerdict("lenient" if empty else "invalid", "stands for null to some servers")
    return ScalarVerdict("lenient", f"is an {type_name}, which servers read from text differently")


# ------------------------------------------------------------------------------------------------------- JSON values


def find_invalid_locations(schemas: Schemas, schema: Any, pointer: str, value: Any, loc: Loc) -> list[InvalidLocation]:
    """Return every location where a JSON value is invalid or lenient, in document order; none for a valid value.

    ``loc`` and ``pointer`` are those of ``value`` and ``schema``.
    """
    if not isinstance(value, dict | list) or not value:
        return _find_locations(schemas, schema, pointer, value, loc)
    remembered = _remembered.setdefault(schemas, {})
    try:
        key = (id(schema), pointer, len(loc), marshal.dumps(value, 2))  # 2: equal values have equal bytes
    except ValueError:
        return _find_locations(schemas, schema, pointer, value, loc)
    known = remembered.get(key)
    if known is None:
        found = _find_locations(schemas, schema, pointer, value, loc)
        if len(remembered) >= _MOST_REMEMBERED:
            remembered.clear()
        known = remembered[key] = (schema, tuple(invalid._replace(loc=invalid.loc[len(loc) :]) for invalid in found))
    return [invalid._replace(loc=(*loc, *invalid.loc)) for invalid in known[1]]


_remembered: "WeakKeyDictionary[Schemas, dict[tuple[Any, ...], tuple[Any, tuple[InvalidLocation, ...]]]]" = (
    WeakKeyDictionary()
)
"""The locations below objects and lists that were judged, with their schema: most bodies differ in one place only."""
_MOST_REMEMBERED = 20_000


def _find_locations(schemas: Schemas, schema: Any, pointer: str, value: Any, loc: Loc) -> list[InvalidLocation]:
    if schema is False:
        return [InvalidLocation(loc, "invalid", "is never allowed", pointer)]
    if schema is True:
        schema = {}
    if len(loc) > MAX_DEPTH:
        return [InvalidLocation(loc, "lenient", "is nested deeper than some servers read", pointer)]
    schema, pointer = resolve_schema(schemas, schema, pointer)
    judged = _judge_own_keywords(schema, value)
    if judged.verdict != "valid":
        return [InvalidLocation(loc, *judged, pointer)]
    found: list[InvalidLocation] = []
    if isinstance(value, Mapping):
        found += _check_object(schemas, schema, pointer, value, loc)
    elif isinstance(value, list):
        found += _check_array(schemas, schema, pointer, value, loc)
    found += _check_composition(schemas, schema, pointer, value, loc)
    if not found and _UNCERTAIN_KEYWORDS & schema.keys() and not is_valid_value(schemas, pointer, value):
        found.append(InvalidLocation(loc, "lenient", "breaks a rule that servers read differently", pointer))
    return found


def _judge_own_keywords(schema: Schema, value: Any) -> ScalarVerdict:
    """Judge the value by the keywords on its type, its enum and its bounds; not the values inside it."""
    types = list_types(schema)
    judged = pick_most_lenient([_judge_type(type_name, schema, value) for type_name in types]) if types else VALID
    if judged.verdict != "valid":
        return judged
    members = list_members(schema)
    if members is not None:
        return _judge_member(members, value)
    if not types and _means_other_type(schema, value):
        return ScalarVerdict("lenient", "is of another type than the schema seems to mean")
    if not types and isinstance(value, str):
        return scalars.judge_string(schema, value)
    return VALID


def _means_other_type(schema: Schema, value: Any) -> bool:
    """Return whether a schema without ``type`` tells of properties or items that a value cannot have."""
    if not isinstance(value, Mapping) and {"properties", "required", "additionalProperties"} & schema.keys():
        return True
    return not isinstance(value, list) and "items" in schema


_PYTHON_TYPES: dict[str, Any] = {
    "null": (type(None),),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "string": (str,),
    "array": (list,),
    "object": (dict,),
}


def _judge_type(type_name: str, schema: Schema, value: Any) -> ScalarVerdict:
    """Judge the value as one of the types of JSON Schema, with the keywords of that type."""
    if type_name in {"integer", "number"} and isinstance(value, bool):
        return ScalarVerdict("lenient", f"is no {type_name} to strict servers")
    if not isinstance(value, _PYTHON_TYPES.get(type_name, ())):
        return _judge_coercion(type_name, schema, value)
    if isinstance(value, str):
        return scalars.judge_string(schema, value)
    return scalars.judge_number(schema, value) if type_name in {"integer", "number"} else VALID


def _judge_coercion(type_name: str, schema: Schema, value: Any) -> ScalarVerdict:
    """Judge a value of another type, which pydantic's lax mode may still convert."""
    article = "an" if type_name[0] in "aeiou" else "a"
    invalid = ScalarVerdict("invalid", "is null" if value is None else f"is not {article} {type_name}")
    is_scalar = isinstance(value, bool | int | float | str)
    if type_name == "integer" and isinstance(value, float):
        return cap_at_lenient(VALID) if value.is_integer() or abs(value) > scalars.SAFE_INTEGER else invalid
    if type_name == "boolean" and value in (0, 1):
        return cap_at_lenient(VALID)
    if type_name in {"integer", "number", "boolean"} and isinstance(value, str):
        return invalid if _judge_text_as(type_name, schema, value).verdict == "invalid" else cap_at_lenient(VALID)
    if type_name == "string" and is_scalar and schema.get("format") in _TIME_FORMATS:
        return cap_at_lenient(VALID)
    return invalid


def _judge_member(members: tuple[Any, ...], value: Any) -> ScalarVerdict:
    if any(type(member) is type(value) and member == value for member in members):
        return VALID
    is_scalar = isinstance(value, bool | int | float | str)
    if is_scalar and any(
        _spell_member(member) == _spell_member(value).strip() or member == value for member in members
    ):
        return ScalarVerdict("lenient", "is a member to some servers")
    return ScalarVerdict("invalid", "is none of the documented members")


def _check_object(
    schemas: Schemas, schema: Schema, pointer: str, value: Mapping[str, Any], loc: Loc
) -> Iterator[InvalidLocation]:
    properties, required = set(), list_required(schema)
    for name, inner, property_pointer in list_properties(schema, pointer):
        properties.add(name)
        if name not in value:
            if name in required:
                yield InvalidLocation((*loc, name), "invalid", "is missing", property_pointer)
        elif resolve_schema(schemas, inner, property_pointer).schema.get("readOnly") is True:
            # OAS 3.1, 4.8.24.2: it should not be sent, and servers ignore or reject it
            yield InvalidLocation((*loc, name), "lenient", "is read-only", property_pointer)
        else:
            yield from find_invalid_locations(schemas, inner, property_pointer, value[name], (*loc, name))
    for name in required:
        if name not in value and name not in properties:
            yield InvalidLocation((*loc, name), "invalid", "is missing", pointer)
    yield from _check_additional_properties(
        schemas, schema, pointer, {k: v for k, v in value.items() if k not in properties}, loc
    )
    yield from _check_size(schema, pointer, len(value), loc, "Properties", is_certain=True)


def _check_additional_properties(
    schemas: Schemas, schema: Schema, pointer: str, extras: Mapping[str, Any], loc: Loc
) -> Iterator[InvalidLocation]:
    rule = schema.get("additionalProperties", True)
    if "patternProperties" in schema or rule is None:
        return  # judged as a whole, or no schema at all
    for name, inner in extras.items():
        if rule is False:
            yield InvalidLocation((*loc, name), "invalid", UNDOCUMENTED_PROPERTY, pointer)
        else:
            yield from find_invalid_locations(schemas, rule, f"{pointer}/additionalProperties", inner, (*loc, name))


def _check_array(
    schemas: Schemas, schema: Schema, pointer: str, value: list[Any], loc: Loc
) -> Iterator[InvalidLocation]:
    prefix_items = list(list_branches(schema, pointer, "prefixItems"))
    for index, inner in enumerate(value):
        if index < len(prefix_items):
            _, item_schema, item_pointer = prefix_items[index]
            yield from find_invalid_locations(schemas, item_schema, item_pointer, inner, (*loc, index))
        else:
            yield from find_invalid_locations(
                schemas, schema.get("items", True), f"{pointer}/items", inner, (*loc, index)
            )
    distinct = [item for index, item in enumerate(value[:1000]) if item not in value[:index]]
    has_repeats = schema.get("uniqueItems") is True and len(distinct) < len(value)
    if has_repeats:  # a set takes repeated items silently
        yield InvalidLocation(loc, "lenient", "repeats an item", pointer)
    yield from _check_size(schema, pointer, len(value), loc, "Items", is_certain=not has_repeats)


def _check_size(
    schema: Schema, pointer: str, count: int, loc: Loc, noun: str, *, is_certain: bool
) -> Iterator[InvalidLocation]:
    minimum, maximum = get_count(schema, f"min{noun}") or 0, get_count(schema, f"max{noun}")
    verdict: Verdict = "invalid" if is_certain else "lenient"
    if count < minimum:
        yield InvalidLocation(loc, verdict, f"has fewer than {minimum} {noun.lower()}", pointer)
    if maximum is not None and count > maximum:
        yield InvalidLocation(loc, verdict, f"has more than {maximum} {noun.lower()}", pointer)


def _check_composition(
    schemas: Schemas, schema: Schema, pointer: str, value: Any, loc: Loc
) -> Iterator[InvalidLocation]:
    for _, branch, branch_pointer in list_branches(schema, pointer, "allOf"):
        yield from find_invalid_locations(schemas, branch, branch_pointer, value, loc)
    for keyword in ("anyOf", "oneOf"):
        branches = [branch for _, branch, _ in list_branches(schema, pointer, keyword)]
        if branches:
            yield from _check_alternatives(schemas, branches, f"{pointer}/{keyword}", value, loc)
    if _is_decided_by_name(schema, value):
        yield from _check_discriminator(schemas, schema, pointer, value, loc)


def _is_decided_by_name(schema: Schema, value: Any) -> bool:
    """Return whether a property of the value names the schema that it has (``discriminator``, OAS 3.1, 4.8.25)."""
    return isinstance(schema.get("discriminator"), Mapping) and isinstance(value, Mapping)


def _check_discriminator(
    schemas: Schemas, schema: Schema, pointer: str, value: Any, loc: Loc
) -> Iterator[InvalidLocation]:
    """Yield a lenient location unless the value names an alternative that it fits."""
    fitting = [
        name
        for name, branch, branch_pointer in list_named_branches(schema, pointer)
        if name == value.get(schema["discriminator"].get("propertyName"))
        and not find_invalid_locations(schemas, branch, branch_pointer, value, loc)
    ]
    if not fitting:
        yield InvalidLocation(loc, "lenient", "is told apart by its discriminator differently by servers", pointer)


def list_named_branches(schema: Schema, pointer: str) -> Iterator[tuple[str, Any, str]]:
    """Yield each alternative of a schema with a discriminator: the name that stands for it, its schema, its pointer."""
    mapping = schema["discriminator"].get("mapping")
    for _, branch, branch_pointer in list_branches(schema, pointer, "oneOf", "anyOf"):
        reference = branch.get("$ref") if isinstance(branch, Mapping) else None
        if isinstance(reference, str):
            component = reference.rpartition("/")[2]
            names = (
                [k for k, v in mapping.items() if v in {reference, component}] if isinstance(mapping, Mapping) else []
            )
            for name in names or [component]:
                yield name, branch, branch_pointer


def _check_alternatives(
    schemas: Schemas, branches: Sequence[Any], pointer: str, value: Any, loc: Loc
) -> list[InvalidLocation]:
    """Return nothing if an alternative matches. The only alternative besides null keeps its own locations."""
    branch_results = [
        find_invalid_locations(schemas, branch, f"{pointer}/{i}", value, loc) for i, branch in enumerate(branches)
    ]
    matching = sum(not result for result in branch_results)
    places = [(branch, f"{pointer}/{i}") for i, branch in enumerate(branches)]
    if matching and isinstance(value, str) and _is_odd_number(schemas, places, value):
        return [InvalidLocation(loc, *_ODD_NUMBER, pointer)]
    if matching:
        # also where a discriminator names one of them: a validator of JSON Schema rejects the value all the same
        is_ambiguous = matching > 1 and pointer.endswith("/oneOf")
        return [InvalidLocation(loc, "lenient", "fits more than one alternative", pointer)] if is_ambiguous else []
    if any(all(invalid.verdict == "lenient" for invalid in result) for result in branch_results):
        return [InvalidLocation(loc, "lenient", "fits an alternative to some servers", pointer)]
    non_null_results = [result for branch, result in zip(branches, branch_results, strict=True) if not _is_null(branch)]
    if len(non_null_results) == 1:
        return non_null_results[0]
    return [InvalidLocation(loc, "invalid", "fits none of the documented alternatives", pointer)]


def _is_null(branch: Any) -> bool:
    return isinstance(branch, Mapping) and branch.get("type") == "null"
