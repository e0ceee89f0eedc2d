"""Whether there is a target at all, and which APIs it serves: one GET with credentials an API.

What looks like no API at all (no answer, a web page, a redirect) is compared with what the base URL itself says. An
API with one broken operation still answers there like an API; a dead, slow or wrong target does not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from specduet.contracts.generation.known_values import Knowledge
from specduet.contracts.recording import Exchange, Received, Sent
from specduet.contracts.sending.sender import Sender
from specduet.contracts.sending.transport import Failed
from specduet.specs import Api, Operation, TargetUnreachable, UsageError

_MADE_UP = "specduet"
"""Stands for an id that nobody knows."""

_TELLS = {
    "timeout": "does not answer within {timeout:g} s",
    "refused": "cannot be reached: nothing listens there",
    "unknown host": "cannot be reached: the host's name is unknown",
    "cut short": "breaks its answers off",
    "dropped": "closes the connection without an answer",
    "no HTTP": "does not speak HTTP",
    "page": "answers with a web page, not with an API",
}
_REMEDIES = {
    "timeout": "Is it the right address, and is the service awake?",
    "refused": "Is the service running, and is the port right?",
    "tls": "Is it https at all? The variable SSL_CERT_FILE may name the authority that signed its certificate; "
    "--insecure leaves the certificate unchecked.",
    "page": "Is a path prefix missing in the URL, or a login in front of it?",
}


class Caller(NamedTuple):
    """What it takes to ask one API something."""

    api: Api
    sender: Sender
    knowledge: Knowledge


@dataclass(frozen=True)
class Tried:
    """One question and what came of it: ``answer`` is a status or a failure in words."""

    api: str
    operation: str
    url: str
    answer: str
    served: bool

    def __str__(self) -> str:
        return f"{self.api}: {self.operation} ({self.url}): {self.answer}"


def reach(callers: Sequence[Caller], *, named: bool) -> list[Tried]:
    """Ask each API one thing. ``named``: the operator named them, so that a 404 does not leave one out.

    Raises ``TargetUnreachable`` where nothing usable answers, ``UsageError`` where none of the APIs is served.
    """
    tried, suspicions = [], []
    for caller in callers:
        one, suspicion = _ask(caller, named=named)
        tried.append(one)
        suspicions += [suspicion] if suspicion else []
    if any(one.served for one in tried):
        return tried
    if suspicions:
        raise suspicions[0]
    raise UsageError(
        "the target serves none of the APIs",
        remedy="Tried:\n" + "\n".join(f"  {one}" for one in tried),
    )


def _ask(caller: Caller, *, named: bool) -> tuple[Tried, TargetUnreachable | None]:
    operation = _question(caller)
    if operation is None:
        return Tried(caller.api.name, "-", caller.sender.target.url, "no GET to ask with", named), None
    exchange = caller.sender.send(operation, **_call(caller, operation), timeout_s=caller.sender.target.timeout_s)
    kind = _suspicion(exchange.received or exchange.failure)
    if kind:
        unreachable = _compared(caller.sender, exchange, kind)
        if unreachable is not None:
            return _told(caller, operation, exchange, served=False), unreachable
    return _told(caller, operation, exchange, served=named or exchange.status not in {404, 405}), None


def _told(caller: Caller, operation: Operation, exchange: Exchange, *, served: bool) -> Tried:
    answer = str(exchange.status or exchange.failure)
    unknown = caller.knowledge.missing(operation)
    if unknown:
        answer += f", with {' and '.join(unknown)} made up: give --param {unknown[0]}=…"
    url = caller.sender.secrets.mask(exchange.sent.url)
    return Tried(caller.api.name, operation.label, url, answer, served)


def _question(caller: Caller) -> Operation | None:
    gets = [operation for operation in caller.api.operations if operation.method == "GET"]
    return min(gets, key=lambda o: (len(caller.knowledge.missing(o)), "{" in o.path), default=None)


def _call(caller: Caller, operation: Operation) -> dict[str, Any]:
    call = caller.knowledge.valid_call(operation)
    if call is not None:
        return call.arguments
    known = {p.name: caller.knowledge.path_values(operation, p) for p in operation.parameters if p.location == "path"}
    return {"path": {name: values[0] if values else _MADE_UP for name, values in known.items()}}


def _suspicion(answer: Received | Failed | str) -> str:
    """What an answer looks like if it does not look like one of an API; empty where it does."""
    if isinstance(answer, Failed):
        return answer.kind
    if isinstance(answer, str):
        kind = answer.partition(":")[0]
        return "" if kind == "undecodable" else kind
    if answer.status in {301, 302, 303, 307, 308}:
        return "redirect"
    page = answer.body.lstrip()[:14].lower().startswith((b"<!doctype html", b"<html", b"<head", b"<body"))
    return "page" if page and answer.status not in {404, 405} else ""


def _compared(sender: Sender, exchange: Exchange, kind: str) -> TargetUnreachable | None:
    """The verdict on a target whose base URL is as suspicious as its operation; None where it is not."""
    url = sender.target.url
    if kind not in {"refused", "unknown host", "tls"}:
        root = Sent("GET", f"{url}/", "/", "", exchange.sent.headers, None)
        answer = sender.gate.exchange(root, sender.target.timeout_s)
        if not _suspicion(answer):
            return None
    error = _sentence(sender, exchange, kind)
    if kind not in {"page", "redirect"}:
        raise error
    return error


def _sentence(sender: Sender, exchange: Exchange, kind: str) -> TargetUnreachable:
    mask = sender.secrets.mask
    url = mask(sender.target.url)
    if kind == "redirect" and exchange.received is not None:
        goal = mask(exchange.received.header("location") or "nowhere")
        return TargetUnreachable(
            f"{url} redirects to {goal}",
            remedy="Redirects are not followed, so that no credential leaks: name the goal.",
        )
    words = _TELLS.get(kind, exchange.failure).format(timeout=sender.target.timeout_s)
    return TargetUnreachable(
        f"{url} {words if kind in _TELLS else f'cannot be used: {words}'}", remedy=_REMEDIES.get(kind, "")
    )


__all__ = ["Caller", "Tried", "reach"]
