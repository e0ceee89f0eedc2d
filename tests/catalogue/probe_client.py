"""An HTTP client in process, for the direct probes of faults: no network, no waiting, and a clock that it can move."""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

from tests.catalogue.clocks import ManualClock
from tests.catalogue.fake_callers import AMARA_PSK, CLOUDCRUISE_KEY, SEEKRFLOW_KEY
from tests.catalogue.fake_world import THREADS, FakeRow

THREAD, OTHER_THREAD, SMALL_THREAD, EMPTY_THREAD = THREADS
CREDENTIALS = {
    "nx1": {"Authorization-PSK": AMARA_PSK},
    "cloudcruise": {"cc-key": CLOUDCRUISE_KEY},
    "seekrflow": {"Authorization": SEEKRFLOW_KEY},
}
LIST_PATHS = {"nx1": "/api/crew-runs", "cloudcruise": "/runs", "seekrflow": f"/v1/threads/{THREAD}/runs"}
ID_FIELDS = {"nx1": "id", "cloudcruise": "session_id", "seekrflow": "id"}
START_PATH = "/api/crews/run"
UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"
"""A UUID that no run has."""

ProbeQuery = Mapping[str, Any] | Sequence[tuple[str, Any]]


@dataclass(frozen=True)
class ProbeResponse:
    """A response as the client received it."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_whole: bool
    """False where the connection broke before the announced end."""
    seconds: float
    """The time that the server slept, by the client's clock."""

    @property
    def json(self) -> Any:
        try:
            return json.loads(self.body.decode())
        except ValueError:
            return None

    @property
    def rows(self) -> list[FakeRow]:
        return self.json if isinstance(self.json, list) else []


class ProbeClient:
    """A client of one application and one API. It sends that API's right credential unless headers are given."""

    def __init__(self, app: Any, api: str, clock: ManualClock, runner: asyncio.Runner) -> None:
        self.app, self.api, self.clock, self._runner = app, api, clock, runner

    def get(
        self, path: str | None = None, query: ProbeQuery = (), headers: Mapping[str, str] | None = None
    ) -> ProbeResponse:
        """Send a GET; without a path, to the API's list."""
        return self.send("GET", path or LIST_PATHS[self.api], query, headers)

    def post(self, body: Any, headers: Mapping[str, str] | None = None) -> ProbeResponse:
        """Start a crew run: ``body`` is JSON, or bytes that go out as they are."""
        return self.send(
            "POST",
            START_PATH,
            (),
            {**CREDENTIALS[self.api], "Content-Type": "application/json", **(headers or {})},
            body,
        )

    def send(
        self, method: str, path: str, query: ProbeQuery = (), headers: Mapping[str, str] | None = None, body: Any = None
    ) -> ProbeResponse:
        return self._runner.run(self._send_request(method, path, query, headers, body))

    def get_together(self, *queries: ProbeQuery) -> list[ProbeResponse]:
        """Send several GETs of the API's list at the same time."""

        async def send_all() -> list[ProbeResponse]:
            sent = (self._send_request("GET", LIST_PATHS[self.api], query, None, None) for query in queries)
            return list(await asyncio.gather(*sent))

        return self._runner.run(send_all())

    # ----------------------------------------------------------------------------------- requests that many probes send

    def get_rows(self, **query: Any) -> list[FakeRow]:
        """Return the rows of the API's list, all of them unless a limit is given."""
        largest = {
            "limit": 10_000,
            **({"start_time": _format_ago(self.clock, 30)} if self.api == "cloudcruise" else {}),
        }
        return self.get(query={**largest, **query}).rows

    def get_ids(self, **query: Any) -> list[Any]:
        return [row.get(ID_FIELDS[self.api]) for row in self.get(query=query).rows]

    def start_run(self, crew_type: str = "ask", headers: Mapping[str, str] | None = None, **more: Any) -> ProbeResponse:
        return self.post({"crew_type": crew_type, **more}, {**CREDENTIALS[self.api], **(headers or {})})

    def start_and_find(self, **options: Any) -> FakeRow:
        """Start a run and return its row in the list; an empty row where the list has none."""
        correlation_id = self.start_run(**options).json["correlation_id"]
        return next((row for row in self.get_rows() if row.get("correlation_id") == correlation_id), {})

    def get_detail(self, run_id: Any) -> Any:
        return self.get(f"/api/crew-runs/{run_id}").json

    def watch_run(self, steps: int = 12, seconds: float = 0.25, **options: Any) -> list[FakeRow]:
        """Start a run and return its row at each of ``steps`` looks, from its start till well after its end."""
        run = self.start_and_find(**options)
        states = [run]
        for _ in range(steps):
            self.clock.advance(seconds)
            states.append(self.get_detail(run.get("id")) or {})
        return states

    def walk_pages(self, size: int, at_most: int = 30) -> Iterator[list[FakeRow]]:
        """Yield the pages of a CloudCruise or SeekrFlow list, by cursor or offset, to the first short one."""
        position: Any = None
        for number in range(at_most):
            by_offset = {"offset": number * size}
            by_cursor = {"start_time": _format_ago(self.clock, 30), **({"cursor": position} if position else {})}
            page = self.get(query={"limit": size, **(by_offset if self.api == "seekrflow" else by_cursor)}).rows
            yield page
            if len(page) < size:
                return
            position = page[-1]["created_at"]

    # ------------------------------------------------------------------------------------------------ plumbing

    async def _send_request(
        self, method: str, path: str, query: ProbeQuery, headers: Mapping[str, str] | None, body: Any
    ) -> ProbeResponse:
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        chosen = CREDENTIALS[self.api] if headers is None else headers
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
            "headers": [(name.lower().encode(), value.encode()) for name, value in chosen.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
            "state": {},
        }
        slept_before = self.clock.slept
        messages = await _call_app(self.app, scope, content)
        return _to_response(messages, self.clock.slept - slept_before)


async def _call_app(app: Any, scope: dict[str, Any], content: bytes) -> list[dict[str, Any]]:
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


def _to_response(messages: Sequence[dict[str, Any]], seconds: float) -> ProbeResponse:
    start = next((m for m in messages if m["type"] == "http.response.start"), None)
    if start is None:
        return ProbeResponse(500, {}, b"", is_whole=False, seconds=seconds)
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    bodies = [m for m in messages if m["type"] == "http.response.body"]
    body = b"".join(m.get("body", b"") for m in bodies)
    ended = bool(bodies) and not bodies[-1].get("more_body") and messages[-1]["type"] != "broken"
    is_whole = ended and len(body) == int(headers.get("content-length", len(body)))
    return ProbeResponse(start["status"], headers, body, is_whole, seconds)


def _format_ago(clock: ManualClock, days: float) -> str:
    return (clock.now() - timedelta(days=days)).isoformat()


FaultProbe = Callable[[ProbeClient], bool]
"""True where the server misbehaves, or is unusual."""
