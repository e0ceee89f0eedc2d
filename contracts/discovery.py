"""Discovery of the APIs that a target serves: a GET with credentials per API, a few where the first is not found.

A response that does not look like an API's (none at all, a web page, a redirect) is compared with the one of the base
URL. An API with one broken operation still responds there like an API; a dead, slow or wrong target does not.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from specduet.contracts.base_paths import BasePathSearch, find_base_path, find_suspicion, is_not_served
from specduet.contracts.generation.known_values import KnownValues
from specduet.contracts.recording import Exchange, SentRequest
from specduet.contracts.sending.sender import Sender
from specduet.specs import Api, Operation, SpecduetError, TargetUnreachable, UsageError

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


_NO_DOCUMENT = "It offers no document at a usual address such as /openapi.json: give one, specduet test FILE --url URL."


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
    note: str = ""
    """A sentence on the base path that was chosen; empty where it is the expected one."""

    def __str__(self) -> str:
        return f"{self.api}: {self.operation} ({self.url}): {self.result}"


def discover_apis(clients: Sequence[ApiClient], *, explicit: bool) -> list[DiscoveryAttempt]:
    """Send one request to each API and return the attempts.

    ``explicit``: the operator named the APIs, so that none is left out. Raises ``TargetUnreachable`` if no
    usable response comes, ``UsageError`` if none of the APIs is served.
    """
    attempts: list[DiscoveryAttempt] = []
    errors: list[SpecduetError] = []
    for client in clients:
        attempt, error = _try_api(client, explicit=explicit)
        attempts.append(attempt)
        errors += [error] if error else []
    if any(attempt.is_served for attempt in attempts) and not (explicit and errors):
        return attempts
    if errors:
        raise errors[0]
    raise UsageError(
        "the target serves none of the APIs",
        remedy="\n".join(["Tried:", *(f"  {attempt}" for attempt in attempts), *([] if explicit else [_NO_DOCUMENT])]),
    )


def _try_api(client: ApiClient, *, explicit: bool) -> tuple[DiscoveryAttempt, SpecduetError | None]:
    """Look for the base path of one API; return the attempt, and an error if nothing there looks like it."""
    search = find_base_path(client.sender, client.known_values, is_api_named=explicit)
    if search is None:
        return DiscoveryAttempt(client.api.name, "-", client.sender.target.url, "no GET to send", explicit), None
    operation, exchange = search.chosen.operation, search.chosen.exchange
    reason = find_suspicion(exchange.response or exchange.failure)
    if reason:
        unreachable = _confirm_unreachable(client.sender, exchange, reason)
        if unreachable is not None:
            return _describe_attempt(client, operation, exchange), unreachable
    attempt = _describe_attempt(client, operation, exchange)
    if explicit and search.is_missing:
        return attempt, _missing_error(client, search)
    return replace(attempt, is_served=explicit or not is_not_served(exchange), note=search.note), None


def _describe_attempt(client: ApiClient, operation: Operation, exchange: Exchange) -> DiscoveryAttempt:
    """Return the attempt, not served; its result names parameters whose value was invented."""
    result = str(exchange.status or exchange.failure)
    unknown = client.known_values.unknown_path_parameters(operation)
    if unknown:
        result += f", with {' and '.join(unknown)} made up: give --param {unknown[0]}=…"
    url = client.sender.secrets.mask(exchange.request.url)
    return DiscoveryAttempt(client.api.name, operation.label, url, result, is_served=False)


def _missing_error(client: ApiClient, search: BasePathSearch) -> UsageError:
    """Return the error for an API that is below none of the base paths."""
    mask = client.sender.secrets.mask
    addresses = ", ".join(mask(trial.address) for trial in search.trials)
    return UsageError(
        f"every response was 404: {client.api.name} is not below {addresses}",
        remedy="Give the base path in the URL, such as --url http://127.0.0.1:8000/api/v2. Is it the right document?",
    )


def _confirm_unreachable(sender: Sender, exchange: Exchange, reason: str) -> TargetUnreachable | None:
    """Return an error if the response of the base URL is suspicious, too; None if it looks like an API's.

    Raises that error at once unless it is about a page or a redirect: then another API may still be served.
    """
    url = sender.target.url
    if reason not in {"refused", "unknown host", "tls"}:
        root_request = SentRequest("GET", f"{url}/", "/", "", exchange.request.headers, None)
        response = sender.budget.send(root_request, sender.target.timeout_s)
        if not find_suspicion(response):
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
