"""Who may use the control plane: programs and pages of this machine, or whoever holds the token.

A page of the web can send requests to a server on the reader's machine: by a simple POST, which no preflight asks
about (the Fetch standard, section 3.2), or under a name of its own that it lets resolve to 127.0.0.1 (DNS rebinding).
Neither is possible from a loopback origin, or under an address or a name without a dot.
"""

import hmac
import ipaddress
from urllib.parse import urlsplit

from specduet.mocks.cors import is_preflight
from specduet.mocks.request import Request

TOKEN_HEADER = b"x-mock-token"


def explain_refusal(request: Request, token: str) -> str:
    """Return why a request may not use the control plane, in a sentence; empty if it may. ``token`` is "" for none."""
    if token and not is_preflight(request.method, request.headers):  # a browser sends no token of ours with those
        given = request.headers.get(TOKEN_HEADER, b"")
        return "" if hmac.compare_digest(given, token.encode()) else "the control API needs its token in X-Mock-Token"
    if token:
        return ""
    host, origin = request.get_header(b"host"), request.get_header(b"origin")
    if host is not None and not _is_private_name(_find_host(f"//{host}")):
        return f"the control API is not served under the name {host}: use an address, or give --control-token"
    if origin is not None and not _is_loopback(_find_host(origin)) and origin.partition("://")[2] != host:
        return f"pages of {origin} may not use the control API: only those of this machine may"
    return ""


def _find_host(url: str) -> str:
    """Return the host of a URL in lower case, and an empty text for none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _is_private_name(host: str) -> bool:
    """Return whether no stranger can own a name: an IP address, ``localhost``, or a name without a dot."""
    return "." not in host.removesuffix(".localhost") or _parse_address(host) is not None


def _is_loopback(host: str) -> bool:
    address = _parse_address(host)
    return host == "localhost" or host.endswith(".localhost") or (address is not None and address.is_loopback)


def _parse_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
