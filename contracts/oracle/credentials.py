"""Which credentials a request carried, read from what was sent."""

from collections.abc import Iterator
from http.cookies import CookieError, SimpleCookie
from typing import Literal
from urllib.parse import parse_qsl

from specduet.contracts.oracle.scalars import Reading, Verdict, best, worst
from specduet.contracts.recording import Sent
from specduet.specs import Api, Operation, SecurityScheme

Carried = Literal["absent", "empty", "bare", "given", "unclear"]
_WORTH: dict[Carried, Verdict] = {
    "absent": "invalid",
    "empty": "invalid",
    "bare": "invalid",
    "given": "valid",
    "unclear": "lenient",
}


def carried(scheme: SecurityScheme, sent: Sent) -> Carried:
    """What a request carries for a scheme: ``bare`` is its prefix with nothing behind it, ``unclear`` another one."""
    values = [value.strip() for value in _values(scheme, sent)]
    if not values:
        return "absent"
    if not any(values):
        return "empty"
    if scheme.prefix and all(value.lower() == scheme.prefix.strip().lower() for value in values):
        return "bare"
    if scheme.prefix and not any(value[len(scheme.prefix) :].strip() and _begins(scheme, value) for value in values):
        return "unclear"
    return "given"


def _begins(scheme: SecurityScheme, value: str) -> bool:
    return value.lower().startswith(scheme.prefix.lower())


def _values(scheme: SecurityScheme, sent: Sent) -> Iterator[str]:
    if scheme.location == "query":
        yield from (v for k, v in parse_qsl(sent.query, keep_blank_values=True) if k == scheme.field)
    elif scheme.location == "cookie":
        yield from _cookie(scheme.field, sent)
    else:
        yield from (v for k, v in sent.headers if k.lower() == scheme.field.lower())


def _cookie(name: str, sent: Sent) -> Iterator[str]:
    try:
        jar = SimpleCookie("; ".join(v for k, v in sent.headers if k.lower() == "cookie"))
    except CookieError:
        return
    if name in jar:
        yield jar[name].value


def admission(api: Api, operation: Operation, sent: Sent) -> Verdict:
    """Whether a request carries what one of the documented alternatives asks for; not whether the value is right."""
    if not operation.security:
        return "valid"
    alternatives = (
        worst(Reading(_WORTH[carried(api.schemes[name], sent)]) for name in names if name in api.schemes)
        for names in operation.security
    )
    return best(list(alternatives)).verdict


def states(api: Api, operation: Operation, sent: Sent) -> dict[str, Carried]:
    """What is carried for each scheme that the operation names."""
    names = {name for alternative in operation.security for name in alternative if name in api.schemes}
    return {name: carried(api.schemes[name], sent) for name in sorted(names)}
