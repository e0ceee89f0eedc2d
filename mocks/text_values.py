"""Values of texts: on the wire, parameters and form fields have no types, so their schemas tell what they are.

For example ``{"ids": ["1"], "all": "true"}`` for the texts ``{"ids": "1", "all": "true"}``, where ``ids`` is an array
of integers and ``all`` a boolean.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from specduet.mocks.json_codec import parse_json_text
from specduet.specs import Schema, Schemas
from specduet.specs.schemas import escape_pointer

Pointers = tuple[str, ...]
"""Where the schemas of one value stand: a property may be described in several parts of an ``allOf``."""

_INTEGER = re.compile(r"-?[0-9]{1,4000}").fullmatch  # Python reads no more than 4,300 digits
_NUMBER = re.compile(r"-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,4})?").fullmatch
_BOOLEANS = {"true": True, "false": False}
_BRANCHES = ("allOf", "anyOf", "oneOf")
_SCALARS = frozenset({"string", "integer", "number", "boolean"})
_JSON_TYPES: Mapping[type, str] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
    list: "array",
    dict: "object",
}


class TextReader:
    """The reader of texts by the schemas of one document."""

    def __init__(self, schemas: Schemas, *, reads_forms: bool = False) -> None:
        """In forms, an empty text may be null, and objects may be JSON (OAS 3.1, 4.8.14.4)."""
        self._schemas = schemas
        self._reads_forms = reads_forms
        self._parts: dict[Pointers, Mapping[str, Schema]] = {}
        self._types: dict[Pointers, frozenset[str]] = {}

    def list_types(self, *pointers: str) -> frozenset[str]:
        """Return the JSON types that the schemas name, those of all alternatives together."""
        types = self._types.get(pointers)
        if types is None:
            parts = self._find_parts(pointers).values()
            types = self._types[pointers] = frozenset(name for schema in parts for name in _list_own_types(schema))
        return types

    def list_properties(self, pointer: str) -> set[str]:
        """Return the names of the properties that the schema at a pointer declares, in all of its parts."""
        return {
            name
            for schema in self._find_parts((pointer,)).values()
            if isinstance(schema.get("properties"), Mapping)
            for name in schema["properties"]
        }

    def describes_other_properties(self, pointer: str) -> bool:
        """Return True if the schema has a place for properties that it does not declare."""
        return any(
            isinstance(schema.get("additionalProperties"), Mapping) or "patternProperties" in schema
            for schema in self._find_parts((pointer,)).values()
        )

    def arrange_texts(self, texts: Any, *pointers: str) -> Any:
        """Return texts as the schemas nest them: a list for a single text that stands for an array, and so on."""
        if isinstance(texts, Mapping):
            return self._arrange_object(texts, pointers)
        types = self.list_types(*pointers)
        if isinstance(texts, list) and len(texts) == 1 and self._is_json_list(texts[0], types):
            return texts[0]
        if isinstance(texts, list) and ("array" in types or (not types and len(texts) > 1)):
            return [self.arrange_texts(text, *self._find_item_pointers(pointers)) for text in texts]
        text = texts[-1] if isinstance(texts, list) else texts
        if isinstance(text, Mapping):
            return self._arrange_object(text, pointers)
        if "array" in types and not types & _SCALARS and not self._is_json_text(text, types):
            return [self.arrange_texts(text, *self._find_item_pointers(pointers))]
        return text

    def _arrange_object(self, texts: Mapping[str, Any], pointers: Pointers) -> Any:
        """Return an object; an array where all names are indexes, as in ``ids[0]=1&ids[]=2``."""
        types = self.list_types(*pointers)
        is_indexed = all(name == "" or (name.isdecimal() and len(name) < 6) for name in texts)
        if is_indexed and ("array" in types or (set(texts) == {""} and "object" not in types)):
            items: list[Any] = []
            for name in sorted(texts, key=lambda name: int(name or 0)):
                items += texts[name] if isinstance(texts[name], list) else [texts[name]]
            return [self.arrange_texts(item, *self._find_item_pointers(pointers)) for item in items]
        return {
            name: self.arrange_texts(text, *self._find_property_pointers(name, pointers))
            for name, text in texts.items()
        }

    def convert_texts(self, texts: Any, *pointers: str, prefers_text: bool = False) -> Any:
        """Return the JSON value of texts that were arranged; ``prefers_text`` where a text could be a number, too."""
        if isinstance(texts, Mapping):
            return {
                name: self.convert_texts(text, *self._find_property_pointers(name, pointers), prefers_text=prefers_text)
                for name, text in texts.items()
            }
        if isinstance(texts, list):
            at = self._find_item_pointers(pointers)
            return [self.convert_texts(text, *at, prefers_text=prefers_text) for text in texts]
        types = self.list_types(*pointers)
        if self._is_json_text(texts, types):
            return parse_json_text(texts)
        candidates = list(self._list_candidates(texts, types))
        if len(candidates) == 1 or ("string" not in types and "null" not in types):
            return candidates[0]
        ordered = candidates[::-1] if prefers_text else candidates
        return next((value for value in ordered if self._is_valid(value, pointers)), candidates[0])

    def _is_json_text(self, text: Any, types: frozenset[str]) -> bool:
        """Return True if a form field can be nothing but JSON: an object, or an array in one text."""
        if not self._reads_forms or not isinstance(text, str) or types & _SCALARS:
            return False
        starts = {"object": "{", "array": "["}
        return any(kind in types and text.lstrip().startswith(start) for kind, start in starts.items())

    def _is_json_list(self, text: Any, types: frozenset[str]) -> bool:
        """Return True if the only text of an array is the whole array in JSON, as a part of that media type is."""
        return "array" in types and self._is_json_text(text, types) and isinstance(parse_json_text(text), list)

    def _list_candidates(self, text: str, types: frozenset[str]) -> Iterator[Any]:
        """Yield the JSON values that a text may stand for, itself last."""
        if self._reads_forms and not text and "null" in types:
            yield None
        if types & {"integer", "number"} and _INTEGER(text):
            yield int(text)
        elif "number" in types and _NUMBER(text) and math.isfinite(float(text)):
            yield float(text)
        if "boolean" in types and text in _BOOLEANS:
            yield _BOOLEANS[text]
        yield text

    def _is_valid(self, value: Any, pointers: Pointers) -> bool:
        return any(self._schemas.validator_at(pointer).is_valid(value) for pointer in pointers)

    def _find_item_pointers(self, pointers: Pointers) -> Pointers:
        """Return the pointers to the schemas of the items of an array, those of a tuple taken together."""
        parts = self._find_parts(pointers).items()
        lists = [(f"{at}/prefixItems", schema.get("prefixItems")) for at, schema in parts]
        of_tuples = [f"{at}/{index}" for at, items in lists if isinstance(items, list) for index in range(len(items))]
        return (*(f"{at}/items" for at, schema in parts if isinstance(schema.get("items"), Mapping)), *of_tuples)

    def _find_property_pointers(self, name: str, pointers: Pointers) -> Pointers:
        """Return the pointers to the schemas of a property, those for any other property if there is none."""
        parts = self._find_parts(pointers).items()
        step = f"properties/{escape_pointer(name)}"
        declared = [f"{at}/{step}" for at, schema in parts if name in (schema.get("properties") or ())]
        if declared:
            return tuple(declared)
        others = [(f"{at}/patternProperties", schema.get("patternProperties")) for at, schema in parts]
        matched = [
            f"{at}/{escape_pointer(pattern)}"
            for at, found in others
            if isinstance(found, Mapping)
            for pattern in found
            if _matches_pattern(pattern, name)
        ]
        keyword = "additionalProperties"
        return (*matched, *(f"{at}/{keyword}" for at, schema in parts if isinstance(schema.get(keyword), Mapping)))

    def _find_parts(self, pointers: Pointers) -> Mapping[str, Schema]:
        """Return the schemas behind references, and all of their parts and alternatives, by pointer."""
        if pointers not in self._parts:
            found: dict[str, Schema] = {}
            for pointer in pointers:
                self._collect_parts(pointer, found)
            self._parts[pointers] = found
        return self._parts[pointers]

    def _collect_parts(self, pointer: str, found: dict[str, Schema]) -> None:
        try:
            schema = self._schemas.node_at(pointer)
        except KeyError:
            return
        if pointer in found or not isinstance(schema, Mapping):
            return
        found[pointer] = schema
        if "$ref" in schema:
            try:
                self._collect_parts(self._schemas.resolve({"$ref": schema["$ref"]}, pointer)[1], found)
            except KeyError:
                return
        for keyword in _BRANCHES:
            for index, _ in enumerate(schema.get(keyword) or ()):
                self._collect_parts(f"{pointer}/{keyword}/{index}", found)
        for keyword in ("then", "else"):
            if keyword in schema:
                self._collect_parts(f"{pointer}/{keyword}", found)


def _list_own_types(schema: Schema) -> Iterable[str]:
    """Return the types that a schema names itself, by its keywords or its members."""
    kind = schema.get("type")
    if kind is not None:
        return [kind] if isinstance(kind, str) else kind
    members: Sequence[Any] = [schema["const"]] if "const" in schema else schema.get("enum") or ()
    if members:
        return [_JSON_TYPES[type(member)] for member in members if type(member) in _JSON_TYPES]
    if "properties" in schema or "additionalProperties" in schema:
        return ["object"]
    return ["array"] if "items" in schema or "prefixItems" in schema else ()


def _matches_pattern(pattern: str, name: str) -> bool:
    """Return True if a name matches; False for a pattern that no engine takes."""
    from specduet.specs.patterns import compile_pattern  # only schemas with ``patternProperties`` pay for the import

    try:
        return compile_pattern(pattern).is_match(name)
    except ValueError:
        return False
