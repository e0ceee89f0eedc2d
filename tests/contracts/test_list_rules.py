"""Rules of lists: no finding on correct services, however unusual, and each fault is found by the clause that names it.

Faults that the catalogue has are tried on its servers. The others replace a step of the same server.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch

import pytest

from specduet.contracts.analysis.list_rules import CollectionRules
from specduet.contracts.findings import Finding
from specduet.contracts.generation.known_values import KnownValues
from specduet.contracts.probes import collections
from specduet.specs import Api
from tests.catalogue import VARIANTS
from tests.catalogue.changes import Changes, FakeAnswer, FakeCall, ListStep
from tests.catalogue.fake_callers import ADMIN_PSK, AMARA_PSK, JONAS_PSK
from tests.catalogue.fake_world import FakeRow, FakeWorld
from tests.catalogue.faults.paging_steps import change_limit, change_offset, set_default_limit
from tests.catalogue.list_steps import (
    keep_all,
    keep_before_cursor,
    keep_equal,
    keep_since,
    keep_visible,
    skip_offset,
    sort_by_order,
    sort_newest_first,
    take_limit,
)
from tests.catalogue.probe_client import THREAD
from tests.catalogue.unusual.data import add_run, find_table
from tests.contracts.fake_service import PARAMS, SMALL_SIZE, FakeService, RecordingSender, check_clauses
from tests.contracts.recording_builder import RecordingBuilder


def find_violations(
    name: str, changes: Changes, psks: Sequence[str] = (AMARA_PSK,), *, is_remote: bool = False
) -> list[Finding]:
    """Return what the clauses of lists find on a server after the probe; the name begins with the API's."""
    sender = RecordingSender(FakeService(name.partition("-")[0], changes), psks, is_remote=is_remote)
    probe_lists(sender)
    return check_clauses(sender, "SD5")


def probe_lists(sender: RecordingSender) -> None:
    operation = next(operation for operation in sender.api.operations if operation.behavior.lists)
    with patch.object(collections, "time", sender.service.time):
        collections.probe_collections(sender, operation, KnownValues(sender.api, PARAMS))


def finding_codes(
    name: str, changes: Changes, psks: Sequence[str] = (AMARA_PSK,), *, is_remote: bool = False
) -> set[str]:
    return {finding.code for finding in find_violations(name, changes, psks, is_remote=is_remote)}


# ------------------------------------------------------------------------------------------- correct services


def growing_collection(every: int) -> Changes:
    """Return a server on which a run arrives before every so manieth list."""

    async def grow(call: FakeCall) -> FakeAnswer | None:
        rows = [row for row in find_table(call) if row.get("thread_id") == call.values.get("thread_id")]
        if rows and call.number % every == 0:
            add_run(rows[0], call.number, call)
        return None

    return Changes(before=grow)


def tie_triples(world: FakeWorld) -> None:
    """Let three runs at a time share the timestamp that orders them."""
    for index, row in enumerate(world.browser_runs):
        row["created_at"] = world.browser_runs[index // 3 * 3]["created_at"]


def remove_timestamps(world: FakeWorld) -> None:
    for row in world.browser_runs[3::5]:
        row["created_at"] = None


def put_undated_last(step: ListStep) -> ListStep:
    """Return a step for the rows with a ``created_at``; the others follow them, unless there is a cursor."""

    def change_rows(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
        dated = step([row for row in rows if row["created_at"]], call)
        return dated if call.values["cursor"] else [*dated, *(row for row in rows if not row["created_at"])]

    return change_rows


UNDATED_STEPS = {
    "start_time": put_undated_last(keep_since),
    "order": put_undated_last(sort_newest_first),
    "cursor": put_undated_last(keep_before_cursor),
}

CORRECT_SERVICES: Mapping[str, Changes] = {
    "cloudcruise": Changes(),
    "seekrflow": Changes(),
    "nx1": Changes(),
    **{
        name: VARIANTS[name].changes
        for name in (
            "cloudcruise-correct-empty",
            "seekrflow-correct-one-row",
            "seekrflow-correct-ties",
            "nx1-correct-ties",
            "cloudcruise-correct-required-only",
            "cloudcruise-correct-no-nulls",
            "nx1-correct-hashed-order",
            "cloudcruise-correct-clamps",
            "seekrflow-correct-any-thread",
        )
    },
    "nx1-two-rows": Changes(size=replace(SMALL_SIZE, crew_runs=2)),
    "nx1-more-than-the-default": Changes(size=replace(SMALL_SIZE, crew_runs=150)),
    "cloudcruise-old-rows": replace(
        VARIANTS["cloudcruise-correct-clamps"].changes, size=replace(SMALL_SIZE, ancient=12)
    ),
    "cloudcruise-ties": Changes(seed=tie_triples),
    "cloudcruise-busy": growing_collection(7),
    "cloudcruise-very-busy": growing_collection(2),
    "seekrflow-busy": growing_collection(5),
    "seekrflow-very-busy": growing_collection(2),
    "nx1-busy": growing_collection(3),
    "cloudcruise-null-timestamps": Changes(seed=remove_timestamps, steps=UNDATED_STEPS),
    "seekrflow-caps-at-a-hundred": Changes(
        size=replace(SMALL_SIZE, threads=(130, 0, 0, 0)),
        steps={"limit": change_limit(lambda limit: min(limit, 100))},
    ),
}


@pytest.mark.parametrize("name", CORRECT_SERVICES)
def test_correct_services_have_no_findings(name: str) -> None:
    """A service that keeps the contract in a way of its own makes no finding, not even a warning."""
    assert find_violations(name, CORRECT_SERVICES[name]) == []


# ----------------------------------------------------------------------------------------------- faulty services


CATALOGUE_FAULTS: Mapping[str, str] = {
    "cloudcruise-list-limit-ignored": "SD501",
    "cloudcruise-list-limit-one-more": "SD501",
    "cloudcruise-list-limit-three": "SD501",
    "cloudcruise-list-order-ascending": "SD506",
    "cloudcruise-list-order-by-id": "SD506",
    "cloudcruise-list-cursor-inclusive": "SD508",
    "cloudcruise-list-cursor-ignored": "SD508",
    "cloudcruise-list-cursor-skips": "SD509",
    "cloudcruise-list-status-ignored": "SD510",
    "cloudcruise-list-status-inverted": "SD510",
    "cloudcruise-list-status-prefix": "SD510",
    "cloudcruise-list-status-with-workflow": "SD510",
    "cloudcruise-list-workflow_id-keeps-null": "SD510",
    "cloudcruise-list-status-stopped-lost": "SD511",
    "cloudcruise-list-limit-before-filter": "SD502",
    "cloudcruise-list-start_time-default-week": "SD513",
    "cloudcruise-list-start_time-default-hour": "SD514",
    "cloudcruise-list-start_time-strict": "SD514",
    "cloudcruise-list-start_time-too-old": "SD515",
    "cloudcruise-list-fresh-ids": "SD519",
    "cloudcruise-list-page-repeats-row": "SD520",
    "cloudcruise-list-credential_id-ignored": "SD521",
    "cloudcruise-list-credential_id-substring": "SD521",
    "cloudcruise-list-together-mixed-up": "SD523",
    "seekrflow-list-limit-zero-default": "SD501",
    "seekrflow-list-limit-default-10": "SD503",
    "seekrflow-list-limit-default-100": "SD503",
    "seekrflow-list-offset-ignored": "SD504",
    "seekrflow-list-offset-in-pages": "SD504",
    "seekrflow-list-offset-one-less": "SD504",
    "seekrflow-list-ties-shuffled": "SD505",
    "seekrflow-list-order-ignored": "SD506",
    "seekrflow-list-order-reversed": "SD506",
    "seekrflow-list-asc-of-newest": "SD507 SD512",
    "seekrflow-list-asc-offset": "SD512",
    "seekrflow-list-thread-ignored": "SD516",
    "seekrflow-list-together-mixed-up": "SD523",
    "nx1-list-limit-ignored": "SD501",
    "nx1-list-limit-zero-all": "SD501",
    "nx1-list-limit-default-20": "SD503",
    "nx1-list-together-mixed-up": "SD523",
}

NEED_ALL_QUERIES = {
    "cloudcruise-list-status-stopped-lost",
    "seekrflow-list-limit-zero-default",
    "seekrflow-list-asc-of-newest",
    "nx1-list-limit-zero-all",
}
"""Faults that are not found, or by other clauses, with the queries that are sent to other machines."""


@pytest.mark.parametrize("name", CATALOGUE_FAULTS)
def test_a_fault_of_the_catalogue_is_found(name: str) -> None:
    """Each of these faults is found by its own clauses alone, nearly all with a quarter of the queries."""
    codes = finding_codes(name, VARIANTS[name].changes, is_remote=name not in NEED_ALL_QUERIES)
    assert codes == {*CATALOGUE_FAULTS[name].split()}


def replace_step_if(names: str, wrong: ListStep, right: ListStep) -> ListStep:
    """Return a step that is wrong where the query has all these parameters, given with blanks between."""
    return lambda rows, call: (wrong if all(map(call.has_query, names.split())) else right)(rows, call)


def swap_rows(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
    rows = sort_newest_first(rows, call)
    return [*rows[:7], *rows[8:6:-1], *rows[9:]]


def compare_cursor_text(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
    cursor = call.request.query_params.get("cursor", "~")
    return [row for row in rows if row["created_at"].isoformat() < cursor]


def keep_last_day(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
    return [row for row in rows if row["created_at"] >= call.clock.now() - timedelta(days=1)]


def lose_third_page(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
    """Lose the first row of the third page of every small size."""
    limit, offset = call.values["limit"], call.values["offset"]
    page = take_limit(skip_offset(rows, call), call)
    return page[1:] if limit < 40 and offset == 2 * limit else page


def relabel_thread(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
    """Show the rows of the first thread as those of the requested one."""
    return [{**row, "thread_id": call.values["thread_id"]} for row in rows if row["thread_id"] == THREAD]


def lose_row(position: int, *, every: int = 1) -> ListStep:
    """Return a step that takes ``limit`` rows, at every so manieth request without the row at a position."""

    def take_rows(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
        is_lost = call.number % every == 0
        return take_limit([row for index, row in enumerate(rows) if index != position or not is_lost], call)

    return take_rows


FURTHER_FAULTS: Mapping[str, tuple[Mapping[str, ListStep], str]] = {
    "cloudcruise-limit-one-less": ({"limit": change_limit(lambda limit: limit - 1)}, "SD502"),
    "cloudcruise-limit-one-gives-the-second": (
        {"limit": lambda rows, call: rows[1:2] if call.values["limit"] == 1 else take_limit(rows, call)},
        "SD502",
    ),
    "cloudcruise-limit-capped-at-10": ({"limit": change_limit(lambda limit: min(limit, 10))}, "SD502"),
    "cloudcruise-limit-default-10": ({"limit": set_default_limit(10)}, "SD503"),
    "cloudcruise-order-two-swapped": ({"order": swap_rows}, "SD506"),
    "cloudcruise-cursor-as-text": ({"cursor": compare_cursor_text}, "SD508"),
    "cloudcruise-cursor-ignores-limit": ({"limit": replace_step_if("cursor", keep_all, take_limit)}, "SD501"),
    "cloudcruise-workflow_id-loses-some": (
        {
            "workflow_id": lambda rows, call: keep_equal("workflow_id", "workflow_id")(
                rows[: 8 if call.has_query("workflow_id") else None], call
            )
        },
        "SD511",
    ),
    "cloudcruise-start_time-default-none": (
        {"start_time": replace_step_if("start_time", keep_since, keep_all)},
        "SD513",
    ),
    "cloudcruise-start_time-always-default": ({"start_time": keep_last_day}, "SD513"),
    "cloudcruise-cursor-with-workflow_id-skips": (
        {
            "cursor": replace_step_if(
                "cursor workflow_id", lambda rows, call: keep_before_cursor(rows, call)[1:], keep_before_cursor
            )
        },
        "SD512",
    ),
    "seekrflow-offset-capped-at-10": ({"offset": change_offset(lambda offset, _call: min(offset, 10))}, "SD504"),
    "seekrflow-asc-loses-one": (
        {"order": lambda rows, call: sort_by_order(rows, call)[: -1 if call.values["order"] == "asc" else None]},
        "SD507",
    ),
    "seekrflow-third-page-loses-one": ({"offset": keep_all, "limit": lose_third_page}, "SD505"),
    "seekrflow-thread-faked": ({"scope": relabel_thread}, "SD517"),
    "nx1-limit-from-the-other-end": (
        {"limit": lambda rows, call: rows[-call.values["limit"] or len(rows) :]},
        "SD502",
    ),
}


@pytest.mark.parametrize("name", FURTHER_FAULTS)
def test_a_further_fault_is_found(name: str) -> None:
    """Each of these faults, which the catalogue lacks, is found by its own clause, with a quarter of the queries."""
    steps, code = FURTHER_FAULTS[name]
    assert finding_codes(name, Changes(steps=steps), is_remote=True) == {code}


def test_a_row_that_is_never_listed_cannot_be_missed() -> None:
    """A service that always hides the same row makes no finding."""
    assert finding_codes("nx1", Changes(steps={"limit": lose_row(5)})) == set()


def test_a_row_that_is_missing_now_and_then_is_found() -> None:
    """A service that forgets a row in every fifth list makes a finding, by whichever rule that list breaks."""
    assert finding_codes("nx1", Changes(steps={"limit": lose_row(3, every=5)}))


def test_a_list_may_be_capped_where_no_document_bounds_it(nx1: Api, cloudcruise: Api) -> None:
    """A service may have a maximum of its own, but neither a small one nor one beside a documented one."""
    runs, browser_runs = (CollectionRules(api, api.operations[0]) for api in (nx1, cloudcruise))
    assert [count for count in (50, 99, 100, 200) if runs.can_be_capped(count)] == [100, 200]
    assert not browser_runs.can_be_capped(5000)


# ----------------------------------------------------------------------------------------- several callers

ALL_PSKS = (AMARA_PSK, JONAS_PSK, ADMIN_PSK)


def leak_one_row(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
    own = keep_visible(rows, call)
    return [row for row in rows if row in own or row["_rank"] == 3]


def test_callers_may_see_their_own_rows_and_an_admin_all() -> None:
    """Two regular callers who each see their own rows, and an admin who sees everybody's, make no finding."""
    assert find_violations("nx1", Changes(), ALL_PSKS) == []


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param(VARIANTS["nx1-list-shows-others"].changes, id="everybody-sees-all"),
        pytest.param(Changes(steps={"visible": leak_one_row}), id="one-row-leaks"),
        pytest.param(VARIANTS["nx1-list-admin-sees-some"].changes, id="admin-sees-some"),
    ],
)
def test_a_caller_who_sees_too_much_or_too_little_is_found(changes: Changes) -> None:
    """Rows that a regular caller should not see, or that an admin should and does not, are found."""
    assert finding_codes("nx1", changes, ALL_PSKS) == {"SD522"}


# ------------------------------------------------------------------------------------------ what is reported


@pytest.mark.parametrize(("gap_s", "codes"), [(0.0, set()), (1.0, {"SD519"})])
def test_requests_at_the_same_time_have_no_order(cloudcruise: Api, gap_s: float, codes: set[str]) -> None:
    """A row that one of two simultaneous lists lacks may be new; in lists one after the other it was lost."""
    builder = RecordingBuilder(cloudcruise)
    runs = [{"session_id": f"{n}", "status": "execution.success"} for n in range(3)]
    for rows in (runs, runs[1:], runs):
        builder.sent_at += gap_s
        builder.add("GET /runs", json_=rows, elapsed_s=0.5)
    assert {finding.code for finding in builder.check_clause("SD519", "GET /runs")} == codes


def test_one_cause_makes_one_finding() -> None:
    """A wrong default limit, which shows in every page, filter and offset, is reported once."""
    findings = find_violations("seekrflow", Changes(steps={"limit": set_default_limit(7)}))
    assert [(f.code, f.severity, f.where) for f in findings] == [("SD503", "error", "query/limit")]
    assert findings[0].count > 1


def test_the_basis_decides_the_severity() -> None:
    """A wrong order is a warning, since no page names it; a cursor that is not strict is an error, since one does."""
    wrong = ("cloudcruise-list-order-ascending", "cloudcruise-list-cursor-inclusive")
    steps = {name: step for variant in wrong for name, step in VARIANTS[variant].changes.steps.items()}
    findings = find_violations("cloudcruise", Changes(steps=steps))
    assert {(finding.code, finding.severity) for finding in findings} == {("SD506", "warning"), ("SD508", "error")}


def test_the_probe_sends_the_same_requests_every_time() -> None:
    """Two runs over the same rows send the same requests in the same order."""

    def list_queries() -> list[list[tuple[str, str]]]:
        sender = RecordingSender(FakeService("cloudcruise"))
        probe_lists(sender)
        exchanges = sender.recording.exchanges
        return [[p for p in e.request.query_pairs if p[0] not in {"start_time", "cursor"}] for e in exchanges]

    assert list_queries() == list_queries()
