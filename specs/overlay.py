"""OpenAPI Overlay 1.0 and 1.1: apply the ``update``, ``copy`` and ``remove`` actions of an overlay to a document.

Targets are RFC 9535 JSONPath queries. An action whose target matches nothing is an error: it would be lost
silently. https://spec.openapis.org/overlay/v1.1.0.html
"""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from specduet.specs.bounds import TARGET
from specduet.specs.errors import BadOverlay
from specduet.specs.source import find_line
from specduet.specs.statement import Basis
from specduet.specs.vocabulary import fill_basis

DEFAULT_BASIS = "x-specduet-basis"
_KEYS = {"overlay", "info", "extends", "actions"}
_ACTION_KEYS = {"target", "description", "update", "remove", "copy"}


def apply_overlay(document: Any, overlay: Any, path: Path) -> Any:
    """Return a copy of the document with the overlay's actions applied in order.

    Raises ``BadOverlay`` with the overlay's file, line and pointer.
    """
    _check_overlay(overlay, path)
    document = copy.deepcopy(document)
    basis = read_basis(overlay, path)
    for index, action in enumerate(overlay["actions"]):
        filled = {**action, "update": fill_basis(action["update"], basis)} if basis and "update" in action else action
        document = _apply_action(document, filled, f"/actions/{index}", path)
    return document


def _check_overlay(overlay: Any, path: Path) -> None:
    if not isinstance(overlay, Mapping) or not str(overlay.get("overlay", "")).startswith("1."):
        raise BadOverlay(
            "is no OpenAPI Overlay 1.x document",
            file=path,
            line=1,
            remedy="Begin with 'overlay: 1.0.0'.",
        )
    for key in overlay.keys() - _KEYS:
        if not key.startswith("x-"):
            raise _overlay_error(f"unknown key {key!r}", f"/{key}", path)
    actions = overlay.get("actions")
    if not isinstance(actions, list) or not actions:
        raise _overlay_error("has no actions", "/actions", path)
    for index, action in enumerate(actions):
        _check_action(action, f"/actions/{index}", path)


def _check_action(action: Any, pointer: str, path: Path) -> None:
    if not isinstance(action, Mapping) or not isinstance(action.get("target"), str):
        raise _overlay_error("an action needs a 'target'", pointer, path)
    for key in action.keys() - _ACTION_KEYS:
        if not key.startswith("x-"):
            raise _overlay_error(f"unknown key {key!r}", f"{pointer}/{key}", path)
    if "update" not in action and "copy" not in action and action.get("remove") is not True:
        raise _overlay_error("an action needs an 'update', a 'copy' or 'remove: true'", pointer, path)
    if "copy" in action and not isinstance(action["copy"], str):
        raise _overlay_error("'copy' is no JSONPath", f"{pointer}/copy", path)


def read_basis(overlay: Mapping[str, Any], path: Path) -> str | None:
    """Return the basis of all statements of an overlay that name none: ``x-specduet-basis`` of its ``info``."""
    info = overlay.get("info")
    basis = info.get(DEFAULT_BASIS) if isinstance(info, Mapping) else None
    if basis is not None and basis not in get_args(Basis):
        raise _overlay_error(f"a basis is one of {', '.join(get_args(Basis))}", f"/info/{DEFAULT_BASIS}", path)
    return basis


def _apply_action(document: Any, action: Mapping[str, Any], pointer: str, path: Path) -> Any:
    nodes = _find_targets(document, action["target"], f"{pointer}/target", path)
    if action.get("remove") is True:
        # From the last to the first, so that removing an array item does not move the ones still to go.
        for location in sorted(nodes, key=_removal_order, reverse=True):
            _remove_node(document, location, f"{pointer}/target", path)
        return document
    for update in _list_updates(document, action, pointer, path):
        for location in nodes:
            document = _update_node(document, location, update)
    return document


def _list_updates(document: Any, action: Mapping[str, Any], pointer: str, path: Path) -> list[Any]:
    """Return what is merged into the targets: the node that ``copy`` names (Overlay 1.1), and the ``update``."""
    updates = []
    if "copy" in action:
        sources = _find_targets(document, action["copy"], f"{pointer}/copy", path)
        if len(sources) > 1:
            message = f"{action['copy']!r} matches {len(sources)} nodes, and one is copied"
            raise _overlay_error(message, f"{pointer}/copy", path)
        updates.append(copy.deepcopy(_node_at(document, sources[0])))
    return updates + ([action["update"]] if "update" in action else [])


def _find_targets(document: Any, target: str, pointer: str, path: Path) -> list[tuple[str | int, ...]]:
    import jsonpath_rfc9535 as jsonpath  # only overlays that are not cached yet need it

    if len(target) > TARGET.value:  # the library crashes on 50,000 segments
        raise _overlay_error(f"the target has more than {TARGET.value:,} {TARGET.name}", pointer, path)
    try:
        nodes = jsonpath.find(target, document)
    except (jsonpath.JSONPathError, ValueError, OverflowError) as error:
        raise _overlay_error(f"the target {target!r} is no RFC 9535 JSONPath: {error}", pointer, path) from error
    except RecursionError as error:
        raise _overlay_error("the target is nested too deep", pointer, path) from error
    if not nodes:
        raise _overlay_error(f"the target {target!r} matches nothing", pointer, path)
    return [tuple(node.location) for node in nodes]


def _removal_order(
    location: tuple[str | int, ...],
) -> tuple[int, tuple[tuple[bool, str | int], ...]]:
    return len(location), tuple((isinstance(part, int), part) for part in location)


def _node_at(document: Any, location: tuple[str | int, ...]) -> Any:
    for part in location:
        document = document[part]
    return document


def _parent_of(document: Any, location: tuple[str | int, ...]) -> Any:
    return _node_at(document, location[:-1])


def _remove_node(document: Any, location: tuple[str | int, ...], pointer: str, path: Path) -> None:
    if not location:
        raise _overlay_error("the whole document cannot be removed", pointer, path)
    del _parent_of(document, location)[location[-1]]


def _update_node(document: Any, location: tuple[str | int, ...], update: Any) -> Any:
    if not location:
        return _merge_update(document, update)
    parent = _parent_of(document, location)
    parent[location[-1]] = _merge_update(parent[location[-1]], update)
    return document


def _merge_update(value: Any, update: Any) -> Any:
    """Merge objects key by key; append the update to an array (Overlay 1.0, section 4.4.3)."""
    if isinstance(value, dict) and isinstance(update, Mapping):
        return value | {k: _merge_update(value[k], v) if k in value else copy.deepcopy(v) for k, v in update.items()}
    if isinstance(value, list):
        return value + (copy.deepcopy(update) if isinstance(update, list) else [copy.deepcopy(update)])
    return copy.deepcopy(update)


def _overlay_error(message: str, pointer: str, path: Path) -> BadOverlay:
    return BadOverlay(message, file=path, line=find_line(path, pointer), pointer=pointer)
