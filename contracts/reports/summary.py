"""``summary.md``: the result in Markdown, also shown on the page of a GitHub Actions run."""

from pathlib import Path

from specduet.contracts.findings import Finding
from specduet.contracts.reports.formatting import ACCEPT_HINT, finding_fields, format_headline
from specduet.contracts.reports.model import Report, pluralize, write_text
from specduet.contracts.reports.unanswered import UnansweredOperation
from specduet.specs.printing import escape_markdown, quote_markdown

_MAX_FINDINGS = 50


def write(report: Report, path: Path) -> None:
    write_text(path, format_summary(report))


def format_summary(report: Report) -> str:
    """Return the report as Markdown, secrets masked."""
    lines = [f"## specduet: {format_outcome(report)}", "", f"- Target: {escape_markdown(report.target)}"]
    lines += [f"- Specification: {escape_markdown(f'{api.name}, {api.title} {api.version}')}" for api in report.apis]
    methods = ", ".join(f"{method} {count:,}" for method, count in report.requests_by_method.items())
    sent = pluralize(len(report.recording.exchanges), "request")
    lines += [
        f"- Sent: {sent} in {report.elapsed_s:.1f} s ({methods or 'none'})",
        f"- Profile {report.profile}, seed {report.seed}, fails on {report.fail_on}",
        "",
    ]
    lines += [line for note in report.notes for line in (f"> {escape_markdown(note)}", "")]
    lines += _findings_section(report)
    lines += _list_section("Accepted findings that no longer occur", report.stale_entries)
    lines += _list_section("Never answered 2xx", tuple(map(_format_unanswered, report.unanswered)))
    lines += _list_section("Not seen, and so not tested", report.coverage_gaps)
    return report.secrets.mask("\n".join(lines).rstrip() + "\n")


def format_outcome(report: Report) -> str:
    """Return the counts in one line: ``1 error, 2 warnings, 3 accepted`` or ``no findings``."""
    errors = sum(finding.severity == "error" for finding in report.open_findings)
    warnings = len(report.open_findings) - errors
    accepted = len(report.findings) - len(report.open_findings)
    parts = [pluralize(number, noun) for number, noun in ((errors, "error"), (warnings, "warning")) if number]
    parts = parts or ["no findings"]
    if accepted:
        parts.append(f"{accepted} accepted")
    return ", ".join(parts)


def _findings_section(report: Report) -> list[str]:
    lines = []
    for finding in report.findings[:_MAX_FINDINGS]:
        lines += _finding_section(finding, report)
    if len(report.findings) > _MAX_FINDINGS:
        lines += [f"… and {len(report.findings) - _MAX_FINDINGS:,} more: see report.json.", ""]
    return [*lines, ACCEPT_HINT, ""] if report.open_findings else lines


def _finding_section(finding: Finding, report: Report) -> list[str]:
    mark = "accepted" if finding.accepted else finding.severity
    lines = [f"### {mark}: {escape_markdown(format_headline(finding))}", ""]
    for label, value in finding_fields(finding, report):
        if label == "reproduce":
            lines += ["", "```sh", value, "```"]
        elif label != "severity":
            lines.append(f"- {label}: {quote_markdown(value)}")
    return [*lines, ""]


def _format_unanswered(entry: UnansweredOperation) -> str:
    remedy = f"; give {entry.remedy}" if entry.remedy else ""
    return f"{entry.api} {entry.operation}: {entry.reason}{remedy}"


def _list_section(title: str, entries: tuple[str, ...]) -> list[str]:
    return [f"### {title}", "", *(f"- {quote_markdown(entry)}" for entry in entries), ""] if entries else []
