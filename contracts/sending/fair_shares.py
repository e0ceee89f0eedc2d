"""Fair shares: in a large document, each operation gets its part of the requests and seconds that are left."""

import time
from dataclasses import dataclass

from specduet.contracts.sending.budget import RequestBudget

MANY_OPERATIONS = 40
"""From here on a run takes longer than its time if every operation gets all of its requests."""


@dataclass
class FairShares:
    """Shares of a budget, handed out turn by turn. What one turn leaves unused is shared by those that follow."""

    budget: RequestBudget
    turns_left: int
    """Turns that are still to come, one for each operation in each step."""
    _credit: float = 0.0
    _last_request: int | None = None
    _ends_at: float | None = None

    def begin_turn(self, weight: int = 1) -> None:
        """Begin the turn of the next operation; ``weight`` is the number of usual turns that it stands for."""
        turns = max(self.turns_left, weight)
        self.turns_left -= weight
        budget = self.budget
        if budget.max_requests is not None:
            # a share of less than one request is saved up, so that some later operation gets a whole one
            self._credit = self._credit % 1 + weight * max(budget.max_requests - budget.sent_count, 0) / turns
            self._last_request = budget.sent_count + int(self._credit)
        if budget.sending_time_s is not None:
            left_s = budget.sending_time_s - budget.elapsed_s
            self._ends_at = time.monotonic() + weight * max(left_s, 0.0) / turns

    def end_turn(self) -> None:
        """Let requests go without a share again."""
        self._last_request = self._ends_at = None

    @property
    def is_turn_over(self) -> bool:
        """True once the operation has used up its share."""
        has_no_requests = self._last_request is not None and self.budget.sent_count >= self._last_request
        return has_no_requests or (self._ends_at is not None and time.monotonic() >= self._ends_at)
