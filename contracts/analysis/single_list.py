"""Violations that one list shows by itself: too many rows, rows twice, rows out of order, rows that do not match."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from specduet.contracts.analysis.list_comparison import ListResponse
from specduet.contracts.analysis.list_rules import CollectionRules, Condition
from specduet.contracts.analysis.row_values import compare_values, get_path
from specduet.contracts.findings import Violation
from specduet.contracts.recording import ABSENT
from specduet.specs.behavior import Identity


@dataclass(frozen=True)
class ListViolation(Violation):
    """Violation in the response to a list request."""

    features: frozenset[str] = frozenset()
    """The features of the request that it may be due to: see ``attribution.py``."""


def find_violations(rules: CollectionRules, response: ListResponse) -> Iterator[ListViolation]:
    """Yield the violations of one list; none whose rule is only assumed."""
    violations = (
        *find_excess_rows(rules, response),
        *find_duplicate_rows(rules, response),
        *find_unrequested_rows(rules, response),
    )
    for violation in (*violations, *find_misordered_rows(rules, response)):
        if violation.basis != "assumed":
            yield violation


def find_unrequested_rows(rules: CollectionRules, response: ListResponse) -> Iterator[ListViolation]:
    """Yield a violation for each condition of the request that a row does not meet, with the first such row."""
    for condition in rules.list_conditions(response.request, response.exchange.sent_at):
        index = next((i for i, row in enumerate(response.rows) if condition.is_met_by(row) is False), None)
        if index is not None:
            yield ListViolation(
                condition.clause,
                response.exchange,
                f"row {index} breaks the condition that {condition.description}",
                condition.basis,
                where=rules.locate_row(index, condition.field),
                value=get_path(response.rows[index], condition.field),
                pointer=condition.pointer,
                cause=condition.parameter,
                is_proven=True,
                features=frozenset({_name_feature(condition, response)}),
            )


def find_excess_rows(
    rules: CollectionRules, response: ListResponse, is_more: Literal["", "more than "] = ""
) -> Iterator[ListViolation]:
    """Yield a violation if there are more rows than the limit, requested or by default.

    ``is_more``: the list has more rows than were read.
    """
    rule, limit = rules.behavior.limit, rules.get_limit(response.request)
    if rule is None or limit is None or len(response.rows) <= limit:
        return
    is_requested = rule.parameter in response.request
    description = f"{rule.parameter}={limit}" if is_requested else f"the default {rule.parameter} {limit}"
    yield ListViolation(
        "limit-respected" if is_requested else "default-limit",
        response.exchange,
        f"{is_more}{limit if is_more else len(response.rows)} rows were listed under {description}",
        rule.basis,
        where=f"query/{rule.parameter}",
        value=len(response.rows),
        pointer=rules.get_parameter_pointer(rule.parameter),
        features=frozenset({"limit" if is_requested else "limit-default"}),
    )


def find_duplicate_rows(rules: CollectionRules, response: ListResponse) -> Iterator[ListViolation]:
    """Yield a violation for the first row whose id another row has, too."""
    indexes: dict[Any, int] = {}
    identity = rules.resource.behavior.id
    for index, row in enumerate(response.rows):
        row_id = rules.get_id(row)
        if row_id is not ABSENT and row_id in indexes:
            if _may_be_shared(identity) and row != response.rows[indexes[row_id]]:
                continue
            message = f"rows {indexes[row_id]} and {index} are the same: {identity.field} is {row_id}"
            where = rules.locate_row(index, identity.field)
            features = frozenset({"unique"})
            yield ListViolation(
                "unique-rows", response.exchange, message, identity.basis, where, row_id, features=features
            )
            return
        indexes[row_id] = index


def _may_be_shared(identity: Identity) -> bool:
    """Return whether rows may have one value of this field, a name or a text that is only taken for their id."""
    return identity.basis != "documented" and re.search(r"(?i)(id|key)$", identity.field) is None


def find_misordered_rows(rules: CollectionRules, response: ListResponse) -> Iterator[ListViolation]:
    """Yield a violation for the first row that is out of order; rows without a value to order by may be anywhere."""
    order = rules.find_order(response.request)
    if order is None:
        return
    direction = order.direction
    wrong_order = 1 if direction == "asc" else -1
    keyed = [(i, get_path(row, order.by)) for i, row in enumerate(response.rows)]
    keyed = [(i, value) for i, value in keyed if value not in (None, ABSENT)]
    for (_, earlier), (index, later) in pairwise(keyed):
        if compare_values(earlier, later) == wrong_order:
            yield ListViolation(
                "sorted",
                response.exchange,
                f"{order.by} is not in {direction}ending order: {later} comes after {earlier}",
                order.basis,
                where=rules.locate_row(index, order.by),
                value=later,
                pointer=rules.get_parameter_pointer(order.parameter),
                is_proven=True,
                features=frozenset({"order"}),
            )
            return


def _name_feature(condition: Condition, response: ListResponse) -> str:
    """Return the feature of the request (see ``attribution.py``) that the condition comes from."""
    is_default = condition.clause == "window-keeps-only" and condition.parameter not in response.request
    return f"{condition.parameter}-default" if is_default else condition.parameter
