"""What a list is asked for, worked out from the statements alone: the judge's own reading of limit, filter and cursor.

A ``Collection`` turns a request into conditions on every row. They have three values: a row whose field is null, or so
near to a boundary that clocks or digits decide, may be there or not.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from specduet.contracts.analysis.row_values import MISSING, Asked, compared, dig, moment, same
from specduet.contracts.oracle.requests import seconds
from specduet.contracts.recording import Row
from specduet.specs import Api, Operation
from specduet.specs.behavior import Basis, Filter

CLOCK_SLACK_S = 150.0
"""How far the service's clock may be from ours, in seconds, before a default window counts as wrong."""
OLDEST_SLACK_S = 3_600.0
"""How much longer than stated, in seconds, a service may look back."""

_LEAST_CUT = 100  # a service that lists fewer rows than this, and not all, is not taken to protect itself
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
        assert operation.behavior.lists is not None
        self.api = api
        self.operation = operation
        self.words = operation.behavior
        self.resource = api.resources[operation.behavior.lists.resource]
        self.shown = frozenset(shown)
        self._id = self.resource.behavior.id.field

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
        status = self.resource.behavior.status
        return status is not None and dig(row, status.field) in status.terminal

    # ----------------------------------------------------------------------------------- requests

    def pointer(self, name: str | None) -> str:
        """Where the schema of a parameter stands, empty where there is no such parameter."""
        parameter = self.operation.parameter(name) if name else None
        return parameter.pointer if parameter else ""

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

    def may_be_cut(self, count: int) -> bool:
        """Whether the service may list just so many rows at the most, whatever is asked for: no document forbids it."""
        rule = self.words.limit
        parameter = self.operation.parameter(rule.parameter) if rule else None
        if parameter is None or "maximum" in parameter.schema:
            return False
        default = parameter.default
        return count >= max(_LEAST_CUT, default if isinstance(default, int) else 0)

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

        stamp = bound.timestamp() if isinstance(bound, datetime) else 0.0

        def holds(row: Row) -> bool | None:
            shown = moment(dig(row, field))
            if shown is None or not isinstance(bound, datetime):
                order = None if isinstance(bound, datetime) else compared(dig(row, field), bound)
                return None if order is None else fits(order)
            apart = shown.stamp - stamp
            doubt = (0.1**shown.digits if shown.at != bound else 0.0) if doubt_s is None else doubt_s
            if abs(apart) < doubt - _EPSILON_S or not shown.zoned:
                return None
            return fits((shown.at > bound) - (shown.at < bound))

        return holds


def _before(order: int) -> bool:
    return order < 0


def _from(order: int) -> bool:
    return order >= 0
