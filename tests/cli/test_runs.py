"""Whole runs against a small service: findings, exit codes, items, baseline, reports, and what stays out of them."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.json_handler import JsonHandler, run_server

ROOT = Path(__file__).parents[2]
SECRET = "s3cret-of-the-operator"  # noqa: S105 - made up
DOCUMENT = """\
openapi: 3.1.0
info: {title: Parcels, version: 2.0.0}
paths:
  /parcels:
    get:
      operationId: parcels
      security: [{key: []}]
      responses:
        '200':
          description: All parcels
          content:
            application/json:
              schema:
                type: array
                items: {$ref: '#/components/schemas/Parcel'}
        '401': {description: No key}
components:
  securitySchemes:
    key: {type: apiKey, in: header, name: X-Key}
  schemas:
    Parcel:
      type: object
      required: [id, state]
      properties:
        id: {type: integer}
        state: {type: string, enum: [waiting, sent]}
"""

Command = Callable[..., "subprocess.CompletedProcess[str]"]


class Service(ThreadingHTTPServer):
    """Answers ``/parcels``; ``state`` is what the second parcel's state is."""

    state = "sent"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(JsonHandler):
    server: Service

    def do_GET(self) -> None:  # noqa: N802 - what http.server calls
        rows = [{"id": 1, "state": "waiting"}, {"id": 2, "state": self.server.state}]
        known = self.path.partition("?")[0] == "/parcels"
        status = 404 if not known else 200 if self.headers.get("X-Key") == SECRET else 401
        self.send_json(status, rows if status == 200 else {"echo": self.headers.get("X-Key")})


@pytest.fixture
def service() -> Iterator[Service]:
    server = Service(("127.0.0.1", 0), Handler)
    with run_server(server):
        yield server


@pytest.fixture
def command(tmp_path: Path, service: Service) -> Command:
    """Runs ``specduet test parcels.yaml`` in a folder of its own, with the key, and with more options."""
    (tmp_path / "parcels.yaml").write_text(DOCUMENT, encoding="utf-8")

    def run(
        *more: str, start: tuple[str, ...] = ("-I", "-m", "specduet", "test", "parcels.yaml")
    ) -> "subprocess.CompletedProcess[str]":
        words = [sys.executable, *start, "--url", service.url, "-H", f"X-Key: {SECRET}", *more]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB")}
        environment |= {"GITHUB_STEP_SUMMARY": str(tmp_path / "page.md")}
        return subprocess.run(
            words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    return run


def test_a_correct_service_has_no_finding(command: Command) -> None:
    """Exit 0, and nothing to complain of."""
    done = command("--fail-on", "warning")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "no findings; " in done.stdout


def test_a_fault_is_found_named_and_reported(command: Command, service: Service, tmp_path: Path) -> None:
    """Exit 1; the clause, the pointer, the value and a curl line are there, and the key is nowhere."""
    service.state = "lost"
    done = command("--report", "out")
    assert done.returncode == 1
    for part in (
        "error SD201 status-enum",
        "parcels.yaml:26 /components/schemas/Parcel/properties/state",
        "response /1/state",
        '"lost"',
        "curl ",
        "-H 'X-Key: '\"${KEY}\"",
    ):
        assert part in done.stdout
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert (report["exit_code"], report["target"]) == (1, service.url)
    assert [finding["code"] for finding in report["findings"]] == ["SD201"]
    assert "1 error" in (tmp_path / "page.md").read_text(encoding="utf-8")
    for path in (tmp_path / "out").iterdir():
        assert SECRET not in path.read_text(encoding="utf-8"), path.name
    assert SECRET not in done.stdout + done.stderr


def test_only_limits_a_run(command: Command, service: Service) -> None:
    """``--only`` with an operation that has no finding ends with 0, and one that no document has is refused."""
    service.state = "lost"
    assert command("--only", "GET /parcels").returncode == 1
    done = command("--only", "GET /parcel")
    assert done.returncode == 2
    assert "no operation is called 'GET /parcel'" in done.stderr
    assert "Did you mean GET /parcels?" in done.stderr


def test_only_selected_items_count(command: Command, service: Service) -> None:
    """With -k, a finding of a clause that was not selected is not the run's; selecting nothing is a mistake."""
    service.state = "lost"
    assert command("-k", "content-type").returncode == 0
    done = command("-k", "no-such-clause")
    assert done.returncode == 2
    assert "-k selects no item" in done.stderr


def test_the_callers_own_files_stay_out(command: Command, tmp_path: Path) -> None:
    """Neither a pytest configuration, nor a conftest, nor packages with our names in the current folder are used."""
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n", encoding="utf-8")
    (tmp_path / "conftest.py").write_text("raise SystemExit('the caller')\n", encoding="utf-8")
    for name in ("contracts", "specs", "mocks", "pytest"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('the caller')\n", encoding="utf-8")
    os.environ["PYTEST_ADDOPTS"] = "--no-such-option"
    try:
        done = command()
    finally:
        del os.environ["PYTEST_ADDOPTS"]
    assert (done.returncode, done.stderr) == (0, "")


def test_a_baseline_accepts_until_it_is_stale(command: Command, service: Service, tmp_path: Path) -> None:
    """The next run uses the file that was written; once the fault is repaired, its entry is called stale."""
    service.state = "lost"
    accepted = command("--update-baseline")
    assert accepted.returncode == 0
    assert "accepted SD201 status-enum" in accepted.stdout
    assert "1 accepted" in accepted.stdout
    text = (tmp_path / "specduet-baseline.yaml").read_text(encoding="utf-8")
    assert "code: SD201" in text
    again = command()
    assert again.returncode == 0
    assert "baseline  specduet-baseline.yaml, 1 accepted finding\n" in again.stdout
    service.state = "sent"
    repaired = command()
    assert repaired.returncode == 0
    assert "accepted, but no longer found: SD201 parcels GET /parcels" in repaired.stdout
    assert (tmp_path / "specduet-baseline.yaml").read_text(encoding="utf-8") == text


def test_pytest_has_an_item_for_each_clause(command: Command, service: Service, tmp_path: Path) -> None:
    """``pytest contracts`` with workers: the item of the broken clause fails, in words; JUnit has them all."""
    service.state = "lost"
    start = ("-m", "pytest", str(ROOT / "contracts"), "-p", "no:cacheprovider", "--api", "parcels.yaml")
    done = command("-n", "2", "--junitxml", str(tmp_path / "items.xml"), "-k", "SD or parcels", start=start)
    assert done.returncode == 1
    assert "contracts/test_contract.py::test_clause[parcels-GET /parcels-status-enum]" in done.stdout
    assert "Traceback" not in done.stdout
    cases = ET.parse(tmp_path / "items.xml").getroot().findall(".//testcase")  # noqa: S314 - our own file
    failed = [case.get("name") for case in cases if case.find("failure") is not None]
    assert failed == ["test_clause[parcels-GET /parcels-status-enum]"]
    assert len(cases) > 30
    assert SECRET not in done.stdout + (tmp_path / "items.xml").read_text(encoding="utf-8")


def test_pytest_ends_with_our_exit_codes(command: Command) -> None:
    """An operator error ends pytest as it ends ``specduet test``, with the sentence and without a traceback."""
    start = ("-m", "pytest", str(ROOT / "contracts"), "-p", "no:cacheprovider", "--api", "nope")
    done = command(start=start)
    assert done.returncode == 2
    assert "no API is called 'nope'" in done.stdout
    assert "Traceback" not in done.stdout
