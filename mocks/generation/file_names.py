"""Names of the files that the mock serves: texts that stand for an address until a response is sent."""

import re
from collections.abc import Mapping
from typing import Any

FILE_ADDRESS = "https://files.invalid/"
"""Stands for the address below which files are (RFC 2606, section 2: no host has the name)."""

MEDIA_TYPES = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "html": "text/html; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "pdf": "application/pdf",
    "webm": "video/webm",
    "txt": "text/plain; charset=utf-8",
}
"""Media types by the ending of a file's name."""


def read_file_pattern(keywords: Mapping[str, Any]) -> str | None:
    """Return the pattern of the name of a file, where ``x-specduet`` of its schema says that it is one."""
    statement = keywords.get("x-specduet", {})
    media_type = statement.get("file") if isinstance(statement, Mapping) else None
    if not isinstance(media_type, str):
        return None
    return re.escape(FILE_ADDRESS) + "[0-9a-f]{24}\\." + _choose_ending(media_type)


def _choose_ending(media_type: str) -> str:
    """Return the ending of the names of files of a media type."""
    known = {value.partition(";")[0]: ending for ending, value in MEDIA_TYPES.items()}
    return known.get(media_type.partition(";")[0].strip().lower(), "txt")
