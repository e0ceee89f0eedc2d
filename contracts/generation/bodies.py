"""Bodies of every documented media type: JSON, forms with files, text, XML, bytes."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus
from xml.sax.saxutils import escape

from msgspec import UNSET

from specduet.contracts.generation.minimal_values import build_minimal_value
from specduet.contracts.generation.parameter_texts import to_parameter_text
from specduet.contracts.oracle.form_body import is_file_field, list_form_fields
from specduet.contracts.oracle.media_types import FORM_MEDIA_TYPES, find_json_content, is_json, strip_parameters
from specduet.contracts.oracle.schema_access import locate_content
from specduet.specs import Body, Content, Schemas

BOUNDARY = "specduet-boundary-7d5f1c"
_FILE_CONTENT = b"specduet\n"


@dataclass(frozen=True)
class FormBody:
    """A form with its fields; the fields in ``files`` are sent as files, if it is a multipart form."""

    media_type: str
    fields: Mapping[str, Any]
    files: frozenset[str] = frozenset()

    @property
    def content_type(self) -> str:
        return f"{self.media_type}; boundary={BOUNDARY}" if self.is_multipart else self.media_type

    @property
    def is_multipart(self) -> bool:
        return self.media_type.startswith("multipart/")

    def with_field(self, name: str, value: Any) -> "FormBody":
        """Return the form with another value of a field; ``UNSET`` leaves the field out."""
        kept = {key: inner for key, inner in self.fields.items() if key != name}
        return FormBody(self.media_type, kept if value is UNSET else {**kept, name: value}, self.files - {name})

    def encode(self) -> bytes:
        """Return the bytes of the form."""
        pairs = [(name, text) for name, value in self.fields.items() for text in _to_field_texts(value)]
        if not self.is_multipart:
            return "&".join(f"{quote_plus(name)}={quote_plus(text)}" for name, text in pairs).encode()
        parts = b"".join(self._encode_part(name, text) for name, text in pairs)
        return parts + f"--{BOUNDARY}--\r\n".encode()

    def _encode_part(self, name: str, text: str) -> bytes:
        quoted = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{quoted}"'
        if name in self.files:
            head += '; filename="specduet.txt"\r\nContent-Type: application/octet-stream'
            return f"{head}\r\n\r\n".encode() + _FILE_CONTENT + b"\r\n"
        return f"{head}\r\n\r\n{text}\r\n".encode(errors="surrogatepass")


def _to_field_texts(value: Any) -> Sequence[str]:
    if isinstance(value, list | tuple):
        return [text for item in value for text in _to_field_texts(item)]
    return [json.dumps(value) if isinstance(value, Mapping) else to_parameter_text(value)]


@dataclass(frozen=True)
class PlannedBody:
    """A body of one media type: a JSON value, a form, or bytes."""

    media_type: str
    json: Any = UNSET
    form: FormBody | None = None
    data: bytes | None = None


def plan_bodies(schemas: Schemas, body: Body) -> Iterator[PlannedBody]:
    """Yield a minimal valid body for each documented media type for which one can be made, the plainest first."""
    json_content = find_json_content(body.content)
    contents = [json_content] if json_content else []
    contents += [content for content in body.content.values() if content is not json_content]
    for content in sorted(contents, key=_rank_media_type):
        planned = _plan_body(schemas, content)
        if planned is not None:
            yield planned


def _rank_media_type(content: Content) -> int:
    media_type = strip_parameters(content.media_type)
    ranks = (is_json(media_type), media_type in FORM_MEDIA_TYPES, media_type == "text/plain", "*" not in media_type)
    return next((rank for rank, matches in enumerate(ranks) if matches), len(ranks))


def _plan_body(schemas: Schemas, content: Content) -> PlannedBody | None:
    media_type = strip_parameters(content.media_type)
    if media_type in FORM_MEDIA_TYPES:
        form = _build_form(schemas, content, media_type)
        return None if form is None else PlannedBody(media_type, form=form)
    value = _build_value(schemas, content)
    if is_json(media_type) or media_type in {"*/*", "application/*"}:
        return None if value is UNSET else PlannedBody(media_type if is_json(media_type) else "application/json", value)
    if "*" in media_type:
        media_type = "text/plain" if media_type == "text/*" else "application/octet-stream"
    if "xml" in media_type:
        return PlannedBody(media_type, data=_encode_xml(content, value))
    if media_type.startswith("text/") and isinstance(value, str):
        return PlannedBody(media_type, data=value.encode(errors="replace") or b"text")
    return PlannedBody(media_type, data=_FILE_CONTENT)


def _build_value(schemas: Schemas, content: Content) -> Any:
    """Return a minimal valid value of a content, ``UNSET`` if there is none."""
    example = next(iter(content.examples.values()), UNSET)
    if not content.has_schema:
        return {} if example is UNSET else example
    value = build_minimal_value(schemas, *locate_content(schemas, content))
    if value is UNSET and example is not UNSET and schemas.validator_at(content.pointer).is_valid(example):
        return example
    return value


def _build_form(schemas: Schemas, content: Content, media_type: str) -> FormBody | None:
    """Return a form with its required fields; None if its schema is no object, or none could be made."""
    if not content.has_schema:
        return FormBody(media_type, {})
    value = _build_value(schemas, content)
    if not isinstance(value, Mapping):
        return None
    fields = list_form_fields(schemas, content) or {}
    files = frozenset(name for name in value if name in fields and is_file_field(schemas, fields[name]))
    return FormBody(media_type, value, files)


def _encode_xml(content: Content, value: Any) -> bytes:
    """Return a value as a small XML document, whose root is the name that the schema gives."""
    xml = content.schema.get("xml") if isinstance(content.schema, Mapping) else None
    reference = content.schema.get("$ref", "") if isinstance(content.schema, Mapping) else ""
    name = xml.get("name") if isinstance(xml, Mapping) else reference.rpartition("/")[2]
    return f'<?xml version="1.0" encoding="UTF-8"?>{_to_element(str(name or "root"), value)}'.encode()


def _to_element(name: str, value: Any) -> str:
    if not name.isidentifier():
        name = "item"
    if isinstance(value, Mapping):
        return f"<{name}>{''.join(_to_element(str(key), inner) for key, inner in value.items())}</{name}>"
    if isinstance(value, list):
        return "".join(_to_element(name, item) for item in value)
    return f"<{name}>{escape('' if value is UNSET else to_parameter_text(value))}</{name}>"
