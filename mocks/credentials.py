"""Authentication: the security requirements of a document, compiled for one operation.

Alternatives are joined by OR, the schemes of one alternative by AND (OAS 3.1, 4.8.30). Any non-empty value passes,
unless ``Settings.credentials`` has credentials of the API: then only those do.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from specduet.mocks.request import Request
from specduet.mocks.settings import CallerIdentity, Settings
from specduet.specs import Api, Operation, SecurityScheme, UsageError

ANONYMOUS = CallerIdentity()
CredentialProblem = Literal["missing", "wrong"]
CredentialReader = Callable[[Request], bytes | None]
"""A function from a request to the value of one scheme; empty or None if the request has none."""
KnownCallers = Mapping[tuple[str, bytes], CallerIdentity]
"""Callers by the name of the scheme and the value of the credential."""


@dataclass(frozen=True, slots=True)
class Authenticator:
    """The security requirements of one operation."""

    alternatives: tuple[tuple[tuple[str, CredentialReader], ...], ...]
    """Schemes of each alternative, by name."""
    known_callers: KnownCallers | None
    """Callers that are accepted; None if any non-empty value is."""
    challenge: str
    """Value of ``WWW-Authenticate`` in the error response (RFC 9110, section 11.6.1)."""
    header_names: Sequence[bytes]
    """Names of the headers that credentials are read from."""

    def authenticate(self, request: Request) -> CallerIdentity | CredentialProblem:
        """Return the caller of a request, or why it is rejected."""
        if self.known_callers is not None:
            return self._match_known_caller(self.known_callers, request)
        for alternative in self.alternatives:
            for _, read in alternative:
                if not read(request):
                    break
            else:
                return ANONYMOUS
        return "missing"

    def _match_known_caller(self, known_callers: KnownCallers, request: Request) -> CallerIdentity | CredentialProblem:
        problem: CredentialProblem = "missing"
        for alternative in self.alternatives:
            values = [(name, read(request)) for name, read in alternative]
            if all(value for _, value in values):
                callers = [known_callers.get((name, value or b"")) for name, value in values]
                if callers[0] is not None and None not in callers:
                    return callers[0]
                problem = "wrong"
        return problem


def build_authenticator(api: Api, operation: Operation, settings: Settings) -> Authenticator | None:
    """Return the authenticator of an operation; None if it needs no credential."""
    if not settings.auth or not operation.security or () in operation.security:
        return None
    alternatives = tuple(
        tuple((name, _build_reader(api.schemes[name])) for name in names) for names in operation.security
    )
    schemes = [api.schemes[name] for names in operation.security for name in names]
    headers = [b"cookie" if scheme.location == "cookie" else _header_name(scheme) for scheme in schemes]
    return Authenticator(alternatives, _index_known_callers(api, settings), _choose_challenge(schemes[0]), headers)


def check_credentials(apis: tuple[Api, ...], settings: Settings) -> None:
    """Raise ``UsageError`` for a credential of a scheme that no served API has, or with an empty value."""
    schemes = sorted({name for api in apis for name in api.schemes})
    for credential in settings.credentials:
        if credential.scheme not in schemes:
            raise UsageError(
                f"no API has the security scheme {credential.scheme!r}",
                remedy=f"There are: {', '.join(schemes)}." if schemes else "The APIs have none.",
            )
        if not credential.value:
            raise UsageError(f"the credential of the scheme {credential.scheme!r} is empty")


def _index_known_callers(api: Api, settings: Settings) -> KnownCallers | None:
    """Return the callers of an API by scheme and value; None if no credential of the API was given."""
    callers = {}
    for credential in settings.credentials:
        if credential.scheme in api.schemes:
            value = _strip_prefix(credential.value, api.schemes[credential.scheme].prefix)
            callers[credential.scheme, value.encode()] = CallerIdentity(credential.owner or None, credential.admin)
    return callers or None


def _choose_challenge(scheme: SecurityScheme) -> str:
    """Return FastAPI's challenge. ``APIKey`` is FastAPI's own name, for there is no registered one."""
    return "APIKey" if scheme.kind == "apiKey" else scheme.prefix.strip()


def _build_reader(scheme: SecurityScheme) -> CredentialReader:
    """Return the function that reads the value of a scheme."""
    field = scheme.field
    if scheme.location == "query":
        return lambda request: dict(request.parse_query()).get(field, "").encode()
    if scheme.location == "cookie":
        return lambda request: request.parse_cookies().get(field, "").encode()
    name = _header_name(scheme)
    if scheme.prefix:
        return _build_prefixed_reader(name, scheme.prefix.strip().lower().encode())
    return lambda request: request.headers.get(name)


def _header_name(scheme: SecurityScheme) -> bytes:
    return scheme.field.lower().encode("latin-1")


def _build_prefixed_reader(name: bytes, prefix: bytes) -> CredentialReader:
    """Return the reader of ``Bearer TOKEN``. The scheme's name may be in any case (RFC 9110, section 11.4)."""

    def read_credentials(request: Request) -> bytes | None:
        value = request.headers.get(name)
        if value is None:
            return None
        scheme_name, _, credentials = value.partition(b" ")
        return credentials.strip() if scheme_name.lower() == prefix else None

    return read_credentials


def _strip_prefix(value: str, prefix: str) -> str:
    return value[len(prefix) :] if prefix and value.lower().startswith(prefix.lower()) else value
