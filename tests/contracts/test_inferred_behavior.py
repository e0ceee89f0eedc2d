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
from specduet.specs import Api, load
from tests.contracts.library_service import DOCUMENT, FAULTS, Library


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
