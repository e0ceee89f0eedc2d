"""Links of rows to themselves: ``url``, ``self``, ``_links.self.href``.

A row holds its path below a host that stands for the mock, whatever address a client has for it; responses have that
address in its place.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from specduet.mocks.world.derived_fields import ABSENT, JsonRow, get_path, set_path
from specduet.mocks.world.indexed_fields import get_field_key, get_row_key
from specduet.mocks.world.lifecycle import RowSeed
from specduet.mocks.world.row_locations import RowLocation
from specduet.specs import Api, Operation, Resource
from specduet.specs.inference.words import to_snake

MOCK_ADDRESS = b"https://mock.invalid"
"""Stands for the address of the mock (RFC 2606, section 2: no host has the name)."""
_SURE_NAMES = frozenset(["self", "self_link", "self_url", "self_uri", "self_href", "resource_uri", "resource_url"])
_LIKELY_NAMES = frozenset(["url", "href", "link", "uri"])
_HOLDERS = ("_links", "links")
_FORMATS = frozenset([None, "uri", "url", "iri", "uri-reference"])

FindKey = Callable[[str, JsonRow, RowSeed], Any]
"""A function that returns the value of an indexed field of a row, None where it has none."""


def find_link_paths(api: Api, resource: Resource) -> list[tuple[str, ...]]:
    """Return the paths of the properties that hold the address of the row itself."""
    paths = [*_iter_link_paths(api, resource)]
    return paths if paths and _find_location(api, resource) is not None else []


def _iter_link_paths(api: Api, resource: Resource) -> Iterator[tuple[str, ...]]:
    for name, schema in resource.properties.items():
        if name == resource.behavior.id.field:
            continue
        pointer = resource.property_pointers[name]
        resolved, at, _ = api.response_schemas.split_null(schema, pointer)
        snake = to_snake(name)
        if name in _HOLDERS:
            yield from ((name, *path) for path in _iter_held(api, resolved, at))
        elif snake in _SURE_NAMES and _is_link(resolved):
            yield (name,)
        elif snake in _LIKELY_NAMES and resolved.get("format") in {"uri", "url"} and _is_link(resolved):
            yield from () if _is_sent(api, resource, name) else ((name,),)


def _iter_held(api: Api, holder: Mapping[str, Any], pointer: str) -> Iterator[tuple[str, ...]]:
    """Yield the paths within an object of links: ``self``, ``self.href``."""
    properties = holder.get("properties", {})
    if "self" not in properties:
        return
    link, at, _ = api.response_schemas.split_null(properties["self"], f"{pointer}/properties/self")
    if _is_link(link):
        yield ("self",)
    for name in ("href", "url"):
        inner = link.get("properties", {}).get(name)
        if inner is not None and _is_link(api.response_schemas.split_null(inner, f"{at}/properties/{name}")[0]):
            yield ("self", name)


def _is_link(schema: Mapping[str, Any]) -> bool:
    is_free = schema.keys().isdisjoint(("enum", "const", "pattern", "maxLength"))
    kind = schema.get("type", "string" if "format" in schema else "")
    is_text = {*(kind if isinstance(kind, list) else [kind])} - {"null"} == {"string"}
    return is_text and schema.get("format") in _FORMATS and is_free


def _is_sent(api: Api, resource: Resource, name: str) -> bool:
    """Return whether a client sends a property, which is its own then."""
    for operation in api.operations_about(resource.name):
        for content in operation.body.content.values() if operation.body is not None else ():
            if content.has_schema:
                schema = api.request_schemas.split_null(content.schema, content.pointer)[0]
                sent = schema.get("properties", {}).get(name)
                if isinstance(sent, Mapping) and sent.get("readOnly") is not True:
                    return True
    return False


def _find_location(api: Api, resource: Resource) -> RowLocation | None:
    """Return where a row is fetched by what it knows itself: its id, and that of one parent at most."""
    found = [
        operation
        for operation in api.operations_about(resource.name)
        if operation.behavior.fetches is not None
        and operation.behavior.fetches.parameter
        and "/" not in operation.behavior.fetches.parameter
        and _is_known(api, operation)
    ]
    if not found:
        return None
    chosen = min(found, key=lambda operation: operation.path.count("{"))
    assert chosen.behavior.fetches is not None
    return RowLocation(chosen, chosen.behavior.fetches.parameter)


def _is_known(api: Api, operation: Operation) -> bool:
    """Return whether a row knows all parameters of a path."""
    scopes = operation.behavior.scopes
    if operation.path.count("{") != 1 + len(scopes) or len(scopes) > 1:
        return False
    return all(
        not scope.members
        and (api.resources[scope.resource].behavior.id.key is None if scope.resource else not scope.hidden)
        for scope in scopes
    )


def build_link_changes(
    api: Api, resource: Resource, find_key: FindKey
) -> Iterator[tuple[str, Callable[[JsonRow, RowSeed, int], None]]]:
    """Yield for each link of a row to itself its dotted path, and the change that sets it where the row has it."""
    paths = find_link_paths(api, resource)
    location = _find_location(api, resource) if paths else None
    if location is None:
        return
    scope, fetches = location.operation.behavior.scope, location.operation.behavior.fetches
    assert fetches is not None
    field = get_row_key(resource.behavior.id, fetches.field)
    parent = get_field_key(scope.field, is_hidden=scope.hidden) if scope is not None else ""
    for path in paths:
        yield ".".join(path), _set_link(path, location, field, parent, scope.parameter if scope else "", find_key)


def _set_link(
    path: tuple[str, ...], location: RowLocation, field: str, parent: str, parameter: str, find_key: FindKey
) -> Callable[[JsonRow, RowSeed, int], None]:
    def change(row: JsonRow, seed: RowSeed, _phase: int) -> None:
        if get_path(row, path) is ABSENT:
            return
        key = find_key(field, row, seed)
        values = {parameter: find_key(parent, row, seed)} if parent else {}
        target = None if key is None else location.fill(values, key)
        if target is not None:
            set_path(row, path, MOCK_ADDRESS.decode() + target)

    return change
