"""The statuses of rows as time goes by, in the mocks of documents of our own choosing."""

import asyncio
import json
from typing import Any

import pytest

from specduet.mocks import Settings, create_app
from specduet.mocks.app import Mock
from specduet.specs import load
from tests.mocks.raw_http import RawRequest, RawResponse, send_raw_async
from tests.twins.conftest import find_service

ORDER = ("queued", "running", "completed", "failed", "cancelled")
STEPS = 60


class JobClient:
    """A client of the mock of the render farm, whose clock it moves."""

    def __init__(self, mock: Mock, loop: asyncio.AbstractEventLoop) -> None:
        self._mock = mock
        self._loop = loop

    def send(self, method: str, target: str, body: Any = None) -> RawResponse:
        """Return a response."""
        headers = [] if body is None else [(b"content-type", b"application/json")]
        request = RawRequest(method, target, headers, b"" if body is None else json.dumps(body).encode())
        return self._loop.run_until_complete(send_raw_async(self._mock, request))

    def submit_job(self) -> Any:
        """Return a new job."""
        return self.send("POST", "/jobs", {"kind": "render"}).json

    def fetch_job(self, job: Any) -> Any:
        """Return a job as it is now."""
        return self.send("GET", f"/jobs/{job['id']}").json

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self._mock.sessions.default.clock.advance(seconds)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, loop: asyncio.AbstractEventLoop) -> JobClient:
    """A client of a mock whose clock stands still unless it is moved."""
    folder = tmp_path_factory.mktemp("jobs")
    path = folder / "jobs.json"
    path.write_text(json.dumps(find_service("jobs").write_document()))
    mock = create_app([load(path)], Settings(runs=8))
    mock.sessions.default.clock.freeze()
    return JobClient(mock, loop)


def test_a_job_goes_forward(client: JobClient) -> None:
    """A new job is queued, then runs, and ends as completed or failed; it never goes back."""
    jobs = [client.submit_job() for _ in range(12)]
    assert {job["status"] for job in jobs} == {"queued"}
    seen: dict[str, list[str]] = {job["id"]: ["queued"] for job in jobs}
    for _ in range(STEPS):
        client.wait(0.5)
        for job in jobs:
            seen[job["id"]].append(client.fetch_job(job)["status"])
    for statuses in seen.values():
        assert [ORDER.index(status) for status in statuses] == sorted(map(ORDER.index, statuses))
        assert statuses[-1] in {"completed", "failed"}
    assert any("running" in statuses for statuses in seen.values())


def test_the_times_of_a_job_follow_its_status(client: JobClient) -> None:
    """A job has a start once it runs, an end once it has ended, and no time lies ahead or before an earlier one."""
    job = client.submit_job()
    for _ in range(STEPS):
        shown = client.fetch_job(job)
        assert (shown["started_at"] is not None) == (shown["status"] != "queued"), shown
        assert (shown["finished_at"] is not None) == (shown["status"] in {"completed", "failed"}), shown
        times = [shown[name] for name in ("created_at", "started_at", "finished_at") if shown[name]]
        assert times == sorted(times)
        client.wait(0.5)
    assert shown["created_at"] == job["created_at"]


def test_a_cancelled_job_stays_cancelled(client: JobClient) -> None:
    """Cancelling works once and before the end; after that, and for a job that has ended, it is refused with 409."""
    job, other = client.submit_job(), client.submit_job()
    assert client.send("POST", f"/jobs/{job['id']}/cancel").json["status"] == "cancelled"
    assert client.send("POST", f"/jobs/{job['id']}/cancel").status == 409
    client.wait(3_600)
    assert client.fetch_job(job)["status"] == "cancelled"
    assert client.fetch_job(other)["status"] in {"completed", "failed"}
    assert client.send("POST", f"/jobs/{other['id']}/cancel").status == 409


def test_a_job_is_where_its_location_says(client: JobClient) -> None:
    """The Location of a new job is a URL at which it is found."""
    response = client.send("POST", "/jobs", {"kind": "encode", "priority": 2})
    location = response.headers["location"]
    assert client.send("GET", location.partition("mock")[2] or location).json == response.json


def test_no_job_cancels_itself(client: JobClient) -> None:
    """Of many jobs that nobody cancels, each is completed or failed in the end, and most are completed."""
    jobs = [client.submit_job() for _ in range(150)]
    client.wait(3_600)
    ends = [client.fetch_job(job)["status"] for job in jobs]
    assert set(ends) <= {"completed", "failed"}
    assert ends.count("completed") > 100
