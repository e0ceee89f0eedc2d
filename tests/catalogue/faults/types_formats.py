"""Faults of types and formats: a field has another JSON type, or a text that is no UUID or no timestamp."""

from tests.catalogue.faults.field_faults import build_start_answer_fault, list_field_faults
from tests.catalogue.variant import Variant

FAULTS: tuple[Variant, ...] = (
    *list_field_faults("types-formats"),
    build_start_answer_fault(
        "nx1-start-answer-correlation-id-number",
        "has a number as correlation_id",
        lambda body: {**body, "correlation_id": 12},
        family="types-formats",
    ),
    build_start_answer_fault(
        "nx1-start-answer-message-list",
        "has a list as message",
        lambda body: {**body, "message": ["started"]},
        family="types-formats",
    ),
)
