"""Validation of request bodies. Problems have FastAPI's shape, whatever shape the error response has in the end.

A body is validated twice. Pydantic finds what FastAPI would find, in FastAPI's words and order. jsonschema-rs holds the
body to the original schema. What only jsonschema-rs refuses (a JSON type that FastAPI would convert, a keyword that
pydantic has no word for) becomes a problem in pydantic's words, too.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

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


def locate_errors(errors: Iterable[Problem], location: Location) -> list[Problem]:
    """Return pydantic's errors of a value as the problems of ``location``, where the value stands."""
    return [{**error, "loc": (*location, *error["loc"])} for error in errors]


class SchemaCheck:
    """Holds values to a whole schema by jsonschema-rs, also to keywords that pydantic has no word for."""

    def __init__(self, schemas: Schemas, pointer: str) -> None:
        self._validator = schemas.validator_at(pointer)
        self.is_valid = self._validator.is_valid

    def find_problems(self, value: Any, location: Location) -> list[Problem]:
        """Return the problems of a value that stands at ``location``."""
        if self.is_valid(value):
            return []
        problems = [item for error in self._validator.iter_errors(value) for item in _translate_error(error, location)]
        return problems or [_make_value_problem("no alternative of the schema fits alone", location, value)]


class BodyValidator:
    """Holds a parsed JSON body to the schema of its media type."""

    def __init__(self, schemas: Schemas, content: Content) -> None:
        self._schemas = schemas
        self._pointer = content.pointer

    @cached_property
    def _pydantic(self) -> "PydanticValidator":
        from specduet.mocks.pydantic_schemas import compile_validator  # imports pydantic, which start-up does without

        return compile_validator(self._schemas, self._pointer)

    @cached_property
    def _schema_check(self) -> SchemaCheck:
        return SchemaCheck(self._schemas, self._pointer)

    def find_problems(self, value: Any, *, strict: bool = True) -> list[Problem]:
        """Return the problems of ``value``; not ``strict`` where text stands for every type, as in a form."""
        _, errors = self._pydantic.validate(value)
        problems = locate_errors(errors, ("body",)) if errors else []
        if strict and not self._schema_check.is_valid(value):
            found = {_find_place(problem, value) for problem in problems}
            more = self._schema_check.find_problems(value, ("body",))
            problems += [item for item in more if not _is_covered(item["loc"], found)]
        return problems


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


def _is_covered(location: Location, found: set[Location]) -> bool:
    """Return True if a problem has been found at, above or below a location."""
    return any(location[: len(other)] == other[: len(location)] for other in found)


def _translate_error(error: Any, location: Location) -> Iterator[Problem]:
    """Yield the problems that pydantic would find for one error of jsonschema-rs."""
    branches = getattr(error.kind, "context", ())
    if branches and all(branches):  # of `oneOf`, several may be without error, which is the error
        for inner in _choose_closest_branch(branches):
            yield from _translate_error(inner, location)
        return
    at = (*location, *error.instance_path)
    name: str = error.kind.name
    limit: Any = getattr(error.kind, "value", None)
    if name == "required":
        yield make_missing_problem((*at, limit), error.instance)
    elif name in {"additionalProperties", "unevaluatedProperties"} and limit:
        for extra in limit:
            yield _make_extra_problem((*at, extra), error.instance.get(extra))
    else:
        yield _translate_keyword(name, limit, error, at)


def _choose_closest_branch(branches: Sequence[Sequence[Any]]) -> Sequence[Any]:
    """Return the errors of the alternative that the value fits furthest; one that is merely null comes last."""

    def measure_reach(errors: Sequence[Any]) -> tuple[int, bool]:
        deepest = max((len(error.instance_path) for error in errors), default=0)
        return deepest, not any(error.kind.name == "type" and error.kind.value == ["null"] for error in errors)

    return max(branches, key=measure_reach)


def _translate_keyword(keyword: str, limit: Any, error: Any, location: Location) -> Problem:
    """Return the problem of a value that violates one keyword: in pydantic's words, or in those of jsonschema-rs."""
    from specduet.mocks import pydantic_errors  # imports pydantic, which most valid requests do without

    if keyword == "type" and not isinstance(limit, str):
        limit = next((kind for kind in limit if kind != "null"), "null")
    found = pydantic_errors.find_keyword_error(keyword, limit, error.instance)
    if found is None:
        return _make_value_problem(error.message, location, error.instance)
    return _adopt_error(found, location, error.instance)


def _make_extra_problem(location: Location, value: Any) -> Problem:
    from specduet.mocks import pydantic_errors  # imports pydantic, which most valid requests do without

    return _adopt_error(pydantic_errors.find_extra_error(), location, value)


def _make_value_problem(message: str, location: Location, value: Any) -> Problem:
    from specduet.mocks import pydantic_errors  # imports pydantic, which most valid requests do without

    return _adopt_error(pydantic_errors.find_value_error(message), location, value)


def _adopt_error(error: Mapping[str, Any], location: Location, value: Any) -> Problem:
    """Return the problem of a value with the type, the text and the context of an error of pydantic."""
    return make_problem(error["type"], location, error["msg"], value, error.get("ctx"))
