"""The fields that the vendors' pages document, and a check of rows against them."""

import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.catalogue.fake_world import BROWSER_STATUSES, THREAD_STATUSES, FakeRow
from tests.catalogue.operations import NX1_GET
from tests.catalogue.probe_client import ProbeClient

_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")

MISSING = object()
"""The value of a field that is left out."""


@dataclass(frozen=True)
class DocumentedField:
    """One field of a row."""

    path: str
    """The names from the row to the field; ``*`` is every item of an array: ``crew_config.agents.*.role``."""
    kind: str | tuple[str, ...]
    """One of text, uuid, moment, bool, integer, number, object, array, texts, objects, either (a text or an object);
    or the members of an enum."""
    required: bool = False
    nullable: bool = False


def _parse_fields(text: str) -> list[DocumentedField]:
    """Return the fields of a table with ``path kind flags`` in each line. Flags: ! required, ? nullable."""
    lines = (line.split() for line in text.strip().splitlines())
    return [
        DocumentedField(path, _ENUM_MEMBERS.get(kind, kind), "!" in flags, "?" in flags) for path, kind, flags in lines
    ]


_ENUM_MEMBERS: dict[str, Any] = {
    "crew-status": ("pending", "running", "completed", "failed"),
    "browser-status": BROWSER_STATUSES,
    "thread-status": THREAD_STATUSES,
}


DOCUMENTED_FIELDS = {
    "nx1": _parse_fields("""
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
    "cloudcruise": _parse_fields("""
        session_id uuid !
        status browser-status !
        created_at moment ?
        workflow_id uuid ?
        workspace_id uuid ?
        execution_start moment ?
        execution_end moment ?
        dry_run bool ?
    """),
    "seekrflow": _parse_fields("""
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


def is_documented_value(field: DocumentedField, value: Any) -> bool:
    """Return true for a value that the page allows."""
    if value is MISSING:
        return not field.required
    if value is None:
        return field.nullable
    if isinstance(field.kind, tuple):
        return value in field.kind
    return _KIND_CHECKS[field.kind](value)


def _is_uuid(value: Any) -> bool:
    try:
        return isinstance(value, str) and str(uuid.UUID(value)) == value.lower()
    except ValueError:
        return False


def _is_timestamp(value: Any) -> bool:
    return isinstance(value, str) and bool(_TIMESTAMP.match(value)) and bool(datetime.fromisoformat(value))


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _has_items_of(kind: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(isinstance(item, kind) for item in value)


_KIND_CHECKS: dict[str, Callable[[Any], bool]] = {
    "text": lambda value: isinstance(value, str),
    "uuid": _is_uuid,
    "moment": _is_timestamp,
    "bool": lambda value: isinstance(value, bool),
    "integer": _is_integer,
    "number": lambda value: _is_integer(value) or isinstance(value, float),
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "texts": _has_items_of(str),
    "objects": _has_items_of(dict),
    "either": lambda value: isinstance(value, str | dict),
}


def find_parents(row: Any, path: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield (object, name) for every object that should hold the last name of a path, where the way to it exists."""
    head, _, rest = path.partition(".")
    if head == "*":
        for item in row if isinstance(row, list) else ():
            yield from find_parents(item, rest)
    elif isinstance(row, dict):
        if not rest:
            yield row, head
        elif head in row:
            yield from find_parents(row[head], rest)


def find_bad_rows(rows: list[FakeRow], field: DocumentedField) -> list[FakeRow]:
    """Return the rows in which a field is not as documented."""
    return [
        row
        for row in rows
        if not all(
            is_documented_value(field, holder.get(name, MISSING)) for holder, name in find_parents(row, field.path)
        )
    ]


def list_shown_rows(client: ProbeClient, op: str) -> list[FakeRow]:
    """Return every run as an operation shows it; of the detail the first twenty."""
    rows = client.get_rows()
    if op == NX1_GET:
        return [client.get_detail(row["id"]) for row in rows[:20]]
    return rows
