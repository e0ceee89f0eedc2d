"""Faults of credentials: who is let in, who is kept out, and what they are told."""

from collections.abc import Callable, Iterator
from typing import Any

from tests.catalogue.changes import Answer, AnswerHook, Call, Caller
from tests.catalogue.client import GIVEN, START, THREAD, Client, Probe, Reply
from tests.catalogue.server import GUARDS, PSKS
from tests.catalogue.variant import Variant, fault

_ANYONE = next(iter(PSKS.values()))
Guard = Callable[[Call], Caller | None]
_PATHS = {
    "nx1.list": "/api/crew-runs",
    "nx1.get": "/api/crew-runs/00000000-0000-4000-8000-000000000000",
    "nx1.start": START,
    "cloudcruise.list": "/runs",
    "seekrflow.list": f"/v1/threads/{THREAD}/runs",
}
_SCHEME = {"nx1": "Authorization-PSK", "cloudcruise": "cc-key", "seekrflow": "Authorization"}


def _ask(client: Client, op: str, headers: dict[str, str], query: Any = ()) -> Reply:
    body = {"crew_type": "ask"} if op == "nx1.start" else None
    method = "POST" if op == "nx1.start" else "GET"
    return client.send(method, _PATHS[op], query, {**headers, "content-type": "application/json"}, body)


def _not_refused(op: str, headers: dict[str, str]) -> Probe:
    return lambda client: _ask(client, op, headers).status not in {401, 403}


def _only(op: str, guard: Guard) -> Guard:
    """A guard for one operation; the others keep the right one."""
    return lambda call: guard(call) if call.op == op else GUARDS[call.api](call)


def _sent(call: Call) -> str | None:
    """The credential in the header of the API's (first) key scheme."""
    return call.header(_SCHEME[call.api])


def _known(call: Call) -> Caller | None:
    return GUARDS[call.api](call)


def _nobody(call: Call) -> Caller | None:
    return _known(call) or _ANYONE


def _any_value(call: Call) -> Caller | None:
    return _known(call) or (_ANYONE if _sent(call) or call.header("authorization") else None)


def _even_empty(call: Call) -> Caller | None:
    return _known(call) or (_ANYONE if _sent(call) == "" else None)


def _unless_missing(call: Call) -> Caller | None:
    """What is missing passes; what is wrong does not."""
    return _known(call) or (_ANYONE if _sent(call) is None and call.header("authorization") is None else None)


def _first_letters(call: Call) -> Caller | None:
    right = GIVEN[call.api][_SCHEME[call.api]]
    sent = _sent(call) or ""
    return _known(call) or (_ANYONE if len(sent) > 3 and sent[:4] == right[:4] else None)


def _remembers(call: Call) -> Caller | None:
    """Who came once with the right credential needs none any more."""
    if known := _known(call):
        call.world.memory["seen"] = known
    missing = _sent(call) is None and call.header("authorization") is None
    return known or (call.world.memory.get("seen") if missing else None)


_GUARDS: tuple[tuple[str, str, tuple[str, ...], Guard, Callable[[str], dict[str, str]]], ...] = (
    ("open", "nobody is asked for a credential", tuple(_PATHS), _nobody, lambda _: {}),
    ("any", "every credential passes", tuple(_PATHS), _any_value, lambda api: {_SCHEME[api]: "wrong"}),
    (
        "empty",
        "an empty credential passes",
        ("nx1.list", "cloudcruise.list", "seekrflow.list"),
        _even_empty,
        lambda api: {_SCHEME[api]: ""},
    ),
    ("missing", "a request without credentials passes", ("nx1.start", "seekrflow.list"), _unless_missing, lambda _: {}),
)


_CLAUSES = {"open": "SD401", "any": "SD403", "empty": "SD402", "missing": "SD401"}


def _guards() -> Iterator[Variant]:
    for name, words, ops, guard, headers in _GUARDS:
        for op in ops:
            probe = _not_refused(op, headers(op.partition(".")[0]))
            full = f"{op.replace('.', '-')}-credentials-{name}"
            yield fault(
                full, op, "credentials", f"{op}: {words}", probe, clauses=_CLAUSES[name], guard=_only(op, guard)
            )


def _refuse_with(op: str, status: int, body: Any) -> AnswerHook:
    return lambda answer, call: Answer(status, body) if answer.status == 401 and call.op == op else answer


_REFUSALS: tuple[tuple[str, str, int, Any], ...] = (
    ("200-empty", "seekrflow.list", 200, []),
    ("200-error", "nx1.start", 200, {"correlation_id": "", "status": "failed", "message": "Not authenticated"}),
    ("404", "nx1.list", 404, {"detail": "Not Found"}),
    ("500", "cloudcruise.list", 500, {"statusCode": 500, "error": "Internal Server Error", "message": "key"}),
    ("400", "cloudcruise.list", 400, {"statusCode": 400, "error": "Bad Request", "message": "key"}),
    (
        "422",
        "nx1.get",
        422,
        {"detail": [{"type": "missing", "loc": ["header", "authorization"], "msg": "Field required"}]},
    ),
)


def _refusals() -> Iterator[Variant]:
    for name, op, status, body in _REFUSALS:
        full = f"{op.replace('.', '-')}-credentials-refused-{name}"
        sentence = f"{op} answers {status} where the credential is missing or wrong"
        hook = _refuse_with(op, status, body)
        yield fault(full, op, "credentials", sentence, _not_refused(op, {}), clauses="SD4 SD7", answer=hook)


def _unauthenticated(op: str, query: Any, body: Any = None) -> Probe:
    """A bad request of a stranger must not be told what is bad about it."""

    def probe(client: Client) -> bool:
        if body is not None:
            return client.send("POST", START, (), {"content-type": "application/json"}, body).status == 422
        return _ask(client, op, {}, query).status not in {401, 403}

    return probe


def _late() -> Iterator[Variant]:
    for op, query, body in (
        ("nx1.list", {"limit": "x"}, None),
        ("nx1.start", (), {}),
        ("cloudcruise.list", {"limit": 0}, None),
        ("seekrflow.list", {"limit": -1}, None),
    ):
        name = f"{op.replace('.', '-')}-credentials-late"
        sentence = f"{op} validates before it asks for the credential"
        probe = _unauthenticated(op, query, body)
        yield fault(name, op, "credentials", sentence, probe, clauses="SD404", late_guard=True)


def _forgetful(op: str, name: str) -> Guard:
    """Another branch of the code, in which the guard was forgotten."""

    def guard(call: Call) -> Caller | None:
        taken = call.asks(name) or call.header(name) is not None
        return _known(call) or (_ANYONE if call.op == op and taken else None)

    return guard


def _asked_with(op: str, name: str, value: str) -> Probe:
    header = name.startswith("x-")
    query, headers = ((), {name: value}) if header else ({name: value}, {})
    return lambda client: _ask(client, op, headers, query).status not in {401, 403}


def _branches() -> Iterator[Variant]:
    for op, name, value in (
        ("nx1.list", "limit", "5"),
        ("nx1.start", "x-correlation-id", "c-1"),
        ("cloudcruise.list", "cursor", "2026-01-01T00:00:00Z"),
        ("cloudcruise.list", "workflow_id", "3f1c9f5e-0a35-4a62-9d0e-6a1f0c6a3b11"),
        ("cloudcruise.list", "status", "execution.failed"),
        ("seekrflow.list", "offset", "5"),
        ("seekrflow.list", "order", "asc"),
        ("seekrflow.list", "x-team-id", "team-1"),
    ):
        full = f"{op.replace('.', '-')}-credentials-open-with-{name}"
        sentence = f"{op}: nobody is asked for a credential where {name} is given"
        probe = _asked_with(op, name, value)
        yield fault(full, op, "credentials", sentence, probe, clauses="SD401", guard=_forgetful(op, name))


_BEARER = {"Authorization": "Bearer token-amara-7f3a9c"}


def _psk_only(call: Call) -> Caller | None:
    return PSKS.get(call.header("authorization-psk") or "")


def _bearer_only(call: Call) -> Caller | None:
    return _known(call) if call.header("authorization") else None


def _any_token(call: Call) -> Caller | None:
    bearer = (call.header("authorization") or "").startswith("Bearer ")
    return _known(call) or (_ANYONE if bearer else None)


def _contained(call: Call) -> Caller | None:
    """``in`` where ``==`` was meant."""
    sent = _sent(call)
    return _known(call) or (_ANYONE if sent and sent in GIVEN[call.api][_SCHEME[call.api]] else None)


def _bare_word(call: Call) -> Caller | None:
    bare = (call.header("authorization") or "").strip().lower() == "bearer"
    return _known(call) or (_ANYONE if bare else None)


def _by_hand() -> Iterator[Variant]:
    credentials: dict[str, Any] = {"family": "credentials"}
    nx1 = ("nx1.list", "nx1.get", "nx1.start")
    yield fault(
        "nx1-credentials-no-bearer",
        nx1,
        sentence="the documented bearer token is refused",
        probe=lambda c: c.get(headers=_BEARER).status == 401,
        guard=_psk_only,
        headers=("Authorization: Bearer token-amara-7f3a9c",),
        clauses="SD405",
        **credentials,
    )
    yield fault(
        "nx1-credentials-no-psk",
        nx1,
        sentence="the documented pre-shared key is refused",
        probe=lambda c: c.get().status == 401,
        guard=_bearer_only,
        headers=("Authorization: Bearer token-amara-7f3a9c",),
        clauses="SD405",
        **credentials,
    )
    yield fault(
        "nx1-credentials-any-token",
        nx1,
        sentence="every bearer token passes, though keys are looked at",
        probe=_not_refused("nx1.list", {"Authorization": "Bearer wrong"}),
        guard=_any_token,
        headers=("Authorization: Bearer token-amara-7f3a9c",),
        clauses="SD403",
        **credentials,
    )
    yield fault(
        "seekrflow-credentials-contained",
        "seekrflow.list",
        sentence="whatever is a part of the key passes",
        probe=_not_refused("seekrflow.list", {"Authorization": GIVEN["seekrflow"]["Authorization"][:-3]}),
        guard=_contained,
        clauses="SD403",
        **credentials,
    )
    yield fault(
        "nx1-credentials-any-token-unasked",
        nx1,
        sentence="every bearer token passes, and callers come with keys",
        probe=_not_refused("nx1.list", {"Authorization": "Bearer wrong"}),
        guard=_any_token,
        clauses="SD403",
        **credentials,
    )
    yield fault(
        "nx1-credentials-bare-bearer",
        nx1,
        sentence="the word Bearer passes without a token",
        probe=_not_refused("nx1.list", {"Authorization": "Bearer"}),
        guard=_bare_word,
        clauses="SD402",
        **credentials,
    )
    yield fault(
        "cloudcruise-credentials-prefix",
        "cloudcruise.list",
        sentence="a key passes whose first letters are right",
        probe=_not_refused("cloudcruise.list", {"cc-key": "sk_live_of_somebody_else"}),
        guard=_first_letters,
        clauses="SD403",
        **credentials,
    )
    yield fault(
        "seekrflow-credentials-remembered",
        "seekrflow.list",
        sentence="after one request with the right key the next needs none",
        probe=lambda c: c.get().status == 200 and c.get(headers={}).status == 200,
        guard=_remembers,
        clauses="SD401",
        **credentials,
    )


VARIANTS = (*_guards(), *_refusals(), *_late(), *_branches(), *_by_hand())
