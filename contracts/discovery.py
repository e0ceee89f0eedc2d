"""Discovery of the APIs that a target serves: one GET with credentials per API.

A response that does not look like an API's (none at all, a web page, a redirect) is compared with the one of the base
URL. An API with one broken operation still responds there like an API; a dead, slow or wrong target does not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from specduet.contracts.generation.known_values import KnownValues
from specduet.contracts.recording import Exchange, ReceivedResponse, SentRequest
from specduet.contracts.sending.sender import Sender, documents_stream
from specduet.contracts.sending.transport import TransportFailure
from specduet.specs import Api, Operation, TargetUnreachable, UsageError

_UNKNOWN_ID = "specduet"
"""The id that is sent where none is known."""

_DESCRIPTIONS = {
    "timeout": "does not respond within {timeout:g} s",
    "refused": "cannot be reached: nothing listens there",
    "unknown host": "cannot be reached: the host's name is unknown",
    "cut short": "breaks its responses off",
    "dropped": "closes the connection without a response",
    "no HTTP": "does not speak HTTP",
    "page": "responds with a web page, not like an API",
}
_REMEDIES = {
    "timeout": "Is it the right address, and is the service awake?",
    "refused": "Is the service running, and is the port right?",
    "tls": "Is it https at all? The variable SSL_CERT_FILE may name the authority that signed its certificate; "
    "--insecure leaves the certificate unchecked.",
    "page": "Is a path prefix missing in the URL, or a login in front of it?",
}


class ApiClient(NamedTuple):
    """One API with what is needed to send requests to it."""

    api: Api
    sender: Sender
    known_values: KnownValues


@dataclass(frozen=True)
class DiscoveryAttempt:
    """The request that was sent to find out whether an API is served, and its result."""

    api: str
    operation: str
    """Label (``GET /runs``); ``-`` if the API has no GET."""
    url: str
    result: str
    """A status, or a failure in words."""
    is_served: bool

    def __str__(self) -> str:
        return f"{self.api}: {self.operation} ({self.url}): {self.result}"


def discover_apis(clients: Sequence[ApiClient], *, explicit: bool) -> list[DiscoveryAttempt]:
    """Send one request to each API and return the attempts.

    ``explicit``: the operator named the APIs, so that a 404 does not leave one out. Raises ``TargetUnreachable`` if no
    usable response comes, ``UsageError`` if none of the APIs is served.
    """
    attempts, errors = [], []
    for client in clients:
        attempt, error = _try_api(client, explicit=explicit)
        attempts.append(attempt)
        errors += [error] if error else []
    if any(attempt.is_served for attempt in attempts):
        return attempts
    if errors:
        raise errors[0]
    raise UsageError(
        "the target serves none of the APIs",
        remedy="Tried:\n" + "\n".join(f"  {attempt}" for attempt in attempts),
    )


def _try_api(client: ApiClient, *, explicit: bool) -> tuple[DiscoveryAttempt, TargetUnreachable | None]:
    """Send one GET; return the attempt, and an error if the response does not look like an API's."""
    operation = _choose_get(client)
    if operation is None:
        return DiscoveryAttempt(client.api.name, "-", client.sender.target.url, "no GET to send", explicit), None
    exchange = _send_with_either_path(client, operation)
    reason = _find_suspicion(exchange.response or exchange.failure)
    if reason:
        unreachable = _confirm_unreachable(client.sender, exchange, reason)
        if unreachable is not None:
            return _describe_attempt(client, operation, exchange, is_served=False), unreachable
    return _describe_attempt(client, operation, exchange, is_served=explicit or exchange.status not in {404, 405}), None


def _send_with_either_path(client: ApiClient, operation: Operation) -> Exchange:
    """Send the request at the base path of the document; where that is a 404, without it, if the service is there."""
    sender = client.sender

    def send() -> Exchange:
        return sender.send(operation, **_build_arguments(client, operation), timeout_s=sender.target.timeout_s)

    exchange = send()
    if exchange.status != 404 or not operation.base_path:
        return exchange
    sender.uses_base_path = False
    bare_exchange = send()
    if bare_exchange.response is not None and bare_exchange.status not in {404, 405}:
        return bare_exchange
    sender.uses_base_path = True
    return exchange


def _describe_attempt(
    client: ApiClient, operation: Operation, exchange: Exchange, *, is_served: bool
) -> DiscoveryAttempt:
    """Return the attempt; its result names parameters whose value was invented."""
    result = str(exchange.status or exchange.failure)
    unknown = client.known_values.unknown_path_parameters(operation)
    if unknown:
        result += f", with {' and '.join(unknown)} made up: give --param {unknown[0]}=…"
    url = client.sender.secrets.mask(exchange.request.url)
    return DiscoveryAttempt(client.api.name, operation.label, url, result, is_served)


def _choose_get(client: ApiClient) -> Operation | None:
    """Return the GET operation that needs the fewest unknown values, or None."""
    gets = [operation for operation in client.api.operations if operation.method == "GET"]
    unknown_names = client.known_values.unknown_path_parameters
    return min(gets, key=lambda o: (documents_stream(o), len(unknown_names(o)), "{" in o.path), default=None)


def _build_arguments(client: ApiClient, operation: Operation) -> dict[str, Any]:
    """Return arguments of ``Sender.send`` for a GET, with an invented id where none is known."""
    request = client.known_values.build_valid_request(operation)
    if request is not None:
        return request.send_arguments
    values_by_name = {
        p.name: client.known_values.path_values(operation, p) for p in operation.parameters if p.location == "path"
    }
    return {"path": {name: values[0] if values else _UNKNOWN_ID for name, values in values_by_name.items()}}


def _find_suspicion(response: ReceivedResponse | TransportFailure | str) -> str:
    """Return why a response does not look like an API's (``page``, ``redirect``, a failure kind), or an empty text."""
    if isinstance(response, TransportFailure):
        return response.kind
    if isinstance(response, str):
        kind = response.partition(":")[0]
        return "" if kind == "undecodable" else kind
    if response.status in {301, 302, 303, 307, 308}:
        return "redirect"
    is_page = response.body.lstrip()[:14].lower().startswith((b"<!doctype html", b"<html", b"<head", b"<body"))
    return "page" if is_page and response.status not in {404, 405} else ""


def _confirm_unreachable(sender: Sender, exchange: Exchange, reason: str) -> TargetUnreachable | None:
    """Return an error if the response of the base URL is suspicious, too; None if it looks like an API's.

    Raises that error at once unless it is about a page or a redirect: then another API may still be served.
    """
    url = sender.target.url
    if reason not in {"refused", "unknown host", "tls"}:
        root_request = SentRequest("GET", f"{url}/", "/", "", exchange.request.headers, None)
        response = sender.budget.send(root_request, sender.target.timeout_s)
        if not _find_suspicion(response):
            return None
    error = _unreachable_error(sender, exchange, reason)
    if reason not in {"page", "redirect"}:
        raise error
    return error


def _unreachable_error(sender: Sender, exchange: Exchange, reason: str) -> TargetUnreachable:
    """Return the error, with a remedy, for a suspicion."""
    mask = sender.secrets.mask
    url = mask(sender.target.url)
    if reason == "redirect" and exchange.response is not None:
        location = mask(exchange.response.get_header("location") or "nowhere")
        return TargetUnreachable(
            f"{url} redirects to {location}",
            remedy="Redirects are not followed, so that no credential leaks: give the final URL.",
        )
    description = _DESCRIPTIONS.get(reason, exchange.failure).format(timeout=sender.target.timeout_s)
    return TargetUnreachable(
        f"{url} {description if reason in _DESCRIPTIONS else f'cannot be used: {description}'}",
        remedy=_REMEDIES.get(reason, ""),
    )


__all__ = ["ApiClient", "DiscoveryAttempt", "discover_apis"]
