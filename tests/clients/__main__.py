"""``python -m tests.clients [NAME]…``: install each client, point it at a mock, and print which of its calls work.

A client whose package cannot be had is skipped with a line. The exit code is 1 where a call does not work.
"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from tests.clients.clients import CLIENTS, Client
from tests.mocks.mock_process import run_mock

HERE = Path(__file__).parent
HOME = HERE.parents[1] / ".clients"
GUIDE = HERE.parents[1] / "docs" / "clients.md"
SHOWN_URL = "http://127.0.0.1:8000"
"""The address of the mock in the guide."""
_INSTALL_TIMEOUT_S = 600
_CALLS_TIMEOUT_S = 300


def main(names: Sequence[str]) -> int:
    chosen = [client for client in CLIENTS if not names or client.name in names]
    unknown = {*names} - {client.name for client in CLIENTS}
    if unknown:
        click.echo(f"no client is called {', '.join(sorted(unknown))}: {', '.join(client.name for client in CLIENTS)}")
        return 2
    results = [check_client(client) for client in chosen]
    return 0 if all(results) else 1


def check_client(client: Client) -> bool:
    """Print how many of a client's calls work, and which do not; return whether all do."""
    interpreter = install(client)
    if interpreter is None:
        click.echo(f"{client.name}: skipped, its package cannot be had here")
        return True
    with run_mock(*client.mock) as read_until:
        url = read_until("http://")[-1].split()[-1]
        program = (HERE / client.program).read_text(encoding="utf-8")
        made = run_program(client, interpreter, program, url, *client.arguments)
        shown = [run_program(client, interpreter, text.replace(SHOWN_URL, url)) for text in list_shown(client)]
    calls = [json.loads(line) for line in made.stdout.splitlines() if line.startswith("{")]
    failed = [call for call in calls if call["problem"]]
    click.echo(f"{client.name}: {len(calls) - len(failed)} of {client.calls} calls work")
    for call in failed:
        click.echo(f"  {call['call']}: {call['problem']}")
    broken = [program for program in (made, *shown) if program.returncode]
    for run in broken:
        click.echo(f"  {run.stderr.strip().splitlines()[-1]}")
    return not failed and not broken and len(calls) == client.calls


def run_program(client: Client, interpreter: str, text: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a program in a client's environment, where it finds the package."""
    program = HOME / client.name / ("program.mjs" if client.manager == "npm" else "program.py")
    program.write_text(text, encoding="utf-8")
    command = [interpreter, str(program), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=_CALLS_TIMEOUT_S, check=False)


def list_shown(client: Client) -> list[str]:
    """Return the blocks of the guide that are about a client."""
    page = GUIDE.read_text(encoding="utf-8")
    language, comment = ("js", "//") if client.manager == "npm" else ("python", "#")
    pattern = rf"^```{language}\n{comment} client: {re.escape(client.name)}\n(.*?)^```$"
    return re.findall(pattern, page, re.MULTILINE | re.DOTALL)


def install(client: Client) -> str | None:
    """Return what runs programs with a client; None where its package, or the program itself, cannot be had."""
    place = HOME / client.name
    interpreter = str(place / "bin" / "python") if client.manager == "pip" else shutil.which("node")
    npm = shutil.which("npm")
    if interpreter is None or (client.manager == "npm" and npm is None):
        return None
    if not (place / ".ready").is_file():
        command = [interpreter, "-m", "pip", "install", "-qq", "--disable-pip-version-check", client.package]
        if client.manager == "npm":
            place.mkdir(parents=True, exist_ok=True)
            command = [str(npm), "install", "--silent", "--no-save", "--prefix", str(place), client.package]
        else:
            subprocess.run([sys.executable, "-m", "venv", "--clear", str(place)], check=True)
        try:
            made = subprocess.run(command, capture_output=True, timeout=_INSTALL_TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired:
            return None
        if made.returncode:
            return None
        (place / ".ready").touch()
    return interpreter


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
