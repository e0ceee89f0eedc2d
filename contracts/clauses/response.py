"""SD1xx: the response as a whole, that is its status, its content type, and whether its body is the documented JSON."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from specduet.contracts.clauses.judged_exchanges import find_early_rejections
from specduet.contracts.clauses.registry import Subject, clause
from specduet.contracts.clauses.schema_violations import (
    BOUND_KEYWORDS,
    FORMAT_KEYWORDS,
    NONE_OF_REQUIRED,
    SchemaViolation,
    describe_type,
    documented_json_response,
    find_violations,
    schema_finding,
    schema_violations,
    unambiguous_exchanges,
)
from specduet.contracts.findings import MISSING_VALUE, Finding, to_text
from specduet.contracts.oracle.json_values import judge_text
from specduet.contracts.oracle.media_types import is_json, matches_media_type
from specduet.contracts.oracle.schema_access import list_types, strip_null
from specduet.contracts.recording import Exchange
from specduet.specs import Api
from specduet.specs.model import Header

_VALIDATION_ERROR_POINTER = "/components/schemas/HTTPValidationError"
_VALIDATION_ERROR_STATUSES = {400, 422}
_KEYWORDS_OF_OTHER_CLAUSES = BOUND_KEYWORDS | FORMAT_KEYWORDS | {"required", "type", "enum", "const", NONE_OF_REQUIRED}


@clause("SD101", "documented-status", "A success or a redirect has a documented status.", specificity=40)
def check_documented_status(subject: Subject) -> Iterator[Finding]:
    """An undocumented 2xx or 3xx is a finding, because a client cannot know what it means.

    An undocumented error (4xx) is not: any service may respond with 401, 404 or 429.
    """
    for exchange in unambiguous_exchanges(subject) if subject.operation.responses else ():
        if 100 <= exchange.status < 400 and exchange.status != 304 and not _is_status_documented(subject, exchange):
            documented = ", ".join(status for status in subject.operation.responses)
            yield subject.make_finding(
                exchange,
                pointer=f"{subject.operation.pointer}/responses",
                value=exchange.status,
                cause=str(exchange.status),
                shared=f"{exchange.status} for {documented}",
                message=f"the response has the status {exchange.status}, but documented are {documented}",
            )


def _is_status_documented(subject: Subject, exchange: Exchange) -> bool:
    return subject.operation.response_for(exchange.status) is not None


@clause("SD102", "content-type", "A response has the content type that is documented for its status.", specificity=40)
def check_content_type(subject: Subject) -> Iterator[Finding]:
    """A response without a body needs no content type (RFC 9110, 8.3).

    A server or a proxy may reject a request before the service sees it (a very long URL, a header that HTTP itself
    gives a syntax): such an error response is not checked.
    """
    early = find_early_rejections(subject)
    for exchange in unambiguous_exchanges(subject):
        if exchange.number in early:
            continue
        response = subject.operation.response_for(exchange.status)
        received = exchange.response
        if response is None or received is None or not response.content or not received.body_length:
            continue
        if not any(matches_media_type(name, received.media_type) for name in response.content):
            yield subject.make_finding(
                exchange,
                pointer=f"{response.pointer}/content",
                value=received.get_header("content-type") or "(none)",
                cause=str(exchange.status),
                shared=f"{exchange.status} {received.media_type} for {' '.join(response.content)}",
                basis=response.basis,
                message=f"the content type of the {exchange.status} response is {received.media_type or 'missing'}, "
                f"but documented is {' or '.join(response.content)}",
            )


@clause("SD103", "parses", "A body that is documented as JSON is valid JSON.", specificity=40)
def check_parses(subject: Subject) -> Iterator[Finding]:
    """Invalid are an empty body, ``NaN``, a trailing comma, and bytes that are not UTF-8 (RFC 8259).

    A response to HEAD, a 204, 205 or redirect needs no body, whatever is documented (RFC 9110, 6.4.1). The error
    response to a request that a server or a proxy may reject before the service sees it is not checked.
    """
    early = find_early_rejections(subject)
    for exchange in unambiguous_exchanges(subject):
        has_no_body = exchange.status in {204, 205} or 300 <= exchange.status < 400
        if subject.operation.method == "HEAD" or has_no_body or exchange.number in early:
            continue
        documented = documented_json_response(subject.operation, exchange)
        received = exchange.response
        if documented is None or received is None or not _is_json_expected(exchange):
            continue
        if received.is_json or received.is_unread:
            continue
        yield subject.make_finding(
            exchange,
            pointer=documented[1].pointer.removesuffix("/schema"),
            value=to_text(received.text),
            cause=str(exchange.status),
            shared=f"{exchange.status} {received.media_type if received.body_length else 'empty'}",
            basis=documented[0].basis,
            message=f"the body of the {exchange.status} response is {_describe_json_error(received.body)}",
        )


def _is_json_expected(exchange: Exchange) -> bool:
    """Return False where the content type says that the body is something else: that is a finding of its own."""
    received = exchange.response
    return received is not None and (not received.body_length or is_json(received.media_type))


def _describe_json_error(body: bytes) -> str:
    if not body:
        return "empty"
    try:
        json.loads(body.decode(), parse_constant=_reject_constant)
    except UnicodeDecodeError:
        return "not UTF-8, so not JSON"
    except ValueError as error:
        return f"not JSON: {error}"
    except RecursionError:
        return "nested so deeply that nobody reads it"
    return "not JSON"


def _reject_constant(constant: str) -> Any:
    raise ValueError(f"{constant} is not part of JSON")


@clause("SD104", "envelope", "The body is a list or an object, as documented.", specificity=40)
def check_envelope(subject: Subject) -> Iterator[Finding]:
    """``{"runs": […]}`` is not a list of runs, and ``null`` is not an object."""
    for exchange, violation in schema_violations(subject):
        if violation.where:
            continue
        if violation.keyword == "type":
            message = f"the body is {describe_type(violation.value)}, but documented is {violation.expected}"
            yield _body_finding(subject, exchange, violation, message)
        elif violation.keyword == NONE_OF_REQUIRED:
            message = f"the body has none of its required fields: {violation.expected}"
            yield _body_finding(subject, exchange, violation, message)


@clause("SD105", "response-schema", "The body satisfies the rest of the documented schema.", specificity=10)
def check_response_schema(subject: Subject) -> Iterator[Finding]:
    """Checks the keywords that have no clause of their own: properties that are not allowed, ``oneOf``, ``not`` …"""
    for exchange, violation in schema_violations(subject):
        if violation.keyword not in _KEYWORDS_OF_OTHER_CLAUSES:
            message = f"{violation.where or 'the body'} breaks the schema: {violation.expected}"
            yield _body_finding(subject, exchange, violation, message)


@clause("SD106", "detail-list", "A list of validation errors has the documented shape, whatever its status.")
def check_detail_list(subject: Subject) -> Iterator[Finding]:
    """Compares every 400 or 422 that has a ``detail`` list with the schema ``HTTPValidationError``, if there is one.

    This also applies where the operation documents no such response, or where only the overlay assumes one.
    """
    schemas = subject.api.response_schemas
    if "HTTPValidationError" not in subject.api.document.get("components", {}).get("schemas", {}):
        return
    for exchange in unambiguous_exchanges(subject):
        body = exchange.json
        is_documented = documented_json_response(subject.operation, exchange) is not None
        if is_documented or exchange.status not in _VALIDATION_ERROR_STATUSES or not isinstance(body, dict):
            continue
        if isinstance(body.get("detail"), list):
            for violation in find_violations(schemas, _VALIDATION_ERROR_POINTER, body):
                message = f"{violation.where} of the error response is wrong: {violation.expected or 'missing'}"
                yield _body_finding(subject, exchange, violation, message)


@clause("SD107", "response-header", "A documented header of a response is there and has a valid value.")
def check_response_header(subject: Subject) -> Iterator[Finding]:
    """A header with ``required: true`` is part of every response of its status; any other is checked where it is sent.

    Lists, objects, dates and texts that may be encoded are not checked.
    """
    for exchange in unambiguous_exchanges(subject):
        response = subject.operation.response_for(exchange.status)
        if response is None or response.basis == "assumed" or exchange.response is None:
            continue
        for header in response.headers.values():
            values = [value for name, value in exchange.response.headers if name.lower() == header.name.lower()]
            flaw = _find_header_flaw(subject.api, header, values)
            if flaw:
                yield subject.make_finding(
                    exchange,
                    pointer=header.pointer,
                    where=header.name,
                    value=values[0] if values else MISSING_VALUE,
                    basis=response.basis,
                    shared=f"{header.name} {flaw}",
                    message=f"the header {header.name} of the {exchange.status} response {flaw}",
                )


def _find_header_flaw(api: Api, header: Header, values: Sequence[str]) -> str:
    """Return what is wrong with the values of a header, as a predicate; an empty text where nothing is."""
    if not values:
        return "is missing" if header.required else ""
    schema, _, _ = strip_null(api.response_schemas, header.schema, header.pointer)
    is_simple = not {"array", "object"} & set(list_types(schema)) and "/content/" not in header.pointer
    if len(values) > 1 or not is_simple or not values[0].isascii() or "date" in str(schema.get("format")):
        return ""
    judged = judge_text(api.response_schemas, header.schema, header.pointer, values[0])
    return judged.reason if judged.verdict == "invalid" else ""


def _body_finding(subject: Subject, exchange: Exchange, violation: SchemaViolation, message: str) -> Finding:
    return schema_finding(subject, exchange, violation, message, cause=f"{exchange.status} {violation.keyword}")
