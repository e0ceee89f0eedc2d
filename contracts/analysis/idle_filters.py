"""Filters that change nothing: with any value, also one that no row has, the list is the whole one.

This needs no knowledge of how a filter compares, so that it also tells of filters that are only assumed.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from specduet.contracts.analysis.list_comparison import ListResponse
from specduet.contracts.analysis.list_rules import CollectionRules
from specduet.contracts.analysis.row_values import get_path, is_same_value
from specduet.contracts.analysis.single_list import ListViolation
from specduet.contracts.recording import ABSENT
from specduet.contracts.traces import BracketedQueries
from specduet.specs.list_statements import Filter

_MIN_ROWS = 3
_MIN_VALUES = 2
_COMPARED = frozenset({"ge", "gt", "le", "lt"})


def find_idle_filters(
    rules: CollectionRules, brackets: Sequence[BracketedQueries], lists: Mapping[int, ListResponse]
) -> Iterator[ListViolation]:
    """Yield a violation for each filter that was tried with several values and has left out no row."""
    tried: dict[str, list[ListResponse]] = {}
    effective: set[str] = set()
    for bracket in brackets:
        before, after = lists.get(bracket.list_before.number), lists.get(bracket.list_after.number)
        if before is None or after is None or bracket.is_capped or bracket.is_concurrent or bracket.is_page_walk:
            continue
        whole = _identify_rows(rules, before)
        if len(whole) < _MIN_ROWS or whole != _identify_rows(rules, after):
            continue
        for exchange in bracket.exchanges:
            response = lists.get(exchange.number)
            name = _find_only_filter(rules, before, response) if response is not None else None
            if response is None or name is None:
                continue
            if _identify_rows(rules, response) == whole:
                tried.setdefault(name, []).append(response)
            else:
                effective.add(name)
    for name, responses in tried.items():
        if name not in effective and _is_proof(rules.behavior.filters[name], name, responses):
            yield _make_violation(rules, name, responses)


def _identify_rows(rules: CollectionRules, response: ListResponse) -> set[Any]:
    """Return the ids of the rows of a list; a row without one stands for itself."""
    ids = [rules.get_id(row) for row in response.rows]
    return {json.dumps(row, sort_keys=True) if i is ABSENT else i for row, i in zip(response.rows, ids, strict=True)}


def _find_only_filter(rules: CollectionRules, before: ListResponse, response: ListResponse) -> str | None:
    """Return the filter in which alone a request differs from that of the whole list."""
    values, others = response.request.values, before.request.values
    changed = {n for n in (*values, *others) if values.get(n, ABSENT) != others.get(n, ABSENT)}
    name = next(iter(changed), None)
    rule = rules.behavior.filters.get(name) if name is not None and len(changed) == 1 else None
    return (
        name
        if rule is not None and rule.op not in {"search", "conditions"} and not rule.hidden and name in values
        else None
    )


def _is_proof(rule: Filter, name: str, responses: Sequence[ListResponse]) -> bool:
    """Return whether some value should have left out rows: of a comparison the values on both sides of a row's."""
    texts = {response.request.texts[name] for response in responses}
    if len(texts) < _MIN_VALUES or texts & set(rule.every):
        return False
    rows = responses[0].rows
    shown = {str(value) for row in rows if (value := get_path(row, rule.field)) not in (None, ABSENT, [])}
    if len(shown) < _MIN_VALUES:
        return False
    if rule.op in _COMPARED:
        return len(texts & shown) >= _MIN_VALUES or _are_extremes(texts)
    values = [response.request.values[name] for response in responses]
    return any(not any(_holds(get_path(row, rule.field), value) for row in rows) for value in values)


def _are_extremes(texts: set[str]) -> bool:
    """Return whether times before and after all rows were tried."""
    return any(text < "1990" for text in texts) and any(text > "2090" for text in texts)


def _holds(shown: Any, value: Any) -> bool:
    """Return whether a field may count as having a value: as its text, as a part of it, or as a member."""
    if isinstance(shown, list):
        return any(_holds(item, value) for item in shown)
    return is_same_value(shown, value) or str(value).casefold() in str(shown).casefold()


def _make_violation(rules: CollectionRules, name: str, responses: Sequence[ListResponse]) -> ListViolation:
    rows = responses[0].rows
    rule = rules.behavior.filters[name]
    unheld = [
        r for r in responses if not any(_holds(get_path(row, rule.field), r.request.values[name]) for row in rows)
    ]
    response = (unheld or list(responses))[0]
    return ListViolation(
        "filter-has-effect",
        response.exchange,
        f"{name} has no effect: with {name}={response.request.texts[name]} all {len(rows)} rows are listed",
        "inferred",
        where=f"query/{name}",
        value=len(rows),
        pointer=rules.get_parameter_pointer(name),
        cause=name,
        is_proven=True,
        features=frozenset({name}),
    )
