"""The package as users get it: built, installed into an environment of its own, and used in a project of theirs.

That project has packages called ``specs``, ``mocks`` and ``contracts``, on PYTHONPATH.
"""

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import urllib.request
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.json_handler import JsonHandler, run_server

ROOT = Path(__file__).parents[2]
SOURCES = ("specs", "mocks", "contracts", "src", "pyproject.toml", "README.md", "LICENSE")

USERS_TEST = '''
import asyncio
import json
import urllib.request

import contracts, mocks, specs
from specduet.mocks import create_app


def test_own_packages():
    """The project's packages are its own."""
    assert {contracts.WHOSE, mocks.WHOSE, specs.WHOSE} == {"the user's"}


def test_in_a_process_of_its_own(specduet_mock_url):
    """The fixture's mock responds."""
    with urllib.request.urlopen(specduet_mock_url + "/__mock__/ready") as response:
        assert json.load(response)["ready"]


def test_in_this_process():
    """The application responds to a request by ASGI."""
    scope = {"type": "http", "method": "GET", "path": "/nowhere", "query_string": b"", "headers": []}
    sent = []

    async def receive():
        return {"type": "http.request"}

    async def send(message):
        sent.append(message)

    asyncio.run(create_app(["nx1"])(scope, receive, send))
    assert sent[0]["status"] == 404
'''

USERS_PROGRAM = """
from specduet.mocks import create_app
reveal_type(create_app)
"""


@dataclass(frozen=True)
class Installation:
    """The built files, and an environment that holds the package and what it depends on, nothing else."""

    folder: Path

    @property
    def sdist(self) -> Path:
        return next(self.folder.glob("by-way-of-sdist/*.tar.gz"))

    @property
    def wheel_from_sdist(self) -> Path:
        return next(self.folder.glob("by-way-of-sdist/*.whl"))

    @property
    def wheel(self) -> Path:
        return next(self.folder.glob("direct/*.whl"))

    @property
    def bin(self) -> Path:
        return self.folder / "environment" / "bin"

    def build(self) -> None:
        """Build the sdist, a wheel from it, and a wheel from the sources, and install that one."""
        shutil.rmtree(self.folder, ignore_errors=True)
        sources = self.folder / "sources"
        sources.mkdir(parents=True)
        for name in SOURCES:
            if (ROOT / name).is_dir():
                left_out = shutil.ignore_patterns("__pycache__", "*.egg-info")
                shutil.copytree(ROOT / name, sources / name, symlinks=True, ignore=left_out)
            else:
                shutil.copy(ROOT / name, sources)
        build = [sys.executable, "-m", "build", "--no-isolation", str(sources), "--outdir"]
        run_command([*build, str(self.folder / "by-way-of-sdist")])
        run_command([*build, str(self.folder / "direct"), "--wheel"])
        run_command([sys.executable, "-m", "venv", "--without-pip", str(self.bin.parent)])
        pip = [sys.executable, "-m", "pip", "--python", str(self.bin / "python"), "--disable-pip-version-check"]
        run_command([*pip, "install", "--quiet", "--constraint", str(ROOT / "constraints.txt"), str(self.wheel)])

    def run(self, *command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment in a user's project."""
        return subprocess.run(
            [str(self.bin / command[0]), *command[1:]],
            cwd=cwd,
            env=self.variables(cwd),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def variables(self, project: Path) -> dict[str, str]:
        """Return the environment variables of a user: nothing of this test run, and their project on the path."""
        foreign = ("PYTEST_", "PYTHON", "COV_", "VIRTUAL_ENV", "GITHUB_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        return {**kept, "PYTHONPATH": str(project), "XDG_CACHE_HOME": str(self.folder / "cache")}


def run_command(command: list[str]) -> str:
    """Run a command that must succeed, and return its output."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Return the installation, which the first of pytest-xdist's processes makes for all."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    made = Installation(shared / "packaging")
    with (shared / "packaging.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        complete = shared / "packaging.complete"
        if not complete.exists():
            made.build()
            complete.touch()
    return made


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return the folder of a user's project, with packages that are called as ours are at the top of the checkout."""
    for name in ("specs", "mocks", "contracts"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text('WHOSE = "the user\'s"\n', encoding="utf-8")
    return tmp_path


# ----------------------------------------------------------------------------------------------- what is installed


def test_the_wheel_holds_one_package(installation: Installation) -> None:
    """The files below src/specduet, links followed, are in the wheel: code, documents, py.typed, and nothing else."""
    with zipfile.ZipFile(installation.wheel) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    package = installation.folder / "sources" / "src" / "specduet"
    expected = {
        Path("specduet", Path(folder).relative_to(package), name).as_posix()
        for folder, _, files in os.walk(package, followlinks=True)
        if "__pycache__" not in folder
        for name in files
    }
    assert names == expected
    assert {name.partition("/")[0] for name in names} == {"specduet"}
    for name in ("py.typed", "specs/nx1/openapi.yaml", "specs/nx1/overlay.yaml", "mocks/control/openapi.yaml"):
        assert f"specduet/{name}" in names


def test_the_sdist_builds_the_same_wheel(installation: Installation) -> None:
    """The sdist holds everything that a build needs: the wheel from it has the same files, to the byte."""

    def contents(path: Path) -> dict[str, bytes]:
        with zipfile.ZipFile(path) as wheel:
            return {name: wheel.read(name) for name in wheel.namelist()}

    assert contents(installation.wheel_from_sdist) == contents(installation.wheel)
    with tarfile.open(installation.sdist) as sdist:
        assert [member.name for member in sdist if member.issym() or member.islnk()] == []


# ------------------------------------------------------------------------------------------------- what users run


def test_the_mock_starts_responds_and_stops(installation: Installation, project: Path) -> None:
    """``specduet mock`` serves a bundled API from the wheel, and ends on SIGTERM with exit code 0."""
    command = [str(installation.bin / "specduet"), "mock", "nx1", "--port", "0", "--no-auth"]
    with subprocess.Popen(
        command, cwd=project, env=installation.variables(project), stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[-1]
            with urllib.request.urlopen(f"{url}/api/crew-runs?limit=2") as response:  # noqa: S310 - the mock
                assert len(json.load(response)) == 2
        finally:
            process.terminate()
    assert process.returncode == 0


def test_the_suite_finds_nothing_in_the_mock(installation: Installation, project: Path) -> None:
    """``specduet test nx1 --mock`` starts both from the wheel, and ends with exit code 0."""
    done = installation.run("specduet", "test", "nx1", "--mock", cwd=project)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    assert "\nno findings; " in done.stdout


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("specduet", "explain", "SD201"), "SD201 "),
        (("python", "-m", "specduet", "--version"), "specduet 0."),
        (("python", "-m", "specduet", "apis"), "GET /api/crew-runs"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_command_prints(installation: Installation, project: Path, command: tuple[str, ...], words: str) -> None:
    """The commands that only print do so from the wheel, by the script and by ``python -m``."""
    done = installation.run(*command, cwd=project)
    assert (done.returncode, done.stderr) == (0, "")
    assert words in done.stdout


def test_users_tests_have_the_fixture_and_their_own_packages(installation: Installation, project: Path) -> None:
    """A test can take the fixture, make the application, and import packages of its own that are called as ours."""
    (project / "test_theirs.py").write_text(USERS_TEST, encoding="utf-8")
    pytest_command = ("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error")
    done = installation.run(*pytest_command, cwd=project)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout


class FaultyService(JsonHandler):
    """A service whose every run has a status that the document does not have."""

    def do_GET(self) -> None:  # noqa: N802 - what http.server calls
        self.send_json(200, [{"status": "complete"}])


@pytest.fixture
def faulty_url() -> Iterator[str]:
    """Return the URL of the faulty service."""
    with run_server(ThreadingHTTPServer(("127.0.0.1", 0), FaultyService)) as url:
        yield url


def test_places_in_bundled_documents_are_shown_short(
    installation: Installation, project: Path, faulty_url: str
) -> None:
    """A finding names a bundled document by its place in the package, never by the folder that it is installed in.

    SARIF, whose readers look in the user's repository, has no place at all for it.
    """
    done = installation.run(
        *("specduet", "test", "nx1", "--url", faulty_url, "--max-requests", "60", "--report", "out"), cwd=project
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert re.search(r" specs/nx1/openapi\.yaml:\d+ /components/schemas/CrewRunStatusEnum\n", done.stdout)
    reports = {path.name: path.read_text(encoding="utf-8") for path in (project / "out").iterdir() if path.is_file()}
    assert "specs/nx1/openapi.yaml:" in reports["summary.md"]
    assert '"SD201"' in reports["results.sarif"]
    assert "physicalLocation" not in reports["results.sarif"]
    for text in (done.stdout, done.stderr, *reports.values()):
        assert "site-packages" not in text
        assert str(ROOT) not in text


def test_users_type_checkers_see_the_types(installation: Installation, project: Path) -> None:
    """mypy, strict, accepts a program that imports the package, and knows what ``create_app`` takes and returns."""
    program = project / "program.py"
    program.write_text(USERS_PROGRAM, encoding="utf-8")
    mypy = [sys.executable, "-m", "mypy", "--strict", "--config-file", os.devnull, "--cache-dir", os.devnull]
    output = run_command([*mypy, "--python-executable", str(installation.bin / "python"), str(program)])
    assert re.search(r'Revealed type is "def \(apis: .*, settings: .*\) -> .*specduet\.mocks\.', output), output
    assert "Success: no issues found" in output
