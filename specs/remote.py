"""Documents from the network, which only ``--allow-remote`` reads."""

from pathlib import Path
from typing import Any

import requests

from specduet.specs.bounds import FILE_BYTES
from specduet.specs.source import parse_document

_TIMEOUT_S = 10


class CannotFetch(Exception):
    """A URL that gives no document; its text says why."""


def fetch_document(url: str) -> Any:
    """Return the document at a URL. Raises ``CannotFetch``, or ``SpecError`` for what is no YAML."""
    if not url.startswith(("http://", "https://")):
        raise CannotFetch(f"{url!r} is no http or https URL")
    try:
        with requests.get(url, timeout=_TIMEOUT_S, stream=True) as response:
            response.raise_for_status()
            content = response.raw.read(FILE_BYTES.value + 1, decode_content=True)
    except (requests.RequestException, OSError) as error:
        raise CannotFetch(f"{url!r} cannot be read: {type(error).__name__}") from error
    if len(content) > FILE_BYTES.value:
        raise CannotFetch(f"{url!r} has more than {FILE_BYTES.value:,} bytes")
    return parse_document(content.decode("utf-8", errors="replace"), Path(url), [])
