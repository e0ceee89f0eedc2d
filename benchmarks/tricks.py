"""Each trick for speed, measured against its absence: processor time per request without it, divided by that with it.

A trick has to gain 5 % in one figure, or it goes (CONTRIBUTING.md). ``python -m benchmarks.tricks NAME`` serves the
mock without one.
"""

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module

from benchmarks.cases import CASES, RESET, START
from benchmarks.figure import Figure
from benchmarks.load import Call, rate
from benchmarks.servers import Running, mock, mock_without

LEAST_GAIN = 1.05


@dataclass(frozen=True)
class Trick:
    """A trick, the request that gains most by it, and a function that removes it from the running process."""

    name: str
    case: str
    remove: Callable[[], None]


def remove_route_cache() -> None:
    from specduet.mocks import routing

    routing._MAX_KEY_LENGTH = -1


def remove_validation_cache() -> None:
    from specduet.mocks import handler

    handler._MAX_CACHED_LENGTH = -1


def remove_list_cache() -> None:
    from specduet.mocks.world import world

    world._MAX_CACHED_BYTES = -1


def remove_prepared_responses() -> None:
    from specduet.mocks.world import creation

    creation._PREPARED_COUNT = 1


def remove_pending_rows() -> None:
    """Add each created row to the indexes at once."""
    from specduet.mocks.world.table import Table

    create_row = Table.create_row

    def create_at_once(table: Table, *arguments: object) -> None:
        create_row(table, *arguments)  # type: ignore[arg-type]
        table._materialize_pending()

    Table.create_row = create_at_once  # type: ignore[method-assign, assignment]


def remove_write_coalescing() -> None:
    """Give uvicorn the connection's own transport."""
    import asyncio

    from specduet.mocks import connection_protocol

    def keep_transport(transport: asyncio.Transport, _pending: object) -> asyncio.Transport:
        return transport

    connection_protocol.WriteCoalescingTransport = keep_transport  # type: ignore[assignment, misc]


def remove_gc_thresholds() -> None:
    import gc

    from specduet.mocks import server

    server.GC_THRESHOLDS = gc.get_threshold()


def remove_deferred_imports() -> None:
    """Import what would be deferred first."""
    for name in ("httpx", "jinja2", "requests", "starlette.templating", "starlette.testclient"):
        import_module(name)


TRICKS = (
    Trick("route cache", "422", remove_route_cache),
    Trick("validation cache", "422", remove_validation_cache),
    Trick("list cache", "list", remove_list_cache),
    Trick("pending rows", "start", remove_pending_rows),
    Trick("prepared responses", "start", remove_prepared_responses),
    Trick("write coalescing", "422", remove_write_coalescing),
    Trick("gc thresholds", "start", remove_gc_thresholds),
)
START_UP = Trick("deferred imports", "start-up", remove_deferred_imports)


def measure_all(rounds: int, seconds: float) -> Iterator[Figure]:
    """Yield the gain of each trick, in turns with and without it."""
    for trick in TRICKS:
        with mock("nx1", "cloudcruise") as complete, mock_without(trick.name) as reduced:
            call = CASES[trick.case]
            gains = [_cost(reduced, call, seconds) / _cost(complete, call, seconds) for _ in range(rounds + 1)]
        yield _figure(trick, gains[1:])  # the first turn fills caches
    yield _figure(START_UP, [_start_up_cost(without=True) / _start_up_cost(without=False) for _ in range(rounds)])


def _figure(trick: Trick, gains: list[float]) -> Figure:
    gain = statistics.median(gains)
    spread = f"{min(gains):.2f}-{max(gains):.2f}"
    name = f"{trick.name}, {trick.case}: cost without / with"
    return Figure(name, f"{gain:.2f} ({spread})", f">= {LEAST_GAIN}", gain >= LEAST_GAIN)


def _cost(server: Running, call: Call, seconds: float) -> float:
    """Return the processor time of one request, in seconds."""
    before = server.cpu()
    answered = rate(server.url, call, seconds) * seconds
    cost = (server.cpu() - before) / answered
    if call is START:
        server.ask(RESET)  # every turn begins with the same rows
    return cost


def _start_up_cost(*, without: bool) -> float:
    """Return the processor time until the mock is ready, in seconds."""
    with mock_without(START_UP.name) if without else mock("nx1", "cloudcruise") as server:
        time.sleep(0.05)  # the system's count lags behind
        return server.cpu()


def main() -> None:
    from specduet.cli import main as run_command

    {trick.name: trick for trick in (*TRICKS, START_UP)}[sys.argv[1]].remove()
    sys.argv = ["specduet", "mock", "nx1", "cloudcruise", "--port", "0"]
    run_command()


if __name__ == "__main__":
    main()
