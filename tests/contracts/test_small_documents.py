"""Runs over documents with one peculiarity each: a correct service has no findings, a careless one has its own."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, unquote

import pytest

from specduet.contracts.recording import ReceivedResponse, SentRequest
from specduet.contracts.run import RunResult
from specduet.contracts.sending.transport import TransportFailure
from specduet.specs import UsageError
from specduet.specs.printing import make_printable

Respond = Callable[[SentRequest], ReceivedResponse | TransportFailure]
JSON = (("content-type", "application/json"),)
ANYTHING = "{'200': {description: ok, content: {application/json: {}}}}"
DONE = "{'204': {description: done}, '400': {description: bad}}"


def respond(status: int, body: str = "", headers: tuple[tuple[str, str], ...] = JSON) -> ReceivedResponse:
    return ReceivedResponse(status, headers if body else (), body.encode(), 0.001)


def is_object(request: SentRequest) -> bool:
    """Return whether a body is a JSON object with the right label, or absent."""
    try:
        is_json = "json" in (request.get_header("content-type") or "")
        return not request.body or (is_json and isinstance(json.loads(request.body), dict))
    except ValueError:
        return False


def codes_of(result: RunResult) -> set[str]:
    return {finding.code for finding in result.findings}


Judge = Callable[..., RunResult]


def test_without_documented_responses_any_will_do(judge: Judge) -> None:
    """Where no response is documented, none is undocumented."""
    result = judge("  /a: {get: {responses: {}}}", lambda _: respond(200, "{}"))
    assert (codes_of(result), result.exit_code()) == (set(), 0)


FORM = (
    "  /p: {post: {requestBody: {required: true, content: {application/x-www-form-urlencoded: {schema: {type: object,"
    " required: [id], properties: {id: {type: integer}, tags: {type: array, items: {type: string}}}}}}},"
    f" responses: {DONE}}}}}"
)


def take_form(request: SentRequest) -> ReceivedResponse:
    ids = parse_qs((request.body or b"").decode()).get("id", [])
    return respond(204 if len(ids) == 1 and ids[0].lstrip("-").isdigit() else 400)


def test_a_form_is_judged_field_by_field(judge: Judge) -> None:
    """A service that reads its form is correct, and one that takes anything is found."""
    result = judge(FORM, take_form)
    assert codes_of(result) == set()
    sent = {part.parameter: part for part in result.coverage.operations[0].parameters}
    assert sent["body"].valid
    assert sent["body"].invalid
    careless = judge(FORM, lambda _: respond(204))
    assert codes_of(careless) == {"SD302"}
    texts = [parse_qs((f.exchange.request.body or b"").decode()).get("id") for f in careless.findings if f.exchange]
    assert [finding.value for finding in careless.findings] == [text[0] if text else "(missing)" for text in texts]


def test_files_are_sent_as_multipart(judge: Judge) -> None:
    """A required file arrives as a part with a filename."""
    paths = (
        "  /f: {post: {requestBody: {required: true, content: {multipart/form-data: {schema: {type: object,"
        f" required: [doc], properties: {{doc: {{type: string, format: binary}}}}}}}}}}}}, responses: {DONE}}}}}"
    )
    files = []

    def service(request: SentRequest) -> ReceivedResponse:
        has_file = b'name="doc"; filename="' in (request.body or b"")
        files.append(has_file)
        return respond(204 if has_file else 400)

    assert codes_of(judge(paths, service)) == set()
    assert any(files)


def test_a_form_beside_json_is_no_malformed_body(judge: Judge) -> None:
    """``a=b`` is a valid body where a form is documented, too."""
    contents = (
        "{application/json: {schema: {type: object}}, application/x-www-form-urlencoded: {schema: {type: object}}}"
    )

    def service(request: SentRequest) -> ReceivedResponse:
        is_form = "urlencoded" in (request.get_header("content-type") or "")
        return respond(204 if is_form or is_object(request) else 400)

    result = judge(f"  /u: {{post: {{requestBody: {{content: {contents}}}, responses: {DONE}}}}}", service)
    assert "SD303" not in codes_of(result)


@pytest.mark.parametrize(
    ("url", "served"),
    [
        ("http://127.0.0.1:9", "/api/v3/a"),
        ("http://127.0.0.1:9/api/v3", "/api/v3/a"),
        ("http://127.0.0.1:9", "/a"),
        ("http://127.0.0.1:9/proxy", "/proxy/api/v3/a"),
        ("http://127.0.0.1:9/proxy", "/proxy/a"),
        ("http://127.0.0.1:9", "/v2/a"),
        ("http://127.0.0.1:9", "/api/a"),
        ("http://127.0.0.1:9", "/api/v1/a"),
    ],
)
def test_operations_are_found_below_the_base_path(judge: Judge, url: str, served: str) -> None:
    """The path of the URL wins, then come those of ``servers``, none, and usual ones; no other is told of."""
    served_url = f"http://127.0.0.1:9{served}"
    result = judge(
        f"  /a: {{get: {{responses: {ANYTHING}}}}}",
        lambda request: respond(200 if request.url.partition("?")[0] == served_url else 404, "{}"),
        url=url,
        rest="servers: [{url: 'https://example.org/api/v3'}, {url: /v2}]",
    )
    assert (codes_of(result), result.exit_code()) == (set(), 0)
    assert {e.request.url.partition("?")[0] for e in result.recording.exchanges} == {served_url}
    assert [e.number for e in result.recording.exchanges] == list(range(1, len(result.recording.exchanges) + 1))


def test_a_wrong_base_path_proves_nothing(judge: Judge) -> None:
    """Where every response is a 404 the run ends with a question, not with findings."""
    paths = "  /a: {post: {requestBody: {required: true, content: {application/json: {schema: {type: object}}}},"
    paths += f" responses: {DONE}}}}}"
    result = judge(paths, lambda _: respond(404, "{}"), url="http://127.0.0.1:9/api")
    assert (codes_of(result), result.exit_code()) == (set(), 2)
    assert "Every response was 404: is /api the right base path?" in result.inconclusive_reason


GETS = "".join(f"  /{name}: {{get: {{responses: {ANYTHING}}}}}\n" for name in "abcd")


def test_a_base_path_that_was_found_is_told(judge: Judge) -> None:
    """One sentence says where the operations are; a web page for every other address is none of them."""

    def service(request: SentRequest) -> ReceivedResponse:
        if "/api/" in request.url:
            return respond(200, "{}")
        return respond(200, "<!doctype html><title>App</title>", (("content-type", "text/html"),))

    result = judge(GETS, service)
    assert (codes_of(result), result.exit_code()) == (set(), 0)
    assert result.notes == (
        "The operations are below http://127.0.0.1:9/api: below http://127.0.0.1:9 they are not found.",
    )


def test_a_redirect_may_name_the_base_path(judge: Judge) -> None:
    """A service that redirects every path below its own base path is tested there."""

    def service(request: SentRequest) -> ReceivedResponse:
        if request.url.startswith("http://127.0.0.1:9/v7/"):
            return respond(200, "{}")
        return respond(307, "{}", (("location", f"/v7{request.path}?{request.query}"),))

    result = judge(GETS, service)
    assert (codes_of(result), result.exit_code()) == (set(), 0)
    assert "The operations are below http://127.0.0.1:9/v7:" in result.notes[0]


def test_an_api_that_is_nowhere_ends_the_run_early(judge: Judge) -> None:
    """Where nothing but 404 comes, a few requests are enough; the sentence names what was tried."""
    sent = []

    def service(request: SentRequest) -> ReceivedResponse:
        sent.append(request)
        return respond(404, json.dumps({"path": request.path, "time": len(sent)}))

    with pytest.raises(UsageError, match=r"every response was 404: t is not below http:.*/api/v1"):
        judge(GETS, service)
    assert len(sent) < 30


def test_one_operation_that_is_not_found_ends_no_run(judge: Judge) -> None:
    """As long as another one responds, the base path is right, whatever the others say."""
    result = judge(GETS, lambda request: respond(200 if request.path == "/d" else 404, "{}"))
    assert (result.exit_code(), result.notes) == (0, ())
    assert [one.operation for one in result.coverage.operations if one.has_succeeded] == ["GET /d"]


def test_a_row_that_is_not_found_is_no_wrong_base_path(judge: Judge) -> None:
    """A 404 about a made-up id, unlike that of an unknown path, shows that the operation is there."""

    def service(request: SentRequest) -> ReceivedResponse:
        is_there = request.url.startswith("http://127.0.0.1:9/v1/a/")
        return respond(404, json.dumps({"detail": f"no row {request.path[-1]}" if is_there else "Not Found"}))

    parameter = "parameters: [{name: id, in: path, required: true, schema: {type: string}}]"
    result = judge(f"  /a/{{id}}: {{{parameter}, get: {{responses: {ANYTHING}}}}}", service)
    assert result.exit_code() == 2
    assert all("/v1/a/" in exchange.request.url for exchange in result.recording.exchanges)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [((), {"SD107"}), ((("X-Rate", "many"),), {"SD107"}), ((("x-rate", "5"),), set())],
)
def test_documented_headers_are_checked(judge: Judge, headers: Any, expected: set[str]) -> None:
    """A required header is there and has a valid value; one of another status is not asked for."""
    responses = (
        "{'200': {description: ok, headers: {X-Rate: {required: true, schema: {type: integer}}},"
        " content: {application/json: {schema: {type: integer}}}},"
        " '202': {description: later, headers: {X-Job: {required: true, schema: {type: string}}}}}"
    )
    result = judge(f"  /h: {{get: {{responses: {responses}}}}}", lambda _: respond(200, "1", (*JSON, *headers)))
    assert codes_of(result) == expected


def test_required_holds_in_one_direction(judge: Judge) -> None:
    """A readOnly property is required of responses only, a writeOnly one of requests only."""
    user = (
        "components: {schemas: {U: {type: object, required: [id, name, secret], properties: {id: {type: string,"
        " readOnly: true}, name: {type: string, minLength: 1}, secret: {type: string, writeOnly: true}}}}}"
    )
    content = "content: {application/json: {schema: {$ref: '#/components/schemas/U'}}}"
    paths = (
        f"  /u: {{post: {{requestBody: {{required: true, {content}}},"
        f" responses: {{'201': {{description: ok, {content}}}, '400': {{description: bad}}}}}}}}"
    )
    bodies: list[bytes] = []

    def service(request: SentRequest) -> ReceivedResponse:
        bodies.append(request.body or b"")
        return respond(201, '{"id": "1", "name": "n"}')

    result = judge(paths, service, rest=user)
    assert b'{"name":"text","secret":"text"}' in bodies
    assert codes_of(result) == {"SD302", "SD303"}
    assert "/id" not in {finding.where for finding in result.findings}


def test_a_discriminator_is_given_its_name(judge: Judge) -> None:
    """A value names the alternative that it is, and no other value is called valid."""
    rest = (
        "components: {schemas: {Cat: {type: object, required: [kind], properties: {kind: {type: string}}},"
        " Dog: {type: object, required: [kind], properties: {kind: {type: string}}}}}"
    )
    schema = (
        "{discriminator: {propertyName: kind},"
        " anyOf: [{$ref: '#/components/schemas/Cat'}, {$ref: '#/components/schemas/Dog'}]}"
    )
    paths = f"  /p: {{post: {{requestBody: {{required: true, content: {{application/json: {{schema: {schema}}}}}}},"
    paths += f" responses: {DONE}}}}}"

    def service(request: SentRequest) -> ReceivedResponse:
        is_cat = is_object(request) and b'"kind":"Cat"' in (request.body or b"")
        return respond(204 if is_cat else 400)

    result = judge(paths, service, rest=rest)
    assert codes_of(result) <= {"SD302"}
    assert any(exchange.is_success for exchange in result.recording.exchanges)


def test_a_media_type_of_json_is_named(judge: Judge) -> None:
    """A body of ``application/vnd.a+json`` is labelled so, and an ``Accept`` names what is documented."""
    seen = set()

    def service(request: SentRequest) -> ReceivedResponse:
        seen.add((request.get_header("content-type"), request.get_header("accept")))
        is_labelled = request.get_header("content-type") == "application/vnd.a+json"
        return respond(
            200 if is_labelled and (request.body or b"").startswith(b"{") else 415,
            "a,b",
            (("content-type", "text/csv"),),
        )

    paths = (
        "  /v: {post: {requestBody: {required: true, content: {application/vnd.a+json: {schema: {type: object}}}},"
        " responses: {'200': {description: ok, content: {text/csv: {}}}}}}"
    )
    result = judge(paths, service)
    assert ("application/vnd.a+json", "text/csv, application/json;q=0.5") in seen
    assert "SD305" not in codes_of(result)


def test_names_that_no_request_can_have_are_left_out(judge: Judge) -> None:
    """A header without a name is not sent, and a path with an umlaut and a space is percent-encoded."""
    paths = (
        "  '/größe a/{id}': {get: {parameters: [{name: '', in: header, required: true, schema: {type: string}},"
        " {name: id, in: path, required: true, schema: {type: integer}}], responses: {'200': {description: ok},"
        " '400': {description: bad}}}}"
    )

    def service(request: SentRequest) -> ReceivedResponse:
        assert request.url.isascii()
        assert all(name for name, _ in request.headers)
        text = unquote(request.path).removeprefix("/größe a/")
        return respond(200 if text.lstrip("-").isdigit() else 400)

    assert codes_of(judge(paths, service)) == set()


@pytest.mark.parametrize("media_type", ["text/event-stream", "application/x-ndjson"])
def test_a_stream_of_events_may_stay_open(judge: Judge, media_type: str) -> None:
    """A documented stream that does not end is no hang, and is not waited for long."""
    paths = f"  /e: {{get: {{responses: {{'200': {{description: ok, content: {{{media_type}: {{}}}}}}}}}}}}\n"
    paths += f"  /g: {{get: {{responses: {ANYTHING}}}}}"
    opened = []

    def service(request: SentRequest) -> ReceivedResponse | TransportFailure:
        if request.path == "/g":
            return respond(200, "{}")
        opened.append(request)
        return TransportFailure("timeout", "no answer in time", 2.0)

    assert codes_of(judge(paths, service)) == set()
    assert len(opened) <= 4


def test_one_mismatch_at_fields_of_one_name_is_one_finding(judge: Judge) -> None:
    """Operations with schemas of their own that have a list where an object is documented have one cause."""
    body = "{type: object, properties: {columns: {type: object}}}"
    answer = f"{{'200': {{description: ok, content: {{application/json: {{schema: {body}}}}}}}}}"
    paths = "".join(f"  /{name}/info: {{get: {{responses: {answer}}}}}\n" for name in ("a", "b", "c"))
    (finding,) = [f for f in judge(paths, lambda _: respond(200, '{"columns": []}')).findings if f.code == "SD205"]
    assert [place.operation for place in finding.places] == ["GET /a/info", "GET /b/info", "GET /c/info"]


SIZE = "{type: object, required: [size], properties: {size: {type: integer}}}"


@pytest.mark.parametrize(
    ("description", "expected"),
    [
        (f"style: deepObject, explode: true, schema: {SIZE}", "f%5Bsize%5D=1"),
        (f"schema: {SIZE}", "size=1"),
        (f"content: {{application/json: {{schema: {SIZE}}}}}", "f=%7B%22size%22%3A1%7D"),
        ("style: pipeDelimited, explode: false, schema: {type: array, minItems: 2, items: {enum: [a, b]}}", "f=a%7Cb"),
        ("schema: {type: array, minItems: 2, items: {enum: [a, b]}}", "f=a&f=b"),
    ],
)
def test_parameters_are_written_in_their_style(judge: Judge, description: str, expected: str) -> None:
    """A valid request has its structured parameters as the document describes them."""
    parameter = f"{{name: f, in: query, required: true, {description}}}"
    paths = f"  /q: {{get: {{parameters: [{parameter}], responses: {{'200': {{description: ok}}}}}}}}"
    queries: list[str] = []

    def service(request: SentRequest) -> ReceivedResponse:
        queries.append(request.query)
        return respond(200)

    judge(paths, service)
    assert queries[0] == expected


def test_an_operation_of_errors_alone_may_refuse_everything(judge: Judge) -> None:
    """Where only errors are documented, a valid request gets one of them."""
    paths = "  /d/{id}: {delete: {parameters: [{name: id, in: path, required: true, schema: {type: integer}}],"
    paths += " responses: {'400': {description: bad}}}}"
    result = judge(paths, lambda _: respond(400))
    assert (codes_of(result), result.exit_code()) == (set(), 0)


def test_headers_of_http_prove_nothing(judge: Judge) -> None:
    """A framework may reject a value of ``Prefer`` that is no preference, and ``Content-Length`` is never invented."""
    names = ("Prefer", "Content-Length", "X-Own")
    parameters = ", ".join(f"{{name: {name}, in: header, schema: {{type: string}}}}" for name in names)
    paths = f"  /h: {{get: {{parameters: [{parameters}], responses: {DONE}}}}}"

    def service(request: SentRequest) -> ReceivedResponse:
        assert request.get_header("content-length") is None
        return respond(400 if " " in (request.get_header("prefer") or "") else 204)

    assert codes_of(judge(paths, service)) == set()


def test_large_documents_share_their_budget(judge: Judge) -> None:
    """Each of many operations is sent, with about as many requests as any other."""
    parameter = "{name: q, in: query, schema: {type: integer, minimum: 1, maximum: 9}}"
    paths = "\n".join(
        f"  /o{number}: {{get: {{parameters: [{parameter}], responses: {ANYTHING}}}}}" for number in range(60)
    )
    result = judge(paths, lambda _: respond(200, "{}"), max_requests=600)
    counts = [operation.sent for operation in result.coverage.operations]
    assert len(counts) == 60
    assert min(counts) >= 4
    assert max(counts) <= 40


def test_ids_that_are_no_text_are_no_ids(judge: Judge) -> None:
    """Rows whose ``id`` is an object or a list break nothing."""
    body = '[{"id": {"a": 1}}, {"id": [1]}, {"id": "a-long-enough-id"}]'
    assert codes_of(judge(f"  /i: {{get: {{responses: {ANYTHING}}}}}", lambda _: respond(200, body))) == set()


def test_names_cannot_steer_a_terminal() -> None:
    """Escape sequences and line ends of a name are shown as what they are."""
    assert make_printable("a\x1b[31m\n::error::b") == "a\\u001b[31m\\u000a::error::b"


def test_a_204_has_no_body_whatever_is_documented(judge: Judge) -> None:
    """A document that gives a 204 a schema is wrong, not the service; and a scheme that is not defined asks nothing."""
    paths = "  /n: {post: {security: [{nope: []}], responses: {'204': {description: ok, content: {application/json:"
    paths += " {schema: {type: object}}}}}}}"
    result = judge(paths, lambda _: respond(204))
    assert (codes_of(result), result.exit_code()) == (set(), 0)
