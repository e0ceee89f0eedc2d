"""What the operating system refuses is a sentence and exit code 2, and costs nothing that was done before."""

import errno
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from specduet.contracts import reports
from specduet.contracts.reports import WRITERS, Report, write_reports
from specduet.contracts.sending.budget import RequestBudget
from specduet.contracts.sending.target import Target
from specduet.specs import UsageError
from specduet.specs.errors import explain_refusal

Make = Callable[..., Report]


def test_a_report_is_whole_or_not_there(make_report: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the disk is full in the middle of one report, the others are written, and an older one stays."""

    def fill_disk(_: Report, path: Path) -> None:
        path.write_text('{"log": {"entries": [', encoding="utf-8")
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "exchanges.har").write_text("older", encoding="utf-8")
    monkeypatch.setitem(reports.WRITERS, "exchanges.har", fill_disk)
    with pytest.raises(UsageError, match=r"exchanges\.har \(no space left on device\)"):
        write_reports(make_report(), tmp_path)
    assert {path.name for path in tmp_path.iterdir() if path.name != "orders.yaml"} == set(WRITERS)
    assert (tmp_path / "exchanges.har").read_text(encoding="utf-8") == "older"
    json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
@pytest.mark.parametrize(
    "words", [("apis", "orders.yaml"), ("test", "orders.yaml", "--url", "http://127.0.0.1:9", "--dry-run")]
)
def test_a_full_disk_behind_the_output_is_a_sentence(document: Path, words: tuple[str, ...]) -> None:
    """``> /dev/full`` ends with exit code 2, and with no traceback."""
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        command = [sys.executable, "-I", "-m", "specduet", *words]
        ended = subprocess.run(
            command, cwd=document.parent, stdout=full, stderr=subprocess.PIPE, text=True, timeout=120, check=False
        )
    assert (ended.returncode, ended.stderr) == (2, "the operating system refuses it: no space left on device\n")


def test_a_fault_of_ours_is_no_refusal() -> None:
    """Only what an operator can change is one."""
    assert explain_refusal(FileNotFoundError(errno.ENOENT, "gone", "/x")) is None
    assert explain_refusal(ValueError("x")) is None
    refusal = explain_refusal(PermissionError(errno.EACCES, os.strerror(errno.EACCES), "/x"))
    assert str(refusal) == "the operating system refuses it: permission denied: /x"


def test_a_clock_that_is_set_moves_no_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The times of requests follow each other, and budgets end, whatever the clock of the machine says meanwhile."""
    budget = RequestBudget.for_target(Target.parse("http://127.0.0.1:9"), max_time_s=100)
    before: Any = budget.current_time()
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert before <= budget.current_time() < before + 50
    assert budget.used_share < 0.5
