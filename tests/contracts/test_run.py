"""A whole run: no finding on a correct service, the fault on a broken one, and no secret in a finding."""

import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any, Literal
from unittest.mock import patch

import pytest
from fastapi import Depends, FastAPI, Header, HTTPException, Request
from fastapi.responses import JSONResponse
from fastapi.security import APIKeyHeader
from pydantic import BaseModel, Field

from specduet.contracts import options, run
from specduet.contracts.api_run import PROBES
from specduet.contracts.findings import Finding
from specduet.contracts.generation import schemathesis_cases
from specduet.contracts.options import RunOptions
from specduet.contracts.probes import collections, details
from specduet.contracts.recording import ReceivedResponse, SentRequest
from specduet.contracts.run import RunResult, run_contract
from specduet.contracts.run_state import Progress
from specduet.contracts.sending.target import Target
from specduet.contracts.sending.transport import Transport, TransportFailure
from specduet.specs import Api, TargetUnreachable, load
from tests.contracts.inline_generation import InlineGeneration

KEY = "s3cret/key+7&"
Serve = Callable[[Any], str]


class Thing(BaseModel):
    """A row of the service."""

    id: int
    name: str = Field(min_length=1, max_length=40)
    shape: Literal["round", "flat"] = "round"
    weight: float | None = None


class NewThing(BaseModel):
    """The body of a create request."""

    name: str = Field(min_length=1, max_length=40)
    shape: Literal["round", "flat"] = "round"


def application() -> FastAPI:
    """A correct service, as FastAPI makes one."""
    things = [
        Thing(id=n, name=f"thing {n}", shape="flat" if n % 2 else "round", weight=n / 2 or None) for n in range(9)
    ]
    scheme = APIKeyHeader(name="x-key")

    def caller(key: Annotated[str, Depends(scheme)]) -> None:
        if key != KEY:
            raise HTTPException(401, f"the key {key} is wrong")

    app = FastAPI(dependencies=[Depends(caller)])

    @app.get("/things")
    def listed(shape: Literal["round", "flat"] | None = None, x_shop: Annotated[str, Header()] = "") -> list[Thing]:
        del x_shop
        return [thing for thing in things if shape in {None, thing.shape}]

    @app.get("/things/{thing_id}")
    def shown(thing_id: int) -> Thing:
        for thing in things:
            if thing.id == thing_id:
                return thing
        raise HTTPException(404, "no such thing")

    @app.post("/things", status_code=201)
    def made(new: NewThing) -> Thing:
        things.append(Thing(id=len(things), name=new.name, shape=new.shape))
        return things[-1]

    return app


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The service's own document."""
    path = tmp_path_factory.mktemp("things") / "things.json"
    path.write_text(json.dumps(application().openapi()))
    return path


@pytest.fixture(scope="module")
def api(document: Path) -> Api:
    return load(document)


def run_timeless(api: Api, url: str) -> RunResult:
    """Return a run with everything to which every response seems to come at once, however busy the machine is.

    A slow response is asked for again, and probes end early where responses are slow.
    """
    send, clock = Transport.send, SimpleNamespace(monotonic=lambda: 0.0, sleep=time.sleep)

    def send_at_once(
        transport: Transport, request: SentRequest, _timeout_s: float
    ) -> ReceivedResponse | TransportFailure:
        received = send(transport, request, 300)
        return replace(received, elapsed_s=0.001) if isinstance(received, ReceivedResponse) else received

    with (
        patch.object(Transport, "send", send_at_once),
        patch.object(collections, "time", clock),
        patch.object(details, "time", clock),
    ):
        return run_contract([api], Target.parse(url, headers=[f"x-key: {KEY}"]), RunOptions(max_time_s=1_000))


@pytest.fixture(scope="module")
def result(api: Api, serve: Serve) -> RunResult:
    """A run with everything on the correct service."""
    return run_timeless(api, serve(application()))


def requests(result: RunResult) -> list[tuple[Any, ...]]:
    prefix = len(result.target.url)
    return [
        (e.request.method, e.request.url[prefix:], e.request.body, e.credentials) for e in result.recording.exchanges
    ]


def quick(api: Api, target: Target, **options: Any) -> RunResult:
    """A run without generated requests and without probes."""
    return run_contract([api], target, RunOptions(**{"generate": False, "probes": (), **options}))


def test_a_correct_service_has_no_finding(result: RunResult) -> None:
    """A FastAPI application has no finding against the document that FastAPI makes of it."""
    assert [str(finding) for finding in result.findings] == []
    assert (result.exit_code(), result.exit_code("warning"), result.inconclusive_reason) == (0, 0, "")


def test_everything_was_reached(result: RunResult) -> None:
    """Ids became known, bodies were valid and invalid, and every documented status came."""
    gaps = [gap for _, _, gap in result.coverage.list_gaps() if "never answered" in gap or "never sent" in gap]
    assert gaps == []
    assert {"examples", "coverage", "fuzzing", "probe"} >= {e.origin for e in result.recording.exchanges}
    assert {e.origin for e in result.recording.exchanges} >= {"coverage", "fuzzing", "probe"}


def test_a_run_repeats_itself(api: Api, serve: Serve, result: RunResult) -> None:
    """The same seed and a fresh service: the same requests; those that are sent at once are recorded in any order."""
    again = run_timeless(api, serve(application()))
    assert Counter(requests(again)) == Counter(requests(result))


def test_no_secret_is_in_a_finding(api: Api, serve: Serve, result: RunResult) -> None:
    """A finding masks the credential even if the service repeats it in an invalid response."""
    assert any(KEY in str(e.request.headers) for e in result.recording.exchanges)

    async def parrot(request: Request, _error: Exception) -> JSONResponse:
        return JSONResponse({"key": request.headers.get("x-key")}, 500)

    app = application()
    app.add_exception_handler(HTTPException, parrot)
    target = Target.parse(serve(app), headers=[f"x-key: {KEY}"], params=["thing_id=777"])
    broken = quick(api, target)
    told = "".join(f"{f.value} {f.message} {f.where} {f.cause} {f.curl}" for f in broken.findings)
    assert broken.exit_code() == 1
    assert KEY not in told
    assert "${API_KEY_HEADER}" in told


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"status_code": 202}, "SD101"),
        ({"content": [{"id": 1}]}, "SD204"),
        ({"content": [{"id": 1, "name": "x", "shape": "square"}]}, "SD202"),
    ],
)
def test_a_fault_is_found_and_fails_the_run(api: Api, serve: Serve, change: dict[str, Any], code: str) -> None:
    """A fault gives exit code 1, its clause, and a command line that reproduces it."""
    app = application()

    @app.middleware("http")
    async def faulty(request: Request, go_on: Callable[..., Any]) -> Any:
        response = await go_on(request)
        right = request.method == "GET" and request.url.path == "/things" and response.status_code == 200
        return JSONResponse(**{"content": [], **change}) if right else response

    broken = quick(api, Target.parse(serve(app), headers=[f"x-key: {KEY}"]))
    (finding,) = broken.findings
    assert (finding.code, finding.operation, broken.exit_code()) == (code, "GET /things", 1)
    assert finding.curl.startswith("curl ")
    assert finding.curl.endswith("/things")


def test_an_accepted_finding_fails_nothing(result: RunResult) -> None:
    """A baseline marks findings; a warning fails only where warnings do."""
    found = replace(result, findings=(made_up("inferred"),))
    assert (found.exit_code(), found.exit_code("warning")) == (0, 1)
    accepted = replace(result, findings=(replace(made_up("documented"), accepted="known"),))
    assert accepted.exit_code("warning") == 0


def made_up(basis: Any) -> Finding:
    return Finding("SD101", "x", "response", 1, basis, "a", "GET /", "/", "", "", "", "", None)


def test_without_a_success_nothing_is_proven(api: Api, serve: Serve) -> None:
    """Exit code 2, and what was missing: the credential, or an id."""
    nothing = quick(api, Target.parse(serve(application())))
    assert nothing.exit_code() == 2
    assert "No response was 2xx" in nothing.inconclusive_reason
    assert "give one with -H or --auth" in nothing.inconclusive_reason
    wrong = quick(api, Target.parse(serve(application()), headers=["x-key: wrong"]))
    assert "The credential that was given is rejected" in wrong.inconclusive_reason
    assert wrong.exit_code() == 2


def test_budgets_end_a_run_early_and_it_says_so(api: Api, serve: Serve) -> None:
    """The exchanges up to then are judged all the same."""
    target = Target.parse(serve(application()), headers=[f"x-key: {KEY}"])
    short = run_contract([api], target, RunOptions(max_requests=7))
    assert len(short.recording.exchanges) == 7
    assert "Not everything was tried in 7 requests: more with --max-requests." in short.notes
    assert short.exit_code() == 0


def test_a_deep_run_goes_on_with_every_api_and_comes_to_its_end(
    api: Api, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More rounds than one for each of two APIs, and at the end the first requests once more."""
    monkeypatch.setattr(run, "GenerationProcess", InlineGeneration)
    monkeypatch.setitem(
        schemathesis_cases._FUZZ_COUNT, "deep", 6
    )  # small rounds, and so more of them in the time of a test
    target = Target.parse(serve(application()), headers=[f"x-key: {KEY}"])
    options = RunOptions(profile="deep", max_requests=900, max_time_s=600, probes=(), only_operations=("GET /things",))
    deep = run_contract([api, replace(api, name="others")], target, options)
    assert not any("Not everything" in note for note in deep.notes)
    fuzzed = Counter(e.api for e in deep.recording.exchanges if e.origin == "fuzzing")
    assert len(fuzzed) == 2
    assert min(fuzzed.values()) > 2 * 12
    assert deep.recording.exchanges[-1].origin == "probe"


def test_only_the_chosen_operations_are_sent(api: Api, serve: Serve) -> None:
    """``only_operations`` limits a run to some operations."""
    target = Target.parse(serve(application()), headers=[f"x-key: {KEY}"])
    some = run_contract([api], target, RunOptions(only_operations=("GET /things",), generate=False))
    assert {e.operation for e in some.recording.exchanges} == {api.operations[0].id, "TRACE /things"}  # its own path


def test_progress_is_reported_step_by_step(api: Api, serve: Serve) -> None:
    """Every step in its order, and a count that never falls."""
    told: list[Progress] = []
    target = Target.parse(serve(application()), headers=[f"x-key: {KEY}"])
    run_contract([api], target, RunOptions(generate=False), progress=told.append)
    steps = list(dict.fromkeys(entry.step for entry in told))
    assert steps == ["reach", "open", "probe", "close", "judge"]
    assert [entry.sent for entry in told] == sorted(entry.sent for entry in told)


def test_apis_that_are_not_served_are_left_out(api: Api, serve: Serve, cloudcruise: Api) -> None:
    """With no API named, those that are served are tested; the attempts on the others are kept."""
    target = Target.parse(serve(application()), headers=[f"x-key: {KEY}"])
    mixed = run_contract([cloudcruise, api], target, RunOptions(generate=False, probes=()), explicit=False)
    assert mixed.apis == (api,)
    assert [(one.api, one.is_served) for one in mixed.attempts] == [("cloudcruise", False), (api.name, True)]


def test_a_dead_target_ends_before_anything_else() -> None:
    """A dead target raises an operator error and gives no finding."""
    with pytest.raises(TargetUnreachable):
        quick(load("nx1"), Target.parse("http://127.0.0.1:9"))


def test_a_service_that_dies_is_found_and_the_run_ends(api: Api) -> None:
    """A service that stops listening gives one finding, and no more requests are sent."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()

    def once() -> None:
        connection, _ = listener.accept()
        listener.close()
        with connection:
            connection.recv(65536)
            connection.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: 2\r\n\r\n[]"
            )

    thread = threading.Thread(target=once)
    thread.start()
    died = run_contract([api], Target.parse(f"http://127.0.0.1:{listener.getsockname()[1]}", headers=[f"x-key: {KEY}"]))
    thread.join()
    assert [finding.code for finding in died.findings] == ["SD705"]
    assert died.exit_code() == 1
    assert len(died.recording.exchanges) < 10
    assert any("went away" in note for note in died.notes)
    assert any("requests got no complete response: refused" in note for note in died.notes)


def test_every_probe_has_its_name_among_the_options() -> None:
    """The probes that a run knows are those that its options name, in the same order."""
    assert tuple(PROBES) == options.PROBES
