"""SD525 and the rows that probes create: an empty list gets rows that differ, and a filter without effect is told."""

import json
from collections.abc import Callable
from itertools import count
from typing import Any
from urllib.parse import parse_qs

import pytest

from specduet.contracts.recording import ReceivedResponse, SentRequest
from specduet.contracts.run import RunResult
from tests.contracts.conftest import Respond
from tests.contracts.test_small_documents import respond

Judge = Callable[..., RunResult]
CRATE = (
    "{type: object, required: [label, size], properties: {id: {type: integer, readOnly: true},"
    " label: {type: string}, size: {type: integer, minimum: 1}, tags: {type: array, items: {type: string}}}}"
)
CRATES = f"""
  /crates:
    get:
      parameters:
        - {{name: label, in: query, schema: {{type: string}}}}
        - {{name: tag, in: query, schema: {{type: string}}}}
        - {{name: min_size, in: query, schema: {{type: integer}}}}
        - {{name: q, in: query, schema: {{type: string}}}}
      responses:
        '200': {{description: ok, content: {{application/json: {{schema: {{type: array, items: {CRATE}}}}}}}}}
    post:
      requestBody: {{required: true, content: {{application/json: {{schema: {CRATE}}}}}}}
      responses:
        '201': {{description: made, content: {{application/json: {{schema: {CRATE}}}}}}}
        '400': {{description: bad}}
"""
FILTERS: dict[str, Callable[[dict[str, Any], str], bool]] = {
    "label": lambda crate, text: crate["label"] == text,
    "tag": lambda crate, text: text in crate.get("tags", ()),
    "min_size": lambda crate, text: crate["size"] >= int(text),
    "q": lambda crate, text: text in crate["label"],
}


def keep_crates(ignored: str = "") -> Respond:
    """Return a service that begins without crates, and ignores one of its filters."""
    crates: list[dict[str, Any]] = []
    numbers = count(1)

    def service(request: SentRequest) -> ReceivedResponse:
        if request.method == "POST":
            return create_crate(request.body or b"")
        query = parse_qs(request.query)
        try:
            found = [
                c for c in crates if all(FILTERS[n](c, query[n][0]) for n in query.keys() & FILTERS if n != ignored)
            ]
        except ValueError:
            return respond(400, "{}")
        return respond(200, json.dumps(found))

    def create_crate(data: bytes) -> ReceivedResponse:
        try:
            body = json.loads(data)
            valid = isinstance(body["label"], str) and type(body["size"]) is int and body["size"] >= 1
            valid = valid and all(isinstance(tag, str) for tag in body.get("tags", []))
        except (ValueError, TypeError, KeyError):
            valid = False
        if not valid:
            return respond(400, "{}")
        crates.append({"id": next(numbers), **{n: v for n, v in body.items() if n in {"label", "size", "tags"}}})
        return respond(201, json.dumps(crates[-1]))

    return service


def told(result: RunResult) -> set[tuple[str, str]]:
    """Return the clauses and places of the findings on lists."""
    return {(f.code, f.where) for f in result.findings if f.code.startswith("SD5")}


def test_nothing_is_told_of_filters_that_work(judge: Judge) -> None:
    """Rows are created where the list is empty, and every filter leaves out the right ones."""
    result = judge(CRATES, keep_crates())
    assert told(result) == set()
    labels = {row["label"] for e in result.recording.exchanges if isinstance(e.json, list) for row in e.json}
    assert len(labels) > 5


@pytest.mark.parametrize("name", ["label", "tag"])
def test_a_filter_without_effect_is_told(judge: Judge, name: str) -> None:
    """A filter that is known by its name alone is told where no value of it leaves out a row."""
    assert ("SD525", f"query/{name}") in told(judge(CRATES, keep_crates(name)))


def test_a_bound_that_is_ignored_is_told(judge: Judge) -> None:
    """Numbers of the rows are tried as bounds."""
    assert [code for code, _ in told(judge(CRATES, keep_crates("min_size")))] in (["SD513"], ["SD525"])


def test_a_search_is_left_alone(judge: Judge) -> None:
    """What a free text finds is the service's own affair."""
    assert told(judge(CRATES, keep_crates("q"))) == set()
