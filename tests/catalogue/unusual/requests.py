"""Unusual readings of requests: what is empty, old, in the future, negative or unknown."""

import re
import uuid
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import Body, Query
from pydantic import BaseModel, BeforeValidator, ConfigDict

from tests.catalogue.changes import FakeAnswer, FakeCall
from tests.catalogue.clocks import WallClock
from tests.catalogue.fake_world import LARGE_SIZE, THREADS, FakeRow
from tests.catalogue.list_steps import keep_all, keep_since, sort_newest_first, to_utc
from tests.catalogue.operations import CLOUDCRUISE_LIST, NX1_OPS, SEEKRFLOW_LIST
from tests.catalogue.parameters import BrowserStatus, FakeCrewType
from tests.catalogue.probe_client import EMPTY_THREAD
from tests.catalogue.variant import Variant, unusual_server


def clamp_start_time(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
    """Take a ``start_time`` older than 31 days for 31 days ago."""
    start = to_utc(call.values["start_time"])
    oldest = call.clock.now() - timedelta(days=31)
    if start is None:
        return keep_since(rows, call)
    return [row for row in rows if row["created_at"] >= max(start, oldest)]


def slice_by_limit(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
    return rows[: call.values["limit"]]


def sort_oldest_first(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
    """Sort the oldest first: no page names an order for Nx1, so that a started run may come last."""
    return sort_newest_first(rows, call)[::-1]


def sort_by_id(rows: list[FakeRow], _call: FakeCall) -> list[FakeRow]:
    """Sort by the random ids, started runs first."""
    started = [row for row in rows if "_born" in row]
    return [*started, *sorted((row for row in rows if "_born" not in row), key=lambda row: row["id"])]


def adopt_unknown_threads(app: Any, _clock: WallClock) -> Any:
    """Wrap the application so that an unknown thread is an empty one: 200 and no runs."""
    path = f"/v1/threads/{EMPTY_THREAD}/runs"

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        found = re.fullmatch(r"/v1/threads/([^/]+)/runs", scope["path"]) if scope["type"] == "http" else None
        if found and found[1] not in THREADS:
            scope = {**scope, "path": path, "raw_path": path.encode()}
        await app(scope, receive, send)

    return wrapped


def refuse_unknown_thread_first(app: Any, _clock: WallClock) -> Any:
    """Wrap the application so that an unknown thread is a 404 before the query is validated."""

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        threads = scope["path"].split("/")[3:4] if scope["type"] == "http" else []
        has_key = any(name == b"authorization" and value for name, value in scope["headers"])
        if not threads or threads[0] in THREADS or not has_key:
            await app(scope, receive, send)
            return
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 404, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"detail":"Thread not found"}'})

    return wrapped


class StrictCrewRunBody(BaseModel):
    """A body whose JSON types are taken at their word: ``[]`` is no empty object."""

    model_config = ConfigDict(strict=True)
    crew_type: Annotated[FakeCrewType, Body(strict=False)]
    task_input: dict[str, Any] = {}


async def refuse_future_start(call: FakeCall) -> FakeAnswer | None:
    start = to_utc(call.values.get("start_time"))
    if start is None or start <= call.clock.now():
        return None
    return FakeAnswer(400, {"statusCode": 400, "error": "Bad Request", "message": "start_time is in the future"})


def declare_optional(kind: Any) -> tuple[Any, Any]:
    """Declare a parameter whose empty text stands for none, which CloudCruise's page leaves open."""
    return Annotated[kind | None, BeforeValidator(lambda value: None if value == "" else value), Query()], None


_KINDS = {"start_time": datetime, "cursor": datetime, "workflow_id": uuid.UUID, "status": BrowserStatus}

UNUSUAL_SERVERS: tuple[Variant, ...] = (
    unusual_server(
        "cloudcruise-correct-empty-is-absent",
        CLOUDCRUISE_LIST,
        "an empty parameter is taken for none",
        lambda c: c.get(query=dict.fromkeys(_KINDS, "")).rows == c.get().rows,
        declare={CLOUDCRUISE_LIST: {name: declare_optional(kind) for name, kind in _KINDS.items()}},
    ),
    unusual_server(
        "cloudcruise-correct-clamps",
        CLOUDCRUISE_LIST,
        "an old start_time is taken for 31 days ago",
        lambda c: c.get(query={"start_time": "2020-01-01T00:00:00Z"}).status == 200,
        steps={"oldest": keep_all, "start_time": clamp_start_time},
    ),
    unusual_server(
        "cloudcruise-correct-no-future",
        CLOUDCRUISE_LIST,
        "a start_time that has not come yet is refused",
        lambda c: c.get(query={"start_time": (c.clock.now() + timedelta(days=1)).isoformat()}).status == 400,
        before=refuse_future_start,
    ),
    unusual_server(
        "nx1-correct-oldest-hundred",
        NX1_OPS,
        "the oldest runs come first, a hundred of them",
        lambda c: len(c.get().rows) == 100 and c.get().rows[0]["created_at"] < c.get().rows[-1]["created_at"],
        size=LARGE_SIZE,
        steps={"order": sort_oldest_first},
    ),
    unusual_server(
        "nx1-correct-python-slice",
        NX1_OPS,
        "a negative limit cuts from the end",
        lambda c: len(c.get_rows(limit=-1)) > 50,
        steps={"limit": slice_by_limit},
    ),
    unusual_server(
        "nx1-correct-oldest-first",
        NX1_OPS,
        "the oldest runs come first",
        lambda c: c.get_rows()[0]["created_at"] < c.get_rows()[-1]["created_at"],
        steps={"order": sort_oldest_first},
    ),
    unusual_server(
        "nx1-correct-hashed-order",
        NX1_OPS,
        "runs come in no order that can be told",
        lambda c: c.get_rows() != sorted(c.get_rows(), key=lambda row: row["created_at"]),
        steps={"order": sort_by_id},
    ),
    unusual_server(
        "seekrflow-correct-any-thread",
        SEEKRFLOW_LIST,
        "a thread that nobody knows is an empty one",
        lambda c: c.get("/v1/threads/nobody/runs").json == [],
        wrap=adopt_unknown_threads,
    ),
    unusual_server(
        "seekrflow-correct-404-first",
        SEEKRFLOW_LIST,
        "an unknown thread is 404 before the query is looked at",
        lambda c: c.get("/v1/threads/nobody/runs", {"limit": "x"}).status == 404,
        wrap=refuse_unknown_thread_first,
    ),
    unusual_server(
        "nx1-correct-strict-body",
        NX1_OPS,
        "JSON's types are taken at their word",
        lambda c: c.post({"crew_type": "ask", "task_input": []}).status == 422,
        body=Annotated[StrictCrewRunBody, Body()],
    ),
)
