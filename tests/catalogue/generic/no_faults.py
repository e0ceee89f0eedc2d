"""Changes that are no faults of some services: their documents or their habits allow them."""

NO_FAULTS: tuple[tuple[str, str], ...] = ()
"""Pairs of a service and the end of a fault's name, which is the kind of the fault."""
