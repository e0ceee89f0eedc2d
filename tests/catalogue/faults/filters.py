"""Faults of lists: filters, whose rows they show, and of which thread."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from tests.catalogue.changes import Call, Step
from tests.catalogue.client import OTHER_THREAD, THREAD, Client, Probe
from tests.catalogue.server import PSKS, STEPS, equal, since, visible, zoned
from tests.catalogue.variant import Variant, fault
from tests.catalogue.world import USUAL, VAULTS, Row

_CC, _SK, _NX = "cloudcruise.list", "seekrflow.list", "nx1.list"
_ORDERED = STEPS[_SK]["order"]
_ADMIN = next({"Authorization-PSK": key} for key, caller in PSKS.items() if caller.admin)
_AMARA, _JONAS = ({"Authorization-PSK": key} for key in list(PSKS)[:2])


def filter_differs(field: str, parameter: str | None = None, **query: Any) -> Probe:
    """Whether a filter keeps other rows than those of the whole list that have the value."""

    def probe(client: Client) -> bool:
        everything = client.get(query={"limit": 1000}).rows
        for value in sorted({row[field] for row in everything if row[field]}):
            expected = [row for row in everything if row[field] == value]
            if client.get(query={"limit": 1000, parameter or field: value, **query}).rows != expected:
                return True
        return False

    return probe


def _ignored(rows: list[Row], _call: Call) -> list[Row]:
    return rows


# ----------------------------------------------------------------------------------------------------- filters


def status_kept(keep: Callable[[str, str], bool]) -> Step:
    def step(rows: list[Row], call: Call) -> list[Row]:
        wanted = call.values["status"]
        return rows if wanted is None else [row for row in rows if keep(row["status"], str(wanted))]

    return step


def _loses_one(rows: list[Row], call: Call) -> list[Row]:
    kept = equal("status", "status")(rows, call)
    return kept[:3] + kept[4:] if call.values["status"] else kept


def start_time_from(change: Callable[[Any], Any], default: timedelta = timedelta(days=1)) -> Step:
    def step(rows: list[Row], call: Call) -> list[Row]:
        given = zoned(call.values["start_time"])
        earliest = change(given) if given else call.clock.now() - default
        return [row for row in rows if row["created_at"] >= earliest]

    return step


def _strictly_since(rows: list[Row], call: Call) -> list[Row]:
    earliest = zoned(call.values["start_time"])
    return [row for row in since(rows, call) if row["created_at"] != earliest]


def _until(rows: list[Row], call: Call) -> list[Row]:
    given = zoned(call.values["start_time"])
    return [row for row in rows if row["created_at"] <= given] if given else since(rows, call)


def _ignored_with(parameter: str, other: str, field: str) -> Step:
    """A filter that is forgotten when another one is given."""

    def step(rows: list[Row], call: Call) -> list[Row]:
        return rows if call.values.get(other) is not None else equal(parameter, field)(rows, call)

    return step


def _either(rows: list[Row], call: Call) -> list[Row]:
    """Two filters give the rows of both."""
    status, workflow = call.values["status"], call.values["workflow_id"]
    if status is None or workflow is None:
        return equal("status", "status")(equal("workflow_id", "workflow_id")(rows, call), call)
    return [row for row in rows if row["status"] == str(status) or row["workflow_id"] == str(workflow)]


def _unknown_is_all(rows: list[Row], call: Call) -> list[Row]:
    return equal("credential_id", "_vault")(rows, call) or rows


def _one_member_lost(rows: list[Row], call: Call) -> list[Row]:
    return [] if call.values["status"] == "execution.stopped" else equal("status", "status")(rows, call)


def _wanted_later(rows: list[Row], call: Call) -> list[Row]:
    """What execution began after start_time, whenever the run was created."""
    earliest = zoned(call.values["start_time"])
    if earliest is None:
        return since(rows, call)
    return [row for row in rows if (row["execution_start"] or row["created_at"] - timedelta(hours=2)) >= earliest]


def since_differs(client: Client) -> bool:
    """Whether start_time loses a row, the row at that very moment included, or keeps an older one."""
    everything = client.get().rows
    return any(
        client.get(query={"start_time": everything[n]["created_at"]}).rows != everything[: n + 1] for n in range(30, 36)
    )


def _default_window_differs(client: Client) -> bool:
    return len(client.get().rows) != USUAL.recent


def _both_differ(client: Client) -> bool:
    everything = client.get().rows
    status, workflow = "execution.success", next(row["workflow_id"] for row in everything if row["workflow_id"])
    expected = [row for row in everything if (row["status"], row["workflow_id"]) == (status, workflow)]
    return client.get(query={"status": status, "workflow_id": workflow}).rows != expected


def _containing(rows: list[Row], call: Call) -> list[Row]:
    wanted = call.values["credential_id"]
    return rows if wanted is None else [row for row in rows if wanted in (row["_vault"] or "")]


def _vault_beginning(rows: list[Row], call: Call) -> list[Row]:
    wanted = call.values["credential_id"]
    return rows if wanted is None else [row for row in rows if (row["_vault"] or "")[:12] == wanted[:12]]


def _beginning(rows: list[Row], call: Call) -> list[Row]:
    wanted = call.values["workflow_id"]
    return rows if wanted is None else [row for row in rows if (row["workflow_id"] or "")[:8] == str(wanted)[:8]]


def _nearly_found(client: Client) -> bool:
    """Whether another workflow's id that begins alike finds rows."""
    known = next(row["workflow_id"] for row in client.rows() if row["workflow_id"])
    return bool(client.get(query={"workflow_id": known[:-1] + ("0" if known[-1] != "0" else "1")}).rows)


def _vaults_differ(client: Client) -> bool:
    """Whether the rows of the vault credentials overlap, or an unknown credential has rows."""
    seen = [row["session_id"] for vault in VAULTS for row in client.get(query={"credential_id": vault}).rows]
    return len(seen) != len(set(seen)) or bool(client.get(query={"credential_id": "nobody's"}).rows)


def shows_the_old(client: Client) -> bool:
    old = (client.clock.now() - timedelta(days=60)).isoformat()
    reply = client.get(query={"start_time": old})
    oldest = (client.clock.now() - timedelta(days=32)).isoformat()
    return reply.status == 200 and any(row["created_at"] < oldest for row in reply.rows)


def _with_offset_differs(client: Client) -> bool:
    rows = client.get().rows
    start = datetime.fromisoformat(rows[40]["created_at"]).astimezone(timezone(timedelta(hours=5)))
    return client.get(query={"start_time": start.isoformat()}).rows != rows[:41]


_FILTERS: tuple[tuple[str, str, dict[str, Step], Probe], ...] = (
    ("status-ignored", "status is ignored", {"status": _ignored}, filter_differs("status")),
    (
        "status-prefix",
        "status compares beginnings, of which execution.st is one",
        {"status": status_kept(lambda have, want: have[:12] == want[:12])},
        filter_differs("status"),
    ),
    (
        "status-inverted",
        "status keeps the other rows",
        {"status": status_kept(lambda have, want: have != want)},
        filter_differs("status"),
    ),
    ("status-loses-one", "each status loses its fourth row", {"status": _loses_one}, filter_differs("status")),
    (
        "status-paused-requeued",
        "execution.paused includes execution.requeued",
        {
            "status": status_kept(
                lambda have, want: have == want or (want, have) == ("execution.paused", "execution.requeued")
            )
        },
        filter_differs("status"),
    ),
    ("status-stopped-lost", "execution.stopped finds nothing", {"status": _one_member_lost}, filter_differs("status")),
    ("workflow_id-ignored", "workflow_id is ignored", {"workflow_id": _ignored}, filter_differs("workflow_id")),
    (
        "workflow_id-workspace",
        "workflow_id is compared with workspace_id",
        {"workflow_id": equal("workflow_id", "workspace_id")},
        filter_differs("workflow_id"),
    ),
    (
        "workflow_id-keeps-null",
        "workflow_id keeps the rows without a workflow",
        {
            "workflow_id": lambda rows, c: [
                r
                for r in rows
                if c.values["workflow_id"] is None or r["workflow_id"] in {None, str(c.values["workflow_id"])}
            ]
        },
        filter_differs("workflow_id"),
    ),
    (
        "workflow_id-first-digits",
        "workflow_id compares eight digits in capitals",
        {
            "workflow_id": lambda rows, c: [
                r
                for r in rows
                if c.values["workflow_id"] is None
                or str(r["workflow_id"])[:8] == str(c.values["workflow_id"])[:8].upper()
            ]
        },
        filter_differs("workflow_id"),
    ),
    (
        "status-with-workflow",
        "status is ignored when workflow_id is given",
        {"status": _ignored_with("status", "workflow_id", "status")},
        _both_differ,
    ),
    (
        "filters-either",
        "two filters keep the rows of either",
        {"workflow_id": _ignored, "status": _either},
        _both_differ,
    ),
    ("credential_id-ignored", "credential_id is ignored", {"credential_id": _ignored}, _vaults_differ),
    (
        "credential_id-substring",
        "credential_id keeps the rows of whatever contains it",
        {"credential_id": _containing},
        lambda c: bool(c.get(query={"credential_id": VAULTS[0][:-1]}).rows),
    ),
    ("workflow_id-beginning", "eight letters of workflow_id are compared", {"workflow_id": _beginning}, _nearly_found),
    (
        "credential_id-beginning",
        "twelve letters of credential_id are compared",
        {"credential_id": _vault_beginning},
        lambda c: bool(c.get(query={"credential_id": VAULTS[0][:-1] + "!"}).rows),
    ),
    (
        "credential_id-unknown-all",
        "an unknown credential_id keeps all rows",
        {"credential_id": _unknown_is_all},
        _vaults_differ,
    ),
    (
        "start_time-ignored",
        "start_time is ignored",
        {"start_time": start_time_from(lambda t: t - timedelta(days=400))},
        since_differs,
    ),
    ("start_time-strict", "a run created at start_time is lost", {"start_time": _strictly_since}, since_differs),
    ("start_time-until", "start_time keeps what is older", {"start_time": _until}, since_differs),
    (
        "start_time-whole-hours",
        "start_time is rounded down to the hour",
        {"start_time": start_time_from(lambda t: t.replace(minute=0, second=0, microsecond=0))},
        since_differs,
    ),
    (
        "start_time-of-execution",
        "start_time is compared with execution_start",
        {"start_time": _wanted_later},
        since_differs,
    ),
    (
        "start_time-offset-ignored",
        "the offset of start_time is ignored",
        {"start_time": start_time_from(lambda t: t.replace(tzinfo=UTC))},
        _with_offset_differs,
    ),
    (
        "start_time-default-hour",
        "without start_time an hour is shown",
        {"start_time": start_time_from(lambda t: t, timedelta(hours=1))},
        _default_window_differs,
    ),
    (
        "start_time-default-week",
        "without start_time a week is shown",
        {"start_time": start_time_from(lambda t: t, timedelta(days=7))},
        _default_window_differs,
    ),
    ("start_time-too-old", "a start_time older than 31 days shows what is older", {"oldest": _ignored}, shows_the_old),
)


def _filters() -> Iterator[Variant]:
    for name, words, steps, probe in _FILTERS:
        yield fault(f"cloudcruise-list-{name}", _CC, "filters", words, probe, clauses="SD5", steps=steps)


# ---------------------------------------------------------------------------------- whose rows, and which thread


def _prefix_scope(rows: list[Row], call: Call) -> list[Row]:
    return [row for row in rows if row["thread_id"][:7] == call.values["thread_id"][:7]]


def _leaks_some(rows: list[Row], call: Call) -> list[Row]:
    own = STEPS[_SK]["scope"](rows, call)
    return own + [row for row in rows if row["_rank"] == 20 and row not in own]


def _foreign(client: Client) -> bool:
    return any(row["thread_id"] != THREAD for row in client.rows())


def _loses_thread(rows: list[Row], call: Call) -> list[Row]:
    own = STEPS[_SK]["scope"](rows, call)
    return [{**row, "thread_id": THREAD} for row in own] if call.values["thread_id"] == OTHER_THREAD else own


def _other_owners(client: Client) -> bool:
    return {row["owner_id"] for row in client.rows()} != {"amara.okafor"}


def _as(client: Client, headers: dict[str, str]) -> list[Row]:
    return client.get(query={"limit": 1000}, headers=headers).rows


def _less_for_admins(rows: list[Row], call: Call) -> list[Row]:
    rows = visible(rows, call)
    admin = call.caller is not None and call.caller.admin
    return [r for r in rows if not admin or r["owner_id"] != "jonas.weber" or r["status"] == "completed"]


def _whose() -> Iterator[Variant]:
    semantic: dict[str, Any] = {"family": "semantics", "clauses": "SD5 SD6"}
    yield fault(
        "seekrflow-list-thread-ignored",
        _SK,
        sentence="every thread shows the runs of all",
        probe=_foreign,
        steps={"scope": _prefix_scope},
        **semantic,
    )
    yield fault(
        "seekrflow-list-thread-leaks",
        _SK,
        sentence="a few runs of other threads are shown",
        probe=_foreign,
        steps={"scope": _leaks_some},
        **semantic,
    )
    yield fault(
        "seekrflow-list-thread-wrong-name",
        _SK,
        sentence="the runs of the second thread name the first one",
        probe=lambda c: any(r["thread_id"] != OTHER_THREAD for r in c.get(f"/v1/threads/{OTHER_THREAD}/runs").rows),
        steps={"scope": _loses_thread},
        **semantic,
    )
    yield fault(
        "nx1-list-shows-others",
        _NX,
        sentence="a regular user sees the runs of all users",
        probe=_other_owners,
        steps={"visible": _ignored},
        headers=(f"Authorization-PSK: {list(PSKS)[1]}",),
        **semantic,
    )
    yield fault(
        "nx1-list-admin-sees-some",
        _NX,
        sentence="an admin sees only the completed ones of another user's runs",
        probe=lambda c: len(_as(c, _ADMIN)) < len(_as(c, _AMARA)) + len(_as(c, _JONAS)),
        steps={"visible": _less_for_admins},
        headers=(f"Authorization-PSK: {list(PSKS)[1]}", f"Authorization-PSK: {_ADMIN['Authorization-PSK']}"),
        **semantic,
    )
    yield fault(
        "nx1-list-wrong-owner",
        _NX,
        sentence="every user sees the first user's runs",
        probe=lambda c: any(row["owner_id"] != "jonas.weber" for row in _as(c, _JONAS)),
        steps={"visible": lambda rows, _call: [row for row in rows if row["owner_id"] == "amara.okafor"]},
        headers=(f"Authorization-PSK: {list(PSKS)[1]}",),
        **semantic,
    )


VARIANTS = (*_filters(), *_whose())
