"""The catalogue's result: found and planted by family, false alarms, and seconds, from many verdicts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import mean

from tests.catalogue import CORRECT, VARIANTS
from tests.catalogue.judging import Cases, Verdict
from tests.catalogue.variant import FAMILIES

_COLUMNS: tuple[Cases, ...] = ("both", "generated", "probes")
_HEADS = {"both": "found", "generated": "generated alone", "probes": "probes alone"}


def is_correct(name: str) -> bool:
    return name == CORRECT or VARIANTS[name].correct


def table(verdicts: Mapping[Cases, Sequence[Verdict]], plain: Mapping[str, bool] | None = None) -> str:
    """Lines of Markdown: a row for each family, a column for each way of judging."""
    columns = [cases for cases in _COLUMNS if verdicts.get(cases)]
    heads = ["family", "planted", *(_HEADS[cases] for cases in columns), *(["plain schemathesis"] if plain else [])]
    lines = [_line(heads), _line("---" for _ in heads)]
    for family in (*FAMILIES, "all"):
        row = [family, str(len({v.variant for v in _of(verdicts[columns[0]], family)}))]
        row += [_share(_of(verdicts[cases], family)) for cases in columns]
        row += [_plain_share(plain, family)] if plain else []
        lines.append(_line(row))
    return "\n".join([*lines, "", *_alarms(verdicts[columns[0]]), _times(verdicts[columns[0]])])


def wrong(verdicts: Iterable[Verdict]) -> Iterator[str]:
    """A paragraph for each server that was misjudged."""
    for verdict in verdicts:
        if not verdict.right:
            kind = "FALSE ALARM" if is_correct(verdict.variant) else "MISSED"
            told = "".join(f"\n    {one}" for one in verdict.told) or f"\n    {verdict.problem or 'nothing was found'}"
            yield f"{kind} {verdict.variant} (seed {verdict.seed}){told}"


def _of(verdicts: Iterable[Verdict], family: str) -> list[Verdict]:
    faulty = (v for v in verdicts if not is_correct(v.variant))
    return [v for v in faulty if family in {"all", VARIANTS[v.variant].family}]


def _share(verdicts: Sequence[Verdict]) -> str:
    """``found / judged``, over every seed."""
    return f"{sum(v.found for v in verdicts)} / {len(verdicts)}" if verdicts else "-"


def _plain_share(plain: Mapping[str, bool], family: str) -> str:
    judged = [found for name, found in plain.items() if family in {"all", VARIANTS[name].family}]
    return f"{sum(judged)} / {len(judged)}" if judged else "-"


def _alarms(verdicts: Sequence[Verdict]) -> list[str]:
    correct = [v for v in verdicts if is_correct(v.variant)]
    servers = len({v.variant for v in correct})
    alarms = sum(bool(v.told) for v in correct)
    return [f"False alarms: {alarms} in {len(correct)} runs on {servers} correct servers."] if correct else []


def _times(verdicts: Sequence[Verdict]) -> str:
    seconds = [v.seconds for v in verdicts]
    requests = [v.requests for v in verdicts]
    return (
        f"Seconds a server: {mean(seconds):.1f} on average, {max(seconds):.1f} at most; "
        f"requests: {mean(requests):.0f} on average, {max(requests)} at most."
    )


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"
