"""Faults: what goes wrong on purpose, and when. Every draw follows from the seed, the fault and its count alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import log
from random import Random
from typing import Any

# The longest that one request is held, in seconds, whatever a distribution draws.
LONGEST = 60.0


@dataclass(slots=True)
class Fault:
    """One fault as it was ordered (``Order`` in the control plane's document), and how often it had its turn."""

    id: str
    order: Mapping[str, Any]
    seen: int = 0
    injected: int = 0

    def concerns(self, api: str, operation: str) -> bool:
        return self.order.get("api") in {None, api} and self.order.get("operation") in {None, operation}

    def strikes(self, seed: int) -> Random | None:
        """Count one request; where this is one to spoil, the source of what remains to be drawn."""
        self.seen += 1
        if "times" in self.order and self.injected >= self.order["times"]:
            return None
        if self.seen % self.order.get("every", 1):
            return None
        draws = Random(f"{seed}/{self.id}/{self.seen}")  # noqa: S311 - a mock's dice, meant to be predictable
        if draws.random() >= self.order.get("probability", 1):
            return None
        self.injected += 1
        return draws

    def document(self) -> dict[str, Any]:
        return {"id": self.id, **self.order, "seen": self.seen, "injected": self.injected}


@dataclass(slots=True)
class Injection:
    """What happens to one request: it is held for ``delay`` seconds, and then spoilt by ``spoiler``, if any."""

    delay: float = 0.0
    spoiler: Mapping[str, Any] | None = None
    marks: list[str] = field(default_factory=list)

    @property
    def kind(self) -> str | None:
        return None if self.spoiler is None else str(self.spoiler["kind"])

    @property
    def mark(self) -> str:
        """The value of the header ``X-Mock-Fault``: ``latency; id=f1, error; id=f2``."""
        return ", ".join(self.marks)


class Faults:
    """The faults of one session, in the order in which they were given."""

    def __init__(self, seed: int, limit: int = 100) -> None:
        self._seed = seed
        self._given = 0
        self.limit = limit
        self.active: dict[str, Fault] = {}

    def add(self, order: Mapping[str, Any]) -> Fault:
        """Order a fault. Raises ``OverflowError`` where there are ``limit`` of them already."""
        if len(self.active) >= self.limit:
            raise OverflowError(f"there are {self.limit} faults already")
        self._given += 1
        fault = Fault(f"f{self._given}", order)
        self.active[fault.id] = fault
        return fault

    def remove(self, fault_id: str) -> bool:
        return self.active.pop(fault_id, None) is not None

    def clear(self) -> None:
        self.active.clear()
        self._given = 0

    def draw(self, api: str, operation: str) -> Injection | None:
        """What happens to this request. Delays add up; of several other faults the first is taken."""
        injection = Injection()
        for fault in self.active.values():
            if not fault.concerns(api, operation):
                continue
            draws = fault.strikes(self._seed)
            if draws is None:
                continue
            if fault.order["kind"] == "latency":
                injection.delay = min(LONGEST, injection.delay + _delay(fault.order["delay"], draws))
            elif injection.spoiler is None:
                injection.spoiler = fault.order
            else:
                continue
            injection.marks.append(f"{fault.order['kind']}; id={fault.id}")
        return injection if injection.marks else None


def _delay(wanted: Mapping[str, Any], draws: Random) -> float:
    seconds = float(wanted["seconds"])
    if wanted["distribution"] == "uniform":
        return seconds + draws.random() * float(wanted["spread"])
    if wanted["distribution"] == "lognormal":
        return draws.lognormvariate(log(seconds), wanted["sigma"])
    return seconds
