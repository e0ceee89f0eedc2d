"""Where a part of a document comes from: with what basis a schema or property is promised at all."""

from collections.abc import Iterator, Mapping
from typing import Any

from specduet.specs.extension import EXTENSION
from specduet.specs.schema_reader import SchemaReader
from specduet.specs.schemas import Schemas, split_pointer
from specduet.specs.statement import Basis, weakest


def find_basis(schemas: Schemas, pointer: str) -> Basis:
    """Return the weakest basis of the properties on the way to a schema that were added to the document."""
    parts = split_pointer(pointer)
    ends = (index + 1 for index, part in enumerate(parts) if index and parts[index - 1] == "properties")
    names, reader = pointer.split("/"), SchemaReader(schemas)
    nodes = (reader.node_at("/".join(names[: end + 1])) for end in ends)  # none behind an anchor or an $id
    return weakest("documented", *(basis for node in nodes for basis in _read_basis(node)))


def _read_basis(schema: Any) -> Iterator[Basis]:
    """Yield the basis of a property that says it was added: the whole statement, or ``added`` beside a ``shape``."""
    words = schema.get(EXTENSION) if isinstance(schema, Mapping) else None
    if isinstance(words, Mapping):
        added = words.get("added") if "shape" in words else words
        if isinstance(added, Mapping) and "basis" in added:
            yield added["basis"]
