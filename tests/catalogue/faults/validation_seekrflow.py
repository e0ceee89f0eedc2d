"""Faults of validation at SeekrFlow: bad queries that are served, and good ones that are refused."""

import re
import uuid
from functools import partial
from typing import Any

from pydantic import BeforeValidator

from tests.catalogue.faults.declarations import (
    declare_header,
    declare_query,
    lower_case,
    probe_accepted,
    probe_rejected,
    read_or_default,
)
from tests.catalogue.operations import SEEKRFLOW_LIST
from tests.catalogue.parameters import REQUIRED, RunOrder
from tests.catalogue.probe_client import CREDENTIALS
from tests.catalogue.variant import Variant, fault


def parse_leading_digits(value: Any) -> Any:
    """Return the digits at the beginning of a text, as ``parseInt`` does."""
    found = re.match(r"\s*[+-]?\d+", value) if isinstance(value, str) else None
    return int(found[0]) if found else value


_fault = partial(fault, family="validation", clauses="SD301")

FAULTS: tuple[Variant, ...] = (
    _fault(
        "seekrflow-list-accepts-limit-negative",
        SEEKRFLOW_LIST,
        "limit may be -1",
        probe_accepted({"limit": -1}),
        declare=declare_query(SEEKRFLOW_LIST, "limit", int, default=20),
    ),
    _fault(
        "seekrflow-list-accepts-limit-text",
        SEEKRFLOW_LIST,
        "limit may be any text",
        probe_accepted({"limit": "ten"}),
        declare=declare_query(SEEKRFLOW_LIST, "limit", int, read_or_default(20, int), default=20, ge=0),
    ),
    _fault(
        "seekrflow-list-accepts-limit-fraction",
        SEEKRFLOW_LIST,
        "limit may be 1.5",
        probe_accepted({"limit": "1.5"}),
        declare=declare_query(
            SEEKRFLOW_LIST, "limit", int, BeforeValidator(lambda value: int(float(value))), default=20, ge=0
        ),
    ),
    _fault(
        "seekrflow-list-accepts-offset-negative",
        SEEKRFLOW_LIST,
        "offset may be -1",
        probe_accepted({"offset": -1}),
        declare=declare_query(
            SEEKRFLOW_LIST, "offset", int, BeforeValidator(lambda value: max(int(value), 0)), default=0
        ),
    ),
    _fault(
        "seekrflow-list-accepts-offset-text",
        SEEKRFLOW_LIST,
        "offset may be any text",
        probe_accepted({"offset": "x"}),
        declare=declare_query(SEEKRFLOW_LIST, "offset", int, read_or_default(0, int), default=0, ge=0),
    ),
    _fault(
        "seekrflow-list-accepts-order-unknown",
        SEEKRFLOW_LIST,
        "order may be an order that does not exist",
        probe_accepted({"order": "random"}),
        declare=declare_query(
            SEEKRFLOW_LIST, "order", RunOrder, read_or_default(RunOrder.DESC, RunOrder), default=RunOrder.DESC
        ),
    ),
    _fault(
        "seekrflow-list-accepts-order-upper",
        SEEKRFLOW_LIST,
        "order may be an order in capitals",
        probe_accepted({"order": "ASC"}),
        declare=declare_query(SEEKRFLOW_LIST, "order", RunOrder, BeforeValidator(lower_case), default=RunOrder.DESC),
    ),
    _fault(
        "seekrflow-list-accepts-order-empty",
        SEEKRFLOW_LIST,
        "order may be an empty order",
        probe_accepted({"order": ""}),
        declare=declare_query(
            SEEKRFLOW_LIST, "order", RunOrder, BeforeValidator(lambda value: value or "desc"), default=RunOrder.DESC
        ),
    ),
    _fault(
        "seekrflow-list-rejects-limit-zero",
        SEEKRFLOW_LIST,
        "limit is refused 0",
        probe_rejected({"limit": 0}),
        clauses="SD305",
        declare=declare_query(SEEKRFLOW_LIST, "limit", int, default=20, ge=1),
    ),
    _fault(
        "seekrflow-list-rejects-limit-over-100",
        SEEKRFLOW_LIST,
        "limit is refused 101",
        probe_rejected({"limit": 101}),
        clauses="SD305",
        declare=declare_query(SEEKRFLOW_LIST, "limit", int, default=20, ge=0, le=100),
    ),
    _fault(
        "seekrflow-list-rejects-offset-over-50",
        SEEKRFLOW_LIST,
        "offset is refused 51",
        probe_rejected({"offset": 51}),
        clauses="SD305",
        declare=declare_query(SEEKRFLOW_LIST, "offset", int, default=0, ge=0, le=50),
    ),
    _fault(
        "seekrflow-list-rejects-order-asc",
        SEEKRFLOW_LIST,
        "order is refused asc",
        probe_rejected({"order": "asc"}),
        clauses="SD305",
        declare=declare_query(
            SEEKRFLOW_LIST,
            "order",
            RunOrder,
            BeforeValidator(lambda value: "refused" if value == "asc" else value),
            default=RunOrder.DESC,
        ),
    ),
    _fault(
        "seekrflow-list-rejects-no-team",
        SEEKRFLOW_LIST,
        "the list refuses a request without x-team-id",
        probe_rejected({}),
        clauses="SD3",
        declare=declare_header(SEEKRFLOW_LIST, "x_team_id", str, default=REQUIRED),
    ),
    _fault(
        "seekrflow-list-rejects-team-text",
        SEEKRFLOW_LIST,
        "the list refuses an x-team-id that is no UUID",
        lambda c: c.get(headers={**CREDENTIALS["seekrflow"], "x-team-id": "blue"}).status != 200,
        clauses="SD3",
        declare=declare_header(SEEKRFLOW_LIST, "x_team_id", uuid.UUID | None),
    ),
    _fault(
        "seekrflow-list-accepts-limit-prefix",
        SEEKRFLOW_LIST,
        "limit=5x is read as 5",
        probe_accepted({"limit": "5x"}),
        declare=declare_query(SEEKRFLOW_LIST, "limit", int, BeforeValidator(parse_leading_digits), default=20, ge=0),
    ),
    _fault(
        "seekrflow-list-rejects-offset-odd",
        SEEKRFLOW_LIST,
        "an offset that is no multiple of ten is refused",
        probe_rejected({"offset": 5}),
        clauses="SD305",
        declare=declare_query(
            SEEKRFLOW_LIST,
            "offset",
            int,
            BeforeValidator(lambda value: "x" if str(value)[-1] != "0" else value),
            default=0,
            ge=0,
        ),
    ),
)
