"""What an operation tells of the webhooks that were sent about a row."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from specduet.mocks.clock import format_timestamp
from specduet.mocks.webhooks.deliveries import Delivery
from specduet.mocks.world.derived_fields import put_path
from specduet.specs.behavior import Delivers


def fill_report(
    statement: Delivers, template: Any, deliveries: Sequence[Delivery], row: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the documented response with what is told of the deliveries in it."""
    body = template if isinstance(template, dict) else {}
    succeeded = sum(delivery.state == "delivered" for delivery in deliveries)
    counts = {"total": len(deliveries), "succeeded": succeeded, "failed": len(deliveries) - succeeded}
    for path, fact in statement.fields.items():
        put_path(body, path.split("."), counts[fact])
    if statement.list:
        items = [_describe_delivery(statement.items, delivery, row) for delivery in deliveries]
        put_path(body, statement.list.split("."), items)
    return body


def _describe_delivery(items: Mapping[str, str], delivery: Delivery, row: Mapping[str, Any]) -> dict[str, Any]:
    last = delivery.attempts[-1] if delivery.attempts else None
    facts = {
        "delivered": delivery.state == "delivered",
        "event": delivery.plan.webhook.name,
        "response": last.response if last is not None else "",
        "error": delivery.error,
        "errors": [
            attempt.error or f"status {attempt.status}" for attempt in delivery.attempts if not attempt.is_success
        ],
        "url": delivery.subscription.url,
        "time": format_timestamp(delivery.key.time),
        "seconds": sum(attempt.seconds for attempt in delivery.attempts),
        "retries": max(len(delivery.attempts) - 1, 0),
        "message": msgspec.json.decode(delivery.body) if delivery.body else None,
    }
    return {
        name: row.get(fact.removeprefix("row.")) if fact.startswith("row.") else facts.get(fact)
        for name, fact in items.items()
    }
