"""Orders of lists: the parameters that choose one, and the one without them."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from specduet.specs.inference.parameters import QueryParameter, find_named, flatten_properties, name_fields
from specduet.specs.inference.words import to_snake, word_list, word_set
from specduet.specs.list_statements import Order, Sort
from specduet.specs.schema_reader import SchemaReader

_CREATED = word_list(
    "created_at created created_on creation_date create_time date_created created_date creation_time "
    "created_time inserted_at creation_timestamp date_created_utc submitted_at "
    "uploaded_at posted_at placed_at registered_at recorded_at sent_at received_at added_at opened_at joined_at "
    "issued_at logged_at measured_at captured_at occurred_at happened_at ordered_at booked_at requested_at "
    "event_time event_date timestamp occurred time"
)
_SORTS = word_list(
    "sort sort_by sortby order_by orderby ordering sort_field sort_key sort_column sort_on sorting order sorted_by"
)
_DIRECTIONS = word_list(
    "direction sort_order sort_dir sort_direction order_direction order_dir dir sort_type order ordering_direction"
)
_SUFFIX = re.compile(r"^(.+?)(?:[_.: \-]?)(ascending|descending|asc|desc)$", re.IGNORECASE)
_MEMBERS = word_set("asc desc ascending descending")
_NEWEST = re.compile(
    r"(most\s+recent(ly)?|newest|latest)[^.]{0,60}\bfirst\b|reverse[- ]chronological"
    r"|(descending|desc)[^.]{0,40}\bcreat|creat[^.]{0,40}\bdescending|sorted by creation date, with the most recent",
    re.IGNORECASE,
)
_OLDEST = re.compile(
    r"oldest[^.]{0,60}\bfirst\b|(ascending|asc)\b[^.]{0,40}\bcreat|creat[^.]{0,40}\bascending"
    r"|\bin (the )?order (in which|that) (they|these) (were|are|have been) (creat|writ|add|sen|post|receiv|record|mad)"
    r"|\bin chronological order\b",
    re.IGNORECASE,
)


class SortReader:
    """Reader of the orders of one list."""

    def __init__(
        self, reader: SchemaReader, properties: Mapping[str, str], parameters: list[QueryParameter], description: str
    ) -> None:
        self._reader = reader
        self._properties = flatten_properties(reader, properties)
        self._snakes = name_fields(self._properties)
        self._parameters = parameters
        self._description = description
        #: names of the parameters that are about the order
        self.used: set[str] = set()

    def read_words(self) -> dict[str, Any]:
        """Return the statements on the order by their words: order and sort."""
        direction = next((p for p in self._parameters if p.snake in _DIRECTIONS and self._is_direction(p)), None)
        chosen = find_named(self._parameters, _SORTS, ("string", "", "array"))
        if chosen is direction:
            others = [parameter for parameter in self._parameters if parameter is not direction]
            chosen = find_named(others, _SORTS, ("string", "", "array"))
        sort = self._state_sort(chosen, direction) if chosen else None
        order = self._state_order(sort, chosen, direction)
        self.used |= {p.name for p in (chosen, direction) if p is not None}
        return {name: word for name, word in (("order", order), ("sort", sort)) if word is not None}

    def _is_direction(self, parameter: QueryParameter) -> bool:
        members = [str(member).lower() for member in self._reader.members_at(parameter.pointer)]
        if members:
            return set(members) <= _MEMBERS | {"1", "_1"}
        return parameter.snake != "order" or bool(re.search(r"\bdesc\b", parameter.description, re.IGNORECASE))

    def _state_sort(self, chosen: QueryParameter, direction: QueryParameter | None) -> Sort | None:
        pointer = chosen.pointer if chosen.kind != "array" else self._reader.items_at(chosen.pointer) or chosen.pointer
        members = [member for member in self._reader.members_at(pointer) if isinstance(member, str)]
        fields = {}
        for member in members:
            name = _strip_direction(member)
            field = self._find_field(name)
            if field is not None and field != name:
                fields[name] = field
        if not members:
            fields = {path.rpartition(".")[2]: path for path in self._snakes.values() if "." in path}
        if members and not any(self._find_field(_strip_direction(member)) for member in members):
            return None
        return Sort(
            parameter=chosen.name,
            direction=direction.name if direction else None,
            fields=fields,
            basis="inferred" if members else "assumed",
            because=f"{chosen.name} is the name of a sort key" + (", and its members are fields" if members else ""),
        )

    def _find_field(self, name: str) -> str | None:
        """Return the field that a sort key names: ``created`` names ``created_at``."""
        snake = to_snake(name)
        names = (*spell_time(snake), f"{snake}_id")
        found = find_field(self._snakes, names)
        if found is None and snake in {"newest", "oldest", "date", "created_at", "created", "recent", "creation_date"}:
            return find_created(self._snakes)
        return found

    def _find_only_time(self) -> str | None:
        """Return the field with a time, where rows have one alone."""
        times = [n for n, at in self._properties.items() if self._reader.resolve(at)[0].get("format") == "date-time"]
        return times[0] if len(times) == 1 else None

    def _state_order(
        self, sort: Sort | None, chosen: QueryParameter | None, direction: QueryParameter | None
    ) -> Order | None:
        default = chosen.schema.get("default") if chosen is not None and sort is not None else None
        text = f"{self._description} {chosen.description if chosen else ''}"
        way = self._read_direction(direction)
        if isinstance(default, str) and (field := self._find_field(_strip_direction(default))):
            way = _read_way(default) or way or "asc"
            return Order(by=field, direction=way, basis="inferred", because=f"the default of {sort and sort.parameter}")
        created = find_created(self._snakes) or self._find_only_time()
        if created is None:
            return None
        if _NEWEST.search(text) or _OLDEST.search(text):
            way = "desc" if _NEWEST.search(text) else "asc"
            parameter = direction.name if direction is not None and sort is None else None
            return Order(
                by=created, direction=way, parameter=parameter, basis="inferred", because="the description says so"
            )
        if direction is not None and sort is None:
            because = f"{direction.name} chooses a direction, and {created} is the only field of all lists"
            return Order(
                by=created, direction=way or "desc", parameter=direction.name, basis="assumed", because=because
            )
        return None

    def _read_direction(self, direction: QueryParameter | None) -> Literal["asc", "desc"] | None:
        if direction is None:
            return None
        return _read_way(str(direction.schema.get("default", "")))


def _strip_direction(key: str) -> str:
    """Return a sort key without its direction: ``created`` for ``-created`` and ``created_desc``."""
    key = key.strip().lstrip("+-").partition(",")[0]
    match = _SUFFIX.match(key)
    return match[1].rstrip("_.: -") if match else key


def _read_way(key: str) -> Literal["asc", "desc"] | None:
    """Return the direction in a sort key, None where it has none."""
    if key.startswith("-"):
        return "desc"
    match = re.search(r"(asc|desc)(ending)?$", key, re.IGNORECASE)
    if match is None:
        return None
    return "desc" if match[1].lower() == "desc" else "asc"


def find_created(snakes: Mapping[str, str]) -> str | None:
    """Return the field with the time at which a row was created."""
    return find_field(snakes, _CREATED)


def spell_time(snake: str) -> tuple[str, ...]:
    """Return the names that the time of an event may have: ``created``, ``created_at``, ``date_created``."""
    return (snake, f"{snake}_at", f"{snake}_on", f"{snake}_date", f"{snake}_time", f"date_{snake}")


def find_field(snakes: Mapping[str, str], names: Iterable[str]) -> str | None:
    """Return the first property that has one of the names."""
    return next((snakes[name] for name in names if name in snakes), None)
