"""Ids of rows by the noun they belong to, in all spellings: ``id`` of a silence is the ``silenceID`` of a path.

    GET /silences -> [{"id": "a1"}]      noun silence, field id
    {"petId": 7}, {"pet": {"id": 7}}     noun pet, field id
    /pets/{id}, /pet/{petId}             noun pet, field id

Ids that a 2xx response has proven, since they stood in the path of its request, come first.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote

from specduet.contracts.oracle.addresses import extract_path_texts
from specduet.contracts.recording import NOT_JSON, Exchange
from specduet.specs import Operation, Parameter
from specduet.specs.inference.paths import parse_path
from specduet.specs.inference.words import split_words, to_singular, word_set

_MAX_IDS = 100
"""Ids of one noun and field that are remembered."""
_MAX_TEXT_LENGTH = 200
_MAX_DEPTH = 4
_MAX_OBJECTS = 200

_ID_FIELDS = word_set("id uuid guid gid key slug code name number sid uid")
"""Last words of the names of ids; ``id`` stands for all that are ids and nothing else."""
_PLAIN_IDS = word_set("id uuid guid gid uid sid")


class IdPlace(NamedTuple):
    """What an id belongs to: the singular noun, and the last word of its name."""

    noun: str
    field: str


class IdPool:
    """The ids that responses of one API have shown, and those that have led to a row."""

    def __init__(self) -> None:
        self._shown: dict[IdPlace, dict[Any, None]] = {}
        self._proven: dict[IdPlace, dict[Any, None]] = {}

    def observe_exchange(self, operation: Operation, exchange: Exchange) -> None:
        """Remember the ids of a 2xx response and of its path; forget the id of a row that was deleted."""
        if not exchange.is_success:
            return
        sent = extract_path_texts(operation, exchange.request) or {}
        places = [(place_of_parameter(operation, p), unquote(sent[p])) for p in sent]
        if operation.method == "DELETE":
            for place, text in places[-1:]:
                self._forget(place, text)
            return
        for place, text in places:
            if place is not None:
                _add_id(self._proven, place, text)
        if exchange.json is not NOT_JSON:
            for place, value in _find_ids(find_path_noun(operation.path), exchange.json):
                _add_id(self._shown, place, value)

    def list_ids(self, place: IdPlace | None) -> Iterator[Any]:
        """Yield the ids of a place, proven ones first, then the latest that were shown; each once, in its type."""
        if place is None:
            return
        seen = set()
        for known in (self._proven, self._shown):
            for candidate in _find_alike(place, known):
                for value in reversed(known.get(candidate, {})):
                    if str(value) not in seen:
                        seen.add(str(value))
                        yield value

    def has_proven(self, place: IdPlace | None) -> bool:
        """Return whether any id of a place has led to a row."""
        return bool(place is not None and self._proven.get(place))

    def is_proven(self, place: IdPlace | None, text: str) -> bool:
        """Return whether an id has led to a row."""
        return place is not None and text in self._proven.get(place, ())

    def _forget(self, place: IdPlace | None, text: str) -> None:
        for known in (self._proven, self._shown):
            ids = known.get(place, {}) if place is not None else {}
            for value in [value for value in ids if str(value) == text]:
                del ids[value]


def place_of_parameter(operation: Operation, name: str) -> IdPlace | None:
    """Return the place of a path parameter: its own noun, else that of the path in front of it."""
    front = operation.path.partition(f"{{{name}}}")[0]
    return place_of_name(name, find_path_noun(front))


def place_of_name(name: str, owner: str = "") -> IdPlace | None:
    """Return the place of a field or parameter; ``owner`` is the noun where the name has none. None for no id."""
    words = split_words(name)
    last = to_singular(words[-1]) if words else ""
    if last not in _ID_FIELDS:
        noun = to_singular("_".join(words))
        return IdPlace(noun, "id") if noun else None
    noun = to_singular("_".join(words[:-1])) or owner
    return IdPlace(noun, "id" if last in _PLAIN_IDS else last) if noun else None


def is_reference_name(name: str) -> bool:
    """Return whether a field is called after the id of something: ``customer_id``, ``assigneeIds``; not ``id``."""
    words = split_words(name)
    return len(words) > 1 and to_singular(words[-1]) in _PLAIN_IDS


def find_path_noun(path: str) -> str:
    """Return the singular of the last literal segment of a path: ``/v1/pets/{id}`` -> ``pet``."""
    literals = [part for part in parse_path(path).parts if "{" not in part]
    return to_singular("_".join(split_words(literals[-1]))) if literals else ""


def _find_alike(place: IdPlace, known: Mapping[IdPlace, Any]) -> Iterator[IdPlace]:
    """Yield the places that a name can mean: its own, then that of its last word: ``parent_task`` is a task."""
    yield place
    head, _, last = place.noun.rpartition("_")
    if head:
        yield IdPlace(last, place.field)
    if place.field not in {"id", "name"}:
        yield IdPlace(place.noun, "id")
    yield from (other for other in known if other.field == place.field and other.noun.endswith(f"_{place.noun}"))


def _find_ids(noun: str, value: Any, depth: int = 0) -> Iterator[tuple[IdPlace, Any]]:
    """Yield the ids in a body, each with its place; ``noun`` is what the body is about."""
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, list):
        for item in value[:_MAX_OBJECTS]:
            if isinstance(item, dict | list):
                yield from _find_ids(noun, item, depth + 1)
    elif isinstance(value, dict):
        for name, inner in value.items():
            words = split_words(name)
            if isinstance(inner, dict | list):
                own = to_singular("_".join(words)) if depth or _is_about_something_else(words, noun) else noun
                yield from _find_ids(own or noun, inner, depth + 1)
            elif words and to_singular(words[-1]) in _ID_FIELDS and _is_id(inner):
                place = place_of_name(name, noun)
                if place is not None:
                    yield place, inner


def _is_about_something_else(words: tuple[str, ...], noun: str) -> bool:
    """Return whether a property of a body is no envelope of what the body is about."""
    return bool(words) and words[-1] not in _ENVELOPES and to_singular("_".join(words)) != noun


_ENVELOPES = word_set("data items results result entries records rows list values content objects value response")


def _is_id(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool) and 0 < len(str(value)) <= _MAX_TEXT_LENGTH


def _add_id(known: dict[IdPlace, dict[Any, None]], place: IdPlace, value: Any) -> None:
    """Add an id as the latest; of too many, the oldest is forgotten."""
    ids = known.setdefault(place, {})
    ids.pop(value, None)
    ids[value] = None
    if len(ids) > _MAX_IDS:
        del ids[next(iter(ids))]


def find_parameter_place(operation: Operation, parameter: Parameter) -> IdPlace | None:
    """Return the place of any parameter; one that is not in the path has one only where it is called after an id."""
    if parameter.location == "path":
        return place_of_parameter(operation, parameter.name)
    return place_of_name(parameter.name) if is_reference_name(parameter.name) else None
