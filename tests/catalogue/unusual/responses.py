"""Unusual responses: other headers, encodings and error bodies, and a service that is slow or busy."""

import json
import uuid
from collections.abc import Callable
from typing import Any

from starlette.middleware.gzip import GZipMiddleware

from tests.catalogue.changes import AnswerHook, FakeAnswer, FakeCall, encode_json
from tests.catalogue.clocks import WallClock
from tests.catalogue.operations import CLOUDCRUISE_LIST
from tests.catalogue.probe_client import CREDENTIALS, ProbeClient
from tests.catalogue.variant import Variant, unusual_servers

ItemChange = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]


def change_items(change: ItemChange) -> AnswerHook:
    """Return the hook that changes the items of every 422."""

    def change_answer(answer: FakeAnswer, _call: FakeCall) -> FakeAnswer:
        return FakeAnswer(422, {"detail": change(answer.body["detail"])}) if answer.status == 422 else answer

    return change_answer


def drop_newer_keys(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: item[name] for name in ("loc", "msg", "type")} for item in items]


def add_url(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**item, "url": f"https://errors.pydantic.dev/2.5/v/{item['type']}"} for item in items]


def answer_403(answer: FakeAnswer, _call: FakeCall) -> FakeAnswer:
    """Answer 403 in place of 401."""
    return FakeAnswer(403, answer.body) if answer.status == 401 else answer


def indent_json(answer: FakeAnswer, _call: FakeCall) -> FakeAnswer:
    text = json.dumps(answer.body, indent=2).encode() + b"\n"
    return FakeAnswer(answer.status, text, answer.headers)


def name_charset(answer: FakeAnswer, _call: FakeCall) -> FakeAnswer:
    return FakeAnswer(answer.status, answer.body, answer.headers, "application/json; charset=utf-8")


def add_gateway_headers(answer: FakeAnswer, call: FakeCall) -> FakeAnswer:
    added = {
        "via": "1.1 gateway",
        "x-request-id": str(uuid.uuid4()),
        "cache-control": "no-store",
        "x-cache": "MISS",
        "strict-transport-security": "max-age=600",
        "set-cookie": f"lb={call.number}; Path=/",
    }
    return FakeAnswer(answer.status, answer.body, {**answer.headers, **added}, answer.media_type)


def escape_to_ascii(answer: FakeAnswer, _call: FakeCall) -> FakeAnswer:
    return FakeAnswer(answer.status, json.dumps(answer.body).encode(), answer.headers)


async def refuse_now_and_then(call: FakeCall) -> FakeAnswer | None:
    if call.number % 13 != 5:
        return None
    body = {"statusCode": 429, "error": "Too Many Requests", "message": "Too Many Requests", "retryAfterSeconds": 0}
    return FakeAnswer(429, body if call.api == "cloudcruise" else {"detail": "Too many requests"}, {"Retry-After": "0"})


async def delay_each(call: FakeCall) -> FakeAnswer | None:
    await call.clock.sleep(0.05)
    return None


async def delay_first(call: FakeCall) -> FakeAnswer | None:
    await call.clock.sleep(1.5 if call.number == 1 else 0)
    return None


async def refuse_large(call: FakeCall) -> FakeAnswer | None:
    """Refuse more than half a kilobyte of address or body, and more than a kilobyte of one header."""
    request = call.request
    if len(str(request.url)) > 500:
        return FakeAnswer(414, b"URI Too Long", media_type="text/plain")
    if any(len(value) > 1000 for value in request.headers.values()):
        return FakeAnswer(431, b"", media_type=None)
    if int(request.headers.get("content-length", 0)) > 500:
        return FakeAnswer(413, b"Payload Too Large", media_type="text/plain")
    return None


def send_in_chunks(app: Any, _clock: WallClock) -> Any:
    """Wrap the application so that bodies come in pieces, without a content-length."""

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        async def send_pieces(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                headers = [(name, value) for name, value in message["headers"] if name != b"content-length"]
                await send({**message, "headers": headers})
            elif message["type"] == "http.response.body":
                body = message.get("body", b"")
                for start in range(0, len(body), 1000):
                    await send({"type": "http.response.body", "body": body[start : start + 1000], "more_body": True})
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        await app(scope, receive, send_pieces if scope["type"] == "http" else send)

    return wrapped


_DECLARED_NAMES = {b"limit", b"offset", b"order"}


def refuse_repeats(app: Any, _clock: WallClock) -> Any:
    """Wrap the application so that a query with a parameter twice is refused, in the shape of FastAPI's 422."""

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        pairs = scope.get("query_string", b"").split(b"&")
        names = [name for name, _, _ in (pair.partition(b"=") for pair in pairs) if name in _DECLARED_NAMES]
        repeated = next((name.decode() for name in names if names.count(name) > 1), None)
        has_key = any(
            name in {b"authorization", b"authorization-psk", b"cc-key"} for name, _ in scope.get("headers", ())
        )
        if not repeated or not has_key:
            await app(scope, receive, send)
            return
        item = {"type": "value_error", "loc": ["query", repeated], "msg": "given twice", "input": None}
        await send({"type": "http.response.start", "status": 422, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": encode_json({"detail": [item]})})

    return wrapped


def answer_403_in_plain_text(answer: FakeAnswer, _call: FakeCall) -> FakeAnswer:
    return FakeAnswer(403, b"Forbidden", media_type="text/plain") if answer.status == 401 else answer


def refuse_with_detail(answer: FakeAnswer, call: FakeCall) -> FakeAnswer:
    if answer.status == 400 and call.op == CLOUDCRUISE_LIST:
        return FakeAnswer(400, {"detail": answer.body["message"]})
    return answer


def refuse_with_422(answer: FakeAnswer, _call: FakeCall) -> FakeAnswer:
    """Answer FastAPI's own 422, though the page documents none."""
    if answer.status != 400:
        return answer
    name, _, message = answer.body["message"].partition(": ")
    item = {"type": "value_error", "loc": ["query", name.split()[0]], "msg": message or name}
    return FakeAnswer(422, {"detail": [item]})


def refuse_with_problem(answer: FakeAnswer, _call: FakeCall) -> FakeAnswer:
    if answer.status < 400:
        return answer
    body = {"type": "about:blank", "title": "Refused", "status": answer.status, "detail": str(answer.body)}
    return FakeAnswer(answer.status, body, answer.headers, "application/problem+json")


def is_gzipped(client: ProbeClient) -> bool:
    response = client.get(headers={**CREDENTIALS[client.api], "accept-encoding": "gzip"})
    return response.headers.get("content-encoding") == "gzip"


def has_detail(client: ProbeClient) -> bool:
    return "detail" in client.get(query={"limit": 0}).json


UNUSUAL_SERVERS: tuple[Variant, ...] = (
    *unusual_servers("pretty", "JSON is indented", lambda c: b"\n  " in c.get().body, answer=indent_json),
    *unusual_servers(
        "ascii",
        "JSON is escaped to ASCII",
        lambda c: c.get().body.isascii() and b": " in c.get().body,
        "nx1",
        answer=escape_to_ascii,
    ),
    *unusual_servers(
        "charset",
        "the content type names a charset",
        lambda c: "charset" in c.get().headers["content-type"],
        answer=name_charset,
    ),
    *unusual_servers(
        "gateway", "a gateway adds headers", lambda c: "via" in c.get().headers, answer=add_gateway_headers
    ),
    *unusual_servers(
        "chunked", "bodies come in chunks", lambda c: "content-length" not in c.get().headers, wrap=send_in_chunks
    ),
    *unusual_servers(
        "gzip",
        "answers are packed for who takes them so",
        is_gzipped,
        wrap=lambda app, _clock: GZipMiddleware(app),
    ),
    *unusual_servers(
        "429",
        "now and then there were too many requests",
        lambda c: any(c.get().status == 429 for _ in range(14)),
        before=refuse_now_and_then,
    ),
    *unusual_servers(
        "slow", "every answer takes a while", lambda c: c.get().seconds > 0.04, "nx1 cloudcruise", before=delay_each
    ),
    *unusual_servers(
        "cold", "the first answer takes long", lambda c: c.get().seconds > 1, "seekrflow", before=delay_first
    ),
    *unusual_servers(
        "small",
        "what is large is refused for its size",
        lambda c: c.get(query={"limit": "1" * 600}).status == 414,
        "nx1 seekrflow",
        before=refuse_large,
    ),
    *unusual_servers(
        "403",
        "a credential that is missing or wrong is answered 403",
        lambda c: c.get(headers={}).status == 403,
        answer=answer_403,
    ),
    *unusual_servers(
        "403-text",
        "a refused credential is answered 403 in plain text",
        lambda c: c.get(headers={}).body == b"Forbidden",
        "nx1",
        answer=answer_403_in_plain_text,
    ),
    *unusual_servers(
        "first-error",
        "only the first thing wrong is told",
        lambda c: len(c.get(query={"limit": "x", "offset": "y"}).json["detail"]) == 1,
        "seekrflow",
        answer=change_items(lambda items: items[:1]),
    ),
    *unusual_servers(
        "older-422",
        "items of a 422 have loc, msg and type alone",
        lambda c: len(c.get(query={"limit": "x"}).json["detail"][0]) == 3,
        "nx1 seekrflow",
        answer=change_items(drop_newer_keys),
    ),
    *unusual_servers(
        "url-422",
        "items of a 422 have a url",
        lambda c: "url" in c.get(query={"limit": "x"}).json["detail"][0],
        "nx1 seekrflow",
        answer=change_items(add_url),
    ),
    *unusual_servers(
        "strict-repeats",
        "a query with a parameter twice is refused",
        lambda c: c.get(query=[("limit", 1), ("limit", 2)]).status == 422,
        "nx1 seekrflow",
        wrap=refuse_repeats,
    ),
    *unusual_servers(
        "detail-400", "a refusal is 400 with a detail", has_detail, "cloudcruise", answer=refuse_with_detail
    ),
    *unusual_servers("fastapi-422", "a refusal is FastAPI's 422", has_detail, "cloudcruise", answer=refuse_with_422),
    *unusual_servers(
        "problem", "refusals are problems of RFC 9457", has_detail, "cloudcruise", answer=refuse_with_problem
    ),
)
