"""The contract suite: requests a second beside plain Schemathesis, time to the verdict, judging, and memory."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.documents import write_document
from benchmarks.figure import Figure
from benchmarks.load import Call
from benchmarks.servers import HOME, Running, mock, rival

COUNTS = (5, 50, 200)
"""Numbers of operations."""
_BUSY = 1.5
"""Processes that wait for each processor above which figures tell of the machine."""
_ROW = '{"data": [], "has_more": false, "id": "a1", "object": "a", "created": "2026-01-01T00:00:00Z"}'
_EXAMPLES = 20  # of an operation, of Schemathesis
_RIVAL_S = 60
"""Seconds after which Schemathesis is stopped: what it has sent until then counts."""
_TIMEOUT_S = 900


def measure_judge(seconds: float) -> Iterator[Figure]:
    """Yield the figures of the suite on generated documents; a run takes ``seconds`` at most."""
    processors = os.cpu_count() or 1
    load = os.getloadavg()[0]
    is_quiet = "quiet" if load <= _BUSY * processors else "BUSY: the figures tell of the machine"
    yield Figure("load before", f"{load:.1f} on {processors} processors, {is_quiet}")
    with tempfile.TemporaryDirectory() as scratch:
        documents = {count: write_document(count, Path(scratch)) for count in COUNTS}
        yield from _measure_rates(documents[50], seconds)
        for count, document in documents.items():
            with mock(str(document), "--quiet") as service:
                counts = ("2000", "20000") if count == COUNTS[-1] else ()
                figures = _run(document, service.url, seconds, *counts)
            label = f"{count:,} operations"
            measured = f"{figures['seconds']:.1f} s, {figures['requests']:,} requests"
            yield Figure(f"time to the verdict, {label}", measured, "<= 60 s", figures["seconds"] <= 60)
            yield Figure(f"peak memory, {label}", f"{figures['peak_mib']:.0f} MiB")
        for number, target in (("2000", 5.0), ("20000", 20.0)):
            taken_s = figures["judging_s"][number]
            each = f"{taken_s:.1f} s of processor time ({1000 * taken_s / int(number):.2f} s a thousand)"
            yield Figure(f"judging {int(number):,} exchanges, {label}", each, f"<= {target:g} s", taken_s <= target)


def _measure_rates(document: Path, seconds: float) -> Iterator[Figure]:
    """Yield the requests a second to a service that does nothing, and those of plain Schemathesis."""
    answer = {"status": 200, "headers": [["content-type", "application/json"]], "body": _ROW}
    with rival("counting", answer) as service:
        figures = _run(document, service.url, seconds)
        sending_s = sum(figures["steps"].get(step, 0.0) for step in ("open", "probe", "explore", "close", "clean up"))
        ours = figures["requests"] / sending_s
        before, started_at = _count(service), time.perf_counter()
        _run_schemathesis(document, service.url)
        theirs = (_count(service) - before) / (time.perf_counter() - started_at)
    busy = figures["requests"] / figures["processor_s"]
    measured = f"{ours:,.0f}/s; plain Schemathesis {theirs:,.0f}/s (by processor time {busy:,.0f}/s)"
    yield Figure("requests a second, 50 operations", measured, ">= 400/s", ours >= 400)


def _run(document: Path, url: str, seconds: float, *counts: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.one_run", str(document), url, f"{seconds:g}", *counts]
    done = subprocess.run(command, cwd=HOME, capture_output=True, text=True, check=False, timeout=_TIMEOUT_S)
    if done.returncode:
        raise RuntimeError(f"the run broke off: {done.stderr.strip().rpartition(chr(10))[2]}")
    return json.loads(done.stdout.splitlines()[-1])  # type: ignore[no-any-return]


def _run_schemathesis(document: Path, url: str) -> None:
    command = [sys.executable, "-m", "schemathesis.cli", "run", str(document), "--url", url, "--no-color"]
    command += ["-n", str(_EXAMPLES), "--seed", "1", "--continue-on-failure"]
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(subprocess.TimeoutExpired):
        subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=_RIVAL_S)


def _count(service: Running) -> int:
    return int(service.ask(Call("GET", "/__count__", 200))["body"])
