"""Statements about webhooks: requests that a service sends to its callers (OAS 3.1, ``webhooks`` and ``callbacks``)."""

from typing import Any

import msgspec

from specduet.specs.list_statements import Envelope
from specduet.specs.statement import Statement, Words


class Sends(Statement, frozen=True):
    """The webhook tells of a row of ``resource`` when its status becomes one of ``status``, or when it is created.

    ``part`` is how much of its stay there the row has behind it then: 0 when it comes, 0.5 half way. ``values`` are
    constants by dotted path. ``moment`` and ``expires`` are the paths of the time of the event, and of the end of its
    validity.
    """

    resource: str
    status: tuple[str, ...] = ()
    part: float = 0.0
    values: dict[str, Any] = msgspec.field(default_factory=dict)
    moment: str | None = None
    expires: str | None = None


class Subscribes(Statement, frozen=True):
    """The operation says where webhooks about the row that it creates are sent: to ``url``, a place of the request.

    A place is ``body/webhook/url``, ``query/NAME`` or ``header/NAME``. At ``events`` are the names of the webhooks
    that are sent, all of them without it; at ``secret`` the key of HMAC-SHA256 over the body, whose hexadecimal digits
    are sent in ``header`` after ``prefix``; at ``validity`` the seconds that an event is valid, ``lifetime`` without
    it. ``echoes`` are properties of the webhook that come from places of the request. ``retries`` are the times
    between the tries of a delivery that fails.
    """

    url: str
    events: str | None = None
    secret: str | None = None
    header: str = "X-Signature"
    prefix: str = ""
    validity: str | None = None
    lifetime: str = "5m"
    retries: tuple[str, ...] = ("1s", "10s", "1m")
    echoes: dict[str, str] = msgspec.field(default_factory=dict)


class WebhookBehavior(Words, frozen=True, kw_only=True):
    """``x-specduet`` on the operation of a webhook or callback."""

    sends: Sends | None = None
    envelope: Envelope | None = None
