"""All rows of one resource: seeded ones, those that requests created, or those that the user put in their place.

Three things happen later than one might expect, so that a mock with many rows starts and answers at once:

* The *JSON* of a row is made when the row is first shown. Until then the table holds its ``RowSeed`` and index keys.
* A *created row* waits in ``_pending`` until rows are next read. Only then its index keys are computed and it enters
  the indexes (``_materialize_pending``), so a client that creates many rows in a burst waits for none of them.
* A *status change* of a created row moves it in the indexes when rows are next read (``advance_to``). Nothing runs in
  the background: the state is a function of the seed, the requests and the time, and not of who looked when.

Two counters tell callers whether what they have computed from the table is still true. ``revision`` counts every
difference in the rows; ``generation`` counts the replacements of all rows, after which created rows are numbered from
zero again.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from specduet.mocks.clock import NEVER, SECOND, Micros, to_micros
from specduet.mocks.generation.seeded_random import SeededRandom
from specduet.mocks.generation.values import ValueGenerator
from specduet.mocks.settings import Settings
from specduet.mocks.world.derived_fields import ABSENT, get_path
from specduet.mocks.world.index import IndexKeys, RowQuery, SortedIndex, StoredRow
from specduet.mocks.world.indexed_fields import HIDDEN_PREFIX, collect_indexed_fields
from specduet.mocks.world.lifecycle import FINAL_PHASE, Lifecycle, RowSeed, StatusPath
from specduet.mocks.world.row_factory import FieldMaker, RowFactory, round_robin
from specduet.mocks.world.seeding import SeedingPlan
from specduet.specs import Api, Resource, UsageError

if TYPE_CHECKING:  # hypothesis is imported only for adversarial data
    from specduet.mocks.generation.adversarial import AdversarialGenerator

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode

_SCOPE_COUNT = 3  # the first scope has most rows, the second some, the third none
_TRIES = 100


class PendingRow(NamedTuple):
    """A row that a request created and nobody has read yet."""

    created_at: Micros
    decide_values: Callable[[], Mapping[str, Any]]
    """Returns the field values that the request decided; called when the row is materialised."""


class Table:
    """The rows of one resource in one world, with an index for each order that lists have."""

    def __init__(
        self,
        api: Api,
        resource: Resource,
        settings: Settings,
        generator: ValueGenerator,
        adversary: "AdversarialGenerator | None" = None,
    ) -> None:
        self.resource = resource
        self.stream = f"{settings.seed}/{api.name}/{resource.name}"
        """Name of the random stream of everything in the table."""
        self.indexed_fields = collect_indexed_fields(api, resource, settings)
        self.row_factory = RowFactory(
            api, resource, self.indexed_fields, self.stream, generator=generator, adversary=adversary
        )
        self.key_positions = {name: position for position, name in enumerate(self.indexed_fields.all_fields)}
        """For each indexed field, the position of its key in ``StoredRow.index_keys``."""
        self._settings = settings
        self._epoch = to_micros(settings.epoch)
        self._validator = api.response_schemas.validator_at(resource.pointer)
        status = resource.behavior.status
        self._lifecycle = Lifecycle(status) if status else None
        self.status_field = status.field if status else None
        self._initial_status = status.initial if status else None
        self._identity_field = resource.behavior.id.field
        self._hidden_values = dict(self.indexed_fields.hidden_fields)
        self._key_makers = [self._index_key_maker(name) for name in self.key_positions]
        self._has_changing_keys = any(map(self.row_factory.changes_with_status, self.key_positions))
        """Whether a change of status may change an index key, and with it the place of a row in the indexes."""
        self.revision = 0
        """Counts up whenever a row came, went or changed: what was read before is true while this stays the same."""
        self.generation = 0
        """Counts up whenever all rows were replaced, and created rows are numbered from zero again."""
        self.reset()
        # Makes one row now, so that a resource without valid rows is reported at the start and not to a first request.
        for row in self.get_index(next(iter(self._indexes), None)).select(RowQuery(limit=1)):
            self.encode_row(row, self._epoch)

    # ---------------------------------------------------------------------------------------- the whole table

    def reset(self) -> None:
        """Replace all rows with the seeded ones."""
        scope_fields = self.indexed_fields.scope_fields
        self.scope_values = {name: self.row_factory.distinct_values(name, _SCOPE_COUNT) for name in scope_fields}
        """The known values of each scope field, that with most rows first; also those without any row."""
        self._load_rows(self._make_seeded_rows())

    def replace_rows(self, values: Sequence[Mapping[str, Any]]) -> None:
        """Replace all rows with rows given as JSON, which ``validate_rows`` has accepted."""
        rows = [self._row_from_json(value, index, len(values)) for index, value in enumerate(values)]
        numbers = [n for row in rows if isinstance(n := self.identity_key(row), int)]
        for name, known in self.scope_values.items():
            shown = [get_path(value, name.split(".")) for value in values]
            self.scope_values[name] = list(dict.fromkeys(v for v in (*shown, *known) if isinstance(v, str | int)))
        self._load_rows(rows)
        self._first_number = max([len(rows), *numbers])

    def _load_rows(self, rows: list[StoredRow]) -> None:
        """Build the indexes of these rows, and forget every created row."""
        self._unique_rows: dict[str, dict[Any, StoredRow]] = {name: {} for name in self.indexed_fields.unique_fields}
        """For each unique field, the rows by their index key."""
        for row in rows:
            for name, by_key in self._unique_rows.items():
                by_key.setdefault(row.index_keys[self.key_positions[name]], row)
        match_positions = [self.key_positions[name] for name in self.indexed_fields.exact_match_fields]
        self._indexes = {
            name: SortedIndex(self.key_positions[name], match_positions) for name in self.indexed_fields.sort_fields
        }
        """For each field that orders a list, the rows sorted by it."""
        self._number_index = SortedIndex(None, match_positions)
        for index in self._all_indexes():
            index.load(rows)
        self._created: list[StoredRow] = []
        """Created rows that are materialised, in the order of their creation."""
        self._pending: list[PendingRow] = []
        """Created rows that are not materialised yet; they follow those in ``_created``."""
        self._last_created_at: Micros = -NEVER
        self._due_changes: list[tuple[Micros, int, StoredRow]] = []
        """A heap of the next status change of each created row that has one."""
        self._advanced_to: Micros = -NEVER
        """The time up to which status changes are applied to the indexes."""
        self._first_number = len(rows)
        """The row number of the first created row."""
        self.revision += 1
        self.generation += 1

    def get_index(self, sort_field: str | None) -> SortedIndex:
        """Return the rows sorted by a field, or by their number where that is None."""
        return self._number_index if sort_field is None else self._indexes[sort_field]

    def has_scope(self, field: str, key: Any) -> bool:
        """Return whether the index key belongs to a known value of a scope field, with rows or without."""
        return any(self.row_factory.index_key(field, value) == key for value in self.scope_values[field])

    def _all_indexes(self) -> Iterator[SortedIndex]:
        yield from self._indexes.values()
        if self.indexed_fields.sorts_by_number:
            yield self._number_index

    # ------------------------------------------------------------------------------------------------ one row

    def find_row(self, field: str, value: Any) -> StoredRow | None:
        """Return the row whose unique field has a value; the latest, where requests gave several rows the same."""
        return self._unique_rows[field].get(self.row_factory.index_key(field, value))

    def identity_key(self, row: StoredRow) -> Any:
        """Return the index key of the field that identifies the row."""
        return row.index_keys[self.key_positions[self._identity_field]]

    def phase_at(self, row: StoredRow, now: Micros) -> int:
        """Return the phase that the row is in, ``FINAL_PHASE`` for a row that was not created by a request."""
        return self.seed_of(row).status_path.phase_at(now) if row.can_change else FINAL_PHASE

    def count_changes(self, row: StoredRow, now: Micros) -> int:
        """Return the number of status changes that the row has behind it."""
        return len(self.seed_of(row).statuses_until(self.phase_at(row, now))) - 1

    def encode_row(self, row: StoredRow, now: Micros) -> bytes:
        """Return the row as JSON, made anew where it is out of date."""
        if row.fresh_until <= now:
            seed = self.seed_of(row)
            row.encoded = _encode(self.row_factory.make_row(seed, self.phase_at(row, now)))
            row.fresh_until = (seed.status_path.next_change_after(now) if row.can_change else None) or NEVER
        return row.encoded

    def field_getter(self, row: StoredRow, phase: int) -> Callable[[str], Any]:
        """Return a function from the name of a field to the row's value in a phase, ``ABSENT`` where it has none."""
        seed = self.seed_of(row)
        if row.seed is not None:
            return lambda name: self.row_factory.make_field(name, seed, phase)
        fields = _decode(row.encoded)
        if self.status_field is not None:
            fields[self.status_field] = seed.status_path.statuses[phase]
        return lambda name: fields.get(name, ABSENT)

    def seed_of(self, row: StoredRow) -> RowSeed:
        """Return the row's seed. A row that was given as JSON has none, and gets one whose status path leads to it."""
        if row.seed is not None:
            return row.seed
        status = get_path(_decode(row.encoded), [self.status_field]) if self.status_field is not None else ""
        sort_keys = [row.index_keys[self.key_positions[name]] for name in self.indexed_fields.sort_fields]
        created_at = sort_keys[0] if sort_keys and isinstance(sort_keys[0], int) else self._epoch
        return RowSeed(
            self._row_stream("put", row.number),
            row.number,
            self._past_path,
            created_at=created_at,
            index=0,
            status=str(status),
        )

    # ------------------------------------------------------------------------------------------- created rows

    @property
    def created_count(self) -> int:
        """The number of rows that were created, and the number of the next one among them, counted from zero."""
        return len(self._created) + len(self._pending)

    def create_row(self, decide_values: Callable[[], Mapping[str, Any]], now: Micros) -> None:
        """Add a row that is created ``now``, or a microsecond after the last one where that was created just then.

        The row is pending until rows are next read; ``decide_values``, which returns the field values that the request
        decided, is called then.
        """
        # No two rows tie in an order by time, also while the clock stands still.
        if now <= self._last_created_at < now + SECOND:
            now = self._last_created_at + 1
        self._last_created_at = now
        self._pending.append(PendingRow(now, decide_values))

    def seed_created_row(self, number: int, fixed_values: Mapping[str, Any], created_at: Micros = 0) -> RowSeed:
        """Return the seed of a created row by its number among them, also of one that does not exist yet.

        Everything but times follows from the number and the fixed values, so that a response can be rendered ahead.
        """
        return RowSeed(
            self._row_stream("started", number),
            self._first_number + number,
            self._future_path,
            created_at=created_at,
            status=self._initial_status,
            fixed_values=fixed_values,
        )

    def newest_row(self) -> StoredRow:
        """Return the row that was created last."""
        self._materialize_pending()
        return self._created[-1]

    def _materialize_pending(self) -> None:
        """Compute the index keys of every pending row, and add it to the indexes in its first phase."""
        pending, self._pending = self._pending, []
        for created_at, decide_values in pending:
            seed = self.seed_created_row(len(self._created), decide_values(), created_at)
            # A generated identity must not repeat; one that the request brought may.
            unique_fields = [name for name in [self._identity_field] if name not in seed.fixed_values]
            row = self._make_unique_row(seed, 0, unique_fields)
            row.can_change = True
            for index in self._all_indexes():
                index.add(row)
            self._created.append(row)
            if self._has_changing_keys:
                self._schedule_change(row, seed.created_at)
        self.revision += 1

    def advance_to(self, now: Micros) -> None:
        """Materialise pending rows, and apply every status change that is due by ``now`` to the indexes.

        Has to be called before rows are read. Where the clock has gone back, the place of every created row is computed
        anew.
        """
        if self._pending:
            self._materialize_pending()
        if now < self._advanced_to:
            self.revision += 1
            self._due_changes = []
            for row in self._created:
                row.fresh_until = -NEVER
                if self._has_changing_keys:
                    self._move_row(row, now)
        while self._due_changes and self._due_changes[0][0] <= now:
            _, _, row = heappop(self._due_changes)
            self._move_row(row, now)
        self._advanced_to = now

    def _move_row(self, row: StoredRow, now: Micros) -> None:
        """Put a created row where it belongs in the indexes at a time, and schedule its next change."""
        assert row.seed is not None
        row.fresh_until = -NEVER
        index_keys = self._make_index_keys(row.seed, row.seed.status_path.phase_at(now))
        self.revision += 1
        if index_keys != row.index_keys:
            for index in self._all_indexes():
                index.remove(row)
            row.index_keys = index_keys
            for index in self._all_indexes():
                index.add(row)
        self._schedule_change(row, now)

    def _schedule_change(self, row: StoredRow, now: Micros) -> None:
        assert row.seed is not None
        change = row.seed.status_path.next_change_after(now)
        if change is not None:
            # The number decides between rows that change at the same time: rows themselves cannot be compared.
            heappush(self._due_changes, (change, row.number, row))

    # -------------------------------------------------------------------------------------------- seeded rows

    def _make_seeded_rows(self) -> list[StoredRow]:
        """Return the seeded rows, the newest first."""
        self._unique_rows = {name: {} for name in self.indexed_fields.unique_fields}
        plan = SeedingPlan(self._settings.runs, self._epoch, self.stream, self.indexed_fields)
        scopes = [{name: values[:2][-i] for name, values in self.scope_values.items()} for i in range(2)]
        return [self._make_seeded_row(plan, index, scopes) for index in range(self._settings.runs)]

    def _make_seeded_row(self, plan: SeedingPlan, index: int, scopes: Sequence[Mapping[str, Any]]) -> StoredRow:
        seed = RowSeed(
            self._row_stream("seeded", index),
            self._settings.runs - 1 - index,
            self._past_path,
            created_at=plan.created_at(index),
            index=index,
            status=round_robin(f"{self.stream}/status", self.row_factory.status_members, index),
            fixed_values=scopes[plan.is_in_second_scope(index)],
        )
        if self.row_factory.is_sorted_by_change:
            # The latest change, by which lists are sorted, takes the place that the creation would have.
            seed.created_at -= seed.status_path.times[-1] - seed.created_at
        return self._make_unique_row(seed, FINAL_PHASE, list(self._unique_rows))

    def _past_path(self, seed: RowSeed) -> StatusPath:
        """Return the path by which a row came to its status."""
        status = seed.status or ""
        if self._lifecycle is None:
            return StatusPath((status,), (seed.created_at,))
        rng = SeededRandom(f"{seed.stream}/journey")
        return self._lifecycle.past_path(status, seed.created_at, self._epoch, rng)

    def _future_path(self, seed: RowSeed) -> StatusPath:
        """Return the path that a created row will go."""
        if self._lifecycle is None:
            return StatusPath(("",), (seed.created_at,))
        rng = SeededRandom(f"{seed.stream}/journey")
        return self._lifecycle.future_path(seed.created_at, self._settings.pace, rng)

    def _make_unique_row(self, seed: RowSeed, phase: int, unique_fields: Sequence[str]) -> StoredRow:
        """Return the row of a seed; with another stream where one of ``unique_fields`` has a value that exists."""
        stream = seed.stream
        for attempt in range(_TRIES):
            if attempt:
                seed.stream = f"{stream}~{attempt}"
            index_keys = self._make_index_keys(seed, phase)
            if all(index_keys[self.key_positions[name]] not in self._unique_rows[name] for name in unique_fields):
                break
        else:
            raise UsageError(
                f"{self.resource.name} has too few values of {unique_fields[0]!r} for so many rows",
                remedy="Ask for fewer with --runs.",
            )
        row = StoredRow(seed.number, index_keys, seed)
        for name, by_key in self._unique_rows.items():
            by_key[index_keys[self.key_positions[name]]] = row
        return row

    def _row_stream(self, kind: str, index: int) -> str:
        return f"{self.stream}/{kind}/{index}"

    # --------------------------------------------------------------------------------------------- index keys

    def _make_index_keys(self, seed: RowSeed, phase: int) -> IndexKeys:
        return tuple([make_key(seed, phase) for make_key in self._key_makers])

    def _index_key_maker(self, name: str) -> FieldMaker:
        if not name.startswith(HIDDEN_PREFIX):
            return self.row_factory.index_key_maker(name)
        return lambda seed, phase: self._hidden_key(
            name, self.row_factory.make_field(self._identity_field, seed, phase)
        )

    def _hidden_key(self, name: str, identity: Any) -> Any:
        """Return the key of a hidden field, picked by the row's identity: it stays when the row is put back as JSON."""
        choices = self._hidden_values[name.removeprefix(HIDDEN_PREFIX)]
        return self.row_factory.index_key(name, SeededRandom(f"{self.stream}/{name}/{identity}").pick(choices))

    # ---------------------------------------------------------------------------------------- rows given as JSON

    def validate_rows(self, values: Any) -> Sequence[Mapping[str, Any]]:
        """Return rows that may replace those of the table.

        Raises ``UsageError`` where one of them violates the schema or has no identity of its own.
        """
        name, identity = self.resource.name, self._identity_field
        if not isinstance(values, list):
            raise UsageError(f"the rows of {name!r} are no list")
        seen = set()
        for index, value in enumerate(values):
            problem = next(self._validator.iter_errors(value), None)
            if problem is not None:
                place = "".join(f"/{part}" for part in problem.instance_path)
                raise UsageError(
                    f"row {index} of {name!r} breaks the schema at {place or 'its root'}: {problem.message}"
                )
            key = self.row_factory.index_key(identity, get_path(value, identity.split(".")))
            if key is None or key in seen:
                raise UsageError(f"row {index} of {name!r} has {'no' if key is None else 'the same'} {identity!r}")
            seen.add(key)
            try:
                _encode(value)
            except (UnicodeEncodeError, ValueError) as error:
                raise UsageError(f"row {index} of {name!r} is no JSON: {error}") from error
        return values

    def _row_from_json(self, value: Mapping[str, Any], index: int, count: int) -> StoredRow:
        identity = get_path(value, self._identity_field.split("."))
        index_keys = tuple(
            self._hidden_key(name, identity)
            if name.startswith(HIDDEN_PREFIX)
            else self.row_factory.index_key(name, get_path(value, name.split(".")))
            for name in self.key_positions
        )
        return StoredRow(count - 1 - index, index_keys, None, _encode(value))
