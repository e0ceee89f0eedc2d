"""The sender: it sends exactly the given request, safely and in time, and records everything."""

import gzip
import socket
import struct
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from specduet.contracts.recording import Exchange, Recording
from specduet.contracts.sending import sender as sending
from specduet.contracts.sending import transport
from specduet.contracts.sending.budget import BudgetSpent, RequestBudget
from specduet.contracts.sending.credentials import WRONG_CREDENTIAL
from specduet.contracts.sending.sender import OperationUnresponsive, Sender, TargetGone, UnsafeOperation
from specduet.contracts.sending.target import PLACEHOLDER, Target
from specduet.specs import Api, load

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n[]"
ServeRaw = Callable[[Callable[[socket.socket], None]], str]


def read_request(connection: socket.socket) -> bytes:
    """One request's head and body; empty where the other side hung up."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return b""
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if b"content-length" in line), 0)
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


class Answering:
    """A handler that keeps connections, remembers requests and answers each with the next of ``answers``."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers) or [OK]
        self.requests: list[bytes] = []

    def __call__(self, connection: socket.socket) -> None:
        while request := read_request(connection):
            self.requests.append(request)
            answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
            if not answer:
                return
            connection.sendall(answer)


def repeated(mine: Sender, times: int) -> None:
    """Send the first operation again and again."""
    for _ in range(times):
        mine.send(mine.api.operations[0])


def answer(status: str, *headers: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, "Content-Length: 0", "", ""]).encode()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that would have been made, in seconds."""
    taken: list[float] = []
    monkeypatch.setattr(sending.time, "sleep", taken.append)
    return taken


def sender(url: str, api: Api, *, budget: RequestBudget | None = None, **options: Any) -> Sender:
    return Sender(Target.parse(url, **options), api, Recording(), budget=budget)


def remote_sender(api: Api, url: str, **options: Any) -> Sender:
    """A sender whose target is not on this machine."""
    target = Target.parse(url.replace("127.0.0.1", "api.example.com"), **options)
    budget = RequestBudget(RequestBudget.for_target(Target.parse(url)).transport, loopback=False, per_second=10.0)
    return Sender(target, api, Recording(), budget=budget)


# -------------------------------------------------------------------------------------------------- exactly as given


def test_a_raw_request_is_sent_unchanged(cloudcruise: Api, serve_raw: ServeRaw) -> None:
    """No dot segment is removed, nothing is decoded or encoded anew, and the recorded request is the sent one."""
    handler = Answering()
    mine = sender(serve_raw(handler), cloudcruise, headers=["cc-key: k"])
    exchange = mine.send_raw(cloudcruise.operations[0], path="/a/../%2e%2E/x%zz", query="a=%zz&b=+%2B&&c")
    lines = handler.requests[0].decode().split("\r\n")
    assert lines[0] == "GET /a/../%2e%2E/x%zz?a=%zz&b=+%2B&&c HTTP/1.1"
    assert [f"{name}: {value}" for name, value in exchange.request.headers] == lines[1:-2]
    assert (exchange.request.path, exchange.request.query) == ("/a/../%2e%2E/x%zz", "a=%zz&b=+%2B&&c")


def test_plain_text_is_percent_encoded(nx1: Api, serve_raw: ServeRaw) -> None:
    """Path values and query pairs are given as text; every reserved character is encoded."""
    handler = Answering()
    operation = nx1.operation("get_run_api_crew_runs__run_id__get")
    sender(serve_raw(handler), nx1).send(operation, path={"run_id": "a/b?c d"}, query=[("x y", "ü&="), ("x y", "")])
    assert handler.requests[0].startswith(b"GET /api/crew-runs/a%2Fb%3Fc%20d?x%20y=%C3%BC%26%3D&x%20y= HTTP/1.1\r\n")


def test_json_is_labelled_and_bytes_are_not(nx1: Api, serve_raw: ServeRaw) -> None:
    """``json`` carries its content type; ``body`` carries what it was given, or none."""
    handler = Answering()
    mine, post = sender(serve_raw(handler), nx1), nx1.operation("run_preset_crew_api_crews_run_post")
    mine.send(post, json={"crew_type": "äsk"})
    mine.send(post, body=b"\xff")
    mine.send(post)
    first, second, third = handler.requests
    assert b"Content-Type: application/json\r\n" in first
    assert first.endswith('{"crew_type":"äsk"}'.encode())
    assert b"content-type" not in second.lower()
    assert second.endswith(b"\xff")
    assert b"Content-Length: 0\r\n" in third


def test_a_given_header_replaces_a_default_one(nx1: Api, serve_raw: ServeRaw) -> None:
    """A probe's own ``Accept`` replaces the usual one, whatever its case."""
    handler = Answering()
    sender(serve_raw(handler), nx1).send(nx1.operations[0], headers=[("accept", "text/event-stream")])
    assert handler.requests[0].lower().count(b"\r\naccept:") == 1
    assert b"\r\naccept: text/event-stream\r\n" in handler.requests[0]


def test_a_response_that_the_time_cuts_off_is_no_timeout(nx1: Api, serve_raw: ServeRaw) -> None:
    """Where the run ends before a slow response comes, the request is not recorded as one without a response."""
    hung_up = threading.Event()

    def wait(connection: socket.socket) -> None:
        read_request(connection)
        hung_up.wait(20)

    budget = RequestBudget.for_target(Target.parse(serve_raw(wait)), max_time_s=0.3)
    mine = Sender(Target.parse(budget.transport.url), nx1, Recording(), budget=budget)
    with pytest.raises(BudgetSpent):
        mine.send(nx1.operations[0])
    hung_up.set()
    assert mine.recording.exchanges == []


def test_time_that_is_kept_for_judging_is_not_used_for_sending(nx1: Api, serve_raw: ServeRaw) -> None:
    """What is reserved counts as used, so that the run ends in time."""
    budget = RequestBudget.for_target(Target.parse(serve_raw(Answering())), max_time_s=600.0)
    mine = Sender(Target.parse(budget.transport.url), nx1, Recording(), budget=budget)
    mine.send(nx1.operations[0])
    budget.reserved_s = 600.0
    with pytest.raises(BudgetSpent):
        mine.send(nx1.operations[0])


def test_equal_bodies_are_one_object(nx1: Api, serve_raw: ServeRaw) -> None:
    """A list that comes a thousand times takes the memory of one."""
    mine = sender(serve_raw(Answering()), nx1)
    repeated(mine, 2)
    first, second = mine.recording.exchanges
    assert first.response is not None
    assert second.response is not None
    assert first.response.body is second.response.body
    assert first.json is second.json


@pytest.mark.parametrize("value", ["a\r\nX-Injected: 1", "a\nb"])
def test_a_line_break_in_a_header_raises(nx1: Api, serve_raw: ServeRaw, value: str) -> None:
    """A header that HTTP cannot carry raises ``ValueError`` before anything is sent."""
    mine = sender(serve_raw(Answering()), nx1)
    with pytest.raises(ValueError, match="header"):
        mine.send(nx1.operations[0], headers=[("x", value)])
    assert mine.recording.exchanges == []


def test_a_compressed_response_is_unpacked(nx1: Api, serve_raw: ServeRaw) -> None:
    """A server may compress any response; the recorded body is the unpacked one."""
    packed = gzip.compress(b"[1]")
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    assert sender(serve_raw(Answering(head + packed)), nx1).send(nx1.operations[0]).json == [1]


# ------------------------------------------------------------------------------------------------------- credentials


def test_credentials_given_missing_empty_wrong_and_other(cloudcruise: Api, serve_raw: ServeRaw) -> None:
    """Each kind of credential is sent as its name says, and recorded with its name."""
    handler = Answering()
    mine = sender(serve_raw(handler), cloudcruise, credentials=["cc-key=right", "cc-key=hers"])
    operation = cloudcruise.operations[0]
    kinds: list[Any] = ["given", "none", "empty", "wrong", {"cc-key": "hers"}]
    labels = [mine.send(operation, credentials=kind).credentials for kind in kinds]
    sent = [[line for line in r.decode().split("\r\n") if line.startswith("cc-key")] for r in handler.requests]
    assert labels == ["given", "none", "empty", "wrong", "other"]
    assert [["cc-key: right"], [], ["cc-key: "], [f"cc-key: {WRONG_CREDENTIAL}"], ["cc-key: hers"]] == sent


def test_without_a_credential_a_placeholder_is_sent(nx1: Api, serve_raw: ServeRaw) -> None:
    """The first documented alternative, with a value that nobody mistakes for a real one."""
    handler = Answering()
    exchange = sender(serve_raw(handler), nx1).send(nx1.operations[0])
    assert exchange.credentials == "placeholder"
    assert f"Authorization: Bearer {PLACEHOLDER}" in handler.requests[0].decode()


def lines_sent(
    tmp_path: Path, serve_raw: ServeRaw, security: str, kinds: Sequence[Any] = ("given",), **given: Any
) -> list[list[str]]:
    """Return the lines of credentials of each request to an operation with this ``security``."""
    schemes = (
        "{user: {type: http, scheme: basic}, team: {type: apiKey, in: header, name: X-Team-Key},"
        " seat: {type: apiKey, in: cookie, name: seat}}"
    )
    document = tmp_path / "keys.yaml"
    document.write_text(
        "openapi: 3.0.3\ninfo: {title: t, version: '1'}\n"
        f"paths: {{/a: {{get: {{{security}responses: {{'200': {{description: ok}}}}}}}}}}\n"
        f"components: {{securitySchemes: {schemes}}}\n",
        encoding="utf-8",
    )
    api, handler = load(document), Answering()
    mine = sender(serve_raw(handler), api, **given)
    for kind in kinds:
        mine.send(api.operations[0], credentials=kind)
    names = ("authorization", "x-team-key", "cookie", "x-trace")
    requests = [request.decode().split("\r\n") for request in handler.requests]
    return [sorted(line for line in lines if line.lower().startswith(names)) for lines in requests]


BASIC = "Authorization: Basic bWU6czNjcmV0"


@pytest.mark.parametrize("security", ["", "security: [], ", "security: [{team: []}], ", "security: [{seat: []}], "])
def test_a_header_of_the_operators_is_in_every_request(tmp_path: Path, serve_raw: ServeRaw, security: str) -> None:
    """Also where the document forgot ``security``, or names another scheme."""
    headers = [BASIC, "Cookie: seat=4; theme=dark", "X-Trace: 7"]
    (lines,) = lines_sent(tmp_path, serve_raw, security, headers=headers)
    assert {BASIC, "Cookie: seat=4; theme=dark", "X-Trace: 7"} <= set(lines)


def test_a_request_without_credentials_has_none_at_all(tmp_path: Path, serve_raw: ServeRaw) -> None:
    """A credential that the document does not know is left out as well: it might be the one that counts."""
    headers = ["Authorization: Bearer abc", "X-Trace: 7"]
    with_it, without = lines_sent(tmp_path, serve_raw, "security: [{team: []}], ", ["given", "none"], headers=headers)
    assert with_it == ["Authorization: Bearer abc", "X-Trace: 7"]
    assert without == ["X-Trace: 7"]


def test_a_name_and_a_password_are_encoded(tmp_path: Path, serve_raw: ServeRaw) -> None:
    """``--auth SCHEME=user:password`` is enough for a basic scheme; what is encoded already stays."""
    for text in ("user=me:s3cret", "user=bWU6czNjcmV0", "user=Basic bWU6czNjcmV0"):
        assert lines_sent(tmp_path, serve_raw, "security: [{user: []}], ", credentials=[text]) == [[BASIC]]


def test_a_scheme_counts_everywhere_where_the_document_has_no_security(tmp_path: Path, serve_raw: ServeRaw) -> None:
    """A document that declares schemes and uses none has forgotten where: the credential goes with every request."""
    given = {"credentials": ["user=me:s3cret", "team=blue"]}
    assert lines_sent(tmp_path, serve_raw, "", **given) == [[BASIC, "X-Team-Key: blue"]]
    assert lines_sent(tmp_path, serve_raw, "security: [{team: []}], ", **given) == [["X-Team-Key: blue"]]


def test_a_header_of_the_operators_wins_over_the_placeholder(nx1: Api, serve_raw: ServeRaw) -> None:
    """An operator's header is sent, but not in a request without credentials."""
    handler = Answering()
    mine = sender(serve_raw(handler), nx1, headers=["Authorization: raw-token", "X-Trace: 7"])
    mine.send(nx1.operations[0])
    mine.send(nx1.operations[0], credentials="none")
    with_it, without = (request.decode() for request in handler.requests)
    assert "Authorization: raw-token" in with_it
    assert "Authorization" not in without
    assert "X-Trace: 7" in without


# ------------------------------------------------------------------------------------------------------------ safety


def test_no_unsafe_method_leaves_this_machine(nx1: Api, serve_raw: ServeRaw) -> None:
    """Off this machine a POST is not sent without ``--allow-writes``."""
    handler = Answering()
    url, post = serve_raw(handler), nx1.operation("run_preset_crew_api_crews_run_post")
    mine = remote_sender(nx1, url)
    assert not mine.can_send(post)
    with pytest.raises(UnsafeOperation):
        mine.send(post, json={})
    with pytest.raises(UnsafeOperation):
        mine.send_raw(post, path="/x")
    assert [] == handler.requests == mine.recording.exchanges
    assert remote_sender(nx1, url, allow_writes=True).send(post, json={}).status == 200


def test_ten_requests_a_second_off_this_machine(nx1: Api, serve_raw: ServeRaw, pauses: list[float]) -> None:
    """Each request waits its turn; on this machine none does."""
    url = serve_raw(Answering())
    slow, fast = remote_sender(nx1, url), sender(url, nx1)
    for _ in range(3):
        fast.send(nx1.operations[0])
    assert pauses == []
    for _ in range(4):
        slow.send(nx1.operations[0])
    assert 0.25 < sum(pauses) <= 0.1 + 0.2 + 0.3


def test_budgets_end_the_sending(nx1: Api, serve_raw: ServeRaw) -> None:
    """Neither more requests nor more time than allowed: the next one is not sent."""
    handler = Answering()
    target = Target.parse(serve_raw(handler))
    for budget in (RequestBudget.for_target(target, max_requests=2), RequestBudget.for_target(target, max_time_s=0.0)):
        mine = Sender(target, nx1, Recording(), budget=budget)
        with pytest.raises(BudgetSpent):
            repeated(mine, 3)
    assert len(handler.requests) == 2


@pytest.mark.parametrize(
    ("head", "pause"),
    [(("Retry-After: 1",), 1.0), ((), 0.5), (("Retry-After: Thu, 01 Jan 1970 00:00:00 GMT",), 0.0)],
)
def test_429_is_waited_for_and_sent_once_more(
    nx1: Api, serve_raw: ServeRaw, pauses: list[float], head: tuple[str, ...], pause: float
) -> None:
    """Retry-After may be a number of seconds or a date (RFC 9110, 10.2.3); both exchanges are on record."""
    mine = sender(serve_raw(Answering(answer("429 Too Many Requests", *head), OK)), nx1)
    assert mine.send(nx1.operations[0]).status == 200
    assert [pause] == pauses
    assert [exchange.status for exchange in mine.recording.exchanges] == [429, 200]


def test_waiting_has_a_ceiling(nx1: Api, serve_raw: ServeRaw, pauses: list[float]) -> None:
    """A server that asks for an hour is not waited for, and all waits of a run have a limit together."""
    hour = sender(serve_raw(Answering(answer("429 Slow down", "Retry-After: 3600"))), nx1)
    assert hour.send(nx1.operations[0]).status == 429
    assert pauses == []
    second = sender(serve_raw(Answering(answer("429 Slow down", "Retry-After: 1"))), nx1)
    for _ in range(20):
        assert second.send(nx1.operations[0]).status == 429
    assert sum(pauses) <= 6


def test_503_with_retry_after_is_sent_once_more(nx1: Api, serve_raw: ServeRaw, pauses: list[float]) -> None:
    """A plain 503 is a failure; one with Retry-After is a request for patience (RFC 9110, 15.6.4)."""
    patient = Answering(answer("503 Busy", "Retry-After: 1"), OK)
    assert sender(serve_raw(patient), nx1).send(nx1.operations[0]).status == 200
    plain = Answering(answer("503 Broken"))
    assert sender(serve_raw(plain), nx1).send(nx1.operations[0]).status == 503
    assert (pauses, len(plain.requests)) == ([1.0], 1)


# ---------------------------------------------------------------------------------------------------------- failures


def failing(api: Api, url: str, timeout_s: float = 10.0) -> Exchange:
    return sender(url, api, timeout_s=timeout_s).send(api.operations[0])


def test_every_failure_is_recorded(nx1: Api, serve_raw: ServeRaw) -> None:
    """Nothing raises: the exchange has the failure instead of a response."""

    def silent(connection: socket.socket) -> None:
        read_request(connection)
        connection.recv(1)  # until the other side gives up

    def dripping(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        while True:
            connection.sendall(b"x")
            threading.Event().wait(0.02)

    def half(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[]")

    def reset(connection: socket.socket) -> None:
        half(connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    cases: dict[str, Any] = {
        "timeout": [silent, dripping],
        "dropped": [read_request],
        "cut short": [half, reset],
        "undecodable": [
            Answering(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n[]"),
            Answering(
                b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\n" + gzip.compress(b"[]")[:9]
            ),
        ],
        "no HTTP": [Answering(b"SSH-2.0-OpenSSH_9.6\r\n")],
    }
    for kind, handlers in cases.items():
        for handler in handlers:
            exchange = failing(nx1, serve_raw(handler), 0.2 if kind == "timeout" else 10.0)
            assert (None, kind) == (exchange.response, exchange.failure.partition(":")[0])


def test_a_head_has_the_length_of_a_body_that_is_not_sent(nx1: Api, serve_raw: ServeRaw) -> None:
    """The response to HEAD announces the body that GET has (RFC 9110, 9.3.2): nothing of it is missing."""
    bare = replace(nx1, operations=(replace(nx1.operations[0], method="HEAD"),))
    exchange = failing(bare, serve_raw(Answering(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n")))
    assert (exchange.status, exchange.failure) == (200, "")


def test_tls_that_fails_is_recorded(nx1: Api, serve_raw: ServeRaw) -> None:
    """``https`` to a server that speaks plain HTTP."""

    def plain(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(answer("400 Bad Request"))

    exchange = failing(nx1, serve_raw(plain).replace("http:", "https:"))
    assert exchange.failure.startswith("tls: TLS failed")


def test_an_idle_connection_that_was_closed_is_no_failure(
    nx1: Api, serve_raw: ServeRaw, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that was closed while nobody used it is replaced, unseen."""
    monkeypatch.setattr(transport, "_IDLE_AFTER_S", -1.0)  # every kept connection counts as idle

    def one_each(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(OK)

    mine = sender(serve_raw(one_each), nx1)
    repeated(mine, 5)
    assert [exchange.status for exchange in mine.recording.exchanges] == [200] * 5


def test_a_connection_dropped_in_use_is_recorded_and_tried_once_more(nx1: Api, serve_raw: ServeRaw) -> None:
    """The second request of a connection gets no response: that is recorded, and no connection is kept any more."""

    def every_other(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(OK)
        read_request(connection)

    mine = sender(serve_raw(every_other), nx1)
    repeated(mine, 5)
    dropped = "dropped: the connection was closed without a response (on a connection that was warm)"
    assert [exchange.failure for exchange in mine.recording.exchanges] == ["", dropped, "", "", "", ""]


def test_an_operation_that_hangs_is_not_sent_any_more(nx1: Api, serve_raw: ServeRaw) -> None:
    """After a few timeouts in a row an operation is not waited for again; others are."""

    def hangs_on_lists(connection: socket.socket) -> None:
        while request := read_request(connection):
            if b"GET /api/crew-runs " in request:
                connection.recv(1)
                return
            connection.sendall(OK)

    mine = sender(serve_raw(hangs_on_lists), nx1, timeout_s=0.05)
    with pytest.raises(OperationUnresponsive):
        repeated(mine, 20)
    assert 4 < len(mine.recording.exchanges) < 10
    assert mine.send(nx1.operations[1], path={"run_id": "x"}, timeout_s=10).status == 200


def test_a_first_timeout_is_sent_once_more(nx1: Api, serve_raw: ServeRaw) -> None:
    """A first timeout may be a coincidence; a request with a timeout of its own is not repeated."""
    answers = iter([False, True, False])

    def forgetful(connection: socket.socket) -> None:
        while read_request(connection):
            if next(answers):
                connection.sendall(OK)
            else:
                connection.recv(1)
                return

    mine = sender(serve_raw(forgetful), nx1, timeout_s=0.5)
    assert mine.send(nx1.operations[0]).status == 200
    assert mine.send(nx1.operations[0], timeout_s=0.1).status == 0
    assert [exchange.status for exchange in mine.recording.exchanges] == [0, 200, 0]


def test_a_target_that_went_away_ends_the_run(nx1: Api, pauses: list[float]) -> None:
    """Nothing listens, again and again: the rest of the requests is spared."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        mine = sender(f"http://127.0.0.1:{taken.getsockname()[1]}", nx1)
        with pytest.raises(TargetGone):
            repeated(mine, 10)
    assert len(mine.recording.exchanges) < 10
    assert pauses


def test_calls_at_the_same_time_are_recorded_one_by_one(nx1: Api, serve_raw: ServeRaw) -> None:
    """Two requests that wait for each other both get through, and have numbers of their own."""
    together = threading.Barrier(2, timeout=5)

    def meeting(connection: socket.socket) -> None:
        read_request(connection)
        together.wait()
        connection.sendall(OK)

    mine = sender(serve_raw(meeting), nx1)
    exchanges = mine.send_concurrently([lambda: mine.send(nx1.operations[0])] * 2)
    assert [exchange.status for exchange in exchanges] == [200, 200]
    assert [exchange.number for exchange in mine.recording.exchanges] == [1, 2]
