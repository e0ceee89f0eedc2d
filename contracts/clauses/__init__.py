"""The clauses: what a service is held to. One clause, one code, one sentence, one function over the recording.

A clause is a function that takes a ``Subject`` and yields what is wrong. ``@clause`` registers it, so that a new one is
a function in the module of its family:

    @clause("SD201", "status-enum", "The status is one of the documented members.", specificity=30)
    def status_enum(subject: Subject) -> Iterator[Finding]:
        for exchange in subject.succeeded():
            ...
            yield subject.finding(exchange, pointer=..., where="/3/status", seen=value, message="...")

Codes: SD1xx response, SD2xx values, SD3xx refusal, SD4xx credentials, SD5xx collections, SD6xx lifecycle,
SD7xx robustness. A code is never given to another clause.
"""

from specduet.contracts.clauses import (
    collections,
    credentials,
    lifecycle,
    refusal,
    response,
    robustness,
    values,
)
from specduet.contracts.clauses.registry import FAMILIES, Clause, Family, Subject, all_clauses, clause, run_clauses

__all__ = [
    "FAMILIES",
    "Clause",
    "Family",
    "Subject",
    "all_clauses",
    "clause",
    "collections",
    "credentials",
    "lifecycle",
    "refusal",
    "response",
    "robustness",
    "run_clauses",
    "values",
]
