"""Snapshots, and states that are put back: everything is as it was, also what rows do not show."""

from typing import Any

import pytest

from specduet.mocks.control.snapshots import MAX_SNAPSHOTS
from tests.mocks.office_client import OfficeClient

UPLOAD = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n\x00\xffbytes\r\n--b--\r\n'
PROJECT = {"name": "Move", "status": "draft", "lead": {"name": "Ada", "mail": "ada@example.org"}}
TASK = {"title": "Pack", "done": False, "person_id": "p1"}


@pytest.fixture
def office() -> OfficeClient:
    return OfficeClient(runs=12)


def list_everything(office: OfficeClient) -> dict[str, Any]:
    """Return every list of the office, by path."""
    projects = office.get("/projects")
    lists = {f"/projects/{p['id']}/tasks": office.get(f"/projects/{p['id']}/tasks") for p in projects}
    return {"/projects": projects, "/people": office.get("/people"), **lists}


def take_snapshot(office: OfficeClient, name: str, **headers: str) -> Any:
    response = office.send("POST", "/__mock__/snapshots", {"name": name}, **headers)
    assert response.status == 201, response
    return response.json


def restore(office: OfficeClient, name: str, **headers: str) -> int:
    return office.send("POST", f"/__mock__/snapshots/{name}/restore", **headers).status


def test_everything_comes_back(office: OfficeClient) -> None:
    """Rows, those of parents that rows do not show, files and removed rows are as they were, as often as one likes."""
    project = office.create("/projects", PROJECT)
    first, *_, last = office.get("/projects")
    office.create(f"/projects/{last['id']}/tasks", TASK)
    file = office.create("/files", UPLOAD, content_type="multipart/form-data; boundary=b")
    before = list_everything(office)
    take_snapshot(office, "start")
    for _ in range(2):
        assert first["id"] == project["id"]
        assert office.send("DELETE", f"/projects/{project['id']}").status == 204
        office.create(f"/projects/{last['id']}/tasks", TASK)
        office.create("/projects", PROJECT)
        assert office.put_state({"file": [], "person": [{"id": "p1", "name": "Ada"}]}).status == 204
        assert list_everything(office) != before
        assert restore(office, "start") == 204
        assert list_everything(office) == before
        assert b"\x00\xffbytes" in office.send("GET", f"/files/{file['id']}/content").body


def test_what_comes_next_is_the_same(office: OfficeClient) -> None:
    """After a snapshot is restored, the same requests create the same rows as before."""
    office.send("POST", "/__mock__/clock/freeze")
    office.create("/projects", PROJECT)
    take_snapshot(office, "start")
    created = [office.create("/projects", PROJECT), office.create(f"/projects/{1}/tasks", TASK)]
    restore(office, "start")
    assert [office.create("/projects", PROJECT), office.create(f"/projects/{1}/tasks", TASK)] == created


def test_what_was_not_needed_yet_is_seeded(office: OfficeClient) -> None:
    """A resource that nobody had asked for is as it would have been."""
    expected = OfficeClient(runs=12, epoch=office.app.settings.epoch).get("/people")
    take_snapshot(office, "start")
    office.put_state({"person": []})
    restore(office, "start")
    assert office.get("/people") == expected


def test_the_clock_comes_back(office: OfficeClient) -> None:
    """A frozen clock stands again where it stood; a running one runs on from there."""
    frozen = office.send("POST", "/__mock__/clock/freeze").json
    assert take_snapshot(office, "frozen") == {"name": "frozen", **frozen}
    office.send("POST", "/__mock__/clock/advance", {"seconds": 90})
    office.send("POST", "/__mock__/clock/resume")
    moved = take_snapshot(office, "running")
    assert restore(office, "frozen") == 204
    assert office.get("/__mock__/clock") == frozen
    assert restore(office, "running") == 204
    assert not office.get("/__mock__/clock")["frozen"]
    assert office.get("/__mock__/clock")["now"] >= moved["now"]


def test_snapshots_belong_to_a_session(office: OfficeClient) -> None:
    """They are listed and deleted by name, and those of one session are unknown in another."""
    mine = {"X_Mock_Session": "mine"}
    take_snapshot(office, "a")
    take_snapshot(office, "b")
    take_snapshot(office, "c", **mine)
    assert [s["name"] for s in office.get("/__mock__/snapshots")["snapshots"]] == ["a", "b"]
    assert [s["name"] for s in office.get("/__mock__/snapshots", **mine)["snapshots"]] == ["c"]
    assert restore(office, "c") == 404
    assert office.send("DELETE", "/__mock__/snapshots/a").status == 204
    assert office.send("DELETE", "/__mock__/snapshots/a").status == 404
    assert office.send("POST", "/__mock__/reset").status == 204
    assert [s["name"] for s in office.get("/__mock__/snapshots")["snapshots"]] == ["b"]


def test_snapshots_are_bounded_and_have_names_of_their_own(office: OfficeClient) -> None:
    """A second one of a name, one too many, and a name with a slash are refused."""
    for number in range(MAX_SNAPSHOTS):
        take_snapshot(office, f"s{number}")
    for name, status in (("s1", 409), ("more", 409), ("a/b", 422), ("", 422)):
        assert office.send("POST", "/__mock__/snapshots", {"name": name}).status == status


def test_a_state_tells_what_rows_do_not_show(office: OfficeClient) -> None:
    """GET has the parents of rows that do not show them, and put back in another mock it gives the same lists."""
    project = office.create("/projects", PROJECT)
    office.create(f"/projects/{office.get('/projects')[-1]['id']}/tasks", TASK)
    state, lists = office.dump_state(), list_everything(office)
    assert all("?projectId" in task for task in state["task"])
    other = OfficeClient(runs=9, seed=3)
    assert other.put_state(state).status == 204
    assert list_everything(other) == lists
    assert other.dump_state() == state
    assert project in other.get("/projects")


def test_rows_that_are_put_may_be_partial(office: OfficeClient) -> None:
    """What the schema demands is made up, given values stay, and rows of other resources refer to the new ones."""
    assert (
        office.put_state({"projects": [{"name": "A"}, {"id": 70, "name": "B"}], "people": [{"id": "p1"}]}).status == 204
    )
    newest, oldest = office.get("/projects")
    assert (newest["name"], oldest["name"], oldest["id"]) == ("A", "B", 70)
    assert newest["id"] != 70
    tasks = [office.get(f"/projects/{project['id']}/tasks") for project in (newest, oldest)]
    assert all(tasks)
    assert {task["person_id"] for found in tasks for task in found} == {"p1"}


def test_a_bad_row_changes_nothing_in_any_api() -> None:
    """Where the second API has a bad row, the first keeps its own."""
    office = OfficeClient(runs=3)
    before = office.dump_state()
    response = office.put_state({"person": [], "project": [{"lead": {"mail": "nobody"}}]})
    assert response.status == 409
    assert "row 0 of 'project' breaks the schema at /lead/mail: " in response.json["detail"]
    assert office.dump_state() == before
