"""Statements of small documents, checked in recordings that are written by hand."""

from pathlib import Path
from typing import Any

import pytest

from specduet.contracts.clauses import run_clauses
from specduet.contracts.findings import Finding
from specduet.contracts.options import RunOptions
from specduet.contracts.oracle.request_parts import combine_verdicts
from specduet.contracts.oracle.requests import classify_request
from specduet.contracts.recording import Exchange
from specduet.contracts.traces import CreatedRun, UnknownPathValue
from specduet.specs import Api, load
from tests.contracts.recording_builder import RecordingBuilder

LIST, CREATE = "GET /shops/{shop}/orders", "POST /shops/{shop}/orders"
DOCUMENT = """
openapi: 3.0.3
info: {title: t, version: '1'}
paths:
  /shops/{shop}/orders:
    parameters: [{name: shop, in: path, required: true, schema: {type: string}}]
    get:
      operationId: list_orders
      responses:
        '200': {description: ok, content: {application/json: {schema: {type: array, items: &order
          {$ref: '#/components/schemas/Order'}}}}}
        '404': {description: no such shop}
      x-specduet:
        lists: {resource: order, basis: BASIS, because: "page 1"}
        scope: {parameter: shop, field: shop, unknown: 404, unknown-basis: BASIS, basis: BASIS, because: "page 1"}
    post:
      operationId: create_order
      requestBody:
        content: {application/json: {schema: {type: object, properties: {
          note: NOTE, request_id: NOTE, kind: {type: string}}}}}
      responses: {'201': {description: made, content: {application/json: {schema: *order}}}}
      x-specduet:
        creates: {resource: order, sets: {note: body/note, request_id: body/request_id}, listed-by: list_orders,
          basis: BASIS, because: "page 1"}
components:
  schemas:
    Order:
      type: object
      required: [id]
      properties: {id: {type: string}, note: {type: string}, request_id: {type: string}, shop: {type: string}}
      x-specduet: {resource: order, id: {field: id, basis: BASIS, because: "page 1"}}
"""


def build(folder: Path, basis: str = "documented", note: str = "{type: string}") -> RecordingBuilder:
    """Return a recording of a document whose statements have one basis."""
    file = folder / "orders.yaml"
    file.write_text(DOCUMENT.replace("BASIS", basis).replace("NOTE", note), "utf-8")
    return RecordingBuilder(load(file))


def judge(builder: RecordingBuilder) -> list[Finding]:
    return list(run_clauses(builder.api, builder.recording, RunOptions()))


def find_id(api: Api, label: str) -> str:
    return next(operation.id for operation in api.operations if operation.label == label)


@pytest.mark.parametrize(
    ("basis", "status", "found"),
    [
        ("documented", 404, []),
        ("documented", 200, [("SD518", "error")]),
        ("inferred", 200, [("SD518", "warning")]),
        ("assumed", 200, []),
    ],
)
def test_an_unknown_scope_gets_its_status(
    tmp_path: Path, basis: str, status: int, found: list[tuple[str, str]]
) -> None:
    """A list under a made-up id is refused as stated; a statement that is assumed is not held against a service."""
    builder = build(tmp_path, basis)
    body: dict[str, Any] = {"json_": []} if status == 200 else {"body": b""}
    exchange = builder.add(LIST, status=status, path="/shops/made-up/orders", **body)
    builder.recording.traces.append(UnknownPathValue(builder.api.name, find_id(builder.api, LIST), "shop", exchange))
    assert [(finding.code, finding.severity) for finding in judge(builder)] == found


def add_created(builder: RecordingBuilder, row: dict[str, Any]) -> Exchange:
    """Add a POST without a body that has created a row, and the list that shows it."""
    creation = builder.add(CREATE, status=201, json_=row)
    builder.sent_at += 1
    listing = builder.add(LIST, json_=[row])
    api, operation = builder.api.name, find_id(builder.api, CREATE)
    builder.recording.traces.append(CreatedRun(api, operation, "order", creation, {}, row, None, (listing,), ()))
    return creation


@pytest.mark.parametrize(
    ("field", "schema", "codes"),
    [
        ("request_id", "{type: string}", {"SD621"}),
        ("request_id", "{type: string, default: none}", set()),
        ("note", "{type: string}", set()),
    ],
)
def test_only_what_names_a_request_is_another_in_each_row(
    tmp_path: Path, field: str, schema: str, codes: set[str]
) -> None:
    """An id of the request is made for each row; a default, documented or not, may be the same in all."""
    builder = build(tmp_path, note=schema)
    for number in "12":
        add_created(builder, {"id": number, "shop": "shop", field: "none"})
    assert {finding.code for finding in judge(builder)} == codes


PAGES = """
openapi: 3.0.3
info: {title: t, version: '1'}
paths:
  /a:
    get:
      parameters:
        - {name: after, in: query, schema: {type: string}}
        - {name: by, in: query, schema: {type: string}}
        - {name: p, in: query, schema: {type: integer}}
      responses: {'200': {description: ok}}
      x-specduet:
        token: {parameter: after, basis: inferred, because: its name}
        sort: {parameter: by, basis: inferred, because: its name}
        page: {parameter: p, basis: inferred, because: its name}
"""


def test_a_made_up_token_or_order_may_be_refused(tmp_path: Path) -> None:
    """A token is what an earlier response gave, and no schema says by which fields a list can be sorted."""
    (tmp_path / "pages.yaml").write_text(PAGES, "utf-8")
    builder = RecordingBuilder(load(tmp_path / "pages.yaml"))
    operation = builder.api.operations[0]
    for query, verdict in (("after=x", "lenient"), ("by=x", "lenient"), ("p=0", "lenient"), ("p=1", "valid")):
        exchange = builder.add("GET /a", query=query)
        assert combine_verdicts(classify_request(builder.api, operation, exchange.request)) == verdict


@pytest.mark.parametrize(("created", "codes"), [("1", set()), ("9", {"SD519"})])
def test_a_row_that_was_written_meanwhile_may_be_anywhere(tmp_path: Path, created: str, codes: set[str]) -> None:
    """A row may go to the head of its list when it is sent again; without a reason, no row of pages may."""
    build(tmp_path, "inferred")
    file = tmp_path / "orders.yaml"
    paged = file.read_text("utf-8").replace(
        "      operationId: list_orders\n",
        "      operationId: list_orders\n      parameters: [{name: limit, in: query, schema: {type: integer}}]\n",
    )
    limit = "        limit: {parameter: limit, basis: inferred, because: its name}\n"
    file.write_text(
        paged.replace("        scope: {parameter: shop, ", f"{limit}        scope: {{parameter: shop, "), "utf-8"
    )
    builder = RecordingBuilder(load(file))
    rows = [{"id": number} for number in "321"]
    builder.add(LIST, json_=rows)
    builder.sent_at += 1
    builder.add(CREATE, status=201, json_={"id": created})
    builder.sent_at += 1
    builder.add(LIST, json_=[rows[2], rows[0], rows[1]])
    found = {(finding.code, finding.severity) for finding in judge(builder) if finding.code == "SD519"}
    assert found == {(code, "warning") for code in codes}


FILTERS = """
openapi: 3.0.3
info: {title: t, version: '1'}
paths:
  /a:
    get:
      parameters: [{name: p, in: query, schema: {type: TYPE}}]
      responses:
        '200': {description: ok, content: {application/json: {schema: {type: array, items:
          {$ref: '#/components/schemas/A'}}}}}
      x-specduet:
        lists: {resource: a, basis: inferred, because: its path}
        filters: {p: {field: f, op: OP, every: [all], basis: inferred, because: its name}}
components:
  schemas:
    A:
      type: object
      properties: {id: {type: string}, f: {}}
      x-specduet: {resource: a, id: {field: id, basis: inferred, because: its name}}
"""


@pytest.mark.parametrize(
    ("type_name", "operator", "text", "fitting", "others"),
    [
        ("integer", "eq", "2", [2, [1]], [1, None]),
        ("integer", "ne", "2", [1, None, [2]], [2]),
        ("integer", "gt", "2", [3, None], [2]),
        ("integer", "ge", "2", [2], [1]),
        ("integer", "lt", "2", [1], [2]),
        ("integer", "le", "2", [2], [3]),
        ("string", "eq", "all", ["x", None], []),
        ("string", "search", "x", ["y", None], []),
    ],
)
def test_a_filter_compares_as_it_is_stated(
    tmp_path: Path, type_name: str, operator: str, text: str, fitting: list[Any], others: list[Any]
) -> None:
    """Only a row that certainly does not fit is a finding: of lists and nulls, and of searches, nothing is certain."""
    file = tmp_path / "filters.yaml"
    file.write_text(FILTERS.replace("TYPE", type_name).replace("OP", operator), "utf-8")
    api = load(file)
    for values, is_found in ((fitting, False), (others, True)):
        for value in values:
            builder = RecordingBuilder(api)
            builder.add("GET /a", query=f"p={text}", json_=[{"id": "1", "f": value}])
            assert bool([f for f in judge(builder) if f.code.startswith("SD5")]) is is_found, value


@pytest.mark.parametrize(
    ("basis", "severities"), [("documented", {"error"}), ("inferred", {"warning"}), ("assumed", set())]
)
def test_a_finding_on_rows_is_as_strong_as_the_statement(tmp_path: Path, basis: str, severities: set[str]) -> None:
    """What is inferred gives a warning at most, and what is assumed nothing, whichever clause about rows is broken."""
    builder = build(tmp_path, basis)
    row = {"id": "1", "note": "text", "shop": "shop"}
    add_created(builder, row)
    add_created(builder, row)  # the same id and note again
    builder.sent_at += 1
    builder.add(LIST, json_=[row, row, {**row, "id": "2", "shop": "other"}])
    found = [finding for finding in judge(builder) if finding.code[2] in "56"]
    assert {finding.severity for finding in found} == severities
    assert not found or {"SD516", "SD621"} <= {finding.code for finding in found}
