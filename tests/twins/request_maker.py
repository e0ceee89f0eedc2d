"""Requests of a walk, made from the document: ids that exist or not, a few values that often meet, some mistakes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.twins.service import Collection, Made, Service

_METHODS = ("get", "post", "put", "patch", "delete")
_PARAMETER = re.compile(r"\{([^{}]+)\}")
_WORDS = ("alpha", "beta", "gamma", "delta", "Alpha beta", "omega gamma")
_FORMATS = {
    "date-time": ("2026-01-05T10:00:00Z", "2026-02-05T10:00:00Z", "2025-12-01T00:00:00Z"),
    "date": ("2026-01-05", "2026-02-05", "2025-12-01"),
    "email": ("ann@example.com", "bob@example.com", "cyd@example.com"),
    "uri": ("https://example.com/a", "https://example.com/b"),
    "uuid": ("0b5c4d3e-0000-4000-8000-000000000001",),
}
Parameters = Sequence[Mapping[str, Any]]


@dataclass
class Draft:
    """A request whose made-up values are not yet those of one server."""

    method: str
    template: str
    path: dict[str, Any] = field(default_factory=dict)
    query: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, Any] = field(default_factory=dict)
    body: Any = None
    media_type: str = ""

    def __str__(self) -> str:
        return f"{self.method} {self.template} {self.path} {self.query} {self.headers} {self.body}"


@dataclass
class KnownRow:
    """A row that the first server has made, and the path parameters under which it did."""

    identity: Any
    parents: Mapping[str, Any]


class RequestMaker:
    """Maker of requests to one service."""

    def __init__(self, service: Service, document: Mapping[str, Any]) -> None:
        self._service = service
        self._document = document
        #: share of the choices that are mistaken
        self._mistakes = 0.04
        #: rows by the path parameter that names them
        self.known: dict[str, list[KnownRow]] = {}
        self.operations = [
            f"{method.upper()} {path}"
            for path, item in document["paths"].items()
            for method in _METHODS
            if method in item and f"{method.upper()} {path}" not in service.skipped
        ]

    def list_weighted(self) -> list[str]:
        """Return the operations, those that create a row three times."""
        creates = [o for o in self.operations if o.startswith("POST ") and self.find_collection(o[5:])]
        return [*self.operations, *creates, *creates]

    def find_collection(self, template: str) -> Collection | None:
        """Return the collection that is at a path."""
        return next((c for c in self._service.collections if c.path == template), None)

    def make_request(self, operation: str, random: Random) -> Draft:
        """Return a request to an operation, which is called ``METHOD /path``."""
        method, template = operation.split(" ", 1)
        item = self._document["paths"][template]
        described = item[method.lower()]
        parameters = [*map(self._resolve, [*item.get("parameters", ()), *described.get("parameters", ())])]
        draft = Draft(method, template, self._choose_path(template, parameters, random))
        draft.headers |= self._service.headers
        for parameter in parameters:
            self._add_parameter(draft, parameter, random)
        if "requestBody" in described:
            content = self._resolve(described["requestBody"])["content"]
            draft.media_type = random.choice([*content])
            draft.body = self._make_value(content[draft.media_type]["schema"], "", random)
        return draft

    def make_valid_request(self, operation: str, random: Random) -> Draft:
        """Return a request without a mistake, below rows that there are."""
        self._mistakes = 0.0
        try:
            return self.make_request(operation, random)
        finally:
            self._mistakes = 0.04

    def list_choices(self, template: str) -> dict[str, list[Any]]:
        """Return the values of each query parameter of a list of which the document names every value."""
        item = self._document["paths"][template]
        choices = {}
        for parameter in map(self._resolve, [*item.get("parameters", ()), *item["get"].get("parameters", ())]):
            schemas = [self._resolve(branch) for branch in parameter["schema"].get("anyOf", [parameter["schema"]])]
            for schema in map(self._resolve, schemas):
                values = [True, False] if schema.get("type") == "boolean" else schema.get("enum")
                if parameter["in"] == "query" and values:
                    choices[parameter["name"]] = values
        return choices

    def make_unknown(self, method: str, template: str, name: str) -> Any:
        """Return a value that no row has for a path parameter."""
        item = self._document["paths"][template]
        parameters = [*item.get("parameters", ()), *item[method.lower()].get("parameters", ())]
        return self._make_unknown(name, [*map(self._resolve, parameters)])

    def _choose_path(self, template: str, parameters: Parameters, random: Random) -> dict[str, Any]:
        names = _PARAMETER.findall(template)
        chosen: dict[str, Any] = {}
        for name in reversed(names):
            same = self._service.same
            rows = self.known.get(same.get(f"{template} {name}", same.get(name, name)), [])
            if name in self._service.names:
                chosen[name] = random.choice(self._service.names[name])
                continue
            if name in chosen and random.random() >= self._mistakes:
                continue
            if not rows or random.random() < self._mistakes:
                chosen[name] = self._make_unknown(name, parameters)
            else:
                row = rows[-1] if random.random() < 0.3 else random.choice(rows)
                chosen = {**{parent: Made(value) for parent, value in row.parents.items()}, **chosen}
                chosen[name] = Made(row.identity)
        return {name: chosen[name] for name in names}

    def _make_unknown(self, name: str, parameters: Parameters) -> Any:
        for parameter in parameters:
            if parameter["name"] == name:
                return choose_unknown(self._resolve(parameter["schema"]))
        raise LookupError(name)

    def _add_parameter(self, draft: Draft, parameter: Mapping[str, Any], random: Random) -> None:
        name = parameter["name"]
        holder = {"query": draft.query, "header": draft.headers}.get(parameter["in"])
        if holder is None or name in self._find_tokens(draft.template) or name.lower() in {"if-match", "if-none-match"}:
            return
        if parameter.get("required") or random.random() < 0.3:
            special = f"{parameter['in']} {name}"
            known = special if special in self._service.values else name
            holder[name] = self._make_value(parameter["schema"], known, random)

    def _find_tokens(self, template: str) -> set[str]:
        collection = self.find_collection(template)
        if collection is None or collection.paging is None or collection.paging.kind in {"offset", "page"}:
            return set()
        return {collection.paging.parameter}

    def _make_value(self, schema: Any, name: str, random: Random) -> Any:  # noqa: PLR0911, C901  one line a keyword
        schema = self._resolve(schema)
        if name in self._service.values:
            return random.choice(self._service.values[name])
        if name in self._service.references:
            rows = self.known.get(self._service.references[name], [])
            return Made(random.choice(rows).identity) if rows else choose_unknown(schema)
        if "enum" in schema:
            return random.choice(schema["enum"])
        if "const" in schema:
            return schema["const"]
        if "anyOf" in schema:
            branches = [branch for branch in schema["anyOf"] if branch.get("type") != "null"]
            return self._make_value(random.choice(branches), name, random)
        kinds = schema.get("type")
        kind = kinds[0] if isinstance(kinds, list) else kinds
        if kind == "object" or "properties" in schema:
            return self._make_object(schema, random)
        if kind == "array":
            count = random.randint(schema.get("minItems", 0), min(schema.get("maxItems", 3), 3))
            mistakes, self._mistakes = self._mistakes, 0.0
            items = [self._make_value(schema["items"], name, random) for _ in range(count)]
            self._mistakes = mistakes
            return items
        if kind == "integer":
            low = int(schema.get("minimum", 0))
            return random.randint(low, min(int(schema.get("maximum", low + 5)), low + 5))
        if kind == "number":
            return random.randint(0, 40) / 4
        if kind == "boolean":
            return random.random() < 0.5
        return random.choice(_FORMATS.get(schema.get("format", ""), _WORDS))

    def _make_object(self, schema: Mapping[str, Any], random: Random) -> dict[str, Any]:
        required = schema.get("required", ())
        made = {}
        for name, inner in schema.get("properties", {}).items():
            if inner.get("readOnly"):
                continue
            if random.random() < (1 - self._mistakes / 2 if name in required else 0.6):
                made[name] = self._make_value(inner, name, random)
        return made

    def _resolve(self, node: Any) -> Any:
        while "$ref" in node:
            target: Any = self._document
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part.replace("~1", "/").replace("~0", "~")]
            node = target
        return node


def choose_unknown(schema: Mapping[str, Any]) -> Any:
    """Return an id that no row has."""
    if schema.get("format") == "uuid":
        return "0b5c4d3e-0000-4000-8000-00000000dead"
    return 987_654 if schema.get("type") == "integer" else "unknown-1"
