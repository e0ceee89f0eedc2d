"""Faults of enums: a status that is no member of its enum."""

from tests.catalogue.faults.field_faults import build_start_answer_fault, list_field_faults
from tests.catalogue.variant import Variant

FAULTS: tuple[Variant, ...] = (
    *list_field_faults("enums"),
    build_start_answer_fault(
        "nx1-start-answer-status-foreign",
        "has the status started",
        lambda body: {**body, "status": "started"},
        family="enums",
    ),
)
