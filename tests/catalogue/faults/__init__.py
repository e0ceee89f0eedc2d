"""Faults, each planted in a server that is correct otherwise: one module for each family, or for a part of it.

    error_shape                          the family 422-shape
    validation_*, paging_*, …            one family by API, or by subject
    lifecycle_lists, semantics_lists     CloudCruise and SeekrFlow, whose only operation is a list

What several of them need: documented_fields, field_faults, declarations, row_claims, paging_steps.
"""

from tests.catalogue.faults import (
    credentials,
    enums,
    envelope,
    error_shape,
    filters,
    lifecycle_lists,
    lifecycle_nx1,
    paging_cloudcruise,
    paging_nx1,
    paging_seekrflow,
    rare_combinations,
    rare_values,
    required_nullable,
    robustness_connections,
    robustness_inputs,
    semantics_lists,
    semantics_nx1,
    types_formats,
    validation_cloudcruise,
    validation_nx1,
    validation_seekrflow,
)
from tests.catalogue.variant import Variant

FAULTS: tuple[Variant, ...] = (
    *enums.FAULTS,
    *required_nullable.FAULTS,
    *types_formats.FAULTS,
    *envelope.FAULTS,
    *error_shape.FAULTS,
    *validation_nx1.FAULTS,
    *validation_cloudcruise.FAULTS,
    *validation_seekrflow.FAULTS,
    *credentials.FAULTS,
    *robustness_inputs.FAULTS,
    *robustness_connections.FAULTS,
    *rare_values.FAULTS,
    *rare_combinations.FAULTS,
    *paging_nx1.FAULTS,
    *paging_cloudcruise.FAULTS,
    *paging_seekrflow.FAULTS,
    *filters.FAULTS,
    *lifecycle_nx1.FAULTS,
    *lifecycle_lists.FAULTS,
    *semantics_nx1.FAULTS,
    *semantics_lists.FAULTS,
)
