"""Signed addresses in rows: a service signs them anew in each response, which changes nothing of the row."""

import re
from collections.abc import Mapping
from typing import Any

_SIGNED = re.compile(
    r"https?://[^?#]+\?(?:[^#]*&)?(?:[\w-]*(?:sig|signature|expires|token|credential))=", re.IGNORECASE
)
_EXPIRY = re.compile("expir|valid_?until", re.IGNORECASE)


def remove_signatures(value: Any) -> Any:
    """Return a value with its addresses unsigned, and without the times at which these expire."""
    if isinstance(value, str):
        return value.partition("?")[0] if _SIGNED.match(value) else value
    if isinstance(value, list):
        return [remove_signatures(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    has_signed = any(isinstance(inner, str) and _SIGNED.match(inner) for inner in value.values())
    return {
        name: remove_signatures(inner)
        for name, inner in value.items()
        if not (has_signed and _EXPIRY.search(name) and not (isinstance(inner, str) and _SIGNED.match(inner)))
    }
