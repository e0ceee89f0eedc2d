"""Unusual rows: further fields, missing nulls, other spellings of timestamps and ids."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from tests.catalogue.changes import FakeCall, RowHook
from tests.catalogue.fake_world import FakeRow
from tests.catalogue.probe_client import ID_FIELDS
from tests.catalogue.variant import Variant, unusual_servers


def add_extra_fields(row: FakeRow, _call: FakeCall, _known: FakeRow) -> FakeRow:
    config = row.get("crew_config")
    more = {"crew_config": {**config, "memory": True}} if config else {}
    return {
        **row,
        **more,
        "_links": {"self": "/x"},
        "region": "eu-1",
        "updated_at": "yesterday",
        "score": 0.5,
        "parent": None,
    }


def drop_nulls(row: FakeRow, _call: FakeCall, _known: FakeRow) -> FakeRow:
    return {name: value for name, value in row.items() if value is not None}


def keep_required(row: FakeRow, call: FakeCall, _known: FakeRow) -> FakeRow:
    required = {
        "nx1": ("id", "correlation_id", "owner_id", "status", "created_at"),
        "cloudcruise": ("session_id", "status"),
        "seekrflow": (
            "id",
            "created_at",
            "agent_id",
            "thread_id",
            "status",
            "model",
            "temperature",
            "top_p",
            "parallel_tool_calls",
        ),
    }[call.api]
    return {name: row[name] for name in required}


def format_timestamps(to_text: Callable[[datetime], str]) -> RowHook:
    def change_row(row: FakeRow, _call: FakeCall, known: FakeRow) -> FakeRow:
        known_values = ((name, value, known.get(name)) for name, value in row.items())
        return {name: to_text(real) if isinstance(real, datetime) else value for name, value, real in known_values}

    return change_row


_INDIA = timezone(timedelta(hours=5, minutes=30))


def capitalize_ids(row: FakeRow, _call: FakeCall, _known: FakeRow) -> FakeRow:
    names = ("id", "session_id", "workflow_id", "workspace_id")
    return {name: value.upper() if name in names and value else value for name, value in row.items()}


def reverse_keys(row: FakeRow, _call: FakeCall, _known: FakeRow) -> FakeRow:
    return dict(sorted(row.items(), reverse=True))


UNUSUAL_SERVERS: tuple[Variant, ...] = (
    *unusual_servers(
        "extra-fields",
        "rows have fields that the page does not name",
        lambda c: "region" in c.get_rows()[0],
        row=add_extra_fields,
    ),
    *unusual_servers(
        "no-nulls",
        "what is null is left out",
        lambda c: any(len(row) != len(c.get_rows()[0]) for row in c.get_rows()),
        row=drop_nulls,
    ),
    *unusual_servers(
        "required-only",
        "optional fields are never sent",
        lambda c: len(c.get_rows()[0]) in {2, 5, 9},
        row=keep_required,
    ),
    *unusual_servers(
        "offsets",
        "moments have an offset from UTC",
        lambda c: "+05:30" in c.get_rows()[0]["created_at"],
        row=format_timestamps(lambda timestamp: timestamp.astimezone(_INDIA).isoformat()),
    ),
    *unusual_servers(
        "nanoseconds",
        "moments have nine digits after the second",
        lambda c: c.get_rows()[0]["created_at"].endswith("000Z"),
        "nx1 seekrflow",
        row=format_timestamps(lambda timestamp: f"{timestamp.strftime('%Y-%m-%dT%H:%M:%S.%f')}000Z"),
    ),
    *unusual_servers(
        "upper-ids",
        "UUIDs are in capitals",
        lambda c: c.get_rows()[0][ID_FIELDS[c.api]].isupper(),
        "cloudcruise",
        row=capitalize_ids,
    ),
    *unusual_servers(
        "keys-reversed",
        "keys come in another order",
        lambda c: list(c.get_rows()[0]) == sorted(c.get_rows()[0], reverse=True),
        row=reverse_keys,
    ),
)
