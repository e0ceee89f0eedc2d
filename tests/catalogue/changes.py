"""What a variant may change of the correct server, and what its hooks are given."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from fastapi import Request
from starlette.types import ASGIApp

from tests.catalogue.world import USUAL, Clock, Row, Size, World


@dataclass(frozen=True)
class Caller:
    """Whose credential a request carried."""

    owner: str = ""
    admin: bool = False


@dataclass
class Call:
    """One request as a hook sees it: ``op`` is ``nx1.list``, ``nx1.get``, ``nx1.start``, ``cloudcruise.list`` …

    ``n`` counts the requests of this operation from 1; ``active`` is how many of them are being served now.
    """

    op: str
    request: Request
    world: World
    n: int = 0
    caller: Caller | None = None
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def api(self) -> str:
        return self.op.partition(".")[0]

    @property
    def active(self) -> int:
        return self.world.active.get(self.op, 0)

    @property
    def clock(self) -> Clock:
        return self.world.clock

    def header(self, name: str) -> str | None:
        value: str | None = self.request.headers.get(name)
        return value

    def asks(self, name: str) -> bool:
        """Whether the query names this parameter."""
        return name in self.request.query_params


@dataclass(frozen=True)
class Answer:
    """What is sent: ``body`` is a JSON value, or bytes that go out as they are."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    media: str | None = "application/json"

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


def dump(value: Any) -> bytes:
    """JSON text; what JSON cannot say (an infinite number, a lone surrogate) is sent as null or escaped."""
    try:
        return msgspec.json.encode(value)
    except (ValueError, OverflowError, TypeError):  # a lone surrogate; a number of more than 64 bits
        return json.dumps(_sayable(value), separators=(",", ":")).encode()


def _sayable(value: Any) -> Any:
    if isinstance(value, float) and (value != value or value in {float("inf"), float("-inf")}):  # noqa: PLR0124
        return None
    if isinstance(value, dict):
        return {key: _sayable(part) for key, part in value.items()}
    return [_sayable(part) for part in value] if isinstance(value, list) else value


Step = Callable[[list[Row], Call], list[Row]]
"""One step of answering a list: filter, sort, page."""
RowHook = Callable[[Row, Call, Row], Row | None]
"""(the row as it will be sent, the call, the row as the world knows it) → what is sent instead; None: not sent."""
AnswerHook = Callable[[Answer, Call], Answer]


@dataclass(frozen=True)
class Changes:
    """The seams of the correct server; what is not given stays correct.

    ``declare`` replaces declarations of parameters, by operation and name (None: not declared at all).
    ``body`` is the model of the started run's body. ``steps`` replaces steps of lists by name.
    ``row`` changes each row of list and detail, ``answer`` everything that is sent, refusals included.
    ``guard`` tells the caller of a request, or None; ``late_guard``: it is asked after validation.
    ``size`` is how many runs there are.
    ``before`` runs ahead of the handler and may answer in its place. ``seed`` changes the world at its start.
    ``life`` gives a started run at an age in seconds; ``started`` changes a run as it is stored (None: it is not);
    ``find`` chooses the row of a detail; ``wrap`` goes around the whole application.
    """

    declare: Mapping[str, Mapping[str, tuple[Any, Any] | None]] = field(default_factory=dict)
    body: Any = None
    size: Size = USUAL
    steps: Mapping[str, Step] = field(default_factory=dict)
    row: RowHook | None = None
    answer: AnswerHook | None = None
    guard: Callable[[Call], Caller | None] | None = None
    late_guard: bool = False
    before: Callable[[Call], Awaitable[Answer | None]] | None = None
    seed: Callable[[World], None] | None = None
    life: Callable[[Row, float, Call], Row] | None = None
    started: Callable[[Row, Call], Row | None] | None = None
    find: Callable[[Call, list[Row]], Row | None] | None = None
    wrap: Callable[[ASGIApp, Clock], ASGIApp] | None = None
