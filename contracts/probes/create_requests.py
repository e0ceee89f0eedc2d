"""The requests that start runs: every member of every enum, with and without each header, free objects filled."""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from specduet.contracts.generation.known_values import Call
from specduet.specs import Api, Operation


class Starts:
    """Valid requests made from one, ``call``, so that together they try what the body and the headers allow."""

    def __init__(self, api: Api, operation: Operation, call: Call) -> None:
        assert operation.behavior.creates is not None
        self.api = api
        self.operation = operation
        self.call = call
        self.sets = operation.behavior.creates.sets

    def calls(self, most: int) -> Iterator[tuple[Call, dict[str, Any]]]:
        """So many valid requests, each with what it asks the new row to be."""
        members = self._members()
        for number in range(most):
            call = self.call
            for name, choices in members.items():
                call = call.with_json({**call.json, name: choices[number % len(choices)]})
            call = self._filled(call, number)
            for header in self._headers():
                call = call.with_header(header, self._header(number))
            yield call, self._asked(call)

    def _properties(self) -> dict[str, tuple[Mapping[str, Any], str]]:
        """The top-level properties of a JSON object body, with where their schemas stand."""
        body = self.operation.body
        content = body.content.get("application/json") if body else None
        if content is None or not isinstance(self.call.json, dict):
            return {}
        schema, pointer, _ = self.api.schemas.split_null(content.schema, content.pointer)
        return {
            name: self.api.schemas.split_null(inner, f"{pointer}/properties/{name}")[:2]
            for name, inner in schema.get("properties", {}).items()
        }

    def _members(self) -> dict[str, list[Any]]:
        return {name: list(schema["enum"]) for name, (schema, _) in self._properties().items() if "enum" in schema}

    def _filled(self, call: Call, number: int) -> Call:
        """Fill objects that may hold anything, so that what is kept of them can be told.

        Each has a key of its own: a service that mixes two requests, or writes keys in its own way, shows it there.
        """
        if not isinstance(call.json, dict):
            return call
        marked = {
            "question": f"Which runs failed today, Zoë? {uuid.uuid4()}",
            "sources": ["a", {"b": 1.5}],
            ("depth", "Max-Depth", "maxDepth")[number % 3]: 2,
            f"only {number}": number,
        }
        names = [source.partition("/")[2] for source in self.sets.values() if source.startswith("body/")]
        for name, (schema, pointer) in self._properties().items():
            free = schema.get("type") == "object" and "properties" not in schema and name in names
            if free and self.api.schemas.validator_at(pointer).is_valid(marked):
                call = replace(call, json={**call.json, name: marked})
        return call

    def _headers(self) -> list[str]:
        return [source.partition("/")[2] for source in self.sets.values() if source.startswith("header/")]

    def _header(self, number: int) -> str | None:
        """A UUID, none at all, and now and then a long text in both cases."""
        if number % 5 == 4:
            return f"Specduet-{uuid.uuid4()}-Started-By-The-Contract-Suite"
        return None if number % 2 else str(uuid.uuid4())

    def _asked(self, call: Call) -> dict[str, Any]:
        asked = {}
        headers = {name.lower(): value for name, value in call.headers}
        for name, source in self.sets.items():
            kind, _, key = source.partition("/")
            if kind == "header" and headers.get(key.lower()):
                asked[name] = headers[key.lower()]
            elif kind == "body" and isinstance(call.json, dict) and key in call.json:
                asked[name] = call.json[key]
        return asked
