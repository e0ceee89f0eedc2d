"""Many judgements, side by side in processes of their own, each written down as soon as it is made."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import msgspec

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


def run_all(todo: Sequence[Task], jobs: int, kept: Path | None = None) -> Iterator[Verdict]:
    """The verdicts, as they come. Those that stand in the file ``kept`` are taken from there, new ones go into it."""
    known = _read(kept) if kept else {}
    yield from (known[key] for task in todo if (key := _key_of(task)) in known)
    missing = [task for task in todo if _key_of(task) not in known]
    if not missing:
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_open) as pool:
        for future in as_completed([pool.submit(_judge, task) for task in missing]):
            verdict = future.result()
            if kept:
                with kept.open("ab") as file:
                    file.write(msgspec.json.encode(verdict) + b"\n")
            yield verdict


_Key = tuple[str, int, Cases, str]


def _read(kept: Path) -> dict[_Key, Verdict]:
    """The verdicts that were kept. Half a last line, of a run that was killed, is cut off: it will be judged again."""
    if not kept.exists():
        return {}
    found = kept.read_bytes()
    whole = found[: found.rfind(b"\n") + 1]
    kept.write_bytes(whole)
    verdicts = (msgspec.json.decode(line, type=Verdict) for line in whole.splitlines())
    return {(v.variant, v.seed, v.cases, v.apis[0]): v for v in verdicts}


def _key_of(task: Task) -> _Key:
    return task.name, task.seed, task.cases, task.api
