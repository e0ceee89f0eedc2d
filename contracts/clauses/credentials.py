"""SD4xx: who may not, is told so first and learns nothing; who may, gets in by every documented way."""

from collections.abc import Iterator, Mapping
from typing import Any

from specduet.contracts.clauses.judged_exchanges import UNJUDGED, Case, cases, reached
from specduet.contracts.clauses.registry import Subject, clause
from specduet.contracts.findings import Finding
from specduet.contracts.oracle import credentials
from specduet.contracts.recording import Exchange
from specduet.contracts.traces import SchemeTrial
from specduet.specs.behavior import Basis

_REFUSED = frozenset({401, 403})
_SHORTEST_ID = 8  # anything shorter may stand in a text by chance


def _status_basis(subject: Subject) -> Basis:
    """What a wrong status of a refusal is worth: that a credential is needed is documented, its status seldom is."""
    words = subject.api.behavior.unauthorized
    if words is not None and words.basis == "documented":
        return "documented"
    return "inferred"


def _kind(subject: Subject, case: Case) -> str:
    """``missing``, ``empty`` or ``wrong`` for a request that is to be refused; nothing for any other."""
    if case.exchange.credentials == "wrong":
        return "wrong" if case.admission == "valid" else ""
    if case.admission != "invalid":
        return ""
    states = set(credentials.states(subject.api, subject.operation, case.exchange.sent).values())
    if states == {"absent"}:
        return "missing"
    return "empty" if states <= {"absent", "empty", "bare"} else "incomplete"


def _strangers(subject: Subject, *kinds: str) -> Iterator[tuple[Case, str]]:
    """The requests of those who may not, as far as nothing in front of the guard can have answered."""
    for case in cases(subject):
        kind = _kind(subject, case)
        status = case.exchange.status
        if kind in kinds and status < 500 and status not in UNJUDGED and not 300 <= status < 400:
            yield case, kind


def _unguarded(subject: Subject, *kinds: str) -> Iterator[Finding]:
    """A credential that is missing, empty or wrong, and an answer that is neither 401 nor 403."""
    known = reached(subject)
    unguarded = set() if "missing" in kinds else _answers_without(subject)
    lax = {_asked(case) for case, _ in _strangers(subject, "wrong")} if "empty" in kinds else set()
    for case, kind in _strangers(subject, *kinds):
        status = case.exchange.status
        if _asked(case) in unguarded or (_bare(subject, case) and _asked(case) in lax):
            continue  # nobody is asked for anything there, or anything will do: that is one cause
        if case.exchange.succeeded:
            yield _finding(subject, case, kind, "documented", "is served")
        elif case.verdict == "valid" and status not in _fitting(subject, case) and _leads_somewhere(case, known):
            yield _finding(
                subject, case, kind, _status_basis(subject), f"is refused with {status} instead of 401 or 403"
            )


def _bare(subject: Subject, case: Case) -> bool:
    return "bare" in credentials.states(subject.api, subject.operation, case.exchange.sent).values()


def _answers_without(subject: Subject) -> set[tuple[Any, ...]]:
    """What is asked without any credential and answered wrongly, with the status of the answer."""
    return {_asked(case) for case, _ in _strangers(subject, "missing") if case.exchange.status not in _REFUSED}


def _asked(case: Case) -> tuple[Any, ...]:
    """What a request asks for, whoever asks, and the status of the answer."""
    sent = case.exchange.sent
    return sent.path, sent.query, sent.body, case.exchange.status


def _fitting(subject: Subject, case: Case) -> frozenset[int]:
    """401 and 403; also 400 where a token is expected behind a word, and neither is there (RFC 6750, 3.1)."""
    empty = [subject.api.schemes[name] for name in _schemes(subject, case, "empty")]
    return _REFUSED | {400} if any(scheme.prefix for scheme in empty) else _REFUSED


def _leads_somewhere(case: Case, known: frozenset[str]) -> bool:
    """Whether a 404 cannot be due to the path; every other status never is."""
    return case.exchange.status not in {404, 410} or case.exchange.sent.path in known


def _finding(subject: Subject, case: Case, kind: str, basis: Basis, what: str) -> Finding:
    names = _schemes(subject, case, kind)
    scheme = subject.api.schemes[names[0]] if names else None
    said = {"missing": "without a credential", "empty": "with an empty credential", "wrong": "with a wrong credential"}
    where = f"{scheme.location}/{scheme.field}" if scheme else "credentials"
    return subject.finding(
        case.exchange,
        pointer=scheme.pointer if scheme and kind != "missing" else f"{subject.operation.pointer}/security",
        where=where if kind != "missing" else "credentials",
        seen=case.exchange.status,
        cause=f"{kind} {'served' if case.exchange.succeeded else case.exchange.status}",
        basis=basis,
        message=f"a request {said.get(kind, 'without a credential that is also needed')} {what}",
    )


def _schemes(subject: Subject, case: Case, kind: str) -> list[str]:
    """The schemes that the request said something for."""
    wanted = {"given"} if kind == "wrong" else {"empty", "bare"}
    states = credentials.states(subject.api, subject.operation, case.exchange.sent)
    return [name for name, state in states.items() if state in wanted]


@clause("SD401", "credential-missing", "A request without a credential is refused with 401 or 403.", specificity=30)
def credential_missing(subject: Subject) -> Iterator[Finding]:
    """Also where only some of several schemes that are needed together are there."""
    yield from _unguarded(subject, "missing", "incomplete")


@clause("SD402", "credential-empty", "An empty credential is refused with 401 or 403.", specificity=30)
def credential_empty(subject: Subject) -> Iterator[Finding]:
    """Each scheme's header, query parameter or cookie, present and empty, or with a prefix and nothing behind it."""
    yield from _unguarded(subject, "empty")


@clause("SD403", "credential-wrong", "A wrong credential is refused with 401 or 403.", specificity=30)
def credential_wrong(subject: Subject) -> Iterator[Finding]:
    """Of every scheme, as soon as the caller gave a real credential of one: a service that takes any refuses none."""
    yield from _unguarded(subject, "wrong")


@clause(
    "SD404",
    "credential-first",
    "Who may not is refused before anything is said about the request.",
    specificity=30,
    basis="inferred",
)
def credential_first(subject: Subject) -> Iterator[Finding]:
    """A missing, empty or wrong credential together with wrong input: 401 or 403, so that strangers learn nothing.

    A body that does not parse may be refused first.
    """
    known = reached(subject)
    strangers = list(_strangers(subject, "missing", "empty", "wrong"))
    anyway = {case.exchange.status for case, _ in strangers if case.verdict == "valid"}
    served = {_carried(subject, case) for case, _ in strangers if case.exchange.succeeded}
    unguarded = _answers_without(subject)
    for case, kind in strangers:
        status = case.exchange.status
        if case.verdict == "valid" or case.freely or _carried(subject, case) in served:
            continue  # who is let in wrongly is let in before the rest is looked at, too
        if kind != "missing" and _asked(case) in unguarded:
            continue  # told of the request without any credential, or let in there
        if status in anyway or status in _REFUSED or status in _fitting(subject, case):
            continue
        if _unread(subject, case) or not _leads_somewhere(case, known):
            continue
        yield subject.finding(
            case.exchange,
            pointer=f"{subject.operation.pointer}/security",
            where="credentials",
            seen=status,
            cause=str(status),
            message=f"a request with a {kind} credential is refused with {status}, for what else is wrong with it",
        )


def _carried(subject: Subject, case: Case) -> tuple[str, ...]:
    states = credentials.states(subject.api, subject.operation, case.exchange.sent)
    return (case.exchange.credentials, *states.values())


def _unread(subject: Subject, case: Case) -> bool:
    body = subject.operation.body
    return body is not None and any(p.pointer == body.pointer and p.verdict != "valid" for p in case.parts)


@clause("SD405", "credential-accepted", "Each documented scheme gets a caller in by itself.", specificity=30)
def credential_accepted(subject: Subject) -> Iterator[Finding]:
    """Judged for every scheme that the caller has a credential for, where another of them is let in."""
    trials = list(subject.recording.traced(SchemeTrial, subject.api.name, subject.operation.id))
    if not any(trial.exchange.succeeded for trial in trials):
        return
    for trial in trials:
        if trial.exchange.status in _REFUSED:
            names = " and ".join(trial.schemes)
            yield subject.finding(
                trial.exchange,
                pointer=subject.api.schemes[trial.schemes[0]].pointer,
                where=f"credentials/{names}",
                seen=trial.exchange.status,
                message=f"the caller is refused with {names}, and let in with another documented scheme",
            )


@clause("SD406", "refusal-leaks", "A refusal of credentials shows no rows.", specificity=35)
def refusal_leaks(subject: Subject) -> Iterator[Finding]:
    """No list of objects, and no id that only a row shows, in the body of a 401 or 403."""
    ids = _ids(subject)
    for case in cases(subject):
        if case.exchange.status in _REFUSED and case.exchange.received is not None:
            leaked = _leaked(case.exchange, ids)
            if leaked is not None:
                yield subject.finding(
                    case.exchange,
                    where="body",
                    seen=leaked,
                    message=f"a refusal ({case.exchange.status}) shows rows",
                )


def _ids(subject: Subject) -> frozenset[str]:
    """The ids that any answer of the API has shown; what is called ``id`` where no statement names one."""
    fields = {resource.behavior.id.field for resource in subject.api.resources.values()} or {"id"}
    rows = (
        row for e in subject.recording.exchanges if e.api == subject.api.name and e.succeeded for row in _rows(e.json)
    )
    values = {row.get(field) for row in rows for field in fields}
    return frozenset(v for v in values if isinstance(v, str) and len(v) >= _SHORTEST_ID)


def _rows(body: Any) -> Iterator[Mapping[str, Any]]:
    for row in body if isinstance(body, list) else [body]:
        if isinstance(row, Mapping):
            yield row


def _leaked(exchange: Exchange, ids: frozenset[str]) -> str | None:
    assert exchange.received is not None
    text = exchange.received.body.decode(errors="replace")
    asked = f"{exchange.sent.path}?{exchange.sent.query}{(exchange.sent.body or b'').decode(errors='replace')}"
    return next((known for known in sorted(ids) if known in text and known not in asked), None)
