"""The plan of one API: the role and the harm of each operation, and which of them are left out.

harm                                    sent
safe, creates                           always (writes to another machine: with ``--allow-writes``)
changes, destroys a row of the path     for rows that the run has created (``contracts/planning/own_rows.py``)
changes, destroys what was there before with ``--allow-writes=all``, or ``--include LABEL``
ends sessions, switches the service     with ``--include LABEL``
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from specduet.contracts.planning.harm import HarmVerdict, assess_operation
from specduet.specs import Api, Operation

HOW_TO_SEND = "--include LABEL sends one of them."


@dataclass(frozen=True)
class PlannedOperation:
    """One operation of the plan."""

    operation: Operation
    verdict: HarmVerdict
    is_left_out: bool

    def __str__(self) -> str:
        return f"{self.operation.label} ({self.verdict.harm}: {self.verdict.reason})"


@dataclass(frozen=True)
class RunPlan:
    """The plan of one API."""

    operations: Mapping[str, PlannedOperation]
    """By operationId."""

    @classmethod
    def make(
        cls, api: Api, *, included: Sequence[str] = (), allows_foreign: bool = False, is_mock: bool = False
    ) -> "RunPlan":
        """Return the plan of an API.

        ``included`` are labels or patterns of operations that are sent whatever they do; ``allows_foreign`` lets rows
        be changed that the run has not created. A mock of our own has nothing that could be harmed.
        """
        planned = {}
        for operation in api.operations:
            verdict = assess_operation(api, operation)
            is_allowed = is_mock or (verdict.is_foreign and allows_foreign) or matches_any(operation, included)
            planned[operation.id] = PlannedOperation(operation, verdict, bool(verdict.reason) and not is_allowed)
        return cls(planned)

    def is_left_out(self, operation: Operation) -> bool:
        """Return whether an operation is not sent, since it could do harm."""
        planned = self.operations.get(operation.id)
        return planned is not None and planned.is_left_out

    def list_left_out(self) -> Iterator[PlannedOperation]:
        """Yield the operations that are not sent, in the order of the document."""
        return (planned for planned in self.operations.values() if planned.is_left_out)


def matches_any(operation: Operation, patterns: Sequence[str]) -> bool:
    """Return whether an operation has one of the labels, paths or operationIds, in which ``*`` stands for any text."""
    names = (
        operation.label,
        operation.path,
        operation.full_path,
        f"{operation.method} {operation.full_path}",
        operation.id,
    )
    return any(name == pattern or fnmatchcase(name, pattern) for pattern in patterns for name in names)


def describe_left_out(planned: Sequence[PlannedOperation]) -> Iterator[str]:
    """Yield one sentence on the operations that were not sent, if there are any."""
    if planned:
        named = "; ".join(map(str, planned))
        yield f"Not sent, since they could do harm: {named}. {HOW_TO_SEND}"
