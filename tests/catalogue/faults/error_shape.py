"""Faults of error responses: a 422 of another shape than the documented one, or in place of it another status."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from tests.catalogue.changes import AnswerHook, FakeAnswer, FakeCall
from tests.catalogue.operations import CLOUDCRUISE_LIST, NX1_GET, NX1_LIST, NX1_START, SEEKRFLOW_LIST, to_dashed
from tests.catalogue.probe_client import FaultProbe, ProbeClient, ProbeResponse
from tests.catalogue.variant import Variant, fault

_fault = partial(fault, family="422-shape", clauses="SD3 SD1")


RefusalShape = Callable[[dict[str, Any]], FakeAnswer]
"""(the body of the right 422) -> what is answered in its place."""


def choose_bad_request(op: str) -> tuple[Callable[[ProbeClient], ProbeResponse], list[Any]]:
    """Return a request that is wrong in one place, and the beginning of its right ``loc``."""
    return {
        NX1_LIST: (lambda c: c.get(query={"limit": "many"}), ["query", "limit"]),
        NX1_GET: (lambda c: c.get("/api/crew-runs/not-a-uuid"), ["path", "run_id"]),
        NX1_START: (lambda c: c.post({"crew_type": "poetry"}), ["body", "crew_type"]),
        SEEKRFLOW_LIST: (lambda c: c.get(query={"offset": -1}), ["query", "offset"]),
    }[op]


def is_well_refused(response: ProbeResponse, loc: list[Any]) -> bool:
    """Return true for the documented 422 whose items point at ``loc``."""
    detail = response.json.get("detail") if isinstance(response.json, dict) else None
    return (
        response.status == 422
        and response.headers.get("content-type", "").startswith("application/json")
        and isinstance(detail, list)
        and bool(detail)
        and all(
            isinstance(item, dict)
            and isinstance(item.get("loc"), list)
            and item["loc"][: len(loc)] == loc
            and isinstance(item.get("msg"), str)
            and isinstance(item.get("type"), str)
            and isinstance(item.get("ctx", {}), dict)
            for item in detail
        )
    )


def change_items(change: Callable[[dict[str, Any]], dict[str, Any]]) -> RefusalShape:
    """Return a shape that changes each item of ``detail``."""
    return lambda body: FakeAnswer(422, {"detail": [change(dict(item)) for item in body["detail"]]})


def drop_key(key: str) -> RefusalShape:
    return change_items(lambda item: {name: value for name, value in item.items() if name != key})


def set_key(key: str, value: Any) -> RefusalShape:
    return change_items(lambda item: {**item, key: value})


def change_loc(change: Callable[[list[Any]], Any]) -> RefusalShape:
    return change_items(lambda item: {**item, "loc": change(item["loc"])})


def point_elsewhere(loc: list[Any]) -> list[Any]:
    """Return the ``loc`` of another part of the request than the wrong one."""
    return ["query", "cursor"] if loc[0] == "query" else ["body", "task_input"] if loc[0] == "body" else ["query", "id"]


SHAPES: dict[str, tuple[str, RefusalShape]] = {
    "no-loc": ("items have no loc", drop_key("loc")),
    "no-msg": ("items have no msg", drop_key("msg")),
    "no-type": ("items have no type", drop_key("type")),
    "loc-text": ("loc is a dotted text", change_loc(lambda loc: ".".join(map(str, loc)))),
    "loc-empty": ("loc is an empty list", change_loc(lambda _: [])),
    "loc-bare": ("loc lacks the part of the request", change_loc(lambda loc: loc[1:])),
    "loc-elsewhere": ("loc points at a part that is right", change_loc(point_elsewhere)),
    "loc-swapped": ("loc names the wrong part of the request", change_loc(lambda loc: ["header", *loc[1:]])),
    "loc-objects": ("loc is made of objects", change_loc(lambda loc: [{"name": part} for part in loc])),
    "msg-null": ("msg is null", set_key("msg", None)),
    "msg-list": ("msg is a list", set_key("msg", ["wrong"])),
    "type-number": ("type is a number", set_key("type", 12)),
    "detail-text": ("detail is a text", lambda _: FakeAnswer(422, {"detail": "Validation failed"})),
    "detail-object": ("detail is one object", lambda body: FakeAnswer(422, {"detail": body["detail"][0]})),
    "detail-texts": (
        "detail is a list of texts",
        lambda body: FakeAnswer(422, {"detail": [item["msg"] for item in body["detail"]]}),
    ),
    "detail-empty": ("detail is empty", lambda _: FakeAnswer(422, {"detail": []})),
    "detail-null": ("detail is null", lambda _: FakeAnswer(422, {"detail": None})),
    "errors-key": ("detail is called errors", lambda body: FakeAnswer(422, {"errors": body["detail"]})),
    "bare-list": ("the list is not wrapped", lambda body: FakeAnswer(422, body["detail"])),
    "no-body": ("there is no body", lambda _: FakeAnswer(422, b"")),
    "plain-text": ("the body is plain text", lambda _: FakeAnswer(422, b"Unprocessable", media_type="text/plain")),
    "html": ("the body is a page", lambda _: FakeAnswer(422, b"<h1>422</h1>", media_type="text/html")),
    "status-400": ("the status is 400", lambda body: FakeAnswer(400, body)),
    "status-200": ("the status is 200", lambda body: FakeAnswer(200, body)),
    "status-500": ("the status is 500", lambda body: FakeAnswer(500, body)),
    "problem": ("the body is a problem", lambda _: FakeAnswer(422, {"title": "Invalid", "status": 422})),
}


_OPS_WITH_422 = (NX1_LIST, NX1_GET, NX1_START, SEEKRFLOW_LIST)
_SHAPES_AT_EVERY_OPERATION = {"no-loc", "loc-elsewhere", "detail-text", "status-400"}
"""The other shapes are planted at one of the four operations by turns."""


def shape_refusals(shape: RefusalShape, op: str) -> AnswerHook:
    def change_answer(answer: FakeAnswer, call: FakeCall) -> FakeAnswer:
        return shape(answer.body) if (answer.status, call.op) == (422, op) else answer

    return change_answer


def probe_shape(op: str) -> FaultProbe:
    send, loc = choose_bad_request(op)
    return lambda client: not is_well_refused(send(client), loc)


def probe_details(query: dict[str, Any], loc: list[Any]) -> FaultProbe:
    return lambda client: not is_well_refused(client.get(query=query), loc)


def build_shape_faults() -> Iterator[Variant]:
    """Yield each shape at one operation, some at all."""
    for number, (way, (words, shape)) in enumerate(SHAPES.items()):
        for op in _OPS_WITH_422 if way in _SHAPES_AT_EVERY_OPERATION else _OPS_WITH_422[number % 4 :: 4]:
            clauses = "SD7 SD1 SD3" if way == "status-500" else "SD3 SD1"
            sentence = f"a refusal of {op} is not the documented one: {words}"
            hook = shape_refusals(shape, op)
            yield _fault(f"{to_dashed(op)}-422-{way}", op, sentence, probe_shape(op), clauses=clauses, answer=hook)


def shape_refusals_of(parameter: str, shape: RefusalShape) -> AnswerHook:
    """Return the hook that gives a shape to the refusals of one parameter alone."""

    def change_answer(answer: FakeAnswer, _call: FakeCall) -> FakeAnswer:
        if answer.status == 422 and any(parameter in item["loc"] for item in answer.body["detail"]):
            return shape(answer.body)
        return answer

    return change_answer


DetailChange = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]


def change_details(change: DetailChange) -> AnswerHook:
    """Return the hook that changes the items of every 422."""

    def change_answer(answer: FakeAnswer, _call: FakeCall) -> FakeAnswer:
        return FakeAnswer(422, {"detail": change(answer.body["detail"])}) if answer.status == 422 else answer

    return change_answer


def add_unknown_item(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [*items, {"type": "missing", "loc": ["query", "page"], "msg": "Field required", "input": None}]


def drop_last_msg(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Drop the last item's msg where several things are wrong."""
    cut = {name: value for name, value in items[-1].items() if name != "msg"}
    return [*items[:-1], cut] if len(items) > 1 else items


def index_loc(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**item, "loc": [*item["loc"][:1], 0]} for item in items]


FAULTS: tuple[Variant, ...] = (
    *build_shape_faults(),
    _fault(
        "cloudcruise-list-refuses-with-200",
        CLOUDCRUISE_LIST,
        "a refusal has the status 200",
        lambda c: c.get(query={"limit": 0}).status == 200,
        answer=lambda answer, _call: FakeAnswer(200, answer.body) if answer.status == 400 else answer,
    ),
    _fault(
        "seekrflow-list-422-limit-loc",
        SEEKRFLOW_LIST,
        "the refusal of limit points at offset",
        probe_details({"limit": -1}, ["query", "limit"]),
        clauses="SD3",
        answer=shape_refusals_of("limit", change_loc(lambda _: ["query", "offset"])),
    ),
    _fault(
        "nx1-start-422-task_input-no-type",
        NX1_START,
        "only the refusal of task_input lacks type",
        lambda c: not is_well_refused(c.post({"crew_type": "ask", "task_input": 3}), ["body", "task_input"]),
        answer=shape_refusals_of("task_input", drop_key("type")),
    ),
    _fault(
        "nx1-start-422-ctx-text",
        NX1_START,
        "ctx is a text",
        probe_shape(NX1_START),
        answer=shape_refusals(set_key("ctx", "expected something else"), NX1_START),
    ),
    _fault(
        "seekrflow-list-422-second-msg",
        SEEKRFLOW_LIST,
        "of two items of a refusal the second has no msg",
        probe_details({"limit": "x", "offset": "y"}, ["query"]),
        answer=change_details(drop_last_msg),
    ),
    _fault(
        "seekrflow-list-422-loc-index",
        SEEKRFLOW_LIST,
        "loc has a number in place of the parameter's name",
        probe_details({"limit": "x"}, ["query", "limit"]),
        answer=change_details(index_loc),
    ),
    _fault(
        "nx1-list-422-one-too-many",
        NX1_LIST,
        "a refusal also names a parameter that does not exist",
        probe_details({"limit": "x"}, ["query", "limit"]),
        answer=change_details(add_unknown_item),
    ),
    _fault(
        "seekrflow-list-422-one-too-many",
        SEEKRFLOW_LIST,
        "a refusal also names a parameter that does not exist",
        probe_details({"limit": "x"}, ["query", "limit"]),
        answer=change_details(add_unknown_item),
    ),
)
