"""The decisions of whoever starts a run, as generation, probes and clauses need to know them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

PROBES = ("collections", "lifecycle", "credentials", "refusals", "robustness")
"""In this order: laws of collections want a quiet one, and refusals start runs where they are not refused."""


@dataclass(frozen=True)
class RunOptions:
    """What the caller of a run decided, as probes and clauses need to know it.

    Times are in seconds, ``requests_per_second`` in requests. ``generate`` switches off the generated requests, ``probes`` are
    the modules of ``contracts/probes`` that aim others, in their order. ``only_operations`` limits the run to these operations
    (``GET /runs``).
    """

    seed: int = 1
    profile: Literal["smoke", "deep"] = "smoke"
    max_time_s: float | None = None
    max_requests: int | None = None
    requests_per_second: float | None = None
    max_response_time_s: float | None = None
    generate: bool = True
    probes: tuple[str, ...] = PROBES
    only_operations: tuple[str, ...] = ()
    params: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def time_limit_s(self) -> float:
        """How long a run sends: as the caller said, else as the profile has it."""
        return self.max_time_s or {"smoke": 50.0, "deep": 300.0}[self.profile]
