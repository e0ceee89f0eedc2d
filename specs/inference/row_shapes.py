"""Rows inside bodies: a list of rows or one row, bare or in an envelope, by its dotted path."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from specduet.specs.inference.page_facts import is_page_fact
from specduet.specs.inference.words import is_plural, to_singular, to_snake, word_set
from specduet.specs.model import Content, Operation, Response
from specduet.specs.schema_reader import SchemaReader

ENVELOPES = word_set(
    "data items results result records entries values rows list content contents elements objects collection hits "
    "value members resources nodes docs documents page response payload embedded"
)
_BESIDE = word_set(
    "meta metadata links included success status code message messages errors error warnings request_id object url "
    "jsonapi api_version version ok timestamp trace_id extensions kind etag duration took self end uri"
)
_SURE_ENVELOPES = word_set("data result response payload")
_MOST_BESIDE_ROW = 4
_FLAGS = ("ok", "success")  # `{ok: true, channel: {…}}`: of the rest, the only object is the row


@dataclass(frozen=True, slots=True)
class ShownRows:
    """The rows of a body: many or one, their dotted path in it, and the pointer of their schema."""

    kind: Literal["many", "one", "none"]
    path: str = ""
    pointer: str = ""
    #: pointer of the object that holds the rows: page facts are its properties
    holder: str = ""
    #: names that only a list has witness it: an array, a known envelope, page facts
    is_certain: bool = False
    #: the type of the rows: ``object``, ``string``
    item_kind: str = "object"


NOTHING = ShownRows("none")


def pick_content(content: Mapping[str, Content]) -> Content | None:
    """Return the JSON content of a body or response, else the first that has a schema."""
    for media_type, entry in content.items():
        if "json" in media_type or media_type in {"*/*", "application/*"}:
            return entry
    return next((entry for entry in content.values() if entry.has_schema), None)


def pick_success(operation: Operation) -> str:
    """Return the status of the documented success that has a body, else of the first: ``200``, ``2XX``, ``default``."""
    successes = [status for status in operation.responses if status[0] == "2"]
    if not successes and "default" in operation.responses:
        return "default"
    with_body = [status for status in successes if operation.responses[status].content]
    return min(with_body or successes, default="")


def find_success(operation: Operation) -> Response | None:
    """Return the documented success that ``pick_success`` names, None where there is none."""
    return operation.responses.get(pick_success(operation))


def read_response(reader: SchemaReader, operation: Operation, noun: str) -> ShownRows:
    """Return the rows of an operation's successful response; ``noun`` is the last word of its path."""
    response = find_success(operation)
    return read_rows(reader, pick_content(response.content) if response else None, noun)


def read_request(reader: SchemaReader, operation: Operation, noun: str) -> ShownRows:
    """Return the rows of an operation's request body; ``noun`` is the last word of its path."""
    return read_rows(reader, pick_content(operation.body.content) if operation.body else None, noun)


def read_rows(reader: SchemaReader, content: Content | None, noun: str) -> ShownRows:
    """Return the rows in one content of a body or response."""
    if content is None or not content.has_schema:
        return NOTHING
    reader.remember(content.pointer, content.schema)
    return find_rows(reader, content.pointer, noun)


def find_rows(reader: SchemaReader, pointer: str, noun: str, path: str = "", depth: int = 0) -> ShownRows:
    """Return the rows in the schema at a pointer."""
    _, pointer = reader.resolve(pointer)
    kind = reader.kind_at(pointer)
    if kind == "array":
        items = reader.items_at(pointer) or ""
        return ShownRows("many", path, items, pointer, is_certain=True, item_kind=_read_item_kind(reader, items))
    properties = reader.properties_at(pointer)
    if kind not in {"object", ""} or (not properties and kind != "object"):
        return NOTHING
    snakes = {to_snake(name): name for name in properties}
    listed = _find_list(reader, properties, snakes, noun)
    if listed is not None:
        items = reader.items_at(properties[listed]) or ""
        inner = f"{path}.{listed}" if path else listed
        certain = to_snake(listed) in ENVELOPES or _is_named(listed, noun)
        return ShownRows("many", inner, items, pointer, certain, _read_item_kind(reader, items))
    inside, is_known = _find_envelope(reader, properties, snakes, noun)
    if inside is not None and depth < 3:
        found = find_rows(reader, properties[inside], noun, f"{path}.{inside}" if path else inside, depth + 1)
        if found.kind == "many" or (found.kind == "one" and is_known and _is_object(reader, found.pointer)):
            return found
    return ShownRows("one", path, pointer, pointer) if properties or kind == "object" else NOTHING


def _read_item_kind(reader: SchemaReader, items: str) -> str:
    return (reader.kind_at(items) or "object") if items else "object"


def _is_object(reader: SchemaReader, pointer: str) -> bool:
    return bool(reader.properties_at(pointer))


def _is_named(name: str, noun: str) -> bool:
    return (
        bool(noun)
        and is_plural(noun)
        and to_singular(to_snake(name)) == to_singular(noun)
        and is_plural(to_snake(name))
    )


def _find_list(  # noqa: PLR0911  rules in their order: the first that holds
    reader: SchemaReader, properties: Mapping[str, str], snakes: Mapping[str, str], noun: str
) -> str | None:
    """Return the property that holds the rows of a list, None for an object that is a row itself."""
    if "id" in snakes or f"{to_singular(noun)}_id" in snakes:
        return None
    arrays = [name for name in properties if reader.kind_at(properties[name]) == "array"]
    if not arrays:
        return None
    named = [name for name in arrays if _is_named(name, noun)]
    known = [name for name in arrays if to_snake(name) in ENVELOPES]
    others = [snake for snake, name in snakes.items() if name not in arrays]
    facts = [snake for snake in others if is_page_fact(snake) or snake in _BESIDE]
    if "name" in snakes and not named:  # it is a row itself
        return None
    if named and len(others) - len(facts) <= 2:
        return named[0]
    if known and len(others) - len(facts) <= 1 + len(facts):
        return known[0]
    if len(arrays) == 1 and len(facts) == len(others):
        return arrays[0]
    beside = [name for name in arrays if to_snake(name) not in _BESIDE]
    return beside[0] if len(beside) == 1 and len(facts) == len(others) else None


def _find_row_beside(
    reader: SchemaReader, properties: Mapping[str, str], snakes: Mapping[str, str], noun: str
) -> list[str]:
    """Return the properties that hold the row beside others: ``{data, policies}``, ``{file: {id}, comments}``."""
    singular = to_singular(noun)
    named = [snake for snake in (singular, singular.rpartition("_")[2]) if snake in snakes]
    if named and {"id", f"{singular}_id"} & {
        to_snake(name) for name in reader.properties_at(properties[snakes[named[0]]])
    }:
        return named[:1]
    return [snake for snake in snakes if snake in _SURE_ENVELOPES] if len(properties) <= _MOST_BESIDE_ROW else []


def _find_envelope(
    reader: SchemaReader, properties: Mapping[str, str], snakes: Mapping[str, str], noun: str
) -> tuple[str | None, bool]:
    """Return the property whose object holds the rows or the row, and whether its name says so; None for none."""
    others = [snake for snake in snakes if snake not in _BESIDE and not is_page_fact(snake)]
    if len(others) > 1:
        others = [] if "id" in snakes else _find_row_beside(reader, properties, snakes, noun)
        if len(others) != 1:
            return None, False
    is_outcome = any(reader.kind_at(properties[snakes[flag]]) == "boolean" for flag in _FLAGS if flag in snakes)
    for snake in others or snakes:
        name = snakes[snake]
        singular = to_singular(noun)
        is_named = bool(noun) and to_singular(snake) in {singular, singular.rpartition("_")[2]}
        is_alone = len(properties) == 1 and not {"id", "uuid"}.isdisjoint(
            map(to_snake, reader.properties_at(properties[name]))
        )
        is_known = is_named or snake in ENVELOPES or is_outcome or is_alone
        if not is_known and len(properties) > 1:
            continue
        if reader.kind_at(properties[name]) == "object" and _is_object(reader, properties[name]):
            return name, is_known
    return None, False
