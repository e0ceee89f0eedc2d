"""What the suite makes of behavior that is only inferred: pages in envelopes, changes, and rows that it spares."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from specduet.contracts.findings import Finding
from specduet.contracts.options import RunOptions
from specduet.contracts.run import RunResult, run_contract
from specduet.contracts.sending.target import Target
from specduet.contracts.traces import CreatedRun, UnknownPathValue
from specduet.specs import Api, load
from tests.contracts.library_service import DOCUMENT, FAULTS, Library
from tests.contracts.recording_builder import RecordingBuilder, load_paths


@pytest.fixture(scope="module")
def library_api(tmp_path_factory: pytest.TempPathFactory) -> Api:
    """Return the document of the library."""
    file = tmp_path_factory.mktemp("library") / "library.json"
    file.write_text(json.dumps(DOCUMENT), "utf-8")
    return load(file)


def judge_library(api: Api, url: str, **options: Any) -> RunResult:
    """Return the result of a run without invalid requests, which these rules do not need."""
    chosen = {"generate": False, "probes": ("collections", "lifecycle", "changes"), **options}
    return run_contract([api], Target(url), RunOptions(**chosen))


def describe_finding(finding: Finding) -> tuple[str, str, str]:
    """Return the code, the operation and the severity of a finding."""
    return finding.code, finding.operation, finding.severity


def test_nothing_is_found_on_a_service_that_is_right(library_api: Api, serve: Callable[[Any], str]) -> None:
    """Pages, sort keys, filters, cursors, changes and deletions of a correct service give no finding and no note."""
    result = judge_library(library_api, serve(Library().build_app()))
    assert [describe_finding(finding) for finding in result.findings] == []
    assert [note for note in result.notes if "broke off" in note] == []
    called = {e.operation for e in result.recording.exchanges if e.is_success}
    assert called == {"listBooks", "createBook", "getBook", "updateBook", "deleteBook", "listLoans"}


@pytest.mark.parametrize(("fault", "expected"), FAULTS.items(), ids=str)
def test_a_fault_is_a_warning(
    library_api: Api, serve: Callable[[Any], str], fault: str, expected: tuple[str, str]
) -> None:
    """Each fault is found by the clause that names it, as a warning, since no document states the behavior."""
    found = {describe_finding(f) for f in judge_library(library_api, serve(Library(fault).build_app())).findings}
    assert (*expected, "warning") in found
    assert {severity for _, _, severity in found} == {"warning"}


def test_only_rows_of_the_run_are_changed(library_api: Api, serve: Callable[[Any], str]) -> None:
    """A whole run, with invalid and generated requests, changes and deletes no row that was there before."""
    library = Library()
    judge_library(library_api, serve(library.build_app()), generate=True, probes=RunOptions().probes)
    assert library.written
    assert min(library.written) >= 500


@pytest.mark.parametrize("name", ["one", "two"])
def test_a_single_row_is_judged(tmp_path: Path, serve: Callable[[Any], str], name: str) -> None:
    """A resource with one row, found without an id, breaks no clause off, in several documents at once either."""
    setting = {"type": "object", "required": ["theme"], "properties": {"theme": {"type": "string"}}}
    response = {"200": {"description": "ok", "content": {"application/json": {"schema": setting}}}}
    apis = []
    for number, path in enumerate(("/me", "/settings")):
        info = {"title": f"{name} {number}", "version": "1"}
        document = {"openapi": "3.1.0", "info": info, "paths": {path: {"get": {"responses": response}}}}
        (tmp_path / f"{number}.json").write_text(json.dumps(document), "utf-8")
        apis.append(load(tmp_path / f"{number}.json"))

    async def answer(_scope: Any, _receive: Any, send: Callable[[Any], Any]) -> None:
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"theme": "dark"}'})

    result = run_contract(apis, Target(serve(answer)), RunOptions(generate=False, probes=("collections", "lifecycle")))
    assert [note for note in result.notes if "broke off" in note] == []
    assert not result.findings


def test_an_example_of_a_mock_shows_no_rows(library_api: Api) -> None:
    """A response that a mock marks as an example in place of rows proves nothing about rows."""
    builder = RecordingBuilder(library_api)
    rows = [{"id": 1, "title": "a", "genre": "novel", "year": 1}, {"id": 1, "title": "b", "genre": "poems", "year": 2}]
    body, headers = {"books": rows, "meta": {"total": 0}}, (("content-type", "application/json"),)
    for extra, codes in (((("X-Mock-Example", "made up"),), set()), ((), {"SD501", "SD510", "SD520", "SD524"})):
        builder.add("GET /books", query="per_page=1&genre=novel", json_=body, headers=(*headers, *extra))
        found = {
            f.code for code in ("SD501", "SD510", "SD520", "SD524") for f in builder.check_clause(code, "GET /books")
        }
        assert found == codes


def test_a_patch_may_be_refused(tmp_path: Path) -> None:
    """An action may refuse a row in its state, and an update may refuse a JSON Patch that its schema allows."""
    order = {"type": "object", "properties": {"id": {"type": "string"}, "status": {"enum": ["open", "cancelled"]}}}
    shown = {"200": {"description": "ok", "content": {"application/json": {"schema": order}}}}
    refused = shown | {"400": {"description": "not now"}}
    patch = {"type": "array", "items": {"type": "object", "required": ["op"], "properties": {"op": {"type": "string"}}}}
    body = {"required": True, "content": {"application/json": {"schema": patch}}}
    path_id = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}]
    item = {"get": {"responses": shown}, "patch": {"requestBody": body, "responses": refused}, "parameters": path_id}
    listed = {"200": {"description": "ok", "content": {"application/json": {"schema": {"items": order}}}}}
    action = {"post": {"responses": refused}, "parameters": path_id}
    paths = {"/orders": {"get": {"responses": listed}}, "/orders/{id}": item, "/orders/{id}/cancel": action}
    builder = RecordingBuilder(load_paths(tmp_path, paths))
    builder.add(
        "POST /orders/{id}/cancel", path="/orders/a/cancel", status=200, json_={"id": "a", "status": "cancelled"}
    )
    builder.add("POST /orders/{id}/cancel", path="/orders/a/cancel", status=400, json_={})
    sent = {"sent_headers": (("Content-Type", "application/json"),), "path": "/orders/a"}
    builder.add(
        "PATCH /orders/{id}", json_={"id": "a"}, sent_body=b'[{"op": "test", "path": "/id", "value": "a"}]', **sent
    )
    builder.add("PATCH /orders/{id}", status=400, json_={}, sent_body=b'[{"op": "add"}]', **sent)
    assert [
        f for label in ("POST /orders/{id}/cancel", "PATCH /orders/{id}") for f in builder.check_clause("SD305", label)
    ] == []


def test_ids_that_nothing_tells_may_all_exist(tmp_path: Path) -> None:
    """An invented id is one too many only where an operation lists or creates the rows."""
    row = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
    shown = {
        "200": {"description": "ok", "content": {"application/json": {"schema": row}}},
        "404": {"description": "no"},
    }
    path_id = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}]
    listed = {
        "200": {"description": "ok", "content": {"application/json": {"schema": {"type": "array", "items": row}}}}
    }
    item = {"/payouts/{id}": {"get": {"responses": shown}, "parameters": path_id}}
    for paths, is_found in ((item, False), ({**item, "/payouts": {"get": {"responses": listed}}}, True)):
        builder = RecordingBuilder(load_paths(tmp_path, paths))
        exchange = builder.add("GET /payouts/{id}", path="/payouts/never-used", json_={"id": "never-used"})
        builder.recording.traces.append(UnknownPathValue(builder.api.name, exchange.operation, "id", exchange))
        assert bool(builder.check_clause("SD615", "GET /payouts/{id}")) is is_found


def test_a_client_may_give_two_rows_one_id(tmp_path: Path) -> None:
    """Rows whose id is in the request are one row where two requests give the same."""
    row = {
        "type": "object",
        "required": ["name"],
        "properties": {"name": {"type": "string"}, "size": {"type": "integer"}},
    }
    content = {"content": {"application/json": {"schema": row}}}
    path_name = [{"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}]
    paths = {
        "/tags": {"post": {"requestBody": content, "responses": {"201": {"description": "new", **content}}}},
        "/tags/{name}": {"get": {"responses": {"200": {"description": "ok", **content}}}, "parameters": path_name},
    }
    builder = RecordingBuilder(load_paths(tmp_path, paths))
    for _ in range(2):
        made = builder.add("POST /tags", status=201, json_={"name": "text", "size": 1}, sent_body=b'{"name":"text"}')
        trace = CreatedRun(builder.api.name, made.operation, "tag", made, {}, made.json, None, (), ())
        builder.recording.traces.append(trace)
    assert builder.check_clause("SD621", "POST /tags") == []


@pytest.mark.parametrize(("other_id", "count"), [("b", 0), ("a", 1)])
def test_a_post_may_find_the_row_of_the_same_name(tmp_path: Path, other_id: str, count: int) -> None:
    """Two equal POSTs may show one row where another body leads to another row; one id for all is told."""
    row = {"type": "object", "properties": {"id": {"type": "string"}, "name": {"type": "string"}}}
    shown = {"content": {"application/json": {"schema": row}}}
    wanted = {"content": {"application/json": {"schema": {"type": "object", "properties": {"name": {}}}}}}
    path_id = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}]
    paths = {
        "/tags": {"post": {"requestBody": wanted, "responses": {"201": {"description": "new", **shown}}}},
        "/tags/{id}": {"get": {"responses": {"200": {"description": "ok", **shown}}}, "parameters": path_id},
    }
    builder = RecordingBuilder(load_paths(tmp_path, paths))
    for _ in range(2):
        made = builder.add("POST /tags", status=201, json_={"id": "a", "name": "x"}, sent_body=b'{"name":"x"}')
        trace = CreatedRun(builder.api.name, made.operation, "tag", made, {}, made.json, None, (), ())
        builder.recording.traces.append(trace)
    builder.add("POST /tags", status=201, json_={"id": other_id, "name": "y"}, sent_body=b'{"name":"y"}')
    assert len(builder.check_clause("SD621", "POST /tags")) == count
