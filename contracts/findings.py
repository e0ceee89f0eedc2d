"""What is wrong with a service: one finding for one cause, with what is needed to see it again.

    Finding
    ├── severity  error     the vendor's page promises it           (basis: documented)
    │             warning   any sensible service does it            (basis: inferred)
    └── accepted  by a baseline: stays visible and counted, and fails nothing

What is wrong on the operator's side is another family: see ``specs/errors.py``.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

from specduet.contracts.recording import Exchange
from specduet.specs.behavior import Basis

Severity = Literal["error", "warning"]
_MAX_TEXT_LENGTH = 120


@dataclass(frozen=True)
class Finding:
    """One fault. ``pointer`` leads into the specification, ``where`` into the body or names the part of the request.

    ``where`` is a JSON pointer of the response body (``/3/status``) or ``query/limit``, ``header/x``, ``body/a/b``.
    ``cause`` tells apart what one clause finds at one place; two findings that agree in ``key`` are one.
    """

    code: str
    clause: str
    family: str
    specificity: int
    basis: Basis
    api: str
    operation: str
    pointer: str
    where: str
    value: str
    message: str
    cause: str
    exchange: Exchange | None
    count: int = 1
    curl: str = ""
    accepted: str = ""

    @property
    def severity(self) -> Severity:
        return "error" if self.basis == "documented" else "warning"

    @property
    def where_pattern(self) -> str:
        """``where`` with every index of an array as ``*``: the same for every row."""
        return re.sub(r"/\d+(?=/|$)", "/*", self.where)

    @property
    def key(self) -> tuple[str, ...]:
        return (self.code, self.api, self.operation, self.pointer, self.where_pattern, self.cause)

    @property
    def location_key(self) -> tuple[Any, ...]:
        """What was looked at: of several clauses that one spot breaks, the most specific owns it."""
        return (self.exchange.number if self.exchange else None, self.api, self.operation, self.where)


def to_text(value: Any) -> str:
    """A value as a finding shows it: short, on one line, in JSON's spelling where it has one."""
    import json

    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = repr(value)
    return one_line(text)


def one_line(text: str) -> str:
    """A text on one line, without control characters, and cut where it is long."""
    text = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)
    return text if len(text) <= _MAX_TEXT_LENGTH else f"{text[: _MAX_TEXT_LENGTH - 1]}…"


def deduplicate(findings: Iterable[Finding]) -> list[Finding]:
    """Drop what a more specific clause owns, and merge what has the same cause into its smallest reproduction."""
    all_findings = list(findings)
    highest_specificity: dict[tuple[Any, ...], int] = {}
    for finding in all_findings:
        highest_specificity[finding.location_key] = max(
            highest_specificity.get(finding.location_key, 0), finding.specificity
        )
    merged: dict[tuple[str, ...], Finding] = {}
    for finding in all_findings:
        if finding.where and finding.exchange and finding.specificity < highest_specificity[finding.location_key]:
            continue
        known = merged.get(finding.key)
        merged[finding.key] = finding if known is None else _merge_findings(known, finding)
    return sorted(merged.values(), key=lambda f: (f.api, f.operation, f.severity, f.code, f.where))


def _merge_findings(first: Finding, second: Finding) -> Finding:
    smallest = min(first, second, key=_reproduction_size)
    return replace(smallest, count=first.count + second.count)


def _reproduction_size(finding: Finding) -> tuple[int, int]:
    """How much there is to read in the reproduction; the earlier of two equals wins."""
    exchange = finding.exchange
    if exchange is None:
        return (0, 0)
    body = exchange.sent.body or b""
    return (len(exchange.sent.url) + len(body), exchange.number)
