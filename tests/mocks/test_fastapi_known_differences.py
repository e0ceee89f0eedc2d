"""Where the mock answers otherwise than FastAPI, on purpose: the whole list, each with what both do.

1. JSON types in a body are strict: what the schema forbids is refused, also where pydantic would convert it.
2. ``NaN``, ``Infinity`` and numbers beyond a double are refused: FastAPI takes them, or breaks on telling of them.
3. Lone surrogates are refused: FastAPI takes them, or breaks on telling of them.
4. A body nested deeper than 200 is refused as FastAPI refuses one nested deeper than Python's parser goes.
5. A body that is neither JSON nor UTF-8 is refused: FastAPI breaks on telling of it.
6. HEAD and OPTIONS are answered.
7. ``Allow`` names every method of a path, and not only the first.
8. Bodies and query strings have a greatest length.
9. A trailing slash redirects also where the query is not UTF-8: FastAPI breaks on it.
10. An encoded slash is a part of its path parameter (RFC 3986, section 2.2): FastAPI separates at it.
11. A path with a line break at its end is another path: FastAPI takes both for the same.
12. ``GET /`` lists what is served, where no operation stands there.
"""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given

from specduet.mocks import Settings, create_app
from tests.mocks.fastapi_reference_app import app as fastapi_app
from tests.mocks.raw_http import RawRequest, RawResponse, send_raw
from tests.mocks.test_fastapi_parity import crews, json_values, parity_settings

KEY = [(b"authorization", b"Bearer t")]
JSON = (b"content-type", b"application/json")
VALIDATOR = jsonschema.Draft202012Validator(
    {"$ref": "#/components/schemas/CrewRunCustomRequest", "components": fastapi_app.openapi()["components"]}
)
AGENT = {"role": "r", "goal": "g", "backstory": "b"}
TASK = {"description": "d"}


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("reference") / "openapi.json"
    path.write_text(json.dumps(fastapi_app.openapi()))
    return path


@pytest.fixture(scope="module")
def mock(document: Path) -> Any:
    return create_app([document])


def post_body(app: Any, target: str, body: Any, content_type: bytes = b"application/json") -> RawResponse:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return send_raw(app, RawRequest("POST", target, [*KEY, (b"content-type", content_type)], raw))


def make_crew_body(**changed: Any) -> dict[str, Any]:
    return {"crew_config": {"agents": [{**AGENT, **changed}], "tasks": [TASK]}}


def make_task_body(**changed: Any) -> dict[str, Any]:
    return {"crew_config": {"agents": [AGENT], "tasks": [{**TASK, **changed}]}}


CUSTOM, RUN = "/api/crews/run/custom", "/v1/threads/t/runs"
AT_AGENT, AT_TASK = ["body", "crew_config", "agents", 0], ["body", "crew_config", "tasks", 0]


@pytest.mark.parametrize(
    ("target", "body", "location", "kind", "message"),
    [
        (CUSTOM, make_crew_body(verbose=1), [*AT_AGENT, "verbose"], "bool_type", "Input should be a valid boolean"),
        (CUSTOM, make_crew_body(verbose="yes"), [*AT_AGENT, "verbose"], "bool_type", "Input should be a valid boolean"),
        (CUSTOM, make_crew_body(verbose=0.0), [*AT_AGENT, "verbose"], "bool_type", "Input should be a valid boolean"),
        (
            CUSTOM,
            make_task_body(agent_index="5"),
            [*AT_TASK, "agent_index"],
            "int_type",
            "Input should be a valid integer",
        ),
        (
            CUSTOM,
            make_task_body(agent_index=True),
            [*AT_TASK, "agent_index"],
            "int_type",
            "Input should be a valid integer",
        ),
        (
            RUN,
            {"model_settings": {"temperature": "0.5"}},
            ["body", "model_settings", "temperature"],
            "float_type",
            "Input should be a valid number",
        ),
        (
            RUN,
            {"model_settings": {"max_tokens": "7"}},
            ["body", "model_settings", "max_tokens"],
            "int_type",
            "Input should be a valid integer",
        ),
    ],
)
def test_json_types_are_strict(mock: Any, target: str, body: Any, location: list[Any], kind: str, message: str) -> None:
    """1: a value of another JSON type is refused in pydantic's words for its strict mode."""
    assert post_body(fastapi_app, target, body).status == 200
    refused = post_body(mock, target, body)
    given_value = body
    for part in location[1:]:
        given_value = given_value[part]
    assert refused.status == 422
    assert refused.json == {"detail": [{"type": kind, "loc": location, "msg": message, "input": given_value}]}


def test_strictness_comes_after_what_fastapi_says(mock: Any) -> None:
    """1: FastAPI's own problems are told first and unchanged, and nothing is told twice."""
    body = make_crew_body(verbose="yes", role=5, tools="x", tool_categories=[1])
    expected = post_body(fastapi_app, CUSTOM, body).json["detail"]
    got = post_body(mock, CUSTOM, body).json["detail"]
    assert got[: len(expected)] == expected
    assert [item["loc"][-1] for item in got[len(expected) :]] == ["verbose"]


@parity_settings
@given(crew_config=crews | json_values, task_input=json_values)
def test_valid_means_valid_for_both(mock: Any, crew_config: Any, task_input: Any) -> None:
    """1: a body is refused if the schema or FastAPI refuses it, and not otherwise; FastAPI's problems come first."""
    body = {"crew_config": crew_config, "task_input": task_input}
    is_valid = VALIDATOR.is_valid(body)
    expected, got = post_body(fastapi_app, CUSTOM, body), post_body(mock, CUSTOM, body)
    assert (got.status == 422) is (not is_valid or expected.status == 422)
    if expected.status == 422:
        assert got.json["detail"][: len(expected.json["detail"])] == expected.json["detail"]
    if got.status == 422:
        locations = [tuple(item["loc"]) for item in got.json["detail"]]
        assert locations
        assert all(location[0] == "body" for location in locations)


@pytest.mark.parametrize(
    ("raw", "position", "error"),
    [
        (b'{"crew_type": "ask", "task_input": {"a": NaN}}', 41, "Expecting value"),
        (b'{"crew_type": "NaN", "task_input": [Infinity]}', 36, "Expecting value"),
        (b'{"crew_type": "ask", "task_input": {"a": -Infinity}}', 41, "Expecting value"),
        (b'{"crew_type": "ask", "task_input": {"a": 1e999}}', 41, "Number out of range"),
        (b'{"crew_type": "1e999", "task_input": {"a": -1e+400}}', 43, "Number out of range"),
        (b'{"crew_type": "ask", "task_input": {"a": "\\ud800"}}', 42, "Lone surrogate"),
        (b'{"crew_type": "ask", "\\udc00": 1}', 22, "Lone surrogate"),
    ],
)
def test_what_json_cannot_carry_is_refused(mock: Any, raw: bytes, position: int, error: str) -> None:
    """2, 3: the place in the body and the reason are told, as for any other JSON that is none."""
    refused = post_body(mock, "/api/crews/run", raw)
    assert refused.status == 422
    assert refused.json == {
        "detail": [
            {
                "type": "json_invalid",
                "loc": ["body", position],
                "msg": "JSON decode error",
                "input": {},
                "ctx": {"error": error},
            }
        ]
    }


@pytest.mark.parametrize("value", [b"NaN", b'"\\ud800"'])
def test_fastapi_breaks_on_what_json_cannot_carry(value: bytes) -> None:
    """2, 3: the reason for the difference stands as long as FastAPI fails to tell of such a value."""
    with pytest.raises(ValueError, match=r"JSON compliant|surrogates not allowed"):
        post_body(fastapi_app, "/api/crews/run", b'{"crew_type": ' + value + b"}")


@pytest.mark.parametrize(
    ("depth", "status"), [(150, 200), (198, 200), (199, 200), (200, 400), (500, 400), (10_000, 400)]
)
def test_nesting_is_limited(mock: Any, depth: int, status: int) -> None:
    """4: deeper than 200 is answered as FastAPI answers 10,000."""
    raw = b'{"crew_type": "ask", "task_input": {"a": ' + b"[" * depth + b"]" * depth + b"}}"
    got = post_body(mock, "/api/crews/run", raw)
    assert got.status == status
    if status == 400:
        assert got.body == post_body(fastapi_app, "/api/crews/run", raw.replace(b"[", b"[" * 100)).body
        assert got.json == {"detail": "There was an error parsing the body"}


def test_bytes_that_are_no_text_are_refused(mock: Any) -> None:
    """5: FastAPI raises while it tells that the body is wrong; the mock tells it."""
    with pytest.raises(UnicodeDecodeError):
        post_body(fastapi_app, "/api/crews/run", b"\xff\xfe", b"text/plain")
    refused = post_body(mock, "/api/crews/run", b"\xff\xfe", b"text/plain")
    assert refused.status == 422
    assert refused.json["detail"][0]["type"] == "model_attributes_type"


def test_head_is_answered_as_get(mock: Any) -> None:
    """6: the status and headers of GET, and no body."""
    for target in ("/api/crew-runs", "/api/crew-runs?limit=x"):
        head, get = (send_raw(mock, RawRequest(method, target, KEY)) for method in ("HEAD", "GET"))
        assert (head.status, head.headers, head.body) == (get.status, get.headers, b"")
        assert send_raw(fastapi_app, RawRequest("HEAD", target, KEY)).status == 405


def test_options_names_what_is_allowed(mock: Any) -> None:
    """6: 204 and Allow, also without credentials; an unknown path stays unknown."""
    answered = send_raw(mock, RawRequest("OPTIONS", RUN))
    assert (answered.status, answered.headers, answered.body) == (204, {"allow": "GET, POST, HEAD, OPTIONS"}, b"")
    assert send_raw(mock, RawRequest("OPTIONS", "/api/crews/run")).headers == {"allow": "POST, OPTIONS"}
    assert send_raw(mock, RawRequest("OPTIONS", "/nope")).status == 404
    assert send_raw(fastapi_app, RawRequest("OPTIONS", RUN)).status == 405


def test_allow_is_complete(mock: Any) -> None:
    """7: two methods on one path are both named."""
    assert send_raw(mock, RawRequest("PUT", RUN)).headers["allow"] == "GET, POST"
    assert send_raw(fastapi_app, RawRequest("PUT", RUN)).headers["allow"] == "GET"


@pytest.mark.parametrize("announced", [True, False])
def test_bodies_have_a_greatest_length(document: Path, *, announced: bool) -> None:
    """8: 413, before credentials, and as soon as the length is known."""
    mock = create_app([document], Settings(max_body=1_000))
    small, large = b'{"crew_type": "ask"}', b" " * 600
    headers = [*KEY, JSON]
    if announced:
        refused = send_raw(mock, RawRequest("POST", "/api/crews/run", [*headers, (b"content-length", b"1001")]), [])
    else:
        refused = send_raw(mock, RawRequest("POST", "/api/crews/run", headers), [large, large, large])
    assert (refused.status, refused.json) == (413, {"detail": "Content Too Large"})
    assert send_raw(mock, RawRequest("POST", "/api/crews/run", headers), [large, small]).status == 200


def test_query_strings_have_a_greatest_length(mock: Any) -> None:
    """8: 414 for a million parameters, without reading them."""
    answered = send_raw(mock, RawRequest("GET", "/api/crew-runs?" + "limit=1&" * 1_000_000, KEY))
    assert (answered.status, answered.json) == (414, {"detail": "URI Too Long"})
    assert send_raw(mock, RawRequest("GET", "/api/crew-runs?" + "limit=1&" * 4_000, KEY)).status == 200


def test_redirects_keep_any_query(mock: Any) -> None:
    """9: the bytes of the query are kept, percent-encoded."""
    raw_request = RawRequest("GET", "/api/crew-runs/?limit=%31&x=\xff&y=a+b")
    with pytest.raises(UnicodeDecodeError):
        send_raw(fastapi_app, raw_request)
    answered = send_raw(mock, raw_request)
    assert (answered.status, answered.headers["location"]) == (307, "http://mock/api/crew-runs?limit=%31&x=%FF&y=a+b")


@pytest.mark.parametrize(
    ("method", "target", "own_status", "fastapi_status"),
    [
        ("GET", "/v1/threads/t%2Fu/runs", 200, 404),
        ("DELETE", "/v1/threads/t%2Fu/runs", 405, 404),
        ("PUT", "/api/crew-runs%0A", 404, 405),
        ("GET", "/", 200, 404),
        ("POST", "/", 404, 404),
    ],
)
def test_paths_are_other_paths(mock: Any, method: str, target: str, own_status: int, fastapi_status: int) -> None:
    """10 to 12: an encoded slash separates nothing, a line break counts, and the root has a page of its own."""
    responses = [send_raw(app, RawRequest(method, target, KEY)) for app in (mock, fastapi_app)]
    assert [response.status for response in responses] == [own_status, fastapi_status]
