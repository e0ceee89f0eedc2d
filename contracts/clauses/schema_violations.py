"""What is wrong with an answer's body, spot by spot, each with the pointer to the rule that it breaks.

The validator decides whether a body is right; where it is not, its errors are led down to what is really wrong: of
``anyOf`` and ``oneOf`` only the alternative that the value was meant to be counts.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from jsonschema_rs import ValidationError

from specduet.contracts.clauses.registry import Subject
from specduet.contracts.findings import to_text
from specduet.contracts.oracle.media_types import is_json, json_content
from specduet.contracts.recording import NOT_JSON, Exchange
from specduet.specs import Content, Operation, Response, Schemas
from specduet.specs.schemas import escape_pointer

MISSING_VALUE = "(missing)"
NONE_OF_REQUIRED = "none of the required"
"""Stands for the keyword where an object has not a single one of its required properties."""

BOUND_KEYWORDS = frozenset(
    {"minLength", "maxLength", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
    | {"multipleOf", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties"}
)
"""The keywords that a value can break while being of the right type."""

_MAX_VIOLATIONS = 200
"""Problems of one body; the rest would say the same."""


@dataclass(frozen=True)
class SchemaViolation:
    """``keyword`` is the JSON Schema keyword that is broken; ``where`` a JSON pointer of the body.

    ``pointer`` leads to the schema that has the keyword, or to that of the property which is missing.
    """

    keyword: str
    where: str
    pointer: str
    value: Any
    expected: str

    @property
    def is_null(self) -> bool:
        """Whether the value is null where null is not allowed."""
        return self.value is None and self.keyword in {"type", "enum", "const", "anyOf", "oneOf"}


def unambiguous_exchanges(subject: Subject) -> Iterator[Exchange]:
    """The answered exchanges whose path no router can take for that of another operation."""
    return (e for e in subject.exchanges() if e.received is not None and _is_path_unambiguous(e.sent.path))


def _is_path_unambiguous(path: str) -> bool:
    segments = [unquote(segment) for segment in path.split("/")[1:]]
    return all(segment.strip(".") and "/" not in segment and "\\" not in segment for segment in segments)


def documented_json_response(operation: Operation, exchange: Exchange) -> tuple[Response, Content] | None:
    """The documented response that an answer is held to and its JSON content; None where it is held to none."""
    response = operation.response_for(exchange.status) if exchange.received else None
    content = json_content(response.content) if response else None
    return (response, content) if response and content and response.basis != "assumed" else None


def body_violations(subject: Subject, exchange: Exchange) -> tuple[SchemaViolation, ...]:
    """What is wrong with the body of an answer, if it is JSON and held to a documented schema."""
    documented = documented_json_response(subject.operation, exchange)
    if documented is None or exchange.received is None or exchange.json is NOT_JSON:
        return ()
    if not is_json(exchange.received.media_type or "application/json"):
        return ()  # the content type is what is wrong
    return _problems(subject.api.schemas, documented[1].pointer, exchange.received.body, Whole(exchange))


class Whole:
    """An exchange's body as a parsed value, kept out of the cache's key: equal bytes are equal values."""

    def __init__(self, exchange: Exchange) -> None:
        self.value = exchange.json

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Whole)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=4096)
def _problems(schemas: Schemas, pointer: str, _body: bytes, whole: Whole) -> tuple[SchemaViolation, ...]:
    if schemas.validator_at(pointer).is_valid(whole.value):
        return ()
    found = find_violations(schemas, pointer, whole.value)
    return tuple(problem for problem, _ in zip(found, range(_MAX_VIOLATIONS), strict=False))


def find_violations(schemas: Schemas, pointer: str, value: Any) -> Iterator[SchemaViolation]:
    """Every problem of a value against the schema at a pointer.

    An object that has none of several required properties is another thing altogether: one problem, not several.
    """
    seen_objects = set()
    for error in schemas.validator_at(pointer).iter_errors(value):
        for problem in _leaf_violations(schemas, error):
            if problem.keyword != NONE_OF_REQUIRED:
                yield problem
            elif problem.where not in seen_objects:
                seen_objects.add(problem.where)
                yield problem


def _leaf_violations(schemas: Schemas, error: ValidationError) -> Iterator[SchemaViolation]:
    keyword, where = error.kind.name, _to_pointer(error.instance_path)
    schema_pointer = _to_pointer(error.schema_path[:-1])
    branches = getattr(error.kind, "context", None)
    if branches:
        alternative = _closest_alternative(branches, error)
        if alternative is not None:
            for inner in alternative:
                yield from _leaf_violations(schemas, inner)
        else:
            yield SchemaViolation("type", where, schema_pointer, error.instance, _alternative_types(branches))
    elif keyword == "required":
        yield _missing_violation(schemas, error, where, schema_pointer)
    else:
        yield SchemaViolation(keyword, where, schema_pointer, error.instance, _describe_expected(error))


def _missing_violation(schemas: Schemas, error: ValidationError, where: str, schema_pointer: str) -> SchemaViolation:
    required, value = schemas.node_at(schema_pointer).get("required", ()), error.instance
    if isinstance(value, dict) and len(required) > 1 and not any(name in value for name in required):
        return SchemaViolation(NONE_OF_REQUIRED, where, schema_pointer, value, ", ".join(required))
    name = escape_pointer(str(error.kind.value))
    property_pointer = f"{schema_pointer}/properties/{name}"
    return SchemaViolation(
        "required",
        f"{where}/{name}",
        property_pointer if _has_schema(schemas, property_pointer) else schema_pointer,
        MISSING_VALUE,
        "",
    )


def _closest_alternative(
    branches: Sequence[Sequence[ValidationError]], error: ValidationError
) -> Sequence[ValidationError] | None:
    """The errors of the alternative that a value was meant to be: of its type, and the nearest; None where none is."""
    path = list(error.instance_path)
    candidates = [b for b in branches if not any(e.kind.name == "type" and list(e.instance_path) == path for e in b)]
    return min(candidates, key=len) if candidates else None


def _alternative_types(branches: Sequence[Sequence[ValidationError]]) -> str:
    kinds = [kind for branch in branches for e in branch if e.kind.name == "type" for kind in e.kind.value]
    return " or ".join(dict.fromkeys(kinds))


def _describe_expected(error: ValidationError) -> str:
    """What the keyword asks for, as short as it can be said."""
    keyword, value = error.kind.name, error.kind.value
    if keyword == "type":
        return " or ".join(value)
    if keyword == "enum":
        return ", ".join(to_text(option) for option in value)
    if keyword in {"const", "format"}:
        return value if isinstance(value, str) else to_text(value)
    return f"{keyword} {to_text(value)}" if value is not None else keyword


def _has_schema(schemas: Schemas, pointer: str) -> bool:
    try:
        schemas.node_at(pointer)
    except KeyError:
        return False
    return True


def _to_pointer(parts: Iterable[str | int]) -> str:
    return "".join(f"/{escape_pointer(str(part))}" for part in parts)
