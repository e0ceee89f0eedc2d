"""Whole OpenAPI documents without a fault, each with a valid request of every operation, for Hypothesis."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from hypothesis import strategies as st

from tests.mocks.raw_http import RawRequest
from tests.strategies.parameters import WrittenParameter, parameters
from tests.strategies.samples import Sample, components, objects, samples, texts

Draw = Callable[[st.SearchStrategy[Any]], Any]

VERSIONS = ("3.0.3", "3.1.0", "3.2.0")
_SERVERS: tuple[tuple[Any, str], ...] = (
    (None, ""),
    ([{"url": "https://api.example.com/v1/"}], "/v1"),
    ([{"url": "/{stage}/api", "variables": {"stage": {"default": "test"}}}], "/test/api"),
)
_SCHEMES: dict[str, tuple[dict[str, Any], str, str]] = {
    "key": ({"type": "apiKey", "in": "header", "name": "X-Key"}, "x-key", "k"),
    "token": ({"type": "http", "scheme": "bearer"}, "authorization", "Bearer t"),
    "login": ({"type": "http", "scheme": "basic"}, "authorization", "Basic YTpi"),
    "session": ({"type": "apiKey", "in": "cookie", "name": "sid"}, "cookie", "sid=s"),
}
_SUCCESSES = (["200"], ["201"], ["204"], ["2XX"], ["default"], ["202", "200"], ["302"], ["409"])
_FORM_FIELDS = Sample(
    {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}, "s": {"type": "string"}}},
    {"n": 7, "s": "a&b"},
)


@dataclass(frozen=True)
class WrittenOperation:
    """An operation of a document, and a valid request for it."""

    method: str
    path: str
    description: dict[str, Any]
    request: RawRequest


@dataclass(frozen=True)
class WrittenDocument:
    """A document, and its operations with their requests."""

    document: dict[str, Any]
    operations: tuple[WrittenOperation, ...]


@st.composite
def documents(draw: Draw) -> WrittenDocument:
    """Return a document of up to three operations."""
    version = draw(st.sampled_from(VERSIONS))
    known = draw(components(version))
    servers, base_path = draw(st.sampled_from(_SERVERS))
    written = [draw(operations(version, known, base_path, f"p{index}")) for index in range(draw(st.integers(1, 3)))]
    paths: dict[str, Any] = {}
    for operation in written:
        paths.setdefault(operation.path, {})[operation.method.lower()] = operation.description
    document: dict[str, Any] = {
        "openapi": version,
        "info": {"title": "Any", "version": "1"},
        "paths": paths,
        "components": {
            "schemas": {name: sample.schema for name, sample in known.items()},
            "securitySchemes": {name: scheme for name, (scheme, *_) in _SCHEMES.items()},
        },
    }
    return WrittenDocument(document | ({"servers": servers} if servers else {}), tuple(written))


@st.composite
def operations(draw: Draw, version: str, known: Mapping[str, Sample], base_path: str, name: str) -> WrittenOperation:
    """Return an operation with parameters, body, responses and security, and a request that keeps all of it."""
    method = draw(st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]))
    locations = draw(st.lists(st.sampled_from(["path", "query", "header", "cookie"]), max_size=3))
    given = [draw(parameters(f"{where[0]}{index}", where)) for index, where in enumerate(locations)]
    path = f"/{name}" + "".join(f"/{{{p.name}}}" for p in given if p.location == "path")
    description: dict[str, Any] = {
        "parameters": [parameter.description for parameter in given],
        "responses": draw(responses(version, known)),
    }
    headers: dict[str, str] = {}
    body = b""
    if method in {"POST", "PUT", "PATCH"} and draw(st.booleans()):
        media_type, sample, body = draw(bodies(version, known))
        description["requestBody"] = {"required": True, "content": {media_type: {"schema": sample.schema}}}
        headers["content-type"] = media_type
    scheme = draw(st.sampled_from([None, None, *_SCHEMES]))
    if scheme is not None:
        description["security"] = draw(st.sampled_from([[{scheme: []}], [{scheme: []}, {"key": [], "login": []}]]))
        headers[_SCHEMES[scheme][1]] = _SCHEMES[scheme][2]
    request = _build_request(method, base_path + path, given, headers, body)
    return WrittenOperation(method, path, description, request)


def _build_request(
    method: str, path: str, given: list[WrittenParameter], headers: dict[str, str], body: bytes
) -> RawRequest:
    cookies = [headers.pop("cookie")] if "cookie" in headers else []
    cookies += [parameter.text for parameter in given if parameter.location == "cookie"]
    headers = {**headers, **({"cookie": "; ".join(cookies)} if cookies else {})}
    for parameter in given:
        if parameter.location == "path":
            path = path.replace(f"{{{parameter.name}}}", parameter.text)
        if parameter.location == "header":
            headers[parameter.name] = parameter.text
    query = "&".join(parameter.text for parameter in given if parameter.location == "query")
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    return RawRequest(method, f"{path}?{query}" if query else path, pairs, body)


@st.composite
def bodies(draw: Draw, version: str, known: Mapping[str, Sample]) -> tuple[str, Sample, bytes]:
    """Return a media type, its schema with a value, and the value in bytes."""
    kind = draw(st.sampled_from(["json", "json", "vendor", "form", "text"]))
    if kind == "form":
        return "application/x-www-form-urlencoded", _FORM_FIELDS, urlencode(_FORM_FIELDS.value).encode()
    if kind == "text":
        sample = draw(texts())
        # an empty text is no body, and may not be left out
        return ("text/plain", sample, sample.value.encode()) if sample.value else draw(bodies(version, known))
    sample = draw(samples(version, known))
    if sample.value is None:  # FastAPI takes a body that is null for none
        return draw(bodies(version, known))
    return (
        "application/json" if kind == "json" else "application/vnd.own+json",
        sample,
        json.dumps(sample.value).encode(),
    )


@st.composite
def responses(draw: Draw, version: str, known: Mapping[str, Sample]) -> dict[str, Any]:
    """Return the documented responses: successes or what stands for them, and errors of any shape."""
    found = {status: draw(contents(version, known, status)) for status in draw(st.sampled_from(_SUCCESSES))}
    for status in draw(st.lists(st.sampled_from(["400", "401", "4XX", "422"]), max_size=2, unique=True)):
        error = draw(objects(samples(version, known)))
        found[status] = {"description": "error", "content": {"application/json": {"schema": error.schema}}}
    return found


@st.composite
def contents(draw: Draw, version: str, known: Mapping[str, Sample], status: str) -> dict[str, Any]:
    """Return one documented response with its media types and headers."""
    response: dict[str, Any] = {"description": "ok"}
    if draw(st.booleans()):
        response["headers"] = {"X-Own": {"required": True, "schema": draw(texts()).schema}}
    if status in {"204", "302"}:
        return response
    types = draw(st.lists(st.sampled_from(["json", "vendor", "text", "bytes", "any"]), max_size=2, unique=True))
    names = {"json": "application/json", "vendor": "application/vnd.own+json", "any": "*/*"}
    schema = draw(samples(version, known)).schema  # one value, in several media types
    found: dict[str, Any] = {names[kind]: {"schema": schema} for kind in types if kind in names}
    if "text" in types:
        found["text/plain"] = {"schema": draw(texts()).schema}
    if "bytes" in types:
        found["application/octet-stream"] = {"schema": {"type": "string", "format": "binary"}}
    return response | ({"content": found} if found else {})
