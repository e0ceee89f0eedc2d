"""SD305 and SD304: a refusal is blamed on the one part that differs from an accepted request, if it is promised."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import pytest

from specduet.contracts.recording import ReceivedResponse, SentRequest
from specduet.contracts.run import RunResult
from tests.contracts.test_small_documents import respond

Judge = Callable[..., RunResult]
BAD = "{'200': {description: ok}, '400': {description: bad}}"


def blamed(result: RunResult) -> list[str]:
    """Return the places that SD305 blames, sorted."""
    return sorted(finding.where for finding in result.findings if finding.code == "SD305")


def refuse_query(is_refused: Callable[[dict[str, list[str]]], bool]) -> Callable[[SentRequest], ReceivedResponse]:
    """Return a service that refuses some queries with 400, and accepts all others."""

    def service(request: SentRequest) -> ReceivedResponse:
        return respond(400 if is_refused(parse_qs(request.query, keep_blank_values=True)) else 200, "{}")

    return service


def list_with(parameter: str) -> str:
    return f"  /a: {{get: {{parameters: [{parameter}], responses: {BAD}}}}}"


PROMISED = {
    "a member": ("{name: p, in: query, schema: {enum: [a, b]}}", lambda q: "b" in q.get("p", ())),
    "a bound": ("{name: p, in: query, schema: {type: integer, minimum: 1, maximum: 9}}", lambda q: q.get("p") == ["9"]),
    "a boolean": ("{name: p, in: query, schema: {type: boolean}}", lambda q: "false" in q.get("p", ())),
    "the default": ("{name: p, in: query, schema: {type: integer, default: 7}}", lambda q: "7" in q.get("p", ())),
    "left out": ("{name: p, in: query, required: false, schema: {enum: [a]}}", lambda q: "p" not in q),
}  # fmt: skip


@pytest.mark.parametrize("name", PROMISED)
def test_a_refused_value_that_the_schema_names_is_blamed(judge: Judge, name: str) -> None:
    """A member, a bound, a default and a parameter that is optional in so many words are promised to be accepted."""
    parameter, is_refused = PROMISED[name]
    assert blamed(judge(list_with(parameter), refuse_query(is_refused))) == ["query/p"]


OPEN = {
    "a free text": ("{name: p, in: query, schema: {type: string}}", lambda q: "p" in q),
    "no type": ("{name: p, in: query, schema: {}}", lambda q: "p" in q),
    "a number without bounds": ("{name: p, in: query, schema: {type: integer}}", lambda q: "p" in q),
    "a page past the end": (
        "{name: page, in: query, schema: {type: integer, minimum: 1}}",
        lambda q: q.get("page", ["1"]) != ["1"],
    ),
    "a format that may name a row": ("{name: p, in: query, schema: {type: string, format: uuid}}", lambda q: "p" in q),
    "what the description restricts": (
        "{name: p, in: query, description: a regular expression, schema: {type: string, minLength: 1}}",
        lambda q: "p" in q,
    ),
    "not said to be optional": ("{name: p, in: query, schema: {enum: [a]}}", lambda q: "p" not in q),
}


@pytest.mark.parametrize("name", OPEN)
def test_nothing_is_blamed_where_the_schema_promises_nothing(judge: Judge, name: str) -> None:
    """A value that is only valid since the schema says nothing may name a row, or be restricted elsewhere."""
    parameter, is_refused = OPEN[name]
    assert blamed(judge(list_with(parameter), refuse_query(is_refused))) == []


def test_a_bad_id_in_the_path_explains_every_refusal(judge: Judge) -> None:
    """Where no id was ever accepted, neither the body nor the query is to blame."""
    paths = (
        "  /a/{name}: {get: {parameters: [{name: name, in: path, required: true, schema: {type: string}},"
        f" {{name: p, in: query, schema: {{enum: [a, b]}}}}], responses: {BAD}}}}}"
    )
    assert blamed(judge(paths, lambda _: respond(400, "{}"))) == []


BODY = (
    "  /a: {post: {requestBody: {required: true, content: {application/json: {schema: {type: object, required: [n],"
    " properties: {n: {type: string, minLength: 1, maxLength: 30}, size: {type: integer, minimum: 1, maximum: 5}}}}}},"
    " responses: {'201': {description: made}, '400': {description: bad}}}}"
)


def test_one_property_is_blamed_that_differs_from_an_accepted_body(judge: Judge) -> None:
    """The twin of a refused body is accepted before and afterwards: the property that differs is to blame."""

    def service(request: SentRequest) -> ReceivedResponse:
        body = read_json(request)
        return respond(201 if isinstance(body, dict) and body.get("size") != 5 else 400, "{}")

    assert blamed(judge(BODY, service)) == ["body/size"]


@pytest.mark.parametrize(("schema", "places"), [("{}", []), ("{type: [string, 'null'], maxLength: 9}", ["body/note"])])
def test_null_is_promised_only_where_it_is_written(judge: Judge, schema: str, places: list[str]) -> None:
    """A schema without a type allows null by saying nothing; one that names it promises that null is accepted."""
    paths = BODY.replace("size: {type: integer, minimum: 1, maximum: 5}", f"note: {schema}")
    paths = paths.replace("required: [n]", "required: [n, note]")

    def service(request: SentRequest) -> ReceivedResponse:
        body = read_json(request)
        return respond(201 if isinstance(body, dict) and body.get("note") is not None else 400, "{}")

    assert blamed(judge(paths, service)) == places


def test_a_service_that_takes_each_name_once_is_not_blamed(judge: Judge) -> None:
    """What is refused because of what happened before is refused with every property as it was."""
    taken: set[str] = set()

    def service(request: SentRequest) -> ReceivedResponse:
        body = read_json(request)
        name = json.dumps(body.get("n")) if isinstance(body, dict) else ""
        if name in taken:
            return respond(400, "{}")
        taken.add(name)
        return respond(201, "{}")

    assert blamed(judge(BODY, service)) == []


def read_json(request: SentRequest) -> Any:
    try:
        return json.loads(request.body or b"")
    except ValueError:
        return None


def test_a_documented_status_is_right_whatever_is_wrong_with_the_request(judge: Judge) -> None:
    """A path that is no integer may get the documented 404, and a conflict its 409, in place of 400."""
    paths = (
        "  /a/{n}: {get: {parameters: [{name: n, in: path, required: true, schema: {type: integer}}],"
        " responses: {'200': {description: ok}, '400': {description: bad}, '404': {description: none}}}}"
    )

    def service(request: SentRequest) -> ReceivedResponse:
        return respond(200 if request.path.rpartition("/")[2].isdigit() else 404, "{}")

    assert [f.code for f in judge(paths, service).findings] == []


FASTAPI_ERROR = """
components:
  schemas:
    HTTPValidationError:
      type: object
      properties: {detail: {type: array, items: {$ref: '#/components/schemas/ValidationError'}}}
    ValidationError:
      type: object
      required: [loc, msg, type]
      properties: {loc: {type: array, items: {}}, msg: {type: string}, type: {type: string}}
"""


def test_a_service_may_have_an_error_body_of_its_own(judge: Judge) -> None:
    """The schema that FastAPI documents asks for no ``detail``: a service that shows something else keeps it."""
    error = (
        "{description: bad, content: {application/json: {schema: {$ref: '#/components/schemas/HTTPValidationError'}}}}"
    )
    paths = (
        "  /a: {get: {parameters: [{name: n, in: query, schema: {type: integer, maximum: 5}}],"
        f" responses: {{'200': {{description: ok}}, '422': {error}}}}}}}"
    )
    service = refuse_query(lambda q: q.get("n", ["1"])[0] not in {"0", "1", "2", "3", "4", "5", "-1"})

    def refuse(request: SentRequest) -> ReceivedResponse:
        return respond(200, "{}") if service(request).status == 200 else respond(422, '{"errors": ["no"]}')

    codes = {finding.code for finding in judge(paths, refuse, rest=FASTAPI_ERROR).findings}
    assert not codes & {"SD306", "SD307", "SD308"}


def test_a_second_change_is_not_blamed_on_the_first(judge: Judge) -> None:
    """A request with an invalid part, and another one that was never accepted, proves nothing about the status."""
    paths = (
        "  /a: {get: {parameters: [{name: n, in: query, required: true, schema: {type: integer}},"
        " {name: x-version, in: header, required: true, schema: {type: string}}],"
        " responses: {'200': {description: ok}, '422': {description: bad}}}}"
    )

    def service(request: SentRequest) -> ReceivedResponse:
        return respond(400, "{}") if request.get_header("x-version") != "2" else respond(200, "{}")

    assert [f.code for f in judge(paths, service).findings if f.code == "SD304"] == []


def test_a_field_that_repeats_the_path_is_not_to_blame(judge: Judge) -> None:
    """A body whose id has to be that of the path is refused with any other, which no schema can say."""
    body = "{type: object, properties: {thing_id: {type: string, enum: [a, b]}, size: {type: integer}}}"
    paths = (
        "  /things/{thingId}:\n    parameters: [{name: thingId, in: path, required: true, schema: {enum: [a, b]}}]\n"
        f"    patch: {{requestBody: {{required: true, content: {{application/json: {{schema: {body}}}}}}},"
        f" responses: {BAD}}}"
    )

    def service(request: SentRequest) -> ReceivedResponse:
        try:
            sent = json.loads(request.body or b"")
        except ValueError:
            return respond(400, "{}")
        is_well_formed = isinstance(sent, dict) and isinstance(sent.get("size", 1), int)
        is_known = request.path in {"/things/a", "/things/b"}
        is_same = is_well_formed and sent.get("thing_id", request.path[-1]) == request.path[-1]
        return respond(200 if is_known and is_same else 400, "{}")

    assert blamed(judge(paths, service)) == []


def test_a_list_of_texts_is_no_list_of_mistakes(judge: Judge) -> None:
    """A 404 with a list of sentences under detail has not got FastAPI's shape, and need not have it."""
    paths = "  /a/{id}: {get: {parameters: [{name: id, in: path, required: true, schema: {type: string}}],"
    paths += " responses: {'200': {description: ok}, '404': {description: none}}}}"
    result = judge(paths, lambda _: respond(404, '{"detail": ["no such row"]}'))
    assert not {finding.code for finding in result.findings} & {"SD306", "SD307", "SD308"}
