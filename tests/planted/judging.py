"""Judge one application with nothing but its document."""

import json
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from specduet.contracts.findings import Finding
from specduet.contracts.options import RunOptions
from specduet.contracts.run import RunResult, run_contract
from specduet.contracts.sending.target import Target
from specduet.specs import load

_MAX_TIME_S = 300.0
"""Seconds of one run: enough on a machine that does other things as well."""


def run_judge(
    document: Mapping[str, Any],
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    max_requests: int = 4_000,
    generate: bool = True,
    only: Sequence[str] = (),
) -> RunResult:
    """Run the suite on an application, as ``specduet test FILE --url URL`` does."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(folder) / "service.json"
        path.write_text(json.dumps(document))
        target = Target.parse(url, headers=[f"{name}: {value}" for name, value in (headers or {}).items()])
        return run_contract(
            [load(path)],
            target,
            RunOptions(
                max_requests=max_requests, max_time_s=_MAX_TIME_S, generate=generate, only_operations=tuple(only)
            ),
        )


def list_labels(document: Mapping[str, Any], beginning: str) -> tuple[str, ...]:
    """Return the labels of the operations whose paths begin so."""
    return tuple(
        f"{method.upper()} {path}"
        for path, item in document["paths"].items()
        for method in item
        if path.startswith(beginning) and method in {"get", "put", "post", "patch", "delete"}
    )


def describe_findings(findings: Sequence[Finding]) -> str:
    """Return the findings, one a line."""
    return "\n".join(
        f"  {f.code} [{f.severity}] {f.operation} {f.where}: {f.message} (saw {f.value}) x{f.count}" for f in findings
    )
