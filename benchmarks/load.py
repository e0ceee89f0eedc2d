"""Load: as many requests a second as one server answers, by wrk where it is installed, else by Python's own sockets."""

import argparse
import asyncio
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

CONNECTIONS = 16
# A run of at most so many seconds also checks the statuses.
CHECKED = 1


@dataclass(frozen=True)
class Call:
    """One request, sent over and over, and the status that has to answer it."""

    method: str
    target: str
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""

    def raw(self, host: str) -> bytes:
        """The request as HTTP/1.1 bytes."""
        fields = {"Host": host, **self.headers}
        if self.body:
            fields["Content-Length"] = str(len(self.body.encode()))
        lines = [f"{self.method} {self.target} HTTP/1.1", *(f"{n}: {v}" for n, v in fields.items()), "", self.body]
        return "\r\n".join(lines).encode()


def rate(url: str, call: Call, seconds: float) -> float:
    """Requests answered a second. Raises ``RuntimeError`` where an answer has another status than the expected one."""
    return _wrk(url, call, seconds) if shutil.which("wrk") else _python(url, call, seconds)


def generator() -> str:
    return "wrk" if shutil.which("wrk") else "a Python client (wrk is not installed: ratios come out too high)"


def _wrk(url: str, call: Call, seconds: float) -> float:
    script = (
        f"wrk.method = {json.dumps(call.method)}\nwrk.body = {json.dumps(call.body)}\n"
        + "".join(f"wrk.headers[{json.dumps(n)}] = {json.dumps(v)}\n" for n, v in call.headers.items())
        + "wrong = 0\nfunction setup(t) thread = t end\n"
        + f"function response(status) if status ~= {call.status} then wrong = wrong + 1 end end\n"
    )
    counting = '\nfunction done() io.write("wrong ", thread:get("wrong"), "\\n") end\n'
    if seconds <= CHECKED:  # a response callback makes wrk slower, so the statuses are checked in short runs alone
        return _run_wrk(url, call, script + counting, seconds, check=True)
    return _run_wrk(url, call, script.split("wrong = 0", maxsplit=1)[0], seconds)


def _run_wrk(url: str, call: Call, script: str, seconds: float, *, check: bool = False) -> float:
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        length = f"{max(1, round(seconds))}s"
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{length}", "-s", file.name, url + call.target]
        said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 60).stdout
    if check and not re.search(r"^wrong 0(\.0)?$", said, re.MULTILINE):
        raise RuntimeError(f"{url}: {call.method} {call.target} is not always answered {call.status}\n{said}")
    if "Socket errors" in said and not re.search(r"connect 0, read 0, write 0", said):
        raise RuntimeError(f"{url}: {said}")
    found = re.search(r"Requests/sec:\s+([\d.]+)", said)
    assert found, said
    return float(found[1])


def _python(url: str, call: Call, seconds: float) -> float:
    command = [sys.executable, "-m", "benchmarks.load", url, str(seconds)]
    said = subprocess.run(
        command, input=json.dumps(asdict(call)), capture_output=True, text=True, check=True, timeout=seconds + 60
    ).stdout
    answer: dict[str, float] = json.loads(said)
    if answer["wrong"]:
        raise RuntimeError(f"{url}: {answer['wrong']} of {call.method} {call.target} were not answered {call.status}")
    return answer["rate"]


class _Client(asyncio.Protocol):
    """One connection that sends a request as soon as the last one is answered."""

    def __init__(self, request: bytes, status: int) -> None:
        self.request = request
        self.expected = b"HTTP/1.1 %d" % status
        self.answered = 0
        self.wrong = 0
        self._waiting = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self.transport = transport
        transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self._waiting += data
        head, separator, body = self._waiting.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        if not separator or (length and len(body) < int(length[1])):
            return
        self.answered += 1
        self.wrong += not head.startswith(self.expected)
        self._waiting = b""
        self.transport.write(self.request)


async def _hammer(url: str, call: Call, seconds: float) -> dict[str, float]:
    address = urlsplit(url)
    assert address.hostname
    assert address.port
    request = call.raw(address.netloc)
    loop = asyncio.get_running_loop()
    begun = time.perf_counter()
    pairs = [
        await loop.create_connection(partial(_Client, request, call.status), address.hostname, address.port)
        for _ in range(CONNECTIONS)
    ]
    await asyncio.sleep(seconds)
    took = time.perf_counter() - begun
    for transport, _ in pairs:
        transport.close()
    return {
        "rate": sum(client.answered for _, client in pairs) / took,
        "wrong": sum(client.wrong for _, client in pairs),
    }


def main() -> None:
    """The client of its own process: a call as JSON on standard input, the rate as JSON on standard output."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("seconds", type=float)
    options = parser.parse_args()
    call = Call(**json.load(sys.stdin))
    print(json.dumps(asyncio.run(_hammer(options.url, call, options.seconds))))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    main()
