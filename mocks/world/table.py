"""All rows of one resource: seeded by index, started one by one, or put there by the caller."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

import msgspec

from specduet.mocks.clock import HOUR, NEVER, SECOND, Micros, to_micros
from specduet.mocks.generation.seeded_random import SeededRandom
from specduet.mocks.generation.values import ValueGenerator
from specduet.mocks.settings import Settings
from specduet.mocks.world.derived_fields import ABSENT, get_path
from specduet.mocks.world.index import Collection, Marks, Page, Row
from specduet.mocks.world.indexed_fields import HIDDEN, uses_of
from specduet.mocks.world.lifecycle import END, Life, Lifecycle, StatusPath
from specduet.mocks.world.row_factory import Blueprint, FieldOf, in_turn
from specduet.specs import Api, Resource, UsageError

if TYPE_CHECKING:  # hypothesis is imported only for adversarial data
    from specduet.mocks.generation.adversarial import AdversarialGenerator

Settled = Callable[[], Mapping[str, Any]]

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode

_SECOND_SCOPE = 10  # rows that the second scope has at least
_MANY = 50  # from so many rows on that leaves forty to the first
_RECENT = 12 * HOUR
_TRIES = 100


class Table:
    """The rows of ``resource`` in one world. ``world`` names the stream of choices that they all come from."""

    def __init__(
        self,
        api: Api,
        resource: Resource,
        settings: Settings,
        generator: ValueGenerator,
        adversary: "AdversarialGenerator | None" = None,
    ) -> None:
        self.resource = resource
        self.world = f"{settings.seed}/{api.name}/{resource.name}"
        self.uses = uses_of(api, resource, settings)
        self.blueprint = Blueprint(api, resource, self.uses, self.world, generator=generator, adversary=adversary)
        self.at = {name: position for position, name in enumerate(self.uses.marked)}
        self._settings = settings
        self._epoch = to_micros(settings.epoch)
        self._validator = api.schemas.validator_at(resource.pointer)
        self._lifecycle = Lifecycle(resource.behavior.status) if resource.behavior.status else None
        status = resource.behavior.status
        self.status_field = status.field if status else None
        self._initial = status.initial if status else None
        self._hidden = dict(self.uses.hidden)
        self._markers = [self._marker(name) for name in self.at]
        self._changing = [self.at[name] for name in self.uses.marked if self.blueprint.changes(name)]
        self.reset()
        for row in self.collection(next(iter(self._collections), None)).select(Page(limit=1)):
            self.encoded(row, self._epoch)  # what no row can satisfy is told now, and not to the first who asks

    # ---------------------------------------------------------------------------------------- the whole table

    def reset(self) -> None:
        """Back to the seeded rows."""
        self.scopes = {name: self._scope_values(name) for name in self.uses.scopes}
        self._take(self._seeded())

    def put(self, values: Sequence[Mapping[str, Any]]) -> None:
        """Replace every row with rows that were checked."""
        rows = [self._given(value, index, len(values)) for index, value in enumerate(values)]
        numbers = [n for row in rows if isinstance(n := self.identity(row), int)]
        for name, known in self.scopes.items():
            shown = [get_path(value, name.split(".")) for value in values]
            self.scopes[name] = list(dict.fromkeys(v for v in (*shown, *known) if isinstance(v, str | int)))
        self._take(rows)
        self._first_number = max([len(rows), *numbers])

    def _take(self, rows: list[Row]) -> None:
        self._found: dict[str, dict[Any, Row]] = {name: {} for name in self.uses.unique}
        for row in rows:
            for name, found in self._found.items():
                found.setdefault(row.marks[self.at[name]], row)
        found_by = [self.at[name] for name in self.uses.found_by]
        self._collections = {name: Collection(self.at[name], found_by) for name in self.uses.ordered_by}
        self._unordered = Collection(None, found_by)
        for collection in self._all_collections():
            collection.load(rows)
        self._started: list[Row] = []
        self._waiting: list[tuple[Micros, Settled]] = []
        self.version = self.era = object()
        self._latest: Micros = -NEVER
        self._due: list[tuple[Micros, int, Row]] = []
        self._first_number = len(rows)
        self._settled: Micros = -NEVER

    version: object
    """Another one whenever a row came, went or moved; what was read before is good as long as it stays the same."""

    era: object
    """Another one whenever all rows were replaced, and the runs that are started count from zero again."""

    def collection(self, ordered_by: str | None) -> Collection:
        return self._unordered if ordered_by is None else self._collections[ordered_by]

    def knows_scope(self, name: str, mark: Any) -> bool:
        """Whether a scope exists, also where it holds nothing."""
        return any(self.blueprint.mark(name, value) == mark for value in self.scopes[name])

    def _all_collections(self) -> Iterator[Collection]:
        yield from self._collections.values()
        if self.uses.unordered:
            yield self._unordered

    # ------------------------------------------------------------------------------------------- one row of it

    def find(self, field: str, value: Any) -> Row | None:
        """The row whose unique field has a value; of several that a request gave the same, the latest."""
        return self._found[field].get(self.blueprint.mark(field, value))

    def identity(self, row: Row) -> Any:
        """What tells the row from every other."""
        return row.marks[self.at[self.resource.behavior.id.field]]

    def phase(self, row: Row, now: Micros) -> int:
        return self.life(row).journey.phase(now) if row.moves else END

    def reached(self, row: Row, now: Micros) -> int:
        """How many changes of its status the row has behind it."""
        return len(self.life(row).until(self.phase(row, now))) - 1

    def encoded(self, row: Row, now: Micros) -> bytes:
        """The row as JSON."""
        if row.fresh_until <= now:
            life = self.life(row)
            row.encoded = _encode(self.blueprint.row(life, self.phase(row, now)))
            row.fresh_until = (life.journey.next_change(now) if row.moves else None) or NEVER
        return row.encoded

    def reader(self, row: Row, phase: int) -> Callable[[str], Any]:
        """A function from a field's name to the row's value at a phase, ``ABSENT`` where it has none."""
        life = self.life(row)
        if row.life is not None:
            return lambda name: self.blueprint.value(name, life, phase)
        shown = _decode(row.encoded)
        if self.resource.behavior.status:
            shown[self.resource.behavior.status.field] = life.journey.path[phase]
        return lambda name: shown.get(name, ABSENT)

    def life(self, row: Row) -> Life:
        """A row that was put there has no life of its own: one is made up that leads to its status."""
        if row.life is not None:
            return row.life
        status = self.resource.behavior.status
        shown = get_path(_decode(row.encoded), [status.field]) if status else ""
        orders = [row.marks[self.at[name]] for name in self.uses.ordered_by]
        begun = orders[0] if orders and isinstance(orders[0], int) else self._epoch
        return Life(self._key("put", row.number), row.number, self._past, begun=begun, index=0, status=str(shown))

    # ------------------------------------------------------------------------------------------------ started

    @property
    def started(self) -> int:
        """How many runs were started: the number of the next one."""
        return len(self._started) + len(self._waiting)

    def start(self, settled: Settled, now: Micros) -> None:
        """A new run that begins now; a moment later where another began at the very same one.

        Its row is made when rows are next looked at, and what the request ``settled`` of it is asked for then: whoever
        starts many runs need not wait for the rows of all.
        """
        if now <= self._latest < now + SECOND:
            now = self._latest + 1
        self._latest = now
        self._waiting.append((now, settled))

    def life_of_started(self, number: int, given: Mapping[str, Any], begun: Micros = 0) -> Life:
        """The life of a run by its number among those that are started, from zero."""
        return Life(
            self._key("started", number),
            self._first_number + number,
            self._future,
            begun=begun,
            status=self._initial,
            given=given,
        )

    def newest(self) -> Row:
        """The row of the run that was started last."""
        self._admit()
        return self._started[-1]

    def _admit(self) -> None:
        waiting, self._waiting = self._waiting, []
        identity = self.resource.behavior.id.field
        for begun, settled in waiting:
            life = self.life_of_started(len(self._started), settled(), begun)
            row = self._unique(life, 0, [] if identity in life.given else [identity])
            row.moves = True
            for collection in self._all_collections():
                collection.add(row)
            self._started.append(row)
            if self._changing:
                self._await_change(row, life.begun)
        self.version = object()

    def settle(self, now: Micros) -> None:
        """Let every started run be where it is at this moment, also where the clock went back."""
        if self._waiting:
            self._admit()
        if now < self._settled:
            self.version = object()
            self._due = []
            for row in self._started:
                row.fresh_until = -NEVER
                if self._changing:
                    self._move(row, now)
        while self._due and self._due[0][0] <= now:
            self._move(heappop(self._due)[2], now)
        self._settled = now

    def _move(self, row: Row, now: Micros) -> None:
        life = self._life_of(row)
        row.fresh_until = -NEVER
        marks = self._marks(life, life.journey.phase(now))
        self.version = object()
        if marks != row.marks:
            for collection in self._all_collections():
                collection.remove(row)
            row.marks = marks
            for collection in self._all_collections():
                collection.add(row)
        self._await_change(row, now)

    def _await_change(self, row: Row, now: Micros) -> None:
        change = self._life_of(row).journey.next_change(now)
        if change is not None:
            heappush(self._due, (change, row.number, row))

    def _life_of(self, row: Row) -> Life:
        assert row.life is not None
        return row.life

    # ------------------------------------------------------------------------------------------------- seeded

    def _seeded(self) -> list[Row]:
        self._found = {name: {} for name in self.uses.unique}
        runs = self._settings.runs
        givens = [{name: values[:2][-i] for name, values in self.scopes.items()} for i in range(2)]
        second = max(_SECOND_SCOPE, runs // 6) if runs >= _MANY else runs // 6
        rows = []
        for index in range(runs):
            in_second = (index * second) // runs != ((index + 1) * second) // runs
            rows.append(self._seed(index, givens[in_second]))
        return rows

    def _seed(self, index: int, given: Mapping[str, Any]) -> Row:
        status = in_turn(f"{self.world}/status", self.blueprint.status_members, index)
        number = self._settings.runs - 1 - index
        life = Life(
            self._key("seeded", index),
            number,
            self._past,
            begun=self._slot(index),
            index=index,
            status=status,
            given=given,
        )
        if self.blueprint.ends_at_order:
            life.begun -= life.journey.moments[-1] - life.begun
        return self._unique(life, END, list(self._found))

    def _slot(self, index: int) -> Micros:
        """When a seeded row begins: most within the last half day, the others further back than lists look."""
        runs, near, far = self._settings.runs, self.uses.near, self.uses.far
        recent = runs - runs // 4
        if index < recent:
            first, last, place, places = 0, min(near // 2, _RECENT), index, recent
        else:
            first, last, place, places = near + near // 20, far - far // 30, index - recent, runs - recent
        width = (last - first if last > first else near) // places
        jitter = SeededRandom(f"{self.world}/slot/{index}").below(max(width // 2, 1))
        return self._epoch - first - place * width - width // 4 - jitter - 1

    def _past(self, life: Life) -> StatusPath:
        """How a row came to its status."""
        status = life.status or ""
        if self._lifecycle is None:
            return StatusPath((status,), (life.begun,))
        return self._lifecycle.past(status, life.begun, self._epoch, SeededRandom(f"{life.key}/journey"))

    def _future(self, life: Life) -> StatusPath:
        if self._lifecycle is None:
            return StatusPath(("",), (life.begun,))
        return self._lifecycle.future(life.begun, self._settings.pace, SeededRandom(f"{life.key}/journey"))

    def _unique(self, life: Life, phase: int, names: Sequence[str]) -> Row:
        """A row of this life, or of one like it, that shares none of the named fields with another."""
        key = life.key
        for attempt in range(_TRIES):
            if attempt:
                life.key = f"{key}~{attempt}"
            marks = self._marks(life, phase)
            if all(marks[self.at[name]] not in self._found[name] for name in names):
                break
        else:
            raise UsageError(
                f"{self.resource.name} has too few values of {names[0]!r} for so many rows",
                remedy="Ask for fewer with --runs.",
            )
        row = Row(life.number, marks, life)
        for name, found in self._found.items():
            found[marks[self.at[name]]] = row
        return row

    def _key(self, kind: str, index: int) -> str:
        return f"{self.world}/{kind}/{index}"

    def _marks(self, life: Life, phase: int) -> Marks:
        return tuple([marker(life, phase) for marker in self._markers])

    def _marker(self, name: str) -> FieldOf:
        if not name.startswith(HIDDEN):
            return self.blueprint.marker(name)
        identity = self.resource.behavior.id.field
        return lambda life, phase: self._hidden_mark(name, self.blueprint.value(identity, life, phase))

    def _hidden_mark(self, name: str, identity: Any) -> Any:
        choices = self._hidden[name.removeprefix(HIDDEN)]
        return self.blueprint.mark(name, SeededRandom(f"{self.world}/{name}/{identity}").pick(choices))

    def _scope_values(self, name: str) -> list[Any]:
        """Three values: of the scope with most rows, of a smaller one, and of one that stays empty."""
        return self.blueprint.several(name, 3)

    # ---------------------------------------------------------------------------------------------------- put

    def checked(self, values: Any) -> Sequence[Mapping[str, Any]]:
        """Rows that may be put here. Raises ``UsageError`` where one breaks the schema or has no id of its own."""
        name, identity = self.resource.name, self.resource.behavior.id.field
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
            mark = self.blueprint.mark(identity, get_path(value, identity.split(".")))
            if mark is None or mark in seen:
                raise UsageError(f"row {index} of {name!r} has {'no' if mark is None else 'the same'} {identity!r}")
            seen.add(mark)
            try:
                _encode(value)
            except (UnicodeEncodeError, ValueError) as error:
                raise UsageError(f"row {index} of {name!r} is no JSON: {error}") from error
        return values

    def _given(self, value: Mapping[str, Any], index: int, count: int) -> Row:
        identity = get_path(value, self.resource.behavior.id.field.split("."))
        marks = tuple(
            self._hidden_mark(name, identity)
            if name.startswith(HIDDEN)
            else self.blueprint.mark(name, get_path(value, name.split(".")))
            for name in self.at
        )
        return Row(count - 1 - index, marks, None, _encode(value))
