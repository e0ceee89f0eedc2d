"""Requests that create rows: every member of every enum, with and without each header, free objects filled."""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from specduet.contracts.analysis.created_fields import list_set_fields
from specduet.contracts.analysis.row_values import open_sent_envelope
from specduet.contracts.generation.known_values import PlannedRequest
from specduet.contracts.oracle.schema_access import list_properties, strip_null
from specduet.contracts.probes.sample_rows import RowVariants
from specduet.specs import Api, Operation


class CreateRequests:
    """Variants of one valid request that together try what the body and the headers allow."""

    def __init__(self, api: Api, operation: Operation, request: PlannedRequest) -> None:
        assert operation.behavior.creates is not None
        self.api = api
        self.operation = operation
        self.request = request
        self.rule = operation.behavior.creates
        self.sets = list_set_fields(api, operation)
        envelope = operation.behavior.envelope
        self._has_envelope = envelope is not None and envelope.request is not None

    def vary_requests(self, count: int) -> Iterator[tuple[PlannedRequest, dict[str, Any]]]:
        """Yield ``count`` valid requests, each with the fields that it sets in the new row.

        Example of the fields: ``{"kind": "daily", "correlation_id": "…"}``.
        """
        members = self._enum_members()
        for number in range(count):
            request = self._fill_optional(number) if number == 1 else self.request
            for name, choices in members.items():
                request = request.with_json({**request.json, name: choices[number % len(choices)]})
            request = self._fill_free_objects(request, number)
            for header in self._header_names():
                request = request.with_header(header, self._header_value(number))
            yield request, self.read_requested_fields(request)

    def _fill_optional(self, number: int) -> PlannedRequest:
        """Return the request with the optional properties of rows of which no overlay says how they come about.

        Each has another value than its default, so that a row shows whether it was read.
        """
        resource = self.api.resources[self.rule.resource]
        if not resource.is_inferred or not isinstance(self.request.json, dict):
            return self.request
        status = resource.behavior.status.field if resource.behavior.status is not None else ""
        variants = RowVariants(self.api, self.operation, self.request, left_out=frozenset([status]))
        return variants.vary_request(number)

    def _body_properties(self) -> dict[str, tuple[Mapping[str, Any], str]]:
        """Return the top-level properties of a JSON object body: name -> (schema, pointer)."""
        body = self.operation.body
        content = body.content.get("application/json") if body else None
        if content is None or self._has_envelope or not isinstance(self.request.json, dict):
            return {}
        schemas = self.api.request_schemas
        schema, pointer, _ = strip_null(schemas, content.schema, content.pointer)
        return {name: strip_null(schemas, inner, at)[:2] for name, inner, at in list_properties(schema, pointer)}

    def _enum_members(self) -> dict[str, list[Any]]:
        """Return the members of each property that is an enum."""
        return {name: list(schema["enum"]) for name, (schema, _) in self._body_properties().items() if "enum" in schema}

    def _fill_free_objects(self, request: PlannedRequest, number: int) -> PlannedRequest:
        """Return the request with content in objects that may hold anything, which the new row must then show.

        Each request has a key of its own: a service that mixes up two requests, or changes keys, shows it there.
        """
        if not isinstance(request.json, dict):
            return request
        content = {
            "question": f"Which runs failed today, Zoë? {uuid.uuid4()}",
            "sources": ["a", {"b": 1.5}],
            ("depth", "Max-Depth", "maxDepth")[number % 3]: 2,
            f"only {number}": number,
        }
        names = [source.partition("/")[2] for source in self.sets.values() if source.startswith("body/")]
        for name, (schema, pointer) in self._body_properties().items():
            is_free = schema.get("type") == "object" and "properties" not in schema and name in names
            if is_free and self.api.schemas.validator_at(pointer).is_valid(content):
                request = replace(request, json={**request.json, name: content})
        return request

    def _header_names(self) -> list[str]:
        return [source.partition("/")[2] for source in self.sets.values() if source.startswith("header/")]

    def _header_value(self, number: int) -> str | None:
        """Return a UUID, or None, or now and then a long text in upper and lower case."""
        if number % 5 == 4:
            return f"Specduet-{uuid.uuid4()}-Started-By-The-Contract-Suite"
        return None if number % 2 else str(uuid.uuid4())

    def read_requested_fields(self, request: PlannedRequest) -> dict[str, Any]:
        """Return the fields of the new row that the request sets, by the statement ``creates.sets``."""
        requested = {}
        body = open_sent_envelope(self.operation, request.json)
        headers = {name.lower(): value for name, value in request.headers}
        for name, source in self.sets.items():
            kind, _, key = source.partition("/")
            if kind == "header" and headers.get(key.lower()):
                requested[name] = headers[key.lower()]
            elif kind == "body" and isinstance(body, dict) and key in body:
                requested[name] = body[key]
        return requested
