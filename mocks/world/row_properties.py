"""The properties of a resource's rows, as its schema has them: by itself, in parts of ``allOf`` and in branches."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from specduet.mocks.clock import TimeFormat, detect_time_format
from specduet.mocks.generation.merged_schema import LocatedSchema, MergedSchema, merge_schemas
from specduet.mocks.generation.values import ValueGenerator
from specduet.specs import Api, Resource, Schema


@dataclass(frozen=True)
class RowProperty:
    """One property of the resource."""

    name: str
    schema: Schema
    resolved: Schema
    """``schema`` behind its references and its null alternative."""
    pointer: str
    parts: tuple[LocatedSchema, ...]
    """Every schema that applies to the property; ``schema`` is the first."""
    required: bool
    nullable: bool
    time_format: TimeFormat = ""
    is_uuid: bool = False


class RowShape:
    """The shape of a resource's rows."""

    def __init__(self, api: Api, resource: Resource, generator: ValueGenerator) -> None:
        self._schemas = api.response_schemas
        merged = merge_schemas(self._schemas, [(resource.schema, resource.pointer)])
        self.is_composed = bool(merged.choices or merged.discriminators)
        """True if the rows have alternatives, so that a property cannot be made without the others."""
        self.is_closed = any(rest.located[0] not in (True, {}) for rest in merged.additional_properties) or bool(
            merged.unevaluated_properties
        )
        """True if rows may not have properties beside those that are described."""
        timed = {field for timeline in resource.behavior.timeline for field in timeline.fields}
        self.properties: Mapping[str, RowProperty] = {
            name: self._describe_property(name, parts, required=name in merged.required_names, is_timed=name in timed)
            for name, parts in self._iter_properties(merged)
            if not generator.is_write_only(parts)
        }

    def has_single_value(self, path: str) -> bool:
        """Return whether rows have one value at a path that can be made without the other properties."""
        name, _, inner = path.partition(".")
        prop = self.properties.get(name)
        return prop is not None and not self.is_composed and (bool(inner) or not _is_array(prop.resolved))

    def _iter_properties(self, merged: MergedSchema) -> Iterator[tuple[str, Sequence[LocatedSchema]]]:
        """Yield each property with its schemas, those of branches after those of the schema itself."""
        yield from merged.properties.items()
        seen = {*merged.properties}
        for choice in merged.choices:
            for branch in choice.branches:
                for name, parts in merge_schemas(self._schemas, branch).properties.items():
                    if name not in seen and parts[0][0] is not False:
                        seen.add(name)
                        yield name, parts

    def _describe_property(
        self, name: str, parts: Sequence[LocatedSchema], *, required: bool, is_timed: bool
    ) -> RowProperty:
        schema, pointer = parts[0]
        resolved, _, nullable = self._schemas.split_null(schema, str(pointer))
        statement = schema.get("x-specduet") if isinstance(schema, Mapping) else None
        shape: Any = statement.get("shape") if isinstance(statement, Mapping) else None
        return RowProperty(
            name=name,
            schema=schema,
            resolved=resolved,
            pointer=str(pointer),
            parts=tuple(parts),
            required=required,
            nullable=nullable,
            time_format=detect_time_format(resolved, shape, is_timestamp=is_timed),
            is_uuid="uuid" in {shape, resolved.get("format")},
        )


def _is_array(resolved: Schema) -> bool:
    kind = resolved.get("type")
    return kind == "array" or (isinstance(kind, list) and "array" in kind) or "items" in resolved
