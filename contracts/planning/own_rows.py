"""The rows that a run has created: only these are changed, deleted or acted on.

A row is told by the collection that it was created in and by its id there: what the response to the creation shows as
id, name or key, or the end of the address in ``Location``. Where statements say which resource is created, a row is
told by that, too, and by the field that an operation looks rows up by, wherever the paths of the two are. An id that
was shown before a creation belongs to somebody else.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from specduet.contracts.analysis.row_values import read_located_rows
from specduet.contracts.oracle.addresses import extract_path_texts
from specduet.contracts.oracle.url_text import read_address_end
from specduet.contracts.planning.harm import acts_on_row, list_row_parameters, order_path_parameters
from specduet.contracts.planning.row_paths import fill_row_path, to_path_text
from specduet.contracts.recording import Exchange, Row
from specduet.specs import Api, Operation, Parameter
from specduet.specs.inference.paths import make_shape, parse_path
from specduet.specs.inference.words import split_words, to_snake

_ID_NAMES = ("id", "uuid", "uid", "guid", "_id", "key", "name", "slug", "code", "number", "identifier", "pk")
_MIN_LENGTH = 8
"""Letters of a text that no row has by chance; a shorter one, such as ``1`` or ``default``, may name a row."""
_MIN_NUMBER = 500_000
_MAX_TEXTS = 5_000
_NUMERAL = re.compile(r"\d")  # some services read `1abc`, `0x10` and `1.0` as numbers


@dataclass(frozen=True)
class OwnRow:
    """A row that the run has created."""

    collection: str
    """The path of its collection without the names of parameters: ``/projects/{}/tasks``."""
    path: Mapping[str, str]
    """The path parameters of its collection, in the order of the path."""
    texts: Mapping[str, str]
    """What can be its id in a path, by the name of the field; ``""`` for the end of its address."""
    resource: str = ""
    """The resource that its creation states, empty for none."""
    row: Row = field(default_factory=dict)
    """The row as the response shows it, where a resource is stated."""

    @property
    def above(self) -> tuple[str, ...]:
        """The values of the path parameters of its collection."""
        return tuple(self.path.values())


@dataclass
class OwnRows:
    """The rows of one API that the run has created, and the ids that others had before."""

    api: Api
    named: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Values by the name of a path parameter that the operator has given: he answers for these rows."""
    rows: list[OwnRow] = field(default_factory=list)
    unnamed: Counter[str] = field(default_factory=Counter)
    """How often an operation has created a row that its response does not name, by its label."""
    _shown: dict[str, set[str]] = field(default_factory=dict)
    """Ids that responses have shown, by collection."""
    _shown_rows: dict[str, set[str]] = field(default_factory=dict)
    """Ids of rows that responses have shown, by resource."""
    _gone: set[tuple[str, str]] = field(default_factory=set)
    """Own rows that the run has deleted: collection and id."""

    # --------------------------------------------------------------------------------------------- observing

    def observe_exchange(self, operation: Operation, exchange: Exchange) -> None:
        """Remember the row that a request has created, and the ids that a response shows."""
        if not exchange.is_success:
            return
        if operation.method == "DELETE":
            self._forget_row(operation, exchange)
            return
        created = self._read_created(operation, exchange) if len(self.rows) < _MAX_TEXTS else []
        self.rows += created
        if operation.method == "GET":
            self._remember_shown(operation, exchange)

    def _read_created(self, operation: Operation, exchange: Exchange) -> list[OwnRow]:
        """Return the rows that a request has created."""
        shape, path = parse_path(operation.path), self._read_path(operation, exchange)
        stated = self._read_stated(operation, exchange)
        if operation.method == "PUT" and exchange.status == 201 and shape.is_item:
            above = dict(list(path.items())[:-1])
            return [OwnRow(shape.above.key, above, {"": list(path.values())[-1]})] if path else []
        is_creation = operation.method == "POST" and (operation.role.name == "create" or exchange.status == 201)
        all_stated = [OwnRow(shape.key, path, dict(_read_texts(row)), name, row) for name, row in stated]
        if not is_creation or shape.verb:
            return all_stated
        shown, texts = self._shown.get(shape.key, set()), dict[str, str]()
        for name, text in _find_ids(exchange):
            texts.setdefault(name, text)
        new = {name: text for name, text in texts.items() if text not in shown}
        if not texts:
            self.unnamed[operation.label] += 1
        if len(stated) > 1:
            return all_stated
        resource, row = stated[0] if stated else ("", {})
        return [OwnRow(shape.key, path, new, resource, row)] if new or stated else []

    def _read_stated(self, operation: Operation, exchange: Exchange) -> list[tuple[str, Row]]:
        """Return the rows of a response to a creation, with their resource: those that nobody had seen before."""
        creates = operation.behavior.creates
        resource = self.api.resources.get(creates.resource) if creates is not None else None
        if resource is None:
            return []
        known = self._shown_rows.setdefault(resource.name, set())
        found = []
        for _, row in read_located_rows(operation, exchange):
            text = to_path_text(row, resource.behavior.id.field)
            if text not in known:
                known |= {text} if text is not None else set()
                found.append((resource.name, row))
        return found

    def _read_path(self, operation: Operation, exchange: Exchange) -> dict[str, str]:
        texts = extract_path_texts(operation, exchange.request) or {}
        return {p.name: unquote(texts[p.name]) for p in order_path_parameters(operation) if p.name in texts}

    def _remember_shown(self, operation: Operation, exchange: Exchange) -> None:
        shape = parse_path(operation.path)
        collection = shape.above.key if shape.is_item else shape.key
        shown = self._shown.setdefault(collection, set())
        own = {text for row in self.rows if row.collection == collection for text in row.texts.values()}
        own |= {text for place, text in self._gone if place == collection}
        statement = operation.behavior.lists or operation.behavior.fetches
        resource = self.api.resources.get(statement.resource) if statement is not None else None
        if resource is not None:
            known = self._shown_rows.setdefault(resource.name, set())
            rows = read_located_rows(operation, exchange)
            ids = (to_path_text(row, resource.behavior.id.field) for _, row in rows)
            known |= {text for text in ids if text is not None and len(known) < _MAX_TEXTS}
        for row in find_objects(exchange.json, also_inner=True):
            shown |= {text for name, text in _read_texts(row) if len(shown) < _MAX_TEXTS and text not in own}

    def _forget_row(self, operation: Operation, exchange: Exchange) -> None:
        values = self._read_path(operation, exchange)
        parameter = next(reversed(order_path_parameters(operation)), None)
        if parameter is None or not values or not parse_path(operation.path).is_item:
            return
        text = values.get(parameter.name, "")
        for row in [row for row, texts in self._find_texts(operation, parameter) if text in texts]:
            self.forget_row(row, text)
            self._gone.add((find_collection(operation, parameter), text))

    def forget_row(self, row: OwnRow, text: str) -> None:
        """Remember that a row is gone; its id in paths is ``text``. It may be gone already: ids are used again."""
        if row in self.rows:
            self.rows.remove(row)
        self._gone.add((row.collection, text))
        resource = self.api.resources.get(row.resource)
        if resource is not None:
            known_id = to_path_text(row.row, resource.behavior.id.field)
            self._shown_rows.get(resource.name, set()).discard(known_id or "")

    # ----------------------------------------------------------------------------------------------- asking

    def needs_own_row(self, operation: Operation) -> bool:
        """Return whether a request may be sent only for rows of this run.

        A row may be added below any row that the document cannot create.
        """
        if not acts_on_row(operation):
            return False
        is_creation = operation.role.name == "create" and not parse_path(operation.path).is_item
        return not is_creation or any(self._can_create(operation, p) for p in list_row_parameters(operation))

    def is_protected(self, operation: Operation, path: Mapping[str, str]) -> bool:
        """Return whether a request would change a row of somebody else. What is below an own row is free."""
        if not self.needs_own_row(operation):
            return False
        return not any(self._is_free(operation, p, path.get(p.name, "")) for p in list_row_parameters(operation))

    def list_ids(self, operation: Operation, parameter: Parameter) -> Iterator[str]:
        """Yield the ids that own rows have for a path parameter, the latest first."""
        found = (texts[0] for _, texts in self._find_texts(operation, parameter))
        return (text for text in dict.fromkeys(found) if text)

    def _find_texts(self, operation: Operation, parameter: Parameter) -> Iterator[tuple[OwnRow, list[str]]]:
        """Yield the own rows that a path parameter can name, the latest first, each with what it is called there.

        That is the field of the statement, else the id of its collection, and the end of its address.
        """
        lookup, collection = operation.behavior.lookup, find_collection(operation, parameter)
        resource = lookup.resource if lookup is not None and lookup.parameter == parameter.name else ""
        for row in reversed(self.rows):
            texts = [to_path_text(row.row, lookup.field)] if lookup is not None and resource == row.resource else []
            if row.collection == collection:
                texts += [choose_text(row, parameter), row.texts.get("")]
            found = [text for text in texts if text]
            if found:
                yield row, found

    def list_paths(
        self, operation: Operation, observe: Callable[[Parameter], Iterable[str]]
    ) -> Iterator[dict[str, str]]:
        """Yield whole paths to own rows, or to what is below them; ``observe`` gives values of the parameters there."""
        ordered, lookup = order_path_parameters(operation), operation.behavior.lookup
        resource = lookup.resource if lookup is not None and lookup.parameter else ""
        stated = [row for row in reversed(self.rows) if resource and row.resource == resource]
        yield from filter(None, (fill_row_path(operation, row.row, row.path) for row in stated))
        for parameter in reversed([p for p in ordered if p in list_row_parameters(operation)]):
            collection, place = find_collection(operation, parameter), ordered.index(parameter)
            below = {later.name: next(iter(observe(later)), "") for later in ordered[place + 1 :]}
            names = [p.name for p in ordered[:place]]
            for row in reversed(self.rows):
                text = choose_text(row, parameter) if row.collection == collection else ""
                if text and len(row.above) == len(names) and all(below.values()):
                    yield {**dict(zip(names, row.above, strict=True)), parameter.name: text, **below}

    def _is_free(self, operation: Operation, parameter: Parameter, text: str) -> bool:
        """Return whether a value leads to a row of this run, to one that the operator has named, or to none."""
        collection = find_collection(operation, parameter)
        if (collection, text) in self._gone or text in self.named.get(parameter.name, ()):
            return True
        if any(text in texts for _, texts in self._find_texts(operation, parameter)):
            return True
        return text not in self._shown.get(collection, ()) and is_surely_unknown(parameter, text)

    def _can_create(self, operation: Operation, parameter: Parameter) -> bool:
        """Return whether the document has an operation that creates the row which a path parameter names."""
        return find_collection(operation, parameter) in self._creatable

    @cached_property
    def _creatable(self) -> frozenset[str]:
        return frozenset(
            parse_path(o.path).key for o in self.api.operations if o.role.name == "create" and o.method == "POST"
        )


def find_collection(operation: Operation, parameter: Parameter) -> str:
    """Return the path of the collection that a path parameter chooses a row of: ``/a/{}/b`` in ``/a/{x}/b/{id}``."""
    parts = parse_path(operation.path).parts
    place = next((i for i, part in enumerate(parts) if f"{{{parameter.name}}}" in part), len(parts))
    return make_shape(parts[:place]).key


def is_surely_unknown(parameter: Parameter, text: str) -> bool:
    """Return whether no row has a made-up text as its id: it is long, or a large number, and stands for nothing else.

    Examples of the document may name rows that exist. ``*`` and ``%`` stand for all rows in some services, quotes may
    end a statement of a database, and a path leads elsewhere.
    """
    if _has_other_type(parameter, text):
        return True
    examples = [
        *(parameter.schema.get("examples") or ()),
        parameter.schema.get("example"),
        parameter.schema.get("default"),
    ]
    if text in map(str, examples) or set(text) & set("*%'\"/\\;?#") or not text.strip(" ."):
        return False
    try:
        return abs(float(text)) >= _MIN_NUMBER
    except ValueError:
        return len(text.strip()) >= _MIN_LENGTH


def _has_other_type(parameter: Parameter, text: str) -> bool:
    """Return whether a text is no number where ids are numbers, or no UUID where they are UUIDs."""
    kinds = parameter.schema.get("type")
    if kinds in ("integer", "number"):
        return not _NUMERAL.search(text) and bool(text.strip(" ./?#*%"))
    return parameter.schema.get("format") == "uuid" and bool(re.fullmatch(r"[\w-]{1,20}", text))


def choose_text(row: OwnRow, parameter: Parameter) -> str:
    """Return the id of a row for a path parameter: the field of its name, else the id, else the end of the address."""
    name = to_snake(parameter.name)
    by_name = {to_snake(key): text for key, text in row.texts.items() if key}
    candidates = (name, name.rpartition("_")[2], *_ID_NAMES)
    return next((by_name[key] for key in candidates if key in by_name), row.texts.get("", ""))


def _find_ids(exchange: Exchange) -> Iterator[tuple[str, str]]:
    """Yield the texts of a response to a creation that can be the id of the row, by the name of their field."""
    if exchange.response is not None:
        end = read_address_end(exchange.response.get_header("location") or "")
        if end:
            yield "", end
    if isinstance(exchange.json, str):
        yield "id", exchange.json
    for row in list(find_objects(exchange.json, also_inner=True))[:50]:
        yield from _read_texts(row)


def find_objects(value: Any, *, also_inner: bool) -> Iterator[Mapping[str, Any]]:
    """Yield the object of a response, those in its arrays, and with ``also_inner`` those that are its properties."""
    if isinstance(value, list):
        yield from (row for row in value if isinstance(row, dict))
    elif isinstance(value, dict):
        yield value
        for inner in value.values():
            if also_inner and isinstance(inner, dict):
                yield inner
            elif isinstance(inner, list):
                yield from (row for row in inner if isinstance(row, dict))


def _read_texts(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the fields of a row that can be its id, as texts."""
    for name, value in row.items():
        if isinstance(value, str | int) and not isinstance(value, bool):
            words = split_words(name)
            is_id = name in _ID_NAMES or (words and words[-1] in {"id", "uuid", "key", "slug", "name"})
            if is_id and 0 < len(str(value)) <= 200:
                yield name, str(value)
