"""Keywords of a schema: each checker returns what is kept of a value, and says what is wrong with it.

A keyword whose value has no meaning is left out: JSON Schema 2020-12 then constrains nothing.
"""

from collections.abc import Callable, Mapping
from typing import Any

from specduet.specs.patterns import translate_pattern

LEFT_OUT = object()
"""A value that is not kept."""

Report = Callable[[str, str], None]
"""Takes a sentence about a fault, and one about its effect."""

TYPES = frozenset({"string", "number", "integer", "boolean", "array", "object", "null"})
#: keywords of JSON Schema 2020-12 that OpenAPI 3.0 does not have
ONLY_IN_31 = frozenset(
    {
        *("const", "examples", "prefixItems", "contains", "minContains", "maxContains", "if", "then", "else"),
        *("patternProperties", "propertyNames", "dependentSchemas", "dependentRequired", "unevaluatedItems"),
        *("unevaluatedProperties", "contentEncoding", "contentMediaType", "contentSchema", "$defs"),
    }
)
#: places of a schema in a dialect or under an address of its own: all references are resolved by us
ADDRESSES = frozenset({"$schema", "$id", "$anchor", "$dynamicAnchor", "$recursiveAnchor", "$vocabulary"})
_AS_31 = "it is read as OpenAPI 3.1 has it"


def check_type(value: Any, report: Report) -> Any:
    """Keep the known types: ``file`` and ``[string, any]`` lose a name."""
    if isinstance(value, str):
        if value in TYPES:
            return value
        report(f"the type {value!r} does not exist", "the schema takes values of any type")
        return LEFT_OUT
    if not isinstance(value, list) or not value:
        report("'type' is neither a name nor a list of names", "the keyword is ignored")
        return LEFT_OUT
    kept = [name for name in dict.fromkeys(map(str, value)) if name in TYPES]
    if kept != value:
        report("'type' names a type twice, or one that does not exist", "that name is ignored")
    return kept or LEFT_OUT


def check_required(value: Any, report: Report) -> Any:
    """Keep the names, each once."""
    if not isinstance(value, list):
        report("'required' of a schema is a list of names", "the keyword is ignored")
        return LEFT_OUT
    names = list(dict.fromkeys(name for name in value if isinstance(name, str)))
    if len(names) != len(value):
        report("'required' names a property twice, or has an item that is no name", "that item is ignored")
    elif not value:
        report("'required' is an empty list", "nothing is required")
    return names


def check_pattern(value: Any, report: Report) -> Any:
    """Keep a pattern as the engine takes it."""
    if not isinstance(value, str):
        report("'pattern' is no text", "the keyword is ignored")
        return LEFT_OUT
    try:
        return translate_pattern(value)
    except ValueError as error:
        report(str(error), "the keyword is ignored")
        return LEFT_OUT


def check_enum(value: Any, report: Report) -> Any:
    """Keep a list of members, each once."""
    if not isinstance(value, list) or not value:
        report("'enum' is no list with members", "the keyword is ignored")
        return LEFT_OUT
    members: dict[str, Any] = {f"{type(member).__name__} {member!r}": member for member in value}
    if len(members) != len(value):
        report("'enum' has a member twice", "the second one is ignored")
    return list(members.values())


def check_count(value: Any, report: Report) -> Any:
    """Keep a whole number from 0 on."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        report(f"{_shorten(value)} is no whole number from 0 on", "the keyword is ignored")
        return LEFT_OUT
    return value


def check_number(value: Any, report: Report) -> Any:
    """Keep a number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        report(f"{_shorten(value)} is no number", "the keyword is ignored")
        return LEFT_OUT
    return value


def check_multiple(value: Any, report: Report) -> Any:
    """Keep a number above 0."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        report(f"{_shorten(value)} is no number above 0", "the keyword is ignored")
        return LEFT_OUT
    return value


def check_flag(value: Any, report: Report) -> Any:
    """Keep true or false, also where it is written as text."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        report(f"{value!r} is text", f"it is read as {value.lower()}")
        return value.lower() == "true"
    report(f"{_shorten(value)} is neither true nor false", "it is ignored")
    return LEFT_OUT


def check_text(value: Any, report: Report) -> Any:
    """Keep a text; a number or boolean is read as one."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        report(f"{_shorten(value)} is no text", f"it is read as {_as_text(value)!r}")
        return _as_text(value)
    report(f"{_shorten(value)} is no text", "it is ignored")
    return LEFT_OUT


def check_names(value: Any, report: Report) -> Any:
    """Keep the lists of names in ``dependentRequired``."""
    if isinstance(value, Mapping) and all(isinstance(names, list) for names in value.values()):
        return {key: list(dict.fromkeys(map(str, names))) for key, names in value.items()}
    report("'dependentRequired' holds lists of names", "the keyword is ignored")
    return LEFT_OUT


def check_examples(value: Any, report: Report) -> Any:
    """Keep the list of a schema's examples."""
    if isinstance(value, list):
        return value
    report("'examples' of a schema is a list", "it is ignored")
    return LEFT_OUT


CHECKERS: dict[str, Callable[[Any, Report], Any]] = {
    "type": check_type,
    "required": check_required,
    "pattern": check_pattern,
    "enum": check_enum,
    "examples": check_examples,
    "multipleOf": check_multiple,
    "dependentRequired": check_names,
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), check_number),
    **dict.fromkeys(
        (
            *("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"),
            *("minContains", "maxContains"),
        ),
        check_count,
    ),
    **dict.fromkeys(("uniqueItems", "nullable", "readOnly", "writeOnly", "deprecated"), check_flag),
    **dict.fromkeys(("title", "description", "format", "contentEncoding", "contentMediaType"), check_text),
}


def check_members(schema: dict[str, Any], report: Report) -> None:
    """Read numbers and booleans among the members of a text as text: YAML has them without quotes."""
    members = schema.get("enum")
    if schema.get("type") != "string" or not isinstance(members, list):
        return
    for index, member in enumerate(members):
        if isinstance(member, bool | int | float):
            report(f"the member {_shorten(member)} is no text, as 'type' says", f"it is read as {_as_text(member)!r}")
            members[index] = _as_text(member)


def check_version(schema: Mapping[str, Any], report: Report) -> None:
    """Report keywords of OpenAPI 3.1 in a document of 3.0."""
    for keyword in ONLY_IN_31 & schema.keys():
        report(f"OpenAPI 3.0 has no keyword {keyword!r} in a schema", _AS_31)
    if isinstance(schema.get("type"), list):
        report("in OpenAPI 3.0, 'type' is one name", _AS_31)
    if schema.get("type") == "null":
        report("OpenAPI 3.0 has no type 'null'", _AS_31)


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _shorten(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list):
        return "a list"
    text = _as_text(value) if isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
