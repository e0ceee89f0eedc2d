"""Validation of request bodies. Problems have FastAPI's shape, whatever shape the error response has in the end.

A body is validated twice. Pydantic finds what FastAPI would find, in FastAPI's words and order. jsonschema-rs holds the
body to the original schema. What only jsonschema-rs refuses (a JSON type that FastAPI would convert, a keyword that
pydantic has no word for) becomes a problem in pydantic's words, too.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import jsonschema_rs

from specduet.mocks.integer_formats import get_bounded_schemas, has_integer_formats, has_large_integer
from specduet.mocks.overlapping_branches import find_relaxed_schemas
from specduet.specs import Content, Schemas

if TYPE_CHECKING:
    from specduet.mocks.pydantic_schemas import PydanticValidator

Problem = dict[str, Any]
"""For example ``{"type": "missing", "loc": ("body", "name"), "msg": "Field required", "input": {}}``."""
Location = tuple[str | int, ...]


def make_problem(
    kind: str, location: Location, message: str, value: Any, context: Mapping[str, Any] | None = None
) -> Problem:
    """Return a problem with its keys in the order in which FastAPI writes them."""
    problem: Problem = {"type": kind, "loc": location, "msg": message, "input": value}
    if context:
        problem["ctx"] = context
    return problem


def make_missing_problem(location: Location, value: Any = None) -> Problem:
    """Return the problem that nothing stands at a location where something is required."""
    from specduet.mocks import pydantic_errors  # imports pydantic, which most valid requests do without

    return _adopt_error(pydantic_errors.find_missing_error(), location, value)


def locate_errors(errors: list[Problem], location: Location) -> list[Problem]:
    """Turn pydantic's errors of a value into the problems of ``location``, where the value stands, and return them."""
    for error in errors:
        error["loc"] = (*location, *error["loc"])
    return errors


class SchemaCheck:
    """Holds values to a whole schema by jsonschema-rs, also to keywords that pydantic has no word for."""

    def __init__(self, schemas: Schemas, pointer: str) -> None:
        self._schemas = schemas
        self._pointer = pointer
        self._is_open = not _has_validator(schemas, pointer)
        self._has_integer_formats = has_integer_formats(schemas)

    def is_valid(self, value: Any) -> bool:
        """Return True if a value is valid: any value is where there is no schema, or one that cannot be compiled."""
        if self._is_open:
            return True
        schemas = self._find_schemas(value)
        if schemas.validator_at(self._pointer).is_valid(value):
            return True
        relaxed = find_relaxed_schemas(schemas)
        return relaxed is not None and relaxed.validator_at(self._pointer).is_valid(value)

    def _find_schemas(self, value: Any) -> Schemas:
        is_bounded = self._has_integer_formats and has_large_integer(value)
        return get_bounded_schemas(self._schemas) if is_bounded else self._schemas

    def find_problems(self, value: Any, location: Location, known: Collection[Location] = ()) -> list[Problem]:
        """Return the problems of a value that stands at ``location``, but none at, above or below a ``known`` one."""
        if self.is_valid(value):
            return []
        found = self._find_schemas(value).validator_at(self._pointer).iter_errors(value)
        errors = [leaf for error in found for leaf in _list_leaves(error, location)]
        if not errors:
            errors = [_KeywordError(location, "oneOf", None, value, "no alternative of the schema fits alone")]
        return [_translate_error(error) for error in errors if not _is_covered(error.location, known)]


def _has_validator(schemas: Schemas, pointer: str) -> bool:
    try:
        schemas.node_at(pointer)
        schemas.validator_at(pointer)
    except (KeyError, ValueError, jsonschema_rs.ReferencingError):  # jsonschema-rs: a ValidationError is a ValueError
        return False
    return True


class BodyValidator:
    """Holds a parsed body to the schema of its media type."""

    def __init__(self, schemas: Schemas, content: Content, *, is_fastapi: bool) -> None:
        """With ``is_fastapi``, a body has to be valid for pydantic as well."""
        self._schemas = schemas
        self._pointer = content.pointer
        self._has_schema = content.has_schema
        self._is_fastapi = is_fastapi

    @cached_property
    def _pydantic(self) -> "PydanticValidator":
        from specduet.mocks.pydantic_schemas import compile_validator  # imports pydantic, which start-up does without

        return compile_validator(self._schemas, self._pointer)

    @cached_property
    def _schema_check(self) -> SchemaCheck:
        return SchemaCheck(self._schemas, self._pointer)

    def find_problems(self, value: Any, texts: Any = None) -> list[Problem]:
        """Return the problems of ``value``.

        Where it was read from ``texts``, as in a form, it is also valid if pydantic can read the texts.
        """
        is_valid = not self._has_schema or self._schema_check.is_valid(value)
        if not self._has_schema or (is_valid and (texts is not None or not self._is_fastapi)):
            return []
        _, errors = self._pydantic.validate(value if texts is None else texts)
        problems = locate_errors(errors, ("body",)) if errors else []
        places = [_find_place(problem, value) for problem in problems]
        if not self._is_fastapi:  # whose clients know nothing of pydantic's alternatives
            for problem, place in zip(problems, places, strict=True):
                problem["loc"] = place
        if is_valid or (texts is not None and not errors and self._pydantic.is_complete):
            return problems
        known = set(places)
        return problems + self._schema_check.find_problems(value, ("body",), known)


def _find_place(problem: Problem, body: Any) -> Location:
    """Return the location of a problem without the names that pydantic gives the alternatives of a union.

    For example ``("body", "a")`` for ``("body", "int", "a")``.
    """
    first, *parts = problem["loc"]
    place = [first]
    for part in parts:
        is_index = isinstance(body, list) and isinstance(part, int)
        if is_index or (isinstance(body, dict) and part in body):
            place.append(part)
            body = body[part]
    if problem["type"] == "missing":
        place += parts[-1:]
    return tuple(place)


def _is_covered(location: Location, known: Collection[Location]) -> bool:
    """Return True if a problem is known at, above or below a location."""
    return any(location[: len(other)] == other[: len(location)] for other in known)


class _KeywordError(NamedTuple):
    """A keyword of a schema that a value violates."""

    location: Location
    keyword: str
    limit: Any
    value: Any
    message: str


def _list_leaves(error: Any, location: Location) -> Iterator[_KeywordError]:
    """Yield the violated keywords of one error of jsonschema-rs: of its closest alternative, if it has several."""
    branches = getattr(error.kind, "context", ())
    if branches and all(branches):  # of `oneOf`, several may be without error, which is the error
        for inner in _choose_closest_branch(branches):
            yield from _list_leaves(inner, location)
        return
    at = (*location, *error.instance_path)
    keyword: str = error.kind.name
    limit: Any = getattr(error.kind, "value", None)
    if keyword == "required":
        yield _KeywordError((*at, limit), keyword, limit, error.instance, "")
    elif keyword in {"additionalProperties", "unevaluatedProperties"} and limit:
        for name in limit:
            yield _KeywordError((*at, name), keyword, limit, error.instance.get(name), "")
    else:
        yield _KeywordError(at, keyword, limit, error.instance, error.message)


def _choose_closest_branch(branches: Sequence[Sequence[Any]]) -> Sequence[Any]:
    """Return the errors of the alternative that the value fits furthest; one that is merely null comes last."""

    def measure_reach(errors: Sequence[Any]) -> tuple[int, bool]:
        deepest = max((len(error.instance_path) for error in errors), default=0)
        return deepest, not any(error.kind.name == "type" and error.kind.value == ["null"] for error in errors)

    return max(branches, key=measure_reach)


def _translate_error(error: _KeywordError) -> Problem:
    """Return the problem that pydantic would find; in the words of jsonschema-rs if pydantic has none."""
    from specduet.mocks import pydantic_errors  # imports pydantic, which most valid requests do without

    found: Problem | None
    match error.keyword:
        case "required":
            found = pydantic_errors.find_missing_error()
        case "additionalProperties" | "unevaluatedProperties" if error.limit:
            found = pydantic_errors.find_extra_error()
        case keyword:
            limit = error.limit
            if keyword == "type" and not isinstance(limit, str):
                limit = next((kind for kind in limit if kind != "null"), "null")
            found = pydantic_errors.find_keyword_error(keyword, limit, error.value)
    return _adopt_error(found or pydantic_errors.find_value_error(error.message), error.location, error.value)


def _adopt_error(error: Mapping[str, Any], location: Location, value: Any) -> Problem:
    """Return the problem of a value with the type, the text and the context of an error of pydantic."""
    return make_problem(error["type"], location, error["msg"], value, error.get("ctx"))
