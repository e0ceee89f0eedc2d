"""Text of ``specduet apis``: operations, parameters, and each statement with its basis and reason."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from specduet.specs.locations import display_path
from specduet.specs.model import Api, Operation, Resource, Role
from specduet.specs.overlay_writer import to_data
from specduet.specs.printing import make_printable
from specduet.specs.statement import Statement

_WIDTH = 12
_WIDEST = 60  # of a column


def describe_api(api: Api) -> Iterator[str]:
    """Yield the lines that describe an API: schemes, resources, then each operation with its statements."""
    for line in _describe_parts(api):
        yield make_printable(line)


def format_operations(apis: Iterable[Api]) -> str:
    """Return the operations as a JSON list, each with its role, its resource, its statements and the evidence."""
    entries = [_to_entry(api, operation) for api in apis for operation in api.operations]
    return json.dumps(entries, indent=2, ensure_ascii=False)


def _to_entry(api: Api, operation: Operation) -> dict[str, Any]:
    role = operation.role
    return {
        "api": api.name,
        "operationId": operation.id,
        "method": operation.method,
        "path": operation.path,
        "role": role.name,
        "resource": role.resource or None,
        "parent": role.parent or None,
        "statements": to_data(operation.behavior),
        "evidence": list(role.evidence),
    }


def _describe_roles(api: Api) -> Iterator[str]:
    """Yield the table of roles: ``list    GET /pets    pet    the response holds a list``."""
    known = [o for o in api.operations if o.role.evidence]  # none where nothing is inferred
    rows = [(o.role.name, o.label, _name_rows(o.role), "; ".join(o.role.evidence)) for o in known]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    for row in rows:
        cells = [cell.ljust(min(width, _WIDEST)) for cell, width in zip(row, widths, strict=False)]
        yield f"  {'  '.join([*cells, row[3]])}".rstrip()


def _name_rows(role: Role) -> str:
    return f"{role.resource} of {role.parent}" if role.resource and role.parent else role.resource


def _describe_parts(api: Api) -> Iterator[str]:
    yield f"{api.name}: {api.title} {api.version} ({display_path(api.path)})"
    for scheme in api.schemes.values():
        yield f"  credential {scheme.name}: {scheme.location} {scheme.field}: {scheme.prefix}…"
    yield from _describe_statements(api.behavior, "  ")
    yield from _describe_roles(api)
    for resource in api.resources.values():
        yield from _describe_resource(resource)
    for operation in api.operations:
        yield from _describe_operation(operation)


def _describe_resource(resource: Resource) -> Iterator[str]:
    yield f"  rows {resource.name} ({resource.pointer})"
    yield from _describe_statements(resource.behavior, "    ")


def _describe_operation(operation: Operation) -> Iterator[str]:
    yield f"  {operation.label}" + (f"  {operation.summary}" if operation.summary else "")
    required = [f"{p.name}{'' if p.required else '?'}" for p in operation.parameters]
    if required:
        yield f"    {'parameters':<{_WIDTH}} {', '.join(required)}"
    yield from _describe_statements(operation.behavior, "    ")


def describe_operation_statements(operation: Operation) -> Iterator[str]:
    """Yield each statement on an operation with its basis and reason: ``limit  parameter limit [inferred: …]``."""
    for line in _describe_statements(operation.behavior, ""):
        yield make_printable(" ".join(line.split()))


def _describe_statements(words: msgspec.Struct, indent: str) -> Iterator[str]:
    for name in words.__struct_fields__:
        for label, statement in _label_statements(name.replace("_", "-"), getattr(words, name)):
            content = to_data(statement)
            basis, because = content.pop("basis"), content.pop("because", "")
            said = f"{label:<{_WIDTH}} {_shorten_value(content)}".rstrip()
            yield f"{indent}{said} [{basis}{f': {because}' if because else ''}]"


def _label_statements(name: str, value: Any) -> Iterator[tuple[str, msgspec.Struct]]:
    if isinstance(value, msgspec.Struct):
        yield name, value
    elif isinstance(value, tuple):
        yield from ((name, one) for one in value)
    elif isinstance(value, Mapping):  # resources of the document are described by themselves
        yield from ((f"{name} {key}", one) for key, one in value.items() if isinstance(one, Statement))


def _shorten_value(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_shorten_value(inner)}" for key, inner in value.items())
    if isinstance(value, list | tuple):
        return "/".join(map(_shorten_value, value))
    return str(value)
