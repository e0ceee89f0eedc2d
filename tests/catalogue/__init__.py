"""Servers to try a judge on: a correct one, faulty ones that differ from it in one thing, and correct but unusual ones.

    create_app("correct")                  the five documented operations of the three APIs
    create_app("nx1-list-status-misspelt") one fault
    python -m tests.catalogue serve nx1-list-status-misspelt --port 8000

``VARIANTS`` holds them all by name. A fault is found in ``faults/`` by its family, an unusual server in ``unusual/``.
"""

from fastapi import FastAPI

from tests.catalogue.changes import Changes
from tests.catalogue.clocks import JumpingClock, ManualClock, WallClock
from tests.catalogue.fake_server import build_app
from tests.catalogue.registry import CORRECT, FAULTY, UNUSUAL, VARIANTS
from tests.catalogue.variant import Variant

__all__ = [
    "CORRECT",
    "FAULTY",
    "UNUSUAL",
    "VARIANTS",
    "JumpingClock",
    "ManualClock",
    "Variant",
    "WallClock",
    "create_app",
]


def create_app(name: str = CORRECT, clock: WallClock | None = None) -> FastAPI:
    """Return the application of a variant: three APIs for the correct one, else the variant's own.

    Raise ``KeyError`` for a name that no variant has.
    """
    if name == CORRECT:
        return build_app(Changes(), clock=clock)
    variant = VARIANTS[name]
    return build_app(variant.changes, (variant.api,), clock)
