"""The parameters that the correct server declares, by operation."""

import inspect
import uuid
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Body, Header, Path, Query
from pydantic import BaseModel

from tests.catalogue.fake_world import BROWSER_STATUSES, CREW_TYPES
from tests.catalogue.operations import CLOUDCRUISE_LIST, NX1_GET, NX1_LIST, NX1_START, SEEKRFLOW_LIST

REQUIRED = inspect.Parameter.empty


class FakeCrewType(StrEnum):
    """The types of Nx1's preset crews."""

    ASK, CLASSIFICATION, DATA_ENGINEERING, DATA_SUGGESTION, SEMANTIC_MODEL = CREW_TYPES


class CrewRunBody(BaseModel):
    """The body that starts a preset crew."""

    crew_type: FakeCrewType
    task_input: dict[str, Any] = {}


class BrowserStatus(StrEnum):
    """The statuses of CloudCruise's runs."""

    QUEUED, START, FAILED, SUCCESS, PAUSED, STOPPED, REQUEUED = BROWSER_STATUSES


class RunOrder(StrEnum):
    """The orders of SeekrFlow's list."""

    ASC = "asc"
    DESC = "desc"


DeclaredParameter = tuple[Any, Any]
"""A parameter's annotation and default."""

PARAMETERS: Mapping[str, Mapping[str, DeclaredParameter]] = {
    NX1_LIST: {"limit": (Annotated[int, Query()], 100)},
    NX1_GET: {"run_id": (Annotated[uuid.UUID, Path()], REQUIRED)},
    NX1_START: {
        "x_correlation_id": (Annotated[str | None, Header()], None),
        "body": (Annotated[CrewRunBody, Body()], REQUIRED),
    },
    CLOUDCRUISE_LIST: {
        "start_time": (Annotated[datetime | None, Query()], None),
        "workflow_id": (Annotated[uuid.UUID | None, Query()], None),
        "status": (Annotated[BrowserStatus | None, Query()], None),
        "credential_id": (Annotated[str | None, Query()], None),
        "limit": (Annotated[int, Query(ge=1, le=10_000)], 1000),
        "cursor": (Annotated[datetime | None, Query()], None),
    },
    SEEKRFLOW_LIST: {
        "thread_id": (Annotated[str, Path()], REQUIRED),
        "limit": (Annotated[int, Query(ge=0)], 20),
        "order": (Annotated[RunOrder, Query()], RunOrder.DESC),
        "offset": (Annotated[int, Query(ge=0)], 0),
        "x_team_id": (Annotated[str | None, Header()], None),
    },
}
