"""Checks across objects of a normalized document: operations, their parameters and credentials, circles of schemas."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from specduet.specs.bounds import CHAINED, COMBINED, PATH
from specduet.specs.request_lines import METHODS
from specduet.specs.schemas import Schemas, escape_pointer

Report = Callable[[str, str, str], None]
"""Takes the pointer of a problem, its sentence and its effect."""

_NAME = re.compile(r"\{([^{}]+)\}")
_IN_PLACE_LISTS = ("allOf", "anyOf", "oneOf")
_IN_PLACE = ("not", "if", "then", "else")


def check_operations(document: dict[str, Any], report: Report) -> None:
    """Repair the operations of a document in place."""
    schemas = Schemas(document)
    schemes = document.get("components", {}).get("securitySchemes", {})
    if "security" in document:
        _check_security(document, "", schemes, report)
    _drop_long_paths(document, report)
    ids: dict[str, int] = {}
    for path, pointer, item in _walk_items(document):
        shared = list(_read_parameters(schemas, item, pointer))
        for method in METHODS:
            operation = item.get(method)
            if not isinstance(operation, dict):
                continue
            at = f"{pointer}/{method}"
            if "security" in operation:
                _check_security(operation, at, schemes, report)
            _check_id(operation, at, ids, report)
            _drop_dangling(schemas, operation, at)
            own = list(_read_parameters(schemas, operation, at))
            _check_duplicates(operation, own, at, report)
            _check_path_parameters(operation, path, at, [*shared, *own], report)
        _drop_parameters(item, shared, path, pointer, report)
    _check_templates(document, report)


def _drop_long_paths(document: dict[str, Any], report: Report) -> None:
    paths = document.get("paths", {})
    for path in [path for path in paths if len(path) > PATH.value]:
        report("/paths", f"{path[:40]!r}… is a path of more than {PATH.value:,} {PATH.name}", "it is left out")
        del paths[path]


def _walk_items(document: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document.get("paths", {}).items():
        if isinstance(item, dict):
            yield path, f"/paths/{escape_pointer(path)}", item


def _read_parameters(schemas: Schemas, holder: Mapping[str, Any], pointer: str) -> Iterator[tuple[str, str]]:
    """Yield (location, name) of each parameter; ``("", "")`` for a reference to one that was left out."""
    for index, entry in enumerate(holder.get("parameters", ())):
        try:
            parameter, _ = schemas.resolve(entry, f"{pointer}/parameters/{index}")
        except KeyError:
            parameter = {}
        yield parameter.get("in", ""), parameter.get("name", "")


def _drop_dangling(schemas: Schemas, operation: dict[str, Any], pointer: str) -> None:
    """Leave out the references to bodies and responses that were left out, each of which is reported already."""
    if _is_dangling(schemas, operation.get("requestBody"), pointer):
        del operation["requestBody"]
    for status, response in operation.get("responses", {}).items():
        if _is_dangling(schemas, response, pointer):
            operation["responses"][status] = {"description": ""}


def _is_dangling(schemas: Schemas, node: Any, pointer: str) -> bool:
    try:
        schemas.resolve(node, pointer)
    except KeyError:
        return True
    return False


def _check_id(operation: dict[str, Any], pointer: str, ids: dict[str, int], report: Report) -> None:
    """Number an operationId that occurred before; ``ids`` holds the last number that was given to each."""
    name = operation.get("operationId")
    if not name:
        return
    if name in ids:
        number = next(n for n in range(ids[name] + 1, len(ids) + ids[name] + 2) if f"{name}_{n}" not in ids)
        ids[name] = number
        report(f"{pointer}/operationId", f"two operations are called {name!r}", f"this one is called '{name}_{number}'")
        name = operation["operationId"] = f"{name}_{number}"
    ids[name] = 1


def _check_security(holder: dict[str, Any], pointer: str, schemes: Mapping[str, Any], report: Report) -> None:
    kept = []
    for index, alternative in enumerate(holder["security"]):
        unknown = [name for name in alternative if name not in schemes]
        for name in unknown:
            report(f"{pointer}/security/{index}", f"no security scheme is called {name!r}", "it is not asked for")
        known = {name: scopes for name, scopes in alternative.items() if name in schemes}
        if known or not alternative:
            kept.append(known)
    holder["security"] = kept


def _check_duplicates(operation: dict[str, Any], found: list[tuple[str, str]], pointer: str, report: Report) -> None:
    seen: set[tuple[str, str]] = set()
    surplus = []
    for index, (location, name) in enumerate(found):
        if (location, name) in seen:
            at = f"{pointer}/parameters/{index}"
            report(at, f"the {location} parameter {name!r} is declared twice", "the second one is ignored")
        if not location or (location, name) in seen:
            surplus.append(index)
        else:
            seen.add((location, name))
    for index in reversed(surplus):
        del operation["parameters"][index], found[index]


def _check_path_parameters(
    operation: dict[str, Any], path: str, pointer: str, found: list[tuple[str, str]], report: Report
) -> None:
    declared = {name for location, name in found if location == "path"}
    names = _NAME.findall(path)
    for name in names:
        if name not in declared:
            report(pointer, f"the path parameter {name!r} is not declared", "it takes any text")
            parameter = {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            operation.setdefault("parameters", []).append(parameter)
    own = found[len(found) - len(operation.get("parameters", ())) :] if "parameters" in operation else []
    _drop_parameters(operation, own if len(own) == len(operation.get("parameters", ())) else [], path, pointer, report)


def _drop_parameters(
    holder: dict[str, Any], found: list[tuple[str, str]], path: str, pointer: str, report: Report
) -> None:
    """Leave out the path parameters that the path does not have."""
    names = set(_NAME.findall(path))
    for index in range(len(found) - 1, -1, -1):
        location, name = found[index]
        if not location or (location == "path" and name not in names):
            if location:
                at = f"{pointer}/parameters/{index}"
                report(at, f"the path has no parameter {name!r}", "the parameter is ignored")
            del holder["parameters"][index]


def _check_templates(document: dict[str, Any], report: Report) -> None:
    """Leave out the methods of a path that differs from an earlier one in parameter names alone."""
    known: dict[str, tuple[str, dict[str, Any]]] = {}
    for path, pointer, item in _walk_items(document):
        earlier, methods = known.setdefault(_NAME.sub("{}", path), (path, {}))
        for method in METHODS:
            if method in item and method in methods and earlier != path:
                report(f"{pointer}/{method}", f"is the same path as {earlier!r}", "the operation is left out")
                del item[method]
            elif method in item:
                methods[method] = item


def check_circles(document: dict[str, Any], report: Report) -> None:
    """Let a schema that is made of itself stand for anything: nothing could decide whether a value is valid.

    So does one that is made of too many: a schema that takes another twice, and so on, doubles with each level.
    """
    schemas = Schemas(document)
    counts: dict[str, int] = {}
    for name in document.get("components", {}).get("schemas", {}):
        _check_circle(schemas, f"/components/schemas/{escape_pointer(name)}", [], counts, report)


def _check_circle(schemas: Schemas, pointer: str, trail: list[str], counts: dict[str, int], report: Report) -> None:
    """Count the schemas that the one at ``pointer`` is made of, and cut what makes them endless."""
    if pointer in counts:
        return
    schema = schemas.node_at(pointer)
    trail.append(pointer)
    count = 1
    for holder, at in _walk_in_place(schema, pointer):
        target = holder["$ref"].removeprefix("#")
        if target in trail:
            report(at, "the schema is made of itself", "it stands for anything there")
            del holder["$ref"]
        elif len(trail) > CHAINED.value:
            report(at, f"the schema is made of {CHAINED.value} {CHAINED.name}", "it stands for anything there")
            del holder["$ref"]
        else:
            try:
                _check_circle(schemas, target, trail, counts, report)
                count += counts[target]
            except KeyError:
                del holder["$ref"]
    if count > COMBINED.value:
        report(pointer, f"the schema is made of more than {COMBINED.value:,} {COMBINED.name}", "it stands for anything")
        schema.clear()
        count = 1
    trail.pop()
    counts[pointer] = count


def _walk_in_place(schema: Any, pointer: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield each object with a reference that applies to the same value as the schema."""
    if not isinstance(schema, dict):
        return
    if "$ref" in schema:
        yield schema, pointer
    for keyword in _IN_PLACE_LISTS:
        for index, part in enumerate(schema.get(keyword, ())):
            yield from _walk_in_place(part, f"{pointer}/{keyword}/{index}")
    for keyword in _IN_PLACE:
        if keyword in schema:
            yield from _walk_in_place(schema[keyword], f"{pointer}/{keyword}")
