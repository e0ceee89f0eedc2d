"""One cause is one finding, with its places; what a request asks for itself is none."""

import json
from urllib.parse import parse_qs

import pytest

from specduet.contracts.recording import ReceivedResponse, SentRequest
from tests.contracts.test_blame import Judge, read_json
from tests.contracts.test_small_documents import respond

_TEXTS = ("name", "city", "street", "note", "email", "phone")
_PROPERTIES = ", ".join([*(f"{name}: {{type: string}}" for name in _TEXTS), "size: {type: integer}"])
_SAVE = (
    "  /{path}: {{post: {{requestBody: {{required: true, content: {{application/json: {{schema: {{type: object,"
    " required: [name], properties: {{{properties}}}}}}}}}}}, responses: {{'201': {{description: ok}},"
    " '422': {{description: bad}}}}}}}}"
)


def test_numbers_for_texts_are_one_finding(judge: Judge) -> None:
    """A framework that turns numbers into texts does so everywhere: one finding has all places."""

    def service(request: SentRequest) -> ReceivedResponse:
        body = read_json(request)
        is_taken = (
            "json" in (request.get_header("content-type") or "")
            and isinstance(body, dict)
            and "name" in body
            and all(isinstance(body[name], bool | int | float | str) for name in _TEXTS if name in body)
            and type(body.get("size", 1)) in {int, float}
            and body.get("size", 1) % 1 == 0
        )
        return respond(201 if is_taken else 422, "{}")

    paths = "\n".join(_SAVE.format(path=path, properties=_PROPERTIES) for path in ("a", "b"))
    found = [finding for finding in judge(paths, service).findings if finding.code == "SD302"]
    assert [len(finding.places) for finding in found] == [2 * len(_TEXTS)]


def test_a_text_that_takes_anything_is_told_by_itself(judge: Judge) -> None:
    """A property that takes objects and lists as well is not checked at all, which is another cause."""

    def service(request: SentRequest) -> ReceivedResponse:
        body = read_json(request)
        is_json = "json" in (request.get_header("content-type") or "")
        is_taken = is_json and isinstance(body, dict) and isinstance(body.get("name"), bool | int | float | str)
        return respond(201 if is_taken and type(body.get("note", "")) is str else 422, "{}")

    paths = _SAVE.format(path="a", properties="name: {type: string}, city: {type: string}, note: {type: string}")
    found = [finding for finding in judge(paths, service).findings if finding.code == "SD302"]
    assert sorted(finding.where for finding in found) == ["body/city", "body/name"]


_ROW = (
    "{'200': {description: ok, content: {application/json: {schema: {type: object, required: [id, name],"
    " properties: {id: {type: integer}, name: {type: string}}}}}}}"
)


@pytest.mark.parametrize("name", ["select", "fields", "$select", "returnFields", "fields[pet]"])
def test_fields_that_a_request_leaves_out_are_not_missing(judge: Judge, name: str) -> None:
    """A request says which fields it wants; what it does not ask for is still required elsewhere."""
    paths = (
        f"  /a: {{get: {{parameters: [{{name: '{name}', in: query, schema: {{type: string}}}}], responses: {_ROW}}}}}"
    )

    def service(request: SentRequest) -> ReceivedResponse:
        is_narrow = name in parse_qs(request.query)
        return respond(200, json.dumps({"id": 1} if is_narrow else {"id": 1, "name": "a"}))

    assert [finding.code for finding in judge(paths, service).findings] == []
    broken = judge(paths, lambda _: respond(200, '{"id": 1}'))
    assert [finding.code for finding in broken.findings] == ["SD204"]


def test_an_empty_error_response_is_one_finding(judge: Judge) -> None:
    """Where JSON is documented, an empty body is no JSON; that it has no content type either is the same cause."""
    error = "{description: bad, content: {application/json: {schema: {type: object}}}}"
    paths = (
        "  /a: {get: {parameters: [{name: size, in: query, schema: {type: integer, minimum: 1}}],"
        f" responses: {{'200': {{description: ok}}, '422': {error}}}}}}}"
    )

    def service(request: SentRequest) -> ReceivedResponse:
        texts = parse_qs(request.query, keep_blank_values=True).get("size", ["1"])
        is_valid = texts[-1].isdecimal() and texts[-1].isascii() and int(texts[-1]) > 0
        return respond(200, "{}") if is_valid else respond(422, "")

    assert [finding.code for finding in judge(paths, service).findings] == ["SD103"]


@pytest.mark.parametrize("style", ["explode: true", "explode: false"])
def test_the_items_of_an_array_in_a_query_are_checked(judge: Judge, style: str) -> None:
    """One item is read alike in every style: a service that takes any is careless."""
    parameter = f"{{name: tag, in: query, {style}, schema: {{type: array, items: {{type: string, enum: [a, b]}}}}}}"
    responses = "{'200': {description: ok}, '400': {description: bad}}"
    paths = f"  /a: {{get: {{parameters: [{parameter}], responses: {responses}}}}}"

    def check(request: SentRequest) -> ReceivedResponse:
        texts = [item for text in parse_qs(request.query).get("tag", ()) for item in text.split(",")]
        return respond(200 if set(texts) <= {"a", "b"} else 400, "{}")

    assert [finding.code for finding in judge(paths, check).findings] == []
    assert [finding.where for finding in judge(paths, lambda _: respond(200, "{}")).findings] == ["query/tag/0"]
