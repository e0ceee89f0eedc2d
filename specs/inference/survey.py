"""A first look at all operations of a document: the shape of each path, the rows in each response, and the roles."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from specduet.specs.inference.paths import PathShape, parse_path
from specduet.specs.inference.roles import PathNeighbors, classify_read, classify_write
from specduet.specs.inference.row_shapes import ShownRows, read_response
from specduet.specs.model import Operation, RoleName
from specduet.specs.schema_reader import SchemaReader

_MOST_BESIDE = 4  # properties of an object that holds a row and says more about it


@dataclass(frozen=True, slots=True)
class SurveyedOperation:
    """One operation with what its path and response show."""

    operation: Operation
    shape: PathShape
    #: in the successful response
    rows: ShownRows
    role: RoleName = "other"
    evidence: tuple[str, ...] = ()


def survey_operations(reader: SchemaReader, operations: Sequence[Operation]) -> list[SurveyedOperation]:
    """Return each operation with its role, in their order."""
    looked = [_look_at(reader, operation) for operation in operations]
    _find_nested_rows(reader, looked)
    methods: dict[str, set[str]] = defaultdict(set)
    with_item: set[str] = set()
    for entry in looked:
        key = f"{entry.shape.key}:{entry.shape.verb}"
        methods[key].add(entry.operation.method)
        if entry.shape.is_item and not entry.shape.verb:
            with_item.add(f"{entry.shape.above.key}:")
    reads = {}
    for index, entry in enumerate(looked):
        if entry.operation.method == "GET":
            key = f"{entry.shape.key}:{entry.shape.verb}"
            above = f"{entry.shape.above.key}:"
            has_item = key in with_item if not entry.shape.is_item else "GET" in methods[above]
            role, evidence = classify_read(entry.operation, entry.shape, entry.rows, has_item=has_item)
            looked[index] = replace(entry, role=role, evidence=tuple(evidence))
            reads[key] = role
    for index, entry in enumerate(looked):
        if entry.operation.method in {"POST", "PUT", "PATCH", "DELETE"}:
            key = f"{entry.shape.key}:{entry.shape.verb}"
            beside = PathNeighbors(frozenset(methods[key]), reads.get(key, ""), key in with_item)
            role, evidence = classify_write(entry.operation, entry.shape, entry.rows, beside)
            looked[index] = replace(entry, role=role, evidence=tuple(evidence))
    return looked


def _find_nested_rows(reader: SchemaReader, looked: list[SurveyedOperation]) -> None:
    """Replace the rows of responses that hold what the collection lists beside other things: ``{order, customer}``."""
    listed = {
        entry.shape.key: entry.rows.pointer
        for entry in looked
        if entry.operation.method == "GET" and entry.rows.kind == "many" and entry.rows.item_kind == "object"
    }
    for index, entry in enumerate(looked):
        shape = entry.shape.above if entry.shape.is_item else entry.shape
        pointer = listed.get(shape.key, "")
        if entry.rows.kind != "one" or entry.rows.path or not pointer.startswith("/components/"):
            continue
        properties = reader.properties_at(entry.rows.pointer)
        if len(properties) > _MOST_BESIDE or "id" in properties:
            continue
        name = next((name for name, at in properties.items() if reader.resolve(at)[1] == pointer), None)
        if name is not None and reader.resolve(entry.rows.pointer)[1] != pointer:
            looked[index] = replace(entry, rows=replace(entry.rows, path=name, pointer=pointer))


def _look_at(reader: SchemaReader, operation: Operation) -> SurveyedOperation:
    shape = parse_path(operation.path)
    return SurveyedOperation(operation, shape, read_response(reader, operation, shape.noun))
