"""Text of a finding: the same fields in the same order in every report."""

from specduet.contracts.findings import Finding, escape_controls
from specduet.contracts.reports.model import Report
from specduet.specs.locations import display_path

ACCEPT_HINT = "To ignore these for now, run with --update-baseline (they count again in 90 days)."
LABEL_WIDTH = 9


def format_headline(finding: Finding) -> str:
    """Return the first line of a finding: ``SD201 status-enum: the status is …``."""
    return f"{finding.code} {finding.clause}: {escape_controls(finding.message)}"


def finding_fields(finding: Finding, report: Report) -> list[tuple[str, str]]:
    """Return what a report says besides the headline: (label, text) pairs, secrets masked, no empty texts."""
    spec_place = display_path(report.find_api(finding.api).path)
    line = report.find_line(finding)
    if line:
        spec_place += f":{line}"
    fields = [
        ("operation", escape_controls(f"{finding.api} {finding.operation}")),
        ("spec", escape_controls(f"{spec_place} {finding.pointer}")),
        ("where", escape_controls(describe_place(finding, report))),
        ("value", finding.value),
        ("severity", f"{finding.severity} ({finding.basis})"),
        ("count", "once" if finding.count == 1 else f"{finding.count:,} times"),
        ("reproduce", finding.curl),
        ("accepted", finding.accepted),
    ]
    return [(label, report.secrets.mask(text)) for label, text in fields if text]


def describe_place(finding: Finding, report: Report) -> str:
    """Return the place of a finding: ``response /3/status``, ``query/limit``, ``response /0/id of GET /runs``.

    The operation is named where the response is not one of the finding's own operation.
    """
    if not finding.where.startswith("/"):
        return finding.where
    operation_id = finding.exchange.operation if finding.exchange else ""
    labels = [o.label for o in report.find_api(finding.api).operations if o.id == operation_id]
    return " of ".join((f"response {finding.where}", *(label for label in labels if label != finding.operation)))


def format_finding(finding: Finding, report: Report) -> str:
    """Return a finding as a block of plain text."""
    lines = [report.secrets.mask(format_headline(finding))]
    lines += [f"  {label:<{LABEL_WIDTH}} {text}" for label, text in finding_fields(finding, report)]
    return "\n".join(lines)
