"""Collections whose items are items of another one: the people of a team, added and removed by their ids."""

from collections.abc import Mapping

from specduet.specs.inference.grouping import OperationGroup
from specduet.specs.inference.identities import name_parent
from specduet.specs.inference.survey import SurveyedOperation
from specduet.specs.inference.words import to_snake
from specduet.specs.inference.writes import read_sent
from specduet.specs.schema_reader import SchemaReader

_LEAST_SHARED = 0.5  # of the properties of a member that rows of the other collection have, too


def find_member_collection(
    reader: SchemaReader, groups: Mapping[str, OperationGroup], rows: Mapping[str, str], key: str
) -> str | None:
    """Return the key of the collection whose items join a collection; None where its items are its own."""
    group = groups[key]
    properties = reader.properties_at(rows[key]) if rows[key] else {}
    is_below = group.shape.above.is_item and group.shape.parameters
    if not properties or not is_below or not group.find("delete") or not group.find("list") or group.find("update"):
        return None
    joining = [entry for entry in group.items if entry.operation.method == "PUT"] + group.find("create")
    if not joining or any(_sends_row(reader, entry, properties) for entry in joining):
        return None
    noun = name_parent(group.find("delete")[0].item_parameter[0])
    others = [other for other in groups if other != key and groups[other].items and not groups[other].is_single]
    found = [other for other in others if groups[other].noun == noun and _is_alike(reader, rows[other], properties)]
    same = [other for other in others if rows[other] == rows[key] and rows[key].startswith("/components/")]
    chosen = found or (same if len(same) == 1 else [])
    return min(chosen, key=lambda other: len(groups[other].shape.parts), default=None)


def _sends_row(reader: SchemaReader, entry: SurveyedOperation, properties: Mapping[str, str]) -> bool:
    """Tell whether a request brings a row of its own: fields that rows have, and not the id of another row alone."""
    sent = read_sent(reader, entry.operation, entry.shape.noun)
    is_post = entry.operation.method == "POST"
    return any(name in properties and not is_id(name) for name in sent) or (is_post and not any(map(is_id, sent)))


def is_id(name: str) -> bool:
    """Tell whether a property has the name of an id: ``id``, ``userId``, ``username``."""
    return to_snake(name).rpartition("_")[2] in {"id", "uuid", "gid", "username", "login", "email"}


def _is_alike(reader: SchemaReader, pointer: str, properties: Mapping[str, str]) -> bool:
    """Tell whether rows of another collection can be shown as members: they have most of their properties."""
    known = reader.properties_at(pointer) if pointer else {}
    return sum(name in known for name in properties) >= _LEAST_SHARED * len(properties)


def find_sent_id(reader: SchemaReader, entry: SurveyedOperation, parameter: str, noun: str) -> str | None:
    """Return the property of a body that has the id of the row which joins, None where none has it."""
    snakes = {to_snake(name): name for name in read_sent(reader, entry.operation, entry.shape.noun)}
    names = (to_snake(parameter), f"{noun}_id", "user_id", "id", f"{entry.shape.noun}_id", "username", "login", "email")
    return next((snakes[name] for name in names if name in snakes), None)
