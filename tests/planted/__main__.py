"""``python -m tests.planted [TEXT]``: judge every planted fault and print which are told."""

import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import click

from tests.planted.faults import FAULTS
from tests.planted.measuring import Verdict, judge_fault


def main(text: str = "", jobs: int = 2) -> None:
    """Judge the faults whose names hold ``text``, print one line each and then the counts."""
    names = [name for name in FAULTS if text in name]
    verdicts: list[Verdict] = []
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for verdict in pool.map(judge_fault, names):
            verdicts.append(verdict)
            click.echo(verdict)
    for kind in ("stated", "conventional"):
        chosen = [verdict for verdict in verdicts if FAULTS[verdict.name].kind == kind]
        click.echo(f"{kind}: {sum(verdict.is_told for verdict in chosen)} of {len(chosen)}")


if __name__ == "__main__":
    started = time.monotonic()
    main(*sys.argv[1:2])
    click.echo(f"{time.monotonic() - started:.0f} s")
