"""The catalogue's result as a table: found and planted faults by family, false alarms, and seconds."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import mean

from tests.catalogue import CORRECT, VARIANTS
from tests.catalogue.judging import CaseSource, ServerVerdict
from tests.catalogue.variant import FAMILIES

_HEADS: Mapping[CaseSource, str] = {
    "both": "found",
    "generated": "generated alone",
    "probes": "probes alone",
}
"""The heads of the columns, in their order."""


def is_correct(name: str) -> bool:
    return name == CORRECT or VARIANTS[name].correct


def render_table(
    verdicts: Mapping[CaseSource, Sequence[ServerVerdict]], baseline: Mapping[str, bool] | None = None
) -> str:
    """Return lines of Markdown: a row for each family, a column for each way of judging.

    ``baseline``: whether plain Schemathesis finds each of some faulty servers.
    """
    columns = [cases for cases in _HEADS if verdicts.get(cases)]
    heads = ["family", "planted", *(_HEADS[cases] for cases in columns)]
    heads += ["plain schemathesis"] if baseline else []
    lines = [_render_line(heads), _render_line("---" for _ in heads)]
    for family in (*FAMILIES, "all"):
        row = [family, str(len({v.variant for v in _select_family(verdicts[columns[0]], family)}))]
        row += [_render_share(_select_family(verdicts[cases], family)) for cases in columns]
        row += [_render_baseline_share(baseline, family)] if baseline else []
        lines.append(_render_line(row))
    return "\n".join([*lines, "", *_render_alarms(verdicts[columns[0]]), _render_times(verdicts[columns[0]])])


def describe_misjudged(verdicts: Iterable[ServerVerdict]) -> Iterator[str]:
    """Yield a paragraph for each server that was misjudged."""
    for verdict in verdicts:
        if not verdict.is_right:
            kind = "FALSE ALARM" if is_correct(verdict.variant) else "MISSED"
            findings = "".join(f"\n    {finding}" for finding in verdict.findings)
            details = findings or f"\n    {verdict.problem or 'nothing was found'}"
            yield f"{kind} {verdict.variant} (seed {verdict.seed}){details}"


def _select_family(verdicts: Iterable[ServerVerdict], family: str) -> list[ServerVerdict]:
    faulty = (v for v in verdicts if not is_correct(v.variant))
    return [v for v in faulty if family in {"all", VARIANTS[v.variant].family}]


def _render_share(verdicts: Sequence[ServerVerdict]) -> str:
    """Return ``found / judged``, over every seed."""
    return f"{sum(v.is_found for v in verdicts)} / {len(verdicts)}" if verdicts else "-"


def _render_baseline_share(baseline: Mapping[str, bool], family: str) -> str:
    judged = [found for name, found in baseline.items() if family in {"all", VARIANTS[name].family}]
    return f"{sum(judged)} / {len(judged)}" if judged else "-"


def _render_alarms(verdicts: Sequence[ServerVerdict]) -> list[str]:
    correct = [v for v in verdicts if is_correct(v.variant)]
    servers = len({v.variant for v in correct})
    alarms = sum(bool(v.findings) for v in correct)
    return [f"False alarms: {alarms} in {len(correct)} runs on {servers} correct servers."] if correct else []


def _render_times(verdicts: Sequence[ServerVerdict]) -> str:
    seconds = [v.seconds for v in verdicts]
    requests = [v.requests for v in verdicts]
    return (
        f"Seconds a server: {mean(seconds):.1f} on average, {max(seconds):.1f} at most; "
        f"requests: {mean(requests):.0f} on average, {max(requests)} at most."
    )


def _render_line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"
