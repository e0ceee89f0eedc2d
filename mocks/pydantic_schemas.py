"""From a JSON schema to the pydantic-core schema of the model that it was generated from.

The mock's refusals read as FastAPI's because the same validator makes them. What a JSON schema says and pydantic-core
has no word for is left out and remembered: whoever validates asks jsonschema-rs as well.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any, cast

from pydantic_core import CoreConfig, CoreSchema, SchemaError, SchemaValidator, core_schema

from specduet.specs import Schema, Schemas

# Annotations, and what OpenAPI adds that no value can break.
_SILENT = {
    *("$comment", "$defs", "$id", "$ref", "$schema", "contentEncoding", "contentMediaType", "default", "deprecated"),
    *("description", "discriminator", "example", "examples", "externalDocs", "nullable", "readOnly", "title", "type"),
    *("writeOnly", "xml"),
}
_FORMATS: Mapping[str, CoreSchema] = {
    "uuid": core_schema.uuid_schema(),
    "date-time": core_schema.datetime_schema(microseconds_precision="truncate"),
    "date": core_schema.date_schema(),
    "time": core_schema.time_schema(microseconds_precision="truncate"),
    "duration": core_schema.timedelta_schema(microseconds_precision="truncate"),
}
_UNCHECKED_FORMATS = {"int32", "int64", "float", "double", "password", "binary", "byte", "path", "char"}
_BOUNDS = {
    "minimum": "ge",
    "maximum": "le",
    "exclusiveMinimum": "gt",
    "exclusiveMaximum": "lt",
    "multipleOf": "multiple_of",
}
_SCALARS: Mapping[Any, tuple[CoreSchema, Mapping[str, str]]] = {
    "integer": (core_schema.int_schema(), _BOUNDS),
    "number": (core_schema.float_schema(allow_inf_nan=False), _BOUNDS),
    "boolean": (core_schema.bool_schema(), {}),
    "null": (core_schema.none_schema(), {}),
}
_LENGTHS = {"minLength": "min_length", "maxLength": "max_length"}
_SIZES = {"minItems": "min_length", "maxItems": "max_length"}
_MAP_SIZES = {"minProperties": "min_length", "maxProperties": "max_length"}


def compile_validator(schemas: Schemas, pointer: str) -> tuple[SchemaValidator, bool]:
    """The validator of the schema at a pointer, and whether it says everything that the schema says."""
    compiler = _Compiler(schemas)
    compiled = compiler.compile(schemas.node_at(pointer), pointer)
    if compiler.definitions:
        compiled = core_schema.definitions_schema(compiled, list(compiler.definitions.values()))
    return SchemaValidator(compiled), compiler.complete


class _Compiler:
    def __init__(self, schemas: Schemas) -> None:
        self.schemas = schemas
        self.complete = True
        self.definitions: dict[str, CoreSchema] = {}
        self._entered: set[str] = set()

    def compile(self, schema: Any, pointer: str) -> CoreSchema:
        if not isinstance(schema, Mapping):
            self.complete = self.complete and schema is True
            return core_schema.any_schema()
        resolved, at = self.schemas.resolve(schema, pointer)
        if "$ref" not in schema or "enum" in resolved or not set(schema) <= _SILENT:
            return self._compile(resolved, at)
        if at not in self._entered:  # a component may stand in several places, and within itself
            self._entered.add(at)
            self.definitions[at] = cast("CoreSchema", {**self._compile(resolved, at), "ref": at})
        return core_schema.definition_reference_schema(at)

    def _compile(self, schema: Schema, pointer: str) -> CoreSchema:
        for keyword in ("anyOf", "oneOf"):
            if keyword in schema:
                self._leave(schema, {"anyOf"})  # of `oneOf` the "only one" is not said
                return self._union(schema[keyword], f"{pointer}/{keyword}")
        if "allOf" in schema and "type" not in schema and "properties" not in schema:
            return self._all(schema, pointer)
        if "enum" in schema or "const" in schema:
            return self._members(schema, pointer)
        kinds = schema.get("type")
        if isinstance(kinds, list):
            choices = [self._typed(kind, schema, pointer) for kind in kinds if kind != "null"]
            return _nullable(choices, null="null" in kinds)
        return self._typed(kinds, schema, pointer)

    def _union(self, branches: list[Schema], pointer: str) -> CoreSchema:
        choices: list[Any] = []
        null = False
        for index, branch in enumerate(branches):
            resolved, at = self.schemas.resolve(branch, f"{pointer}/{index}")
            if resolved.get("type") == "null":
                null = True
                continue
            compiled = self.compile(branch, f"{pointer}/{index}")
            is_model = "properties" in resolved  # in a location, a model goes by its name
            choices.append((compiled, resolved.get("title") or at.rpartition("/")[2]) if is_model else compiled)
        return _nullable(choices, null=null)

    def _all(self, schema: Schema, pointer: str) -> CoreSchema:
        """The one part of an ``allOf``, or the first that names a scalar: the others only limit it."""
        parts = schema["allOf"]
        self._leave(schema, {"allOf"} if len(parts) == 1 else set())
        for index, part in enumerate(parts):
            at = f"{pointer}/allOf/{index}"
            if len(parts) == 1 or self.schemas.resolve(part, at)[0].get("type") in {"string", *_SCALARS}:
                return self.compile(part, at)
        return core_schema.any_schema()

    def _members(self, schema: Schema, pointer: str) -> CoreSchema:
        """A component is an ``Enum``, a list of members in place is a ``Literal``: so pydantic writes them."""
        values = [schema["const"]] if "const" in schema else list(schema["enum"])
        self._leave(schema, {"const", "enum"})
        present = [value for value in values if value is not None]
        if not all(isinstance(value, str | int | float) for value in present):
            self.complete = False
            return core_schema.any_schema()
        if not pointer.startswith("/components/schemas/") or "const" in schema or pointer.count("/") > 3:
            members: CoreSchema = core_schema.literal_schema(present or [None])
        else:
            members = _enumeration(pointer.rpartition("/")[2], present)
        return core_schema.nullable_schema(members) if len(present) < len(values) and present else members

    def _typed(self, kind: Any, schema: Schema, pointer: str) -> CoreSchema:
        if kind == "string":
            return self._string(schema)
        if kind == "object":
            return self._object(schema, pointer)
        if kind == "array":
            items = self.compile(schema["items"], f"{pointer}/items") if "items" in schema else None
            return self._sized(core_schema.list_schema(items), schema, _SIZES, {"items"})
        if kind in _SCALARS:
            compiled, words = _SCALARS[kind]
            return self._sized(compiled, schema, words)
        self._leave(schema, set())
        return core_schema.any_schema()

    def _string(self, schema: Schema) -> CoreSchema:
        form = schema.get("format")
        known = _FORMATS.get(str(form))
        if known is not None:
            return self._sized(known, schema, {}, {"format"})
        heard = {"format"} if form in _UNCHECKED_FORMATS else set()
        text = core_schema.str_schema()
        if "pattern" in schema and _compiles(schema["pattern"]):
            text = core_schema.str_schema(pattern=schema["pattern"])
            heard.add("pattern")
        return self._sized(text, schema, _LENGTHS, heard)

    def _object(self, schema: Schema, pointer: str) -> CoreSchema:
        additional = schema.get("additionalProperties", True)
        if "properties" not in schema:
            heard = {"required"} if not schema.get("required") else set()
            values = self.compile(additional, f"{pointer}/additionalProperties")
            mapping = core_schema.dict_schema(core_schema.str_schema(), values)
            return self._sized(mapping, schema, _MAP_SIZES, {"additionalProperties"} | heard)
        required = schema.get("required", ())
        fields = {}
        for name, inner in schema["properties"].items():
            field = self.compile(inner, f"{pointer}/properties/{name.replace('~', '~0').replace('/', '~1')}")
            if name not in required:
                field = core_schema.with_default_schema(field, default=None)
            fields[name] = core_schema.model_field(field)
        heard = {"properties"} | ({"additionalProperties"} if isinstance(additional, bool) else set())
        if set(required) <= set(fields):
            heard.add("required")
        self._leave(schema, heard)
        return core_schema.model_fields_schema(fields, extra_behavior="ignore" if additional is not False else "forbid")

    def _sized(
        self, compiled: Any, schema: Schema, words: Mapping[str, str], heard: set[str] | None = None
    ) -> CoreSchema:
        """``compiled`` with the limits of ``schema``, which pydantic-core calls by other names."""
        limits = {words[keyword]: schema[keyword] for keyword in words if keyword in schema}
        self._leave(schema, {*words, *(heard or ())})
        return cast("CoreSchema", {**compiled, **limits})

    def _leave(self, schema: Schema, heard: set[str]) -> None:
        """Note whether a schema says more than was heard."""
        said = {keyword for keyword in schema if not keyword.startswith("x-")}
        self.complete = self.complete and said <= _SILENT | heard


def _nullable(choices: list[Any], *, null: bool) -> CoreSchema:
    if not choices:
        return core_schema.none_schema()
    first = choices[0][0] if isinstance(choices[0], tuple) else choices[0]
    inner = first if len(choices) == 1 else core_schema.union_schema(choices)
    return core_schema.nullable_schema(inner) if null else cast("CoreSchema", inner)


def _enumeration(name: str, values: list[Any]) -> CoreSchema:
    enumeration = Enum(name, [(f"member_{index}", value) for index, value in enumerate(values)])  # type: ignore[misc]
    kinds = {type(value): kind for value, kind in zip(values, _kinds(values), strict=True)}
    sub_type: Any = next(iter(kinds.values())) if len(kinds) == 1 else None
    return core_schema.enum_schema(enumeration, list(enumeration), sub_type=sub_type)


def _kinds(values: list[Any]) -> list[str | None]:
    return [{str: "str", int: "int", float: "float"}.get(type(value)) for value in values]


def _compiles(pattern: str) -> bool:
    """Whether pydantic's own engine takes the pattern: it has no look-around and no back-references."""
    try:
        SchemaValidator(core_schema.str_schema(pattern=pattern), CoreConfig(regex_engine="rust-regex"))
    except SchemaError:
        return False
    return True
