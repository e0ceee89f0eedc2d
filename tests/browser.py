"""Chromium without a window, which shows what a page is once its script has run."""

import shutil
import subprocess
from pathlib import Path

import pytest

_CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
needs_browser = pytest.mark.skipif(_CHROMIUM is None, reason="Chromium is not installed")


def dump_page(url: str, profile: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    """Open a page; the output is its elements, and the errors are what its script says in the console."""
    command = [
        *(str(_CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"),
        *("--dump-dom", "--enable-logging=stderr", f"--user-data-dir={profile}", *options, url),
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
