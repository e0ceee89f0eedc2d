"""Servers to try a judge on: a correct one, faulty ones that differ from it in one thing, and correct but unusual ones.

    create("correct")                  the five documented operations of the three APIs
    create("nx1-list-status-misspelt") one fault
    python -m tests.catalogue serve nx1-list-status-misspelt --port 8000

``VARIANTS`` holds them all by name.
"""

from fastapi import FastAPI

from tests.catalogue.changes import Changes
from tests.catalogue.registry import CORRECT, FAULTY, UNUSUAL, VARIANTS
from tests.catalogue.server import build
from tests.catalogue.variant import Variant
from tests.catalogue.world import Clock, ManualClock

__all__ = [
    "CORRECT",
    "FAULTY",
    "UNUSUAL",
    "VARIANTS",
    "Clock",
    "ManualClock",
    "Variant",
    "create",
]


def create(variant: str = CORRECT, clock: Clock | None = None) -> FastAPI:
    """The application of a variant: three APIs for the correct one, else the variant's own.

    Raises ``KeyError`` for a name that no variant has.
    """
    if variant == CORRECT:
        return build(Changes(), clock=clock)
    found = VARIANTS[variant]
    return build(found.changes, (found.api,), clock)
