"""Values as XML, by the ``xml`` objects of their schemas (OAS 3.1, 4.8.26).

``{"id": 7, "tags": ["a"]}`` of a schema called Pet becomes ``<Pet><id>7</id><tags>a</tags></Pet>``.
"""

import re
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

from specduet.specs import Schema, Schemas

_NAME = re.compile(r"[A-Za-z_][\w.\-]*(:[A-Za-z_][\w.\-]*)?", re.ASCII)
# XML 1.0, section 2.2: everything else cannot stand in a document
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def encode_xml(value: Any, schemas: Schemas, schema: Schema, pointer: str) -> bytes:
    """Return a value as an XML document; the root is named by the schema, else by its component."""
    resolved, at = schemas.split_null(schema, pointer)[:2] if isinstance(schema, Mapping) else ({}, pointer)
    component = at.rpartition("/")[2] if at.startswith("/components/schemas/") and at.count("/") == 3 else "response"
    root = ET.Element(_name_element(_get_xml(resolved), component))
    if isinstance(value, list):
        items, items_pointer = _get_items(resolved, at)
        for item in value:
            _append_value(root, item, "item", (schemas, items, items_pointer))
    else:
        _fill_element(root, value, (schemas, resolved, at))
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}'.encode("utf-8", "replace")


def _fill_element(element: ET.Element, value: Any, located: tuple[Schemas, Any, str]) -> None:
    schemas, schema, pointer = located
    _set_namespace(element, _get_xml(schema))
    if not isinstance(value, dict):
        element.text = _to_text(value)
        return
    properties = _collect_properties(schemas, schema, pointer)
    for name, item in value.items():
        inner, at = properties.get(name, ({}, pointer))
        inner, at = schemas.split_null(inner, at)[:2] if isinstance(inner, Mapping) else ({}, at)
        xml = _get_xml(inner)
        if xml.get("attribute") and not isinstance(item, dict | list):
            element.set(_name_element(xml, name), _to_text(item))
        else:
            _append_value(element, item, name, (schemas, inner, at))


def _append_value(parent: ET.Element, value: Any, name: str, located: tuple[Schemas, Any, str]) -> None:
    """Append the element of a value, or the elements of a list, which one more stands around if it is wrapped."""
    schemas, schema, pointer = located
    schema, pointer = schemas.split_null(schema, pointer)[:2] if isinstance(schema, Mapping) else ({}, pointer)
    xml = _get_xml(schema)
    if not isinstance(value, list):
        _fill_element(ET.SubElement(parent, _name_element(xml, name)), value, (schemas, schema, pointer))
        return
    if xml.get("wrapped"):
        parent = ET.SubElement(parent, _name_element(xml, name))
        _set_namespace(parent, xml)
    items, items_pointer = _get_items(schema, pointer)
    for item in value:
        _append_value(
            parent, item, name if xml.get("wrapped") else _name_element(xml, name), (schemas, items, items_pointer)
        )


def _collect_properties(schemas: Schemas, schema: Any, pointer: str) -> dict[str, tuple[Any, str]]:
    """Return the properties of a schema and of its ``allOf``, with their pointers."""
    found: dict[str, tuple[Any, str]] = {}
    if isinstance(schema, Mapping):
        for index, part in enumerate(schema.get("allOf", ())):
            found |= _collect_properties(schemas, *schemas.resolve(part, f"{pointer}/allOf/{index}"))
        for name, inner in schema.get("properties", {}).items():
            found[name] = (inner, f"{pointer}/properties/{name.replace('~', '~0').replace('/', '~1')}")
    return found


def _get_items(schema: Any, pointer: str) -> tuple[Any, str]:
    return (schema.get("items", {}) if isinstance(schema, Mapping) else {}), f"{pointer}/items"


def _get_xml(schema: Any) -> Mapping[str, Any]:
    xml = schema.get("xml") if isinstance(schema, Mapping) else None
    return xml if isinstance(xml, Mapping) else {}


def _name_element(xml: Mapping[str, Any], name: str) -> str:
    """Return the name of an element or attribute; characters that XML does not allow in one become ``_``."""
    name = str(xml.get("name") or name)
    if not _NAME.fullmatch(name):
        name = re.sub(r"[^\w.\-]", "_", name, flags=re.ASCII)
        name = name if _NAME.fullmatch(name) else f"_{name}"
    prefix = xml.get("prefix")
    return f"{prefix}:{name}" if isinstance(prefix, str) and xml.get("namespace") and _NAME.fullmatch(prefix) else name


def _set_namespace(element: ET.Element, xml: Mapping[str, Any]) -> None:
    if isinstance(xml.get("namespace"), str):
        prefix = xml.get("prefix")
        element.set(
            f"xmlns:{prefix}" if isinstance(prefix, str) and _NAME.fullmatch(prefix) else "xmlns", xml["namespace"]
        )


def _to_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else _FORBIDDEN.sub("", str(value))
