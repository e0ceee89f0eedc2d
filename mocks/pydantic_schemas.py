"""Pydantic types compiled from JSON schemas: the types that the schemas may have been generated from.

The mock's error responses read as FastAPI's because the same validator makes them: the pydantic that is installed,
through its public API alone. Keywords that pydantic has no word for are left out, and the validator is then not
``is_complete``: the caller holds the value to jsonschema-rs as well.

Importing pydantic takes about 60 ms. Hence other modules import this one where a request first needs it.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from types import GenericAlias
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, TypeAdapter, ValidationError

from specduet.mocks.integer_formats import bound_integers
from specduet.mocks.pydantic_types import (
    is_model,
    make_enum,
    make_literal,
    make_model,
    make_reference,
    make_root,
    make_union,
)
from specduet.specs import Schema, Schemas
from specduet.specs.schemas import escape_pointer

# Annotations, and keywords of OpenAPI that no value can violate.
_SILENT = {
    *("$comment", "$defs", "$id", "$ref", "$schema", "contentEncoding", "contentMediaType", "default", "deprecated"),
    *("description", "discriminator", "example", "examples", "externalDocs", "nullable", "readOnly", "title", "type"),
    *("writeOnly", "xml"),
}
_FORMATS: Mapping[str, type] = {
    "uuid": UUID,
    "date-time": datetime,
    "date": date,
    "time": time,
    "duration": timedelta,
}
_UNCHECKED_FORMATS = {"int32", "int64", "float", "double", "password", "binary", "byte", "path", "char"}
_BOUNDS = {
    "minimum": "ge",
    "maximum": "le",
    "exclusiveMinimum": "gt",
    "exclusiveMaximum": "lt",
    "multipleOf": "multiple_of",
}
_LENGTHS = {"minLength": "min_length", "maxLength": "max_length"}
_SIZES = {"minItems": "min_length", "maxItems": "max_length"}
_MAP_SIZES = {"minProperties": "min_length", "maxProperties": "max_length"}
_SCALARS = {"string", "integer", "number", "boolean", "null"}
_NOTHING: frozenset[str] = frozenset()


class PydanticValidator:
    """Validates values against a pydantic type."""

    is_complete: bool
    """True where the type says everything that the JSON schema says."""

    def __init__(self, annotation: Any, *, is_complete: bool) -> None:
        adapter: TypeAdapter[Any] = TypeAdapter(annotation)
        adapter.rebuild()  # the models are deferred, see `pydantic_types`, and so is an adapter of one of them
        self._validate = adapter.validator.validate_python
        self.is_complete = is_complete

    def validate(self, value: Any) -> tuple[Any, list[dict[str, Any]]]:
        """Return the value as pydantic converts it, and no errors; or None and pydantic's errors."""
        try:
            return self._validate(value, from_attributes=True), []
        except ValidationError as error:
            errors: list[Any] = error.errors(include_url=False)
            return None, errors


def compile_validator(schemas: Schemas, pointer: str) -> PydanticValidator:
    """Return the validator of the schema at a pointer; one that takes anything where pydantic cannot say the schema."""
    compiler = _TypeCompiler(schemas)
    try:
        annotation = compiler.compile_type(schemas.node_at(pointer), pointer)
        return PydanticValidator(annotation, is_complete=compiler.is_complete)
    except Exception:  # noqa: BLE001  # pydantic exports no class for the error of a type that it cannot build
        return PydanticValidator(Any, is_complete=False)


class _TypeCompiler:
    """Compiles the schemas of one validator; each component that they refer to is compiled once."""

    def __init__(self, schemas: Schemas) -> None:
        self.schemas = schemas
        self.is_complete = True
        self._components: dict[str, Any] = {}
        self._entered: set[str] = set()
        self._recursive: set[str] = set()

    def compile_type(self, schema: Any, pointer: str) -> Any:
        """Return the type of the schema that stands at ``pointer``."""
        if not isinstance(schema, Mapping):
            self.is_complete = self.is_complete and schema is True
            return Any
        resolved, at = self.schemas.resolve(schema, pointer)
        if "$ref" in schema and set(schema) <= _SILENT:
            return self.compile_component(resolved, at)
        return self.compile_resolved(resolved, at)

    def compile_component(self, schema: Schema, pointer: str) -> Any:
        """Return the type of a schema that may stand in several places, and within itself."""
        if pointer in self._entered and pointer not in self._components:
            self._recursive.add(pointer)
            return make_reference(self._components, pointer)
        if pointer not in self._components:
            self._entered.add(pointer)
            compiled = self.compile_resolved(schema, pointer)
            if pointer in self._recursive and not is_model(compiled):  # pydantic can refer back to models alone
                compiled = make_root(_name_type(schema, pointer), compiled)
            self._components[pointer] = compiled
        return self._components[pointer]

    def compile_resolved(self, schema: Schema, pointer: str) -> Any:
        """Return the type of a schema that is no reference."""
        for keyword in ("anyOf", "oneOf"):
            if keyword in schema:
                self.note_unsupported_keywords(schema, {"anyOf"})  # `oneOf` also says that one alternative alone fits
                return self.compile_union(schema[keyword], f"{pointer}/{keyword}")
        if "allOf" in schema and "type" not in schema and "properties" not in schema:
            return self.compile_all_of(schema, pointer)
        if "enum" in schema or "const" in schema:
            return self.compile_enum(schema, pointer)
        kinds = schema.get("type")
        if isinstance(kinds, list):
            choices = [None if kind == "null" else self.compile_typed(kind, schema, pointer) for kind in kinds]
            return make_union(choices)
        return self.compile_typed(kinds, schema, pointer)

    def compile_union(self, branches: list[Schema], pointer: str) -> Any:
        """Return the union of the types of all alternatives."""
        return make_union(self.compile_type(branch, f"{pointer}/{index}") for index, branch in enumerate(branches))

    def compile_all_of(self, schema: Schema, pointer: str) -> Any:
        """Return the type of the one part of an ``allOf``, or of the first scalar: the other parts only limit it."""
        parts = schema["allOf"]
        self.note_unsupported_keywords(schema, {"allOf"} if len(parts) == 1 else _NOTHING)
        for index, part in enumerate(parts):
            at = f"{pointer}/allOf/{index}"
            kind = self.schemas.resolve(part, at)[0].get("type")
            if len(parts) == 1 or (isinstance(kind, str) and kind in _SCALARS):
                return self.compile_type(part, at)
        return Any

    def compile_enum(self, schema: Schema, pointer: str) -> Any:
        """Return an ``Enum`` for a component and a ``Literal`` for members in place: so pydantic writes them."""
        values = [schema["const"]] if "const" in schema else list(schema["enum"])
        self.note_unsupported_keywords(schema, {"const", "enum"})
        present = [value for value in values if value is not None]
        if not all(isinstance(value, str | int | float) for value in present):
            self.is_complete = False
            return Any
        if not present:
            return make_literal([None])
        if _is_component(pointer) and "const" not in schema:
            members = make_enum(_name_type({}, pointer), present)
        else:
            members = make_literal(present)
        return make_union([members, None] if len(present) < len(values) else [members])

    def compile_typed(self, kind: Any, schema: Schema, pointer: str) -> Any:
        """Return the type for one JSON type, with the limits of the schema."""
        match kind:
            case "string":
                return self.compile_string(schema)
            case "integer":
                return self.compile_integer(schema)
            case "number":  # no JSON text has a NaN
                return self.limit_type(Annotated[float, Field(allow_inf_nan=False)], schema, _BOUNDS)
            case "object":
                return self.compile_object(schema, pointer)
            case "array":
                items = self.compile_type(schema.get("items", True), f"{pointer}/items")
                return self.limit_type(GenericAlias(list, items), schema, _SIZES, {"items"})
        self.note_unsupported_keywords(schema, _NOTHING)
        return {"boolean": bool, "null": None}.get(kind, Any)

    def compile_integer(self, schema: Schema) -> Any:
        """Return ``int`` with its bounds; one that is no integer itself is left to jsonschema-rs."""
        schema = bound_integers(schema)
        bounds = {name: int(schema[name]) for name in _BOUNDS if schema.get(name, 0.5) % 1 == 0}
        return self.limit_type(int, {**schema, **bounds}, {name: _BOUNDS[name] for name in bounds})

    def compile_string(self, schema: Schema) -> Any:
        """Return ``str`` with its limits, or the type that stands for its format."""
        form = schema.get("format")
        known = _FORMATS.get(str(form))
        if known is not None:
            return self.limit_type(known, schema, {}, {"format"})
        supported = {"format"} if form in _UNCHECKED_FORMATS else set()
        limited = self.limit_type(str, schema, _LENGTHS, supported)  # a pattern is jsonschema-rs's to decide about,
        if "pattern" in schema and _is_supported_pattern(schema["pattern"]):  # which knows ECMA-262
            return Annotated[limited, Field(pattern=schema["pattern"])]
        return limited

    def compile_object(self, schema: Schema, pointer: str) -> Any:
        """Return a model, or a ``dict`` where the schema names no properties."""
        additional = schema.get("additionalProperties", True)
        required = set(schema.get("required", ()))
        if "properties" not in schema:
            supported = {"additionalProperties"} | ({"required"} if not required else set())
            values = self.compile_type(additional, f"{pointer}/additionalProperties")
            return self.limit_type(GenericAlias(dict, (str, values)), schema, _MAP_SIZES, supported)
        supported = {"properties"} | ({"additionalProperties"} if isinstance(additional, bool) else set())
        if required <= set(schema["properties"]):
            supported.add("required")
        self.note_unsupported_keywords(schema, supported)
        fields: dict[str, tuple[Any, bool]] = {}
        for name, inner in schema["properties"].items():
            annotation = self.compile_type(inner, f"{pointer}/properties/{escape_pointer(name)}")
            fields[name] = (annotation, name in required)
        return make_model(_name_type(schema, pointer), fields, allows_others=additional is not False)

    def limit_type(
        self, annotation: Any, schema: Schema, names: Mapping[str, str], supported: Iterable[str] = _NOTHING
    ) -> Any:
        """Return ``annotation`` with the limits of ``schema``; ``names`` are pydantic's names of its keywords."""
        limits: dict[str, Any] = {names[keyword]: schema[keyword] for keyword in names if keyword in schema}
        self.note_unsupported_keywords(schema, {*names, *supported})
        return Annotated[annotation, Field(**limits)] if limits else annotation

    def note_unsupported_keywords(self, schema: Schema, supported: Iterable[str]) -> None:
        """Note in ``is_complete`` that a schema says more than pydantic supports."""
        keywords = {keyword for keyword in schema if not keyword.startswith("x-")}
        self.is_complete = self.is_complete and keywords <= _SILENT.union(supported)


def _name_type(schema: Schema, pointer: str) -> str:
    """Return the name that a class has in the location of an error: its title, if the component may be named after it.

    For example ``Page[int]`` for the component ``Page_int_``, and ``Page`` for ``Page`` with the title "A page".
    """
    component = pointer.rpartition("/")[2]
    title = str(schema.get("title", "")).replace("\0", "")
    is_named_after_title = re.sub(r"[^\w.-]", "_", title) in component or not _is_component(pointer)
    return title if title and is_named_after_title else component


def _is_component(pointer: str) -> bool:
    return pointer.startswith("/components/schemas/") and pointer.count("/") == 3


def _is_supported_pattern(pattern: str) -> bool:
    """Return True if pydantic's own engine takes the pattern: it has no look-around and no back-references."""
    try:
        TypeAdapter(Annotated[str, Field(pattern=pattern)])
    except Exception:  # noqa: BLE001  # pydantic exports no class for the error of a type that it cannot build
        return False
    return True
