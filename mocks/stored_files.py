"""Files that a request brought, kept with the row that it created, and sent again as they came."""

from dataclasses import dataclass

from specduet.mocks.multipart import parse_multipart
from specduet.mocks.request import Request
from specduet.mocks.responses import HttpResponse, make_response


@dataclass(frozen=True)
class StoredFile:
    """The bytes of an upload, with what its request says of them."""

    content: bytes
    media_type: str
    name: str = ""

    def to_response(self, status: int) -> HttpResponse:
        """Return the response that sends the file."""
        response = make_response(status, self.content, self.media_type.encode("latin-1", "replace"))
        if self.name:
            quoted = self.name.replace("\\", "\\\\").replace('"', '\\"')
            disposition = f'attachment; filename="{quoted}"'.encode("latin-1", "replace")
            response.headers.append((b"content-disposition", disposition))
        return response


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
