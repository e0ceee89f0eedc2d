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
from specduet.contracts.findings import shown
from specduet.contracts.oracle.media_types import is_json, json_content
from specduet.contracts.recording import NOT_JSON, Exchange
from specduet.specs import Content, Operation, Response, Schemas
from specduet.specs.schemas import escape_pointer

MISSING = "(missing)"
STRANGE = "none of the required"
"""Stands for the keyword where an object has not a single one of its required properties."""

BOUNDS = frozenset(
    {"minLength", "maxLength", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
    | {"multipleOf", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties"}
)
"""The keywords that a value can break while being of the right type."""

_MOST = 200
"""Problems of one body; the rest would say the same."""


@dataclass(frozen=True)
class Problem:
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


def own(subject: Subject) -> Iterator[Exchange]:
    """The answered exchanges whose path no router can take for that of another operation."""
    return (e for e in subject.exchanges() if e.received is not None and _is_plain(e.sent.path))


def _is_plain(path: str) -> bool:
    segments = [unquote(segment) for segment in path.split("/")[1:]]
    return all(segment.strip(".") and "/" not in segment and "\\" not in segment for segment in segments)


def described(operation: Operation, exchange: Exchange) -> tuple[Response, Content] | None:
    """The documented response that an answer is held to and its JSON content; None where it is held to none."""
    response = operation.response_for(exchange.status) if exchange.received else None
    content = json_content(response.content) if response else None
    return (response, content) if response and content and response.basis != "assumed" else None


def problems(subject: Subject, exchange: Exchange) -> tuple[Problem, ...]:
    """What is wrong with the body of an answer, if it is JSON and held to a documented schema."""
    held = described(subject.operation, exchange)
    if held is None or exchange.received is None or exchange.json is NOT_JSON:
        return ()
    if not is_json(exchange.received.media_type or "application/json"):
        return ()  # the content type is what is wrong
    return _problems(subject.api.schemas, held[1].pointer, exchange.received.body, Whole(exchange))


class Whole:
    """An exchange's body as a parsed value, kept out of the cache's key: equal bytes are equal values."""

    def __init__(self, exchange: Exchange) -> None:
        self.value = exchange.json

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Whole)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=4096)
def _problems(schemas: Schemas, pointer: str, _body: bytes, whole: Whole) -> tuple[Problem, ...]:
    if schemas.validator_at(pointer).is_valid(whole.value):
        return ()
    found = inspect(schemas, pointer, whole.value)
    return tuple(problem for problem, _ in zip(found, range(_MOST), strict=False))


def inspect(schemas: Schemas, pointer: str, value: Any) -> Iterator[Problem]:
    """Every problem of a value against the schema at a pointer.

    An object that has none of several required properties is another thing altogether: one problem, not several.
    """
    strange = set()
    for error in schemas.validator_at(pointer).iter_errors(value):
        for problem in _led_down(schemas, error):
            if problem.keyword != STRANGE:
                yield problem
            elif problem.where not in strange:
                strange.add(problem.where)
                yield problem


def _led_down(schemas: Schemas, error: ValidationError) -> Iterator[Problem]:
    keyword, where = error.kind.name, _pointer(error.instance_path)
    rule = _pointer(error.schema_path[:-1])
    branches = getattr(error.kind, "context", None)
    if branches:
        meant = _meant(branches, error)
        if meant is not None:
            for inner in meant:
                yield from _led_down(schemas, inner)
        else:
            yield Problem("type", where, rule, error.instance, _one_of(branches))
    elif keyword == "required":
        yield _missing(schemas, error, where, rule)
    else:
        yield Problem(keyword, where, rule, error.instance, _expected(error))


def _missing(schemas: Schemas, error: ValidationError, where: str, rule: str) -> Problem:
    needed, value = schemas.node_at(rule).get("required", ()), error.instance
    if isinstance(value, dict) and len(needed) > 1 and not any(name in value for name in needed):
        return Problem(STRANGE, where, rule, value, ", ".join(needed))
    name = escape_pointer(str(error.kind.value))
    inner = f"{rule}/properties/{name}"
    return Problem("required", f"{where}/{name}", inner if _exists(schemas, inner) else rule, MISSING, "")


def _meant(branches: Sequence[Sequence[ValidationError]], whole: ValidationError) -> Sequence[ValidationError] | None:
    """The errors of the alternative that a value was meant to be: of its type, and the nearest; None where none is."""
    place = list(whole.instance_path)
    fitting = [b for b in branches if not any(e.kind.name == "type" and list(e.instance_path) == place for e in b)]
    return min(fitting, key=len) if fitting else None


def _one_of(branches: Sequence[Sequence[ValidationError]]) -> str:
    kinds = [kind for branch in branches for e in branch if e.kind.name == "type" for kind in e.kind.value]
    return " or ".join(dict.fromkeys(kinds))


def _expected(error: ValidationError) -> str:
    """What the keyword asks for, as short as it can be said."""
    keyword, value = error.kind.name, error.kind.value
    if keyword == "type":
        return " or ".join(value)
    if keyword == "enum":
        return ", ".join(shown(option) for option in value)
    if keyword in {"const", "format"}:
        return value if isinstance(value, str) else shown(value)
    return f"{keyword} {shown(value)}" if value is not None else keyword


def _exists(schemas: Schemas, pointer: str) -> bool:
    try:
        schemas.node_at(pointer)
    except KeyError:
        return False
    return True


def _pointer(parts: Iterable[str | int]) -> str:
    return "".join(f"/{escape_pointer(str(part))}" for part in parts)
