"""The command line, end to end: every file of tests/cases/ is a command and what it says, whole.

A case is plain text. It begins with a sentence; then come parts, each under a line ``--- name``:

    --- file NAME      a file in the folder where the command runs (any number of them)
    --- command        one line; {dead} stands for an address where nothing listens
    --- exit           the exit code
    --- stdout         all that is printed there; left out, it is empty
    --- stderr         the same

What differs from run to run is masked: PORT, TIME.
"""

import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

CASES = Path(__file__).parents[1] / "cases"
_MASKS = (
    (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
    (r"\d+(\.\d+)? s\b", "TIME s"),
    (r"\d{4}-\d\d-\d\dT[\d:+Z]+", "MOMENT"),
)


@pytest.fixture
def dead() -> Iterator[str]:
    """An address where nothing listens, nor will while the test runs: its port is taken."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@pytest.mark.parametrize("path", sorted(CASES.glob("*.txt")), ids=lambda path: path.stem)
def test_case(path: Path, tmp_path: Path, dead: str) -> None:
    """The command prints what the case says, and ends with its exit code."""
    parts = read(path)
    for name, text in parts.items():
        if name.startswith("file "):
            (tmp_path / name.removeprefix("file ")).write_text(text, encoding="utf-8")
    words = shlex.split(parts["command"].replace("{dead}", dead))
    assert words[0] == "specduet"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "GITHUB"))}
    done = subprocess.run(
        [sys.executable, "-I", "-m", "specduet", *words[1:]],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    said = {"exit": f"{done.returncode}\n", "stdout": masked(done.stdout), "stderr": masked(done.stderr)}
    assert said == {name: parts.get(name, "") for name in said}


def masked(text: str) -> str:
    for pattern, mask in _MASKS:
        text = re.sub(pattern, mask, text)
    return text


def read(path: Path) -> dict[str, str]:
    """The parts of a case by name."""
    sentence, *rest = re.split(r"^--- (.+)\n", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert sentence.strip(), f"{path.name} begins with a sentence"
    return dict(zip(rest[::2], rest[1::2], strict=True))
