"""One run, one table: each figure beside what it is measured against, its target and the verdict.

The machine is assumed to be noisy: what is compared runs in turns (A B A B …), and medians of ratios are kept.
"""

import argparse
import math
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from benchmarks import creation, judging, places, sizes, tricks
from benchmarks.cases import CASES, LIST, MOVING, RESET
from benchmarks.figure import Figure
from benchmarks.load import Call, generator, rate
from benchmarks.servers import HOME, Running, free_port, launch, mock, mock_command, rival

_JUDGE_S = 50.0
"""Seconds of one run of the contract suite, as it takes by default."""


def throughput(name: str, call: Call, rounds: int, seconds: float) -> Iterator[Figure]:
    """Requests a second beside a bare server that sends the very same bytes, and beside FastAPI.

    Once by the clock, and once by the processor time that each server had: on a machine with other things to do, the
    clock tells as much of them as of the servers.
    """
    with mock("nx1", "cloudcruise") as ours:
        answer = ours.ask(call)
        with rival("bare", answer) as bare, rival("fastapi", answer) as fastapi:
            turns: dict[str, list[Turn]] = {"bare": [], "mock": [], "fastapi": []}
            for server in (bare, ours, fastapi):
                rate(server.url, call, 1)
            for _ in range(rounds):
                turns["bare"].append(_turn(bare, call, seconds))
                turns["mock"].append(_turn(ours, call, seconds))
                turns["fastapi"].append(_turn(fastapi, call, seconds))
                _forget(ours)
            turns["bare"].append(_turn(bare, call, seconds))
    for who, target in (("mock", 0.50), ("fastapi", None)):
        ratio, spread = _ratio([t.per_second for t in turns[who]], [t.per_second for t in turns["bare"]])
        busy, _ = _ratio([t.per_cpu_second for t in turns[who]], [t.per_cpu_second for t in turns["bare"]])
        rates = f"{statistics.median(t.per_second for t in turns[who]):,.0f}/s"
        yield Figure(
            f"throughput, {name}: {who} / bare uvicorn",
            f"{ratio:.2f} ({spread}; {rates}; by processor time {busy:.2f})",
            "" if target is None else f">= {target:.2f}",
            None if target is None else ratio >= target,
        )


@dataclass(frozen=True)
class Turn:
    """What one server did in its turn."""

    per_second: float
    per_cpu_second: float


def _turn(server: Running, call: Call, seconds: float) -> Turn:
    before = server.cpu()
    per_second = rate(server.url, call, seconds)
    return Turn(per_second, per_second * seconds / (server.cpu() - before or math.nan))


def _ratio(measured: list[float], base: list[float]) -> tuple[float, str]:
    """The median of what was measured, each by the mean of its two neighbours of the base, and the range."""
    around = [(before + after) / 2 for before, after in pairwise(base)]
    ratios = [one / other for one, other in zip(measured, around, strict=True)]
    return statistics.median(ratios), f"{min(ratios):.2f}-{max(ratios):.2f}"


def _forget(ours: Running) -> None:
    """Without the runs that the last turn started: every turn begins with the same state."""
    ours.ask(RESET)


def start_up(rounds: int) -> Iterator[Figure]:
    """From the launch to the first answer, in turns with Prism."""
    prism = places.prism()
    lean = places.lean_python()
    commands: dict[str, Callable[[int], list[str]]] = {
        "lean": lambda port: mock_command("nx1", port=port, python=lean),
        "full": lambda port: mock_command("nx1", port=port),
    }
    if prism is not None:
        document = str(HOME / "specs" / "nx1" / "openapi.yaml")
        commands["prism"] = lambda port: [*prism, "mock", "-h", "127.0.0.1", "-p", str(port), document]
    took: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(rounds + 1):
        for name, command in commands.items():
            port = free_port()
            seconds = launch(command(port), LIST, port)
            if turn:  # the first launch of each fills caches: files, byte code, what validation has proven
                took[name].append(seconds)
    if prism is None:
        print("Prism is left out: it needs Node and npm", file=sys.stderr)
    for name, target in (("lean", 0.7), ("full", 1.1)):
        seconds = statistics.median(took[name])
        place = "own dependencies alone" if name == "lean" else "full environment"
        if prism is None:
            yield Figure(f"start-up, {place}", f"{seconds:.2f} s", f"<= {target} of Prism's")
            continue
        ratio = statistics.median([a / b for a, b in zip(took[name], took["prism"], strict=True)])
        beside = f"{ratio:.2f} ({seconds:.2f} s; Prism {statistics.median(took['prism']):.2f} s)"
        yield Figure(f"start-up, {place}: mock / Prism", beside, f"<= {target}", ratio <= target)


def memory() -> Iterator[Figure]:
    """What the process holds after 1,000 requests: lists, starts and refusals in turn."""
    with mock() as ours:
        for number in range(1_000):
            ours.ask(list(CASES.values())[number % len(CASES)])
        weight = ours.rss()
    yield Figure("memory after 1,000 requests, all APIs", f"{weight:.0f} MiB", "<= 90 MiB", weight <= 90)


def scale(rounds: int) -> Iterator[Figure]:
    """The same page of a list out of 60 runs and out of 100,000."""
    begun = time.perf_counter()
    with mock("cloudcruise", "--runs", "60") as small, mock("cloudcruise", "--runs", "100000") as large:
        for server in (small, large):
            server.ask(MOVING)
        first = time.perf_counter() - begun
        ratios = []
        for _ in range(rounds):
            one = rate(small.url, MOVING, 2)
            ratios.append(one / rate(large.url, MOVING, 2))
        weight = large.rss()
    ratio = statistics.median(ratios)
    yield Figure("time of a page: 100,000 runs / 60 runs", f"{ratio:.2f}", "<= 2", ratio <= 2)
    yield Figure("100,000 runs: until the first page; memory", f"{first:.1f} s; {weight:.0f} MiB")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how many turns each comparison takes")
    parser.add_argument("--seconds", type=float, default=2, help="how long one turn of a throughput takes")
    parser.add_argument(
        "--only",
        choices=["throughput", "creation", "start-up", "memory", "scale", "size", "tricks", "judge"],
        help="one part alone",
    )
    options = parser.parse_args()
    parts: dict[str, list[Callable[[], Iterator[Figure]]]] = {
        "throughput": [
            lambda name=name, call=call: throughput(name, call, options.rounds, options.seconds)  # type: ignore[misc]
            for name, call in CASES.items()
        ],
        "creation": [lambda: creation.measure_creation(options.rounds, options.seconds)],
        "start-up": [lambda: start_up(options.rounds)],
        "memory": [memory],
        "scale": [lambda: scale(options.rounds)],
        "size": [lambda: sizes.measure_sizes(options.rounds)],
        "judge": [lambda: judging.measure_judge(_JUDGE_S)],
        "tricks": [lambda: tricks.measure_all(options.rounds, options.seconds)],
    }
    print(f"load by {generator()}; {options.rounds} turns; medians, with the range of the ratios", file=sys.stderr)
    print(f"{'figure':<58}{'measured':<60}{'target':<10}verdict")
    failed = 0
    for name, measures in parts.items():
        for measure in measures if options.only in {None, name} else ():
            failed += _print(name, measure)
    return 1 if failed else 0


def _print(part: str, measure: Callable[[], Iterator[Figure]]) -> bool:
    """The lines of one part; True where it could not be run."""
    try:
        for figure in measure():
            print(f"{figure.name:<58}{figure.measured:<60}{figure.target:<10}{figure.verdict}", flush=True)
    except (OSError, RuntimeError) as error:
        print(f"{part}: could not be measured: {error}", file=sys.stderr)
        return True
    return False


if __name__ == "__main__":
    sys.exit(main())
