"""Authentication: the security requirements of a document, compiled for one operation.

Alternatives are joined by OR, the schemes of one alternative by AND (OAS 3.1, 4.8.30). Any well-formed value passes,
unless ``Settings.credentials`` has credentials of the API: then only those do.
"""

import base64
import binascii
import hashlib
import re
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
CredentialCheck = Callable[[bytes], bool]
"""A function that tells if the value of a scheme is well-formed."""
KnownCallers = Mapping[tuple[str, bytes], CallerIdentity]
"""Callers by the name of the scheme and the value of the credential."""

_BASIC, _DIGEST = "Basic ", "Digest "
_DIGEST_PARAMETER = re.compile(rb'([A-Za-z*]+)\s*=\s*(?:"[^"]*"|[^\s,"]+)')


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
    if not settings.auth or not operation.security:
        return None
    required = _list_required_schemes(api, operation, settings)
    if not required or () in required:
        return None
    known_callers = _index_known_callers(api, settings)
    alternatives = tuple(
        tuple((scheme.name, _build_reader(scheme, is_checked=known_callers is None)) for scheme in schemes)
        for schemes in required
    )
    schemes = [scheme for alternative in required for scheme in alternative]
    headers = [b"cookie" if scheme.location == "cookie" else _header_name(scheme) for scheme in schemes]
    return Authenticator(alternatives, known_callers, _join_challenges(api, schemes), headers)


def _list_required_schemes(api: Api, operation: Operation, settings: Settings) -> list[tuple[SecurityScheme, ...]]:
    """Return the schemes that each alternative asks of a request; an empty one asks nothing.

    Names of no scheme are ignored. The document does not say how a token of ``openIdConnect`` is sent: it is asked for,
    as a bearer token, only if you give the mock one.
    """
    given = {credential.scheme for credential in settings.credentials}
    required = []
    for names in operation.security:
        known = [api.schemes[name] for name in names if name in api.schemes]
        if known or not names:
            required.append(tuple(scheme for scheme in known if scheme.kind != "openIdConnect" or scheme.name in given))
    return required


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
            scheme = api.schemes[credential.scheme]
            value = _strip_prefix(credential.value, scheme.prefix).encode()
            caller = CallerIdentity(credential.owner or None, credential.admin)
            callers[credential.scheme, value] = caller
            if scheme.prefix == _BASIC and b":" in value:  # given as `user:password`, sent as RFC 7617, section 2, says
                callers[credential.scheme, base64.b64encode(value)] = caller
    return callers or None


def _join_challenges(api: Api, schemes: Sequence[SecurityScheme]) -> str:
    """Return the challenges of all schemes: ``Basic realm="Shop", Bearer`` (RFC 9110, section 11.6.1).

    ``APIKey`` is FastAPI's own name, for there is no registered one: it stands only where there is no other challenge.
    """
    challenges = dict.fromkeys(_make_challenge(api, scheme) for scheme in schemes if scheme.kind != "apiKey")
    return ", ".join(challenges) or "APIKey"


def _make_challenge(api: Api, scheme: SecurityScheme) -> str:
    """Return the challenge of one scheme: Basic has a realm (RFC 7617, section 2), Digest a nonce as well."""
    name = scheme.prefix.strip()
    realm = re.sub(r"[^ !#-\[\]-~]", "", api.title)
    if scheme.prefix == _BASIC:
        return f'{name} realm="{realm}"'
    if scheme.prefix == _DIGEST:  # RFC 7616, section 3.3; the nonce is the same in every run
        nonce = hashlib.sha256(api.name.encode()).hexdigest()
        return f'{name} realm="{realm}", nonce="{nonce}", qop="auth", algorithm=SHA-256'
    return name


def _build_reader(scheme: SecurityScheme, *, is_checked: bool) -> CredentialReader:
    """Return the function that reads the value of a scheme; with ``is_checked``, only a well-formed one."""
    field = scheme.field
    if scheme.location == "query":
        return lambda request: dict(request.parse_query()).get(field, "").encode()
    if scheme.location == "cookie":
        return lambda request: request.parse_cookies().get(field, "").encode()
    name = _header_name(scheme)
    if scheme.prefix:
        check = _SYNTAX_CHECKS.get(scheme.prefix) if is_checked else None
        return _build_prefixed_reader(name, scheme.prefix.strip().lower().encode(), check)
    return lambda request: request.headers.get(name)


def _header_name(scheme: SecurityScheme) -> bytes:
    return scheme.field.lower().encode("latin-1")


def _build_prefixed_reader(name: bytes, prefix: bytes, check: CredentialCheck | None) -> CredentialReader:
    """Return the reader of ``Bearer TOKEN``. The scheme's name may be in any case (RFC 9110, section 11.4)."""

    def read_credentials(request: Request) -> bytes | None:
        value = request.headers.get(name)
        if value is None:
            return None
        scheme_name, _, credentials = value.partition(b" ")
        credentials = credentials.strip()
        return credentials if scheme_name.lower() == prefix and (check is None or check(credentials)) else None

    return read_credentials


def _is_basic(credentials: bytes) -> bool:
    """Return True for Base64 of ``user:password`` (RFC 7617, section 2)."""
    try:
        return b":" in base64.b64decode(credentials, validate=True)
    except binascii.Error:
        return False


def _is_digest(credentials: bytes) -> bool:
    """Return True if a digest has what none may lack (RFC 7616, section 3.4)."""
    names = {name.lower() for name in _DIGEST_PARAMETER.findall(credentials)}
    return {b"realm", b"nonce", b"uri", b"response"} <= names and not {b"username", b"username*"}.isdisjoint(names)


def _strip_prefix(value: str, prefix: str) -> str:
    return value[len(prefix) :] if prefix and value.lower().startswith(prefix.lower()) else value


_SYNTAX_CHECKS: Mapping[str, CredentialCheck] = {_BASIC: _is_basic, _DIGEST: _is_digest}
