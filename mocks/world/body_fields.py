"""The properties of a request body that a row has too, and what a row has where the request leaves one out."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from specduet.mocks.generation.merged_schema import LocatedSchema, merge_schemas
from specduet.mocks.generation.seeded_random import SeededRandom
from specduet.mocks.world.derived_fields import ABSENT, get_path
from specduet.mocks.world.envelope import locate_property, merge_object
from specduet.mocks.world.table import Table
from specduet.specs import Api, Operation

_GENERATED: Any = object()
"""Stands for a value that is not known before the row is made."""
_MOST_BESIDE_OBJECT = 6  # id, type, links, relationships, meta, and the object itself
_FIRST_WORDS = (
    *("creat", "updat", "modif", "chang", "insert", "add", "submit", "queue", "regist", "receiv", "sent", "upload"),
    *("record", "occur", "order", "issue", "join", "post", "time", "date", "request", "expire", "due"),
)
"""Parts of the names of times that a new row has, or that lie ahead of it."""
_SEPARATORS = re.compile(r"[\W_]+")


class BodyFields:
    """The row's fields that a request body of one operation sets, by the names that the body has for them."""

    def __init__(self, api: Api, operation: Operation, table: Table) -> None:
        self._table = table
        self._api, self._operation = api, operation
        self._inner: dict[str, dict[str, Any]] = {}
        envelope = operation.behavior.envelope
        self._path = tuple(envelope.request.split(".")) if envelope and envelope.request else ()
        self._defaults = _find_body_properties(api, operation, self._path)
        by_plain_name = {normalize_name(name): name for name in reversed([*self._defaults])}
        properties = table.values.properties
        self.names: Mapping[str, str] = {
            field: name
            for field, prop in properties.items()
            if (name := field if field in self._defaults else by_plain_name.get(normalize_name(field)))
            and prop.resolved.get("readOnly") is not True
        }
        """The body's name of each field."""
        self.row_defaults = {
            field: default for field in properties if (default := self._find_row_default(field)) is not None
        }
        """Defaults that the row's schema has for fields of a new row, also for those that no request may write."""
        self.row_defaults |= {field: self._choose_nothing(field) for field in properties if self._is_later_time(field)}
        unsent = {field: self._choose_unsent(field) for field in self.names}
        self.unsent_values = {field: value for field, value in unsent.items() if value is not _GENERATED}
        """Values of fields that a request leaves out; the others are generated."""
        self.new_values = self.row_defaults | self.unsent_values
        """Values of a new row where the request sends nothing."""
        self._described = frozenset((*self._defaults, *properties))

    def select_body(self, body: Any) -> Mapping[str, Any]:
        """Return the part of a body that holds the row's fields; nothing where it is no object."""
        inner = get_path(body, self._path)
        return inner if isinstance(inner, Mapping) else {}

    def read_values(self, body: Any, row: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the fields that a body sets, those that the row's schema allows.

        An object that is only a part of the row's is completed: by that of the ``row`` as it is, or of a new one.
        """
        sent = self.select_body(body)
        values = {field: sent[name] for field, name in self.names.items() if name in sent}
        for field, value in values.items():
            if isinstance(value, Mapping) and self._is_partial(field, value):
                values[field] = self._complete(field, value, row)
        return self._table.values.only_allowed(values)

    def _is_partial(self, field: str, value: Mapping[str, Any]) -> bool:
        """Return whether an object lacks what the row's has; one that holds the row's own properties always may."""
        return self._holds_row(field) or not self._table.values.is_allowed(field)(value)

    def _holds_row(self, field: str) -> bool:
        """Return whether a row is its id and an object: ``{id, type, attributes}`` in JSON:API, ``{id, fields}``."""
        names = self._table.values.properties.keys()
        return field in {"attributes", "fields"} and "id" in names and len(names) <= _MOST_BESIDE_OBJECT

    def _complete(self, field: str, value: Mapping[str, Any], row: Mapping[str, Any] | None) -> Any:
        if row is not None:
            known = row.get(field)
            return {**known, **value} if isinstance(known, Mapping) else value
        prop, table = self._table.values.properties[field], self._table
        made = table.values.build_valid_maker(prop)(SeededRandom(f"{table.stream}/{field}/{table.created_count}"))
        if not isinstance(made, Mapping):
            return value
        unsent = {name: default for name, default in self._list_inner(field).items() if name not in value}
        kept = {name: inner for name, inner in made.items() if name not in unsent}
        allowed = table.values.is_allowed(field)
        candidates: list[dict[str, Any]] = [
            {**kept, **{name: default for name, default in unsent.items() if default is not None}, **value},
            {**kept, **unsent, **value},
            {**made, **value},
        ]
        return next((candidate for candidate in candidates if allowed(candidate)), value)

    def _list_inner(self, field: str) -> dict[str, Any]:
        """Return the properties of an object in the body, with their defaults."""
        if field not in self._inner:
            path = (*self._path, self.names[field])
            self._inner[field] = _find_body_properties(self._api, self._operation, path)
        return self._inner[field]

    def read_extra_values(self, body: Any) -> dict[str, Any]:
        """Return what a body sets and no schema describes, where rows may have that: a password is described."""
        if self._table.values.is_closed:
            return {}
        return {name: value for name, value in self.select_body(body).items() if name not in self._described}

    def only_allowed(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return those of the row's fields whose values its schema allows."""
        return self._table.values.only_allowed(values)

    def choose_removed(self, field: str) -> Any:
        """Return what a row has in place of a value that is removed: nothing, or null where it needs the field."""
        prop = self._table.values.properties[field]
        return None if prop.required and prop.nullable else ABSENT

    def _choose_unsent(self, field: str) -> Any:
        """Return what the row has where the request leaves a field out: its default, null, or nothing.

        An id, the status and whatever else the service decides are generated, and a required value that is never null.
        """
        prop = self._table.values.properties[field]
        default = self._defaults.get(self.names[field])
        if default is not None and self._table.values.is_allowed(field)(default):
            return default
        if field in self.row_defaults:
            return self.row_defaults[field]
        if self._table.row_factory.is_decided(field):
            return _GENERATED
        if prop.nullable or not prop.required:
            return None if prop.nullable else ABSENT
        empties: tuple[Any, ...] = ([], {})
        return next((empty for empty in empties if self._table.values.is_allowed(field)(empty)), _GENERATED)

    def _is_later_time(self, field: str) -> bool:
        """Return whether a field holds the time of something that has not happened to a new row: ``edited_at``."""
        prop = self._table.values.properties[field]
        is_later = bool(prop.time_format) and not any(word in field.lower() for word in _FIRST_WORDS)
        is_free = prop.nullable or not prop.required
        return is_later and is_free and field not in self._table.row_factory.status_fields and field not in self.names

    def _choose_nothing(self, field: str) -> Any:
        return None if self._table.values.properties[field].nullable else ABSENT

    def _find_row_default(self, field: str) -> Any:
        prop = self._table.values.properties[field]
        if self._table.row_factory.is_decided(field):
            return None
        stated = prop.schema.get("default") if isinstance(prop.schema, Mapping) else None
        default = prop.resolved.get("default") if stated is None else stated
        return default if default is not None and self._table.values.is_allowed(field)(default) else None


def normalize_name(name: str) -> str:
    """Return a name without case and separators: ``friendlyname`` for ``FriendlyName`` and ``friendly_name``."""
    return _SEPARATORS.sub("", name).lower()


def _find_body_properties(api: Api, operation: Operation, path: tuple[str, ...]) -> dict[str, Any]:
    """Return the properties of a request body with their defaults, None for those without one."""
    if operation.body is None:
        return {}
    schemas = api.request_schemas
    for content in operation.body.content.values():
        if content.has_schema:
            located, _ = locate_property(schemas, (content.schema, content.pointer), path)
            if located[1] is None:
                continue
            merged = merge_object(schemas, located)
            branches = [branch for choice in merged.choices for branch in choice.branches]
            found = [merged.properties, *(merge_schemas(schemas, branch).properties for branch in branches)]
            return {name: _find_default(parts) for properties in reversed(found) for name, parts in properties.items()}
    return {}


def _find_default(parts: Sequence[LocatedSchema]) -> Any:
    return next((schema["default"] for schema, _ in parts if isinstance(schema, Mapping) and "default" in schema), None)
