"""The data of the catalogue's servers: seeded runs of three APIs, relative to the moment at which the world is made.

A row is a dict of the API's fields with ``datetime`` timestamps. Names with a leading underscore are never sent:

    _rank    counts from the newest row, from 0; started runs count down from -1
    _born    the moment at which a run was started
    _fails   whether a started run will fail
    _vault   the vault credential that CloudCruise filters by and does not show
"""

import random
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from tests.catalogue.clocks import WallClock

FakeRow = dict[str, Any]

USERS = ("amara.okafor", "jonas.weber")
VAULTS = ("vault-user-northwind", "vault-user-contoso", "vault-user-fabrikam")
THREADS = (
    "thread_5f0c9d3be1a24c7788d01e42",
    "thread_a71e0b6629d84f13b5c6e9f0",
    "thread_0d48c2f7935b4be0a6172c3d",
    "thread_ffe19a20b4634d7ca9d8e351",
)
CREW_TYPES = ("ask", "classification", "data_engineering", "data_suggestion", "semantic_model")
_QUESTIONS = (
    "How did revenue develop by region?",
    "Which tables hold personal data?",
    "Why is the load slow on Mondays?",
)
_RESULTS = ("Revenue grew by 4.2 %, led by Germany.", "Three columns hold personal data.", "Statistics are stale.")
_ERRORS = ("Table 'hive.sales.orders' does not exist", "Agent stopped after 25 iterations", "Permission denied")
_MODELS = ("meta-llama/Llama-3.3-70B-Instruct", "mistralai/Mistral-Small-24B", "Qwen/Qwen2.5-32B-Instruct")


@dataclass(frozen=True)
class WorldSize:
    """Numbers of seeded runs."""

    crew_runs: int
    recent: int
    """CloudCruise's runs of the last day."""
    older: int
    """CloudCruise's runs between a day and 30 days old."""
    ancient: int
    """CloudCruise's runs older than 31 days, which no request may show."""
    threads: tuple[int, int, int, int]
    """SeekrFlow's runs in each of ``THREADS``."""


USUAL_SIZE = WorldSize(75, 70, 12, 3, (66, 25, 8, 0))
LARGE_SIZE = WorldSize(245, 240, 40, 5, (230, 45, 12, 0))
"""Large enough for one row in two hundred, and for limits above a hundred."""


class FakeWorld:
    """The runs of the three APIs, and the state of the server that shows them."""

    def __init__(
        self, clock: WallClock, size: WorldSize = USUAL_SIZE, apis: Sequence[str] = ("nx1", "cloudcruise", "seekrflow")
    ) -> None:
        self.clock = clock
        self.epoch = clock.now()
        self.crew_runs = [_make_crew_run(i, self.epoch) for i in range(size.crew_runs)] if "nx1" in apis else []
        ages = _list_browser_run_ages(size) if "cloudcruise" in apis else ()
        self.browser_runs = [_make_browser_run(i, age, self.epoch) for i, age in enumerate(ages)]
        threads = zip(THREADS, size.threads, strict=True) if "seekrflow" in apis else ()
        self.thread_runs = [_make_thread_run(thread, i, self.epoch) for thread, count in threads for i in range(count)]
        self.threads = set(THREADS)
        self.calls: dict[str, int] = {}
        """Requests so far, by operation."""
        self.active_calls: dict[str, int] = {}
        """Requests that are being served, by operation."""
        self.memory: dict[str, Any] = {}
        """State that a faulty server keeps from one request to the next."""


# ------------------------------------------------------------------------------------------------------ Nx1


def _make_crew_run(rank: int, epoch: datetime) -> FakeRow:
    rng = random.Random(f"crew {rank}")
    status = ("completed", "failed", "running", "completed", "pending")[rank % 5]
    created = epoch - timedelta(
        minutes=3 + rank * 11, seconds=rng.randrange(300), microseconds=rng.randrange(1, 999_999)
    )
    started = created + timedelta(seconds=rng.randrange(1, 60))
    begun = status in {"running", "completed"} or (status == "failed" and rank % 2 == 0)
    ended = status == "completed" or (status == "failed" and rank % 4 != 1)
    return {
        "id": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
        "correlation_id": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
        "owner_id": USERS[rank % 7 == 3],
        "crew_type": rng.choice((*CREW_TYPES, None)),
        "crew_config": _make_crew_config(rng) if rank % 3 == 0 else None,
        "task_input": {"question": rng.choice(_QUESTIONS), "depth": rank} if rank % 4 else None,
        "status": status,
        "result": rng.choice(_RESULTS) if status == "completed" else None,
        "error": rng.choice(_ERRORS) if status == "failed" else None,
        "created_at": created,
        "started_at": started if begun else None,
        "completed_at": started + timedelta(seconds=rng.randrange(1, 90)) if ended else None,
        "_rank": rank,
    }


def _make_crew_config(rng: random.Random) -> dict[str, Any]:
    agents = [_make_agent(rng, number) for number in range(rng.randrange(1, 3))]
    return {
        "id": rng.choice((None, "crew-nightly")),
        "agents": agents,
        "tasks": [
            {
                "description": rng.choice(("Write and run the query", "Profile every column")),
                "agent_index": number % len(agents),
                "expected_output": rng.choice(("", "A list of columns")),
                "tools": rng.choice(([], ["chart"])),
            }
            for number in range(rng.randrange(1, 4))
        ],
        "verbose": rng.random() < 0.5,
        "process": rng.choice(("sequential", "hierarchical")),
    }


def _make_agent(rng: random.Random, number: int) -> dict[str, Any]:
    return {
        "id": rng.choice((None, f"agent-{number}")),
        "role": rng.choice(("Data analyst", "Data steward")),
        "goal": "Answer the question with figures",
        "backstory": "Knows every catalog and who owns it",
        "verbose": rng.random() < 0.5,
        "allow_delegation": rng.random() < 0.5,
        "tools": rng.choice((["trino_query"], ["trino_query", "catalog_search"])),
        "tool_categories": rng.choice((["trino"], ["trino", "data_quality"])),
        "use_default_mcps": rng.random() < 0.5,
    }


PENDING_S, RUNNING_S = 0.3, 0.8
"""The time that a started crew run is pending, and then running, in seconds."""


def make_started_crew_run(
    world: FakeWorld, owner: str, crew_type: str, task_input: Any, correlation_id: str
) -> FakeRow:
    """Return a crew run that starts now; every fourth one will fail."""
    number = world.memory["started"] = world.memory.get("started", 0) + 1
    now = world.clock.now()
    newest = max((run["created_at"] for run in world.crew_runs), default=now - timedelta(days=1))
    return {
        "id": str(uuid.uuid4()),
        "correlation_id": correlation_id,
        "owner_id": owner,
        "crew_type": crew_type,
        "crew_config": None,
        "task_input": task_input,
        "created_at": max(now, newest + timedelta(microseconds=1)),
        "_rank": -number,
        "_born": now,
        "_fails": number % 4 == 0,
    }


def age_crew_run(run: FakeRow, age_s: float) -> FakeRow:
    """Return a started crew run with the fields that it has ``age_s`` after its start."""
    begun, ended = age_s >= PENDING_S, age_s >= PENDING_S + RUNNING_S
    status = ("failed" if run["_fails"] else "completed") if ended else "running" if begun else "pending"
    started = run["created_at"] + timedelta(seconds=PENDING_S)
    return {
        **run,
        "status": status,
        "result": _RESULTS[0] if status == "completed" else None,
        "error": _ERRORS[1] if status == "failed" else None,
        "started_at": started if begun else None,
        "completed_at": started + timedelta(seconds=RUNNING_S) if ended else None,
    }


# ----------------------------------------------------------------------------------------------- CloudCruise

BROWSER_STATUSES = tuple(
    f"execution.{name}" for name in ("queued", "start", "failed", "success", "paused", "stopped", "requeued")
)
_NAMESPACE = uuid.UUID("8c1d1f0e-5a56-4c5b-9b57-2f3a35b0c6d1")
WORKFLOWS = tuple(str(uuid.uuid5(_NAMESPACE, f"workflow {n}")) for n in range(4))
WORKSPACES = tuple(str(uuid.uuid5(_NAMESPACE, f"workspace {n}")) for n in range(2))


def _list_browser_run_ages(size: WorldSize) -> Iterator[timedelta]:
    """Yield ages from two minutes to 22 hours, from 26 hours to 30 days, and from 33 days on."""
    yield from (timedelta(minutes=2 + rank * 1320 / size.recent) for rank in range(size.recent))
    yield from (timedelta(hours=26 + rank * 680 / size.older) for rank in range(size.older))
    yield from (timedelta(days=33 + rank * 4) for rank in range(size.ancient))


def _make_browser_run(rank: int, age: timedelta, epoch: datetime) -> FakeRow:
    rng = random.Random(f"browser {rank}")
    status = BROWSER_STATUSES[rank * 3 % 7]
    created = _truncate_to_milliseconds(epoch - age) - timedelta(milliseconds=rng.randrange(1, 60_000))
    start = created + timedelta(milliseconds=rng.randrange(1, 90_000))
    begun = status in {"execution.start", "execution.success"} or (status != "execution.queued" and rank % 2 == 0)
    ended = status in {"execution.success", "execution.failed", "execution.stopped"}
    return {
        "session_id": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
        "status": status,
        "created_at": created,
        "workflow_id": rng.choice((*WORKFLOWS, None)),
        "workspace_id": rng.choice((*WORKSPACES, None)),
        "execution_start": start if begun else None,
        "execution_end": start + timedelta(milliseconds=rng.randrange(1, 400_000)) if ended else None,
        "dry_run": rng.choice((True, False, None)),
        "_vault": rng.choice((*VAULTS, None)),
        "_rank": rank,
    }


def _truncate_to_milliseconds(timestamp: datetime) -> datetime:
    return timestamp.replace(microsecond=timestamp.microsecond // 1000 * 1000)


# ------------------------------------------------------------------------------------------------ SeekrFlow

THREAD_STATUSES = ("queued", "running", "completed", "failed", "canceled", "cancelled")


def _make_thread_run(thread: str, rank: int, epoch: datetime) -> FakeRow:
    rng = random.Random(f"{thread} {rank}")
    status = (*THREAD_STATUSES, "completed")[rank % 7]
    created = epoch.replace(microsecond=0) - timedelta(minutes=4 + rank * 13, seconds=rng.randrange(600))
    started = created + timedelta(seconds=rng.randrange(1, 20))
    ended = started + timedelta(seconds=rng.randrange(1, 300))
    begun = status in {"running", "completed"} or (status != "queued" and rank % 2 == 0)
    prompt, completion = rng.randrange(20, 6000), rng.randrange(5, 900)
    usage = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
    return {
        "id": f"run_{rng.getrandbits(96):024x}",
        "object": "thread.run",
        "created_at": created,
        "agent_id": f"agent_{rng.getrandbits(48):012x}",
        "thread_id": thread,
        "status": status,
        "is_active": status in {"queued", "running"},
        "started_at": started if begun else None,
        "expires_at": created + timedelta(days=1) if rank % 3 else None,
        "cancelled_at": ended if status in {"canceled", "cancelled"} else None,
        "failed_at": ended if status == "failed" else None,
        "completed_at": ended if status == "completed" else None,
        "model": rng.choice(_MODELS),
        "instructions": "Cite the document you used." if rank % 2 else None,
        "tools": [{"type": "file_search", "name": "contracts"}] if rank % 3 else [],
        "meta_data": {"channel": "web", "case": rank},
        "usage": usage if status == "completed" else None,
        "temperature": rng.choice((0.0, 0.2, 0.7, 1)),
        "top_p": rng.choice((0.9, 0.95, 1)),
        "max_completion_tokens": rng.choice((512, 2048, None)),
        "truncation_strategy": {"type": "auto"},
        "response_format": rng.choice(("auto", {"type": "json_object"})),
        "tool_choice": rng.choice(("auto", {"type": "function", "name": "file_search"})),
        "parallel_tool_calls": rng.random() < 0.5,
        "_rank": rank,
    }


# -------------------------------------------------------------------------------------------- timestamps as text


@lru_cache(maxsize=5_000)
def format_with_offset(timestamp: datetime) -> str:
    return timestamp.isoformat()


@lru_cache(maxsize=5_000)
def format_milliseconds(timestamp: datetime) -> str:
    return timestamp.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@lru_cache(maxsize=5_000)
def format_zulu(timestamp: datetime) -> str:
    return timestamp.isoformat().replace("+00:00", "Z")


TIMESTAMP_FORMATS: dict[str, Callable[[datetime], str]] = {
    "nx1": format_with_offset,
    "cloudcruise": format_milliseconds,
    "seekrflow": format_zulu,
}
