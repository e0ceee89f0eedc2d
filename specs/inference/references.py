"""Fields of a row that hold the ids of rows of other resources."""

import re
from collections.abc import Iterator, Mapping, Sequence

from specduet.specs.behavior import Reference
from specduet.specs.inference.words import to_singular, to_snake, word_set
from specduet.specs.schema_reader import SchemaReader
from specduet.specs.statement import Basis

_PEOPLE = word_set(
    "owner author creator assignee reviewer approver requester reporter sender recipient editor manager "
    "created_by updated_by assigned_to owned_by member"
)
_USERS = ("user", "person", "member", "account", "employee", "contact")
_ID_KINDS = ("string", "integer", "number")
_ID_WORDS = re.compile(r"\b(?:ids?|identifiers?|uuid|references?)\b", re.IGNORECASE)
_SUFFIXES = ("_id", "_uuid", "_gid", "_sid", "_ids")


def state_references(
    reader: SchemaReader, own: tuple[str, str], properties: Mapping[str, str], identities: Mapping[str, str]
) -> tuple[Reference, ...]:
    """Return the fields of a resource's rows that refer to rows of others.

    ``own`` are the resource's name and id field; ``identities`` the pointers of the ids of all resources.
    """
    return tuple(_walk_references(reader, own, properties, identities))


def _walk_references(
    reader: SchemaReader, own: tuple[str, str], properties: Mapping[str, str], identities: Mapping[str, str]
) -> Iterator[Reference]:
    name, id_field = own
    for field, pointer in properties.items():
        if field == id_field:
            continue
        resource, basis = _find_resource(to_snake(field), identities)
        if not resource or resource == name:
            continue
        at = reader.items_at(pointer) if reader.kind_at(pointer) == "array" else pointer
        is_bare = not to_snake(field).endswith(_SUFFIXES)
        if at is not None and _is_alike(reader, at, identities[resource], is_bare=is_bare):
            yield Reference(field=field, resource=resource, basis=basis, because=f"{field} is named after {resource}")


def _find_resource(snake: str, identities: Mapping[str, str]) -> tuple[str, Basis]:
    """Return the resource to which a field refers by its name, empty for none: ``customer`` for ``customer_id``."""
    for suffix in _SUFFIXES:
        if snake.endswith(suffix):
            stem = snake.removesuffix(suffix)
            if stem in identities:
                return stem, "inferred"
            found = _find_person(stem, identities)
            return found if found[0] else _find_tail(stem, identities)
    if to_singular(snake) in identities:
        return to_singular(snake), "inferred" if snake in identities else "assumed"
    return _find_person(snake, identities) if snake in _PEOPLE else ("", "assumed")


def _find_person(stem: str, identities: Mapping[str, str]) -> tuple[str, Basis]:
    if stem not in _PEOPLE:
        return "", "assumed"
    return next((name for name in _USERS if name in identities), ""), "assumed"


def _find_tail(stem: str, identities: Mapping[str, str]) -> tuple[str, Basis]:
    """Return the resource at the end of a name: ``address`` for ``billing_address_id``."""
    words: Sequence[str] = stem.split("_")
    for start in range(1, len(words)):
        if (tail := "_".join(words[start:])) in identities:
            return tail, "assumed"
    return "", "assumed"


def _is_alike(reader: SchemaReader, pointer: str, identity: str, *, is_bare: bool) -> bool:
    """Tell whether a field can hold an id: its type and format are those of the id.

    The name of a resource alone (``customer``) may as well be a word about it: a text of any form has to be called an
    id by its description, or to have the pattern of one.
    """
    if not identity:
        return False
    left, right = reader.resolve(pointer)[0], reader.resolve(identity)[0]
    kinds = reader.kind_at(pointer), reader.kind_at(identity)
    form = left.get("format")
    if "enum" in left or kinds[0] != kinds[1] or kinds[0] not in _ID_KINDS or form != right.get("format"):
        return False
    is_open = is_bare and kinds[0] == "string" and form is None
    has_pattern = "pattern" in left and left["pattern"] == right.get("pattern")
    return not is_open or has_pattern or bool(_ID_WORDS.search(str(left.get("description", ""))))
