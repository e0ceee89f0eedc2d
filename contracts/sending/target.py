"""The service under test: where it is, what gets us in, and what is known of it beforehand."""

import base64
import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import unquote, urlsplit

from specduet.contracts.recording import Headers
from specduet.contracts.sending.redaction import Secrets, is_secret_header
from specduet.specs import Api, Operation, SecurityScheme, UsageError

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

PLACEHOLDER = "specduet-placeholder"
"""What is sent as a credential where the operator gave none."""


@dataclass(frozen=True)
class Target:
    """A base URL (a path prefix is allowed) and everything that the operator said about it.

    ``credentials`` maps a scheme's name, or ``api:scheme`` where two APIs name different schemes alike, to its values;
    the first is the caller's, any others belong to further callers. ``headers`` are sent with every request, save that
    one which a scheme of the API uses is that scheme's credential. ``params`` holds values for parameters by name.
    """

    url: str
    credentials: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    headers: Headers = ()
    params: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    allow_writes: bool = False
    verify: bool | str = True
    timeout_s: float = 10.0

    @classmethod
    def parse(
        cls,
        url: str,
        *,
        credentials: Iterable[str] = (),
        headers: Iterable[str] = (),
        params: Iterable[str] = (),
        allow_writes: bool = False,
        verify: bool | str = True,
        timeout_s: float = 10.0,
    ) -> "Target":
        """From what was typed: ``SCHEME=VALUE``, ``Name: value`` and ``NAME=VALUE``. Raises ``UsageError``."""
        base, own = _base(url)
        return cls(
            url=base,
            credentials=_gathered(credentials, "--auth"),
            headers=(*own, *(_header(text) for text in headers)),
            params=_gathered(params, "--param"),
            allow_writes=allow_writes,
            verify=verify,
            timeout_s=timeout_s,
        )

    @property
    def loopback(self) -> bool:
        """Whether the target runs on this machine, so that nobody else's data is at stake."""
        host = urlsplit(self.url).hostname or ""
        if host == "localhost" or host.endswith(".localhost"):
            return True
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
        return address.is_loopback or address.is_unspecified

    def allows(self, operation: Operation) -> bool:
        """Whether sending the operation cannot do harm: on this machine, a safe method, or writes are allowed."""
        return self.loopback or self.allow_writes or operation.method in {"GET", "HEAD", "OPTIONS"}

    def callers(self, api: Api) -> list[dict[str, str]]:
        """Each caller's credentials by scheme name; the first is the one that requests are sent as."""
        values = {name: self._values(api, scheme) for name, scheme in api.schemes.items()}
        most = max(map(len, values.values()), default=0)
        return [{name: given[i] for name, given in values.items() if i < len(given)} for i in range(most)]

    def extra_headers(self, api: Api) -> Headers:
        """The operator's headers that are no scheme's credential in this API."""
        return tuple(
            (name, value)
            for name, value in self.headers
            if not any(_credential(scheme, name, value) for scheme in api.schemes.values())
        )

    def secrets(self) -> Secrets:
        """A fresh ``Secrets`` that knows every credential the operator gave."""
        secrets = Secrets(value for values in self.credentials.values() for value in values)
        for name, value in self.headers:
            if is_secret_header(name):
                secrets.add(value)
        return secrets

    def with_params(self, params: Mapping[str, Sequence[str]]) -> "Target":
        """The same target, knowing more values."""
        return replace(self, params={**self.params, **{name: tuple(values) for name, values in params.items()}})

    def _values(self, api: Api, scheme: SecurityScheme) -> list[str]:
        named = self.credentials.get(f"{api.name}:{scheme.name}") or self.credentials.get(scheme.name, ())
        sent = (_credential(scheme, name, value) for name, value in self.headers)
        values = [*(_bare(scheme, value) for value in named), *(value for value in sent if value)]
        return list(dict.fromkeys(values))


def choose(operation: Operation, credentials: Mapping[str, str]) -> tuple[str, ...] | None:
    """The first alternative of the operation's security that the credentials satisfy, or None where none is."""
    return next((a for a in operation.security if all(name in credentials for name in a)), None)


def _base(url: str) -> tuple[str, Headers]:
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
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return base, (("Authorization", f"Basic {base64.b64encode(pair.encode()).decode()}"),)


def _gathered(texts: Iterable[str], option: str) -> dict[str, tuple[str, ...]]:
    gathered: dict[str, tuple[str, ...]] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise UsageError(f"{option} takes NAME=VALUE")
        if _CONTROL.search(value) and option == "--auth":
            raise UsageError(f"the value of {option} {name} has a line break or another control character in it")
        gathered[name] = (*gathered.get(name, ()), value)
    return gathered


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not _TOKEN.fullmatch(name.strip()):
        raise UsageError("-H takes 'Name: value'")
    if _CONTROL.search(value):
        raise UsageError(f"the value of -H {name.strip()} has a line break or another control character in it")
    return name.strip(), value.strip()


def _credential(scheme: SecurityScheme, name: str, value: str) -> str:
    """The credential of a scheme that a header carries, or nothing."""
    if scheme.location == "cookie" and name.lower() == "cookie":
        pairs = (pair.strip().partition("=") for pair in value.split(";"))
        return next((text for key, _, text in pairs if key == scheme.field), "")
    if scheme.location != "header" or name.lower() != scheme.field.lower():
        return ""
    if scheme.prefix and not value.lower().startswith(scheme.prefix.lower()):
        return ""
    return _bare(scheme, value)


def _bare(scheme: SecurityScheme, value: str) -> str:
    return value[len(scheme.prefix) :] if value.lower().startswith(scheme.prefix.lower()) else value
