"""Plain ``schemathesis run`` on the same servers: what everybody has without us."""

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.catalogue import CORRECT, VARIANTS
from tests.catalogue.client import GIVEN
from tests.catalogue.judging import Stage

_SPECS = Path(__file__).parents[2] / "specs"
_GIVE_UP_S = 300


@dataclass(frozen=True)
class Plain:
    """What Schemathesis reports of one server: (code, operation) pairs."""

    variant: str
    api: str
    failures: frozenset[tuple[str, str]]
    exit_code: int
    seconds: float


def plain(on: Stage, variant: str, api: str, seed: int) -> Plain:
    """One run with its defaults, fifty examples and the right credential."""
    on.show(variant)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        headers = [word for name, value in GIVEN[api].items() for word in ("-H", f"{name}: {value}")]
        command = [
            *(sys.executable, "-m", "schemathesis.cli", "run", str(_SPECS / api / "openapi.yaml")),
            *("--url", on.url, *headers, "-n", "50", "--seed", str(seed), "--no-color"),
            *("--report", "json", "--report-json-path", str(report)),
        ]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=_GIVE_UP_S)
            code = done.returncode
        except subprocess.TimeoutExpired:
            code = -1
        told = json.loads(report.read_text(encoding="utf-8"))["failures"] if report.exists() else []
    failures = frozenset((one["code"], operation) for one in told for operation in one["operations"])
    return Plain(variant, api, failures, code, time.monotonic() - started)


def compare(on: Stage, names: list[str], seed: int) -> tuple[dict[str, bool], dict[str, int]]:
    """Which faulty servers look otherwise than the correct one, and the exit code of each correct one."""
    usual = {api: plain(on, CORRECT, api, seed) for api in GIVEN}
    found: dict[str, bool] = {}
    codes = {f"{CORRECT} ({api})": one.exit_code for api, one in usual.items()}
    for name in names:
        variant = VARIANTS[name]
        seen = plain(on, name, variant.api, seed)
        if variant.correct:
            codes[name] = seen.exit_code
        else:
            found[name] = bool(seen.failures - usual[variant.api].failures)
    return found, codes
