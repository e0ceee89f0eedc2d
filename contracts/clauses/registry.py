"""Registry of clauses: ``@clause`` and ``register`` add one, ``run_clauses`` runs all of them over a recording."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from inspect import getdoc
from typing import Any, Literal, TypeVar

from specduet.contracts.findings import Finding, Violation, to_text
from specduet.contracts.options import RunOptions
from specduet.contracts.recording import Exchange, Recording, Trace
from specduet.contracts.run_notes import is_unserved
from specduet.specs import Api, Operation
from specduet.specs.statement import Basis, weakest

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
"""The families by the third character of their codes."""

_TraceKind = TypeVar("_TraceKind", bound=Trace)


@dataclass(frozen=True)
class Subject:
    """One operation of one API, with everything that was recorded, as the function of a clause gets it."""

    api: Api
    operation: Operation
    recording: Recording
    options: RunOptions
    clause: "Clause"

    def exchanges(self) -> Iterator[Exchange]:
        """Return the exchanges of this operation."""
        return self.recording.find_exchanges(self.api.name, self.operation.id)

    def successful_exchanges(self) -> Iterator[Exchange]:
        """Return the exchanges of this operation whose response is 2xx."""
        return (exchange for exchange in self.exchanges() if exchange.is_success)

    def find_traces(self, kind: type[_TraceKind]) -> Iterator[_TraceKind]:
        """Yield the traces of one kind about this operation."""
        return self.recording.find_traces(kind, self.api.name, self.operation.id)

    def is_unserved(self, exchange: Exchange) -> bool:
        """Return whether the mock of ``--mock`` had no value for a schema, which tells of the document."""
        return self.options.is_mock and is_unserved(exchange)

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
        shared: str = "",
        is_proven: bool = False,
    ) -> Finding:
        """Return a finding of this clause.

        Its basis is at most as strong as that of the operation itself and, in the clauses about rows, as those of the
        statements which say whose rows these are and what their id is, unless it ``is_proven`` by what was
        seen alone. ``shared`` is the cause that other operations may share; a place in the components of the document
        is one by itself.
        """
        return Finding(
            code=self.clause.code,
            clause=self.clause.name,
            family=self.clause.family,
            specificity=self.clause.specificity,
            basis=weakest(
                basis or self.clause.basis, self.operation.basis, *(() if is_proven else self._list_row_bases())
            ),
            api=self.api.name,
            operation=self.operation.label,
            pointer=pointer or self.operation.pointer,
            where=where,
            value=value if isinstance(value, str) else to_text(value),
            message=message,
            cause=cause,
            exchange=exchange,
            shared=shared or self._find_shared_cause(pointer, cause, where, message),
        )

    def _find_shared_cause(self, pointer: str, cause: str, where: str, message: str) -> str:
        """Return the cause that operations share which are broken at one component, or alike at a field of one name."""
        is_component = pointer.startswith("/components/") and not pointer.startswith("/components/securitySchemes/")
        if is_component and self.clause.family in {"response", "values", "refusal"}:
            return f"{pointer} {cause}"
        is_field = where.startswith("/") and self.clause.family in {"response", "values"}
        return re.sub(r"/\d+(?=/|\b)", "/*", f"{where} {cause} {message}") if is_field else ""

    def _list_row_bases(self) -> Iterator[Basis]:
        """Yield the bases of the statements that every clause about rows rests on."""
        statement = self.operation.behavior.subject
        if statement is None or self.clause.family not in {"collections", "lifecycle"}:
            return
        yield statement.basis
        resource = self.api.resources.get(statement.resource)
        if resource is not None and resource.behavior.id.basis == "assumed":
            yield "assumed"

    def to_finding(self, violation: Violation) -> Finding:
        """Return a violation of this clause, which ``contracts/analysis`` has found, as a finding."""
        return self.make_finding(
            violation.exchange,
            message=violation.message,
            pointer=violation.pointer,
            where=violation.where,
            value=violation.value,
            cause=violation.cause,
            basis=violation.basis,
            is_proven=violation.is_proven,
        )


Check = Callable[[Subject], Iterable[Finding]]


@dataclass(frozen=True)
class Clause:
    """One rule that a service is tested against."""

    code: str
    """For example ``SD201``; the third character stands for the family."""
    name: str
    """For example ``status-enum``."""
    sentence: str
    specificity: int
    """Of several clauses that one value breaks, only the one with the highest specificity is reported."""
    basis: Basis
    """The usual one, shown by ``specduet explain``; a finding has the basis of the statement that is broken."""
    check: Check
    details: str = ""
    """Text that ``specduet explain`` prints below the sentence."""
    rule: Callable[..., Any] | None = None
    """The function that holds the rule, where ``check`` only reports the violations that it finds."""

    @property
    def family(self) -> Family:
        return FAMILIES[self.code[2]]

    @property
    def rule_location(self) -> str:
        """The file and function of the rule: ``contracts/analysis/single_list.py check_order``."""
        rule = self.rule or self.check
        path = rule.__module__.removeprefix("specduet.").replace(".", "/")
        return f"{path}.py {rule.__qualname__}"


_MAX_UNJUDGED_NAMES = 3
_MISSING_STATUSES = frozenset({404, 405, 501})

_registry: dict[str, Clause] = {}


def register(clause: Clause) -> None:
    """Add a clause. Raises ``ValueError`` where its code or its name is taken."""
    if any(clause.code == known.code or clause.name == known.name for known in _registry.values()):
        raise ValueError(f"the clause {clause.code} {clause.name} is registered twice")
    _registry[clause.code] = clause


def clause(
    code: str, name: str, sentence: str, *, specificity: int = 10, basis: Basis = "documented"
) -> Callable[[Check], Check]:
    """Register the decorated function as a clause; its docstring becomes the details."""

    def register_check(check: Check) -> Check:
        register(Clause(code, name, sentence, specificity, basis, check, getdoc(check) or ""))
        return check

    return register_check


def all_clauses() -> tuple[Clause, ...]:
    """Return every clause, sorted by code."""
    return tuple(_registry[code] for code in sorted(_registry))


def run_clauses(
    api: Api,
    recording: Recording,
    options: RunOptions,
    notes: list[str] | None = None,
    *,
    is_over: Callable[[Operation], bool] = lambda _: False,
) -> Iterator[Finding]:
    """Yield the findings of every clause on every operation, unsorted and not merged.

    ``is_over`` is asked before each operation; where it returns True, a note says that the rest was not judged.

    Findings that rest on a guess (``assumed``) are left out. With ``notes``, a clause that fails on something in the
    document or in a response is noted there, and the others go on.
    """
    for number, operation in enumerate(api.operations):
        if is_over(operation):
            if notes is not None:
                notes.append(_describe_unjudged(api, number))
            return
        if _is_missing(api, operation, recording):
            continue
        for entry in all_clauses():
            subject = Subject(api, operation, recording, options, entry)
            try:
                yield from (finding for finding in entry.check(subject) if finding.basis != "assumed")
            except Exception as error:
                if notes is None:
                    raise
                reason = f"{type(error).__name__}: {error}"
                notes.append(f"{api.name}: {entry.code} of {operation.label} broke off ({reason})")


def _is_missing(api: Api, operation: Operation, recording: Recording) -> bool:
    """Return whether an operation is not served that was added to the vendor's document: it need not be there."""
    if operation.behavior.added is None:
        return False
    exchanges = list(recording.find_exchanges(api.name, operation.id))
    is_missing = any(exchange.status in _MISSING_STATUSES for exchange in exchanges)
    return is_missing and not any(exchange.is_success for exchange in exchanges)


def _describe_unjudged(api: Api, judged_count: int) -> str:
    left = [operation.label for operation in api.operations[judged_count:]]
    names = ", ".join(left[:_MAX_UNJUDGED_NAMES]) + (" …" if len(left) > _MAX_UNJUDGED_NAMES else "")
    return (
        f"{len(left)} of {len(api.operations)} operations were not judged, because the time was up: {names}. "
        "Give more with --max-time."
    )
