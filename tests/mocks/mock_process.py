"""The mock in a process of its own, as the command line starts it."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def run_mock(*arguments: str) -> Iterator[Callable[[str], list[str]]]:
    """Run ``specduet mock``, and yield a function that reads lines up to one that holds a text."""
    command = [sys.executable, "-I", "-m", "specduet", "mock", *arguments, "--port", "0", "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None

        def read_until(text: str) -> list[str]:
            lines = [process.stdout.readline()] if process.stdout else []
            while text not in lines[-1]:
                assert lines[-1], lines
                lines.append(process.stdout.readline() if process.stdout else "")
            return lines

        try:
            yield read_until
        finally:
            process.terminate()
            _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "")
