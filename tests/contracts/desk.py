"""A service in memory and a sender that asks it: the laws of collections are tried on it without a network.

Each step of a list stands on its own, so that a test can replace one by a faulty one. ``_vault`` is the field of a row
that the service filters by and does not show.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import msgspec

from specduet.contracts.recording import Exchange, ReceivedResponse, Recording, SentRequest
from specduet.contracts.sending.sender import Sender
from specduet.specs import Api, Operation, load

Row = dict[str, Any]
Step = Callable[[list[Row], dict[str, str]], list[Row]]

NOW = datetime.now(UTC).replace(microsecond=0)
THREADS = {"thread_a": 45, "thread_b": 8, "thread_c": 0}
FLOWS = [f"00000000-0000-4000-8000-00000000000{n}" for n in range(3)]
STATUSES = {
    "cloudcruise": [
        f"execution.{s}" for s in ("success", "queued", "failed", "start", "stopped", "paused", "requeued")
    ],
    "seekrflow": ["completed", "queued", "failed", "running", "canceled", "cancelled"],
    "nx1": ["completed", "failed", "running", "pending"],
}
VAULTS = ("vault-user-northwind", "vault-user-contoso", None)
KEY = {"cloudcruise": "session_id", "seekrflow": "id", "nx1": "id"}


def text(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def row(api: str, index: int, **more: Any) -> Row:
    """One row, the ``index``-th newest: the first forty of the last day, then one every third day."""
    age = timedelta(minutes=20 + 35 * index) if index < 40 else timedelta(days=2 + (index - 40) * 3, hours=3)
    created = NOW - age - timedelta(milliseconds=index * 7)
    return {
        KEY[api]: f"00000000-0000-4000-9000-{index:012d}",
        "status": STATUSES[api][index % len(STATUSES[api])],
        "created_at": text(created),
        **({"workflow_id": FLOWS[index % 3] if index % 4 else None} if api == "cloudcruise" else {}),
        "_vault": VAULTS[index % 3],
        **more,
    }


def newest_first(rows: list[Row], _query: dict[str, str]) -> list[Row]:
    return sorted(rows, key=lambda r: r["created_at"] or "", reverse=True)


def either_way(rows: list[Row], query: dict[str, str]) -> list[Row]:
    return sorted(rows, key=lambda r: r["created_at"], reverse=query.get("order", "desc") == "desc")


def equal(name: str) -> Step:
    return lambda rows, query: [r for r in rows if name not in query or r.get(name) == query[name]]


def moment(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None


def since(rows: list[Row], query: dict[str, str]) -> list[Row]:
    start = moment(query.get("start_time")) or NOW - timedelta(hours=24)
    return [r for r in rows if not r["created_at"] or moment(r["created_at"]) >= start]  # type: ignore[operator]


def before(rows: list[Row], query: dict[str, str]) -> list[Row]:
    cursor = moment(query.get("cursor"))
    kept = [r for r in rows if r["created_at"]] if cursor else rows
    return [r for r in kept if cursor is None or moment(r["created_at"]) < cursor]  # type: ignore[operator]


def hidden(rows: list[Row], query: dict[str, str]) -> list[Row]:
    return [r for r in rows if "credential_id" not in query or r["_vault"] == query["credential_id"]]


def limited(default: int) -> Step:
    return lambda rows, query: rows[: int(query.get("limit", default))]


def offset(rows: list[Row], query: dict[str, str]) -> list[Row]:
    return rows[int(query.get("offset", 0)) :]


STEPS: dict[str, dict[str, Step]] = {
    "cloudcruise": {
        "credential_id": hidden,
        "start_time": since,
        "workflow_id": equal("workflow_id"),
        "status": equal("status"),
        "order": newest_first,
        "cursor": before,
        "limit": limited(1000),
    },
    "seekrflow": {"scope": lambda rows, _: rows, "order": either_way, "offset": offset, "limit": limited(20)},
    "nx1": {"order": newest_first, "limit": limited(100)},
}


def rows_of(api: str, count: int = 50) -> dict[str, list[Row]]:
    """The rows of each collection of an API, by what the path says."""
    if api == "seekrflow":
        return {
            name: [row(api, i, thread_id=name, id=f"{name}-{i}") for i in range(many)] for name, many in THREADS.items()
        }
    return {"": [row(api, i, **({"owner_id": "amara"} if api == "nx1" else {})) for i in range(count)]}


class Desk:
    """Answers lists; ``steps`` replace those of the correct service, ``arrive`` is called ahead of every answer."""

    def __init__(
        self,
        api: str,
        steps: Mapping[str, Step] | None = None,
        rows: dict[str, list[Row]] | None = None,
        arrive: Callable[["Desk"], None] | None = None,
    ) -> None:
        self.api: Api = load(api)
        self.rows = rows if rows is not None else rows_of(api)
        self.steps = {**STEPS[api], **(steps or {})}
        self.arrive = arrive
        self.asked = 0
        self.together: list[dict[str, str]] = []

    def reply(
        self,
        operation: Operation,
        path: Mapping[str, str],
        query: dict[str, str],
        _headers: Mapping[str, str],
        _json: Any,
        _caller: str,
    ) -> tuple[int, Any]:
        """What an operation is answered: a list, or 404."""
        return self.answer(path, query) if operation.behavior.lists else (404, {"detail": "Not Found"})

    def answer(self, path: Mapping[str, str], query: dict[str, str]) -> tuple[int, Any]:
        self.asked += 1
        if self.arrive:
            self.arrive(self)
        name = path.get("thread_id", "")
        if name not in self.rows:
            return 404, {"detail": "Thread not found"}
        rows = list(self.rows[name])
        for step in self.steps.values():
            rows = step(rows, {**query, "thread_id": name})
        return 200, [{key: value for key, value in one.items() if key != "_vault"} for one in rows]


class Asker:
    """Stands in for the sender: asks a desk, and records what was said."""

    def __init__(self, desk: Desk, params: Mapping[str, tuple[str, ...]] | None = None) -> None:
        self.desk = desk
        self.api = desk.api
        self.recording = Recording()
        self.callers: list[dict[str, str]] = []
        self.target = SimpleNamespace(loopback=True, params=params or {})
        self.clock = time.time()

    record_trace = Sender.record_trace

    def can_send(self, _operation: Operation) -> bool:
        return True

    def send(
        self,
        operation: Operation,
        *,
        path: Mapping[str, str] | None = None,
        query: Sequence[tuple[str, str]] = (),
        headers: Sequence[tuple[str, str]] = (),
        json: Any = None,
        credentials: Any = "given",
        **_options: Any,
    ) -> Exchange:
        filled = operation.path
        for name, value in (path or {}).items():
            filled = filled.replace(f"{{{name}}}", quote(value, safe=""))
        pairs = "&".join(f"{name}={quote(value, safe='')}" for name, value in query)
        caller = credentials.get("APIKeyHeader", "") if isinstance(credentials, Mapping) else ""
        given = {name.lower(): value for name, value in headers}
        status, body = self.desk.reply(operation, path or {}, dict(query), given, json, caller)
        return self.record(operation, filled, pairs, status, body, caller)

    def record(self, operation: Operation, path: str, query: str, status: int, body: Any, caller: str = "") -> Exchange:
        """Keep an exchange; each takes a hundredth of a second."""
        sent = SentRequest(
            operation.method, f"http://desk{path}?{query}", path, query, (("Authorization-PSK", caller),), None
        )
        received = ReceivedResponse(status, (("content-type", "application/json"),), msgspec.json.encode(body), 0.005)
        number = len(self.recording.exchanges) + 1
        self.clock += 0.01
        exchange = Exchange(
            number,
            self.api.name,
            operation.id,
            sent,
            received,
            "",
            "probe",
            "other" if caller else "given",
            self.clock - 0.008,
        )
        self.recording.exchanges.append(exchange)
        return exchange

    def send_concurrently(self, calls: Iterable[Callable[[], Exchange]]) -> list[Exchange]:
        made = list(calls)
        first = [getattr(call, "args", (None,))[0] for call in made]
        self.desk.together = [dict(question) for question in first if isinstance(question, dict)]
        found = [call() for call in made]
        self.desk.together = []
        return found
