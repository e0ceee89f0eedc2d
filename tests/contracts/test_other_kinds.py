"""SD636: a service that shows an order for ``GET /users/{id}`` is found, and one that has a reason to is not."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from specduet.contracts.recording import ReceivedResponse, SentRequest
from specduet.contracts.run import RunResult
from tests.contracts.test_small_documents import codes_of, respond

Judge = Callable[..., RunResult]
Rows = Mapping[str, Mapping[str, Any]]

USERS: Rows = {
    "5b0b4a7e-3f6d-4f0a-9a55-2f7a3b1c9d10": {"login": "ann", "mail": "ann@example.com"},
    "0c1e6a44-9b8e-4a5b-8c1d-7f00aa12bb34": {"login": "ben", "mail": "ben@example.com"},
}
ORDERS: Rows = {"91b6f1de-53c1-4d5e-a1a0-c4a5e3d2f1b0": {"item": "lamp", "amount": 3}}


def list_paths(kind: str, fields: str) -> str:
    """Return the paths of a collection with a list and a detail."""
    schema = f"{{type: object, properties: {{id: {{type: string}}, {fields}}}}}"
    one = f"{{description: ok, content: {{application/json: {{schema: {schema}}}}}}}"
    many = f"{{description: ok, content: {{application/json: {{schema: {{type: array, items: {schema}}}}}}}}}"
    missing = "'404': {description: none}"
    name = "[{name: id, in: path, required: true, schema: {type: string}}]"
    return (
        f"  /{kind}: {{get: {{responses: {{'200': {many}}}}}}}\n"
        f"  /{kind}/{{id}}:\n    get: {{parameters: {name}, responses: {{'200': {one}, {missing}}}}}\n"
    )


PATHS = list_paths("users", "login: {type: string}, mail: {type: string}") + list_paths(
    "orders", "item: {type: string}, amount: {type: integer}"
)


def serve(
    users: Rows, orders: Rows, find_user: Callable[[str], Mapping[str, Any] | None]
) -> Callable[[SentRequest], ReceivedResponse]:
    """Return a service of users and orders that finds a user as the function says."""

    def service(request: SentRequest) -> ReceivedResponse:
        _, kind, *ids = request.path.split("/")
        rows = users if kind == "users" else orders
        if not ids:
            return respond(200, json.dumps([{"id": key, **row} for key, row in rows.items()]))
        found = find_user(ids[0]) if kind == "users" else rows.get(ids[0])
        return respond(404, "{}") if found is None else respond(200, json.dumps({"id": ids[0], **found}))

    return service


def find_any(key: str) -> Mapping[str, Any] | None:
    """Look in all tables, and show what is there."""
    return USERS.get(key) or ORDERS.get(key)


def test_an_order_that_is_shown_as_a_user_is_found(judge: Judge) -> None:
    """The row of another kind is told by what it has, and by what it lacks."""
    result = judge(PATHS, serve(USERS, ORDERS, find_any))
    found = [(f.code, f.severity, f.operation, f.value) for f in result.findings]
    assert found == [("SD636", "warning", "GET /users/{id}", next(iter(ORDERS)))]
    assert "it has no login" in result.findings[0].message


def test_a_list_that_is_shorter_than_its_limit_is_whole(judge: Judge) -> None:
    """Pages do not hide the rows of the own kind where all of them are on the first one."""
    limit = "parameters: [{name: limit, in: query, schema: {type: integer, minimum: 1, maximum: 50}}], "
    paths = PATHS.replace("  /users: {get: {", f"  /users: {{get: {{{limit}").replace("'404'", "'400': {}, '404'")
    plain = serve(USERS, ORDERS, find_any)

    def service(request: SentRequest) -> ReceivedResponse:
        text = dict(request.query_pairs).get("limit", "50")
        if not (text.isdecimal() and text.isascii() and 1 <= int(text[:4]) <= 50):
            return respond(400, "{}")
        if request.path == "/users":
            rows = json.loads(plain(request).body)
            return respond(200, json.dumps(rows[: int(text)]))
        return plain(request)

    assert "SD636" in codes_of(judge(paths, service))


NUMBERED: Rows = {"1": {"item": "lamp", "amount": 3}}
PEOPLE: Rows = {**USERS, next(iter(ORDERS)): {"login": "eve", "mail": "eve@example.com"}}
CORRECT: dict[str, tuple[Rows, Rows, Callable[[str], Mapping[str, Any] | None]]] = {
    "an unknown id is a 404": (USERS, ORDERS, USERS.get),
    "numbers coincide": ({"1": {"login": "ann", "mail": "a@example.com"}}, NUMBERED, NUMBERED.get),
    "a user shares the id of his order": (PEOPLE, ORDERS, PEOPLE.get),
    "any id is that of a new user": (USERS, ORDERS, lambda key: USERS.get(key) or {"login": None, "mail": None}),
    "who has ordered is a user, and not listed": (USERS, ORDERS, PEOPLE.get),
    "a user without a mail, who is not listed": (
        USERS,
        ORDERS,
        lambda key: USERS.get(key) or ({"login": "eve", "mail": None} if key in ORDERS else None),
    ),
}


@pytest.mark.parametrize("name", CORRECT)
def test_a_service_that_has_a_reason_is_not_told_of(judge: Judge, name: str) -> None:
    """Ids that coincide, one space of ids, and users that are made or found by the id of another row are no fault."""
    users, orders, find_user = CORRECT[name]
    assert "SD636" not in codes_of(judge(PATHS, serve(users, orders, find_user)))
