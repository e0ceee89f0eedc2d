"""Launcher of ``specduet test``: pytest in its own process, isolated from your configuration, plugins and packages."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

_CONTRACTS_FOLDER = Path(__file__).parents[1]
_PYTEST_USAGE_ERROR = 4
INTERNAL_ERROR = 4
"""Exit code of an internal error: it says nothing about the tested service."""


def launch_suite(arguments: Sequence[str], *, select: str | None = None, workers: str | None = None) -> int:
    """Run the contract suite and return the exit code of ``specduet test``.

    ``arguments`` are options of ``contracts/conftest.py``; ``select`` is pytest's ``-k``, ``workers`` its ``-n``.
    Returns 4 for an internal error.
    """
    with tempfile.TemporaryDirectory(prefix="specduet-") as folder:
        status = Path(folder, "status")
        status.write_text("    ", encoding="utf-8")
        command = [
            *_pytest_command(status),
            *((f"-k={select}",) if select else ()),
            *_xdist_arguments(workers),
            *arguments,
        ]
        process = subprocess.Popen(command, env=_clean_environment())  # noqa: S603 - our own interpreter and options
        code = _wait_for_end(process)
        if text := status.read_text(encoding="utf-8").strip():
            return int(text)
    if code < 0 or code == 2:
        return 130
    if code == _PYTEST_USAGE_ERROR:
        return 2
    sys.stderr.write(f"specduet itself broke: pytest ended with {code}\n")
    return INTERNAL_ERROR


def _pytest_command(status: Path) -> list[str]:
    """``-I``: neither the current folder nor PYTHONPATH can shadow a package of ours."""
    own = ["-c", str(_CONTRACTS_FOLDER / "isolated.ini"), "--rootdir", str(_CONTRACTS_FOLDER.parent)]
    quiet = ["-p", "no:terminal", "-p", "no:cacheprovider", "--capture=no"]
    return [
        *(sys.executable, "-I", "-m", "pytest"),
        *own,
        *quiet,
        *("--specduet-status", str(status)),
        str(_CONTRACTS_FOLDER / "test_contract.py"),
    ]


def _xdist_arguments(number: str | None) -> list[str]:
    return ["-p", "xdist.plugin", "-n", number] if number else []


def _clean_environment() -> dict[str, str]:
    """Return the environment without variables that configure pytest or Python, and with plugin autoload off."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "PYTHON"))}
    return {**kept, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONUTF8": "1"}


def _wait_for_end(process: "subprocess.Popen[bytes]") -> int:
    """Wait for the process and return its exit code. Ctrl-C reaches it by itself; SIGTERM is passed on as SIGINT."""
    before = signal.signal(signal.SIGTERM, lambda *_: process.send_signal(signal.SIGINT))
    try:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue
    finally:
        signal.signal(signal.SIGTERM, before)
