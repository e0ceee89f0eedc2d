"""Discriminators (OAS 3.1, section 4.8.25): the property by which a client tells one schema of a family from another.

JSON Schema ignores them, and a client does not: a ``Cat`` whose ``petType`` is ``invoice`` is valid and cannot be read.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from specduet.mocks.generation.merged_schema import Discriminator, LocatedSchema, MergedSchema, merge_schemas
from specduet.mocks.generation.nesting_depth import NestingDepths
from specduet.specs.schemas import Schemas, escape_pointer, split_pointer

_COMPONENTS = "/components/schemas/"


def apply_discriminators(schemas: Schemas, merged: MergedSchema, parts: Sequence[LocatedSchema]) -> None:
    """Give the discriminating properties of ``parts``, merged, the names that stand for these schemas."""
    targets = [target for part in reversed(parts) if (target := _find_target(part)) is not None]
    for discriminator in merged.discriminators:
        name = discriminator.property_name
        names = (_find_value(discriminator, target) for target in targets)
        value = next(filter(None, names), next(iter(discriminator.mapping), None))
        if value is not None and _is_allowed(schemas, merged, name, value):
            merged.properties.setdefault(name, []).append(({"const": value}, None))
            if name not in merged.required_names:
                merged.keywords["required"] = [*merged.required_names, name]


def find_family(schemas: Schemas, merged: MergedSchema, parts: Sequence[LocatedSchema]) -> list[LocatedSchema]:
    """Return the schemas that a value of their parent may be: those that it maps, else those that are made of it.

    Nothing for a member of the family, which is what it is. For example ``Cat`` and ``Dog`` for ``Pet``.
    """
    for discriminator in merged.discriminators:
        parent = discriminator.pointer
        targets = [target for part in parts if (target := _find_target(part)) is not None]
        if parent is None or any(_find_value(discriminator, target) for target in targets):
            return []
        mapped = [_find_mapped_pointer(name) for name in discriminator.mapping.values()]
        pointers = mapped or _list_children(schemas, parent)
        members = [member for pointer in pointers if (member := _find_member(schemas, pointer, parent)) is not None]
        if members:
            return members
    return []


def _find_mapped_pointer(name: str) -> str:
    """Return the pointer that an entry of a mapping means, which may be the name of a component."""
    return name.removeprefix("#") if name.startswith("#") else f"{_COMPONENTS}{escape_pointer(name)}"


def _list_children(schemas: Schemas, parent: str) -> list[str]:
    """Return the pointers of the components of which the parent is a part."""
    components = schemas.node_at(_COMPONENTS.rstrip("/")) if parent.startswith(_COMPONENTS) else {}
    return [
        f"{_COMPONENTS}{escape_pointer(name)}"
        for name, schema in components.items()
        if isinstance(schema, Mapping) and {"$ref": f"#{parent}"} in schema.get("allOf", ())
    ]


def _find_member(schemas: Schemas, pointer: str, parent: str) -> LocatedSchema | None:
    """Return a schema of the family; None for the parent, and for one that needs the parent within itself."""
    try:
        located = (schemas.node_at(pointer), pointer)
    except KeyError:
        return None
    has_end = NestingDepths(schemas).min_depth(located, frozenset({parent})) < float("inf")
    return located if pointer != parent and has_end else None


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
