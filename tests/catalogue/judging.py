"""Hold the contract suite to one server after the other, and say what it found, missed or invented."""

import socket
import threading
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from unittest.mock import patch

import uvicorn

from specduet.contracts.generation import schemathesis_cases
from specduet.contracts.generation.schemathesis_cases import GeneratedRequest
from specduet.contracts.options import PROBES, RunOptions
from specduet.contracts.run import run_contract
from specduet.contracts.sending.target import Target
from specduet.specs import Api, Operation, load
from tests.catalogue import CORRECT, VARIANTS, create
from tests.catalogue.client import GIVEN, OTHER_THREAD, SMALL_THREAD, THREAD
from tests.catalogue.variant import LABELS, Variant

Cases = Literal["both", "generated", "probes"]


class Stage:
    """One listening server; what it serves can be exchanged between two judgements."""

    def __init__(self) -> None:
        self._app: Any = None
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        listening.listen(100)  # from here on a connection waits until the server takes it
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        config = uvicorn.Config(
            self._serve, interface="asgi3", lifespan="off", log_level="critical", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([listening],), daemon=True)
        self._thread.start()

    def show(self, variant: str) -> None:
        """Serve this variant from now on, from its beginning."""
        self._app = create(variant)

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join()

    async def _serve(self, scope: Any, receive: Any, send: Any) -> None:
        await self._app(scope, receive, send)


@contextmanager
def stage() -> Iterator[Stage]:
    """A server for as long as it is needed."""
    opened = Stage()
    try:
        yield opened
    finally:
        opened.close()


@dataclass(frozen=True)
class Told:
    """One finding, as far as the catalogue looks at it."""

    code: str
    clause: str
    severity: str
    operation: str
    where: str
    message: str
    seen: str

    def __str__(self) -> str:
        where = f"{self.operation} {self.where}"
        return f"{self.code} {self.clause} [{self.severity}] {where}: {self.message} (saw {self.seen})"


@dataclass(frozen=True)
class Verdict:
    """What the suite said of one server. ``problem``: it said that nothing was proven, or broke."""

    variant: str
    seed: int
    told: tuple[Told, ...]
    seconds: float
    requests: int
    steps: dict[str, float] = field(default_factory=dict)
    problem: str = ""
    cases: Cases = "both"
    apis: tuple[str, ...] = ()

    @property
    def found(self) -> bool:
        """Whether a clause that should find the fault reports it on an operation that has it."""
        variant = VARIANTS[self.variant]
        return any(one.code.startswith(variant.clauses) and one.operation in _held(variant) for one in self.told)

    @property
    def right(self) -> bool:
        if self.variant == CORRECT or VARIANTS[self.variant].correct:
            return not self.told and not self.problem
        return self.found


def _held(variant: Variant) -> set[str]:
    """Operations on which the fault may be reported: a started run is seen by list and detail, and the other way."""
    if variant.api == "nx1" and variant.family in {"lifecycle", "semantics"}:
        return {label for op, label in LABELS.items() if op.startswith("nx1.")}
    return set(variant.operations)


def judge(
    on: Stage,
    name: str,
    seed: int = 1,
    cases: Cases = "both",
    *,
    own: bool = False,
    apis: Sequence[str] = (),
    probes: tuple[str, ...] = PROBES,
) -> Verdict:
    """Judge one server. ``own``: only the operations of the variant, and those that they need to know ids.

    A server that nothing can be asked of is no error here: the verdict's ``problem`` says so.
    """
    on.show(name)
    variant = VARIANTS.get(name)
    chosen = apis or ((variant.api,) if variant else tuple(GIVEN))
    options = RunOptions(
        seed=seed,
        generate=cases != "probes",
        probes=() if cases == "generated" else probes,
        only_operations=_needed(variant) if own and variant else (),
    )
    started = time.monotonic()
    try:
        with warnings.catch_warnings(), patch.object(schemathesis_cases, "RequestGenerator", _Remembering):
            warnings.simplefilter("ignore")
            outcome = run_contract([_api(api) for api in chosen], _target(on.url, chosen, variant), options)
    except Exception as error:  # noqa: BLE001 - whatever goes wrong belongs into the table
        problem = f"{type(error).__name__}: {error}"
        return Verdict(name, seed, (), time.monotonic() - started, 0, {}, problem, cases, tuple(chosen))
    return Verdict(
        name,
        seed,
        tuple(Told(f.code, f.clause, f.severity, f.operation, f.where, f.message, f.value) for f in outcome.findings),
        time.monotonic() - started,
        len(outcome.recording.exchanges),
        dict(outcome.step_seconds),
        outcome.inconclusive_reason,
        cases,
        tuple(chosen),
    )


def _needed(variant: Variant) -> tuple[str, ...]:
    ops = set(variant.ops) | ({"nx1.list"} if "nx1.get" in variant.ops else set())
    return tuple(LABELS[op] for op in LABELS if op in ops)


_apis: dict[str, Api] = {}
_drawn: dict[tuple[str, str, int, int], list[GeneratedRequest]] = {}


class _Remembering(schemathesis_cases.RequestGenerator):
    """Generates once what it would generate for every server alike: it depends on document, seed and round alone."""

    def __init__(self, api: Api, options: RunOptions) -> None:
        super().__init__(api, options)
        self._name, self._seed = api.name, options.seed

    def generate_requests(self, operation: Operation, round_number: int = 0) -> Iterator[GeneratedRequest]:
        key = (self._name, operation.id, self._seed, round_number)
        if key not in _drawn:
            _drawn[key] = list(super().generate_requests(operation, round_number))
        return iter(_drawn[key])


def _api(name: str) -> Api:
    if name not in _apis:
        _apis[name] = load(name)
    return _apis[name]


def _target(url: str, apis: Sequence[str], variant: Variant | None) -> Target:
    headers = [f"{name}: {value}" for api in apis for name, value in GIVEN[api].items()]
    params = [f"thread_id={thread}" for thread in (THREAD, OTHER_THREAD, SMALL_THREAD)] if "seekrflow" in apis else []
    return Target.parse(url, headers=[*headers, *(variant.headers if variant else ())], params=params)
