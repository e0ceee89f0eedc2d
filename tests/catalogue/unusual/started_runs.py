"""Unusual lives of started runs: they end at once, fail or take long."""

from tests.catalogue.changes import FakeCall
from tests.catalogue.fake_world import FakeRow, age_crew_run
from tests.catalogue.operations import NX1_OPS
from tests.catalogue.probe_client import ProbeClient
from tests.catalogue.variant import Variant, unusual_server


def fail_run(run: FakeRow, _call: FakeCall) -> FakeRow:
    return {**run, "_fails": True}


def fail_while_pending(run: FakeRow, age_s: float, _call: FakeCall) -> FakeRow:
    """Keep a run pending until it fails: it never ran."""
    state = age_crew_run({**run, "_fails": True}, 0.0)
    has_failed = age_s > 0.5
    return {
        **state,
        "status": "failed" if has_failed else "pending",
        "error": "no worker" if has_failed else None,
    }


def list_statuses(client: ProbeClient) -> set[str]:
    return {row["status"] for row in client.watch_run()}


UNUSUAL_SERVERS: tuple[Variant, ...] = (
    unusual_server(
        "nx1-correct-instant",
        NX1_OPS,
        "a started run has ended when one looks",
        lambda c: list_statuses(c) <= {"completed", "failed"},
        life=lambda run, _age_s, _call: age_crew_run(run, 9),
    ),
    unusual_server(
        "nx1-correct-all-fail",
        NX1_OPS,
        "every started run fails",
        lambda c: all("completed" not in list_statuses(c) for _ in range(3)),
        started=fail_run,
    ),
    unusual_server(
        "nx1-correct-fails-waiting",
        NX1_OPS,
        "runs fail before they run",
        lambda c: list_statuses(c) == {"pending", "failed"},
        life=fail_while_pending,
    ),
    unusual_server(
        "nx1-correct-slow-runs",
        NX1_OPS,
        "a started run works for nine seconds",
        lambda c: list_statuses(c) == {"pending", "running"},
        life=lambda run, age_s, _call: age_crew_run(run, age_s / 8),
    ),
    unusual_server(
        "nx1-correct-late-list",
        NX1_OPS,
        "nothing started is ever waiting",
        lambda c: "pending" not in list_statuses(c),
        life=lambda run, age_s, _call: age_crew_run(run, age_s + 0.3),
    ),
)
