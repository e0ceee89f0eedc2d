"""A user chooses the members of enumerations that data hold; requests may still have the others."""

from pathlib import Path
from typing import Any

import pytest

from specduet.mocks import Settings, create_app
from specduet.mocks.status_choices import find_alike, narrow_status
from specduet.mocks.value_choices import parse_choices
from specduet.specs import UsageError
from specduet.specs.behavior import Status
from tests.mocks.raw_http import RawRequest, send_json, send_raw

DOCUMENT = """\
openapi: 3.1.0
info: {title: Works, version: '1'}
paths:
  /jobs:
    get:
      operationId: list_jobs
      parameters:
        - {name: state, in: query, schema: {$ref: '#/components/schemas/State'}}
        - {name: limit, in: query, schema: {type: integer, default: 60}}
      responses: {'200': {description: '', content: {application/json: {schema:
        {type: array, items: {$ref: '#/components/schemas/Job'}}}}}}
    post:
      operationId: add_job
      requestBody: {content: {application/json: {schema: {type: object, properties: {size: {enum: [s, m, l]}}}}}}
      responses: {'201': {description: '', content: {application/json: {schema: {$ref: '#/components/schemas/Job'}}}}}
  /jobs/{id}/cancel:
    post:
      operationId: cancel_job
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses: {'200': {description: '', content: {application/json: {schema: {$ref: '#/components/schemas/Job'}}}}}
  /sizes:
    get:
      operationId: show_sizes
      responses: {'200': {description: '', content: {application/json: {schema:
        {type: object, required: [size, grade], properties: {size: {enum: [s, m, l]}, grade: {enum: [1, 2, 3]}}}}}}}
components:
  schemas:
    State: {type: string, enum: [queued, running, done, failed, canceled, cancelled]}
    Job:
      type: object
      properties:
        id: {type: string}
        state: {$ref: '#/components/schemas/State'}
        size: {anyOf: [{enum: [s, m, l]}, {type: 'null'}]}
      required: [id, state, size]
"""


SIZES = "/paths/~1sizes/get/responses/200/content/application~1json/schema"


def make_mock(tmp_path: Path, *choices: str, **settings: Any) -> Any:
    file = tmp_path / "works.yaml"
    file.write_text(DOCUMENT)
    return create_app([file], Settings(values=parse_choices([f"works:{choice}" for choice in choices]), **settings))


def get(mock: Any, path: str) -> Any:
    return send_raw(mock, RawRequest("GET", path)).json


def test_data_hold_the_chosen_members(tmp_path: Path) -> None:
    """No row has another status, and a request may ask for one that no row has."""
    mock = make_mock(tmp_path, "State=queued,running,done,cancelled")
    assert {row["state"] for row in get(mock, "/jobs")} == {"queued", "running", "done", "cancelled"}
    assert get(mock, "/jobs?state=failed") == []
    assert send_raw(mock, RawRequest("GET", "/jobs?state=lost")).status == 400


@pytest.mark.parametrize("word", ["canceled", "cancelled"])
def test_an_action_takes_the_word_that_is_left(tmp_path: Path, word: str) -> None:
    """Where two members mean the same, an action leads to that which data hold."""
    mock = make_mock(tmp_path, f"State=queued,running,done,{word}", pace=0.001)
    job = send_json(mock, "POST", "/jobs", {"size": "m"}).json
    assert send_raw(mock, RawRequest("POST", f"/jobs/{job['id']}/cancel")).json["state"] == word


@pytest.mark.parametrize(
    ("choice", "field"),
    [
        ("size=s", "size"),
        ("Job.size=s", None),
        (f"{SIZES}/properties/size=s", "size"),
    ],
)
def test_an_enumeration_has_several_names(tmp_path: Path, choice: str, field: str | None) -> None:
    """A property's name means all that are called so; a component's property or a pointer means one."""
    mock = make_mock(tmp_path, choice)
    shown = {str(get(make_mock(tmp_path, choice, seed=seed), "/sizes")["size"]) for seed in range(12)}
    assert (shown == {"s"}) == (field is not None)
    is_narrow = {row["size"] for row in get(mock, "/jobs")} <= {"s", None}
    assert is_narrow == (not choice.startswith("/"))


def test_members_that_are_no_text(tmp_path: Path) -> None:
    """A member is named as it is written, whatever its type is."""
    shown = {get(make_mock(tmp_path, "grade=2", seed=seed), "/sizes")["grade"] for seed in range(12)}
    assert shown == {2}


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ("works:Stat=queued", "no enumeration 'Stat'"),
        ("works:State=queud", "no member 'queud'"),
        ("works:State", "no choice of values"),
        ("shop:State=queued", "values for shop"),
        ("works:/paths/x=queued", "no enumeration"),
    ],
)
def test_a_wrong_choice_is_named(tmp_path: Path, choice: str, message: str) -> None:
    """What the document does not have is an operator error."""
    file = tmp_path / "works.yaml"
    file.write_text(DOCUMENT)
    with pytest.raises(UsageError, match=message):
        create_app([file], Settings(values=parse_choices([choice])))


def put_values(mock: Any, values: Any) -> int:
    return send_json(mock, "PUT", "/__mock__/values", values).status


def test_the_control_api_chooses_for_a_session(tmp_path: Path) -> None:
    """Rows begin anew with the chosen members, an action finds the word that is left, and a reset takes it back."""
    mock = make_mock(tmp_path, pace=0.001)
    assert put_values(mock, {"works": {"State": ["queued", "running", "canceled"]}}) == 204
    assert {row["state"] for row in get(mock, "/jobs")} == {"queued", "running", "canceled"}
    job = send_json(mock, "POST", "/jobs", {}).json
    assert send_raw(mock, RawRequest("POST", f"/jobs/{job['id']}/cancel")).json["state"] == "canceled"
    for wrong in ({"works": {"State": ["lost"]}}, {"shop": {"State": ["queued"]}}):
        assert put_values(mock, wrong) == 409
    assert put_values(mock, {"works": {"State": []}}) == 422
    send_raw(mock, RawRequest("POST", "/__mock__/reset"))
    assert len({row["state"] for row in get(mock, "/jobs")}) > 3


def test_statuses_that_are_left_out_are_passed_over() -> None:
    """What led to one leads to those after it, and a row begins with the first that is left."""
    status = Status(
        field="state",
        initial="new",
        transitions={"new": ("packed",), "packed": ("sent", "lost"), "sent": ("kept",)},
        terminal=("kept", "lost"),
        basis="inferred",
    )
    narrowed = narrow_status(status, ["packed", "kept"])
    assert (narrowed.initial, narrowed.transitions, narrowed.terminal) == ("packed", {"packed": ("kept",)}, ("kept",))
    assert narrow_status(status, ["x"]) == status
    assert [find_alike(name, ["aborted", "done"]) for name in ("stopped", "done", "odd")] == ["aborted", "done", None]
