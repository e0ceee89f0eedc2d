"""SD2xx: the values in a response, at any depth and in every row of a list."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from specduet.contracts.clauses.registry import Subject, clause
from specduet.contracts.clauses.schema_violations import (
    BOUND_KEYWORDS,
    FORMAT_KEYWORDS,
    NONE_OF_REQUIRED,
    SchemaViolation,
    describe_type,
    schema_finding,
    schema_violations,
)
from specduet.contracts.findings import Finding, to_text
from specduet.contracts.oracle.scalars import parse_timestamp
from specduet.contracts.recording import Exchange


@clause("SD201", "status-enum", "A status is one of the documented members.", specificity=35)
def check_status_enum(subject: Subject) -> Iterator[Finding]:
    """Checks the field that the overlay names as the status of the resource, because clients switch on it."""
    for exchange, violation in _keyword_violations(subject, "enum", "const"):
        if _is_status_field(subject, violation):
            outcome = f"is {to_text(violation.value)}, and a status is {violation.expected}"
            yield _value_finding(subject, exchange, violation, outcome)


@clause("SD202", "enum", "A value with documented members is one of them.", specificity=30)
def check_enum(subject: Subject) -> Iterator[Finding]:
    """Checks every enumeration except the status. The comparison is exact: ``ASK`` is not ``ask``."""
    for exchange, violation in _keyword_violations(subject, "enum", "const"):
        if not _is_status_field(subject, violation):
            outcome = f"is {to_text(violation.value)}, but documented is {violation.expected}"
            yield _value_finding(subject, exchange, violation, outcome)


@clause("SD203", "nullable", "A value is null only where null is documented.", specificity=30)
def check_nullable(subject: Subject) -> Iterator[Finding]:
    """A field that may be left out may still not be null: the document allows the one or the other."""
    nulls = [(e, v) for e, v in schema_violations(subject) if v.is_null and v.where]
    counts = _count_flawed_fields(nulls)
    for exchange, violation in nulls:
        finding = _value_finding(subject, exchange, violation, "is null, but null is not allowed there")
        yield replace(finding, shared=_find_shared_cause(subject, violation, counts, "null") or finding.shared)


@clause("SD204", "required", "A required field is present.", specificity=30)
def check_required(subject: Subject) -> Iterator[Finding]:
    """Checks every row, and every object inside it."""
    missing = [(e, v) for e, v in schema_violations(subject) if v.keyword == "required"]
    counts = _count_flawed_fields(missing)
    for exchange, violation in missing:
        finding = _value_finding(subject, exchange, violation, "is missing")
        yield replace(finding, shared=_find_shared_cause(subject, violation, counts, "missing") or finding.shared)
    for exchange, violation in schema_violations(subject):
        if violation.keyword == NONE_OF_REQUIRED and violation.where:
            yield _value_finding(subject, exchange, violation, f"has none of its required fields: {violation.expected}")


_MANY_FIELDS = 4
"""Fields of one schema or operation with the same flaw: then one thing about that is wrong, and not each of them."""
_COMPONENT = re.compile(r"/components/schemas/[^/]+")


def _count_flawed_fields(found: Sequence[tuple[Exchange, SchemaViolation]]) -> Counter[str]:
    """Return the number of fields of each component, and of all of them under an empty name."""
    pointers = {violation.pointer for _, violation in found}
    return Counter({"": len(pointers)}) + Counter(match[0] for p in pointers if (match := _COMPONENT.match(p)))


def _find_shared_cause(subject: Subject, violation: SchemaViolation, counts: Counter[str], flaw: str) -> str:
    """Return what many fields have in common: the component, which other operations show as well, or the operation."""
    component = _COMPONENT.match(violation.pointer)
    if component is not None and counts[component[0]] >= _MANY_FIELDS:
        return f"many fields of {component[0]} are {flaw}"
    return f"many fields of {subject.operation.label} are {flaw}" if counts[""] >= _MANY_FIELDS else ""


@clause("SD205", "type", "A value has its documented type.", specificity=25)
def check_type(subject: Subject) -> Iterator[Finding]:
    """``"3"`` is not an integer, ``0`` is not a boolean; ``3.0`` is an integer (JSON Schema 2020-12, 6.1.1)."""
    for exchange, violation in _keyword_violations(subject, "type"):
        if violation.where:
            outcome = f"is {describe_type(violation.value)}, but documented is {violation.expected}"
            yield _value_finding(subject, exchange, violation, outcome)


@clause("SD206", "format", "A string has its documented format.", specificity=25)
def check_format(subject: Subject) -> Iterator[Finding]:
    """``date-time`` is a timestamp of RFC 3339, with a time zone; ``uuid`` is one of RFC 4122, with its four dashes.

    ``byte`` is base64 or base64url, with or without padding; ``contentEncoding: base64`` has padding (RFC 4648, 4).
    Either may come in lines (RFC 2045).
    """
    for exchange, violation in _keyword_violations(subject, *FORMAT_KEYWORDS):
        is_zoneless = violation.expected == "date-time" and parse_timestamp(f"{violation.value}Z") is not None
        flaw = "has no time zone, so it" if is_zoneless else "which"
        outcome = f"is {to_text(violation.value)}, {flaw} is not a valid {violation.expected}"
        finding = _value_finding(subject, exchange, violation, outcome)
        yield replace(finding, shared="no time zone") if is_zoneless else finding


@clause("SD207", "bounds", "Numbers, strings and lists stay within their documented bounds.", specificity=25)
def check_bounds(subject: Subject) -> Iterator[Finding]:
    """Checks minimum and maximum, lengths, patterns, and the number of items."""
    for exchange, violation in _keyword_violations(subject, *BOUND_KEYWORDS):
        outcome = f"is {to_text(violation.value)}, which breaks {violation.expected}"
        yield _value_finding(subject, exchange, violation, outcome)


def _keyword_violations(subject: Subject, *keywords: str) -> Iterator[tuple[Exchange, SchemaViolation]]:
    for exchange, violation in schema_violations(subject):
        if violation.keyword in keywords and not violation.is_null:
            yield exchange, violation


def _is_status_field(subject: Subject, violation: SchemaViolation) -> bool:
    statement = subject.operation.behavior.subject
    resource = subject.api.resources.get(statement.resource) if statement else None
    status = resource.behavior.status if resource else None
    return status is not None and violation.where.rpartition("/")[2] == status.field


def _value_finding(subject: Subject, exchange: Exchange, violation: SchemaViolation, outcome: str) -> Finding:
    return schema_finding(subject, exchange, violation, f"{violation.where} {outcome}")
