"""What a list should hold, worked out from the statements alone: the judge's own reading of limit, filter and cursor.

A ``Collection`` turns a request into conditions on every row, and a reference listing (the longest one the service
gives) into the rows that an answer should have held. Conditions have three values: a row whose field is null, or so
near to a boundary that clocks or digits decide, may be there or not.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from contracts.oracle import seconds
from contracts.recording import Exchange
from contracts.rows import MISSING, Asked, Row, compared, dig, moment, same
from specs import Api, Operation
from specs.vocabulary import Basis, Filter

CLOCK_SLACK_S = 150.0
"""How far the service's clock may be from ours, in seconds, before a default window counts as wrong."""
OLDEST_SLACK_S = 3_600.0
"""How much longer than stated, in seconds, a service may look back."""

_EPSILON_S = 5e-7  # seconds since 1970 are held no finer than that

Holds = Callable[[Row], bool | None]


@dataclass(frozen=True)
class Condition:
    """What a request asks of each row: ``law`` is the kind of statement behind it, ``says`` puts it in words."""

    law: str
    name: str
    field: str
    basis: Basis
    pointer: str
    says: str
    holds: Holds


class Collection:
    """One operation that lists rows, with the statements about it. ``shown``: the fields that any row ever had."""

    def __init__(self, api: Api, operation: Operation, shown: Iterable[str] = ()) -> None:
        assert operation.words.lists is not None
        self.api = api
        self.operation = operation
        self.words = operation.words
        self.resource = api.resources[operation.words.lists.resource]
        self.shown = frozenset(shown)
        self._id = self.resource.words.id.field

    # --------------------------------------------------------------------------------------- rows

    def ident(self, row: Row) -> Any:
        """What tells the row from every other, as text that can be a key; ``MISSING`` where it is not shown."""
        value = dig(row, self._id)
        return value if isinstance(value, (str, int)) else MISSING

    def key(self, row: Row) -> Any:
        """What the list is ordered by, comparable for equality: rows with equal keys may stand in any order."""
        if self.words.order is None:
            return self.ident(row)
        value = dig(row, self.words.order.by)
        at = moment(value)
        if at is not None:
            return at.at
        return None if value in (None, MISSING) or isinstance(value, dict | list) else value

    def ended(self, row: Row) -> bool:
        """Whether a row is one that nothing happens to any more."""
        status = self.resource.words.status
        return status is not None and dig(row, status.field) in status.terminal

    # ----------------------------------------------------------------------------------- requests

    def default(self, name: str | None) -> Any:
        parameter = self.operation.parameter(name) if name else None
        return parameter.default if parameter is not None else None

    def limit(self, asked: Asked) -> int | None:
        """The most rows that the answer may hold, None where nothing bounds it for certain."""
        if self.words.limit is None:
            return None
        name = self.words.limit.parameter
        value = asked.values.get(name, self.default(name))
        return value if isinstance(value, int) and value >= 0 else None

    def offset(self, asked: Asked) -> int:
        if self.words.offset is None:
            return 0
        name = self.words.offset.parameter
        value = asked.values.get(name, self.default(name))
        return value if isinstance(value, int) and value >= 0 else 0

    def direction(self, asked: Asked) -> str:
        """``asc`` or ``desc``."""
        order = self.words.order
        if order is None:
            return "asc"
        chosen = asked.values.get(order.parameter, self.default(order.parameter)) if order.parameter else None
        return chosen if chosen in {"asc", "desc"} else order.direction

    def conditions(self, asked: Asked, at: float) -> list[Condition]:
        """What a request that was sent ``at`` seconds since 1970 asks of each row."""
        found = []
        scope, cursor = self.words.scope, self.words.cursor
        if scope is not None and scope.parameter in asked:
            holds = self._equal(scope.field, asked.values[scope.parameter])
            found.append(self._condition("scope", scope.parameter, scope.field, scope.basis, "is the path's", holds))
        for name, rule in self.words.filters.items():
            found += self._filter(name, rule, asked, at)
        if cursor is not None and cursor.parameter in asked:
            holds = self._moment(cursor.before, asked.values[cursor.parameter], _before)
            words = f"is strictly before {asked.texts[cursor.parameter]}"
            found.append(self._condition("cursor", cursor.parameter, cursor.before, cursor.basis, words, holds))
        return found

    def _condition(self, law: str, name: str, field: str, basis: Basis, words: str, holds: Holds) -> Condition:
        parameter = self.operation.parameter(name)
        pointer = parameter.pointer if parameter else self.operation.pointer
        return Condition(law, name, field, basis, pointer, f"{field} {words}", holds)

    def _filter(self, name: str, rule: Filter, asked: Asked, at: float) -> Iterable[Condition]:
        if rule.oldest is not None:
            bound = datetime.fromtimestamp(at + seconds(rule.oldest) - OLDEST_SLACK_S, UTC)
            holds = self._moment(rule.field, bound, _from, doubt_s=0.0)
            words = f"is at most {rule.oldest.removeprefix('-')} old"
            yield self._condition("oldest", name, rule.field, rule.basis, words, holds)
        if name in asked:
            yield self._asked_for(name, rule, asked)
        elif rule.default is not None and rule.op == "ge":
            bound = datetime.fromtimestamp(at + seconds(rule.default), UTC)
            holds = self._moment(rule.field, bound, _from, doubt_s=CLOCK_SLACK_S)
            words = f"is at most {rule.default.removeprefix('-')} old, which is so where {name} is left out"
            yield self._condition("default-window", name, rule.field, rule.basis, words, holds)

    def _asked_for(self, name: str, rule: Filter, asked: Asked) -> Condition:
        value, text = asked.values[name], asked.texts[name]
        if rule.hidden:
            return self._condition("hidden", name, rule.field, rule.basis, f"is {text}", lambda _: None)
        if rule.op == "ge":
            holds = self._moment(rule.field, value, _from)
            return self._condition("window", name, rule.field, rule.basis, f"is not before {text}", holds)
        return self._condition("filter", name, rule.field, rule.basis, f"is {text}", self._equal(rule.field, value))

    def _equal(self, field: str, value: Any) -> Holds:
        def holds(row: Row) -> bool | None:
            shown = dig(row, field)
            if shown is MISSING and field.partition(".")[0] not in self.shown:
                return None
            return shown not in (None, MISSING) and same(shown, value)

        return holds

    def _moment(self, field: str, bound: Any, fits: Callable[[int], bool], *, doubt_s: float | None = None) -> Holds:
        """Compare a moment (or a number) of each row; within ``doubt_s``, else within a digit, nothing is certain."""

        def holds(row: Row) -> bool | None:
            shown = moment(dig(row, field))
            if shown is None or not isinstance(bound, datetime):
                order = None if isinstance(bound, datetime) else compared(dig(row, field), bound)
                return None if order is None else fits(order)
            apart = shown.stamp - bound.timestamp()
            doubt = (0.1**shown.digits if shown.at != bound else 0.0) if doubt_s is None else doubt_s
            if abs(apart) < doubt - _EPSILON_S or not shown.zoned:
                return None
            return fits((shown.at > bound) - (shown.at < bound))

        return holds


def _before(order: int) -> bool:
    return order < 0


def _from(order: int) -> bool:
    return order >= 0


# ------------------------------------------------------------------------------------- what an answer should hold


def verdict(conditions: Sequence[Condition], *versions: Row) -> bool | None:
    """Whether a row meets every condition; None where that is not certain, or changed between its versions."""
    first = _all(conditions, versions[0])
    for row in versions[1:]:
        if row != versions[0] and _all(conditions, row) is not first:
            return None
    return first


def _all(conditions: Sequence[Condition], row: Row) -> bool | None:
    """Three-valued conjunction: one failure decides, then one doubt."""
    doubt = False
    for condition in conditions:
        held = condition.holds(row)
        if held is False:
            return False
        doubt = doubt or held is None
    return None if doubt else True


@dataclass(frozen=True)
class Listing:
    """An answer that is a list, with what was asked for."""

    exchange: Exchange
    asked: Asked
    rows: Sequence[Row]


@dataclass(frozen=True)
class Reference:
    """The longest listing of a collection, made before and after some answers.

    ``quiet``: both show the same rows in the same order. ``whole``: no rows lie beyond it.
    """

    asked: Asked
    pairs: Sequence[tuple[Row, Row]]
    known: frozenset[Any]
    quiet: bool
    whole: bool

    @classmethod
    def of(cls, collection: Collection, before: Listing, after: Listing, *, whole: bool) -> "Reference":
        """``pairs``: each row of both listings as it was before and after; ``known``: the ids of those before."""
        first = [collection.ident(row) for row in before.rows]
        later = {collection.ident(row): row for row in after.rows}
        pairs = [(row, later[ident]) for row, ident in zip(before.rows, first, strict=True) if ident in later]
        return cls(before.asked, pairs, frozenset(first), first == list(later), whole)

    def conditions(self, collection: Collection, listing: Listing) -> list[Condition]:
        """What the answer's request asked for, save hidden fields that this listing was asked for, too."""
        shared = {name for name, value in self.asked.values.items() if listing.asked.values.get(name) == value}
        conditions = collection.conditions(listing.asked, listing.exchange.sent_at)
        return [c for c in conditions if c.law != "hidden" or c.name not in shared]


@dataclass(frozen=True)
class Difference:
    """How an answer differs from what it should hold: ``kind`` is missing, surplus or order."""

    kind: str
    row: Any
    index: int
    text: str


def difference(collection: Collection, reference: Reference, listing: Listing) -> Difference | None:
    """The first way in which an answer differs from what the reference says it should hold."""
    conditions = reference.conditions(collection, listing)
    judged = [(row, verdict(conditions, row, later)) for row, later in reference.pairs]
    if not reference.quiet:
        return _lost(collection, [row for row, keep in judged if keep], listing)
    return _Comparison(collection, reference, listing.asked, judged).with_rows(listing.rows)


def _lost(collection: Collection, must: Sequence[Row], listing: Listing) -> Difference | None:
    """A row that was there before and after, and that the answer should have held whatever came and went."""
    limit = collection.limit(listing.asked)
    if collection.offset(listing.asked) or (limit is not None and len(listing.rows) >= limit):
        return None
    return _absent(collection, must, listing.rows)


def _missing(collection: Collection, row: Row) -> Difference:
    return Difference("missing", collection.ident(row), -1, f"the row {collection.ident(row)} is missing")


class _Comparison:
    """A quiet collection's reference against an answer: the same keys in the same places."""

    def __init__(
        self,
        collection: Collection,
        reference: Reference,
        asked: Asked,
        judged: Sequence[tuple[Row, bool | None]],
    ) -> None:
        self.collection = collection
        self.whole = reference.whole
        self.limit = collection.limit(asked)
        self.offset = collection.offset(asked)
        self.must = [row for row, keep in judged if keep]
        self.may = {collection.ident(row) for row, keep in judged if keep is None}
        self.known = reference.known
        order = collection.words.order
        self.turned = order is not None and collection.direction(asked) != collection.direction(Asked({}, {}))

    def with_rows(self, rows: Sequence[Row]) -> Difference | None:
        stranger = self._stranger(rows)
        if stranger is not None:
            return stranger
        if self.turned:
            return self._turned(rows)
        if self.may:
            return self._loosely(rows)
        return self._strictly(self.must[self.offset :], rows)

    def _stranger(self, rows: Sequence[Row]) -> Difference | None:
        if not self.whole:
            return None
        for index, row in enumerate(rows):
            ident = self.collection.ident(row)
            if ident is not MISSING and ident not in self.known:
                return Difference("surplus", ident, index, f"the row {ident} is in no longer list")
        return None

    def _turned(self, rows: Sequence[Row]) -> Difference | None:
        """The other direction is the reverse; where null keys may stand anywhere, only the set of rows counts."""
        if not self.whole:
            return None
        if self.may or any(self.collection.key(row) is None for row in self.must):
            complete = self.limit is None or len(rows) < self.limit
            return _absent(self.collection, self.must, rows) if complete and not self.offset else None
        return self._strictly(self.must[::-1][self.offset :], rows)

    def _loosely(self, rows: Sequence[Row]) -> Difference | None:
        """Rows that may or may not be there are left out on both sides."""
        if self.offset:
            return None
        sure = [row for row in rows if self.collection.ident(row) not in self.may]
        complete = self.limit is None or len(rows) < self.limit
        if complete:
            return _absent(self.collection, self.must, rows) or self._by_keys(self.must[: len(sure)], sure)
        return self._by_keys(self.must[: len(sure)], sure) if len(sure) <= len(self.must) else None

    def _strictly(self, expected: Sequence[Row], rows: Sequence[Row]) -> Difference | None:
        if self.limit is not None:
            expected = expected[: self.limit]
        if not self.whole:
            rows = rows[: len(expected)]
        return self._by_keys(expected, rows)

    def _by_keys(self, expected: Sequence[Row], rows: Sequence[Row]) -> Difference | None:
        keys, wanted = self._keys(rows), self._keys(expected)
        if keys == wanted:
            return None
        place = next((i for i, (one, other) in enumerate(zip(keys, wanted, strict=False)) if one != other), None)
        shown, due = set(keys), set(wanted)
        lost = next((row for row, key in zip(expected, wanted, strict=True) if key not in shown), None)
        extra = next((i for i, key in enumerate(keys) if key not in due), None)
        return self._named(expected, rows, lost, extra, place)

    def _keys(self, rows: Sequence[Row]) -> list[Any]:
        return [self.collection.key(row) for row in rows]

    def _named(
        self, expected: Sequence[Row], rows: Sequence[Row], lost: Row | None, extra: int | None, place: int | None
    ) -> Difference:
        count = f"{len(rows)} rows instead of {len(expected)}"
        if lost is not None and len(rows) <= len(expected):
            return Difference(
                "missing", self.collection.ident(lost), -1, f"the row {self.collection.ident(lost)} is missing"
            )
        if extra is not None:
            ident = self.collection.ident(rows[extra])
            return Difference("surplus", ident, extra, f"the row {ident} does not belong there ({count})")
        if len(rows) != len(expected):
            return Difference("missing" if len(rows) < len(expected) else "surplus", len(rows), -1, count)
        at = place or 0
        ident = self.collection.ident(rows[at])
        return Difference("order", ident, at, f"the row {ident} is not in the place it has in the whole list")


def _absent(collection: Collection, must: Sequence[Row], rows: Sequence[Row]) -> Difference | None:
    shown = {collection.ident(row) for row in rows}
    lost = next((row for row in must if collection.ident(row) not in shown), None)
    return None if lost is None else _missing(collection, lost)
