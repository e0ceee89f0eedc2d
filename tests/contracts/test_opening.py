"""First requests: ids from wherever they were seen, references that exist, refused bodies repaired, deletions last."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI, HTTPException
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from specduet.contracts.generation.id_pool import IdPlace, IdPool, find_path_noun, place_of_name, place_of_parameter
from specduet.contracts.generation.repairs import repair_body
from specduet.contracts.options import RunOptions
from specduet.contracts.run import RunResult, run_contract
from specduet.contracts.sending.target import Target
from specduet.specs import Api, load
from tests.contracts.recording_builder import RecordingBuilder

Serve = Callable[[Any], str]


class NewPet(BaseModel):
    """The body of a creation."""

    name: str
    owner_id: str


class NewOwner(BaseModel):
    """The body of another creation."""

    name: str
    kind: str = "private"


def build_clinic() -> FastAPI:  # noqa: C901 - five small operations
    """A service whose pets need an owner that exists, and whose owners need a kind that only its errors tell."""
    app = FastAPI()
    owners: dict[str, dict[str, Any]] = {}
    pets: dict[str, dict[str, Any]] = {}

    @app.post("/pets", status_code=201)
    def add_pet(new: NewPet) -> dict[str, Any]:
        if new.owner_id not in owners:
            raise HTTPException(404, "no such owner")
        pet = {"petId": f"p-{len(pets) + 1}", "name": new.name, "owner_id": new.owner_id}
        pets[pet["petId"]] = pet
        return pet

    @app.get("/animals/{pet_id}")
    def show_pet(pet_id: str) -> dict[str, Any]:
        if pet_id not in pets:
            raise HTTPException(404, "no such pet")
        return pets[pet_id]

    @app.post("/owners", status_code=201)
    def add_owner(new: NewOwner) -> Any:
        if new.name != "specduet":
            return JSONResponse({"errors": [{"field": "name", "message": "is no name that we know"}]}, 422)
        owner = {"id": f"o-{len(owners) + 1}", "name": new.name}
        owners[owner["id"]] = owner
        return owner

    @app.delete("/owners/{owner_id}", status_code=204)
    def remove_owner(owner_id: str) -> None:
        if owners.pop(owner_id, None) is None:
            raise HTTPException(404, "no such owner")

    @app.get("/owners/{owner_id}")
    def show_owner(owner_id: str) -> dict[str, Any]:
        if owner_id not in owners:
            raise HTTPException(404, "no such owner")
        return owners[owner_id]

    return app


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Api:
    path = tmp_path_factory.mktemp("clinic") / "clinic.json"
    path.write_text(json.dumps(build_clinic().openapi()))
    return load(path)


@pytest.fixture(scope="module")
def opened(clinic: Api, serve: Serve) -> RunResult:
    """A run of the first requests alone."""
    return run_contract([clinic], Target.parse(serve(build_clinic())), RunOptions(generate=False, probes=()))


def test_every_operation_succeeds_whatever_it_depends_on(clinic: Api, opened: RunResult) -> None:
    """A pet needs an owner, whose refused body is repaired; the pet is found by its id under another path."""
    succeeded = {e.operation for e in opened.recording.exchanges if e.is_success}
    assert succeeded == {operation.id for operation in clinic.operations}


def test_deletions_come_last_and_leave_a_row(opened: RunResult) -> None:
    """A row is created for each deletion, so that the other rows can still be asked for at the end."""
    exchanges = opened.recording.exchanges
    deleted = next(e for e in exchanges if e.request.method == "DELETE" and e.is_success)
    assert {e.request.method for e in exchanges if e.number > deleted.number} <= {"GET", "DELETE"}
    assert all(e.is_success for e in exchanges if e.number > deleted.number)


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("silenceID", IdPlace("silence", "id")),
        ("customer_ids", IdPlace("customer", "id")),
        ("user-uuid", IdPlace("user", "id")),
        ("id", IdPlace("thing", "id")),
        ("country_code", IdPlace("country", "code")),
    ],
)
def test_the_noun_of_an_id_is_read_in_every_spelling(name: str, place: IdPlace) -> None:
    """Case, separators and number make no difference; a mere ``id`` is that of what it stands in."""
    assert place_of_name(name, "thing") == place


def test_ids_are_remembered_by_what_they_belong_to(clinic: Api) -> None:
    """The id of a body, those of objects in it, and references; an id that led to a row comes first."""
    builder, pool = RecordingBuilder(clinic), IdPool()
    show = clinic.operation(next(o.id for o in clinic.operations if o.label == "GET /owners/{owner_id}"))
    add = clinic.operation(next(o.id for o in clinic.operations if o.label == "POST /owners"))
    body = {"data": [{"id": 1, "doctor": {"id": 5}, "pet_id": "p-9"}, {"id": 2}], "total": 2}
    pool.observe_exchange(add, builder.add("POST /owners", status=201, json_=body))
    pool.observe_exchange(show, builder.add("GET /owners/{owner_id}", path="/owners/7", json_={}))
    assert list(pool.list_ids(place_of_parameter(show, "owner_id"))) == ["7", 2, 1]
    assert list(pool.list_ids(IdPlace("doctor", "id"))) == [5]
    assert list(pool.list_ids(IdPlace("pet", "id"))) == ["p-9"]
    assert find_path_noun("/v1/people/{id}") == "person"


@pytest.mark.parametrize(
    "error",
    [
        {"detail": [{"loc": ["body", "name"], "msg": "too short", "type": "x"}]},
        {"errors": [{"pointer": "/name", "detail": "is taken"}]},
        {"errors": {"name": ["is taken"]}},
        "the value of 'name' is not acceptable",
    ],
)
def test_a_field_that_an_error_names_gets_another_value(clinic: Api, error: Any) -> None:
    """FastAPI's locations, pointers, keys and plain words are understood."""
    operation = clinic.operation(next(o.id for o in clinic.operations if o.label == "POST /owners"))
    text = json.dumps(error).encode() if not isinstance(error, str) else error.encode()
    refusal = RecordingBuilder(clinic).add("POST /owners", status=422, body=text)
    assert operation.body is not None
    repaired = next(repair_body(clinic.request_schemas, operation.body, {"name": ""}, refusal))
    assert repaired["name"] != ""
    assert set(repaired) == {"name"}


def test_an_error_that_names_nothing_leads_to_the_whole_body(clinic: Api) -> None:
    """The optional properties are added, as a service may need one of them."""
    operation = clinic.operation(next(o.id for o in clinic.operations if o.label == "POST /owners"))
    refusal = RecordingBuilder(clinic).add("POST /owners", status=400, body=b"Bad Request")
    assert operation.body is not None
    assert list(repair_body(clinic.request_schemas, operation.body, {"name": ""}, refusal)) == [
        {"name": "", "kind": "private"}
    ]
