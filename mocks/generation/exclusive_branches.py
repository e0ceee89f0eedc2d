"""Values that meet one branch of a ``oneOf`` and no other, where objects of several branches look alike.

An object without properties meets every open schema. It is told apart by a property that breaks the other branch:
of ``{"properties": {"a": …}}`` and ``{"properties": {"b": {"type": "integer"}}}``, ``{"b": "text"}`` meets the first
alone.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from specduet.mocks.generation.merged_schema import Alternatives, Branch, LocatedSchema, merge_schemas
from specduet.specs.schemas import Schemas

IsValid = Callable[[Any, Sequence[LocatedSchema]], bool]

_ODD_VALUES: tuple[Any, ...] = ("text", 7, True, None, [], {}, 2.5, "", "a" * 300, -1)


def separate_branches(
    schemas: Schemas, choice: Alternatives, value: Any, parts: Sequence[LocatedSchema], is_valid: IsValid
) -> Any:
    """Return the value changed so that it meets all ``parts``, of which one has the choice; None where that fails."""
    if not isinstance(value, dict):
        return None
    met = [branch for branch in choice.branches if is_valid(value, branch)]
    for kept in met if len(met) > 1 else ():
        changed: dict[str, Any] | None = value
        for branch in met:
            if branch is not kept and changed is not None and is_valid(changed, branch):
                changed = _break_branch(schemas, changed, branch, kept, is_valid)
        if changed is not None and is_valid(changed, parts):
            return changed
    return None


def _break_branch(
    schemas: Schemas, value: dict[str, Any], branch: Branch, kept: Branch, is_valid: IsValid
) -> dict[str, Any] | None:
    for candidate in _list_changes(schemas, value, branch):
        if not is_valid(candidate, branch) and is_valid(candidate, kept):
            return candidate
    return None


def _list_changes(schemas: Schemas, value: dict[str, Any], branch: Branch) -> Iterator[dict[str, Any]]:
    """Yield the object with one property changed, left out or added."""
    merged = merge_schemas(schemas, branch)
    yield {**value, "note": "text"}  # breaks a closed branch
    for name in merged.properties:
        yield from ({**value, name: odd} for odd in _ODD_VALUES)
    yield from ({other: inner for other, inner in value.items() if other != name} for name in value)
