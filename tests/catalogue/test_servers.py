"""The catalogue's servers are what they are said to be: proven by plain HTTP, without the judge."""

import ast
import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.catalogue import CORRECT, FAULTY, UNUSUAL, ManualClock, Variant, create_app
from tests.catalogue.fake_callers import ADMIN_PSK, AMARA_PSK
from tests.catalogue.fake_world import BROWSER_STATUSES, THREAD_STATUSES
from tests.catalogue.faults.documented_fields import DOCUMENTED_FIELDS, find_bad_rows, list_shown_rows
from tests.catalogue.operations import API_OPS, APIS, OPERATION_LABELS
from tests.catalogue.probe_client import LIST_PATHS, START_PATH, ProbeClient
from tests.catalogue.variant import FAMILIES


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as opened:
        yield opened


def make_client(name: str, api: str, runner: asyncio.Runner) -> ProbeClient:
    clock = ManualClock()
    return ProbeClient(create_app(name, clock), api, clock, runner)


@pytest.fixture(scope="module")
def correct(runner: asyncio.Runner) -> dict[str, ProbeClient]:
    """Clients of the correct server, one for each API: whatever it was sent before, it stays correct."""
    return {api: make_client(CORRECT, api, runner) for api in APIS}


@pytest.mark.parametrize("variant", FAULTY, ids=lambda v: v.name)
def test_a_faulty_server_misbehaves_and_the_correct_one_does_not(
    variant: Variant, correct: dict[str, ProbeClient], runner: asyncio.Runner
) -> None:
    """The direct probe of each fault sees it on its server, and not on the correct one."""
    assert variant.probe(make_client(variant.name, variant.api, runner)), variant.sentence
    assert not variant.probe(correct[variant.api]), variant.sentence


@pytest.mark.parametrize("variant", UNUSUAL, ids=lambda v: v.name)
def test_an_unusual_server_is_unusual(variant: Variant, runner: asyncio.Runner) -> None:
    """What makes a server unusual can be seen on it."""
    assert variant.probe(make_client(variant.name, variant.api, runner)), variant.sentence


@pytest.mark.parametrize("variant", UNUSUAL, ids=lambda v: v.name)
def test_an_unusual_server_keeps_the_types_of_every_field(variant: Variant, runner: asyncio.Runner) -> None:
    """No row of an unusual server breaks a documented field."""
    client = make_client(variant.name, variant.api, runner)
    if variant.api == "nx1":
        client.start_run()
    rows = list_shown_rows(client, API_OPS[variant.api][0])
    assert [row for field in DOCUMENTED_FIELDS[variant.api] for row in find_bad_rows(rows, field)] == []


def test_there_is_enough_of_everything() -> None:
    """Every family has faults at every API that can have them."""
    families = Counter(variant.family for variant in FAULTY)
    assert set(FAMILIES) == set(families)
    assert min(families.values()) >= 10
    assert set(OPERATION_LABELS) == {op for variant in FAULTY for op in variant.ops}
    assert len(FAULTY) >= 60
    assert len(UNUSUAL) >= 15
    assert all(variant.clauses for variant in FAULTY)


def test_the_correct_server_shows_everything(runner: asyncio.Runner) -> None:
    """Every status is seen, and every nullable field both null and set."""
    statuses = {
        "nx1": {"pending", "running", "completed", "failed"},
        "cloudcruise": set(BROWSER_STATUSES),
        "seekrflow": set(THREAD_STATUSES),
    }
    for api in APIS:
        rows = make_client(CORRECT, api, runner).get_rows()
        assert statuses[api] == {row["status"] for row in rows}
        nullable = [field.path for field in DOCUMENTED_FIELDS[api] if field.nullable and field.path != "created_at"]
        for path in nullable:
            assert {True, False} == {row[path] is None for row in rows}, f"{api} {path}"


def test_a_started_run_lives_and_ends(runner: asyncio.Runner) -> None:
    """A started run is seen waiting, working and ended, three of four times well."""
    client = make_client(CORRECT, "nx1", runner)
    runs = [[row["status"] for row in client.watch_run()] for _ in range(4)]
    assert list(dict.fromkeys(runs[0])) == ["pending", "running", "completed"]
    assert Counter(completed=3, failed=1) == Counter(statuses[-1] for statuses in runs)


def test_users_see_their_own_and_the_admin_all(runner: asyncio.Runner) -> None:
    """Regular users see their own runs, admins see runs from all users, by key and by token."""
    client = make_client(CORRECT, "nx1", runner)
    owners = {
        name: {row["owner_id"] for row in client.get(headers=header).rows}
        for name, header in {
            "amara": {"Authorization-PSK": AMARA_PSK},
            "jonas": {"Authorization": "Bearer token-jonas-b2e514"},
            "admin": {"Authorization-PSK": ADMIN_PSK},
        }.items()
    }
    assert {
        "amara": {"amara.okafor"},
        "jonas": {"jonas.weber"},
        "admin": {"amara.okafor", "jonas.weber"},
    } == owners


@pytest.mark.parametrize("headers", [{}, {"Authorization": "wrong", "Authorization-PSK": "wrong", "cc-key": "wrong"}])
def test_strangers_are_refused(headers: dict[str, str], runner: asyncio.Runner) -> None:
    """Without a right credential every operation answers 401, whatever else is wrong."""
    for api, path in LIST_PATHS.items():
        assert make_client(CORRECT, api, runner).get(path, {"limit": "x"}, headers).status == 401
    assert make_client(CORRECT, "nx1", runner).send("POST", START_PATH, (), headers, {}).status == 401


def test_the_servers_share_no_code_with_mock_and_judge() -> None:
    """The servers import nothing of mock and judge: a misreading on one side is not hidden by the other."""
    folder = Path(__file__).parent
    judging = {"judging.py", "judging_pool.py", "result_table.py", "schemathesis_baseline.py", "__main__.py"}
    for path in [p for p in folder.rglob("*.py") if p.name not in judging and not p.name.startswith("test_")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {name.partition(".")[0] for name in names} & {"specduet"}, path
