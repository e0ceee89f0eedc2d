"""The fixtures work in other people's projects, whatever their own packages are called."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from specduet import pytest_plugin

_TEST = '''
import json, urllib.request

import mocks, specs


def test_own_packages_are_the_projects():
    """The project's packages are its own."""
    assert (mocks.WHOSE, specs.WHOSE) == ("theirs", "theirs")


def test_the_mock_responds(specduet_mock_url):
    """The mock runs beside them."""
    with urllib.request.urlopen(specduet_mock_url + "/__mock__/ready") as response:
        assert json.load(response)["ready"]


def test_a_mock_of_ones_own(specduet_mock):
    """A mock takes what the command line takes, keeps a journal, and can be put back."""
    mock = specduet_mock("nx1", "--seed", "7", "--no-auth")
    assert mock is specduet_mock("nx1", "--seed", "7", "--no-auth")
    before = mock.get_state()
    assert list(before) == ["nx1"]
    body = json.dumps({"crew_type": "ask", "task_input": {}}).encode()
    request = urllib.request.Request(mock.url + "/api/crews/run", body, {"Content-Type": "application/json"})
    urllib.request.urlopen(request).close()
    assert [r["operation"] for r in mock.get_requests(method="POST")] == ["run_preset_crew_api_crews_run_post"]
    assert mock.get_state() != before
    mock.reset()
    assert mock.get_state() == before
    assert mock.get_requests() == []
'''


def run_pytest(project: Path) -> subprocess.CompletedProcess[str]:
    """pytest as the project's own developer starts it, with the project's folder on the path."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error"],
        cwd=project,
        env={**environment, "PYTHONPATH": str(project)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_own_packages_called_mocks_and_specs_do_not_get_in_the_way(tmp_path: Path) -> None:
    """In a project with packages named as ours, on PYTHONPATH, both sides import their own."""
    for name in ("mocks", "specs", "contracts"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("WHOSE = 'theirs'\n")
    (tmp_path / "test_theirs.py").write_text(_TEST)
    done = run_pytest(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout


def test_being_installed_costs_other_projects_nothing() -> None:
    """What pytest loads at every start imports nothing of this project and none of its dependencies."""
    script = (
        "import sys, pytest; before = set(sys.modules); import specduet.pytest_plugin; "
        "print(*set(sys.modules) - before)"
    )
    names = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    foreign = {name for name in names if name.partition(".")[0] not in sys.stdlib_module_names}
    assert foreign == {"specduet", "specduet.pytest_plugin"}


def test_a_mock_that_does_not_start_says_why() -> None:
    """The output of the mock is in the error, and nothing is left running."""
    with pytest.raises(RuntimeError, match="no API is called 'nosuchapi'"):
        pytest_plugin.RunningMock(("nosuchapi",))
