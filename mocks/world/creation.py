"""How an operation starts runs: what a request settles of a run, and what the answer tells of it.

What an answer tells of a run that the request left open is a function of the run's number, so that answers are made
some ahead: whoever starts many runs waits for their rows no more than for their keys.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from specduet.mocks.clock import Micros, format_timestamp, to_micros
from specduet.mocks.generation.seeded_random import SeededRandom
from specduet.mocks.generation.values import ValueMaker
from specduet.mocks.settings import Caller
from specduet.mocks.world.derived_fields import ABSENT
from specduet.mocks.world.lifecycle import Life
from specduet.mocks.world.projection import View
from specduet.mocks.world.row_factory import FieldOf
from specduet.mocks.world.table import Table
from specduet.specs import Operation

_encode = msgspec.json.Encoder().encode

Values = Mapping[str, Any]
Told = tuple[bytes, dict[str, Any]]
"""An answer, and the keys that it tells: they stay true, whatever the row is made of."""

_NOT_PLAIN = (UUID, datetime)
_AHEAD = 64  # so many answers are made at once
_SOME = 64  # so many that a property which may be null is null in some of them


class Starting:
    """What one operation does to start a run, compiled."""

    def __init__(self, operation: Operation, table: Table, view: View) -> None:
        words = operation.behavior
        assert words.creates is not None
        self._table = table
        self._view = view
        self._id = operation.id
        self._scope = words.scope
        self._sources = tuple(_sources(table, words.creates.sets))
        self._tellers = [(name, self._teller(name)) for name in view.names]
        self._keys = [name for name in view.names if name in view.shared and name in table.uses.unique]
        self._shown = [source for source in self._sources if source.field in view.shared]
        self._shows_row = view.whole or not view.shared <= self._known_at_once({*words.creates.sets})
        self._ahead: dict[int, Told] = {}
        self._era: object = None

    def start(self, values: Values, body: Values, caller: Caller, now: Micros) -> bytes | None:
        """Start a run; the answer, or None where that is made from the row. ``body`` is valid."""
        answer, keys = (None, {}) if self._shows_row else self._answer(values, body)
        self._table.start(partial(self._given, values, body, caller, keys), now)
        return answer

    def _answer(self, values: Values, body: Values) -> Told:
        table = self._table
        number = table.started
        own = _read(self._shown, values, body)
        if own:
            return self._tell(table.life_of_started(number, own))
        if number not in self._ahead or table.era is not self._era:
            self._era = table.era
            self._ahead = {n: self._tell(table.life_of_started(n, {})) for n in range(number, number + _AHEAD)}
        return self._ahead[number]

    def _tell(self, life: Life) -> Told:
        shown = {name: tell(life, 0) for name, tell in self._tellers}
        keys = {name: shown[name] for name in self._keys}
        if ABSENT in shown.values() or not self._view.admits(shown):
            told = {name: value for name, value in shown.items() if name in self._view.shared}
            shown = self._view.show(told.__getitem__, SeededRandom(f"{life.key}/{self._id}"))
        return _encode(shown), keys

    def _given(self, values: Values, body: Values, caller: Caller, keys: dict[str, Any]) -> dict[str, Any]:
        """What the request settled, where the schema of the row allows it, and the ``keys`` that were told."""
        table, uses = self._table, self._table.uses
        given = {name: known[0] for name, known in table.scopes.items()} | _read(self._sources, values, body)
        if self._scope is not None:
            given |= table.blueprint.admitted({self._scope.field: _plain(values[self._scope.parameter])})
        if uses.owner is not None and uses.owners:
            given[uses.owner] = uses.owners[0]
            if caller.owner:
                given |= table.blueprint.admitted({uses.owner: caller.owner})
        return given | keys

    def _known_at_once(self, sets: set[str]) -> set[str]:
        """The fields that are known before there is a row: keys, status, and most of what a request may settle."""
        table = self._table
        fields = {*sets, *table.uses.unique, table.status_field} - {table.uses.owner, *table.scopes}
        return {name for name in table.blueprint.properties if name in fields and table.blueprint.alone(name)}

    def _teller(self, name: str) -> FieldOf:
        if name in self._view.shared:
            return self._table.blueprint.field(name)
        return _one_of_some(partial(self._view.made, name), f"{self._table.world}/{self._id}/{name}")


class _Source(NamedTuple):
    """A field that a start settles: by ``name`` from the body or a parameter, where the row's schema allows it."""

    field: str
    in_body: bool
    name: str
    admits: Callable[[Any], bool]

    def read(self, values: Values, body: Values) -> Any:
        """What a request has for the field, as JSON has it, null where it has nothing; ``ABSENT`` if not allowed."""
        value = _plain((body if self.in_body else values).get(self.name))
        return value if self.admits(value) else ABSENT


def _sources(table: Table, sets: Mapping[str, str]) -> Iterator[_Source]:
    for field, source in sets.items():
        place, _, name = source.partition("/")
        if field in table.blueprint.properties:
            yield _Source(field, place == "body", name, table.blueprint.admits(field))


def _read(sources: Sequence[_Source], values: Values, body: Values) -> dict[str, Any]:
    read = {}
    for source in sources:
        value = source.read(values, body)
        if value is not ABSENT:
            read[source.field] = value
    return read


def _one_of_some(make: ValueMaker, name: str) -> FieldOf:
    """What gives runs, in turn, values that are made once."""
    values: list[Any] = []

    def tell(life: Life, _phase: int) -> Any:
        if not values:
            values.extend(make(SeededRandom(f"{name}/{number}")) for number in range(_SOME))
        return values[life.number % _SOME]

    return tell


def _plain(value: Any) -> Any:
    """A decoded parameter as JSON has it."""
    if not isinstance(value, _NOT_PLAIN):
        return value
    return str(value) if isinstance(value, UUID) else format_timestamp(to_micros(value))
