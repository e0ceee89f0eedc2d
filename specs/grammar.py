"""Grammar of OpenAPI 3: the objects of a document, and what each of their fields holds.

A field that is not listed is kept as it is. 3.0, 3.1 and 3.2 share one grammar: an object that a version does not have
does not occur in it. https://spec.openapis.org/oas/v3.1.1.html#schema-1
"""

from dataclasses import dataclass, field
from typing import Literal

from specduet.specs.request_lines import METHODS

Leaf = Literal["text", "flag", "data", "schema"]
"""``data`` is any value, and is not entered: a reference in it is no reference."""


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list whose items are of one kind."""

    item: "Shape"


@dataclass(frozen=True, slots=True)
class MapOf:
    """A mapping from names to values of one kind; ``x-`` names are extensions where ``extensible``."""

    value: "Shape"
    extensible: bool = False


@dataclass(frozen=True, slots=True)
class ObjectKind:
    """A kind of object."""

    #: as it reads in a sentence: ``a parameter``
    name: str
    fields: dict[str, "Shape"] = field(hash=False)
    #: the section of ``components`` that holds such objects; empty where none does
    section: str = ""


Shape = Leaf | ListOf | MapOf | ObjectKind

_TEXTS: dict[str, Shape] = {"summary": "text", "description": "text"}

SERVER = ObjectKind(
    "a server",
    {"url": "text", "description": "text", "variables": MapOf(ObjectKind("a server variable", {"default": "text"}))},
)
EXAMPLE = ObjectKind(
    "an example",
    {**_TEXTS, "value": "data", "externalValue": "text", "dataValue": "data", "serializedValue": "text"},
    "examples",
)
LINK = ObjectKind("a link", {"operationId": "text", "operationRef": "text", "description": "text"}, "links")
_MEDIA_TYPE_FIELDS: dict[str, Shape] = {
    "schema": "schema",
    "itemSchema": "schema",
    "example": "data",
    "examples": MapOf(EXAMPLE),
}
MEDIA_TYPE = ObjectKind("a media type", _MEDIA_TYPE_FIELDS)
_VALUE_FIELDS: dict[str, Shape] = {
    "description": "text",
    "required": "flag",
    "deprecated": "flag",
    "style": "text",
    "explode": "flag",
    "schema": "schema",
    "example": "data",
    "examples": MapOf(EXAMPLE),
    "content": MapOf(MEDIA_TYPE),
}
HEADER = ObjectKind("a header", _VALUE_FIELDS, "headers")
PARAMETER = ObjectKind(
    "a parameter",
    {**_VALUE_FIELDS, "name": "text", "in": "text", "allowReserved": "flag", "allowEmptyValue": "flag"},
    "parameters",
)
_MEDIA_TYPE_FIELDS["encoding"] = MapOf(
    ObjectKind(
        "an encoding",
        {"contentType": "text", "headers": MapOf(HEADER), "style": "text", "explode": "flag", "allowReserved": "flag"},
    )
)
REQUEST_BODY = ObjectKind(
    "a request body", {"description": "text", "required": "flag", "content": MapOf(MEDIA_TYPE)}, "requestBodies"
)
RESPONSE = ObjectKind(
    "a response",
    {"description": "text", "headers": MapOf(HEADER), "content": MapOf(MEDIA_TYPE), "links": MapOf(LINK)},
    "responses",
)
REQUIREMENT = ObjectKind("a security requirement", {})
SECURITY_SCHEME = ObjectKind(
    "a security scheme",
    {"type": "text", "description": "text", "name": "text", "in": "text", "scheme": "text", "bearerFormat": "text"},
    "securitySchemes",
)
_OPERATION_FIELDS: dict[str, Shape] = {
    **_TEXTS,
    "operationId": "text",
    "deprecated": "flag",
    "parameters": ListOf(PARAMETER),
    "requestBody": REQUEST_BODY,
    "responses": MapOf(RESPONSE, extensible=True),
    "security": ListOf(REQUIREMENT),
    "servers": ListOf(SERVER),
}
OPERATION = ObjectKind("an operation", _OPERATION_FIELDS)
PATH_ITEM = ObjectKind(
    "a path item",
    {
        **_TEXTS,
        "parameters": ListOf(PARAMETER),
        "servers": ListOf(SERVER),
        **dict.fromkeys(METHODS, OPERATION),
    },
    "pathItems",
)
CALLBACK = ObjectKind("a callback", {}, "callbacks")
CALLBACK_PATHS = MapOf(PATH_ITEM, extensible=True)
"""What a callback holds."""
_OPERATION_FIELDS["callbacks"] = MapOf(CALLBACK)
INFO = ObjectKind("an info object", {"title": "text", "version": "text", **_TEXTS})
COMPONENTS = ObjectKind(
    "components",
    {
        "schemas": MapOf("schema"),
        **{
            kind.section: MapOf(kind)
            for kind in (
                RESPONSE,
                PARAMETER,
                EXAMPLE,
                REQUEST_BODY,
                HEADER,
                SECURITY_SCHEME,
                LINK,
                CALLBACK,
                PATH_ITEM,
            )
        },
    },
)
DOCUMENT = ObjectKind(
    "a document",
    {
        "components": COMPONENTS,  # first: what they hold is then known to the references of all others
        "info": INFO,
        "servers": ListOf(SERVER),
        "security": ListOf(REQUIREMENT),
        "paths": MapOf(PATH_ITEM, extensible=True),
        "webhooks": MapOf(PATH_ITEM),
    },
)

SCHEMA_MAPS = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
SCHEMA_LISTS = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
SCHEMA_PARTS = frozenset(
    {
        "items",
        "additionalProperties",
        "not",
        "if",
        "then",
        "else",
        "contains",
        "propertyNames",
        "unevaluatedItems",
        "unevaluatedProperties",
        "contentSchema",
    }
)
SCHEMA_FIELDS: dict[str, Shape] = {
    **dict.fromkeys(SCHEMA_MAPS, MapOf("schema")),
    **dict.fromkeys(SCHEMA_LISTS, ListOf("schema")),
    **dict.fromkeys(SCHEMA_PARTS, "schema"),
}
"""What each keyword with schemas in it holds."""
