"""State that the APIs of one run share: target, options, budget, recording, notes and progress."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from specduet.contracts.interruption import Stopper
from specduet.contracts.options import RunOptions
from specduet.contracts.planning.plan import RunPlan
from specduet.contracts.recording import Recording
from specduet.contracts.sending.budget import RequestBudget
from specduet.contracts.sending.fair_shares import MANY_OPERATIONS, FairShares
from specduet.contracts.sending.target import Target
from specduet.specs import Api

Step = Literal["reach", "open", "probe", "explore", "close", "clean up", "judge"]

_JUDGING_FACTOR = 1.5
"""Seconds that the clauses take for each second that the verdicts on requests and bodies took while they were sent."""
_JUDGING_GRACE_S = 2.0
"""Seconds by which judging may exceed the time of the run."""
_LARGEST_RESERVE = 0.4
"""The largest share of the time that is kept for judging."""

EXPLORE_TURNS = 3
"""Turns of an operation that generated requests stand for, where the operations share the budget."""


@dataclass(frozen=True)
class Progress:
    """Progress of a run, reported before each step and before each operation of a step."""

    step: Step
    api: str
    """Name of the API; empty where the step is about all APIs."""
    operation: str
    """Label (``GET /runs``), or empty."""
    sent: int
    """Requests sent so far, to all APIs."""


ProgressListener = Callable[[Progress], None]


def make_plan(api: Api, target: Target, *, is_mock: bool) -> RunPlan:
    """Return the plan of an API for a target."""
    allows_foreign = target.allow_writes == "all"
    return RunPlan.make(api, included=target.included, allows_foreign=allows_foreign, is_mock=is_mock)


class RunState:
    """State of one run that its APIs share."""

    def __init__(
        self,
        target: Target,
        options: RunOptions,
        progress: ProgressListener | None = None,
        stopper: Stopper | None = None,
    ) -> None:
        self.target = target
        self.options = options
        self.recording = Recording()
        self.secrets = target.collect_secrets()
        self.notes: list[str] = []
        self.loss = ""
        """How the run has lost its hold on the service, empty where it has not."""
        self.budget = RequestBudget.for_target(
            target,
            max_requests=options.max_requests,
            max_time_s=options.time_limit_s,
            per_second=options.requests_per_second,
        )
        self.stopper = stopper or Stopper()
        self.stopper.add_action(self.budget.stop)
        self._judging_s = 0.0
        self.shares: FairShares | None = None
        """None where the APIs are small enough that no operation has to share."""
        self._progress = progress

    @property
    def cleans_up(self) -> bool:
        """True where the run deletes in the end what it has created: the mock of ``--mock`` ends with the run."""
        return not self.options.keep_rows and not self.options.is_mock

    @contextmanager
    def measure_judging(self) -> Iterator[None]:
        """Keep so much time for the clauses as the time suggests that the block takes for the first verdicts."""
        started_at = time.monotonic()
        try:
            yield
        finally:
            self._judging_s += time.monotonic() - started_at
            wanted_s = 0.5 + _JUDGING_FACTOR * self._judging_s
            self.budget.reserved_s = min(wanted_s, _LARGEST_RESERVE * self.options.time_limit_s)

    @property
    def left_s(self) -> float:
        """Seconds that are left of the time of the run."""
        return self.options.time_limit_s - self.budget.elapsed_s

    @property
    def judging_left_s(self) -> float:
        """Seconds that are left for judging; where few requests were sent, that is most of the time of the run."""
        return self.left_s + _JUDGING_GRACE_S

    @property
    def is_judging_over(self) -> bool:
        """True where the time of the whole run is up, or it was interrupted twice: nothing more is judged."""
        return self.judging_left_s < 0 or self.stopper.is_judging_over

    def share_budget(self, apis: Sequence[Api]) -> None:
        """Share the budget among the operations if there are many."""
        operation_count = sum(len(api.operations) for api in apis)
        if operation_count >= MANY_OPERATIONS:
            turns = len(self.options.probes) + (EXPLORE_TURNS if self.options.generate else 0)
            self.shares = FairShares(self.budget, operation_count * turns)

    @contextmanager
    def take_turn(self, weight: int = 1) -> Iterator[None]:
        """Limit the requests of one operation to its share of the budget, where the budget is shared."""
        if self.shares is not None:
            self.shares.begin_turn(weight)
        try:
            yield
        finally:
            if self.shares is not None:
                self.shares.end_turn()

    def report_progress(self, step: Step, api: str = "", operation: str = "") -> None:
        """Tell the listener of the run where it is."""
        if self._progress is not None:
            self._progress(Progress(step, api, operation, self.budget.sent_count))
