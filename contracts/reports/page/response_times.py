"""Distributions of response times, as bars of equal steps on a scale where each step is twice the one before."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles

from specduet.contracts.reports.model import Report
from specduet.contracts.reports.page.exchanges import format_duration

_STEPS_MS = (0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 2_048, 4_096, 8_192)


@dataclass(frozen=True)
class Bar:
    """The responses that came within one step of the scale."""

    until: str
    count: int
    height: int
    """In percent of the tallest bar."""


@dataclass(frozen=True)
class ResponseTimes:
    """The response times of one operation, or of the whole run."""

    name: str
    count: int
    median: str
    slow: str
    """The time within which 95 of 100 responses came."""
    slowest: str
    slowest_s: float
    bars: tuple[Bar, ...]


def draw_response_times(report: Report) -> list[ResponseTimes]:
    """Return the response times of the run, then those of each operation, the slowest first."""
    labels = {(a.name, o.id): f"{a.name} {o.label}" for a in report.apis for o in a.operations}
    seconds: defaultdict[str, list[float]] = defaultdict(list)
    for exchange in report.recording.exchanges:
        name = labels.get((exchange.api, exchange.operation))
        if exchange.response is not None and name is not None:
            seconds[name].append(exchange.response.elapsed_s)
    everything = [duration for durations in seconds.values() for duration in durations]
    if not everything:
        return []
    highest = _find_step(max(everything))
    by_operation = [_draw(name, durations, highest) for name, durations in seconds.items()]
    by_operation.sort(key=lambda times: -times.slowest_s)
    return [_draw("all operations", everything, highest), *by_operation]


def _draw(name: str, seconds: Sequence[float], highest: int) -> ResponseTimes:
    counts = [0] * (highest + 1)
    for duration in seconds:
        counts[_find_step(duration)] += 1
    ends = [*(format_duration(step / 1000) for step in _STEPS_MS), "longer"]
    tallest = max(counts)
    median, slow = _find_percentiles(seconds)
    return ResponseTimes(
        name,
        len(seconds),
        format_duration(median),
        format_duration(slow),
        format_duration(max(seconds)),
        max(seconds),
        tuple(Bar(ends[step], count, -(-100 * count // tallest)) for step, count in enumerate(counts)),
    )


def _find_step(seconds: float) -> int:
    return bisect_left(_STEPS_MS, seconds * 1000)


def _find_percentiles(seconds: Sequence[float]) -> tuple[float, float]:
    if len(seconds) == 1:
        return seconds[0], seconds[0]
    parts = quantiles(seconds, n=20, method="inclusive")
    return parts[9], parts[18]
