"""Probe of credentials: each one missing, empty, wrong and alone, with valid and with invalid input."""

import re
from base64 import b64encode
from typing import Any

from specduet.contracts.generation.known_values import KnownValues, PlannedRequest
from specduet.contracts.probes.refusals import add_each_parameter, find_valid_request, make_invalid_request
from specduet.contracts.recording import Exchange
from specduet.contracts.sending.credentials import WRONG_CREDENTIAL
from specduet.contracts.sending.redaction import make_near_misses
from specduet.contracts.sending.sender import Sender
from specduet.contracts.traces import ForeignLetters, SchemeTrial
from specduet.specs import Api, Operation, SecurityScheme

_REJECTED_KINDS = frozenset({"none", "empty", "wrong"})
_SHARE = 0.05
"""The share of these probes in a run whose requests are few."""
_MIN_PROBES = 4


def probe_credentials(sender: Sender, operation: Operation, known_values: KnownValues) -> None:
    """Send requests with each security scheme of an operation in turn. Raises ``BudgetSpent``.

    Where nothing is stated about the refusal of credentials, each operation gets one request without and one with a
    wrong credential of each scheme, within a share of the run.
    """
    request = find_valid_request(sender.api, operation, known_values)
    if request is None or not operation.security:
        return
    _send_each_alternative(sender, operation, request)
    if () in operation.security:
        return
    if sender.api.behavior.unauthorized is None:
        if not _has_used_share(sender):
            _probe_briefly(sender, operation, request)
    else:
        _probe_thoroughly(sender, operation, request)


def _has_used_share(sender: Sender) -> bool:
    """Return whether the run has few requests, and these probes have had their share of them."""
    expected = sender.budget.expected_count
    if expected is None:
        return False
    sent = sum(exchange.credentials in _REJECTED_KINDS for exchange in sender.recording.exchanges)
    return sent >= max(_MIN_PROBES, _SHARE * expected)


def _has_few_probes(sender: Sender) -> bool:
    """Return whether the share of these probes in a run whose requests are few is used up by the plain ones."""
    expected = sender.budget.expected_count
    return expected is not None and _SHARE * expected < 2 * _MIN_PROBES


def _probe_briefly(sender: Sender, operation: Operation, request: PlannedRequest) -> None:
    sender.send(operation, **request.send_arguments, credentials="none")
    if _proves_wrong(sender):
        for scheme in _required_schemes(sender.api, operation):
            wrong = {scheme.name: _wrong_credential(sender, scheme)}
            exchange = sender.send(operation, **request.send_arguments, credentials=wrong)
            _send_foreign_letters(sender, operation, request, scheme, exchange)


def _send_foreign_letters(
    sender: Sender, operation: Operation, request: PlannedRequest, scheme: SecurityScheme, refused: Exchange
) -> None:
    """Send, once for each scheme, a wrong credential that many comparisons of secrets cannot read."""
    if refused.status not in {401, 403} or _is_basic(scheme) or _has_few_probes(sender):
        return
    traces = (trace for trace in sender.recording.traces if isinstance(trace, ForeignLetters))
    if not any((trace.api, trace.scheme) == (sender.api.name, scheme.name) for trace in traces):
        wrong = {scheme.name: f"{_wrong_credential(sender, scheme)}-\xe9"}
        exchange = sender.send(operation, **request.send_arguments, credentials=wrong)
        sender.record_trace(ForeignLetters, operation, scheme.name, exchange)


def _proves_wrong(sender: Sender) -> bool:
    """Return whether a wrong credential must be refused: without a known one, any value might be a right one."""
    return bool(sender.credentials) and sender.api.name not in sender.target.open_apis


def _probe_thoroughly(sender: Sender, operation: Operation, request: PlannedRequest) -> None:
    """Send each scheme missing, empty, wrong and nearly right, with valid and with invalid input."""
    api = sender.api
    invalid = make_invalid_request(api, operation, request)
    requests = [request] if invalid is None else [request, invalid]
    for variant in requests:
        sender.send(operation, **variant.send_arguments, credentials="none")
    schemes = _required_schemes(api, operation)
    for scheme in schemes:
        for variant in requests:
            _send_empty(sender, operation, variant, scheme)
        if scheme.prefix:
            sender.send(operation, **_with_header(request, scheme.field, scheme.prefix.strip()), credentials="none")
        if _proves_wrong(sender):
            _send_wrong(sender, operation, requests, scheme)
    own_schemes = [s for s in schemes if s.name in sender.credentials and _proves_wrong(sender)]
    # each parameter may lead to code that forgets to check the credential
    for variant in add_each_parameter(api, operation, request):
        sender.send(operation, **variant.send_arguments, credentials="none")
        if own_schemes:
            wrong = {own_schemes[0].name: _wrong_credential(sender, own_schemes[0])}
            sender.send(operation, **variant.send_arguments, credentials=wrong)


def _required_schemes(api: Api, operation: Operation) -> list[SecurityScheme]:
    """Return every scheme that an alternative of the operation names, once."""
    names = dict.fromkeys(name for alternative in operation.security for name in alternative)
    return [api.schemes[name] for name in names if name in api.schemes]


def _send_each_alternative(sender: Sender, operation: Operation, request: PlannedRequest) -> None:
    """Send each security alternative that the first caller has every credential of, and nothing else."""
    for names in dict.fromkeys(operation.security):
        if names and all(name in sender.credentials for name in names):
            credentials = {name: sender.credentials[name] for name in names}
            exchange = sender.send(operation, **request.send_arguments, credentials=credentials)
            sender.record_trace(SchemeTrial, operation, names, exchange)


def _send_empty(sender: Sender, operation: Operation, request: PlannedRequest, scheme: SecurityScheme) -> None:
    """Send the scheme's field without a value."""
    if scheme.location == "query":
        arguments = {**request.send_arguments, "query": (*request.query, (scheme.field, ""))}
    elif scheme.location == "cookie":
        arguments = _with_header(request, "Cookie", f"{scheme.field}=")
    else:
        arguments = _with_header(request, scheme.field, "")
    sender.send(operation, **arguments, credentials="none")


def _with_header(request: PlannedRequest, name: str, value: str) -> dict[str, Any]:
    return {**request.send_arguments, "headers": (*request.headers, (name, value))}


def _send_wrong(sender: Sender, operation: Operation, requests: list[PlannedRequest], scheme: SecurityScheme) -> None:
    """Send another credential, and the caller's with a letter more, a letter less, and in the other case."""
    for request in requests:
        wrong = {scheme.name: _wrong_credential(sender, scheme)}
        exchange = sender.send(operation, **request.send_arguments, credentials=wrong)
        _send_foreign_letters(sender, operation, request, scheme, exchange)
    credential = sender.credentials.get(scheme.name)
    if credential is not None and not _is_basic(scheme):  # many decoders leave out what stands behind the end of base64
        for near_miss in dict.fromkeys((f"{credential}x", *make_near_misses(credential))):
            # a prefix has free letters (RFC 9110, 11.1), and services that fold them may fold the token, too
            differs_in_case = scheme.prefix and near_miss.lower() == credential.lower()
            if near_miss != credential and not differs_in_case:
                sender.send(operation, **requests[0].send_arguments, credentials={scheme.name: near_miss})


def _wrong_credential(sender: Sender, scheme: SecurityScheme) -> str:
    """Return a value that is no credential, in the form of the caller's own: "Token …" where that is one."""
    if _is_basic(scheme):
        return b64encode(f"specduet:{WRONG_CREDENTIAL}".encode()).decode()
    word = re.match(r"[A-Za-z-]+ (?=\S+$)", sender.credentials.get(scheme.name, ""))
    return (word[0] if word else "") + WRONG_CREDENTIAL


def _is_basic(scheme: SecurityScheme) -> bool:
    return scheme.prefix == "Basic "
