"""Links of a document: they give the values of requests, and SD635 finds those that lead nowhere."""

import json
import re
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from specduet.contracts.oracle.runtime_expressions import evaluate_value
from specduet.contracts.recording import ABSENT, Exchange, ReceivedResponse, SentRequest
from specduet.contracts.run import RunResult
from specduet.specs import Api
from tests.contracts.recording_builder import RecordingBuilder
from tests.contracts.test_small_documents import JSON, codes_of, is_object, respond

Judge = Callable[..., RunResult]
TICKET = "{type: object, properties: {ticket: {type: string}}}"
KEY = "[{name: key, in: path, required: true, schema: {type: string}}]"
MISSING = "'404': {description: none}"


def state_link(expression: str, target: str = "operationId: showOutcome", more: str = "") -> str:
    """Return a document whose creation has one link to a path that says nothing of what was created."""
    link = f"{{{target}, parameters: {{{expression}}}{more}}}"
    content = f"content: {{application/json: {{schema: {TICKET}}}}}"
    return (
        "  /orders:\n"
        "    post: {operationId: order, requestBody: {content: {application/json: {schema: {type: object}}}},\n"
        f"      responses: {{'201': {{description: made, {content}, links: {{Outcome: {link}}}}}}}}}\n"
        f"  /outcomes/{{key}}:\n    parameters: {KEY}\n"
        f"    get: {{operationId: showOutcome, responses: {{'200': {{description: ok}}, {MISSING}}}}}\n"
        f"    delete: {{operationId: dropOutcome, responses: {{'204': {{description: gone}}, {MISSING}}}}}\n"
    )


class Shop:
    """A service that gives a ticket for each order, with which the outcome is found."""

    def __init__(self, *, is_lost: bool = False) -> None:
        self.tickets: set[str] = set()
        self.shown: list[str] = []
        self.deleted: list[str] = []
        self._numbers = count(1)
        self._is_lost = is_lost

    def __call__(self, request: SentRequest) -> ReceivedResponse:
        if request.path == "/orders" and request.method == "POST":
            return self._take_order(request)
        key = request.path.removeprefix("/outcomes/")
        if key not in self.tickets:
            return respond(404, "{}")
        if request.method == "DELETE":
            self.tickets.discard(key)
            self.deleted.append(key)
            return respond(204)
        self.shown.append(key)
        return respond(200, "{}")

    def _take_order(self, request: SentRequest) -> ReceivedResponse:
        if not is_object(request):
            return respond(400, "{}")
        ticket = f"tick-{next(self._numbers)}-{len(self.tickets):04}"
        if not self._is_lost:
            self.tickets.add(ticket)
        return respond(201, json.dumps({"ticket": ticket}), (*JSON, ("Location", f"/outcomes/{ticket}?full=1")))


@pytest.mark.parametrize(
    ("expression", "target"),
    [
        ("key: $response.body#/ticket", "operationId: showOutcome"),
        ("path.key: '{$response.body#/ticket}'", "operationRef: '#/paths/~1outcomes~1%7Bkey%7D/get'"),
        ("key: $response.header.location", "operationRef: '#/paths/~1outcomes~1{key}/get'"),
    ],
)
def test_a_link_gives_the_id_that_nothing_else_tells(judge: Judge, expression: str, target: str) -> None:
    """Operations are reached with the values of a link, whichever way it names the value and the operation."""
    shop = Shop()
    result = judge(state_link(expression, target), shop)
    assert shop.shown
    assert codes_of(result) == set()


def test_a_link_that_leads_nowhere_is_found(judge: Judge) -> None:
    """A creation whose response has a value that the linked operation does not know gets a warning with its place."""
    result = judge(state_link("key: $response.body#/ticket"), Shop(is_lost=True))
    found = [(f.code, f.severity, f.operation, f.value) for f in result.findings]
    assert found == [("SD635", "warning", "POST /orders", "404")]
    told = r'the link Outcome leads to GET /outcomes/\{key\} with key "tick-[\d-]+", which answers 404'
    assert re.fullmatch(told, result.findings[0].message)
    assert result.findings[0].pointer == "/paths/~1orders/post/responses/201/links/Outcome"


@pytest.mark.parametrize(
    ("expression", "target"),
    [
        ("key: $response.body#/number", "operationId: showOutcome"),
        ("key: $response.body#/ticket", "operationId: unknown"),
        ("key: $response.body#/ticket", "operationRef: 'https://example.com/api.yaml#/paths/~1a/get'"),
        ("number: $response.body#/ticket", "operationId: showOutcome"),
        ("key: $response.body.ticket", "operationId: showOutcome"),
    ],
)
def test_a_link_without_a_value_or_a_target_says_nothing(judge: Judge, expression: str, target: str) -> None:
    """A field that is not there, an operation elsewhere and a parameter that nobody has make no finding."""
    assert codes_of(judge(state_link(expression, target), Shop(is_lost=True))) == set()


def test_a_state_that_does_not_fit_is_no_broken_link(judge: Judge) -> None:
    """An operation that a link leads to may be refused with 409."""

    def service(request: SentRequest) -> ReceivedResponse:
        if request.path == "/orders":
            return Shop(is_lost=True)(request)
        return respond(409, "{}")

    document = state_link("key: $response.body#/ticket")
    assert codes_of(judge(document.replace("'404'", "'409'"), service)) == set()


def test_a_row_that_others_have_is_not_deleted_by_a_link(judge: Judge) -> None:
    """The values of a link from a list lead to rows that the run has not created: they are read only."""
    link = "{operationId: dropOutcome, parameters: {key: $response.body#/0}}"
    paths = (
        f"  /all: {{get: {{responses: {{'200': {{description: ok, content: {{application/json: {{}}}},"
        f" links: {{Drop: {link}}}}}}}}}}}\n" + state_link("key: $response.body#/ticket").partition("  /outcomes")[1]
    )
    paths += state_link("key: $response.body#/ticket").partition("  /outcomes")[2]
    shop = Shop()
    shop.tickets.add("somebody-elses")

    def service(request: SentRequest) -> ReceivedResponse:
        return respond(200, '["somebody-elses"]') if request.path == "/all" else shop(request)

    judge(paths, service)
    assert shop.deleted == []


@pytest.fixture
def exchange(nx1: Api) -> Exchange:
    """Return an exchange with values in all places."""
    label = next(o.label for o in nx1.operations if o.path.count("{") == 1 and o.method == "GET")
    path = label.split()[1].partition("{")[0] + "a%2Fb"
    return RecordingBuilder(nx1).add(
        label,
        json_={"id": 7, "inner": [{"name": "x"}], "a/b": None},
        headers=(("content-type", "application/json"), ("Location", "/r/7")),
        path=path,
        query="page=2",
        sent_headers=(("X-Team", "t"),),
        sent_body=b'{"n": [1]}',
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("$response.body#/id", 7),
        ("$response.body#/inner/0/name", "x"),
        ("$response.body#/a~1b", None),
        ("$response.body#/inner/9", ABSENT),
        ("$response.header.location", "/r/7"),
        ("$response.header.etag", ABSENT),
        ("$request.query.page", "2"),
        ("$request.query.none", ABSENT),
        ("$request.header.x-team", "t"),
        ("$request.body#/n/0", 1),
        ("$method", "GET"),
        ("$statusCode", 200),
        ("$response", ABSENT),
        ("$nothing", ABSENT),
        ("/runs/{$response.body#/id}/log", "/runs/7/log"),
        ("/runs/{$response.body#/none}", ABSENT),
        ("plain", "plain"),
        (5, 5),
        ({"a": ["$response.body#/id"]}, {"a": [7]}),
        ({"a": "$response.body#/none"}, ABSENT),
    ],
)
def test_runtime_expressions_are_read(nx1: Api, exchange: Exchange, value: Any, expected: Any) -> None:
    """Each kind of expression gives the value of its place, and ``ABSENT`` where nothing is there."""
    operation = nx1.operation(exchange.operation)
    assert evaluate_value(operation, exchange, value) == expected


def test_path_parameters_of_the_request_are_decoded(nx1: Api, exchange: Exchange) -> None:
    """``$request.path.id`` is the value, not the text of the address."""
    operation = nx1.operation(exchange.operation)
    name = next(p.name for p in operation.parameters if p.location == "path")
    assert evaluate_value(operation, exchange, f"$request.path.{name}") == "a/b"
