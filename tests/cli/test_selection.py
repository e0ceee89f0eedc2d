"""What ``--only`` and ``-k`` choose, and that only what the chosen items need is sent."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from specduet.contracts.clauses import all_clauses
from specduet.contracts.options import PROBES, RunOptions
from specduet.contracts.reports.model import Item
from specduet.contracts.run import run_contract
from specduet.contracts.sending.target import Target
from specduet.contracts.session.selection import ChosenRequests, parse_keyword, select_items, select_requests
from specduet.specs import Api, load

ITEM = Item("shop", "GET /runs/{id}", "status-enum")
_ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
_ROW = {"type": "object", "properties": {"id": {"type": "integer"}}}


def respond_with(schema: Any) -> dict[str, Any]:
    return {"responses": {"200": {"description": "ok", "content": {"application/json": {"schema": schema}}}}}


@pytest.fixture
def api(tmp_path: Path) -> Api:
    """An API of runs with parts, and of shops."""
    path_ids = {"parameters": [_ID]}
    paths = {
        "/runs": {"get": respond_with({"type": "array", "items": _ROW}), "post": respond_with(_ROW)},
        "/runs/{id}": {"get": respond_with(_ROW), "delete": respond_with(_ROW)} | path_ids,
        "/shops": {"get": respond_with({"type": "array", "items": _ROW})},
        "/shops/{id}": {"get": respond_with(_ROW)} | path_ids,
    }
    document = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": paths}
    (tmp_path / "t.json").write_text(json.dumps(document), "utf-8")
    return load(tmp_path / "t.json")


@pytest.mark.parametrize(
    ("keyword", "is_chosen"),
    [
        ("", True),
        ("status-enum", True),
        ("STATUS", True),
        ("test_clause", True),
        ("other", False),
        ("not other", True),
        ("shop and other", False),
        ("shop and (other or enum)", True),
        ("other or not shop and x", False),
        ("shop and not (enum and runs)", False),
        ("other[", False),
        ("(other", True),
        ("and", True),
    ],
)
def test_a_keyword_is_read_as_pytest_reads_it(keyword: str, is_chosen: bool) -> None:  # noqa: FBT001 - a parameter
    """Words are parts of names in any case; what cannot be read chooses everything, for pytest to decide."""
    assert parse_keyword(keyword)(ITEM) is is_chosen


def test_only_what_is_chosen_is_sent(api: Api) -> None:
    """Without a choice all is sent; a clause about credentials needs one probe, one about values all of them."""
    clauses = all_clauses()
    assert select_requests((api,), clauses, (), "") == ChosenRequests()
    assert select_requests((api,), clauses, ("GET /runs*",), "").labels == ("GET /runs", "GET /runs/{id}")
    assert select_requests((api,), clauses, (), "status-enum").probes == PROBES
    names = [clause.name for clause in clauses if clause.family == "credentials"]
    chosen = select_requests((api,), clauses, ("/shops",), names[0])
    assert chosen == ChosenRequests(("GET /shops",), ("credentials",), generates=False)
    assert {item.operation for item in select_items((api,), clauses, ("/shops",))} == {"GET /shops"}


def test_what_yields_ids_is_sent_too(api: Api, serve: Callable[[Any], str]) -> None:
    """For an operation on one row its list and its creation are sent once, and nothing else."""

    async def answer(scope: Any, _receive: Any, send: Callable[[Any], Any]) -> None:
        is_list = scope["method"] == "GET" and not scope["path"][-1].isdigit()
        body = json.dumps([{"id": 70}] if is_list else {"id": 7}).encode()
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    options = RunOptions(only_operations=("DELETE /runs/{id}",), generate=False, probes=("refusals",), keep_rows=True)
    result = run_contract([api], Target(serve(answer)), options)
    labels = {operation.id: operation.label for operation in api.operations}
    sent = Counter(labels[exchange.operation] for exchange in result.recording.exchanges)
    assert set(sent) == {"GET /runs", "POST /runs", "DELETE /runs/{id}"}
    assert sent["POST /runs"] == 2, "one row to know an id of, and one to delete"
    assert sent["DELETE /runs/{id}"] > 3
