"""Documents from the network: the one at a URL that the operator gives, or the one that a service offers of itself.

URL ─ one GET, within bounds ─ a file in the user's cache folder, so that findings point to its lines
"""

import hashlib
import json
import os
import re
import tempfile
import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard
from urllib.parse import urlsplit

from specduet.contracts.oracle.url_text import join_address, split_address
from specduet.contracts.recording import Headers, ReceivedResponse, SentRequest
from specduet.contracts.sending.target import Target
from specduet.contracts.sending.transport import Transport, TransportFailure
from specduet.specs import SpecError, UsageError
from specduet.specs.bounds import FILE_BYTES

USUAL_ADDRESSES = (
    *("/openapi.json", "/openapi.yaml", "/v3/api-docs", "/swagger.json", "/api/openapi.json"),
    *("/swagger/v1/swagger.json", "/openapi.yml", "/v1/openapi.json", "/api/v1/openapi.json", "/openapi/v1.json"),
    *("/api-docs", "/api/swagger.json", "/docs/openapi.json", "/schema/openapi.json", "/api/schema", "/swagger.yaml"),
    *("/docs-json", "/api-json", "/documentation/json", "/swagger/doc.json", "/apispec_1.json", "/q/openapi"),
    *("/openapi", "/v2/api-docs", "/api/openapi.yaml", "/spec.json", "/__api__"),
)
"""Where frameworks put the document of a service, the most usual addresses first."""

_PAGES = ("/", "/docs", "/redoc", "/swagger", "/api/docs", "/apidocs/")
"""Pages that show a document, and name its address."""
_LINKED = re.compile(
    r"""["'=]([^"'\s<>=]{0,300}(?:openapi|swagger|spec|api-docs|apidocs|schema)[^"'\s<>]{0,300})["'\s>]"""
)
_DESCRIBED = re.compile(r"<([^<>]+)>\s*;[^,]*rel=[\"']?service-desc")
_NO_DOCUMENT = (".js", ".css", ".png", ".svg", ".ico", ".map")
_MAX_LINKED = 6
_ACCEPTED = "application/json, application/yaml;q=0.9, */*;q=0.5"
_MAX_REDIRECTS = 3
_TIMEOUT_S = 10.0
SEARCH_S = 30.0
"""Seconds that the search for a document takes at most, but for its last request."""
_PAUSE_S = 0.1
"""The pause before each request to a service that is not on this machine."""
_FEW_LINES = 10
_PAGE_BYTES = 200_000
_LINK_CHARACTERS = 8_192
_UNREACHABLE = frozenset({"refused", "unknown host", "tls", "timeout"})
_YAML_KEY = re.compile(r"(?m)^[\"']?(openapi|swagger)[\"']?\s*:")


@dataclass(frozen=True)
class RemoteDocument:
    """A document that was fetched: its URL and the file that holds it."""

    url: str
    path: Path
    is_indented: bool = False
    """The file has a line for each value, where the document has few lines."""


def is_url(name: str) -> bool:
    """Return whether the name of an API is the URL of its document."""
    return name.startswith(("http://", "https://"))


def origin_of(url: str) -> str:
    """Return the scheme, host and port of a URL."""
    parts = split_address(url)
    return f"{parts.scheme}://{parts.netloc}"


def fetch_document(url: str, target: Target | None = None) -> RemoteDocument:
    """Return the document at a URL; the operator's headers go along where it is at the target.

    Raises ``SpecError`` for one that cannot be fetched, or is neither OpenAPI nor Swagger.
    """
    response = _get(url, target)
    if isinstance(response, TransportFailure):
        raise SpecError(f"cannot be fetched: {response.text}", file=url)
    if response.status != 200:
        raise SpecError(f"cannot be fetched: the response is a {response.status}", file=url)
    if response.is_cut or response.body_length > FILE_BYTES.value:
        raise SpecError(f"has more than {FILE_BYTES.value:,} bytes, and is not read", file=url)
    if not _is_openapi(response.body):
        remedy = "An OpenAPI document begins with 'openapi: 3.1.0'. A page that shows one names its address."
        raise SpecError("is no OpenAPI", file=url, remedy=remedy)
    return _keep(url, response.body)


def find_document(target: Target, limit_s: float = SEARCH_S) -> RemoteDocument | None:
    """Return the document that a service offers: at a usual address, or at one that a page of it names; None for none.

    Addresses are tried below the URL, then below its host.
    """
    end_s = time.monotonic() + min(limit_s, SEARCH_S)
    for url in _list_addresses(target.url, USUAL_ADDRESSES):
        response = _get(url, target, limit_s)
        if _offers_document(response):
            return _keep(url, response.body)
        is_unreachable = isinstance(response, TransportFailure) and response.kind in _UNREACHABLE
        if is_unreachable or time.monotonic() > end_s:
            return None
    for page in _list_addresses(target.url, _PAGES):
        for url in _list_linked(page, _get(page, target, limit_s)):
            response = _get(url, target, limit_s)
            if _offers_document(response):
                return _keep(url, response.body)
        if time.monotonic() > end_s:
            return None
    return None


def _offers_document(response: ReceivedResponse | TransportFailure) -> TypeGuard[ReceivedResponse]:
    if not isinstance(response, ReceivedResponse) or response.status != 200 or response.is_cut:
        return False
    return _is_openapi(response.body)


def _list_linked(page: str, response: ReceivedResponse | TransportFailure) -> list[str]:
    """Return the addresses on the same host that a page names and that may be those of documents (RFC 8631)."""
    if not isinstance(response, ReceivedResponse) or response.status != 200:
        return []
    text = response.body[:_PAGE_BYTES].decode("utf-8", "replace")
    named = [*_DESCRIBED.findall((response.get_header("link") or "")[:_LINK_CHARACTERS]), *_LINKED.findall(text)]
    urls = dict.fromkeys(join_address(page, name) for name in named if not name.endswith(_NO_DOCUMENT))
    return [url for url in urls if origin_of(url) == origin_of(page)][:_MAX_LINKED]


def _list_addresses(url: str, paths: Iterable[str]) -> list[str]:
    bases = dict.fromkeys((url, origin_of(url)))
    return [f"{base}{path}" for base in bases for path in paths]


def _get(url: str, target: Target | None, limit_s: float = _TIMEOUT_S) -> ReceivedResponse | TransportFailure:
    """Send a GET and follow a few redirects within the host; a credential goes to the target's host alone."""
    address = url
    for _ in range(_MAX_REDIRECTS + 1):
        response = _send_get(address, target, min(limit_s, _TIMEOUT_S))
        location = response.get_header("location") if isinstance(response, ReceivedResponse) else None
        if not isinstance(response, ReceivedResponse) or not response.is_redirect or location is None:
            break
        following = join_address(address, location)
        if origin_of(following) != origin_of(url):
            break
        address = following
    return response


def _send_get(url: str, target: Target | None, timeout_s: float) -> ReceivedResponse | TransportFailure:
    parts = urlsplit(url)
    is_at_target = target is not None and origin_of(target.url) == origin_of(url)
    given: Headers = target.headers if target is not None and is_at_target else ()
    own = (("Host", parts.netloc), ("User-Agent", "specduet"), ("Accept", _ACCEPTED))
    headers = (*own, *((name, value) for name, value in given if name.lower() not in {"host", "user-agent", "accept"}))
    if target is not None and not target.loopback:
        time.sleep(_PAUSE_S)
    request = SentRequest("GET", url, parts.path or "/", parts.query, headers, None)
    try:
        with closing(Transport(url, target.verify if target is not None else True)) as transport:
            return transport.send(request, timeout_s)
    except ValueError as error:
        raise UsageError(f"{url!r} is no URL: {error}") from error


def _is_openapi(body: bytes) -> bool:
    """Return whether a text has the key that every OpenAPI or Swagger document has, outside of any other value."""
    text = body[: FILE_BYTES.value].decode("utf-8-sig", errors="replace")
    if not text.lstrip().startswith("{"):
        return not text.lstrip().startswith("<") and _YAML_KEY.search(text) is not None
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return _YAML_KEY.search(text) is not None
    return isinstance(content, dict) and not {"openapi", "swagger"}.isdisjoint(content)


def _keep(url: str, body: bytes) -> RemoteDocument:
    """Write a document into the cache folder, under the last part of its URL."""
    name = re.sub(r"[^\w.-]", "-", urlsplit(url).path.rpartition("/")[2]).strip(".") or "openapi"
    suffix = "" if name.endswith((".json", ".yaml", ".yml")) else ".json" if body.lstrip()[:1] == b"{" else ".yaml"
    digest = hashlib.sha256(url.encode()).hexdigest()[:12]
    content = _spread_lines(body)
    for base in _list_folders():
        path = base / digest / f"{name}{suffix}"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except OSError:
            continue
        return RemoteDocument(url, path, is_indented=content != body)
    raise UsageError(f"the document at {url} cannot be kept: no folder for it can be written")


def _spread_lines(body: bytes) -> bytes:
    """Return JSON that is on one line with a line for each value, so that the lines of findings tell something."""
    if body.count(b"\n") > _FEW_LINES:
        return body
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False).encode("utf-8", "surrogatepass")
    except (ValueError, RecursionError):
        return body


def _list_folders() -> Iterable[Path]:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    return cache / "specduet" / "documents", Path(tempfile.gettempdir()) / f"specduet-documents-{os.getpid()}"


__all__ = ["USUAL_ADDRESSES", "RemoteDocument", "fetch_document", "find_document", "is_url", "origin_of"]
