"""The order of the rows that a request gets: the usual one, or the one by the field that it names."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from specduet.specs import Operation
from specduet.specs.list_statements import Order, Sort
from specduet.specs.statement import Basis

_DIRECTED = re.compile(r"(.+?)[:_ .,|/-](asc|desc)(ending)?", re.IGNORECASE)
_WAYS: Mapping[str, Literal["asc", "desc"]] = {
    "asc": "asc",
    "ascending": "asc",
    "desc": "desc",
    "descending": "desc",
}


@dataclass(frozen=True)
class ListOrder:
    """The order of one list."""

    by: str
    direction: Literal["asc", "desc"]
    basis: Basis
    parameter: str | None
    """The parameter that chooses it."""


def find_order(operation: Operation, values: Mapping[str, Any]) -> ListOrder | None:
    """Return the order of a list that was requested with these parameters, None where it is not certain."""
    order, sort = operation.behavior.order, operation.behavior.sort
    if sort is not None and sort.parameter in values:
        return _find_requested_order(operation, sort, values)
    if order is None:
        return None
    parameter = order.parameter or (sort.direction if sort is not None else None)
    return ListOrder(order.by, choose_direction(operation, order, parameter, values), order.basis, parameter)


def choose_direction(
    operation: Operation, order: Order, parameter: str | None, values: Mapping[str, Any]
) -> Literal["asc", "desc"]:
    """Return the direction that the parameter has, by the request or by default, else that of the statement."""
    return _read_direction(operation, parameter, values) or order.direction


def is_sorted_otherwise(operation: Operation, values: Mapping[str, Any]) -> bool:
    """Return whether a request names a field to sort by, or a direction for it."""
    sort = operation.behavior.sort
    return sort is not None and not {sort.parameter, sort.direction}.isdisjoint(values)


def _find_requested_order(operation: Operation, sort: Sort, values: Mapping[str, Any]) -> ListOrder | None:
    key = str(values[sort.parameter])
    name, way = key.lstrip("+-"), _read_way(operation, sort, key)
    directed = _DIRECTED.fullmatch(name)
    if directed is not None and name not in sort.fields:
        name, way = directed[1], _WAYS[directed[2].lower()]
    direction = way or _read_direction(operation, sort.direction, values)
    if direction is None or "," in name:
        return None
    return ListOrder(sort.fields.get(name, name), direction, sort.basis, sort.parameter)


def _read_way(operation: Operation, sort: Sort, key: str) -> Literal["asc", "desc"] | None:
    """Return the direction of a sort key without one: ascending, where the document has ``-key`` for the other."""
    if key.startswith("-"):
        return "desc"
    parameter = operation.parameter(sort.parameter)
    members = parameter.schema.get("enum", ()) if parameter is not None else ()
    return "asc" if f"-{key.lstrip('+')}" in members else None


def _read_direction(
    operation: Operation, parameter: str | None, values: Mapping[str, Any]
) -> Literal["asc", "desc"] | None:
    described = operation.parameter(parameter) if parameter else None
    value = values.get(parameter, described.default if described is not None else None) if parameter else None
    return _WAYS.get(value.lower()) if isinstance(value, str) else None
