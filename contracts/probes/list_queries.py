"""What to ask a collection, worked out from the rows that it showed: pure, so that it is the same every time.

A question is a mapping of query parameters laid over the request for the longest listing; None leaves one out.
"""

import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from itertools import combinations, pairwise
from typing import Any

from specduet.contracts.analysis.list_rules import Collection
from specduet.contracts.analysis.row_values import MISSING, dig
from specduet.contracts.oracle import scalars
from specduet.contracts.oracle.requests import seconds
from specduet.contracts.recording import Row
from specduet.specs import Parameter, Schema

Question = Mapping[str, str | None]

HUGE = 1_000_000
NOBODY = "specduet-never-used"
NO_UUID = str(uuid.uuid5(uuid.NAMESPACE_URL, "urn:specduet:never-used"))
_SIZES = (0, 1, 2, 3, 5, 10, 20, 25, 50, 100)


class Questions:
    """The questions to one collection whose longest listing, made at ``now``, was ``rows``; ``whole``: all of them."""

    def __init__(self, collection: Collection, rows: Sequence[Row], now: datetime, *, whole: bool = True) -> None:
        self.collection = collection
        self.words = collection.words
        self.rows = rows
        self.now = now
        self.whole = whole

    # --------------------------------------------------------------------------------------------- limits

    def limits(self) -> Iterator[Question]:
        """None, the usual sizes, and both sides of each boundary: the least, the default, the most, all rows."""
        if self.words.limit is None:
            return
        name = self.words.limit.parameter
        yield {name: None}
        default = self.collection.default(name)
        near = [len(self.rows), *([default] if isinstance(default, int) else [])]
        sizes = {*_SIZES, *(n + d for n in near for d in (-1, 0, 1))}
        for size in sorted(size for size in sizes if size <= max(len(self.rows) + 1, 3)):
            if self._allows(name, size):
                yield {name: str(size)}
        most = self._parameter(name).schema.get("maximum", HUGE)
        if self.whole and self._allows(name, most):
            yield {name: str(most)}

    def _parameter(self, name: str) -> Parameter:
        parameter = self.collection.operation.parameter(name)
        assert parameter is not None
        return parameter

    def _allows(self, name: str, value: Any) -> bool:
        valid: bool = self.collection.api.schemas.validator_at(self._parameter(name).pointer).is_valid(value)
        return valid and value >= 0

    def offsets(self) -> Iterator[Question]:
        """The head, both sides of the end, and far beyond it, with and without a limit."""
        if self.words.offset is None:
            return
        name, total = self.words.offset.parameter, len(self.rows)
        for k in sorted({0, 1, 2, 3, 7, 20, total // 2, max(total - 1, 0), total, total + 1, HUGE}):
            yield {name: str(k)}
        if self.words.limit is not None:
            limit = self.words.limit.parameter
            for k, size in ((1, None), (0, "1"), (1, "1"), (2, "3"), (5, "2"), (max(total - 2, 0), "5"), (total, "1")):
                yield {name: str(k), limit: size}

    def directions(self) -> Iterator[Question]:
        """Both directions, alone and with a limit, an offset and both."""
        order = self.words.order
        if order is None or order.parameter is None:
            return
        for direction in ("asc", "desc"):
            chosen = {order.parameter: direction}
            yield chosen
            for more in self._pages():
                yield {**chosen, **more}

    def _pages(self) -> Iterator[Question]:
        limit, offset = self.words.limit, self.words.offset
        if limit is not None:
            yield {limit.parameter: None}
            yield {limit.parameter: "1"}
            yield {limit.parameter: "5"}
        if offset is not None:
            yield {offset.parameter: "3"}
        if limit is not None and offset is not None:
            yield {limit.parameter: "4", offset.parameter: "2"}
            yield {limit.parameter: "7", offset.parameter: str(max(len(self.rows) - 4, 0))}

    # -------------------------------------------------------------------------------------------- moments

    def cursors(self) -> Iterator[Question]:
        """A cursor at rows, between them, before the first and after the last, in two spellings and with a limit."""
        cursor = self.words.cursor
        if cursor is None:
            return
        texts = self._moments(cursor.before)
        yield from ({cursor.parameter: text} for text in texts)
        if self.words.limit is not None:
            limit = self.words.limit.parameter
            yield from ({cursor.parameter: text, limit: size} for text in texts[:3] for size in ("1", "2", None))
        for name, rule in self.words.filters.items():
            if rule.op == "ge":
                yield from ({cursor.parameter: text, name: None} for text in texts[:3])
                yield from ({cursor.parameter: one, name: other} for one, other in pairwise(texts[:4]))

    def windows(self) -> Iterator[Question]:
        """The default window, and windows that begin at rows, between them, and after the last."""
        limit = self.words.limit
        for name, rule in self.words.filters.items():
            if rule.op != "ge":
                continue
            yield {name: None}
            texts = self._moments(rule.field)
            yield from ({name: text} for text in texts)
            if rule.oldest is not None:  # may be refused, but not shown
                yield from ({name: _text(self.now + timedelta(seconds=n * seconds(rule.oldest)))} for n in (1.1, 3))
            if limit is not None:
                yield {name: None, limit.parameter: None}
                yield from ({name: text, limit.parameter: size} for text in (*texts[1:3], None) for size in ("1", "3"))

    def _moments(self, field: str) -> list[str]:
        """Moments that matter: those of some rows as they are written, one in another zone, between, outside."""
        texts = [text for row in self.rows if (text := self._written(row, field)) is not None]
        if not texts:
            return [_text(self.now)]
        last = len(texts) - 1
        chosen = [texts[i] for i in dict.fromkeys((last // 2, last // 4, 0, last * 3 // 4, last, min(1, last)))]
        middle = scalars.moment(texts[last // 2])
        assert middle is not None
        elsewhere = [middle.astimezone(timezone(timedelta(hours=h))).isoformat() for h in (2, -7)]
        step = timedelta(milliseconds=1) if "." in texts[last // 2] else timedelta(seconds=1)
        between = [_text(middle + step), _text(middle - step)]
        return [*chosen[:3], *elsewhere, *between, *chosen[3:], _text(self.now + timedelta(hours=1))]

    def _written(self, row: Row, field: str) -> str | None:
        value = dig(row, field)
        return value if isinstance(value, str) and scalars.moment(value) is not None else None

    # -------------------------------------------------------------------------------------------- filters

    def filters(self) -> Iterator[Question]:
        """Every member of every filter: alone, with a limit, without the other defaults, and one that nothing has."""
        limit = self.words.limit
        for name in self._equalities():
            for value in self.values(name):
                yield {name: value}
                if limit is not None:
                    yield {name: value, limit.parameter: "1"}
                    yield {name: value, limit.parameter: None}
                    yield {name: value, limit.parameter: "4"}
            yield from ({name: value} for value in self._nearly(name))

    def _nearly(self, name: str) -> list[str]:
        """Values that are one letter from a shown one, so that who compares only a part of them takes them for it."""
        known = [] if "enum" in self._schema(name)[0] else self.values(name)[:1]
        return self._valid(name, (value for text in known for value in near(text)))

    def combinations(self) -> Iterator[Question]:
        """Filters together, and with cursors and windows."""
        names = self._equalities()
        for index, one in enumerate(names):
            for other in names[index + 1 :]:
                pairs = [(a, b) for a in self.values(one) for b in self.values(other)[:3]]
                yield from ({one: a, other: b} for a, b in pairs)
            yield from self._with_moments(one)
        for shared in self._shared(names):
            yield from ({**shared, **more} for more in self._narrower())

    def _shared(self, names: Sequence[str]) -> list[Question]:
        """The values that rows most often have together, two filters at a time and all."""
        groups = [*combinations(names, 2), tuple(names)] if len(names) > 1 else []
        found: list[Question] = []
        for group in dict.fromkeys(groups):
            values = ([_query_text(dig(row, self.words.filters[name].field)) for name in group] for row in self.rows)
            common = Counter(tuple(v) for v in values if None not in v).most_common(3)
            found += [dict(zip(group, each, strict=True)) for each, _ in common]
        return found

    def _narrower(self) -> list[Question]:
        """Nothing, a limit, a cursor, a window, and each two of them."""
        limit, cursor = self.words.limit, self.words.cursor
        parts: list[Question] = [{limit.parameter: "1"}] if limit else []
        parts += [{cursor.parameter: self._moments(cursor.before)[0]}] if cursor else []
        windows = [(name, rule) for name, rule in self.words.filters.items() if rule.op == "ge"]
        parts += [{name: self._moments(rule.field)[:2][-1]} for name, rule in windows if len(self.rows) > 1]
        return [{}, *parts, *({**one, **other} for one, other in combinations(parts, 2))]

    def _with_moments(self, name: str) -> Iterator[Question]:
        cursor, limit = self.words.cursor, self.words.limit
        for value in self.values(name)[:8]:
            for window, rule in self.words.filters.items():
                if rule.op == "ge":
                    yield {name: value, window: None}
                    yield {name: value, window: self._moments(rule.field)[0]}
            if cursor is not None:
                yield {name: value, cursor.parameter: self._moments(cursor.before)[0]}
                if limit is not None:
                    yield {name: value, cursor.parameter: self._moments(cursor.before)[0], limit.parameter: "2"}

    def _equalities(self) -> list[str]:
        return [name for name, rule in self.words.filters.items() if rule.op == "eq" and not rule.hidden]

    def hidden(self) -> list[str]:
        """The filters whose field no row shows."""
        return [name for name, rule in self.words.filters.items() if rule.hidden]

    def values(self, name: str) -> list[str]:
        """Values of a filter: every member of its enum, else the commonest and the rarest shown, and one never used."""
        schema, _ = self._schema(name)
        if "enum" in schema:
            return [str(member) for member in schema["enum"] if member is not None]
        shown = Counter(_query_text(dig(row, self.words.filters[name].field)) for row in self.rows)
        shown.pop(None, None)
        ranked = [value for value, _ in shown.most_common()]
        return self._valid(name, (*ranked[:4], *ranked[4:][-3:], self.never_used(name)))

    def _schema(self, name: str) -> tuple[Schema, str]:
        """The schema of a parameter behind references and a null alternative, and its pointer."""
        parameter = self._parameter(name)
        schema, pointer, _ = self.collection.api.schemas.split_null(parameter.schema, parameter.pointer)
        return schema, pointer

    def _valid(self, name: str, texts: Iterable[str | None]) -> list[str]:
        schema, pointer = self._schema(name)
        valid = self.collection.api.schemas.validator_at(pointer).is_valid
        return [text for text in texts if text is not None and valid(_value(schema, text))]

    def never_used(self, name: str) -> str:
        """A valid value that no row has."""
        return NO_UUID if self._parameter(name).schema.get("format") == "uuid" else NOBODY


def near(text: str) -> list[str]:
    """The text with another last letter, and with another first one, of the same kind: digit, hex digit or letter."""
    return [text[:-1] + _other(text[-1]), _other(text[0]) + text[1:]] if text else []


def _other(letter: str) -> str:
    for kind in ("0123456789", "abcdef", "ABCDEF"):
        if letter in kind:
            return kind[(kind.index(letter) + 1) % len(kind)]
    return "y" if letter == "x" else "x"


def longest(collection: Collection, now: datetime, size: int) -> dict[str, str]:
    """The query of the longest listing: ``size`` rows or what is allowed, and every window as early as is allowed."""
    query = {}
    if collection.words.limit is not None:
        name = collection.words.limit.parameter
        parameter = collection.operation.parameter(name)
        most = parameter.schema.get("maximum", size) if parameter else size
        query[name] = str(min(most, size))
    for name, rule in collection.words.filters.items():
        if rule.op == "ge" and (rule.oldest or rule.default):
            back = seconds(rule.oldest) + 7_200 if rule.oldest else 30 * seconds(rule.default or "")
            query[name] = _text(now + timedelta(seconds=back))
    return query


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _query_text(value: Any) -> str | None:
    if value is MISSING or value is None or isinstance(value, dict | list):
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


def _value(schema: Mapping[str, Any], text: str) -> Any:
    return int(text) if schema.get("type") == "integer" and text.lstrip("-").isdigit() else text
