"""Sentinels: requests that were answered 2xx are sent again through the run, to tell when it has lost its hold.

A run loses its hold when its credentials die, or the service is switched off: then whatever follows says nothing of the
service. Sentinels are not recorded, for they are no tests.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from threading import Lock

from specduet.contracts.planning.harm import is_public
from specduet.contracts.recording import Exchange, ReceivedResponse, SentRequest
from specduet.contracts.sending.transport import TransportFailure
from specduet.specs import Operation

INTERVAL = 40
"""Requests between two looks."""
_MAX_SENTINELS = 3
_FIRST_STREAK = 4
"""Bad responses in a row after which a look is taken at once; the next after twice as many."""
_RETRY_PAUSES_S = (0.3, 1.2)
_MAX_BODY = 200_000
_OWN = frozenset({"given", "placeholder"})
"""The kinds of credentials that the run holds."""
_MAX_ELAPSED_S = 1.0
_TIMEOUT_S = 5.0


class HoldLost(Exception):
    """Error: no sentinel is answered any more, so that nothing after the exchange ``last_good`` counts."""

    def __init__(self, sentence: str, last_good: int) -> None:
        super().__init__(sentence)
        self.last_good = last_good


@dataclass(frozen=True)
class _Sentinel:
    operation: Operation
    exchange: Exchange

    @property
    def preference(self) -> tuple[bool, bool]:
        """A sort key: requests that need a credential first, then those that name no row."""
        return is_public(self.operation), "{" in self.operation.path


@dataclass
class Watch:
    """The sentinels of one API. ``send`` sends a request unrecorded."""

    send: Callable[[SentRequest, float], ReceivedResponse | TransportFailure]
    can_renew: bool = False
    """A credential that is rejected is fetched anew, so that only a streak of bad responses tells of its end."""
    _sentinels: list[_Sentinel] = field(default_factory=list)
    _exchanges: list[tuple[Operation, Exchange]] = field(default_factory=list)
    """Those since the last look at which a sentinel was answered."""
    _last_good: int = 0
    _streak: int = 0
    _next_streak: int = _FIRST_STREAK
    _lock: Lock = field(default_factory=Lock, repr=False)

    def observe_exchange(self, operation: Operation, exchange: Exchange) -> None:
        """Count an exchange, and look after the sentinels where it is time. Raises ``HoldLost``."""
        with self._lock:
            self._adopt_sentinel(operation, exchange)
            self._exchanges.append((operation, exchange))
            if exchange.credentials in _OWN:  # that another credential is refused tells nothing of this one
                self._streak = self._streak + 1 if _is_bad(exchange) else 0
            self._next_streak = self._next_streak if self._streak else _FIRST_STREAK
            if self._streak >= self._next_streak:
                self._next_streak = 2 * self._streak
                self._look_after()
            elif len(self._exchanges) % INTERVAL == 0:
                self._look_after()

    def look_again(self) -> None:
        """Look after the sentinels between two steps. Raises ``HoldLost``."""
        with self._lock:
            if self._exchanges:
                self._look_after()

    def forget_sentinels(self) -> None:
        """Forget the sentinels, whose credential is no longer the one that is sent."""
        self._sentinels.clear()

    def _adopt_sentinel(self, operation: Operation, exchange: Exchange) -> None:
        response = exchange.response
        is_fit = operation.method == "GET" and exchange.is_success and exchange.credentials in _OWN
        if not is_fit or response is None or any(s.operation.id == operation.id for s in self._sentinels):
            return
        if (
            response.elapsed_s > _MAX_ELAPSED_S
            or response.body_length > _MAX_BODY
            or "event-stream" in response.media_type
        ):
            return
        best = sorted([*self._sentinels, _Sentinel(operation, exchange)], key=lambda s: s.preference)
        self._sentinels = best[:_MAX_SENTINELS]

    def _look_after(self) -> None:
        """Send the sentinels until one is answered, several times if none is."""
        responses: list[ReceivedResponse | TransportFailure] = []
        for pause_s in (0.0, *_RETRY_PAUSES_S) if self._sentinels else ():
            time.sleep(pause_s)
            responses = self._send_until_held()
            if not responses:
                break
        statuses = {r.status for r in responses if isinstance(r, ReceivedResponse)}
        if statuses and ((statuses <= {401, 403} and not self.can_renew) or self._streak >= _FIRST_STREAK):
            self._last_good = max(self._last_good, *self._list_proofs(), self._find_failure(statuses))
            raise HoldLost(self._describe_loss(min(statuses)), self._last_good)
        if responses and self._streak == 0:
            self._sentinels.clear()  # only these operations fail: others take their place
        elif not responses and self._exchanges:
            self._last_good = max(self._last_good, *(exchange.number for _, exchange in self._exchanges))
            self._exchanges.clear()

    def _send_until_held(self) -> list[ReceivedResponse | TransportFailure]:
        """Return the responses to all sentinels, none where one is answered well.

        A sentinel that names a row which is gone says nothing, and is none any more.
        """
        responses = []
        for sentinel in list(self._sentinels):
            response = self.send(sentinel.exchange.request, _TIMEOUT_S)
            if _is_hold(response):
                return []
            if "{" in sentinel.operation.path and _is_gone(response):
                self._sentinels.remove(sentinel)
            else:
                responses.append(response)
        return responses

    def _list_proofs(self) -> Iterator[int]:
        """Yield the numbers of the exchanges that were the same as a sentinel, and were answered well."""
        operations = {sentinel.operation.id for sentinel in self._sentinels}
        for operation, exchange in self._exchanges:
            if operation.id in operations and exchange.is_success and exchange.credentials in _OWN:
                yield exchange.number
        yield 0

    def _find_failure(self, statuses: set[int]) -> int:
        """Return the number of the first response that tells of a failed service, which is a finding; 0 without one.

        A 503 says that the service is out of service, which somebody may have asked for.
        """
        if not any(status >= 500 and status != 503 for status in statuses):
            return 0
        return next((e.number for _, e in self._exchanges[-self._streak :] if e.status in statuses), 0)

    def _describe_loss(self, status: int) -> str:
        sentinel = self._sentinels[0]
        operation, exchange = self._find_culprit()
        return (
            f"Sending stopped: after {operation.label} (request {exchange.number}, answered {exchange.status}), "
            f"{sentinel.operation.label} was {sentinel.exchange.status} and is {status} now. "
            f"Only the first {self._last_good} requests are judged."
        )

    def _find_culprit(self) -> tuple[Operation, Exchange]:
        """Return the last request that was answered well before those that no longer were."""
        good = [pair for pair in self._exchanges if 200 <= pair[1].status < 400]
        return good[-1] if good else self._exchanges[0]


def _is_bad(exchange: Exchange) -> bool:
    """Return whether a response can be one of a service that is lost; 404 is one of a service that is not there."""
    return exchange.status in {401, 403, 404} or exchange.status >= 500 or exchange.response is None


def _is_gone(response: ReceivedResponse | TransportFailure) -> bool:
    return isinstance(response, ReceivedResponse) and response.status in {404, 410}


def _is_hold(response: ReceivedResponse | TransportFailure) -> bool:
    """Return whether a sentinel shows that the run still has its hold; 429 only asks for patience."""
    return isinstance(response, ReceivedResponse) and (response.status < 400 or response.status == 429)
