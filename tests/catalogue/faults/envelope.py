"""Faults of the answer as a whole: its status, its media type, its encoding, and the JSON around the rows."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from tests.catalogue.changes import AnswerHook, FakeAnswer, FakeCall, encode_json
from tests.catalogue.operations import CLOUDCRUISE_LIST, NX1_GET, NX1_LIST, NX1_START, SEEKRFLOW_LIST
from tests.catalogue.probe_client import UNKNOWN_ID, FaultProbe, ProbeClient, ProbeResponse
from tests.catalogue.variant import Variant, fault


def send_good_request(client: ProbeClient, op: str) -> ProbeResponse:
    if op == NX1_START:
        return client.start_run(task_input={"question": "?"})
    if op == NX1_GET:
        return client.get(f"/api/crew-runs/{client.get_rows()[0]['id']}")
    return client.get(query={"limit": 3})


def is_well_answered(response: ProbeResponse, op: str) -> bool:
    """Return true for a 200 with whole JSON in the documented envelope."""
    media_type = response.headers.get("content-type", "").partition(";")[0]
    fits = response.status == 200 and media_type == "application/json" and response.is_whole
    if op.endswith("list"):
        return fits and isinstance(response.json, list) and all(isinstance(row, dict) for row in response.json)
    key = "correlation_id" if op == NX1_START else "id"
    return fits and isinstance(response.json, dict) and key in response.json


EnvelopeChange = Callable[[Any], FakeAnswer]
"""(the right body of a 200) -> what is answered."""


def set_status(status: int) -> EnvelopeChange:
    return lambda body: FakeAnswer(status, body)


def set_media_type(media_type: str | None) -> EnvelopeChange:
    return lambda body: FakeAnswer(200, body, media_type=media_type)


def change_bytes(change: Callable[[bytes], bytes]) -> EnvelopeChange:
    return lambda body: FakeAnswer(200, change(encode_json(body)))


def change_body(change: Callable[[Any], Any]) -> EnvelopeChange:
    return lambda body: FakeAnswer(200, change(body))


def change_envelope(op: str, envelope: EnvelopeChange) -> AnswerHook:
    """Return the hook that changes what an operation answers to good requests."""
    return lambda answer, call: envelope(answer.body) if answer.status == 200 and call.op == op else answer


def probe_envelope(op: str) -> FaultProbe:
    return lambda client: not is_well_answered(send_good_request(client, op), op)


def replace_empty(body: Any, status: int = 200) -> AnswerHook:
    """Return the hook that answers otherwise where a list has no rows."""
    return lambda answer, _call: FakeAnswer(status, body) if answer.is_success and answer.body == [] else answer


def unwrap_single_row(answer: FakeAnswer, _call: FakeCall) -> FakeAnswer:
    return FakeAnswer(200, answer.body[0]) if answer.is_success and len(answer.body) == 1 else answer


def write_nan(body: bytes) -> bytes:
    return body.replace(b'"temperature":0.2', b'"temperature":NaN')


_fault = partial(fault, family="envelope", clauses="SD1")

FAULTS: tuple[Variant, ...] = (
    _fault(
        "nx1-list-answer-wrapped",
        NX1_LIST,
        "the answer of nx1.list is wrapped in an object",
        probe_envelope(NX1_LIST),
        answer=change_envelope(NX1_LIST, change_body(lambda body: {"data": body})),
    ),
    _fault(
        "cloudcruise-list-answer-json-in-text",
        CLOUDCRUISE_LIST,
        "the answer of cloudcruise.list is JSON within a JSON text",
        probe_envelope(CLOUDCRUISE_LIST),
        answer=change_envelope(CLOUDCRUISE_LIST, change_body(lambda body: encode_json(body).decode())),
    ),
    _fault(
        "seekrflow-list-answer-status-201",
        SEEKRFLOW_LIST,
        "the answer of seekrflow.list has the status 201",
        probe_envelope(SEEKRFLOW_LIST),
        answer=change_envelope(SEEKRFLOW_LIST, set_status(201)),
    ),
    _fault(
        "nx1-get-answer-status-202",
        NX1_GET,
        "the answer of nx1.get has the status 202",
        probe_envelope(NX1_GET),
        answer=change_envelope(NX1_GET, set_status(202)),
    ),
    _fault(
        "nx1-start-answer-status-206",
        NX1_START,
        "the answer of nx1.start has the status 206",
        probe_envelope(NX1_START),
        answer=change_envelope(NX1_START, set_status(206)),
    ),
    _fault(
        "nx1-list-answer-empty-body",
        NX1_LIST,
        "the answer of nx1.list is empty",
        probe_envelope(NX1_LIST),
        answer=change_envelope(NX1_LIST, change_bytes(lambda _: b"")),
    ),
    _fault(
        "cloudcruise-list-answer-no-content",
        CLOUDCRUISE_LIST,
        "the answer of cloudcruise.list is a 204",
        probe_envelope(CLOUDCRUISE_LIST),
        clauses="SD1 SD7",
        answer=change_envelope(CLOUDCRUISE_LIST, lambda _: FakeAnswer(204, b"", media_type=None)),
    ),
    _fault(
        "seekrflow-list-answer-html",
        SEEKRFLOW_LIST,
        "the answer of seekrflow.list is called text/html",
        probe_envelope(SEEKRFLOW_LIST),
        answer=change_envelope(SEEKRFLOW_LIST, set_media_type("text/html")),
    ),
    _fault(
        "nx1-get-answer-text",
        NX1_GET,
        "the answer of nx1.get is called text/plain",
        probe_envelope(NX1_GET),
        answer=change_envelope(NX1_GET, set_media_type("text/plain; charset=utf-8")),
    ),
    _fault(
        "nx1-start-answer-no-media-type",
        NX1_START,
        "the answer of nx1.start has no content type",
        probe_envelope(NX1_START),
        answer=change_envelope(NX1_START, set_media_type(None)),
    ),
    _fault(
        "nx1-list-answer-octets",
        NX1_LIST,
        "the answer of nx1.list is called application/octet-stream",
        probe_envelope(NX1_LIST),
        answer=change_envelope(NX1_LIST, set_media_type("application/octet-stream")),
    ),
    _fault(
        "cloudcruise-list-answer-cut",
        CLOUDCRUISE_LIST,
        "the answer of cloudcruise.list stops in the middle",
        probe_envelope(CLOUDCRUISE_LIST),
        answer=change_envelope(CLOUDCRUISE_LIST, change_bytes(lambda body: body[: len(body) // 2])),
    ),
    _fault(
        "seekrflow-list-answer-single-quotes",
        SEEKRFLOW_LIST,
        "the answer of seekrflow.list is Python, not JSON",
        probe_envelope(SEEKRFLOW_LIST),
        answer=change_envelope(SEEKRFLOW_LIST, change_bytes(lambda body: repr(json.loads(body)).encode())),
    ),
    _fault(
        "nx1-get-answer-trailing",
        NX1_GET,
        "the answer of nx1.get goes on after the JSON",
        probe_envelope(NX1_GET),
        answer=change_envelope(NX1_GET, change_bytes(lambda body: body + b"\nOK")),
    ),
    _fault(
        "nx1-start-answer-utf-16",
        NX1_START,
        "the answer of nx1.start is not UTF-8",
        probe_envelope(NX1_START),
        answer=change_envelope(NX1_START, change_bytes(lambda body: body.decode().encode("utf-16"))),
    ),
    _fault(
        "nx1-list-answer-null-row",
        NX1_LIST,
        "the answer of nx1.list ends with a null",
        probe_envelope(NX1_LIST),
        clauses="SD1 SD203 SD205",
        answer=change_envelope(NX1_LIST, change_body(lambda rows: [*rows, None])),
    ),
    _fault(
        "cloudcruise-list-answer-rows-as-lists",
        CLOUDCRUISE_LIST,
        "the answer of cloudcruise.list has rows that are lists",
        probe_envelope(CLOUDCRUISE_LIST),
        clauses="SD1 SD203 SD205",
        answer=change_envelope(CLOUDCRUISE_LIST, change_body(lambda rows: [list(row.values()) for row in rows])),
    ),
    _fault(
        "seekrflow-list-answer-keyed",
        SEEKRFLOW_LIST,
        "the answer of seekrflow.list is an object with the ids as keys",
        probe_envelope(SEEKRFLOW_LIST),
        clauses="SD1 SD203 SD205",
        answer=change_envelope(SEEKRFLOW_LIST, change_body(lambda rows: {str(n): row for n, row in enumerate(rows)})),
    ),
    _fault(
        "nx1-list-answer-json-lines",
        NX1_LIST,
        "the answer of nx1.list is one row a line",
        probe_envelope(NX1_LIST),
        clauses="SD1 SD203 SD205",
        answer=change_envelope(NX1_LIST, lambda rows: FakeAnswer(200, b"\n".join(map(encode_json, rows)))),
    ),
    _fault(
        "cloudcruise-list-empty-null",
        CLOUDCRUISE_LIST,
        "a list without rows is null",
        lambda c: c.get(query={"workflow_id": UNKNOWN_ID}).body == b"null",
        answer=replace_empty(None),
    ),
    _fault(
        "seekrflow-list-empty-object",
        SEEKRFLOW_LIST,
        "a list without rows is an object",
        lambda c: c.get(query={"limit": 0}).body == b"{}",
        answer=replace_empty({}),
    ),
    _fault(
        "cloudcruise-list-one-unwrapped",
        CLOUDCRUISE_LIST,
        "a list of one row is that row",
        lambda c: isinstance(c.get(query={"limit": 1}).json, dict),
        answer=unwrap_single_row,
    ),
    _fault(
        "cloudcruise-list-empty-404",
        CLOUDCRUISE_LIST,
        "a filter that matches nothing is answered 204",
        lambda c: c.get(query={"workflow_id": UNKNOWN_ID}).status == 204,
        answer=replace_empty(b"", 204),
    ),
    _fault(
        "cloudcruise-list-answer-bom",
        CLOUDCRUISE_LIST,
        "the answer begins with a byte order mark",
        lambda c: not is_well_answered(c.get(), CLOUDCRUISE_LIST),
        answer=change_envelope(CLOUDCRUISE_LIST, change_bytes(lambda body: b"\xef\xbb\xbf" + body)),
    ),
    _fault(
        "seekrflow-list-answer-nan",
        SEEKRFLOW_LIST,
        "a temperature is NaN, which is no JSON",
        lambda c: b"NaN" in c.get().body,
        answer=change_envelope(SEEKRFLOW_LIST, change_bytes(write_nan)),
    ),
    _fault(
        "nx1-get-answer-hal",
        NX1_GET,
        "the detail is called application/hal+json",
        lambda c: "hal" in c.get(f"/api/crew-runs/{c.get_rows()[0]['id']}").headers["content-type"],
        answer=change_envelope(NX1_GET, lambda body: FakeAnswer(200, body, media_type="application/hal+json")),
    ),
    _fault(
        "nx1-get-answer-list",
        NX1_GET,
        "the detail is a list of one run",
        lambda c: isinstance(c.get_detail(c.get_rows()[0]["id"]), list),
        answer=change_envelope(NX1_GET, lambda body: FakeAnswer(200, [body])),
    ),
)
