"""Credentials that are fetched before the run: ``--auth-command``, ``--login`` and ``--oauth``."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urljoin

from specduet.contracts.sending.credential_keeper import CredentialKeeper
from specduet.contracts.sending.credential_sources import CommandSource, LoginSource, TokenRequestSource
from specduet.contracts.sending.target import Target
from specduet.contracts.session.settings import RunSettings
from specduet.contracts.session.typed_names import list_scheme_names, suggest_name
from specduet.specs import Api, UsageError

OAUTH_NAMES = ("client_id", "client_secret", "username", "password", "scope", "token_url", "scheme")
"""What ``--oauth`` takes."""

_LOGIN = re.compile(r"(?:(GET|POST|PUT)\s+)?(/\S*|https?://\S+)(?:\s+(\S.*))?", re.DOTALL)
_SECRET_FIELD = re.compile(r"(?i)pass|secret|token|key|pin|otp|code")


def build_keeper(settings: RunSettings, apis: Sequence[Api], target: Target) -> CredentialKeeper | None:
    """Return what fetches the credential of the run; None where the operator names no source.

    Raises ``UsageError`` for a source that cannot be meant.
    """
    given = {"--auth-command": settings.auth_command, "--login": settings.login, "--oauth": settings.oauth}
    named = [option for option, value in given.items() if value]
    if len(named) > 1:
        raise UsageError(f"{' and '.join(named)} exclude each other: one of them gives the credential")
    if settings.auth_command:
        scheme, command = _split_scheme(settings.auth_command, apis)
        return CredentialKeeper(CommandSource(command, scheme))
    if settings.login:
        source = _build_login(settings.login, target)
        return CredentialKeeper(source, tuple(_find_secrets(source.body)))
    return _build_token_request(dict(settings.oauth), apis, target) if settings.oauth else None


def _split_scheme(text: str, apis: Sequence[Api]) -> tuple[str, str]:
    """Return scheme and command of ``SCHEME=COMMAND``; without a scheme, the only one unless it is bearer."""
    names = list_scheme_names(apis)
    name, equals, command = text.partition("=")
    if equals and name in names:
        return name, command
    schemes = {scheme.name: scheme for api in apis for scheme in api.schemes.values()}
    only = next(iter(schemes.values())) if len(schemes) == 1 else None
    return (only.name if only is not None and only.prefix != "Bearer " else ""), text


def _build_login(text: str, target: Target) -> LoginSource:
    found = _LOGIN.fullmatch(text.strip())
    if found is None:
        raise UsageError("--login takes 'POST /path BODY', with a body in JSON or as name=value&name=value")
    method, path, body = found[1] or "POST", found[2], found[3] or ""
    url = f"{target.url}{path}" if path.startswith("/") else path
    return LoginSource(method, url, body, target.headers, target.verify)


def _find_secrets(body: str) -> Iterator[str]:
    """Yield the values of a login that are called like secrets; the name of the user is none."""
    try:
        value = json.loads(body)
    except ValueError:
        value = dict(pair.partition("=")[::2] for pair in body.split("&"))
    fields = value.items() if isinstance(value, Mapping) else ()
    yield from (inner for name, inner in fields if isinstance(inner, str) and _SECRET_FIELD.search(name))


def _build_token_request(given: Mapping[str, str], apis: Sequence[Api], target: Target) -> CredentialKeeper:
    for name in given:
        if name not in OAUTH_NAMES:
            raise UsageError(f"--oauth takes no {name!r}", remedy=suggest_name(name, OAUTH_NAMES))
    if not given.get("client_id") and not given.get("username"):
        raise UsageError("--oauth needs client_id and client_secret, or username and password")
    flow = "password" if given.get("username") else "clientCredentials"
    address = given.get("token_url") or _find_token_url(given.get("scheme", ""), flow, apis)
    base = apis[0].operations[0].base_path if apis and apis[0].operations else ""
    url = urljoin(f"{target.url}/" if address.startswith("/") else f"{target.url}{base}/", address)
    fields = {name: value for name, value in given.items() if name not in {"token_url", "scheme"}}
    secrets = tuple(given[name] for name in ("client_secret", "password") if given.get(name))
    return CredentialKeeper(TokenRequestSource(url, verify=target.verify, **fields), secrets)


def _find_token_url(scheme_name: str, flow: str, apis: Sequence[Api]) -> str:
    """Return the ``tokenUrl`` of a flow in the document, else that of another flow of the same scheme."""
    schemes = _list_oauth_schemes(apis)
    if scheme_name and scheme_name not in schemes:
        raise UsageError(
            f"no OAuth 2 scheme is called {scheme_name!r}", remedy=suggest_name(scheme_name, list(schemes))
        )
    chosen = [schemes[scheme_name]] if scheme_name else list(schemes.values())
    flows = [scheme["flows"] for scheme in chosen if isinstance(scheme.get("flows"), Mapping)]
    ordered = [f[flow] for f in flows if flow in f] + [inner for f in flows for inner in f.values()]
    urls = [str(f["tokenUrl"]) for f in ordered if isinstance(f, Mapping) and f.get("tokenUrl")]
    if not urls:
        raise UsageError("the document names no tokenUrl", remedy="Give it: --oauth token_url=https://….")
    return urls[0]


def _list_oauth_schemes(apis: Sequence[Api]) -> dict[str, Mapping[str, Any]]:
    declared = [api.document.get("components", {}).get("securitySchemes", {}) for api in apis]
    return {name: s for schemes in declared for name, s in schemes.items() if s.get("type") == "oauth2"}
