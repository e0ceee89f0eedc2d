"""One rule that a service does not enforce is one cause, in however many operations and properties it is broken."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from specduet.contracts.clauses.judged_exchanges import judged_exchanges
from specduet.contracts.clauses.registry import Subject
from specduet.contracts.memo import compute_once
from specduet.contracts.oracle.json_values import UNDOCUMENTED_PROPERTY
from specduet.contracts.oracle.request_parts import RequestPart

_MANY_OPERATIONS = 4
"""Operations that take null, or a number for a text: then the service converts values, and no property is special."""
_TYPE_REASONS = ("is null", "is not a ", "is not an ")


def find_shared_laxity(subject: Subject, part: RequestPart, *, malformed: bool) -> str:
    """Return the rule that the service does not enforce anywhere: always for parameters, undocumented properties and
    bodies that cannot be read, for the type of a property where many operations take any.

    Empty for another property of a body, whose cause is the place of its schema.
    """
    if part.location != "body" or malformed:
        return f"{part.location} {part.reason}"
    if part.reason == UNDOCUMENTED_PROPERTY:
        return part.reason
    is_of_type = part.reason.startswith(_TYPE_REASONS)
    return f"body {part.reason}" if is_of_type and _count_operations(subject, part.reason) >= _MANY_OPERATIONS else ""


def _count_operations(subject: Subject, reason: str) -> int:
    """Return the number of operations of the API that have accepted a body with this flaw."""
    about = ("lax operations", subject.api.name)
    return len(compute_once(subject.recording, about, lambda: _find_lax_operations(subject)).get(reason, ()))


def _find_lax_operations(subject: Subject) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for operation in subject.api.operations:
        for case in judged_exchanges(replace(subject, operation=operation)):
            if case.exchange.is_success and case.credentials_valid:
                for part in case.invalid_parts:
                    if part.location == "body":
                        found[part.reason].add(operation.id)
    return found
