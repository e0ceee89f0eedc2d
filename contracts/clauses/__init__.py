"""Clauses: the rules that a service is tested against. One clause has one code, one sentence and one function.

The function takes a ``Subject`` (one operation and everything that was recorded) and yields findings. To add a clause,
write such a function in the module of its family and register it with ``@clause``:

    @clause("SD201", "status-enum", "A status is one of the documented members.", specificity=35)
    def check_status_enum(subject: Subject) -> Iterator[Finding]:
        for exchange in subject.successful_exchanges():
            ...
            yield subject.make_finding(exchange, pointer=..., where="/3/status", value=status, message="...")

Rules that compare several responses are in ``contracts/analysis``; tables in ``collections.py`` and ``lifecycle.py``
give them their codes. ``specduet explain CODE`` prints the file and function of a rule.

Codes: SD1xx response, SD2xx values, SD3xx refusal, SD4xx credentials, SD5xx collections, SD6xx lifecycle,
SD7xx robustness. A code is never given to another clause. Importing this package registers all clauses.
"""

from specduet.contracts.clauses import (
    collections,
    conditions,
    credentials,
    exposure,
    lifecycle,
    links,
    methods,
    refusal,
    response,
    robustness,
    streams,
    undocumented_status,
    valid_refused,
    values,
    writes,
)
from specduet.contracts.clauses.registry import FAMILIES, Clause, Family, Subject, all_clauses, clause, run_clauses
from specduet.contracts.clauses.schema_violations import check_bodies_of

__all__ = [
    "FAMILIES",
    "Clause",
    "Family",
    "Subject",
    "all_clauses",
    "check_bodies_of",
    "clause",
    "collections",
    "conditions",
    "credentials",
    "exposure",
    "lifecycle",
    "links",
    "methods",
    "refusal",
    "response",
    "robustness",
    "run_clauses",
    "streams",
    "undocumented_status",
    "valid_refused",
    "values",
    "writes",
]
