"""Rules of lifecycles: no finding on correct services, and each fault of runs is found by the clause that names it.

Runs are created, watched and looked up on the catalogue's servers, whose clock moves only by requests and waiting.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch

import pytest

from specduet.contracts.analysis.row_history import collect_histories
from specduet.contracts.findings import Finding
from specduet.contracts.generation.known_values import KnownValues
from specduet.contracts.probes import collections, details, lifecycle
from specduet.contracts.probes.create_requests import CreateRequests
from specduet.specs import Api
from tests.catalogue import VARIANTS
from tests.catalogue.changes import Changes, FakeAnswer, FakeCall
from tests.catalogue.fake_callers import ADMIN_PSK, AMARA_PSK, JONAS_PSK
from tests.catalogue.fake_world import PENDING_S, RUNNING_S, FakeRow, age_crew_run
from tests.catalogue.faults.lifecycle_nx1 import change_in_status, change_life
from tests.catalogue.list_steps import find_by_id
from tests.catalogue.operations import NX1_GET, NX1_LIST, NX1_START
from tests.contracts.fake_service import SMALL_SIZE, FakeService, RecordingSender, check_clauses

FEW_RUNS = replace(SMALL_SIZE, crew_runs=10)
"""Nine of them are the first caller's."""


def find_violations(changes: Changes, psks: Sequence[str] = (AMARA_PSK,)) -> list[Finding]:
    """Return what the clauses of lifecycles find on a server after the probe."""
    return check_clauses(probe_runs(changes, psks), "SD6")


def finding_codes(changes: Changes, psks: Sequence[str] = (AMARA_PSK,)) -> list[str]:
    return sorted(finding.code for finding in find_violations(changes, psks))


def probe_runs(changes: Changes, psks: Sequence[str] = (AMARA_PSK,)) -> RecordingSender:
    """Create, watch and look up runs of a server with few of them; return the sender with the recording."""
    size = changes.size if changes.size.crew_runs < FEW_RUNS.crew_runs else FEW_RUNS
    sender = RecordingSender(FakeService("nx1", replace(changes, size=size)), psks)
    known_values = KnownValues(sender.api, {})
    with (
        patch.object(collections, "time", sender.service.time),
        patch.object(details, "time", sender.service.time),
        patch.object(lifecycle, "time", sender.service.time),
    ):
        for operation in sender.api.operations:
            lifecycle.probe_lifecycle(sender, operation, known_values)
    return sender


# ------------------------------------------------------------------------------------------- correct services


def change_start_answer(change: Callable[[dict[str, object], FakeRow], dict[str, object]]) -> Changes:
    """Return a server that changes the response to a start: ``change(body, the run)``."""

    def change_answer(answer: FakeAnswer, call: FakeCall) -> FakeAnswer:
        is_start = answer.is_success and call.op == NX1_START
        return replace(answer, body=change(answer.body, call.world.crew_runs[0])) if is_start else answer

    return Changes(answer=change_answer)


def cut_fractions(row: FakeRow, _call: FakeCall, known: FakeRow) -> FakeRow:
    """Write the times of a run in whole seconds, save that of its creation."""
    times = {name: known[name] for name in ("started_at", "completed_at") if known[name]}
    return {**row, **{name: time.isoformat(timespec="seconds") for name, time in times.items()}}


def drop_long_fields(row: FakeRow, call: FakeCall, _known: FakeRow) -> FakeRow:
    return {k: v for k, v in row.items() if call.op != NX1_LIST or k not in {"result", "error", "task_input"}}


def keep_newest_runs(run: FakeRow, call: FakeCall) -> FakeRow:
    """Forget all runs but the fifteen newest."""
    call.world.crew_runs[14:] = []
    return run


CORRECT_SERVICES: Mapping[str, Changes] = {
    "plain": Changes(),
    **{
        name: VARIANTS[name].changes
        for name in (
            "nx1-correct-instant",
            "nx1-correct-fails-waiting",
            "nx1-correct-no-nulls",
            "nx1-correct-required-only",
        )
    },
    "ends-in-the-answer": replace(
        change_start_answer(lambda body, run: {**body, "status": age_crew_run(run, 9)["status"]}),
        life=lambda run, _age_s, _call: age_crew_run(run, 9),
    ),
    "never-moves": Changes(life=lambda run, _age_s, _call: age_crew_run(run, 0)),
    "times-of-different-precision": Changes(row=cut_fractions),
    "no-runs-at-first": Changes(size=replace(FEW_RUNS, crew_runs=0)),
    "no-status-in-the-answer": change_start_answer(lambda body, _run: {"correlation_id": body["correlation_id"]}),
    "list-without-long-fields": Changes(row=drop_long_fields),
    "keeps-its-newest-fifteen": Changes(started=keep_newest_runs),
}


@pytest.mark.parametrize("name", CORRECT_SERVICES)
def test_correct_services_have_no_findings(name: str) -> None:
    """A service that keeps the contract in a way of its own makes no finding, not even a warning."""
    assert find_violations(CORRECT_SERVICES[name]) == []


def test_callers_may_see_their_own_runs_and_an_admin_all() -> None:
    """Two regular callers and an admin who each see what they may make no finding."""
    assert find_violations(Changes(), (AMARA_PSK, JONAS_PSK, ADMIN_PSK)) == []


# ----------------------------------------------------------------------------------------------- faulty services


CATALOGUE_FAULTS: Mapping[str, str] = {
    "nx1-run-goes-back": "SD601",
    "nx1-run-restarts": "SD602",
    "nx1-run-starts-before-created": "SD604",
    "nx1-run-no-started_at": "SD605",
    "nx1-run-no-completed_at": "SD605",
    "nx1-run-no-error": "SD605",
    "nx1-run-early-error": "SD606",
    "nx1-run-error-when-completed": "SD606",
    "nx1-run-crew_type-changes": "SD607",
    "nx1-run-end-moves": "SD611",
    "nx1-get-disagrees-status": "SD606 SD612",
    "nx1-get-disagrees-result": "SD612",
    "nx1-get-neighbour": "SD613",
    "nx1-get-unknown-is-newest": "SD613 SD615",
    "nx1-start-not-listed": "SD617",
    "nx1-start-correlation-id-upper": "SD619",
    "nx1-start-correlation-id-cut": "SD619",
    "nx1-start-correlation-id-other": "SD619 SD619",
    "nx1-start-crew_type-fixed": "SD620",
    "nx1-start-task_input-lost": "SD620",
    "nx1-start-twice": "SD621",
    "nx1-start-replaces-last": "SD617 SD618",
}


@pytest.mark.parametrize("name", CATALOGUE_FAULTS)
def test_a_fault_of_the_catalogue_is_found(name: str) -> None:
    """Each of these faults of the catalogue is found once, even if list and detail show it, and by its own clause."""
    assert finding_codes(VARIANTS[name].changes) == CATALOGUE_FAULTS[name].split()


def change_result_after_end(state: FakeRow, age_s: float) -> FakeRow:
    has_ended = age_s >= PENDING_S + RUNNING_S
    return {"result": f"{state['result']} {age_s}"} if has_ended and state["result"] else {}


def list_when_ended(row: FakeRow, call: FakeCall, _known: FakeRow) -> FakeRow | None:
    return row if call.op == NX1_GET or row["status"] in {"completed", "failed"} else None


def find_seeded(call: FakeCall, runs: list[FakeRow]) -> FakeRow | None:
    run = find_by_id(call, runs)
    return run if run and "_born" not in run else None


def find_all_but_one(call: FakeCall, runs: list[FakeRow]) -> FakeRow | None:
    run = find_by_id(call, runs)
    return run if run and run["_rank"] != 7 else None


def remove_seeded_run(run: FakeRow, call: FakeCall) -> FakeRow:
    call.world.crew_runs[:] = [other for other in call.world.crew_runs if other["_rank"] != 4]
    return run


FURTHER_FAULTS: Mapping[str, tuple[Changes, str]] = {
    "answer-says-running": (change_start_answer(lambda body, _run: {**body, "status": "running"}), "SD603"),
    "answer-says-completed": (change_start_answer(lambda body, _run: {**body, "status": "completed"}), "SD603"),
    "pending-with-result": (Changes(life=change_in_status("pending", result="soon")), "SD606"),
    "crew_type-changes-while-running": (Changes(life=change_in_status("running", crew_type="ask")), "SD607"),
    "result-changes-after-the-end": (Changes(life=change_life(change_result_after_end)), "SD611"),
    "detail-of-one-run-is-gone": (Changes(find=find_all_but_one), "SD614"),
    "created-yesterday": (
        Changes(started=lambda run, _call: {**run, "created_at": run["created_at"] - timedelta(days=1)}),
        "SD616",
    ),
    "listed-only-at-the-end": (Changes(row=list_when_ended), "SD617"),
    "created-cannot-be-fetched": (Changes(find=find_seeded), "SD614"),
    "one-id-for-all-created": (Changes(started=lambda run, _call: {**run, "id": str(uuid.UUID(int=77))}), "SD621"),
    "creating-removes-a-run": (Changes(started=remove_seeded_run), "SD622"),
}


@pytest.mark.parametrize("name", FURTHER_FAULTS)
def test_a_further_fault_is_found(name: str) -> None:
    """Each of these faults, which the catalogue lacks, is found once and by the clause that names it."""
    changes, code = FURTHER_FAULTS[name]
    assert finding_codes(changes) == [code]


def test_a_caller_who_can_fetch_runs_of_others_is_found() -> None:
    """A regular caller who can look up the run of another one is found."""

    def find_anybodys(call: FakeCall, runs: list[FakeRow]) -> FakeRow | None:
        return find_by_id(call, [*runs, *(run for run in call.world.crew_runs if "_born" not in run)])

    assert finding_codes(Changes(find=find_anybodys), (AMARA_PSK, JONAS_PSK)) == ["SD624"]


# ------------------------------------------------------------------------------------------ what the probe sends


def test_creations_try_every_enum_member_and_header(nx1: Api) -> None:
    """Every member of the body's enum is sent, with an id of the client's and without, and noted as requested."""
    operation = next(operation for operation in nx1.operations if operation.behavior.creates)
    request = KnownValues(nx1, {}).build_valid_request(operation)
    assert request is not None
    variants = list(CreateRequests(nx1, operation, request).vary_requests(12))
    assert {requested["crew_type"] for _, requested in variants} == {
        "ask",
        "classification",
        "data_engineering",
        "data_suggestion",
        "semantic_model",
    }
    assert {"correlation_id" in requested for _, requested in variants} == {True, False}
    assert all(variant.json["task_input"] == requested["task_input"] for variant, requested in variants)


def test_runs_are_created_once() -> None:
    """However many operations are about runs, twelve are created once, and polling ends though no run ever does."""
    exchanges = probe_runs(CORRECT_SERVICES["never-moves"]).recording.exchanges
    assert len([exchange for exchange in exchanges if exchange.request.method == "POST" and exchange.is_success]) == 12
    assert len(exchanges) < 900


def test_histories_compare_only_what_does_not_overlap() -> None:
    """Two observations of a run are compared only where one response was complete before the other was requested."""
    sender = probe_runs(Changes())
    history = collect_histories(sender.api, sender.api.resources["crew-run"], sender.recording)
    changes = list(history.iterate_changes(same_operation=True))
    assert changes
    assert all(earlier.exchange.is_before(later.exchange) for earlier, later in changes)
    assert history.can_reach("pending", "completed")
    assert not history.can_reach("completed", "pending")
