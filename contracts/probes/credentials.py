"""Requests with each credential missing, empty, wrong and alone, with sound input and with wrong input."""

from base64 import b64encode
from dataclasses import dataclass
from typing import Any

from contracts.clauses import Options
from contracts.generation.knowledge import Call, Knowledge
from contracts.probes.refusals import some_invalid, some_valid, valid_with_each
from contracts.recording import Exchange, Headers, Trace
from contracts.sending.sender import WRONG, Sender
from specs import Api, Operation, SecurityScheme


@dataclass(frozen=True)
class SchemeTrial(Trace):
    """One documented alternative with the caller's own credentials, and nothing else."""

    schemes: tuple[str, ...]
    exchange: Exchange


def probe(sender: Sender, api: Api, operation: Operation, knowledge: Knowledge, _options: Options) -> None:
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
    for scheme in _schemes(api, operation):
        for one in calls:
            _send_empty(sender, operation, one, scheme)
        if scheme.name in sender.credentials:
            _send_wrong(sender, operation, calls, scheme)
    all_wrong = {s.name: _made_up(s) for s in _schemes(api, operation) if s.name in sender.credentials}
    for one in valid_with_each(api, operation, call):  # each may lead to code that forgets to ask
        sender.send(operation, **one.arguments, credentials="none")
        if all_wrong:
            sender.send(operation, **one.arguments, credentials=all_wrong)


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
    """The scheme's field with nothing in it: behind a prefix, an empty token is one to some servers."""
    arguments: dict[str, Any] = call.arguments
    if scheme.location == "query":
        arguments["query"] = (*call.query, (scheme.field, ""))
    else:
        empty: Headers = ((scheme.field, ""),) if scheme.location == "header" else (("Cookie", f"{scheme.field}="),)
        arguments["headers"] = (*call.headers, *empty)
    sender.send(operation, **arguments, credentials="none")


def _send_wrong(sender: Sender, operation: Operation, calls: list[Call], scheme: SecurityScheme) -> None:
    """Something else than the caller's credential, the caller's with something behind it, and in other letters."""
    for call in calls:
        sender.send(operation, **call.arguments, credentials={scheme.name: _made_up(scheme)})
    if not _basic(scheme):  # many decoders leave out what stands behind the end of base64
        own = sender.credentials[scheme.name]
        # a prefix has free letters (RFC 9110, 11.1), and services that fold them may fold the token, too
        other_letters = own if scheme.prefix else own.swapcase()
        for near in dict.fromkeys((f"{own}x", other_letters)):
            if near != own:
                sender.send(operation, **calls[0].arguments, credentials={scheme.name: near})


def _made_up(scheme: SecurityScheme) -> str:
    return b64encode(f"runproof:{WRONG}".encode()).decode() if _basic(scheme) else WRONG


def _basic(scheme: SecurityScheme) -> bool:
    return scheme.prefix == "Basic "


__all__ = ["SchemeTrial", "probe"]
