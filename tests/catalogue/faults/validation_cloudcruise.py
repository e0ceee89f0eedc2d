"""Faults of validation at CloudCruise: bad queries that are served, and good ones that are refused.

Habits that a server may well have on purpose are not among them: ``0x10`` for 16, blanks around a member, and an
empty text for a parameter that is left out, as the page shows no error response for it.
"""

import re
import uuid
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from pydantic import BeforeValidator, Field

from tests.catalogue.changes import FakeAnswer, FakeCall
from tests.catalogue.faults.declarations import (
    declare_query,
    lower_case,
    probe_accepted,
    probe_rejected,
    read_or_default,
)
from tests.catalogue.operations import CLOUDCRUISE_LIST
from tests.catalogue.parameters import REQUIRED, BrowserStatus
from tests.catalogue.variant import Variant, fault

_LAST_MONTH = {"start_time": (datetime.now().astimezone() - timedelta(days=29)).isoformat()}


def refuse_requeued(value: Any) -> Any:
    return "refused" if value == "execution.requeued" else value


async def refuse_after_a_week(call: FakeCall) -> FakeAnswer | None:
    start = call.values.get("start_time")
    if start and start.tzinfo and start < call.clock.now() - timedelta(days=7):
        body = {"statusCode": 400, "error": "Bad Request", "message": "start_time is too old"}
        return FakeAnswer(400, body)
    return None


def roll_over_february(value: Any) -> Any:
    """Return the second of March for the thirtieth of February, as ``new Date()`` does."""
    found = re.match(r"(\d{4})-02-(29|30|31)(T.*)", value) if isinstance(value, str) else None
    return f"{found[1]}-03-0{int(found[2]) - 28}{found[3]}" if found else value


def read_hex_digits(value: Any) -> Any:
    """Return a UUID for any number of hexadecimal digits and dashes."""
    is_hex = isinstance(value, str) and re.fullmatch(r"[0-9a-fA-F-]+", value)
    return str(uuid.UUID(int=int(value.replace("-", "") or "0", 16) % 2**128)) if is_hex else value


_fault = partial(fault, family="validation", clauses="SD301")

FAULTS: tuple[Variant, ...] = (
    _fault(
        "cloudcruise-list-accepts-limit-zero",
        CLOUDCRUISE_LIST,
        "limit may be 0",
        probe_accepted({"limit": 0}),
        declare=declare_query(CLOUDCRUISE_LIST, "limit", int, default=1000, ge=0, le=10_000),
    ),
    _fault(
        "cloudcruise-list-accepts-limit-negative",
        CLOUDCRUISE_LIST,
        "limit may be -5",
        probe_accepted({"limit": -5}),
        declare=declare_query(CLOUDCRUISE_LIST, "limit", int, default=1000, le=10_000),
    ),
    _fault(
        "cloudcruise-list-accepts-limit-too-many",
        CLOUDCRUISE_LIST,
        "limit may be 10001",
        probe_accepted({"limit": 10_001}),
        declare=declare_query(CLOUDCRUISE_LIST, "limit", int, default=1000, ge=1),
    ),
    _fault(
        "cloudcruise-list-accepts-limit-text",
        CLOUDCRUISE_LIST,
        "limit may be any text",
        probe_accepted({"limit": "many"}),
        declare=declare_query(
            CLOUDCRUISE_LIST, "limit", int, read_or_default(1000, int), default=1000, ge=1, le=10_000
        ),
    ),
    _fault(
        "cloudcruise-list-accepts-status-unknown",
        CLOUDCRUISE_LIST,
        "status may be a status that does not exist",
        probe_accepted({"status": "execution.archived"}),
        declare=declare_query(CLOUDCRUISE_LIST, "status", BrowserStatus | None, read_or_default(None, BrowserStatus)),
    ),
    _fault(
        "cloudcruise-list-accepts-status-upper",
        CLOUDCRUISE_LIST,
        "status may be a status in capitals",
        probe_accepted({"status": "EXECUTION.START"}),
        declare=declare_query(CLOUDCRUISE_LIST, "status", BrowserStatus | None, BeforeValidator(lower_case)),
    ),
    _fault(
        "cloudcruise-list-accepts-workflow_id-text",
        CLOUDCRUISE_LIST,
        "workflow_id may be what is no UUID",
        probe_accepted({"workflow_id": "invoices"}),
        declare=declare_query(CLOUDCRUISE_LIST, "workflow_id", str | None),
    ),
    _fault(
        "cloudcruise-list-accepts-start_time-text",
        CLOUDCRUISE_LIST,
        "start_time may be what is no moment",
        probe_accepted({"start_time": "yesterday"}),
        declare=declare_query(
            CLOUDCRUISE_LIST, "start_time", datetime | None, read_or_default(None, datetime.fromisoformat)
        ),
    ),
    _fault(
        "cloudcruise-list-accepts-cursor-text",
        CLOUDCRUISE_LIST,
        "cursor may be what is no moment",
        probe_accepted({"cursor": "next"}),
        declare=declare_query(
            CLOUDCRUISE_LIST, "cursor", datetime | None, read_or_default(None, datetime.fromisoformat)
        ),
    ),
    _fault(
        "cloudcruise-list-rejects-limit-most",
        CLOUDCRUISE_LIST,
        "limit is refused 10000",
        probe_rejected({"limit": 10_000}),
        clauses="SD305",
        declare=declare_query(CLOUDCRUISE_LIST, "limit", int, default=1000, ge=1, lt=10_000),
    ),
    _fault(
        "cloudcruise-list-rejects-limit-one",
        CLOUDCRUISE_LIST,
        "limit is refused 1",
        probe_rejected({"limit": 1}),
        clauses="SD305",
        declare=declare_query(CLOUDCRUISE_LIST, "limit", int, default=1000, gt=1, le=10_000),
    ),
    _fault(
        "cloudcruise-list-rejects-limit-over-500",
        CLOUDCRUISE_LIST,
        "limit is refused 501",
        probe_rejected({"limit": 501}),
        clauses="SD305",
        declare=declare_query(CLOUDCRUISE_LIST, "limit", int, default=500, ge=1, le=500),
    ),
    _fault(
        "cloudcruise-list-rejects-status-requeued",
        CLOUDCRUISE_LIST,
        "status is refused execution.requeued",
        probe_rejected({"status": "execution.requeued"}),
        clauses="SD305",
        declare=declare_query(
            CLOUDCRUISE_LIST, "status", BrowserStatus | None, Field(exclude=True), BeforeValidator(refuse_requeued)
        ),
    ),
    _fault(
        "cloudcruise-list-rejects-start_time-absent",
        CLOUDCRUISE_LIST,
        "start_time is refused when it is absent",
        probe_rejected({}),
        clauses="SD305",
        declare=declare_query(CLOUDCRUISE_LIST, "start_time", datetime, default=REQUIRED),
    ),
    _fault(
        "cloudcruise-list-rejects-start_time-offset",
        CLOUDCRUISE_LIST,
        "start_time is refused with an offset from UTC",
        probe_rejected(_LAST_MONTH),
        clauses="SD305",
        declare=declare_query(
            CLOUDCRUISE_LIST,
            "start_time",
            datetime | None,
            BeforeValidator(lambda value: value if value is None or value.endswith("Z") else "refused"),
        ),
    ),
    _fault(
        "cloudcruise-list-rejects-credential_id-text",
        CLOUDCRUISE_LIST,
        "credential_id is refused when it is no UUID",
        probe_rejected({"credential_id": "vault-user-northwind"}),
        clauses="SD305",
        declare=declare_query(CLOUDCRUISE_LIST, "credential_id", uuid.UUID | None),
    ),
    _fault(
        "cloudcruise-list-rejects-last-week",
        CLOUDCRUISE_LIST,
        "a start_time older than a week is refused, though 31 days are documented",
        lambda c: c.get(query=_LAST_MONTH).status != 200,
        clauses="SD3 SD5",
        before=refuse_after_a_week,
    ),
    _fault(
        "cloudcruise-list-accepts-workflow_id-digits",
        CLOUDCRUISE_LIST,
        "workflow_id may be any hexadecimal digits",
        probe_accepted({"workflow_id": "123"}),
        declare=declare_query(CLOUDCRUISE_LIST, "workflow_id", str | None, BeforeValidator(read_hex_digits)),
    ),
    _fault(
        "cloudcruise-list-accepts-cursor-impossible",
        CLOUDCRUISE_LIST,
        "the thirtieth of February is a cursor",
        probe_accepted({"cursor": "2026-02-30T00:00:00Z"}),
        declare=declare_query(CLOUDCRUISE_LIST, "cursor", datetime | None, BeforeValidator(roll_over_february)),
    ),
    _fault(
        "cloudcruise-list-accepts-status-short",
        CLOUDCRUISE_LIST,
        "a status may lack its first word",
        probe_accepted({"status": "queued"}),
        declare=declare_query(
            CLOUDCRUISE_LIST,
            "status",
            BrowserStatus | None,
            BeforeValidator(
                lambda value: f"execution.{value}" if isinstance(value, str) and "." not in value else value
            ),
        ),
    ),
    _fault(
        "cloudcruise-list-rejects-cursor-fraction",
        CLOUDCRUISE_LIST,
        "a cursor with a fraction of a second is refused",
        probe_rejected({"cursor": "2026-02-15T10:00:00.250Z"}),
        clauses="SD305",
        declare=declare_query(
            CLOUDCRUISE_LIST,
            "cursor",
            datetime | None,
            BeforeValidator(lambda value: "x" if isinstance(value, str) and "." in value else value),
        ),
    ),
    _fault(
        "cloudcruise-list-rejects-credential_id-long",
        CLOUDCRUISE_LIST,
        "a credential_id of more than 64 letters is refused",
        probe_rejected({"credential_id": "v" * 80}),
        clauses="SD305",
        declare=declare_query(CLOUDCRUISE_LIST, "credential_id", str | None, max_length=64),
    ),
    _fault(
        "cloudcruise-list-rejects-credential_id-letters",
        CLOUDCRUISE_LIST,
        "a credential_id with other signs than letters, digits and dashes is refused",
        probe_rejected({"credential_id": "team a/b"}),
        clauses="SD305",
        declare=declare_query(CLOUDCRUISE_LIST, "credential_id", str | None, pattern="^[\\w-]*$"),
    ),
)
