"""Routing: the operation that a request belongs to, and the response if there is none."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from specduet.mocks import create_app
from specduet.mocks.routing import RouteCache, RouteMatch
from specduet.mocks.settings import Settings
from specduet.specs import UsageError, bundled
from tests.mocks.raw_http import RawRequest, send_raw


def write_document(tmp_path: Path, name: str, *operations: str, **more: Any) -> Path:
    """Write an OpenAPI document of operations such as ``GET /a/{b}``, each of which responds with its own name."""
    paths: dict[str, Any] = {}
    for operation in operations:
        method, path = operation.split(" ", 1)
        parameters = [
            {"name": piece.partition("}")[0], "in": "path", "required": True, "schema": {"type": "string"}}
            for piece in path.split("{")[1:]
        ]
        schema = {"type": "string", "const": operation}
        content = {"application/json": {"schema": schema}}
        paths.setdefault(path, {})[method.lower()] = {
            "parameters": parameters,
            "responses": {"200": {"description": "", "content": content}},
        }
    written = {"openapi": "3.1.0", "info": {"title": name, "version": "1"}, "paths": paths, **more}
    file = tmp_path / f"{name}.json"
    file.write_text(json.dumps(written))
    return file


def find_operation(mock: Any, method: str, target: str) -> Any:
    response = send_raw(mock, RawRequest(method, target))
    return response.json if response.status == 200 else response.status


def test_concrete_paths_come_first(tmp_path: Path) -> None:
    """Whatever the order in the document, a concrete path wins over a template (OAS 3.1, 4.8.8.2)."""
    operations = ("GET /a/{b}", "GET /{a}/{b}", "GET /a/b", "GET /{a}/b", "GET /a/{b}/c", "GET /a/x-{b}.json")
    mock = create_app([write_document(tmp_path, "order", *operations)])
    operations = {target: find_operation(mock, "GET", target) for target in ("/a/b", "/a/z", "/z/b", "/z/z", "/a/z/c")}
    assert operations == {
        "/a/b": "GET /a/b",
        "/a/z": "GET /a/{b}",
        "/z/b": "GET /{a}/b",
        "/z/z": "GET /{a}/{b}",
        "/a/z/c": "GET /a/{b}/c",
    }


def test_any_parameter_name_will_do(tmp_path: Path) -> None:
    """Names that are no names in Python or Starlette's sense route all the same."""
    mock = create_app([write_document(tmp_path, "names", "GET /a/{run-id}/{1}/{a.b}/{class}")])
    assert find_operation(mock, "GET", "/a/1/2/3/4") == "GET /a/{run-id}/{1}/{a.b}/{class}"


def test_a_path_parameter_is_never_converted_by_the_router(tmp_path: Path) -> None:
    """A malformed id is wrong input of a known path, and not an unknown path."""
    file = write_document(tmp_path, "ids", "GET /a/{id}")
    written = json.loads(file.read_text())
    written["paths"]["/a/{id}"]["get"]["parameters"][0]["schema"] = {"type": "integer"}
    file.write_text(json.dumps(written))
    mock = create_app([file])
    assert find_operation(mock, "GET", "/a/7") == "GET /a/{id}"
    assert find_operation(mock, "GET", "/a/x") == 400


def test_either_slash_is_served_where_it_is_stated(tmp_path: Path) -> None:
    """With the statement, a path with another slash at its end is the same operation; else it is redirected."""
    statement = {"either-slash": {"basis": "inferred"}}
    stated = create_app(
        [write_document(tmp_path, "e", "GET /a", "GET /a/{b}/", "GET /c", "GET /c/", **{"x-specduet": statement})]
    )
    assert [find_operation(stated, "GET", path) for path in ("/a", "/a/", "/a/1", "/a/1/")] == [
        *("GET /a", "GET /a", "GET /a/{b}/", "GET /a/{b}/")
    ]
    assert [find_operation(stated, "GET", path) for path in ("/c", "/c/")] == ["GET /c", "GET /c/"]
    assert find_operation(create_app([write_document(tmp_path, "o", "GET /a")]), "GET", "/a/") == 307


def test_one_document_needs_no_list(tmp_path: Path) -> None:
    """A path alone is one document: its letters are not taken for names."""
    assert find_operation(create_app(write_document(tmp_path, "one", "GET /a")), "GET", "/a") == "GET /a"


def test_two_apis_cannot_have_a_path_in_common(tmp_path: Path) -> None:
    """A clash ends the start, names both APIs and the path, and says what to do; parameter names do not matter."""
    one, two = write_document(tmp_path, "one", "GET /a/{b}"), write_document(tmp_path, "two", "POST /a/{c}")
    with pytest.raises(UsageError, match=r"one and two both have the path /a/\{b\}"):
        create_app([one, two])


def test_an_api_is_served_once(tmp_path: Path) -> None:
    """A document given twice would be one API in every report; two of one name are numbered."""
    (tmp_path / "x").mkdir()
    one, two = write_document(tmp_path, "same", "GET /a"), write_document(tmp_path / "x", "same", "GET /b")
    with pytest.raises(UsageError, match="two APIs are called same"):
        create_app([one, one])
    assert [api.name for api in create_app([one, two]).apis] == ["same", "same-2"]


def test_nothing_to_serve_is_a_mistake() -> None:
    """An empty list of APIs is an error."""
    with pytest.raises(UsageError, match="there is no API to serve"):
        create_app([])


def test_an_unknown_path_speaks_the_dialect_of_the_only_api() -> None:
    """Of one API its own dialect; of several FastAPI's."""
    single, multiple = create_app(["cloudcruise"]), create_app()
    assert send_raw(single, RawRequest("GET", "/nope")).json == {
        "statusCode": 404,
        "error": "Not Found",
        "message": "Not Found",
    }
    assert send_raw(multiple, RawRequest("GET", "/nope")).json == {"detail": "Not Found"}
    response = send_raw(multiple, RawRequest("DELETE", "/runs"))
    assert (response.status, response.headers["allow"]) == (405, "GET")
    assert response.json["statusCode"] == 405


def test_below_a_mount(tmp_path: Path) -> None:
    """An application that mounts the mock somewhere finds every path below that place."""
    mock = create_app([write_document(tmp_path, "mounted", "GET /a/{b}", "GET /c")])

    async def mounted(scope: Any, receive: Any, send: Any) -> None:
        await mock({**scope, "root_path": "/mock"}, receive, send)

    for _ in range(2):
        assert find_operation(mounted, "GET", "/mock/a/1") == "GET /a/{b}"
        assert find_operation(mounted, "GET", "/mock/c") == "GET /c"
        assert find_operation(mounted, "GET", "/mock/d") == 404
        assert find_operation(mounted, "PUT", "/mock/c") == 405
        assert find_operation(mock, "GET", "/c") == "GET /c"


def test_the_route_cache_is_bounded() -> None:
    """However many paths are requested, and however long they are, the cache of their routes stays small."""
    cache, match = RouteCache(), RouteMatch(create_app(["nx1"]).handlers[0], ("1",))
    for number in range(10_000):
        cache.store({"method": "GET", "path": f"/a/{number}"}, match)
    cache.store({"method": "GET", "path": "/a/" + "x" * 10_000}, match)
    cache.store({"method": "GET", "path": "/b", "root_path": "/a"}, match)

    def find(path: str, **scope: str) -> Any:
        return cache.get({"type": "http", "method": "GET", "path": path, **scope})

    assert find("/a/9999") is match
    assert find("/a/9999", root_path="/a") is None
    assert len([path for path in (f"/a/{number}" for number in range(10_000)) if find(path)]) <= 2_048
    assert find("/a/" + "x" * 10_000) is None
    assert find("/b") is None


@pytest.mark.parametrize("name", bundled())
def test_trailing_slashes_redirect(name: str) -> None:
    """A path with one slash too many leads to the one without, the query kept, unless both are served."""
    mock = create_app([name])
    path = next(handler.operation.path for handler in mock.handlers if "{" not in handler.operation.path)
    if "{" in path:
        pytest.skip("only templates")
    response = send_raw(mock, RawRequest("GET", f"{path}/?limit=1"))
    if mock.apis[0].behavior.either_slash is not None:
        assert response.status == send_raw(mock, RawRequest("GET", f"{path}?limit=1")).status == 401
        return
    assert (response.status, response.headers["location"]) == (307, f"http://mock{path}?limit=1")


def test_what_starting_imports() -> None:
    """A mock starts without what only the judge and the proof of documents need."""
    heavy = ("schemathesis", "hypothesis", "openapi_spec_validator", "prance", "fastapi", "pydantic", "pytest")
    code = (
        "import sys; from specduet.mocks import create_app; create_app(); "
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)  # the first may have to prove
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def with_server(url: str) -> dict[str, Any]:
    return {"servers": [{"url": url}]}


def test_the_path_of_the_server_is_served(tmp_path: Path) -> None:
    """An operation is found below the path of its server, and at its own path where nothing else stands."""
    mock = create_app(
        [write_document(tmp_path, "based", "GET /a/{b}", "POST /a", **with_server("https://x.example/v1"))]
    )
    for prefix in ("", "/v1"):
        assert find_operation(mock, "GET", f"{prefix}/a/1") == "GET /a/{b}"
        assert find_operation(mock, "POST", f"{prefix}/a") == "POST /a"
        assert find_operation(mock, "GET", f"{prefix}/a") == 405
        assert find_operation(mock, "GET", f"{prefix}/b") == 404


@pytest.mark.parametrize("prefix", ["", "/v1"])
def test_the_methods_of_a_path(tmp_path: Path, prefix: str) -> None:
    """OPTIONS and 405 name the methods of all templates that match, below the path of the server and without it."""
    operations = ("GET /a/{b}", "PUT /a/me", "HEAD /a", "GET /a", "DELETE /a/{b}/{c}")
    mock = create_app([write_document(tmp_path, "methods", *operations, **with_server("/v1"))])
    allowed = {
        path: send_raw(mock, RawRequest("OPTIONS", prefix + path)).headers["allow"]
        for path in ("/a/me", "/a/x", "/a", "/a/1/2")
    }
    assert allowed == {
        "/a/me": "PUT, GET, HEAD, OPTIONS",
        "/a/x": "GET, HEAD, OPTIONS",
        "/a": "GET, HEAD, OPTIONS",
        "/a/1/2": "DELETE, OPTIONS",
    }
    refused = send_raw(mock, RawRequest("POST", f"{prefix}/a/me"))
    assert (refused.status, refused.headers["allow"]) == (405, "PUT, GET")
    assert send_raw(mock, RawRequest("HEAD", f"{prefix}/a/me")).status == 200


def test_a_full_path_wins_over_a_bare_one(tmp_path: Path) -> None:
    """Of two APIs with one bare path both are served at their full paths; a full path is never taken for a bare one."""
    one = write_document(tmp_path, "one", "GET /a", "GET /{x}/{y}", **with_server("/one"))
    two = write_document(tmp_path, "two", "GET /a", **with_server("/two"))
    three = write_document(tmp_path, "three", "GET /one")
    mock = create_app([one, two, three])
    assert find_operation(mock, "GET", "/one/a") == "GET /a"
    assert find_operation(mock, "GET", "/two/a") == "GET /a"
    assert find_operation(mock, "GET", "/a") == 404
    assert find_operation(mock, "GET", "/one") == "GET /one"
    assert find_operation(mock, "GET", "/one/z") == 404
    assert find_operation(mock, "GET", "/z/z") == "GET /{x}/{y}"


def test_the_base_path_can_be_chosen(tmp_path: Path) -> None:
    """``Settings.base_path`` stands for the path of every server, and the control API stays where it is."""
    file = write_document(tmp_path, "based", "GET /a", **with_server("/v1"))
    other, none = create_app([file], Settings(base_path="/api/v2")), create_app([file], Settings(base_path=""))
    assert [find_operation(other, "GET", path) for path in ("/api/v2/a", "/a", "/v1/a")] == ["GET /a", "GET /a", 404]
    assert [find_operation(none, "GET", path) for path in ("/a", "/v1/a")] == ["GET /a", 404]
    assert send_raw(other, RawRequest("GET", "/__mock__/ready")).status == 200


@pytest.mark.parametrize(
    ("operation", "target"),
    [
        ("GET /files/{name}.json", "/files/a.b.json"),
        ("GET /{a}-{b}", "/x-y"),
        ("GET /a/", "/a/"),
        ("GET /caf%C3%A9", "/caf%c3%a9"),
        ("GET /café/{x}", "/caf%C3%A9/1"),
        ("GET /two words", "/two%20words"),
        ("GET /a:run", "/a:run"),
        ("GET /a?b=c", "/a?b=c"),
        ("GET /a?b={b}", "/a?b=1&z=2"),
        ("GET /a#start", "/a"),
        ("GET /a/{b}", "/a/x%2Fy"),
        ("GET /a/{b}", "/a/x%0Ay"),
    ],
)
def test_paths_of_every_spelling(tmp_path: Path, operation: str, target: str) -> None:
    """Templates within a segment, encoded and unencoded characters, and queries that are written into a path."""
    mock = create_app([write_document(tmp_path, "spelling", operation)])
    assert [find_operation(mock, "GET", target) for _ in range(2)] == [operation, operation]


def test_an_encoded_slash_is_no_separator(tmp_path: Path) -> None:
    """``%2F`` belongs to a value (RFC 3986, section 2.2), and two paths that decode alike are told apart."""
    mock = create_app([write_document(tmp_path, "slash", "GET /p/{id}/tags", "GET /p/{id}/{x}/tags")])
    for _ in range(2):
        assert find_operation(mock, "GET", "/p/a%2Fb/tags") == "GET /p/{id}/tags"
        assert find_operation(mock, "GET", "/p/a/b/tags") == "GET /p/{id}/{x}/tags"
        assert find_operation(mock, "GET", "/p//tags") == 404


def test_a_query_in_the_path_decides(tmp_path: Path) -> None:
    """Of several operations on one path, the query that the document writes into it finds the right one."""
    mock = create_app([write_document(tmp_path, "query", "GET /a", "GET /a?do=x", "GET /a?do={do}&to=y")])
    assert find_operation(mock, "GET", "/a?do=x") == "GET /a?do=x"
    assert find_operation(mock, "GET", "/a?to=y&do=x") == "GET /a?do={do}&to=y"
    assert [find_operation(mock, "GET", target) for target in ("/a", "/a?do=z")] == ["GET /a", "GET /a"]
    assert find_operation(mock, "GET", "/a%3Fdo=x") == "GET /a?do=x"


@pytest.mark.parametrize("operations", [("GET /a", "GET /a#b"), ("GET /a#b", "GET /a")])
def test_a_fragment_takes_no_request_from_its_path(tmp_path: Path, operations: tuple[str, ...]) -> None:
    """A fragment is never sent: the operation without one gets the request, whichever the document has first."""
    mock = create_app([write_document(tmp_path, "fragment", *operations, "POST /a#c")])
    assert [find_operation(mock, method, "/a") for method in ("GET", "POST")] == ["GET /a", "POST /a#c"]


def test_the_more_specific_template_comes_first(tmp_path: Path) -> None:
    """``{name}.json`` is more concrete than ``{name}``, and a method is looked for among all templates that match."""
    mock = create_app(
        [write_document(tmp_path, "specific", "GET /f/{name}", "GET /f/{name}.json", "POST /{x}/b", "GET /a/{y}")]
    )
    assert find_operation(mock, "GET", "/f/a.json") == "GET /f/{name}.json"
    assert find_operation(mock, "GET", "/f/a.txt") == "GET /f/{name}"
    assert find_operation(mock, "POST", "/a/b") == "POST /{x}/b"


def test_a_large_document_starts_at_once(tmp_path: Path) -> None:
    """Connexion gets the routes of a large document in groups, each when it is needed."""
    mock = create_app([write_document(tmp_path, "large", *(f"GET /a{number}/{{x}}" for number in range(200)))])
    assert len(mock._router._apps) == 0
    assert find_operation(mock, "GET", "/a199/1") == "GET /a199/{x}"
    assert len(mock._router._apps) == 1


def test_an_unknown_path_is_answered_as_by_the_nearest_api() -> None:
    """Of several APIs, the one whose paths begin alike tells what a 404 looks like; FastAPI if none is nearer."""
    nearest = {
        "/api/crews/nothing": {"detail": "Not Found"},
        "/runs/a/b/c": {"statusCode": 404, "error": "Not Found", "message": "Not Found"},
        "/nowhere": {"detail": "Not Found"},
    }
    mock = create_app(["nx1", "cloudcruise"])
    for path, body in nearest.items():
        response = send_raw(mock, RawRequest("GET", path))
        assert (response.status, response.json) == (404, body)
