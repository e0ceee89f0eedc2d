"""Values of parameters that statements name by their place in a request: ``body/limit``, ``query/channel``."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from specduet.mocks.world.creation import RequestValues
from specduet.mocks.world.derived_fields import ABSENT, get_path
from specduet.specs.behavior import OperationBehavior


def list_sent_names(behavior: OperationBehavior) -> tuple[str, ...]:
    """Return the parameters of an operation's statements that are named by their place."""
    return tuple(dict.fromkeys(name for name in _list_parameters(behavior) if name and "/" in name))


def _list_parameters(behavior: OperationBehavior) -> Iterator[str | None]:
    pages = (behavior.limit, behavior.offset, behavior.page, behavior.cursor, *behavior.tokens)
    statements = (*pages, behavior.order, behavior.sort, behavior.lookup, *behavior.scopes)
    yield from (statement.parameter for statement in statements if statement is not None)
    yield behavior.sort.direction if behavior.sort is not None else None
    yield from behavior.filters


def add_sent_values(names: Sequence[str], parameters: RequestValues, body: Any) -> RequestValues:
    """Return the parameters of a request, with the values that stand at the named places."""
    values = dict(parameters)
    for name in names:
        place, *path = name.split("/")
        value = _find_value(body, path) if place == "body" else parameters.get(path[0])
        if value is not None:
            values[name] = value
    return values


def _find_value(body: Any, path: Sequence[str]) -> Any:
    """Return the value at a path in a body, None where there is none."""
    value = get_path(body, path) if isinstance(body, Mapping) else ABSENT
    return None if value is ABSENT else value
