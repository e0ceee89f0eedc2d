"""Bodies of multipart/form-data (RFC 7578), split into their parts by python-multipart, as FastAPI has them split."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

_MAX_PARTS = 1_000
"""Number of parts that are read, as with Starlette."""


@dataclass
class FormPart:
    """One part: a field of a form, or a file."""

    headers: dict[bytes, bytes] = field(default_factory=dict)
    """Headers by lower-case name."""
    content: bytearray = field(default_factory=bytearray)
    name: str = ""
    file_name: str = ""
    has_file_name: bool = False

    @property
    def content_type(self) -> str:
        """The media type of the part, without parameters; empty if it states none."""
        return self.headers.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The content as text: of bytes that are no UTF-8, each is one character."""
        try:
            return self.content.decode()
        except UnicodeDecodeError:
            return self.content.decode("latin-1")


class _PartCollector:
    """The receiver of python-multipart's callbacks."""

    def __init__(self) -> None:
        self.parts: list[FormPart] = []
        self._name, self._value = b"", b""

    def begin_part(self) -> None:
        if len(self.parts) >= _MAX_PARTS:
            raise ValueError("too many parts")
        self.parts.append(FormPart())

    def add_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def add_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def end_header(self) -> None:
        self.parts[-1].headers[self._name.lower()] = self._value
        self._name, self._value = b"", b""

    def add_content(self, data: bytes, start: int, end: int) -> None:
        self.parts[-1].content += data[start:end]

    def to_callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self.begin_part,
            "on_header_field": self.add_name,
            "on_header_value": self.add_value,
            "on_header_end": self.end_header,
            "on_part_data": self.add_content,
        }


def parse_multipart(raw: bytes, content_type: str) -> list[FormPart]:
    """Return the parts of a body. Raises ``ValueError`` if it has none, or not the boundary that is announced."""
    from python_multipart.exceptions import FormParserError  # only multipart bodies pay for the import
    from python_multipart.multipart import MultipartParser, parse_options_header

    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if not boundary:
        raise ValueError("no boundary")
    collector = _PartCollector()
    try:
        parser = MultipartParser(boundary, collector.to_callbacks())
        parser.write(raw)
        parser.finalize()
    except FormParserError as error:
        raise ValueError(str(error)) from error
    for part in collector.parts:
        _, disposition = parse_options_header(part.headers.get(b"content-disposition", b""))
        part.name = disposition.get(b"name", b"").decode("utf-8", "replace")
        part.has_file_name = b"filename" in disposition
        part.file_name = disposition.get(b"filename", b"").decode("utf-8", "replace")
    if not collector.parts and f"--{boundary.decode('latin-1')}".encode("latin-1") not in raw:
        raise ValueError("no part")
    return collector.parts
