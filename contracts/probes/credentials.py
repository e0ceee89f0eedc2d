"""Requests with each credential missing, empty, wrong and alone, with sound input and with wrong input."""

from base64 import b64encode
from typing import Any

from specduet.contracts.generation.known_values import Call, Knowledge
from specduet.contracts.options import RunOptions
from specduet.contracts.probes.refusals import some_invalid, some_valid, valid_with_each
from specduet.contracts.sending.redaction import almost
from specduet.contracts.sending.sender import WRONG, Sender
from specduet.contracts.traces import SchemeTrial
from specduet.specs import Api, Operation, SecurityScheme


def probe(sender: Sender, api: Api, operation: Operation, knowledge: Knowledge, _options: RunOptions) -> None:
    """Try every scheme of an operation. Raises ``BudgetSpent``."""
    call = some_valid(api, operation, knowledge)
    if call is None or not operation.security:
        return
    wrong = some_invalid(api, operation, call)
    calls = [call] if wrong is None else [call, wrong]
    _try_alone(sender, api, operation, call)
    if () in operation.security:
        return
    for one in calls:
        sender.send(operation, **one.arguments, credentials="none")
    schemes = _schemes(api, operation)
    for scheme in schemes:
        for one in calls:
            _send_empty(sender, operation, one, scheme)
        if scheme.prefix:
            sender.send(operation, **_with_header(call, scheme.field, scheme.prefix.strip()), credentials="none")
        if sender.credentials:  # a service that is given any credential at all knows right ones from wrong ones
            _send_wrong(sender, operation, calls, scheme)
    given = [scheme for scheme in schemes if scheme.name in sender.credentials]
    for one in valid_with_each(api, operation, call):  # each may lead to code that forgets to ask
        sender.send(operation, **one.arguments, credentials="none")
        if given:
            sender.send(operation, **one.arguments, credentials={given[0].name: _made_up(given[0])})


def _schemes(api: Api, operation: Operation) -> list[SecurityScheme]:
    names = dict.fromkeys(name for alternative in operation.security for name in alternative)
    return [api.schemes[name] for name in names if name in api.schemes]


def _try_alone(sender: Sender, api: Api, operation: Operation, call: Call) -> None:
    """Each alternative that the caller has every credential of. Several callers may be known: the first is asked as."""
    for names in dict.fromkeys(operation.security):
        if names and all(name in sender.credentials for name in names):
            own = {name: sender.credentials[name] for name in names}
            exchange = sender.send(operation, **call.arguments, credentials=own)
            sender.recording.traces.append(SchemeTrial(api.name, operation.id, names, exchange))


def _send_empty(sender: Sender, operation: Operation, call: Call, scheme: SecurityScheme) -> None:
    """The scheme's field with nothing in it."""
    if scheme.location == "query":
        arguments = {**call.arguments, "query": (*call.query, (scheme.field, ""))}
    elif scheme.location == "cookie":
        arguments = _with_header(call, "Cookie", f"{scheme.field}=")
    else:
        arguments = _with_header(call, scheme.field, "")
    sender.send(operation, **arguments, credentials="none")


def _with_header(call: Call, name: str, value: str) -> dict[str, Any]:
    return {**call.arguments, "headers": (*call.headers, (name, value))}


def _send_wrong(sender: Sender, operation: Operation, calls: list[Call], scheme: SecurityScheme) -> None:
    """Something else than the caller's credential; the caller's and one letter more, one less, and in other letters."""
    for call in calls:
        sender.send(operation, **call.arguments, credentials={scheme.name: _made_up(scheme)})
    own = sender.credentials.get(scheme.name)
    if own is not None and not _basic(scheme):  # many decoders leave out what stands behind the end of base64
        for near in dict.fromkeys((f"{own}x", *almost(own))):
            # a prefix has free letters (RFC 9110, 11.1), and services that fold them may fold the token, too
            folded = scheme.prefix and near.lower() == own.lower()
            if near != own and not folded:
                sender.send(operation, **calls[0].arguments, credentials={scheme.name: near})


def _made_up(scheme: SecurityScheme) -> str:
    return b64encode(f"specduet:{WRONG}".encode()).decode() if _basic(scheme) else WRONG


def _basic(scheme: SecurityScheme) -> bool:
    return scheme.prefix == "Basic "


__all__ = ["SchemeTrial", "probe"]
