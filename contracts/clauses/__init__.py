"""The clauses: what a service is held to. One clause, one code, one sentence, one function over the recording.

A clause is a function that takes a ``Subject`` and yields what is wrong. ``@clause`` registers it, so that a new one is
a function in the module of its family:

    @clause("SD201", "status-enum", "The status is one of the documented members.", specificity=30)
    def status_enum(subject: Subject) -> Iterator[Finding]:
        for exchange in subject.succeeded():
            ...
            yield subject.finding(exchange, pointer=..., where="/3/status", seen=value, message="...")

Codes: SD1xx response, SD2xx values, SD3xx refusal, SD4xx credentials, SD5xx collections, SD6xx lifecycle,
SD7xx robustness. A code is never given to another clause.
"""

import importlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from specduet.contracts.findings import Finding, shown
from specduet.contracts.options import Options
from specduet.contracts.recording import Exchange, Recording
from specduet.specs import Api, Operation
from specduet.specs.behavior import Basis

Family = Literal["response", "values", "refusal", "credentials", "collections", "lifecycle", "robustness"]
FAMILIES: dict[str, Family] = {
    "1": "response",
    "2": "values",
    "3": "refusal",
    "4": "credentials",
    "5": "collections",
    "6": "lifecycle",
    "7": "robustness",
}
_WORTH: dict[Basis, int] = {"documented": 2, "inferred": 1, "assumed": 0}


@dataclass(frozen=True)
class Clause:
    """One rule. ``specificity``: of several clauses that one value breaks, the highest owns the finding."""

    code: str
    name: str
    sentence: str
    specificity: int
    basis: Basis
    judge: "Callable[[Subject], Iterable[Finding]]"

    @property
    def family(self) -> Family:
        return FAMILIES[self.code[2]]

    @property
    def details(self) -> str:
        """What ``specduet explain`` adds to the sentence: the docstring of the function."""
        return (self.judge.__doc__ or "").strip()


_registry: dict[str, Clause] = {}


def clause(
    code: str, name: str, sentence: str, *, specificity: int = 10, basis: Basis = "documented"
) -> "Callable[[Callable[[Subject], Iterable[Finding]]], Callable[[Subject], Iterable[Finding]]]":
    """Register a function as a clause. ``basis`` is the usual one, shown by ``explain``; a finding carries its own."""

    def register(judge: "Callable[[Subject], Iterable[Finding]]") -> "Callable[[Subject], Iterable[Finding]]":
        if code in _registry or any(name == known.name for known in _registry.values()):
            raise ValueError(f"the clause {code} {name} is registered twice")
        _registry[code] = Clause(code, name, sentence, specificity, basis, judge)
        return judge

    return register


def all_clauses() -> tuple[Clause, ...]:
    """Every clause, by code."""
    for family in FAMILIES.values():
        importlib.import_module(f"specduet.contracts.clauses.{family}")
    return tuple(_registry[code] for code in sorted(_registry))


@dataclass(frozen=True)
class Subject:
    """One operation of one API as a clause sees it, with everything that was recorded."""

    api: Api
    operation: Operation
    recording: Recording
    options: Options
    clause: Clause

    def exchanges(self) -> Iterator[Exchange]:
        """What was exchanged with this operation."""
        return self.recording.of(self.api.name, self.operation.id)

    def succeeded(self) -> Iterator[Exchange]:
        """The exchanges that were answered 2xx."""
        return (exchange for exchange in self.exchanges() if exchange.succeeded)

    def finding(
        self,
        exchange: Exchange | None,
        *,
        message: str,
        pointer: str = "",
        where: str = "",
        seen: Any = "",
        cause: str = "",
        basis: Basis | None = None,
    ) -> Finding:
        """A finding of this clause; its basis is never worth more than that of the operation itself."""
        bases = (basis or self.clause.basis, self.operation.basis)
        return Finding(
            code=self.clause.code,
            clause=self.clause.name,
            family=self.clause.family,
            specificity=self.clause.specificity,
            basis=min(bases, key=_WORTH.__getitem__),
            api=self.api.name,
            operation=self.operation.label,
            pointer=pointer or self.operation.pointer,
            where=where,
            seen=seen if isinstance(seen, str) else shown(seen),
            message=message,
            cause=cause,
            exchange=exchange,
        )


def judge(api: Api, recording: Recording, options: Options) -> Iterator[Finding]:
    """Every finding of every clause on every operation, in no order and not merged; nothing that is only assumed."""
    for operation in api.operations:
        for entry in all_clauses():
            subject = Subject(api, operation, recording, options, entry)
            yield from (finding for finding in entry.judge(subject) if finding.basis != "assumed")
