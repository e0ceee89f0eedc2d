"""The mock reads and refuses values of every kind as the installed pydantic does, through its public API alone."""

import ast
import json
import re
import tomllib
from datetime import date, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field

from specduet.mocks import create_app
from specduet.mocks.pydantic_schemas import compile_validator
from specduet.specs.schemas import Schemas
from tests.mocks.raw_http import RawRequest, send_json, send_raw

ROOT = Path(__file__).parents[2]


class Color(Enum):
    red = "red"
    green = "green"


class Level(int, Enum):
    low = 1
    high = 2


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", title="Strict one")

    a: int


class Tree(BaseModel):
    name: str = Field(min_length=2, max_length=4)
    branches: "list[Tree]" = Field(default=[], max_length=2)
    parent: "Tree | None" = None


class Everything(BaseModel):
    model_config = ConfigDict(protected_namespaces=())

    color: Color = Color.red
    level: Level = Level.low
    literal: Literal["a", "b", 3] = "a"
    only: Literal["x"] = "x"
    maybe: Literal["x", "y"] | None = None
    when: datetime | None = None
    day: date | None = None
    span: timedelta | None = None
    uid: UUID | None = None
    code: str = Field(default="aa", pattern="^a+$")
    number: float = Field(default=1, gt=0, lt=5, multiple_of=0.5)
    count: int = Field(default=1, ge=0, le=5, multiple_of=1)
    few: list[int] = Field(default=[1], min_length=1, max_length=2)
    table: dict[str, int] = Field(default={"a": 1}, min_length=1, max_length=2)
    strict: Strict | None = None
    tree: Tree | None = None
    mixed: Strict | list[Tree] | dict[str, int] | bool | None = None
    lists: list[list[Annotated[str, Field(max_length=2)]]] = []
    model_name: str = Field(default="m", alias="model-name")
    flag: bool = False


BODIES: list[Any] = [
    {"color": "blue"},
    {"color": None, "level": 3},
    {"level": "low", "literal": "c", "only": "y", "maybe": "z"},
    {"literal": [3], "only": {}, "maybe": []},
    {"when": "yesterday", "day": "2026-13-01", "span": "long", "uid": "0b5b3a52"},
    {"when": "2026-01-01T25:00:00Z", "day": "2026-01-01T01:00:00", "span": "P1", "uid": []},
    {"code": "b", "number": 0, "count": -1},
    {"code": "", "number": 5.0, "count": 6},
    {"code": [], "number": 1.3, "count": 1.5},
    {"number": "x", "count": "x", "few": "x", "table": []},
    {"few": [], "table": {}},
    {"few": [1, 2, 3], "table": {"a": 1, "b": 2, "c": 3}},
    {"few": [1, "x", None], "table": {"a": "x"}},
    {"strict": {"a": 1, "b": 2}},
    {"strict": {"b": 2}, "tree": {}},
    {"strict": [], "tree": "x"},
    {"tree": {"name": "n", "branches": [{"name": "long name"}, {"branches": [{}]}]}},
    {"tree": {"name": "name", "branches": [{}, {}, {}], "parent": {"parent": {"parent": 5}}}},
    {"mixed": "neither"},
    {"mixed": {"a": "x"}},
    {"mixed": [{"name": 5}]},
    {"lists": [["a", "abc"], "x", [None]]},
    {"model-name": 5, "flag": "maybe"},
    [],
    "x",
]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[FastAPI, Any]:
    """A FastAPI application with fields of every kind, and the mock of its document."""
    app = FastAPI()

    @app.post("/x")
    async def post(body: Everything) -> None:
        pass

    @app.get("/x/{uid}")
    async def get(uid: UUID, color: Color, when: datetime, count: Annotated[int, Field(le=5)], code: str = "") -> None:
        pass

    path: Path = tmp_path_factory.mktemp("everything") / "openapi.json"
    path.write_text(json.dumps(app.openapi()))
    return app, create_app([path])


@pytest.mark.parametrize("body", BODIES, ids=json.dumps)
def test_bodies_are_refused_in_the_words_of_pydantic(pair: tuple[FastAPI, Any], body: Any) -> None:
    """A field of any kind that is invalid gives the error response of FastAPI, to the letter."""
    expected, actual = (send_json(app, "POST", "/x", body) for app in pair)
    assert expected.status == 422
    assert (actual.status, actual.body.decode()) == (422, expected.body.decode())


@pytest.mark.parametrize(
    "query", ["", "color=blue&when=x&count=x", "color=red&when=2026-13-01T00:00&count=6", "count=1.5"]
)
@pytest.mark.parametrize("uid", ["x", "0b5b3a52-3f3c-4a3e-9d67-0c8f4b1d2e3g"])
def test_parameters_are_refused_in_the_words_of_pydantic(pair: tuple[FastAPI, Any], uid: str, query: str) -> None:
    """A parameter of any kind that is invalid gives the error response of FastAPI, to the letter."""
    expected, actual = (send_raw(app, RawRequest("GET", f"/x/{uid}?{query}")) for app in pair)
    assert expected.status == 422
    assert (actual.status, actual.body.decode()) == (422, expected.body.decode())


@pytest.mark.parametrize(
    ("component", "valid", "invalid", "location"),
    [
        ({"type": "array", "items": {"$ref": "#/components/schemas/X"}}, [[], [[]]], [[], [5]], (1, 0)),
        (
            {
                "anyOf": [
                    {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/X"}},
                    {"type": "null"},
                ]
            },
            {"a": {"b": None}},
            {"a": {"b": 5}},
            ("a", "b"),
        ),
        (
            {"type": "object", "required": ["x"], "properties": {"x": {"$ref": "#/components/schemas/Y"}}},
            {"x": [{"x": []}]},
            {"x": [{}]},
            ("x", 0, "x"),
        ),
    ],
)
def test_components_stand_within_themselves(
    component: Any, valid: Any, invalid: Any, location: tuple[Any, ...]
) -> None:
    """Arrays, maps and models that hold themselves, also by way of another component, are validated at every depth."""
    other = {"type": "array", "items": {"$ref": "#/components/schemas/X"}}
    validator = compile_validator(
        Schemas({"components": {"schemas": {"X": component, "Y": other}}}), "/components/schemas/X"
    )
    assert validator.is_complete
    assert validator.validate(valid)[1] == []
    assert [error["loc"] for error in validator.validate(invalid)[1]] == [location]


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer", "minimum": 0.5},
        {"type": "string", "pattern": "^(?!x)"},
        {"type": "string", "maxLength": -1},
        {"type": "array", "minItems": "x"},
    ],
)
def test_what_pydantic_cannot_say_is_left_to_the_schema(schema: Any) -> None:
    """A schema that pydantic has no type for compiles all the same, and is known to be incomplete."""
    schemas = Schemas({"components": {"schemas": {"X": schema}}})
    assert not compile_validator(schemas, "/components/schemas/X").is_complete


def test_only_the_public_api_is_used() -> None:
    """No module imports pydantic_core or what pydantic keeps to itself, for their releases are not ours to choose."""
    for path in (ROOT / "mocks").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert [name for name in modules if re.match(r"pydantic(?!$)(?!_settings)[._]", name)] == [], path


def test_the_oldest_pydantic_is_the_one_that_is_tried() -> None:
    """The package installs beside any pydantic 2 from the release on that ``make test-oldest`` takes."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    oldest = re.search(r"^pydantic==(\d+\.\d+)\.0$", (ROOT / "constraints-oldest.txt").read_text(), re.MULTILINE)
    assert oldest is not None
    wanted = [line for line in project["dependencies"] if line.startswith("pydantic")]
    assert wanted == [f"pydantic>={oldest[1]},<3"]
