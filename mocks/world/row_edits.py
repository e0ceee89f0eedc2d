"""Changes of a row by a request: by its properties, by RFC 7396 or by RFC 6902."""

from collections.abc import Mapping
from typing import Any

from specduet.mocks.world.body_fields import BodyFields
from specduet.mocks.world.derived_fields import ABSENT
from specduet.mocks.world.operation_plan import OperationPlan


class BadPatch(Exception):
    """A JSON Patch that does not fit the row."""


def read_changes(plan: OperationPlan, row: Mapping[str, Any], body: Any, *, merges: bool) -> dict[str, Any]:
    """Return the fields that a request changes, with their new values; ``ABSENT`` for one that it removes.

    ``body`` is valid: an object, or the operations of a JSON Patch. ``merges``: objects are merged with those of the
    row, and null removes (RFC 7396). Raises ``BadPatch``.
    """
    if isinstance(body, list):
        if not all(isinstance(step, Mapping) and "op" in step for step in body):  # rows, of which one is meant
            body = next((item for item in body if isinstance(item, Mapping)), {})
        else:
            return _keep_allowed(plan, _apply_patch(row, body))
    assert plan.body_fields is not None
    if merges:
        return _merge_body(plan.body_fields, row, body)
    return {**plan.body_fields.read_values(body, row), **plan.body_fields.read_extra_values(body)}


def _merge_body(fields: BodyFields, row: Mapping[str, Any], body: Any) -> dict[str, Any]:
    """Return the fields that a merge patch changes."""
    named = fields.select_body(body)
    changes = {}
    for field, name in fields.names.items():
        if name in named:
            merged = merge_patch(row.get(field), named[name])
            changes[field] = fields.choose_removed(field) if merged is None else merged
    allowed = fields.only_allowed({field: value for field, value in changes.items() if value is not ABSENT})
    return allowed | {field: ABSENT for field, value in changes.items() if value is ABSENT}


def merge_patch(target: Any, patch: Any) -> Any:
    """Return the result of a merge patch (RFC 7396, section 2)."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def _apply_patch(row: Mapping[str, Any], operations: list[Any]) -> dict[str, Any]:
    import jsonpatch  # only a JSON Patch needs it

    try:
        patched = jsonpatch.apply_patch(dict(row), operations)
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException, TypeError, ValueError) as error:
        raise BadPatch(f"the patch does not fit: {error}") from None
    if not isinstance(patched, dict):
        raise BadPatch("the patch replaces the whole by something else")
    changes = {name: value for name, value in patched.items() if value != row.get(name, ABSENT)}
    return changes | {name: ABSENT for name in row if name not in patched}


def _keep_allowed(plan: OperationPlan, changes: Mapping[str, Any]) -> dict[str, Any]:
    values = plan.table.values
    present = {name: value for name, value in changes.items() if value is not ABSENT and name in values.properties}
    allowed = values.only_allowed(present)
    if len(allowed) < len(present):
        name = next(name for name in present if name not in allowed)
        raise BadPatch(f"{name} cannot be {present[name]!r}")
    return allowed | {n: v for n, v in changes.items() if v is ABSENT or n not in values.properties}
