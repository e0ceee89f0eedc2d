"""Discovery of the APIs that a target serves; a target that serves none gives a clear sentence and an exit code."""

import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme

from specduet.contracts.discovery import ApiClient, DiscoveryAttempt, discover_apis
from specduet.contracts.generation.known_values import KnownValues
from specduet.contracts.recording import Recording
from specduet.contracts.sending.sender import Sender
from specduet.contracts.sending.target import Target
from specduet.specs import Api, TargetUnreachable, UsageError, load

Handler = Callable[[socket.socket], None]
ServeRaw = Callable[[Handler], str]


def answering(*answers: tuple[str, bytes]) -> Callable[[socket.socket], None]:
    """Answers by the beginning of the request line; the last answer is for all others."""

    def handler(connection: socket.socket) -> None:
        while request := connection.recv(65536):
            line = request.decode().split("\r\n")[0]
            connection.sendall(next(answer for start, answer in answers if line.startswith(start)))

    return handler


def reply(status: str, body: bytes = b"{}", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


NOT_FOUND = reply("404 Not Found")
PAGE = reply("200 OK", b"\n<!DOCTYPE html><title>Sign in</title>", "Content-Type: text/html")


def discover(
    url: str,
    apis: Sequence[str] = ("nx1", "cloudcruise", "seekrflow"),
    *,
    named: bool = False,
    timeout_s: float = 10.0,
    verify: bool = True,
) -> list[DiscoveryAttempt]:
    target = Target.parse(url, timeout_s=timeout_s, verify=verify)
    recording = Recording()
    clients = []
    for api in map(load, apis):
        known_values = KnownValues(api, {})
        clients.append(
            ApiClient(api, Sender(target, api, recording, on_exchange=known_values.observe_exchange), known_values)
        )
    return discover_apis(clients, explicit=named)


def test_any_status_but_404_and_405_means_served(serve_raw: ServeRaw) -> None:
    """A 401 means that the API is served; a 404 or 405 does not."""
    url = serve_raw(
        answering(("GET /runs", reply("401 Unauthorized")), ("GET /v1/", reply("405 No")), ("GET", NOT_FOUND))
    )
    assert [(one.api, one.result[:3], one.is_served) for one in discover(url)] == [
        ("nx1", "404", False),
        ("cloudcruise", "401", True),
        ("seekrflow", "405", False),
    ]


def test_an_api_that_was_named_is_not_left_out(serve_raw: ServeRaw) -> None:
    """An API that the operator names is tested, even if its list is not found; one that is nowhere ends the run."""
    missing_list = answering(("GET /api/crew-runs?", NOT_FOUND), ("GET", reply("200 OK")))
    assert [one.is_served for one in discover(serve_raw(missing_list), ["nx1"], named=True)] == [True]
    one_get = serve_raw(answering(("GET", NOT_FOUND)))
    assert [one.is_served for one in discover(one_get, ["cloudcruise"], named=True)] == [True]


def test_no_api_served_is_an_operator_error_with_what_was_tried(serve_raw: ServeRaw) -> None:
    """The list names each API, the URL and the status, and how to give an id that was invented."""
    with pytest.raises(UsageError) as caught:
        discover(serve_raw(answering(("GET", NOT_FOUND))))
    text = str(caught.value)
    assert caught.value.exit_code == 2
    assert "nx1: GET /api/crew-runs (http://127.0.0.1:" in text
    assert "/runs): 404\n" in text
    assert "404, with thread_id made up: give --param thread_id=…" in text


def test_one_broken_operation_is_no_broken_target(serve_raw: ServeRaw) -> None:
    """If the base URL responds like an API, a page, a redirect or silence elsewhere does not end the run."""

    def silent_list(connection: socket.socket) -> None:
        request = connection.recv(65536)
        connection.sendall(NOT_FOUND if request.startswith(b"GET / ") else b"")
        connection.recv(1)

    moved = reply("302 Found", b"", "Location: /elsewhere")
    for handler in (
        answering(("GET /runs", PAGE), ("GET", NOT_FOUND)),
        answering(("GET /runs", moved), ("GET", NOT_FOUND)),
        silent_list,
    ):
        assert [one.is_served for one in discover(serve_raw(handler), ["cloudcruise"], timeout_s=1.0)] == [True]


def test_a_page_at_one_address_does_not_hide_an_api_at_another(serve_raw: ServeRaw) -> None:
    """A web site that responds with its page to everything else may have an API below one path."""
    url = serve_raw(answering(("GET /runs", reply("200 OK", b"[]")), ("GET", PAGE)))
    assert [one.is_served for one in discover(url)] == [False, True, False]


def dead() -> str:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


def silent(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.recv(1)


def half_closing(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.shutdown(socket.SHUT_WR)
    connection.recv(1)


def breaking_off(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[{")


TARGETS: dict[str, tuple[Callable[[socket.socket], None], str]] = {
    "slow": (silent, "does not respond within 0.2 s"),
    "half-closing": (half_closing, "closes the connection without a response"),
    "breaking off": (breaking_off, "breaks its responses off"),
    "no HTTP": (answering(("GET", b"220 ready\r\n")), "does not speak HTTP"),
    "redirecting": (
        answering(("GET", reply("301 Moved", b"", "Location: https://login.example.com/"))),
        "redirects to https://login.example.com/",
    ),
    "HTML": (answering(("GET", PAGE)), "responds with a web page"),
    "HTML error": (answering(("GET", reply("403 No", b"<html>blocked"))), "responds with a web page"),
}


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("name", TARGETS)
def test_a_target_that_is_no_service_is_unreachable(serve_raw: ServeRaw, name: str, *, named: bool) -> None:
    """Exit code 3, and a sentence that says what the target does instead of responding."""
    handler, sentence = TARGETS[name]
    with pytest.raises(TargetUnreachable) as caught:
        discover(serve_raw(handler), named=named, timeout_s=0.2 if name == "slow" else 10.0)
    assert caught.value.exit_code == 3
    assert sentence in caught.value.message


def test_a_dead_target_is_unreachable() -> None:
    """Nothing listens at the port."""
    with pytest.raises(TargetUnreachable, match="nothing listens there"):
        discover(dead())


def test_an_unknown_host_is_unreachable() -> None:
    """A name that no resolver knows (RFC 2606 keeps ``.invalid`` for that)."""
    with pytest.raises(TargetUnreachable, match=r"the host's name is unknown|cannot be used"):
        discover("http://nowhere.invalid")


def test_a_target_without_proper_tls_is_unreachable(serve_raw: ServeRaw) -> None:
    """``https`` to a port that speaks plain HTTP; the sentence names TLS, and the remedy names --insecure."""

    def plain(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(reply("400 Bad Request"))

    with pytest.raises(TargetUnreachable, match="TLS failed") as caught:
        discover(serve_raw(plain).replace("http:", "https:"))
    assert "--insecure" in caught.value.remedy


def secured(*, valid_until: datetime | None = None, host: str = "127.0.0.1") -> tuple[Handler, trustme.CA]:
    """Answers over TLS with a certificate that the authority that comes along has signed."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host, not_after=valid_until).configure_cert(context)

    def handler(connection: socket.socket) -> None:
        with suppress(OSError), context.wrap_socket(connection, server_side=True) as secure:
            secure.recv(65536)
            secure.sendall(reply("401 Unauthorized"))

    return handler, authority


@pytest.mark.parametrize(
    ("wrong", "trusted", "sentence"),
    [
        ({}, False, "unable to get local issuer certificate"),
        ({"valid_until": datetime(2020, 1, 1, tzinfo=UTC)}, True, "certificate has expired"),
        ({"host": "10.1.2.3"}, True, "IP address mismatch"),
    ],
)
def test_an_invalid_certificate_is_reported(
    serve_raw: ServeRaw,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    wrong: dict[str, Any],
    trusted: bool,  # noqa: FBT001 - a column of the table
    sentence: str,
) -> None:
    """An unknown authority, an expired certificate and another host's each end with a sentence and exit code 3."""
    handler, authority = secured(**wrong)
    if trusted:
        authority.cert_pem.write_to_path(tmp_path / "authority.pem")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    url = serve_raw(handler).replace("http:", "https:")
    with pytest.raises(TargetUnreachable, match=f"TLS failed.*{sentence}") as caught:
        discover(url, ["nx1"])
    assert caught.value.exit_code == 3
    assert "--insecure" in caught.value.remedy
    assert [one.is_served for one in discover(url, ["nx1"], verify=False)] == [True]


def test_a_certificate_of_a_known_authority_is_accepted(
    serve_raw: ServeRaw, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The authority may be a company's own, named by ``SSL_CERT_FILE``."""
    handler, authority = secured()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    assert [one.is_served for one in discover(serve_raw(handler).replace("http:", "https:"), ["nx1"])] == [True]


def test_an_api_without_a_get_is_tested_only_if_named(nx1: Api, serve_raw: ServeRaw) -> None:
    """Without a GET there is no harmless request to send."""
    from dataclasses import replace

    posts = replace(nx1, operations=tuple(o for o in nx1.operations if o.method == "POST"))
    target = Target.parse(serve_raw(answering(("GET", NOT_FOUND))))
    client = ApiClient(posts, Sender(target, posts, Recording()), KnownValues(posts, {}))
    assert [one.is_served for one in discover_apis([client], explicit=True)] == [True]
    with pytest.raises(UsageError, match="serves none"):
        discover_apis([client], explicit=False)
