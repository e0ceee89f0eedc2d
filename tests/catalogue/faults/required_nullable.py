"""Faults of required and nullable fields: a field is left out, or null, and may not be."""

from tests.catalogue.faults.field_faults import build_start_answer_fault, list_field_faults
from tests.catalogue.variant import Variant

FAULTS: tuple[Variant, ...] = (
    *list_field_faults("required-nullable"),
    build_start_answer_fault(
        "nx1-start-answer-no-correlation-id",
        "lacks correlation_id",
        lambda body: {"status": body["status"]},
        family="required-nullable",
    ),
    build_start_answer_fault(
        "nx1-start-answer-correlation-id-null",
        "has a null correlation_id",
        lambda body: {**body, "correlation_id": None},
        family="required-nullable",
    ),
    build_start_answer_fault(
        "nx1-start-answer-status-null",
        "has a null status",
        lambda body: {**body, "status": None},
        family="required-nullable",
    ),
)
