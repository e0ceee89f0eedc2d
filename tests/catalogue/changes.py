"""The seams at which a variant changes the correct server, and the values that its hooks are given."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from fastapi import Request
from starlette.types import ASGIApp

from tests.catalogue.clocks import WallClock
from tests.catalogue.fake_world import USUAL_SIZE, FakeRow, FakeWorld, WorldSize
from tests.catalogue.operations import get_api


@dataclass(frozen=True)
class FakeCaller:
    """The user whose credential a request carried."""

    owner: str = ""
    admin: bool = False


@dataclass
class FakeCall:
    """One request, as a hook sees it."""

    op: str
    """The operation: ``nx1.list``, ``nx1.get``, ``nx1.start``, ``cloudcruise.list`` or ``seekrflow.list``."""
    request: Request
    world: FakeWorld
    number: int = 0
    """The place of this request among those of its operation, counted from 1."""
    caller: FakeCaller | None = None
    values: dict[str, Any] = field(default_factory=dict)
    """The validated parameters by name, the body as ``body``."""

    @property
    def api(self) -> str:
        return get_api(self.op)

    @property
    def active_calls(self) -> int:
        """Number of requests of this operation that are being served now."""
        return self.world.active_calls.get(self.op, 0)

    @property
    def clock(self) -> WallClock:
        return self.world.clock

    def get_header(self, name: str) -> str | None:
        value: str | None = self.request.headers.get(name)
        return value

    def has_query(self, name: str) -> bool:
        """Return true where the query names this parameter."""
        return name in self.request.query_params


@dataclass(frozen=True)
class FakeAnswer:
    """A response before it is encoded."""

    status: int = 200
    body: Any = None
    """A JSON value, or bytes that go out as they are."""
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str | None = "application/json"

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


def encode_json(value: Any) -> bytes:
    """Return a JSON text. An infinite number, which JSON does not have, becomes null; a lone surrogate is escaped."""
    try:
        return msgspec.json.encode(value)
    except (ValueError, OverflowError, TypeError):  # a lone surrogate; a number of more than 64 bits
        return json.dumps(_replace_unencodable(value), separators=(",", ":")).encode()


def _replace_unencodable(value: Any) -> Any:
    if isinstance(value, float) and (value != value or value in {float("inf"), float("-inf")}):  # noqa: PLR0124
        return None
    if isinstance(value, dict):
        return {key: _replace_unencodable(part) for key, part in value.items()}
    return [_replace_unencodable(part) for part in value] if isinstance(value, list) else value


ListStep = Callable[[list[FakeRow], FakeCall], list[FakeRow]]
"""One step of making a list: filter, sort or page."""
RowHook = Callable[[FakeRow, FakeCall, FakeRow], FakeRow | None]
"""(the row as it will be sent, the call, the row as the world has it) -> the row to send instead, None to drop it."""
AnswerHook = Callable[[FakeAnswer, FakeCall], FakeAnswer]
BeforeHook = Callable[[FakeCall], Awaitable[FakeAnswer | None]]
"""Runs ahead of the handler, and may answer in its place."""
RunLife = Callable[[FakeRow, float, FakeCall], FakeRow]
"""(a started run, its age in seconds, the call) -> the run at this age."""
CallerGuard = Callable[[FakeCall], FakeCaller | None]
"""The caller of a request, or None where its credential is missing or wrong."""


@dataclass(frozen=True)
class Changes:
    """The differences between a variant and the correct server. A field that is not given stays correct."""

    declare: Mapping[str, Mapping[str, tuple[Any, Any] | None]] = field(default_factory=dict)
    """Declarations of parameters (annotation, default) by operation and name; None removes the parameter."""
    body: Any = None
    """The annotation of the start's body."""
    size: WorldSize = USUAL_SIZE
    steps: Mapping[str, ListStep] = field(default_factory=dict)
    """Steps that replace those of the same names in ``LIST_STEPS``."""
    row: RowHook | None = None
    """Changes each row of lists and details."""
    answer: AnswerHook | None = None
    """Changes every response, error responses included."""
    guard: CallerGuard | None = None
    late_guard: bool = False
    """The guard is asked after the validation, not before."""
    before: BeforeHook | None = None
    seed: Callable[[FakeWorld], None] | None = None
    """Changes the world at its start."""
    life: RunLife | None = None
    started: Callable[[FakeRow, FakeCall], FakeRow | None] | None = None
    """Changes a started run before it is stored; None: it is not stored."""
    find: Callable[[FakeCall, list[FakeRow]], FakeRow | None] | None = None
    """Chooses the row of a detail."""
    wrap: Callable[[ASGIApp, WallClock], ASGIApp] | None = None
    """Goes around the whole application."""
