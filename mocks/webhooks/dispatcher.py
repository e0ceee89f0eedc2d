"""The dispatcher: it sends each webhook of a session when its event is due, and once more where that fails.

Events follow the clock of the mock: whoever moves it forward gets those between at once. Those of one row are sent in
their order, each after the one before was taken or given up. No request waits for a delivery.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from typing import Any

from specduet.mocks.clock import SECOND, Clock, Micros, parse_micros
from specduet.mocks.settings import Settings
from specduet.mocks.signed_files import SignedFiles
from specduet.mocks.webhooks.deliveries import Delivery, make_headers
from specduet.mocks.webhooks.receivers import explain_forbidden
from specduet.mocks.webhooks.subscriptions import Subscription
from specduet.mocks.world import World
from specduet.mocks.world.row_events import EventKey, EventPlan
from specduet.mocks.world.self_links import MOCK_ADDRESS

_POLL_INTERVAL_S = 0.1
"""How often the clock of the mock, which may be moved, is read while an event lies ahead."""
_MOST_AT_ONCE = 32
_logger = logging.getLogger(__name__)

Row = tuple[str, str, Any]
"""API, resource, and index key of the identity of a row."""


@dataclass
class _Queue:
    """How far the webhooks of one subscription have come."""

    subscription: Subscription
    last: EventKey | None = None
    """The last event that was delivered or given up."""
    retried: Delivery | None = None
    """A delivery that failed, and is tried again."""
    is_busy: bool = False


class Dispatcher:
    """The subscriptions and deliveries of one session. It works while events lie ahead, on the loop of a request."""

    def __init__(
        self, clock: Clock, find_world: Callable[[str], World], settings: Settings, files: SignedFiles
    ) -> None:
        self._clock = clock
        self.find_world = find_world
        self.files = files
        self._allowed = settings.allow_webhooks
        self.deliveries: deque[Delivery] = deque(maxlen=settings.journal)
        """The last deliveries in the order of their first try."""
        self._numbers = count(1)
        self._order = count()
        self._rows: dict[Row, list[_Queue]] = {}
        self._due: list[tuple[Micros, int, _Queue]] = []
        """A heap by the time at which there is something to do."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._runner: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._slots = asyncio.Semaphore(_MOST_AT_ONCE)

    def subscribe(self, subscription: Subscription) -> None:
        """Send the webhooks about a row from now on, those about its creation too."""
        row = (subscription.api, subscription.resource, subscription.key)
        progress = _Queue(subscription)
        self._rows.setdefault(row, []).append(progress)
        self._schedule([progress])

    def note_change(self, api: str, resource: str, key: Any) -> None:
        """Look for events of a row that a request has changed."""
        if self._rows:
            self._schedule(self._rows.get((api, resource, key), ()))

    def list_deliveries(self, api: str, resource: str, key: Any) -> list[Delivery]:
        """Return the deliveries about one row, those that were sent once more left out."""
        row = (api, resource, key)
        own = [d for d in self.deliveries if (d.subscription.api, d.subscription.resource, d.subscription.key) == row]
        return [delivery for delivery in own if not delivery.is_replay]

    async def replay(self, earlier: Iterable[Delivery]) -> list[Delivery]:
        """Send deliveries once more, one after the other and each once; return those that were made of them."""
        replays = []
        for delivery in earlier:
            again = self._open_delivery(delivery.subscription, delivery.plan, delivery.key, is_replay=True)
            if again is not None:
                replays.append(again)
                await self._try_alone(again)
        return replays

    def start_replay(self, number: int) -> Delivery:
        """Send a delivery once more, and return what was made of it. Raises ``KeyError`` where there is none."""
        earlier = next((delivery for delivery in self.deliveries if delivery.number == number), None)
        if earlier is None:
            raise KeyError(f"no webhook has the number {number}")
        again = self._open_delivery(earlier.subscription, earlier.plan, earlier.key, is_replay=True)
        if again is None:
            raise KeyError("the item that it tells of is gone")
        self._start(self._try_alone(again))
        return again

    async def _try_alone(self, delivery: Delivery) -> None:
        if delivery.state == "pending":
            await delivery.try_once()
        delivery.give_up()

    def reset(self) -> None:
        """Forget all subscriptions and deliveries."""
        self.stop()
        self._rows.clear()
        self._due.clear()
        self.deliveries.clear()
        self._numbers = count(1)

    def stop(self) -> None:
        """Send nothing more, until there is something new to send."""
        for task in self._tasks:
            if not task.get_loop().is_closed():
                task.cancel()
        self._tasks.clear()
        self._loop = self._runner = None

    # --------------------------------------------------------------------------------------------- what is due

    def _schedule(self, found: Iterable[_Queue]) -> None:
        """Look at subscriptions now, in a task of the running loop."""
        now = self._clock.current_micros()
        for progress in found:
            heappush(self._due, (now, next(self._order), progress))
        if not self._due:
            return
        loop = asyncio.get_running_loop()
        if self._loop is not loop:  # a new loop: what was under way on another has ended with it
            self._loop, self._changed, self._slots = loop, asyncio.Event(), asyncio.Semaphore(_MOST_AT_ONCE)
            self._tasks = set()
            for progress in (progress for row in self._rows.values() for progress in row if progress.is_busy):
                progress.is_busy = False
                heappush(self._due, (now, next(self._order), progress))
        if self._runner is None or self._runner.done() or self._runner.get_loop() is not loop:
            self._runner = self._start(self._run())
        self._changed.set()

    def _start(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _run(self) -> None:
        """Do what is due, until nothing lies ahead."""
        while self._due:
            now = self._clock.current_micros()
            while self._due and self._due[0][0] <= now:
                self._advance(heappop(self._due)[2], now)
            self._changed.clear()
            if self._due:
                wait = min(max((self._due[0][0] - now) / SECOND, 0.001), _POLL_INTERVAL_S)
                try:
                    await asyncio.wait_for(self._changed.wait(), wait)
                except TimeoutError:
                    continue

    def _advance(self, progress: _Queue, now: Micros) -> None:
        """Begin with the next delivery of a subscription, or note when its event will be."""
        if progress.is_busy:
            return
        delivery = progress.retried
        if delivery is not None:
            if now < delivery.next_try:
                return  # it is scheduled for then
        else:
            upcoming = self._find_next(progress)
            if upcoming is None:
                return
            key, plan = upcoming
            if key.time > now and (
                key.phase or plan.sends.part
            ):  # several rows that are created at once have later times
                heappush(self._due, (key.time, next(self._order), progress))
                return
            try:
                delivery = self._open_delivery(progress.subscription, plan, key)
            except Exception:  # the document has no body for it: the others go on
                _logger.debug("%s", plan.webhook.name, exc_info=True)
                progress.last = key
                heappush(self._due, (now, next(self._order), progress))
                return
            if delivery is None:
                return
        progress.is_busy = True
        self._start(self._deliver(progress, delivery))

    def _find_next(self, progress: _Queue) -> tuple[EventKey, EventPlan] | None:
        """Return the next event of a subscription's row; None where none lies ahead, or the row is gone."""
        subscription = progress.subscription
        events = self.find_world(subscription.api).events
        row = events.find_row(subscription.resource, subscription.key)
        if row is None:
            return None
        upcoming = events.list_events(row, subscription.webhooks)
        return next((pair for pair in upcoming if progress.last is None or pair[0] > progress.last), None)

    # ---------------------------------------------------------------------------------------------- deliveries

    def _open_delivery(
        self, subscription: Subscription, plan: EventPlan, key: EventKey, *, is_replay: bool = False
    ) -> Delivery | None:
        """Return a new delivery of an event, None where its row is gone."""
        row = self.find_world(subscription.api).events.find_row(subscription.resource, subscription.key)
        if row is None:
            return None
        expires_at = max(self._clock.current_micros(), key.time) + subscription.validity
        body = plan.render(row, key, expires_at, subscription.echoes)
        body = body.replace(MOCK_ADDRESS, subscription.address.encode())
        body = self.files.sign_body(subscription.api, body, subscription.origin, self._clock.current_micros())
        headers = make_headers(subscription, body)
        number = next(self._numbers)
        delivery = Delivery(number, subscription, plan, key, expires_at, headers, body, is_replay=is_replay)
        self.deliveries.append(delivery)
        reason = explain_forbidden(subscription.url, self._allowed)
        if reason:
            delivery.forbid(reason)
        return delivery

    async def _deliver(self, progress: _Queue, delivery: Delivery) -> None:
        """Try a delivery, and note when it is tried again, or that the next event may be sent."""
        async with self._slots:
            now = self._clock.current_micros()
            if delivery.state == "pending" and now > delivery.expires_at:
                delivery.state = "expired"
            elif delivery.state == "pending":
                await delivery.try_once()
        now, waits = self._clock.current_micros(), progress.subscription.plan.statement.retries
        progress.is_busy, progress.retried = False, None
        next_due = now
        if delivery.state == "pending" and len(delivery.attempts) <= len(waits):
            delivery.next_try = next_due = now + parse_micros(waits[len(delivery.attempts) - 1])
            progress.retried = delivery
        else:
            delivery.give_up()
            progress.last = delivery.key
        heappush(self._due, (next_due, next(self._order), progress))
        self._schedule(())
