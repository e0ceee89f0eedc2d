"""A finding in words: the same facts, in the same order, wherever somebody reads them."""

from specduet.contracts.findings import Finding
from specduet.contracts.reports.model import Report
from specduet.specs.locations import display_path


def format_headline(finding: Finding) -> str:
    """``SD201 status-enum: the status is …``"""
    return f"{finding.code} {finding.clause}: {finding.message}"


def finding_fields(finding: Finding, report: Report) -> list[tuple[str, str]]:
    """What there is to know besides the headline, as (label, text)."""
    spec_place = display_path(report.find_api(finding.api).path)
    line = report.find_line(finding)
    if line:
        spec_place += f":{line}"
    fields = [
        ("operation", f"{finding.api} {finding.operation}"),
        ("promised", f"{spec_place} {finding.pointer}"),
        ("where", describe_place(finding, report)),
        ("value", finding.value),
        ("severity", f"{finding.severity} ({finding.basis})"),
        ("seen", "once" if finding.count == 1 else f"{finding.count:,} times"),
        ("again", finding.curl),
        ("accepted", finding.accepted),
    ]
    return [(label, report.secrets.mask(text)) for label, text in fields if text]


def describe_place(finding: Finding, report: Report) -> str:
    """Where a finding looks: into an answer's body, that of another operation perhaps, or at a part of the request."""
    if not finding.where.startswith("/"):
        return finding.where
    requested_id = finding.exchange.operation if finding.exchange else ""
    other_operation = (
        o.label
        for o in report.find_api(finding.api).operations
        if o.id == requested_id and o.label != finding.operation
    )
    return " of ".join((f"answer {finding.where}", *other_operation))


def format_finding(finding: Finding, report: Report) -> str:
    """A finding as a block of plain text."""
    lines = [report.secrets.mask(format_headline(finding))]
    lines += [f"  {label:<9} {text}" for label, text in finding_fields(finding, report)]
    return "\n".join(lines)


def accept_hint() -> str:
    """How to accept findings, in one sentence."""
    return "To accept what is known: --update-baseline writes it down, with the day on which it counts again."
