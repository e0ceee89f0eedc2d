"""The laws of lifecycles: runs that are started, watched and looked up, on a service whose time the test moves."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from specduet.contracts.analysis.row_history import collect_histories
from specduet.contracts.clauses import Subject, all_clauses
from specduet.contracts.findings import Finding, deduplicate
from specduet.contracts.generation.known_values import KnownValues
from specduet.contracts.options import RunOptions
from specduet.contracts.probes import lifecycle
from specduet.contracts.probes.create_requests import CreateRequests
from specduet.specs import Api, Operation
from tests.contracts.conftest import Book
from tests.contracts.desk import Asker, Desk, Row

WAITS_S, RUNS_S = 0.4, 0.8
Life = Callable[[Row, float], Row]


def alive(run: Row, age_s: float) -> Row:
    """A run at an age: it waits, works and ends, every third one badly."""
    begun, ended = age_s >= WAITS_S, age_s >= WAITS_S + RUNS_S
    born = datetime.fromisoformat(run["created_at"])
    fails = run["_number"] % 3 == 2
    status = ("failed" if fails else "completed") if ended else "running" if begun else "pending"
    return {
        **run,
        "status": status,
        "started_at": (born + timedelta(seconds=WAITS_S)).isoformat() if begun else None,
        "completed_at": (born + timedelta(seconds=WAITS_S + RUNS_S)).isoformat() if ended else None,
        "result": "Done." if status == "completed" else None,
        "error": "Lost." if status == "failed" else None,
    }


class Runs(Desk):
    """The runs API: starts, lists and shows runs. Functions given to it change what one operation does."""

    def __init__(
        self,
        *,
        life: Life = alive,
        stored: Callable[[Row], Row | None] = lambda run: run,
        answered: Callable[[dict[str, Any], Row], dict[str, Any]] = lambda answer, _: answer,
        shown: Callable[[Row], Row | None] = lambda run: run,
        detailed: Callable[[Row], Row | None] = lambda run: run,
        seeded: int = 12,
    ) -> None:
        super().__init__("nx1", rows={"": []})
        self.life, self.stored, self.answered = life, stored, answered
        self.shown, self.detailed = shown, detailed
        self.asker: Asker | None = None
        self.born: dict[str, float] = {}
        self.runs: list[Row] = []
        for number in range(seeded):
            run = self._run(number, "amara", {"crew_type": "ask", "task_input": {"n": number}}, f"seeded-{number}")
            run["created_at"] = (datetime.now(UTC) - timedelta(hours=number + 1)).isoformat()
            self.runs.append(run)

    def _run(self, number: int, owner: str, body: Mapping[str, Any], correlation_id: str) -> Row:
        return {
            "id": str(uuid.UUID(int=number + 1)),
            "correlation_id": correlation_id,
            "owner_id": owner,
            "crew_type": body["crew_type"],
            "task_input": body.get("task_input"),
            "_number": number,
        }

    @property
    def now(self) -> float:
        assert self.asker is not None
        return self.asker.clock

    def reply(
        self,
        operation: Operation,
        path: Mapping[str, str],
        query: dict[str, str],
        headers: Mapping[str, str],
        json: Any,
        caller: str,
    ) -> tuple[int, Any]:
        self.asked += 1
        mine = [run for run in self.runs if caller in {"", "admin", run["owner_id"]}]
        if operation.behavior.creates:
            return 200, self._start(headers, json, caller or "amara")
        rows = [self._at_this_moment(run) for run in mine]
        if operation.behavior.lists:
            rows.sort(key=lambda run: run["created_at"], reverse=True)
            found = [sent for row in rows if (sent := self.shown(row)) is not None]
            return 200, [_public(row) for row in found][: int(query.get("limit", 100))]
        if operation.basis != "documented":
            return 404, {"detail": "Not Found"}
        row = next((row for row in rows if row["id"] == path["run_id"]), None)
        row = self.detailed(row) if row is not None else None
        return (200, _public(row)) if row is not None else (404, {"detail": "Run not found"})

    def _start(self, headers: Mapping[str, str], json: Any, owner: str) -> dict[str, Any]:
        given = headers.get("x-correlation-id") or str(uuid.UUID(int=10_000 + self.asked))
        run = self._run(1_000 + self.asked, owner, json, given)
        run["created_at"] = datetime.fromtimestamp(self.now, UTC).isoformat()
        kept = self.stored(run)
        if kept is not None:
            self.runs.append(kept)
            self.born[kept["id"]] = self.now
        return self.answered({"correlation_id": given, "status": "pending", "message": None}, run)

    def _at_this_moment(self, run: Row) -> Row:
        age = self.now - self.born[run["id"]] if run["id"] in self.born else 1e6
        return self.life(run, age)


def _public(run: Row) -> Row:
    return {key: value for key, value in run.items() if not key.startswith("_")}


class _Time:
    """Stands in for the module ``time``: whoever sleeps moves the service's clock."""

    def __init__(self, asker: Asker) -> None:
        self.asker = asker

    def monotonic(self) -> float:
        return self.asker.clock

    def sleep(self, seconds: float) -> None:
        self.asker.clock += seconds


def judged(desk: Runs, monkeypatch: pytest.MonkeyPatch, callers: tuple[str, ...] = ()) -> list[Finding]:
    """What the clauses of the family tell after the probes have started and watched runs."""
    asker = Asker(desk)
    desk.asker = asker
    asker.callers = [{"APIKeyHeader": name} for name in callers]
    monkeypatch.setattr(lifecycle, "time", _Time(asker))
    knowledge = KnownValues(desk.api, {})
    for operation in desk.api.operations:
        lifecycle.probe_lifecycle(asker, operation, knowledge)  # type: ignore[arg-type]
    found: list[Finding] = []
    for operation in desk.api.operations:
        for entry in all_clauses():
            if entry.code.startswith("SD6"):
                found += entry.check(Subject(desk.api, operation, asker.recording, RunOptions(), entry))
    return deduplicate(finding for finding in found if finding.basis != "assumed")


# ------------------------------------------------------------------------------------------- correct services


def instantly(run: Row, _age_s: float) -> Row:
    return alive(run, 1e6)


def never(run: Row, age_s: float) -> Row:
    return alive(run, min(age_s, 0.1) if run["_number"] >= 1000 else age_s)


def failing_early(run: Row, age_s: float) -> Row:
    """A run that fails before it was ever started."""
    row = alive({**run, "_number": 2}, 0 if age_s < WAITS_S else 1e6)
    return {**row, "started_at": None} if row["status"] == "failed" else row


def whole_seconds(run: Row, age_s: float) -> Row:
    """Moments are cut to seconds, save that of the creation."""
    row = alive(run, age_s)
    cut = {name: row[name] and row[name][:19] + "+00:00" for name in ("started_at", "completed_at")}
    return {**row, **cut}


UNUSUAL: dict[str, Callable[[], Runs]] = {
    "plain": Runs,
    "ends-at-once": lambda: Runs(life=instantly),
    "ends-in-the-answer": lambda: Runs(
        life=instantly, answered=lambda answer, run: {**answer, "status": instantly(run, 0)["status"]}
    ),
    "never-moves": lambda: Runs(life=never),
    "fails-early": lambda: Runs(life=failing_early),
    "moments-of-different-precision": lambda: Runs(life=whole_seconds),
    "nothing-seeded": lambda: Runs(seeded=0),
    "no-status-in-the-answer": lambda: Runs(answered=lambda answer, _: {"correlation_id": answer["correlation_id"]}),
    "nulls-left-out": lambda: Runs(
        shown=lambda run: {k: v for k, v in run.items() if v is not None},
        detailed=lambda run: {k: v for k, v in run.items() if v is not None},
    ),
    "list-without-long-fields": lambda: Runs(
        shown=lambda run: {k: v for k, v in run.items() if k not in {"result", "error", "task_input"}}
    ),
    "required-only": lambda: Runs(
        shown=lambda run: {k: run[k] for k in ("id", "correlation_id", "owner_id", "status", "created_at")},
        detailed=lambda run: {k: run[k] for k in ("id", "correlation_id", "owner_id", "status", "created_at")},
    ),
    "keeps-its-newest-fifteen": lambda: Newest(seeded=12),
}


class Newest(Runs):
    """Forgets all but its fifteen newest runs."""

    def _start(self, headers: Mapping[str, str], json: Any, owner: str) -> dict[str, Any]:
        answer = super()._start(headers, json, owner)
        self.runs = sorted(self.runs, key=lambda run: run["created_at"])[-15:]
        return answer


@pytest.mark.parametrize("name", UNUSUAL)
def test_silent_on_correct_services(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a correct service does differently, nothing is told of it, not even a warning."""
    assert judged(UNUSUAL[name](), monkeypatch) == []


def test_silent_where_callers_see_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two regular callers and an admin who each see what they may make no finding."""
    assert judged(Runs(), monkeypatch, ("amara", "jonas", "admin")) == []


# ----------------------------------------------------------------------------------------------- faulty services


def when(status: str, **values: Any) -> Life:
    """A life with other values in one status."""
    return lambda run, age_s: {**row, **values} if (row := alive(run, age_s))["status"] == status else row


def backwards(run: Row, age_s: float) -> Row:
    return alive(run, age_s if age_s < 0.9 or age_s > 1.05 else 0.0)


def resurrected(run: Row, age_s: float) -> Row:
    return alive(run, age_s if not 1.9 < age_s < 1e5 else 0.5)


def moving(field: str) -> Life:
    """A field that is another at every look at a started run that has ended."""

    def life(run: Row, age_s: float) -> Row:
        row = alive(run, age_s)
        late = WAITS_S + RUNS_S < age_s < 1e5
        return (
            {**row, field: f"{row[field]} {age_s}" if field != "completed_at" else alive(run, 0)["created_at"]}
            if late
            else row
        )

    return life


def early(run: Row, age_s: float) -> Row:
    row = alive(run, age_s)
    born = datetime.fromisoformat(row["created_at"])
    return {**row, "started_at": row["started_at"] and (born - timedelta(minutes=1)).isoformat()}


FAULTS: dict[str, tuple[Callable[[], Runs], str]] = {
    "status-goes-back": (lambda: Runs(life=backwards), "SD601"),
    "status-leaves-the-end": (lambda: Runs(life=resurrected), "SD602"),
    "answer-says-running": (lambda: Runs(answered=lambda a, _: {**a, "status": "running"}), "SD603"),
    "answer-says-completed": (lambda: Runs(answered=lambda a, _: {**a, "status": "completed"}), "SD603"),
    "started-before-created": (lambda: Runs(life=early), "SD604"),
    "running-not-started": (lambda: Runs(life=when("running", started_at=None)), "SD605"),
    "completed-without-end": (lambda: Runs(life=when("completed", completed_at=None)), "SD605"),
    "failed-without-error": (lambda: Runs(life=when("failed", error=None)), "SD605"),
    "pending-with-result": (lambda: Runs(life=when("pending", result="soon")), "SD606"),
    "completed-with-error": (lambda: Runs(life=when("completed", error="none")), "SD606"),
    "result-changes-after-the-end": (lambda: Runs(life=moving("result")), "SD611"),
    "crew-type-changes-while-running": (lambda: Runs(life=when("running", crew_type="classification")), "SD607"),
    "detail-says-pending": (lambda: Runs(detailed=lambda r: {**r, "status": "pending"}), "SD612"),
    "detail-cuts-result": (lambda: Runs(detailed=lambda r: {**r, "result": r["result"] and r["result"][:2]}), "SD612"),
    "detail-of-another-run": (lambda: Runs(detailed=lambda r: {**r, "id": str(uuid.UUID(int=9))}), "SD613"),
    "detail-of-old-runs-is-gone": (lambda: Runs(detailed=lambda r: r if r["_number"] != 7 else None), "SD614"),
    "any-id-is-answered": (lambda: Anything(seeded=12), "SD615"),
    "created-yesterday": (
        lambda: Runs(stored=lambda r: {**r, "created_at": (datetime.now(UTC) - timedelta(days=1)).isoformat()}),
        "SD616",
    ),
    "not-stored": (lambda: Runs(stored=lambda _: None), "SD617"),
    "listed-only-at-the-end": (
        lambda: Runs(shown=lambda r: r if r["status"] in {"completed", "failed"} else None),
        "SD617",
    ),
    "started-cannot-be-fetched": (lambda: Runs(detailed=lambda r: r if r["_number"] < 1000 else None), "SD6"),
    "correlation-id-lower-case": (
        lambda: Runs(stored=lambda r: {**r, "correlation_id": r["correlation_id"].lower()}),
        "SD619",
    ),
    "correlation-id-cut": (lambda: Runs(stored=lambda r: {**r, "correlation_id": r["correlation_id"][:36]}), "SD619"),
    "answer-has-another-correlation-id": (lambda: Runs(answered=lambda a, _: {**a, "correlation_id": "x"}), "SD619"),
    "crew-type-fixed": (lambda: Runs(stored=lambda r: {**r, "crew_type": "ask"}), "SD620"),
    "task-input-lost": (lambda: Runs(stored=lambda r: {**r, "task_input": None}), "SD620"),
    "one-row-for-two-starts": (lambda: Runs(stored=lambda r: {**r, "id": str(uuid.UUID(int=77))}), "SD6"),
    "starting-removes-a-row": (lambda: Removing(seeded=12), "SD622"),
}


class Anything(Runs):
    """Shows its first run where an id is unknown."""

    def reply(self, operation: Operation, path: Mapping[str, str], *rest: Any) -> tuple[int, Any]:
        status, body = super().reply(operation, path, *rest)
        unknown = status == 404 and operation.basis == "documented"
        return (200, {**_public(alive(self.runs[0], 1e6)), "id": path["run_id"]}) if unknown else (status, body)


class Removing(Runs):
    """Loses a seeded run when another is started."""

    def _start(self, headers: Mapping[str, str], json: Any, owner: str) -> dict[str, Any]:
        self.runs = [run for run in self.runs if run["_number"] != 4]
        return super()._start(headers, json, owner)


@pytest.mark.parametrize("name", FAULTS)
def test_faults_of_runs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each fault of started and fetched runs is told by the clause that names it."""
    made, code = FAULTS[name]
    assert [f.code for f in judged(made(), monkeypatch) if f.code.startswith(code)]


@pytest.mark.parametrize("name", ["completed-without-end", "task-input-lost", "detail-cuts-result", "crew-type-fixed"])
def test_one_cause_makes_one_finding(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What list and detail both show, and what other clauses could tell of it, is told once."""
    made, code = FAULTS[name]
    assert [f.code for f in judged(made(), monkeypatch)] == [code]


class Open(Runs):
    """Lets everybody look up everybody's runs."""

    def reply(
        self, operation: Operation, path: Any, query: Any, headers: Any, json: Any, caller: str
    ) -> tuple[int, Any]:
        listing = operation.behavior.lists is not None
        return super().reply(operation, path, query, headers, json, caller if listing else "")


def test_rows_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """A regular caller who can look up another's run is told."""
    desk = Open()
    for run in desk.runs[::2]:
        run["owner_id"] = "jonas"
    assert "SD624" in [f.code for f in judged(desk, monkeypatch, ("amara", "jonas"))]


# --------------------------------------------------------------------------------------------- what is started


def test_starts_try_members_and_headers() -> None:
    """Every member of the body's enum is started, with a given id and without; what is asked for is noted."""
    desk = Runs()
    operation = next(o for o in desk.api.operations if o.behavior.creates)
    call = KnownValues(desk.api, {}).build_valid_request(operation)
    assert call is not None
    calls = list(CreateRequests(desk.api, operation, call).vary_requests(12))
    kinds = {asked["crew_type"] for _, asked in calls}
    given = ["correlation_id" in asked for _, asked in calls]
    assert kinds == {"ask", "classification", "data_engineering", "data_suggestion", "semantic_model"}
    assert any(given)
    assert not all(given)
    assert all(call.json["task_input"] == asked["task_input"] for call, asked in calls)


def test_starting_happens_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many operations speak of runs, they are started once, and polling has an end."""
    desk = Runs(life=never)
    judged(desk, monkeypatch)
    assert desk.asker is not None
    posts = [e for e in desk.asker.recording.exchanges if e.request.method == "POST"]
    assert len(posts) == 12
    assert len(desk.asker.recording.exchanges) < 900


def test_histories_leave_out_what_overlaps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two sightings are compared only where one was answered before the other was asked for."""
    desk = Runs()
    judged(desk, monkeypatch)
    assert desk.asker is not None
    history = collect_histories(desk.api, desk.api.resources["crew-run"], desk.asker.recording)
    assert all(one.exchange.is_before(other.exchange) for one, other in history.iterate_changes(same_operation=True))
    assert history.can_reach("pending", "completed")
    assert not history.can_reach("completed", "pending")


def test_what_kept_us_counts_as_part_of_a_request(nx1: Api, book: Callable[[Api], Book]) -> None:
    """Of two requests at the same time the one that was sent first may be answered last, whatever its answer took."""
    notes = book(nx1)
    first = replace(notes.add("GET /api/crew-runs", json_=[], elapsed_s=0.01), ended_at=notes.at + 0.5)
    notes.at += 0.1
    second = notes.add("GET /api/crew-runs", json_=[], elapsed_s=0.01)
    notes.at += 0.5
    assert not first.is_before(second)
    assert first.is_before(notes.add("GET /api/crew-runs", json_=[]))


def test_an_id_that_several_starts_were_given_names_no_run(nx1: Api, book: Callable[[Api], Book]) -> None:
    """What is looked up by an id that two runs were given may be either's, though lists show one of them alone."""
    steps = {}
    for shared in (False, True):
        notes = book(nx1)
        for _ in range(1 + shared):
            notes.add("POST /api/crews/run", json_={}, sent_headers=[("x-correlation-id", "c")])
        notes.at += 1
        notes.add("GET /api/crew-runs", json_=[{"id": "1", "correlation_id": "c", "status": "failed"}])
        notes.at += 1
        notes.add(
            "GET /api/crews/results/{cid}",
            path="/api/crews/results/c",
            json_={"correlation_id": "c", "status": "running"},
        )
        steps[shared] = list(
            collect_histories(nx1, nx1.resources["crew-run"], notes.recording).iterate_changes(same_operation=False)
        )
    assert {shared: len(found) for shared, found in steps.items()} == {False: 1, True: 0}


@pytest.mark.parametrize(
    ("second", "gap_s", "told"),
    [
        pytest.param("execution.start", 0.1, True, id="at-once"),
        pytest.param("execution.start", 5, False, id="much-later"),
        pytest.param("execution.requeued", 0.1, False, id="requeued"),
        pytest.param("execution.success", 0.1, True, id="ended"),
        pytest.param("execution.success", 5, False, id="ended-later"),
    ],
)
def test_a_run_that_is_taken_up_again_may_start_anew(
    cloudcruise: Api, book: Callable[[Api], Book], *, second: str, gap_s: float, told: bool
) -> None:
    """The moment of its start may change where it may have been requeued meanwhile, and not all at once."""
    notes = book(cloudcruise)
    row = {"session_id": "1", "status": "execution.start", "execution_start": "2026-01-01T00:00:00Z"}
    for change in ({}, {"status": second, "execution_start": "2026-01-01T00:01:00Z"}):
        notes.add("GET /runs", json_=[{**row, **change}])
        notes.at += gap_s
    assert [finding.where for finding in notes.judged("SD607", "GET /runs")] == ["/0/execution_start"] * told
