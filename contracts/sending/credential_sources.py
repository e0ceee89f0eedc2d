"""Sources of credentials: a command that prints a token, a login request, an OAuth 2 token request."""

import json
import re
import shlex
import subprocess
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import quote, urlsplit

from specduet.contracts.recording import NOT_JSON, Headers, ReceivedResponse, SentRequest
from specduet.contracts.sending.credential_keeper import FetchedCredential
from specduet.contracts.sending.transport import Transport
from specduet.specs import UsageError

_TIMEOUT_S = 30.0
_HEADER_LINE = re.compile(r"([A-Za-z][\w-]*):\s+(\S.*)")
_TOKEN_KEYS = ("access_token", "accessToken", "token", "jwt", "auth_token", "id_token", "key")
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class CommandSource:
    """The last line that a command prints: a token, or a header such as ``X-Key: abc``."""

    command: str
    scheme: str = ""
    """The scheme whose credential it is; empty for a bearer token."""

    def fetch(self) -> FetchedCredential:
        """Run the command. Raises ``UsageError`` where it fails or prints nothing."""
        try:
            done = subprocess.run(  # noqa: S602 - the operator's own command, as they would type it
                self.command,
                shell=True,
                capture_output=True,
                text=True,
                timeout=_TIMEOUT_S,
                check=False,
            )
        except (subprocess.TimeoutExpired, OSError, UnicodeError) as error:
            raise UsageError(f"--auth-command does not end as it should ({type(error).__name__})") from error
        lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
        if done.returncode or not lines:
            said = done.stderr.strip().splitlines()[-1:] or ["it says nothing"]
            outcome = f"ends with {done.returncode}" if done.returncode else "prints no token"
            raise UsageError(f"--auth-command {outcome}", remedy=f"{_first_word(self.command)}: {said[0]}")
        header = _HEADER_LINE.fullmatch(lines[-1])
        if header is not None:
            return FetchedCredential(headers=((header[1], header[2]),))
        return _as_credential(self.scheme, lines[-1])


@dataclass(frozen=True)
class LoginSource:
    """A login request: the cookies that its response sets, and the token that is in it."""

    method: str
    url: str
    body: str = ""
    headers: Headers = ()
    verify: bool | str = True
    scheme: str = ""

    def fetch(self) -> FetchedCredential:
        """Log in. Raises ``UsageError`` where the login is refused, or gives neither a cookie nor a token."""
        label = "application/json" if _is_json(self.body) else _FORM
        headers = (*self.headers, *((("Content-Type", label),) if self.body else ()))
        response = _send(self.method, self.url, headers, self.body, self.verify, "--login")
        if response.status >= 400:
            raise UsageError(f"--login: {self.method} {self.url} is refused with {response.status}")
        cookies = "; ".join(_read_cookies(response))
        token = _find_token(response.json)
        if not cookies and not token:
            raise UsageError(f"--login: {self.method} {self.url} gives neither a cookie nor a token")
        found = _as_credential(self.scheme, token) if token else FetchedCredential()
        return FetchedCredential((*found.headers, *((("Cookie", cookies),) if cookies else ())), found.credentials)


@dataclass(frozen=True)
class TokenRequestSource:
    """An OAuth 2 grant without a browser: client credentials, or a user's name and password (RFC 6749, 4.3, 4.4)."""

    token_url: str
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    username: str = ""
    password: str = field(default="", repr=False)
    scope: str = ""
    verify: bool | str = True
    scheme: str = ""

    def fetch(self) -> FetchedCredential:
        """Send the token request, the client's secret in a header, else in the body (RFC 6749, 2.3.1).

        Raises ``UsageError`` where it is refused.
        """
        response = self._request_token(in_header=bool(self.client_secret))
        if response.status in {400, 401} and self.client_secret:
            response = self._request_token(in_header=False)
        return _as_credential(self.scheme, self._read_token(response))

    def _request_token(self, *, in_header: bool) -> ReceivedResponse:
        from oauthlib.oauth2 import BackendApplicationClient, LegacyApplicationClient  # only who needs it waits for it

        pair = f"{quote(self.client_id, safe='')}:{quote(self.client_secret, safe='')}"
        headers: Headers = (("Content-Type", _FORM), ("Accept", "application/json"))
        headers += (("Authorization", f"Basic {b64encode(pair.encode()).decode()}"),) if in_header else ()
        more: dict[str, Any] = {"scope": self.scope.split() or None}
        if self.client_secret and not in_header:
            more["client_secret"] = self.client_secret
        is_named = bool(self.client_id) and not in_header
        if self.username:
            client = LegacyApplicationClient(self.client_id)
            body = client.prepare_request_body(self.username, self.password, include_client_id=is_named, **more)
        else:
            client = BackendApplicationClient(self.client_id)
            body = client.prepare_request_body(include_client_id=is_named, **more)
        return _send("POST", self.token_url, headers, str(body), self.verify, "--oauth")

    def _read_token(self, response: ReceivedResponse) -> str:
        from oauthlib.oauth2 import BackendApplicationClient, OAuth2Error

        client = BackendApplicationClient(self.client_id)
        try:
            token = client.parse_request_body_response(response.body.decode("utf-8", "replace"))
        except (OAuth2Error, ValueError, Warning) as error:
            reason = getattr(error, "error", "") or type(error).__name__
            message = f"--oauth: {self.token_url} gives no token: the response is a {response.status} ({reason})"
            raise UsageError(message) from error
        return str(token["access_token"])


def _first_word(command: str) -> str:
    """Return the program of a command: its arguments may be secrets."""
    try:
        return (shlex.split(command) or [""])[0]
    except ValueError:
        return "the command"


def _as_credential(scheme: str, token: str) -> FetchedCredential:
    """Return a token as the credential of a scheme, or as a bearer token where none is named."""
    if scheme:
        return FetchedCredential(credentials={scheme: token})
    value = token if re.match(r"(?i)(bearer|basic|token)\s", token) else f"Bearer {token}"
    return FetchedCredential(headers=(("Authorization", value),))


def _send(
    method: str,
    url: str,
    headers: Headers,
    body: str,
    verify: bool | str,  # noqa: FBT001 - the usual spelling of this option
    option: str,
) -> ReceivedResponse:
    """Send one request. Raises ``UsageError``, which names the option, where no response comes."""
    parts = urlsplit(url)
    data = body.encode()
    own = (("Host", parts.netloc), ("User-Agent", "specduet"), ("Content-Length", str(len(data))))
    if all(name.lower() != "accept" for name, _ in headers):
        headers = (*headers, ("Accept", "*/*"))
    sent = SentRequest(method, url, parts.path, parts.query, (*own, *headers), data)
    with closing(Transport(url, verify)) as transport:
        response = transport.send(sent, _TIMEOUT_S)
    if not isinstance(response, ReceivedResponse):
        raise UsageError(f"{option}: {url} cannot be used: {response.text}")
    return response


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _read_cookies(response: ReceivedResponse) -> Iterator[str]:
    """Yield the cookies that a response sets and does not remove, as they are sent: ``session=abc``."""
    for name, value in response.headers:
        if name.lower() != "set-cookie":
            continue
        try:
            jar = SimpleCookie(value)
        except CookieError:
            continue
        yield from (f"{key}={cookie.coded_value}" for key, cookie in jar.items() if cookie.value)


def _find_token(value: Any) -> str:
    """Return the token in the body of a login's response: under a usual name, perhaps one level down."""
    if value is NOT_JSON or not isinstance(value, Mapping):
        return ""
    for key in _TOKEN_KEYS:
        if isinstance(value.get(key), str) and value[key]:
            return str(value[key])
    return next(filter(None, (_find_token(inner) for inner in value.values() if isinstance(inner, Mapping))), "")


__all__ = ["CommandSource", "LoginSource", "TokenRequestSource"]
