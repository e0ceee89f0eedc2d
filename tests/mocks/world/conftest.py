"""Worlds to ask: of the bundled APIs, and of one that shows what the bundled ones do not."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from specduet.mocks.settings import CallerIdentity, Settings
from specduet.mocks.world import Clock, World
from specduet.specs import Api, Operation, load

EPOCH = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)
JOBS = Path(__file__).with_name("jobs.yaml")


class Asked:
    """A world and the operations that it is asked by; its clock stands still until it is moved."""

    def __init__(self, api: Api, **settings: Any) -> None:
        self.api = api
        self.settings = Settings(**{"epoch": EPOCH, **settings})
        self.clock = Clock(self.settings.epoch)
        self.clock.freeze(self.settings.epoch)
        self.world = World(api, self.settings, self.clock)

    def speaking(self, word: str) -> list[Operation]:
        """The operations with a statement: lists, fetches, watches or creates."""
        return [o for o in self.api.operations if getattr(o.behavior, word) is not None]

    def values(self, operation: Operation, **given: Any) -> dict[str, Any]:
        """Parameters with their defaults; the first scope where none is given."""
        values = {p.name: p.default for p in operation.parameters if "default" in p.schema}
        values |= {name: known[0] for name, known in self.world.scope_values().items() if operation.parameter(name)}
        return values | given

    def rows(self, caller: CallerIdentity | None = None, **given: Any) -> list[dict[str, Any]]:
        """What the first list operation answers."""
        operation = self.speaking("lists")[0]
        rows: list[dict[str, Any]] = json.loads(
            self.world.list_rows(operation, self.values(operation, **given), caller or CallerIdentity())
        )
        return rows

    def start(self, body: Mapping[str, Any] | None = None, caller: CallerIdentity | None = None, **given: Any) -> Any:
        operation = self.speaking("creates")[0]
        return json.loads(
            self.world.create_row(operation, self.values(operation, **given), body, caller or CallerIdentity())
        )

    def answers(self) -> list[tuple[str, Any]]:
        """Every kind of successful answer, with the pointer of the schema that it has to keep."""
        found = []
        for operation in self.api.operations:
            content = next(c for c in operation.responses["200"].content.values() if c.schema)
            found += [(content.pointer, body) for body in self._bodies(operation)]
        return found

    def _bodies(self, operation: Operation) -> list[Any]:
        words, caller = operation.behavior, CallerIdentity()
        if words.lists:
            scopes = self.world.scope_values().get(words.scope.parameter, []) if words.scope else [None]
            named = [{words.scope.parameter: scope} if words.scope else {} for scope in scopes]
            many = {words.limit.parameter: 10_000} if words.limit else {}
            return [
                json.loads(self.world.list_rows(operation, self.values(operation, **name, **many), caller))
                for name in named
            ]
        if words.creates:
            return [json.loads(self.world.create_row(operation, self.values(operation), {}, caller)) for _ in range(3)]
        said = words.fetches or words.watches
        assert said is not None
        bodies = []
        for row in self.world.dump_state()[said.resource]:
            values = {said.parameter: row[said.field]}
            if words.fetches:
                bodies.append(json.loads(self.world.fetch_row(operation, values, caller) or b"null"))
            else:
                bodies.append(
                    [json.loads(event) for event in self.world.list_status_events(operation, values, caller) or ()]
                )
        return bodies


@cache
def api(name: str) -> Api:
    return load(name)


@pytest.fixture(scope="session")
def ask() -> Callable[..., Asked]:
    """A function from an API's name and settings to a world that can be asked; ``jobs`` is the API of these tests."""
    return lambda name, **settings: Asked(api(str(JOBS) if name == "jobs" else name), **settings)
