"""SD1xx: the answer as a whole. Its status, its content type, that it parses, and the shape of the body's top."""

import json
from collections.abc import Iterator
from typing import Any

from specduet.contracts.clauses.registry import Subject, clause
from specduet.contracts.clauses.schema_violations import (
    BOUND_KEYWORDS,
    MISSING_VALUE,
    NONE_OF_REQUIRED,
    SchemaViolation,
    body_violations,
    documented_json_response,
    find_violations,
    unambiguous_exchanges,
)
from specduet.contracts.findings import Finding, to_text
from specduet.contracts.oracle.media_types import is_json, matches
from specduet.contracts.recording import NOT_JSON, Exchange

_VALIDATION_ERROR_POINTER = "/components/schemas/HTTPValidationError"
_VALIDATION_ERROR_STATUSES = {400, 422}
_KEYWORDS_OF_OTHER_CLAUSES = BOUND_KEYWORDS | {"required", "type", "enum", "const", "format", NONE_OF_REQUIRED}


@clause("SD101", "documented-status", "A success or a redirect has a status that is documented.", specificity=40)
def check_documented_status(subject: Subject) -> Iterator[Finding]:
    """Refusals (4xx) that no page shows are no finding: 401, 404 or 429 need no announcement.

    An undocumented 2xx or 3xx is one, since a client cannot know what it means.
    """
    for exchange in unambiguous_exchanges(subject):
        if 100 <= exchange.status < 400 and exchange.status != 304 and not _is_status_documented(subject, exchange):
            documented = ", ".join(status for status in subject.operation.responses)
            yield subject.make_finding(
                exchange,
                pointer=f"{subject.operation.pointer}/responses",
                value=exchange.status,
                cause=str(exchange.status),
                message=f"the answer's status is {exchange.status}, and documented are {documented}",
            )


def _is_status_documented(subject: Subject, exchange: Exchange) -> bool:
    return subject.operation.response_for(exchange.status) is not None


@clause("SD102", "content-type", "The content type is one that is documented for the status.", specificity=40)
def check_content_type(subject: Subject) -> Iterator[Finding]:
    """An answer without a body needs none (RFC 9110, 8.3)."""
    for exchange in unambiguous_exchanges(subject):
        response = subject.operation.response_for(exchange.status)
        received = exchange.received
        if response is None or received is None or not response.content or not received.body:
            continue
        if not any(matches(name, received.media_type) for name in response.content):
            yield subject.make_finding(
                exchange,
                pointer=f"{response.pointer}/content",
                value=received.header("content-type") or "(none)",
                cause=str(exchange.status),
                basis=response.basis,
                message=f"the content type of a {exchange.status} is {received.media_type or 'missing'}, "
                f"and documented is {' or '.join(response.content)}",
            )


@clause("SD103", "parses", "A body that is documented as JSON is JSON.", specificity=40)
def check_parses(subject: Subject) -> Iterator[Finding]:
    """An empty body is none; neither is one with ``NaN``, a trailing comma or bytes that are not UTF-8 (RFC 8259)."""
    for exchange in unambiguous_exchanges(subject):
        documented = documented_json_response(subject.operation, exchange)
        received = exchange.received
        if documented is None or received is None or exchange.json is not NOT_JSON or not _is_json_expected(exchange):
            continue
        yield subject.make_finding(
            exchange,
            pointer=documented[1].pointer.removesuffix("/schema"),
            value=to_text(received.body.decode(errors="replace")),
            cause=str(exchange.status),
            basis=documented[0].basis,
            message=f"the body of a {exchange.status} is {_describe_json_error(received.body)}",
        )


def _is_json_expected(exchange: Exchange) -> bool:
    """Not an answer that says itself that it is something else: its content type is what is wrong, or right."""
    received = exchange.received
    return received is not None and (not received.body or not received.media_type or is_json(received.media_type))


def _describe_json_error(body: bytes) -> str:
    if not body:
        return "empty"
    try:
        json.loads(body.decode(), parse_constant=_reject_constant)
    except UnicodeDecodeError:
        return "not UTF-8, so no JSON"
    except ValueError as error:
        return f"no JSON: {error}"
    return "no JSON"


def _reject_constant(constant: str) -> Any:
    raise ValueError(f"{constant} is not in its grammar")


@clause("SD104", "envelope", "The body is the kind of thing that is documented: a list, or an object.", specificity=40)
def check_envelope(subject: Subject) -> Iterator[Finding]:
    """``{"runs": […]}`` is no list of runs, and ``null`` is no object."""
    for exchange, problem in _found(subject):
        if problem.where == "" and problem.keyword == "type":
            yield _finding(
                subject, exchange, problem, f"the body is {_kind(problem.value)}, and documented is {problem.expected}"
            )
        elif problem.where == "" and problem.keyword == NONE_OF_REQUIRED:
            yield _finding(subject, exchange, problem, f"the body has none of its required fields: {problem.expected}")


@clause("SD105", "response-schema", "The body satisfies the documented schema in every other way.", specificity=10)
def check_response_schema(subject: Subject) -> Iterator[Finding]:
    """What no clause of its own looks at: properties that are not allowed, alternatives that all fail."""
    for exchange, problem in _found(subject):
        if problem.keyword not in _KEYWORDS_OF_OTHER_CLAUSES:
            yield _finding(
                subject, exchange, problem, f"{problem.where or 'the body'} breaks the schema: {problem.expected}"
            )


@clause("SD106", "detail-list", "A list of validation errors has the documented shape, whatever its status.")
def check_detail_list(subject: Subject) -> Iterator[Finding]:
    """Where ``HTTPValidationError`` is in the document, a 400 or 422 with a ``detail`` list is held to it.

    So it is even where the operation documents no such answer, or only our overlay assumes one.
    """
    schemas = subject.api.schemas
    if "HTTPValidationError" not in subject.api.document.get("components", {}).get("schemas", {}):
        return
    for exchange in unambiguous_exchanges(subject):
        body = exchange.json
        is_documented = documented_json_response(subject.operation, exchange) is not None
        if is_documented or exchange.status not in _VALIDATION_ERROR_STATUSES or not isinstance(body, dict):
            continue
        if isinstance(body.get("detail"), list):
            for problem in find_violations(schemas, _VALIDATION_ERROR_POINTER, body):
                yield _finding(
                    subject,
                    exchange,
                    problem,
                    f"{problem.where} of the refusal is wrong: {problem.expected or 'missing'}",
                )


def _found(subject: Subject) -> Iterator[tuple[Exchange, SchemaViolation]]:
    for exchange in unambiguous_exchanges(subject):
        for problem in body_violations(subject, exchange):
            yield exchange, problem


def _finding(subject: Subject, exchange: Exchange, problem: SchemaViolation, message: str) -> Finding:
    response = subject.operation.response_for(exchange.status)
    return subject.make_finding(
        exchange,
        pointer=problem.pointer,
        where=problem.where,
        value=problem.value if problem.value == MISSING_VALUE else to_text(problem.value),
        cause=f"{exchange.status} {problem.keyword}",
        basis=response.basis if response else None,
        message=message,
    )


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")
