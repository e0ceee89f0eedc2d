"""SD2xx: the values in an answer, at any depth and in every row of every page."""

from collections.abc import Iterator

from specduet.contracts.clauses.registry import Subject, clause
from specduet.contracts.clauses.schema_violations import BOUNDS, MISSING, STRANGE, Problem, own, problems
from specduet.contracts.findings import Finding, shown
from specduet.contracts.recording import Exchange
from specduet.specs import Resource

_KINDS: dict[type, str] = {bool: "a boolean", int: "a number", float: "a number", str: "a text", list: "a list"}


@clause("SD201", "status-enum", "A status is one of the documented members.", specificity=35)
def status_enum(subject: Subject) -> Iterator[Finding]:
    """The field that the resource names as its status: what a client switches on."""
    for exchange, problem in _wrong(subject, "enum", "const"):
        if _is_status(subject, problem):
            yield _finding(subject, exchange, problem, f"is {shown(problem.value)}, and a status is {problem.expected}")


@clause("SD202", "enum", "A value with documented members is one of them.", specificity=30)
def enum(subject: Subject) -> Iterator[Finding]:
    """Every enumeration but the status; the comparison is exact, so that ``ASK`` is not ``ask``."""
    for exchange, problem in _wrong(subject, "enum", "const"):
        if not _is_status(subject, problem):
            yield _finding(
                subject, exchange, problem, f"is {shown(problem.value)}, and documented is {problem.expected}"
            )


@clause("SD203", "nullable", "Null stands only where null is documented.", specificity=30)
def nullable(subject: Subject) -> Iterator[Finding]:
    """A field that may be left out may not be null for that: the two are documented apart."""
    for exchange, problem in _problems(subject):
        if problem.is_null and problem.where:
            yield _finding(subject, exchange, problem, "is null, and null is not allowed there")


@clause("SD204", "required", "A required field is there.", specificity=30)
def required(subject: Subject) -> Iterator[Finding]:
    """In every row, and in every object within it."""
    for exchange, problem in _problems(subject):
        if problem.keyword == "required":
            yield _finding(subject, exchange, problem, "is missing")
        elif problem.keyword == STRANGE and problem.where:
            yield _finding(subject, exchange, problem, f"has none of its required fields: {problem.expected}")


@clause("SD205", "type", "A value has its documented type.", specificity=25)
def type_(subject: Subject) -> Iterator[Finding]:
    """``"3"`` is no integer and ``0`` is no boolean; ``3.0`` is an integer (JSON Schema 2020-12, validation, 6.1.1)."""
    for exchange, problem in _wrong(subject, "type"):
        if problem.where:
            kind = _KINDS.get(type(problem.value), "an object")
            yield _finding(subject, exchange, problem, f"is {kind}, and documented is {problem.expected}")


@clause("SD206", "format", "A text has its documented format.", specificity=25)
def format_(subject: Subject) -> Iterator[Finding]:
    """``date-time`` is RFC 3339, with a zone; ``uuid`` is RFC 4122 with its four dashes."""
    for exchange, problem in _wrong(subject, "format"):
        yield _finding(subject, exchange, problem, f"is {shown(problem.value)}, which is no {problem.expected}")


@clause("SD207", "bounds", "Numbers, texts and lists stay within their documented bounds.", specificity=25)
def bounds(subject: Subject) -> Iterator[Finding]:
    """Minimum and maximum, lengths, patterns, and the number of items."""
    for exchange, problem in _wrong(subject, *BOUNDS):
        yield _finding(subject, exchange, problem, f"is {shown(problem.value)}, which breaks {problem.expected}")


def _problems(subject: Subject) -> Iterator[tuple[Exchange, Problem]]:
    for exchange in own(subject):
        for problem in problems(subject, exchange):
            yield exchange, problem


def _wrong(subject: Subject, *keywords: str) -> Iterator[tuple[Exchange, Problem]]:
    for exchange, problem in _problems(subject):
        if problem.keyword in keywords and not problem.is_null:
            yield exchange, problem


def _is_status(subject: Subject, problem: Problem) -> bool:
    words = subject.operation.behavior
    speaker = words.lists or words.fetches or words.creates or words.watches
    resource: Resource | None = subject.api.resources.get(speaker.resource) if speaker else None
    status = resource.behavior.status if resource else None
    return status is not None and problem.where.rpartition("/")[2] == status.field


def _finding(subject: Subject, exchange: Exchange, problem: Problem, what: str) -> Finding:
    response = subject.operation.response_for(exchange.status)
    return subject.finding(
        exchange,
        pointer=problem.pointer,
        where=problem.where,
        seen=problem.value if problem.value == MISSING else shown(problem.value),
        basis=response.basis if response else None,
        message=f"{problem.where} {what}",
    )
