"""Form bodies of requests (``application/x-www-form-urlencoded``, ``multipart/form-data``), judged field by field."""

from collections.abc import Iterator, Mapping, Sequence
from email.message import Message
from email.parser import BytesParser
from typing import Any, NamedTuple

from specduet.contracts.oracle import json_values
from specduet.contracts.oracle.json_values import InvalidLocation
from specduet.contracts.oracle.scalars import ScalarVerdict
from specduet.contracts.oracle.schema_access import (
    get_count,
    list_branches,
    list_properties,
    list_required,
    list_types,
    locate_content,
    resolve_schema,
    strip_null,
)
from specduet.contracts.oracle.url_text import DecodedText, split_pairs
from specduet.specs import Content, Schema, Schemas

_UNCLEAR_KEYWORDS = frozenset({"anyOf", "oneOf", "not", "if", "$dynamicRef", "patternProperties", "dependentRequired"})
_MAX_DEPTH = 10


class FormField(NamedTuple):
    """One field that a form documents."""

    schema: Any
    pointer: str
    required: bool


def list_form_fields(schemas: Schemas, content: Content) -> dict[str, FormField] | None:
    """Return the fields of a form by name, None where its schema leaves open which there are."""
    fields: dict[str, FormField] = {}
    return fields if _collect_fields(schemas, *locate_content(schemas, content), fields, 0) else None


def _collect_fields(schemas: Schemas, schema: Any, pointer: str, fields: dict[str, FormField], depth: int) -> bool:
    """Add the fields of a schema and of the parts of its ``allOf``; return False where they are not certain."""
    schema, pointer = resolve_schema(schemas, schema, pointer)
    if _UNCLEAR_KEYWORDS & schema.keys() or depth > _MAX_DEPTH:
        return False
    required = list_required(schema)
    for name, inner, inner_pointer in list_properties(schema, pointer):
        is_required = name in required or (name in fields and fields[name].required)
        fields[name] = FormField(inner, inner_pointer, is_required)
    for name in required:
        known = fields.get(name, FormField({}, pointer, required=True))
        fields[name] = known._replace(required=True)
    branches = list_branches(schema, pointer, "allOf")
    return all(_collect_fields(schemas, branch, at, fields, depth + 1) for _, branch, at in branches)


def is_file_field(schemas: Schemas, field: FormField) -> bool:
    """Return whether a field takes a file (OAS 3.0, 4.7.14.4: ``format: binary``; 3.1: a ``contentMediaType``)."""
    schema, pointer, _ = strip_null(schemas, field.schema, field.pointer)
    if "array" in list_types(schema) and "items" in schema:
        schema, _, _ = strip_null(schemas, schema["items"], f"{pointer}/items")
    return schema.get("format") in {"binary", "byte"} or "contentMediaType" in schema or not schema


# ---------------------------------------------------------------------------------------------------------- judging


def find_invalid_fields(
    schemas: Schemas, content: Content, body: bytes, content_type: str
) -> list[InvalidLocation] | None:
    """Return the fields of a form body that are invalid or lenient; None where the body as a whole is lenient."""
    fields = list_form_fields(schemas, content)
    is_multipart = content_type.lower().startswith("multipart/")
    texts = _read_multipart(body, content_type) if is_multipart else _read_urlencoded(body)
    if fields is None or texts is None:
        return None
    encoded = _list_encoded_fields(schemas, content)
    found: list[InvalidLocation] = []
    for name, field in fields.items():
        sent = [text for sent_name, text in texts if sent_name == name]
        for judged in _judge_field(schemas, field, sent):
            is_certain = name not in encoded or not sent
            verdict = judged.verdict if is_certain else "lenient"
            found.append(InvalidLocation(("body", name), verdict, judged.reason, field.pointer))
    # most servers ignore a field that is not documented, strict ones reject it, and others read nested names from it
    undeclared = dict.fromkeys(name for name, _ in texts if name not in fields)
    found += [InvalidLocation(("body", name), "lenient", "is not declared", content.pointer) for name in undeclared]
    return found


def _list_encoded_fields(schemas: Schemas, content: Content) -> frozenset[str]:
    """Return the fields for which the document describes an encoding of their own."""
    try:
        encoding = schemas.node_at(content.pointer.removesuffix("/schema")).get("encoding")
    except (KeyError, AttributeError):
        return frozenset()
    return frozenset(encoding) if isinstance(encoding, Mapping) else frozenset()


def _judge_field(schemas: Schemas, field: FormField, sent: Sequence[DecodedText | bytes]) -> Iterator[ScalarVerdict]:
    """Yield the verdicts on a field that are not ``valid``."""
    schema, pointer, is_nullable = strip_null(schemas, field.schema, field.pointer)
    types = list_types(schema)
    if not sent:
        if field.required:
            is_optional = is_nullable or "default" in schema or "array" in types  # no item, no pair
            yield ScalarVerdict("lenient" if is_optional else "invalid", "is missing")
    elif "object" in types or (is_file_field(schemas, field) and not all(isinstance(text, bytes) for text in sent)):
        yield ScalarVerdict("lenient", "is written differently by servers")
    elif "array" in types:
        yield from _judge_items(schemas, schema, pointer, sent)
    elif len(sent) > 1:
        yield ScalarVerdict("lenient", "is given more than once")
    else:
        yield from _judge_text(schemas, field.schema, field.pointer, sent[0])


def _judge_items(
    schemas: Schemas, schema: Schema, pointer: str, sent: Sequence[DecodedText | bytes]
) -> Iterator[ScalarVerdict]:
    """Judge an array that is sent as one field for each item."""
    minimum, maximum = get_count(schema, "minItems") or 0, get_count(schema, "maxItems")
    if len(sent) < minimum or (maximum is not None and len(sent) > maximum) or "uniqueItems" in schema:
        yield ScalarVerdict("lenient", "is split into items differently by servers")
    for text in sent:
        yield from _judge_text(schemas, schema.get("items", True), f"{pointer}/items", text)


def _judge_text(schemas: Schemas, schema: Any, pointer: str, text: DecodedText | bytes) -> Iterator[ScalarVerdict]:
    if isinstance(text, bytes):
        inner, _, _ = strip_null(schemas, schema, pointer)
        if list_types(inner) not in {("string",), ()}:
            yield ScalarVerdict("lenient", "is a file, which servers read differently")
    elif not text.is_unambiguous or not text.value.strip() or "," in text.value:
        yield ScalarVerdict("lenient", "is read differently by servers")
    else:
        judged = json_values.judge_text(schemas, schema, pointer, text.value)
        if judged.verdict != "valid":
            yield judged


# ---------------------------------------------------------------------------------------------------------- reading


def _read_urlencoded(body: bytes) -> list[tuple[str, DecodedText | bytes]] | None:
    try:
        return list(split_pairs(body.decode("ascii")))
    except UnicodeDecodeError:
        return None


def _read_multipart(body: bytes, content_type: str) -> list[tuple[str, DecodedText | bytes]] | None:
    """Return the parts by name, files as bytes; None for a body that is no multipart body."""
    message: Message = BytesParser().parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    if not message.is_multipart() or message.defects:
        return None
    parts: list[tuple[str, DecodedText | bytes]] = []
    for part in message.get_payload():
        if not isinstance(part, Message):
            return None
        name, payload = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
        if not isinstance(name, str) or not isinstance(payload, bytes):
            return None
        if part.get_filename() is not None or part.get_content_type() != "text/plain":
            parts.append((name, payload))
        else:
            text = payload.decode(errors="replace")
            parts.append((name, DecodedText(text, text.isascii() and text.isprintable())))
    return parts
