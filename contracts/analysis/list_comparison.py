"""What an answer should hold, by the longest listing that was made before and after it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from specduet.contracts.analysis.list_rules import Collection, Condition
from specduet.contracts.analysis.row_values import MISSING, Asked
from specduet.contracts.recording import Exchange, Row


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
    """How an answer differs from what it should hold: ``kind`` is missing, surplus, stranger or order."""

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
                return Difference("stranger", ident, index, f"the row {ident} is not in the list of everything")
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
