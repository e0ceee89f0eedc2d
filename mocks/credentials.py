"""Who asks, and whether they may: the document's security requirements, compiled for one operation.

Alternatives are joined by OR, the schemes of one alternative by AND (OAS 3.1, 4.8.30). Any non-empty value passes,
unless the mock was given credentials of this API to insist on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from mocks.request import Request
from mocks.settings import Caller, Settings
from specs import Api, Operation, SecurityScheme, UsageError

ANYBODY = Caller()
Refusal = Literal["missing", "wrong"]


@dataclass(frozen=True, slots=True)
class Guard:
    """``challenge`` is the ``WWW-Authenticate`` of a refusal (RFC 9110, section 11.6.1)."""

    alternatives: tuple[tuple[SecurityScheme, ...], ...]
    known: Mapping[tuple[str, str], Caller] | None
    challenge: str

    def admit(self, request: Request) -> Caller | Refusal:
        """The caller of a request, or why there is none."""
        refusal: Refusal = "missing"
        for alternative in self.alternatives:
            found = self._admit(alternative, request)
            if isinstance(found, Caller):
                return found
            refusal = "wrong" if found == "wrong" else refusal
        return refusal

    def _admit(self, alternative: tuple[SecurityScheme, ...], request: Request) -> Caller | Refusal:
        caller = ANYBODY
        for scheme in alternative:
            value = _READERS[scheme.location](scheme, request)
            if not value:
                return "missing"
            if self.known is not None:
                owner = self.known.get((scheme.name, value))
                if owner is None:
                    return "wrong"
                caller = owner if caller is ANYBODY else caller
        return caller


def guard(api: Api, operation: Operation, settings: Settings) -> Guard | None:
    """The guard of an operation; None where everybody may ask."""
    if not settings.auth or not operation.security or () in operation.security:
        return None
    alternatives = tuple(tuple(api.schemes[name] for name in names) for names in operation.security)
    return Guard(alternatives, _known(api, settings), _challenge(alternatives[0][0]))


def check(apis: tuple[Api, ...], settings: Settings) -> None:
    """Raises ``UsageError`` for a credential of a scheme that no served API has, or with an empty value."""
    schemes = sorted({name for api in apis for name in api.schemes})
    for credential in settings.credentials:
        if credential.scheme not in schemes:
            raise UsageError(
                f"no API has the security scheme {credential.scheme!r}",
                remedy=f"There are: {', '.join(schemes)}." if schemes else "The APIs have none.",
            )
        if not credential.value:
            raise UsageError(f"the credential of the scheme {credential.scheme!r} is empty")


def _known(api: Api, settings: Settings) -> Mapping[tuple[str, str], Caller] | None:
    """The credentials of this API by scheme and value; with one of them given, no other passes."""
    return {
        (given.scheme, _without(given.value, api.schemes[given.scheme].prefix)): Caller(
            given.owner or None, given.admin
        )
        for given in settings.credentials
        if given.scheme in api.schemes
    } or None


def _challenge(scheme: SecurityScheme) -> str:
    """As FastAPI names them; ``APIKey`` is its own word, for there is no registered one."""
    return "APIKey" if scheme.kind == "apiKey" else scheme.prefix.strip()


def _from_header(scheme: SecurityScheme, request: Request) -> str | None:
    value = request.header(scheme.field.lower().encode("latin-1"))
    if value is None or not scheme.prefix:
        return value
    kind, _, token = value.partition(" ")
    return token.strip() if kind.lower() == scheme.prefix.strip().lower() else None


def _from_query(scheme: SecurityScheme, request: Request) -> str | None:
    return dict(request.pairs()).get(scheme.field)


def _from_cookie(scheme: SecurityScheme, request: Request) -> str | None:
    return request.cookies().get(scheme.field)


_READERS: Mapping[str, Callable[[SecurityScheme, Request], str | None]] = {
    "header": _from_header,
    "query": _from_query,
    "cookie": _from_cookie,
}


def _without(value: str, prefix: str) -> str:
    return value[len(prefix) :] if prefix and value.lower().startswith(prefix.lower()) else value
