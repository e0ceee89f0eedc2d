"""What every answer showed of every row, in the order in which it was seen: the ground of the lifecycle clauses.

Lists and details speak of the same rows, whichever probe asked for them. Two sightings are compared only where the
one had been answered before the other was asked for.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from specduet.contracts.analysis.memo import once
from specduet.contracts.analysis.row_values import MISSING, TRUSTED, dig, moment, rows_of, same, shared_fields
from specduet.contracts.oracle.requests import path_texts
from specduet.contracts.recording import Exchange, Recording, Row
from specduet.specs import Api, Operation, Resource


@dataclass(frozen=True)
class Sighting:
    """One row in one answer: ``where`` it stands there, and the ``fields`` of its kind that such answers have."""

    exchange: Exchange
    operation: Operation
    where: str
    row: Row
    fields: frozenset[str]


class Histories:
    """All rows of one resource. ``distinct``: each row of each operation, once in every state that it was seen in.

    A row whose id one answer shows twice has no history. ``notes`` keeps what was worked out, so that it is worked out
    once.
    """

    def __init__(self, api: Api, resource: Resource, recording: Recording) -> None:
        self.api = api
        self.resource = resource
        self.status = resource.behavior.status
        self._id = resource.behavior.id.field
        self._seen: dict[Any, list[Sighting]] = {}
        self.distinct: list[Sighting] = []
        self.notes: list[Any] = []
        self._ambiguous: set[Any] = set()
        self._reused = _reused(api, resource, recording)
        self._shown: dict[str, set[str]] = {}
        self._filled: dict[str, set[str]] = {}
        operations = {o.id: o for o in api.operations if _speaks(o, resource)}
        self._fields = {name: shared_fields(api, o, resource) for name, o in operations.items()}
        partial = []
        for exchange in recording.exchanges:
            operation = operations.get(exchange.operation) if exchange.api == api.name else None
            if operation is not None and exchange.succeeded and exchange.credentials in TRUSTED:
                partial += list(self._read(exchange, operation))
        self._place(partial)
        for ident in self._ambiguous:
            self._seen.pop(ident, None)
        for sightings in self._seen.values():
            sightings.sort(key=lambda sighting: sighting.exchange.number)

    def _read(self, exchange: Exchange, operation: Operation) -> Iterator[Sighting]:
        """Note the rows that show their id; the others come back, to be placed once every row is known."""
        rows = rows_of(exchange)
        self._ambiguous |= _doubled(dig(row, self._id) for _, row in rows)
        if not _as_asked(exchange, operation, rows):
            return
        for where, row in rows[-1:] if operation.behavior.watches else rows:
            sighting = Sighting(exchange, operation, where, row, self._fields[operation.id])
            ident = dig(row, self._id)
            if isinstance(ident, str | int):
                self._note(ident, sighting)
            else:
                yield sighting

    def _note(self, ident: Any, sighting: Sighting) -> None:
        """Keep a sighting, unless it only repeats the one before it."""
        seen = self._seen.setdefault(ident, [])
        last = next((s for s in reversed(seen) if s.operation is sighting.operation), None)
        repeated = last is not None and last.row == sighting.row
        if not (repeated and last is seen[-1]):
            seen.append(sighting)
        if not repeated:
            self._remember(sighting)

    def _remember(self, sighting: Sighting) -> None:
        self.distinct.append(sighting)
        name = sighting.operation.id
        self._shown.setdefault(name, set()).update(sighting.row)
        self._filled.setdefault(name, set()).update(f for f, value in sighting.row.items() if value is not None)

    def _place(self, partial: Sequence[Sighting]) -> None:
        """Rows without an id belong to the only row that has their other id (a correlation id, say)."""
        for operation in {sighting.operation.id for sighting in partial}:
            mine = [sighting for sighting in partial if sighting.operation.id == operation]
            rule = mine[0].operation.behavior.fetches or mine[0].operation.behavior.watches
            owners = self._owners(rule.field) if rule is not None else {}
            for sighting in mine:
                if sighting.operation.behavior.watches is None:
                    self._remember(sighting)
                idents = owners.get(dig(sighting.row, rule.field), set()) if rule is not None else set()
                if len(idents) == 1 and not idents & self._ambiguous:
                    self._seen[next(iter(idents))].append(sighting)

    def _owners(self, field: str) -> Mapping[Any, set[Any]]:
        """The rows that have each value of a field. One that several starts were given has rows that nobody saw."""
        owners: dict[Any, set[Any]] = {value: set(_SEVERAL) for value in self._reused[field]}
        for ident, sightings in self._seen.items():
            for value in {dig(s.row, field) for s in sightings if isinstance(dig(s.row, field), str | int)}:
                owners.setdefault(value, set()).add(ident)
        return owners

    # -------------------------------------------------------------------------------------------- to read

    def of(self, ident: Any) -> Sequence[Sighting]:
        """The sightings of a row, in the order in which they were answered."""
        return self._seen.get(ident, ())

    def steps(self, *, within: bool) -> Iterator[tuple[Sighting, Sighting]]:
        """Each sighting of a row with the last one that preceded it and differs: of its operation, or of another."""
        for sightings in self._seen.values():
            if within or len({sighting.operation.id for sighting in sightings}) > 1:
                for index, later in enumerate(sightings):
                    earlier = _last(sightings, index, within=within)
                    if earlier is not None and earlier.row != later.row:
                        yield earlier, later

    def state(self, row: Row) -> Any:
        """The status that a row shows, ``MISSING`` where it shows none that is documented."""
        if self.status is None:
            return MISSING
        value = dig(row, self.status.field)
        members = {*self.status.transitions, *self.status.terminal, self.status.initial}
        return value if isinstance(value, str) and value in members else MISSING

    def ended(self, row: Row) -> bool:
        return self.status is not None and self.state(row) in self.status.terminal

    def reachable(self, one: Any, other: Any) -> bool:
        """Whether a run may get from one status to another, looked at now and then."""
        if self.status is None or MISSING in {one, other}:
            return True
        return one == other or self._leads(one, other)

    def _leads(self, one: str, other: str) -> bool:
        """Whether one transition or more leads from a status to another, or back to itself."""
        found: set[str] = set()
        edge = [one]
        while edge and self.status is not None:
            edge = [t for s in edge for t in self.status.transitions.get(s, ()) if t not in found]
            found |= set(edge)
        return other in found

    def _may_have_come_back(self, earlier: Sighting, later: Sighting) -> bool:
        """Whether the run may have left the status of the earlier sighting and taken it up again, or is on such a way.

        A run that is taken up again may tell of its new attempt. None is within a moment.
        """
        one, other = self.state(earlier.row), self.state(later.row)
        if self.status is None or MISSING in {one, other}:
            return False
        if one != other and self._leads(other, one):
            return True
        return self._leads(one, one) and later.exchange.sent_at - earlier.exchange.answered_at > _MOMENT_S

    def lasting(self, earlier: Sighting, later: Sighting) -> tuple[str, ...]:
        """The fields that may not have changed from one sighting to the other once they hold a value."""
        words = self.resource.behavior
        fields = [rule.fields[0] for rule in words.timeline]
        if not self._may_have_come_back(earlier, later):
            fields += [field for rule in words.timeline for field in rule.fields[1:]]
            fields += [rule.field for rule in words.set_when]
        for operation in self.api.operations:
            creates = operation.behavior.creates
            if creates is not None and creates.resource == self.resource.name:
                fields += creates.sets
            if operation.behavior.visibility is not None and _speaks(operation, self.resource):
                fields.append(operation.behavior.visibility.owner)
        return tuple(dict.fromkeys(fields))

    def shows(self, field: str, operation: Operation) -> bool:
        """Whether any answer of an operation ever had a field, null or not."""
        return field.partition(".")[0] in self._shown.get(operation.id, ())

    def fills(self, field: str, operation: Operation) -> bool:
        """Whether any answer of an operation ever had a value in a field."""
        return field.partition(".")[0] in self._filled.get(operation.id, ())


def _as_asked(exchange: Exchange, operation: Operation, rows: Sequence[tuple[str, Row]]) -> bool:
    """Whether a detail shows the row that its path names; another row's would be a story of its own."""
    rule = operation.behavior.fetches
    asked = (path_texts(operation, exchange.sent) or {}).get(rule.parameter) if rule else None
    if rule is None or asked is None:
        return True
    shown = [dig(row, rule.field) for _, row in rows]
    return all(value in (None, MISSING) or same(value, unquote(asked)) for value in shown)


def _doubled(idents: Iterable[Any]) -> set[Any]:
    counted = Counter(ident for ident in idents if isinstance(ident, str | int))
    return {ident for ident, count in counted.items() if count > 1}


def _reused(api: Api, resource: Resource, recording: Recording) -> defaultdict[str, set[str]]:
    """By the field that it becomes: what a header said at the start of more than one row."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for operation in api.operations:
        creates = operation.behavior.creates
        if creates is None or creates.resource != resource.name:
            continue
        sent = [e.sent for e in recording.of(api.name, operation.id) if e.status < 300]
        for field, source in creates.sets.items():
            if source.startswith("header/"):
                counted = Counter(s.header(source.removeprefix("header/")) for s in sent)
                found[field] |= {value for value, number in counted.items() if value and number > 1}
    return found


_SEVERAL = ("one row", "another row")
_MOMENT_S = 0.5  # too short for a run to leave a status and take it up again
_LOOKS_BACK = 60


def _last(sightings: Sequence[Sighting], index: int, *, within: bool) -> Sighting | None:
    later = sightings[index]
    for back in range(index - 1, max(index - 1 - _LOOKS_BACK, -1), -1):
        earlier = sightings[back]
        if (earlier.operation is later.operation) is within and earlier.exchange.precedes(later.exchange):
            return earlier
    return None


def _speaks(operation: Operation, resource: Resource) -> bool:
    speaker = operation.behavior.lists or operation.behavior.fetches or operation.behavior.watches
    return speaker is not None and speaker.resource == resource.name


def alike(one: Any, other: Any) -> bool:
    """Whether two values say the same: moments in any spelling, and nothing whether null or left out."""
    if one in (None, MISSING) and other in (None, MISSING):
        return True
    if one == other:
        return True
    first, second = moment(one), moment(other)
    return first is not None and second is not None and first.compared(second) == 0


def histories(api: Api, resource: Resource, recording: Recording) -> Histories:
    """The histories of a kind of row, worked out once for all clauses."""
    about = ("histories", api.name, resource.name)
    return once(recording, about, lambda: Histories(api, resource, recording))
