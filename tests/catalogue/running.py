"""Many judgements, side by side in processes of their own."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

from tests.catalogue import CORRECT, VARIANTS
from tests.catalogue.client import GIVEN
from tests.catalogue.judging import Cases, Stage, Verdict, judge


@dataclass(frozen=True)
class Task:
    """One server to judge; the correct one is judged for each API by itself."""

    name: str
    seed: int
    cases: Cases
    own: bool
    api: str = ""


def tasks(names: Sequence[str], seeds: int, cases: Cases, *, own: bool = False) -> list[Task]:
    """Every judgement of these servers, the first seed of all of them first."""
    made = []
    for seed in range(1, seeds + 1):
        for name in names:
            apis = tuple(GIVEN) if name == CORRECT else (VARIANTS[name].api,)
            made += [Task(name, seed, cases, own, api) for api in apis]
    return made


_stages: list[Stage] = []


def _open() -> None:
    _stages.append(Stage())


def _judge(task: Task) -> Verdict:
    return judge(_stages[0], task.name, task.seed, task.cases, own=task.own, apis=(task.api,))


def run_all(todo: Sequence[Task], jobs: int) -> Iterator[Verdict]:
    """The verdicts in the order of the tasks, as they come."""
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_open) as pool:
        yield from pool.map(_judge, todo)
