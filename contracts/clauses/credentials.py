"""SD4xx: requests without a valid credential are rejected first and show nothing; every login method works."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from specduet.contracts.clauses.judged_exchanges import (
    NOT_FOUND_STATUSES,
    RETRY_LATER_STATUSES,
    JudgedExchange,
    judged_exchanges,
    successful_paths,
)
from specduet.contracts.clauses.registry import Subject, clause
from specduet.contracts.findings import Finding
from specduet.contracts.memo import compute_once
from specduet.contracts.oracle import credentials
from specduet.contracts.recording import Exchange
from specduet.contracts.traces import ForeignLetters, SchemeTrial
from specduet.specs.statement import Basis

_REJECTION_STATUSES = frozenset({401, 403})
_MIN_ID_LENGTH = 8  # characters: a shorter id may be part of a text by chance


def _rejection_status_basis(subject: Subject) -> Basis:
    """Return the basis of the status 401 or 403: that a credential is needed is documented, the status seldom is."""
    statement = subject.api.behavior.unauthorized
    if statement is not None and statement.basis == "documented":
        return "documented"
    return "inferred"


def _credential_fault(subject: Subject, case: JudgedExchange) -> str:
    """Return why the credential is invalid: ``missing``, ``empty``, ``incomplete``, ``wrong``; empty if it is not."""
    if case.exchange.credentials == "wrong":
        if case.exchange.number in _foreign_letters(subject) and not case.exchange.is_success:
            return ""  # servers may refuse such a header or query for its form
        return "wrong" if case.credential_verdict == "valid" else ""
    if case.credential_verdict != "invalid":
        return ""
    states = set(credentials.classify_credentials(subject.api, subject.operation, case.exchange.request).values())
    if states == {"absent"}:
        return "missing"
    return "empty" if states <= {"absent", "empty", "bare"} else "incomplete"


def _foreign_letters(subject: Subject) -> frozenset[int]:
    """Return the numbers of the requests with a credential that is not ASCII."""
    traces = subject.find_traces(ForeignLetters)
    return frozenset(trace.exchange.number for trace in traces)


def _unauthenticated_exchanges(subject: Subject, *kinds: str) -> Iterator[tuple[JudgedExchange, str]]:
    """Yield the requests with an invalid credential of these kinds, as far as the service itself responded."""
    for case in judged_exchanges(subject):
        kind = _credential_fault(subject, case)
        status = case.exchange.status
        if kind in kinds and status < 500 and status not in RETRY_LATER_STATUSES and not 300 <= status < 400:
            yield case, kind


def _check_rejected(subject: Subject, *kinds: str) -> Iterator[Finding]:
    """Yield a finding for each invalid credential whose response is neither 401 nor 403."""
    known_paths = successful_paths(subject)
    unprotected = set() if "missing" in kinds else _unprotected_requests(subject)
    wrong_accepted = (
        {_request_and_status(subject, case) for case, _ in _unauthenticated_exchanges(subject, "wrong")}
        if "empty" in kinds
        else set()
    )
    refused_anyway = _refused_requests(subject)
    for case, kind in _unauthenticated_exchanges(subject, *kinds):
        status, request = case.exchange.status, _request_and_status(subject, case)
        if request in unprotected or (_has_bare_credential(subject, case) and request in wrong_accepted):
            continue  # no credential is needed there, or any will do: that is one cause, reported once
        if request in refused_anyway:
            continue  # the right credential gets that as well: the status says nothing of credentials
        if case.exchange.is_success:
            yield _credential_finding(subject, case, kind, "documented", "is accepted")
        elif (
            case.verdict == "valid"
            and status not in _suitable_statuses(subject, case)
            and _is_path_irrelevant(case, known_paths)
        ):
            yield _credential_finding(
                subject,
                case,
                kind,
                _rejection_status_basis(subject),
                f"is rejected with {status} instead of 401 or 403",
            )


def _has_bare_credential(subject: Subject, case: JudgedExchange) -> bool:
    return "bare" in credentials.classify_credentials(subject.api, subject.operation, case.exchange.request).values()


def _unprotected_requests(subject: Subject) -> set[tuple[Any, ...]]:
    """Return the requests without any credential that are not rejected with 401 or 403."""
    return {
        _request_and_status(subject, case)
        for case, _ in _unauthenticated_exchanges(subject, "missing")
        if case.exchange.status not in _REJECTION_STATUSES
    }


def _refused_requests(subject: Subject) -> set[tuple[Any, ...]]:
    """Return the requests that are refused with the caller's own credential, for whatever reason."""
    return {
        _request_and_status(subject, case)
        for case in judged_exchanges(subject)
        if case.exchange.credentials == "given" and not case.exchange.is_success
    }


def _request_and_status(subject: Subject, case: JudgedExchange) -> tuple[Any, ...]:
    """Return a request without its headers and credentials, and the status of its response."""
    sent = case.exchange.request
    fields = {scheme.field for scheme in subject.api.schemes.values() if scheme.location == "query"}
    query = "&".join(pair for pair in sent.query.split("&") if unquote(pair.partition("=")[0]) not in fields)
    return sent.path, query, sent.body, case.exchange.status


def _suitable_statuses(subject: Subject, case: JudgedExchange) -> frozenset[int]:
    """Return 401 and 403; also 400 for an empty token of a scheme with a prefix such as Bearer (RFC 6750, 3.1)."""
    empty = [subject.api.schemes[name] for name in _schemes_in_request(subject, case, "empty")]
    return _REJECTION_STATUSES | {400} if any(scheme.prefix for scheme in empty) else _REJECTION_STATUSES


def _is_path_irrelevant(case: JudgedExchange, known_paths: frozenset[str]) -> bool:
    """Return whether the status cannot be due to the path: no 404, or the path of a row that exists."""
    return case.exchange.status not in NOT_FOUND_STATUSES or case.exchange.request.path in known_paths


def _credential_finding(subject: Subject, case: JudgedExchange, kind: str, basis: Basis, outcome: str) -> Finding:
    names = _schemes_in_request(subject, case, kind)
    scheme = subject.api.schemes[names[0]] if names else None
    descriptions = {
        "missing": "without a credential",
        "empty": "with an empty credential",
        "wrong": "with a wrong credential",
    }
    where = f"{scheme.location}/{scheme.field}" if scheme else "credentials"
    cause = f"{kind} {'served' if case.exchange.is_success else case.exchange.status}"
    return subject.make_finding(
        case.exchange,
        pointer=scheme.pointer if scheme and kind != "missing" else f"{subject.operation.pointer}/security",
        where=where if kind != "missing" else "credentials",
        value=case.exchange.status,
        cause=cause,
        # one part of a service asks for credentials, and not each operation
        shared=f"{cause} {scheme.name if scheme and kind != 'missing' else ''}",
        basis=basis,
        message=f"a request {descriptions.get(kind, 'without a credential that is also needed')} {outcome}",
    )


def _schemes_in_request(subject: Subject, case: JudgedExchange, kind: str) -> list[str]:
    """Return the names of the schemes whose credential the request has: wrong ones, else empty ones."""
    wanted_states = {"given"} if kind == "wrong" else {"empty", "bare"}
    states = credentials.classify_credentials(subject.api, subject.operation, case.exchange.request)
    return [name for name, state in states.items() if state in wanted_states]


@clause("SD401", "credential-missing", "A request without a credential is rejected with 401 or 403.", specificity=30)
def check_credential_missing(subject: Subject) -> Iterator[Finding]:
    """Also tries only some of the schemes, if the operation needs several together."""
    yield from _check_rejected(subject, "missing", "incomplete")


@clause("SD402", "credential-empty", "An empty credential is rejected with 401 or 403.", specificity=30)
def check_credential_empty(subject: Subject) -> Iterator[Finding]:
    """Tries the header, query parameter or cookie of each scheme with an empty value, or with its prefix alone."""
    yield from _check_rejected(subject, "empty")


@clause("SD403", "credential-wrong", "A wrong credential is rejected with 401 or 403.", specificity=30)
def check_credential_wrong(subject: Subject) -> Iterator[Finding]:
    """Tries a wrong credential of every scheme, if you gave a valid credential of at least one."""
    yield from _check_rejected(subject, "wrong")


@clause(
    "SD404",
    "credential-first",
    "Unauthenticated requests are rejected before they are validated.",
    specificity=30,
    basis="inferred",
)
def check_credential_first(subject: Subject) -> Iterator[Finding]:
    """Sends invalid requests with a missing, empty or wrong credential: the response has to be 401 or 403, so that it
    tells nothing about the API.

    A body that cannot be parsed may be rejected first.
    """
    known_paths = successful_paths(subject)
    unauthenticated = list(_unauthenticated_exchanges(subject, "missing", "empty", "wrong"))
    usual_statuses = {case.exchange.status for case, _ in unauthenticated if case.verdict == "valid"}
    accepted_states = {_credential_states(subject, case) for case, _ in unauthenticated if case.exchange.is_success}
    unprotected = _unprotected_requests(subject)
    for case, kind in unauthenticated:
        status = case.exchange.status
        if case.verdict == "valid" or case.any_4xx_allowed or _credential_states(subject, case) in accepted_states:
            continue  # a credential that is wrongly accepted is accepted before validation, too
        if kind != "missing" and _request_and_status(subject, case) in unprotected:
            continue  # reported for the request without any credential, or accepted there
        if status in usual_statuses or status in _REJECTION_STATUSES or status in _suitable_statuses(subject, case):
            continue
        if _has_unreadable_body(subject, case) or not _is_path_irrelevant(case, known_paths):
            continue
        yield subject.make_finding(
            case.exchange,
            pointer=f"{subject.operation.pointer}/security",
            where="credentials",
            value=status,
            cause=str(status),
            shared=f"{kind} {status}",
            message=f"a request with a {kind} credential is rejected with {status} for another mistake in it",
        )


def _credential_states(subject: Subject, case: JudgedExchange) -> tuple[str, ...]:
    states = credentials.classify_credentials(subject.api, subject.operation, case.exchange.request)
    return (case.exchange.credentials, *states.values())


def _has_unreadable_body(subject: Subject, case: JudgedExchange) -> bool:
    body = subject.operation.body
    return body is not None and any(p.pointer == body.pointer and p.verdict != "valid" for p in case.parts)


@clause("SD405", "credential-accepted", "Every documented login method works on its own.", specificity=30)
def check_credential_accepted(subject: Subject) -> Iterator[Finding]:
    """Tries every security scheme that you gave a credential for, if another one of them is accepted."""
    trials = list(subject.find_traces(SchemeTrial))
    if not any(trial.exchange.is_success for trial in trials):
        return
    for trial in trials:
        if trial.exchange.status in _REJECTION_STATUSES:
            names = " and ".join(trial.schemes)
            yield subject.make_finding(
                trial.exchange,
                pointer=subject.api.schemes[trial.schemes[0]].pointer,
                where=f"credentials/{names}",
                value=trial.exchange.status,
                shared=names,
                message=f"the credential of {names} is rejected, but that of another documented scheme is accepted",
            )


@clause("SD406", "refusal-leaks", "A 401 or 403 response shows no data.", specificity=35)
def check_refusal_leaks(subject: Subject) -> Iterator[Finding]:
    """Looks for ids of existing rows in the body of a 401 or 403."""
    ids = sorted(_known_ids(subject))
    for case in judged_exchanges(subject):
        if case.exchange.status in _REJECTION_STATUSES and case.exchange.response is not None:
            leaked_id = _find_leaked_id(case.exchange, ids)
            if leaked_id is not None:
                yield subject.make_finding(
                    case.exchange,
                    where="body",
                    value=leaked_id,
                    message=f"the {case.exchange.status} response shows the id of a row",
                )


def _known_ids(subject: Subject) -> frozenset[str]:
    """Return the ids in all successful responses of the API: the field ``id``, and those that statements name."""
    return compute_once(subject.recording, ("known ids", subject.api.name), lambda: _collect_ids(subject))


def _collect_ids(subject: Subject) -> frozenset[str]:
    fields = {"id", *(resource.behavior.id.field for resource in subject.api.resources.values())}
    rows = (
        row
        for e in subject.recording.exchanges
        if e.api == subject.api.name and e.is_success
        for row in _json_objects(e.json)
    )
    values = (row.get(field) for row in rows for field in fields)
    return frozenset(v for v in values if isinstance(v, str) and len(v) >= _MIN_ID_LENGTH)


def _json_objects(body: Any) -> Iterator[Mapping[str, Any]]:
    for row in body if isinstance(body, list) else [body]:
        if isinstance(row, Mapping):
            yield row


def _find_leaked_id(exchange: Exchange, ids: Sequence[str]) -> str | None:
    assert exchange.response is not None
    text = exchange.response.text
    address = f"{exchange.request.path}?{exchange.request.query}"
    request_text = f"{address} {unquote(address)} {(exchange.request.body or b'').decode(errors='replace')}"
    return next((row_id for row_id in ids if row_id in text and row_id not in request_text), None)
