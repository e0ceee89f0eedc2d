"""Many judgements side by side, in processes of their own, each kept in a file as soon as it is made."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import msgspec

from tests.catalogue import CORRECT, VARIANTS
from tests.catalogue.judging import CaseSource, ServerVerdict, VariantServer, judge_server
from tests.catalogue.operations import APIS


@dataclass(frozen=True)
class JudgingTask:
    """One server to judge. The correct one is judged for each API by itself."""

    name: str
    seed: int
    cases: CaseSource
    own_operations: bool
    api: str = ""


def list_tasks(
    names: Sequence[str], seeds: int, cases: CaseSource, *, own_operations: bool = False
) -> list[JudgingTask]:
    """Return every judgement of these servers, the first seed of all of them first."""
    return [
        JudgingTask(name, seed, cases, own_operations, api)
        for seed in range(1, seeds + 1)
        for name in names
        for api in (APIS if name == CORRECT else (VARIANTS[name].api,))
    ]


_servers: list[VariantServer] = []
"""The one server of this process, once it is open."""


def _open_server() -> None:
    _servers.append(VariantServer())


def _judge_task(task: JudgingTask) -> ServerVerdict:
    [server] = _servers
    return judge_server(server, task.name, task.seed, task.cases, own_operations=task.own_operations, apis=(task.api,))


def judge_all(tasks: Sequence[JudgingTask], jobs: int, kept: Path | None = None) -> Iterator[ServerVerdict]:
    """Yield the verdicts as they come. Those in the file ``kept`` are taken from there, new ones are added to it."""
    known = _read_verdicts(kept) if kept else {}
    yield from (known[key] for task in tasks if (key := _key_of_task(task)) in known)
    missing = [task for task in tasks if _key_of_task(task) not in known]
    if not missing:
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_open_server) as pool:
        for future in as_completed([pool.submit(_judge_task, task) for task in missing]):
            verdict = future.result()
            if kept:
                with kept.open("ab") as file:
                    file.write(msgspec.json.encode(verdict) + b"\n")
            yield verdict


_TaskKey = tuple[str, int, CaseSource, str]


def _read_verdicts(kept: Path) -> dict[_TaskKey, ServerVerdict]:
    """Return the kept verdicts. Half a last line, of a run that was killed, is cut off: it will be judged again."""
    if not kept.exists():
        return {}
    content = kept.read_bytes()
    whole_lines = content[: content.rfind(b"\n") + 1]
    kept.write_bytes(whole_lines)
    verdicts = (msgspec.json.decode(line, type=ServerVerdict) for line in whole_lines.splitlines())
    return {(v.variant, v.seed, v.cases, v.apis[0]): v for v in verdicts}


def _key_of_task(task: JudgingTask) -> _TaskKey:
    return task.name, task.seed, task.cases, task.api
