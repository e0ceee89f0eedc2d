"""Laws that one list keeps or breaks by itself: too many rows, rows out of order, rows that were not asked for."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from specduet.contracts.analysis.list_comparison import ListResponse
from specduet.contracts.analysis.list_rules import CollectionRules, Condition
from specduet.contracts.analysis.row_values import ABSENT, compare_values, get_path
from specduet.contracts.recording import Exchange
from specduet.specs.behavior import Basis


@dataclass(frozen=True)
class Violation:
    """One answer that breaks one law. ``features``: what its request asked for beyond the listing of everything."""

    law: str
    exchange: Exchange
    message: str
    basis: Basis
    where: str = ""
    seen: Any = ""
    pointer: str = ""
    cause: str = ""
    features: frozenset[str] = frozenset()


def find_violations(rules: CollectionRules, response: ListResponse) -> Iterator[Violation]:
    """What is wrong with one answer; nothing that is only assumed."""
    violations = (
        *_find_excess_rows(rules, response),
        *_find_duplicate_rows(rules, response),
        *_find_unrequested_rows(rules, response),
    )
    for violation in (*violations, *_find_misordered_rows(rules, response)):
        if violation.basis != "assumed":
            yield violation


def _find_unrequested_rows(rules: CollectionRules, response: ListResponse) -> Iterator[Violation]:
    """The first row that each condition of the request should have kept out."""
    for condition in rules.list_conditions(response.request, response.exchange.sent_at):
        index = next((i for i, row in enumerate(response.rows) if condition.is_met_by(row) is False), None)
        if index is not None:
            yield Violation(
                condition.law,
                response.exchange,
                f"row {index} is not one whose {condition.description}",
                condition.basis,
                where=f"/{index}/{condition.field.replace('.', '/')}",
                seen=_describe_value(get_path(response.rows[index], condition.field)),
                pointer=condition.pointer,
                cause=condition.parameter,
                features=frozenset({_name_feature(condition)}),
            )


def _find_excess_rows(rules: CollectionRules, response: ListResponse) -> Iterator[Violation]:
    rule, limit = rules.behavior.limit, rules.get_limit(response.request)
    if rule is None or limit is None or len(response.rows) <= limit:
        return
    is_requested = rule.parameter in response.request
    description = f"{rule.parameter}={limit}" if is_requested else f"the default {rule.parameter} {limit}"
    yield Violation(
        "limit" if is_requested else "default-limit",
        response.exchange,
        f"{len(response.rows)} rows were listed under {description}",
        rule.basis,
        where=f"query/{rule.parameter}",
        seen=len(response.rows),
        pointer=rules.get_parameter_pointer(rule.parameter),
        features=frozenset({"limit" if is_requested else "limit-default"}),
    )


def _find_duplicate_rows(rules: CollectionRules, response: ListResponse) -> Iterator[Violation]:
    indexes: dict[Any, int] = {}
    identity = rules.resource.behavior.id
    for index, row in enumerate(response.rows):
        row_id = rules.get_id(row)
        if row_id is not ABSENT and row_id in indexes:
            message = f"rows {indexes[row_id]} and {index} are the same: {identity.field} is {row_id}"
            where = f"/{index}/{identity.field}"
            features = frozenset({"unique"})
            yield Violation("unique", response.exchange, message, identity.basis, where, row_id, features=features)
            return
        indexes[row_id] = index


def _find_misordered_rows(rules: CollectionRules, response: ListResponse) -> Iterator[Violation]:
    order = rules.behavior.order
    if order is None:
        return
    direction = rules.get_direction(response.request)
    wrong_order = 1 if direction == "asc" else -1
    keyed = [(i, get_path(row, order.by)) for i, row in enumerate(response.rows)]
    keyed = [(i, value) for i, value in keyed if value not in (None, ABSENT)]
    for (_, earlier), (index, later) in pairwise(keyed):
        if compare_values(earlier, later) == wrong_order:
            yield Violation(
                "order",
                response.exchange,
                f"{order.by} is not in {direction}ending order: {_describe_value(later)} comes after {_describe_value(earlier)}",
                order.basis,
                where=f"/{index}/{order.by.replace('.', '/')}",
                seen=_describe_value(later),
                pointer=rules.get_parameter_pointer(order.parameter),
                features=frozenset({"order"}),
            )
            return


def _name_feature(condition: Condition) -> str:
    return f"{condition.parameter}-default" if condition.law == "default-window" else condition.parameter


def _describe_value(value: Any) -> Any:
    return "nothing" if value is ABSENT else value
