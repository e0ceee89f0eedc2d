"""Looks listed rows up one by one, and several at once: the operations that speak of one kind of row, together."""

import time
from collections.abc import Sequence
from functools import partial
from typing import Any

from specduet.contracts.analysis.row_values import MISSING, dig, listed
from specduet.contracts.generation.known_values import Knowledge
from specduet.contracts.probes.collections import View, made_up
from specduet.contracts.recording import Exchange, Row
from specduet.contracts.sending.sender import Sender
from specduet.contracts.traces import Fetched, Peeked, Unknown
from specduet.specs import Api, Operation, Parameter, Resource

_LOOKED_UP = {True: 60, False: 8}
_AT_ONCE = 4
_WATCH_TIMEOUT_S = 3.0
_PATIENCE_S = 5.0
"""After so long no more rows are looked up one by one: the service is slow."""


class Family:
    """The operations that speak of one resource."""

    def __init__(self, sender: Sender, api: Api, resource: Resource, knowledge: Knowledge) -> None:
        self.sender = sender
        self.api = api
        self.resource = resource
        self.knowledge = knowledge
        self.loopback = sender.target.loopback

    def speaking(self, word: str) -> list[Operation]:
        named = ((o, getattr(o.behavior, word)) for o in self.api.operations)
        return [o for o, rule in named if rule is not None and rule.resource == self.resource.name]

    def view(self, name: str | None = None) -> View | None:
        """The list of these rows, opened; None where there is none."""
        for operation in self.speaking("lists"):
            if name in {None, operation.id}:
                for path in self.knowledge.path_choices(operation)[:1]:
                    view = View(self.sender, self.api, operation, path)
                    return view if view.open() else None
        return None

    # ------------------------------------------------------------------------------------------ looking up

    def look_up(self, operation: Operation) -> None:
        """Fetch some rows one by one and two at a time, and one that does not exist."""
        rule = operation.behavior.fetches or operation.behavior.watches
        parameter = operation.parameter(rule.parameter, "path") if rule else None
        if rule is None or parameter is None:
            return
        view = self.view()
        if view is not None:
            self._look_up_rows(operation, view)
        path = self.path(operation, rule.parameter, made_up(parameter), {})
        if path is not None:
            exchange = self.sender.send(operation, path=path, timeout_s=self._timeout(operation))
            trace = Unknown(self.api.name, operation.id, rule.parameter, exchange)
            self.sender.recording.traces.append(trace)

    def _look_up_rows(self, operation: Operation, view: View) -> None:
        most = _LOOKED_UP[self.loopback] if operation.basis == "documented" else 12
        before = view.get({})
        rows = _spread(listed(before) or [], most)
        found = []
        until = time.monotonic() + _PATIENCE_S
        for row in rows:
            exchange = self.fetch(operation, row)
            if exchange is not None:
                found.append((row, exchange))
            if time.monotonic() > until or (exchange is not None and exchange.received is None):
                break
        found += self._together(operation, rows)
        self._as_others(operation, view)
        after = view.get({})
        api, name = self.api.name, operation.id
        self.sender.recording.traces += [Fetched(api, name, row, exchange, before, after) for row, exchange in found]

    def _together(self, operation: Operation, rows: Sequence[Row]) -> list[tuple[Row, Exchange]]:
        found: list[tuple[Row, Exchange]] = []
        for start in range(0, min(len(rows), 5 * _AT_ONCE) - _AT_ONCE + 1, _AT_ONCE):
            group = [row for row in rows[start : start + _AT_ONCE] if self.path_of(operation, row) is not None]
            exchanges = self.sender.concurrently([partial(self._fetched, operation, row) for row in group])
            found += zip(group, exchanges, strict=True)
        return found

    def _as_others(self, operation: Operation, view: View) -> None:
        """Fetch, as each caller, a few rows that other callers see."""
        callers = self.sender.callers
        if operation.behavior.visibility is None or len(callers) < 2:
            return
        lists = [view.get({}, credentials=caller) for caller in callers]
        for number, caller in enumerate(callers):
            rows = [row for other in lists if other is not lists[number] for row in (listed(other) or [])[:2]]
            for row in rows:
                path = self.path_of(operation, row)
                if path is not None:
                    exchange = self.sender.send(operation, path=path, credentials=caller)
                    trace = Peeked(self.api.name, operation.id, lists[number], row, exchange)
                    self.sender.recording.traces.append(trace)

    def fetch(self, operation: Operation, row: Row, **options: Any) -> Exchange | None:
        """Look a row up; None where its id is none that the path takes."""
        return None if self.path_of(operation, row) is None else self._fetched(operation, row, **options)

    def _fetched(self, operation: Operation, row: Row, **options: Any) -> Exchange:
        path = self.path_of(operation, row) or {}
        return self.sender.send(operation, path=path, timeout_s=self._timeout(operation), **options)

    def _timeout(self, operation: Operation) -> float | None:
        return _WATCH_TIMEOUT_S if operation.behavior.watches is not None else None

    def path_of(self, operation: Operation, row: Row) -> dict[str, str] | None:
        """The path that leads to a row, None where a part of it is unknown or invalid."""
        rule = operation.behavior.fetches or operation.behavior.watches
        value = dig(row, rule.field) if rule else MISSING
        if rule is None or not isinstance(value, str | int) or isinstance(value, bool):
            return None
        return self.path(operation, rule.parameter, str(value), row)

    def path(self, operation: Operation, name: str, value: str, row: Row) -> dict[str, str] | None:
        """Fill a path: one parameter with a value, the others from the row's fields of that name or what is known."""
        path = {}
        for parameter in operation.parameters:
            if parameter.location != "path":
                continue
            shown = row.get(parameter.name)
            choices = [shown] if isinstance(shown, str) else self.knowledge.path_values(operation, parameter)
            chosen = value if parameter.name == name else next(iter(choices), "")
            if not chosen or not self.api.schemas.validator_at(parameter.pointer).is_valid(_plain(parameter, chosen)):
                return None
            path[parameter.name] = chosen
        return path


def _spread(rows: Sequence[Row], most: int) -> list[Row]:
    """At most so many rows, the first and the last among them."""
    if len(rows) <= most:
        return list(rows)
    return [rows[round(i * (len(rows) - 1) / (most - 1))] for i in range(most)]


def _plain(parameter: Parameter, text: str) -> Any:
    return int(text) if parameter.schema.get("type") == "integer" and text.lstrip("-").isdigit() else text
