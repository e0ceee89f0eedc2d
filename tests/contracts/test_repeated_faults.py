"""A fault that a generator repeats is sent a few times, and then left out."""

from pathlib import Path

import pytest

from specduet.contracts.generation.repeated_faults import FaultLimiter
from tests.contracts.recording_builder import load_paths


@pytest.fixture
def limiter(tmp_path: Path) -> FaultLimiter:
    """A limiter for a list with a version in a header, an optional limit and a required zone."""
    parameters = [
        {"name": "If-Match", "in": "header", "schema": {"type": "string", "pattern": '^"[0-9]+"$'}},
        {"name": "limit", "in": "query", "schema": {"type": "integer"}},
        {"name": "zone", "in": "query", "required": True, "schema": {"type": "integer"}},
        {"name": "tags", "in": "query", "schema": {"type": "array", "items": {"type": "integer"}}},
    ]
    paths = {"/things": {"get": {"parameters": parameters, "responses": {"200": {"description": "OK"}}}}}
    api = load_paths(tmp_path, paths)
    return FaultLimiter(api, api.operations[0])


def test_a_wrong_optional_header_is_left_out_after_three_requests(limiter: FaultLimiter) -> None:
    """A text that breaks the pattern is sent three times, whatever else is wrong in the request."""
    sent = [limiter.limit_headers([("if-match", "0"), ("X-Other", "a")]) for _ in range(5)]
    assert sent == [(("if-match", "0"), ("X-Other", "a"))] * 3 + [(("X-Other", "a"),)] * 2
    assert limiter.limit_headers([("if-match", "1")]) == (("if-match", "1"),)


def test_a_right_text_is_sent_as_often_as_it_is_made(limiter: FaultLimiter) -> None:
    """A text that satisfies its schema is never left out."""
    assert [limiter.limit_headers([("If-Match", '"7"')]) for _ in range(5)] == [(("If-Match", '"7"'),)] * 5
    assert {limiter.limit_query("limit=5&zone=1") for _ in range(5)} == {"limit=5&zone=1"}


def test_a_wrong_optional_query_parameter_is_left_out(limiter: FaultLimiter) -> None:
    """A required parameter stays, wrong or not, and so does what is written in more than one way."""
    sent = [limiter.limit_query("limit=a%20b&zone=x&tags=1,x&&other") for _ in range(4)]
    assert sent == ["limit=a%20b&zone=x&tags=1,x&&other"] * 3 + ["zone=x&tags=1,x&&other"]
