"""Media types: their kinds, what a client accepts of those that are documented, and a concrete type for a range."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from specduet.specs import Content

Kind = Literal["json", "json-lines", "events", "csv", "xml", "html", "form", "multipart", "text", "binary"]
"""Way in which a value becomes the bytes of a body."""

_KIND_PATTERNS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("json-lines", re.compile(r"application/(x-)?(ndjson|jsonl|jsonlines|json-lines|json-seq|stream\+json)")),
    ("json", re.compile(r"[^/]+/([^/]+\+)?json5?")),
    ("events", re.compile(r"text/event-stream")),
    ("csv", re.compile(r"(text|application)/(x-)?csv")),
    ("xml", re.compile(r"(application|text)/(xml|[^/]+\+xml)")),
    ("html", re.compile(r"text/html|application/xhtml\+xml")),
    ("form", re.compile(r"application/x-www-form-urlencoded")),
    ("multipart", re.compile(r"multipart/.+")),
    (
        "text",
        re.compile(
            r"text/.+|image/svg\+xml|message/.+|application/(x-)?(yaml|javascript|ecmascript|toml|sql|graphql|jwt"
            r"|pem-certificate-chain|pem-file|x-pem-file|sparql-query|[^/]+\+yaml)"
        ),
    ),
)
# Range of types -> the one that is sent where neither document nor client names one.
_CONCRETE_TYPES = {
    "*/*": "application/json",
    "application/*": "application/json",
    "text/*": "text/plain",
    "image/*": "image/png",
    "audio/*": "audio/wav",
    "video/*": "video/mp4",
    "font/*": "font/woff2",
    "multipart/*": "multipart/mixed",
}
# Files that response_bodies.py can make.
_FILE_TYPES = {"image/png", "image/gif", "application/pdf", "audio/wav", "application/zip", "application/gzip"}


class AcceptedRange(NamedTuple):
    """One element of an ``Accept`` header (RFC 9110, section 12.5.1)."""

    media_type: str
    quality: float
    parameters: frozenset[str] = frozenset()
    """Parameters other than the quality: ``{"version=2"}``."""

    def measure_match(self, media_type: str, parameters: frozenset[str] = frozenset()) -> int:
        """Return how exactly the range names a type.

        4 with its parameters, 3 without them, 2 by its family, 1 as any, 0 not at all.
        """
        if self.media_type == media_type and media_type != "*/*":
            return 4 if self.parameters and self.parameters <= parameters else 3
        if self.media_type == "*/*":
            return 1
        # a documented range may hold the accepted type
        return 2 if is_in_range(media_type, self.media_type) or is_in_range(self.media_type, media_type) else 0


@lru_cache(maxsize=256)
def parse_accept(header: str) -> tuple[AcceptedRange, ...]:
    """Return the elements of an ``Accept`` header; what does not parse is left out."""
    return tuple(_split_accept(header))


def _split_accept(header: str) -> Iterator[AcceptedRange]:
    for element in header.split(","):
        media_type, *parameters = (part.strip().lower() for part in element.split(";"))
        if media_type == "*":
            media_type = "*/*"
        if "/" in media_type:
            quality = next((value for value in map(_parse_quality, parameters) if value is not None), 1.0)
            others = frozenset(parameter for parameter in parameters if _parse_quality(parameter) is None)
            yield AcceptedRange(media_type, quality, others)


def _parse_quality(parameter: str) -> float | None:
    match = re.fullmatch(r"q\s*=\s*([01](?:\.\d{0,3})?)", parameter)
    return None if match is None else min(float(match[1]), 1.0)


def is_in_range(media_type: str, range_: str) -> bool:
    """Return True if a range, ``*/*``, ``text/*`` or ``application/*+json``, holds a type without parameters."""
    prefix, star, suffix = range_.partition("*")
    return range_ == "*/*" or (bool(star) and media_type.startswith(prefix) and media_type.endswith(suffix))


def split_parameters(media_type: str) -> tuple[str, frozenset[str]]:
    """Return type and parameters in lower case: ``("text/csv", {"header=present"})``."""
    name, *parameters = media_type.lower().split(";")
    return name.strip(), frozenset(parameter.strip() for parameter in parameters)


def strip_parameters(media_type: str) -> str:
    """Return a media type without parameters, in lower case: ``application/json`` for ``application/JSON; v=1``."""
    return media_type.partition(";")[0].strip().lower()


@lru_cache(maxsize=256)
def get_kind(media_type: str) -> Kind:
    """Return the kind of a concrete media type."""
    name = strip_parameters(media_type)
    if name == "image/svg+xml":
        return "text"
    return next((kind for kind, pattern in _KIND_PATTERNS if pattern.fullmatch(name)), "binary")


def choose_content(contents: Iterable[Content], accept: str | None = None) -> Content | None:
    """Return the content that a client wants most; of several, JSON, else the first documented.

    None if there is none, or if the client accepts none.
    """
    by_preference = sorted(contents, key=lambda content: get_kind(_guess_concrete_type(content)) != "json")
    ranges = parse_accept(accept) if accept else ()
    best = _find_best_rated(by_preference, ranges) if ranges else next(iter(by_preference), None)
    if best is None or "*" not in best.media_type:
        return best
    # a range that is sent as a type with a schema of its own is that type
    concrete = choose_concrete_type(best, accept)
    return next((content for content in by_preference if strip_parameters(content.media_type) == concrete), best)


def _find_best_rated(contents: Iterable[Content], ranges: Sequence[AcceptedRange]) -> Content | None:
    """Return the first of the contents that the ranges name best, None if they name none."""
    rated = ((_rate_content(content, ranges), content) for content in contents)
    rating, best = max(rated, key=lambda pair: pair[0], default=((0.0, 0), None))
    return best if rating > (0.0, 0) else None


def _rate_content(content: Content, ranges: Sequence[AcceptedRange]) -> tuple[float, int]:
    """Return quality and exactness of the range that names the content's type most exactly."""
    media_type, parameters = split_parameters(content.media_type)
    exactness, quality = max((range_.measure_match(media_type, parameters), range_.quality) for range_ in ranges)
    return (quality, exactness) if exactness and quality else (0.0, 0)


def choose_concrete_type(content: Content, accept: str | None = None) -> str:
    """Return the type under which a content is sent: for a range, one that the client accepts and the mock can write.

    Parameters such as ``charset`` are kept: ``application/json; charset=utf-8``.
    """
    documented = strip_parameters(content.media_type)
    if "*" not in documented:
        return content.media_type.strip()
    accepted = sorted(parse_accept(accept) if accept else (), key=lambda range_: -range_.quality)
    for range_ in accepted:
        is_inside = range_.quality > 0 and range_.measure_match(documented) == 2
        if is_inside and "*" not in range_.media_type and _can_write(content, range_.media_type):
            return range_.media_type
    return _guess_concrete_type(content)


def _guess_concrete_type(content: Content) -> str:
    documented = strip_parameters(content.media_type)
    if "*" not in documented:
        return documented
    if documented in {"*/*", "application/*"} and is_binary_schema(content.schema):
        return "application/octet-stream"
    # of ``application/*+json``, the family is known
    return _CONCRETE_TYPES.get(documented, documented.replace("*+", "").replace("*", "octet-stream"))


def _can_write(content: Content, media_type: str) -> bool:
    """Return True if values of a content can be written in a type: structured ones not as just any text."""
    kind = get_kind(media_type)
    if kind in {"json", "xml"}:
        return True
    if kind == "binary":
        return media_type in _FILE_TYPES and (not content.has_schema or is_binary_schema(content.schema))
    schema_type = content.schema.get("type") if isinstance(content.schema, dict) else None
    return kind == "text" and schema_type in {None, "string"}


def is_binary_schema(schema: Any) -> bool:
    """Return True for the schema of raw bytes: of 3.0 by its format, of 3.1 by its encoding."""
    if not isinstance(schema, dict) or schema.get("type", "string") != "string":
        return False
    return schema.get("format") == "binary" or ("contentMediaType" in schema and "contentEncoding" not in schema)
