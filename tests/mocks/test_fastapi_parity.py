"""The mock refuses as FastAPI refuses: the same request to both, and the same response from both.

``SPECDUET_EXAMPLES`` is the number of requests to each operation: 100 without it, thousands when it matters.
"""

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import HealthCheck, Phase, assume, given, reject, settings
from hypothesis import strategies as st

from specduet.mocks import create_app
from specduet.mocks.handler import ValidatedRequest
from specduet.mocks.responses import HttpResponse, make_json_response
from tests.mocks.fastapi_reference_app import app as fastapi_app
from tests.mocks.raw_http import RawRequest, send_raw_async

EXAMPLES = int(os.environ.get("SPECDUET_EXAMPLES", "100"))
parity_settings = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="SPECDUET_EXAMPLES" not in os.environ,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)

# ---------------------------------------------------------------------------------------------- the two servers


def echo_parameters(_handler: Any, _world: Any, validated: ValidatedRequest, *_rest: Any) -> HttpResponse:
    """Return the values of a request's parameters as text."""
    values = validated.parameters
    return make_json_response(
        200, {name: value if isinstance(value, str) else str(value) for name, value in values.items()}
    )


def create_echoing_mock(apis: list[Any]) -> Any:
    mock = create_app(apis)
    for handler in mock.handlers:
        handler.action = echo_parameters
    return mock


@pytest.fixture(scope="module")
def bundled() -> Any:
    """The mock of the two bundled documents that FastAPI generated."""
    return create_echoing_mock(["nx1", "seekrflow"])


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The mock of the document that FastAPI generates for the reference application itself."""
    path: Path = tmp_path_factory.mktemp("reference") / "openapi.json"
    path.write_text(json.dumps(fastapi_app.openapi()))
    return create_echoing_mock([path])


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """One event loop for all requests of a module: making one takes longer than a request."""
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def assert_same(loop: asyncio.AbstractEventLoop, mock: Any, raw_request: RawRequest) -> None:
    """Status, problems, and the headers that explain a refusal agree; of what was accepted, the values read."""
    try:
        expected = loop.run_until_complete(send_raw_async(fastapi_app, raw_request))
    except UnicodeDecodeError:  # FastAPI breaks on telling of bytes that are no text: one of the differences
        reject()
    got = loop.run_until_complete(send_raw_async(mock, raw_request))
    assert got.status == expected.status, (raw_request, got.body, expected.body)
    for name in ("www-authenticate", "allow", "location", "content-type", "content-length"):
        if expected.status >= 300:
            assert got.headers.get(name) == expected.headers.get(name), (name, raw_request, got.body, expected.body)
    if expected.status >= 300:
        assert got.body == expected.body, raw_request
    else:
        read = {name: value for name, value in expected.json.items() if name in got.json or value is not None}
        assert {name: got.json.get(name) for name in read if name in PARAMETERS} == {
            name: value for name, value in read.items() if name in PARAMETERS
        }, raw_request


PARAMETERS = {"limit", "order", "offset", "run_id", "thread_id", "x-team-id", "x-correlation-id"}

# ------------------------------------------------------------------------------------------------- the requests

anything = st.text(st.characters(codec="utf-8"), max_size=12)
odd_integers = st.sampled_from(
    [
        *("+1", "1_0", "1.0", " 10 ", "-0", "0x10", "1e3", "\u0661\u0662", "", "true", "1__0", "_1", "1_", "+", "-"),
        *("1.5", "1.00", "1.", ".0", "00012", "+-1", "--1", "NaN", "1 0", "\u00a01", "\t7\n", "1\x00", "\uff11"),
        *("9" * 30, "9" * 4299, "9" * 4300, "9" * 4301, "9" * 5000, "-" + "9" * 40, "1." + "0" * 50, "0.0", "-1.0"),
        *("1_000", "1_000.0", "+1.0", "1e2.0", "\u2212 5", "5 \r", "inf", "0b1", "1,0", "None", "null", "0_0"),
    ]
)
integers = st.integers(-5, 5).map(str) | st.integers().map(str) | odd_integers | anything
_PLAIN = "0b5b3a52-3f3c-4a3e-9d67-0c8f4b1d2e3f"
uuids = (
    st.uuids().map(str)
    | st.uuids().flatmap(
        lambda u: st.sampled_from(
            [u.hex, f"{{{u}}}", f"urn:uuid:{u}", str(u).upper(), f"URN:UUID:{u}", f"{{{u.hex}}}", f"({u})", f"{u}-"]
        )
    )
    | st.sampled_from([_PLAIN[:-1], f" {_PLAIN}", f"{_PLAIN} ", _PLAIN.replace("-", "_"), "{" + _PLAIN, "0", "-" * 36])
    | st.integers(0, 40).map(lambda n: _PLAIN.replace("-", "")[:n])
    | st.builds(lambda at, c: _PLAIN[:at] + c + _PLAIN[at + 1 :], st.integers(0, 35), st.characters(codec="utf-8"))
    | anything
)
orders = st.sampled_from(["asc", "desc", "ASC", " asc", "asc ", "", "up", "asc,desc", "OrderEnum.asc"]) | anything
values = integers | orders | uuids


def encode_pair(name: str, value: str, how: int) -> str:
    if how == 0:
        return f"{quote_plus(name)}={quote_plus(value)}"
    if how == 1:
        return f"{quote(name, safe='')}={quote(value, safe='')}"
    return f"{name}={value}".encode().decode("latin-1").replace("?", "%3F").replace("&", "%26")


names = st.sampled_from(["limit"] * 6 + ["order", "offset"] * 3 + ["limit[]", "Limit", "limit ", "", "x", "order[]"])
pairs = st.builds(encode_pair, names, values, st.integers(0, 2))
noise = st.sampled_from(
    ["", "limit", "limit=", "=", "&", "%zz", "limit=%", "limit=%f", "limit=%FF", "limit=1;order=asc"]
)
queries = st.lists(pairs | noise, max_size=5).map("&".join)
segments = uuids.filter(lambda text: "/" not in text and text not in {"", ".", ".."})
encoded_segments = st.builds(lambda text: quote(text, safe=""), segments) | st.sampled_from(
    ["%FF", "%zz", "%C3%28", "a%00b", "%0A", "x%0A", "%ED%A0%80"]
)
header_values = st.binary(max_size=8).filter(lambda raw: not set(raw) & {0, 10, 13})
content_types = st.sampled_from(
    [b"application/json"] * 12
    + [b"application/json; charset=utf-8", b"Application/JSON", b"application/problem+json", b"application/vnd.a+json"]
    + [b"text/plain", b"application/x-www-form-urlencoded", b"application/jsonx", b"json", b"", b";", b"text/json"]
    + [
        b"application/json, text/plain",
        b" application/json ",
        b"multipart/form-data; boundary=x",
        b"application/",
        b"a/b/c",
    ]
    + [b"application/json;", b'application/json; charset="x', b"application/ json", b"application/+json", b"\xff/json"]
)


def combine_headers(credentials: st.SearchStrategy[list[tuple[bytes, bytes]]]) -> st.SearchStrategy[Any]:
    extra = st.lists(
        st.tuples(st.sampled_from([b"x-team-id", b"x-correlation-id", b"x-other"]), header_values), max_size=3
    )
    return st.builds(lambda first, second: [*first, *second], credentials, extra)


_good = st.just([(b"authorization", b"Bearer t"), (b"authorization-psk", b"k")])
_odd = st.sampled_from(
    [
        [],
        [(b"authorization", b"")],
        [(b"authorization", b"Bearer")],
        [(b"authorization", b"bearer t")],
        [(b"authorization", b"Bearer  t ")],
        [(b"authorization", b"Basic dTpw")],
        [(b"authorization", b"raw-key")],
        [(b"authorization-psk", b"")],
        [(b"authorization-psk", b"k")],
        [(b"authorization-psk", b""), (b"authorization", b"Bearer t")],
        [(b"authorization", b""), (b"authorization", b"Bearer t")],
    ]
)
headers = combine_headers(_good) | combine_headers(_good) | combine_headers(_odd)

# Values of the wrong type that pydantic does not convert: what it converts is the list of differences below.
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | anything,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(anything, inner, max_size=3),
    max_leaves=6,
)
_not_text = (
    st.none() | st.booleans() | st.integers() | st.lists(anything, max_size=2) | st.dictionaries(anything, anything)
)
texts = anything | anything | _not_text
booleans = st.booleans() | st.none() | st.sampled_from(["maybe", "", 2, -1, 1.5, [], {}, "2", 10**30])
whole_numbers = st.integers() | st.none() | st.sampled_from(["abc", "", 1.5, [], {}, "1.5", -2.5, 1.0, 7.0])
numbers = st.floats(-3, 3) | st.integers(-3, 3) | st.sampled_from(["abc", "", None, [], {}, 10**400])
maps = st.dictionaries(anything, json_values, max_size=3) | st.none() | st.lists(json_values, max_size=2) | anything
text_lists = st.lists(texts, max_size=3) | st.none() | anything | st.dictionaries(anything, anything, max_size=1)


def make_objects(fields: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """An object with any of the fields, in any order, and others besides; or now and then no object at all."""
    some = st.fixed_dictionaries({}, optional=fields)
    most = st.fixed_dictionaries(fields)
    others = st.dictionaries(anything.filter(lambda name: name not in fields), json_values, max_size=2)
    mixed = st.builds(lambda a, b: {**b, **a}, most | some, others)
    return mixed | mixed | mixed | json_values.filter(lambda value: not isinstance(value, dict))


crew_types = st.sampled_from(["ask", "classification", "semantic_model", "Ask", "", "ask "]) | texts
preset = make_objects({"crew_type": crew_types, "task_input": maps})
agents = make_objects(
    {
        "id": texts,
        "role": texts,
        "goal": texts,
        "backstory": texts,
        "verbose": booleans,
        "tools": text_lists,
        "tool_categories": text_lists,
        "use_default_mcps": booleans,
    }
)
tasks = make_objects(
    {"description": texts, "agent_index": whole_numbers, "expected_output": texts, "tools": text_lists}
)
crews = make_objects(
    {
        "agents": st.lists(agents, max_size=2) | maps,
        "tasks": st.lists(tasks, max_size=2) | texts,
        "verbose": booleans,
        "process": texts,
    }
)
custom = make_objects({"crew_config": crews, "task_input": maps})
thread_runs = make_objects(
    {
        "agent_id": texts,
        "model_settings": make_objects({"temperature": numbers, "top_p": numbers, "max_tokens": whole_numbers})
        | st.none(),
        "response_format": texts | maps,
        "metadata": st.dictionaries(anything, texts, max_size=2) | st.none() | texts,
    }
)


def encode_value(value: Any, how: int) -> bytes:
    text = json.dumps(value, ensure_ascii=how % 2 == 0, indent=2 if how == 3 else None)
    return text.encode(["utf-8", "utf-8", "utf-16", "utf-8", "utf-8-sig", "utf-32-le", "utf-16-be"][how])


def damage_bytes(raw: bytes, at: int, what: bytes, drop: int) -> bytes:
    at %= len(raw) + 1
    return raw[:at] + what + raw[at + drop :]


_damage = st.sampled_from(
    [b"", b",", b"}", b'"', b"\xff", b"\\", b"\\u12", b"\x01", b"[", b"tru", b"0", b":", b"'", b"//", b"\xc3"]
)


def make_bodies(good: st.SearchStrategy[Any]) -> st.SearchStrategy[bytes]:
    spelt = st.builds(encode_value, good, st.sampled_from([0, 0, 0, 1, 1, 2, 3, 4, 5, 6]))
    hurt = st.builds(damage_bytes, spelt, st.integers(0, 200), _damage, st.integers(0, 3))
    odd = st.sampled_from(
        [
            b"",
            b" ",
            b"null",
            b"\xef\xbb\xbf",
            b"{",
            b"1" * 5000,
            b'"' + b"x" * 70,
            b'{"crew_type":"ask","crew_type":"x"}',
        ]
    )
    return spelt | spelt | spelt | hurt | odd | st.binary(max_size=20)


def is_carried_on(raw: bytes) -> bool:
    """Return False for a body that FastAPI itself breaks on, or takes and cannot hand on."""
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return True
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except ValueError:
        return False
    return True


# ---------------------------------------------------------------------------------------------------- the tests


@parity_settings
@given(query=queries, headers=headers)
def test_a_list_with_a_limit(loop: Any, bundled: Any, query: str, headers: Any) -> None:
    """GET of the crew runs reads and refuses its limit as FastAPI does."""
    assert_same(loop, bundled, RawRequest("GET", f"/api/crew-runs?{query}", headers))


@parity_settings
@given(run_id=encoded_segments, headers=headers)
def test_a_uuid_in_the_path(loop: Any, bundled: Any, run_id: str, headers: Any) -> None:
    """GET of one crew run reads and refuses its UUID as FastAPI does."""
    assert_same(loop, bundled, RawRequest("GET", f"/api/crew-runs/{run_id}", headers))


@parity_settings
@given(thread_id=encoded_segments, query=queries, headers=headers)
def test_a_list_with_everything(loop: Any, bundled: Any, thread_id: str, query: str, headers: Any) -> None:
    """GET of a thread's runs reads and refuses path, query and headers as FastAPI does, several at once."""
    assert_same(loop, bundled, RawRequest("GET", f"/v1/threads/{thread_id}/runs?{query}", headers))


@pytest.mark.parametrize(
    "raw_request",
    [
        RawRequest("GET", "/v1/threads/%0A/runs?limit=\x80", [(b"authorization", b"t")]),
        RawRequest(
            "POST",
            "/api/crews/run",
            [(b"authorization", b"Bearer t"), (b"content-type", b"application/json")],
            b"[1e-7]",
        ),
        RawRequest(
            "POST", "/api/crews/run", [(b"authorization", b"Bearer t"), (b"content-type", b"application/json")], b"1e-5"
        ),
        RawRequest(
            "POST", "/api/crews/run", [(b"authorization", b"Bearer t"), (b"content-type", b"application/json")], b"1e22"
        ),
    ],
)
def test_what_was_once_different(loop: Any, bundled: Any, raw_request: RawRequest) -> None:
    """Bytes in the query of a path with a line break, and numbers that encoders spell in several ways."""
    assert_same(loop, bundled, raw_request)


def make_post_request(target: str, headers: Any, content_type: bytes | None, body: bytes) -> RawRequest:
    assume(is_carried_on(body))
    extra = [] if content_type is None else [(b"content-type", content_type)]
    return RawRequest("POST", target, [*headers, *extra], body)


@parity_settings
@given(headers=headers, content_type=content_types | st.none(), body=make_bodies(preset))
def test_a_start(loop: Any, bundled: Any, headers: Any, content_type: bytes | None, body: bytes) -> None:
    """POST of a preset crew run reads and refuses its body as FastAPI does."""
    assert_same(loop, bundled, make_post_request("/api/crews/run", headers, content_type, body))


@parity_settings
@given(headers=headers, content_type=content_types | st.none(), body=make_bodies(custom))
def test_a_nested_body(loop: Any, generated: Any, headers: Any, content_type: bytes | None, body: bytes) -> None:
    """A body with lists of objects is refused as FastAPI refuses it, at every depth."""
    assert_same(loop, generated, make_post_request("/api/crews/run/custom", headers, content_type, body))


@parity_settings
@given(thread_id=encoded_segments, headers=headers, content_type=content_types, body=make_bodies(thread_runs))
def test_a_body_of_unions_and_bounds(
    loop: Any, generated: Any, thread_id: str, headers: Any, content_type: bytes, body: bytes
) -> None:
    """Unions, bounds on numbers and maps are refused as FastAPI refuses them."""
    assert_same(loop, generated, make_post_request(f"/v1/threads/{thread_id}/runs", headers, content_type, body))


@parity_settings
@given(query=queries, headers=headers, thread_id=encoded_segments)
def test_the_generated_document(loop: Any, generated: Any, query: str, headers: Any, thread_id: str) -> None:
    """A mock of FastAPI's own document answers as the application that generated it."""
    assert_same(loop, generated, RawRequest("GET", f"/v1/threads/{thread_id}/runs?{query}", headers))


_PATHS = [
    *("/api/crew-runs", "/api/crew-runs/", "/api/crew-runs//", "/api/crews/run", "/api/crews/run/", "//", "/api"),
    *("/api/crew-runs/x/", "/api/crew-runs/a/b", "/v1/threads/t/runs/", "/v1/threads//runs"),
    *("/API/crew-runs", "/api/crew-runs%20", "/api/%63rew-runs", "/nope/"),
]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "TRACE", "FOO"])
@pytest.mark.parametrize("path", _PATHS)
def test_paths_and_methods(loop: Any, generated: Any, method: str, path: str) -> None:
    """Unknown paths, other methods and trailing slashes are answered as FastAPI answers them."""
    assert_same(loop, generated, RawRequest(method, path, [(b"authorization", b"Bearer t")]))
