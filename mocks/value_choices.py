"""Choices of values: which members of an enumeration the data of a mock hold, where a client knows only some of them.

``--values 'shop:OrderState=open,paid'`` leaves the other members out of every response, and out of the lifecycle of
rows; requests may still have them. An enumeration is named by its component, by ``Component.property``, by the name of
a property for all that are called so, or by its JSON pointer.
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

import msgspec

from specduet.mocks.status_choices import narrow_status
from specduet.specs import Api, Content, Operation, Resource, Response, Schemas, UsageError
from specduet.specs.schema_reader import SchemaReader
from specduet.specs.schemas import escape_pointer

Choices = Mapping[str, Sequence[Any]]
"""The members that data hold, by the name of their enumeration."""


def parse_choices(texts: Sequence[str]) -> dict[str, dict[str, list[Any]]]:
    """Parse each ``API:NAME=MEMBER,MEMBER``, to choices by API. Raises ``UsageError``."""
    found: dict[str, dict[str, list[Any]]] = {}
    for text in texts:
        head, equals, members = text.partition("=")
        api, colon, name = head.partition(":")
        if not (api and colon and name and equals and members):
            raise UsageError(f"{text!r} is no choice of values", remedy="Write API:NAME=MEMBER,MEMBER.")
        found.setdefault(api, {})[name] = [member.strip() for member in members.split(",")]
    return found


def choose_values(api: Api, choices: Choices) -> Api:
    """Return the API with fewer members in the enumerations of its data; requests are read as before.

    Raises ``UsageError`` for a name or member that the document does not have.
    """
    if not choices:
        return api
    document = copy.deepcopy(dict(api.document))
    schemas = Schemas(document)
    for name, members in choices.items():
        for pointer, kept in _find_members(api, name, members):
            schemas.node_at(pointer)["enum"] = kept
    resources = {name: _rebuild_resource(schemas, resource) for name, resource in api.resources.items()}
    operations = tuple(_rebuild_operation(schemas, operation) for operation in api.operations)
    return replace(api, document=document, schemas=schemas, resources=resources, operations=operations, accepted=api)


def _find_members(api: Api, name: str, members: Sequence[Any]) -> Iterator[tuple[str, list[Any]]]:
    """Yield the pointer of each enumeration of a name, with the members that stay. Raises ``UsageError``."""
    found = {pointer: api.schemas.node_at(pointer)["enum"] for pointer in _find_enums(api, name)}
    if not found:
        known = sorted({*_list_components(api)})
        near = get_close_matches(name, known, n=1)
        guess = f"Did you mean {near[0]}? " if near else ""
        raise UsageError(
            f"{api.name} has no enumeration {name!r}",
            remedy=f"{guess}Components with members: {', '.join(known) or 'none'}.",
        )
    for wanted in members:
        if not any(_is_member(wanted, enum) for enum in found.values()):
            shown = ", ".join(str(member) for member in next(iter(found.values())))
            raise UsageError(f"{name} has no member {wanted!r}", remedy=f"Its members are {shown}.")
    for pointer, enum in found.items():
        kept = [member for member in enum if member is None or any(_is_member(wanted, [member]) for wanted in members)]
        if any(member is not None for member in kept):
            yield pointer, kept


def _is_member(wanted: Any, enum: Sequence[Any]) -> bool:
    """Return whether an enumeration has a member, which the command line gives as text."""
    return any(member is not None and (member == wanted or str(member) == str(wanted)) for member in enum)


def _find_enums(api: Api, name: str) -> Iterator[str]:
    """Yield the pointers of the enumerations that a name means."""
    reader = SchemaReader(api.schemas)
    if name.startswith(("/", "#/")):
        starts = [name.removeprefix("#")]
    else:
        component, _, path = name.partition(".")
        start = f"/components/schemas/{escape_pointer(component)}"
        for part in path.split(".") if path else ():
            start = reader.properties_at(start).get(part, "")
        starts = [start] if start and reader.node_at(start) is not None else [*_find_properties(api, name)]
    for start in dict.fromkeys(reader.resolve(start)[1] for start in starts):
        node = reader.node_at(start)
        if isinstance(node, Mapping) and isinstance(node.get("enum"), list):
            yield start


def _find_properties(api: Api, name: str) -> Iterator[str]:
    """Yield the pointer of every property of a name, wherever it stands in the document."""
    waiting: list[tuple[str, Any]] = [("", api.document)]
    while waiting:
        pointer, node = waiting.pop()
        if isinstance(node, list):
            waiting += [(f"{pointer}/{index}", item) for index, item in enumerate(node)]
        elif isinstance(node, Mapping):
            if pointer.endswith("/properties") and name in node:
                yield f"{pointer}/{escape_pointer(name)}"
            waiting += [(f"{pointer}/{escape_pointer(str(key))}", inner) for key, inner in node.items()]


def _list_components(api: Api) -> Iterator[str]:
    for name, schema in api.document.get("components", {}).get("schemas", {}).items():
        if isinstance(schema, Mapping) and isinstance(schema.get("enum"), list):
            yield name


def _rebuild_resource(schemas: Schemas, resource: Resource) -> Resource:
    """Return a resource with its schema as the narrowed document has it, and a lifecycle of what is left."""
    schema = schemas.resolve(schemas.node_at(resource.pointer), resource.pointer)[0]
    rebuilt = replace(resource, schema=schema, schemas=schemas)
    status = resource.behavior.status
    if status is None or status.field not in rebuilt.property_pointers:
        return rebuilt
    members = SchemaReader(schemas).members_at(rebuilt.property_pointers[status.field])
    behavior = msgspec.structs.replace(resource.behavior, status=narrow_status(status, members))
    return replace(rebuilt, behavior=behavior)


def _rebuild_operation(schemas: Schemas, operation: Operation) -> Operation:
    """Return an operation with its responses as the narrowed document has them; a request is as it was."""
    responses = {status: _rebuild_response(schemas, each) for status, each in operation.responses.items()}
    return replace(operation, responses=responses)


def _rebuild_response(schemas: Schemas, response: Response) -> Response:
    return replace(response, content={name: _rebuild_content(schemas, each) for name, each in response.content.items()})


def _rebuild_content(schemas: Schemas, content: Content) -> Content:
    return replace(content, schema=schemas.node_at(content.pointer)) if content.has_schema else content
