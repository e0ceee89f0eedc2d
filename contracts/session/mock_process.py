"""Mock process of ``--mock``: started, asked for its ids, and stopped.

Nothing is imported from ``mocks``: the contract suite uses only the mock's command line and its responses.
"""

import re
import secrets
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import IO, Any
from urllib.parse import urlsplit

from specduet.contracts.recording import ReceivedResponse, SentRequest
from specduet.contracts.sending.target import Target
from specduet.contracts.sending.transport import Transport
from specduet.specs import Api, SecurityScheme, SpecduetError

_URL = re.compile(r"http://\S+")
_START_TIMEOUT_S = 30.0
_STOP_TIMEOUT_S = 5.0
_RESPONSE_TIMEOUT_S = 5.0
_FACTS = "/__mock__/apis"


@contextmanager
def serve_mock(apis: tuple[Api, ...], options: Sequence[str], *, seed: int) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the URL of a mock that serves ``apis`` with more ``options``, and its credential by scheme.

    Raises ``SpecduetError`` where the mock does not start.
    """
    token = secrets.token_hex(16)
    credentials = {name: _find_prefix(api, scheme) + token for api in apis for name, scheme in api.schemes.items()}
    command = [sys.executable, "-I", "-m", "specduet", "mock", *(str(api.path) for api in apis)]
    command += [*options, "--port", "0", "--quiet", "--seed", str(seed)]
    command += [word for name, value in credentials.items() for word in ("--credential", f"{name}={value}")]
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)  # noqa: S603
        try:
            yield _read_address(process, errors), credentials
        finally:
            _stop_process(process)


def _find_prefix(api: Api, scheme: SecurityScheme) -> str:
    """Return ``Bearer`` for an API key in a header that another scheme uses for bearer tokens: both get one value."""
    prefixes = (s.prefix for s in api.schemes.values() if s.field.lower() == scheme.field.lower())
    return "" if scheme.prefix else next(filter(None, prefixes), "")


def _read_address(process: "subprocess.Popen[str]", errors: IO[str]) -> str:
    """Return the URL that the mock prints when it is ready. A timer kills a mock that never is."""
    assert process.stdout is not None
    watchdog = threading.Timer(_START_TIMEOUT_S, process.kill)
    watchdog.start()
    try:
        for line in process.stdout:
            found = _URL.search(line)
            if found:
                return found[0]
    finally:
        watchdog.cancel()
    process.wait()
    errors.seek(0)
    said = errors.read().strip()
    raise SpecduetError(f"the mock did not start: {said or f'no address within {_START_TIMEOUT_S:.0f} s'}")


def _stop_process(process: "subprocess.Popen[str]") -> None:
    process.terminate()
    try:
        process.wait(_STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


@dataclass(frozen=True)
class MockFacts:
    """What a mock tells of itself."""

    scopes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Values of path parameters, by parameter."""
    open_apis: frozenset[str] = frozenset()
    """The APIs for which any credential passes, so that wrong ones prove nothing."""


def fetch_mock_facts(target: Target, timeout_s: float) -> MockFacts:
    """Return what a mock on this machine tells of itself; nothing for other targets."""
    if not target.loopback:
        return MockFacts()
    headers = (("Host", urlsplit(target.url).netloc), ("Accept", "application/json"))
    request = SentRequest("GET", f"{target.url}{_FACTS}", _FACTS, "", headers, None)
    with closing(Transport(target.url, target.verify)) as transport:
        response = transport.send(request, min(_RESPONSE_TIMEOUT_S, timeout_s))
    if not isinstance(response, ReceivedResponse) or response.status != 200:
        return MockFacts()  # no mock, or nothing answers: discovery reports an unreachable target
    try:
        return _read_facts(response.json)
    except (TypeError, KeyError, AttributeError, ValueError):
        return MockFacts()


def _read_facts(document: Any) -> MockFacts:
    scopes: dict[str, tuple[str, ...]] = {}
    for api in document["apis"]:
        for name, values in api["scopes"].items():
            scopes[name] = (*scopes.get(name, ()), *map(str, values))
    return MockFacts(scopes, frozenset(str(api["name"]) for api in document["apis"] if api.get("any_credential")))
