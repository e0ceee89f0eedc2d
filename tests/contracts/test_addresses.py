"""Paths with a query or a fragment, and paths that several operations share."""

from pathlib import Path
from typing import Any

import pytest

from specduet.contracts.clauses import run_clauses
from specduet.contracts.findings import deduplicate
from specduet.contracts.options import RunOptions
from specduet.contracts.oracle.addresses import extract_path_texts, fill_path, fill_query
from specduet.contracts.oracle.requests import classify_request
from specduet.contracts.recording import SentRequest
from specduet.specs import Api, load
from tests.contracts.recording_builder import RecordingBuilder

PATHS = """
  /items: {get: {responses: &number {'200': {description: ok, content: {application/json: {schema: {type: integer}}}}}}}
  /items#text: {get: {responses: {'200': {description: ok, content: {application/json: {schema: {type: string}}}}}}}
  /jobs?action={name}#start:
    get:
      parameters: [{name: name, in: path, required: true, schema: {type: string, enum: [stop, go]}}]
      responses: *number
  /jobs: {get: {responses: *number}}
  /pets/{id}:
    get: {parameters: [{name: id, in: path, required: true, schema: {type: string}}], responses: *number}
  /pets/mine: {get: {responses: *number}}
  /pens/: {get: {responses: *number}}
  /: {get: {responses: *number}}
"""


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Api:
    file: Path = tmp_path_factory.mktemp("addresses") / "addresses.yaml"
    file.write_text(f"openapi: 3.0.3\ninfo: {{title: t, version: '1'}}\npaths:{PATHS}", "utf-8")
    return load(file)


def find_codes(api: Api, label: str, path: str, query: str, json_: Any) -> set[str]:
    builder = RecordingBuilder(api)
    builder.add(label, path=path, query=query, json_=json_)
    return {finding.code for finding in deduplicate(run_clauses(api, builder.recording, RunOptions()))}


@pytest.mark.parametrize(
    ("template", "path", "query"),
    [
        ("/jobs?action={name}#start", "/jobs", "action=a%2Fb"),
        ("/#Action=Create", "/", ""),
        ("/{name}", "/a%2Fb", ""),
        ("/a b", "/a%20b", ""),
    ],
)
def test_the_query_of_a_path_is_sent_and_a_fragment_is_not(template: str, path: str, query: str) -> None:
    """RFC 9110, 7.1: the fragment of an address stays with the client."""
    assert (fill_path(template, {"name": "a/b"}), fill_query(template, {"name": "a/b"})) == (path, query)


def test_a_parameter_in_the_query_of_a_path_is_judged(api: Api) -> None:
    """Its text is found in the query, and its name there is documented."""
    operation = next(o for o in api.operations if "?" in o.path)
    for text, verdict in (("stop", "valid"), ("jump", "invalid")):
        request = SentRequest("GET", f"http://h/jobs?action={text}", "/jobs", f"action={text}", (), None)
        assert extract_path_texts(operation, request) == {"name": text}
        assert {part.verdict for part in classify_request(api, operation, request)} == {verdict}


@pytest.mark.parametrize(
    ("label", "path", "query"),
    [("GET /items", "/items", ""), ("GET /items#text", "/items", ""), ("GET /pets/{id}", "/pets/mine", "")],
)
def test_a_response_of_a_shared_address_is_not_judged(api: Api, label: str, path: str, query: str) -> None:
    """Either operation may have answered, so that neither schema is broken for certain."""
    assert find_codes(api, label, path, query, [None]) == set()


@pytest.mark.parametrize(
    ("label", "path", "query"),
    [
        ("GET /pets/{id}", "/pets/7", ""),
        ("GET /pets/mine", "/pets/mine", ""),
        ("GET /jobs?action={name}#start", "/jobs", "action=go"),
        ("GET /jobs", "/jobs", ""),
        ("GET /pens/", "/pens/", ""),
        ("GET /", "/", ""),
    ],
)
def test_a_response_of_an_address_of_its_own_is_judged(api: Api, label: str, path: str, query: str) -> None:
    """A path without parameters comes before one with them (OAS 3.1, 4.8.8.2), and so does one with a query.

    A path may end with a slash.
    """
    assert find_codes(api, label, path, query, [None]) == {"SD104"}
