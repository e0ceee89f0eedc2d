"""A first look at all operations of a document: the shape of each path, the rows in each response, and the roles."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from specduet.specs.inference.calls import Call, find_key, read_call
from specduet.specs.inference.paths import PathShape, parse_path
from specduet.specs.inference.roles import PathNeighbors, classify_call, classify_read, classify_write
from specduet.specs.inference.row_shapes import ShownRows, read_response
from specduet.specs.inference.words import is_plural, split_words, to_plural
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
    #: the verb in the path, which is none of the shape then
    call: Call | None = None
    #: where a call has the id of its row: place, name, and pointer of the schema
    key: tuple[str, str, str] | None = None

    @property
    def item_parameter(self) -> tuple[str, str]:
        """The name of the value that names the row, and the pointer of its schema; empty without one."""
        if self.key is not None:
            return self.key[1:]
        name = self.shape.parameter
        parameter = self.operation.parameter(name, "path") if name else None
        return name, parameter.pointer if parameter else ""

    @property
    def verb_words(self) -> tuple[str, ...]:
        """The words of the verb, or the last part, of the path."""
        return self.call.words if self.call is not None else split_words(self.shape.verb or self.shape.last)


def survey_operations(reader: SchemaReader, operations: Sequence[Operation]) -> list[SurveyedOperation]:
    """Return each operation with its role, in their order."""
    looked = look_at_calls(reader, [_look_at(reader, operation) for operation in operations])
    _find_nested_rows(reader, looked)
    methods: dict[str, set[str]] = defaultdict(set)
    with_item: set[str] = set()
    for entry in looked:
        if entry.call is not None:
            continue
        key = f"{entry.shape.key}:{entry.shape.verb}"
        methods[key].add(entry.operation.method)
        if entry.shape.is_item and not entry.shape.verb:
            with_item.add(f"{entry.shape.above.key}:")
    reads = {}
    for index, entry in enumerate(looked):
        if entry.operation.method == "GET" and entry.call is None:
            key = f"{entry.shape.key}:{entry.shape.verb}"
            above = f"{entry.shape.above.key}:"
            has_item = key in with_item if not entry.shape.is_item else "GET" in methods[above]
            role, evidence = classify_read(entry.operation, entry.shape, entry.rows, has_item=has_item)
            looked[index] = replace(entry, role=role, evidence=tuple(evidence))
            reads[key] = role
    for index, entry in enumerate(looked):
        if entry.operation.method in {"POST", "PUT", "PATCH", "DELETE"} and entry.call is None:
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
        if entry.role == "list" or (entry.operation.method == "GET" and entry.call is None)
        if entry.rows.kind == "many" and entry.rows.item_kind == "object"
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


def look_at_calls(reader: SchemaReader, looked: list[SurveyedOperation]) -> list[SurveyedOperation]:
    """Return the operations with those that are calls about what other operations are about too."""
    read = [_look_at_call(reader, entry) for entry in looked]
    about: dict[str, set[int]] = defaultdict(set)
    for index, entry in enumerate(looked):
        shape = (read[index] or entry).shape
        about[shape.above.key if shape.is_item else shape.key].add(index)
    accepted = list(looked)
    for index, call in enumerate(read):
        if call is None:
            continue
        shape = call.shape
        others = about[shape.above.key if shape.is_item else shape.key] - {index}
        if others and _is_like(reader, call, [read[other] or looked[other] for other in others]):
            accepted[index] = call
    return accepted


def _look_at_call(reader: SchemaReader, entry: SurveyedOperation) -> SurveyedOperation | None:
    """Return an operation as a call with its role, None where it is none."""
    call = read_call(entry.operation)
    if call is None:
        return None
    noun = call.shape.noun
    rows = read_response(reader, entry.operation, noun if is_plural(noun) else to_plural(noun))
    path_names = [rows.path.rpartition(".")[2]] if rows.path else []
    key = (
        None
        if call.shape.is_item or call.role in {"list", "create"}
        else find_key(reader, entry.operation, noun, path_names)
    )
    role, evidence = classify_call(call.words, call.role, rows, has_key=key is not None or call.shape.is_item)
    if role == "other":
        return None
    return replace(
        entry,
        shape=call.shape,
        rows=rows,
        role=role,
        evidence=(evidence,),
        call=call,
        key=None if role == "list" else key,
    )


def _is_like(reader: SchemaReader, call: SurveyedOperation, others: list[SurveyedOperation]) -> bool:
    """Tell whether a call is about the rows of other operations: what it lists has most of their properties."""
    if call.role == "action":
        return any(other.role in {"list", "fetch", "create"} or other.shape.is_item for other in others)
    if call.role in {"update", "delete"} and call.key is None and not call.shape.is_item:  # of several rows, or of one
        return not any(other.shape.is_item or other.key is not None or other.rows.kind == "many" for other in others)
    if call.role != "list":
        return True
    own = reader.properties_at(call.rows.pointer).keys()
    shown = [reader.properties_at(other.rows.pointer).keys() for other in others if other.rows.pointer]
    return not any(shown) or any(2 * len(own & known) >= len(own) for known in shown)


def _look_at(reader: SchemaReader, operation: Operation) -> SurveyedOperation:
    shape = parse_path(operation.path)
    return SurveyedOperation(operation, shape, read_response(reader, operation, shape.noun))
