"""SD3xx: invalid requests are rejected, valid ones are not, and error responses say what was invalid."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import pytest
from fastapi import Header, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from specduet.contracts.clauses import all_clauses
from specduet.contracts.findings import Finding
from specduet.contracts.oracle.json_body import parse_json_body
from specduet.specs import Api
from tests.contracts.tree_service import Tree, find, finding_codes, load_api, service

Findings = Callable[..., list[Finding]]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Api:
    return load_api(tmp_path_factory.mktemp("trees"))


@pytest.fixture
def findings(api: Api, serve: Callable[[Any], str]) -> Findings:
    """The function that returns the findings in an application."""
    return lambda app, **options: find(api, serve(app), **options)


# ------------------------------------------------------------------------------------------------ nothing is invented


def _first_only(body: dict[str, Any]) -> JSONResponse:
    return JSONResponse({"detail": body["detail"][:1]}, 422)


def _talkative(body: dict[str, Any]) -> JSONResponse:
    items = [{**item, "url": "https://example.com", "ctx": {}} for item in body["detail"]]
    return JSONResponse({"detail": items, "request": "r-1"}, 422)


CORRECT = {
    "as it is": {},
    "reports the first error only": {"refuse": _first_only},
    "adds keys of its own": {"refuse": _talkative},
}


@pytest.mark.parametrize("name", CORRECT)
def test_nothing_is_found_in_a_correct_service(findings: Findings, name: str) -> None:
    """Neither the service itself nor a correct one with habits of its own is blamed for anything."""
    assert findings(service(**CORRECT[name])) == []


# ---------------------------------------------------------------------------------------------- everything is found


def _items(change: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], JSONResponse]:
    return lambda body: JSONResponse({"detail": [change(item) for item in body["detail"]]}, 422)


def _without_key(item: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name != key}


class Lax(Tree):
    height: Any = 1.0


class Unknown(Tree):
    order: str


class NullFree(Tree):
    free: dict[str, Any] | None = Field(default_factory=dict)


class Deep(BaseModel):
    length: Any
    note: Any = None


class LaxTwigs(Tree):
    twigs: list[Deep] = Field(default_factory=list)


class Short(Tree):
    free: dict[str, str] = Field(default_factory=dict)


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
    "items have no loc": ({"refuse": _items(lambda i: _without_key(i, "loc"))}, "SD307", "/detail/0/loc"),
    "items have no msg": ({"refuse": _items(lambda i: _without_key(i, "msg"))}, "SD307", "/detail/0/msg"),
    "items have no type": ({"refuse": _items(lambda i: _without_key(i, "type"))}, "SD307", "/detail/0/type"),
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
}


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_is_found_where_it_is(findings: Findings, name: str) -> None:
    """Each broken version is found by the clause that should find it, at the place that is broken."""
    broken, code, where = FAULTS[name]
    found = findings(service(**broken))
    assert where in [finding.where for finding in found if finding.code == code]
    assert finding_codes(found) - {code} <= {"SD302"}  # what is too lax in one way may be in another


@pytest.mark.parametrize(("kind", "codes"), [("value_error", set()), ("missing", {"SD308"})])
def test_a_rule_of_the_service_may_be_broken_as_well(findings: Findings, kind: str, codes: set[str]) -> None:
    """Beside the mistake that was made, a response may name one that the service's own code has found, nothing else."""
    other = {"loc": ["query", "team"], "msg": "no", "type": kind}

    def refuse(body: dict[str, Any]) -> JSONResponse:
        return JSONResponse({"detail": [*body["detail"], other]}, 422)

    assert finding_codes(findings(service(refuse=refuse))) == codes


def _accept_any_body(app: Any) -> Any:
    """Wrap an application so that it takes every body that is not JSON, or not labelled as JSON, for a good one."""

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


def test_a_body_that_cannot_be_read_is_rejected(findings: Findings) -> None:
    """A service that takes anything for JSON is found, whatever it is given."""
    found = [finding for finding in findings(_accept_any_body(service())) if finding.code == "SD303"]
    assert {"is no JSON", "is missing", "is not UTF-8"} <= {finding.cause for finding in found}
    assert any("labelled" in finding.cause for finding in found)


def test_every_clause_is_explained() -> None:
    """Every clause of the family has a sentence and details."""
    clauses = [clause for clause in all_clauses() if clause.family == "refusal"]
    assert len(clauses) == 8
    assert all(clause.sentence.endswith(".") and clause.details for clause in clauses)
