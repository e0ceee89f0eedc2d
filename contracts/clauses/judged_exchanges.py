"""Exchanges with the oracle's verdict on their requests, for the clauses on rejected requests and credentials."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, unquote

from specduet.contracts.clauses.registry import Subject
from specduet.contracts.findings import MISSING_VALUE
from specduet.contracts.memo import compute_once
from specduet.contracts.oracle import credentials, requests
from specduet.contracts.oracle.addresses import extract_path_texts, has_rival
from specduet.contracts.oracle.json_body import parse_json_body
from specduet.contracts.oracle.request_parts import RequestPart, combine_verdicts
from specduet.contracts.oracle.scalars import Verdict
from specduet.contracts.oracle.schema_access import list_properties, resolve_schema
from specduet.contracts.recording import Exchange
from specduet.specs import Operation, Response
from specduet.specs.statement import Basis

RETRY_LATER_STATUSES = frozenset({429, 503})
"""Statuses that say nothing about the request, only that it should be sent again later."""

NOT_FOUND_STATUSES = frozenset({404, 410})
STATE_STATUSES = frozenset({402, 404, 405, 406, 409, 410, 412, 416, 423, 424, 428, 429})
"""Statuses that tell of the state of things, and not of the request: no such row, a limit that is reached."""

_LARGE_BYTES = 400
"""A server may reject anything longer than this as too large."""


@dataclass(frozen=True)
class JudgedExchange:
    """One request that got a response, with the oracle's verdict on each of its parts and on its credentials."""

    exchange: Exchange
    parts: tuple[RequestPart, ...]
    credential_verdict: Verdict
    """``valid`` where the request has a credential of every scheme that it needs, right or wrong."""

    @cached_property
    def verdict(self) -> Verdict:
        return combine_verdicts(self.parts)

    @cached_property
    def invalid_parts(self) -> tuple[RequestPart, ...]:
        return tuple(part for part in self.parts if part.verdict == "invalid")

    @property
    def any_4xx_allowed(self) -> bool:
        """True where something in front of the validation, for example a proxy, may reject the request."""
        return any(part.any_4xx_allowed and part.verdict != "valid" for part in self.parts)

    @property
    def is_too_large(self) -> bool:
        """True where a large request was rejected for its size (413 and 414: RFC 9110, 15.5; 431: RFC 6585, 5)."""
        sent = self.exchange.request
        sizes = {
            413: len(sent.body or b""),
            414: len(sent.url),
            431: max([len(sent.url), *(len(name) + len(value) for name, value in sent.headers)]),
        }
        return sizes.get(self.exchange.status, 0) > _LARGE_BYTES

    @property
    def is_rejected(self) -> bool:
        """True where the request was rejected for its content, with any 4xx but 429 and those for its size."""
        return (
            400 <= self.exchange.status < 500
            and self.exchange.status not in RETRY_LATER_STATUSES
            and not self.is_too_large
        )

    @property
    def credentials_valid(self) -> bool:
        """True where the request has a credential that is not wrong on purpose."""
        return self.credential_verdict == "valid" and self.exchange.credentials not in {"none", "empty", "wrong"}


def judged_exchanges(subject: Subject) -> Iterator[JudgedExchange]:
    """Yield the exchanges of an operation that have a response, and a method and an address of this operation alone."""
    about = ("judged-exchanges", subject.api.name, subject.operation.id)
    yield from compute_once(subject.recording, about, lambda: list(_judge_exchanges(subject)))


def _judge_exchanges(subject: Subject) -> Iterator[JudgedExchange]:
    api, operation = subject.api, subject.operation
    for exchange, parts in requests.classify_exchanges(api, operation, subject.recording):
        if has_rival(api, operation, subject.recording, exchange.request):
            continue
        if exchange.response is not None and exchange.request.method == operation.method:
            verdict = credentials.judge_credentials(api, operation, exchange.request)
            is_own = exchange.credentials == "given"  # one that the document does not know may do as well
            yield JudgedExchange(exchange, parts, "valid" if is_own else verdict)


def find_early_rejections(subject: Subject) -> frozenset[int]:
    """Return the numbers of the exchanges whose 4xx may be from something in front of the service, in its own words."""
    cases = judged_exchanges(subject)
    rejected = (case for case in cases if case.any_4xx_allowed or case.is_too_large)
    return frozenset(case.exchange.number for case in rejected if 400 <= case.exchange.status < 500)


# ------------------------------------------------------------------------------------------ what is documented


@dataclass(frozen=True)
class DocumentedErrorResponse:
    """The response that an operation documents for invalid requests."""

    statuses: frozenset[int] | None
    """None where no status is documented, so that any 4xx will do."""
    basis: Basis
    response: Response | None

    def includes_status(self, status: int) -> bool:
        return self.statuses is not None and status in self.statuses


def documented_error_response(subject: Subject) -> DocumentedErrorResponse:
    """Return the error response of an operation: the overlay's ``refusals``, else a documented 400 or 422."""
    statement, operation = subject.api.behavior.refusals, subject.operation
    stated = (statement.status,) if statement else (400, 422)
    if statement is None or statement.basis == "documented":
        documented = {s: operation.responses[str(s)] for s in stated if is_documented(operation, s)}
        if documented:
            return DocumentedErrorResponse(frozenset(documented), "documented", next(iter(documented.values())))
    return DocumentedErrorResponse(None, "inferred", None)


def is_documented(operation: Operation, status: int) -> bool:
    """Return whether the document itself has a response for exactly this status."""
    response = operation.responses.get(str(status))
    return response is not None and response.basis == "documented"


def has_validation_error_schema(subject: Subject, status: int) -> bool:
    """Return whether the documented response of a status has the shape of FastAPI's ``HTTPValidationError``."""
    response = subject.operation.responses.get(str(status))
    for content in response.content.values() if response else ():
        schemas = subject.api.schemas
        body, pointer = resolve_schema(schemas, content.schema, content.pointer)
        properties = {name: (inner, at) for name, inner, at in list_properties(body, pointer)}
        detail, pointer = resolve_schema(schemas, *properties.get("detail", ({}, pointer)))
        items, pointer = resolve_schema(schemas, detail.get("items", {}), f"{pointer}/items")
        if {"loc", "msg", "type"} <= {name for name, _, _ in list_properties(items, pointer)}:
            return True
    return False


# --------------------------------------------------------------------------------------------- what is known


def successful_paths(subject: Subject) -> frozenset[str]:
    """Return the paths of an operation that got a 2xx, which proves that the ids in them exist."""
    return frozenset(exchange.request.path for exchange in subject.successful_exchanges())


def accepted_credentials(subject: Subject) -> frozenset[str]:
    """Return the kinds of credentials (``given``, ``placeholder``) with which any operation of the API gave a 2xx."""
    recording, name = subject.recording, subject.api.name
    return compute_once(
        recording,
        ("accepted credentials", name),
        lambda: frozenset(e.credentials for e in recording.exchanges if e.api == name and e.is_success),
    )


def unknown_id_responses(subject: Subject) -> frozenset[tuple[int, str]]:
    """Return the responses to well-formed ids that no row has: (status, body with ``*`` for the id)."""
    return compute_once(
        subject.recording,
        ("unknown-id responses", subject.api.name, subject.operation.id),
        lambda: frozenset(
            (case.exchange.status, _body_without_id(subject.operation, case.exchange))
            for case in judged_exchanges(subject)
            if case.verdict == "valid" and case.exchange.status in NOT_FOUND_STATUSES
        ),
    )


def is_unknown_id_response(subject: Subject, case: JudgedExchange) -> bool:
    """Return whether a malformed id got the same response as an unknown one: then it was looked up, not validated."""
    response = (case.exchange.status, _body_without_id(subject.operation, case.exchange))
    return response in unknown_id_responses(subject)


def _body_without_id(operation: Operation, exchange: Exchange) -> str:
    body = exchange.response.text if exchange.response else ""
    for raw in (extract_path_texts(operation, exchange.request) or {}).values():
        for spelling in sorted({raw, unquote(raw), json.dumps(unquote(raw))[1:-1]}, key=len, reverse=True):
            body = body.replace(spelling, "*") if spelling else body
    return body


def part_value(part: RequestPart, operation: Operation, exchange: Exchange) -> Any:
    """Return the value with which a part was sent, for the finding; empty where it was left out."""
    sent = exchange.request
    if part.location == "path":
        return unquote((extract_path_texts(operation, sent) or {}).get(part.name, ""))
    if part.location == "query":
        return ",".join(value for name, value in sent.query_pairs if name == part.name)
    if part.location in {"header", "cookie"}:
        return sent.get_header(part.name if part.location == "header" else "cookie") or ""
    return _body_value(part, sent.body or b"")


def _body_value(part: RequestPart, data: bytes) -> Any:
    value, parsed = parse_json_body(data)
    if parsed.verdict == "invalid" and part.loc[1:]:  # a form
        value = dict(parse_qsl(data.decode(errors="replace"), keep_blank_values=True))
    for step in part.loc[1:]:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return MISSING_VALUE
    return value if part.loc[1:] or value is not None else data[:60].decode(errors="replace")
