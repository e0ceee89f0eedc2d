"""Faults of credentials: which are let in, which are kept out, and what a stranger is told."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from tests.catalogue.changes import AnswerHook, CallerGuard, FakeAnswer, FakeCall, FakeCaller
from tests.catalogue.fake_callers import AMARA_PSK, AMARA_TOKEN, CLOUDCRUISE_KEY, GUARDS, PSKS, SEEKRFLOW_KEY
from tests.catalogue.operations import (
    CLOUDCRUISE_LIST,
    LIST_OPS,
    NX1_GET,
    NX1_LIST,
    NX1_OPS,
    NX1_START,
    SEEKRFLOW_LIST,
    get_api,
    to_dashed,
)
from tests.catalogue.probe_client import (
    CREDENTIALS,
    LIST_PATHS,
    START_PATH,
    UNKNOWN_ID,
    FaultProbe,
    ProbeClient,
    ProbeResponse,
)
from tests.catalogue.variant import Variant, fault

_fault = partial(fault, family="credentials", clauses="SD4 SD7")


_ANYONE = PSKS[AMARA_PSK]
_PATHS = {
    NX1_LIST: LIST_PATHS["nx1"],
    NX1_GET: f"/api/crew-runs/{UNKNOWN_ID}",
    NX1_START: START_PATH,
    CLOUDCRUISE_LIST: LIST_PATHS["cloudcruise"],
    SEEKRFLOW_LIST: LIST_PATHS["seekrflow"],
}
_CREDENTIAL_HEADERS = {"nx1": "Authorization-PSK", "cloudcruise": "cc-key", "seekrflow": "Authorization"}


def send_request(client: ProbeClient, op: str, headers: dict[str, str], query: Any = ()) -> ProbeResponse:
    body = {"crew_type": "ask"} if op == NX1_START else None
    method = "POST" if op == NX1_START else "GET"
    return client.send(method, _PATHS[op], query, {**headers, "content-type": "application/json"}, body)


def probe_admission(op: str, headers: dict[str, str]) -> FaultProbe:
    return lambda client: send_request(client, op, headers).status not in {401, 403}


def guard_operation(op: str, guard: CallerGuard) -> CallerGuard:
    """Return a guard for one operation; the others keep the right one."""
    return lambda call: guard(call) if call.op == op else GUARDS[call.api](call)


def get_credential(call: FakeCall) -> str | None:
    """Return the credential in the header of the API's first scheme."""
    return call.get_header(_CREDENTIAL_HEADERS[call.api])


def identify_caller(call: FakeCall) -> FakeCaller | None:
    return GUARDS[call.api](call)


def admit_everybody(call: FakeCall) -> FakeCaller | None:
    return identify_caller(call) or _ANYONE


def admit_any_value(call: FakeCall) -> FakeCaller | None:
    return identify_caller(call) or (_ANYONE if get_credential(call) or call.get_header("authorization") else None)


def admit_empty(call: FakeCall) -> FakeCaller | None:
    return identify_caller(call) or (_ANYONE if get_credential(call) == "" else None)


def admit_missing(call: FakeCall) -> FakeCaller | None:
    """Admit a request without a credential, though not one with a wrong credential."""
    return identify_caller(call) or (
        _ANYONE if get_credential(call) is None and call.get_header("authorization") is None else None
    )


def admit_known_prefix(call: FakeCall) -> FakeCaller | None:
    right = CREDENTIALS[call.api][_CREDENTIAL_HEADERS[call.api]]
    sent = get_credential(call) or ""
    return identify_caller(call) or (_ANYONE if len(sent) > 3 and sent[:4] == right[:4] else None)


def admit_remembered(call: FakeCall) -> FakeCaller | None:
    """Admit every request without a credential once one came with the right credential."""
    if known := identify_caller(call):
        call.world.memory["seen"] = known
    missing = get_credential(call) is None and call.get_header("authorization") is None
    return known or (call.world.memory.get("seen") if missing else None)


_CARELESS_GUARDS: tuple[tuple[str, str, str, tuple[str, ...], CallerGuard, Callable[[str], dict[str, str]]], ...] = (
    ("open", "SD401", "nobody is asked for a credential", tuple(_PATHS), admit_everybody, lambda _: {}),
    (
        "any",
        "SD403",
        "every credential passes",
        tuple(_PATHS),
        admit_any_value,
        lambda api: {_CREDENTIAL_HEADERS[api]: "wrong"},
    ),
    (
        "empty",
        "SD402",
        "an empty credential passes",
        LIST_OPS,
        admit_empty,
        lambda api: {_CREDENTIAL_HEADERS[api]: ""},
    ),
    (
        "missing",
        "SD401",
        "a request without credentials passes",
        (NX1_START, SEEKRFLOW_LIST),
        admit_missing,
        lambda _: {},
    ),
)


def build_guard_faults() -> Iterator[Variant]:
    """Yield each careless guard at each of its operations."""
    for way, clause, words, ops, guard, make_headers in _CARELESS_GUARDS:
        for op in ops:
            yield _fault(
                f"{to_dashed(op)}-credentials-{way}",
                op,
                f"{op}: {words}",
                probe_admission(op, make_headers(get_api(op))),
                clauses=clause,
                guard=guard_operation(op, guard),
            )


def replace_401(op: str, status: int, body: Any) -> AnswerHook:
    return lambda answer, call: FakeAnswer(status, body) if answer.status == 401 and call.op == op else answer


def probe_late_guard(op: str, query: Any, body: Any = None) -> FaultProbe:
    """Return a probe that is true where a bad request without a credential is told what is bad about it."""

    def probe(client: ProbeClient) -> bool:
        if body is not None:
            return client.send("POST", START_PATH, (), {"content-type": "application/json"}, body).status == 422
        return send_request(client, op, {}, query).status not in {401, 403}

    return probe


def build_late_guard_faults() -> Iterator[Variant]:
    """Yield the operations that validate before they ask for the credential."""
    for op, query, body in (
        (NX1_LIST, {"limit": "x"}, None),
        (NX1_START, (), {}),
        (CLOUDCRUISE_LIST, {"limit": 0}, None),
        (SEEKRFLOW_LIST, {"limit": -1}, None),
    ):
        name, sentence = f"{to_dashed(op)}-credentials-late", f"{op} validates before it asks for the credential"
        yield _fault(name, op, sentence, probe_late_guard(op, query, body), clauses="SD404", late_guard=True)


def forget_guard_with(op: str, name: str) -> CallerGuard:
    """Return a guard that was forgotten in the branch of the code that a parameter leads to."""

    def guard(call: FakeCall) -> FakeCaller | None:
        is_taken = call.has_query(name) or call.get_header(name) is not None
        return identify_caller(call) or (_ANYONE if call.op == op and is_taken else None)

    return guard


def probe_admission_with(op: str, name: str, value: str) -> FaultProbe:
    is_header = name.startswith("x-")
    query, headers = ((), {name: value}) if is_header else ({name: value}, {})
    return lambda client: send_request(client, op, headers, query).status not in {401, 403}


def build_forgotten_guard_faults() -> Iterator[Variant]:
    """Yield the guards that are forgotten where a parameter is given."""
    for op, name, value in (
        (NX1_LIST, "limit", "5"),
        (NX1_START, "x-correlation-id", "c-1"),
        (CLOUDCRUISE_LIST, "cursor", "2026-01-01T00:00:00Z"),
        (CLOUDCRUISE_LIST, "workflow_id", "3f1c9f5e-0a35-4a62-9d0e-6a1f0c6a3b11"),
        (CLOUDCRUISE_LIST, "status", "execution.failed"),
        (SEEKRFLOW_LIST, "offset", "5"),
        (SEEKRFLOW_LIST, "order", "asc"),
        (SEEKRFLOW_LIST, "x-team-id", "team-1"),
    ):
        yield _fault(
            f"{to_dashed(op)}-credentials-open-with-{name}",
            op,
            f"{op}: nobody is asked for a credential where {name} is given",
            probe_admission_with(op, name, value),
            clauses="SD401",
            guard=forget_guard_with(op, name),
        )


_BEARER = f"Bearer {AMARA_TOKEN}"


def admit_keys_only(call: FakeCall) -> FakeCaller | None:
    return PSKS.get(call.get_header("authorization-psk") or "")


def admit_tokens_only(call: FakeCall) -> FakeCaller | None:
    return identify_caller(call) if call.get_header("authorization") else None


def admit_any_token(call: FakeCall) -> FakeCaller | None:
    bearer = (call.get_header("authorization") or "").startswith("Bearer ")
    return identify_caller(call) or (_ANYONE if bearer else None)


def admit_substring(call: FakeCall) -> FakeCaller | None:
    """Admit every part of the key: ``in`` where ``==`` was meant."""
    sent = get_credential(call)
    return identify_caller(call) or (
        _ANYONE if sent and sent in CREDENTIALS[call.api][_CREDENTIAL_HEADERS[call.api]] else None
    )


def admit_bare_scheme(call: FakeCall) -> FakeCaller | None:
    bare = (call.get_header("authorization") or "").strip().lower() == "bearer"
    return identify_caller(call) or (_ANYONE if bare else None)


def admit_any_case(call: FakeCall) -> FakeCaller | None:
    key = (call.get_header("cc-key") or "").lower()
    return identify_caller(call) or (_ANYONE if key == CLOUDCRUISE_KEY else None)


def answer_wrong_credential(status: int, body: Any, header: str) -> AnswerHook:
    """Return the hook that answers a wrong credential otherwise than a missing one."""
    return lambda answer, call: FakeAnswer(status, body) if answer.status == 401 and call.get_header(header) else answer


def leak_rows(answer: FakeAnswer, call: FakeCall) -> FakeAnswer:
    """Put three runs into the body of a 401."""
    runs = call.world.crew_runs[:3]
    rows = [
        {"id": run["id"], "owner_id": run["owner_id"], "status": run.get("status"), "created_at": ""} for run in runs
    ]
    return FakeAnswer(401, {"detail": "x", "data": rows}) if answer.status == 401 else answer


FAULTS: tuple[Variant, ...] = (
    *build_guard_faults(),
    *build_late_guard_faults(),
    *build_forgotten_guard_faults(),
    _fault(
        "seekrflow-list-credentials-refused-200-empty",
        SEEKRFLOW_LIST,
        "seekrflow.list answers 200 where the credential is missing or wrong",
        probe_admission(SEEKRFLOW_LIST, {}),
        answer=replace_401(SEEKRFLOW_LIST, 200, []),
    ),
    _fault(
        "nx1-start-credentials-refused-200-error",
        NX1_START,
        "nx1.start answers 200 where the credential is missing or wrong",
        probe_admission(NX1_START, {}),
        answer=replace_401(NX1_START, 200, {"correlation_id": "", "status": "failed", "message": "Not authenticated"}),
    ),
    _fault(
        "nx1-list-credentials-refused-404",
        NX1_LIST,
        "nx1.list answers 404 where the credential is missing or wrong",
        probe_admission(NX1_LIST, {}),
        answer=replace_401(NX1_LIST, 404, {"detail": "Not Found"}),
    ),
    _fault(
        "cloudcruise-list-credentials-refused-500",
        CLOUDCRUISE_LIST,
        "cloudcruise.list answers 500 where the credential is missing or wrong",
        probe_admission(CLOUDCRUISE_LIST, {}),
        answer=replace_401(
            CLOUDCRUISE_LIST, 500, {"statusCode": 500, "error": "Internal Server Error", "message": "key"}
        ),
    ),
    _fault(
        "cloudcruise-list-credentials-refused-400",
        CLOUDCRUISE_LIST,
        "cloudcruise.list answers 400 where the credential is missing or wrong",
        probe_admission(CLOUDCRUISE_LIST, {}),
        answer=replace_401(CLOUDCRUISE_LIST, 400, {"statusCode": 400, "error": "Bad Request", "message": "key"}),
    ),
    _fault(
        "nx1-get-credentials-refused-422",
        NX1_GET,
        "nx1.get answers 422 where the credential is missing or wrong",
        probe_admission(NX1_GET, {}),
        answer=replace_401(
            NX1_GET, 422, {"detail": [{"type": "missing", "loc": ["header", "authorization"], "msg": "Field required"}]}
        ),
    ),
    _fault(
        "nx1-credentials-no-bearer",
        NX1_OPS,
        "the documented bearer token is refused",
        lambda c: c.get(headers={"Authorization": _BEARER}).status == 401,
        clauses="SD405",
        headers=(f"Authorization: {_BEARER}",),
        guard=admit_keys_only,
    ),
    _fault(
        "nx1-credentials-no-psk",
        NX1_OPS,
        "the documented pre-shared key is refused",
        lambda c: c.get().status == 401,
        clauses="SD405",
        headers=(f"Authorization: {_BEARER}",),
        guard=admit_tokens_only,
    ),
    _fault(
        "nx1-credentials-any-token",
        NX1_OPS,
        "every bearer token passes, though keys are looked at",
        probe_admission(NX1_LIST, {"Authorization": "Bearer wrong"}),
        clauses="SD403",
        headers=(f"Authorization: {_BEARER}",),
        guard=admit_any_token,
    ),
    _fault(
        "seekrflow-credentials-contained",
        SEEKRFLOW_LIST,
        "whatever is a part of the key passes",
        probe_admission(SEEKRFLOW_LIST, {"Authorization": SEEKRFLOW_KEY[:-3]}),
        clauses="SD403",
        guard=admit_substring,
    ),
    _fault(
        "nx1-credentials-any-token-unasked",
        NX1_OPS,
        "every bearer token passes, and callers come with keys",
        probe_admission(NX1_LIST, {"Authorization": "Bearer wrong"}),
        clauses="SD403",
        guard=admit_any_token,
    ),
    _fault(
        "nx1-credentials-bare-bearer",
        NX1_OPS,
        "the word Bearer passes without a token",
        probe_admission(NX1_LIST, {"Authorization": "Bearer"}),
        clauses="SD402",
        guard=admit_bare_scheme,
    ),
    _fault(
        "cloudcruise-credentials-prefix",
        CLOUDCRUISE_LIST,
        "a key passes whose first letters are right",
        probe_admission(CLOUDCRUISE_LIST, {"cc-key": "sk_live_of_somebody_else"}),
        clauses="SD403",
        guard=admit_known_prefix,
    ),
    _fault(
        "seekrflow-credentials-remembered",
        SEEKRFLOW_LIST,
        "after one request with the right key the next needs none",
        lambda c: c.get().status == 200 and c.get(headers={}).status == 200,
        clauses="SD401",
        guard=admit_remembered,
    ),
    _fault(
        "cloudcruise-credentials-any-case",
        CLOUDCRUISE_LIST,
        "a key passes in capitals, too",
        lambda c: c.get(headers={"cc-key": CLOUDCRUISE_KEY.upper()}).status == 200,
        clauses="SD403",
        guard=admit_any_case,
    ),
    _fault(
        "cloudcruise-credentials-wrong-200",
        CLOUDCRUISE_LIST,
        "a wrong key is answered 200 and no rows",
        lambda c: c.get(headers={"cc-key": "x"}).status == 200,
        clauses="SD403",
        answer=answer_wrong_credential(200, [], "cc-key"),
    ),
    _fault(
        "seekrflow-credentials-wrong-500",
        SEEKRFLOW_LIST,
        "a wrong key is answered 500",
        lambda c: c.get(headers={"Authorization": "x"}).status == 500,
        answer=answer_wrong_credential(500, {"credential": "wrong"}, "authorization"),
    ),
    _fault(
        "nx1-credentials-leaks-rows",
        NX1_LIST,
        "a refusal has the rows in its body",
        lambda c: bool(c.get(headers={}).json.get("data")),
        clauses="SD4",
        answer=leak_rows,
    ),
)
