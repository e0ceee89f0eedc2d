"""Faults of the answer as a whole: envelope and media type; and of the server: it fails, is slow, breaks off."""

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from tests.catalogue.changes import Answer, AnswerHook, Call, dump
from tests.catalogue.client import GIVEN, Client, Probe, Reply
from tests.catalogue.variant import Variant, fault
from tests.catalogue.world import BROWSER_STATUSES, Clock

_UNKNOWN = "00000000-0000-4000-8000-000000000000"


def _fetch(op: str) -> Callable[[Client], Reply]:
    """A good request to an operation."""
    if op == "nx1.start":
        return lambda client: client.start(task_input={"question": "?"})
    if op == "nx1.get":
        return lambda client: client.get(f"/api/crew-runs/{client.rows()[0]['id']}")
    return lambda client: client.get(query={"limit": 3})


def well_answered(reply: Reply, op: str) -> bool:
    """Whether a reply is a 200 with whole JSON in the documented envelope."""
    media = reply.headers.get("content-type", "").partition(";")[0]
    fits = reply.status == 200 and media == "application/json" and reply.whole
    if op.endswith("list"):
        return fits and isinstance(reply.json, list) and all(isinstance(row, dict) for row in reply.json)
    key = "correlation_id" if op == "nx1.start" else "id"
    return fits and isinstance(reply.json, dict) and key in reply.json


# -------------------------------------------------------------------------------------------------- envelopes

Envelope = Callable[[Any], Answer]


def _status(status: int) -> Envelope:
    return lambda body: Answer(status, body)


def media_called(media: str | None) -> Envelope:
    return lambda body: Answer(200, body, media=media)


def raw(change: Callable[[bytes], bytes]) -> Envelope:
    return lambda body: Answer(200, change(dump(body)))


def _body(change: Callable[[Any], Any]) -> Envelope:
    return lambda body: Answer(200, change(body))


_ANY: dict[str, tuple[str, Envelope]] = {
    "wrapped": ("is wrapped in an object", _body(lambda body: {"data": body})),
    "json-in-text": ("is JSON within a JSON text", _body(lambda body: dump(body).decode())),
    "status-201": ("has the status 201", _status(201)),
    "status-202": ("has the status 202", _status(202)),
    "status-206": ("has the status 206", _status(206)),
    "empty-body": ("is empty", raw(lambda _: b"")),
    "no-content": ("is a 204", lambda _: Answer(204, b"", media=None)),
    "html": ("is called text/html", media_called("text/html")),
    "text": ("is called text/plain", media_called("text/plain; charset=utf-8")),
    "no-media-type": ("has no content type", media_called(None)),
    "octets": ("is called application/octet-stream", media_called("application/octet-stream")),
    "cut": ("stops in the middle", raw(lambda body: body[: len(body) // 2])),
    "single-quotes": ("is Python, not JSON", raw(lambda body: repr(json.loads(body)).encode())),
    "trailing": ("goes on after the JSON", raw(lambda body: body + b"\nOK")),
    "utf-16": ("is not UTF-8", raw(lambda body: body.decode().encode("utf-16"))),
}
_LISTS: dict[str, tuple[str, Envelope]] = {
    "null-row": ("ends with a null", _body(lambda rows: [*rows, None])),
    "rows-as-lists": ("has rows that are lists", _body(lambda rows: [list(row.values()) for row in rows])),
    "keyed": ("is an object with the ids as keys", _body(lambda rows: {str(n): row for n, row in enumerate(rows)})),
    "json-lines": ("is one row a line", lambda rows: Answer(200, b"\n".join(map(dump, rows)))),
}
_LIST_OPS = ("nx1.list", "cloudcruise.list", "seekrflow.list")
_OPS = (*_LIST_OPS, "nx1.get", "nx1.start")


def enveloping(op: str, envelope: Envelope) -> AnswerHook:
    return lambda answer, call: envelope(answer.body) if answer.status == 200 and call.op == op else answer


def _envelopes() -> Iterator[Variant]:
    for table, ops in ((_ANY, _OPS), (_LISTS, _LIST_OPS)):
        for number, (name, (words, envelope)) in enumerate(table.items()):
            op = ops[number % len(ops)]
            yield fault(
                f"{op.replace('.', '-')}-answer-{name}",
                op,
                "envelope",
                f"the answer of {op} {words}",
                _not(op),
                clauses="SD1 SD7" if name == "no-content" else "SD1 SD203 SD205" if table is _LISTS else "SD1",
                answer=enveloping(op, envelope),
            )


def _not(op: str) -> Probe:
    return lambda client: not well_answered(_fetch(op)(client), op)


def _empty_as(answer_body: Any, status: int = 200) -> AnswerHook:
    return lambda answer, _call: Answer(status, answer_body) if answer.ok and answer.body == [] else answer


def _start_answer(change: Callable[[dict[str, Any]], dict[str, Any]]) -> AnswerHook:
    return lambda answer, call: Answer(200, change(answer.body)) if answer.ok and call.op == "nx1.start" else answer


_START: tuple[tuple[str, str, str, Callable[[dict[str, Any]], dict[str, Any]]], ...] = (
    ("no-correlation-id", "required-nullable", "lacks correlation_id", lambda b: {"status": b["status"]}),
    ("correlation-id-null", "required-nullable", "has a null correlation_id", lambda b: {**b, "correlation_id": None}),
    ("correlation-id-number", "types-formats", "has a number as correlation_id", lambda b: {**b, "correlation_id": 12}),
    ("status-foreign", "enums", "has the status started", lambda b: {**b, "status": "started"}),
    ("status-null", "required-nullable", "has a null status", lambda b: {**b, "status": None}),
    ("message-list", "types-formats", "has a list as message", lambda b: {**b, "message": ["started"]}),
)


def _start_probe(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Probe:
    def probe(client: Client) -> bool:
        body = client.start(headers={"x-correlation-id": "c-1"}).json
        return bool(change(body) == body) and body != {
            "correlation_id": "c-1",
            "status": "pending",
            "message": "Crew run started",
        }

    return probe


def _starts() -> Iterator[Variant]:
    for name, family, words, change in _START:
        sentence = f"the answer of the start {words}"
        probe, hook = _start_probe(change), _start_answer(change)
        yield fault(
            f"nx1-start-answer-{name}", "nx1.start", family, sentence, probe, clauses="SD1 SD2 SD6", answer=hook
        )


# ------------------------------------------------------------------------------------------- failing and hanging


def fails(when: Callable[[Call], bool], answer: Answer | None = None) -> Callable[[Call], Awaitable[Answer | None]]:
    failure = answer or Answer(500, b"Internal Server Error", media="text/plain")

    async def before(call: Call) -> Answer | None:
        return failure if when(call) else None

    return before


def _value(call: Call, name: str) -> str:
    return str(call.values.get(name) or "")


def fails_for(query: Mapping[str, Any]) -> Probe:
    return lambda client: client.get(query=query).status >= 500


def posts_500(body: Any, headers: Mapping[str, str] | None = None) -> Probe:
    return lambda client: client.post(body, {**GIVEN["nx1"], **(headers or {})}).status >= 500


_DEEP: Any = {"a": {"b": {"c": {"d": {"e": {"f": {"g": [[[[1]]]]}}}}}}}


def _depth(value: Any) -> int:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, parts), default=0)


def _task(call: Call) -> Any:
    return getattr(call.values.get("body"), "task_input", {})


_FAILING: tuple[tuple[str, str, str, Callable[[Call], bool], Probe], ...] = (
    ("limit-0", "nx1.list", "for limit=0", lambda c: c.values["limit"] == 0, fails_for({"limit": 0})),
    (
        "limit-huge",
        "nx1.list",
        "for a limit beyond 64 bits",
        lambda c: c.values["limit"] >= 2**63,
        fails_for({"limit": 2**63}),
    ),
    ("limit-negative", "nx1.list", "for a negative limit", lambda c: c.values["limit"] < 0, fails_for({"limit": -1})),
    ("limit-0", "seekrflow.list", "for limit=0", lambda c: c.values["limit"] == 0, fails_for({"limit": 0})),
    (
        "offset-beyond",
        "seekrflow.list",
        "for an offset beyond the end",
        lambda c: c.values["offset"] > 500,
        fails_for({"offset": 9_999}),
    ),
    (
        "offset-huge",
        "seekrflow.list",
        "for an offset beyond 64 bits",
        lambda c: c.values["offset"] >= 2**63,
        fails_for({"offset": 2**64}),
    ),
    (
        "order-asc",
        "seekrflow.list",
        "for order=asc",
        lambda c: c.values["order"] == "asc",
        fails_for({"order": "asc"}),
    ),
    (
        "thread-empty",
        "seekrflow.list",
        "for a thread that does not exist",
        lambda c: c.values["thread_id"] not in c.world.threads,
        lambda client: client.get("/v1/threads/thread_none/runs").status >= 500,
    ),
    (
        "status-paused",
        "cloudcruise.list",
        "for status=execution.paused",
        lambda c: c.values["status"] == BROWSER_STATUSES[4],
        fails_for({"status": BROWSER_STATUSES[4]}),
    ),
    (
        "credential-unicode",
        "cloudcruise.list",
        "for letters beyond ASCII in credential_id",
        lambda c: not _value(c, "credential_id").isascii(),
        fails_for({"credential_id": "tresor-é"}),
    ),
    (
        "credential-long",
        "cloudcruise.list",
        "for a long credential_id",
        lambda c: len(_value(c, "credential_id")) > 255,
        fails_for({"credential_id": "x" * 3000}),
    ),
    (
        "credential-quote",
        "cloudcruise.list",
        "for a quotation mark in credential_id",
        lambda c: "'" in _value(c, "credential_id"),
        fails_for({"credential_id": "o'neill"}),
    ),
    (
        "cursor-ancient",
        "cloudcruise.list",
        "for a cursor before 1970",
        lambda c: bool(c.values["cursor"]) and c.values["cursor"].year < 1970,
        fails_for({"cursor": "1901-01-01T00:00:00Z"}),
    ),
    (
        "workflow-unknown",
        "cloudcruise.list",
        "for a workflow_id that no run has",
        lambda c: (
            c.values["workflow_id"] is not None
            and all(str(c.values["workflow_id"]) != r["workflow_id"] for r in c.world.browser_runs)
        ),
        fails_for({"workflow_id": _UNKNOWN}),
    ),
    (
        "no-task_input",
        "nx1.start",
        "when task_input is left out",
        lambda c: "task_input" not in c.values["body"].model_fields_set,
        posts_500({"crew_type": "ask"}),
    ),
    (
        "unicode",
        "nx1.start",
        "for characters beyond the basic plane in task_input",
        lambda c: max(map(ord, str(_task(c)))) > 0xFFFF,
        posts_500({"crew_type": "ask", "task_input": {"question": "🚢"}}),
    ),
    (
        "deep",
        "nx1.start",
        "for a deep task_input",
        lambda c: _depth(_task(c)) > 6,
        posts_500({"crew_type": "ask", "task_input": _DEEP}),
    ),
    (
        "long-correlation-id",
        "nx1.start",
        "for a long x-correlation-id",
        lambda c: len(_value(c, "x_correlation_id")) > 64,
        posts_500({"crew_type": "ask"}, {"x-correlation-id": "c" * 300}),
    ),
    (
        "crew-type",
        "nx1.start",
        "for crew_type=data_suggestion",
        lambda c: c.values["body"].crew_type == "data_suggestion",
        posts_500({"crew_type": "data_suggestion"}),
    ),
    (
        "unknown-run",
        "nx1.get",
        "for an unknown id",
        lambda c: all(str(c.values["run_id"]) != run["id"] for run in c.world.crew_runs),
        lambda client: client.get(f"/api/crew-runs/{_UNKNOWN}").status >= 500,
    ),
)


def _failing() -> Iterator[Variant]:
    for name, op, words, when, probe in _FAILING:
        yield fault(
            f"{op.replace('.', '-')}-500-{name}",
            op,
            "robustness",
            f"{op} fails with 500 {words}",
            probe,
            clauses="SD701",
            before=fails(lambda call, op=op, when=when: call.op == op and when(call)),  # type: ignore[misc]
        )


def _slow(when: Callable[[Call], bool], seconds: float) -> Callable[[Call], Awaitable[Answer | None]]:
    async def before(call: Call) -> Answer | None:
        if when(call):
            await call.clock.sleep(seconds)
        return None

    return before


def _breaks(when: Callable[[dict[str, Any]], bool]) -> Callable[[Any, Clock], Any]:
    """Announce a body, send half of it and go."""

    def wrap(app: Any, _clock: Clock) -> Any:
        async def wrapped(scope: Any, receive: Any, send: Any) -> None:
            async def half(message: dict[str, Any]) -> None:
                body = message.get("body", b"")
                await send({**message, "body": body[: len(body) // 2]} if body else message)

            await app(scope, receive, half if scope["type"] == "http" and when(scope) else send)

        return wrapped

    return wrap


def _crash_for(type_of_error: str) -> AnswerHook:
    """A 500 in place of one kind of refusal."""

    def hook(answer: Answer, _call: Call) -> Answer:
        if answer.status == 422 and any(item["type"] == type_of_error for item in answer.body["detail"]):
            return Answer(500, {"detail": "Internal Server Error"})
        return answer

    return hook


def _by_hand() -> Iterator[Variant]:
    robust: dict[str, Any] = {"family": "robustness"}
    yield fault(
        "nx1-start-500-malformed-json",
        "nx1.start",
        sentence="a body that is no JSON makes the start fail with 500",
        probe=posts_500(b"{"),
        answer=_crash_for("json_invalid"),
        clauses="SD701",
        **robust,
    )
    yield fault(
        "nx1-start-500-body-list",
        "nx1.start",
        sentence="a list as the body makes the start fail with 500",
        probe=posts_500([1]),
        answer=_crash_for("model_attributes_type"),
        clauses="SD701",
        **robust,
    )
    yield fault(
        "nx1-get-500-bad-id",
        "nx1.get",
        sentence="an id that is no UUID makes the detail fail with 500",
        probe=lambda c: c.get("/api/crew-runs/x").status >= 500,
        answer=_crash_for("uuid_parsing"),
        clauses="SD701",
        **robust,
    )
    yield fault(
        "seekrflow-list-slow",
        "seekrflow.list",
        sentence="every list takes twelve seconds",
        probe=lambda c: c.get().seconds > 10,
        before=_slow(lambda _: True, 12),
        clauses="SD702 SD703",
        **robust,
    )
    yield fault(
        "cloudcruise-list-slow-filter",
        "cloudcruise.list",
        sentence="the filter by workflow takes twelve seconds",
        probe=lambda c: c.get(query={"workflow_id": _UNKNOWN}).seconds > 10,
        before=_slow(lambda call: call.asks("workflow_id"), 12),
        clauses="SD702 SD703",
        **robust,
    )
    yield fault(
        "nx1-list-503",
        "nx1.list",
        sentence="every list is answered 503",
        probe=lambda c: c.get().status == 503,
        before=fails(lambda call: call.op == "nx1.list", Answer(503, {"detail": "Service unavailable"})),
        clauses="SD701",
        **robust,
    )
    yield fault(
        "cloudcruise-list-500-now-and-then",
        "cloudcruise.list",
        sentence="every ninth list is answered 502 with a page",
        probe=lambda c: any(c.get().status == 502 for _ in range(9)),
        before=fails(lambda call: call.n % 9 == 0, Answer(502, b"<h1>Bad gateway</h1>", media="text/html")),
        clauses="SD701",
        **robust,
    )
    yield fault(
        "seekrflow-list-breaks-off",
        "seekrflow.list",
        sentence="the connection breaks in the middle of a list in ascending order",
        probe=lambda c: not c.get(query={"order": "asc"}).whole,
        wrap=_breaks(lambda scope: b"order=asc" in scope["query_string"]),
        clauses="SD704",
        **robust,
    )
    yield fault(
        "seekrflow-list-breaks-off-later",
        "seekrflow.list",
        sentence="the connection breaks in the middle of a page from the twentieth row on",
        probe=lambda c: not c.get(query={"offset": 20}).whole,
        wrap=_breaks(lambda scope: b"offset=2" in scope["query_string"]),
        clauses="SD704",
        **robust,
    )
    yield fault(
        "cloudcruise-list-not-gzip",
        "cloudcruise.list",
        sentence="a list says that it is gzip, and is not",
        probe=lambda c: "content-encoding" in c.get().headers and c.get().rows != [],
        answer=lambda answer, _call: replace(answer, headers={"content-encoding": "gzip"}) if answer.ok else answer,
        clauses="SD704",
        **robust,
    )
    yield fault(
        "nx1-start-500-nul-inside",
        "nx1.start",
        sentence="a NUL in a text of task_input is a 500",
        probe=posts_500({"crew_type": "ask", "task_input": {"q": "a\0b"}}),
        before=fails(lambda call: call.op == "nx1.start" and "\\u0000" in json.dumps(_task(call))),
        clauses="SD701",
        **robust,
    )
    yield fault(
        "nx1-get-breaks-off",
        "nx1.get",
        sentence="the connection breaks in the middle of a detail",
        probe=lambda c: not c.get(f"/api/crew-runs/{c.rows()[0]['id']}").whole,
        wrap=_breaks(lambda scope: scope["path"].startswith("/api/crew-runs/")),
        clauses="SD704",
        **robust,
    )
    envelope: dict[str, Any] = {"family": "envelope", "clauses": "SD1"}
    yield fault(
        "cloudcruise-list-empty-null",
        "cloudcruise.list",
        sentence="a list without rows is null",
        probe=lambda c: c.get(query={"workflow_id": _UNKNOWN}).body == b"null",
        answer=_empty_as(None),
        **envelope,
    )
    yield fault(
        "seekrflow-list-empty-object",
        "seekrflow.list",
        sentence="a list without rows is an object",
        probe=lambda c: c.get(query={"limit": 0}).body == b"{}",
        answer=_empty_as({}),
        **envelope,
    )
    yield fault(
        "cloudcruise-list-one-unwrapped",
        "cloudcruise.list",
        sentence="a list of one row is that row",
        probe=lambda c: isinstance(c.get(query={"limit": 1}).json, dict),
        answer=lambda a, _c: Answer(200, a.body[0]) if a.ok and len(a.body) == 1 else a,
        **envelope,
    )
    yield fault(
        "cloudcruise-list-empty-404",
        "cloudcruise.list",
        family="envelope",
        sentence="a filter that matches nothing is answered 204",
        probe=lambda c: c.get(query={"workflow_id": _UNKNOWN}).status == 204,
        clauses="SD1",
        answer=_empty_as(b"", 204),
    )


VARIANTS = (*_envelopes(), *_starts(), *_failing(), *_by_hand())
