"""A plain HTTP client in process, for the direct probes: no network, no waiting, and time that it can move."""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from tests.catalogue.server import CC_KEY, PSKS, SEEKR_KEY
from tests.catalogue.world import THREADS, ManualClock, Row

PSK = next(iter(PSKS))
THREAD, OTHER_THREAD, SMALL_THREAD, EMPTY_THREAD = THREADS
GIVEN = {
    "nx1": {"Authorization-PSK": PSK},
    "cloudcruise": {"cc-key": CC_KEY},
    "seekrflow": {"Authorization": SEEKR_KEY},
}
LISTS = {"nx1": "/api/crew-runs", "cloudcruise": "/runs", "seekrflow": f"/v1/threads/{THREAD}/runs"}
IDS = {"nx1": "id", "cloudcruise": "session_id", "seekrflow": "id"}
START = "/api/crews/run"
SETTLE_S = 5.0
"""Later than this, every started run has ended."""

Query = Mapping[str, Any] | Sequence[tuple[str, Any]]


@dataclass(frozen=True)
class Reply:
    """An answer; ``whole`` is false where the connection broke before the announced end."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool
    seconds: float

    @property
    def json(self) -> Any:
        try:
            return json.loads(self.body.decode())
        except ValueError:
            return None

    @property
    def rows(self) -> list[Row]:
        return self.json if isinstance(self.json, list) else []


class Client:
    """Talks to one application of one API with that API's right credentials, unless told otherwise."""

    def __init__(self, app: Any, api: str, clock: ManualClock, runner: asyncio.Runner) -> None:
        self.app, self.api, self.clock, self._runner = app, api, clock, runner

    def get(self, path: str | None = None, query: Query = (), headers: Mapping[str, str] | None = None) -> Reply:
        """GET; without a path the API's list."""
        return self.send("GET", path or LISTS[self.api], query, headers)

    def post(self, body: Any, headers: Mapping[str, str] | None = None) -> Reply:
        """Start a crew run: ``body`` is JSON, or bytes that go out as they are."""
        return self.send(
            "POST", START, (), {**GIVEN[self.api], "Content-Type": "application/json", **(headers or {})}, body
        )

    def send(
        self, method: str, path: str, query: Query = (), headers: Mapping[str, str] | None = None, body: Any = None
    ) -> Reply:
        return self._runner.run(self._send(method, path, query, headers, body))

    def together(self, *queries: Query) -> list[Reply]:
        """Several GETs of the API's list at the same time."""

        async def all_at_once() -> list[Reply]:
            sent = (self._send("GET", LISTS[self.api], query, None, None) for query in queries)
            return list(await asyncio.gather(*sent))

        return self._runner.run(all_at_once())

    # ----------------------------------------------------------------------------------- what probes often need

    def rows(self, **query: Any) -> list[Row]:
        """The rows of the API's list, all of them unless a limit is given."""
        most = {"limit": 10_000, **({"start_time": _ago(self.clock, 30)} if self.api == "cloudcruise" else {})}
        return self.get(query={**most, **query}).rows

    def ids(self, **query: Any) -> list[Any]:
        return [row.get(IDS[self.api]) for row in self.get(query=query).rows]

    def start(self, crew_type: str = "ask", headers: Mapping[str, str] | None = None, **more: Any) -> Reply:
        return self.post({"crew_type": crew_type, **more}, {**GIVEN[self.api], **(headers or {})})

    def started(self, **options: Any) -> Row:
        """A run that was just started, as the list shows it; empty where the list does not."""
        cid = self.start(**options).json["correlation_id"]
        return next((row for row in self.rows() if row.get("correlation_id") == cid), {})

    def detail(self, run_id: Any) -> Any:
        return self.get(f"/api/crew-runs/{run_id}").json

    def life(self, steps: int = 12, seconds: float = 0.25, **options: Any) -> list[Row]:
        """A started run as its detail shows it from its start till well after its end."""
        run = self.started(**options)
        seen = [run]
        for _ in range(steps):
            self.clock.advance(seconds)
            seen.append(self.detail(run.get("id")) or {})
        return seen

    def pages(self, size: int, at_most: int = 30) -> Iterator[list[Row]]:
        """The pages of a CloudCruise or SeekrFlow list, by cursor or offset, to the first short one."""
        position: Any = None
        for number in range(at_most):
            by_offset = {"offset": number * size}
            by_cursor = {"start_time": _ago(self.clock, 30), **({"cursor": position} if position else {})}
            page = self.get(query={"limit": size, **(by_offset if self.api == "seekrflow" else by_cursor)}).rows
            yield page
            if len(page) < size:
                return
            position = page[-1]["created_at"]

    # ------------------------------------------------------------------------------------------------ plumbing

    async def _send(self, method: str, path: str, query: Query, headers: Mapping[str, str] | None, body: Any) -> Reply:
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        given = GIVEN[self.api] if headers is None else headers
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": quote(path).encode(),
            "query_string": urlencode(query).encode(),
            "root_path": "",
            "headers": [(name.lower().encode(), value.encode()) for name, value in given.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
            "state": {},
        }
        before = self.clock.slept
        messages = await _asgi(self.app, scope, content)
        return _reply(messages, self.clock.slept - before)


async def _asgi(app: Any, scope: dict[str, Any], content: bytes) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    incoming = iter([{"type": "http.request", "body": content, "more_body": False}])

    async def receive() -> dict[str, Any]:
        return next(incoming, {"type": "http.disconnect"})

    async def send(message: dict[str, Any]) -> None:
        messages.append(message)

    try:
        await app(scope, receive, send)
    except Exception:  # noqa: BLE001 - as a server does: what a handler raises is a 500, or a broken connection
        messages.append({"type": "broken"})
    return messages


def _reply(messages: Sequence[dict[str, Any]], seconds: float) -> Reply:
    start = next((m for m in messages if m["type"] == "http.response.start"), None)
    if start is None:
        return Reply(500, {}, b"", whole=False, seconds=seconds)
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    bodies = [m for m in messages if m["type"] == "http.response.body"]
    body = b"".join(m.get("body", b"") for m in bodies)
    ended = bool(bodies) and not bodies[-1].get("more_body") and messages[-1]["type"] != "broken"
    whole = ended and len(body) == int(headers.get("content-length", len(body)))
    return Reply(start["status"], headers, body, whole, seconds)


def _ago(clock: ManualClock, days: float) -> str:
    from datetime import timedelta

    return (clock.now() - timedelta(days=days)).isoformat()


Probe = Callable[[Client], bool]
"""True where the server misbehaves."""
