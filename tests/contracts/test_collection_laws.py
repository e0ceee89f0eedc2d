"""The laws of collections: silent on correct services however unusual, and each fault told by its own clause."""

import operator
import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from specduet.contracts.analysis.list_rules import CollectionRules
from specduet.contracts.clauses import Subject, all_clauses
from specduet.contracts.findings import Finding, deduplicate
from specduet.contracts.generation.known_values import KnownValues
from specduet.contracts.options import RunOptions
from specduet.contracts.probes import collections
from specduet.specs import Api
from tests.contracts.conftest import Book
from tests.contracts.desk import (
    NOW,
    Asker,
    Desk,
    Row,
    Step,
    before,
    either_way,
    limited,
    moment,
    newest_first,
    offset,
    row,
    rows_of,
    since,
    text,
)

PARAMS = {
    "thread_id": ("thread_a", "thread_b", "thread_c"),
    "credential_id": ("vault-user-northwind", "vault-user-contoso"),
}


def judged(desk: Desk, callers: tuple[str, ...] = ()) -> list[Finding]:
    """What the clauses of the family tell after the probes have asked a desk."""
    asker = Asker(desk, PARAMS)
    asker.callers = [{"APIKeyHeader": name} for name in callers]
    operation = next(o for o in desk.api.operations if o.behavior.lists)
    knowledge = KnownValues(desk.api, PARAMS)
    collections.probe_collections(asker, operation, knowledge)  # type: ignore[arg-type]
    found: list[Finding] = []
    for entry in all_clauses():
        if entry.code.startswith("SD5"):
            found += entry.check(Subject(desk.api, operation, asker.recording, RunOptions(), entry))
    return deduplicate(finding for finding in found if finding.basis != "assumed")


def codes(desk: Desk) -> set[str]:
    return {finding.code for finding in judged(desk)}


# ------------------------------------------------------------------------------------------- correct services


def arriving(every: int) -> Callable[[Desk], None]:
    """At every so manieth request, a new row is there."""

    def arrive(desk: Desk) -> None:
        if desk.asked % every == 0:
            name = next(iter(desk.rows))
            api = desk.api.name
            created = NOW + timedelta(seconds=desk.asked)
            more = {"thread_id": name} if name else {"owner_id": "amara"}
            fresh = row(api, 0, created_at=text(created), **more)
            fresh["session_id" if api == "cloudcruise" else "id"] = f"00000000-0000-4000-a000-{desk.asked:012d}"
            desk.rows[name].insert(0, fresh)

    return arrive


def tied(api: str) -> dict[str, list[Row]]:
    """Rows of which three at a time share the moment that orders them."""
    rows = rows_of(api)
    for several in rows.values():
        for index, one in enumerate(several):
            one["created_at"] = several[index // 3 * 3]["created_at"]
    return rows


def changed(api: str, change: Callable[[Row], Row]) -> dict[str, list[Row]]:
    return {name: [change(one) for one in several] for name, several in rows_of(api).items()}


def some_null(one: Row) -> Row:
    return {**one, "created_at": None} if one["session_id"].endswith(("3", "7")) else one


UNUSUAL: dict[str, Callable[[], Desk]] = {
    "cloudcruise": lambda: Desk("cloudcruise"),
    "seekrflow": lambda: Desk("seekrflow"),
    "nx1": lambda: Desk("nx1"),
    "cloudcruise-empty": lambda: Desk("cloudcruise", rows={"": []}),
    "seekrflow-one-row": lambda: Desk("seekrflow", rows={"thread_a": rows_of("seekrflow")["thread_a"][:1]}),
    "nx1-two-rows": lambda: Desk("nx1", rows=rows_of("nx1", 2)),
    "cloudcruise-old-rows": lambda: Desk("cloudcruise", rows=rows_of("cloudcruise", 70), steps={"start_time": clamped}),
    "nx1-more-than-the-default": lambda: Desk("nx1", rows=rows_of("nx1", 130)),
    "cloudcruise-ties": lambda: Desk("cloudcruise", rows=tied("cloudcruise")),
    "seekrflow-ties": lambda: Desk("seekrflow", rows=tied("seekrflow")),
    "nx1-ties": lambda: Desk("nx1", rows=tied("nx1")),
    "cloudcruise-busy": lambda: Desk("cloudcruise", arrive=arriving(7)),
    "cloudcruise-very-busy": lambda: Desk("cloudcruise", arrive=arriving(1)),
    "seekrflow-busy": lambda: Desk("seekrflow", arrive=arriving(5)),
    "seekrflow-very-busy": lambda: Desk("seekrflow", arrive=arriving(1)),
    "nx1-busy": lambda: Desk("nx1", arrive=arriving(3)),
    "cloudcruise-null-moments": lambda: Desk("cloudcruise", rows=changed("cloudcruise", some_null)),
    "cloudcruise-required-only": lambda: Desk(
        "cloudcruise",
        rows=rows_of("cloudcruise", 40),
        steps={"shown": lambda rows, _: [{k: r[k] for k in ("session_id", "status")} for r in rows]},
    ),
    "cloudcruise-nulls-left-out": lambda: Desk(
        "cloudcruise",
        steps={"shown": lambda rows, _: [{k: v for k, v in r.items() if v is not None} for r in rows]},
    ),
    "nx1-other-order": lambda: Desk("nx1", steps={"order": lambda rows, _: sorted(rows, key=lambda r: r["id"][::-1])}),
    "cloudcruise-clamps": lambda: Desk("cloudcruise", steps={"start_time": clamped}),
    "seekrflow-caps-at-a-hundred": lambda: Desk(
        "seekrflow",
        rows={"thread_a": [row("seekrflow", i, thread_id="thread_a") for i in range(130)]},
        steps={"limit": lambda rows, q: rows[: min(int(q.get("limit", 20)), 100)]},
    ),
    "seekrflow-unknown-is-empty": lambda: Lenient("seekrflow"),
}


def clamped(rows: list[Row], query: dict[str, str]) -> list[Row]:
    oldest = NOW - timedelta(days=31)
    start = moment(query.get("start_time"))
    return since(rows, {**query, "start_time": text(max(start, oldest))} if start else query)


class Lenient(Desk):
    """An unknown thread is an empty one."""

    def answer(self, path: Any, query: dict[str, str]) -> tuple[int, Any]:
        status, body = super().answer(path, query)
        return (200, []) if status == 404 else (status, body)


@pytest.mark.parametrize("name", UNUSUAL)
def test_silent_on_correct_services(name: str) -> None:
    """Whatever a correct service does differently, nothing is told of it, not even a warning."""
    assert judged(UNUSUAL[name]()) == []


# ----------------------------------------------------------------------------------------------- faulty services


def only_when(faulty: Step, right: Step, when: Callable[[dict[str, str]], bool]) -> Step:
    return lambda rows, query: (faulty if when(query) else right)(rows, query)


def without(index: int) -> Step:
    """Limit, and lose one row on the way."""
    return lambda rows, query: limited(1000)([r for i, r in enumerate(rows) if i != index], query)


def ascending(rows: list[Row], _query: dict[str, str]) -> list[Row]:
    return newest_first(rows, {})[::-1]


def swapped(rows: list[Row], query: dict[str, str]) -> list[Row]:
    rows = newest_first(rows, query)
    return [*rows[:17], *rows[18:16:-1], *rows[19:]]


def matching(field: str, fits: Callable[[Any, str], bool]) -> Step:
    return lambda rows, query: [r for r in rows if field not in query or fits(r.get(field), query[field])]


def no_step(rows: list[Row], _query: dict[str, str]) -> list[Row]:
    return rows


def both(query: dict[str, str], *names: str) -> bool:
    return all(name in query for name in names)


def inclusive(rows: list[Row], query: dict[str, str]) -> list[Row]:
    cursor = moment(query.get("cursor"))
    return [r for r in rows if cursor is None or moment(r["created_at"]) <= cursor]  # type: ignore[operator]


def as_text(rows: list[Row], query: dict[str, str]) -> list[Row]:
    return [r for r in rows if "cursor" not in query or r["created_at"] < query["cursor"]]


def window(hours: float) -> Step:
    def step(rows: list[Row], query: dict[str, str]) -> list[Row]:
        return since(rows, {"start_time": text(NOW - timedelta(hours=hours)), **query})

    return step


def strict(rows: list[Row], query: dict[str, str]) -> list[Row]:
    start = moment(query.get("start_time"))
    return [r for r in since(rows, query) if start is None or moment(r["created_at"]) > start]  # type: ignore[operator]


def nth(number: int) -> Step:
    return lambda rows, query: rows[number - 1 : number] if query.get("limit") == "1" else limited(1000)(rows, query)


def page_three(rows: list[Row], query: dict[str, str]) -> list[Row]:
    limit, start = int(query.get("limit", 20)), int(query.get("offset", 0))
    page = offset(rows, query)[:limit]
    return page[1:] if limit < 50 and start == 2 * limit else page


CLOUD: dict[str, tuple[dict[str, Step], str]] = {
    "limit-ignored": ({"limit": no_step}, "SD501"),
    "limit-one-more": ({"limit": lambda rows, q: rows[: int(q.get("limit", 1000)) + 1]}, "SD501"),
    "limit-one-less": ({"limit": lambda rows, q: rows[: max(int(q.get("limit", 1000)) - 1, 0)]}, "SD502"),
    "limit-one-gives-the-second": ({"limit": nth(2)}, "SD502"),
    "limit-default-30": ({"limit": limited(30)}, "SD503"),
    "limit-capped-at-40": ({"limit": lambda rows, q: rows[: min(int(q.get("limit", 1000)), 40)]}, "SD502"),
    "order-ascending": ({"order": ascending}, "SD506"),
    "order-two-swapped": ({"order": swapped}, "SD506"),
    "order-by-id": ({"order": lambda rows, _: sorted(rows, key=lambda r: r["session_id"][::-1])}, "SD506"),
    "cursor-inclusive": ({"cursor": inclusive}, "SD508"),
    "cursor-ignored": ({"cursor": no_step}, "SD508"),
    "cursor-as-text": ({"cursor": as_text}, "SD508"),
    "cursor-drops-the-first": ({"cursor": lambda rows, q: before(rows, q)[bool("cursor" in q) :]}, "SD509"),
    "cursor-ignores-limit": ({"limit": only_when(no_step, limited(1000), lambda q: "cursor" in q)}, "SD501"),
    "status-ignored": ({"status": no_step}, "SD510"),
    "status-inverted": ({"status": matching("status", lambda v, q: v != q)}, "SD510"),
    "status-prefix": ({"status": matching("status", lambda v, q: v[:12] == q[:12])}, "SD510"),
    "status-of-one-member-lost": ({"status": matching("status", lambda v, q: v == q != "execution.paused")}, "SD511"),
    "workflow-keeps-null": ({"workflow_id": matching("workflow_id", lambda v, q: v in (q, None))}, "SD510"),
    "workflow-loses-one": (
        {
            "workflow_id": lambda rows, q: matching("workflow_id", operator.eq)(
                rows[: 12 if "workflow_id" in q else 99], q
            )
        },
        "SD511",
    ),
    "status-lost-with-workflow": (
        {"status": only_when(no_step, matching("status", operator.eq), lambda q: both(q, "workflow_id", "status"))},
        "SD510",
    ),
    "limit-before-filter": ({"credential_id": limited(1000), "limit": no_step}, "SD512"),
    "window-default-none": ({"start_time": lambda rows, q: since(rows, q) if "start_time" in q else rows}, "SD513"),
    "window-default-two-days": ({"start_time": window(24 * 4)}, "SD513"),
    "window-default-an-hour": ({"start_time": window(1)}, "SD514"),
    "window-ignored": ({"start_time": lambda rows, _: since(rows, {})}, "SD513"),
    "window-strict": ({"start_time": strict}, "SD514"),
    "hidden-ignored": ({"credential_id": no_step}, "SD521"),
    "hidden-in-part": (
        {"credential_id": lambda rows, q: [r for r in rows if q.get("credential_id", "") in (r["_vault"] or "")]},
        "SD521",
    ),
    "every-answer-repeats-its-first": ({"twice": lambda rows, _: rows[:1] + rows}, "SD520"),
    "three-together": (
        {"limit": only_when(no_step, limited(1000), lambda q: both(q, "status", "workflow_id", "limit"))},
        "SD501",
    ),
    "cursor-with-filter-loses": (
        {"cursor": only_when(lambda r, q: before(r, q)[1:], before, lambda q: both(q, "cursor", "workflow_id"))},
        "SD512",
    ),
}


@pytest.mark.parametrize("name", CLOUD)
def test_cursor_and_filter_faults(name: str) -> None:
    """Each fault of a list with filters and a cursor is told by the clause that names it."""
    steps, code = CLOUD[name]
    assert code in codes(Desk("cloudcruise", steps))


ANYHOW = random.Random(1)


def tied_anyhow(rows: list[Row], query: dict[str, str]) -> list[Row]:
    """Rows of an hour share created_at, and come in another order at each call."""
    tied = [{**row, "created_at": f"{row['created_at'][:13]}:00:00Z"} for row in rows]
    ANYHOW.shuffle(tied)
    return either_way(tied, query)


SEEKR: dict[str, tuple[dict[str, Step], str]] = {
    "ties-come-anyhow": ({"order": tied_anyhow}, "SD505"),
    "limit-zero-is-default": ({"limit": lambda rows, q: rows[: int(q.get("limit", 20)) or 20]}, "SD501"),
    "limit-default-10": ({"limit": limited(10)}, "SD503"),
    "limit-default-none": ({"limit": lambda rows, q: rows[: int(q.get("limit", 99))]}, "SD503"),
    "offset-ignored": ({"offset": no_step}, "SD504"),
    "offset-in-pages": ({"offset": lambda rows, q: rows[int(q.get("offset", 0)) * int(q.get("limit", 20)) :]}, "SD504"),
    "offset-one-less": ({"offset": lambda rows, q: rows[max(int(q.get("offset", 0)) - 1, 0) :]}, "SD504"),
    "offset-stops-at-30": ({"offset": lambda rows, q: rows[min(int(q.get("offset", 0)), 30) :]}, "SD504"),
    "order-ignored": ({"order": newest_first}, "SD506"),
    "order-exchanged": ({"order": lambda rows, q: either_way(rows, q)[::-1]}, "SD506"),
    "order-within-the-page": (
        {"order": no_step, "limit": lambda rows, q: either_way(limited(20)(newest_first(rows, {}), q), q)},
        "SD512",
    ),
    "asc-loses-one": (
        {"order": lambda rows, q: either_way(rows, q)[: -1 if q.get("order") == "asc" else None]},
        "SD507",
    ),
    "asc-ignores-offset": ({"offset": only_when(no_step, offset, lambda q: q.get("order") == "asc")}, "SD512"),
    "page-three-loses-one": ({"offset": no_step, "limit": page_three}, "SD505"),
    "scope-ignored": ({"scope": lambda _, __: rows_of("seekrflow")["thread_a"]}, "SD516"),
    "scope-faked": (
        {"scope": lambda _, q: [{**r, "thread_id": q["thread_id"]} for r in rows_of("seekrflow")["thread_a"]]},
        "SD517",
    ),
}


@pytest.mark.parametrize("name", SEEKR)
def test_offset_and_order_faults(name: str) -> None:
    """Each fault of a list with offsets, two directions and a scope is told by the clause that names it."""
    steps, code = SEEKR[name]
    assert code in codes(Desk("seekrflow", steps))


NX1: dict[str, tuple[dict[str, Step], str]] = {
    "limit-ignored": ({"limit": no_step}, "SD501"),
    "limit-zero-is-all": ({"limit": lambda rows, q: rows[: int(q.get("limit", 100)) or None]}, "SD501"),
    "limit-from-the-other-end": ({"limit": lambda rows, q: rows[-int(q.get("limit", 100)) or len(rows) :]}, "SD502"),
    "limit-default-20": ({"limit": limited(20)}, "SD503"),
    "limit-loses-one": ({"limit": lambda rows, q: without(5)(rows, {"limit": "100", **q})}, ""),
}


@pytest.mark.parametrize("name", NX1)
def test_limit_faults(name: str) -> None:
    """Faults of a list that has nothing but a limit are told; a row that is never shown cannot be missed."""
    steps, code = NX1[name]
    assert {*filter(None, [code])} == codes(Desk("nx1", steps))


def test_a_list_may_be_cut_where_no_document_bounds_it(nx1: Api, cloudcruise: Api) -> None:
    """A service may have a bound of its own, but neither a small one nor one beside a documented one."""
    runs, browser_runs = (CollectionRules(api, api.operations[0]) for api in (nx1, cloudcruise))
    assert [count for count in (50, 99, 100, 200) if runs.can_be_capped(count)] == [100, 200]
    assert not browser_runs.can_be_capped(5000)


def test_rows_older_than_the_service_looks_back() -> None:
    """Rows from before the oldest moment are told where an older start brings them out."""
    assert codes(Desk("cloudcruise", rows=rows_of("cloudcruise", 70))) == {"SD515"}


class Owned(Desk):
    """Shows callers their own runs and an admin everybody's; ``sees`` may say otherwise."""

    def __init__(self, sees: Callable[[str, Row], bool]) -> None:
        rows = [row("nx1", i, owner_id=("amara", "jonas")[i % 3 == 0]) for i in range(30)]
        self.caller = "amara"
        super().__init__("nx1", rows={"": rows}, steps={"limit": self._limited})
        self.sees = sees

    def _limited(self, rows: list[Row], query: dict[str, str]) -> list[Row]:
        return limited(100)([one for one in rows if self.sees(self.caller, one)], query)

    def reply(self, operation: Any, path: Any, query: Any, headers: Any, json: Any, caller: str) -> tuple[int, Any]:
        self.caller = caller or "amara"
        return super().reply(operation, path, query, headers, json, caller)


def own(caller: str, one: Row) -> bool:
    return caller in {"admin", one["owner_id"]}


def test_callers_see_what_is_theirs() -> None:
    """Two regular callers and an admin who each see what they may make no finding."""
    assert judged(Owned(own), ("amara", "jonas", "admin")) == []


@pytest.mark.parametrize(
    "sees",
    [
        pytest.param(lambda _caller, _one: True, id="everybody-sees-all"),
        pytest.param(lambda caller, one: own(caller, one) or one["id"].endswith("3"), id="a-few-rows-leak"),
        pytest.param(
            lambda caller, one: own(caller, one) and (caller, one["id"][-1]) != ("admin", "4"), id="admin-lacks"
        ),
    ],
)
def test_callers_see_too_much_or_too_little(sees: Callable[[str, Row], bool]) -> None:
    """Rows that a regular caller should not see, or that an admin should, are told."""
    assert "SD522" in {finding.code for finding in judged(Owned(sees), ("amara", "jonas", "admin"))}


class Flickering(Desk):
    """Every fifth answer lacks a row."""

    def answer(self, path: Any, query: dict[str, str]) -> tuple[int, Any]:
        status, rows = super().answer(path, query)
        return status, rows[:3] + rows[4:] if status == 200 and self.asked % 5 == 0 else rows


def test_rows_that_go_and_come_back() -> None:
    """A service that now and then forgets a row is found out, by whatever it spoils."""
    assert codes(Flickering("nx1"))


class Mixing(Desk):
    """Requests at the same time are all answered as the last of them."""

    def answer(self, path: Any, query: dict[str, str]) -> tuple[int, Any]:
        if self.together:
            other = self.together[-1]
            query = {**{k: v for k, v in query.items() if k == "start_time"}, **other}
        return super().answer(path, {k: v for k, v in query.items() if v is not None})


@pytest.mark.parametrize("api", ["cloudcruise", "seekrflow", "nx1"])
def test_answers_of_other_requests(api: str) -> None:
    """Rows of a request made at the same time are told as that, and nothing else is."""
    assert codes(Mixing(api)) == {"SD523"}


class Renaming(Desk):
    """A row has another id in every answer."""

    def answer(self, path: Any, query: dict[str, str]) -> tuple[int, Any]:
        status, rows = super().answer(path, query)
        return status, [
            {**r, "session_id": r["session_id"][:-12] + f"{self.asked * 1000 + i:012d}"} for i, r in enumerate(rows)
        ]


def test_ids_that_change() -> None:
    """A row that comes back under another id is told, though no two lists then share a row."""
    assert "SD519" in codes(Renaming("cloudcruise"))


@pytest.mark.parametrize(("apart_s", "codes_"), [(0.0, set()), (1.0, {"SD519"})])
def test_requests_at_the_same_time_have_no_order(
    cloudcruise: Api, book: Callable[[Api], Book], apart_s: float, codes_: set[str]
) -> None:
    """A row that only the one of two simultaneous answers shows has just arrived; one after the other, it was lost."""
    notes = book(cloudcruise)
    runs = [{"session_id": f"{n}", "status": "execution.success"} for n in range(3)]
    for rows in (runs, runs[1:], runs):
        notes.at += apart_s
        notes.add("GET /runs", json_=rows, elapsed_s=0.5)
    assert {f.code for f in notes.judged("SD519", "GET /runs")} == codes_


def test_one_cause_makes_one_finding() -> None:
    """What a wrong default limit does to every page, filter and offset is told once."""
    found = judged(Desk("seekrflow", {"limit": limited(7)}))
    assert [(f.code, f.severity, f.where) for f in found] == [("SD503", "error", "query/limit")]
    assert found[0].count > 1


def test_basis_decides_the_severity() -> None:
    """A wrong order is a warning, since no page names it; a cursor that is not strict is an error, since one does."""
    assert {f.severity for f in judged(Desk("cloudcruise", {"order": ascending}))} == {"warning"}
    assert "error" in {f.severity for f in judged(Desk("cloudcruise", {"cursor": inclusive}))}


def test_questions_are_the_same_every_time() -> None:
    """Two runs over the same rows ask the same questions in the same order."""

    def asked() -> Iterator[str]:
        asker = Asker(Desk("cloudcruise"), PARAMS)
        operation = asker.api.operations[0]
        collections.probe_collections(asker, operation, KnownValues(asker.api, PARAMS))  # type: ignore[arg-type]
        return (e.request.query.partition("start_time")[0] for e in asker.recording.exchanges)

    assert list(asked()) == list(asked())
