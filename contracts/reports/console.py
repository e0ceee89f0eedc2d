"""Text of a run on the terminal: the plan, the progress and the findings.

A terminal gets colours and a progress line; a file or a pipe gets the same text without them.
"""

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

from rich.console import Console
from rich.progress import Progress as ProgressLine
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from specduet.contracts.options import RunOptions
from specduet.contracts.planning.plan import HOW_TO_SEND, PlannedOperation, matches_any
from specduet.contracts.reports.model import Report, pluralize
from specduet.contracts.reports.result_text import WIDTH, closing_texts, finding_lines, wrap_labels
from specduet.contracts.run_state import Progress, make_plan
from specduet.contracts.sending.budget import choose_rate_limit
from specduet.contracts.sending.target import Target
from specduet.specs import Api
from specduet.specs.printing import make_loggable, make_printable

_MAX_LEFT_OUT = 5
_MIN_COLUMNS = 40
_STEP_LABELS = {
    "reach": "looking for the APIs",
    "open": "first requests",
    "probe": "probing",
    "explore": "sending generated requests",
    "close": "last requests",
    "clean up": "deleting what was created",
    "judge": "checking the responses",
}


class _SafeConsole(Console):
    """A console on which foreign text steers nothing, and which goes on without output where nobody reads it any more.

    Reports are still to be written then.
    """

    def print(self, *texts: Any, **options: Any) -> None:
        super().print(*map(_make_safe, texts), **options)

    def on_broken_pipe(self) -> None:
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _make_safe(text: Any) -> Any:
    plain = text.plain if isinstance(text, Text) else str(text)
    safe = make_loggable(plain)
    return text if safe == plain else Text(safe, text.style if isinstance(text, Text) else "")


def make_console(file: TextIO) -> Console:
    """Return a console that never wraps lines: a curl command has to stay one line."""
    return _SafeConsole(file=file, soft_wrap=True, highlight=False, markup=False, emoji=False)


@contextmanager
def show_progress(console: Console | None) -> Iterator[Callable[[Progress], None]]:
    """Show the step and the number of requests while the block runs; do nothing where ``console`` is no terminal.

    Yields the function that updates the line.
    """
    if console is None or not console.is_terminal:
        yield lambda _: None
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with ProgressLine(*columns, console=console, transient=True) as bar:
        task = bar.add_task("")

        def update_progress(progress: Progress) -> None:
            operation = f" {progress.api} {progress.operation}" if progress.api else ""
            sent = pluralize(progress.sent, "request")
            bar.update(task, description=f"{_STEP_LABELS[progress.step]}{make_printable(operation)}, {sent} sent")

        yield update_progress


def format_plan(
    apis: tuple[Api, ...],
    target: Target,
    options: RunOptions,
    *,
    dry: bool,
    documents: Sequence[str] = (),
    baseline: str = "",
) -> Iterator[Text]:
    """Yield the lines that are printed before the run: target, operations, limits. ``dry``: nothing will be sent."""
    where = "" if target.loopback else " (not on this machine)"
    more = {"document": documents, "baseline": baseline}
    width = max(map(len, ("target", *(name for name, text in more.items() if text), *(api.name for api in apis))))
    yield Text(f"{'target':<{width}}  {target.url}{where}")
    for number, document in enumerate(documents):
        yield Text(f"{'document' if number == 0 else '':<{width}}  {document}")
    plans = [make_plan(api, target, is_mock=options.is_mock) for api in apis]
    for api, plan in zip(apis, plans, strict=True):
        chosen = [o for o in api.operations if not options.only_operations or matches_any(o, options.only_operations)]
        operations = [operation for operation in chosen if not plan.is_left_out(operation)]
        sent = Counter(operation.method for operation in operations if target.can_send(operation))
        unsent = Counter(operation.method for operation in operations if not target.can_send(operation))
        text = ", ".join(f"{method} {pluralize(count, 'operation')}" for method, count in sorted(sent.items()))
        text += "".join(f"; not sent: {method} {count} (--allow-writes)" for method, count in sorted(unsent.items()))
        yield from _format_entry(make_printable(api.name), text or "nothing to send", width)
    yield from _format_left_out([planned for plan in plans for planned in plan.list_left_out()], width, dry=dry)
    limits = [f"profile {options.profile}", f"seed {options.seed}", f"at most {options.time_limit_s:g} s"]
    pace = choose_rate_limit(target, options.requests_per_second)
    request_limit = min(options.max_requests or sys.maxsize, int(pace * options.time_limit_s) if pace else sys.maxsize)
    limits += [f"at most {pace:g} requests a second"] if pace else []
    limits += [f"at most {request_limit:,} requests"] if request_limit < sys.maxsize else []
    yield Text(f"{'run':<{width}}  {', '.join(limits)}{'; nothing is sent (--dry-run)' if dry else ''}")
    if baseline:
        yield Text(f"{'baseline':<{width}}  {baseline}")
    yield Text("")


def _format_left_out(planned: Sequence[PlannedOperation], width: int, *, dry: bool) -> Iterator[Text]:
    """Yield a line for each operation that is left out, and why; before a run that sends only the first few."""
    shown = planned if dry else planned[:_MAX_LEFT_OUT]
    for number, left_out in enumerate(shown):
        label = "unsent" if number == 0 else ""
        yield from _format_entry(label, make_printable(str(left_out)), width)
    if len(planned) > len(shown):
        yield Text(f"{'':<{width}}  and {len(planned) - len(shown):,} more, which --dry-run names")
    if planned:
        yield Text(f"{'':<{width}}  {HOW_TO_SEND}")


def _format_entry(label: str, text: str, width: int) -> Iterator[Text]:
    """Yield an entry of the plan in lines of at most 100 columns, beside a column of labels."""
    columns = max(WIDTH - width - 2, _MIN_COLUMNS)
    for number, line in enumerate(wrap_labels(text, columns, "", "  ")):
        yield Text(f"{label if number == 0 else '':<{width}}  {line}")


def print_report(report: Report, console: Console) -> None:
    """Print the findings by cause, the gaps in coverage, and the outcome."""
    for line in finding_lines(report):
        console.print(line)
    for text, style in closing_texts(report, is_planned=True):
        console.print(Text(text, style))


def closing_lines(report: Report) -> Iterator[str]:
    """Return the last lines of the report without styles: notes, gaps in coverage, and the outcome."""
    return (text for text, _ in closing_texts(report))
