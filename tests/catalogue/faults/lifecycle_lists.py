"""Faults of lifecycles at CloudCruise and SeekrFlow, whose seeded runs are listed and cannot be started."""

from datetime import timedelta
from functools import partial

from tests.catalogue.changes import FakeCall, RowHook
from tests.catalogue.fake_world import FakeRow
from tests.catalogue.faults.row_claims import claim_fields, has_reversed_times, probe_rows, probe_set, probe_unset
from tests.catalogue.operations import CLOUDCRUISE_LIST, SEEKRFLOW_LIST
from tests.catalogue.probe_client import ProbeClient
from tests.catalogue.variant import Variant, fault


def change_status_at_third_look(status: str, later_status: str, id_field: str) -> RowHook:
    """Return the hook that shows another status from the third look at a run on."""

    def change_row(row: FakeRow, call: FakeCall, _known: FakeRow) -> FakeRow:
        looks = call.world.memory.setdefault("looks", {})
        key = row[id_field]
        looks[key] = looks.get(key, 0) + 1
        return {**row, "status": later_status} if row["status"] == status and looks[key] > 2 else row

    return change_row


def has_changing_status(client: ProbeClient) -> bool:
    looks = [[row["status"] for row in client.get_rows()] for _ in range(5)]
    return any(statuses != looks[0] for statuses in looks)


_fault = partial(fault, family="lifecycle", clauses="SD605")

FAULTS: tuple[Variant, ...] = (
    _fault(
        "seekrflow-list-ends-before-start",
        SEEKRFLOW_LIST,
        "completed_at is before started_at",
        probe_rows(lambda row: has_reversed_times(row, "started_at", "completed_at")),
        clauses="SD604",
        row=claim_fields(
            lambda run: {"completed_at": run["started_at"] - timedelta(seconds=9)} if run["completed_at"] else {}
        ),
    ),
    _fault(
        "seekrflow-list-fails-before-start",
        SEEKRFLOW_LIST,
        "failed_at is before created_at",
        probe_rows(lambda row: has_reversed_times(row, "created_at", "failed_at")),
        clauses="SD604",
        row=claim_fields(lambda run: {"failed_at": run["created_at"] - timedelta(days=1)} if run["failed_at"] else {}),
    ),
    _fault(
        "seekrflow-list-expired-before-created",
        SEEKRFLOW_LIST,
        "expires_at is before created_at",
        probe_rows(lambda row: has_reversed_times(row, "created_at", "expires_at")),
        clauses="SD604",
        row=claim_fields(
            lambda run: {"expires_at": run["created_at"] - timedelta(hours=1)} if run["expires_at"] else {}
        ),
    ),
    _fault(
        "seekrflow-list-queued-started",
        SEEKRFLOW_LIST,
        "queued runs have a started_at",
        probe_set("queued", "started_at"),
        clauses="SD606",
        row=claim_fields(lambda run: {"started_at": run["created_at"]} if run["status"] == "queued" else {}),
    ),
    _fault(
        "seekrflow-list-running-not-started",
        SEEKRFLOW_LIST,
        "running runs have no started_at",
        probe_unset("running", "started_at"),
        row=claim_fields(lambda run: {"started_at": None} if run["status"] == "running" else {}),
    ),
    _fault(
        "seekrflow-list-running-completed",
        SEEKRFLOW_LIST,
        "running runs have a completed_at",
        probe_set("running", "completed_at"),
        clauses="SD606",
        row=claim_fields(lambda run: {"completed_at": run["started_at"]} if run["status"] == "running" else {}),
    ),
    _fault(
        "seekrflow-list-completed-not-ended",
        SEEKRFLOW_LIST,
        "completed runs have no completed_at",
        probe_unset("completed", "completed_at"),
        row=claim_fields(lambda _: {"completed_at": None}),
    ),
    _fault(
        "seekrflow-list-failed-not-failed_at",
        SEEKRFLOW_LIST,
        "failed runs have no failed_at",
        probe_unset("failed", "failed_at"),
        row=claim_fields(lambda _: {"failed_at": None}),
    ),
    _fault(
        "seekrflow-list-completed-cancelled_at",
        SEEKRFLOW_LIST,
        "completed runs have a cancelled_at",
        probe_set("completed", "cancelled_at"),
        clauses="SD606",
        row=claim_fields(lambda run: {"cancelled_at": run["completed_at"]} if run["completed_at"] else {}),
    ),
    _fault(
        "seekrflow-list-canceled-no-cancelled_at",
        SEEKRFLOW_LIST,
        "runs called canceled have no cancelled_at",
        probe_unset("canceled", "cancelled_at"),
        row=claim_fields(lambda run: {"cancelled_at": None} if run["status"] == "canceled" else {}),
    ),
    _fault(
        "seekrflow-list-failed-completed_at",
        SEEKRFLOW_LIST,
        "failed runs have a completed_at",
        probe_set("failed", "completed_at"),
        clauses="SD606",
        row=claim_fields(lambda run: {"completed_at": run["failed_at"]} if run["failed_at"] else {}),
    ),
    _fault(
        "cloudcruise-list-ends-before-start",
        CLOUDCRUISE_LIST,
        "execution_end is before execution_start",
        probe_rows(lambda row: has_reversed_times(row, "execution_start", "execution_end")),
        clauses="SD604",
        row=claim_fields(
            lambda run: (
                {"execution_end": run["execution_start"] - timedelta(seconds=1)}
                if run["execution_end"] and run["execution_start"]
                else {}
            )
        ),
    ),
    _fault(
        "cloudcruise-list-starts-before-created",
        CLOUDCRUISE_LIST,
        "execution_start is before created_at",
        probe_rows(lambda row: has_reversed_times(row, "created_at", "execution_start")),
        clauses="SD604",
        row=claim_fields(
            lambda run: {"execution_start": run["created_at"] - timedelta(minutes=5)} if run["execution_start"] else {}
        ),
    ),
    _fault(
        "cloudcruise-list-queued-started",
        CLOUDCRUISE_LIST,
        "queued runs have an execution_start",
        probe_set("execution.queued", "execution_start"),
        clauses="SD606",
        row=claim_fields(
            lambda run: {"execution_start": run["created_at"]} if run["status"] == "execution.queued" else {}
        ),
    ),
    _fault(
        "cloudcruise-list-started-not-started",
        CLOUDCRUISE_LIST,
        "started runs have no execution_start",
        probe_unset("execution.start", "execution_start"),
        row=claim_fields(lambda run: {"execution_start": None} if run["status"] == "execution.start" else {}),
    ),
    _fault(
        "cloudcruise-list-started-ended",
        CLOUDCRUISE_LIST,
        "started runs have an execution_end",
        probe_set("execution.start", "execution_end"),
        clauses="SD606",
        row=claim_fields(
            lambda run: {"execution_end": run["execution_start"]} if run["status"] == "execution.start" else {}
        ),
    ),
    _fault(
        "cloudcruise-list-success-not-ended",
        CLOUDCRUISE_LIST,
        "successful runs have no execution_end",
        probe_unset("execution.success", "execution_end"),
        row=claim_fields(lambda run: {"execution_end": None} if run["status"] == "execution.success" else {}),
    ),
    _fault(
        "cloudcruise-list-stopped-not-ended",
        CLOUDCRUISE_LIST,
        "stopped runs have no execution_end",
        probe_unset("execution.stopped", "execution_end"),
        row=claim_fields(lambda run: {"execution_end": None} if run["status"] == "execution.stopped" else {}),
    ),
    _fault(
        "cloudcruise-list-leaves-end",
        CLOUDCRUISE_LIST,
        "successful runs are started ones at a later look",
        has_changing_status,
        clauses="SD6 SD5",
        row=change_status_at_third_look("execution.success", "execution.start", "session_id"),
    ),
    _fault(
        "seekrflow-list-leaves-end",
        SEEKRFLOW_LIST,
        "failed runs are completed at a later look",
        has_changing_status,
        clauses="SD6 SD5",
        row=change_status_at_third_look("failed", "completed", "id"),
    ),
)
