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

from collections.abc import Callable, Mapping, Sequence
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

import msgspec

from specduet.mocks.clock import NEVER, SECOND, Micros
from specduet.mocks.generation.values import CannotGenerate, ValueGenerator
from specduet.mocks.settings import Settings
from specduet.mocks.world.derived_fields import ABSENT, get_path
from specduet.mocks.world.field_makers import name_created_row
from specduet.mocks.world.implied_rows import ImpliedRows
from specduet.mocks.world.index import RowQuery, SortedIndex, StoredRow
from specduet.mocks.world.json_rows import GivenRow
from specduet.mocks.world.lifecycle import FINAL_PHASE, RowSeed
from specduet.mocks.world.pending_rows import NO_KEY, PendingRows
from specduet.mocks.world.related_rows import FindTable
from specduet.mocks.world.row_indexes import RowIndexes
from specduet.mocks.world.table_parts import TableParts
from specduet.mocks.world.table_snapshot import CHANGING, TableSnapshot, copy_attributes
from specduet.specs import Api, Resource

if TYPE_CHECKING:  # hypothesis is imported only for adversarial data
    from specduet.mocks.generation.adversarial import AdversarialGenerator

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode

_SCOPE_COUNT = 3  # the first scope has most rows, the second some, the third none
_TRIES = 100


class Table:
    """The rows of one resource in one world, with an index for each order that lists have."""

    def __init__(
        self,
        api: Api,
        resource: Resource,
        settings: Settings,
        generator: ValueGenerator,
        adversary: "AdversarialGenerator | None" = None,
        find_table: FindTable = lambda _name: None,
    ) -> None:
        """``find_table`` returns the tables of other resources, to which rows belong or refer."""
        self.resource = resource
        self.stream = f"{settings.seed}/{api.name}/{resource.name}"
        """Name of the random stream of everything in the table."""
        parts = TableParts(api, resource, settings, generator, adversary, find_table, self.stream)
        self.indexed_fields = parts.indexed_fields
        self.identity_field = self.indexed_fields.identity_field
        self.related_rows = parts.related_rows
        self.values = parts.values
        self.row_factory = parts.row_factory
        self._keys = parts.keys
        self.key_positions = self._keys.positions
        """For each indexed field, the position of its key in ``StoredRow.index_keys``."""
        self.epoch = parts.epoch
        self._status_paths = parts.status_paths
        self.status_field = self._status_paths.field
        self._seeded = parts.seeded_rows
        self._json_rows = parts.json_rows
        self._seed_rows: Sequence[GivenRow] | None = None
        """Rows that the user gave for the beginning, None where they are made up."""
        self.implied = ImpliedRows(api, resource)
        self._has_changing_keys = any(map(self.row_factory.changes_with_status, self.key_positions))
        """Whether a change of status may change an index key, and with it the place of a row in the indexes."""
        self.revision = 0
        """Counts up whenever a row came, went or changed: what was read before is true while this stays the same."""
        self.generation = 0
        """Counts up whenever all rows were replaced, and created rows are numbered from zero again."""
        self._first_number: int | None = None
        """The row number of the first created row, above every number that is an identity; None until it is known."""
        self.reset()

    # ---------------------------------------------------------------------------------------- the whole table

    def reset(self) -> None:
        """Replace all rows with the seeded ones. They are made when they are first needed."""
        self.scope_values = {name: self._choose_scopes(name) for name in self.indexed_fields.scope_fields}
        """The known values of each scope field, that with most rows first; also those without any row."""
        self._seeded.forget()
        self.row_factory.forget_references()
        self._first_identities: list[Any] | None = None
        self._load_rows(None)
        if self._seed_rows is not None:
            self.replace_rows(self._seed_rows)
        self._unwritten_revision = self.revision
        """The revision of the table as it began; -1 after all rows were replaced."""

    def begin_with(self, rows: Sequence[GivenRow]) -> None:
        """Replace the seeded rows, now and at each reset."""
        self._seed_rows = rows
        self.reset()

    def take_snapshot(self) -> TableSnapshot:
        """Return a copy of all rows, and of what is known of them."""
        if self._pending.rows:
            self._materialize_pending()
        return copy_attributes({**{name: getattr(self, name) for name in CHANGING}, "is_written": self.is_written})

    def restore(self, snapshot: TableSnapshot) -> None:
        """Return to a snapshot. What was read from the table meanwhile is out of date."""
        self._seeded.forget()
        self.row_factory.forget_references()
        for name, value in copy_attributes({name: snapshot[name] for name in CHANGING}).items():
            setattr(self, name, value)
        self.revision += 1
        self.generation += 1
        self._unwritten_revision = -1 if snapshot["is_written"] else self.revision

    def _choose_scopes(self, field: str) -> list[Any]:
        choices = dict(self.indexed_fields.scope_choices).get(field, ())
        allowed = [value for value in choices if self.values.is_allowed(field)(value)]
        return allowed[:_SCOPE_COUNT] or self.values.distinct_values(field, _SCOPE_COUNT)

    def check_rows(self) -> None:
        """Make one row, so that a resource without valid rows is reported. Raises ``CannotGenerate``."""
        for row in self.get_rows().select(RowQuery(limit=1)):
            self.encode_row(row, self.epoch)

    def read_rows(self, values: Any, *, keeps_valid: bool) -> list[GivenRow]:
        """Return whole rows that may replace those of the table, see ``JsonRows``. Raises ``UsageError``."""
        scopes = {name: known[0] for name, known in self.scope_values.items() if known}
        return self._json_rows.read_rows(values, scopes, keeps_valid=keeps_valid)

    def replace_rows(self, given: Sequence[GivenRow]) -> None:
        """Replace all rows."""
        values = [row.values for row in given]
        rows = [self._json_rows.store_row(row, index, len(given)) for index, row in enumerate(given)]
        self._first_identities = [self._json_rows.read_identity(row) for row in given]
        numbers = [n for n in self._first_identities if isinstance(n, int)]
        for name, known in self.scope_values.items():
            shown = [get_path(value, name.split(".")) for value in values]
            self.scope_values[name] = list(dict.fromkeys(v for v in (*shown, *known) if isinstance(v, str | int)))
        self._load_rows(rows)
        self._first_number = max([len(rows), *numbers])
        self._unwritten_revision = -1

    @property
    def is_written(self) -> bool:
        """True if the rows may be others than the seeded ones."""
        return self.created_count > 0 or self.revision != self._unwritten_revision

    @property
    def first_identities(self) -> Sequence[Any]:
        """The identities of the rows as the table began, the newest first."""
        if self._first_identities is None:
            make, seeds = self.row_factory.make_field, self._seeded.identify_seeds()
            self._first_identities = [make(self.identity_field, seed, FINAL_PHASE) for seed in seeds]
        return self._first_identities

    def _load_rows(self, rows: list[StoredRow] | None) -> None:
        """Build the indexes of these rows, or of the seeded ones when they are needed, and forget every created row."""
        self._is_loaded = rows is not None
        self._indexes = RowIndexes(self.indexed_fields, self.key_positions)
        self._created: list[StoredRow] = []
        """Created rows that are materialised, in the order of their creation; also those that were removed since."""
        self._pending = PendingRows()
        """Created rows that are not materialised yet; they follow those in ``_created``."""
        self._last_created_at: Micros = -NEVER
        self._due_changes: list[tuple[Micros, int, StoredRow]] = []
        """A heap of the next status change of each created row that has one."""
        self._advanced_to: Micros = -NEVER
        """The time up to which status changes are applied to the indexes."""
        self.implied.forget()
        self._first_number = None if rows is None else len(rows)
        self._indexes.load(rows or [])
        self.revision += 1
        self.generation += 1

    def _load_seeded_rows(self) -> None:
        """Make the seeded rows, unless they are there."""
        if not self._is_loaded:
            self._is_loaded = True
            self._indexes.load(self._seeded.make_rows(self.scope_values))

    def get_index(self, sort_field: str | None) -> SortedIndex:
        """Return the rows sorted by a field, or by their number where that is None."""
        return self._indexes.get_sorted(sort_field)

    def get_rows(self) -> SortedIndex:
        """Return all rows in some order."""
        return self._read_indexes().get_any()

    def _read_indexes(self) -> RowIndexes:
        # speed: tested here, as every request about rows comes this way
        if not self._is_loaded:
            self._load_seeded_rows()
        if self._pending.rows:
            self._materialize_pending()
        return self._indexes

    # ------------------------------------------------------------------------------------------------ one row

    def find_row(self, field: str, value: Any) -> StoredRow | None:
        """Return the row whose unique field has a value; see ``RowIndexes.find``."""
        return self._read_indexes().find(field, self.values.index_key(field, value))

    def find_numbered(self, parent: Any, number: Any) -> StoredRow | None:
        """Return the row of a parent, which is given by its index key, with a number."""
        rows = self._read_indexes().numbered
        return None if rows is None else rows.find(parent, number)

    def identity_key(self, row: StoredRow) -> Any:
        """Return the index key of the field that identifies the row; its number where it is the only one."""
        return row.number if self.resource.behavior.single else row.index_keys[self.key_positions[self.identity_field]]

    def phase_at(self, row: StoredRow, now: Micros) -> int:
        """Return the phase that the row is in, ``FINAL_PHASE`` for a row that was not created by a request."""
        return self.seed_of(row).status_path.phase_at(now) if row.can_change else FINAL_PHASE

    def encode_row(self, row: StoredRow, now: Micros) -> bytes:
        """Return the row as JSON, made anew where it is out of date."""
        if row.fresh_until <= now:
            seed = self.seed_of(row)
            if (
                row.can_change and now <= seed.created_at and not seed.has_path
            ):  # new: when its status changes is computed when it is read
                row.encoded = _encode(self.row_factory.make_row(seed, 0))
                return row.encoded
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

    def decode_row(self, row: StoredRow, now: Micros) -> dict[str, Any]:
        """Return the row as it is shown."""
        return dict(_decode(self.encode_row(row, now)))

    def describe_row(self, row: StoredRow, now: Micros) -> dict[str, Any] | None:
        """Return the row with what it does not show, under names with a ``?``; None where no valid one can be made."""
        try:
            return {**self.decode_row(row, now), **self._json_rows.find_hidden_values(row)}
        except CannotGenerate:
            return None

    def get_field(self, row: StoredRow, path: str, now: Micros) -> Any:
        """Return the value at a dotted path of the row; ``ABSENT`` where it has none."""
        position = self.key_positions.get(path)
        if position is not None and self.values.is_plain_key(path):
            return row.index_keys[position]
        return get_path(self.decode_row(row, now), path.split("."))

    def seed_of(self, row: StoredRow) -> RowSeed:
        """Return the row's seed. A row that was given as JSON has none, and gets one whose status path leads to it."""
        if row.seed is not None:
            return row.seed
        return self._json_rows.make_seed(row)

    # ------------------------------------------------------------------------------------------- created rows

    @property
    def created_count(self) -> int:
        """The number of rows that were created, and the number of the next one among them, counted from zero."""
        return len(self._created) + len(self._pending.rows)

    def create_row(self, decide_values: Callable[[], Mapping[str, Any]], now: Micros) -> None:
        """Add a row that is created ``now``, or a microsecond after the last one where that was created just then.

        The row is pending until rows are next read; ``decide_values``, which returns the field values that the request
        decided, is called then.
        """
        self._last_created_at = self.choose_time(now)
        self._pending.add(self._last_created_at, decide_values)

    @property
    def knows_identities(self) -> bool:
        """True if rows are found by an identity alone, and all identities are known."""
        fields = self.indexed_fields
        return self.identity_field in fields.unique_fields and not (fields.numbers or self._pending.has_unknown_key)

    def create_known_row(self, key: Any, values: dict[str, Any], created_at: Micros) -> bool:
        """Add a row with the index key of its identity; False, and nothing is added, where another row may have it.

        ``values`` are those that the request decided, and its identity; ``created_at`` is from ``choose_time``.
        """
        self._load_seeded_rows()
        if self._pending.has_key(key) or self._indexes.has_key(self.identity_field, key):
            return False
        self._last_created_at = created_at
        self._pending.add_known(created_at, values.copy, key)
        return True

    def choose_time(self, now: Micros) -> Micros:
        """Return the time of a creation: no two rows tie in an order by time, also while the clock stands still."""
        return self._last_created_at + 1 if now <= self._last_created_at < now + SECOND else now

    def seed_created_row(self, number: int, fixed_values: Mapping[str, Any], created_at: Micros = 0) -> RowSeed:
        """Return the seed of a created row by its number among them, also of one that does not exist yet.

        Everything but times follows from the number and the fixed values, so that a response can be rendered ahead.
        """
        paths, row_number = self._status_paths, self.find_first_number() + number
        name, turn = name_created_row(self.stream, number), self.row_factory.choose_turn(number)
        if paths.field in fixed_values:
            return paths.seed_decided(name, row_number, created_at, fixed_values, turn)
        future, initial = paths.build_future, paths.initial
        return RowSeed(
            name, row_number, future, created_at=created_at, status=initial, fixed_values=fixed_values, turn=turn
        )

    def find_first_number(self) -> int:
        """Return the row number of the first created row."""
        if self._first_number is None:
            self._first_number = self._seeded.find_highest_number()
        return self._first_number

    def _make_place(self, identity: Any) -> None:
        """Remove the row with an identity that a request chose for another one, and keep later numbers above it."""
        earlier = self.find_row(self.identity_field, identity)
        if earlier is not None:
            self.remove_row(earlier)
        if isinstance(identity, int):
            self._first_number = max(self.find_first_number(), identity - len(self._created))

    def newest_row(self) -> StoredRow:
        """Return the row that was created last."""
        self._materialize_pending()
        return self._created[-1]

    def newest_key(self, field: str) -> Any:
        """Return the index key that the row which was created last has in an indexed field."""
        key = self._pending.newest_key if field == self.identity_field else NO_KEY
        return self.newest_row().index_keys[self.key_positions[field]] if key is NO_KEY else key

    def _materialize_pending(self) -> None:
        """Compute the index keys of every pending row, and add it to the indexes in its first phase."""
        self._load_seeded_rows()
        pending, self._pending = self._pending, PendingRows()
        for created_at, decide_values, has_free_identity in pending.rows:
            values = decide_values()
            if self._indexes.numbered is not None:
                values = self._indexes.numbered.count_row(values, self.values.index_key)
            seed = self.seed_created_row(len(self._created), values, created_at)
            if self.identity_field in seed.fixed_values and not has_free_identity:
                self._make_place(seed.fixed_values[self.identity_field])
            row = self._make_unique_row(seed, 0)
            row.can_change = True
            self._indexes.add(row)
            self._created.append(row)
            if self._has_changing_keys:
                self._schedule_change(row, seed.created_at)
        self.revision += 1

    def advance_to(self, now: Micros) -> None:
        """Materialise pending rows, and apply every status change that is due by ``now`` to the indexes.

        Has to be called before rows are read. Where the clock has gone back, the place of every created row is computed
        anew.
        """
        self._read_indexes()
        if now < self._advanced_to:
            self.revision += 1
            self._due_changes = []
            for row in self._created:
                if row.is_removed:
                    continue
                row.fresh_until = -NEVER
                if self._has_changing_keys:
                    self._move_row(row, now)
        while self._due_changes and self._due_changes[0][0] <= now:
            _, _, row = heappop(self._due_changes)
            self._move_row(row, now)
        self._advanced_to = now

    def _move_row(self, row: StoredRow, now: Micros) -> None:
        """Put a created row where it belongs in the indexes at a time, and schedule its next change."""
        if row.is_removed or row.seed is None:
            return
        row.fresh_until = -NEVER
        self._indexes.replace_keys(row, self._keys.make_keys(row.seed, row.seed.status_path.phase_at(now)))
        self.revision += 1
        self._schedule_change(row, now)

    def _schedule_change(self, row: StoredRow, now: Micros) -> None:
        assert row.seed is not None
        change = row.seed.status_path.next_change_after(now)
        if change is not None:
            # The number decides between rows that change at the same time: rows themselves cannot be compared.
            heappush(self._due_changes, (change, row.number, row))

    # --------------------------------------------------------------------------------------- changes and removals

    def change_row(self, row: StoredRow, changes: Mapping[str, Any], now: Micros, *, goes_on: bool = False) -> None:
        """Set properties of a row; ``ABSENT`` removes one. A status stays as it is set, or ``goes_on``."""
        self.revision += 1
        changes = {**self.row_factory.make_change_times(now), **changes}
        if row.seed is None:
            value = {n: v for n, v in {**_decode(row.encoded), **changes}.items() if v is not ABSENT}
            row.encoded = _encode(value)
            self._indexes.replace_keys(row, self._keys.read_keys(value, row.hidden_values))
        else:
            row.seed = self._status_paths.change_seed(row.seed, changes, self.phase_at(row, now), now, goes_on=goes_on)
            row.seed.changed_at = now
            row.fresh_until = -NEVER
            self._indexes.replace_keys(row, self._keys.make_keys(row.seed, self.phase_at(row, now)))
            if row.can_change and self._has_changing_keys:
                self._schedule_change(row, now)

    def remove_row(self, row: StoredRow) -> None:
        """Remove a row for good."""
        row.is_removed = True
        self.implied.note_removed(self, row)
        self._indexes.remove(row)
        self.revision += 1

    def _make_unique_row(self, seed: RowSeed, phase: int) -> StoredRow:
        """Return the row of a seed; with another stream where its identity is generated, and there is one with it."""
        name, stream = self.identity_field, seed.stream
        index_keys = self._keys.make_keys(seed, phase)
        if name in seed.fixed_values or name not in self.indexed_fields.unique_fields:
            return StoredRow(seed.number, index_keys, seed)
        position = self.key_positions[name]
        for attempt in range(1, _TRIES):
            if not self._indexes.has_key(name, index_keys[position]):
                return StoredRow(seed.number, index_keys, seed)
            seed.stream = f"{stream}~{attempt}"
            index_keys = self._keys.make_keys(seed, phase)
        self._make_place(index_keys[position])  # there are no more identities
        return StoredRow(seed.number, index_keys, seed)
