"""The creation of rows that the response shows: the row is made at once, and enters the indexes when rows are read.

A client that sends one request again and again creates rows that differ in ids and times alone, by turns
(``FieldMakers``). What follows from a request is kept, so that its next rows are ready but for the time of creation.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from specduet.mocks.bounded_cache import BoundedCache
from specduet.mocks.clock import Micros
from specduet.mocks.settings import CallerIdentity
from specduet.mocks.world.lifecycle import RowSeed
from specduet.mocks.world.row_templates import PreparedRow, RowTemplate
from specduet.mocks.world.table import Table

_encode = msgspec.json.Encoder().encode

# speed: with both, a creation costs 1.46 times that of a bundled API in place of 2.33 (make bench ARGS='--only
# creation', 2026-11-28)
_KNOWN_COUNT = 64  # requests that are remembered
_PREPARED_COUNT = 64  # rows that are prepared at once for a request that comes several times in a row

DecideValues = Callable[[Mapping[str, Any], Mapping[str, Any], CallerIdentity, Mapping[str, Any]], dict[str, Any]]
"""A function from parameters, body, caller and further values to the field values that a request decides."""


class NewRow(NamedTuple):
    """A row as the response to its creation shows it."""

    encoded: bytes
    key: Any
    """The index key of its identity."""


class KnownRequest(msgspec.Struct, eq=False):
    """A valid request to create a row, and what follows from it. It is kept whole, so that its objects stay its own."""

    values: Mapping[str, Any]
    body: Mapping[str, Any]
    caller: CallerIdentity
    decided: Mapping[str, Any]
    """The field values that the request decides."""
    is_repeated: bool = False
    """True once it was seen a second time, and decided the same."""
    last_number: int = -1
    """The number of the last row that it created."""
    templates: dict[int | None, RowTemplate | None] = {}
    """The rows that it creates, by their turn; None where they have no template."""
    prepared: dict[int, PreparedRow] = {}
    """The next rows, by their number among the created ones."""


class ShownCreation:
    """Creates the rows of one operation whose responses show them."""

    def __init__(self, table: Table, decide_values: DecideValues) -> None:
        self._table = table
        self._decide_values = decide_values
        self._known: BoundedCache[int, KnownRequest] = BoundedCache(_KNOWN_COUNT)
        """Requests that may come again, by the identity of their bodies."""
        self._generation = 0
        """The generation of the table's rows that this is true for."""

    def create_row(
        self, values: Mapping[str, Any], body: Mapping[str, Any], caller: CallerIdentity, now: Micros
    ) -> NewRow | None:
        """Create a row and return it; None, and nothing is created, where it has to be materialised to be known."""
        known, table = self._recall(values, body, caller), self._table
        if table.identity_field in known.decided or not table.knows_identities:
            return None
        number = table.created_count
        prepared = known.prepared.get(number)
        if known.is_repeated and (prepared is None or prepared.number != table.find_first_number() + number):
            prepared = self._prepare_rows(known, number)
        known.last_number = number
        if prepared is None:
            return self._create_unprepared(known, number, now)
        created_at = table.choose_time(now)
        if not table.create_known_row(prepared.key, prepared.values, created_at):
            return None
        return NewRow(prepared.show(created_at), prepared.key)

    def _recall(self, values: Mapping[str, Any], body: Mapping[str, Any], caller: CallerIdentity) -> KnownRequest:
        """Return what is known of a request: much, where the same one was sent before."""
        if self._generation != self._table.generation:
            self._generation = self._table.generation
            self._known.clear()
        known = self._known.get(id(body))
        if known is None or not (known.body is body and known.values is values and known.caller is caller):
            known = KnownRequest(values, body, caller, self._decide_values(values, body, caller, {}))
            self._known.store(id(body), known)
        elif not known.is_repeated:
            decided = self._decide_values(values, body, caller, {})
            known.is_repeated, known.decided = decided == known.decided, decided
        return known

    def _create_unprepared(self, known: KnownRequest, number: int, now: Micros) -> NewRow | None:
        table = self._table
        seed = table.seed_created_row(number, known.decided, table.choose_time(now))
        row = table.row_factory.make_row(seed, seed.status_path.phase_at(now) if seed.has_path else 0)
        new, identity = _encode(row), table.row_factory.identity_maker(seed, 0)
        key = table.values.index_key(table.identity_field, identity)
        values = {**known.decided, table.identity_field: identity}
        if key is None or not table.create_known_row(key, values, seed.created_at):
            return None
        if known.is_repeated and seed.turn not in known.templates:
            known.templates[seed.turn] = self._build_template(row, known.decided, seed, new)
        return NewRow(new, key)

    def _build_template(
        self, row: Mapping[str, Any], decided: Mapping[str, Any], seed: RowSeed, encoded: bytes
    ) -> RowTemplate | None:
        """Return the template of a row, None where it does not lead to the same row."""
        template = self._table.row_factory.build_template(row, decided)
        if template is None:
            return None
        return template if self._prepare_row(template, decided, seed).show(seed.created_at) == encoded else None

    def _prepare_rows(self, known: KnownRequest, number: int) -> PreparedRow | None:
        """Return the row of a number, None where its template is not known yet; prepare those that follow it.

        Where requests alternate, the next rows are those of others.
        """
        known.prepared.clear()
        for later_number in range(number, number + (_PREPARED_COUNT if known.last_number == number - 1 else 1)):
            seed = self._table.seed_created_row(later_number, known.decided)
            template = known.templates.get(seed.turn)
            if template is None:
                break
            known.prepared[later_number] = self._prepare_row(template, known.decided, seed)
        return known.prepared.get(number)

    def _prepare_row(self, template: RowTemplate, decided: Mapping[str, Any], seed: RowSeed) -> PreparedRow:
        name = self._table.identity_field
        identity = self._table.row_factory.identity_maker(seed, 0)
        key = self._table.values.index_key(name, identity)
        seed.fixed_values = values = {**decided, name: identity}
        return PreparedRow(seed.number, key, values, template.prepare(seed), template.time_format)
