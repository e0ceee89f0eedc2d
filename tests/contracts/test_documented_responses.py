"""Responses are held to what is documented for their status, whatever the request accepts: types, headers, ranges."""

from collections.abc import Callable

import pytest

from specduet.contracts.recording import ReceivedResponse, SentRequest
from specduet.contracts.run import RunResult
from tests.contracts.test_small_documents import JSON, codes_of, respond

Judge = Callable[..., RunResult]
TEXT = (("content-type", "text/plain"),)
ANYTHING = "{description: ok, content: {application/json: {schema: {type: object}}}}"
PROBLEM = (
    "{description: bad, content: {application/json: {schema: {type: object, required: [code],"
    " properties: {code: {type: integer}}}}}}"
)
NUMBERED = "[{name: n, in: query, schema: {type: integer}}]"


@pytest.mark.parametrize("accepted", ["application/json", "*/*", None])
@pytest.mark.parametrize("method", ["get", "post"])
def test_every_operation_is_asked_with_and_without_accept(judge: Judge, method: str, accepted: str | None) -> None:
    """A service that sends a type which is not documented for one of the three is found, on any method."""

    def service(request: SentRequest) -> ReceivedResponse:
        return respond(200, "{}", TEXT if request.get_header("accept") == accepted else JSON)

    result = judge(f"  /a: {{{method}: {{responses: {{'200': {ANYTHING}}}}}}}", service)
    assert codes_of(result) == {"SD102"}


@pytest.mark.parametrize("status", ["'400'", "4XX", "default"])
@pytest.mark.parametrize(("body", "codes"), [('{"code": 1}', set()), ('{"code": "x"}', {"SD205"}), ("{}", {"SD204"})])
def test_errors_are_held_to_the_schema_of_their_range(judge: Judge, status: str, body: str, codes: set[str]) -> None:
    """An error has the schema of its code, of its range, or of ``default``."""

    def service(request: SentRequest) -> ReceivedResponse:
        number = dict(request.query_pairs).get("n", "1")
        is_number = number.lstrip("+-").isdecimal() and number.isascii()
        return respond(200, "{}") if is_number else respond(400, body)

    responses = f"{{'200': {ANYTHING}, {status}: {PROBLEM}}}"
    result = judge(f"  /a: {{get: {{parameters: {NUMBERED}, responses: {responses}}}}}", service)
    assert codes_of(result) - {"SD301", "SD305"} == codes


@pytest.mark.parametrize(
    ("headers", "codes"),
    [
        ((("x-left", "7"),), set()),
        ((("x-left", "many"),), {"SD107"}),
        ((), {"SD107"}),
        ((("x-left", "7"), ("x-other", "anything")), set()),
    ],
)
def test_a_documented_header_is_there_and_right(
    judge: Judge, headers: tuple[tuple[str, str], ...], codes: set[str]
) -> None:
    """A required header is in every response of its status, with a value that its schema allows."""
    header = "X-Left: {required: true, schema: {type: integer}}, X-Other: {schema: {type: string}}"
    shown = f"{{description: ok, headers: {{{header}}}, content: {{application/json: {{schema: {{type: object}}}}}}}}"
    paths = f"  /a: {{get: {{responses: {{'200': {shown}}}}}}}"
    assert codes_of(judge(paths, lambda _: respond(200, "{}", (*JSON, *headers)))) == codes
