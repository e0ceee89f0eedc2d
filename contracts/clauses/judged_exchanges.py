"""Exchanges with what the oracle says of their requests: the ground that the clauses of refusals stand on."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from specduet.contracts.analysis.memo import once
from specduet.contracts.clauses.registry import Subject
from specduet.contracts.oracle import credentials, requests
from specduet.contracts.oracle.requests import Part
from specduet.contracts.oracle.scalars import Verdict
from specduet.contracts.recording import Exchange
from specduet.specs import Operation, Response, Schema
from specduet.specs.behavior import Basis

RETRY_LATER_STATUSES = frozenset({429, 503})
"""Answers that say nothing of the request: come again later."""

_LARGE_BYTES = 400
"""From so many bytes on, a server may find something too large."""


@dataclass(frozen=True)
class JudgedExchange:
    """One answered request: its parts, and what it carried of credentials."""

    exchange: Exchange
    parts: tuple[Part, ...]
    credential_verdict: Verdict

    @cached_property
    def verdict(self) -> Verdict:
        return requests.verdict(self.parts)

    @cached_property
    def invalid_parts(self) -> tuple[Part, ...]:
        return tuple(part for part in self.parts if part.verdict == "invalid")

    @property
    def any_4xx_allowed(self) -> bool:
        """Whether something in front of the validation may have refused."""
        return any(part.freely and part.verdict != "valid" for part in self.parts)

    @property
    def is_too_large(self) -> bool:
        """Whether the request was refused for its size (413 and 414: RFC 9110, 15.5; 431: RFC 6585, 5), and has one."""
        sent = self.exchange.sent
        sizes = {
            413: len(sent.body or b""),
            414: len(sent.url),
            431: max(len(sent.url), *(len(name) + len(value) for name, value in sent.headers)),
        }
        return sizes.get(self.exchange.status, 0) > _LARGE_BYTES

    @property
    def is_rejected(self) -> bool:
        """Whether the request was refused for what it says."""
        return (
            400 <= self.exchange.status < 500
            and self.exchange.status not in RETRY_LATER_STATUSES
            and not self.is_too_large
        )

    @property
    def credentials_valid(self) -> bool:
        """Whether the request carried a credential that was not wrong on purpose."""
        return self.credential_verdict == "valid" and self.exchange.credentials not in {"none", "empty", "wrong"}


def judged_exchanges(subject: Subject) -> Iterator[JudgedExchange]:
    """The answered exchanges of an operation's own method."""
    about = ("cases", subject.api.name, subject.operation.id)
    yield from once(subject.recording, about, lambda: list(_judge_exchanges(subject)))


def _judge_exchanges(subject: Subject) -> Iterator[JudgedExchange]:
    api, operation = subject.api, subject.operation
    for exchange in subject.exchanges():
        if exchange.received is not None and exchange.sent.method == operation.method:
            parts = requests.judge(api, operation, exchange)
            credential_verdict = credentials.admission(api, operation, exchange.sent)
            yield JudgedExchange(exchange, parts, credential_verdict)


# ------------------------------------------------------------------------------------------ what is documented


@dataclass(frozen=True)
class DocumentedErrorResponse:
    """How wrong input is refused: ``statuses`` is None where nothing says so, and any 4xx will do."""

    statuses: frozenset[int] | None
    basis: Basis
    response: Response | None

    def includes_status(self, status: int) -> bool:
        return self.statuses is not None and status in self.statuses


def documented_error_response(subject: Subject) -> DocumentedErrorResponse:
    """What the document says of refusals: the overlay's statement, else a documented 400 or 422."""
    statement, operation = subject.api.behavior.refusals, subject.operation
    stated = (statement.status,) if statement else (400, 422)
    if statement is None or statement.basis == "documented":
        documented = {s: operation.responses[str(s)] for s in stated if _is_documented(operation, s)}
        if documented:
            return DocumentedErrorResponse(frozenset(documented), "documented", next(iter(documented.values())))
    return DocumentedErrorResponse(None, "inferred", None)


def _is_documented(operation: Operation, status: int) -> bool:
    response = operation.responses.get(str(status))
    return response is not None and response.basis == "documented"


def has_validation_error_schema(subject: Subject, status: int) -> bool:
    """Whether the documented answer of a status is FastAPI's ``HTTPValidationError``, by its shape."""
    response = subject.operation.responses.get(str(status))
    for content in response.content.values() if response else ():
        resolve = subject.api.schemas.resolve
        body, pointer = resolve(content.schema, content.pointer)
        detail = body.get("properties", {}).get("detail")
        if not isinstance(detail, dict):
            continue
        detail, pointer = resolve(detail, f"{pointer}/properties/detail")
        items: Schema = resolve(detail.get("items", {}), f"{pointer}/items")[0]
        if {"loc", "msg", "type"} <= items.get("properties", {}).keys():
            return True
    return False


# --------------------------------------------------------------------------------------------- what is known


def successful_paths(subject: Subject) -> frozenset[str]:
    """The paths of an operation that led somewhere: an answer 2xx proves that what they name exists."""
    return frozenset(exchange.sent.path for exchange in subject.successful_exchanges())


def accepted_credentials(subject: Subject) -> frozenset[str]:
    """The kinds of credentials with which anything of the API was answered 2xx."""
    exchanges = subject.recording.exchanges
    return frozenset(e.credentials for e in exchanges if e.api == subject.api.name and e.succeeded)


def unknown_id_responses(subject: Subject) -> frozenset[tuple[int, str]]:
    """How the operation answers a well-formed id that nothing has: status and body, without the id itself."""
    return frozenset(
        (case.exchange.status, _body_without_id(subject.operation, case.exchange))
        for case in judged_exchanges(subject)
        if case.verdict == "valid" and case.exchange.status in {404, 410}
    )


def is_unknown_id_response(subject: Subject, case: JudgedExchange) -> bool:
    """Whether a malformed id got the very answer of a well-formed one that nothing has: it was looked up."""
    response = (case.exchange.status, _body_without_id(subject.operation, case.exchange))
    return response in unknown_id_responses(subject)


def _body_without_id(operation: Operation, exchange: Exchange) -> str:
    body = exchange.received.body.decode(errors="replace") if exchange.received else ""
    for raw in (requests.path_texts(operation, exchange.sent) or {}).values():
        for spelling in sorted({raw, unquote(raw), json.dumps(unquote(raw))[1:-1]}, key=len, reverse=True):
            body = body.replace(spelling, "*") if spelling else body
    return body


def part_value(part: Part, operation: Operation, exchange: Exchange) -> Any:
    """The value that a part was sent with, for a finding to show; empty where it was left out."""
    sent = exchange.sent
    if part.location == "path":
        return unquote((requests.path_texts(operation, sent) or {}).get(part.name, ""))
    if part.location == "query":
        return ",".join(value for name, value in sent.pairs if name == part.name)
    if part.location in {"header", "cookie"}:
        return sent.header(part.name if part.location == "header" else "cookie") or ""
    return _body_value(part, sent.body or b"")


def _body_value(part: Part, data: bytes) -> Any:
    value, _ = requests.parse(data)
    for step in part.loc[1:]:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return "(missing)"
    return value if part.loc[1:] or value is not None else data[:60].decode(errors="replace")
