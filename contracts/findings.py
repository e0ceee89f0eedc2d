"""Findings: one for each cause, with everything that is needed to reproduce it.

    Finding
    ├── severity  error     the vendor documents what is broken             (basis: documented)
    │             warning   the vendor does not, but it can be deduced      (basis: inferred)
    └── accepted  by a baseline: still printed and counted, but it no longer fails the run

Mistakes of the user (a bad option, a bad document) are exceptions, not findings: see ``specs/errors.py``.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from specduet.contracts.recording import ABSENT, Exchange
from specduet.specs.printing import make_printable
from specduet.specs.statement import Basis

Severity = Literal["error", "warning"]
_MAX_TEXT_LENGTH = 120

MISSING_VALUE = "(missing)"
"""The value of a finding where a required value is missing."""


@dataclass(frozen=True)
class Violation:
    """A response that breaks a clause, found by comparing several responses (``contracts/analysis``).

    The fields are those of ``Finding``.
    """

    clause: str
    exchange: Exchange
    message: str
    basis: Basis
    where: str = ""
    value: Any = ""
    pointer: str = ""
    cause: str = ""
    is_proven: bool = False
    """It rests on what was seen alone, and not on which field is the id."""


@dataclass(frozen=True)
class FindingPlace:
    """One operation in which a finding occurs."""

    operation: str
    """The label of the operation."""
    where: str
    """The place in the response or the request, as ``Finding.where_pattern``."""
    count: int
    pointer: str = ""


@dataclass(frozen=True)
class Finding:
    """One way in which a service breaks one clause."""

    code: str
    """The code of the clause, for example ``SD201``."""
    clause: str
    """The name of the clause, for example ``status-enum``."""
    family: str
    specificity: int
    """Of several clauses that one value breaks, only the one with the highest specificity is reported."""
    basis: Basis
    api: str
    operation: str
    """The label of the operation, for example ``GET /runs``."""
    pointer: str
    """JSON pointer into the OpenAPI document, to the part that is broken."""
    where: str
    """JSON pointer into the response body (``/3/status``), or the part of the request (``query/limit``, ``header/x``,
    ``body/a/b``); empty for the response as a whole."""
    value: str
    """The wrong value, as text."""
    message: str
    cause: str
    """Distinguishes findings of one clause at one place: findings with the same ``key`` are merged into one."""
    exchange: Exchange | None
    """The request that reproduces the finding, with its response."""
    count: int = 1
    """The number of times that it occurred."""
    shared: str = ""
    """What several operations have in common where they break the clause for one reason, for example a component
    schema: findings of one clause with the same ``shared`` are one. Empty where the cause is in this operation alone.
    """
    places: tuple[FindingPlace, ...] = ()
    """Every operation in which it occurs, this one first; empty where there is only this one."""
    curl: str = ""
    accepted: str = ""
    """The reason given in the baseline; empty where the finding is not accepted."""

    @property
    def severity(self) -> Severity:
        return "error" if self.basis == "documented" else "warning"

    @property
    def where_pattern(self) -> str:
        """The place with ``*`` for every array index, so that it is the same for every row: ``/*/status``."""
        return re.sub(r"/\d+(?=/|$)", "/*", self.where)

    @property
    def key(self) -> tuple[str, ...]:
        """The identity of the cause: findings with equal keys are merged."""
        return (self.code, self.api, self.operation, self.pointer, self.where_pattern, self.cause)

    @property
    def operations(self) -> tuple[str, ...]:
        """The labels of all operations in which it occurs."""
        return tuple(dict.fromkeys((self.operation, *(place.operation for place in self.places))))

    @property
    def location_key(self) -> tuple[Any, ...]:
        """The value that was checked: of several clauses that one value breaks, the most specific one is reported."""
        return (self.exchange.number if self.exchange else None, self.api, self.operation, self.where)


def to_text(value: Any) -> str:
    """Return a value as short text on one line: as JSON where possible; ``nothing`` for an absent field."""
    if value is ABSENT:
        return "nothing"
    if isinstance(value, str):
        value = value[: 2 * _MAX_TEXT_LENGTH]  # of which the rest is cut off below
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = repr(value)
    return one_line(text)


def one_line(text: str) -> str:
    """Return a text on one line, with control characters escaped, cut after 120 characters."""
    return cut_text(make_printable(text), _MAX_TEXT_LENGTH)


def cut_text(text: str, length: int) -> str:
    """Return a text of at most ``length`` characters, the last of which tells that something is cut off."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


def deduplicate(findings: Iterable[Finding]) -> list[Finding]:
    """Return one finding for each cause, sorted by API, operation and severity.

    Of several clauses that one value breaks, only the most specific is kept. Findings with the same ``key`` are merged
    into the one with the shortest request, and those of several operations with the same ``shared`` into the one with
    the strongest basis.
    """
    all_findings = list(findings)
    highest: dict[tuple[Any, ...], int] = {}
    for finding in all_findings:
        highest[finding.location_key] = max(highest.get(finding.location_key, 0), finding.specificity)
    merged: dict[tuple[str, ...], Finding] = {}
    for finding in all_findings:
        if finding.where and finding.exchange and finding.specificity < highest[finding.location_key]:
            continue
        known = merged.get(finding.key)
        merged[finding.key] = finding if known is None else _merge_findings(known, finding)
    return sorted(_merge_operations(merged.values()), key=_sort_key)


def _sort_key(finding: Finding) -> tuple[str, ...]:
    return (finding.api, finding.operation, finding.severity, finding.code, finding.where)


def _merge_operations(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield one finding for each cause that several operations share, with all its places."""
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        shared = (finding.shared,) if finding.shared else finding.key
        groups.setdefault((finding.code, finding.api, *shared), []).append(finding)
    for group in groups.values():
        group.sort(key=lambda finding: (finding.severity, _sort_key(finding)))
        places = tuple(FindingPlace(f.operation, f.where_pattern, f.count, f.pointer) for f in group)
        count = sum(finding.count for finding in group)
        yield group[0] if len(group) == 1 else replace(group[0], count=count, places=places)


def _merge_findings(first: Finding, second: Finding) -> Finding:
    smallest = min(first, second, key=_reproduction_size)
    return replace(smallest, count=first.count + second.count)


def _reproduction_size(finding: Finding) -> tuple[int, int]:
    """Return the number of bytes to read in the request; of two equal requests the earlier one sorts first."""
    exchange = finding.exchange
    if exchange is None:
        return (0, 0)
    body = exchange.request.body or b""
    return (len(exchange.request.url) + len(body), exchange.number)
