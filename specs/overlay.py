"""OpenAPI Overlay 1.0: carry out the ``update`` and ``remove`` actions of an overlay on a document.

Targets are RFC 9535 JSONPath queries. An action whose target matches nothing is an error: what it says would be lost
in silence. https://spec.openapis.org/overlay/v1.0.0.html
"""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from specduet.specs.errors import BadOverlay
from specduet.specs.source import line_of

_KEYS = {"overlay", "info", "extends", "actions"}
_ACTION_KEYS = {"target", "description", "update", "remove"}


def apply(document: Any, overlay: Any, path: Path) -> Any:
    """A new document: the overlay's actions carried out in order on a copy.

    Raises ``BadOverlay`` with the overlay's file, line and pointer.
    """
    _check(overlay, path)
    document = copy.deepcopy(document)
    for index, action in enumerate(overlay["actions"]):
        document = _act(document, action, f"/actions/{index}", path)
    return document


def _check(overlay: Any, path: Path) -> None:
    if not isinstance(overlay, Mapping) or not str(overlay.get("overlay", "")).startswith("1."):
        raise BadOverlay(
            "is no OpenAPI Overlay 1.x document",
            file=path,
            line=1,
            remedy="Begin with 'overlay: 1.0.0'.",
        )
    for key in overlay.keys() - _KEYS:
        if not key.startswith("x-"):
            raise _bad(f"unknown key {key!r}", f"/{key}", path)
    actions = overlay.get("actions")
    if not isinstance(actions, list) or not actions:
        raise _bad("has no actions", "/actions", path)
    for index, action in enumerate(actions):
        _check_action(action, f"/actions/{index}", path)


def _check_action(action: Any, pointer: str, path: Path) -> None:
    if not isinstance(action, Mapping) or not isinstance(action.get("target"), str):
        raise _bad("an action needs a 'target'", pointer, path)
    for key in action.keys() - _ACTION_KEYS:
        if not key.startswith("x-"):
            raise _bad(f"unknown key {key!r}", f"{pointer}/{key}", path)
    if "update" not in action and action.get("remove") is not True:
        raise _bad("an action needs an 'update' or 'remove: true'", pointer, path)


def _act(document: Any, action: Mapping[str, Any], pointer: str, path: Path) -> Any:
    nodes = _matches(document, action["target"], f"{pointer}/target", path)
    if action.get("remove") is True:
        # From the last to the first, so that removing an array item does not move the ones still to go.
        for location in sorted(nodes, key=_removal_order, reverse=True):
            _remove(document, location, f"{pointer}/target", path)
        return document
    for location in nodes:
        document = _update(document, location, action["update"])
    return document


def _matches(document: Any, target: str, pointer: str, path: Path) -> list[tuple[str | int, ...]]:
    import jsonpath_rfc9535 as jsonpath  # only overlays that are not cached yet need it

    try:
        nodes = jsonpath.find(target, document)
    except jsonpath.JSONPathError as error:
        raise _bad(f"the target {target!r} is no RFC 9535 JSONPath: {error}", pointer, path) from error
    if not nodes:
        raise _bad(f"the target {target!r} matches nothing", pointer, path)
    return [tuple(node.location) for node in nodes]


def _removal_order(
    location: tuple[str | int, ...],
) -> tuple[int, tuple[tuple[bool, str | int], ...]]:
    return len(location), tuple((isinstance(part, int), part) for part in location)


def _parent(document: Any, location: tuple[str | int, ...]) -> Any:
    for part in location[:-1]:
        document = document[part]
    return document


def _remove(document: Any, location: tuple[str | int, ...], pointer: str, path: Path) -> None:
    if not location:
        raise _bad("the whole document cannot be removed", pointer, path)
    del _parent(document, location)[location[-1]]


def _update(document: Any, location: tuple[str | int, ...], update: Any) -> Any:
    if not location:
        return _merged(document, update)
    parent = _parent(document, location)
    parent[location[-1]] = _merged(parent[location[-1]], update)
    return document


def _merged(value: Any, update: Any) -> Any:
    """Objects merge key by key, an array target takes the update as a further item (Overlay 1.0, section 4.4.3)."""
    if isinstance(value, dict) and isinstance(update, Mapping):
        return value | {k: _merged(value[k], v) if k in value else copy.deepcopy(v) for k, v in update.items()}
    if isinstance(value, list):
        return value + (copy.deepcopy(update) if isinstance(update, list) else [copy.deepcopy(update)])
    return copy.deepcopy(update)


def _bad(message: str, pointer: str, path: Path) -> BadOverlay:
    return BadOverlay(message, file=path, line=line_of(path, pointer), pointer=pointer)
