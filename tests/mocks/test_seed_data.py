"""Seed data: rows that the user gives to begin with, in JSON, YAML or CSV, whole or in part."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest

from specduet.mocks import Settings, create_app
from specduet.mocks.csv_rows import convert_text
from specduet.mocks.reloading import ReloadingMock
from specduet.mocks.seed_data import read_seed_data
from specduet.mocks.world import match_resource
from specduet.specs import SpecduetError, load
from specduet.specs.schemas import Field
from tests.mocks.mock_process import run_mock
from tests.mocks.office_client import DOCUMENT, OfficeClient
from tests.mocks.raw_http import RawRequest, send_raw

PEOPLE = [{"id": "p1", "name": "Ada", "room": None}, {"id": "p2", "name": "Grace", "room": "7"}]
CSV = """\
name,lead.name,lead.mail,lead.phone,status,budget,public,tags
"Move, soon",Ada,ada@example.org,0123,draft,12.50,true,a;b
"Two
lines",Grace,grace@example.org,,active,,FALSE,"[""x""]"
"""


def write(folder: Path, **texts: str) -> Path:
    """Write files, and return their folder. ``__`` in a name stands for a slash, ``_`` for a point."""
    for name, text in texts.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


# ------------------------------------------------------------------------------------------------------- files


@pytest.mark.parametrize(
    "files",
    [
        {"person_json": json.dumps(PEOPLE)},
        {"people_yaml": "- {id: p1, name: Ada, room: null}\n- {id: p2, name: Grace, room: '7'}\n"},
        {"People_yml": "- {id: p1, name: Ada, room: null}\n- {id: p2, name: Grace, room: '7'}\n"},
        {"office_person_json": json.dumps(PEOPLE)},
        {"office__person_json": json.dumps(PEOPLE)},
        {"all_json": json.dumps({"people": PEOPLE})},
        {"all_json": json.dumps({"office": {"person": PEOPLE}})},
        {"person_json": json.dumps(PEOPLE), "readme_md": "# Not read", "_hidden_json": "{"},
    ],
)
def test_a_folder_has_a_file_for_each_resource(tmp_path: Path, files: dict[str, str]) -> None:
    """The file's name is the resource's, in the singular or plural, with or without the API's."""
    assert OfficeClient(write(tmp_path, **files)).get("/people") == PEOPLE


@pytest.mark.parametrize("content", [{"person": PEOPLE}, {"office": {"people": PEOPLE}}])
def test_a_file_has_all_rows(tmp_path: Path, content: Any) -> None:
    """One file holds rows by resource, or by API and resource."""
    write(tmp_path, seed_json=json.dumps(content))
    assert OfficeClient(tmp_path / "seed.json").get("/people") == PEOPLE


def test_several_apis(tmp_path: Path) -> None:
    """A resource that two APIs have needs the name of its API."""
    apis = [load(DOCUMENT), load(DOCUMENT, name="annex")]
    with pytest.raises(SpecduetError, match=r"'person' may be any of office\.person, annex\.person"):
        read_seed_data(write(tmp_path / "a", person_json="[]"), apis)
    given = read_seed_data(write(tmp_path / "b", annex_person_json=json.dumps(PEOPLE), office__person_json="[]"), apis)
    assert {name: len(resources["person"]) for name, resources in given.items()} == {"annex": 2, "office": 0}


@pytest.mark.parametrize("name", ["task", "tasks", "Task", "TASKS"])
def test_names_of_resources(name: str) -> None:
    """Singular, plural and any spelling mean the same resource."""
    assert match_resource(load(DOCUMENT), name) == "task"


def test_cells_have_the_types_of_the_schema(tmp_path: Path) -> None:
    """Columns with dots are inside objects; numbers, truth values and lists are read; empty cells are left out."""
    first, second = OfficeClient(write(tmp_path, projects_csv=CSV)).get("/projects")
    assert {name: first[name] for name in ("name", "status", "budget", "public", "tags")} == {
        "name": "Move, soon",
        "status": "draft",
        "budget": 12.5,
        "public": True,
        "tags": ["a", "b"],
    }
    assert first["lead"] == {"name": "Ada", "mail": "ada@example.org", "phone": "0123"}
    assert second["lead"] == {"name": "Grace", "mail": "grace@example.org"}
    assert (second["name"], second["public"], second["tags"], "budget" in second) == ("Two\nlines", False, ["x"], False)


MAP = {"type": "object", "additionalProperties": {"type": "integer"}}


@pytest.mark.parametrize(
    ("schema", "column", "cell", "value"),
    [
        (MAP, "counts", '{""a"": 1}', {"a": 1}),
        (MAP, "counts.a", "1", {"a": 1}),
        ({"type": "object", "additionalProperties": MAP}, "counts.a.b", "1", {"a": {"b": 1}}),
        ({"additionalProperties": {"type": "integer"}}, "counts", '{""a"": 1}', {"a": 1}),
        ({"oneOf": [{"type": "string"}, MAP]}, "counts", '{""a"": 1}', {"a": 1}),
        ({"type": "string"}, "counts", '{""a"": 1}', '{"a": 1}'),
        (None, "counts", '{""a"": 1}', {"a": 1}),
    ],
)
def test_a_cell_may_hold_a_map(tmp_path: Path, schema: Any, column: str, cell: str, value: Any) -> None:
    """A map is JSON in one cell, or a column for each of its members, which have the type of the map's values."""
    thing = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}
    thing |= {"additionalProperties": MAP} if schema is None else {}
    thing["properties"] |= {} if schema is None else {"counts": schema}
    rows = {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}}
    listed = {"200": {"description": "", "content": {"application/json": {"schema": rows}}}}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Things", "version": "1"},
        "paths": {"/things": {"get": {"responses": listed}}},
        "components": {"schemas": {"Thing": thing}},
    }
    (tmp_path / "things.json").write_text(json.dumps(document))
    (tmp_path / "thing.csv").write_text(f'id,{column}\n1,"{cell}"\n')
    given = read_seed_data(tmp_path / "thing.csv", [load(tmp_path / "things.json")])
    assert given["things"]["thing"][0]["counts"] == value


def test_cells_between_semicolons(tmp_path: Path) -> None:
    """A table of a spreadsheet with semicolons, a byte order mark and CRLF is read, too."""
    assert OfficeClient(write(tmp_path, people_csv="\ufeffid;name\r\np1;Ada\r\n\r\n")).get("/people") == [
        {"id": "p1", "name": "Ada"}
    ]


# -------------------------------------------------------------------------------------------------------- rows


def test_what_is_missing_is_made_up(tmp_path: Path) -> None:
    """Required properties are generated, optional ones are left out, ids are unique, and all of it is valid."""
    office = OfficeClient(write(tmp_path, project_csv="id,name\n,A\n5,B\n,C\n", task_csv="title\nPack\nDrive\n"))
    projects = office.get("/projects")
    assert [project["name"] for project in projects] == ["A", "B", "C"]
    assert projects[1]["id"] == 5
    assert len({project["id"] for project in projects}) == 3
    is_valid = office.app.apis[0].response_schemas.validator_at("/components/schemas/Project").is_valid
    assert all(map(is_valid, projects))
    assert not any(project.keys() & {"budget", "public", "tags"} for project in projects)
    assert office.get(f"/projects/{projects[0]['id']}") == projects[0]


def test_objects_may_be_partial() -> None:
    """An object within a row gets what its schema demands, and no more."""
    (project,) = OfficeClient({"project": [{"name": "A", "lead": {"name": "Ada"}}]}).get("/projects")
    assert (project["lead"].keys(), project["lead"]["name"]) == ({"name", "mail"}, "Ada")


def test_rows_refer_to_the_given_rows() -> None:
    """Made-up tasks refer to given people, and belong to given projects."""
    office = OfficeClient({"person": PEOPLE, "project": [{"id": 3, "name": "A"}]}, runs=5)
    tasks = office.get("/projects/3/tasks")
    assert len(tasks) == 5
    assert {task["person_id"] for task in tasks} <= {"p1", "p2"}
    assert office.send("GET", "/projects/1/tasks").status == 404


@pytest.mark.parametrize("column", ["projectId", "?projectId", "project", "project_id"])
def test_a_parent_that_rows_do_not_show(tmp_path: Path, column: str) -> None:
    """Rows name it by the path parameter or by its resource; rows without it get one."""
    write(tmp_path, project_csv="id,name\n3,A\n4,B\n", task_csv=f"title,{column}\nPack,4\nDrive,3\nRest,4\n")
    office = OfficeClient(tmp_path)
    titles = [[task["title"] for task in office.get(f"/projects/{number}/tasks")] for number in (3, 4)]
    assert titles == [["Drive"], ["Pack", "Rest"]]
    assert "projectId" not in office.get("/projects/3/tasks")[0]


def test_given_rows_can_be_written() -> None:
    """They are listed after what requests create, whose ids are new, and they can be removed."""
    office = OfficeClient({"project": [{"id": 9, "name": "A"}]})
    created = office.create("/projects", {"name": "B", "status": "draft", "lead": {"name": "x", "mail": "x@y.org"}})
    assert [project["id"] for project in office.get("/projects")] == [created["id"], 9]
    assert office.send("DELETE", "/projects/9").status == 204
    assert office.send("GET", "/projects/9").status == 404


def test_reset_and_sessions_begin_with_them() -> None:
    """A reset brings them back as they were, and each session has its own."""
    office = OfficeClient({"project": [{"name": "A"}], "person": PEOPLE})
    before = office.dump_state()
    office.send("DELETE", f"/projects/{before['project'][0]['id']}")
    office.put_state({"person": []})
    assert office.get("/__mock__/state", X_Mock_Session="other")["office"] == before
    office.send("POST", "/__mock__/reset")
    assert office.dump_state() == before


ANIMALS = """\
openapi: 3.1.0
info: {title: Zoo, version: '1'}
paths:
  /animals:
    get:
      responses:
        '200':
          description: OK
          content: {application/json: {schema: {type: array, items: {$ref: '#/components/schemas/Animal'}}}}
  /animals/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: string}}]
    get:
      responses:
        '200': {description: OK, content: {application/json: {schema: {$ref: '#/components/schemas/Animal'}}}}
components:
  schemas:
    Animal: {oneOf: [{$ref: '#/components/schemas/Cat'}, {$ref: '#/components/schemas/Bird'}]}
    Cat:
      type: object
      required: [id, kind, lives]
      properties: {id: {type: string}, kind: {const: cat}, lives: {type: integer}}
    Bird:
      type: object
      required: [id, kind, nest]
      properties:
        id: {type: string}
        kind: {const: bird}
        nest: {type: object, required: [eggs], properties: {eggs: {type: [integer, 'null']}, height: {type: number}}}
        calls: {type: object, additionalProperties: {type: object, properties: {length: {type: integer}}}}
"""


def test_rows_with_alternatives(tmp_path: Path) -> None:
    """Each row is one of its alternatives; keys of maps and objects that are all empty are what they are."""
    document = tmp_path / "zoo.yaml"
    document.write_text(ANIMALS)
    text = "id,kind,lives,nest.eggs,nest.height,calls.kra.length\na,cat,7,,,\nb,bird,,2,1.5,3\nc,bird,,,4,\n,bird,,,,\n"
    write(tmp_path / "data", animals_csv=text)
    api = load(document)
    app = create_app([api], Settings(seed_data=read_seed_data(tmp_path / "data", [api])))
    cat, first, second, third = send_raw(app, RawRequest("GET", "/animals")).json
    assert cat == {"id": "a", "kind": "cat", "lives": 7}
    assert first == {"id": "b", "kind": "bird", "nest": {"eggs": 2, "height": 1.5}, "calls": {"kra": {"length": 3}}}
    assert second["nest"] == {"eggs": None, "height": 4}
    assert (third["kind"], "eggs" in third["nest"], "lives" in third) == ("bird", True, False)


# ------------------------------------------------------------------------------------------------------ errors


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            {"project_csv": "name,status\nA,draft\nB,done\n"},
            "project.csv:3: row 1 of 'project' breaks the schema at /status: ",
        ),
        (
            {"project_csv": "name,budget\n\nA,much\n"},
            "project.csv:3: row 0 of 'project' breaks the schema at /budget: ",
        ),
        ({"project_csv": "name,colour\nA,red\n"}, "project.csv:2: row 0 of 'project' breaks the schema"),
        (
            {"project_csv": "name,lead.mail\nA,x\n"},
            "project.csv:2: row 0 of 'project' breaks the schema at /lead/mail: ",
        ),
        ({"project_csv": "name\nA,B\n"}, "project.csv:2: has 2 cells, and 1 names above them"),
        ({"project_csv": "name,name\n"}, "project.csv:1: has two columns called 'name'"),
        ({"project_csv": "lead,lead.name\n"}, "project.csv:1: has a column 'lead', and others for what is in it"),
        ({"project_csv": 'name\n"A'}, "project.csv:2: is no CSV: "),
        (
            {"project_json": '[\n {"id": 1, "name": "A"},\n {"id": 1, "name": "B"}]'},
            "project.json:3: row 1 of 'project' has",
        ),
        ({"project_json": '[\n {"name": ""}]'}, "project.json:2: row 0 of 'project' breaks the schema at /name: "),
        ({"project_json": "[1]"}, "project.json:1: is no row: a row is an object"),
        ({"project_json": "[{]"}, "project.json:1: does not parse"),
        ({"project_json": "3"}, "project.json:1: is no list of rows"),
        ({"all_yaml": "project: []\nroom: []\n"}, "all.yaml:2: "),
        ({"all_yaml": "project: []\nroom: {}\n"}, "all.yaml:2: no API is called 'room'"),
        ({"room_csv": "id\n"}, "room.csv: no resource is called 'room'"),
        ({"other__task_csv": "id\n"}, "no API is called 'other'"),
        ({"task_csv": "title\n", "tasks_json": "[]"}, "there are rows of 'task' in another file, too"),
        ({"readme_md": ""}, "has no seed data"),
    ],
)
def test_what_does_not_fit_is_an_operator_error(tmp_path: Path, files: dict[str, str], message: str) -> None:
    """The error names the file, the line, the row, the property and what is wrong with it."""
    with pytest.raises(SpecduetError) as raised:
        OfficeClient(write(tmp_path, **files))
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("text", "value"), [("1;3", [1, 3]), ("1; ;3;", [1, 3]), ("[1, 3]", [1, 3]), ("1;x;3", "1;x;3")]
)
def test_a_list_in_a_cell_loses_nothing(text: str, value: Any) -> None:
    """A list of numbers with something else in it is no list of numbers: the error shows the text of the cell."""
    schema = {"type": "array", "items": {"type": "integer"}}
    field = Field(("list",), "", schema, required=True, nullable=False)
    assert convert_text(text, [field], lambda _pointer, read: jsonschema_rs.is_valid(schema, read)) == value


def test_seed_data_of_no_api() -> None:
    """Seed data for an API that is not served are an operator error."""
    with pytest.raises(SpecduetError, match="there are seed data for shop"):
        create_app([load(DOCUMENT)], Settings(seed_data={"shop": {}}))


# ------------------------------------------------------------------------------------------------- the command


def test_the_command_begins_with_them(tmp_path: Path) -> None:
    """``--seed-data`` takes a folder, and ``--reload`` follows it: edits, new files, and errors with their line."""
    write(tmp_path, person_csv="id,name\np1,Ada\n")
    with run_mock(str(DOCUMENT), "--seed-data", str(tmp_path), "--reload") as read_until:
        url = read_until("control API")[0].rsplit(" ", 1)[1].strip()
        assert [person["name"] for person in httpx.get(f"{url}/people").json()] == ["Ada"]
        write(tmp_path, person_csv="id,name\np1,Grace\n")
        read_until("reloaded")
        assert [person["name"] for person in httpx.get(f"{url}/people").json()] == ["Grace"]
        write(tmp_path, project_csv="name,status\nA,done\n")
        assert "project.csv:2: row 0 of 'project' breaks the schema at /status" in read_until("not reloaded")[-1]
        write(tmp_path, project_csv="name,status\nA,draft\n")
        read_until("reloaded")
        assert [project["name"] for project in httpx.get(f"{url}/projects").json()] == ["A"]


def test_edited_data_win_over_written_rows(tmp_path: Path) -> None:
    """Rows that requests wrote stay when the data of another resource change, and go when their own do."""

    def load_settings(apis: Any) -> Settings:
        return Settings(seed_data=read_seed_data(tmp_path, apis))

    write(tmp_path, person_csv="id,name\np1,Ada\n", project_csv="id,name\n1,A\n")
    apis = [load(DOCUMENT)]
    app = ReloadingMock(
        create_app(apis, load_settings(apis)), lambda: apis, lambda _line: None, load_settings, tmp_path
    )
    send_raw(app, RawRequest("DELETE", "/projects/1"))
    write(tmp_path, person_csv="id,name\np1,Grace\n")
    asyncio.run(app.reload())
    assert send_raw(app, RawRequest("GET", "/projects")).json == []
    assert send_raw(app, RawRequest("GET", "/people")).json == [{"id": "p1", "name": "Grace"}]
    write(tmp_path, project_csv="id,name\n2,B\n")
    asyncio.run(app.reload())
    assert [project["id"] for project in send_raw(app, RawRequest("GET", "/projects")).json] == [2]
