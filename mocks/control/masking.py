"""Credentials in the journal, masked: whoever may read it need not learn those of other clients."""

from collections.abc import Iterable
from dataclasses import dataclass

from specduet.specs import Api

MASK = "***"
_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "x-mock-token"})


@dataclass(frozen=True)
class SecretFields:
    """Names of the headers and of the query parameters that carry credentials, headers in lower case."""

    headers: frozenset[str] = frozenset()
    query: frozenset[str] = frozenset()

    @classmethod
    def from_apis(cls, apis: Iterable[Api]) -> "SecretFields":
        """Return the fields of all security schemes, and the headers that carry credentials in any API."""
        schemes = [scheme for api in apis for scheme in api.schemes.values()]
        headers = {scheme.field.lower() for scheme in schemes if scheme.location == "header"}
        return cls(_SECRET_HEADERS | headers, frozenset(s.field for s in schemes if s.location == "query"))

    def mask_header(self, name: str, value: str) -> str:
        """Return the value of a header, masked behind the scheme (``Bearer ***``) where it is a credential."""
        if name.lower() not in self.headers:
            return value
        scheme, space, rest = value.partition(" ")
        return f"{scheme} {MASK}" if space and rest and name.lower().endswith("authorization") else MASK

    def mask_query(self, query: str) -> str:
        """Return a query string with the values of credentials masked."""
        pairs = [pair.partition("=") for pair in query.split("&")]
        return "&".join(f"{name}={MASK}" if name in self.query else name + equals + v for name, equals, v in pairs)
