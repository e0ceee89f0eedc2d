"""The registry of clauses: ``@clause`` puts a rule in, ``run_clauses`` runs them all over a recording."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from specduet.contracts.findings import Finding, to_text
from specduet.contracts.options import RunOptions
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
    check: "Callable[[Subject], Iterable[Finding]]"

    @property
    def family(self) -> Family:
        return FAMILIES[self.code[2]]

    @property
    def details(self) -> str:
        """What ``specduet explain`` adds to the sentence: the docstring of the function."""
        return (self.check.__doc__ or "").strip()


_registry: dict[str, Clause] = {}


def clause(
    code: str, name: str, sentence: str, *, specificity: int = 10, basis: Basis = "documented"
) -> "Callable[[Callable[[Subject], Iterable[Finding]]], Callable[[Subject], Iterable[Finding]]]":
    """Register a function as a clause. ``basis`` is the usual one, shown by ``explain``; a finding carries its own."""

    def register(check: "Callable[[Subject], Iterable[Finding]]") -> "Callable[[Subject], Iterable[Finding]]":
        if code in _registry or any(name == known.name for known in _registry.values()):
            raise ValueError(f"the clause {code} {name} is registered twice")
        _registry[code] = Clause(code, name, sentence, specificity, basis, check)
        return check

    return register


def all_clauses() -> tuple[Clause, ...]:
    """Return every clause, sorted by code."""
    return tuple(_registry[code] for code in sorted(_registry))


@dataclass(frozen=True)
class Subject:
    """One operation of one API as a clause sees it, with everything that was recorded."""

    api: Api
    operation: Operation
    recording: Recording
    options: RunOptions
    clause: Clause

    def exchanges(self) -> Iterator[Exchange]:
        """What was exchanged with this operation."""
        return self.recording.of(self.api.name, self.operation.id)

    def successful_exchanges(self) -> Iterator[Exchange]:
        """The exchanges that were answered 2xx."""
        return (exchange for exchange in self.exchanges() if exchange.succeeded)

    def make_finding(
        self,
        exchange: Exchange | None,
        *,
        message: str,
        pointer: str = "",
        where: str = "",
        value: Any = "",
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
            value=value if isinstance(value, str) else to_text(value),
            message=message,
            cause=cause,
            exchange=exchange,
        )


def run_clauses(api: Api, recording: Recording, options: RunOptions) -> Iterator[Finding]:
    """Every finding of every clause on every operation, in no order and not merged; nothing that is only assumed."""
    for operation in api.operations:
        for entry in all_clauses():
            subject = Subject(api, operation, recording, options, entry)
            yield from (finding for finding in entry.check(subject) if finding.basis != "assumed")
