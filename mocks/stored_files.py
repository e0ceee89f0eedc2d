"""Files that a request brought, kept with the row that it created, and sent again as they came."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from specduet.mocks.multipart import parse_multipart
from specduet.mocks.request import Request
from specduet.mocks.responses import HttpResponse, make_response

_SEPARATORS = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class StoredFile:
    """The bytes of an upload, with what its request says of them."""

    content: bytes
    media_type: str
    name: str = ""

    def describe(self, names: Iterable[str]) -> dict[str, Any]:
        """Return what a row tells of the file, by those of its properties that have the name of such a fact."""
        facts = {
            **dict.fromkeys(("filename", "originalfilename", "originalname", "name"), self.name),
            **dict.fromkeys(("contenttype", "mimetype", "mediatype", "mime", "type"), self.media_type),
            **dict.fromkeys(("size", "bytes", "length", "filesize", "sizebytes", "contentlength"), len(self.content)),
            "md5": hashlib.md5(self.content, usedforsecurity=False).hexdigest(),
            "sha256": hashlib.sha256(self.content).hexdigest(),
        }
        plain = {name: _SEPARATORS.sub("", name).lower() for name in names}
        return {name: facts[key] for name, key in plain.items() if facts.get(key) not in (None, "")}

    def to_response(self, status: int) -> HttpResponse:
        """Return the response that sends the file."""
        response = make_response(status, self.content, self.media_type.encode("latin-1", "replace"))
        if self.name:
            quoted = self.name.replace("\\", "\\\\").replace('"', '\\"')
            disposition = f'attachment; filename="{quoted}"'.encode("latin-1", "replace")
            response.headers.append((b"content-disposition", disposition))
        return response


NO_FILE = StoredFile(b"", "")
"""The file of a row whose file was removed."""


def read_file(request: Request, place: str) -> StoredFile | None:
    """Return the file of a request: its whole body, or the part of a form that ``body/NAME`` names.

    None where the request has no such part.
    """
    content_type = request.get_header(b"content-type") or ""
    _, _, name = place.partition("/")
    if not content_type.startswith("multipart/"):
        return StoredFile(request.body or b"", content_type or "application/octet-stream")
    try:
        parts = parse_multipart(request.body or b"", content_type)
    except ValueError:
        return None
    part = next((part for part in parts if part.name == name or (not name and part.has_file_name)), None)
    if part is None:
        return None
    return StoredFile(bytes(part.content), part.content_type or "application/octet-stream", part.file_name)
