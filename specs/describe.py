"""What is known of an API, as lines of text: operations, statements, and what each statement stands on."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from specduet.specs.locations import display_path
from specduet.specs.model import Api, Operation, Resource

_WIDTH = 12


def describe(api: Api) -> Iterator[str]:
    """The API, its schemes and rows, and each operation with its parameters and statements."""
    yield f"{api.name}: {api.title} {api.version} ({display_path(api.path)})"
    for scheme in api.schemes.values():
        yield f"  credential {scheme.name}: {scheme.location} {scheme.field}: {scheme.prefix}…"
    yield from _statements(api.behavior, "  ")
    for resource in api.resources.values():
        yield from _resource(resource)
    for operation in api.operations:
        yield from _operation(operation)


def _resource(resource: Resource) -> Iterator[str]:
    yield f"  rows {resource.name} ({resource.pointer})"
    yield from _statements(resource.behavior, "    ")


def _operation(operation: Operation) -> Iterator[str]:
    yield f"  {operation.label}" + (f"  {operation.summary}" if operation.summary else "")
    required = [f"{p.name}{'' if p.required else '?'}" for p in operation.parameters]
    if required:
        yield f"    {'parameters':<{_WIDTH}} {', '.join(required)}"
    yield from _statements(operation.behavior, "    ")


def _statements(words: msgspec.Struct, indent: str) -> Iterator[str]:
    for name in words.__struct_fields__:
        for label, statement in _each(name.replace("_", "-"), getattr(words, name)):
            content = msgspec.to_builtins(statement)
            basis, because = content.pop("basis"), content.pop("because", "")
            said = f"{label:<{_WIDTH}} {_short(content)}".rstrip()
            yield f"{indent}{said} [{basis}{f': {because}' if because else ''}]"


def _each(name: str, value: Any) -> Iterator[tuple[str, msgspec.Struct]]:
    if isinstance(value, msgspec.Struct):
        yield name, value
    elif isinstance(value, tuple):
        yield from ((name, one) for one in value)
    elif isinstance(value, Mapping):
        yield from ((f"{name} {key}", one) for key, one in value.items())


def _short(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_short(inner)}" for key, inner in value.items() if inner not in (None, (), [], False))
    if isinstance(value, list | tuple):
        return "/".join(map(_short, value))
    return str(value)
