"""The control plane keeps its own document's promise, as the contract suite sees it."""

import json
import subprocess
import sys
from pathlib import Path

from specduet.pytest_plugin import RunningMock

DOCUMENT = Path("mocks/control/openapi.yaml").resolve()


def test_the_contract_suite_finds_nothing(tmp_path: Path) -> None:
    """Every operation is asked for in valid and invalid ways, and nothing but the documented comes back."""
    mock = RunningMock(("nx1", "--no-auth"))
    try:
        command = [sys.executable, "-I", "-m", "specduet", "test", str(DOCUMENT), "--url", mock.url]
        options = ["--max-requests", "400", "--fail-on", "warning", "--report", str(tmp_path)]
        done = subprocess.run(
            [*command, *options], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
        )
    finally:
        mock.stop()
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["findings"], done.returncode) == ([], 0), done.stdout + done.stderr
    assert report["requests"]["sent"] >= 300
