"""Probe of changes: rows that this run creates are changed, replaced and deleted, and looked at afterwards.

No other row is touched. Recorded are the traces ``ChangedRow``, ``ConditionalRequest``, ``FollowedLocation`` and
``UnknownPathValue``.
"""

import time
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from specduet.contracts.analysis.created_fields import list_body_properties
from specduet.contracts.analysis.row_values import get_path, open_sent_envelope, read_single_row
from specduet.contracts.generation.known_values import KnownValues, PlannedRequest
from specduet.contracts.generation.mutations import replace_at
from specduet.contracts.generation.pattern_texts import draw_texts
from specduet.contracts.oracle.request_parts import find_header_parameter
from specduet.contracts.oracle.schema_access import is_valid_value
from specduet.contracts.planning.row_paths import fill_row_path
from specduet.contracts.probes.collections import CollectionProbe, has_sent_parameters
from specduet.contracts.probes.create_requests import CreateRequests
from specduet.contracts.probes.details import ResourceProbe
from specduet.contracts.probes.fresh_requests import send_fresh
from specduet.contracts.probes.list_queries import make_unused_value
from specduet.contracts.probes.locations import follow_location, read_location_id
from specduet.contracts.probes.row_creation import find_creations
from specduet.contracts.probes.sample_rows import RowVariants
from specduet.contracts.recording import Exchange, Row
from specduet.contracts.sending.sender import Sender
from specduet.contracts.traces import ChangedRow, ConditionalRequest, UnknownPathValue
from specduet.specs import Api, Operation, Schema
from specduet.specs.behavior import Lookup

_MAX_CHANGES = 3
"""Fields that one request changes."""

_PAUSES_S = (0.3, 1.2)
"""Times in which a service that writes behind carries out a change, or brings its lists up to date."""

_OTHER_VERSION = '"specduet-other-version"'

_NEW_VALUES: tuple[Any, ...] = (
    "Changed by Specduet",
    "specduet@example.com",
    "https://example.com/specduet",
    "2026-01-02T03:04:05Z",
    "2026-01-02",
    "changed",
    7,
    1,
    True,
    False,
)


def probe_changes(sender: Sender, operation: Operation, known_values: KnownValues) -> None:
    """Change a row of this run with the operation, once, and a row that does not exist. Raises ``BudgetSpent``."""
    behavior = operation.behavior
    rule = behavior.updates or behavior.replaces or behavior.deletes or _find_action(sender.api, operation)
    if rule is None or (rule.basis == "assumed" and behavior.acts is None):
        return
    change_probe = ChangeProbe(
        ResourceProbe(sender, sender.api.resources[rule.resource], known_values), operation, rule
    )
    if rule.parameter:
        change_probe.change_new_row()
    elif behavior.deletes is None and known_values.own_rows.needs_own_row(operation):
        change_probe.change_only_row()


def _read_version(fetched: Exchange | None) -> str | None:
    """Return the ``ETag`` of a row that was fetched."""
    return fetched.response.get_header("etag") if fetched is not None and fetched.response is not None else None


def _find_action(api: Api, operation: Operation) -> Lookup | None:
    """Return the statement of an operation that leads its row to another status, None for any other."""
    acts = operation.behavior.acts
    status = api.resources[acts.resource].behavior.status if acts is not None else None
    return acts if acts is not None and acts.to is not None and status is not None else None


class ChangeProbe:
    """Requests that change one row of a resource."""

    def __init__(self, resource_probe: ResourceProbe, operation: Operation, rule: Lookup) -> None:
        self.resource_probe = resource_probe
        self.sender, self.api = resource_probe.sender, resource_probe.api
        self.operation = operation
        self.rule = rule
        fetches = [o for o in resource_probe.operations_with("fetches") if o.behavior.reads is not None]
        self.detail_operation = next(iter(fetches), None)

    def change_new_row(self) -> None:
        """Create a row, change it, and fetch it before and afterwards; then try an invented id."""
        known_values, resource = self.resource_probe.known_values, self.resource_probe.resource.name
        for creation in find_creations(self.sender, known_values, resource):
            if has_sent_parameters(creation.operation):
                continue
            request = creation.name_row(creation.request, self._next_number())
            row = self._create_row(creation.operation, request)
            path = fill_row_path(self.operation, row, request.path) if row is not None else None
            if row is not None and path is not None:
                self._change_row(row, path, request.path)
                self._try_unknown_id(path)
                return

    def change_only_row(self) -> None:
        """Change the one row that is below a row of this run, such as its settings: fill it, and change it then."""
        request = self.resource_probe.known_values.build_valid_request(self.operation)
        fetches = self.resource_probe.operations_with("fetches")
        self.detail_operation = next((o for o in fetches if o.path == self.operation.path), None)
        if request is None or self.detail_operation is None or not isinstance(request.json, dict):
            return
        filled = RowVariants(self.api, self.operation, request).vary_request(self._next_number())
        if not self.sender.send(self.operation, **filled.send_arguments).is_success:
            return
        fetched = self._fetch_row({}, request.path)
        shown = self._read_shown(fetched)
        planned, changes = self._plan_change(request.path, shown or {})
        if planned is not None and shown is not None:
            self._send_change(planned, changes, shown, fetched, {}, request.path)

    def _create_row(self, creation: Operation, request: PlannedRequest) -> Row | None:
        """Create a row and return it as the response shows it; one that shows no id has that of its address.

        It has values of its own, also in optional properties, where the service takes them.
        """
        if self.resource_probe.resource.is_inferred and isinstance(request.json, dict):
            variants = RowVariants(self.api, creation, request)
            exchange = self._send_create(creation, variants.vary_request(self._next_number()))
            if exchange.status in {400, 409, 422}:
                exchange = self._send_create(creation, variants.vary_request(self._next_number(), is_full=False))
        elif creation.behavior.creates is not None:
            variant, _ = next(CreateRequests(self.api, creation, request).vary_requests(1))
            exchange = self._send_create(creation, variant)
        else:  # a PUT that creates, whose body is no object
            exchange = self._send_create(creation, request)
        if not exchange.is_success or exchange.response is None:
            return None
        follow_location(self.resource_probe, creation, exchange)
        row = read_single_row(creation, exchange) or {}
        if isinstance(get_path(row, self.rule.field), str | int):
            return row
        row_id = read_location_id(exchange)
        return {**row, self.rule.field: row_id} if row_id is not None else None

    def _send_create(self, creation: Operation, request: PlannedRequest) -> Exchange:
        return send_fresh(self.sender, creation, self.resource_probe.known_values, request)

    def _next_number(self) -> int:
        """Return a number that no other row of this run has been made with."""
        return 1_000 + len(self.sender.recording.exchanges)

    def _change_row(self, row: Row, path: Mapping[str, str], above: Mapping[str, str]) -> None:
        fetched = self._fetch_row(row, above)
        shown = self._read_shown(fetched)
        request, changes = self._plan_change(path, shown or row)
        if request is None or (fetched is not None and shown is None):
            return
        etag = _read_version(fetched)
        if etag and find_header_parameter(self.operation, "If-Match") is not None:
            self._send_stale(request, etag)
            request = request.with_header("If-Match", etag)
        if etag and self.detail_operation is not None:
            self._send_unchanged(row, above, etag)
        fetched_after = self._send_change(request, changes, shown or row, fetched, row, above)
        after = self._read_shown(fetched_after)
        if self.operation.behavior.updates is not None and after is not None:
            self._change_one_field(after, path, above, fetched_after)

    def _change_one_field(
        self, shown: Row, path: Mapping[str, str], above: Mapping[str, str], fetched: Exchange | None
    ) -> None:
        """Change the row once more, one field of it: the fields that were changed before are left alone."""
        request, changes = self._plan_change(path, shown, max_changes=1)
        if request is None:
            return
        etag = _read_version(fetched)
        if etag and find_header_parameter(self.operation, "If-Match") is not None:
            request = request.with_header("If-Match", etag)
        self._send_change(request, changes, shown, fetched, shown, above)

    def _send_change(
        self,
        request: PlannedRequest,
        changes: Mapping[str, Any],
        before: Row,
        fetched: Exchange | None,
        row: Row,
        above: Mapping[str, str],
    ) -> Exchange | None:
        """Send a change, record what it did and return the row as its detail shows it afterwards.

        A row that shows no change is fetched again after pauses, and one that is deleted is looked for in lists.
        """
        exchange = self.sender.send(self.operation, **request.send_arguments)
        fetched_after = self._fetch_row(row, above)
        for pause in _PAUSES_S if exchange.is_success else ():
            if self._read_shown(fetched_after) != before:
                break
            time.sleep(pause)
            fetched_after = self._fetch_row(row, above)
        collection = self.resource_probe.open_list(None, above)
        list_after = collection.send_query({}) if collection is not None else None
        if self.operation.behavior.deletes is not None and exchange.is_success and collection is not None:
            list_after = self._list_without(row, collection, list_after)
        self.sender.record_trace(
            ChangedRow, self.operation, before, exchange, changes, fetched_after, list_after, fetched
        )
        return fetched_after

    def _list_without(self, row: Row, collection: CollectionProbe, listed: Exchange | None) -> Exchange | None:
        """List the rows again, after pauses, while a deleted row is among them; return the last list."""
        row_id = get_path(row, self.rule.field)
        for pause in _PAUSES_S:
            rows = (collection.read_rows(listed) if listed is not None else None) or []
            if all(get_path(other, self.rule.field) != row_id for other in rows):
                break
            time.sleep(pause)
            listed = collection.send_query({})
        return listed

    def _send_stale(self, request: PlannedRequest, etag: str) -> None:
        """Send the change under the condition that the row has another version than it has."""
        if "412" in self.operation.responses:
            stale = self.sender.send(self.operation, **request.with_header("If-Match", _OTHER_VERSION).send_arguments)
            self.sender.record_trace(ConditionalRequest, self.operation, True, etag, stale)  # noqa: FBT003 - a field

    def _send_unchanged(self, row: Row, above: Mapping[str, str], etag: str) -> None:
        """Fetch the row under the condition that its version is not the known one."""
        detail = self.detail_operation
        path = fill_row_path(detail, row, above) if detail is not None else None
        if detail is None or path is None or "304" not in detail.responses:
            return
        if find_header_parameter(detail, "If-None-Match") is not None:
            exchange = self.sender.send(detail, path=path, headers=[("If-None-Match", etag)])
            self.sender.record_trace(ConditionalRequest, detail, False, etag, exchange)  # noqa: FBT003 - a field

    def _fetch_row(self, row: Row, above: Mapping[str, str]) -> Exchange | None:
        path = fill_row_path(self.detail_operation, row, above) if self.detail_operation is not None else None
        if self.detail_operation is None or path is None:
            return None
        return self.sender.send(self.detail_operation, path=path)

    def _read_shown(self, fetched: Exchange | None) -> Row | None:
        """Return the row as its detail shows it, None where it was not fetched or is not shown."""
        return read_single_row(self.detail_operation, fetched) if fetched and self.detail_operation else None

    def _plan_change(
        self, path: Mapping[str, str], row: Row, max_changes: int = _MAX_CHANGES
    ) -> tuple[PlannedRequest | None, Mapping[str, Any]]:
        """Return the request and the fields that it changes, with their new values; None where none can be changed."""
        request = self.resource_probe.known_values.build_valid_request(self.operation)
        if request is None:
            return None, {}
        request = request.with_path(**path)
        if self.operation.behavior.deletes is not None or self.operation.behavior.acts is not None:
            return request, {}
        changes = dict(islice(self._choose_changes(row), max_changes))
        body = self.operation.body
        content = body.content.get("application/json") if body is not None else None
        content = content or (body.content.get("application/merge-patch+json") if body is not None else None)
        if not changes or content is None or not isinstance(request.json, dict):
            return None, {}
        envelope = self.operation.behavior.envelope
        place = tuple(envelope.request.split(".")) if envelope is not None and envelope.request else ()
        inner = open_sent_envelope(self.operation, request.json)
        if not isinstance(inner, dict):
            return None, {}
        needed = {name: value for name, value in changes.items() if name in inner}
        if self.operation.behavior.replaces is not None and needed:
            changes = needed  # what is left out shows whether the row is replaced as a whole
        json = replace_at(request.json, place, {**inner, **changes})
        is_valid = is_valid_value(self.api.request_schemas, content.pointer, json)
        return (request.with_json(json), changes) if is_valid else (None, {})

    def _choose_changes(self, row: Row) -> Iterator[tuple[str, Any]]:
        """Yield fields of the row with new values: those that no statement ties to anything else."""
        behavior = self.resource_probe.resource.behavior
        tied = {behavior.id.field, self.rule.field, *(r.field for r in behavior.references)}
        tied |= {behavior.status.field} if behavior.status is not None else set()
        tied |= {field for rule in behavior.timeline for field in rule.fields}
        for name, schema, pointer in list_body_properties(self.api, self.operation):
            is_free = name in row and name not in tied and not name.lower().endswith("id")
            if is_free and not schema.get("readOnly") and not schema.get("writeOnly"):
                value = self._choose_value(schema, pointer, row[name])
                if value is not None:
                    yield name, value

    def _choose_value(self, schema: Schema, pointer: str, current: Any) -> Any:
        """Return a valid value other than the current one, None where none is known."""
        if isinstance(current, dict | list):
            return None
        pattern = schema.get("pattern")
        drawn = islice(draw_texts(pattern, self._next_number()), 2) if isinstance(pattern, str) else ()
        candidates = (*schema.get("enum", ()), *drawn, *_NEW_VALUES)
        others = (value for value in candidates if value is not None and str(value) != str(current))
        return next((v for v in others if is_valid_value(self.api.request_schemas, pointer, v)), None)

    def _try_unknown_id(self, path: Mapping[str, str]) -> None:
        """Send the request with an invented id, below the same rows."""
        parameter = self.operation.parameter(self.rule.parameter, "path")
        unused = make_unused_value(self.api, parameter) if parameter is not None else None
        request = self.resource_probe.known_values.build_valid_request(self.operation)
        if unused is not None and request is not None:
            unknown = request.with_path(**{**path, self.rule.parameter: unused})
            exchange = self.sender.send(self.operation, **unknown.send_arguments)
            self.sender.record_trace(UnknownPathValue, self.operation, self.rule.parameter, exchange)
