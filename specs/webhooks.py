"""The webhooks of a document: those of its ``webhooks``, and the callbacks of its operations (OAS 3.1, 4.8.18)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from specduet.specs.extension import StatementReader
from specduet.specs.model import Body, Content, Operation, Resource, Webhook
from specduet.specs.request_lines import METHODS
from specduet.specs.schemas import Schemas, escape_pointer
from specduet.specs.webhook_statements import Sends, WebhookBehavior

ReadBody = Callable[[Schemas, Mapping[str, Any], str], Body | None]
"""A function that reads the request body of an operation at a pointer."""
_BECAUSE = "a callback tells of what its operation creates"


def build_webhooks(
    reader: StatementReader, document: Mapping[str, Any], read_body: ReadBody, operations: Sequence[Operation]
) -> Iterator[Webhook]:
    """Yield the webhooks of a document, in its order, and then its callbacks.

    Raises ``BadStatement`` for a malformed statement.
    """
    for name, entry in document.get("webhooks", {}).items():
        yield from _build_methods(reader, read_body, name, entry, f"/webhooks/{escape_pointer(name)}")
    for operation in operations:
        raw = reader.schemas.node_at(operation.pointer)
        for name, entry in raw.get("callbacks", {}).items():
            at = f"{operation.pointer}/callbacks/{escape_pointer(name)}"
            yield from _build_callback(reader, read_body, operation, name, entry, at)


def _build_callback(
    reader: StatementReader, read_body: ReadBody, operation: Operation, name: str, entry: Mapping[str, Any], at: str
) -> Iterator[Webhook]:
    callback, pointer = reader.schemas.resolve(entry, at)
    for url, item in callback.items():
        if isinstance(item, Mapping) and not url.startswith("x-"):
            inner = f"{pointer}/{escape_pointer(url)}"
            yield from _build_methods(reader, read_body, name, item, inner, url, operation.pointer)


def _build_methods(
    reader: StatementReader,
    read_body: ReadBody,
    name: str,
    entry: Mapping[str, Any],
    at: str,
    url: str = "",
    operation: str = "",
) -> Iterator[Webhook]:
    item, pointer = reader.schemas.resolve(entry, at)
    for method in METHODS:
        if method in item:
            raw, inner = item[method], f"{pointer}/{method}"
            behavior = reader.read_behavior(WebhookBehavior, raw, inner) or WebhookBehavior()
            content = _choose_content(read_body(reader.schemas, raw, inner))
            yield Webhook(name, method.upper(), content, inner, behavior, url, operation)


def _choose_content(body: Body | None) -> Content | None:
    """Return the JSON content of a body; None where it has no other than that."""
    contents = body.content.values() if body is not None else ()
    return next((c for c in contents if c.has_schema and c.media_type.partition(";")[0].strip().endswith("json")), None)


def infer_sender(
    webhook: Webhook, operations: Mapping[str, Operation], resources: Mapping[str, Resource]
) -> WebhookBehavior:
    """Return the behavior of a webhook; that of a callback of an operation that creates rows tells of these."""
    operation = operations.get(webhook.operation)
    creates = operation.behavior.creates if operation is not None else None
    if webhook.behavior.sends is not None or creates is None or creates.resource not in resources:
        return webhook.behavior
    status = resources[creates.resource].behavior.status
    entered = () if status is None or not status.moves else (*status.transitions, *status.terminal)
    sends = Sends(resource=creates.resource, status=tuple(dict.fromkeys(entered)), basis="assumed", because=_BECAUSE)
    return WebhookBehavior(sends=sends, envelope=webhook.behavior.envelope)
