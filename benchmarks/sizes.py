"""The mock by the size of its document: first answer, memory, and how long a request waits while others are the first.

The document is generated (``benchmarks/documents.py``). A cold start reads it; a warm one finds it in the cache.
"""

import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.documents import build_document, write_document
from benchmarks.figure import Figure
from benchmarks.load import Call
from benchmarks.servers import Running, free_port, launch, mock, mock_command

COUNTS = (5, 50, 200, 1_000)
"""Numbers of operations: documents of 40 KB, 400 KB, 1.6 MB and 8 MB."""

_COLD, _WARM, _MEMORY = 12.0, 1.0, 400.0
_PAUSE = 0.005


def measure_sizes(rounds: int) -> Iterator[Figure]:
    """Yield the figures of each number of operations; the targets are those of the largest."""
    for count in COUNTS:
        is_largest = count == COUNTS[-1]
        with tempfile.TemporaryDirectory() as scratch:
            document = write_document(count, Path(scratch))
            calls = _list_calls(count)
            starts = [_time_starts(document, calls[0], Path(scratch, f"cache-{turn}")) for turn in range(rounds)]
            with mock(str(document), "--quiet", cache=Path(scratch, "cache-0")) as ours:
                longest = _call_all(ours, calls)
                weight = ours.rss()
        cold, warm = (statistics.median(times) for times in zip(*starts, strict=True))
        label = f"{count:,} operations"
        for name, measured, target in (("cold", cold, _COLD), ("warm", warm, _WARM)):
            shown = f"<= {target:g} s" if is_largest else ""
            yield Figure(f"first answer, {name}, {label}", f"{measured:.2f} s", shown, _meets(measured, target, shown))
        shown = f"<= {_MEMORY:.0f} MiB" if is_largest else ""
        yield Figure(f"memory after every call, {label}", f"{weight:.0f} MiB", shown, _meets(weight, _MEMORY, shown))
        yield Figure(f"longest wait of another request, {label}", f"{longest * 1000:.0f} ms")


def _list_calls(count: int) -> list[Call]:
    """Return one call of each operation of the document; the first is a list."""
    return [
        Call(
            method.upper(),
            path.replace("{id}", "1"),
            200,
            {"Content-Type": "application/json"} if "requestBody" in operation else {},
            "{}" if "requestBody" in operation else "",
        )
        for path, item in build_document(count)["paths"].items()
        for method, operation in item.items()
        if isinstance(operation, dict)
    ]


def _time_starts(document: Path, call: Call, cache: Path) -> tuple[float, float]:
    """Return the seconds from launch to first answer with an empty cache, and then with a filled one."""
    times = []
    for _ in range(2):
        port = free_port()
        times.append(launch(mock_command(str(document), "--quiet", port=port), call, port, cache=cache))
    return times[0], times[1]


def _call_all(ours: Running, calls: list[Call]) -> float:
    """Call every operation once, and return the longest time that the first one takes again meanwhile."""
    ours.ask(calls[0])
    waits, has_ended = [0.0], threading.Event()

    def ask_again() -> None:
        while not has_ended.wait(_PAUSE):
            begun = time.perf_counter()
            ours.ask(calls[0])
            waits.append(time.perf_counter() - begun)

    asking = threading.Thread(target=ask_again)
    asking.start()
    try:
        for call in calls:
            ours.ask(call)
    finally:
        has_ended.set()
        asking.join()
    return max(waits)


def _meets(measured: float, target: float, shown: str) -> bool | None:
    return measured <= target if shown else None
