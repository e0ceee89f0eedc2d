"""Subscriptions: where the webhooks about one row are sent, as the request that created the row says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from specduet.mocks.clock import SECOND, Micros, parse_micros
from specduet.mocks.request import Request
from specduet.mocks.request_places import read_place
from specduet.specs import Api, Operation
from specduet.specs.model import Webhook
from specduet.specs.webhook_statements import Subscribes

_LONGEST_VALIDITY = 366 * 86_400  # seconds


@dataclass(frozen=True)
class SubscriptionPlan:
    """The webhooks that one operation subscribes to, and how its requests say where they are sent."""

    statement: Subscribes
    webhooks: tuple[Webhook, ...]


@dataclass(frozen=True)
class Subscription:
    """The receiver of the webhooks about one row."""

    api: str
    resource: str
    key: Any
    """Index key of the row's identity."""
    plan: SubscriptionPlan
    url: str
    address: str
    """Where the caller reached the API: that of links in bodies."""
    origin: str
    """Where the caller reached the mock: that of files."""
    secret: str | None = None
    validity: Micros = 0
    echoes: Mapping[str, Any] = field(default_factory=dict)
    webhooks: tuple[Webhook, ...] = ()


def find_subscription_plans(api: Api, operation: Operation) -> tuple[SubscriptionPlan, ...]:
    """Return what an operation subscribes to: webhooks by its statement, and its own callbacks."""
    stated, creates = operation.behavior.subscribes, operation.behavior.creates
    if creates is None:
        return ()
    about = [w for w in api.webhooks if w.behavior.sends is not None and w.behavior.sends.resource == creates.resource]
    plans = []
    own = tuple(webhook for webhook in about if not webhook.operation)
    if stated is not None and own:
        plans.append(SubscriptionPlan(stated, own))
    callbacks = [webhook for webhook in about if webhook.operation == operation.pointer]
    for url in dict.fromkeys(webhook.url for webhook in callbacks):
        statement = Subscribes(url=url, basis="assumed")
        plans.append(SubscriptionPlan(statement, tuple(webhook for webhook in callbacks if webhook.url == url)))
    return tuple(plans)


def read_subscription(
    plan: SubscriptionPlan,
    api: Api,
    key: Any,
    address: str,
    parameters: Mapping[str, Any],
    body: Any,
    request: Request,
) -> Subscription | None:
    """Return the subscription that a request asks for; None where it names no address."""
    statement = plan.statement

    def read(place: str | None) -> Any:
        return None if place is None else read_place(place, parameters, body, request)

    url = read(statement.url)
    if not isinstance(url, str) or not url:
        return None
    events, secret, validity = read(statement.events), read(statement.secret), read(statement.validity)
    sends = plan.webhooks[0].behavior.sends
    assert sends is not None
    is_number = isinstance(validity, int | float) and 0 < validity <= _LONGEST_VALIDITY
    return Subscription(
        api=api.name,
        resource=sends.resource,
        key=key,
        plan=plan,
        url=url,
        address=address,
        origin=request.origin,
        secret=secret if isinstance(secret, str) else None,
        validity=int(validity * SECOND) if is_number else parse_micros(statement.lifetime),
        echoes={name: value for name, place in statement.echoes.items() if (value := read(place)) is not None},
        webhooks=tuple(w for w in plan.webhooks if not isinstance(events, list) or w.name in events),
    )
