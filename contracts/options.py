"""Options of one run, as generation, probes and clauses need them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

PROBES = ("collections", "lifecycle", "changes", "links", "credentials", "refusals", "robustness")
"""The modules of ``contracts/probes``, in the order in which they run.

Collections come first because their checks need a collection that does not change. Refusals come late because invalid
requests create rows where the service does not reject them.
"""


@dataclass(frozen=True)
class RunOptions:
    """Limits of one run, and the operations to test."""

    seed: int = 1
    profile: Literal["smoke", "deep"] = "smoke"
    max_time_s: float | None = None
    """Seconds; None for the time of the profile."""
    max_requests: int | None = None
    requests_per_second: float | None = None
    max_response_time_s: float | None = None
    """Seconds; a slower response breaks the clause ``response-time``."""
    generate: bool = True
    """Send generated requests, besides those of the probes."""
    probes: tuple[str, ...] = PROBES
    only_operations: tuple[str, ...] = ()
    """Labels (``GET /runs``), paths, operationIds, or patterns of these; empty for all operations."""
    keep_rows: bool = False
    """Leave what the run has created."""
    is_mock: bool = False
    """The target is the mock of ``--mock``: a 501 tells of a schema that no value satisfies, not of a fault."""
    params: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Known values by parameter name, for example ids of existing rows."""

    @property
    def time_limit_s(self) -> float:
        """The seconds during which the run sends requests: ``max_time_s``, else 50 (smoke) or 300 (deep)."""
        return self.max_time_s or {"smoke": 50.0, "deep": 300.0}[self.profile]
