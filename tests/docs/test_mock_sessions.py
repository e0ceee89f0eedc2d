"""What the pages show of a running mock is true: its commands are run, and print what is shown.

A page with a console block that starts ``specduet mock`` is run from its first block to its last, in a folder with the
files that its yaml blocks name in their first line, or else with the document of the tutorial.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.test_docs import PAGES, Block, blocks, is_session, masked

_START = "specduet mock "
_FILE = re.compile(r"# file: (\S+\.yaml)\n")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")


def split_commands(block: Block) -> Iterator[tuple[str, str]]:
    """Each command of a console block that is run, with what it prints."""
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, _, output = re.sub(r"\\\n +", "", part).partition("\n")
        if command.startswith(("specduet", "curl ", "mkdir ", "printf ")):
            yield command, output


def hide_times(text: str) -> str:
    return _TIME.sub("TIME", masked(text))


def is_shown(output: str, shown: str) -> bool:
    """Return whether an output is what is shown; ``…`` stands for any lines, or for a part of one."""
    pattern = re.escape(hide_times(shown.rstrip("\n")))
    pattern = (
        pattern.replace(re.escape("\n…\n"), r"\n(?:.*\n)*?").replace(re.escape("\n…"), r"(?:\n.*)*").replace("…", ".*?")
    )
    return re.fullmatch(pattern, hide_times(output.rstrip("\n"))) is not None


class Console:
    """A shell in a folder, with at most one mock that runs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        home = Path(sys.executable).parent
        self._environment = {**os.environ, "PATH": f"{home}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "110"}
        self._mock: subprocess.Popen[str] | None = None
        self._address = ""

    def run(self, command: str) -> str:
        """Return what a command prints; a mock is started on a free port, in the place of an earlier one."""
        if command.startswith(_START):
            return self._start(command.rstrip(" &"))
        command = command.replace("localhost:8000", self._address).replace("127.0.0.1:8000", self._address)
        done = subprocess.run(
            ["bash", "-c", command],  # noqa: S607 - whichever bash there is
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout.replace(self._address or "-", "127.0.0.1:8000") + done.stderr

    def _start(self, command: str) -> str:
        self.stop()
        words = [sys.executable, "-I", "-m", *command.split(), "--port", "0"]
        self._mock = subprocess.Popen(words, cwd=self._folder, stdout=subprocess.PIPE, text=True)
        assert self._mock.stdout is not None
        lines = [self._mock.stdout.readline()]
        while lines[-1] and "control API" not in lines[-1]:
            lines.append(self._mock.stdout.readline())
        self._address = lines[0].rpartition("//")[2].strip()
        return "".join(lines)

    def stop(self) -> None:
        if self._mock is not None:
            self._mock.terminate()
            self._mock.communicate(timeout=30)
            self._mock = None


def write_files(page: str, folder: Path, before: int) -> None:
    """Write the files that a page shows before a line; the last one of a name counts."""
    for block in blocks("yaml"):
        name = _FILE.match(block.text)
        if block.page == page and block.line < before and name is not None:
            (folder / name[1]).parent.mkdir(exist_ok=True)
            (folder / name[1]).write_text(block.text, encoding="utf-8")


@pytest.mark.parametrize("page", [page.name for page in PAGES if is_session(page.name)])
def test_the_pages_show_what_a_mock_responds(page: str, tmp_path: Path) -> None:
    """Each command that a page shows is run in turn, and prints what is shown."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    write_files("tutorial.md", tmp_path, before=300 if page != "tutorial.md" else 0)
    if page != "tutorial.md":
        (tmp_path / "overlay.yaml").unlink(missing_ok=True)
    console = Console(tmp_path)
    try:
        for block in blocks("console"):
            if block.page != page:
                continue
            write_files(page, tmp_path, block.line)
            for command, shown in split_commands(block):
                output = console.run(command)
                assert is_shown(output, shown), f"{page}:{block.line} {command}\n{output}"
    finally:
        console.stop()
