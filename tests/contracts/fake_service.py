"""A service under test without a network: a server of the catalogue in this process, and the sender that calls it.

The service has a clock of its own, which only requests and waiting move. Nothing waits for real, and two runs over the
same server send the same requests.
"""

from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, TypeVar

from specduet.contracts.clauses import Subject, all_clauses
from specduet.contracts.findings import Finding, deduplicate
from specduet.contracts.options import RunOptions
from specduet.contracts.recording import Exchange, ReceivedResponse, Recording, SentRequest
from specduet.contracts.sending.budget import RequestBudget
from specduet.contracts.sending.sender import Sender
from specduet.contracts.sending.target import Target
from specduet.contracts.session.tested_apis import drop_added_parameters
from specduet.specs import load
from tests.catalogue import ManualClock
from tests.catalogue.changes import Changes
from tests.catalogue.fake_callers import AMARA_PSK
from tests.catalogue.fake_server import build_app
from tests.catalogue.fake_world import THREADS, USUAL_SIZE, VAULTS, WorldSize
from tests.catalogue.probe_client import CREDENTIALS, SMALL_THREAD
from tests.mocks.raw_http import RawRequest, send_raw_async

SMALL_SIZE = WorldSize(crew_runs=50, recent=14, older=4, ancient=2, threads=(24, 6, 0, 0))
"""Enough rows for pages of every size, and few enough to be quick."""

PARAMS = {"thread_id": tuple(t for t in THREADS if t != SMALL_THREAD), "credential_id": VAULTS[:1]}
"""The values that the operator knows: a long thread, a short and an empty one, and a vault credential."""

_LOCAL_URL, _REMOTE_URL = "http://127.0.0.1", "http://runs.example"
_REQUEST_S = 0.005
"""Seconds by the service's clock that each request takes."""

Result = TypeVar("Result")


class FakeService:
    """One API of a server of the catalogue. It stands in for ``Transport``."""

    def __init__(self, api: str, changes: Changes | None = None) -> None:
        """``changes`` that name no size are made to a small world."""
        changes = changes or Changes()
        size = SMALL_SIZE if changes.size is USUAL_SIZE else changes.size
        self.api = drop_added_parameters(load(api))
        self.clock = ManualClock()
        self.time = SimpleNamespace(monotonic=lambda: self.clock.now().timestamp(), sleep=self.clock.advance)
        """Stands in for the module ``time``: who sleeps moves the clock."""
        self._app = build_app(replace(changes, size=size), (api,), self.clock)
        self._is_capturing = False
        self._prepared: deque[tuple[SentRequest, ReceivedResponse]] = deque()

    def send(self, request: SentRequest, _timeout_s: float) -> ReceivedResponse:
        if self._is_capturing:
            raise _RequestCaptured(request)
        if self._prepared and self._prepared[0][0] == request:  # the sender may look at something else in between
            return self._prepared.popleft()[1]
        return self._serve_requests([request])[0]

    def capture_request(self, call: Callable[[], Exchange]) -> SentRequest:
        """Return the request that a call would send, without serving it."""
        self._is_capturing = True
        try:
            call()
        except _RequestCaptured as captured:
            return captured.request
        finally:
            self._is_capturing = False
        raise AssertionError("the call sends nothing")

    def serve_together(self, requests: Iterable[SentRequest]) -> None:
        """Serve requests at the same time; the next calls of ``send`` return their responses, in the same order."""
        request_list = list(requests)
        self._prepared.extend(zip(request_list, self._serve_requests(request_list), strict=True))

    def _serve_requests(self, requests: Iterable[SentRequest]) -> list[ReceivedResponse]:
        responses = run_in_turns(send_raw_async(self._app, _to_raw(request)) for request in requests)
        self.clock.advance(_REQUEST_S)
        return [ReceivedResponse(r.status, tuple(r.headers.items()), r.body, _REQUEST_S) for r in responses]


class _RequestCaptured(Exception):
    """Signal: a call has come as far as its request."""

    def __init__(self, request: SentRequest) -> None:
        self.request = request


def run_in_turns(coroutines: Iterable[Coroutine[Any, Any, Result]]) -> list[Result]:
    """Return the results of coroutines. Each runs up to its next ``sleep(0)``, then the others have their turns.

    There is no event loop: the order is always the same, and a third of the time is saved.
    """
    results: dict[int, Result] = {}
    waiting = dict(enumerate(coroutines))
    while waiting:
        for index, coroutine in list(waiting.items()):
            try:
                coroutine.send(None)
            except StopIteration as end:
                results[index] = end.value
                del waiting[index]
    return [results[index] for index in sorted(results)]


def _to_raw(request: SentRequest) -> RawRequest:
    headers = [(name.lower().encode(), value.encode()) for name, value in request.headers if name != "Host"]
    target = f"{request.path}?{request.query}" if request.query else request.path
    return RawRequest(request.method, target, headers, request.body or b"")


class _ServiceBudget(RequestBudget):
    """An unlimited budget by the service's clock."""

    def current_time(self) -> float:
        return self.transport.time.monotonic()  # type: ignore[attr-defined,no-any-return]


class RecordingSender(Sender):
    """The suite's sender, to a fake service. Requests at the same time need no threads, and have always one order."""

    def __init__(self, service: FakeService, psks: Sequence[str] = (AMARA_PSK,), *, is_remote: bool = False) -> None:
        """``psks`` are the callers of Nx1; requests are sent as the first one.

        ``is_remote``: the service is taken for one on another machine, to which the probes send fewer requests.
        """
        credentials = [*CREDENTIALS[service.api.name].items(), *(("Authorization-PSK", psk) for psk in psks)]
        target = Target(_REMOTE_URL if is_remote else _LOCAL_URL, headers=tuple(credentials), params=PARAMS)
        budget = _ServiceBudget(service, target.loopback)  # type: ignore[arg-type]
        super().__init__(target, service.api, Recording(), budget=budget)
        self.service = service

    def send_concurrently(self, calls: Iterable[Callable[[], Exchange]]) -> list[Exchange]:
        call_list, sent_at = list(calls), self.budget.current_time()
        self.service.serve_together([self.service.capture_request(call) for call in call_list])
        exchanges = [replace(call(), sent_at=sent_at) for call in call_list]
        self.recording.exchanges[len(self.recording.exchanges) - len(exchanges) :] = exchanges
        return exchanges


def check_clauses(sender: RecordingSender, family: str) -> list[Finding]:
    """Return the findings of the clauses whose code begins with ``family``, save those that rest on an assumption."""
    findings: list[Finding] = []
    for operation in sender.api.operations:
        for clause in all_clauses():
            if clause.code.startswith(family):
                findings += clause.check(Subject(sender.api, operation, sender.recording, RunOptions(), clause))
    return deduplicate(finding for finding in findings if finding.basis != "assumed")
