"""Forms with one field changed: each candidate text of a field, and each field left out."""

from collections.abc import Iterator
from dataclasses import replace

from msgspec import UNSET

from specduet.contracts.generation import mutations
from specduet.contracts.generation.known_values import PlannedRequest
from specduet.contracts.generation.minimal_values import build_minimal_value
from specduet.contracts.oracle.form_body import FormField, is_file_field, list_form_fields
from specduet.contracts.oracle.media_types import find_content
from specduet.contracts.oracle.schema_access import list_types, strip_null
from specduet.specs import Body, Schemas

_MAX_FIELDS = 40


def vary_form(schemas: Schemas, body: Body, request: PlannedRequest) -> Iterator[PlannedRequest]:
    """Yield a request with other values in each field of its form; nothing for a body that is no form."""
    form = request.form
    content = find_content(body.content, form.media_type) if form else None
    fields = list_form_fields(schemas, content) if content is not None and content.has_schema else None
    if form is None or fields is None:
        return
    for name, field in list(fields.items())[:_MAX_FIELDS]:
        if name in form.fields:
            yield replace(request, form=form.with_field(name, UNSET))
        if is_file_field(schemas, field):
            if form.is_multipart:
                added_file = replace(form.with_field(name, "file"), files=form.files | {name})
                yield replace(request, form=added_file)
            continue
        for value in _field_values(schemas, field):
            yield replace(request, form=form.with_field(name, value))


def _field_values(schemas: Schemas, field: FormField) -> Iterator[object]:
    """Yield values of a field: texts of a scalar, and an array of one and of two items."""
    schema, pointer, _ = strip_null(schemas, field.schema, field.pointer)
    if "array" in list_types(schema):
        item = build_minimal_value(schemas, schema.get("items", {}), f"{pointer}/items")
        yield from () if item is UNSET else ([item], [item, item])
    elif "object" not in list_types(schema):
        yield from mutations.candidate_texts(schemas, field.schema, field.pointer)
