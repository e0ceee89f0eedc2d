"""Judge all services, and some faults of each, in processes of their own; print what is wrong, and a table."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing import get_context

import click

from tests.catalogue.generic.fault_kinds import GenericFault
from tests.catalogue.generic.judging import GenericVerdict, choose_faults, judge_correct, judge_fault
from tests.catalogue.generic.registry import (
    NodeMissing,
    RunningService,
    find_builders,
    open_app,
    open_node_services,
)


@dataclass(frozen=True)
class GenericTask:
    """One service to judge, with one of its faults (a number), or without any."""

    name: str
    fault: int | None
    service: RunningService | None = None
    """Where the service listens, if it is one on Node."""


def judge_generic_services(text: str, jobs: int, *, faults: bool = True, correct: bool = True) -> list[GenericVerdict]:
    """Judge the services whose names contain a text; return the verdicts."""
    with ExitStack() as stack:
        tasks = [*_list_tasks([(name, None) for name in find_builders() if text in name], faults=faults)]
        if not text or text.startswith(("fastify", "express")):
            try:
                services = stack.enter_context(open_node_services())
            except NodeMissing as missing:
                click.echo(str(missing))
            else:
                chosen = [(name, service) for name, service in services.items() if text in name]
                tasks += _list_tasks(chosen, faults=faults)
        tasks = [task for task in tasks if correct or task.fault is not None]
        verdicts = []
        with click.progressbar(_judge_all(tasks, jobs), len(tasks), label="generic   ") as bar:
            verdicts.extend(bar)
    return verdicts


def _list_tasks(services: Sequence[tuple[str, RunningService | None]], *, faults: bool) -> Iterator[GenericTask]:
    for name, service in services:
        yield GenericTask(name, None, service)
        for number in range(len(_find_faults(name, service))) if faults else ():
            yield GenericTask(name, number, service)


def _find_faults(name: str, service: RunningService | None) -> Sequence[GenericFault]:
    if service is not None:
        return choose_faults(name, service.document)
    with open_app(name) as (_, opened):
        return choose_faults(name, opened.document)


def _judge_all(tasks: Sequence[GenericTask], jobs: int) -> Iterator[GenericVerdict]:
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for future in as_completed([pool.submit(_judge_task, task) for task in tasks]):
            yield future.result()


def _judge_task(task: GenericTask) -> GenericVerdict:
    if task.fault is None:
        return judge_correct(task.name, task.service)
    return judge_fault(task.name, _find_faults(task.name, task.service)[task.fault], task.service)


def render_generic_table(verdicts: Sequence[GenericVerdict]) -> str:
    """Return lines of Markdown: a row for each group of services, and the sums."""
    groups = [*sorted({verdict.service.partition(".")[0] for verdict in verdicts}), ""]
    lines = ["| services | correct, nothing said | faults found |", "| --- | --- | --- |"]
    for group in groups:
        chosen = [verdict for verdict in verdicts if verdict.service.startswith(group)]
        cells = [_count_right([v for v in chosen if bool(v.fault) is is_fault]) for is_fault in (False, True)]
        lines.append(f"| {group or 'all'} | {cells[0]} | {cells[1]} |")
    return "\n".join(lines)


def _count_right(verdicts: Sequence[GenericVerdict]) -> str:
    return f"{sum(verdict.is_right for verdict in verdicts)} / {len(verdicts)}"
