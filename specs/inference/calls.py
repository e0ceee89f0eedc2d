"""Calls: paths with a verb, ``/documents.list``, ``/accounts/get``, ``/createUser``, ``/contacts/search``.

A call is about the collection, or the item, that the rest of its path names. The id is in the path, query or body.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from specduet.specs.inference.paths import PathShape, make_shape, parse_path
from specduet.specs.inference.row_shapes import pick_content
from specduet.specs.inference.verbs import NOUNS_TOO, is_action
from specduet.specs.inference.words import split_words, to_plural, to_singular, to_snake, word_set
from specduet.specs.model import Operation, RoleName
from specduet.specs.schema_reader import SchemaReader

_ROLES: dict[RoleName, str] = {
    "list": "list all index browse scroll enumerate search query find filter",
    "fetch": "get info fetch retrieve show read view detail details describe lookup inspect",
    "create": "create add new register make upload import",
    "update": "update edit modify set patch change save upsert",
    "delete": "delete remove destroy del erase",
}
_BY_VERB: dict[str, RoleName] = {verb: role for role, verbs in _ROLES.items() for verb in verbs.split()}
_SEARCHES = word_set("search query find filter scroll")
# what follows a verb and is no other noun: `get_all`, `list-items`
_WHOLE = word_set("all list many items")
_ONE = word_set("one item single details info by")
_COPIES = word_set("copy clone duplicate")  # what they return is another row
# verbs after an item's path that are as clear as a method; `set` and `add` may be about a part of it
_ITEM_VERBS = word_set("update edit modify delete remove destroy get fetch show")
_PREFIXES = word_set("api rest rpc v1 v2 v3 v4 public private admin beta sandbox")
_RELATED = word_set("parent related source target previous root origin external client idempotency")
_METHODS: dict[str, frozenset[str]] = {
    "PUT": frozenset({"update", "create"}),
    "PATCH": frozenset({"update"}),
    "DELETE": frozenset({"delete"}),
}


@dataclass(frozen=True, slots=True)
class Call:
    """The verb in a path, and what it is about."""

    #: of the collection or item
    shape: PathShape
    role: RoleName
    #: of the verb: ``("set", "topic")``
    words: tuple[str, ...]


def read_call(operation: Operation) -> Call | None:
    """Return the call that a path is; None for one without a verb."""
    shape, method = parse_path(operation.path), operation.method
    above, last = (make_shape(shape.parts), shape.verb) if shape.verb else (shape.above, shape.last)
    if shape.is_item and not shape.verb:
        return _read_before_item(shape, method)
    if not last:
        return None
    words = split_words(last)
    if not words or (shape.verb and shape.is_item):
        return None
    if above.is_item:
        role = _BY_VERB.get(words[0]) if len(words) == 1 and words[0] in _ITEM_VERBS else None
        return Call(above, role, words) if role and _fits_method(role, method) else None
    if _is_bulk(split_words(above.last)):
        return None
    call = _read_last(above, words) if above.noun and above.noun not in _PREFIXES else None
    call = call or _read_whole(above, words)
    return call if call is not None and _fits_method(call.role, method) else None


def _read_before_item(shape: PathShape, method: str) -> Call | None:
    """Return the call of a verb before the id: ``/users/update/{id}``, ``/users/getById/{id}``, ``/users/ban/{id}``."""
    above, words = shape.above.above, split_words(shape.above.last)
    is_known = above.noun and above.noun not in _PREFIXES and not above.is_item and not shape.above.is_item
    if not words or not is_known or (len(words) > 1 and words[1] != "by"):
        return None
    role: RoleName | None = "fetch" if words[0] == "find" else _BY_VERB.get(words[0])
    if role is None and method != "GET" and is_action(words[0]) and words[0] not in NOUNS_TOO | _COPIES:
        role = "action"
    if role is None or role in {"list", "create"} or not (role == "action" or _fits_method(role, method)):
        return None
    return Call(make_shape((*above.parts, shape.last)), role, words)


def _fits_method(role: RoleName, method: str) -> bool:
    if method == "GET":
        return role in {"list", "fetch"}
    return method == "POST" or role in _METHODS.get(method, ())


def _read_last(above: PathShape, words: tuple[str, ...]) -> Call | None:
    """Return the call of a verb after its noun: ``/documents.list``, ``/users/get-all``, ``/users/createUser``."""
    verb, rest = words[0], words[1:]
    role = _BY_VERB.get(verb)
    if role is None:
        is_one = is_action(verb) and verb not in _COPIES and not _is_bulk(words)
        return Call(above, "action", words) if is_one else None
    if rest[:1] == ("by",):  # `find_by_email`
        return Call(above, "fetch" if verb == "find" else role, words)
    is_own = to_singular("_".join(rest)) in {to_singular(above.noun), to_singular(above.noun.rpartition("_")[2])}
    if role == "fetch" and rest and ({*rest} <= _WHOLE or (is_own and to_singular(rest[-1]) != rest[-1])):
        role = "list"
    elif not is_own and not {*rest} <= _ONE | _WHOLE and verb not in _SEARCHES:  # it is about another noun
        return None if role in {"list", "fetch"} else Call(above, "action", words)
    return Call(above, role, words)


def _is_bulk(words: Iterable[str]) -> bool:
    return not {"bulk", "batch", "all", "many"}.isdisjoint(words)


def _read_whole(above: PathShape, words: tuple[str, ...]) -> Call | None:
    """Return the call of a verb before its noun: ``/createUser``, ``/get_orders``."""
    verb, rest = words[0], words[1:]
    role = _BY_VERB.get(verb)
    if role is None or not rest or _is_bulk(words) or "by" in rest:
        return None
    noun = "_".join(rest)
    if role == "fetch" and to_singular(noun) != noun:
        role = "list"
    plural = noun if to_singular(noun) != noun else to_plural(noun)
    return Call(make_shape((*above.parts, plural)), role, words)


def find_key(
    reader: SchemaReader, operation: Operation, noun: str, others: Iterable[str] = ()
) -> tuple[str, str, str] | None:
    """Return the value in a call's query or body that names a row: its place, its name and the pointer of its schema.

    ``noun`` is what a row is called, ``others`` are further names of it.
    """
    given = _list_given(reader, operation)
    for name in _spell_keys(to_singular(noun), [to_singular(to_snake(other)) for other in others]):
        if name in given:
            return given[name]
    head = to_singular(noun).rpartition("_")[2]
    close = [
        found
        for name, found in given.items()
        if head in name and name.endswith(("_id", "_token", "_key")) and name.partition("_")[0] not in _RELATED
    ]
    return close[0] if len(close) == 1 else None


def _spell_keys(noun: str, others: list[str]) -> Iterable[str]:
    head = noun.rpartition("_")[2]
    yield from (f"{noun}_id", f"{head}_id")
    yield from ("id", "uuid", "guid", "gid", "sid")
    for name in (noun, head, *others):
        yield from (
            name,
            f"{name}_id",
            f"{name}_uuid",
            f"{name}_key",
            f"{name}_token",
            f"{name}_name",
            f"{name}_number",
        )
    yield from ("key", "slug")


def _list_given(reader: SchemaReader, operation: Operation) -> Mapping[str, tuple[str, str, str]]:
    """Return the scalars that a request gives, by name with underscores: place, name and pointer."""
    found = {}
    content = pick_content(operation.body.content) if operation.body else None
    if content is not None and content.has_schema:
        for name, at in reader.properties_at(content.pointer).items():
            found[to_snake(name)] = (f"body/{name}", name, at)
    for parameter in operation.parameters:
        if parameter.location == "query":
            found[to_snake(parameter.name)] = (f"query/{parameter.name}", parameter.name, parameter.pointer)
    return {name: entry for name, entry in found.items() if reader.kind_at(entry[2]) in {"string", "integer", ""}}
