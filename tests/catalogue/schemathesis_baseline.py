"""Plain ``schemathesis run`` on the same servers, to compare the suite with."""

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.catalogue import CORRECT, VARIANTS
from tests.catalogue.judging import VariantServer
from tests.catalogue.probe_client import CREDENTIALS

_SPECS = Path(__file__).parents[2] / "specs"
_TIMEOUT_S = 300


@dataclass(frozen=True)
class BaselineResult:
    """The failures that Schemathesis reports of one server."""

    variant: str
    api: str
    failures: frozenset[tuple[str, str]]
    """(code, operation) pairs."""
    exit_code: int
    """-1 where it took too long."""
    seconds: float


def run_schemathesis(server: VariantServer, variant: str, api: str, seed: int) -> BaselineResult:
    """Run it once, with its defaults, fifty examples and the right credential."""
    server.serve_variant(variant)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        headers = [word for name, value in CREDENTIALS[api].items() for word in ("-H", f"{name}: {value}")]
        command = [
            *(sys.executable, "-m", "schemathesis.cli", "run", str(_SPECS / api / "openapi.yaml")),
            *("--url", server.url, *headers, "-n", "50", "--seed", str(seed), "--no-color"),
            *("--report", "json", "--report-json-path", str(report)),
        ]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=_TIMEOUT_S)
            exit_code = done.returncode
        except subprocess.TimeoutExpired:
            exit_code = -1
        reported = json.loads(report.read_text(encoding="utf-8"))["failures"] if report.exists() else []
    failures = frozenset((failure["code"], operation) for failure in reported for operation in failure["operations"])
    return BaselineResult(variant, api, failures, exit_code, time.monotonic() - started)


def compare_with_correct(server: VariantServer, names: list[str], seed: int) -> tuple[dict[str, bool], dict[str, int]]:
    """Return whether each faulty server looks otherwise than the correct one, and each correct one's exit code."""
    expected = {api: run_schemathesis(server, CORRECT, api, seed) for api in CREDENTIALS}
    found: dict[str, bool] = {}
    exit_codes = {f"{CORRECT} ({api})": result.exit_code for api, result in expected.items()}
    for name in names:
        variant = VARIANTS[name]
        actual = run_schemathesis(server, name, variant.api, seed)
        if variant.correct:
            exit_codes[name] = actual.exit_code
        else:
            found[name] = bool(actual.failures - expected[variant.api].failures)
    return found, exit_codes
