"""What the catalogue's servers know: seeded runs of three APIs, relative to the moment at which the world is made.

A row is a dict of the API's fields with ``datetime`` moments; names with a leading underscore are never sent
(``_rank`` counts from the newest, ``_born`` and ``_fails`` belong to runs that were started, ``_vault`` is the vault
credential that CloudCruise filters by and does not show).
"""

import asyncio
import random
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

Row = dict[str, Any]

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


_BEGAN, _STARTED = datetime.now(UTC), time.monotonic()


class Clock:
    """The time of day, which nobody sets while a server runs; it sleeps by it, too."""

    def now(self) -> datetime:
        return _BEGAN + timedelta(seconds=time.monotonic() - _STARTED)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class ManualClock(Clock):
    """Time that stands until it is told: what sleeps moves it, so that nothing waits."""

    def __init__(self) -> None:
        self._now = datetime.now(UTC)
        self.slept = 0.0

    def now(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)

    async def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.advance(seconds)
        await asyncio.sleep(0)


@dataclass(frozen=True)
class Size:
    """How many runs there are: Nx1's; CloudCruise's of the last day, up to 30 days old and older; each thread's."""

    crew_runs: int
    recent: int
    older: int
    ancient: int
    threads: tuple[int, int, int, int]


USUAL = Size(75, 70, 12, 3, (66, 25, 8, 0))
MANY = Size(245, 240, 40, 5, (230, 45, 12, 0))
"""Enough for one row in two hundred, and for limits above a hundred."""


class World:
    """The runs of the three APIs; ``memory`` is where a faulty server keeps what it should not."""

    def __init__(
        self, clock: Clock, size: Size = USUAL, apis: Sequence[str] = ("nx1", "cloudcruise", "seekrflow")
    ) -> None:
        self.clock = clock
        self.epoch = clock.now()
        self.crew_runs = [_crew_run(i, self.epoch) for i in range(size.crew_runs)] if "nx1" in apis else []
        ages = _ages(size) if "cloudcruise" in apis else ()
        self.browser_runs = [_browser_run(i, age, self.epoch) for i, age in enumerate(ages)]
        threads = zip(THREADS, size.threads, strict=True) if "seekrflow" in apis else ()
        self.thread_runs = [_thread_run(thread, i, self.epoch) for thread, count in threads for i in range(count)]
        self.threads = set(THREADS)
        self.calls: dict[str, int] = {}
        self.active: dict[str, int] = {}
        self.memory: dict[str, Any] = {}


# ------------------------------------------------------------------------------------------------------ Nx1


def _crew_run(rank: int, epoch: datetime) -> Row:
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
        "crew_config": _crew_config(rng) if rank % 3 == 0 else None,
        "task_input": {"question": rng.choice(_QUESTIONS), "depth": rank} if rank % 4 else None,
        "status": status,
        "result": rng.choice(_RESULTS) if status == "completed" else None,
        "error": rng.choice(_ERRORS) if status == "failed" else None,
        "created_at": created,
        "started_at": started if begun else None,
        "completed_at": started + timedelta(seconds=rng.randrange(1, 90)) if ended else None,
        "_rank": rank,
    }


def _crew_config(rng: random.Random) -> dict[str, Any]:
    agents = [_agent(rng, number) for number in range(rng.randrange(1, 3))]
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


def _agent(rng: random.Random, number: int) -> dict[str, Any]:
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


WAITS_S, RUNS_S = 0.3, 0.8
"""How long a started crew run waits and then works, in seconds."""


def started_crew_run(world: World, owner: str, crew_type: str, task_input: Any, correlation_id: str) -> Row:
    """A crew run that was just started; every fourth one will fail."""
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


def crew_run_at(run: Row, age_s: float) -> Row:
    """A started crew run as it is ``age_s`` after it was started."""
    begun, ended = age_s >= WAITS_S, age_s >= WAITS_S + RUNS_S
    status = ("failed" if run["_fails"] else "completed") if ended else "running" if begun else "pending"
    started = run["created_at"] + timedelta(seconds=WAITS_S)
    return {
        **run,
        "status": status,
        "result": _RESULTS[0] if status == "completed" else None,
        "error": _ERRORS[1] if status == "failed" else None,
        "started_at": started if begun else None,
        "completed_at": started + timedelta(seconds=RUNS_S) if ended else None,
    }


# ----------------------------------------------------------------------------------------------- CloudCruise

BROWSER_STATUSES = tuple(
    f"execution.{name}" for name in ("queued", "start", "failed", "success", "paused", "stopped", "requeued")
)
_namespace = uuid.UUID("8c1d1f0e-5a56-4c5b-9b57-2f3a35b0c6d1")
WORKFLOWS = tuple(str(uuid.uuid5(_namespace, f"workflow {n}")) for n in range(4))
WORKSPACES = tuple(str(uuid.uuid5(_namespace, f"workspace {n}")) for n in range(2))


def _ages(size: Size) -> Iterator[timedelta]:
    """From two minutes to 22 hours, from 26 hours to 30 days, and from 33 days on."""
    yield from (timedelta(minutes=2 + rank * 1320 / size.recent) for rank in range(size.recent))
    yield from (timedelta(hours=26 + rank * 680 / size.older) for rank in range(size.older))
    yield from (timedelta(days=33 + rank * 4) for rank in range(size.ancient))


def _browser_run(rank: int, age: timedelta, epoch: datetime) -> Row:
    rng = random.Random(f"browser {rank}")
    status = BROWSER_STATUSES[rank * 3 % 7]
    created = _milliseconds(epoch - age) - timedelta(milliseconds=rng.randrange(1, 60_000))
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


def _milliseconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


# ------------------------------------------------------------------------------------------------ SeekrFlow

THREAD_STATUSES = ("queued", "running", "completed", "failed", "canceled", "cancelled")


def _thread_run(thread: str, rank: int, epoch: datetime) -> Row:
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


# -------------------------------------------------------------------------------------------- moments as text


@lru_cache(maxsize=5_000)
def iso_offset(moment: datetime) -> str:
    return moment.isoformat()


@lru_cache(maxsize=5_000)
def iso_milliseconds(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@lru_cache(maxsize=5_000)
def iso_seconds(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


MOMENTS: dict[str, Callable[[datetime], str]] = {
    "nx1": iso_offset,
    "cloudcruise": iso_milliseconds,
    "seekrflow": iso_seconds,
}
