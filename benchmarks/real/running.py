"""A real service is installed once, and started afresh with data of its own for each run."""

import contextlib
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.real.real_service import RealService

HOME = Path(__file__).parents[2] / ".real"
_START_S = 300
"""The longest that a service may take to answer after its start."""
_POSTGRES = "/usr/lib/postgresql"


class MissingProgram(Exception):
    """A service cannot be started here; the text says what is missing."""


@dataclass(frozen=True)
class Place:
    """A service's folders and its ports."""

    service: RealService
    port: int = 0
    spare_port: int = 0

    @property
    def home(self) -> Path:
        return HOME / self.service.name

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def fill(self, text: str) -> str:
        """Return a text of the service's description with the folders and the port."""
        programs = self.home / "venv" / "bin"
        return text.format(
            home=self.home, data=self.data, bin=programs, port=self.port, pg=find_postgres(), spare_port=self.spare_port
        )

    def get_environment(self) -> dict[str, str]:
        return {**os.environ, **{name: self.fill(value) for name, value in self.service.environment.items()}}


def find_postgres() -> str:
    """Return the folder of PostgreSQL's programs, of the newest release that is there."""
    found = sorted(Path(_POSTGRES).glob("*/bin"), key=lambda path: int(path.parent.name))
    return str(found[-1]) if found else f"{_POSTGRES}/none/bin"


def install_service(service: RealService) -> None:
    """Install a service into its folder, where that has not been done. Raises ``MissingProgram``."""
    place = Place(service)
    missing = [name for name in map(place.fill, service.programs) if shutil.which(name) is None]
    if missing:
        packages = " ".join(service.debian)
        hint = f": apt-get install {packages}" if packages else ""
        raise MissingProgram(f"{', '.join(missing)} is not there{hint}")
    wanted = "\n".join([*service.python, *service.node])
    done = place.home / "installed.txt"
    if done.exists() and done.read_text(encoding="utf-8") == wanted:
        return
    place.home.mkdir(parents=True, exist_ok=True)
    if service.python:
        _call([sys.executable, "-m", "venv", "--clear", str(place.home / "venv")])
        _call([str(place.home / "venv" / "bin" / "pip"), "install", "-qq", *service.python])
    if service.node:
        _call(["npm", "install", "--prefix", str(place.home), "--no-audit", "--no-fund", *service.node])
    done.write_text(wanted, encoding="utf-8")


def _call(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


@contextlib.contextmanager
def start_service(service: RealService) -> Iterator[Place]:
    """Serve with fresh data until the block ends. Raises ``TimeoutError`` where nobody answers."""
    place = Place(service, *_find_ports())
    _remove_data(place)
    place.data.mkdir(parents=True)
    for name, text in service.files.items():
        (place.data / name).write_text(place.fill(text), encoding="utf-8")
    environment = place.get_environment()
    with (place.home / "log.txt").open("w", encoding="utf-8") as log:
        for command in service.prepare:
            words = shlex.split(place.fill(command))
            subprocess.run(words, cwd=place.data, env=environment, stdout=log, stderr=log, check=True)
        words = shlex.split(place.fill(service.start))
        with subprocess.Popen(
            words, cwd=place.data, env=environment, stdout=log, stderr=log, start_new_session=True
        ) as process:
            try:
                _wait_for(place, process)
                yield place
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGTERM)
                _end_database(place)


def _remove_data(place: Place) -> None:
    _end_database(place)
    shutil.rmtree(place.data, ignore_errors=True)


def _end_database(place: Place) -> None:
    """End the PostgreSQL server of the service, if it has one that runs."""
    if (place.data / "pg" / "postmaster.pid").exists():
        command = ["runuser", "-u", "postgres", "--", f"{find_postgres()}/pg_ctl", "-D", str(place.data / "pg")]
        subprocess.run([*command, "-m", "immediate", "stop"], check=False, stdout=subprocess.DEVNULL)


def _find_ports() -> tuple[int, int]:
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        return int(first.getsockname()[1]), int(second.getsockname()[1])


def _wait_for(place: Place, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise TimeoutError(f"{place.service.name} has ended; see {place.home / 'log.txt'}")
        try:
            urllib.request.urlopen(place.url + place.service.ready, timeout=5).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.5)
        else:
            return
    raise TimeoutError(f"{place.service.name} does not answer; see {place.home / 'log.txt'}")


def list_headers(place: Place) -> list[str]:
    """Return the headers of every request, with a token where the service wants one."""
    login = place.service.login
    if login is None:
        return list(place.service.headers)
    request = urllib.request.Request(
        place.url + login.path, json.dumps(login.body).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        return [login.header.format(json.load(response)[login.field])]
