"""Text of a finding: the same fields in the same order in every report."""

from specduet.contracts.findings import Finding
from specduet.contracts.reports.expectations import describe_expected
from specduet.contracts.reports.model import Report, pluralize
from specduet.contracts.reports.remedies import list_remedies
from specduet.specs.printing import make_loggable, make_printable

ACCEPT_HINT = "To ignore these for now, run with --update-baseline (they count again in 90 days)."
LABEL_WIDTH = 9
_MAX_PLACES = 6


def format_headline(finding: Finding) -> str:
    """Return the first line of a finding: ``SD201 status-enum: the status is …``."""
    return f"{finding.code} {finding.clause}: {make_printable(finding.message)}"


def finding_fields(finding: Finding, report: Report) -> list[tuple[str, str]]:
    """Return what a report says besides the headline: (label, text) pairs, secrets masked, printable, none empty."""
    service, document = list_remedies(finding)
    fields = [
        ("operation", f"{finding.api} {finding.operation}"),
        ("expected", describe_expected(finding, report.find_api(finding.api), report.find_sentence(finding))),
        ("actual", describe_actual(finding, report)),
        ("document", f"{describe_line(finding, report)} {finding.pointer}"),
        ("also in", describe_other_places(finding)),
        ("severity", f"{finding.severity} ({finding.basis})"),
        ("reproduce", finding.curl),
        ("to fix", service),
        ("or", document),
        ("accepted", finding.accepted),
    ]
    return [(label, make_printable(report.secrets.mask(text))) for label, text in fields if text]


def describe_line(finding: Finding, report: Report) -> str:
    """Return the place of a finding in the operator's document: ``orders.yaml:12``, ``http://host/openapi.json:12``."""
    line = report.find_line(finding)
    name = report.name_document(finding.api)
    return f"{name}:{line}" if line else name


def describe_actual(finding: Finding, report: Report) -> str:
    """Return what was seen, where, and how often: ``"lost" in response /3/status, 12 times``."""
    place = describe_place(finding, report)
    status = str(finding.exchange.status) if finding.exchange is not None else ""
    if finding.value == status:
        seen = f"answered {status}" + (f" for {place}" if "/" in place else "")
    else:
        seen = f"{finding.value or '(nothing)'} in {place}" if place else finding.value
        is_sent = place and not finding.where.startswith("/") and status not in {"", "0"}
        seen += f", answered {status}" if is_sent else ""
    return seen if finding.count == 1 else f"{seen}, {finding.count:,} times"


def describe_place(finding: Finding, report: Report) -> str:
    """Return the place of a finding: ``response /3/status``, ``query/limit``, ``response /0/id of GET /runs``.

    The operation is named where the response is not one of the finding's own operation.
    """
    if not finding.where.startswith("/"):
        return finding.where
    operation_id = finding.exchange.operation if finding.exchange else ""
    labels = [o.label for o in report.find_api(finding.api).operations if o.id == operation_id]
    return " of ".join((f"response {finding.where}", *(label for label in labels if label != finding.operation)))


def describe_other_places(finding: Finding) -> str:
    """Return the other operations in which a finding occurs, the first few by name."""
    others = [label for label in finding.operations if label != finding.operation]
    named, rest = others[:_MAX_PLACES], len(others) - _MAX_PLACES
    return ", ".join(named) + (f" and {pluralize(rest, 'more operation')}" if rest > 0 else "")


def format_finding(finding: Finding, report: Report) -> str:
    """Return a finding as a block of plain text."""
    lines = [report.secrets.mask(format_headline(finding))]
    lines += [f"  {label:<{LABEL_WIDTH}} {text}" for label, text in finding_fields(finding, report)]
    return make_loggable("\n".join(lines))
