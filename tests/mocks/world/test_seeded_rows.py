"""The seeded rows: valid, varied, true to every statement, the same everywhere."""

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specduet.specs import Api, Resource, load
from specduet.specs.behavior import ResourceBehavior

APIS = ("cloudcruise", "nx1", "seekrflow", "jobs")
SEEDS = st.integers(0, 10**9)
few = settings(max_examples=6, deadline=None)

MakeClient = Callable[..., Any]


def moment(value: Any) -> float:
    return datetime.fromisoformat(value).timestamp() if isinstance(value, str) else value


def at(row: Any, path: str) -> Any:
    for part in path.split("."):
        row = row.get(part) if isinstance(row, Mapping) else None
    return row


def seen(value: Any, path: tuple[str, ...]) -> Iterator[Any]:
    """Yield every value at a path of a schema's fields, ``*`` being each item."""
    if not path:
        yield value
    elif path[0] == "*":
        for item in value if isinstance(value, list) else value.values() if isinstance(value, Mapping) else ():
            yield from seen(item, path[1:])
    elif isinstance(value, Mapping) and path[0] in value:
        yield from seen(value[path[0]], path[1:])


def unseen(api: Api, resource: Resource, rows: list[Any], ordered_by: str) -> list[str]:
    """Return the statuses, and the null and set sides of nullable fields, that no row shows."""
    status = resource.behavior.status
    assert status is not None
    members = api.schemas.split_null(resource.properties[status.field], "")[0]["enum"]
    missing = [m for m in members if all(row[status.field] != m for row in rows)]
    for field in api.schemas.walk_fields(resource.schema, resource.pointer):
        values = [value for row in rows for value in seen(row, field.path)]
        if field.nullable and field.path != (ordered_by,):
            missing += [f"{field.path} null"] * (None not in values)
            missing += [f"{field.path} set"] * all(value is None for value in values)
    return missing


def violations(resource: Resource, rows: list[Any]) -> Iterator[str]:
    """Yield a text for each place where a row violates a statement about the resource."""
    behavior = resource.behavior
    assert behavior.status is not None
    for row in rows:
        yield from status_violations(behavior, row, row[behavior.status.field])
        for line in behavior.timeline:
            moments = [moment(at(row, f)) for f in line.fields if at(row, f) is not None]
            if moments != sorted(moments):
                yield f"{line.fields}: {moments}"
        for constant in behavior.constant:
            if at(row, constant.field) not in (constant.value, None):
                yield f"{constant.field} is {at(row, constant.field)!r}"
        for total in behavior.sum:
            if at(row, total.field) is not None and at(row, total.field) != sum(at(row, part) for part in total.of):
                yield f"{total.field} is {at(row, total.field)}"
    identities = [row[behavior.id.field] for row in rows]
    if len(set(identities)) < len(identities):
        yield "two rows have one identity"


def status_violations(behavior: ResourceBehavior, row: Mapping[str, Any], status: str) -> Iterator[str]:
    for rule in behavior.set_when:
        if status in rule.set and at(row, rule.field) is None:
            yield f"{rule.field} is not set while {status}"
        if status in rule.unset and at(row, rule.field) is not None:
            yield f"{rule.field} is set while {status}"
    for truth in behavior.true_only_when:
        if at(row, truth.field) and status not in truth.status:
            yield f"{truth.field} is true while {status}"


@pytest.mark.parametrize("data", ["believable", "adversarial"])
@pytest.mark.parametrize("name", APIS)
def test_every_response_is_valid(make_client: MakeClient, name: str, data: str) -> None:
    """Every response validates against its schema, formats included, whatever the seed."""

    @given(seed=SEEDS if data == "believable" else st.just(1))
    @few
    def check_seed(seed: int) -> None:
        client = make_client(name, seed=seed, data=data)
        for pointer, body in client.all_responses():
            client.api.schemas.validator_at(pointer).validate(body)
        for resource in client.api.resources.values():
            for row in client.world.dump_state()[resource.name]:
                client.api.schemas.validator_at(resource.pointer).validate(row)

    check_seed()


@pytest.mark.parametrize("data", ["believable", "adversarial"])
@pytest.mark.parametrize("name", APIS)
def test_rows_obey_every_statement(make_client: MakeClient, name: str, data: str) -> None:
    """Timelines, set-when, true-only-when, constants, sums and identities hold, also those that are assumed."""

    @given(seed=SEEDS if data == "believable" else st.just(1))
    @few
    def check_seed(seed: int) -> None:
        client = make_client(name, seed=seed, data=data)
        for resource in client.api.resources.values():
            assert not list(violations(resource, client.world.dump_state()[resource.name]))

    check_seed()


@given(seed=SEEDS)
@few
@pytest.mark.parametrize("name", ["cloudcruise", "nx1", "seekrflow"])
def test_the_default_view_shows_everything(make_client: MakeClient, name: str, seed: int) -> None:
    """The first scope, in its default window, has every status and every nullable field both null and set."""
    client = make_client(name, seed=seed)
    listed = client.operations_with("lists")[0].behavior
    resource = client.api.resources[listed.lists.resource]
    assert unseen(client.api, resource, client.rows(limit=1000), listed.order.by) == []


@given(seed=SEEDS)
@few
def test_null_takes_turns(make_client: MakeClient, seed: int) -> None:
    """Of any four rows of a place in the turn of statuses one is null, so that few rows are enough to show both."""
    rows = make_client("cloudcruise", seed=seed, runs=4 * 7).world.dump_state()["run"]
    for field in ("workflow_id", "workspace_id", "dry_run"):
        assert sum(row[field] is None for row in rows) == 7
    assert Counter(row["status"] for row in rows).most_common()[-1][1] == 4


@given(seed=SEEDS)
@few
def test_scopes_are_large_small_and_empty(make_client: MakeClient, seed: int) -> None:
    """The first scope has forty rows at least, the second ten, the third none."""
    client = make_client("seekrflow", seed=seed)
    sizes = [len(client.rows(thread_id=thread, limit=1000)) for thread in client.world.scope_values()["thread_id"]]
    assert sizes == [50, 10, 0]
    assert len(client.world.dump_state()["run"]) == 60


@given(seed=SEEDS)
@few
@pytest.mark.parametrize("name", APIS)
def test_no_two_rows_tie(make_client: MakeClient, name: str, seed: int) -> None:
    """The field that orders the list differs in every row, so that a cursor loses none."""
    client = make_client(name, seed=seed)
    (rows,) = client.world.dump_state().values()
    moments = [row[client.operations_with("lists")[0].behavior.order.by] for row in rows]
    assert len(set(moments)) == 60


def test_rows_lie_within_and_beyond_the_default_window(make_client: MakeClient) -> None:
    """Most runs are of the last day, the others at most a month old, none of the future."""
    client = make_client("cloudcruise")
    ages = [client.clock.now() - datetime.fromisoformat(row["created_at"]) for row in client.world.dump_state()["run"]]
    day, month = timedelta(days=1), timedelta(days=30, hours=12)
    assert all(timedelta(0) < age < month for age in ages)
    assert sum(age < day for age in ages) == len(client.rows()) == 45
    client.clock.advance(timedelta(hours=11).total_seconds())
    assert len(client.rows()) == 45  # a mock may run for a working day


def test_nothing_has_happened_yet(make_client: MakeClient) -> None:
    """No time of a seeded row is later than the epoch, however close to it the row was created."""
    client = make_client("cloudcruise", runs=2000)
    for row in client.world.dump_state()["run"]:
        times = [row[f] for f in ("created_at", "execution_start", "execution_end") if row[f] is not None]
        assert all(datetime.fromisoformat(at) <= client.clock.now() for at in times)


@pytest.mark.parametrize("runs", [0, 1, 7, 49, 50, 61, 500])
@pytest.mark.parametrize("name", APIS)
def test_the_number_of_rows(make_client: MakeClient, name: str, runs: int) -> None:
    """``runs`` is the number of seeded rows, also where it is none."""
    client = make_client(name, runs=runs)
    assert [len(rows) for rows in client.world.dump_state().values()] == [runs]


@pytest.mark.parametrize("name", APIS)
def test_the_order_of_calls_does_not_matter(make_client: MakeClient, name: str) -> None:
    """A world has the same rows whichever of them were read first."""
    left, right = make_client(name), make_client(name)
    right.rows(limit=1)
    right.world.reset()
    assert left.all_responses()[0] == right.all_responses()[0]
    assert left.world.dump_state() == right.world.dump_state()


def test_seeds_differ(make_client: MakeClient) -> None:
    """Another seed makes other rows."""
    assert make_client("nx1", seed=1).world.dump_state() != make_client("nx1", seed=2).world.dump_state()


_DIGEST = """
import hashlib, json, sys
sys.path.insert(0, sys.argv[1])
from conftest import JOBS, WorldClient, load_api
digest = hashlib.sha256()
for name in sys.argv[3:] or [str(JOBS)]:
    client = WorldClient(load_api(name), seed=7, data=sys.argv[2])
    digest.update(json.dumps([client.all_responses(), client.world.dump_state()]).encode())
print(digest.hexdigest())
"""


@pytest.mark.parametrize("data", ["believable", "adversarial"])
def test_two_processes_agree(data: str) -> None:
    """Two processes with different string hashes give the same bytes for the same seed, epoch and clock."""
    here = os.path.dirname(__file__)  # noqa: PTH120  for sys.path
    names = {"believable": ["nx1", "cloudcruise", "seekrflow"], "adversarial": []}[data]
    running = [
        subprocess.Popen(
            [sys.executable, "-c", _DIGEST, here, data, *names],
            env={**os.environ, "PYTHONHASHSEED": number},
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in ("1", "2")
    ]
    digests = {process.communicate()[0].strip() for process in running}
    assert len(digests) == 1
    assert len(next(iter(digests))) == hashlib.sha256().digest_size * 2


def test_adversarial_rows_hurt(make_client: MakeClient) -> None:
    """Adversarial rows have empty and long texts, every plane of Unicode, extra properties and absent fields."""
    rows = make_client("nx1", data="adversarial", runs=300).world.dump_state()["crew-run"]
    texts = [value for row in rows for value in (row.get("result"), row.get("error")) if value is not None]
    assert "" in texts
    assert max(map(len, texts)) > 2000
    assert {ord(c) >> 16 for text in texts for c in text} == set(range(17))
    assert not any("\ud800" <= c <= "\udfff" for c in json.dumps(rows, ensure_ascii=False))
    assert any(set(row) - set(rows[0]) for row in rows)
    assert any("crew_type" not in row for row in rows)
    assert any(row.get("crew_type") is row.get("task_input") is row.get("crew_config") is None for row in rows)


def test_hypothesis_is_imported_for_adversarial_data_alone() -> None:
    """A world with believable data imports nothing that only the contract suite needs."""
    code = (
        "import sys; from specduet.mocks.world import Clock, World; from specduet.mocks.settings import Settings;"
        "from specduet.specs import load;"
        "s = Settings(); World(load('nx1'), s, Clock(s.epoch)).dump_state();"
        "print(sorted({'hypothesis', 'schemathesis', 'httpx', 'pytest', 'yaml'} & sys.modules.keys()))"
    )
    load("nx1")  # into the cache: the reader of YAML is needed only for what is not there
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert run.stdout.strip() == "[]"
