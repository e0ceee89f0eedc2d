"""One run of the contract suite in a process of its own, for ``benchmarks/judging.py``.

``python -m benchmarks.one_run DOCUMENT URL SECONDS [COUNT …]`` prints a line of JSON: the requests, the seconds of each
step, the peak of memory, and the processor time that it takes to judge so many exchanges with nothing remembered.
"""

import json
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import count, cycle, islice
from pathlib import Path

from specduet.contracts import clauses
from specduet.contracts.findings import deduplicate
from specduet.contracts.options import RunOptions
from specduet.contracts.recording import Exchange, Recording
from specduet.contracts.run import RunResult, run_contract
from specduet.contracts.run_state import Progress
from specduet.contracts.sending.target import Target
from specduet.specs import load


def main() -> None:
    document, url, seconds, *counts = sys.argv[1:]
    started_at = time.perf_counter()
    api = load(Path(document))
    busy_s: dict[str, float] = {}

    def note_step(progress: Progress) -> None:
        busy_s.setdefault(progress.step, time.process_time())

    options = RunOptions(max_time_s=float(seconds))
    result = run_contract((api,), Target.parse(url), options, progress=note_step)
    taken_s = time.perf_counter() - started_at
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024
    figures = {
        "requests": len(result.recording.exchanges),
        "seconds": taken_s,
        "processor_s": busy_s["judge"] - busy_s["open"],
        "steps": result.step_seconds,
        "peak_mib": peak,
        "judging_s": {number: _judge_anew(result, Path(document), int(number)) for number in counts},
    }
    print(json.dumps(figures))


def _judge_anew(result: RunResult, document: Path, number: int) -> float:
    """Return the seconds from reading the document to the findings on so many exchanges, repeated if there are few."""
    exchanges = list(islice(_repeat(result.recording.exchanges), number))
    last = len(result.recording.exchanges)
    traces = result.recording.traces if number >= last else []
    recording = Recording(exchanges, list(traces))
    started_at = time.process_time()
    deduplicate(clauses.run_clauses(load(document), recording, result.options, []))
    return time.process_time() - started_at


def _repeat(exchanges: list[Exchange]) -> Iterator[Exchange]:
    """Yield the exchanges again and again, each with a number of its own."""
    return (replace(exchange, number=number) for number, exchange in zip(count(1), cycle(exchanges), strict=False))


if __name__ == "__main__":
    main()
