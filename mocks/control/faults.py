"""Faults that are injected on purpose. Every random draw depends on the seed, the fault and its count alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import log
from random import Random
from typing import Any

MAX_DELAY_S = 60.0
"""Longest delay of one request, whatever a distribution draws."""


@dataclass(slots=True)
class InjectedFault:
    """One fault of a session, and how often it had its turn."""

    id: str
    definition: Mapping[str, Any]
    """``Order`` in the control plane's document: ``{"kind": "error", "status": 503, "every": 2}``."""
    seen_count: int = 0
    """Number of requests that the fault applies to."""
    injected_count: int = 0
    """Number of requests that it was injected into."""

    def applies_to(self, api: str, operation: str) -> bool:
        definition = self.definition
        return definition.get("api") in {None, api} and definition.get("operation") in {None, operation}

    def count_and_draw(self, seed: int) -> Random | None:
        """Count a request. If the fault is to be injected, return the random numbers for the injection, else None."""
        self.seen_count += 1
        if "times" in self.definition and self.injected_count >= self.definition["times"]:
            return None
        if self.seen_count % self.definition.get("every", 1):
            return None
        rng = Random(f"{seed}/{self.id}/{self.seen_count}")  # noqa: S311 - a mock's random numbers are to be predictable
        if rng.random() >= self.definition.get("probability", 1):
            return None
        self.injected_count += 1
        return rng

    def to_dict(self) -> dict[str, Any]:
        return {"id": self.id, **self.definition, "seen": self.seen_count, "injected": self.injected_count}


@dataclass(slots=True)
class Injection:
    """The faults that are injected into one request."""

    delay: float = 0.0
    """Seconds by which the request is delayed."""
    effect: Mapping[str, Any] | None = None
    """Definition of the fault that changes the response or drops the connection, if any."""
    labels: list[str] = field(default_factory=list)

    @property
    def kind(self) -> str | None:
        """Kind of the effect: ``error``, ``truncate`` or ``reset``."""
        return None if self.effect is None else str(self.effect["kind"])

    @property
    def header_value(self) -> str:
        """Value of the header ``X-Mock-Fault``: ``latency; id=f1, error; id=f2``."""
        return ", ".join(self.labels)


class FaultInjector:
    """The faults of one session, in the order in which they were added."""

    def __init__(self, seed: int, limit: int = 100) -> None:
        self._seed = seed
        self._id_count = 0
        self.limit = limit
        self.active_faults: dict[str, InjectedFault] = {}
        """Faults by id."""

    def add(self, definition: Mapping[str, Any]) -> InjectedFault:
        """Add a fault. Raises ``OverflowError`` if there are ``limit`` faults already."""
        if len(self.active_faults) >= self.limit:
            raise OverflowError(f"there are {self.limit} faults already")
        self._id_count += 1
        fault = InjectedFault(f"f{self._id_count}", definition)
        self.active_faults[fault.id] = fault
        return fault

    def remove(self, fault_id: str) -> bool:
        """Remove a fault; return False if there is none of this id."""
        return self.active_faults.pop(fault_id, None) is not None

    def clear(self) -> None:
        self.active_faults.clear()
        self._id_count = 0

    def draw_injection(self, api: str, operation: str) -> Injection | None:
        """Return the faults to inject into a request. Delays add up; of several other faults, the first is injected."""
        injection = Injection()
        for fault in self.active_faults.values():
            if not fault.applies_to(api, operation):
                continue
            rng = fault.count_and_draw(self._seed)
            if rng is None:
                continue
            if fault.definition["kind"] == "latency":
                injection.delay = min(MAX_DELAY_S, injection.delay + _draw_delay(fault.definition["delay"], rng))
            elif injection.effect is None:
                injection.effect = fault.definition
            else:
                continue
            injection.labels.append(f"{fault.definition['kind']}; id={fault.id}")
        return injection if injection.labels else None


def _draw_delay(distribution: Mapping[str, Any], rng: Random) -> float:
    """Return a delay in seconds. Example of a distribution: ``{"distribution": "fixed", "seconds": 2.5}``."""
    seconds = float(distribution["seconds"])
    if distribution["distribution"] == "uniform":
        return seconds + rng.random() * float(distribution["spread"])
    if distribution["distribution"] == "lognormal":
        return rng.lognormvariate(log(seconds), distribution["sigma"])
    return seconds
