"""Media types of request and response bodies."""

from collections.abc import Mapping
from functools import lru_cache

from specduet.specs import Content

FORM_MEDIA_TYPES = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})


@lru_cache(maxsize=256)
def is_json(media_type: str) -> bool:
    """Return whether a media type is ``application/json`` or ends in ``+json`` (RFC 6839, 3.1); ignores parameters."""
    name = strip_parameters(media_type)
    return name == "application/json" or name.endswith("+json")


def find_json_content(content: Mapping[str, Content]) -> Content | None:
    """Return the content of the first JSON media type that is documented, None where there is none."""
    return next((entry for name, entry in content.items() if is_json(name)), None)


def find_content(content: Mapping[str, Content], sent_type: str) -> Content | None:
    """Return the documented content that a sent content type means, a plain name before a range, None for none."""
    by_precision = sorted(content, key=lambda name: name.count("*"))
    return next((content[name] for name in by_precision if matches_media_type(name, sent_type)), None)


def strip_parameters(media_type: str) -> str:
    """Return a media type without its parameters, in lower case: ``text/html`` for ``Text/HTML; charset=utf-8``."""
    return media_type.partition(";")[0].strip().lower()


def matches_media_type(documented: str, received: str) -> bool:
    """Return whether a received media type matches a documented one, or range (``text/*``; RFC 9110, 12.5.1)."""
    expected, actual = strip_parameters(documented).split("/"), strip_parameters(received).split("/")
    return len(expected) == len(actual) and all(e in {"*", a} for e, a in zip(expected, actual, strict=True))
