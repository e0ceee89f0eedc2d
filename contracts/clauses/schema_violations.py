"""Violations of the documented schema in response bodies, each with its place and the pointer of the broken rule.

The JSON Schema validator decides whether a body is valid. Where it is not, the errors of ``anyOf`` and ``oneOf`` are
replaced by those of the alternative that the value was meant to be.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeAlias

from jsonschema_rs import ValidationError

from specduet.contracts.bodies import KeptBody
from specduet.contracts.clauses.registry import Subject, all_clauses
from specduet.contracts.findings import MISSING_VALUE, Finding, to_text
from specduet.contracts.memo import compute_each, compute_for_run
from specduet.contracts.options import RunOptions
from specduet.contracts.oracle.addresses import has_certain_address
from specduet.contracts.oracle.field_selection import selects_fields
from specduet.contracts.oracle.media_types import find_json_content, is_json
from specduet.contracts.oracle.schema_access import is_valid_value, list_required
from specduet.contracts.recording import NOT_JSON, Exchange, Recording
from specduet.specs import Api, Content, Operation, Response, Schemas
from specduet.specs.origins import find_basis
from specduet.specs.schemas import escape_pointer
from specduet.specs.statement import weakest

NONE_OF_REQUIRED = "none of the required"
"""The keyword of a violation where an object has not one of its required properties."""

_ABSENCES = frozenset({"required", NONE_OF_REQUIRED})

BOUND_KEYWORDS = frozenset(
    {"minLength", "maxLength", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
    | {"multipleOf", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties"}
)
"""The keywords that a value of the right type can break."""

FORMAT_KEYWORDS = frozenset({"format", "contentEncoding"})
"""The keywords that say how the characters of a string are to be read."""

_MAX_VIOLATIONS = 200  # of one body: more would only repeat the same causes
_TYPE_NAMES = {dict: "an object", list: "a list", str: "a string", bool: "a boolean", type(None): "null"}


@dataclass(frozen=True)
class SchemaViolation:
    """One place of a response body that breaks one keyword of its schema."""

    keyword: str
    """The JSON Schema keyword (``enum``), or ``NONE_OF_REQUIRED``."""
    where: str
    """JSON pointer into the body: ``/3/status``."""
    pointer: str
    """JSON pointer into the document, to the schema with the keyword or of the property that is missing."""
    value: Any
    expected: str
    """The requirement in a few words: ``integer``, ``"open", "paid"``, ``maxLength 20``."""

    @property
    def is_null(self) -> bool:
        """True where the value is null and null is not allowed."""
        return self.value is None and self.keyword in {"type", "enum", "const", "anyOf", "oneOf"}


_CheckedBodies: TypeAlias = dict[tuple[str, bytes | KeptBody], Sequence[SchemaViolation]]
"""The violations by the pointer of a schema and a body: many responses have the same body."""

# ---------------------------------------------------------------------------------------------- of an operation


def schema_violations(subject: Subject) -> Iterator[tuple[Exchange, SchemaViolation]]:
    """Yield every violation in the responses of an operation, with its exchange."""
    for exchange, violations in check_bodies(subject):
        for violation in violations:
            yield exchange, violation


def check_bodies_of(api: Api, operation: Operation, recording: Recording, options: RunOptions) -> None:
    """Check the bodies of an operation that came since the last call, so that the clauses find them checked."""
    check_bodies(Subject(api, operation, recording, options, all_clauses()[0]))


def check_bodies(subject: Subject) -> Sequence[tuple[Exchange, Sequence[SchemaViolation]]]:
    """Return all exchanges of an operation with the violations in their bodies. Each body is checked once."""
    about = (subject.api.name, subject.operation.id)
    checked: _CheckedBodies = compute_for_run(subject.recording, ("checked bodies", *about), dict)
    exchanges = list(subject.exchanges())
    return compute_each(
        subject.recording,
        ("schema violations", *about),
        exchanges,
        lambda exchange: (exchange, _check_response(subject, exchange, checked)),
    )


def _check_response(subject: Subject, exchange: Exchange, checked: _CheckedBodies) -> Sequence[SchemaViolation]:
    documented = documented_json_response(subject.operation, exchange)
    if documented is None or exchange.response is None or not documented[1].has_schema:
        return ()
    if not is_json(exchange.response.media_type or "application/json"):
        return ()  # the content type is what is wrong
    if not _is_unambiguous(subject, exchange):
        return ()
    pointer = documented[1].pointer
    key = (pointer, exchange.response.content)
    if key not in checked:
        body = exchange.response.read_alone()
        checked[key] = () if body is NOT_JSON else _check_body(subject.api.response_schemas, pointer, body)
    violations = checked[key]
    if violations and exchange.is_success and selects_fields(subject.operation, exchange.request):
        return [violation for violation in violations if violation.keyword not in _ABSENCES]
    return violations


def _check_body(schemas: Schemas, pointer: str, body: Any) -> Sequence[SchemaViolation]:
    """Return each rule that a body breaks once, also where several schemas in one ``allOf`` have it."""
    if is_valid_value(schemas, pointer, body):
        return ()
    found = islice(find_violations(schemas, pointer, body), _MAX_VIOLATIONS)
    return tuple({(each.keyword, each.where, each.expected): each for each in reversed(list(found))}.values())[::-1]


def unambiguous_exchanges(subject: Subject) -> Iterator[Exchange]:
    """Return the exchanges with a response whose address no router can take for that of another operation.

    A 501 of the mock of ``--mock`` is none that the document describes.
    """
    return (exchange for exchange in subject.exchanges() if _is_unambiguous(subject, exchange))


def _is_unambiguous(subject: Subject, exchange: Exchange) -> bool:
    return (
        exchange.response is not None
        and not subject.is_unserved(exchange)
        and has_certain_address(subject.api, subject.operation, subject.recording, exchange.request)
    )


def documented_json_response(operation: Operation, exchange: Exchange) -> tuple[Response, Content] | None:
    """Return the documented response of an exchange with its JSON content, None where no JSON is documented."""
    response = operation.response_for(exchange.status) if exchange.response else None
    content = find_json_content(response.content) if response else None
    return (response, content) if response and content and response.basis != "assumed" else None


def schema_finding(
    subject: Subject, exchange: Exchange, violation: SchemaViolation, message: str, *, cause: str = ""
) -> Finding:
    """Return a violation as a finding of the subject's clause."""
    response = subject.operation.response_for(exchange.status)
    promised = find_basis(subject.api.schemas, violation.pointer)
    return subject.make_finding(
        exchange,
        pointer=violation.pointer,
        where=violation.where,
        value=violation.value if violation.value == MISSING_VALUE else to_text(violation.value),
        cause=cause,
        basis=weakest(response.basis, promised) if response else None,
        message=message,
    )


def describe_type(value: Any) -> str:
    """Return the JSON type of a value with its article: ``an object``, ``a number``."""
    return _TYPE_NAMES.get(type(value), "a number")


# --------------------------------------------------------------------------------------------------- of one value


def find_violations(schemas: Schemas, pointer: str, value: Any) -> Iterator[SchemaViolation]:
    """Yield every violation of the schema at ``pointer``.

    An object without any of its required properties was meant to be something else: one violation, not one for each.
    """
    without_required = set()
    for error in schemas.validator_at(pointer).iter_errors(value):
        for violation in _leaf_violations(schemas, error):
            if violation.keyword != NONE_OF_REQUIRED:
                yield violation
            elif violation.where not in without_required:
                without_required.add(violation.where)
                yield violation


def _leaf_violations(schemas: Schemas, error: ValidationError) -> Iterator[SchemaViolation]:
    """Follow an error into ``anyOf`` and ``oneOf``, down to the keywords that the value breaks."""
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
    required, value = _find_required(schemas, schema_pointer), error.instance
    if isinstance(value, dict) and len(required) > 1 and not any(name in value for name in required):
        return SchemaViolation(NONE_OF_REQUIRED, where, schema_pointer, value, ", ".join(required))
    name = escape_pointer(str(error.kind.value))
    pointer = f"{schema_pointer}/properties/{name}"
    if not _has_schema(schemas, pointer):
        pointer = schema_pointer
    return SchemaViolation("required", f"{where}/{name}", pointer, MISSING_VALUE, "")


def _find_required(schemas: Schemas, pointer: str) -> Sequence[str]:
    try:
        return list_required(schemas.node_at(pointer))
    except (KeyError, AttributeError):
        return ()  # behind an anchor or an $id, which no pointer leads to


def _closest_alternative(
    branches: Sequence[Sequence[ValidationError]], error: ValidationError
) -> Sequence[ValidationError] | None:
    """Return the errors of the alternative with the value's type and the fewest errors; None where no type fits."""
    path = list(error.instance_path)
    candidates = [b for b in branches if not any(e.kind.name == "type" and list(e.instance_path) == path for e in b)]
    return min(candidates, key=len) if candidates else None


def _alternative_types(branches: Sequence[Sequence[ValidationError]]) -> str:
    types = [name for branch in branches for e in branch if e.kind.name == "type" for name in e.kind.value]
    return " or ".join(dict.fromkeys(types))


def _describe_expected(error: ValidationError) -> str:
    """Return the requirement of the keyword in a few words."""
    keyword, value = error.kind.name, error.kind.value
    if keyword == "type":
        return " or ".join(value)
    if keyword == "enum":
        return ", ".join(to_text(option) for option in value)
    if keyword in {"const", *FORMAT_KEYWORDS}:
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
