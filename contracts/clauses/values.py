"""SD2xx: the values in an answer, at any depth and in every row of every page."""

from collections.abc import Iterator

from specduet.contracts.clauses.registry import Subject, clause
from specduet.contracts.clauses.schema_violations import (
    BOUND_KEYWORDS,
    MISSING_VALUE,
    NONE_OF_REQUIRED,
    SchemaViolation,
    body_violations,
    unambiguous_exchanges,
)
from specduet.contracts.findings import Finding, to_text
from specduet.contracts.recording import Exchange
from specduet.specs import Resource

_KINDS: dict[type, str] = {bool: "a boolean", int: "a number", float: "a number", str: "a text", list: "a list"}


@clause("SD201", "status-enum", "A status is one of the documented members.", specificity=35)
def check_status_enum(subject: Subject) -> Iterator[Finding]:
    """The field that the resource names as its status: what a client switches on."""
    for exchange, problem in _keyword_violations(subject, "enum", "const"):
        if _is_status_field(subject, problem):
            yield _finding(
                subject, exchange, problem, f"is {to_text(problem.value)}, and a status is {problem.expected}"
            )


@clause("SD202", "enum", "A value with documented members is one of them.", specificity=30)
def check_enum(subject: Subject) -> Iterator[Finding]:
    """Every enumeration but the status; the comparison is exact, so that ``ASK`` is not ``ask``."""
    for exchange, problem in _keyword_violations(subject, "enum", "const"):
        if not _is_status_field(subject, problem):
            yield _finding(
                subject, exchange, problem, f"is {to_text(problem.value)}, and documented is {problem.expected}"
            )


@clause("SD203", "nullable", "Null stands only where null is documented.", specificity=30)
def check_nullable(subject: Subject) -> Iterator[Finding]:
    """A field that may be left out may not be null for that: the two are documented apart."""
    for exchange, problem in _problems(subject):
        if problem.is_null and problem.where:
            yield _finding(subject, exchange, problem, "is null, and null is not allowed there")


@clause("SD204", "required", "A required field is there.", specificity=30)
def check_required(subject: Subject) -> Iterator[Finding]:
    """In every row, and in every object within it."""
    for exchange, problem in _problems(subject):
        if problem.keyword == "required":
            yield _finding(subject, exchange, problem, "is missing")
        elif problem.keyword == NONE_OF_REQUIRED and problem.where:
            yield _finding(subject, exchange, problem, f"has none of its required fields: {problem.expected}")


@clause("SD205", "type", "A value has its documented type.", specificity=25)
def check_type(subject: Subject) -> Iterator[Finding]:
    """``"3"`` is no integer and ``0`` is no boolean; ``3.0`` is an integer (JSON Schema 2020-12, validation, 6.1.1)."""
    for exchange, problem in _keyword_violations(subject, "type"):
        if problem.where:
            kind = _KINDS.get(type(problem.value), "an object")
            yield _finding(subject, exchange, problem, f"is {kind}, and documented is {problem.expected}")


@clause("SD206", "format", "A text has its documented format.", specificity=25)
def check_format(subject: Subject) -> Iterator[Finding]:
    """``date-time`` is RFC 3339, with a zone; ``uuid`` is RFC 4122 with its four dashes."""
    for exchange, problem in _keyword_violations(subject, "format"):
        yield _finding(subject, exchange, problem, f"is {to_text(problem.value)}, which is no {problem.expected}")


@clause("SD207", "bounds", "Numbers, texts and lists stay within their documented bounds.", specificity=25)
def check_bounds(subject: Subject) -> Iterator[Finding]:
    """Minimum and maximum, lengths, patterns, and the number of items."""
    for exchange, problem in _keyword_violations(subject, *BOUND_KEYWORDS):
        yield _finding(subject, exchange, problem, f"is {to_text(problem.value)}, which breaks {problem.expected}")


def _problems(subject: Subject) -> Iterator[tuple[Exchange, SchemaViolation]]:
    for exchange in unambiguous_exchanges(subject):
        for problem in body_violations(subject, exchange):
            yield exchange, problem


def _keyword_violations(subject: Subject, *keywords: str) -> Iterator[tuple[Exchange, SchemaViolation]]:
    for exchange, problem in _problems(subject):
        if problem.keyword in keywords and not problem.is_null:
            yield exchange, problem


def _is_status_field(subject: Subject, problem: SchemaViolation) -> bool:
    words = subject.operation.behavior
    speaker = words.lists or words.fetches or words.creates or words.watches
    resource: Resource | None = subject.api.resources.get(speaker.resource) if speaker else None
    status = resource.behavior.status if resource else None
    return status is not None and problem.where.rpartition("/")[2] == status.field


def _finding(subject: Subject, exchange: Exchange, problem: SchemaViolation, what: str) -> Finding:
    response = subject.operation.response_for(exchange.status)
    return subject.make_finding(
        exchange,
        pointer=problem.pointer,
        where=problem.where,
        value=problem.value if problem.value == MISSING_VALUE else to_text(problem.value),
        basis=response.basis if response else None,
        message=f"{problem.where} {what}",
    )
