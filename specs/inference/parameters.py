"""Query parameters as the inference sees them: names in one form, types, and numbers in their descriptions."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from specduet.specs.inference.row_shapes import pick_content
from specduet.specs.inference.words import to_snake, word_set
from specduet.specs.model import Operation, Parameter
from specduet.specs.schema_reader import SchemaReader
from specduet.specs.schemas import Schema

_DEFAULT = re.compile(
    r"(?:\bdefaults?\b(?:\s+(?:value|page size|limit|number))?\s*(?:is|to|of|:|=|\()?\s*[`'\"]?"
    r"|\bby default,?\s+)(\d{1,4})\b"
    r"|\b(\d{1,4})\s*(?:\(default\)|by default|is the default)",
    re.IGNORECASE,
)
_MOST = 1000
# objects of a body that hold parameters of a list
_HOLDERS = word_set("pagination paging page options query filter filters where sort search cursor_pagination params")
_DEEPEST = 3
_FIELD_NAMES = word_set("field property property_name attribute column key")
_OPERATOR_NAMES = word_set("operator op comparison")
_GROUP_NAMES = ("filters", "conditions", "rules", "and", "or")


@dataclass(frozen=True, slots=True)
class QueryParameter:
    """One query parameter of an operation."""

    name: str
    #: with underscores: ``page_size`` for ``pageSize`` and ``page[size]``
    snake: str
    #: ``string``, ``integer``, ``array``; empty if unknown
    kind: str
    pointer: str
    description: str
    #: an empty one for a boolean
    schema: Schema

    def default_number(self) -> int | None:
        """Return the default of a number, from its schema or else a sentence such as "Defaults to 20"."""
        default = self.schema.get("default")
        if isinstance(default, int) and not isinstance(default, bool):
            return default
        match = _DEFAULT.search(self.description)
        number = int(match[1] or match[2]) if match else 0
        return number if 0 < number <= _MOST else None


def read_query(reader: SchemaReader, operation: Operation) -> list[QueryParameter]:
    """Return the query parameters of an operation."""
    return [
        QueryParameter(
            parameter.name,
            to_snake(parameter.name),
            reader.kind_at(parameter.pointer),
            parameter.pointer,
            _read_description(reader, parameter),
            parameter.schema if isinstance(parameter.schema, Mapping) else {},
        )
        for parameter in operation.parameters
        if parameter.location == "query"
    ]


def read_sent_parameters(reader: SchemaReader, operation: Operation) -> list[QueryParameter]:
    """Return the properties of a body as parameters of a list: ``body/limit``, and ``body/pagination/cursor``."""
    content = pick_content(operation.body.content) if operation.body else None
    return list(_walk_sent(reader, content.pointer, "body", "")) if content is not None and content.has_schema else []


def _walk_sent(reader: SchemaReader, pointer: str, place: str, prefix: str, depth: int = 0) -> Iterator[QueryParameter]:
    for name, at in reader.properties_at(pointer).items():
        if "/" in name:
            continue
        snake, kind = to_snake(name), reader.kind_at(at)
        if kind == "object" and snake in _HOLDERS and depth < _DEEPEST and not holds_conditions(reader, at):
            prefix_of_inner = f"{snake}_" if snake in {"page", "sort"} else ""
            yield from _walk_sent(reader, at, f"{place}/{name}", prefix_of_inner, depth + 1)
            continue
        node, schema = reader.node_at(at), reader.resolve(at)[0]
        texts = [each.get("description") for each in (node, schema) if isinstance(each, Mapping)]
        description = " ".join(text for text in texts if isinstance(text, str))
        yield QueryParameter(f"{place}/{name}", prefix + snake, kind, at, description, schema)


def holds_conditions(reader: SchemaReader, pointer: str, depth: int = 0) -> bool:
    """Tell whether a value holds conditions: ``{field, operator, value}``, a list of them, or groups of such lists."""
    for _ in range(_DEEPEST):  # a list may be one of its own items
        if reader.kind_at(pointer) != "array":
            break
        items = reader.items_at(pointer)
        if items is None:
            return False
        pointer = items
    properties = {to_snake(name): at for name, at in reader.properties_at(pointer).items()}
    if not _FIELD_NAMES.isdisjoint(properties) and not _OPERATOR_NAMES.isdisjoint(properties):
        return True
    inner = [properties[name] for name in _GROUP_NAMES if name in properties]
    return depth < _DEEPEST and any(holds_conditions(reader, at, depth + 1) for at in inner)


def flatten_properties(reader: SchemaReader, properties: Mapping[str, str]) -> dict[str, str]:
    """Return the pointers of a row's properties by dotted path, with those inside ``attributes`` (JSON:API)."""
    inner = reader.properties_at(properties["attributes"]) if "attributes" in properties else {}
    return {**properties, **{f"attributes.{name}": at for name, at in inner.items()}}


def name_fields(properties: Mapping[str, str]) -> dict[str, str]:
    """Return the dotted paths of fields by their last name with underscores; the first field of a name counts."""
    return {to_snake(path.rpartition(".")[2]): path for path in reversed(list(properties))}


def _read_description(reader: SchemaReader, parameter: Parameter) -> str:
    holder = reader.node_at(parameter.pointer.removesuffix("/schema"))
    texts = [node.get("description") for node in (holder, parameter.schema) if isinstance(node, Mapping)]
    return " ".join(text for text in texts if isinstance(text, str))


def find_named(
    parameters: Iterable[QueryParameter], names: Iterable[str], kinds: Iterable[str]
) -> QueryParameter | None:
    """Return the first parameter with one of the names, in the order of the names, and one of the types."""
    by_name = {parameter.snake: parameter for parameter in parameters}
    for name in names:
        parameter = by_name.get(name)
        if parameter is not None and parameter.kind in kinds:
            return parameter
    return None
