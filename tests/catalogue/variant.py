"""A variant: a server that differs from the correct one in one thing, with its name, its sentence and its proof."""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.catalogue.changes import Changes
from tests.catalogue.operations import API_OPS, OPERATION_LABELS, get_api
from tests.catalogue.probe_client import FaultProbe

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


@dataclass(frozen=True)
class Variant:
    """One server of the catalogue."""

    name: str
    ops: tuple[str, ...]
    """The operations that misbehave, or are unusual."""
    family: str
    sentence: str
    changes: Changes
    probe: FaultProbe
    """Proves the fault by plain HTTP; for an unusual but correct server it proves that the server is unusual."""
    clauses: tuple[str, ...] = ()
    """Codes or beginnings of codes: the fault is found where one of these clauses reports."""
    correct: bool = False
    headers: tuple[str, ...] = ()
    """Further credentials that the judge needs to see the fault: ``Authorization: Bearer …``."""

    @property
    def api(self) -> str:
        return get_api(self.ops[0])

    @property
    def operations(self) -> tuple[str, ...]:
        return tuple(OPERATION_LABELS[op] for op in self.ops)


def fault(
    name: str,
    op: str | tuple[str, ...],
    sentence: str,
    probe: FaultProbe,
    *,
    family: str,
    clauses: str,
    headers: tuple[str, ...] = (),
    **changes: object,
) -> Variant:
    """Return a faulty variant. ``clauses`` are codes with blanks between, ``changes`` are fields of ``Changes``."""
    ops = (op,) if isinstance(op, str) else op
    assert family in FAMILIES, family
    made = Changes(**changes)  # type: ignore[arg-type]
    return Variant(name, ops, family, sentence, made, probe, tuple(clauses.split()), headers=headers)


def unusual_server(
    name: str, op: str | tuple[str, ...], sentence: str, probe: FaultProbe, **changes: object
) -> Variant:
    """Return a server that keeps the contract in a way of its own."""
    ops = (op,) if isinstance(op, str) else op
    made = Changes(**changes)  # type: ignore[arg-type]
    return Variant(name, ops, "correct", sentence, made, probe, correct=True)


def unusual_servers(
    way: str, sentence: str, probe: FaultProbe, apis: str = "nx1 cloudcruise seekrflow", **changes: object
) -> Iterator[Variant]:
    """Yield one unusual server for each API: ``nx1-correct-WAY``, ``cloudcruise-correct-WAY`` …"""
    for api in apis.split():
        yield unusual_server(f"{api}-correct-{way}", API_OPS[api], sentence, probe, **changes)
