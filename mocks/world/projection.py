"""Rows in the form of an operation's response: unchanged, or its own properties with the row's values in them."""

from collections.abc import Callable, Sequence
from typing import Any

from specduet.mocks.generation.merged_schema import merge_schemas
from specduet.mocks.generation.seeded_random import SeededRandom, ValueMaker
from specduet.mocks.generation.values import ValueGenerator, get_generator
from specduet.mocks.world.body_fields import normalize_name
from specduet.mocks.world.derived_fields import ABSENT
from specduet.specs import Api, Resource, Schema


def _find_aliases(resource: Resource, names: Sequence[str]) -> dict[str, str]:
    """Return the row's fields by the other names that a response has: ``Id`` for ``ID``, ``job_id`` for ``id``.

    Other fields than the id have the same letters.
    """
    properties, identity = resource.properties, resource.behavior.id
    fields = {normalize_name(field): field for field in reversed([*properties])}
    if not identity.hidden and identity.field not in names:
        head = resource.name.rpartition("_")[2]
        fields = {normalize_name(name): identity.field for name in ("id", f"{head}_id", f"{resource.name}_id")} | fields
    return {
        name: field
        for name in names
        if name not in properties and (field := fields.get(normalize_name(name))) is not None and field not in names
    }


class Projection:
    """The way from a row of a resource to a value of a response's schema."""

    def __init__(
        self,
        api: Api,
        resource: Resource,
        schema: Schema,
        pointer: str,
        generator: ValueGenerator,
        *,
        shows_row: bool = True,
    ) -> None:
        """``shows_row``: a response of which the schema says nothing is the row; else it is empty."""
        self._schemas = api.response_schemas
        resolved, resolved_pointer = api.response_schemas.resolve(schema, pointer)
        merged = merge_schemas(api.response_schemas, [(schema, pointer)])
        self.is_identity = resolved_pointer == resource.pointer or (not resolved and shows_row)
        """The response's schema is the resource itself (or demands nothing), so that a row is sent as it is."""
        self._required = frozenset(merged.required_names)
        believable = get_generator(api.response_schemas)
        self._properties = {
            name: parts[0] for name, parts in merged.properties.items() if not believable.is_write_only(parts)
        }
        self._generator = generator
        self._makers: dict[str, ValueMaker] = {}
        self._located = (schema, pointer)
        self.is_valid = api.response_schemas.validator_at(pointer).is_valid
        """Returns whether the response's schema allows a value."""
        is_open = not self._properties and not merged.choices
        self.is_identity = self.is_identity or (is_open and shows_row)
        self.names = [*self._properties] or ([*resource.properties] if shows_row else [])
        """The properties of the response."""
        self.shared_names = frozenset(resource.properties).intersection(self.names)
        """The properties that the row has too."""
        self.aliases = _find_aliases(resource, self.names)
        """The row's fields that the response has under another name."""
        self.shows_fields = self.is_identity or bool(self.shared_names or self.aliases)
        """The response tells something of the row; else it is about something else."""

    def project_row(self, get_field: Callable[[str], Any], rng: SeededRandom) -> Any:
        """Return the response's properties: the row's values where the row has them, generated ones elsewhere.

        ``get_field`` returns a field of the row by name, or ``ABSENT``.
        """
        projected = {}
        for name in self.names:
            field = name if name in self.shared_names else self.aliases.get(name)
            value = self.generate_property(name, rng) if field is None else get_field(field)
            if value is ABSENT and name in self._required and name in self._properties:
                value = self.generate_property(name, rng)
            if value is not ABSENT:
                projected[name] = value
        return projected if self.is_valid(projected) else self._replace_invalid_properties(projected, rng)

    def _replace_invalid_properties(self, projected: dict[str, Any], rng: SeededRandom) -> Any:
        # The row's schema may allow more than the response's, and the response has to be valid.
        for name, value in projected.items():
            if name in self._properties:
                _, pointer = self._properties[name]
                if not self._schemas.validator_at(str(pointer)).is_valid(value):
                    projected[name] = self.generate_property(name, rng)
        return projected if self.is_valid(projected) else self._put_into_generated(projected, rng)

    def _put_into_generated(self, projected: dict[str, Any], rng: SeededRandom) -> Any:
        """Return any value of the response, with as many of the row's properties as it may have."""
        made = self._generator.build_valid_maker(*self._located)(rng)
        if not isinstance(made, dict):
            return made
        for name, value in projected.items():
            if (name in self.shared_names or name in self.aliases) and self.is_valid({**made, name: value}):
                made = {**made, name: value}
        return made

    def generate_property(self, name: str, rng: SeededRandom) -> Any:
        """Return a value for a property of the response that the row does not have."""
        make = self._makers.get(name)
        if make is None:
            schema, pointer = self._properties[name]
            make = self._makers[name] = self._generator.build_valid_maker(schema, str(pointer), name)
        return make(rng.derive(name))
