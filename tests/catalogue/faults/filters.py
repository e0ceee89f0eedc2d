"""Faults of CloudCruise's filters: rows that a filter should keep are lost, or others are kept."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import Any

from tests.catalogue.changes import FakeCall, ListStep
from tests.catalogue.fake_world import USUAL_SIZE, VAULTS, FakeRow
from tests.catalogue.list_steps import keep_all, keep_equal, keep_since, to_utc
from tests.catalogue.operations import CLOUDCRUISE_LIST
from tests.catalogue.probe_client import FaultProbe, ProbeClient
from tests.catalogue.variant import Variant, fault


def probe_filter(field: str) -> FaultProbe:
    """Return a probe that is true where a filter keeps other rows than those of the whole list with the value."""

    def probe(client: ProbeClient) -> bool:
        everything = client.get(query={"limit": 1000}).rows
        for value in sorted({row[field] for row in everything if row[field]}):
            expected = [row for row in everything if row[field] == value]
            if client.get(query={"limit": 1000, field: value}).rows != expected:
                return True
        return False

    return probe


def keep_statuses(keep: Callable[[str, str], bool]) -> ListStep:
    """Return a filter that keeps the rows for which ``keep(status, requested status)`` is true."""

    def keep_rows(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
        requested = call.values["status"]
        return rows if requested is None else [row for row in rows if keep(row["status"], str(requested))]

    return keep_rows


def keep_workflows(keep: Callable[[str | None, str], bool]) -> ListStep:
    """Return a filter that keeps the rows for which ``keep(workflow, requested workflow)`` is true."""

    def keep_rows(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
        requested = call.values["workflow_id"]
        return rows if requested is None else [row for row in rows if keep(row["workflow_id"], str(requested))]

    return keep_rows


def keep_vaults(keep: Callable[[str, str], bool]) -> ListStep:
    """Return a filter that keeps the rows for which ``keep(vault credential, requested credential)`` is true."""

    def keep_rows(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
        requested = call.values["credential_id"]
        return rows if requested is None else [row for row in rows if keep(row["_vault"] or "", requested)]

    return keep_rows


def drop_fourth_of_status(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
    kept = keep_equal("status", "status")(rows, call)
    return kept[:3] + kept[4:] if call.values["status"] else kept


def change_start_time(change: Callable[[Any], Any], default: timedelta = timedelta(days=1)) -> ListStep:
    """Return a filter by another moment than ``start_time``, and by another window where none is given."""

    def keep_rows(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
        start = to_utc(call.values["start_time"])
        earliest = change(start) if start else call.clock.now() - default
        return [row for row in rows if row["created_at"] >= earliest]

    return keep_rows


def keep_strictly_since(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
    earliest = to_utc(call.values["start_time"])
    return [row for row in keep_since(rows, call) if row["created_at"] != earliest]


def keep_until(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
    start = to_utc(call.values["start_time"])
    return [row for row in rows if row["created_at"] <= start] if start else keep_since(rows, call)


def ignore_filter_with(other: str, parameter: str) -> ListStep:
    """Return a filter that is left out where another one is given."""

    keep_rows = keep_equal(parameter, parameter)
    return lambda rows, call: rows if call.values.get(other) is not None else keep_rows(rows, call)


def keep_either(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
    """Keep the rows that either of two filters keeps."""
    status, workflow = call.values["status"], call.values["workflow_id"]
    if status is None or workflow is None:
        return keep_equal("status", "status")(keep_equal("workflow_id", "workflow_id")(rows, call), call)
    return [row for row in rows if row["status"] == str(status) or row["workflow_id"] == str(workflow)]


def keep_all_if_none(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
    return keep_equal("credential_id", "_vault")(rows, call) or rows


def lose_stopped(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
    return [] if call.values["status"] == "execution.stopped" else keep_equal("status", "status")(rows, call)


def keep_executed_since(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
    """Keep the runs whose execution began after ``start_time``, whenever they were created."""
    earliest = to_utc(call.values["start_time"])
    if earliest is None:
        return keep_since(rows, call)
    return [row for row in rows if (row["execution_start"] or row["created_at"] - timedelta(hours=2)) >= earliest]


def has_wrong_start_time(client: ProbeClient) -> bool:
    """Return true where ``start_time`` loses a row, the one created at that moment included, or keeps an older one."""
    everything = client.get().rows
    return any(
        client.get(query={"start_time": everything[n]["created_at"]}).rows != everything[: n + 1] for n in range(30, 36)
    )


def has_wrong_default_window(client: ProbeClient) -> bool:
    return len(client.get().rows) != USUAL_SIZE.recent


def has_wrong_combination(client: ProbeClient) -> bool:
    everything = client.get().rows
    status, workflow = "execution.success", next(row["workflow_id"] for row in everything if row["workflow_id"])
    expected = [row for row in everything if (row["status"], row["workflow_id"]) == (status, workflow)]
    return client.get(query={"status": status, "workflow_id": workflow}).rows != expected


def has_similar_matches(client: ProbeClient) -> bool:
    """Return true where the id of another workflow, which begins alike, finds rows."""
    known = next(row["workflow_id"] for row in client.get_rows() if row["workflow_id"])
    return bool(client.get(query={"workflow_id": known[:-1] + ("0" if known[-1] != "0" else "1")}).rows)


def has_wrong_vaults(client: ProbeClient) -> bool:
    """Return true where the rows of the vault credentials overlap, or an unknown credential has rows."""
    found = [row["session_id"] for vault in VAULTS for row in client.get(query={"credential_id": vault}).rows]
    return len(found) != len(set(found)) or bool(client.get(query={"credential_id": "nobody's"}).rows)


def has_old_rows(client: ProbeClient) -> bool:
    old = (client.clock.now() - timedelta(days=60)).isoformat()
    response = client.get(query={"start_time": old})
    oldest = (client.clock.now() - timedelta(days=32)).isoformat()
    return response.status == 200 and any(row["created_at"] < oldest for row in response.rows)


def has_wrong_offset_start(client: ProbeClient) -> bool:
    rows = client.get().rows
    start = datetime.fromisoformat(rows[40]["created_at"]).astimezone(timezone(timedelta(hours=5)))
    return client.get(query={"start_time": start.isoformat()}).rows != rows[:41]


def skip_with_cursor(step: ListStep) -> ListStep:
    return lambda rows, call: rows if call.values["cursor"] else step(rows, call)


def has_older_with_cursor(client: ProbeClient) -> bool:
    """Return true where a cursor makes rows appear that are older than the window."""
    rows = client.get().rows
    return client.get(query={"cursor": rows[5]["created_at"]}).rows != rows[6:]


def has_wrong_start_and_cursor(client: ProbeClient) -> bool:
    rows = client.get().rows
    query = {"cursor": rows[5]["created_at"], "start_time": rows[20]["created_at"]}
    return client.get(query=query).rows != rows[6:21]


def open_window_with_cursor(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
    return keep_since(rows, call) if call.values["start_time"] or not call.values["cursor"] else rows


_fault = partial(fault, family="filters", clauses="SD5")

FAULTS: tuple[Variant, ...] = (
    _fault(
        "cloudcruise-list-status-ignored",
        CLOUDCRUISE_LIST,
        "status is ignored",
        probe_filter("status"),
        steps={"status": keep_all},
    ),
    _fault(
        "cloudcruise-list-status-prefix",
        CLOUDCRUISE_LIST,
        "status compares beginnings, of which execution.st is one",
        probe_filter("status"),
        steps={"status": keep_statuses(lambda actual, requested: actual[:12] == requested[:12])},
    ),
    _fault(
        "cloudcruise-list-status-inverted",
        CLOUDCRUISE_LIST,
        "status keeps the other rows",
        probe_filter("status"),
        steps={"status": keep_statuses(lambda actual, requested: actual != requested)},
    ),
    _fault(
        "cloudcruise-list-status-loses-one",
        CLOUDCRUISE_LIST,
        "each status loses its fourth row",
        probe_filter("status"),
        steps={"status": drop_fourth_of_status},
    ),
    _fault(
        "cloudcruise-list-status-paused-requeued",
        CLOUDCRUISE_LIST,
        "execution.paused includes execution.requeued",
        probe_filter("status"),
        steps={
            "status": keep_statuses(
                lambda actual, requested: (
                    actual == requested or (requested, actual) == ("execution.paused", "execution.requeued")
                )
            )
        },
    ),
    _fault(
        "cloudcruise-list-status-stopped-lost",
        CLOUDCRUISE_LIST,
        "execution.stopped finds nothing",
        probe_filter("status"),
        steps={"status": lose_stopped},
    ),
    _fault(
        "cloudcruise-list-workflow_id-ignored",
        CLOUDCRUISE_LIST,
        "workflow_id is ignored",
        probe_filter("workflow_id"),
        steps={"workflow_id": keep_all},
    ),
    _fault(
        "cloudcruise-list-workflow_id-workspace",
        CLOUDCRUISE_LIST,
        "workflow_id is compared with workspace_id",
        probe_filter("workflow_id"),
        steps={"workflow_id": keep_equal("workflow_id", "workspace_id")},
    ),
    _fault(
        "cloudcruise-list-workflow_id-keeps-null",
        CLOUDCRUISE_LIST,
        "workflow_id keeps the rows without a workflow",
        probe_filter("workflow_id"),
        steps={"workflow_id": keep_workflows(lambda actual, requested: actual in {None, requested})},
    ),
    _fault(
        "cloudcruise-list-workflow_id-first-digits",
        CLOUDCRUISE_LIST,
        "workflow_id compares eight digits in capitals",
        probe_filter("workflow_id"),
        steps={"workflow_id": keep_workflows(lambda actual, requested: str(actual)[:8] == requested[:8].upper())},
    ),
    _fault(
        "cloudcruise-list-status-with-workflow",
        CLOUDCRUISE_LIST,
        "status is ignored when workflow_id is given",
        has_wrong_combination,
        steps={"status": ignore_filter_with("workflow_id", "status")},
    ),
    _fault(
        "cloudcruise-list-filters-either",
        CLOUDCRUISE_LIST,
        "two filters keep the rows of either",
        has_wrong_combination,
        steps={"workflow_id": keep_all, "status": keep_either},
    ),
    _fault(
        "cloudcruise-list-credential_id-ignored",
        CLOUDCRUISE_LIST,
        "credential_id is ignored",
        has_wrong_vaults,
        steps={"credential_id": keep_all},
    ),
    _fault(
        "cloudcruise-list-credential_id-substring",
        CLOUDCRUISE_LIST,
        "credential_id keeps the rows of whatever contains it",
        lambda c: bool(c.get(query={"credential_id": VAULTS[0][:-1]}).rows),
        steps={"credential_id": keep_vaults(lambda actual, requested: requested in actual)},
    ),
    _fault(
        "cloudcruise-list-workflow_id-beginning",
        CLOUDCRUISE_LIST,
        "eight letters of workflow_id are compared",
        has_similar_matches,
        steps={"workflow_id": keep_workflows(lambda actual, requested: (actual or "")[:8] == requested[:8])},
    ),
    _fault(
        "cloudcruise-list-credential_id-beginning",
        CLOUDCRUISE_LIST,
        "twelve letters of credential_id are compared",
        lambda c: bool(c.get(query={"credential_id": VAULTS[0][:-1] + "!"}).rows),
        steps={"credential_id": keep_vaults(lambda actual, requested: actual[:12] == requested[:12])},
    ),
    _fault(
        "cloudcruise-list-credential_id-unknown-all",
        CLOUDCRUISE_LIST,
        "an unknown credential_id keeps all rows",
        has_wrong_vaults,
        steps={"credential_id": keep_all_if_none},
    ),
    _fault(
        "cloudcruise-list-start_time-ignored",
        CLOUDCRUISE_LIST,
        "start_time is ignored",
        has_wrong_start_time,
        steps={"start_time": change_start_time(lambda start: start - timedelta(days=400))},
    ),
    _fault(
        "cloudcruise-list-start_time-strict",
        CLOUDCRUISE_LIST,
        "a run created at start_time is lost",
        has_wrong_start_time,
        steps={"start_time": keep_strictly_since},
    ),
    _fault(
        "cloudcruise-list-start_time-until",
        CLOUDCRUISE_LIST,
        "start_time keeps what is older",
        has_wrong_start_time,
        steps={"start_time": keep_until},
    ),
    _fault(
        "cloudcruise-list-start_time-whole-hours",
        CLOUDCRUISE_LIST,
        "start_time is rounded down to the hour",
        has_wrong_start_time,
        steps={"start_time": change_start_time(lambda start: start.replace(minute=0, second=0, microsecond=0))},
    ),
    _fault(
        "cloudcruise-list-start_time-of-execution",
        CLOUDCRUISE_LIST,
        "start_time is compared with execution_start",
        has_wrong_start_time,
        steps={"start_time": keep_executed_since},
    ),
    _fault(
        "cloudcruise-list-start_time-offset-ignored",
        CLOUDCRUISE_LIST,
        "the offset of start_time is ignored",
        has_wrong_offset_start,
        steps={"start_time": change_start_time(lambda start: start.replace(tzinfo=UTC))},
    ),
    _fault(
        "cloudcruise-list-start_time-default-hour",
        CLOUDCRUISE_LIST,
        "without start_time an hour is shown",
        has_wrong_default_window,
        steps={"start_time": change_start_time(lambda start: start, timedelta(hours=1))},
    ),
    _fault(
        "cloudcruise-list-start_time-default-week",
        CLOUDCRUISE_LIST,
        "without start_time a week is shown",
        has_wrong_default_window,
        steps={"start_time": change_start_time(lambda start: start, timedelta(days=7))},
    ),
    _fault(
        "cloudcruise-list-start_time-too-old",
        CLOUDCRUISE_LIST,
        "a start_time older than 31 days shows what is older",
        has_old_rows,
        steps={"oldest": keep_all},
    ),
    _fault(
        "cloudcruise-list-cursor-opens-window",
        CLOUDCRUISE_LIST,
        "with a cursor rows are shown that are older than the default day",
        has_older_with_cursor,
        steps={"start_time": open_window_with_cursor},
    ),
    _fault(
        "cloudcruise-list-cursor-drops-start_time",
        CLOUDCRUISE_LIST,
        "with a cursor start_time is ignored",
        has_wrong_start_and_cursor,
        steps={"start_time": skip_with_cursor(keep_since)},
    ),
    _fault(
        "cloudcruise-list-status-suffix",
        CLOUDCRUISE_LIST,
        "status compares endings, so that queued includes requeued",
        probe_filter("status"),
        steps={"status": keep_statuses(lambda actual, requested: actual.endswith(requested.partition(".")[2]))},
    ),
    _fault(
        "cloudcruise-list-start_time-default-short",
        CLOUDCRUISE_LIST,
        "without start_time twenty hours are shown",
        lambda c: len(c.get().rows) < 70,
        steps={"start_time": change_start_time(lambda start: start, timedelta(hours=20))},
    ),
)
