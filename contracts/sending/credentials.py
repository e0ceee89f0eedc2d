"""Credentials of the requests to one API: the operator's own, missing, empty and wrong ones.

-H      with every request, also where the document names no `security`
--auth  where `security` names the scheme; with every request where the document has no `security` at all
"""

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias
from urllib.parse import quote

from specduet.contracts.recording import Headers
from specduet.contracts.sending.cookies import join_cookies
from specduet.contracts.sending.target import PLACEHOLDER, Target, choose_security
from specduet.specs import Api, Operation

WRONG_CREDENTIAL = "specduet-wrong-credential"
"""The value that is sent as a wrong credential."""

CredentialChoice: TypeAlias = Literal["given", "none", "empty", "wrong"] | Mapping[str, str]
"""The credentials of a request: a kind, or values by scheme name (``{"cc-key": "k"}``)."""

CredentialKind: TypeAlias = Literal["given", "placeholder", "none", "empty", "wrong", "other"]
"""The kind of credentials that is recorded: see ``Exchange.credentials``."""

_CREDENTIAL_NAME = re.compile(r"auth|cookie|token|key|secret|session|password|credential", re.IGNORECASE)


class ApiCredentials:
    """What the operator gave for one API, as headers and queries of its requests."""

    def __init__(self, target: Target, api: Api) -> None:
        self._api = api
        self.callers: Sequence[Mapping[str, str]] = target.list_callers(api)
        self._own = self.callers[0] if self.callers else {}
        self._headers = _keep_first(target.headers)
        fields = {scheme.field.lower() for scheme in api.schemes.values() if scheme.location == "header"}
        plain = {name.lower() for name, _ in target.extra_headers(api) if not _CREDENTIAL_NAME.search(name)} - fields
        self._plain_headers = tuple(pair for pair in self._headers if pair[0].lower() in plain)
        self._has_credential_header = len(self._plain_headers) < len(self._headers)
        self._has_unknown_credential = api.name not in target.open_apis and any(
            _CREDENTIAL_NAME.search(name) for name, _ in target.extra_headers(api)
        )
        self._declares_security = any(operation.security for operation in api.operations)

    def build(self, operation: Operation, choice: CredentialChoice) -> tuple[CredentialKind, Headers, str]:
        """Return the kind of credential for the record, and the headers and the query of a request."""
        if choice != "given":
            kind, headers, query = self._build_other(operation, choice)
            return kind, (*headers, *self._plain_headers), query
        kind, headers, query = self._build_own(operation)
        given = {name.lower() for name, _ in self._headers}
        taken = {name.lower() for name, _ in headers} - {"cookie"}
        if kind == "placeholder":  # a header of the operator's is better than none that could be right
            headers = tuple(pair for pair in headers if pair[0].lower() not in given)
            taken -= given
            kind = "given" if self._has_credential_header and not headers and not query else kind
        return kind, join_cookies((*headers, *(pair for pair in self._headers if pair[0].lower() not in taken))), query

    def _build_own(self, operation: Operation) -> tuple[CredentialKind, Headers, str]:
        satisfied = choose_security(operation, self._own)
        if satisfied is None and self._own and not self._declares_security:
            satisfied = tuple(self._own)
        if satisfied is not None:
            return "given", *self._encode({name: self._own[name] for name in satisfied})
        if self._has_unknown_credential:
            return "given", (), ""
        names = self._list_names(operation)
        return "placeholder", *self._encode(
            {name: self._own.get(name) or self.shape(name, PLACEHOLDER) for name in names}
        )

    def _build_other(self, operation: Operation, choice: CredentialChoice) -> tuple[CredentialKind, Headers, str]:
        if isinstance(choice, Mapping):
            return ("other" if self._is_known_caller(choice) else "wrong"), *self._encode(choice)
        if choice == "none":
            return "none", (), ""
        names = self._list_names(operation)
        text = "" if choice == "empty" else WRONG_CREDENTIAL
        return choice, *self._encode({name: self.shape(name, text) if text else "" for name in names})

    def _list_names(self, operation: Operation) -> list[str]:
        """Return the schemes of the alternative that the operator can satisfy, else of the first one."""
        satisfied = choose_security(operation, self._own)
        wanted = satisfied if satisfied is not None else next(iter(operation.security), ())
        return [name for name in wanted if name in self._api.schemes]  # a document may name a scheme that it lacks

    def shape(self, scheme_name: str, text: str) -> str:
        """Return a text as the scheme expects it: basic credentials are a user and a password in base64 (RFC 7617)."""
        is_basic = self._api.schemes[scheme_name].prefix == "Basic "
        return b64encode(f"specduet:{text}".encode()).decode() if is_basic else text

    def _is_known_caller(self, credentials: Mapping[str, str]) -> bool:
        """Return whether the credentials are a known caller's; True if none is known: nothing proves them wrong."""
        return not self.callers or any(credentials.items() <= caller.items() for caller in self.callers)

    def _encode(self, credentials: Mapping[str, str]) -> tuple[Headers, str]:
        """Return the headers (cookies among them) and the query that carry credentials given by scheme name."""
        fields = [(self._api.schemes[name], value) for name, value in credentials.items()]
        # two schemes may mean one header, which can be sent once (RFC 9110, 5.3): the one with a prefix is preferred
        by_prefix = sorted(
            (field for field in fields if field[0].location == "header"), key=lambda f: bool(f[0].prefix)
        )
        headers = list({s.field.lower(): (s.field, f"{s.prefix}{v}") for s, v in by_prefix}.values())
        cookies = "; ".join(f"{s.field}={v}" for s, v in fields if s.location == "cookie")
        query = "&".join(f"{quote(s.field)}={quote(v, safe='')}" for s, v in fields if s.location == "query")
        return (*headers, *((("Cookie", cookies),) if cookies else ())), query


def _keep_first(headers: Headers) -> Headers:
    """Return the headers without repeated names: the second credential of a scheme is another caller's."""
    first: dict[str, tuple[str, str]] = {}
    for name, value in headers:
        first.setdefault(name.lower(), (name, value))
    return tuple(first.values())


__all__ = ["WRONG_CREDENTIAL", "ApiCredentials", "CredentialChoice", "CredentialKind"]
