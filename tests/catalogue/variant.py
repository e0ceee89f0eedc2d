"""A variant: a server that differs from the correct one in one thing, and what is known of it."""

from dataclasses import dataclass

from tests.catalogue.changes import Changes
from tests.catalogue.client import Probe

FAMILIES = (
    "enums",
    "required-nullable",
    "types-formats",
    "envelope",
    "422-shape",
    "validation",
    "credentials",
    "robustness",
    "rare",
    "paging",
    "filters",
    "lifecycle",
    "semantics",
)

LABELS = {
    "nx1.list": "GET /api/crew-runs",
    "nx1.get": "GET /api/crew-runs/{run_id}",
    "nx1.start": "POST /api/crews/run",
    "cloudcruise.list": "GET /runs",
    "seekrflow.list": "GET /v1/threads/{thread_id}/runs",
}


@dataclass(frozen=True)
class Variant:
    """One server of the catalogue.

    ``ops`` are the operations that misbehave. ``clauses`` are codes or beginnings of codes: the fault is found where
    one of them reports. ``probe`` proves the fault by plain HTTP; for an unusual but correct server it proves that
    the server is unusual. ``headers`` are further credentials that are needed to see the fault.
    """

    name: str
    ops: tuple[str, ...]
    family: str
    sentence: str
    changes: Changes
    probe: Probe
    clauses: tuple[str, ...] = ()
    correct: bool = False
    headers: tuple[str, ...] = ()

    @property
    def api(self) -> str:
        return self.ops[0].partition(".")[0]

    @property
    def operations(self) -> tuple[str, ...]:
        return tuple(LABELS[op] for op in self.ops)


def fault(
    name: str,
    op: str | tuple[str, ...],
    family: str,
    sentence: str,
    probe: Probe,
    *,
    clauses: str = "",
    headers: tuple[str, ...] = (),
    **hooks: object,
) -> Variant:
    """A faulty variant; ``hooks`` are fields of ``Changes``, ``clauses`` are codes with blanks between."""
    ops = (op,) if isinstance(op, str) else op
    assert family in FAMILIES, family
    changes = Changes(**hooks)  # type: ignore[arg-type]
    return Variant(name, ops, family, sentence, changes, probe, tuple(clauses.split()), headers=headers)


def unusual(name: str, op: str | tuple[str, ...], sentence: str, probe: Probe, **hooks: object) -> Variant:
    """A server that keeps the contract in a way of its own."""
    ops = (op,) if isinstance(op, str) else op
    return Variant(name, ops, "correct", sentence, Changes(**hooks), probe, correct=True)  # type: ignore[arg-type]
