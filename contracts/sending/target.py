"""The service under test: its address, the credentials for it, and what the operator knows about it."""

import base64
import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal
from urllib.parse import unquote, urlsplit

from specduet.contracts.recording import Headers
from specduet.contracts.sending.cookies import join_cookies
from specduet.contracts.sending.credential_keeper import CredentialKeeper
from specduet.contracts.sending.redaction import Secrets, is_secret_header
from specduet.specs import Api, Operation, SecurityScheme, UsageError

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

PLACEHOLDER = "specduet-placeholder"
"""The value that is sent as a credential if the operator gave none."""


@dataclass(frozen=True)
class Target:
    """A base URL (a path prefix is allowed) and everything that the operator said about the service."""

    url: str
    credentials: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Values by the scheme's name, or by ``api:scheme`` if two APIs use one name for different schemes.

    The first value is the caller's; any others belong to further callers.
    """
    headers: Headers = ()
    """Headers of every request; one that a scheme of the API uses is that scheme's credential instead."""
    params: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Known values by parameter name: ``{"thread_id": ("t1", "t2")}``."""
    allow_writes: bool | Literal["", "own", "all"] = False
    """Send unsafe methods also to other machines; with ``all`` also for rows that the run has not created."""
    included: tuple[str, ...] = ()
    """Operations that are sent although they could do harm, by label or pattern."""
    verify: bool | str = True
    """False leaves the TLS certificate unchecked; a text is the path of a CA file."""
    timeout_s: float = 10.0
    stream_time_s: float = 5.0
    """Seconds after which a stream of events is left."""
    keeper: CredentialKeeper | None = None
    """Holds a credential that is fetched, beside those that were given."""
    open_apis: frozenset[str] = frozenset()
    """Names of the APIs for which the target, a mock, takes any credential: wrong ones prove nothing."""

    @classmethod
    def parse(
        cls,
        url: str,
        *,
        credentials: Iterable[str] = (),
        headers: Iterable[str] = (),
        params: Iterable[str] = (),
        allow_writes: bool | Literal["", "own", "all"] = False,
        included: Iterable[str] = (),
        verify: bool | str = True,
        timeout_s: float = 10.0,
    ) -> "Target":
        """Return a target from command-line texts: ``SCHEME=VALUE``, ``Name: value`` and ``NAME=VALUE``.

        Raises ``UsageError``, which never quotes a text that may hold a secret.
        """
        base_url, url_headers = _parse_base_url(url)
        return cls(
            url=base_url,
            credentials=_parse_pairs(credentials, "--auth"),
            headers=(*url_headers, *(_parse_header(text) for text in headers)),
            params=_parse_pairs(params, "--param"),
            allow_writes=allow_writes,
            included=tuple(included),
            verify=verify,
            timeout_s=timeout_s,
        )

    @property
    def loopback(self) -> bool:
        """True if the target runs on this machine, so that nobody else's data is at stake."""
        host = urlsplit(self.url).hostname or ""
        if host == "localhost" or host.endswith(".localhost"):
            return True
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
        return address.is_loopback or address.is_unspecified

    def can_send(self, operation: Operation) -> bool:
        """Return whether sending does no harm: on this machine, with a safe method, or if ``allow_writes`` is set."""
        return self.loopback or bool(self.allow_writes) or operation.method in {"GET", "HEAD", "OPTIONS"}

    def list_callers(self, api: Api) -> list[dict[str, str]]:
        """Return each caller's credentials by scheme name; requests are sent as the first one."""
        values = {name: self._scheme_values(api, scheme) for name, scheme in api.schemes.items()}
        caller_count = max(map(len, values.values()), default=0)
        return [{name: texts[i] for name, texts in values.items() if i < len(texts)} for i in range(caller_count)]

    def extra_headers(self, api: Api) -> Headers:
        """Return the operator's headers that are not the credential of a scheme of this API."""
        return tuple(
            (name, value)
            for name, value in self.headers
            if not any(_find_credential(scheme, name, value) for scheme in api.schemes.values())
        )

    def collect_secrets(self) -> Secrets:
        """Return a new ``Secrets`` that knows every credential the operator gave."""
        secrets = Secrets(value for values in self.credentials.values() for value in values)
        for name, value in self.headers:
            if is_secret_header(name):
                secrets.add(value)
        if self.keeper is not None:
            self.keeper.mask_in(secrets)
        return secrets

    def with_fetched(self) -> "Target":
        """Return the target with the current credential of the keeper among those that were given."""
        if self.keeper is None:
            return self
        fetched = self.keeper.current
        credentials = {name: (value, *self.credentials.get(name, ())) for name, value in fetched.credentials.items()}
        return replace(
            self,
            headers=join_cookies((*fetched.headers, *self.headers)),
            credentials={**self.credentials, **credentials},
        )

    def with_params(self, params: Mapping[str, Sequence[str]]) -> "Target":
        """Return the same target with more known parameter values."""
        return replace(self, params={**self.params, **{name: tuple(values) for name, values in params.items()}})

    def _scheme_values(self, api: Api, scheme: SecurityScheme) -> list[str]:
        """Return the credentials of one scheme: those given by its name, then the one in a header of the operator."""
        from_option = self.credentials.get(f"{api.name}:{scheme.name}") or self.credentials.get(scheme.name, ())
        from_headers = (_find_credential(scheme, name, value) for name, value in self.headers)
        values = [*(_encode_value(scheme, value) for value in from_option), *(value for value in from_headers if value)]
        return list(dict.fromkeys(values))


def choose_security(operation: Operation, credentials: Mapping[str, str]) -> tuple[str, ...] | None:
    """Return the first alternative of the operation's security that the credentials satisfy, or None."""
    return next((a for a in operation.security if all(name in credentials for name in a)), None)


def _parse_base_url(url: str) -> tuple[str, Headers]:
    """Return the URL without user, query and last slash, and the header that carries the user (RFC 7617)."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UsageError(f"{url!r} is no URL: {error}") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UsageError(f"{url!r} is no URL", remedy="It begins with http:// or https:// and names a host.")
    if parts.query or parts.fragment:
        raise UsageError(f"{url!r} is no base URL: it has a query or a fragment")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    base = f"{parts.scheme}://{host}{f':{port}' if port else ''}{parts.path.rstrip('/')}"
    if parts.username is None:
        return base, ()
    user_and_password = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return base, (("Authorization", f"Basic {base64.b64encode(user_and_password.encode()).decode()}"),)


def _parse_pairs(texts: Iterable[str], option: str) -> dict[str, tuple[str, ...]]:
    """Return the values of repeated ``NAME=VALUE`` texts by name. Raises ``UsageError`` that names ``option``."""
    values_by_name: dict[str, tuple[str, ...]] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise UsageError(f"{option} takes NAME=VALUE")
        if _CONTROL.search(value) and option == "--auth":
            raise UsageError(f"the value of {option} {name} has a line break or another control character in it")
        values_by_name[name] = (*values_by_name.get(name, ()), value)
    return values_by_name


def _parse_header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not _TOKEN.fullmatch(name.strip()):
        raise UsageError("-H takes 'Name: value'")
    if _CONTROL.search(value):
        raise UsageError(f"the value of -H {name.strip()} has a line break or another control character in it")
    return name.strip(), value.strip()


def _find_credential(scheme: SecurityScheme, name: str, value: str) -> str:
    """Return the credential of a scheme that a header carries, or an empty text."""
    if scheme.location == "cookie" and name.lower() == "cookie":
        pairs = (pair.strip().partition("=") for pair in value.split(";"))
        return next((text for key, _, text in pairs if key == scheme.field), "")
    if scheme.location != "header" or name.lower() != scheme.field.lower():
        return ""
    if scheme.prefix and not value.lower().startswith(scheme.prefix.lower()):
        return ""
    return _strip_prefix(scheme, value)


def _encode_value(scheme: SecurityScheme, value: str) -> str:
    """Return a credential as it is sent: without its prefix, ``user:password`` in base64 (RFC 7617)."""
    text = _strip_prefix(scheme, value)
    return base64.b64encode(text.encode()).decode() if scheme.prefix == "Basic " and ":" in text else text


def _strip_prefix(scheme: SecurityScheme, value: str) -> str:
    return value[len(scheme.prefix) :] if value.lower().startswith(scheme.prefix.lower()) else value
