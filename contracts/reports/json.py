"""``report.json``: the whole result of a run, for programs. ``docs/report.schema.json`` is its schema."""

import json
from pathlib import Path
from typing import Any

import msgspec

from specduet.contracts.findings import Finding
from specduet.contracts.reports.expectations import describe_expected
from specduet.contracts.reports.model import Report, installed_version, write_text
from specduet.contracts.reports.remedies import list_remedies
from specduet.contracts.reports.unanswered import UnansweredOperation


def build_document(report: Report) -> dict[str, Any]:
    """Return the report as a JSON value, secrets masked."""
    masked = report.secrets.mask_json(
        {
            "specduet": installed_version(),
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
            "requests": {"sent": len(report.recording.exchanges), "by_method": report.requests_by_method},
            "findings": [build_finding(finding, report) for finding in report.findings],
            "stale": list(report.stale_entries),
            "notes": list(report.notes),
            "unanswered": [_build_unanswered(entry) for entry in report.unanswered],
            "coverage": report.coverage.to_json(),
            "exit_code": report.exit_code,
        }
    )
    assert isinstance(masked, dict)
    return masked


def _build_unanswered(entry: UnansweredOperation) -> dict[str, str]:
    return {"api": entry.api, "operation": entry.operation, "reason": entry.reason, "remedy": entry.remedy}


def build_finding(finding: Finding, report: Report) -> dict[str, Any]:
    """Return one finding as a JSON value; ``accept`` holds the keys of its entry in a baseline file."""
    return {
        "code": finding.code,
        "clause": finding.clause,
        "family": finding.family,
        "severity": finding.severity,
        "basis": finding.basis,
        "api": finding.api,
        "operation": finding.operation,
        "pointer": finding.pointer,
        "line": report.find_line(finding),
        "where": finding.where,
        "expected": describe_expected(finding, report.find_api(finding.api), report.find_sentence(finding)),
        "seen": finding.value,
        "message": finding.message,
        "count": finding.count,
        "places": [
            {"operation": place.operation, "where": place.where, "count": place.count} for place in finding.places
        ],
        "curl": finding.curl,
        "remedies": list(list_remedies(finding)),
        "exchange": finding.exchange.number if finding.exchange else None,
        "accept": {
            "code": finding.code,
            "operation": f"{finding.api} {finding.operation}",
            "pointer": finding.pointer,
            "where": finding.where_pattern,
        },
        "accepted": finding.accepted or None,
        "fails": report.is_failing(finding),
    }


def write(report: Report, path: Path) -> None:
    document = build_document(report)
    try:  # of 300 operations, 2 MB in a tenth of the time that ``json`` takes
        text = msgspec.json.format(msgspec.json.encode(document), indent=2).decode()
    except UnicodeEncodeError:  # a lone surrogate
        text = json.dumps(document, indent=2, ensure_ascii=False)
    write_text(path, f"{text}\n")
