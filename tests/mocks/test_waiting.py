"""Items that wait for a person, inputs that another item describes, and operations that are there for a time."""

from pathlib import Path
from typing import Any

import pytest

from specduet.mocks import Settings, create_app
from tests.mocks.raw_http import RawResponse, send_json

DOCUMENT = """
openapi: 3.1.0
info: {title: Expenses, version: '1'}
paths:
  /categories/{id}:
    put:
      operationId: putCategory
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Category'}}}}
      responses: &category
        '200':
          description: It
          content: {application/json: {schema: {$ref: '#/components/schemas/Category'}}}
      x-specduet:
        replaces: {resource: category, parameter: id, field: id, creates: true, basis: inferred}
    get:
      operationId: getCategory
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses: *category
      x-specduet:
        fetches: {resource: category, parameter: id, field: id, basis: inferred}
  /expenses:
    post:
      operationId: createExpense
      requestBody:
        content:
          application/json:
            schema:
              type: object
              properties: {category: {type: string}, details: {type: object}, large: {type: boolean}}
      responses:
        '201': &expense
          description: It
          content: {application/json: {schema: {$ref: '#/components/schemas/Expense'}}}
        '400': {description: Wrong details, content: {application/json: {schema: {type: object}}}}
        '404': {description: No such category}
      x-specduet:
        creates: {resource: expense, sets: {"*": body}, basis: inferred}
        inputs:
          place: body/details
          resource: category
          row: body/category
          schema: form
          refused: 400
          message: The details are wrong
          fields: {text: message, problems: errors, form: schema}
          items: {at: place, text: message, rule: keyword, wanted: expected, got: received}
          basis: inferred
  /expenses/{id}:
    get:
      operationId: getExpense
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses: {'200': *expense}
      x-specduet:
        fetches: {resource: expense, parameter: id, field: id, basis: inferred}
  /expenses/{id}/approve:
    post:
      operationId: approveExpense
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses: {'200': *expense, '400': {description: It is too late}}
      x-specduet:
        acts:
          resource: expense
          parameter: id
          field: id
          to: booking
          keeps: [new, booking]
          goes-on: true
          refused: 400
          basis: inferred
  /expenses/{id}/draft/{page}:
    get:
      operationId: getDraft
      parameters:
        - {name: id, in: path, required: true, schema: {type: string}}
        - {name: page, in: path, required: true, schema: {type: integer}}
      responses:
        '200':
          description: It
          content:
            application/json:
              schema:
                type: object
                required: [id, number, text]
                properties: {id: {type: string}, number: {type: integer}, text: {type: string}}
        '410': {description: It is gone}
      x-specduet:
        fetches: {resource: expense, parameter: id, field: id, within: [new, waiting], outside: 410, basis: inferred}
        echoes: {fields: {number: path/page}, basis: inferred}
components:
  schemas:
    Category:
      type: object
      required: [id, form]
      properties: {id: {type: string}, form: {type: object}}
      x-specduet: {resource: category, id: {field: id, basis: inferred}}
    Expense:
      type: object
      required: [id, status]
      properties:
        id: {type: string, format: uuid}
        category: {type: string}
        details: {type: object}
        large: {type: boolean}
        status: {type: string, enum: [new, booking, waiting, booked, lost]}
      x-specduet:
        resource: expense
        id: {field: id, basis: inferred}
        status:
          field: status
          initial: new
          transitions: {new: [booking], booking: [booked, lost, waiting], waiting: [booking, lost]}
          terminal: [booked, lost]
          waits:
            - {status: waiting, then: lost, lasts: 1h, when: {large: true}}
          endings:
            - {status: lost, when: {large: false}}
          basis: inferred
"""
FORM = {
    "type": "object",
    "required": ["purpose"],
    "additionalProperties": False,
    "properties": {"purpose": {"type": "string", "maxLength": 5}, "days": {"type": "integer", "minimum": 1}},
}


class ExpenseClient:
    """A client of the mock of the expenses, whose clock stands still until a test moves it."""

    def __init__(self, path: Path) -> None:
        path.write_text(DOCUMENT, encoding="utf-8")
        self.app = create_app(path, Settings(auth=False))
        self.send("POST", "/__mock__/clock/freeze")
        assert self.send("PUT", "/categories/travel", {"id": "travel", "form": FORM}).status < 300

    def send(self, method: str, target: str, body: Any = None) -> RawResponse:
        return send_json(self.app, method, target, body)

    def create(self, details: Any, **more: Any) -> RawResponse:
        return self.send("POST", "/expenses", {"category": "travel", "details": details, **more})

    def advance(self, seconds: float) -> None:
        assert self.send("POST", "/__mock__/clock/advance", {"seconds": seconds}).status == 200

    def read_status(self, expense: Any) -> str:
        return str(self.send("GET", f"/expenses/{expense['id']}").json["status"])


@pytest.fixture
def client(tmp_path: Path) -> ExpenseClient:
    return ExpenseClient(tmp_path / "expenses.yaml")


def test_an_item_waits_until_somebody_comes(client: ExpenseClient) -> None:
    """A row with the stated values comes to its wait, stays there, and goes on to an end when a request lets it."""
    expense = client.create({"purpose": "fair"}, large=True).json
    client.advance(600)
    assert client.read_status(expense) == "waiting"
    assert client.send("POST", f"/expenses/{expense['id']}/approve").json["status"] == "booking"
    client.advance(600)
    assert client.read_status(expense) == "booked"
    assert client.send("POST", f"/expenses/{expense['id']}/approve").status == 400


def test_a_wait_ends_when_nobody_comes(client: ExpenseClient) -> None:
    """After its time a row becomes what the wait says; others do not wait at all."""
    expense, other = client.create({"purpose": "fair"}, large=True).json, client.create({"purpose": "fair"}).json
    client.advance(600)
    assert client.read_status(expense) == "waiting"
    assert client.read_status(other) == "booked"
    client.advance(3100)
    assert client.read_status(expense) == "lost"


def test_values_decide_how_an_item_ends(client: ExpenseClient) -> None:
    """Rows with the stated values end as stated, and all others as usual."""
    lost = [client.create({"purpose": "fair"}, large=False).json for _ in range(4)]
    others = [client.create({"purpose": "fair"}).json for _ in range(12)]
    client.advance(600)
    assert {client.read_status(expense) for expense in lost} == {"lost"}
    assert {client.read_status(expense) for expense in others} == {"booked"}


def test_an_action_may_keep_a_status(client: ExpenseClient) -> None:
    """An action is accepted in the statuses that it keeps, and changes nothing of where the row goes."""
    expense = client.create({"purpose": "fair"}).json
    assert client.send("POST", f"/expenses/{expense['id']}/approve").json["status"] == "new"
    client.advance(600)
    assert client.read_status(expense) == "booked"


def test_inputs_keep_the_schema_of_their_category(client: ExpenseClient) -> None:
    """What another row describes is refused in the stated form, with every mistake in it."""
    refused = client.create({"days": 0, "hotel": "Ritz"})
    assert refused.status == 400
    assert refused.json["text"] == "The details are wrong"
    assert refused.json["form"] == FORM
    problems = {problem["rule"]: problem for problem in refused.json["problems"]}
    assert problems["minimum"] == {
        "at": "/days",
        "text": "must be >= 1",
        "rule": "minimum",
        "wanted": {"comparison": ">=", "limit": 1},
        "got": 0,
    }
    assert problems["required"]["at"] == "#/required"
    assert problems["required"]["wanted"] == {"missingProperty": "purpose"}
    assert problems["additionalProperties"]["wanted"] == {"additionalProperty": "hotel"}
    assert client.create({"purpose": "conference"}).json["problems"][0]["rule"] == "maxLength"
    assert client.create({"purpose": "fair", "days": 2}).status == 201


def test_inputs_of_an_unknown_category_are_refused(client: ExpenseClient) -> None:
    """A row that is not there describes nothing; one whose schema is wrong allows everything."""
    assert client.send("POST", "/expenses", {"category": "none", "details": {}}).status == 404
    client.send("PUT", "/categories/odd", {"id": "odd", "form": {"type": 7, "$ref": "http://127.0.0.1:9/x"}})
    assert client.send("POST", "/expenses", {"category": "odd", "details": {"a": 1}}).status == 201


def test_an_operation_is_there_within_statuses(client: ExpenseClient) -> None:
    """Outside its statuses an operation is answered as stated; within them, what the path says comes back."""
    expense = client.create({"purpose": "fair"}).json
    draft = client.send("GET", f"/expenses/{expense['id']}/draft/3")
    assert (draft.status, draft.json["number"], draft.json["id"]) == (200, 3, expense["id"])
    client.advance(600)
    assert client.send("GET", f"/expenses/{expense['id']}/draft/3").status == 410
