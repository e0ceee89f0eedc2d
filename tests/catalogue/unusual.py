"""Servers that keep the contract in ways of their own: on none of them may a judge find anything."""

import json
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Annotated, Any

from fastapi import Body, Query
from pydantic import BaseModel, BeforeValidator, ConfigDict
from starlette.middleware.gzip import GZipMiddleware

from tests.catalogue.changes import Answer, AnswerHook, Call, dump
from tests.catalogue.client import EMPTY_THREAD, GIVEN, IDS, Client, Probe
from tests.catalogue.server import BrowserStatus, CrewType, newest_first, since, zoned
from tests.catalogue.variant import Variant, unusual
from tests.catalogue.world import MANY, THREADS, Clock, Row, World, crew_run_at

_LISTS = ("nx1.list", "cloudcruise.list", "seekrflow.list")
_NX1 = ("nx1.list", "nx1.get", "nx1.start")
_OPS = {"nx1": _NX1, "cloudcruise": ("cloudcruise.list",), "seekrflow": ("seekrflow.list",)}


def _each(
    name: str, sentence: str, probe: Probe, apis: str = "nx1 cloudcruise seekrflow", **hooks: Any
) -> Iterator[Variant]:
    """The same oddity at several APIs."""
    for api in apis.split():
        yield unusual(f"{api}-correct-{name}", _OPS[api], sentence, probe, **hooks)


# ------------------------------------------------------------------------------------------- what there is to see


def _tables(world: World) -> tuple[list[Row], ...]:
    return world.crew_runs, world.browser_runs, world.thread_runs


def _only(keep: Callable[[Row], bool]) -> Callable[[World], None]:
    def seed(world: World) -> None:
        for table in _tables(world):
            table[:] = [row for row in table if keep(row)]

    return seed


def _ties(world: World) -> None:
    """Five runs at a time were created in the same second; no page of the usual sizes is free of a tie."""
    for table in (world.crew_runs, world.thread_runs):
        for row in table:
            leader = next(
                r for r in table if r.get("thread_id") == row.get("thread_id") and r["_rank"] == row["_rank"] // 5 * 5
            )
            row["created_at"] = leader["created_at"]
            for name in ("started_at", "completed_at", "failed_at", "cancelled_at", "expires_at"):
                if row.get(name) and row[name] < row["created_at"]:
                    row[name] = row["created_at"] + timedelta(days=1 if name == "expires_at" else 0)


def _tied(client: Client) -> bool:
    moments = [row["created_at"] for row in client.rows()]
    return len(set(moments)) < len(moments) / 2


def _some_ties(world: World) -> None:
    """Pairs of runs share created_at: what a cursor then loses is the contract's doing, not the server's."""
    for one, other in zip(world.browser_runs[::6], world.browser_runs[1::6], strict=False):
        shift = one["created_at"] - other["created_at"]
        for name in ("created_at", "execution_start", "execution_end"):
            other[name] = other[name] and other[name] + shift


def _arriving(rows: list[Row], call: Call) -> list[Row]:
    """At every third call a new run has arrived."""
    if call.n % 3 == 0:
        newest = max(rows, key=lambda row: row["created_at"])
        number = call.world.memory["arrived"] = call.world.memory.get("arrived", 0) + 1
        _arrives(newest, number, call)
    return rows


def _arrives(newest: Row, number: int, call: Call) -> None:
    now = call.clock.now().replace(microsecond=0) + timedelta(
        microseconds=1000 * (number % 900) if call.api == "cloudcruise" else 0
    )
    moment = max(now, newest["created_at"] + timedelta(seconds=0 if call.api == "seekrflow" else 0.001))
    ended = {n: moment for n in newest if n.endswith(("_at", "_start", "_end")) and newest[n] is not None}
    if newest.get("expires_at"):
        ended["expires_at"] = moment + timedelta(days=1)
    ids = {IDS[call.api]: f"run_{number:024x}" if call.api == "seekrflow" else str(uuid.uuid4())}
    table = {"nx1": call.world.crew_runs, "cloudcruise": call.world.browser_runs, "seekrflow": call.world.thread_runs}[
        call.api
    ]
    table.insert(0, {**newest, **ended, **ids, "_rank": -number})


def _arrives_before(call: Call) -> None:
    """A run arrives before the list is made."""
    table = {"nx1": call.world.crew_runs, "cloudcruise": call.world.browser_runs, "seekrflow": call.world.thread_runs}[
        call.api
    ]
    own = [row for row in table if "_born" not in row and row.get("thread_id") == call.values.get("thread_id")]
    if own:
        _arriving(own, call)


async def _busy(call: Call) -> Answer | None:
    if call.op in _LISTS and call.n % 3 == 0:
        _arrives_before(call)
    return None


def _grows(client: Client) -> bool:
    before = len(client.rows())
    return any(len(client.rows()) > before for _ in range(8))


def _near_the_edge(world: World) -> None:
    """Runs leave the window of a day while one looks."""
    for number, row in enumerate(world.browser_runs[30:70]):
        shift = world.epoch - timedelta(days=1) + timedelta(seconds=number * 0.4) - row["created_at"]
        for name in ("created_at", "execution_start", "execution_end"):
            row[name] = row[name] and row[name] + shift
            row[name] = row[name] and row[name].replace(microsecond=row[name].microsecond // 1000 * 1000)


def _window_moves(client: Client) -> bool:
    before = len(client.get().rows)
    client.clock.advance(10)
    return len(client.get().rows) < before


_ATTEMPTS = ("queued", "start", "requeued", "start", "paused", "queued", "start", "success")
_ATTEMPT_S = 1.5


async def _taken_up_again(call: Call) -> Answer | None:
    """The newest runs are requeued and paused; each attempt has a start of its own, and none has it while it waits."""
    age = (call.clock.now() - call.world.epoch).total_seconds()
    for number, row in enumerate(call.world.browser_runs[:8]):
        turn = min(max(int((age - number * 0.5) / _ATTEMPT_S), 0), len(_ATTEMPTS) - 1)
        status = _ATTEMPTS[turn]
        begun = status in {"start", "success"}
        ended = status == "success"
        attempt = row["created_at"] + timedelta(seconds=_ATTEMPTS[: turn + 1].count("start"))
        row["status"] = f"execution.{status}"
        row["execution_start"] = attempt if begun else None
        row["execution_end"] = row["created_at"] + timedelta(seconds=20) if ended else None
    return None


def _starts_anew(client: Client) -> bool:
    seen = set()
    for _ in range(30):
        seen.add(client.rows()[0]["execution_start"])
        client.clock.advance(0.5)
    return len(seen - {None}) > 1


# --------------------------------------------------------------------------------------------- how rows are shown


def _with_extras(row: Row, _call: Call, _known: Row) -> Row:
    config = row.get("crew_config")
    more = {"crew_config": {**config, "memory": True}} if config else {}
    return {
        **row,
        **more,
        "_links": {"self": "/x"},
        "region": "eu-1",
        "updated_at": "yesterday",
        "score": 0.5,
        "parent": None,
    }


def _no_nulls(row: Row, _call: Call, _known: Row) -> Row:
    return {name: value for name, value in row.items() if value is not None}


def _all_optional_gone(row: Row, call: Call, _known: Row) -> Row:
    required = {
        "nx1": ("id", "correlation_id", "owner_id", "status", "created_at"),
        "cloudcruise": ("session_id", "status"),
        "seekrflow": (
            "id",
            "created_at",
            "agent_id",
            "thread_id",
            "status",
            "model",
            "temperature",
            "top_p",
            "parallel_tool_calls",
        ),
    }[call.api]
    return {name: row[name] for name in required}


def _moments(show: Callable[[Any], str]) -> Callable[[Row, Call, Row], Row]:
    def hook(row: Row, _call: Call, known: Row) -> Row:
        return {
            name: show(known[name]) if hasattr(known.get(name), "isoformat") else value for name, value in row.items()
        }

    return hook


_INDIA = timezone(timedelta(hours=5, minutes=30))


def _upper_ids(row: Row, _call: Call, _known: Row) -> Row:
    names = ("id", "session_id", "workflow_id", "workspace_id")
    return {name: value.upper() if name in names and value else value for name, value in row.items()}


def _reordered(row: Row, _call: Call, _known: Row) -> Row:
    return dict(sorted(row.items(), reverse=True))


# ---------------------------------------------------------------------------------------------- how it is answered


def _refusals(change: Callable[[Answer, Call], Answer]) -> AnswerHook:
    return lambda answer, call: change(answer, call) if answer.status in {400, 422} else answer


def _details(change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> AnswerHook:
    def hook(answer: Answer, _call: Call) -> Answer:
        return Answer(422, {"detail": change(answer.body["detail"])}) if answer.status == 422 else answer

    return hook


def _older(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: item[name] for name in ("loc", "msg", "type")} for item in items]


def _with_url(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**item, "url": f"https://errors.pydantic.dev/2.5/v/{item['type']}"} for item in items]


def _instead_of_401(status: int, body: Any = None) -> AnswerHook:
    return lambda answer, _call: Answer(status, body or answer.body) if answer.status == 401 else answer


def _pretty(answer: Answer, _call: Call) -> Answer:
    text = json.dumps(answer.body, indent=2).encode() + b"\n"
    return Answer(answer.status, text, answer.headers)


def _charset(answer: Answer, _call: Call) -> Answer:
    return Answer(answer.status, answer.body, answer.headers, "application/json; charset=utf-8")


def _gateway(answer: Answer, call: Call) -> Answer:
    added = {
        "via": "1.1 gateway",
        "x-request-id": str(uuid.uuid4()),
        "cache-control": "no-store",
        "x-cache": "MISS",
        "strict-transport-security": "max-age=600",
        "set-cookie": f"lb={call.n}; Path=/",
    }
    return Answer(answer.status, answer.body, {**answer.headers, **added}, answer.media)


def _ascii(answer: Answer, _call: Call) -> Answer:
    return Answer(answer.status, json.dumps(answer.body).encode(), answer.headers)


async def _too_many(call: Call) -> Answer | None:
    if call.n % 13 != 5:
        return None
    body = {"statusCode": 429, "error": "Too Many Requests", "message": "Too Many Requests", "retryAfterSeconds": 0}
    return Answer(429, body if call.api == "cloudcruise" else {"detail": "Too many requests"}, {"Retry-After": "0"})


async def _a_little_slow(call: Call) -> Answer | None:
    await call.clock.sleep(0.05)
    return None


async def _slow_at_first(call: Call) -> Answer | None:
    await call.clock.sleep(1.5 if call.n == 1 else 0)
    return None


async def _small(call: Call) -> Answer | None:
    """Half a kilobyte of address or body, a kilobyte of one header: no more."""
    request = call.request
    if len(str(request.url)) > 500:
        return Answer(414, b"URI Too Long", media="text/plain")
    if any(len(value) > 1000 for value in request.headers.values()):
        return Answer(431, b"", media=None)
    if int(request.headers.get("content-length", 0)) > 500:
        return Answer(413, b"Payload Too Large", media="text/plain")
    return None


def _chunked(app: Any, _clock: Clock) -> Any:
    """No content-length, and the body in pieces."""

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        async def in_pieces(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                headers = [(name, value) for name, value in message["headers"] if name != b"content-length"]
                await send({**message, "headers": headers})
            elif message["type"] == "http.response.body":
                body = message.get("body", b"")
                for start in range(0, len(body), 1000):
                    await send({"type": "http.response.body", "body": body[start : start + 1000], "more_body": True})
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        await app(scope, receive, in_pieces if scope["type"] == "http" else send)

    return wrapped


_DECLARED = {b"limit", b"offset", b"order"}


def _strict_on_repeats(app: Any, _clock: Clock) -> Any:
    """A query with a parameter twice is refused in FastAPI's words."""

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        pairs = scope.get("query_string", b"").split(b"&")
        names = [name for name, _, _ in (pair.partition(b"=") for pair in pairs) if name in _DECLARED]
        twice = next((name.decode() for name in names if names.count(name) > 1), None)
        has_key = any(
            name in {b"authorization", b"authorization-psk", b"cc-key"} for name, _ in scope.get("headers", ())
        )
        if not twice or not has_key:
            await app(scope, receive, send)
            return
        item = {"type": "value_error", "loc": ["query", twice], "msg": "given twice", "input": None}
        await send({"type": "http.response.start", "status": 422, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": dump({"detail": [item]})})

    return wrapped


def _forbidden_body(answer: Answer, _call: Call) -> Answer:
    return Answer(403, b"Forbidden", media="text/plain") if answer.status == 401 else answer


def _cc_detail(answer: Answer, call: Call) -> Answer:
    if answer.status == 400 and call.op == "cloudcruise.list":
        return Answer(400, {"detail": answer.body["message"]})
    return answer


def _cc_422(answer: Answer, _call: Call) -> Answer:
    """FastAPI's own refusal, though the page documents none."""
    if answer.status != 400:
        return answer
    name, _, words = answer.body["message"].partition(": ")
    return Answer(422, {"detail": [{"type": "value_error", "loc": ["query", name.split()[0]], "msg": words or name}]})


def _cc_problem(answer: Answer, _call: Call) -> Answer:
    if answer.status < 400:
        return answer
    body = {"type": "about:blank", "title": "Refused", "status": answer.status, "detail": str(answer.body)}
    return Answer(answer.status, body, answer.headers, "application/problem+json")


# --------------------------------------------------------------------------------------------- what is asked for


def _clamped(rows: list[Row], call: Call) -> list[Row]:
    """A start_time older than 31 days is taken for 31 days."""
    start = zoned(call.values["start_time"])
    oldest = call.clock.now() - timedelta(days=31)
    if start is None:
        return since(rows, call)
    return [row for row in rows if row["created_at"] >= max(start, oldest)]


def _anything(rows: list[Row], _call: Call) -> list[Row]:
    return rows


def _python_slice(rows: list[Row], call: Call) -> list[Row]:
    return rows[: call.values["limit"]]


def _two_hundred(rows: list[Row], call: Call) -> list[Row]:
    return rows[: min(max(call.values["limit"], 0), 200)]


def _nx1_any_order(rows: list[Row], call: Call) -> list[Row]:
    """No page names an order for Nx1: the oldest come first, what was started last."""
    return newest_first(rows, call)[::-1]


def _hashed_order(rows: list[Row], _call: Call) -> list[Row]:
    started = [row for row in rows if "_born" in row]
    return [*started, *sorted((row for row in rows if "_born" not in row), key=lambda row: row["id"])]


def _adopts_threads(app: Any, _clock: Clock) -> Any:
    """A thread that nobody knows has no runs: 200 and an empty list."""

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/v1/threads/"):
            thread = scope["path"].split("/")[3]
            if thread not in THREADS:
                scope = {
                    **scope,
                    "path": f"/v1/threads/{EMPTY_THREAD}/runs",
                    "raw_path": f"/v1/threads/{EMPTY_THREAD}/runs".encode(),
                }
        await app(scope, receive, send)

    return wrapped


def _unknown_first(app: Any, _clock: Clock) -> Any:
    """An unknown thread is 404 before the query is looked at."""

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"].split("/")[3:4] and scope["path"].split("/")[3] not in THREADS:
            has_key = any(name == b"authorization" and value for name, value in scope["headers"])
            if has_key:
                await send(
                    {"type": "http.response.start", "status": 404, "headers": [(b"content-type", b"application/json")]}
                )
                await send({"type": "http.response.body", "body": b'{"detail":"Thread not found"}'})
                return
        await app(scope, receive, send)

    return wrapped


class _StrictRequest(BaseModel):
    """Types of JSON are taken at their word."""

    model_config = ConfigDict(strict=True)
    crew_type: Annotated[CrewType, Body(strict=False)]
    task_input: dict[str, Any] = {}


def _all_fail(run: Row, _call: Call) -> Row:
    return {**run, "_fails": True}


def _fails_while_waiting(run: Row, age_s: float, _call: Call) -> Row:
    """Pending, then failed: it never ran."""
    state = crew_run_at({**run, "_fails": True}, 0.0)
    over = age_s > 0.5
    return {**state, "status": "failed" if over else "pending", "error": "no worker" if over else None}


def _statuses(client: Client) -> set[str]:
    return {row["status"] for row in client.life()}


def _one_status(world: World) -> None:
    _only(lambda row: row["status"] in {"completed", "execution.success"})(world)


def _data() -> Iterator[Variant]:
    yield from _each("empty", "there are no runs at all", lambda c: c.rows() == [], seed=_only(lambda _: False))
    yield from _each("many", "there are hundreds of runs", lambda c: len(c.rows()) > 200, size=MANY)
    yield from _each(
        "few", "there are three runs", lambda c: 0 < len(c.rows()) <= 3, seed=_only(lambda row: row["_rank"] < 3)
    )
    yield from _each(
        "one-row", "there is one run", lambda c: len(c.rows()) == 1, seed=_only(lambda row: row["_rank"] == 2)
    )
    yield from _each(
        "one-status", "all runs have ended well", lambda c: len({r["status"] for r in c.rows()}) == 1, seed=_one_status
    )
    yield from _each("ties", "runs share created_at", _tied, "nx1 seekrflow", seed=_ties)
    yield unusual(
        "cloudcruise-correct-ties",
        "cloudcruise.list",
        "some pairs of runs share created_at",
        lambda c: len({r["created_at"] for r in c.rows()}) < len(c.rows()),
        seed=_some_ties,
    )
    yield unusual(
        "cloudcruise-correct-taken-up-again",
        "cloudcruise.list",
        "runs are requeued, and start anew",
        _starts_anew,
        before=_taken_up_again,
    )
    yield unusual(
        "nx1-correct-two-hundred",
        _NX1,
        "no list has more than two hundred rows",
        lambda c: len(c.rows()) == len(c.rows(limit=5000)) == 200,
        size=MANY,
        steps={"limit": _two_hundred},
    )
    yield from _each("busy", "runs arrive while one looks", _grows, before=_busy)
    yield unusual(
        "cloudcruise-correct-edge",
        "cloudcruise.list",
        "runs leave the window of a day while one looks",
        _window_moves,
        seed=_near_the_edge,
    )


def _rows() -> Iterator[Variant]:
    yield from _each(
        "extra-fields",
        "rows have fields that the page does not name",
        lambda c: "region" in c.rows()[0],
        row=_with_extras,
    )
    yield from _each(
        "no-nulls",
        "what is null is left out",
        lambda c: any(len(r) != len(c.rows()[0]) for r in c.rows()),
        row=_no_nulls,
    )
    yield from _each(
        "required-only",
        "optional fields are never sent",
        lambda c: len(c.rows()[0]) in {2, 5, 9},
        row=_all_optional_gone,
    )
    yield from _each(
        "offsets",
        "moments have an offset from UTC",
        lambda c: "+05:30" in c.rows()[0]["created_at"],
        row=_moments(lambda m: m.astimezone(_INDIA).isoformat()),
    )
    yield from _each(
        "nanoseconds",
        "moments have nine digits after the second",
        lambda c: c.rows()[0]["created_at"].endswith("000Z"),
        "nx1 seekrflow",
        row=_moments(lambda m: f"{m.strftime('%Y-%m-%dT%H:%M:%S.%f')}000Z"),
    )
    yield from _each(
        "upper-ids", "UUIDs are in capitals", lambda c: c.rows()[0][IDS[c.api]].isupper(), "cloudcruise", row=_upper_ids
    )
    yield from _each(
        "keys-reversed",
        "keys come in another order",
        lambda c: list(c.rows()[0]) == sorted(c.rows()[0], reverse=True),
        row=_reordered,
    )


def _answers() -> Iterator[Variant]:
    yield from _each("pretty", "JSON is indented", lambda c: b"\n  " in c.get().body, answer=_pretty)
    yield from _each(
        "ascii",
        "JSON is escaped to ASCII",
        lambda c: c.get().body.isascii() and b": " in c.get().body,
        "nx1",
        answer=_ascii,
    )
    yield from _each(
        "charset",
        "the content type names a charset",
        lambda c: "charset" in c.get().headers["content-type"],
        answer=_charset,
    )
    yield from _each("gateway", "a gateway adds headers", lambda c: "via" in c.get().headers, answer=_gateway)
    yield from _each(
        "chunked", "bodies come in chunks", lambda c: "content-length" not in c.get().headers, wrap=_chunked
    )
    yield from _each(
        "gzip",
        "answers are packed for who takes them so",
        lambda c: c.get(headers={**GIVEN[c.api], "accept-encoding": "gzip"}).headers.get("content-encoding") == "gzip",
        wrap=lambda app, _clock: GZipMiddleware(app),
    )
    yield from _each(
        "429",
        "now and then there were too many requests",
        lambda c: any(c.get().status == 429 for _ in range(14)),
        before=_too_many,
    )
    yield from _each(
        "slow", "every answer takes a while", lambda c: c.get().seconds > 0.04, "nx1 cloudcruise", before=_a_little_slow
    )
    yield from _each(
        "cold", "the first answer takes long", lambda c: c.get().seconds > 1, "seekrflow", before=_slow_at_first
    )
    yield from _each(
        "small",
        "what is large is refused for its size",
        lambda c: c.get(query={"limit": "1" * 600}).status == 414,
        "nx1 seekrflow",
        before=_small,
    )
    yield from _each(
        "403",
        "a credential that is missing or wrong is answered 403",
        lambda c: c.get(headers={}).status == 403,
        answer=_instead_of_401(403),
    )
    yield from _each(
        "403-text",
        "a refused credential is answered 403 in plain text",
        lambda c: c.get(headers={}).body == b"Forbidden",
        "nx1",
        answer=_forbidden_body,
    )
    yield from _each(
        "first-error",
        "only the first thing wrong is told",
        lambda c: len(c.get(query={"limit": "x", "offset": "y"}).json["detail"]) == 1,
        "seekrflow",
        answer=_details(lambda items: items[:1]),
    )
    yield from _each(
        "older-422",
        "items of a 422 have loc, msg and type alone",
        lambda c: len(c.get(query={"limit": "x"}).json["detail"][0]) == 3,
        "nx1 seekrflow",
        answer=_details(_older),
    )
    yield from _each(
        "url-422",
        "items of a 422 have a url",
        lambda c: "url" in c.get(query={"limit": "x"}).json["detail"][0],
        "nx1 seekrflow",
        answer=_details(_with_url),
    )
    yield from _each(
        "strict-repeats",
        "a query with a parameter twice is refused",
        lambda c: c.get(query=[("limit", 1), ("limit", 2)]).status == 422,
        "nx1 seekrflow",
        wrap=_strict_on_repeats,
    )
    for name, words, hook in (
        ("detail-400", "a refusal is 400 with a detail", _cc_detail),
        ("fastapi-422", "a refusal is FastAPI's 422", _cc_422),
        ("problem", "refusals are problems of RFC 9457", _cc_problem),
    ):
        yield unusual(
            f"cloudcruise-correct-{name}",
            "cloudcruise.list",
            words,
            lambda c: "detail" in c.get(query={"limit": 0}).json,
            answer=hook,
        )


async def _refuses_the_future(call: Call) -> Answer | None:
    start = zoned(call.values.get("start_time"))
    if start is None or start <= call.clock.now():
        return None
    return Answer(400, {"statusCode": 400, "error": "Bad Request", "message": "start_time is in the future"})


def _or_absent(kind: Any) -> tuple[Any, Any]:
    """A parameter whose empty text stands for none: the page of CloudCruise, which is no FastAPI, leaves it open."""
    return Annotated[kind | None, BeforeValidator(lambda value: None if value == "" else value), Query()], None


def _asked() -> Iterator[Variant]:
    kinds = {"start_time": datetime, "cursor": datetime, "workflow_id": uuid.UUID, "status": BrowserStatus}
    yield unusual(
        "cloudcruise-correct-empty-is-absent",
        "cloudcruise.list",
        "an empty parameter is taken for none",
        lambda c: c.get(query=dict.fromkeys(kinds, "")).rows == c.get().rows,
        declare={"cloudcruise.list": {name: _or_absent(kind) for name, kind in kinds.items()}},
    )
    yield unusual(
        "cloudcruise-correct-clamps",
        "cloudcruise.list",
        "an old start_time is taken for 31 days ago",
        lambda c: c.get(query={"start_time": "2020-01-01T00:00:00Z"}).status == 200,
        steps={"oldest": _anything, "start_time": _clamped},
    )
    yield unusual(
        "cloudcruise-correct-no-future",
        "cloudcruise.list",
        "a start_time that has not come yet is refused",
        lambda c: c.get(query={"start_time": (c.clock.now() + timedelta(days=1)).isoformat()}).status == 400,
        before=_refuses_the_future,
    )
    yield unusual(
        "nx1-correct-oldest-hundred",
        _NX1,
        "the oldest runs come first, a hundred of them",
        lambda c: len(c.get().rows) == 100 and c.get().rows[0]["created_at"] < c.get().rows[-1]["created_at"],
        size=MANY,
        steps={"order": _nx1_any_order},
    )
    yield unusual(
        "nx1-correct-python-slice",
        _NX1,
        "a negative limit cuts from the end",
        lambda c: len(c.rows(limit=-1)) > 50,
        steps={"limit": _python_slice},
    )
    yield unusual(
        "nx1-correct-oldest-first",
        _NX1,
        "the oldest runs come first",
        lambda c: c.rows()[0]["created_at"] < c.rows()[-1]["created_at"],
        steps={"order": _nx1_any_order},
    )
    yield unusual(
        "nx1-correct-hashed-order",
        _NX1,
        "runs come in no order that can be told",
        lambda c: c.rows() != sorted(c.rows(), key=lambda r: r["created_at"]),
        steps={"order": _hashed_order},
    )
    yield unusual(
        "seekrflow-correct-any-thread",
        "seekrflow.list",
        "a thread that nobody knows is an empty one",
        lambda c: c.get("/v1/threads/nobody/runs").json == [],
        wrap=_adopts_threads,
    )
    yield unusual(
        "seekrflow-correct-404-first",
        "seekrflow.list",
        "an unknown thread is 404 before the query is looked at",
        lambda c: c.get("/v1/threads/nobody/runs", {"limit": "x"}).status == 404,
        wrap=_unknown_first,
    )
    yield unusual(
        "nx1-correct-strict-body",
        _NX1,
        "JSON's types are taken at their word",
        lambda c: c.post({"crew_type": "ask", "task_input": []}).status == 422,
        body=Annotated[_StrictRequest, Body()],
    )


def _started() -> Iterator[Variant]:
    yield unusual(
        "nx1-correct-instant",
        _NX1,
        "a started run has ended when one looks",
        lambda c: _statuses(c) <= {"completed", "failed"},
        life=lambda run, _age, _call: crew_run_at(run, 9),
    )
    yield unusual(
        "nx1-correct-all-fail",
        _NX1,
        "every started run fails",
        lambda c: all("completed" not in _statuses(c) for _ in range(3)),
        started=_all_fail,
    )
    yield unusual(
        "nx1-correct-fails-waiting",
        _NX1,
        "runs fail before they run",
        lambda c: _statuses(c) == {"pending", "failed"},
        life=_fails_while_waiting,
    )
    yield unusual(
        "nx1-correct-slow-runs",
        _NX1,
        "a started run works for nine seconds",
        lambda c: _statuses(c) == {"pending", "running"},
        life=lambda run, age, _call: crew_run_at(run, age / 8),
    )
    yield unusual(
        "nx1-correct-late-list",
        _NX1,
        "nothing started is ever waiting",
        lambda c: "pending" not in _statuses(c),
        life=lambda run, age, _call: crew_run_at(run, age + 0.3),
    )


VARIANTS = (*_data(), *_rows(), *_answers(), *_asked(), *_started())
