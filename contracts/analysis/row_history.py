"""Histories of rows: everything that lists and details showed of each row, in order, for the lifecycle clauses.

It does not matter which probe sent the request. Two observations are compared only if the response with the earlier one
was complete before the later one was requested.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any
from urllib.parse import unquote

from specduet.contracts.analysis.row_values import (
    TRUSTED_CREDENTIALS,
    find_shared_fields,
    get_path,
    is_same_value,
    read_located_rows,
    read_timestamp,
)
from specduet.contracts.analysis.signed_addresses import remove_signatures
from specduet.contracts.analysis.writes import collect_writes
from specduet.contracts.memo import compute_once
from specduet.contracts.oracle.addresses import extract_path_texts
from specduet.contracts.recording import ABSENT, Exchange, Recording, Row
from specduet.specs import Api, Operation, Resource


@dataclass(frozen=True)
class Observation:
    """One row in one response."""

    exchange: Exchange
    operation: Operation
    where: str
    """JSON pointer to the row in the response body: ``/3``, or empty where the row is the whole body."""
    row: Row
    fields: frozenset[str]
    """The fields of the resource that responses of the operation have by their schema."""


class RowHistories:
    """Histories of all rows of one resource, without the rows whose id is repeated within one response."""

    def __init__(self, api: Api, resource: Resource, recording: Recording) -> None:
        self.api = api
        self.resource = resource
        self.recording = recording
        self.status = resource.behavior.status
        self._id_field = resource.behavior.id.field
        self._by_id: dict[Any, list[Observation]] = {}
        self.distinct_observations: list[Observation] = []
        """The observations without those that equal the last one of the same row by the same operation."""
        self._ambiguous_ids: set[Any] = set()
        self._parents: dict[tuple[str, Any], tuple[str, ...]] = {}
        """The parents below which an operation has shown each row first."""
        self._reused_values = _find_reused_values(api, resource, recording)
        self._lookup_fields = _list_lookup_fields(api, resource)
        self._shown_fields: dict[str, set[str]] = {}
        self._filled_fields: dict[str, set[str]] = {}
        operations = {o.id: o for o in api.operations if _is_about(o, resource)}
        self._fields = {name: find_shared_fields(api, o, resource) for name, o in operations.items()}
        without_id = []
        sent = chain.from_iterable(recording.find_exchanges(api.name, name) for name in operations)
        for exchange in sorted(sent, key=lambda exchange: exchange.number):
            if exchange.is_success and exchange.credentials in TRUSTED_CREDENTIALS:
                without_id += list(self._read_exchange(exchange, operations[exchange.operation]))
        self._assign_rows_without_id(without_id)
        for row_id in self._ambiguous_ids:
            self._by_id.pop(row_id, None)
        for observations in self._by_id.values():
            observations.sort(key=lambda observation: observation.exchange.number)

    def _read_exchange(self, exchange: Exchange, operation: Operation) -> Iterator[Observation]:
        """Add the rows that have an id; yield the others, which can be assigned once every id is known."""
        rows = read_located_rows(operation, exchange)
        self._ambiguous_ids |= _find_duplicates(get_path(row, self._id_field) for _, row in rows)
        if not _is_requested_row(exchange, operation, rows):
            return
        for where, row in rows[-1:] if operation.behavior.watches else rows:
            observation = Observation(exchange, operation, where, row, self._fields[operation.id])
            row_id = get_path(row, self._id_field)
            if isinstance(row_id, str | int):
                parents = self._parents.setdefault((operation.id, row_id), _list_parents(operation, exchange))
                if parents != _list_parents(operation, exchange):
                    self._ambiguous_ids.add(row_id)  # ids that are counted, or names, below each parent
                self._add_observation(row_id, observation)
            else:
                yield observation

    def _add_observation(self, row_id: Any, observation: Observation) -> None:
        """Add an observation, unless it equals the last one of the row."""
        observations = self._by_id.setdefault(row_id, [])
        last = next((s for s in reversed(observations) if s.operation is observation.operation), None)
        is_repeated = last is not None and last.row == observation.row
        if not (is_repeated and last is observations[-1]):
            observations.append(observation)
        if not is_repeated:
            self._record_distinct(observation)

    def _record_distinct(self, observation: Observation) -> None:
        self.distinct_observations.append(observation)
        name = observation.operation.id
        self._shown_fields.setdefault(name, set()).update(observation.row)
        self._filled_fields.setdefault(name, set()).update(
            f for f, value in observation.row.items() if value is not None
        )

    def _assign_rows_without_id(self, without_id: Sequence[Observation]) -> None:
        """Assign each row without an id to the only row with the value by which it was fetched (a correlation id)."""
        for operation in {observation.operation.id for observation in without_id}:
            observations = [observation for observation in without_id if observation.operation.id == operation]
            rule = observations[0].operation.behavior.reads
            owners = self._map_owners(rule.field) if rule is not None else {}
            for observation in observations:
                if observation.operation.behavior.watches is None:
                    self._record_distinct(observation)
                row_ids = owners.get(get_path(observation.row, rule.field), set()) if rule is not None else set()
                if len(row_ids) == 1 and not row_ids & self._ambiguous_ids:
                    self._by_id[next(iter(row_ids))].append(observation)

    def _map_owners(self, field: str) -> Mapping[Any, set[Any]]:
        """Return the ids of the rows with each value of a field.

        A value that several POSTs were sent with has unknown owners as well: rows that no list has shown.
        """
        owners: dict[Any, set[Any]] = {value: set(_UNKNOWN_OWNERS) for value in self._reused_values[field]}
        for row_id, observations in self._by_id.items():
            for value in {
                get_path(s.row, field) for s in observations if isinstance(get_path(s.row, field), str | int)
            }:
                owners.setdefault(value, set()).add(row_id)
        return owners

    def get_observations(self, row_id: Any) -> Sequence[Observation]:
        """Return the observations of a row in the order of their responses."""
        return self._by_id.get(row_id, ())

    def iterate_changes(self, *, same_operation: bool) -> Iterator[tuple[Observation, Observation]]:
        """Yield (earlier, later) for each observation of a row that differs from the last one before it.

        The two observations are by the same operation, or by different operations.
        """
        for observations in self._by_id.values():
            if same_operation or len({observation.operation.id for observation in observations}) > 1:
                for index, later in enumerate(observations):
                    earlier = _find_earlier(observations, index, same_operation=same_operation)
                    if earlier is not None and earlier.row != later.row and not self._may_be_changed(earlier, later):
                        yield earlier, later

    def _may_be_changed(self, earlier: Observation, later: Observation) -> bool:
        """Return whether a request of this run may have changed the row, where no document says how rows change."""
        if self.status is not None and self.status.basis == "documented":
            return False
        texts = {str(get_path(o.row, field)) for o in (earlier, later) for field in self._lookup_fields}
        return collect_writes(self.api.name, self.recording).is_written(texts, earlier.exchange, later.exchange)

    def is_written(self, row_id: Any, earlier: Exchange, later: Exchange) -> bool:
        """Return whether a write with the id of a row in its path may have come between two exchanges."""
        writes = collect_writes(self.api.name, self.recording)
        return writes.is_written({str(row_id)}, earlier, later)

    def get_status(self, row: Row) -> Any:
        """Return the status of a row, ``ABSENT`` where it has none of the documented ones."""
        if self.status is None:
            return ABSENT
        value = get_path(row, self.status.field)
        members = {*self.status.transitions, *self.status.terminal, self.status.initial}
        return value if isinstance(value, str) and value in members else ABSENT

    def has_ended(self, row: Row) -> bool:
        """Return whether the row has a terminal status."""
        return self.status is not None and self.get_status(row) in self.status.terminal

    def can_reach(self, earlier: Any, later: Any) -> bool:
        """Return whether transitions lead from one status to another; steps in between may have been missed."""
        if self.status is None or ABSENT in {earlier, later}:
            return True
        return earlier == later or self._has_transition_path(earlier, later)

    def _has_transition_path(self, source: str, destination: str) -> bool:
        """Return whether one transition or more leads from a status to another, or back to the same one."""
        reached: set[str] = set()
        frontier = [source]
        while frontier and self.status is not None:
            frontier = [t for s in frontier for t in self.status.transitions.get(s, ()) if t not in reached]
            reached |= set(frontier)
        return destination in reached

    def _can_have_restarted(self, earlier: Observation, later: Observation) -> bool:
        """Return whether the run may have left its status and returned to it, or may be about to return.

        A run that was restarted may show the times of its new attempt.
        """
        earlier_status, later_status = self.get_status(earlier.row), self.get_status(later.row)
        if self.status is None or ABSENT in {earlier_status, later_status}:
            return False
        if earlier_status != later_status and self._has_transition_path(later_status, earlier_status):
            return True
        return (
            self._has_transition_path(earlier_status, earlier_status)
            and later.exchange.sent_at - earlier.exchange.completed_at > _SHORTEST_RESTART_S
        )

    def list_lasting_fields(self, earlier: Observation, later: Observation) -> tuple[str, ...]:
        """Return the fields that must not change between two observations of a row once they have a value."""
        behavior = self.resource.behavior
        fields = [rule.fields[0] for rule in behavior.timeline]
        if not self._can_have_restarted(earlier, later):
            stated = () if self.resource.is_inferred else behavior.timeline  # others may be times of any change
            fields += [field for rule in stated for field in rule.fields[1:]]
            fields += [rule.field for rule in behavior.set_when]
        for operation in self.api.operations:
            creates = operation.behavior.creates
            if creates is not None and creates.resource == self.resource.name:
                fields += [name for name in creates.sets if name != "*"]
            if operation.behavior.visibility is not None and _is_about(operation, self.resource):
                fields.append(operation.behavior.visibility.owner)
        return tuple(dict.fromkeys(fields))

    def has_shown(self, field: str, operation: Operation) -> bool:
        """Return whether any response of an operation had a field, null or not."""
        return field.partition(".")[0] in self._shown_fields.get(operation.id, ())

    def has_filled(self, field: str, operation: Operation) -> bool:
        """Return whether any response of an operation had a field with a value."""
        return field.partition(".")[0] in self._filled_fields.get(operation.id, ())


def _list_lookup_fields(api: Api, resource: Resource) -> frozenset[str]:
    """Return the id field of a resource, and the other fields by which operations find its rows."""
    lookups = (o.behavior.lookup for o in api.operations)
    fields = {rule.field for rule in lookups if rule is not None and rule.resource == resource.name}
    return frozenset({resource.behavior.id.field, *fields})


def _is_requested_row(exchange: Exchange, operation: Operation, rows: Sequence[tuple[str, Row]]) -> bool:
    """Return whether a response has the row that its path names. Another row would get into the wrong history."""
    rule = operation.behavior.fetches
    requested = (extract_path_texts(operation, exchange.request) or {}).get(rule.parameter) if rule else None
    if rule is None or requested is None:
        return True
    shown_values = [get_path(row, rule.field) for _, row in rows]
    return all(value in (None, ABSENT) or is_same_value(value, unquote(requested)) for value in shown_values)


def _list_parents(operation: Operation, exchange: Exchange) -> tuple[str, ...]:
    """Return the texts of the path parameters, without the one that names the row itself."""
    texts = tuple((extract_path_texts(operation, exchange.request) or {}).values())
    return texts[:-1] if operation.path.endswith("}") else texts


def _find_duplicates(row_ids: Iterable[Any]) -> set[Any]:
    """Return the ids that occur more than once."""
    counts = Counter(row_id for row_id in row_ids if isinstance(row_id, str | int))
    return {row_id for row_id, count in counts.items() if count > 1}


def _find_reused_values(api: Api, resource: Resource, recording: Recording) -> defaultdict[str, set[str]]:
    """Return, for each field that a header of the POST sets, the values that several POSTs were sent with."""
    reused: defaultdict[str, set[str]] = defaultdict(set)
    for operation in api.operations:
        creates = operation.behavior.creates
        if creates is None or creates.resource != resource.name:
            continue
        requests = [e.request for e in recording.find_exchanges(api.name, operation.id) if e.status < 300]
        for field, source in creates.sets.items():
            if source.startswith("header/"):
                counts = Counter(request.get_header(source.removeprefix("header/")) for request in requests)
                reused[field] |= {value for value, count in counts.items() if value and count > 1}
    return reused


_UNKNOWN_OWNERS = ("one row", "another row")  # two, so that a value with unknown owners is never unique
_SHORTEST_RESTART_S = 0.5  # no run leaves a status and returns to it faster
_MAX_LOOK_BACK = 60  # observations; keeps long histories from taking quadratic time


def _find_earlier(observations: Sequence[Observation], index: int, *, same_operation: bool) -> Observation | None:
    """Return the last observation before the one at ``index``, by the same or by another operation."""
    later = observations[index]
    for earlier_index in range(index - 1, max(index - 1 - _MAX_LOOK_BACK, -1), -1):
        earlier = observations[earlier_index]
        if (earlier.operation is later.operation) is same_operation and earlier.exchange.is_before(later.exchange):
            return earlier
    return None


def _is_about(operation: Operation, resource: Resource) -> bool:
    """Return whether an operation responds with rows of the resource."""
    statement = operation.behavior.lists or operation.behavior.reads
    return statement is not None and statement.resource == resource.name


def is_equivalent(left: Any, right: Any) -> bool:
    """Return whether two values mean the same: timestamps in any spelling, null and absent, addresses signed anew."""
    if left in (None, ABSENT) and right in (None, ABSENT):
        return True
    if left == right or (left and right and remove_signatures(left) == remove_signatures(right)):
        return True
    left_time, right_time = read_timestamp(left), read_timestamp(right)
    return left_time is not None and right_time is not None and left_time.compare_to(right_time) == 0


def collect_histories(api: Api, resource: Resource, recording: Recording) -> RowHistories:
    """Return the histories of the rows of a resource, which are computed once per recording."""
    key = ("histories", api.name, resource.name)
    return compute_once(recording, key, lambda: RowHistories(api, resource, recording))
