"""Build the model (``specs/model.py``) from a validated document."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from specduet.specs.behavior import Added, ApiBehavior, OperationBehavior, ResourceBehavior
from specduet.specs.cache import Entry, Overlays
from specduet.specs.collector import pause_collector
from specduet.specs.extension import EXTENSION, StatementReader
from specduet.specs.inference import infer_behavior
from specduet.specs.inference.memory import keep_inference, recall_inference
from specduet.specs.inference.merging import merge_inference
from specduet.specs.model import (
    Api,
    Body,
    Content,
    Header,
    Link,
    Operation,
    Parameter,
    Resource,
    Response,
    SecurityScheme,
)
from specduet.specs.request_lines import METHODS
from specduet.specs.schemas import Schema, Schemas, escape_pointer
from specduet.specs.servers import fill_variables, read_base_path
from specduet.specs.webhooks import build_webhooks, infer_sender


def build_api(
    name: str, path: Path, overlays: Overlays, entry: Entry, *, stateless: bool = False, is_cached: bool = False
) -> Api:
    """Return the model of a document, with what it implies about behavior unless ``stateless``.

    What a cached document implies may be cached too.
    Raises ``BadStatement`` for a malformed ``x-specduet`` statement.
    """
    document = entry.document
    schemas = Schemas(document)
    reader = StatementReader(schemas, path, overlays)
    behavior = reader.read_behavior(ApiBehavior, document, "") or ApiBehavior()
    resources = {r.name: r for r in _build_resources(reader, document, behavior)}
    operations = tuple(_build_operations(reader, document))
    reader.check_operations(operations, resources)
    webhooks = tuple(build_webhooks(reader, document, _build_body, operations))
    reader.check_webhooks(webhooks, resources)
    if not stateless:
        with pause_collector():
            inference = recall_inference(path, overlays, schemas, operations) if is_cached else None
            if inference is None:
                inference = infer_behavior(schemas, operations, resources)
                keep_inference(path, overlays, entry.files, inference)
            operations, resources = merge_inference(inference, operations, resources)
        by_pointer = {operation.pointer: operation for operation in operations} if webhooks else {}
        webhooks = tuple(replace(w, behavior=infer_sender(w, by_pointer, resources)) for w in webhooks)
    return Api(
        name=name,
        title=document["info"]["title"] or name,
        version=str(document["info"]["version"]),
        path=path,
        files=(path, *overlays, *entry.files),
        document=document,
        servers=tuple(fill_variables(server) for server in document.get("servers", ())),
        operations=operations,
        resources=resources,
        schemes={
            n: _build_scheme(reader.schemas, n) for n in document.get("components", {}).get("securitySchemes", {})
        },
        behavior=behavior,
        schemas=schemas,
        webhooks=webhooks,
        problems=entry.problems,
        dropped=entry.dropped,
    )


def _build_resources(reader: StatementReader, document: Mapping[str, Any], stated: ApiBehavior) -> Iterator[Resource]:
    for name, schema in document.get("components", {}).get("schemas", {}).items():
        pointer = f"/components/schemas/{escape_pointer(name)}"
        if not isinstance(schema, Mapping) or EXTENSION not in schema:
            continue
        behavior = reader.read_behavior(ResourceBehavior, schema, pointer)
        if behavior is not None:
            resource = Resource(behavior.resource, pointer, schema, behavior, reader.schemas)
            reader.check_resource(resource, f"{pointer}/{EXTENSION}")
            yield resource
    for name, behavior in stated.resources.items():
        at = f"/{EXTENSION}/resources/{escape_pointer(name)}"
        yield reader.build_resource(behavior, at)


def _build_operations(reader: StatementReader, document: Mapping[str, Any]) -> Iterator[Operation]:
    for path, entry in document.get("paths", {}).items():
        item, item_pointer = reader.schemas.resolve(entry, f"/paths/{escape_pointer(path)}")
        for method in METHODS:
            if method in item:
                yield _build_operation(reader, document, path, method, item, f"{item_pointer}/{method}")


def _build_operation(
    reader: StatementReader,
    document: Mapping[str, Any],
    path: str,
    method: str,
    item: Mapping[str, Any],
    pointer: str,
) -> Operation:
    raw = item[method]
    inherited = _build_parameters(reader, item, pointer.rpartition("/")[0])
    own = _build_parameters(reader, raw, pointer)
    return Operation(
        id=raw.get("operationId") or f"{method}_{path}",
        method=method.upper(),
        path=path,
        summary=raw.get("summary", ""),
        parameters=tuple({(p.location, p.name): p for p in (*inherited, *own)}.values()),
        body=_build_body(reader.schemas, raw, pointer),
        responses=_build_responses(reader, raw, pointer),
        security=_read_security(document, raw.get("security", document.get("security", []))),
        pointer=pointer,
        behavior=reader.read_behavior(OperationBehavior, raw, pointer) or OperationBehavior(),
        base_path=read_base_path(raw, item, document),
    )


def _read_security(document: Mapping[str, Any], alternatives: list[Mapping[str, Any]]) -> tuple[tuple[str, ...], ...]:
    """Return the schemes of each alternative, without client certificates: they are no part of a request."""
    schemes = document.get("components", {}).get("securitySchemes", {})
    certificates = {name for name, scheme in schemes.items() if scheme.get("type") == "mutualTLS"}
    return tuple(tuple(name for name in alternative if name not in certificates) for alternative in alternatives)


def _build_parameters(reader: StatementReader, holder: Mapping[str, Any], pointer: str) -> Iterator[Parameter]:
    for index, entry in enumerate(holder.get("parameters", ())):
        raw, at = reader.schemas.resolve(entry, f"{pointer}/parameters/{index}")
        schema, schema_pointer = _read_schema(raw, at)
        style = raw.get("style", "form" if raw["in"] in {"query", "cookie"} else "simple")
        yield Parameter(
            name=raw["name"],
            location=raw["in"],
            required=bool(raw.get("required", False)),
            schema=reader.schemas.resolve(schema, schema_pointer)[0],
            pointer=schema_pointer,
            style=style,
            explode=bool(raw.get("explode", style in {"form", "cookie"})),
            added=reader.read_behavior(Added, raw, at),
        )


def _read_schema(raw: Mapping[str, Any], pointer: str) -> tuple[Schema, str]:
    """Return the schema of a parameter or header, and its pointer."""
    if "schema" in raw:
        return raw["schema"], f"{pointer}/schema"
    # OAS 3.1, 4.8.12: `content` instead of `schema`, with exactly one entry
    media_type, content = next(iter(raw.get("content", {"": {}}).items()))
    return content.get("schema", {}), f"{pointer}/content/{escape_pointer(media_type)}/schema"


def _build_contents(schemas: Schemas, raw: Mapping[str, Any], pointer: str) -> dict[str, Content]:
    return {
        media_type: Content(
            media_type,
            content.get("schema", {}),
            f"{pointer}/content/{escape_pointer(media_type)}/schema",
            "schema" in content,
            _read_examples(schemas, content, f"{pointer}/content/{escape_pointer(media_type)}"),
        )
        for media_type, content in raw.get("content", {}).items()
    }


def _read_examples(schemas: Schemas, content: Mapping[str, Any], pointer: str) -> dict[str, Any]:
    """Return the example values of a media type by name; those without a value in the document are left out."""
    named = content.get("examples")
    found = {"example": content["example"]} if "example" in content else {}
    for name, entry in named.items() if isinstance(named, Mapping) else ():
        try:
            example, _ = schemas.resolve(entry, f"{pointer}/examples/{escape_pointer(name)}")
        except KeyError:  # it was left out
            continue
        if isinstance(example, Mapping) and "value" in example:
            found[name] = example["value"]
    return found


def _build_headers(schemas: Schemas, raw: Mapping[str, Any], pointer: str) -> Iterator[Header]:
    for name, entry in raw.get("headers", {}).items():
        try:
            header, at = schemas.resolve(entry, f"{pointer}/headers/{escape_pointer(name)}")
        except KeyError:  # it was left out
            continue
        if name.lower() == "content-type":  # OAS 3.1, 4.8.17: it is described by `content` alone
            continue
        schema, schema_pointer = _read_schema(header, at)
        yield Header(name, header.get("required") is True, schemas.resolve(schema, schema_pointer)[0], schema_pointer)


def _build_links(schemas: Schemas, raw: Mapping[str, Any], pointer: str) -> Iterator[Link]:
    links = raw.get("links")
    for name, entry in links.items() if isinstance(links, Mapping) else ():
        try:
            link, at = schemas.resolve(entry, f"{pointer}/links/{escape_pointer(name)}")
        except KeyError:  # it was left out
            continue
        reference = str(link.get("operationRef") or "")
        target = link.get("operationId") or unquote(reference.removeprefix("#") if reference.startswith("#/") else "")
        parameters = link.get("parameters")
        if isinstance(target, str) and target:
            values = parameters if isinstance(parameters, Mapping) else {}
            yield Link(name, target, {str(key): value for key, value in values.items()}, link.get("requestBody"), at)


def _build_body(schemas: Schemas, operation: Mapping[str, Any], pointer: str) -> Body | None:
    if "requestBody" not in operation:
        return None
    raw, at = schemas.resolve(operation["requestBody"], f"{pointer}/requestBody")
    return Body(bool(raw.get("required", False)), _build_contents(schemas, raw, at), at)


def _build_responses(reader: StatementReader, operation: Mapping[str, Any], pointer: str) -> dict[str, Response]:
    found = {}
    for status, entry in operation.get("responses", {}).items():
        raw, at = reader.schemas.resolve(entry, f"{pointer}/responses/{escape_pointer(status)}")
        added = reader.read_behavior(Added, raw, at)
        found[status] = Response(
            status,
            raw.get("description", ""),
            _build_contents(reader.schemas, raw, at),
            at,
            added,
            {header.name: header for header in _build_headers(reader.schemas, raw, at)},
            tuple(_build_links(reader.schemas, raw, at)),
        )
    return found


def _build_scheme(schemas: Schemas, name: str) -> SecurityScheme:
    raw, pointer = schemas.resolve(
        schemas.node_at(f"/components/securitySchemes/{escape_pointer(name)}"),
        f"/components/securitySchemes/{escape_pointer(name)}",
    )
    if raw["type"] == "apiKey":
        return SecurityScheme(name, "apiKey", raw["in"], raw["name"], "", pointer)
    if raw["type"] == "http" and raw["scheme"].lower() != "bearer":
        return SecurityScheme(
            name,
            "http",
            "header",
            "Authorization",
            f"{raw['scheme'].capitalize()} ",
            pointer,
        )
    # oauth2, openIdConnect and http bearer all send a bearer token (RFC 6750, section 2.1)
    return SecurityScheme(name, raw["type"], "header", "Authorization", "Bearer ", pointer)
