"""Who asks, and whether they may: the document's security requirements, compiled for one operation.

Alternatives are joined by OR, the schemes of one alternative by AND (OAS 3.1, 4.8.30). Any non-empty value passes,
unless the mock was given credentials of this API to insist on.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from specduet.mocks.request import Request
from specduet.mocks.settings import Caller, Settings
from specduet.specs import Api, Operation, SecurityScheme, UsageError

ANYBODY = Caller()
Refusal = Literal["missing", "wrong"]
Reader = Callable[[Request], bytes | None]


@dataclass(frozen=True, slots=True)
class Guard:
    """``challenge`` is the ``WWW-Authenticate`` of a refusal (RFC 9110, section 11.6.1).

    ``headers`` are the names of those that are read.
    """

    alternatives: tuple[tuple[tuple[str, Reader], ...], ...]
    known: Mapping[tuple[str, bytes], Caller] | None
    challenge: str
    headers: Sequence[bytes]

    def admit(self, request: Request) -> Caller | Refusal:
        """The caller of a request, or why there is none."""
        if self.known is not None:
            return self._recognised(self.known, request)
        for alternative in self.alternatives:
            for _, read in alternative:
                if not read(request):
                    break
            else:
                return ANYBODY
        return "missing"

    def _recognised(self, known: Mapping[tuple[str, bytes], Caller], request: Request) -> Caller | Refusal:
        refusal: Refusal = "missing"
        for alternative in self.alternatives:
            given = [(name, read(request)) for name, read in alternative]
            if all(value for _, value in given):
                callers = [known.get((name, value or b"")) for name, value in given]
                if callers[0] is not None and None not in callers:
                    return callers[0]
                refusal = "wrong"
        return refusal


def guard(api: Api, operation: Operation, settings: Settings) -> Guard | None:
    """The guard of an operation; None where everybody may ask."""
    if not settings.auth or not operation.security or () in operation.security:
        return None
    alternatives = tuple(tuple((name, _reader(api.schemes[name])) for name in names) for names in operation.security)
    schemes = [api.schemes[name] for names in operation.security for name in names]
    headers = [b"cookie" if scheme.location == "cookie" else _header(scheme) for scheme in schemes]
    return Guard(alternatives, _known(api, settings), _challenge(schemes[0]), headers)


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


def _known(api: Api, settings: Settings) -> Mapping[tuple[str, bytes], Caller] | None:
    """The credentials of this API by scheme and value; with one of them given, no other passes."""
    known = {}
    for given in settings.credentials:
        if given.scheme in api.schemes:
            value = _without(given.value, api.schemes[given.scheme].prefix)
            known[given.scheme, value.encode()] = Caller(given.owner or None, given.admin)
    return known or None


def _challenge(scheme: SecurityScheme) -> str:
    """As FastAPI names them; ``APIKey`` is its own word, for there is no registered one."""
    return "APIKey" if scheme.kind == "apiKey" else scheme.prefix.strip()


def _reader(scheme: SecurityScheme) -> Reader:
    """What finds the value of a scheme in a request; empty or None where there is none."""
    field = scheme.field
    if scheme.location == "query":
        return lambda request: dict(request.pairs()).get(field, "").encode()
    if scheme.location == "cookie":
        return lambda request: request.cookies().get(field, "").encode()
    name = _header(scheme)
    return _prefixed(name, scheme.prefix.strip().lower().encode()) if scheme.prefix else lambda r: r.headers.get(name)


def _header(scheme: SecurityScheme) -> bytes:
    return scheme.field.lower().encode("latin-1")


def _prefixed(name: bytes, prefix: bytes) -> Reader:
    """An authentication scheme is named before its credentials, in any case (RFC 9110, section 11.4)."""

    def read(request: Request) -> bytes | None:
        value = request.headers.get(name)
        if value is None:
            return None
        kind, _, credentials = value.partition(b" ")
        return credentials.strip() if kind.lower() == prefix else None

    return read


def _without(value: str, prefix: str) -> str:
    return value[len(prefix) :] if prefix and value.lower().startswith(prefix.lower()) else value
