"""Worlds to test: of the bundled APIs, and of one that has what the bundled ones lack."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from specduet.mocks.settings import CallerIdentity, Settings
from specduet.mocks.world import Clock, World
from specduet.specs import Api, Operation, bundled, load
from specduet.specs.locations import HOME

EPOCH = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)
JOBS = Path(__file__).with_name("jobs.yaml")
OVERLAYS = {
    "seekrflow": Path(__file__).with_name("threads_overlay.yaml"),
    "cloudcruise": Path(__file__).with_name("listed_runs_overlay.yaml"),
}
"""Overlays in place of the bundled ones."""


class WorldClient:
    """A world and its operations, without HTTP; its clock stands still until a test moves it."""

    def __init__(self, api: Api, **settings: Any) -> None:
        self.api = api
        self.settings = Settings(**{"epoch": EPOCH, **settings})
        self.clock = Clock(self.settings.epoch)
        self.clock.freeze(self.settings.epoch)
        self.world = World(api, self.settings, self.clock)

    def operations_with(self, statement: str) -> list[Operation]:
        """Return the operations with a statement: lists, fetches, watches or creates."""
        return [o for o in self.api.operations if getattr(o.behavior, statement) is not None]

    def values(self, operation: Operation, **given: Any) -> dict[str, Any]:
        """Return parameters with their defaults; the first scope where none is given."""
        values = {p.name: p.default for p in operation.parameters if "default" in p.schema}
        scopes = self.world.scope_values().items()
        values |= {name: known[0] for name, known in scopes if operation.parameter(name, "path")}
        return values | given

    def rows(self, caller: CallerIdentity | None = None, **given: Any) -> list[dict[str, Any]]:
        """Return the response of the first list operation."""
        operation = self.operations_with("lists")[0]
        values = self.values(operation, **given)
        rows: list[dict[str, Any]] = json.loads(self.world.list_rows(operation, values, caller or CallerIdentity()))
        return rows

    def create(self, body: Mapping[str, Any] | None = None, caller: CallerIdentity | None = None, **given: Any) -> Any:
        """Return the response of the first operation that creates rows."""
        operation = self.operations_with("creates")[0]
        values = self.values(operation, **given)
        return json.loads(self.world.create_row(operation, values, body, caller or CallerIdentity()))

    def all_responses(self) -> list[tuple[str, Any]]:
        """Return a successful response of every operation of the vendor's pages, with the pointer of its schema."""
        responses = []
        for operation in self.api.operations:
            content = next(c for c in operation.responses["200"].content.values() if c.schema)
            responses += [(content.pointer, body) for body in self._response_bodies(operation)]
        return responses

    def _response_bodies(self, operation: Operation) -> list[Any]:
        behavior, caller = operation.behavior, CallerIdentity()
        if behavior.lists:
            scopes = self.world.scope_values().get(behavior.scope.parameter, []) if behavior.scope else [None]
            many = {behavior.limit.parameter: 10_000} if behavior.limit else {}
            requests = [{behavior.scope.parameter: scope} if behavior.scope else {} for scope in scopes]
            return [
                json.loads(self.world.list_rows(operation, self.values(operation, **request, **many), caller))
                for request in requests
            ]
        if behavior.creates:
            values = self.values(operation)
            return [json.loads(self.world.create_row(operation, values, {}, caller)) for _ in range(3)]
        lookup = behavior.lookup
        assert lookup is not None
        bodies = []
        for row in self.world.dump_state()[lookup.resource]:
            values = {lookup.parameter: row[lookup.field]}
            if behavior.fetches:
                bodies.append(json.loads(self.world.fetch_row(operation, values, caller) or b"null"))
            else:
                feed = self.world.follow_rows(operation, values, caller)
                bodies.append([json.loads(event.data) for event in (feed.list_due() if feed else ())])
        return bodies


@cache
def load_api(name: str) -> Api:
    """Return the API of a document, or a bundled one by its vendor's pages alone, without neighbours."""
    if name not in bundled():
        return load(str(JOBS) if name == "jobs" else name)
    overlay = OVERLAYS.get(name, HOME / name / "overlay.yaml")
    with TemporaryDirectory() as folder:
        page = Path(folder, "page.yaml")
        page.write_text((HOME / name / "openapi.yaml").read_text(encoding="utf-8"), encoding="utf-8")
        return load(page, overlays=[overlay], name=name)


@pytest.fixture(scope="session")
def make_client() -> Callable[..., WorldClient]:
    """A function from an API's name and settings to a client; ``jobs`` is the API of these tests alone."""
    return lambda name, **settings: WorldClient(load_api(name), **settings)
