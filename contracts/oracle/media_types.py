"""Media types, as far as answers and bodies are held to them."""

from collections.abc import Mapping
from functools import lru_cache

from specduet.specs import Content


@lru_cache(maxsize=256)
def is_json(media_type: str) -> bool:
    """``application/json`` or a type with the suffix ``+json`` (RFC 6839, 3.1), whatever its parameters."""
    name = strip_parameters(media_type)
    return name == "application/json" or name.endswith("+json")


def find_json_content(content: Mapping[str, Content]) -> Content | None:
    """The JSON one of several documented media types, or None."""
    return next((entry for name, entry in content.items() if is_json(name)), None)


def strip_parameters(media_type: str) -> str:
    """A media type without its parameters, in lower case."""
    return media_type.partition(";")[0].strip().lower()


def matches_media_type(documented: str, received: str) -> bool:
    """Whether a received media type is a documented one, which may be a range (``text/*``; RFC 9110, 12.5.1)."""
    wanted, got = strip_parameters(documented).split("/"), strip_parameters(received).split("/")
    return len(wanted) == len(got) and all(w in {"*", g} for w, g in zip(wanted, got, strict=True))
