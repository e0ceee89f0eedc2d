"""Faults of robustness: a service that is slow, down now and then, or breaks off in the middle of a response."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from tests.catalogue.changes import BeforeHook, FakeAnswer, FakeCall
from tests.catalogue.clocks import WallClock
from tests.catalogue.faults.robustness_inputs import fail_when
from tests.catalogue.operations import CLOUDCRUISE_LIST, NX1_GET, NX1_LIST, SEEKRFLOW_LIST
from tests.catalogue.probe_client import UNKNOWN_ID
from tests.catalogue.variant import Variant, fault


def delay_when(condition: Callable[[FakeCall], bool], seconds: float) -> BeforeHook:
    async def delay(call: FakeCall) -> FakeAnswer | None:
        if condition(call):
            await call.clock.sleep(seconds)
        return None

    return delay


def break_off_when(condition: Callable[[dict[str, Any]], bool]) -> Callable[[Any, WallClock], Any]:
    """Return a wrapper that announces the body of some responses, sends half of it and goes."""

    def wrap(app: Any, _clock: WallClock) -> Any:
        async def wrapped(scope: Any, receive: Any, send: Any) -> None:
            async def send_half(message: dict[str, Any]) -> None:
                body = message.get("body", b"")
                await send({**message, "body": body[: len(body) // 2]} if body else message)

            await app(scope, receive, send_half if scope["type"] == "http" and condition(scope) else send)

        return wrapped

    return wrap


def claim_gzip(answer: FakeAnswer, _call: FakeCall) -> FakeAnswer:
    return replace(answer, headers={"content-encoding": "gzip"}) if answer.is_success else answer


_fault = partial(fault, family="robustness", clauses="SD701")

FAULTS: tuple[Variant, ...] = (
    _fault(
        "seekrflow-list-slow",
        SEEKRFLOW_LIST,
        "every list takes twelve seconds",
        lambda c: c.get().seconds > 10,
        clauses="SD702 SD703",
        before=delay_when(lambda _: True, 12),
    ),
    _fault(
        "cloudcruise-list-slow-filter",
        CLOUDCRUISE_LIST,
        "the filter by workflow takes twelve seconds",
        lambda c: c.get(query={"workflow_id": UNKNOWN_ID}).seconds > 10,
        clauses="SD702 SD703",
        before=delay_when(lambda call: call.has_query("workflow_id"), 12),
    ),
    _fault(
        "nx1-list-503",
        NX1_LIST,
        "every list is answered 503",
        lambda c: c.get().status == 503,
        before=fail_when(NX1_LIST, lambda _: True, FakeAnswer(503, {"detail": "Service unavailable"})),
    ),
    _fault(
        "cloudcruise-list-500-now-and-then",
        CLOUDCRUISE_LIST,
        "every ninth list is answered 502 with a page",
        lambda c: any(c.get().status == 502 for _ in range(9)),
        before=fail_when(
            CLOUDCRUISE_LIST,
            lambda call: call.number % 9 == 0,
            FakeAnswer(502, b"<h1>Bad gateway</h1>", media_type="text/html"),
        ),
    ),
    _fault(
        "seekrflow-list-breaks-off",
        SEEKRFLOW_LIST,
        "the connection breaks in the middle of a list in ascending order",
        lambda c: not c.get(query={"order": "asc"}).is_whole,
        clauses="SD704",
        wrap=break_off_when(lambda scope: b"order=asc" in scope["query_string"]),
    ),
    _fault(
        "seekrflow-list-breaks-off-later",
        SEEKRFLOW_LIST,
        "the connection breaks in the middle of a page from the twentieth row on",
        lambda c: not c.get(query={"offset": 20}).is_whole,
        clauses="SD704",
        wrap=break_off_when(lambda scope: b"offset=2" in scope["query_string"]),
    ),
    _fault(
        "cloudcruise-list-not-gzip",
        CLOUDCRUISE_LIST,
        "a list says that it is gzip, and is not",
        lambda c: "content-encoding" in c.get().headers and c.get().rows != [],
        clauses="SD704",
        answer=claim_gzip,
    ),
    _fault(
        "nx1-get-breaks-off",
        NX1_GET,
        "the connection breaks in the middle of a detail",
        lambda c: not c.get(f"/api/crew-runs/{c.get_rows()[0]['id']}").is_whole,
        clauses="SD704",
        wrap=break_off_when(lambda scope: scope["path"].startswith("/api/crew-runs/")),
    ),
    _fault(
        "cloudcruise-list-500-dies",
        CLOUDCRUISE_LIST,
        "cloudcruise.list fails with 500 from the sixtieth request on",
        lambda c: [c.get().status for _ in range(62)][-1] == 500,
        clauses="SD7",
        before=fail_when(CLOUDCRUISE_LIST, lambda call: call.number > 60),
    ),
)
