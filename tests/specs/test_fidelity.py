"""The bundled documents say what the vendors' pages say; where pages disagree, the difference is named here.

The pages' facts lie in ``facts/``: the OpenAPI blocks of three pages as they stand, two rendered pages as tables.
"""

from pathlib import Path
from typing import Any

import pytest

from specduet.specs.loading import HOME
from specduet.specs.source import read_document

FACTS = Path(__file__).parent / "facts"


def document(api: str) -> Any:
    return read_document(HOME / api / "openapi.yaml")


def facts(page: str) -> Any:
    return read_document(FACTS / f"{page}.yaml")


BLOCKS = [
    ("nx1", "nx1-list-runs"),
    ("nx1", "nx1-run-preset-crew"),
    ("seekrflow", "seekrflow-list-runs"),
]


@pytest.mark.parametrize(("api", "page"), BLOCKS)
@pytest.mark.parametrize("part", ["openapi", "info", "servers", "security"])
def test_head_is_the_pages(api: str, page: str, part: str) -> None:
    """Version, title, description, servers and the global security are those of the page's block."""
    assert facts(page)[part] == document(api)[part]


@pytest.mark.parametrize(("api", "page"), BLOCKS)
def test_paths_are_the_pages(api: str, page: str) -> None:
    """Every operation of the page's block stands in the document, to the letter."""
    bundled = document(api)["paths"]
    assert facts(page)["paths"] == {path: bundled[path] for path in facts(page)["paths"]}


@pytest.mark.parametrize(("api", "page"), BLOCKS)
@pytest.mark.parametrize("kind", ["schemas", "securitySchemes"])
def test_components_are_the_pages(api: str, page: str, kind: str) -> None:
    """Every schema and security scheme of the page's block stands in the document, to the letter."""
    bundled = document(api)["components"][kind]
    stated = facts(page)["components"][kind]
    assert stated == {name: bundled[name] for name in stated}


def test_nx1_has_nothing_that_no_page_has() -> None:
    """The Nx1 document is the union of its three pages and nothing else."""
    pages = [facts("nx1-list-runs"), facts("nx1-run-preset-crew")]
    stated = {path for page in pages for path in page["paths"]} | {facts("nx1-get-run")["path"]}
    assert stated == set(document("nx1")["paths"])
    schemas = {name for page in pages for name in page["components"]["schemas"]}
    assert schemas == set(document("nx1")["components"]["schemas"])


def test_seekrflow_is_its_page() -> None:
    """The SeekrFlow document is its page's block, whole."""
    assert facts("seekrflow-list-runs") == document("seekrflow")


def test_nx1_get_run_is_the_rendered_page() -> None:
    """Summary, path parameter and the 200 of GET run are those of the rendered page."""
    page = facts("nx1-get-run")
    operation = document("nx1")["paths"][page["path"]][page["method"]]
    assert page["summary"] == operation["summary"]
    assert page["parameters"] == [row(p) for p in operation["parameters"]]
    success = operation["responses"]["200"]
    assert page["response"]["description"] == success["description"]
    reference = success["content"]["application/json"]["schema"]["$ref"]
    assert f"#/components/schemas/{page['response']['schema']}" == reference


def test_nx1_run_record_is_the_rendered_table() -> None:
    """Names, types, requiredness, nullability and enum of the run record agree with the rendered table."""
    page = facts("nx1-get-run")
    schema = document("nx1")["components"]["schemas"]["CrewRunHistoryResponse"]
    assert page["response"]["schema_description"] == schema["description"]
    assert sorted(page["fields"], key=name) == sorted(fields(document("nx1"), schema), key=name)


def test_nx1_nested_objects_are_the_rendered_example() -> None:
    """The rendered example's nested objects have the fields and the defaults of the document."""
    page = facts("nx1-get-run")
    schemas = document("nx1")["components"]["schemas"]
    agent, task, config = (schemas[n]["properties"] for n in ("AgentConfig", "TaskConfig", "CrewConfig"))
    assert set(page["agent_fields"]) == set(agent) - {"tool_categories"}
    assert set(page["task_fields"]) == set(task)
    assert page["agent_defaults"] == defaults(agent)
    assert page["task_defaults"] == defaults(task)
    assert page["config_defaults"] == defaults(config)


def test_where_the_nx1_pages_disagree_the_newer_blocks_win() -> None:
    """The rendered page is older; these are all its differences, and the blocks' side was taken in each."""
    page = facts("nx1-get-run")
    listing = facts("nx1-list-runs")["paths"]["/api/crew-runs"]["get"]
    operation = document("nx1")["paths"][page["path"]]["get"]
    # 1. Only the bearer token is shown there; the blocks accept either scheme.
    assert page["credentials"] == ["OAuth2AuthorizationCodeBearer"]
    assert operation["security"] == listing["security"]
    # 2. No 422 is shown there, though the path parameter is a UUID; the list's is taken.
    assert page["statuses"] == ["200"]
    assert operation["responses"]["422"] == listing["responses"]["422"]
    # 3. Agents have no `tool_categories` there.
    agent = document("nx1")["components"]["schemas"]["AgentConfig"]["properties"]
    assert set(agent) - set(page["agent_fields"]) == {"tool_categories"}


def test_cloudcruise_parameters_are_the_rendered_table() -> None:
    """Names, order, types, formats, enums, defaults, bounds and descriptions of the parameters are the page's."""
    page = facts("cloudcruise-list-runs")
    operation = document("cloudcruise")["paths"][page["path"]][page["method"]]
    assert [p | {"in": "query", "required": False} for p in page["parameters"]] == [
        row(p, "description") for p in operation["parameters"]
    ]
    assert page["summary"] == operation["summary"]


def test_cloudcruise_rows_are_the_rendered_table() -> None:
    """Names, order, types, formats, enums, nullability and descriptions of a run's fields are the page's."""
    page = facts("cloudcruise-list-runs")
    spec = document("cloudcruise")
    schema = spec["components"]["schemas"]["Run"]
    assert page["fields"] == list(fields(spec, schema, "description"))


def test_cloudcruise_head_is_the_pages() -> None:
    """Server, credential and the only documented status are the page's; the page shows no version of the API."""
    page = facts("cloudcruise-list-runs")
    spec = document("cloudcruise")
    assert [{"url": page["server"]}] == spec["servers"]
    assert {"cc-key": page["credential"] | {"type": "apiKey"}} == spec["components"]["securitySchemes"]
    responses = spec["paths"][page["path"]]["get"]["responses"]
    assert page["statuses"] == list(responses)
    assert page["response"]["description"] == responses["200"]["description"]


@pytest.mark.parametrize("api", ["nx1", "cloudcruise", "seekrflow"])
def test_no_stale_or_broken_example_was_taken_over(api: str) -> None:
    """Examples that break their own schema or go stale are not in the documents."""
    assert "example" not in set(keys(document(api)))


def name(field: dict[str, Any]) -> str:
    return str(field["name"])


def row(parameter: dict[str, Any], *extra: str) -> dict[str, Any]:
    """A parameter as the tables have it."""
    schema = {k: v for k, v in parameter["schema"].items() if k != "title"}
    shown = ("name", "in", "required", *extra)
    return {k: parameter[k] for k in shown} | schema


def fields(spec: Any, schema: dict[str, Any], *extra: str) -> Any:
    """A schema's properties as the tables have them."""
    for key, raw in schema["properties"].items():
        alternatives = raw.get("anyOf", [raw])
        inner = next(a for a in alternatives if a.get("type") != "null")
        if "$ref" in inner:
            inner = spec["components"]["schemas"][inner["$ref"].rpartition("/")[2]]
        kinds = [inner["type"]] if isinstance(inner["type"], str) else inner["type"]
        yield (
            {"name": key, "type": kinds[0]}
            | {k: inner[k] for k in ("format", "enum") if k in inner}
            | ({"required": True} if key in schema["required"] else {})
            | ({"nullable": True} if "null" in kinds or {"type": "null"} in alternatives else {})
            | {k: raw[k] for k in extra}
        )


def defaults(properties: dict[str, Any]) -> dict[str, Any]:
    return {key: raw["default"] for key, raw in properties.items() if "default" in raw}


def keys(node: Any) -> Any:
    if isinstance(node, dict):
        yield from node
        for value in node.values():
            yield from keys(value)
    elif isinstance(node, list):
        for value in node:
            yield from keys(value)
