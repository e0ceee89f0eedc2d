"""Faults of refusals: the shape of a 422, bad requests that pass, good ones that do not."""

import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import Body, Header, Path, Query, Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, create_model

from tests.catalogue.changes import Answer, AnswerHook, Call
from tests.catalogue.client import GIVEN, Client, Probe, Reply
from tests.catalogue.server import REQUIRED, BrowserStatus, CrewType, Order
from tests.catalogue.variant import Variant, fault
from tests.catalogue.world import CREW_TYPES, Row

# --------------------------------------------------------------------------------------- the shape of a refusal

Shape = Callable[[dict[str, Any], Call], Answer]


def _refused(op: str) -> tuple[Callable[[Client], Reply], list[Any]]:
    """A request that is wrong in one place, and the beginning of a right ``loc``."""
    return {
        "nx1.list": (lambda c: c.get(query={"limit": "many"}), ["query", "limit"]),
        "nx1.get": (lambda c: c.get("/api/crew-runs/not-a-uuid"), ["path", "run_id"]),
        "nx1.start": (lambda c: c.post({"crew_type": "poetry"}), ["body", "crew_type"]),
        "seekrflow.list": (lambda c: c.get(query={"offset": -1}), ["query", "offset"]),
    }[op]


def well_refused(reply: Reply, loc: list[Any]) -> bool:
    """Whether a reply is the documented 422 and points at ``loc``."""
    detail = reply.json.get("detail") if isinstance(reply.json, dict) else None
    return (
        reply.status == 422
        and reply.headers.get("content-type", "").startswith("application/json")
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


def _items(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Shape:
    """A shape that changes each item of ``detail``."""
    return lambda body, _call: Answer(422, {"detail": [change(dict(item)) for item in body["detail"]]})


def _without(key: str) -> Shape:
    return _items(lambda item: {name: value for name, value in item.items() if name != key})


def _with(key: str, value: Any) -> Shape:
    return _items(lambda item: {**item, key: value})


def _loc(change: Callable[[list[Any]], Any]) -> Shape:
    return _items(lambda item: {**item, "loc": change(item["loc"])})


def _elsewhere(loc: list[Any]) -> list[Any]:
    """Another part of the request than the one that is wrong."""
    return ["query", "cursor"] if loc[0] == "query" else ["body", "task_input"] if loc[0] == "body" else ["query", "id"]


SHAPES: dict[str, tuple[str, Shape]] = {
    "no-loc": ("items have no loc", _without("loc")),
    "no-msg": ("items have no msg", _without("msg")),
    "no-type": ("items have no type", _without("type")),
    "loc-text": ("loc is a dotted text", _loc(lambda loc: ".".join(map(str, loc)))),
    "loc-empty": ("loc is an empty list", _loc(lambda _: [])),
    "loc-bare": ("loc lacks the part of the request", _loc(lambda loc: loc[1:])),
    "loc-elsewhere": ("loc points at a part that is right", _loc(_elsewhere)),
    "loc-swapped": ("loc names the wrong part of the request", _loc(lambda loc: ["header", *loc[1:]])),
    "loc-objects": ("loc is made of objects", _loc(lambda loc: [{"name": part} for part in loc])),
    "msg-null": ("msg is null", _with("msg", None)),
    "msg-list": ("msg is a list", _with("msg", ["wrong"])),
    "type-number": ("type is a number", _with("type", 12)),
    "detail-text": ("detail is a text", lambda _b, _c: Answer(422, {"detail": "Validation failed"})),
    "detail-object": ("detail is one object", lambda body, _c: Answer(422, {"detail": body["detail"][0]})),
    "detail-texts": (
        "detail is a list of texts",
        lambda b, _c: Answer(422, {"detail": [i["msg"] for i in b["detail"]]}),
    ),
    "detail-empty": ("detail is empty", lambda _b, _c: Answer(422, {"detail": []})),
    "detail-null": ("detail is null", lambda _b, _c: Answer(422, {"detail": None})),
    "errors-key": ("detail is called errors", lambda body, _c: Answer(422, {"errors": body["detail"]})),
    "bare-list": ("the list is not wrapped", lambda body, _c: Answer(422, body["detail"])),
    "no-body": ("there is no body", lambda _b, _c: Answer(422, b"")),
    "plain-text": ("the body is plain text", lambda _b, _c: Answer(422, b"Unprocessable", media="text/plain")),
    "html": ("the body is a page", lambda _b, _c: Answer(422, b"<h1>422</h1>", media="text/html")),
    "status-400": ("the status is 400", lambda body, _c: Answer(400, body)),
    "status-200": ("the status is 200", lambda body, _c: Answer(200, body)),
    "status-500": ("the status is 500", lambda body, _c: Answer(500, body)),
    "problem": ("the body is a problem", lambda _b, _c: Answer(422, {"title": "Invalid", "status": 422})),
}
_REFUSING = ("nx1.list", "nx1.get", "nx1.start", "seekrflow.list")
_EVERYWHERE = {"no-loc", "loc-elsewhere", "detail-text", "status-400"}


def _shaping(shape: Shape, op: str) -> AnswerHook:
    def hook(answer: Answer, call: Call) -> Answer:
        return shape(answer.body, call) if (answer.status, call.op) == (422, op) else answer

    return hook


def _shape_probe(op: str) -> Probe:
    send, loc = _refused(op)
    return lambda client: not well_refused(send(client), loc)


def _shapes() -> Iterator[Variant]:
    for number, (name, (words, shape)) in enumerate(SHAPES.items()):
        for op in _REFUSING if name in _EVERYWHERE else _REFUSING[number % 4 :: 4]:
            clauses = "SD7 SD1 SD3" if name == "status-500" else "SD3 SD1"
            sentence = f"a refusal of {op} is not the documented one: {words}"
            full = f"{op.replace('.', '-')}-422-{name}"
            yield fault(full, op, "422-shape", sentence, _shape_probe(op), clauses=clauses, answer=_shaping(shape, op))


def _only_for(parameter: str, shape: Shape) -> AnswerHook:
    """A shape that only the refusals of one parameter have."""

    def hook(answer: Answer, call: Call) -> Answer:
        if answer.status == 422 and any(parameter in item["loc"] for item in answer.body["detail"]):
            return shape(answer.body, call)
        return answer

    return hook


# ----------------------------------------------------------------------------------- bad requests that are served


def _or(default: Any, read: Callable[[Any], Any]) -> BeforeValidator:
    """A validator that takes the default for what cannot be read."""

    def validate(value: Any) -> Any:
        try:
            return read(value)
        except (ValueError, TypeError):
            return default

    return BeforeValidator(validate)


def query(base: Any, *more: Any, default: Any = None, **bounds: Any) -> tuple[Any, Any]:
    return Annotated[(base, *more, Query(**bounds))], default


def answers(request: Mapping[str, Any], *, good: bool) -> Probe:
    """Whether a good query is refused, or a bad one served."""
    return lambda client: (client.get(query=request).status == 200) is not good


def posts(body: Any, *, good: bool, headers: Mapping[str, str] | None = None) -> Probe:
    def probe(client: Client) -> bool:
        given = {**GIVEN["nx1"], **(headers or {})}
        return (client.post(body, given).status == 200) is not good

    return probe


_ACCEPTED: tuple[tuple[str, str, str, str, tuple[Any, Any], dict[str, Any]], ...] = (
    ("nx1.list", "limit", "text", "any text", query(int, _or(100, int), default=100), {"limit": "many"}),
    ("cloudcruise.list", "limit", "zero", "0", query(int, default=1000, ge=0, le=10_000), {"limit": 0}),
    ("cloudcruise.list", "limit", "negative", "-5", query(int, default=1000, le=10_000), {"limit": -5}),
    ("cloudcruise.list", "limit", "too-many", "10001", query(int, default=1000, ge=1), {"limit": 10_001}),
    (
        "cloudcruise.list",
        "limit",
        "text",
        "any text",
        query(int, _or(1000, int), default=1000, ge=1, le=10_000),
        {"limit": "many"},
    ),
    (
        "cloudcruise.list",
        "status",
        "unknown",
        "a status that does not exist",
        query(BrowserStatus | None, _or(None, BrowserStatus)),
        {"status": "execution.archived"},
    ),
    (
        "cloudcruise.list",
        "status",
        "upper",
        "a status in capitals",
        query(BrowserStatus | None, BeforeValidator(lambda v: v.lower() if isinstance(v, str) else v)),
        {"status": "EXECUTION.START"},
    ),
    ("cloudcruise.list", "workflow_id", "text", "what is no UUID", query(str | None), {"workflow_id": "invoices"}),
    (
        "cloudcruise.list",
        "start_time",
        "text",
        "what is no moment",
        query(datetime | None, _or(None, datetime.fromisoformat)),
        {"start_time": "yesterday"},
    ),
    (
        "cloudcruise.list",
        "cursor",
        "text",
        "what is no moment",
        query(datetime | None, _or(None, datetime.fromisoformat)),
        {"cursor": "next"},
    ),
    ("seekrflow.list", "limit", "negative", "-1", query(int, default=20), {"limit": -1}),
    ("seekrflow.list", "limit", "text", "any text", query(int, _or(20, int), default=20, ge=0), {"limit": "ten"}),
    (
        "seekrflow.list",
        "limit",
        "fraction",
        "1.5",
        query(int, BeforeValidator(lambda v: int(float(v))), default=20, ge=0),
        {"limit": "1.5"},
    ),
    (
        "seekrflow.list",
        "offset",
        "negative",
        "-1",
        query(int, BeforeValidator(lambda v: max(int(v), 0)), default=0),
        {"offset": -1},
    ),
    ("seekrflow.list", "offset", "text", "any text", query(int, _or(0, int), default=0, ge=0), {"offset": "x"}),
    (
        "seekrflow.list",
        "order",
        "unknown",
        "an order that does not exist",
        query(Order, _or(Order.DESC, Order), default=Order.DESC),
        {"order": "random"},
    ),
    (
        "seekrflow.list",
        "order",
        "upper",
        "an order in capitals",
        query(Order, BeforeValidator(lambda v: v.lower() if isinstance(v, str) else v), default=Order.DESC),
        {"order": "ASC"},
    ),
    (
        "seekrflow.list",
        "order",
        "empty",
        "an empty order",
        query(Order, BeforeValidator(lambda v: v or "desc"), default=Order.DESC),
        {"order": ""},
    ),
)


def _accepted() -> Iterator[Variant]:
    for op, parameter, way, words, declared, request in _ACCEPTED:
        yield fault(
            f"{op.replace('.', '-')}-accepts-{parameter}-{way}",
            op,
            "validation",
            f"{parameter} may be {words}",
            answers(request, good=False),
            clauses="SD301",
            declare={op: {parameter: declared}},
        )


def _body(name: str, **fields: Any) -> type[BaseModel]:
    whole = {"crew_type": (CrewType, ...), "task_input": (dict[str, Any], {}), **fields}
    return create_model(name, **whole)


def _lazy(*, when: Callable[[Request], bool]) -> Any:
    """Wrap the application so that some bodies are replaced by one that passes."""

    def wrap(app: Any, _clock: Any) -> Any:
        async def wrapped(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] != "http" or scope["method"] != "POST":
                await app(scope, receive, send)
                return
            request = Request(scope, receive)
            body = await request.body()
            replaced = when(request) or await _unreadable(request, when)
            headers = [(k, v) for k, v in scope["headers"] if k not in {b"content-type", b"content-length"}]
            changed = {**scope, "headers": [*headers, (b"content-type", b"application/json")]} if replaced else scope
            content = b'{"crew_type": "ask"}' if replaced else body

            async def again() -> dict[str, Any]:
                return {"type": "http.request", "body": content, "more_body": False}

            await app(changed, again, send)

        return wrapped

    return wrap


async def _unreadable(request: Request, when: Callable[[Request], bool]) -> bool:
    return getattr(when, "reads_body", False) and not _is_json(await request.body())


def _is_json(body: bytes) -> bool:
    import json

    try:
        json.loads(body)
    except ValueError:
        return False
    return True


def _never(_request: Request) -> bool:
    return False


_never.reads_body = True  # type: ignore[attr-defined]


def _not_called_json(request: Request) -> bool:
    return "json" not in request.headers.get("content-type", "json")


_BODIES: tuple[tuple[str, str, dict[str, Any], Any], ...] = (
    ("accepts-crew_type-unknown", "any crew_type", {"crew_type": (str, ...)}, {"crew_type": "poetry"}),
    ("accepts-crew_type-missing", "no crew_type", {"crew_type": (CrewType, CrewType.ASK)}, {}),
    ("accepts-crew_type-null", "a null crew_type", {"crew_type": (CrewType | None, ...)}, {"crew_type": None}),
    ("accepts-crew_type-number", "a number as crew_type", {"crew_type": (CrewType | int, ...)}, {"crew_type": 3}),
    (
        "accepts-crew_type-upper",
        "crew_type in capitals",
        {"crew_type": (Annotated[CrewType, BeforeValidator(lambda v: v.lower() if isinstance(v, str) else v)], ...)},
        {"crew_type": "ASK"},
    ),
    (
        "accepts-task_input-list",
        "a list as task_input",
        {"task_input": (dict[str, Any] | list[Any], {})},
        {"crew_type": "ask", "task_input": ["x"]},
    ),
    (
        "accepts-task_input-text",
        "a text as task_input",
        {"task_input": (dict[str, Any] | str, {})},
        {"crew_type": "ask", "task_input": "x"},
    ),
    (
        "accepts-task_input-null",
        "a null task_input",
        {"task_input": (dict[str, Any] | None, {})},
        {"crew_type": "ask", "task_input": None},
    ),
)
_REFUSED_BODIES: tuple[tuple[str, str, dict[str, Any], Any], ...] = (
    (
        "rejects-classification",
        "the crew type classification",
        {"crew_type": (Annotated[CrewType, Field(pattern="^[^c]")], ...)},
        {"crew_type": "classification"},
    ),
    ("rejects-no-task_input", "no task_input", {"task_input": (dict[str, Any], ...)}, {"crew_type": "ask"}),
    (
        "rejects-empty-task_input",
        "an empty task_input",
        {"task_input": (Annotated[dict[str, Any], Field(min_length=1)], {"q": 1})},
        {"crew_type": "ask", "task_input": {}},
    ),
    (
        "rejects-nested-task_input",
        "a task_input whose values are no texts",
        {"task_input": (dict[str, str], {})},
        {"crew_type": "ask", "task_input": {"depth": 3, "of": {"a": [1]}}},
    ),
    (
        "rejects-extra-field",
        "a field that the schema does not name",
        {"__config__": None},
        {"crew_type": "ask", "note": "x"},
    ),
)


def _bodies() -> Iterator[Variant]:
    for table, good in ((_BODIES, False), (_REFUSED_BODIES, True)):
        for name, words, fields, example in table:
            model = (
                _strict()
                if "__config__" in fields
                else _without_classification()
                if "cla" in name
                else _body(name, **fields)
            )
            does = "refuses" if good else "accepts"
            yield fault(
                f"nx1-start-{name}",
                "nx1.start",
                "validation",
                f"the start {does} {words}",
                posts(example, good=good),
                clauses="SD305" if good else "SD302",
                body=Annotated[model, Body()],
            )


def _strict() -> type[BaseModel]:
    return create_model(
        "Strict", __config__=ConfigDict(extra="forbid"), crew_type=(CrewType, ...), task_input=(dict[str, Any], {})
    )


def _without_classification() -> type[BaseModel]:
    from typing import Literal

    return _body("Four", crew_type=(Literal[tuple(name for name in CREW_TYPES if name[0] != "c")], ...))


# ---------------------------------------------------------------------------------- good requests that are refused

_DAYS_30 = {"start_time": (datetime.now().astimezone() - timedelta(days=29)).isoformat()}


_REJECTED: tuple[tuple[str, str, str, str, tuple[Any, Any], dict[str, Any]], ...] = (
    ("nx1.list", "limit", "over-100", "above 100", query(int, default=100, le=100), {"limit": 101}),
    ("nx1.list", "limit", "absent", "when it is absent", query(int, default=REQUIRED), {}),
    ("cloudcruise.list", "limit", "most", "10000", query(int, default=1000, ge=1, lt=10_000), {"limit": 10_000}),
    ("cloudcruise.list", "limit", "one", "1", query(int, default=1000, gt=1, le=10_000), {"limit": 1}),
    ("cloudcruise.list", "limit", "over-500", "501", query(int, default=500, ge=1, le=500), {"limit": 501}),
    (
        "cloudcruise.list",
        "status",
        "requeued",
        "execution.requeued",
        query(BrowserStatus | None, Field(exclude=True), BeforeValidator(lambda v: None if v is None else _known(v))),
        {"status": "execution.requeued"},
    ),
    (
        "cloudcruise.list",
        "start_time",
        "absent",
        "when it is absent",
        query(datetime, default=REQUIRED),
        {},
    ),
    (
        "cloudcruise.list",
        "start_time",
        "offset",
        "with an offset from UTC",
        query(datetime | None, BeforeValidator(lambda v: v if v is None or v.endswith("Z") else "refused")),
        _DAYS_30,
    ),
    (
        "cloudcruise.list",
        "credential_id",
        "text",
        "when it is no UUID",
        query(uuid.UUID | None),
        {"credential_id": "vault-user-northwind"},
    ),
    ("seekrflow.list", "limit", "zero", "0", query(int, default=20, ge=1), {"limit": 0}),
    ("seekrflow.list", "limit", "over-100", "101", query(int, default=20, ge=0, le=100), {"limit": 101}),
    ("seekrflow.list", "offset", "over-50", "51", query(int, default=0, ge=0, le=50), {"offset": 51}),
    (
        "seekrflow.list",
        "order",
        "asc",
        "asc",
        query(Order, BeforeValidator(lambda v: "refused" if v == "asc" else v), default=Order.DESC),
        {"order": "asc"},
    ),
)


def _known(value: str) -> str:
    return "refused" if value == "execution.requeued" else value


def _rejected() -> Iterator[Variant]:
    for op, parameter, way, words, declared, request in _REJECTED:
        yield fault(
            f"{op.replace('.', '-')}-rejects-{parameter}-{way}",
            op,
            "validation",
            f"{parameter} is refused {words}",
            answers(request, good=True),
            clauses="SD305",
            declare={op: {parameter: declared}},
        )


def _header(base: Any, *more: Any, default: Any = None) -> tuple[Any, Any]:
    return Annotated[(base, *more, Header())], default


def _by_hand() -> Iterator[Variant]:
    start: dict[str, Any] = {"op": "nx1.start", "family": "validation", "clauses": "SD3"}
    good = {"crew_type": "ask", "task_input": {"question": "?"}}
    pattern = StringConstraints(pattern="^[0-9a-f-]{36}$")
    yield fault(
        "nx1-start-rejects-no-correlation-id",
        sentence="the start refuses a request without x-correlation-id",
        probe=posts(good, good=True),
        declare={"nx1.start": {"x_correlation_id": _header(str, default=REQUIRED)}},
        **start,
    )
    yield fault(
        "nx1-start-rejects-correlation-id-text",
        sentence="the start refuses an x-correlation-id that is no UUID",
        probe=posts(good, good=True, headers={"x-correlation-id": "order-4711"}),
        declare={"nx1.start": {"x_correlation_id": _header(Annotated[str, pattern] | None)}},
        **start,
    )
    yield fault(
        "nx1-start-accepts-malformed-json",
        sentence="the start takes a body that is no JSON for an empty one",
        probe=posts(b'{"crew_type": ', good=False),
        wrap=_lazy(when=_never),
        **start,
    )
    yield fault(
        "nx1-start-accepts-plain-text",
        sentence="the start takes a body that is called text/plain",
        probe=posts(b"crew_type=ask", good=False, headers={"Content-Type": "text/plain"}),
        wrap=_lazy(when=_not_called_json),
        **start,
    )
    yield fault(
        "nx1-get-accepts-run_id-text",
        "nx1.get",
        "validation",
        "the detail shows the newest run for an id that is no UUID",
        lambda c: c.get("/api/crew-runs/latest").status == 200,
        clauses="SD3",
        declare={"nx1.get": {"run_id": (Annotated[str, Path()], REQUIRED)}},
        find=_newest_for_text,
    )
    yield fault(
        "nx1-get-rejects-run_id-version",
        "nx1.get",
        "validation",
        "the detail refuses a UUID of another version than 4",
        lambda c: c.get("/api/crew-runs/7d444840-9dc0-11d1-b245-5ffdce74fad2").status == 422,
        clauses="SD3",
        declare={"nx1.get": {"run_id": (Annotated[uuid.UUID, Path(), BeforeValidator(_version_4)], REQUIRED)}},
    )
    yield fault(
        "seekrflow-list-rejects-no-team",
        "seekrflow.list",
        "validation",
        "the list refuses a request without x-team-id",
        answers({}, good=True),
        clauses="SD3",
        declare={"seekrflow.list": {"x_team_id": _header(str, default=REQUIRED)}},
    )
    yield fault(
        "seekrflow-list-rejects-team-text",
        "seekrflow.list",
        "validation",
        "the list refuses an x-team-id that is no UUID",
        lambda c: c.get(headers={**GIVEN["seekrflow"], "x-team-id": "blue"}).status != 200,
        clauses="SD3",
        declare={"seekrflow.list": {"x_team_id": _header(uuid.UUID | None)}},
    )
    yield fault(
        "cloudcruise-list-rejects-last-week",
        "cloudcruise.list",
        "validation",
        "a start_time older than a week is refused, though 31 days are documented",
        lambda c: c.get(query=_DAYS_30).status != 200,
        clauses="SD3 SD5",
        before=_a_week_at_most,
    )
    yield fault(
        "cloudcruise-list-refuses-with-200",
        "cloudcruise.list",
        "422-shape",
        "a refusal has the status 200",
        lambda c: c.get(query={"limit": 0}).status == 200,
        clauses="SD3 SD1",
        answer=lambda answer, _call: Answer(200, answer.body) if answer.status == 400 else answer,
    )
    yield fault(
        "seekrflow-list-422-limit-loc",
        "seekrflow.list",
        "422-shape",
        "the refusal of limit points at offset",
        lambda c: not well_refused(c.get(query={"limit": -1}), ["query", "limit"]),
        clauses="SD3",
        answer=_only_for("limit", _loc(lambda _: ["query", "offset"])),
    )
    yield fault(
        "nx1-start-422-task_input-no-type",
        "nx1.start",
        "422-shape",
        "only the refusal of task_input lacks type",
        lambda c: not well_refused(c.post({"crew_type": "ask", "task_input": 3}), ["body", "task_input"]),
        clauses="SD3 SD1",
        answer=_only_for("task_input", _without("type")),
    )
    yield fault(
        "nx1-start-422-ctx-text",
        "nx1.start",
        "422-shape",
        "ctx is a text",
        _shape_probe("nx1.start"),
        clauses="SD3 SD1",
        answer=_shaping(_with("ctx", "expected something else"), "nx1.start"),
    )


def _newest_for_text(call: Call, runs: list[Row]) -> Row | None:
    try:
        wanted = str(uuid.UUID(call.values["run_id"]))
    except ValueError:
        return runs[0]
    return next((run for run in runs if run["id"] == wanted), None)


def _version_4(value: Any) -> Any:
    return value if uuid.UUID(value).version == 4 else "refused"


async def _a_week_at_most(call: Call) -> Answer | None:
    start = call.values.get("start_time")
    if start and start.tzinfo and start < call.clock.now() - timedelta(days=7):
        body = {"statusCode": 400, "error": "Bad Request", "message": "start_time is too old"}
        return Answer(400, body)
    return None


VARIANTS = (*_shapes(), *_accepted(), *_bodies(), *_rejected(), *_by_hand())
