"""What a run shows on a terminal: what it is about to do, how far it is, and what it found.

On a terminal there are colours and a progress bar; into a file or a pipe goes the same text, plain.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import groupby
from typing import TextIO

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from specduet.contracts.findings import Finding
from specduet.contracts.options import RunOptions
from specduet.contracts.reports.formatting import accept_hint, finding_fields
from specduet.contracts.reports.model import Report, pluralize
from specduet.contracts.reports.summary import format_outcome
from specduet.contracts.run import Progress as Stand
from specduet.contracts.sending.sender import pace_of
from specduet.contracts.sending.target import Target
from specduet.specs import Api

_STYLES = {"error": "bold red", "warning": "bold yellow", "accepted": "dim"}
_MAX_GAPS = 12
_STEP_LABELS = {
    "reach": "asking what is served",
    "open": "first requests",
    "probe": "probing",
    "explore": "sending generated requests",
    "close": "last requests",
    "judge": "judging",
}


def make_console(file: TextIO) -> Console:
    """A console that never wraps: a curl line has to stay one line."""
    return Console(file=file, soft_wrap=True, highlight=False, markup=False, emoji=False)


@contextmanager
def show_progress(console: Console | None) -> Iterator[Callable[[Stand], None]]:
    """A line that says where the run stands, on a terminal; nothing where nobody watches."""
    if console is None or not console.is_terminal:
        yield lambda _: None
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("")

        def update_progress(progress: Stand) -> None:
            about = f" {progress.api} {progress.operation}" if progress.api else ""
            bar.update(
                task, description=f"{_STEP_LABELS[progress.step]}{about}, {pluralize(progress.sent, 'request')} sent"
            )

        yield update_progress


def format_plan(apis: tuple[Api, ...], target: Target, options: RunOptions, *, dry: bool) -> Iterator[Text]:
    """What is about to be sent and what is not, and the limits that hold. ``dry``: nothing will be sent at all."""
    where = "" if target.loopback else " (not on this machine)"
    width = max(len(name) for name in ("target", *(api.name for api in apis)))
    yield Text(f"{'target':<{width}}  {target.url}{where}")
    for api in apis:
        sent = Counter(operation.method for operation in api.operations if target.allows(operation))
        unsent = Counter(operation.method for operation in api.operations if not target.allows(operation))
        text = ", ".join(f"{method} {pluralize(count, 'operation')}" for method, count in sorted(sent.items()))
        text += "".join(f"; not sent: {method} {count} (--allow-writes)" for method, count in sorted(unsent.items()))
        yield Text(f"{api.name:<{width}}  {text or 'nothing to send'}")
    limits = [f"profile {options.profile}", f"seed {options.seed}", f"at most {options.time_limit_s:g} s"]
    pace = pace_of(target, options.requests_per_second)
    request_limit = min(options.max_requests or sys.maxsize, int(pace * options.time_limit_s) if pace else sys.maxsize)
    limits += [f"at most {pace:g} requests a second"] if pace else []
    limits += [f"at most {request_limit:,} requests"] if request_limit < sys.maxsize else []
    yield Text(f"{'run':<{width}}  {', '.join(limits)}{'; nothing is sent (--dry-run)' if dry else ''}")
    yield Text("")


def print_report(report: Report, console: Console) -> None:
    """The findings by cause, what was never seen, and the outcome."""
    for line in _finding_lines(report):
        console.print(line)
    for text, style in _closing_texts(report):
        console.print(Text(text, style))


def closing_lines(report: Report) -> Iterator[str]:
    """The end of what ``print_report`` shows, plain: notes, what was never seen, and the outcome."""
    return (text for text, _ in _closing_texts(report))


def _finding_lines(report: Report) -> Iterator[Text]:
    def cause_key(finding: Finding) -> tuple[str, str, str]:
        return (finding.severity, finding.code, finding.pointer)

    findings = sorted(report.findings, key=lambda f: (bool(f.accepted), *cause_key(f)))
    for _, group in groupby(findings, key=lambda f: (bool(f.accepted), *cause_key(f))):
        yield from _cause_lines(list(group), report)


def _closing_texts(report: Report) -> Iterator[tuple[str, str]]:
    for note in report.notes:
        yield f"note: {report.secrets.mask(note)}", "yellow"
    for entry in report.stale_entries:
        yield f"accepted, and no longer found: {entry}", "yellow"
    if report.coverage_gaps:
        yield "never seen, and so not tested:", "dim"
        yield from ((f"  {line}", "dim") for line in report.coverage_gaps[:_MAX_GAPS])
        if len(report.coverage_gaps) > _MAX_GAPS:
            yield (
                f"  … and of {len(report.coverage_gaps) - _MAX_GAPS} more operations; --report DIR tells it all",
                "dim",
            )
    if report.open_findings:
        yield accept_hint(), ""
    sent = pluralize(len(report.recording.exchanges), "request")
    yield (
        f"{format_outcome(report)}; {sent} in {report.elapsed_s:.1f} s",
        "bold red" if report.exit_code else "bold green",
    )


def _cause_lines(findings: list[Finding], report: Report) -> Iterator[Text]:
    """Findings of one clause on one part of the specification: the same cause, maybe on several operations."""
    first = findings[0]
    mark = "accepted" if first.accepted else first.severity
    sentence = next(clause.sentence for clause in report.clauses if clause.code == first.code)
    yield Text.assemble((f"{mark} {first.code} {first.clause}", _STYLES[mark]), f": {sentence}")
    for finding in findings:
        yield Text(f"  {report.secrets.mask(finding.message)}")
        for label, fact in finding_fields(finding, report):
            if label != "severity":
                yield Text.assemble((f"    {label:<9} ", "dim"), fact)
    yield Text("")
