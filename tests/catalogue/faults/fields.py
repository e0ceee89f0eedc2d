"""Faults of values, derived mechanically: each field, in each way it can break, by operation."""

import copy
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.catalogue.changes import Call
from tests.catalogue.client import Client, Probe
from tests.catalogue.variant import Variant, fault
from tests.catalogue.world import BROWSER_STATUSES, THREAD_STATUSES, Row

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")
MISSING = object()


@dataclass(frozen=True)
class Field:
    """A documented field: its path (``*`` is every item of an array), its kind, and whether it must be there or set.

    Kinds: text, uuid, moment, bool, integer, number, object, array, texts, objects, either (text or object), or the
    members of an enum.
    """

    path: str
    kind: str | tuple[str, ...]
    required: bool = False
    nullable: bool = False


def _fields(text: str) -> list[Field]:
    """``path kind flags`` a line; flags: ! required, ? nullable."""
    lines = (line.split() for line in text.strip().splitlines())
    return [Field(path, _ENUMS.get(kind, kind), "!" in flags, "?" in flags) for path, kind, flags in lines]


_ENUMS: dict[str, Any] = {
    "crew-status": ("pending", "running", "completed", "failed"),
    "browser-status": BROWSER_STATUSES,
    "thread-status": THREAD_STATUSES,
}

FIELDS = {
    "nx1": _fields("""
        id text !
        correlation_id text !
        owner_id text !
        status crew-status !
        created_at text !
        crew_type text ?
        task_input object ?
        result text ?
        error text ?
        started_at text ?
        completed_at text ?
        crew_config object ?
        crew_config.agents objects !
        crew_config.agents.*.role text !
        crew_config.agents.*.goal text !
        crew_config.agents.*.backstory text !
        crew_config.agents.*.verbose bool -
        crew_config.agents.*.allow_delegation bool -
        crew_config.agents.*.tools texts -
        crew_config.agents.*.tool_categories texts -
        crew_config.agents.*.use_default_mcps bool -
        crew_config.tasks objects !
        crew_config.tasks.*.description text !
        crew_config.tasks.*.agent_index integer -
        crew_config.tasks.*.expected_output text -
        crew_config.tasks.*.tools texts -
        crew_config.verbose bool -
        crew_config.process text -
    """),
    "cloudcruise": _fields("""
        session_id uuid !
        status browser-status !
        created_at moment ?
        workflow_id uuid ?
        workspace_id uuid ?
        execution_start moment ?
        execution_end moment ?
        dry_run bool ?
    """),
    "seekrflow": _fields("""
        id text !
        object text -
        created_at moment !
        agent_id text !
        thread_id text !
        status thread-status !
        is_active bool -
        started_at moment ?
        expires_at moment ?
        cancelled_at moment ?
        failed_at moment ?
        completed_at moment ?
        model text !
        instructions text ?
        tools objects -
        meta_data object -
        usage object ?
        usage.prompt_tokens integer !
        usage.completion_tokens integer !
        usage.total_tokens integer !
        temperature number !
        top_p number !
        max_completion_tokens integer ?
        truncation_strategy object -
        response_format either -
        tool_choice either -
        parallel_tool_calls bool !
    """),
}


# --------------------------------------------------------------------------------------------- ways to be wrong

_WRONG_TYPE: dict[str, Any] = {
    "text": 7,
    "uuid": 42,
    "moment": 1_700_000_000,
    "bool": "true",
    "integer": "12",
    "number": "0.5",
    "object": "{}",
    "array": {},
    "texts": [7],
    "objects": ["first"],
    "either": 3,
}
_ALMOST: dict[Any, tuple[tuple[str, Any], ...]] = {
    "moment": (("naive", "2026-02-15T10:00:00"), ("day", "2026-02-15"), ("blank", "")),
    "uuid": (("undashed", "0f8fad5bd9cb469fa16570867728950e"), ("blank", ""), ("cut", "0f8fad5b-d9cb-469f-a165")),
}
_WRONG_FORMAT = {"uuid": "run-000042", "moment": "15/02/2026 10:00", "integer": 12.5}


def ways(field: Field) -> Iterator[tuple[str, Any]]:
    """Every (name, value) that breaks a field; ``MISSING`` leaves it out."""
    if isinstance(field.kind, tuple):
        member = field.kind[2]
        yield from {"misspelt": member[:-1], "upper": member.upper(), "foreign": "archived", "empty": ""}.items()
    else:
        yield "type", _WRONG_TYPE[field.kind]
        if field.kind in _WRONG_FORMAT:
            yield "format", _WRONG_FORMAT[field.kind]
        if field.kind in _ALMOST:
            yield _ALMOST[field.kind][len(field.path) % 3]
    if field.required:
        yield "missing", MISSING
    if not field.nullable:
        yield "null", None


def good(field: Field, value: Any) -> bool:
    """Whether a value is what the page documents."""
    if value is MISSING:
        return not field.required
    if value is None:
        return field.nullable
    if isinstance(field.kind, tuple):
        return value in field.kind
    return _CHECKS[field.kind](value)


def _uuid(value: Any) -> bool:
    try:
        return isinstance(value, str) and str(uuid.UUID(value)) == value.lower()
    except ValueError:
        return False


def _moment(value: Any) -> bool:
    return isinstance(value, str) and bool(_MOMENT.match(value)) and bool(datetime.fromisoformat(value))


def _integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _listed(kind: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(isinstance(item, kind) for item in value)


_CHECKS: dict[str, Callable[[Any], bool]] = {
    "text": lambda value: isinstance(value, str),
    "uuid": _uuid,
    "moment": _moment,
    "bool": lambda value: isinstance(value, bool),
    "integer": _integer,
    "number": lambda value: _integer(value) or isinstance(value, float),
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "texts": _listed(str),
    "objects": _listed(dict),
    "either": lambda value: isinstance(value, str | dict),
}


def parents(row: Any, path: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Every object that should hold the last name of a path, where the way to it exists."""
    head, _, rest = path.partition(".")
    if head == "*":
        for item in row if isinstance(row, list) else ():
            yield from parents(item, rest)
    elif isinstance(row, dict):
        if not rest:
            yield row, head
        elif head in row:
            yield from parents(row[head], rest)


def broken(row: Row, path: str, value: Any) -> Row:
    """A copy of a row with the value put at every place of the path; null stays null where a type is wrong."""
    first, _, deeper = path.partition(".")
    row = {**row, first: copy.deepcopy(row[first])} if deeper and first in row else dict(row)
    for holder, name in parents(row, path):
        if value is MISSING:
            holder.pop(name, None)
        elif value is None or holder.get(name) is not None:
            holder[name] = value
    return row


def bad_rows(rows: list[Row], field: Field) -> list[Row]:
    """The rows that break the promise of a field."""
    return [row for row in rows if not all(good(field, at.get(name, MISSING)) for at, name in parents(row, field.path))]


def rows_of(client: Client, op: str) -> list[Row]:
    """What an operation shows of every run (of some, one by one)."""
    rows = client.rows()
    if op == "nx1.get":
        return [client.detail(row["id"]) for row in rows[:20]]
    return rows


def field_probe(op: str, field: Field) -> Probe:
    return lambda client: bool(bad_rows(rows_of(client, op), field))


def field_fault(op: str, field: Field, way: str, value: Any, **more: Any) -> Variant:
    """One field broken in one way in one operation, in every row."""

    def row_hook(row: Row, call: Call, _known: Row) -> Row:
        return broken(row, field.path, value) if call.op == op else row

    family = "enums" if isinstance(field.kind, tuple) else "types-formats"
    family = "required-nullable" if value is MISSING or value is None else family
    what = {"missing": "is left out", "null": "is null", "type": f"is {value!r}", "format": f"is {value!r}"}
    sentence = f"{field.path} {what.get(way, f'is {value!r}')} in every row that has it"
    name = f"{op.replace('.', '-')}-{field.path.replace('.*', '').replace('.', '-')}-{way}"
    return fault(name, op, family, sentence, field_probe(op, field), clauses=_clauses(field, way), row=row_hook, **more)


def _clauses(field: Field, way: str) -> str:
    """The one clause that says it most exactly; a null status is no member, either."""
    if isinstance(field.kind, tuple):
        return {"missing": "SD204", "null": "SD201 SD203"}.get(way, "SD201")
    exact = {"missing": "SD204", "null": "SD203", "type": "SD205", "format": "SD206"}
    return "SD205" if field.kind == "integer" and way == "format" else exact.get(way, "SD206")


def _derived() -> Iterator[Variant]:
    """Every field in every way; Nx1's rows are broken in the list and in the detail by turns."""
    turn = 0
    for api, fields in FIELDS.items():
        for field in fields:
            chosen = list(ways(field))
            if "*" in field.path:
                chosen = [chosen[len(field.path) % len(chosen)]]
            for way, value in chosen:
                turn += 1
                op = "nx1.get" if api == "nx1" and turn % 3 == 0 else f"{api}.list"
                yield field_fault(op, field, way, value)


VARIANTS = tuple(_derived())
