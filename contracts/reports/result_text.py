"""Text of a result on the terminal: findings by cause, what never succeeded, what was not seen, the outcome.

Text is wrapped at 100 columns; a curl command stays one line.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from textwrap import wrap

from rich.text import Text

from specduet.contracts.findings import Finding, cut_text
from specduet.contracts.reports.formatting import ACCEPT_HINT, LABEL_WIDTH, finding_fields
from specduet.contracts.reports.model import Report, group_of_finding, pluralize
from specduet.contracts.reports.summary import format_outcome
from specduet.contracts.sending.curl import to_shell_variable
from specduet.specs.printing import make_printable

WIDTH = 100
_STYLES = {"error": "bold red", "warning": "bold yellow"}
_MAX_GAPS = 12
_MAX_REASONS = 12
_MAX_NAMES = 6
_MAX_WORD = 60
_HIDDEN_FIELDS = frozenset({"severity", "operation", "accepted"})
_LABEL = re.compile(r"\b(GET|PUT|POST|PATCH|DELETE|HEAD|OPTIONS|TRACE) /")
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")


def finding_lines(report: Report) -> Iterator[Text]:
    """Yield the findings grouped by cause; what is accepted has one line each, at the end."""
    yield from _variable_lines(report)
    for _, group in groupby(report.open_findings, key=group_of_finding):
        yield from _group_lines(list(group), report)
    accepted = [finding for finding in report.findings if finding.accepted]
    for finding in accepted:
        text = f"accepted {finding.code} {finding.clause}: {_name_operation(finding, report)}: {finding.accepted}"
        yield Text(cut_text(make_printable(report.secrets.mask(text)), WIDTH), "dim")
    if accepted:
        yield Text("")


def _variable_lines(report: Report) -> Iterator[Text]:
    """Yield one line for each variable of the curl lines: what to set before one is pasted."""
    used = dict.fromkeys(name for finding in report.open_findings for name in _VARIABLE.findall(finding.curl))
    schemes = {to_shell_variable(s.name): s.name for api in report.apis for s in api.schemes.values()}
    for name in used:
        what = f"the credential of {schemes[name]}" if name in schemes else "the value that is hidden here"
        yield Text(f"To paste a curl line, first: export {name}='…'  # {what}", "dim")
    if used:
        yield Text("")


def _group_lines(findings: list[Finding], report: Report) -> Iterator[Text]:
    """Yield the lines of findings of one clause: its sentence, then each cause."""
    first = findings[0]
    sentence = report.find_sentence(first)
    name = f"{first.severity} {first.code} {first.clause}"
    heading, *rest = _wrap(f"{name}: {sentence}", "")
    yield Text.assemble((name, _STYLES[first.severity]), heading.removeprefix(name))
    yield from map(Text, rest)
    for finding in findings:
        message = report.secrets.mask(f"{_name_operation(finding, report)}: {finding.message}")
        yield from (Text(line) for line in _wrap(make_printable(message), "  "))
        for label, text in finding_fields(finding, report):
            if label not in _HIDDEN_FIELDS and not (label == "expected" and text == sentence):
                yield from _field_lines(label, text)
    yield Text("")


def _field_lines(label: str, text: str) -> Iterator[Text]:
    indent = " " * (LABEL_WIDTH + 5)
    lines = [text] if label == "reproduce" else [line.strip() for line in _wrap(text, indent)]
    for number, line in enumerate(lines):
        yield Text.assemble((f"    {label if number == 0 else '':<{LABEL_WIDTH}} ", "dim"), line)


def _name_operation(finding: Finding, report: Report) -> str:
    return f"{finding.api} {finding.operation}" if len(report.apis) > 1 else finding.operation


def closing_texts(report: Report, *, is_planned: bool = False) -> Iterator[tuple[str, str]]:
    """Yield the last lines with their styles: notes, operations without success, gaps in coverage, the outcome.

    ``is_planned``: the plan was shown before the run, and is not told once more.
    """
    for note in (note for note in report.notes if not (is_planned and note in report.plan_notes)):
        yield from ((line, "yellow") for line in _wrap(f"note: {make_printable(report.secrets.mask(note))}", ""))
    for entry in report.stale_entries:
        yield f"accepted, but no longer found: {entry}", "yellow"
    yield from ((line, "dim") for line in _unanswered_lines(report))
    yield from ((line, "dim") for line in _gap_lines(report.coverage_gaps))
    if report.open_findings:
        yield ACCEPT_HINT, ""
    sent = pluralize(len(report.recording.exchanges), "request")
    style = "bold red" if report.exit_code else "bold green"
    yield f"{format_outcome(report)}; {sent} in {report.elapsed_s:.1f} s", style


def _unanswered_lines(report: Report) -> Iterator[str]:
    """Yield the operations that never answered 2xx, grouped by the reason, with what to give."""
    entries = report.unanswered
    if not entries:
        return
    total = sum(len(api.operations) for api in report.apis)
    yield f"never answered 2xx, {len(entries)} of {pluralize(total, 'operation')}:"
    groups: dict[tuple[str, str], list[str]] = {}
    for entry in entries:
        name = entry.operation if len(report.apis) == 1 else f"{entry.api} {entry.operation}"
        groups.setdefault((entry.reason, entry.remedy), []).append(name)
    ordered = sorted(groups.items(), key=lambda group: -len(group[1]))
    for (reason, remedy), names in ordered[:_MAX_REASONS]:
        yield from _wrap(make_printable(report.secrets.mask(f"{reason}{f'; give {remedy}' if remedy else ''}")), "  ")
        more = f" and {len(names) - _MAX_NAMES:,} more" if len(names) > _MAX_NAMES else ""
        yield from _wrap(make_printable(", ".join(names[:_MAX_NAMES]) + more), "      ")
    if len(ordered) > _MAX_REASONS:
        rest = sum(len(names) for _, names in ordered[_MAX_REASONS:])
        yield f"  … and {pluralize(rest, 'more operation')}; --report DIR lists them all"


def _gap_lines(gaps: Sequence[str]) -> Iterator[str]:
    """Yield what was not seen, cut to a line each."""
    if gaps:
        yield "not seen, and so not tested:"
        yield from (cut_text(f"  {make_printable(line)}", WIDTH) for line in gaps[:_MAX_GAPS])
    if len(gaps) > _MAX_GAPS:
        yield f"  … and {len(gaps) - _MAX_GAPS:,} more; --report DIR lists them all"


def _wrap(text: str, indent: str) -> list[str]:
    """Return a text in lines of at most 100 columns; the method of an operation stays with its path."""
    text = re.sub(rf"\S{{{_MAX_WORD},}}", lambda word: f"{word[0][: _MAX_WORD - 1]}…", text) if indent == "" else text
    return wrap_labels(text, WIDTH, indent, indent or "  ") or [indent]


def wrap_labels(text: str, columns: int, first_indent: str, next_indent: str) -> list[str]:
    """Return a text in lines of so many columns; no word is broken, and a method stays with its path."""
    lines = wrap(
        _LABEL.sub("\\1\u00a0/", text),
        columns,
        initial_indent=first_indent,
        subsequent_indent=next_indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace("\u00a0", " ") for line in lines]


__all__ = ["WIDTH", "closing_texts", "finding_lines", "wrap_labels"]
