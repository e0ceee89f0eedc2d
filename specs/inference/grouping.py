"""Operations about one collection, or about one thing that there is once, brought together by their paths."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from specduet.specs.inference.paths import PathShape
from specduet.specs.inference.row_shapes import find_success
from specduet.specs.inference.survey import SurveyedOperation
from specduet.specs.inference.words import split_words, to_singular, to_snake, word_set

_FILE_WORDS = word_set("content contents download file raw media binary data stream attachment blob body")
_STREAM_WORDS = word_set("events event stream watch updates progress status")
_VERBS = frozenset(
    ["create", "add", "new", "list", "get", "update", "delete", "remove", "fetch", "upload", "edit", "search"]
)
_MYSELF = frozenset(["me", "self", "current"])


@dataclass(slots=True)
class OperationGroup:
    """The operations of one collection: those of its path, those of its items, and actions on these."""

    shape: PathShape
    #: operations whose path is the collection's
    whole: list[SurveyedOperation] = field(default_factory=list)
    #: operations whose path ends with the id of an item
    items: list[SurveyedOperation] = field(default_factory=list)
    #: operations below an item: actions, and downloads of its file
    below: list[SurveyedOperation] = field(default_factory=list)
    #: operations that ask whether there is an item
    checks: list[SurveyedOperation] = field(default_factory=list)
    #: its items are items of another collection that have joined it: ``/teams/{id}/members/{userId}``
    has_members: bool = False

    @property
    def is_single(self) -> bool:
        """Tell whether there is one row, found without an id: a path without an item that is read or changed."""
        if self.items:
            return False
        roles = {entry.role for entry in self.whole}
        return "list" not in roles and bool(roles & {"fetch", "replace", "update", "delete"})

    @property
    def is_myself(self) -> bool:
        """Tell whether its one row is the caller's own: ``/me``, ``/users/current``."""
        return self.is_single and to_snake(self.shape.last) in _MYSELF

    @property
    def noun(self) -> str:
        """The singular of the path's last word that is no verb: ``order``."""
        return name_rows(self.shape)

    def find(self, *roles: str) -> list[SurveyedOperation]:
        """Return the operations with one of the roles, those of the collection first."""
        return [entry for entry in (*self.whole, *self.items) if entry.role in roles]


@lru_cache(maxsize=4096)
def name_rows(shape: PathShape) -> str:
    """Return the name of a row of a collection: ``order`` for ``/orders`` and ``/orders/create``."""
    nouns = [to_singular(to_snake(part)) for part in shape.parts if part[0] != "{"]
    while len(nouns) > 1 and nouns[-1] in _VERBS:
        nouns.pop()
    if nouns and nouns[-1] in _MYSELF:
        return "_".join(["current", *nouns[-2:-1]]) if len(nouns) > 1 and nouns[-2] not in {"v1", "v2"} else "me"
    return (nouns[-1] if nouns else "") or "row"


def group_operations(surveyed: Sequence[SurveyedOperation]) -> dict[str, OperationGroup]:
    """Return the groups by the key of their collection's path, in the order of the document."""
    groups: dict[str, OperationGroup] = {}
    below: list[SurveyedOperation] = []
    for entry in surveyed:
        shape = entry.shape
        if entry.role == "other" or (shape.verb and not shape.is_item):
            continue
        if entry.key is not None:
            group = _find_group(groups, shape)
            (group.below if entry.role == "action" else group.items).append(entry)
        elif shape.is_item and entry.role != "list" and shape.above.parts:
            group = _find_group(groups, shape.above)
            (group.below if shape.verb else group.items).append(entry)
        elif _is_below(entry):
            below.append(entry)
        else:
            _find_group(groups, shape).whole.append(entry)
    for entry in surveyed:
        is_check = entry.role == "other" and entry.operation.method == "GET" and entry.rows.kind == "none"
        if is_check and entry.shape.is_item and not entry.shape.verb and entry.shape.above.key in groups:
            groups[entry.shape.above.key].checks.append(entry)
    for entry in below:  # its item's group may come later in the document
        _add_below(groups, entry)
    return groups


def _find_group(groups: dict[str, OperationGroup], shape: PathShape) -> OperationGroup:
    return groups.setdefault(shape.key, OperationGroup(shape))


def _is_below(entry: SurveyedOperation) -> bool:
    """Tell whether an operation with a literal at the end of its path is about the item above it."""
    if entry.shape.is_item or entry.call is not None:
        return False
    return entry.role == "action" or is_file_path(entry) or is_stream_path(entry)


def is_stream_path(entry: SurveyedOperation) -> bool:
    """Tell whether the operation streams server-sent events of the item above: ``GET /jobs/{id}/events``."""
    words = split_words(entry.shape.last)
    response = find_success(entry.operation)
    is_about_item = entry.operation.method == "GET" and entry.shape.above.is_item
    is_stream = response is not None and any("event-stream" in media_type for media_type in response.content)
    return is_about_item and is_stream and bool(words) and words[-1] in _STREAM_WORDS


def is_file_path(entry: SurveyedOperation) -> bool:
    """Tell whether the operation reads or writes the file of the item above: ``GET /files/{id}/content``."""
    words = split_words(entry.shape.last)
    is_file = bool(words) and words[-1] in _FILE_WORDS and entry.shape.above.is_item
    return is_file and entry.role == "fetch" and entry.rows.kind == "none"


def _add_below(groups: Mapping[str, OperationGroup], entry: SurveyedOperation) -> None:
    above = entry.shape.above
    group = groups.get(above.above.key) if above.is_item else groups.get(above.key)
    if group is not None and (above.is_item or group.is_single):
        group.below.append(entry)


Parents = list[tuple[str, "OperationGroup | None"]]


def find_parents(shape: PathShape, groups: Mapping[str, OperationGroup]) -> Parents:
    """Return the parameters of a collection's path, outermost first, each with the collection whose items it names."""
    found: Parents = []
    while shape.parts:
        if shape.is_item and shape.parameter in shape.parameters:
            group = groups.get(shape.above.key)
            found.insert(0, (shape.parameter, group if group is not None and not group.is_single else None))
        shape = shape.above
    return found


def list_entries(groups: Iterable[OperationGroup]) -> Iterable[tuple[OperationGroup, SurveyedOperation]]:
    """Yield each operation with its group."""
    for group in groups:
        for entry in (*group.whole, *group.items, *group.below, *(group.checks if group.has_members else ())):
            yield group, entry


def find_file_keys(groups: Mapping[str, OperationGroup], kinds: Container[str]) -> set[str]:
    """Return the keys of the groups without rows that may be the one file of an item: ``/users/{}/avatar``."""
    found: dict[str, list[str]] = {}
    for key, group in groups.items():
        if key not in kinds and group.shape.above.is_item and not group.items and not group.find("list"):
            found.setdefault(group.shape.above.key, []).append(key)
    return {keys[0] for keys in found.values() if len(keys) == 1}
