"""What was inferred from a large document, kept in the cache: to infer it anew takes longer than to read it."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from specduet.specs import cache
from specduet.specs.behavior import OperationBehavior, ResourceBehavior
from specduet.specs.inference import Inference, build_inferred
from specduet.specs.model import Operation, Role, RoleName
from specduet.specs.schema_reader import SchemaReader
from specduet.specs.schemas import Schemas

_LEAST = 100  # operations; those of a smaller document are inferred in a few milliseconds


class _KeptInference(msgspec.Struct, array_like=True):
    """Roles and behaviors of the operations in their order, and resources by name with the pointer of the schema."""

    roles: list[tuple[RoleName, str, str, tuple[str, ...]]]
    behaviors: list[OperationBehavior]
    resources: dict[str, tuple[str, ResourceBehavior]]


def recall_inference(
    path: Path, overlays: cache.Overlays, schemas: Schemas, operations: Sequence[Operation]
) -> Inference | None:
    """Return what was inferred from a document before, None where nothing was kept of just these operations."""
    content = cache.load_inference(path, overlays) if len(operations) >= _LEAST else None
    if content is None:
        return None
    try:
        kept = msgspec.msgpack.decode(content, type=_KeptInference)
    except msgspec.MsgspecError:
        return None
    if len(kept.roles) != len(operations):
        return None
    reader = SchemaReader(schemas)
    resources = {
        name: build_inferred(schemas, reader, pointer, behavior) for name, (pointer, behavior) in kept.resources.items()
    }
    return Inference(tuple(Role(*role) for role in kept.roles), tuple(kept.behaviors), resources)


def keep_inference(path: Path, overlays: cache.Overlays, files: tuple[Path, ...], inference: Inference) -> None:
    """Keep what was inferred from a large document, which is made of other ``files`` too."""
    if len(inference.roles) < _LEAST:
        return
    kept = _KeptInference(
        [(role.name, role.resource, role.parent, role.evidence) for role in inference.roles],
        [*inference.behaviors],
        {name: (resource.pointer, resource.behavior) for name, resource in inference.resources.items()},
    )
    cache.store_inference(path, overlays, files, msgspec.msgpack.encode(kept))
