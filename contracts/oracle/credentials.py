"""Credentials of a request, read from what was sent."""

from collections.abc import Iterator
from http.cookies import CookieError, SimpleCookie
from typing import Literal
from urllib.parse import parse_qsl

from specduet.contracts.oracle.scalars import ScalarVerdict, Verdict, pick_most_lenient, pick_strictest
from specduet.contracts.recording import SentRequest
from specduet.specs import Api, Operation, SecurityScheme

CredentialState = Literal["absent", "empty", "bare", "given", "unclear"]
"""``bare``: the scheme's prefix (``Bearer``) with nothing after it. ``unclear``: a value without the prefix.
``given``: a complete value, right or wrong."""
_STATE_VERDICTS: dict[CredentialState, Verdict] = {
    "absent": "invalid",
    "empty": "invalid",
    "bare": "invalid",
    "given": "valid",
    "unclear": "lenient",
}


def classify_credential(scheme: SecurityScheme, request: SentRequest) -> CredentialState:
    """Return what a request has as the credential of a scheme."""
    values = [value.strip() for value in _read_values(scheme, request)]
    if not values:
        return "absent"
    if not any(values):
        return "empty"
    if scheme.prefix and all(value.lower() == scheme.prefix.strip().lower() for value in values):
        return "bare"
    if scheme.prefix and not any(
        value[len(scheme.prefix) :].strip() and _has_prefix(scheme, value) for value in values
    ):
        return "unclear"
    return "given"


def _has_prefix(scheme: SecurityScheme, value: str) -> bool:
    return value.lower().startswith(scheme.prefix.lower())


def _read_values(scheme: SecurityScheme, request: SentRequest) -> Iterator[str]:
    if scheme.location == "query":
        yield from (v for k, v in parse_qsl(request.query, keep_blank_values=True) if k == scheme.field)
    elif scheme.location == "cookie":
        yield from _read_cookie(scheme.field, request)
    else:
        yield from (v for k, v in request.headers if k.lower() == scheme.field.lower())


def _read_cookie(name: str, request: SentRequest) -> Iterator[str]:
    try:
        jar = SimpleCookie("; ".join(v for k, v in request.headers if k.lower() == "cookie"))
    except CookieError:
        return
    if name in jar:
        yield jar[name].value


def judge_credentials(api: Api, operation: Operation, request: SentRequest) -> Verdict:
    """Return ``valid`` if a request has the credentials of one documented alternative; their values are not judged."""
    if not operation.security:
        return "valid"
    alternatives = (
        pick_strictest(
            ScalarVerdict(_STATE_VERDICTS[classify_credential(api.schemes[name], request)])
            for name in names
            if name in api.schemes
        )
        for names in operation.security
    )
    return pick_most_lenient(list(alternatives)).verdict


def classify_credentials(api: Api, operation: Operation, request: SentRequest) -> dict[str, CredentialState]:
    """Return what a request has for each scheme that the operation accepts, by the name of the scheme."""
    names = {name for alternative in operation.security for name in alternative if name in api.schemes}
    return {name: classify_credential(api.schemes[name], request) for name in sorted(names)}
