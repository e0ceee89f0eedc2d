"""One fault in one service: planted, served, judged, and compared with what is told of the service without it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from specduet.contracts.findings import Finding
from tests.conftest import serve_app
from tests.planted.changes import change_app
from tests.planted.faults import FAULTS
from tests.planted.judging import describe_findings, list_labels, run_judge
from tests.planted.services import find_planted_service
from tests.twins.service import Clock, Service


@dataclass(frozen=True)
class Verdict:
    """What the judge says of one fault."""

    name: str
    is_told: bool
    told: str
    """The findings that the service without the fault does not have, one a line."""

    def __str__(self) -> str:
        return f"{'told  ' if self.is_told else 'MISSED'} {self.name}\n{self.told}"


def judge_app(service: Service, app: Any, only: Sequence[str] = (), *, generate: bool = True) -> tuple[Finding, ...]:
    """Return the findings in an application with the document of a service."""
    with serve_app(app) as url:
        document = service.write_document()
        return run_judge(document, url, headers=service.headers, generate=generate, only=only).findings


def _list_related(service: Service, operation: str) -> tuple[str, ...]:
    """Return the labels of the operations on the same kind of things: those whose paths begin alike."""
    beginning = operation.partition(" ")[2].partition("/{")[0]
    root = "/".join(beginning.split("/")[:2]) if beginning.count("/") < 3 else beginning
    return list_labels(service.write_document(), root)


@cache
def _find_usual(name: str, only: tuple[str, ...], *, generate: bool) -> frozenset[tuple[str, str, str]]:
    service = find_planted_service(name)
    found = judge_app(service, service.build(Clock()), only, generate=generate)
    return frozenset((f.code, f.operation, f.where_pattern) for f in found)


def judge_fault(name: str, *, generate: bool = False) -> Verdict:
    """Plant a fault and judge the operations on the things that it is about."""
    fault = FAULTS[name]
    service = find_planted_service(fault.service)
    only = _list_related(service, fault.operation)
    method, _, path = fault.operation.partition(" ")
    app = change_app(service.build(Clock()), f"{method} {service.base}{path}", fault.change())
    usual = _find_usual(fault.service, only, generate=generate)
    found = judge_app(service, app, only, generate=generate)
    new = [f for f in found if (f.code, f.operation, f.where_pattern) not in usual]
    return Verdict(name, any(finding.code.startswith(fault.codes) for finding in new), describe_findings(new))
