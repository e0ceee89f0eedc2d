"""SD1xx: the answer as a whole. Its status, its content type, that it parses, and the shape of the body's top."""

import json
from collections.abc import Iterator
from typing import Any

from specduet.contracts.clauses.registry import Subject, clause
from specduet.contracts.clauses.schema_violations import (
    BOUNDS,
    MISSING,
    STRANGE,
    Problem,
    described,
    inspect,
    own,
    problems,
)
from specduet.contracts.findings import Finding, shown
from specduet.contracts.oracle.media_types import is_json, matches
from specduet.contracts.recording import NOT_JSON, Exchange

_VALIDATION_ERROR = "/components/schemas/HTTPValidationError"
_ITS_STATUSES = {400, 422}
_OWN_CLAUSES = BOUNDS | {"required", "type", "enum", "const", "format", STRANGE}


@clause("SD101", "documented-status", "A success or a redirect has a status that is documented.", specificity=40)
def documented_status(subject: Subject) -> Iterator[Finding]:
    """Refusals (4xx) that no page shows are no finding: 401, 404 or 429 need no announcement.

    An undocumented 2xx or 3xx is one, since a client cannot know what it means.
    """
    for exchange in own(subject):
        if 100 <= exchange.status < 400 and exchange.status != 304 and not _documented(subject, exchange):
            known = ", ".join(status for status in subject.operation.responses)
            yield subject.finding(
                exchange,
                pointer=f"{subject.operation.pointer}/responses",
                seen=exchange.status,
                cause=str(exchange.status),
                message=f"the answer's status is {exchange.status}, and documented are {known}",
            )


def _documented(subject: Subject, exchange: Exchange) -> bool:
    return subject.operation.response_for(exchange.status) is not None


@clause("SD102", "content-type", "The content type is one that is documented for the status.", specificity=40)
def content_type(subject: Subject) -> Iterator[Finding]:
    """An answer without a body needs none (RFC 9110, 8.3)."""
    for exchange in own(subject):
        response = subject.operation.response_for(exchange.status)
        received = exchange.received
        if response is None or received is None or not response.content or not received.body:
            continue
        if not any(matches(name, received.media_type) for name in response.content):
            yield subject.finding(
                exchange,
                pointer=f"{response.pointer}/content",
                seen=received.header("content-type") or "(none)",
                cause=str(exchange.status),
                basis=response.basis,
                message=f"the content type of a {exchange.status} is {received.media_type or 'missing'}, "
                f"and documented is {' or '.join(response.content)}",
            )


@clause("SD103", "parses", "A body that is documented as JSON is JSON.", specificity=40)
def parses(subject: Subject) -> Iterator[Finding]:
    """An empty body is none; neither is one with ``NaN``, a trailing comma or bytes that are not UTF-8 (RFC 8259)."""
    for exchange in own(subject):
        held = described(subject.operation, exchange)
        received = exchange.received
        if held is None or received is None or exchange.json is not NOT_JSON or not _should_parse(exchange):
            continue
        yield subject.finding(
            exchange,
            pointer=held[1].pointer.removesuffix("/schema"),
            seen=shown(received.body.decode(errors="replace")),
            cause=str(exchange.status),
            basis=held[0].basis,
            message=f"the body of a {exchange.status} is {_complaint(received.body)}",
        )


def _should_parse(exchange: Exchange) -> bool:
    """Not an answer that says itself that it is something else: its content type is what is wrong, or right."""
    received = exchange.received
    return received is not None and (not received.body or not received.media_type or is_json(received.media_type))


def _complaint(body: bytes) -> str:
    if not body:
        return "empty"
    try:
        json.loads(body.decode(), parse_constant=_refuse)
    except UnicodeDecodeError:
        return "not UTF-8, so no JSON"
    except ValueError as error:
        return f"no JSON: {error}"
    return "no JSON"


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not in its grammar")


@clause("SD104", "envelope", "The body is the kind of thing that is documented: a list, or an object.", specificity=40)
def envelope(subject: Subject) -> Iterator[Finding]:
    """``{"runs": […]}`` is no list of runs, and ``null`` is no object."""
    for exchange, problem in _found(subject):
        if problem.where == "" and problem.keyword == "type":
            yield _finding(
                subject, exchange, problem, f"the body is {_kind(problem.value)}, and documented is {problem.expected}"
            )
        elif problem.where == "" and problem.keyword == STRANGE:
            yield _finding(subject, exchange, problem, f"the body has none of its required fields: {problem.expected}")


@clause("SD105", "response-schema", "The body satisfies the documented schema in every other way.", specificity=10)
def response_schema(subject: Subject) -> Iterator[Finding]:
    """What no clause of its own looks at: properties that are not allowed, alternatives that all fail."""
    for exchange, problem in _found(subject):
        if problem.keyword not in _OWN_CLAUSES:
            yield _finding(
                subject, exchange, problem, f"{problem.where or 'the body'} breaks the schema: {problem.expected}"
            )


@clause("SD106", "detail-list", "A list of validation errors has the documented shape, whatever its status.")
def detail_list(subject: Subject) -> Iterator[Finding]:
    """Where ``HTTPValidationError`` is in the document, a 400 or 422 with a ``detail`` list is held to it.

    So it is even where the operation documents no such answer, or only our overlay assumes one.
    """
    schemas = subject.api.schemas
    if "HTTPValidationError" not in subject.api.document.get("components", {}).get("schemas", {}):
        return
    for exchange in own(subject):
        body = exchange.json
        held = described(subject.operation, exchange) is not None
        if held or exchange.status not in _ITS_STATUSES or not isinstance(body, dict):
            continue
        if isinstance(body.get("detail"), list):
            for problem in inspect(schemas, _VALIDATION_ERROR, body):
                yield _finding(
                    subject,
                    exchange,
                    problem,
                    f"{problem.where} of the refusal is wrong: {problem.expected or 'missing'}",
                )


def _found(subject: Subject) -> Iterator[tuple[Exchange, Problem]]:
    for exchange in own(subject):
        for problem in problems(subject, exchange):
            yield exchange, problem


def _finding(subject: Subject, exchange: Exchange, problem: Problem, message: str) -> Finding:
    response = subject.operation.response_for(exchange.status)
    return subject.finding(
        exchange,
        pointer=problem.pointer,
        where=problem.where,
        seen=problem.value if problem.value == MISSING else shown(problem.value),
        cause=f"{exchange.status} {problem.keyword}",
        basis=response.basis if response else None,
        message=message,
    )


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")
