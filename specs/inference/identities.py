"""The field that is the id of a row, and the fields that name its parents."""

from collections.abc import Iterable, Mapping

from specduet.specs.inference.words import split_words, to_singular, to_snake, word_list
from specduet.specs.schema_reader import SchemaReader

_SCALARS = frozenset(["string", "integer", "number", ""])
_ID_NAMES = word_list("id gid sid uuid guid uid key slug code number login username handle name")
_ALIASES = {
    "username": ("login", "handle", "user_name", "screen_name", "name"),
    "login": ("username", "name"),
    "user": ("username", "login"),
    "name": ("slug", "title"),
    "slug": ("name", "handle"),
    "number": ("no", "num"),
    "barcode": ("ean", "upc"),
}
_COUNTERS = word_list("number no num iid index idx sequence seq position")
_SURE_NAMES = ("id", "gid", "sid", "uuid", "guid")


def find_identity(
    reader: SchemaReader,
    properties: Mapping[str, str],
    resource: str,
    parameter: str,
    parameter_pointer: str,
    *,
    is_single: bool = False,
) -> tuple[str, bool] | None:
    """Return the field that is the id of a row, and whether the evidence is strong; None where rows show none.

    ``parameter`` is the one at the end of the item's path, empty where there is no such path.
    """
    snakes = {to_snake(name): name for name in properties}
    kind = reader.kind_at(parameter_pointer) if parameter_pointer else ""
    names: Iterable[str] = _SURE_NAMES if is_single else _candidates(to_snake(parameter), resource)
    if parameter and _describes_id(reader, snakes, properties, to_snake(parameter), parameter_pointer):
        names = ("id", *names)
    for snake in names:
        name = snakes.get(snake)
        is_id = snake in _SURE_NAMES or snake == to_snake(parameter)
        if name is not None and (
            _fits(reader, properties[name], kind) or (is_id and _may_be_number(reader, properties[name]))
        ):
            return name, bool(parameter) or snake in _SURE_NAMES
    return None


def _describes_id(
    reader: SchemaReader, snakes: Mapping[str, str], properties: Mapping[str, str], parameter: str, pointer: str
) -> bool:
    """Tell whether a parameter's description is rather that of ``id`` than of the field with its own name."""
    if parameter == "id" or not {"id", parameter} <= snakes.keys():
        return False
    words = _read_words(reader, pointer.removesuffix("/schema"), pointer)
    by_field = [_read_words(reader, properties[snakes[name]]) for name in ("id", parameter)]
    own, other = (len(words & found) / (len(words | found) or 1) for found in by_field)
    return own > other


def _read_words(reader: SchemaReader, *pointers: str) -> set[str]:
    nodes = [reader.node_at(pointer) for pointer in pointers]
    texts = [str(node.get("description") or "") for node in nodes if isinstance(node, Mapping)]
    return set(" ".join(texts).lower().split())


def _candidates(parameter: str, resource: str) -> Iterable[str]:
    if parameter:
        yield parameter
        words = parameter.split("_")
        if "or" in words:  # `id_or_name`
            yield from (word for word in _SURE_NAMES if word in words)
        for start in range(1, len(words)):  # `order_number`: number; `petId`: id
            yield "_".join(words[start:])
        if words[-1] in _SURE_NAMES:
            yield from (f"{resource}_{words[-1]}", f"{resource.rpartition('_')[2]}_{words[-1]}")
        yield from _ALIASES.get(words[-1], ())
    yield from (*_SURE_NAMES, f"{resource}_id", f"{resource.rpartition('_')[2]}_id")
    yield from ("uid", "key", "slug", "code", f"{resource}_code", f"{resource}_number", "number", "login", "username")
    yield from ("handle", f"{resource}_name", "name", "email", resource)


def find_key_beside(reader: SchemaReader, properties: Mapping[str, str], resource: str, identity: str) -> str | None:
    """Return the unique id beside a field that counts the rows of each parent, None where it is none of these."""
    snakes = {to_snake(name): name for name in properties}
    if to_snake(identity).rpartition("_")[2] not in _COUNTERS or reader.kind_at(properties[identity]) != "integer":
        return None
    names = (*_SURE_NAMES, f"{resource}_id", "node_id", "global_id")
    known = [snakes[name] for name in names if name in snakes and snakes[name] != identity]
    return next((name for name in known if reader.kind_at(properties[name]) in {"string", "integer"}), None)


def find_named_field(
    reader: SchemaReader, properties: Mapping[str, str], parameter: str, parameter_pointer: str
) -> str | None:
    """Return the field that a path's parameter names and that is no id: ``tag_name`` for ``{tag}``."""
    snakes = {to_snake(name): name for name in properties}
    snake, kind = to_snake(parameter), reader.kind_at(parameter_pointer) if parameter_pointer else ""
    words = snake.removeprefix("by_").split("_")
    tails = ["_".join(words[start:]) for start in range(len(words))]
    names = [*tails, f"{words[-1]}_name", f"{words[-1]}_number", f"{words[-1]}_code", *_ALIASES.get(words[-1], ())]
    for name in names:
        if name in snakes and name not in _SURE_NAMES and _fits(reader, properties[snakes[name]], kind):
            return snakes[name]
    return None


def _fits(reader: SchemaReader, pointer: str, kind: str) -> bool:
    """Tell whether a property can be the value of a parameter of a type."""
    own = reader.kind_at(pointer)
    if own not in _SCALARS:
        return False
    return not (kind in {"integer", "number"} and own == "string")


def _may_be_number(reader: SchemaReader, pointer: str) -> bool:
    """Tell whether a text can stand for a number that paths have as an integer: ``id: "1295"``."""
    schema = reader.resolve(pointer)[0]
    examples = schema.get("examples")
    given = [*(examples if isinstance(examples, list) else ()), schema.get("example")]
    is_free = not schema.keys() & {"format", "pattern", "enum", "const"}
    return is_free and all(each is None or (isinstance(each, str) and each.isdecimal()) for each in given)


def find_parent_field(
    reader: SchemaReader, properties: Mapping[str, str], parameter: str, parent: str, identity: str
) -> str | None:
    """Return the field of a row that holds the id of its parent, None where rows do not show it."""
    snakes = {to_snake(name): name for name in properties}
    snake = to_snake(parameter)
    head = parent.rpartition("_")[2]
    suffix = split_words(snake)[-1] if snake else "id"
    names = (snake, f"{parent}_{suffix}", f"{head}_{suffix}", f"{parent}_id", f"{head}_id", parent, head)
    for candidate in dict.fromkeys(names):
        name = snakes.get(candidate)
        if name is None or name == identity or candidate in {"id", "name", "key", "slug"}:
            continue
        if reader.kind_at(properties[name]) in {"string", "integer"}:
            return name
    return None


def name_parent(parameter: str) -> str:
    """Return the resource that a path's parameter names by itself: ``user`` for ``user_id``."""
    words = [word for word in split_words(parameter) if word not in _ID_NAMES]
    return to_singular("_".join(words))
