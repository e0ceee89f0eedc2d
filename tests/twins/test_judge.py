"""The contract suite on the mocks of documents of our own choosing."""

import json
import subprocess
import sys
from pathlib import Path

from tests.twins.conftest import NAMES, find_service

MOST_REQUESTS = 1_000


def test_the_suite_has_nothing_to_say(tmp_path: Path) -> None:
    """The mocks of all documents keep them: there is no finding, not even a warning."""
    services = [find_service(name) for name in NAMES]
    for service in services:
        (tmp_path / f"{service.name}.json").write_text(json.dumps(service.write_document()))
    files = [f"{service.name}.json" for service in services]
    options = ["--mock", "--fail-on", "warning", "--max-requests", str(MOST_REQUESTS)]
    command = [sys.executable, "-I", "-m", "specduet", "test", *files, *options]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "no findings; " in done.stdout, done.stdout
