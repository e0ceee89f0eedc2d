"""report.json: everything that a run has to say, for programs. ``docs/report.schema.json`` describes it."""

import json
from pathlib import Path
from typing import Any

from specduet.contracts.findings import Finding
from specduet.contracts.reports.model import Report, own_version, put


def document(report: Report) -> dict[str, Any]:
    """The report as JSON, secrets masked."""
    masked = report.secrets.mask_json(
        {
            "specduet": own_version(),
            "target": report.target,
            "apis": [
                {"name": api.name, "title": api.title, "version": api.version, "document": api.path.name}
                for api in report.apis
            ],
            "seed": report.seed,
            "profile": report.profile,
            "fail_on": report.fail_on,
            "started": report.started.isoformat(),
            "elapsed_s": round(report.elapsed_s, 3),
            "requests": {"sent": len(report.recording.exchanges), "by_method": report.by_method},
            "findings": [finding_document(finding, report) for finding in report.findings],
            "stale": list(report.stale),
            "notes": list(report.notes),
            "coverage": report.coverage.as_json(),
            "exit_code": report.exit_code,
        }
    )
    assert isinstance(masked, dict)
    return masked


def finding_document(finding: Finding, report: Report) -> dict[str, Any]:
    """One finding as JSON."""
    return {
        "code": finding.code,
        "clause": finding.clause,
        "family": finding.family,
        "severity": finding.severity,
        "basis": finding.basis,
        "api": finding.api,
        "operation": finding.operation,
        "pointer": finding.pointer,
        "line": report.line(finding),
        "where": finding.where,
        "seen": finding.seen,
        "message": finding.message,
        "count": finding.count,
        "curl": finding.curl,
        "exchange": finding.exchange.number if finding.exchange else None,
        "accept": {
            "code": finding.code,
            "operation": f"{finding.api} {finding.operation}",
            "pointer": finding.pointer,
            "where": finding.place,
        },
        "accepted": finding.accepted or None,
        "fails": report.fails(finding),
    }


def write(report: Report, path: Path) -> None:
    put(path, json.dumps(document(report), indent=2, ensure_ascii=False) + "\n")
