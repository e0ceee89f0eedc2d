"""The oracle compared with a FastAPI application: FastAPI is correct, so no verdict may contradict it."""

# ruff: noqa: ARG001, B006, FBT001, FBT002 - the signatures are the application, and nothing is done with what they take

import asyncio
import json
from collections.abc import Sequence
from datetime import date, datetime
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote
from uuid import UUID

import pytest
from fastapi import Body, FastAPI, Header, Query
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from specduet.contracts.oracle.json_values import find_invalid_locations
from specduet.contracts.oracle.request_parts import RequestPart, combine_verdicts
from specduet.contracts.oracle.requests import classify_request
from specduet.contracts.recording import SentRequest
from specduet.specs import Api, load
from tests.contracts.recording_builder import load_paths

# ------------------------------------------------------------------------------------------- the application


class Colour(StrEnum):
    red = "red"
    dark_green = "dark.green"


class Size(IntEnum):
    small = 1
    large = 2


class Leaf(BaseModel):
    name: str = Field(min_length=1, max_length=5)
    weight: float = Field(default=1.0, gt=0, le=10)
    tags: list[str] = []


class Tree(BaseModel):
    colour: Colour
    size: Size = Size.small
    count: int | None = Field(default=None, ge=-2, lt=7)
    ratio: float = 0.5
    even: int = Field(default=2, multiple_of=2)
    alive: bool = True
    born: datetime | None = None
    day: date = date(2024, 1, 1)
    key: UUID | None = None
    code: str = Field(default="ab", pattern="^[a-z]+$")
    kind: Literal["tree"] = "tree"
    leaves: list[Leaf] = Field(default=[], max_length=3)
    first: Leaf | None = None
    either: str | Leaf | None = None
    scores: dict[str, int] = {}
    free: dict[str, Any] = {}
    unique: set[int] = set()
    anything: Any = None


class Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")
    must: int


app = FastAPI()


@app.get("/things/{thing}/parts/{number}")
def read(
    thing: UUID,
    number: int,
    limit: Annotated[int, Query(ge=0, le=100)] = 10,
    ratio: Annotated[float | None, Query(gt=0, lt=1)] = None,
    colour: Colour = Colour.red,
    size: Size = Size.small,
    since: datetime | None = None,
    day: date | None = None,
    key: UUID | None = None,
    flag: bool = False,
    name: Annotated[str, Query(min_length=2, max_length=4)] = "abc",
    code: Annotated[str | None, Query(pattern=r"^[a-z]{2}-\d+$")] = None,
    ids: Annotated[list[int], Query(max_length=3)] = [],
    must: Annotated[int, Query()] = ...,
    x_team: Annotated[str | None, Header()] = None,
    x_count: Annotated[int, Header(ge=1)] = 1,
) -> int:
    return 1


@app.post("/trees")
def plant(tree: Tree) -> int:
    return 1


@app.post("/closed")
def close(closed: Closed, x_key: Annotated[UUID, Header()]) -> int:
    return 1


@app.post("/optional")
def optional(leaf: Annotated[Leaf | None, Body()] = None) -> int:
    return 1


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Api:
    path = tmp_path_factory.mktemp("oracle") / "app.json"
    behavior = {"refusals": {"dialect": "fastapi", "status": 422, "basis": "documented", "because": "Validation Error"}}
    path.write_text(json.dumps({**app.openapi(), "x-specduet": behavior}))
    return load(path)


def call_app(request: SentRequest) -> tuple[int, Any]:
    """Return the status and the JSON body of the application's response, in process."""
    from urllib.parse import unquote

    messages: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": request.body or b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        messages.append(message)

    headers = [(k.lower().encode(), v.strip(" \t").encode("latin-1")) for k, v in request.headers]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "method": request.method,
        "path": unquote(request.path),
        "raw_path": request.path.encode(),
        "root_path": "",
        "query_string": request.query.encode(),
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    try:
        asyncio.run(app(scope, receive, send))
    except (UnicodeError, ValueError):
        return 500, None  # FastAPI cannot encode its own error response: its bug, whatever was sent
    body = b"".join(m.get("body", b"") for m in messages)
    return messages[0]["status"], json.loads(body) if body else None


def make_request(
    method: str,
    path: str,
    query: str = "",
    headers: Sequence[tuple[str, str]] = (),
    body: bytes | None = None,
) -> SentRequest:
    return SentRequest(method, f"http://test{path}?{query}", path, query, tuple(headers), body)


def points_at(loc: Sequence[Any], part: RequestPart) -> bool:
    shorter = min(len(loc), len(part.loc))
    return tuple(loc[:shorter]) == part.loc[:shorter]


def assert_agreement(api: Api, request: SentRequest, operation_path: str) -> str:
    """Assert that FastAPI does what the oracle says, and return the verdict."""
    operation = next(o for o in api.operations if o.path == operation_path)
    parts = classify_request(api, operation, request)
    verdict = combine_verdicts(parts)
    status, body = call_app(request)
    if status == 500:
        assert verdict != "valid"
        return verdict
    if verdict == "valid":
        assert status == 200, body
    elif verdict == "invalid":
        assert status in ({400, 404, 422} if any(p.any_4xx_allowed for p in parts) else {422}), (status, body, parts)
    else:
        assert status in {200, 400, 404, 422, 307}
    if status == 422:
        suspects = [p for p in parts if p.verdict != "valid"]
        for item in body["detail"]:
            assert any(points_at(item["loc"], p) for p in suspects), (item, parts)
    if status == 422 and verdict == "invalid" and not any(p.any_4xx_allowed for p in parts):
        locs = [item["loc"] for item in body["detail"]]
        for part in parts:
            if part.verdict == "invalid":
                assert any(points_at(loc, part) for loc in locs), (part, locs)
    return verdict


# ------------------------------------------------------------------------------------------------ generated requests

ODD_TEXTS = [
    *("", " ", "0", "1", "-1", "+1", "1_0", "1.0", "1.5", "01", "-0", " 1 ", "1e3", "0x10", "100", "101", "abc", "ab"),
    *("٣", "1.", ".5", "0.5", "0.0", "1e400", "nan", "inf", "Infinity", "9" * 25, "9" * 5000, "9007199254740993"),
    *("true", "True", "TRUE", "on", "yes", "t", "2", "null", "None", "red", "RED", " red", "dark.green", "green"),
    *("a", "abcd", "abcde", "😀", "😀😀", "😀😀😀", "ab-1", "ab-", "AB-1", "ab-٣", "ab-1\n", "\x00", "a\x00", "\u2028"),
    "5b0b4a7e-3f6d-4f0a-9a55-2f7a3b1c9d10",
    "5B0B4A7E-3F6D-4F0A-9A55-2F7A3B1C9D10",
    "5b0b4a7e3f6d4f0a9a552f7a3b1c9d10",
    "{5b0b4a7e-3f6d-4f0a-9a55-2f7a3b1c9d10}",
    "urn:uuid:5b0b4a7e-3f6d-4f0a-9a55-2f7a3b1c9d10",
    "5b0b4a7e-3f6d-4f0a-9a55-2f7a3b1c9d1",
    "5b0b4a7e-3f6d-4f0a-9a55-2f7a3b1c9d1g",
    "5b0b4a-7e3f6d-4f0a-9a55-2f7a3b1c9d10",
    "00000000-0000-0000-0000-000000000000",
    "2024-01-01T00:00:00Z",
    "2024-01-01T00:00:00+02:00",
    "2024-01-01T00:00:00 02:00",
    "2024-01-01T00:00:00.123456-05:30",
    "2024-01-01T00:00:00.1234567Z",
    "2024-01-01T00:00:60Z",
    "2024-01-01T24:00:00Z",
    "2024-01-01T25:00:00Z",
    "2024-02-30T00:00:00Z",
    "2024-13-01T00:00:00Z",
    "2023-02-29",
    "2024-02-29",
    "2024-01-01t00:00:00z",
    "2024-01-01 00:00:00",
    "2024-01-01T00:00",
    "2024-01-01_00:00:00Z",
    "2024-01-01T00:00:00+0200",
    "2024-01-01T00:00:00+14:30",
    "2024-01-01T00:00:00-00:00",
    "2024-01-01T00:00:00\u221205:00",
    "2024-01-01T12:00:00Z",
    "2024-01-01T00:00:00",
    "20240101T000000Z",
    "2024-W01-1",
    "2024-01",
    "20240101",
    "1704067200",
    "1704067200.5",
    "-1e20",
    "0001-01-01T00:00:00+05:00",
    "9999-12-31T23:59:59Z",
    "0000-01-01T00:00:00Z",
    "12024-01-01T00:00:00Z",
    "yesterday",
    "not-a-date",
    "2024-1-1",
    "01/02/2024",
    "2024-01-01T00:00:00Zjunk",
    "2024-01-01Z",
]

SCALARS = st.sampled_from(ODD_TEXTS) | st.text(max_size=8) | st.integers().map(str) | st.floats().map(str)
TIMESTAMPS = st.builds(
    "{}{}{}{}".format,
    st.dates().map(str),
    st.sampled_from(["T", "t", " ", "_", "TT", ""]),
    st.times().map(str) | st.sampled_from(["", "1:2", "10:61:00", "23:59:59,5", "23:59"]),
    st.sampled_from(["", "Z", "z", "+00:00", "-23:59", "+24:00", "+1", "+99:99", " Z", "UTC"]),
)
HEX_TEXTS = (
    st.text(alphabet="0123456789abcdefABCDEF-{}", max_size=40) | st.uuids().map(str) | st.uuids().map(lambda u: u.hex)
)
TEXTS = st.one_of(SCALARS, TIMESTAMPS, HEX_TEXTS).filter(lambda text: all(not 0xD800 <= ord(c) < 0xE000 for c in text))
NAMES = ["limit", "ratio", "colour", "size", "since", "day", "key", "flag", "name", "code", "ids", "must", "other"]
VALID_UUID = "5b0b4a7e-3f6d-4f0a-9a55-2f7a3b1c9d10"

SETTINGS = settings(
    max_examples=250, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


@SETTINGS
@given(
    thing=st.just(VALID_UUID) | HEX_TEXTS | TEXTS,
    number=st.just("1") | TEXTS,
    query=st.lists(st.tuples(st.sampled_from(NAMES), TEXTS), max_size=4),
    must=st.sampled_from([[("must", "1")], []]),
    raw=st.sampled_from(["", "", "", "limit=%zz", "limit=%ff", "limit", "must=1;limit=2", "&&", "=3", "limit=1+2"]),
    headers=st.lists(
        st.tuples(st.sampled_from(["x-team", "X-Count", "X-Other"]), TEXTS.map(lambda t: t.encode().decode("latin-1"))),
        max_size=2,
    ),
)
def test_parameters_are_judged_as_fastapi_reads_them(
    api: Api, thing: str, number: str, query: Any, must: Any, raw: str, headers: Any
) -> None:
    """No text of a path, query or header parameter is valid or invalid for the oracle where FastAPI differs."""
    text = "&".join(
        [*(f"{quote(k, safe='')}={quote(v, safe='')}" for k, v in [*must, *query]), *([raw] if raw else [])]
    )
    path = f"/things/{quote(thing, safe='')}/parts/{quote(number, safe='')}"
    assert_agreement(api, make_request("GET", path, text, headers), "/things/{thing}/parts/{number}")


@pytest.mark.parametrize("name", NAMES[:-1])
def test_every_odd_spelling_of_every_parameter(api: Api, name: str) -> None:
    """Each text of the list, alone in each parameter, is judged as FastAPI reads it."""
    for text in ODD_TEXTS:
        must = "" if name == "must" else "must=1&"
        request = make_request("GET", f"/things/{VALID_UUID}/parts/1", f"{must}{name}={quote(text, safe='')}")
        assert_agreement(api, request, "/things/{thing}/parts/{number}")


JSON_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-12, 12),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXTS,
    st.sampled_from([2**53, 2**64, 10**30, 0.0, 1.0, 2.0, 1e300]),
)
JSON = st.recursive(
    JSON_SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=5
)
LEAF = st.fixed_dictionaries(
    {}, optional={"name": JSON_SCALARS | st.just("x"), "weight": JSON_SCALARS, "tags": JSON, "more": JSON}
)
TREE = st.fixed_dictionaries(
    {"colour": st.just("red") | st.just("dark.green") | JSON_SCALARS},
    optional={
        "size": st.sampled_from([1, 2, 3, "1", 1.0, True]),
        "count": JSON_SCALARS,
        "ratio": JSON_SCALARS,
        "even": JSON_SCALARS,
        "alive": JSON_SCALARS,
        "born": JSON_SCALARS | TIMESTAMPS,
        "day": JSON_SCALARS | TIMESTAMPS,
        "key": JSON_SCALARS | HEX_TEXTS,
        "code": JSON_SCALARS,
        "kind": st.just("tree") | JSON_SCALARS,
        "leaves": st.lists(LEAF | JSON_SCALARS, max_size=4) | JSON,
        "first": LEAF | JSON,
        "either": LEAF | JSON,
        "scores": st.dictionaries(st.text(max_size=3), JSON_SCALARS, max_size=3) | JSON,
        "free": JSON,
        "unique": st.lists(st.integers(0, 2) | JSON_SCALARS, max_size=3),
        "anything": JSON,
        "extra": JSON,
    },
)
JSON_HEADERS = (("content-type", "application/json"),)


@SETTINGS
@given(value=TREE | JSON)
def test_bodies_are_judged_as_fastapi_reads_them(api: Api, value: Any) -> None:
    """No location of a JSON body is valid or invalid for the oracle where FastAPI differs."""
    assert_agreement(api, make_request("POST", "/trees", "", JSON_HEADERS, json.dumps(value).encode()), "/trees")


RAW_BODIES = [
    *(
        b"",
        b" ",
        b"null",
        b"[]",
        b"{}",
        b'"x"',
        b"1",
        b"{",
        b'{"colour": ',
        b'{"colour": "red",}',
        b"{'colour': 'red'}",
    ),
    *(b'{"colour": "red"} x', b'{"colour": "red", "colour": "blue"}', b'{"colour": "red", "ratio": NaN}', b"\xff\xfe"),
    *(b'{"colour": "\xff"}', '{"colour": "red"}'.encode("utf-16"), b'\xef\xbb\xbf{"colour": "red"}', b"undefined"),
    *(b'{"colour": "red", "free": {"a": "\\ud800"}}', b'{"colour": "red", "even": %s}' % (b"2" * 5000)),
    *(
        b"[" * 5000,
        b'{"colour": "red", "anything": %s%s}' % (b"[" * 150, b"]" * 150),
        b'{"colour": "red", "ratio": 01}',
    ),
    *(b'{"colour": "red", "ratio": 1e999}', b"colour=red", b"// c\n{}", b'{"colour":"red"}'),
]
CONTENT_TYPES = [
    *(None, "", "application/json", "application/json; charset=utf-8", "Application/JSON", "application/vnd.api+json"),
    *("text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "json"),
    *("text/json", "application/jsonx", "application/octet-stream", "*/*", "application/json;charset=latin-1", "a/b/c"),
]


@pytest.mark.parametrize("label", CONTENT_TYPES)
@pytest.mark.parametrize("path", ["/trees", "/closed", "/optional"])
def test_raw_bodies_of_every_label(api: Api, path: str, label: str | None) -> None:
    """Malformed bodies, other encodings and wrong content types are judged as FastAPI treats them."""
    headers = [("x-key", VALID_UUID), *([("content-type", label)] if label is not None else [])]
    for body in [*RAW_BODIES, b'{"must": 1}', b'{"must": 1, "more": 2}', b'{"name": "x"}', None]:
        assert_agreement(api, make_request("POST", path, "", headers, body), path)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("limit", "5", "valid"),
        ("limit", "100", "valid"),
        ("limit", "101", "invalid"),
        ("limit", "abc", "invalid"),
        ("limit", "1.5", "invalid"),
        ("limit", "+5", "lenient"),
        ("limit", "", "invalid"),
        ("name", "", "lenient"),
        ("colour", "RED", "invalid"),
        ("colour", "red", "valid"),
        ("since", "2024-01-01T00:00:00Z", "valid"),
        ("since", "2024-01-01", "lenient"),
        ("since", "yesterday", "invalid"),
        ("key", VALID_UUID, "valid"),
        ("key", VALID_UUID.upper(), "lenient"),
        ("key", VALID_UUID[:-1], "invalid"),
        ("flag", "true", "valid"),
        ("flag", "maybe", "invalid"),
        ("ids", "x", "invalid"),
    ],
)
def test_leniency_is_limited_to_what_is_uncertain(api: Api, name: str, text: str, expected: str) -> None:
    """Values that are certain are valid or invalid, not lenient."""
    sent = make_request("GET", f"/things/{VALID_UUID}/parts/1", f"must=1&{name}={quote(text)}")
    assert expected == assert_agreement(api, sent, "/things/{thing}/parts/{number}")


KEYED = """
openapi: 3.1.0
info: {title: Keyed, version: '1'}
security: [{key: []}]
paths: {/a: {get: {operationId: read, responses: {'200': {description: OK}}}}}
components: {securitySchemes: {key: {type: apiKey, in: query, name: api_key}}}
"""


def test_a_key_in_the_query_is_declared_by_its_scheme(tmp_path: Path) -> None:
    """The oracle does not take the credential for an undeclared parameter."""
    path = tmp_path / "keyed.yaml"
    path.write_text(KEYED)
    keyed = load(str(path))
    verdicts = [
        combine_verdicts(classify_request(keyed, keyed.operations[0], make_request("GET", "/a", query)))
        for query in ("api_key=1", "x=1")
    ]
    assert verdicts == ["valid", "lenient"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("[1,2]", "valid"), ("[]", "valid"), ('["a"]', "invalid"), ("5", "invalid"), ("!(1)", "lenient")],
)
def test_a_parameter_with_a_media_type_is_judged_as_json(tmp_path: Path, text: str, expected: str) -> None:
    """A query parameter with ``content`` holds one JSON text; a text in another syntax is left to the server."""
    schema = "{type: array, items: {type: integer}}"
    (tmp_path / "openapi.yaml").write_text(
        "openapi: 3.0.3\ninfo: {title: a, version: '1'}\npaths: {/a: {get: {responses: {'200': {description: d}},"
        f" parameters: [{{name: q, in: query, content: {{application/json: {{schema: {schema}}}}}}}]}}}}}}\n",
        encoding="utf-8",
    )
    api = load(str(tmp_path / "openapi.yaml"))
    request = make_request("GET", "/a", f"q={quote(text)}")
    (part,) = classify_request(api, api.operations[0], request)
    assert part.verdict == expected


def test_an_undeclared_parameter_is_lenient(api: Api) -> None:
    """Most servers ignore an undeclared parameter, and strict ones reject it, so neither is wrong."""
    request = make_request("GET", f"/things/{VALID_UUID}/parts/1", "must=1&other=x")
    assert assert_agreement(api, request, "/things/{thing}/parts/{number}") == "lenient"


@pytest.mark.parametrize(
    ("value", "expected", "loc"),
    [
        ({"colour": "red"}, "valid", ("body",)),
        ({}, "invalid", ("body", "colour")),
        ({"colour": "Red"}, "invalid", ("body", "colour")),
        ({"colour": None}, "invalid", ("body", "colour")),
        ({"colour": "red", "count": 7}, "invalid", ("body", "count")),
        ({"colour": "red", "count": 6}, "valid", ("body",)),
        ({"colour": "red", "count": "6"}, "lenient", ("body", "count")),
        ({"colour": "red", "alive": 1}, "lenient", ("body", "alive")),
        ({"colour": "red", "leaves": {}}, "invalid", ("body", "leaves")),
        ({"colour": "red", "leaves": [{"name": ""}]}, "invalid", ("body", "leaves", 0, "name")),
        ({"colour": "red", "first": {}}, "invalid", ("body", "first", "name")),
        ({"colour": "red", "either": 5}, "invalid", ("body", "either")),
        ({"colour": "red", "scores": {"a": "x"}}, "invalid", ("body", "scores", "a")),
        ({"colour": "red", "extra": 1}, "valid", ("body",)),
        ([], "invalid", ("body",)),
    ],
)
def test_each_invalid_location_of_a_body_is_a_part(api: Api, value: Any, expected: str, loc: Any) -> None:
    """Each invalid location is a part of its own, with the ``loc`` that FastAPI gives."""
    sent = make_request("POST", "/trees", "", JSON_HEADERS, json.dumps(value).encode())
    assert expected == assert_agreement(api, sent, "/trees")
    operation = next(o for o in api.operations if o.path == "/trees")
    assert loc in [part.loc for part in classify_request(api, operation, sent) if part.verdict == expected]


def test_a_remembered_verdict_is_that_of_its_value(tmp_path: Path) -> None:
    """Equal parts of two bodies are judged once: 1, 1.0 and true are different parts, and a location is its own."""
    file = tmp_path / "parts.yaml"
    file.write_text(
        "openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths: {}\ncomponents: {schemas: {Part:"
        " {properties: {size: {type: string}}}, Whole: {properties: {a: {$ref: '#/components/schemas/Part'},"
        " b: {$ref: '#/components/schemas/Part'}}}}}\n",
        "utf-8",
    )
    schemas, pointer = load(file).schemas, "/components/schemas/Whole"
    for value in (
        {"a": {"size": 1}},
        {"b": {"size": 1}},
        {"a": {"size": "x"}, "b": {"size": True}},
        {"a": {"size": 1}},
    ):
        fresh = [name for name, part in value.items() if part["size"] != "x"]
        found = find_invalid_locations(schemas, schemas.node_at(pointer), pointer, value, ("body",))
        assert [invalid.loc for invalid in found] == [("body", name, "size") for name in fresh]


def test_a_read_only_property_is_not_required_in_a_request(tmp_path: Path) -> None:
    """Also where the schema of the body stands in the operation itself (OAS 3.0, 4.7.24.2)."""
    file = tmp_path / "directions.yaml"
    schema = "{type: object, required: [id, name], properties: {id: {type: integer, readOnly: true}, name: {}}}"
    file.write_text(
        "openapi: 3.0.3\ninfo: {title: t, version: '1'}\npaths: {/a: {post: {responses: {'200': {description: ok}},"
        f" requestBody: {{required: true, content: {{application/json: {{schema: {schema}}}}}}}}}}}}}\n",
        "utf-8",
    )
    api = load(file)
    for body, verdict in ((b'{"name": 1}', "valid"), (b'{"id": 1}', "invalid")):
        request = SentRequest("POST", "http://h/a", "/a", "", (("Content-Type", "application/json"),), body)
        assert combine_verdicts(classify_request(api, api.operations[0], request)) == verdict


@pytest.mark.parametrize(
    ("query", "expected"),
    [("f=", "lenient"), ("f=%20", "lenient"), ("f=%20c", "invalid"), ("n=%09", "lenient"), ("t=%20", "invalid")],
)
def test_spaces_may_be_no_value(tmp_path: Path, query: str, expected: str) -> None:
    """A server may read a member or a number of nothing but spaces as an absent one; a text of spaces is a text."""
    schemas = {"f": {"enum": ["a", "b"]}, "n": {"type": "integer"}, "t": {"type": "string", "pattern": "^[a-z]+$"}}
    parameters = [{"name": name, "in": "query", "schema": schema} for name, schema in schemas.items()]
    paths = {"/a": {"get": {"parameters": parameters, "responses": {"200": {"description": "OK"}}}}}
    api = load_paths(tmp_path, paths)
    assert combine_verdicts(classify_request(api, api.operations[0], make_request("GET", "/a", query))) == expected
