"""Rows that claim what cannot be, each true to the schema: hooks that change them, and probes that see them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from tests.catalogue.changes import FakeCall, RowHook
from tests.catalogue.fake_world import FakeRow, format_with_offset, format_zulu
from tests.catalogue.probe_client import FaultProbe, ProbeClient

RowClaim = Callable[[FakeRow], dict[str, Any]]
"""(the row as the world has it) -> the fields that the server shows otherwise."""


def claim_fields(claim: RowClaim) -> RowHook:
    """Return the hook that shows some fields of each row otherwise, timestamps in the API's own format."""
    return lambda row, _call, known: {**row, **_format_timestamps(claim(known), row)}


def _format_timestamps(fields: dict[str, Any], row: FakeRow) -> dict[str, Any]:
    is_zulu = str(row.get("created_at")).endswith("Z")
    to_text = format_zulu if is_zulu else format_with_offset
    return {name: to_text(value) if isinstance(value, datetime) else value for name, value in fields.items()}


def probe_rows(is_wrong: Callable[[FakeRow], bool]) -> FaultProbe:
    return lambda client: any(is_wrong(row) for row in client.get_rows())


def has_reversed_times(row: FakeRow, earlier: str, later: str) -> bool:
    """Return true for a row whose later timestamp is before its earlier one."""
    if not row[earlier] or not row[later]:
        return False
    return datetime.fromisoformat(row[later]) < datetime.fromisoformat(row[earlier])


def probe_set(status: str, name: str) -> FaultProbe:
    """Return a probe that is true where a row of this status has the field."""
    return probe_rows(lambda row: row["status"] == status and row[name] is not None)


def probe_unset(status: str, name: str) -> FaultProbe:
    """Return a probe that is true where a row of this status has no such field."""
    return probe_rows(lambda row: row["status"] == status and row[name] is None)


def share_id(row: FakeRow, _call: FakeCall, known: FakeRow) -> FakeRow:
    """Give two runs one id."""
    name = "session_id" if "session_id" in row else "id"
    return {**row, name: "0f8fad5b-d9cb-469f-a165-70867728950e"} if known["_rank"] in {4, 5} else row


def has_duplicate_ids(client: ProbeClient) -> bool:
    ids = [row.get("session_id") or row["id"] for row in client.get_rows()]
    return len(ids) != len(set(ids))
