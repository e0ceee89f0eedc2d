"""Lookups of listed rows, one by one and several at once, with the operations about one resource."""

import time
from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

from specduet.contracts.analysis.row_values import get_path
from specduet.contracts.generation.known_values import KnownValues
from specduet.contracts.probes.collections import CollectionProbe, has_sent_parameters, unknown_path_value
from specduet.contracts.probes.list_queries import parse_query_text
from specduet.contracts.recording import ABSENT, Exchange, Row
from specduet.contracts.sending.sender import Sender
from specduet.contracts.traces import CrossOwnerFetch, FetchedRow, UnknownPathValue
from specduet.specs import Operation, Parameter, Resource

_MAX_LOOKUPS = {True: 60, False: 8}
"""Rows that are looked up one by one; True is for this machine, False for others."""

_CONCURRENT_LOOKUPS = 4
_WATCH_TIMEOUT_S = 3.0
_MAX_DURATION_S = 5.0
"""Seconds after which no more rows are looked up one by one: the service is slow."""


class ResourceProbe:
    """The operations about one resource, and requests to them."""

    def __init__(self, sender: Sender, resource: Resource, known_values: KnownValues) -> None:
        self.sender = sender
        self.api = sender.api
        self.resource = resource
        self.known_values = known_values
        self.is_loopback = sender.target.loopback
        self.above: Mapping[str, str] = {}
        """The path parameters above the rows, from the last list that was opened."""

    def operations_with(self, statement: str) -> list[Operation]:
        """Return the operations that have a statement of this name (``lists``, ``fetches``) about the resource.

        What has an id, or the parameters of a list, in a body or query is left out: no probe sends that.
        """
        statements = ((o, getattr(o.behavior, statement)) for o in self.api.operations if not has_sent_parameters(o))
        return [o for o, rule in statements if rule is not None and rule.resource == self.resource.name]

    def open_list(
        self, operation_id: str | None = None, above: Mapping[str, str] = MappingProxyType({})
    ) -> CollectionProbe | None:
        """Return a list of the resource, opened, or None if there is none; ``operation_id`` names the operation.

        ``above`` has path parameters to list with, if these are all that the path takes.
        """
        for operation in self.operations_with("lists"):
            if operation_id in {None, operation.id}:
                names = {p.name for p in operation.parameters if p.location == "path"}
                paths = [above] if names and names <= above.keys() else self.known_values.path_choices(operation)[:1]
                for path in paths:
                    collection = CollectionProbe(self.sender, operation, {name: path[name] for name in names})
                    self.above = collection.path
                    return collection if collection.list_everything() else None
        return None

    # ---------------------------------------------------------------------------------------------- lookups

    def look_up_rows(self, operation: Operation) -> None:
        """Look up some listed rows, one by one and several at once, and one that does not exist."""
        rule = operation.behavior.reads
        parameter = operation.parameter(rule.parameter, "path") if rule else None
        if rule is None or parameter is None:
            return
        collection = self.open_list()
        if collection is not None:
            self._fetch_listed_rows(operation, collection)
        path = self.build_path(operation, rule.parameter, unknown_path_value(parameter), {})
        if path is not None:
            exchange = self.sender.send(operation, path=path, timeout_s=self._lookup_timeout(operation))
            self.sender.record_trace(UnknownPathValue, operation, rule.parameter, exchange)

    def _fetch_listed_rows(self, operation: Operation, collection: CollectionProbe) -> None:
        """Look up listed rows, and list everything before and after, so that changed rows are recognised."""
        max_rows = _MAX_LOOKUPS[self.is_loopback] if operation.basis == "documented" else 12
        list_before = collection.send_query({})
        rows = _spread_rows(collection.read_rows(list_before) or [], max_rows)
        lookups = []
        deadline = time.monotonic() + _MAX_DURATION_S
        for row in rows:
            exchange = self.fetch_row(operation, row)
            if exchange is not None:
                lookups.append((row, exchange))
            if time.monotonic() > deadline or (exchange is not None and exchange.response is None):
                break
        lookups += self._fetch_concurrently(operation, rows)
        self._fetch_as_callers(operation, collection)
        list_after = collection.send_query({})
        for row, exchange in lookups:
            self.sender.record_trace(FetchedRow, operation, row, exchange, list_before, list_after)

    def _fetch_concurrently(self, operation: Operation, rows: Sequence[Row]) -> list[tuple[Row, Exchange]]:
        """Look up a few groups of rows, each group at the same time."""
        lookups: list[tuple[Row, Exchange]] = []
        for start in range(0, min(len(rows), 5 * _CONCURRENT_LOOKUPS) - _CONCURRENT_LOOKUPS + 1, _CONCURRENT_LOOKUPS):
            group = [
                row for row in rows[start : start + _CONCURRENT_LOOKUPS] if self.path_to_row(operation, row) is not None
            ]
            exchanges = self.sender.send_concurrently([partial(self._send_lookup, operation, row) for row in group])
            lookups += zip(group, exchanges, strict=True)
        return lookups

    def _fetch_as_callers(self, operation: Operation, collection: CollectionProbe) -> None:
        """Look up, as each caller, two rows of the list of each other caller."""
        callers = self.sender.callers
        if operation.behavior.visibility is None or len(callers) < 2:
            return
        lists = [collection.send_query({}, credentials=caller) for caller in callers]
        for number, caller in enumerate(callers):
            rows = [
                row
                for other_list in lists
                if other_list is not lists[number]
                for row in (collection.read_rows(other_list) or [])[:2]
            ]
            for row in rows:
                path = self.path_to_row(operation, row)
                if path is not None:
                    exchange = self.sender.send(operation, path=path, credentials=caller)
                    self.sender.record_trace(CrossOwnerFetch, operation, lists[number], row, exchange)

    def fetch_row(self, operation: Operation, row: Row, **options: Any) -> Exchange | None:
        """Look up a row, or return None if its id is not valid in the path."""
        return None if self.path_to_row(operation, row) is None else self._send_lookup(operation, row, **options)

    def _send_lookup(self, operation: Operation, row: Row, **options: Any) -> Exchange:
        path = self.path_to_row(operation, row) or {}
        return self.sender.send(operation, path=path, timeout_s=self._lookup_timeout(operation), **options)

    def _lookup_timeout(self, operation: Operation) -> float | None:
        """Return the timeout of a lookup: a short one for a stream of events, which ends only when the row does."""
        return _WATCH_TIMEOUT_S if operation.behavior.watches is not None else None

    def path_to_row(self, operation: Operation, row: Row) -> dict[str, str] | None:
        """Return the path parameters that lead to a row, or None if one of them is unknown or invalid."""
        rule = operation.behavior.reads
        value = get_path(row, rule.field) if rule else ABSENT
        if rule is None or not isinstance(value, str | int) or isinstance(value, bool):
            return None
        return self.build_path(operation, rule.parameter, str(value), row)

    def build_path(self, operation: Operation, lookup_parameter: str, value: str, row: Row) -> dict[str, str] | None:
        """Return path parameters: ``value`` for ``lookup_parameter``, others from the row or the known values."""
        path = {}
        for parameter in operation.parameters:
            if parameter.location != "path":
                continue
            row_value = row.get(parameter.name)
            known = self._list_values_above(operation, parameter, row)
            choices = [row_value] if isinstance(row_value, str) else known
            text = value if parameter.name == lookup_parameter else next(iter(choices), "")
            if not text or not self.api.schemas.validator_at(parameter.pointer).is_valid(
                parse_query_text(parameter.schema, text)
            ):
                return None
            path[parameter.name] = text
        return path

    def _list_values_above(self, operation: Operation, parameter: Parameter, row: Row) -> list[str]:
        """Return the values of a path parameter above a row: that of its list or of its own field, else known ones."""
        if parameter.name in self.above:
            return [self.above[parameter.name]]
        scope = next((s for s in operation.behavior.scopes if s.parameter == parameter.name), None)
        value = get_path(row, scope.field) if scope is not None and not scope.hidden else ABSENT
        return [str(value)] if isinstance(value, str | int) else self.known_values.path_values(operation, parameter)


def _spread_rows(rows: Sequence[Row], max_count: int) -> list[Row]:
    """Return at most ``max_count`` rows, evenly spread, with the first and the last."""
    if len(rows) <= max_count:
        return list(rows)
    return [rows[round(i * (len(rows) - 1) / (max_count - 1))] for i in range(max_count)]
