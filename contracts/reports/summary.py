"""summary.md: what a person reads first, here and on the page of a CI run."""

import re
from pathlib import Path

from specduet.contracts.findings import Finding
from specduet.contracts.reports.formatting import acceptance, facts, headline
from specduet.contracts.reports.model import Report, counted, put

_MOST = 50


def write(report: Report, path: Path) -> None:
    put(path, text(report))


def text(report: Report) -> str:
    """The report as Markdown, secrets masked."""
    lines = [f"## specduet: {verdict(report)}", "", f"- Target: {report.target}"]
    lines += [f"- Specification: {api.name}, {api.title} {api.version}" for api in report.apis]
    methods = ", ".join(f"{method} {count:,}" for method, count in report.by_method.items())
    sent = counted(len(report.recording.exchanges), "request")
    lines += [
        f"- Sent: {sent} in {report.elapsed_s:.1f} s ({methods or 'none'})",
        f"- Profile {report.profile}, seed {report.seed}, fails on {report.fail_on}",
        "",
    ]
    lines += [line for note in report.notes for line in (f"> {note}", "")]
    lines += _findings(report)
    lines += _list("Accepted findings that no longer occur", report.stale)
    lines += _list("Never seen", report.unseen)
    return report.secrets.mask("\n".join(lines).rstrip() + "\n")


def verdict(report: Report) -> str:
    """The outcome in a few words."""
    errors = sum(finding.severity == "error" for finding in report.open)
    warnings = len(report.open) - errors
    accepted = len(report.findings) - len(report.open)
    parts = [counted(number, noun) for number, noun in ((errors, "error"), (warnings, "warning")) if number]
    parts = parts or ["no findings"]
    if accepted:
        parts.append(f"{accepted} accepted")
    return ", ".join(parts)


def _findings(report: Report) -> list[str]:
    lines = []
    for finding in report.findings[:_MOST]:
        lines += _finding(finding, report)
    if len(report.findings) > _MOST:
        lines += [f"… and {len(report.findings) - _MOST:,} more: see report.json.", ""]
    return [*lines, acceptance(), ""] if report.open else lines


def _finding(finding: Finding, report: Report) -> list[str]:
    mark = "accepted" if finding.accepted else finding.severity
    lines = [f"### {mark}: {_plain(headline(finding))}", ""]
    for label, fact in facts(finding, report):
        if label == "again":
            lines += ["", "```sh", fact, "```"]
        elif label != "severity":
            lines.append(f"- {label}: {_code(fact)}")
    return [*lines, ""]


def _list(title: str, entries: tuple[str, ...]) -> list[str]:
    return [f"### {title}", "", *(f"- {_code(entry)}" for entry in entries), ""] if entries else []


def _plain(text: str) -> str:
    """As Markdown that means nothing but its letters."""
    return re.sub(r"([\\`*_<>\[\]])", r"\\\1", text)


def _code(text: str) -> str:
    """As Markdown code, whatever backticks it holds (CommonMark 0.31, section 6.1)."""
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence} {text} {fence}" if len(fence) > 1 else f"`{text}`"
