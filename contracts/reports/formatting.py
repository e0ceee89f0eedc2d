"""A finding in words: the same facts, in the same order, wherever somebody reads them."""

from specduet.contracts.findings import Finding
from specduet.contracts.reports.model import Report
from specduet.specs.locations import display_path


def headline(finding: Finding) -> str:
    """``SD201 status-enum: the status is …``"""
    return f"{finding.code} {finding.clause}: {finding.message}"


def facts(finding: Finding, report: Report) -> list[tuple[str, str]]:
    """What there is to know besides the headline, as (label, text)."""
    promised = display_path(report.api(finding.api).path)
    line = report.line(finding)
    if line:
        promised += f":{line}"
    known = [
        ("operation", f"{finding.api} {finding.operation}"),
        ("promised", f"{promised} {finding.pointer}"),
        ("where", place(finding, report)),
        ("value", finding.seen),
        ("severity", f"{finding.severity} ({finding.basis})"),
        ("seen", "once" if finding.count == 1 else f"{finding.count:,} times"),
        ("again", finding.curl),
        ("accepted", finding.accepted),
    ]
    return [(label, report.secrets.mask(text)) for label, text in known if text]


def place(finding: Finding, report: Report) -> str:
    """Where a finding looks: into an answer's body, that of another operation perhaps, or at a part of the request."""
    if not finding.where.startswith("/"):
        return finding.where
    asked = finding.exchange.operation if finding.exchange else ""
    other = (o.label for o in report.api(finding.api).operations if o.id == asked and o.label != finding.operation)
    return " of ".join((f"answer {finding.where}", *other))


def described(finding: Finding, report: Report) -> str:
    """A finding as a block of plain text."""
    lines = [report.secrets.mask(headline(finding))]
    lines += [f"  {label:<9} {text}" for label, text in facts(finding, report)]
    return "\n".join(lines)


def acceptance() -> str:
    """How to accept findings, in one sentence."""
    return "To accept what is known: --update-baseline writes it down, with the day on which it counts again."
