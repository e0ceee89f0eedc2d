"""Run the contract suite against one server of the catalogue, and compare its findings with the planted fault."""

import socket
import sys
import threading
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Literal
from unittest.mock import patch

import uvicorn

from specduet.contracts import run
from specduet.contracts.generation import schemathesis_cases
from specduet.contracts.generation.schemathesis_cases import GeneratedRequest
from specduet.contracts.options import PROBES, RunOptions
from specduet.contracts.run import RunResult, run_contract
from specduet.contracts.sending.target import Target
from specduet.contracts.session.tested_apis import drop_added_parameters
from specduet.specs import Api, Operation, load
from tests.catalogue import CORRECT, VARIANTS, JumpingClock, Variant, create_app
from tests.catalogue.operations import NX1_GET, NX1_LIST, NX1_OPS, OPERATION_LABELS
from tests.catalogue.probe_client import CREDENTIALS, OTHER_THREAD, SMALL_THREAD, THREAD
from tests.contracts.inline_generation import InlineGeneration

CaseSource = Literal["both", "generated", "probes"]
"""The requests that the suite sends: generated ones, those of its probes, or both."""

_TIMEOUT_S = 10.0
_HANG_TIMEOUT_S = 1.0
"""The suite's timeout for a fault that hangs: a server that sleeps for twelve seconds exceeds it as surely as ten."""


class VariantServer:
    """One listening server. The variant that it serves can be exchanged between two judgements."""

    def __init__(self) -> None:
        self.clock = JumpingClock()
        self._app: Any = None
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        listening.listen(100)  # from here on a connection waits until the server takes it
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        config = uvicorn.Config(
            self._call_app, interface="asgi3", lifespan="off", log_level="critical", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([listening],), daemon=True)
        self._thread.start()

    def serve_variant(self, name: str) -> None:
        """Serve this variant from now on, from its beginning."""
        self.clock = JumpingClock()
        self._app = create_app(name, self.clock)

    def stop_server(self) -> None:
        self._server.should_exit = True
        self._thread.join()

    async def _call_app(self, scope: Any, receive: Any, send: Any) -> None:
        await self._app(scope, receive, send)


@contextmanager
def open_server() -> Iterator[VariantServer]:
    """Yield a server, and stop it in the end."""
    server = VariantServer()
    try:
        yield server
    finally:
        server.stop_server()


class _JumpingTime:
    """The functions of ``time`` that the suite calls, by its server's clock. ``sleep`` makes that clock jump."""

    def __init__(self, clock: JumpingClock) -> None:
        self._clock = clock

    def monotonic(self) -> float:
        return time.monotonic() + self._clock.jumped_s

    def time(self) -> float:
        return time.time() + self._clock.jumped_s

    def sleep(self, seconds: float) -> None:
        self._clock.jump(seconds)


@contextmanager
def _share_clock(clock: JumpingClock) -> Iterator[None]:
    """Let suite and server share a clock, so that watching runs to their end takes no real time."""
    with ExitStack() as patches:
        for module in _list_timed_modules():
            patches.enter_context(patch.object(module, "time", _JumpingTime(clock)))
        yield


def _list_timed_modules() -> list[ModuleType]:
    """Return the suite's modules that import ``time``."""
    loaded = list(sys.modules.items())  # a copy: the server's thread may import while this goes on
    modules = [module for name, module in loaded if name.startswith("specduet.contracts.")]
    return [module for module in modules if getattr(module, "time", None) is time]


@dataclass(frozen=True)
class ReportedFinding:
    """The parts of a finding that a verdict keeps."""

    code: str
    clause: str
    severity: str
    operation: str
    where: str
    message: str
    value: str

    def __str__(self) -> str:
        where = f"{self.operation} {self.where}"
        return f"{self.code} {self.clause} [{self.severity}] {where}: {self.message} (saw {self.value})"


@dataclass(frozen=True)
class ServerVerdict:
    """The suite's findings on one server."""

    variant: str
    seed: int
    findings: tuple[ReportedFinding, ...]
    seconds: float
    requests: int
    step_seconds: dict[str, float] = field(default_factory=dict)
    problem: str = ""
    """The reason why nothing was proven, or the error that ended the run."""
    cases: CaseSource = "both"
    apis: tuple[str, ...] = ()

    @property
    def is_found(self) -> bool:
        """True where a clause that should find the fault reports it on an operation that has it."""
        variant = VARIANTS[self.variant]
        operations = _list_faulty_operations(variant)
        return any(f.code.startswith(variant.clauses) and f.operation in operations for f in self.findings)

    @property
    def is_right(self) -> bool:
        """True where the fault is found; on a correct server, where nothing is."""
        if self.variant == CORRECT or VARIANTS[self.variant].correct:
            return not self.findings and not self.problem
        return self.is_found


def _list_faulty_operations(variant: Variant) -> set[str]:
    """Return the operations on which the fault may be reported: list and detail both show a started run."""
    if variant.api == "nx1" and variant.family in {"lifecycle", "semantics"}:
        return {OPERATION_LABELS[op] for op in NX1_OPS}
    return set(variant.operations)


def judge_server(
    server: VariantServer,
    name: str,
    seed: int = 1,
    cases: CaseSource = "both",
    *,
    own_operations: bool = False,
    apis: Sequence[str] = (),
    probes: tuple[str, ...] = PROBES,
) -> ServerVerdict:
    """Serve a variant and run the suite against it.

    ``own_operations``: test only the operations of the variant, and those that they need to know ids. A server that
    answers nothing useful raises no error: the verdict's ``problem`` tells it.
    """
    server.serve_variant(name)
    variant = VARIANTS.get(name)
    chosen = tuple(apis) or ((variant.api,) if variant else tuple(CREDENTIALS))
    options = RunOptions(
        seed=seed,
        generate=cases != "probes",
        probes=() if cases == "generated" else probes,
        only_operations=_list_needed_operations(variant) if own_operations and variant else (),
    )
    started = time.monotonic()
    try:
        result = _run_suite(server, chosen, variant, options)
    except Exception as error:  # noqa: BLE001 - whatever goes wrong belongs into the table
        problem = f"{type(error).__name__}: {error}"
        return ServerVerdict(name, seed, (), time.monotonic() - started, 0, {}, problem, cases, chosen)
    return ServerVerdict(
        name,
        seed,
        _keep_findings(result),
        time.monotonic() - started,
        len(result.recording.exchanges),
        dict(result.step_seconds),
        result.inconclusive_reason,
        cases,
        chosen,
    )


def _keep_findings(result: RunResult) -> tuple[ReportedFinding, ...]:
    return tuple(
        ReportedFinding(f.code, f.clause, f.severity, f.operation, f.where, f.message, f.value) for f in result.findings
    )


def _run_suite(server: VariantServer, apis: Sequence[str], variant: Variant | None, options: RunOptions) -> RunResult:
    with (
        warnings.catch_warnings(),
        patch.object(schemathesis_cases, "RequestGenerator", _RememberingGenerator),
        patch.object(run, "GenerationProcess", InlineGeneration),
        _share_clock(server.clock),
    ):
        warnings.simplefilter("ignore")
        return run_contract([_load_api(api) for api in apis], _build_target(server.url, apis, variant), options)


def _list_needed_operations(variant: Variant) -> tuple[str, ...]:
    ops = {*variant.ops, *((NX1_LIST,) if NX1_GET in variant.ops else ())}
    return tuple(label for op, label in OPERATION_LABELS.items() if op in ops)


def _build_target(url: str, apis: Sequence[str], variant: Variant | None) -> Target:
    headers = [f"{name}: {value}" for api in apis for name, value in CREDENTIALS[api].items()]
    params = [f"thread_id={thread}" for thread in (THREAD, OTHER_THREAD, SMALL_THREAD)] if "seekrflow" in apis else []
    hangs = variant is not None and "SD702" in variant.clauses
    return Target.parse(
        url,
        headers=[*headers, *(variant.headers if variant else ())],
        params=params,
        timeout_s=_HANG_TIMEOUT_S if hangs else _TIMEOUT_S,
    )


_loaded_apis: dict[str, Api] = {}
_generated_requests: dict[tuple[str, str, int, int], list[GeneratedRequest]] = {}


class _RememberingGenerator(schemathesis_cases.RequestGenerator):
    """A generator that generates once for all servers: its requests depend on document, seed and round alone."""

    def __init__(self, api: Api, options: RunOptions) -> None:
        super().__init__(api, options)
        self._name, self._seed = api.name, options.seed

    def generate_requests(self, operation: Operation, round_number: int = 0) -> Iterator[GeneratedRequest]:
        key = (self._name, operation.id, self._seed, round_number)
        if key not in _generated_requests:
            _generated_requests[key] = list(super().generate_requests(operation, round_number))
        return iter(_generated_requests[key])


def _load_api(name: str) -> Api:
    if name not in _loaded_apis:
        _loaded_apis[name] = drop_added_parameters(load(name))
    return _loaded_apis[name]
