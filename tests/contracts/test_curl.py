"""Curl lines: pasted into a shell they send what was sent, and they show no secret."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from specduet.contracts.recording import Recording
from specduet.contracts.sending.curl import format_curl_line, to_shell_variable
from specduet.contracts.sending.sender import Sender
from specduet.contracts.sending.target import Target
from specduet.specs import Api

KEY = "psk-it's-mine"


class Echo:
    """Records the requests that it gets."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, bytes, bytes, list[tuple[bytes, bytes]], bytes]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        ours = {b"host", b"user-agent", b"accept", b"content-length"}
        headers = sorted(pair for pair in scope["headers"] if pair[0] not in ours)
        self.seen.append((scope["method"], scope["raw_path"], scope["query_string"], headers, body))
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": b"ok"})


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
@pytest.mark.parametrize(
    "arguments",
    [
        {"query": [("limit", "1 & 2"), ("limit", "ü[1-3]{a}")]},
        {"json": {"crew_type": "it's $HOME `id` \\ %s"}, "headers": [("x-correlation-id", "a 'b' \"c\"")]},
        {"body": b'{"crew_type": ', "headers": [("Content-Type", "application/json")]},
        {"body": b"\xff\x00\n%d\\'@", "headers": [("Content-Type", "text/plain")]},
        {"body": b"@/etc/hostname"},
        {"body": b""},
        {"body": b"--x\r\n\r\n\r\n--x--\r\n"},
        {"headers": [("x-correlation-id", "\xe9\xff"), ("x-empty", "")], "credentials": "empty"},
    ],
)
def test_the_line_sends_the_same_again(nx1: Api, serve: Callable[[Any], str], arguments: dict[str, Any]) -> None:
    """Run by a plain shell with the variable set, the line arrives as the first request did."""
    echo = Echo()
    target = Target.parse(serve(echo), headers=[f"Authorization-PSK: {KEY}"])
    sender = Sender(target, nx1, Recording())
    operation = nx1.operation("run_preset_crew_api_crews_run_post")
    line = format_curl_line(sender.send(operation, **arguments), nx1, target.collect_secrets())
    assert KEY not in line
    environment = {"PATH": os.environ["PATH"], "API_KEY_HEADER": KEY}
    subprocess.run(["/bin/sh", "-c", line], check=True, capture_output=True, env=environment)
    first, second = echo.seen
    assert first == second


@pytest.mark.parametrize("value", ["Bearer tok-it's-mine", "Token abc 12345", "abcdefgh"])
def test_the_variable_is_the_token_alone(
    nx1: Api, serve: Callable[[Any], str], monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    """What stands before a token, such as ``Bearer``, is in the line: who pastes it sets the token."""
    target = Target.parse(serve(Echo()), headers=[f"Authorization: {value}"])
    exchange = Sender(target, nx1, Recording()).send(nx1.operations[0])
    line = format_curl_line(exchange, nx1, target.collect_secrets())
    token = value.partition(" ")[2] or value
    (name,) = re.findall(r"\$\{(\w+)\}", line)
    monkeypatch.setenv(name, token)
    words = subprocess.run(
        ["/bin/sh", "-c", f"printf '%s\\n' {line.removeprefix('curl ')}"], check=True, capture_output=True, text=True
    ).stdout
    assert f"\nAuthorization: {value}\n" in words


@pytest.mark.parametrize(
    ("name", "expected"),
    [("cc-key", "CC_KEY"), ("APIKeyHeader", "API_KEY_HEADER"), ("OAuth2CodeBearer", "OAUTH2_CODE_BEARER")],
)
def test_the_variable_is_called_like_the_scheme(name: str, expected: str) -> None:
    """A reader can tell which credential belongs there."""
    assert expected == to_shell_variable(name)
