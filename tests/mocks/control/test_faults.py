"""Which requests a fault strikes, and what it draws, follows from the seed and the order of the requests alone."""

import statistics
from typing import Any

import pytest

from specduet.mocks.control.faults import MAX_DELAY_S, FaultInjector


def list_injected(faults: FaultInjector, requests: int, operation: str = "list") -> list[int]:
    """The numbers, from 1, of the requests that were struck."""
    return [number for number in range(1, requests + 1) if faults.draw_injection("api", operation)]


def test_no_faults_draw_nothing() -> None:
    """Without faults nothing happens to a request."""
    assert FaultInjector(1).draw_injection("api", "list") is None


def test_every_nth_request_is_struck() -> None:
    """``every`` counts the requests that the fault concerns, and strikes each n-th."""
    faults = FaultInjector(1)
    faults.add({"kind": "reset", "every": 3})
    assert list_injected(faults, 10) == [3, 6, 9]


def test_a_fault_may_strike_a_number_of_times_and_no_more() -> None:
    """``times`` makes a service that recovers: two failures, then successes."""
    faults = FaultInjector(1)
    faults.add({"kind": "error", "status": 503, "times": 2})
    assert list_injected(faults, 10) == [1, 2]


def test_a_fault_of_one_operation_leaves_the_others_alone() -> None:
    """``api`` and ``operation`` limit a fault, and requests of others do not count for ``every``."""
    faults = FaultInjector(1)
    faults.add({"kind": "reset", "api": "api", "operation": "list", "every": 2})
    assert list_injected(faults, 10, "start") == []
    assert faults.draw_injection("other", "list") is None
    assert list_injected(faults, 4) == [2, 4]


def test_chance_is_drawn_from_the_seed() -> None:
    """The same seed strikes the same requests, another seed others, and the share is the requested one."""

    def list_injected_with(seed: int) -> list[int]:
        faults = FaultInjector(seed)
        faults.add({"kind": "reset", "probability": 0.25})
        return list_injected(faults, 1_000)

    assert list_injected_with(1) == list_injected_with(1)
    assert list_injected_with(1) != list_injected_with(2)
    assert 200 < len(list_injected_with(1)) < 300


@pytest.mark.parametrize(
    ("delay", "low", "median", "high"),
    [
        ({"distribution": "fixed", "seconds": 0.2}, 0.2, 0.2, 0.2),
        ({"distribution": "uniform", "seconds": 0.1, "spread": 0.4}, 0.1, 0.3, 0.5),
        ({"distribution": "lognormal", "seconds": 0.2, "sigma": 0.5}, 0.0, 0.2, MAX_DELAY_S),
        ({"distribution": "lognormal", "seconds": 60, "sigma": 5}, 0.0, 60.0, MAX_DELAY_S),
    ],
)
def test_delays_are_drawn_as_ordered(delay: dict[str, Any], low: float, median: float, high: float) -> None:
    """A distribution keeps its bounds and its median, and never holds a request longer than the longest delay."""
    faults = FaultInjector(1)
    faults.add({"kind": "latency", "delay": delay})
    injections = [faults.draw_injection("api", "list") for _ in range(1_000)]
    drawn = [injection.delay for injection in injections if injection]
    assert len(drawn) == 1_000
    assert low <= min(drawn)
    assert max(drawn) <= high
    assert median == pytest.approx(statistics.median(drawn), rel=0.1)


def test_faults_that_meet_are_combined() -> None:
    """Delays add up, the first of the other faults is taken, and the mark names those that were injected."""
    faults = FaultInjector(1)
    for _ in range(2):
        faults.add({"kind": "latency", "delay": {"distribution": "fixed", "seconds": 1}})
    faults.add({"kind": "error", "status": 500})
    faults.add({"kind": "reset"})
    injection = faults.draw_injection("api", "list")
    assert injection is not None
    assert injection.delay == 2
    assert injection.kind == "error"
    assert injection.header_value == "latency; id=f1, latency; id=f2, error; id=f3"


def test_a_fault_tells_how_often_it_had_its_turn() -> None:
    """The order comes back with its id, what it saw and what it struck; a removed one is gone."""
    faults = FaultInjector(1)
    fault = faults.add({"kind": "reset", "every": 2})
    list_injected(faults, 5)
    assert fault.to_dict() == {"id": "f1", "kind": "reset", "every": 2, "seen": 5, "injected": 2}
    assert faults.remove("f1")
    assert not faults.remove("f1")
    assert list_injected(faults, 5) == []


def test_there_are_only_so_many_faults() -> None:
    """One more than the limit is rejected."""
    faults = FaultInjector(1, limit=2)
    faults.add({"kind": "reset"})
    faults.add({"kind": "reset"})
    with pytest.raises(OverflowError):
        faults.add({"kind": "reset"})
