"""Changes of an application from outside: what it is asked, and what it answers."""

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class _WithBody:
    """A message with a body."""

    body: bytes

    @property
    def json(self) -> Any:
        """The body as a JSON value, None where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass(frozen=True)
class Asked(_WithBody):
    """A request on its way to the application."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes

    def with_json(self, value: Any) -> "Asked":
        """Return the request with another JSON body."""
        return replace(self, body=json.dumps(value).encode())


@dataclass(frozen=True)
class Answer(_WithBody):
    """A response on its way back."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def with_json(self, value: Any) -> "Answer":
        """Return the response with another JSON body."""
        headers = {"content-type": "application/json", **self.headers}
        return replace(self, body=json.dumps(value).encode(), headers=headers)

    def with_header(self, name: str, value: str | None) -> "Answer":
        """Return the response with a header, or without it."""
        kept = {key: text for key, text in self.headers.items() if key != name}
        return replace(self, headers=kept if value is None else {**kept, name: value})


Ask = Callable[[Asked], Awaitable[Answer]]
Change = Callable[[Asked, Ask], Awaitable[Answer]]
"""A change gets a request and the application, and gives the response that the client is to see."""


def change_app(app: ASGIApp, label: str, change: Change) -> ASGIApp:
    """Return an application that treats the requests of one operation (``GET /things/{id}``) in another way."""
    method, _, template = label.partition(" ")
    pattern = re.compile(re.sub(r"\\\{[^{}]*\\\}", "[^/]+", re.escape(template)))

    async def changed(scope: Scope, receive: Receive, send: Send) -> None:
        is_meant = scope["type"] == "http" and method in {scope["method"], "*"} and pattern.fullmatch(scope["path"])
        if not is_meant:
            await app(scope, receive, send)
            return
        await _send_answer(await change(await _read_request(scope, receive), _make_ask(app, scope)), send)

    return changed


async def _read_request(scope: Scope, receive: Receive) -> Asked:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    query = tuple(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    return Asked(scope["method"], scope["path"], query, headers, body)


def _make_ask(app: ASGIApp, scope: Scope) -> Ask:
    async def ask(asked: Asked) -> Answer:
        inner = {
            **scope,
            "method": asked.method,
            "path": asked.path,
            "raw_path": asked.path.encode(),
            "query_string": urlencode(asked.query).encode(),
            "headers": [
                (name.encode("latin-1"), value.encode("latin-1"))
                for name, value in {**asked.headers, "content-length": str(len(asked.body))}.items()
            ],
        }
        messages: list[Message] = [{"type": "http.request", "body": asked.body}]
        got: list[Message] = []

        async def receive() -> Message:
            return messages.pop() if messages else {"type": "http.disconnect"}

        async def keep(message: Message) -> None:
            got.append(message)

        await app(inner, receive, keep)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in got[0]["headers"]}
        return Answer(got[0]["status"], headers, b"".join(message.get("body", b"") for message in got[1:]))

    return ask


async def _send_answer(answer: Answer, send: Send) -> None:
    headers = dict(answer.headers)
    if "content-length" in headers:
        headers["content-length"] = str(len(answer.body))
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": raw})
    await send({"type": "http.response.body", "body": answer.body})


# --------------------------------------------------------------------------------------------------------- changes


def change_answer(change: Callable[[Answer], Answer], *, statuses: range = range(200, 300)) -> Change:
    """Return a change of the responses with these statuses."""

    async def changed(asked: Asked, ask: Ask) -> Answer:
        answer = await ask(asked)
        return change(answer) if answer.status in statuses else answer

    return changed


def change_body(change: Callable[[Any], Any], *, statuses: range = range(200, 300)) -> Change:
    """Return a change of the JSON body of responses; ``change`` returns the new one, or changes it and returns None."""

    def changed(answer: Answer) -> Answer:
        body = answer.json
        if body is None:
            return answer
        new = change(body)
        return answer.with_json(body if new is None else new)

    return change_answer(changed, statuses=statuses)


def change_rows(rows: str, change: Callable[[dict[str, Any]], Any]) -> Change:
    """Return a change of each row of a list; ``rows`` is the dotted path of the rows in the body."""

    def changed(body: Any) -> None:
        inner = body
        for step in filter(None, rows.split(".")):
            inner = inner[step]
        for row in inner:
            change(row)

    return change_body(changed)


def set_status(status: int, *, of: range = range(200, 300)) -> Change:
    """Return a change of the status of responses."""
    return change_answer(lambda answer: replace(answer, status=status), statuses=of)


def set_header(name: str, value: str | None, *, of: range = range(200, 300)) -> Change:
    """Return a change of one header of responses; None takes it away."""
    return change_answer(lambda answer: answer.with_header(name, value), statuses=of)


def change_request(change: Callable[[Asked], Asked]) -> Change:
    """Return a change of requests."""

    async def changed(asked: Asked, ask: Ask) -> Answer:
        return await ask(change(asked))

    return changed


def ignore_query(*names: str) -> Change:
    """Return a change after which parameters of the query have no effect."""
    return change_request(lambda a: replace(a, query=tuple(pair for pair in a.query if pair[0] not in names)))


def ignore_header(name: str) -> Change:
    """Return a change after which a request header has no effect."""
    return change_request(lambda a: replace(a, headers={k: v for k, v in a.headers.items() if k != name}))


def ignore_body(*names: str) -> Change:
    """Return a change after which properties of the body have no effect."""

    def changed(asked: Asked) -> Asked:
        body = asked.json
        return asked.with_json({k: v for k, v in body.items() if k not in names}) if isinstance(body, dict) else asked

    return change_request(changed)


def answer_without_asking(status: int, body: Any = None) -> Change:
    """Return a change after which the application is not asked: every request gets this response."""

    async def changed(_asked: Asked, _ask: Ask) -> Answer:
        answer = Answer(status, {} if body is None else {"content-type": "application/json"})
        return answer if body is None else answer.with_json(body)

    return changed


def read_instead(status: int = 200) -> Change:
    """Return a change after which a write changes nothing, and is answered as if it had: with what there is."""

    async def changed(asked: Asked, ask: Ask) -> Answer:
        answer = await ask(replace(asked, method="GET", body=b""))
        if answer.status >= 300:
            return answer
        return Answer(status) if status == 204 else replace(answer, status=status)

    return changed


def skip_action() -> Change:
    """Return a change after which ``POST /things/{id}/verb`` does nothing, and shows the row as it is."""

    async def changed(asked: Asked, ask: Ask) -> Answer:
        return await ask(replace(asked, method="GET", body=b"", path=asked.path.rpartition("/")[0]))

    return changed


def accept_on_refusal(change: Callable[[Asked], Asked | None]) -> Change:
    """Return a change after which a refused request is asked again in another form: so it is accepted."""

    async def changed(asked: Asked, ask: Ask) -> Answer:
        answer = await ask(asked)
        if answer.status in {400, 422}:
            repaired = change(asked)
            return answer if repaired is None else await ask(repaired)
        return answer

    return changed
