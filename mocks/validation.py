"""What is wrong with a request: problems in FastAPI's shape, whatever shape the refusal has in the end.

A body is judged twice. pydantic-core says what FastAPI would say, in FastAPI's words and order. jsonschema-rs holds the
body to the original schema, and what only it refuses (a JSON type that FastAPI would convert, a keyword that pydantic
has no word for) is said in pydantic's words too.
"""

from collections.abc import Iterator, Sequence
from typing import Any, cast

from pydantic_core import PydanticKnownError, SchemaError, ValidationError

from specduet.mocks.pydantic_schemas import compile_validator
from specduet.specs import Content, Schemas

Problem = dict[str, Any]
Location = tuple[str | int, ...]

# The words pydantic-core has for a value of the wrong JSON type, and for a limit that is broken.
_WRONG_TYPE = {
    "string": "string_type",
    "integer": "int_type",
    "number": "float_type",
    "boolean": "bool_type",
    "array": "list_type",
    "object": "dict_type",
    "null": "none_required",
}
_LIMITS = {
    "minimum": ("greater_than_equal", "ge"),
    "maximum": ("less_than_equal", "le"),
    "exclusiveMinimum": ("greater_than", "gt"),
    "exclusiveMaximum": ("less_than", "lt"),
    "multipleOf": ("multiple_of", "multiple_of"),
    "minLength": ("string_too_short", "min_length"),
    "maxLength": ("string_too_long", "max_length"),
    "pattern": ("string_pattern_mismatch", "pattern"),
}
_SIZES = {"minItems", "maxItems", "minProperties", "maxProperties"}


def problem(kind: str, location: Location, message: str, given: Any, context: dict[str, Any] | None = None) -> Problem:
    """A problem with its keys in the order in which FastAPI writes them."""
    found: Problem = {"type": kind, "loc": location, "msg": message, "input": given}
    if context:
        found["ctx"] = context
    return found


def missing(location: Location, given: Any = None) -> Problem:
    """Something required that is not there."""
    return _known("missing", None, location, given)


def located(error: ValidationError, location: Location) -> list[Problem]:
    """What pydantic-core found, below ``location``."""
    found = cast("list[Problem]", error.errors(include_url=False))
    for item in found:
        item["loc"] = (*location, *item["loc"])
    return found


class Residue:
    """The part of a schema that pydantic-core did not say, held by jsonschema-rs."""

    def __init__(self, schemas: Schemas, pointer: str) -> None:
        self._validator = schemas.validator_at(pointer)

    def problems(self, value: Any, location: Location) -> list[Problem]:
        if self._validator.is_valid(value):
            return []
        found = [item for error in self._validator.iter_errors(value) for item in _translated(error, location)]
        return found or [_known("value_error", {"error": "no alternative of the schema fits alone"}, location, value)]


class BodyValidator:
    """Holds a parsed JSON body to the schema of its media type."""

    def __init__(self, schemas: Schemas, content: Content) -> None:
        validator, _ = compile_validator(schemas, content.pointer)
        self._validate = validator.validate_python
        self._strict = schemas.validator_at(content.pointer).is_valid
        self._residue = Residue(schemas, content.pointer)

    def problems(self, value: Any, *, strict: bool = True) -> list[Problem]:
        """What is wrong with ``value``; not ``strict`` where text stands for every type, as in a form."""
        found: list[Problem] = []
        try:
            self._validate(value, from_attributes=True)
        except ValidationError as error:
            found = located(error, ("body",))
        if strict and not self._strict(value):
            known = {item["loc"] for item in found}
            found += [item for item in self._residue.problems(value, ("body",)) if not _covered(item["loc"], known)]
        return found


def _covered(location: Location, known: set[Location]) -> bool:
    """Whether something at, above or below a location has been said already."""
    return any(location[: len(other)] == other[: len(location)] for other in known)


def _translated(error: Any, location: Location) -> Iterator[Problem]:
    """One error of jsonschema-rs, as the problems that pydantic-core would have told."""
    branches = getattr(error.kind, "context", ())
    if branches and all(branches):  # of `oneOf`, several may be without error, which is the error
        yield from _closest(branches, location)
        return
    at = (*location, *error.instance_path)
    if error.kind.name == "required":
        yield missing((*at, error.kind.value), error.instance)
    elif error.kind.name in {"additionalProperties", "unevaluatedProperties"} and error.kind.value:
        for name in error.kind.value:
            yield _known("extra_forbidden", None, (*at, name), error.instance.get(name))
    else:
        yield _translated_value(error.kind.name, error, at)


def _closest(branches: Sequence[Sequence[Any]], location: Location) -> Iterator[Problem]:
    """What the alternatives say that came furthest; an alternative that is merely null is heard last."""

    def reach(errors: Sequence[Any]) -> tuple[int, bool]:
        deepest = max((len(error.instance_path) for error in errors), default=0)
        return deepest, not any(error.kind.name == "type" and error.kind.value == ["null"] for error in errors)

    for error in max(branches, key=reach):
        yield from _translated(error, location)


def _translated_value(keyword: str, error: Any, at: Location) -> Problem:
    value, given = error.kind.value, error.instance
    if keyword == "type":
        kinds = value if isinstance(value, list) else [value]
        return _known(_WRONG_TYPE[next((k for k in kinds if k != "null"), "null")], None, at, given)
    if keyword in _LIMITS:
        kind, name = _LIMITS[keyword]
        return _known(kind, {name: value}, at, given)
    if keyword in _SIZES:
        kind = "too_short" if keyword.startswith("min") else "too_long"
        limit = {"min_length" if kind == "too_short" else "max_length": value}
        field = "List" if keyword.endswith("Items") else "Dictionary"
        return _known(kind, {"field_type": field, "actual_length": len(given), **limit}, at, given)
    if keyword in {"enum", "const"}:
        members = value if keyword == "enum" else [value]
        return _known("literal_error", {"expected": _either(members)}, at, given)
    return _known("value_error", {"error": error.message}, at, given)


def _known(kind: str, context: dict[str, Any] | None, at: Location, given: Any) -> Problem:
    """A problem in the very words of pydantic-core; a limit that it has no word for is told in ours."""
    try:
        message = PydanticKnownError(kind, context).message()  # type: ignore[arg-type]
    except (TypeError, ValueError, SchemaError):
        message = f"Input should satisfy {context}"
    return problem(kind, at, message, given, context)


def _either(members: Sequence[Any]) -> str:
    """``'a', 'b' or 'c'``: as pydantic lists what it expects."""
    texts = [repr(member) for member in members]
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} or {texts[-1]}"
