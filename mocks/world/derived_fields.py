"""What statements say across a row: of fields inside its objects, and of totals. Put right in a row otherwise made.

A statement on a property of the row itself decides how that property is made (rows.py). One on a field further inside
finds an object that the generator made as a whole, and changes what it says and nothing else.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from specduet.mocks.clock import detect_time_format, format_time
from specduet.mocks.generation.seeded_random import SeededRandom
from specduet.mocks.generation.values import ValueGenerator, ValueMaker
from specduet.mocks.world.lifecycle import Life, set_since, when_set
from specduet.specs import Api, Resource
from specduet.specs.schemas import Field

ABSENT = msgspec.UNSET
"""What a field is that a row leaves out."""

Row = dict[str, Any]
_Finish = Callable[[Row, Life, int], None]


class Finishing:
    """The last steps of a resource's rows: they change the properties ``touched``, of which ``totals`` hold sums."""

    def __init__(self, api: Api, resource: Resource, generator: ValueGenerator) -> None:
        self._words = resource.behavior
        self._generator = generator
        self._schemas = api.schemas
        self._inner = {".".join(f.path): f for f in api.schemas.walk_fields(resource.schema, resource.pointer)}
        nested = list(self._nested())
        self.totals = {rule.field.partition(".")[0] for rule in self._words.sum}
        self.touched = self.totals | {path.partition(".")[0] for path, _ in nested}
        self._steps = [step for _, step in nested] + [_total(rule.field, rule.of) for rule in self._words.sum]

    def finish(self, row: Row, life: Life, phase: int) -> None:
        """Change a row, at one moment of its life, to what the statements say. Objects that it shares are copied."""
        for step in self._steps:
            step(row, life, phase)

    def _nested(self) -> Iterator[tuple[str, _Finish]]:
        """For each field inside an object that a statement speaks of, the steps that obey it, in order."""
        words = self._words
        by_status = dict.fromkeys(rule.field for rule in words.set_when if "." in rule.field)
        for name in by_status:
            yield name, self._by_status(name)
        for constant in words.constant:
            if "." in constant.field:
                yield constant.field, _held(constant.field, partial(_always, constant.value))
        for truth in words.true_only_when:
            if "." in truth.field:
                yield truth.field, _held(truth.field, partial(_is_one_of, truth.status))
        for line in words.timeline:
            for rank, name in enumerate(line.fields):
                if "." in name and name not in by_status:
                    yield name, _held(name, partial(_at, self._moment(name), rank))

    def _by_status(self, name: str) -> _Finish:
        """Set, in an object that is made for it where there is none, or not set: as the status says."""
        path, rule = name.split("."), when_set(self._words.set_when, name)
        assert rule is not None
        field = self._inner[name]
        nothing = None if field.nullable else ABSENT
        holders = [path[:depth] for depth in range(1, len(path))]
        made = [(holder, self._maker(".".join(holder))) for holder in holders]
        make, moment = self._maker(name), self._moment(name)

        def step(row: Row, life: Life, phase: int) -> None:
            since = set_since(rule, life.until(phase))
            if since is None:
                if field.nullable or not field.required:
                    put(row, path, nothing)
                return
            for holder, make_holder in made:
                if not isinstance(get_path(row, holder), Mapping):
                    put(row, holder, make_holder(_dice(life, ".".join(holder))))
            if moment:
                put(row, path, format_time(moment, life.moment_at(since)))
            elif get_path(row, path) in (None, ABSENT):
                put(row, path, make(_dice(life, name)))

        return step

    def _maker(self, name: str) -> ValueMaker:
        field = self._inner[name]
        return self._generator.valid(self._schemas.node_at(field.pointer), field.pointer, field.path[-1], null=False)

    def _moment(self, name: str) -> str:
        field: Field = self._inner[name]
        return detect_time_format(field.resolved, None, timed=any(name in line.fields for line in self._words.timeline))


def _held(name: str, value: Callable[[Life, int], Any]) -> _Finish:
    """The field gets its value wherever the row shows one."""
    path = name.split(".")

    def step(row: Row, life: Life, phase: int) -> None:
        if get_path(row, path) not in (None, ABSENT):
            put(row, path, value(life, phase))

    return step


def _always(value: Any, _life: Life, _phase: int) -> Any:
    return value


def _is_one_of(statuses: Sequence[str], life: Life, phase: int) -> bool:
    return life.status_at(phase) in statuses


def _at(moment: str, rank: int, life: Life, phase: int) -> str | int | float:
    """The row's beginning for the first field of a timeline, its latest change for each later one."""
    return format_time(moment, life.moment_at(phase) if rank else life.begun)


def _dice(life: Life, name: str) -> SeededRandom:
    return SeededRandom(f"{life.key}/{name}{life.salt}")


def _total(field: str, of: Sequence[str]) -> _Finish:
    """A total of numbers, where the row shows the total and all of its parts."""
    path, parts = field.split("."), [part.split(".") for part in of]

    def step(row: Row, _life: Life, _phase: int) -> None:
        numbers = [get_path(row, part) for part in parts]
        if get_path(row, path) is not ABSENT and all(isinstance(n, int | float) for n in numbers):
            put(row, path, sum(numbers))

    return step


# ------------------------------------------------------------------------------------------- paths into a row


def get_path(value: Any, path: Sequence[str]) -> Any:
    """What stands in a value at a path of property names; ``ABSENT`` where nothing does."""
    for part in path:
        if not isinstance(value, Mapping) or part not in value:
            return ABSENT
        value = value[part]
    return value


def put(row: Row, path: Sequence[str], value: Any) -> None:
    """Write at a path, or take away with ``ABSENT``; nothing where the row has no object there.

    The objects on the way are copied, since rows may share them.
    """
    name, *inner = path
    if inner:
        holder = row.get(name)
        if not isinstance(holder, Mapping):
            return
        row[name] = dict(holder)
        put(row[name], inner, value)
    elif value is ABSENT:
        row.pop(name, None)
    else:
        row[name] = value
