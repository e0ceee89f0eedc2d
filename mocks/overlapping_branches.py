"""Branches of a ``oneOf`` that overlap, where a discriminator tells which one is meant.

``oneOf`` wants exactly one branch to fit (JSON Schema Core, section 10.2.1.3). Documents with a discriminator rarely
write branches that exclude each other, for the discriminator chooses (OAS 3.0.3, Discriminator Object). A request that
fits several of them is taken.
"""

from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from specduet.specs import Schemas
from specduet.specs.schemas import iter_objects

_relaxed_schemas: "WeakKeyDictionary[Schemas, Schemas | None]" = WeakKeyDictionary()


def find_relaxed_schemas(schemas: Schemas) -> Schemas | None:
    """Return the schemas of a document with ``anyOf`` for ``oneOf`` beside a discriminator; None if it has none."""
    if schemas not in _relaxed_schemas:
        document = schemas.node_at("")
        has_any = any(map(_is_discriminated, iter_objects(document)))
        _relaxed_schemas[schemas] = Schemas(_relax_node(document)) if has_any else None
    return _relaxed_schemas[schemas]


def _is_discriminated(node: Mapping[str, Any]) -> bool:
    return isinstance(node.get("discriminator"), dict) and isinstance(node.get("oneOf"), list) and "anyOf" not in node


def _relax_node(node: Any) -> Any:
    """Return a node with relaxed schemas; the node itself if nothing in it changes."""
    if isinstance(node, list):
        items = [_relax_node(item) for item in node]
        return items if any(new is not old for new, old in zip(items, node, strict=True)) else node
    if not isinstance(node, Mapping):
        return node
    members = {name: _relax_node(value) for name, value in node.items()}
    is_changed = any(members[name] is not value for name, value in node.items())
    if _is_discriminated(node):
        members["anyOf"] = members["oneOf"]
        members["oneOf"] = [True, *[False] * (len(members["oneOf"]) - 1)]  # as many, for references may lead there
        return members
    return members if is_changed else node
