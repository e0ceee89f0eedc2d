"""Probes and clauses of refusals and credentials, held to a small FastAPI service and to broken versions of it."""

# ruff: noqa: ANN001, ANN202, ARG001 - the signatures are the service, are annotated later, and little is done with them

import json
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import pytest
from fastapi import Depends, FastAPI, Header, HTTPException, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import APIKeyHeader, OAuth2AuthorizationCodeBearer
from pydantic import BaseModel, Field

from specduet.contracts.clauses import Subject, all_clauses
from specduet.contracts.findings import Finding, deduplicate
from specduet.contracts.generation.known_values import KnownValues
from specduet.contracts.options import RunOptions
from specduet.contracts.oracle.json_body import parse_json_body
from specduet.contracts.probes.credentials import probe_credentials
from specduet.contracts.probes.refusals import probe_refusals
from specduet.contracts.recording import Recording
from specduet.contracts.sending.sender import Sender
from specduet.contracts.sending.target import Target
from specduet.specs import Api, load

KEY, TOKEN = "key-4e1d77a0", "token-91c4be22"
KNOWN = UUID("5b0b4a7e-3f6d-4f0a-9a55-2f7a3b1c9d10")
ROW = {"id": str(KNOWN), "name": "oak"}


class Order(StrEnum):
    asc = "asc"
    desc = "desc"


class Twig(BaseModel):
    length: int = Field(ge=1, le=9)
    note: str | None = None


class Tree(BaseModel):
    order: Order
    height: float = Field(default=1.0, gt=0)
    twigs: list[Twig] = []
    free: dict[str, Any] = {}


Guard = Callable[[Request], None]
LIMIT = Annotated[int, Query(ge=1, le=10)]
TEAM = Annotated[str | None, Header(alias="x-team")]


def guard(request: Request) -> None:
    """Either scheme lets the caller in."""
    bearer = request.headers.get("authorization", "").lower() == f"bearer {TOKEN}"
    if not (request.headers.get("x-key") == KEY or bearer):
        raise HTTPException(401, "Not authenticated")


def service(
    *,
    by: Guard = guard,
    late: Guard = lambda _: None,
    limit: Any = LIMIT,
    order: Any = Order,
    since: Any = datetime | None,
    since_default: Any = None,
    key: Any = UUID,
    tree: Any = Tree,
    team: Any = TEAM,
    refuse: Callable[[dict[str, Any]], JSONResponse] | None = None,
) -> FastAPI:
    """The service; every argument is one thing that a broken version does in another way."""
    schemes = [Depends(APIKeyHeader(name="x-key", auto_error=False))]
    schemes.append(Depends(OAuth2AuthorizationCodeBearer("/a", "/t", auto_error=False)))
    app = FastAPI(dependencies=[Depends(by), *schemes])

    def trees(request, limit=5, order=Order.desc, since=since_default, team=None):  # type: ignore[no-untyped-def]
        late(request)
        return [ROW]

    trees.__annotations__ = {"request": Request, "limit": limit, "order": order, "since": since, "team": team}
    app.get("/trees")(trees)

    def tree_of(request, key):  # type: ignore[no-untyped-def]
        late(request)
        if str(key) != str(KNOWN):
            raise HTTPException(404, "no such tree")
        return ROW

    tree_of.__annotations__ = {"request": Request, "key": key}
    app.get("/trees/{key}")(tree_of)

    def plant(request, tree):  # type: ignore[no-untyped-def]
        late(request)
        return {"id": str(KNOWN)}

    plant.__annotations__ = {"request": Request, "tree": tree}
    app.post("/trees")(plant)

    if refuse is not None:

        @app.exception_handler(RequestValidationError)
        def refused(_request: Request, error: RequestValidationError) -> JSONResponse:
            return refuse({"detail": json.loads(json.dumps(error.errors(), default=str))})

    return app


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> Api:
    document = service().openapi()
    document["x-specduet"] = {
        "refusals": {"dialect": "fastapi", "status": 422, "basis": "documented", "because": "Validation Error"},
        "unauthorized": {"status": 401, "basis": "inferred", "because": "a key is asked for"},
    }
    for item in document["paths"].values():
        for operation in item.values():
            operation["security"] = [{"APIKeyHeader": []}, {"OAuth2AuthorizationCodeBearer": []}]
    path = tmp_path_factory.mktemp("trees") / "trees.json"
    path.write_text(json.dumps(document))
    return load(path)


Findings = Callable[..., list[Finding]]


@pytest.fixture
def findings(trees: Api, serve: Callable[[Any], str]) -> Findings:
    """What is found in a service by the probes and clauses of the two families."""

    def found(app: Any, *, credentials: bool = True) -> list[Finding]:
        given = [f"APIKeyHeader={KEY}", f"OAuth2AuthorizationCodeBearer={TOKEN}"] if credentials else []
        target = Target.parse(serve(app), credentials=given, params=[f"key={KNOWN}"])
        recording, knowledge = Recording(), KnownValues(trees, target.params)
        sender = Sender(target, trees, recording, on_exchange=knowledge.observe_exchange)
        for probe in (probe_credentials, probe_refusals):
            for operation in trees.operations:
                probe(sender, operation, knowledge)
        return deduplicate(
            finding
            for operation in trees.operations
            for clause in all_clauses()
            if clause.family in {"refusal", "credentials"}
            for finding in clause.check(Subject(trees, operation, recording, RunOptions(), clause))
        )

    return found


def codes(found: list[Finding]) -> set[str]:
    return {finding.code for finding in found}


# ------------------------------------------------------------------------------------------------ nothing is invented


def _first_only(body: dict[str, Any]) -> JSONResponse:
    return JSONResponse({"detail": body["detail"][:1]}, 422)


def _talkative(body: dict[str, Any]) -> JSONResponse:
    items = [{**item, "url": "https://example.com", "ctx": {}} for item in body["detail"]]
    return JSONResponse({"detail": items, "request": "r-1"}, 422)


def _forbids(request: Request) -> None:
    try:
        guard(request)
    except HTTPException:
        raise HTTPException(403, "Forbidden") from None


CORRECT = {
    "as it is": {},
    "refuses the first error only": {"refuse": _first_only},
    "adds keys of its own": {"refuse": _talkative},
    "says 403 for 401": {"by": _forbids},
}


@pytest.mark.parametrize("name", CORRECT)
def test_nothing_is_found_in_a_correct_service(findings: Findings, name: str) -> None:
    """Neither the service itself nor a correct one with habits of its own is blamed for anything."""
    assert findings(service(**CORRECT[name])) == []


def test_without_credentials_nothing_is_concluded_from_refusals(findings: Findings) -> None:
    """A placeholder that is refused everywhere proves nothing wrong."""
    assert findings(service(), credentials=False) == []


# ---------------------------------------------------------------------------------------------- everything is found


def _items(change: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], JSONResponse]:
    return lambda body: JSONResponse({"detail": [change(item) for item in body["detail"]]}, 422)


def _cut(item: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name != key}


def _key_only(request: Request) -> None:
    if request.headers.get("x-key") != KEY:
        raise HTTPException(401, "Not authenticated")


def _any_value(request: Request) -> None:
    if not (request.headers.get("x-key") or request.headers.get("authorization")):
        raise HTTPException(401, "Not authenticated")


def _even_empty(request: Request) -> None:
    if "x-key" not in request.headers:
        guard(request)
    elif request.headers["x-key"] not in {"", KEY}:
        raise HTTPException(401, "Not authenticated")


def _any_token(request: Request) -> None:
    if not request.headers.get("authorization", "").removeprefix("Bearer").strip():
        guard(request)


def _bare(request: Request) -> None:
    if request.headers.get("authorization", "").strip() != "Bearer":
        guard(request)


def _forgetful(request: Request) -> None:
    if "limit" not in request.query_params:
        guard(request)


def _leaky(request: Request) -> None:
    try:
        guard(request)
    except HTTPException:
        raise HTTPException(401, {"rows": [ROW]}) from None


def _not_found(request: Request) -> None:
    try:
        guard(request)
    except HTTPException:
        raise HTTPException(404, "Not found") from None


def _open(request: Request) -> None:
    """Everybody may."""


class Lax(Tree):
    height: Any = 1.0


class Unknown(Tree):
    order: str


class NullFree(Tree):
    free: dict[str, Any] | None = {}


class Deep(BaseModel):
    length: Any
    note: Any = None


class LaxTwigs(Tree):
    twigs: list[Deep] = []


class Short(Tree):
    free: dict[str, str] = {}


class NoDesc(Tree):
    order: Annotated[Order, Field(pattern="^a")]


FAULTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "limit has no maximum": ({"limit": Annotated[int, Query(ge=1)]}, "SD301", "query/limit"),
    "limit may be 0": ({"limit": Annotated[int, Query(ge=0, le=10)]}, "SD301", "query/limit"),
    "limit is any text": ({"limit": str}, "SD301", "query/limit"),
    "order is any text": ({"order": str}, "SD301", "query/order"),
    "since is any text": ({"since": str | None}, "SD301", "query/since"),
    "height is anything": ({"tree": Lax}, "SD302", "body/height"),
    "order in the body is any text": ({"tree": Unknown}, "SD302", "body/order"),
    "free may be null": ({"tree": NullFree}, "SD302", "body/free"),
    "a nested field is anything": ({"tree": LaxTwigs}, "SD302", "body/twigs/0/length"),
    "10 is refused": ({"limit": Annotated[int, Query(ge=1, lt=10)]}, "SD305", "query/limit"),
    "since is needed": ({"since": datetime, "since_default": ...}, "SD305", "query/since"),
    "the team is a UUID": ({"team": Annotated[UUID | None, Header(alias="x-team")]}, "SD305", "header/x-team"),
    "values of free are text": ({"tree": Short}, "SD305", "body/free"),
    "the status is 400": ({"refuse": lambda body: JSONResponse(body, 400)}, "SD304", "status"),
    "an id is looked up as text": ({"key": str}, "SD304", "status"),
    "detail is text": ({"refuse": lambda _: JSONResponse({"detail": "no"}, 422)}, "SD306", "/detail"),
    "detail is empty": ({"refuse": lambda _: JSONResponse({"detail": []}, 422)}, "SD306", "/detail"),
    "detail is missing": ({"refuse": lambda b: JSONResponse({"errors": b["detail"]}, 422)}, "SD306", "/detail"),
    "items have no loc": ({"refuse": _items(lambda i: _cut(i, "loc"))}, "SD307", "/detail/0/loc"),
    "items have no msg": ({"refuse": _items(lambda i: _cut(i, "msg"))}, "SD307", "/detail/0/msg"),
    "items have no type": ({"refuse": _items(lambda i: _cut(i, "type"))}, "SD307", "/detail/0/type"),
    "items are texts": ({"refuse": _items(lambda i: i["msg"])}, "SD307", "/detail/0"),
    "loc is text": ({"refuse": _items(lambda i: {**i, "loc": ".".join(map(str, i["loc"]))})}, "SD307", "/detail/0/loc"),
    "loc is empty": ({"refuse": _items(lambda i: {**i, "loc": []})}, "SD307", "/detail/0/loc"),
    "loc lacks the location": (
        {"refuse": _items(lambda i: {**i, "loc": i["loc"][1:] or ["?"]})},
        "SD308",
        "/detail/0/loc",
    ),
    "loc is another parameter": (
        {"refuse": _items(lambda i: {**i, "loc": ["query", "team"]})},
        "SD308",
        "/detail/0/loc",
    ),
    "nobody is asked": ({"by": _open}, "SD401", "credentials"),
    "who may not gets 404": ({"by": _not_found}, "SD401", "credentials"),
    "an empty key will do": ({"by": _even_empty}, "SD402", "header/x-key"),
    "any key will do": ({"by": _any_value}, "SD403", "header/x-key"),
    "any token will do": ({"by": _any_token}, "SD403", "header/Authorization"),
    "a token may be empty": ({"by": _bare}, "SD402", "header/Authorization"),
    "a limit needs no key": ({"by": _forgetful}, "SD401", "credentials"),
    "a token gets nobody in": ({"by": _key_only}, "SD405", "credentials/OAuth2AuthorizationCodeBearer"),
    "a refusal shows rows": ({"by": _leaky}, "SD406", "body"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_is_found_where_it_is(findings: Findings, name: str) -> None:
    """Each broken version is found by the clause that should find it, at the place that is broken."""
    broken, code, where = FAULTS[name]
    found = findings(service(**broken))
    assert where in [finding.where for finding in found if finding.code == code]
    assert codes(found) - {code} <= {"SD302"}  # what is too lax in one way may be in another


def _served_unread(app: Any) -> Any:
    """A wrapper that takes every body that is no JSON, or is called something else, for a good one."""

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await app(scope, receive, send)
            return
        body = await Request(scope, receive).body()
        labelled = dict(scope["headers"]).get(b"content-type") == b"application/json"
        good = labelled and parse_json_body(body)[1].verdict == "valid"
        content = body if good else b'{"order": "asc"}'

        async def again() -> dict[str, Any]:
            return {"type": "http.request", "body": content, "more_body": False}

        headers = [pair for pair in scope["headers"] if pair[0] != b"content-type"]
        changed = {**scope, "headers": [*headers, (b"content-type", b"application/json")]}
        await app(changed, again, send)

    return wrapped


def test_a_body_that_cannot_be_read_is_refused(findings: Findings) -> None:
    """A service that takes anything for JSON is found, whatever it is given."""
    found = [finding for finding in findings(_served_unread(service())) if finding.code == "SD303"]
    assert {"is no JSON", "is missing", "is not UTF-8"} <= {finding.cause for finding in found}
    assert any("labelled" in finding.cause for finding in found)


def test_credentials_come_before_validation(findings: Findings) -> None:
    """A service that validates before it asks who is there tells strangers what it takes."""

    assert codes(findings(service(by=_open, late=guard))) == {"SD404"}


def test_a_clause_says_what_it_holds_a_service_to() -> None:
    """Every clause of the two families has a sentence, details and a code of its own family."""
    held = [clause for clause in all_clauses() if clause.family in {"refusal", "credentials"}]
    assert len(held) >= 13
    assert all(clause.sentence.endswith(".") and clause.details for clause in held)
