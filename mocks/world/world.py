"""The world of one API: its rows, what is asked of them, and the runs that are started in it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from msgspec.structs import replace

from specduet.mocks.clock import NEVER, SECOND, Clock, Micros, parse_duration
from specduet.mocks.generation.seeded_random import SeededRandom
from specduet.mocks.generation.values import get_generator
from specduet.mocks.settings import Caller, Settings
from specduet.mocks.world.creation import Starting
from specduet.mocks.world.derived_fields import ABSENT
from specduet.mocks.world.index import Page, Row
from specduet.mocks.world.indexed_fields import HIDDEN
from specduet.mocks.world.projection import Envelope, View, answer_of, rows_in
from specduet.mocks.world.table import Table
from specduet.specs import Api, Operation, UsageError
from specduet.specs.behavior import Filter, Scope

if TYPE_CHECKING:
    from specduet.mocks.generation.adversarial import AdversarialGenerator

Values = Mapping[str, Any]
# Named out here, because ``World.list`` hides the built-in one inside the class.
_Wanted = list[tuple[int, Any]]
_Tests = list[tuple[int, Callable[[Any], bool]]]
Events = list[bytes]
Known = list[Any]

_encoded, _fresh_until = attrgetter("encoded"), attrgetter("fresh_until")

_LOOK_AGAIN_S = 0.25
_REMEMBERED = 64  # answers of lists, none of them longer than _SHORT
_SHORT = 65_536


class UnknownScopeValue(Exception):
    """No collection has this value of a path parameter; ``status`` is how the overlay has that answered."""

    def __init__(self, parameter: str, value: Any, status: int) -> None:
        super().__init__(f"no {parameter} is {value!r}")
        self.parameter = parameter
        self.value = value
        self.status = status


class WindowTooOld(Exception):
    """A filter reaches further back than the overlay allows; ``oldest`` is its limit, such as ``-31d``."""

    def __init__(self, parameter: str, oldest: str) -> None:
        super().__init__(f"{parameter} reaches further back than {oldest}")
        self.parameter = parameter
        self.oldest = oldest


@dataclass(frozen=True)
class _Asked:
    """How one operation speaks of a table, compiled."""

    operation: Operation
    table: Table
    view: View
    envelope: Envelope | None = None
    filters: tuple["_Asking", ...] = ()
    lasting: bool = False
    """Of a list: whether the same question has the same answer as long as no row changes."""
    starting: Starting | None = None


class _Read(NamedTuple):
    """An answer of a list, and when it is good: while the table's version stays, from one moment until another."""

    answer: bytes
    version: object
    since: Micros
    until: Micros


@dataclass(frozen=True)
class _Asking:
    """One filter: its parameter, and its window as microseconds before now."""

    parameter: str
    said: Filter
    default: Micros | None
    oldest: Micros | None


class World:
    """The rows of one API, as its operations show them, at the times of one clock.

    ``values`` of a call holds the operation's parameters by name, decoded: int, float, bool, str, UUID, aware datetime;
    defaults of the schema filled in, absent ones left out.
    """

    def __init__(self, api: Api, settings: Settings, clock: Clock) -> None:
        self._api = api
        self._settings = settings
        self._clock = clock
        adversary = _adversary(api, settings)
        self._generator = adversary or get_generator(api.schemas)
        self._tables = {
            name: Table(api, resource, settings, get_generator(api.schemas), adversary)
            for name, resource in api.resources.items()
        }
        self._read: dict[tuple[Any, ...], _Read] = {}
        self._asked = {operation.id: asked for operation in api.operations if (asked := self._compiled(operation))}

    @property
    def clock(self) -> Clock:
        return self._clock

    # ------------------------------------------------------------------------------------------- asked for rows

    def list_rows(self, operation: Operation, values: Values, caller: Caller) -> bytes:
        """The rows that a list operation answers, as a JSON array.

        A limit of zero or less holds no rows, an offset below zero is zero. Raises ``UnknownScopeValue`` and ``WindowTooOld``.
        """
        asked = self._asked[operation.id]
        table, now = asked.table, self._clock.current_micros()
        table.settle(now)
        if not asked.lasting:
            return self._listed(asked, values, caller, now)[0]
        key = (operation.id, caller.owner, caller.admin, *values.items())
        try:
            read = self._read.get(key)
        except TypeError:  # a value that is a list
            return self._listed(asked, values, caller, now)[0]
        if read is None or read.version is not table.version or not read.since <= now < read.until:
            answer, until = self._listed(asked, values, caller, now)
            read = _Read(answer, table.version, now, until)
            if len(answer) <= _SHORT:
                if len(self._read) >= _REMEMBERED:
                    self._read.clear()
                self._read[key] = read
        return read.answer

    def _listed(self, asked: _Asked, values: Values, caller: Caller, now: Micros) -> tuple[bytes, Micros]:
        """The answer of a list, and the moment until which the rows on it stay as they are."""
        operation, table = asked.operation, asked.table
        order = operation.behavior.order
        collection, page = table.collection(order.by if order else None), self._page(asked, values, caller, now)
        rows = collection.select(page)
        if asked.view.whole:
            if min(map(_fresh_until, rows), default=NEVER) <= now:
                for row in rows:
                    table.encoded(row, now)
            answer = b"[" + b",".join(map(_encoded, rows)) + b"]"
        else:
            answer = msgspec.json.encode([self._shown(asked, row, now) for row in rows])
        if asked.envelope is None:
            return answer, min(map(_fresh_until, rows), default=NEVER)
        left = len(collection.select(replace(page, limit=None)))
        total = len(collection.select(replace(page, limit=None, offset=0, before=None)))
        dice = SeededRandom(f"{table.world}/{operation.id}")
        return asked.envelope.around(answer, total, more=left > len(rows), dice=dice), now

    def fetch_row(self, operation: Operation, values: Values, caller: Caller) -> bytes | None:
        """The one row that a fetch operation answers; None where the caller knows no such row."""
        asked, now = self._asked[operation.id], self._clock.current_micros()
        row = self._found(asked, values, caller, now)
        if row is None:
            return None
        return asked.table.encoded(row, now) if asked.view.whole else msgspec.json.encode(self._shown(asked, row, now))

    def _found(self, asked: _Asked, values: Values, caller: Caller, now: Micros) -> Row | None:
        words = asked.operation.behavior
        said = words.fetches or words.watches
        assert said is not None
        asked.table.settle(now)
        row = asked.table.find(said.field, values.get(said.parameter))
        wanted = self._kept_apart(asked, values, caller)
        return row if row is not None and all(row.marks[at] == mark for at, mark in wanted) else None

    def _page(self, asked: _Asked, values: Values, caller: Caller, now: Micros) -> Page:
        words, table = asked.operation.behavior, asked.table
        equal = self._kept_apart(asked, values, caller)
        tests: _Tests = []
        least = before = None
        by = words.order.by if words.order else None
        for asking in asked.filters:
            value = values.get(asking.parameter)
            if value is None and asking.default is None:
                continue
            said, mark = asking.said, _wanted(asking, table, value, now)
            if mark is None:
                continue
            at = table.at[HIDDEN + said.field if said.hidden else said.field]
            if said.op == "ge" and said.field == by:
                least = mark if least is None else max(least, mark)
            elif said.op == "ge":
                tests.append((at, _at_least(mark)))
            elif said.hidden or said.field in table.uses.filtered:
                equal.append((at, mark))
            else:
                tests.append((at, _equal_to(mark)))
        if words.cursor is not None and (cursor := values.get(words.cursor.parameter)) is not None:
            mark = table.blueprint.mark(words.cursor.before, cursor)
            if words.cursor.before == by:
                before = mark
            else:
                tests.append((table.at[words.cursor.before], _below(mark)))
        return Page(
            equal=tuple(equal),
            tests=tuple(tests),
            least=least,
            before=before,
            descending=self._descending(asked.operation, values),
            offset=max(values.get(words.offset.parameter) or 0, 0) if words.offset else 0,
            limit=values.get(words.limit.parameter) if words.limit else None,
        )

    def _kept_apart(self, asked: _Asked, values: Values, caller: Caller) -> _Wanted:
        """What keeps the rows of other scopes and of other callers out of sight."""
        words, table = asked.operation.behavior, asked.table
        marks = []
        if words.scope is not None:
            marks.append((table.at[words.scope.field], self._scope_mark(table, words.scope, values)))
        if words.visibility is not None and caller.owner is not None and not caller.admin:
            owner = words.visibility.owner
            marks.append((table.at[owner], table.blueprint.mark(owner, caller.owner)))
        return marks

    def _scope_mark(self, table: Table, scope: Scope, values: Values) -> Any:
        value = values.get(scope.parameter)
        mark = table.blueprint.mark(scope.field, value)
        if scope.unknown >= 400 and not table.knows_scope(scope.field, mark):
            raise UnknownScopeValue(scope.parameter, value, scope.unknown)
        return mark

    def _descending(self, operation: Operation, values: Values) -> bool:
        order = operation.behavior.order
        if order is None:
            return True
        chosen = values.get(order.parameter, order.direction) if order.parameter else order.direction
        return bool(chosen == "desc")

    # ------------------------------------------------------------------------------------------------ watched

    def list_status_events(self, operation: Operation, values: Values, caller: Caller) -> Events | None:
        """What the status of a row has been so far, oldest first; None where the caller knows no such row."""
        asked, now = self._asked[operation.id], self._clock.current_micros()
        row = self._found(asked, values, caller, now)
        return None if row is None else self._events(asked, row, 0, asked.table.reached(row, now))

    def stream_status_events(self, operation: Operation, values: Values, caller: Caller) -> AsyncIterator[bytes] | None:
        """The same, and what follows as it happens, until the row has ended or will not change any more."""
        asked = self._asked[operation.id]
        row = self._found(asked, values, caller, self._clock.current_micros())
        return None if row is None else self._follow(asked, row)

    async def _follow(self, asked: _Asked, row: Row) -> AsyncIterator[bytes]:
        told, last = 0, asked.table.life(row).journey.last
        while told <= last:
            now = self._clock.current_micros()
            for event in self._events(asked, row, told, asked.table.reached(row, now)):
                told += 1
                yield event
            change = asked.table.life(row).journey.next_change(now)
            if told <= last and change is not None:
                # The clock may be moved or frozen meanwhile, so it is looked at again before long.
                await asyncio.sleep(min((change - now) / SECOND, _LOOK_AGAIN_S))

    def _events(self, asked: _Asked, row: Row, first: int, last: int) -> Events:
        table, said = asked.table, asked.operation.behavior.watches
        journey = table.life(row).journey
        encoded = []
        for phase in range(first, last + 1):
            event = asked.view.show(table.reader(row, phase), self._dice(asked, row))
            if said is not None and said.moment is not None and said.moment in event:
                event[said.moment] = asked.view.spelled(said.moment, journey.moments[phase])
            encoded.append(msgspec.json.encode(event))
        return encoded

    # ------------------------------------------------------------------------------------------------ started

    def create_row(self, operation: Operation, values: Values, body: Mapping[str, Any] | None, caller: Caller) -> bytes:
        """Start a run and answer as documented. ``body`` is valid. Raises ``UnknownScopeValue``."""
        asked, now = self._asked[operation.id], self._clock.current_micros()
        table, scope = asked.table, operation.behavior.scope
        if scope is not None:
            self._scope_mark(table, scope, values)
        assert asked.starting is not None
        answer = asked.starting.start(values, body or {}, caller, now)
        if answer is not None:
            return answer
        row = table.newest()
        return table.encoded(row, now) if asked.view.whole else msgspec.json.encode(self._shown(asked, row, now))

    # ------------------------------------------------------------------------------------------------- shown

    def _shown(self, asked: _Asked, row: Row, now: Micros) -> Any:
        table = asked.table
        return asked.view.show(table.reader(row, table.phase(row, now)), self._dice(asked, row))

    def _dice(self, asked: _Asked, row: Row) -> SeededRandom:
        return SeededRandom(f"{asked.table.world}/{asked.operation.id}/{asked.table.identity(row)}")

    def _compiled(self, operation: Operation) -> _Asked | None:
        words = operation.behavior
        said = words.lists or words.fetches or words.watches or words.creates
        if said is None:
            return None
        table = self._tables[said.resource]
        answer = answer_of(operation)
        schema, pointer = (answer.schema, answer.pointer) if answer else (table.resource.schema, table.resource.pointer)
        envelope = None
        if answer and (words.lists or words.watches):
            holder, schema, pointer = rows_in(self._api, table.resource, schema, pointer)
            if holder is not None:
                envelope = Envelope(self._api, answer.schema, answer.pointer, holder, self._generator)
        view = View(self._api, table.resource, schema, pointer, self._generator)
        filters = tuple(
            _Asking(
                name,
                f,
                parse_duration(f.default) if f.default else None,
                parse_duration(f.oldest) if f.oldest else None,
            )
            for name, f in words.filters.items()
        )
        lasting = envelope is None and view.whole and not any(f.default or f.oldest for f in filters)
        starting = Starting(operation, table, view) if words.creates else None
        return _Asked(operation, table, view, envelope, filters, lasting, starting)

    # ----------------------------------------------------------------------------------------- as a whole

    def dump_state(self) -> dict[str, Any]:
        """Every row as served, by resource: the first scope's first, in the order of the list that shows them."""
        now = self._clock.current_micros()
        return {
            name: [msgspec.json.decode(t.encoded(r, now)) for r in self._rows(t, now)]
            for name, t in self._tables.items()
        }

    def _rows(self, table: Table, now: Micros) -> Iterator[Row]:
        table.settle(now)
        listing = (a.operation.behavior for a in self._asked.values() if a.table is table)
        order = next((behavior.order for behavior in listing if behavior.lists), None)
        collection = table.collection(order.by if order else None)
        descending = order is None or order.direction == "desc"
        scope = next(iter(table.scopes.items()), None)
        if scope is None:
            yield from collection.select(Page(descending=descending))
            return
        field, known = scope
        for value in known:
            mark = table.blueprint.mark(field, value)
            yield from collection.select(Page(equal=((table.at[field], mark),), descending=descending))

    def replace_state(self, state: Any) -> None:
        """Replace the rows of the resources named. Raises ``UsageError``, and changes nothing, for an invalid row."""
        if not isinstance(state, Mapping):
            raise UsageError("a state is an object: the name of each resource, and its rows")
        for name in state:
            if name not in self._tables:
                known = ", ".join(self._tables) or "none"
                raise UsageError(f"no resource is called {name!r}", remedy=f"Known: {known}.")
        checked = {name: self._tables[name].checked(rows) for name, rows in state.items()}
        for name, rows in checked.items():
            self._tables[name].put(rows)

    def reset(self) -> None:
        """Back to the seed: what was started or put is gone. The clock is left alone."""
        for table in self._tables.values():
            table.reset()

    def scope_values(self) -> dict[str, Known]:
        """The known values of each path parameter that scopes a list; the first has most rows, the last none."""
        found: dict[str, Known] = {}
        for asked in self._asked.values():
            scope = asked.operation.behavior.scope
            if scope is not None:
                found.setdefault(scope.parameter, [*asked.table.scopes[scope.field]])
        return found

    def sample_ids(self, operation: Operation, count: int) -> Known:
        """Some values that the path parameter of an operation takes which fetches or watches a row."""
        said = operation.behavior.fetches or operation.behavior.watches
        if said is None:
            return []
        table, now = self._tables[said.resource], self._clock.current_micros()
        values = (table.reader(row, table.phase(row, now))(said.field) for row in self._rows(table, now))
        return [*islice((value for value in values if value is not ABSENT and value is not None), count)]

    def list_owners(self) -> Known:
        """Whose rows there are."""
        return [*dict.fromkeys(owner for table in self._tables.values() for owner in table.uses.owners)]


def _adversary(api: Api, settings: Settings) -> "AdversarialGenerator | None":
    if settings.data != "adversarial":
        return None
    from specduet.mocks.generation.adversarial import (
        get_adversarial_generator,  # hypothesis takes half a second to import
    )

    return get_adversarial_generator(api.schemas, settings.seed)


def _wanted(asking: _Asking, table: Table, value: Any, now: Micros) -> Any:
    """The mark that a filter asks for, its default window where the parameter is left out, None where it is idle."""
    if value is None:
        return None if asking.default is None else now + asking.default
    mark = table.blueprint.mark(asking.said.field, value)
    if asking.oldest is not None and mark is not None and mark < now + asking.oldest:
        raise WindowTooOld(asking.parameter, asking.said.oldest or "")
    return mark


def _at_least(mark: Any) -> Callable[[Any], bool]:
    return lambda other: other is not None and other >= mark


def _below(mark: Any) -> Callable[[Any], bool]:
    return lambda other: other is not None and other < mark


def _equal_to(mark: Any) -> Callable[[Any], bool]:
    return lambda other: bool(other == mark)
