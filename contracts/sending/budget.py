"""Budget of one run: number of requests, time, rate limit, and waiting as ``Retry-After`` asks."""

import math
import time
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from threading import Lock

from specduet.contracts.recording import ReceivedResponse, SentRequest
from specduet.contracts.sending.target import Target
from specduet.contracts.sending.transport import Transport, TransportFailure

_MAX_WAIT_S = {True: 2.0, False: 60.0}
_MAX_TOTAL_WAIT_S = {True: 6.0, False: 300.0}
"""The seconds that one response and all of a run may make us wait; True is for this machine, False for others."""

LAST_RESPONSE_S = 1.0
"""Seconds for which the last response is waited for after the time of the run."""


_MAX_PACE_S = 0.2
"""Seconds that a request takes at most, where the pace of the run is the measure."""
_LARGEST_CLEAN_UP = 0.4
"""The share of the time and of the requests that cleaning up gets at most."""


class BudgetSpent(Exception):
    """Error: the run has used up its time or its number of requests, and nothing more is sent."""


@dataclass
class RequestBudget:
    """Limit what one run may send: number of requests, seconds, requests per second.

    Thread-safe; one instance per run, shared by the senders of all its APIs.
    """

    transport: Transport
    loopback: bool
    """The target runs on this machine."""
    max_requests: int | None = None
    max_time_s: float | None = None
    """Seconds from the creation of the budget."""
    per_second: float | None = None
    """Requests per second; None for no limit."""
    reserved_s: float = 0.0
    """Seconds of ``max_time_s`` that are kept for judging: nothing is sent in them."""
    sent_count: int = 0
    waited_s: float = 0.0
    """Seconds spent so far in waiting as ``Retry-After`` asks."""
    refused_count: int = 0
    """Refused connections in a row."""
    clean_up_count: int = 0
    """Requests that are kept for deleting, in the end, what the run has created."""
    is_stopped: bool = False
    """The operator has interrupted the run: nothing more is sent."""
    _next_turn: float = 0.0
    """The time (``time.monotonic``) before which no request is sent."""
    _lock: Lock = field(default_factory=Lock, repr=False)

    def __post_init__(self) -> None:
        self.started_at = time.monotonic()
        self._started_at_epoch = time.time()

    @classmethod
    def for_target(
        cls,
        target: Target,
        *,
        max_requests: int | None = None,
        max_time_s: float | None = None,
        per_second: float | None = None,
    ) -> "RequestBudget":
        """Return a budget for a target, with its rate limit and a new transport to it."""
        rate_limit = choose_rate_limit(target, per_second)
        transport = Transport(target.url, target.verify, stream_time_s=target.stream_time_s)
        return cls(transport, target.loopback, max_requests, max_time_s, rate_limit)

    def current_time(self) -> float:
        """Return seconds since 1970, by a clock that nobody sets while the run lasts."""
        return self._started_at_epoch + time.monotonic() - self.started_at

    @property
    def elapsed_s(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self.started_at

    @property
    def sending_time_s(self) -> float | None:
        """Seconds from the beginning in which requests are sent; None without a limit."""
        if self.max_time_s is None:
            return None
        pace_s = max(min(self.elapsed_s / max(self.sent_count, 1), _MAX_PACE_S), 1 / (self.per_second or math.inf))
        wanted_s = min(self.clean_up_count * pace_s, _LARGEST_CLEAN_UP * self.max_time_s)
        return self.max_time_s - self.reserved_s - wanted_s

    @property
    def _last_count(self) -> float | None:
        """The number of requests after which only what cleans up is sent; None without a limit."""
        if self.max_requests is None:
            return None
        return self.max_requests - min(self.clean_up_count, int(_LARGEST_CLEAN_UP * self.max_requests))

    @property
    def used_share(self) -> float:
        """The used share of the time or of the requests, from 0 to 1, whichever is larger; 0 without a budget."""
        shares = ((self.elapsed_s, self.sending_time_s), (self.sent_count, self._last_count))
        return max((used / limit if limit else 1.0 for used, limit in shares if limit is not None), default=0.0)

    def has_room_for(self, request_count: int) -> bool:
        """Return whether so many requests still fit into the budget, at the pace so far."""
        pace_s = self.elapsed_s / max(self.sent_count, 1)
        left_s = math.inf if self.sending_time_s is None else self.sending_time_s - self.elapsed_s
        left_count = math.inf if self._last_count is None else self._last_count - self.sent_count
        return request_count * pace_s < left_s and request_count < left_count

    @property
    def expected_count(self) -> float | None:
        """The number of requests that the run can send at most; None where only time limits it."""
        by_rate = None if self.per_second is None or self.max_time_s is None else self.per_second * self.max_time_s
        return min((limit for limit in (self.max_requests, by_rate) if limit is not None), default=None)

    @property
    def is_spent(self) -> bool:
        """True once the time or the number of requests is used up, or the run was interrupted."""
        return self.is_stopped or self.used_share >= 1.0

    def send(self, request: SentRequest, timeout_s: float) -> ReceivedResponse | TransportFailure:
        """Wait for the rate limit, then send the request.

        Raises ``BudgetSpent``, also where the time ends before the response does: that is no fault of the service.
        """
        self._wait_for_turn()
        left_s = None if self.sending_time_s is None else max(self.sending_time_s - self.elapsed_s, 0.0)
        is_cut = left_s is not None and left_s + LAST_RESPONSE_S < timeout_s
        received = self.transport.send(
            request, left_s + LAST_RESPONSE_S if is_cut and left_s is not None else timeout_s
        )
        is_timeout = isinstance(received, TransportFailure) and received.kind == "timeout"
        if self.is_stopped or (is_cut and is_timeout):
            raise BudgetSpent
        return received

    def stop(self) -> None:
        """Send nothing more, and break what is being sent. It locks nothing: handlers of signals call it."""
        self.is_stopped = True
        self.transport.abort()

    def break_off(self) -> None:
        """Break what is being sent, as ``stop`` does."""
        self.transport.abort()

    def wait_for_retry(self, received: ReceivedResponse) -> bool:
        """Wait as long as ``Retry-After`` says (RFC 9110, 10.2.3), or return False at once if that is too long."""
        seconds = _parse_retry_after(received)
        ceiling = min(_MAX_WAIT_S[self.loopback], _MAX_TOTAL_WAIT_S[self.loopback] - self.waited_s)
        if seconds > ceiling or (self.sending_time_s is not None and self.elapsed_s + seconds > self.sending_time_s):
            return False
        self.waited_s += seconds
        time.sleep(seconds)
        return True

    def _wait_for_turn(self) -> None:
        with self._lock:
            if self.is_spent:
                raise BudgetSpent
            self.sent_count += 1
            if self.per_second is None:
                return
            now = time.monotonic()
            turn_at = max(now, self._next_turn)
            self._next_turn = turn_at + 1 / self.per_second
        time.sleep(turn_at - now)


def choose_rate_limit(target: Target, per_second: float | None = None) -> float | None:
    """Return the requests per second: those of the operator, else 10, or None (no limit) on this machine."""
    return per_second or (None if target.loopback else 10.0)


def _parse_retry_after(received: ReceivedResponse) -> float:
    """Return the seconds that ``Retry-After`` asks to wait (a number or a date: RFC 9110, 10.2.3); 0.5 without it."""
    text = (received.get_header("retry-after") or "").strip()
    if text.isascii() and text.isdecimal():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        return 0.5
