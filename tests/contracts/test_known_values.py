"""Known values: where they come from, and the requests that are made of them."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from msgspec import UNSET

from specduet.contracts.generation.known_values import KnownValues, PlannedRequest
from specduet.contracts.generation.minimal_values import build_minimal_value
from specduet.specs import Api, load
from tests.contracts.recording_builder import RecordingBuilder


def test_a_list_needs_nothing_and_a_create_its_required_fields(nx1: Api) -> None:
    """A minimal request leaves out optional parts and takes required ones from the document."""
    known_values = KnownValues(nx1, {})
    assert known_values.build_valid_request(nx1.operation("list_runs_api_crew_runs_get")) == PlannedRequest({})
    assert known_values.build_valid_request(nx1.operation("run_preset_crew_api_crews_run_post")) == PlannedRequest(
        {}, json={"crew_type": "ask"}
    )


def test_ids_come_from_listed_rows(nx1: Api, crew_run: dict[str, Any]) -> None:
    """The statement ``fetches`` says which field of the rows the path parameter takes."""
    known_values, detail = KnownValues(nx1, {}), nx1.operation("get_run_api_crew_runs__run_id__get")
    result = nx1.operation("get_crew_result")
    assert known_values.build_valid_request(detail) is None
    assert known_values.unknown_path_parameters(detail) == ["run_id"]
    other = {**crew_run, "id": "0d6d1a3c-0000-4000-8000-000000000000", "correlation_id": "c-2"}
    known_values.observe_exchange(RecordingBuilder(nx1).add("GET /api/crew-runs", json_=[crew_run, other]))
    assert [choice["run_id"] for choice in known_values.path_choices(detail)] == [crew_run["id"], other["id"]]
    assert [choice["cid"] for choice in known_values.path_choices(result)] == ["c-1", "c-2"]
    assert known_values.field_values("crew-run", "status") == ["completed"]


def test_a_created_row_is_known_from_the_response(nx1: Api) -> None:
    """The fields that the response to a create shares with the rows are the new row's."""
    known_values = KnownValues(nx1, {})
    known_values.observe_exchange(RecordingBuilder(nx1).add("POST /api/crews/run", json_={"correlation_id": "mine"}))
    assert known_values.field_values("crew-run", "correlation_id") == ["mine"]


def test_error_responses_and_invalid_json_are_ignored(nx1: Api) -> None:
    """An id in an error response is not a known id."""
    known_values, builder = KnownValues(nx1, {}), RecordingBuilder(nx1)
    known_values.observe_exchange(builder.add("GET /api/crew-runs", status=422, json_=[{"id": "x"}]))
    known_values.observe_exchange(builder.add("GET /api/crew-runs", body=b"[{"))
    known_values.observe_exchange(builder.add("GET /api/crew-runs", json_=["text", None, 3]))
    assert known_values.field_values("crew-run", "id") == []


def test_the_operators_values_come_first(seekrflow: Api) -> None:
    """``--param thread_id=…`` given twice makes two choices; without it no scope is known."""
    operation = seekrflow.operations[0]
    assert KnownValues(seekrflow, {}).path_choices(operation) == []
    known_values = KnownValues(seekrflow, {"thread_id": ("t1", "t2")})
    assert known_values.path_choices(operation) == [{"thread_id": "t1"}, {"thread_id": "t2"}]


THINGS = """
openapi: 3.1.0
info: {title: Things, version: '1'}
paths:
  /things:
    get:
      parameters:
        - {name: kind, in: query, required: true, schema: {type: string, enum: [round, flat]}}
        - {name: x-shop, in: header, required: true, schema: {type: integer, minimum: 7}}
      responses: {'200': {description: OK}}
  /things/{thing_id}:
    parameters:
      - {name: thing_id, in: path, required: true, schema: {type: integer}}
    get: {responses: {'200': {description: OK}}}
  /days/{day}:
    parameters:
      - {name: day, in: path, required: true, schema: {type: string, format: date, examples: ['2024-02-29']}}
    get: {responses: {'200': {description: OK}}}
"""


@pytest.fixture
def things(tmp_path: Path) -> Api:
    """A document without ``x-specduet`` statements."""
    (tmp_path / "things.yaml").write_text(THINGS)
    return load(tmp_path / "things.yaml")


def test_without_statements_ids_are_guessed_from_paths(things: Api) -> None:
    """``/things/{thing_id}`` takes the ids that ``/things`` shows, also from within an envelope."""
    known_values, detail = KnownValues(things, {}), things.operations[1]
    assert known_values.build_valid_request(detail) is None
    known_values.observe_exchange(
        RecordingBuilder(things).add("GET /things", json_={"items": [{"id": 4}, {"id": 5}], "total": 2})
    )
    assert known_values.path_choices(detail) == [{"thing_id": "4"}, {"thing_id": "5"}]


def test_required_parameters_are_filled_and_examples_used(things: Api) -> None:
    """Values of the document are taken before invented ones."""
    known_values = KnownValues(things, {})
    call = known_values.build_valid_request(things.operations[0])
    assert call == PlannedRequest({}, (("kind", "round"),), (("x-shop", "7"),))
    assert known_values.build_valid_request(things.operations[2]) == PlannedRequest({"day": "2024-02-29"})
    assert KnownValues(things, {"kind": ("flat",)}).build_valid_request(things.operations[0]) == PlannedRequest(
        {}, (("kind", "flat"),), (("x-shop", "7"),)
    )


def test_varying_a_request_does_not_change_it() -> None:
    """Probes derive their requests from a valid one, which stays as it is."""
    call = PlannedRequest({"a": "1"}, (("limit", "1"), ("x", "y")), (("H", "1"),), {"k": 1})
    assert call.with_query(limit="2", x=None).query == (("limit", "2"),)
    assert call.with_path(a="2").path == {"a": "2"}
    assert call.with_header("h", "2").headers == (("h", "2"),)
    assert call.with_header("h", None).headers == ()
    assert call.with_json([]).json == []
    assert call == PlannedRequest({"a": "1"}, (("limit", "1"), ("x", "y")), (("H", "1"),), {"k": 1})


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "minLength": 9, "maxLength": 11},
        {"type": "string", "maxLength": 2},
        {"type": "string", "pattern": "^[A-Z]{3}-[0-9]+$"},
        {"type": "integer", "exclusiveMinimum": 3, "maximum": 4},
        {"type": "integer", "minimum": 10, "multipleOf": 7},
        {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1, "minimum": 0, "maximum": 1},
        {"type": "array", "items": {"type": "boolean"}, "minItems": 3},
        {"anyOf": [{"type": "null"}, {"type": "string"}]},
        {"allOf": [{"type": "object", "properties": {"a": {"const": 1}}, "required": ["a"]}, {"required": ["a"]}]},
        {"oneOf": [{"type": "integer"}, {"type": "string"}]},
        {"type": ["string", "null"], "format": "date-time"},
        {},
    ],
)
def test_a_minimal_value_satisfies_its_schema(schema: dict[str, Any], tmp_path: Path) -> None:
    """The value is valid for every keyword, because the validator checks it."""
    document = yaml.safe_load(THINGS)
    document["components"] = {"schemas": {"S": schema}}
    (tmp_path / "s.json").write_text(json.dumps(document))
    schemas = load(tmp_path / "s.json").schemas
    value = build_minimal_value(schemas, schema, "/components/schemas/S")
    assert value is not UNSET
    assert schemas.validator_at("/components/schemas/S").is_valid(value)


def test_a_schema_that_nothing_satisfies_has_no_value(tmp_path: Path) -> None:
    """No request is sent as valid that is not."""
    document = yaml.safe_load(THINGS)
    document["components"] = {"schemas": {"S": {"type": "integer", "minimum": 2, "maximum": 1}}}
    (tmp_path / "s.json").write_text(json.dumps(document))
    schemas = load(tmp_path / "s.json").schemas
    assert (
        build_minimal_value(schemas, {"type": "integer", "minimum": 2, "maximum": 1}, "/components/schemas/S") is UNSET
    )


def test_a_recursive_schema_ends(tmp_path: Path) -> None:
    """A tree whose children are required to be a list has a leaf for a minimal value."""
    tree = {
        "type": "object",
        "properties": {"children": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}},
        "required": ["children"],
    }
    document = yaml.safe_load(THINGS)
    document["components"] = {"schemas": {"Tree": tree}}
    (tmp_path / "s.json").write_text(json.dumps(document))
    schemas = load(tmp_path / "s.json").schemas
    assert build_minimal_value(schemas, tree, "/components/schemas/Tree") == {"children": []}
