"""SD4xx: who may not, is told so first and learns nothing; who may, gets in by every documented way."""

from collections.abc import Iterator, Mapping
from typing import Any

from specduet.contracts.clauses.judged_exchanges import (
    RETRY_LATER_STATUSES,
    JudgedExchange,
    judged_exchanges,
    successful_paths,
)
from specduet.contracts.clauses.registry import Subject, clause
from specduet.contracts.findings import Finding
from specduet.contracts.oracle import credentials
from specduet.contracts.recording import Exchange
from specduet.contracts.traces import SchemeTrial
from specduet.specs.behavior import Basis

_REJECTION_STATUSES = frozenset({401, 403})
_MIN_ID_LENGTH = 8  # anything shorter may stand in a text by chance


def _rejection_status_basis(subject: Subject) -> Basis:
    """What a wrong status of a refusal is worth: that a credential is needed is documented, its status seldom is."""
    statement = subject.api.behavior.unauthorized
    if statement is not None and statement.basis == "documented":
        return "documented"
    return "inferred"


def _credential_fault(subject: Subject, case: JudgedExchange) -> str:
    """``missing``, ``empty`` or ``wrong`` for a request that is to be refused; nothing for any other."""
    if case.exchange.credentials == "wrong":
        return "wrong" if case.credential_verdict == "valid" else ""
    if case.credential_verdict != "invalid":
        return ""
    states = set(credentials.states(subject.api, subject.operation, case.exchange.sent).values())
    if states == {"absent"}:
        return "missing"
    return "empty" if states <= {"absent", "empty", "bare"} else "incomplete"


def _unauthenticated_exchanges(subject: Subject, *kinds: str) -> Iterator[tuple[JudgedExchange, str]]:
    """The requests of those who may not, as far as nothing in front of the guard can have answered."""
    for case in judged_exchanges(subject):
        kind = _credential_fault(subject, case)
        status = case.exchange.status
        if kind in kinds and status < 500 and status not in RETRY_LATER_STATUSES and not 300 <= status < 400:
            yield case, kind


def _check_rejected(subject: Subject, *kinds: str) -> Iterator[Finding]:
    """A credential that is missing, empty or wrong, and an answer that is neither 401 nor 403."""
    known_paths = successful_paths(subject)
    unprotected = set() if "missing" in kinds else _unprotected_requests(subject)
    wrong_accepted = (
        {_request_and_status(case) for case, _ in _unauthenticated_exchanges(subject, "wrong")}
        if "empty" in kinds
        else set()
    )
    for case, kind in _unauthenticated_exchanges(subject, *kinds):
        status = case.exchange.status
        if _request_and_status(case) in unprotected or (
            _has_bare_credential(subject, case) and _request_and_status(case) in wrong_accepted
        ):
            continue  # nobody is asked for anything there, or anything will do: that is one cause
        if case.exchange.succeeded:
            yield _credential_finding(subject, case, kind, "documented", "is served")
        elif (
            case.verdict == "valid"
            and status not in _suitable_statuses(subject, case)
            and _is_path_irrelevant(case, known_paths)
        ):
            yield _credential_finding(
                subject, case, kind, _rejection_status_basis(subject), f"is refused with {status} instead of 401 or 403"
            )


def _has_bare_credential(subject: Subject, case: JudgedExchange) -> bool:
    return "bare" in credentials.states(subject.api, subject.operation, case.exchange.sent).values()


def _unprotected_requests(subject: Subject) -> set[tuple[Any, ...]]:
    """What is asked without any credential and answered wrongly, with the status of the answer."""
    return {
        _request_and_status(case)
        for case, _ in _unauthenticated_exchanges(subject, "missing")
        if case.exchange.status not in _REJECTION_STATUSES
    }


def _request_and_status(case: JudgedExchange) -> tuple[Any, ...]:
    """What a request asks for, whoever asks, and the status of the answer."""
    sent = case.exchange.sent
    return sent.path, sent.query, sent.body, case.exchange.status


def _suitable_statuses(subject: Subject, case: JudgedExchange) -> frozenset[int]:
    """401 and 403; also 400 where a token is expected behind a word, and neither is there (RFC 6750, 3.1)."""
    empty = [subject.api.schemes[name] for name in _schemes_in_request(subject, case, "empty")]
    return _REJECTION_STATUSES | {400} if any(scheme.prefix for scheme in empty) else _REJECTION_STATUSES


def _is_path_irrelevant(case: JudgedExchange, known_paths: frozenset[str]) -> bool:
    """Whether a 404 cannot be due to the path; every other status never is."""
    return case.exchange.status not in {404, 410} or case.exchange.sent.path in known_paths


def _credential_finding(subject: Subject, case: JudgedExchange, kind: str, basis: Basis, outcome: str) -> Finding:
    names = _schemes_in_request(subject, case, kind)
    scheme = subject.api.schemes[names[0]] if names else None
    descriptions = {
        "missing": "without a credential",
        "empty": "with an empty credential",
        "wrong": "with a wrong credential",
    }
    where = f"{scheme.location}/{scheme.field}" if scheme else "credentials"
    return subject.make_finding(
        case.exchange,
        pointer=scheme.pointer if scheme and kind != "missing" else f"{subject.operation.pointer}/security",
        where=where if kind != "missing" else "credentials",
        value=case.exchange.status,
        cause=f"{kind} {'served' if case.exchange.succeeded else case.exchange.status}",
        basis=basis,
        message=f"a request {descriptions.get(kind, 'without a credential that is also needed')} {outcome}",
    )


def _schemes_in_request(subject: Subject, case: JudgedExchange, kind: str) -> list[str]:
    """The schemes that the request said something for."""
    wanted_states = {"given"} if kind == "wrong" else {"empty", "bare"}
    states = credentials.states(subject.api, subject.operation, case.exchange.sent)
    return [name for name, state in states.items() if state in wanted_states]


@clause("SD401", "credential-missing", "A request without a credential is refused with 401 or 403.", specificity=30)
def check_credential_missing(subject: Subject) -> Iterator[Finding]:
    """Also where only some of several schemes that are needed together are there."""
    yield from _check_rejected(subject, "missing", "incomplete")


@clause("SD402", "credential-empty", "An empty credential is refused with 401 or 403.", specificity=30)
def check_credential_empty(subject: Subject) -> Iterator[Finding]:
    """Each scheme's header, query parameter or cookie, present and empty, or with a prefix and nothing behind it."""
    yield from _check_rejected(subject, "empty")


@clause("SD403", "credential-wrong", "A wrong credential is refused with 401 or 403.", specificity=30)
def check_credential_wrong(subject: Subject) -> Iterator[Finding]:
    """Of every scheme, as soon as the caller gave a real credential of one: a service that takes any refuses none."""
    yield from _check_rejected(subject, "wrong")


@clause(
    "SD404",
    "credential-first",
    "Who may not is refused before anything is said about the request.",
    specificity=30,
    basis="inferred",
)
def check_credential_first(subject: Subject) -> Iterator[Finding]:
    """A missing, empty or wrong credential together with wrong input: 401 or 403, so that strangers learn nothing.

    A body that does not parse may be refused first.
    """
    known_paths = successful_paths(subject)
    unauthenticated = list(_unauthenticated_exchanges(subject, "missing", "empty", "wrong"))
    usual_statuses = {case.exchange.status for case, _ in unauthenticated if case.verdict == "valid"}
    accepted_states = {_credential_states(subject, case) for case, _ in unauthenticated if case.exchange.succeeded}
    unprotected = _unprotected_requests(subject)
    for case, kind in unauthenticated:
        status = case.exchange.status
        if case.verdict == "valid" or case.any_4xx_allowed or _credential_states(subject, case) in accepted_states:
            continue  # who is let in wrongly is let in before the rest is looked at, too
        if kind != "missing" and _request_and_status(case) in unprotected:
            continue  # told of the request without any credential, or let in there
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
            message=f"a request with a {kind} credential is refused with {status}, for what else is wrong with it",
        )


def _credential_states(subject: Subject, case: JudgedExchange) -> tuple[str, ...]:
    states = credentials.states(subject.api, subject.operation, case.exchange.sent)
    return (case.exchange.credentials, *states.values())


def _has_unreadable_body(subject: Subject, case: JudgedExchange) -> bool:
    body = subject.operation.body
    return body is not None and any(p.pointer == body.pointer and p.verdict != "valid" for p in case.parts)


@clause("SD405", "credential-accepted", "Each documented scheme gets a caller in by itself.", specificity=30)
def check_credential_accepted(subject: Subject) -> Iterator[Finding]:
    """Judged for every scheme that the caller has a credential for, where another of them is let in."""
    trials = list(subject.recording.traced(SchemeTrial, subject.api.name, subject.operation.id))
    if not any(trial.exchange.succeeded for trial in trials):
        return
    for trial in trials:
        if trial.exchange.status in _REJECTION_STATUSES:
            names = " and ".join(trial.schemes)
            yield subject.make_finding(
                trial.exchange,
                pointer=subject.api.schemes[trial.schemes[0]].pointer,
                where=f"credentials/{names}",
                value=trial.exchange.status,
                message=f"the caller is refused with {names}, and let in with another documented scheme",
            )


@clause("SD406", "refusal-leaks", "A refusal of credentials shows no rows.", specificity=35)
def check_refusal_leaks(subject: Subject) -> Iterator[Finding]:
    """No list of objects, and no id that only a row shows, in the body of a 401 or 403."""
    ids = _known_ids(subject)
    for case in judged_exchanges(subject):
        if case.exchange.status in _REJECTION_STATUSES and case.exchange.received is not None:
            leaked_id = _find_leaked_id(case.exchange, ids)
            if leaked_id is not None:
                yield subject.make_finding(
                    case.exchange,
                    where="body",
                    value=leaked_id,
                    message=f"a refusal ({case.exchange.status}) shows rows",
                )


def _known_ids(subject: Subject) -> frozenset[str]:
    """The ids that any answer of the API has shown; what is called ``id`` where no statement names one."""
    fields = {resource.behavior.id.field for resource in subject.api.resources.values()} or {"id"}
    rows = (
        row
        for e in subject.recording.exchanges
        if e.api == subject.api.name and e.succeeded
        for row in _json_objects(e.json)
    )
    values = {row.get(field) for row in rows for field in fields}
    return frozenset(v for v in values if isinstance(v, str) and len(v) >= _MIN_ID_LENGTH)


def _json_objects(body: Any) -> Iterator[Mapping[str, Any]]:
    for row in body if isinstance(body, list) else [body]:
        if isinstance(row, Mapping):
            yield row


def _find_leaked_id(exchange: Exchange, ids: frozenset[str]) -> str | None:
    assert exchange.received is not None
    text = exchange.received.body.decode(errors="replace")
    request_text = f"{exchange.sent.path}?{exchange.sent.query}{(exchange.sent.body or b'').decode(errors='replace')}"
    return next((row_id for row_id in sorted(ids) if row_id in text and row_id not in request_text), None)
