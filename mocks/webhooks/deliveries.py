"""Deliveries: what was sent to the receivers of webhooks, how often, and what they responded."""

import hashlib
import hmac
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from time import perf_counter
from typing import Any, Literal

from specduet.mocks.clock import Micros, format_timestamp
from specduet.mocks.webhooks.receivers import Reply, send_webhook
from specduet.mocks.webhooks.subscriptions import Subscription
from specduet.mocks.world.row_events import EventKey, EventPlan

State = Literal["pending", "delivered", "failed", "expired", "forbidden"]
"""``pending`` until a receiver takes it, ``failed`` after the last try, ``expired`` where its validity ended before."""


@dataclass(frozen=True)
class Attempt:
    """One try of a delivery: the response, or what stood in its way."""

    time: str
    seconds: float
    status: int | None = None
    response: str = ""
    error: str = ""

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


@dataclass
class Delivery:
    """One event on its way to one receiver."""

    number: int
    subscription: Subscription
    plan: EventPlan
    key: EventKey
    expires_at: Micros
    headers: dict[str, str]
    body: bytes
    state: State = "pending"
    attempts: list[Attempt] = field(default_factory=list)
    next_try: Micros = 0
    is_replay: bool = False

    @property
    def error(self) -> str:
        """What was wrong with the last try, empty where nothing was."""
        last = self.attempts[-1] if self.attempts else None
        if last is None:
            return "" if self.state != "expired" else "it has expired"
        return last.error or ("" if self.state == "delivered" else f"the receiver responded with {last.status}")

    async def try_once(self) -> None:
        """Send it, and note what came of it."""
        started, reply, error, time = perf_counter(), None, "", _read_system_time()
        try:
            reply = await send_webhook(self.subscription.url, self.plan.webhook.method, self.headers, self.body)
        except TimeoutError:
            error = "the receiver did not respond in time"
        except (OSError, ValueError) as problem:
            error = str(problem) or type(problem).__name__
        self._note_attempt(reply, error, time, perf_counter() - started)

    def _note_attempt(self, reply: Reply | None, error: str, time: str, seconds: float) -> None:
        status, text = (None, "") if reply is None else reply
        attempt = Attempt(time, round(seconds, 6), status, text, error)
        self.attempts.append(attempt)
        if attempt.is_success:
            self.state = "delivered"

    def give_up(self) -> None:
        """Note that it is not tried again."""
        if self.state == "pending":
            self.state = "failed"

    def forbid(self, reason: str) -> None:
        """Note that it is not sent at all."""
        self.state = "forbidden"
        self.attempts.append(Attempt(_read_system_time(), 0.0, error=reason))

    def to_dict(self) -> dict[str, Any]:
        """Return the delivery as the control plane shows it."""
        return {
            "number": self.number,
            "time": format_timestamp(self.key.time),
            "expires": format_timestamp(self.expires_at),
            "api": self.subscription.api,
            "webhook": self.plan.webhook.name,
            "resource": self.subscription.resource,
            "id": self.subscription.key,
            "url": self.subscription.url,
            "method": self.plan.webhook.method,
            "headers": self.headers,
            "body": self.body.decode(),
            "state": self.state,
            "replay": self.is_replay,
            "attempts": [asdict(attempt) for attempt in self.attempts],
        }


def _read_system_time() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def make_headers(subscription: Subscription, body: bytes) -> dict[str, str]:
    """Return the headers of a webhook, with its signature where the receiver gave a secret (RFC 2104)."""
    headers = {"user-agent": "specduet"}
    if body:
        headers["content-type"] = "application/json"
    if subscription.secret is not None:
        digest = hmac.new(subscription.secret.encode(), body, hashlib.sha256).hexdigest()
        statement = subscription.plan.statement
        headers[statement.header.lower()] = f"{statement.prefix}{digest}"
    return headers
