"""Discriminators (OAS 3.1, section 4.8.25): the property by which a client tells one schema of a family from another.

JSON Schema ignores them, and a client does not: a ``Cat`` whose ``petType`` is ``invoice`` is valid and cannot be read.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from specduet.mocks.generation.merged_schema import Discriminator, LocatedSchema, MergedSchema, merge_schemas
from specduet.specs.schemas import Schemas, split_pointer

_COMPONENTS = "/components/schemas/"


def apply_discriminators(schemas: Schemas, merged: MergedSchema, parts: Sequence[LocatedSchema]) -> None:
    """Give the discriminating properties of ``parts``, merged, the names that stand for these schemas."""
    targets = [target for part in reversed(parts) if (target := _find_target(part)) is not None]
    for discriminator in merged.discriminators:
        name = discriminator.property_name
        value = next(filter(None, (_find_value(discriminator, target) for target in targets)), None)
        if value is not None and _is_allowed(schemas, merged, name, value):
            merged.properties.setdefault(name, []).append(({"const": value}, None))
            if name not in merged.required_names:
                merged.keywords["required"] = [*merged.required_names, name]


def _find_target(located: LocatedSchema) -> str | None:
    schema, pointer = located
    reference = schema.get("$ref") if isinstance(schema, Mapping) else None
    return reference.removeprefix("#") if isinstance(reference, str) else pointer


def _find_value(discriminator: Discriminator, target: str) -> str | None:
    """Return the value that stands for the schema at a pointer; None for a schema that is not of the family."""
    name = split_pointer(target)[-1] if target.startswith(_COMPONENTS) and target.count("/") == 3 else None
    for value, mapped in discriminator.mapping.items():
        if mapped == f"#{target}" or (name is not None and mapped == name):
            return value
    return name if target != discriminator.pointer else None


def _is_allowed(schemas: Schemas, merged: MergedSchema, name: str, value: Any) -> bool:
    prop = merge_schemas(schemas, merged.parts_of_property(name))
    if prop.is_impossible or ("enum" in prop.keywords and value not in prop.keywords["enum"]):
        return False
    return prop.is_untyped or "string" in prop.types
