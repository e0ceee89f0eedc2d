"""``results.sarif``: findings as results of a code scanner, at their lines in the OpenAPI document (SARIF 2.1.0)."""

import hashlib
import json
from pathlib import Path
from typing import Any

from specduet.contracts.clauses import Clause
from specduet.contracts.findings import Finding
from specduet.contracts.reports.formatting import describe_place
from specduet.contracts.reports.model import Report, installed_version, write_text
from specduet.specs.locations import repository_path

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def write(report: Report, path: Path) -> None:
    write_text(path, json.dumps(build_document(report), indent=2, ensure_ascii=False) + "\n")


def build_document(report: Report) -> dict[str, Any]:
    """Return the report as a SARIF log, secrets masked."""
    used = {finding.code for finding in report.findings}
    rules = [clause for clause in report.clauses if clause.code in used]
    places = {clause.code: index for index, clause in enumerate(rules)}
    driver = {
        "name": "specduet",
        "version": installed_version(),
        "rules": [_build_rule(clause) for clause in rules],
    }
    run = {
        "tool": {"driver": driver},
        "invocations": [{"executionSuccessful": report.exit_code in {0, 1}, "exitCode": report.exit_code}],
        "results": [_build_result(finding, places[finding.code], report) for finding in report.findings],
        "columnKind": "unicodeCodePoints",
    }
    masked = report.secrets.mask_json({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})
    assert isinstance(masked, dict)
    return masked


def _build_rule(clause: Clause) -> dict[str, Any]:
    return {
        "id": clause.code,
        "name": clause.name,
        "shortDescription": {"text": clause.sentence},
        "fullDescription": {"text": clause.details or clause.sentence},
        "help": {"text": f"specduet explain {clause.code}"},
        "defaultConfiguration": {"level": "error" if clause.basis == "documented" else "warning"},
        "properties": {"tags": [clause.family]},
    }


def _build_result(finding: Finding, rule: int, report: Report) -> dict[str, Any]:
    where = f", {describe_place(finding, report)}" if finding.where else ""
    value = f" Value: {finding.value}." if finding.value else ""
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": finding.severity,
        "message": {"text": f"{finding.api} {finding.operation}{where}: {finding.message}{value}"},
        "locations": [_build_location(finding, report)],
        "partialFingerprints": {"cause/v1": hashlib.sha256("\0".join(finding.key).encode()).hexdigest()},
        "occurrenceCount": finding.count,
        "properties": {"curl": finding.curl, "where": finding.where, "basis": finding.basis},
    }
    if finding.accepted:
        result["suppressions"] = [{"kind": "external", "justification": finding.accepted}]
    return result


def _build_location(finding: Finding, report: Report) -> dict[str, Any]:
    """Return the place of a finding; with a file and line only inside the repository, all that scanners can show."""
    location: dict[str, Any] = {
        "logicalLocations": [{"fullyQualifiedName": f"{finding.api} {finding.operation} {finding.pointer}"}]
    }
    uri = repository_path(report.find_api(finding.api).path)
    if uri is not None:
        line = report.find_line(finding)
        region = {"region": {"startLine": line}} if line else {}
        location["physicalLocation"] = {"artifactLocation": {"uri": uri}} | region
    return location
