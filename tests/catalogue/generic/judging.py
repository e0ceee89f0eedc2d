"""Judge services of all frameworks with nothing but their documents: correct ones, and ones with a fault."""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from specduet.contracts.run import RunResult
from tests.catalogue.generic.fault_kinds import GenericFault, list_faults
from tests.catalogue.generic.forwarding import forward_to
from tests.catalogue.generic.no_faults import NO_FAULTS
from tests.catalogue.generic.registry import RunningService, open_app, open_service
from tests.conftest import serve_app
from tests.planted.changes import change_app
from tests.planted.judging import describe_findings, list_labels, run_judge

MAX_FAULTS = 5
"""Faults that each service is given, of all that its document allows."""
_COMMON = ("status", "fails", "own", "body", "envelope", "list", "null", "missing")
"""Last words of the kinds that nearly every operation can have; of these each service is given two."""


@dataclass(frozen=True)
class GenericVerdict:
    """The suite's findings on one service."""

    service: str
    fault: str
    """Empty for the correct service."""
    is_right: bool
    told: str
    """The findings, one a line, or the reason why nothing was proven."""

    def __str__(self) -> str:
        kind = "right" if self.is_right else "MISSED" if self.fault else "FALSE ALARM"
        return f"{kind:11} {self.service}  {self.fault}" + ("" if self.is_right else f"\n{self.told}")


def choose_faults(name: str, document: Mapping[str, Any]) -> Sequence[GenericFault]:
    """Return some faults of a service, the same ones every time, and over all services all kinds."""
    faults = [fault for fault in list_faults(document) if not _is_no_fault(name, fault)]
    common = [fault for fault in faults if fault.kind.split()[-1] in _COMMON]
    rare = [fault for fault in faults if fault not in common]
    chosen = _spread(rare, MAX_FAULTS - 2, zlib.crc32(name.encode()))
    return [*chosen, *_spread(common, MAX_FAULTS - len(chosen), zlib.crc32(name.encode()))]


def _spread(faults: Sequence[GenericFault], count: int, start: int) -> list[GenericFault]:
    """Return ``count`` of the faults, or all, from one of them on, with equal steps."""
    step = max(len(faults) // count, 1) if count else 1
    return [faults[(start + number * step) % len(faults)] for number in range(min(count, len(faults)))]


def _is_no_fault(name: str, fault: GenericFault) -> bool:
    return any(name == service and fnmatchcase(fault.name, pattern) for service, pattern in NO_FAULTS)


def judge_correct(name: str, service: RunningService | None = None, *, generate: bool = True) -> GenericVerdict:
    """Judge a correct service: every finding is a false alarm."""
    with _use_service(name, service) as used:
        result = run_judge(used.document, used.url, headers=used.headers, generate=generate)
    return GenericVerdict(name, "", not result.findings and not _find_problem(result), _tell(result))


def judge_fault(name: str, fault: GenericFault, service: RunningService | None = None) -> GenericVerdict:
    """Judge the operations on the things that a fault is about."""
    with _plant_fault(name, fault, service) as used:
        beginning = "/".join(fault.label.partition(" ")[2].split("/")[:2])
        only = list_labels(used.document, beginning)
        result = run_judge(used.document, used.url, headers=used.headers, generate=False, only=only)
    is_told = any(f.code.startswith(fault.codes) and f.operation in only for f in result.findings)
    return GenericVerdict(name, fault.name, is_told, _tell(result))


@contextmanager
def _use_service(name: str, service: RunningService | None) -> Iterator[RunningService]:
    if service is not None:
        yield service
        return
    with open_service(name) as opened:
        yield opened


@contextmanager
def _plant_fault(name: str, fault: GenericFault, service: RunningService | None) -> Iterator[RunningService]:
    """Serve a service with a fault: in front of the application, or of its server where that is of another kind."""
    if service is None:
        with open_app(name) as (app, opened):
            served = change_app(app if app is not None else forward_to(opened.url), fault.label, fault.make())
            with serve_app(served) as url:
                yield RunningService(url, opened.document, opened.headers)
    else:
        with serve_app(change_app(forward_to(service.url), fault.label, fault.make())) as url:
            yield RunningService(url, service.document, service.headers)


def _find_problem(result: RunResult) -> str:
    return result.inconclusive_reason or "; ".join(note for note in result.notes if "broke off" in note)


def _tell(result: RunResult) -> str:
    return describe_findings(result.findings) or f"  {_find_problem(result) or 'nothing was found'}"
