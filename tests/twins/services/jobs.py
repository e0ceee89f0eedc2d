"""Render jobs: accepted with 202, done a little later, and cancelled while they are not."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Query, Response
from pydantic import BaseModel, Field

from tests.twins.service import Clock, Collection, Paging, Service

_QUEUED, _RUNNING = timedelta(seconds=2), timedelta(seconds=20)


class JobStatus(StrEnum):
    queued = "queued"
    running = "running"
    completed = "completed"
    failed = "failed"
    cancelled = "cancelled"


class JobRequest(BaseModel):
    kind: str
    priority: int = Field(default=1, ge=1, le=3)
    options: dict[str, Any] = {}


class Job(BaseModel):
    id: str
    kind: str
    priority: int
    options: dict[str, Any]
    status: JobStatus
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None


class JobList(BaseModel):
    jobs: list[Job]
    total: int


class Failure(BaseModel):
    detail: str


def show_job(job: Job, now: datetime) -> Job:
    """Return a job as it is by now."""
    if job.status == JobStatus.cancelled or now < job.created_at + _QUEUED:
        return job
    started, ended = job.created_at + _QUEUED, job.created_at + _QUEUED + _RUNNING
    if now < ended:
        return job.model_copy(update={"status": JobStatus.running, "started_at": started})
    return job.model_copy(update={"status": JobStatus.completed, "started_at": started, "finished_at": ended})


def build(clock: Clock) -> FastAPI:
    app = FastAPI(title="Render farm")
    jobs: dict[str, Job] = {}
    errors = {404: {"model": Failure, "description": "There is no such job"}}

    def find_job(job_id: str) -> Job:
        if job_id not in jobs:
            raise HTTPException(404, "There is no such job")
        return show_job(jobs[job_id], clock.now())

    location = {"Location": {"schema": {"type": "string"}, "description": "Where to look for the job"}}

    @app.post("/jobs", status_code=202, responses={202: {"headers": location}})
    async def submit_job(body: JobRequest, response: Response) -> Job:
        job_id = f"job_{len(jobs) + 1:06}"
        jobs[job_id] = Job(id=job_id, status=JobStatus.queued, created_at=clock.now(), **body.model_dump())
        response.headers["location"] = f"/jobs/{job_id}"
        return jobs[job_id]

    @app.get("/jobs", description="All jobs, the most recent first.")
    async def list_jobs(
        kind: str | None = None,
        limit: Annotated[int, Query(ge=1, le=100)] = 25,
        offset: Annotated[int, Query(ge=0)] = 0,
    ) -> JobList:
        found = [show_job(job, clock.now()) for job in reversed(jobs.values()) if kind in {None, job.kind}]
        return JobList(jobs=found[offset : offset + limit], total=len(found))

    @app.get("/jobs/{job_id}", responses=errors)
    async def get_job(job_id: str) -> Job:
        return find_job(job_id)

    @app.post("/jobs/{job_id}/cancel", responses={**errors, 409: {"model": Failure, "description": "It has ended"}})
    async def cancel_job(job_id: str) -> Job:
        job = find_job(job_id)
        if job.status not in {JobStatus.queued, JobStatus.running}:
            raise HTTPException(409, f"The job is {job.status}")
        jobs[job_id] = job.model_copy(update={"status": JobStatus.cancelled, "finished_at": clock.now()})
        return jobs[job_id]

    return app


SERVICE = Service(
    name="jobs",
    build=build,
    collections=(Collection("/jobs", "job_id", rows="jobs", paging=Paging("offset", "offset")),),
    values={
        "kind": ["render", "encode"],
        "options": [{}, {"size": 4}, {"size": 8, "format": "png"}],
        "limit": [1, 2, 10],
        "offset": [0, 0, 1],
    },
    alike={"status": ("completed", "failed")},
    free=frozenset(["started_at", "finished_at"]),
    step=3_600,
    instant=frozenset(["POST /jobs/{job_id}/cancel"]),
)
