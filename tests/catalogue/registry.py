"""Every variant by name."""

import importlib
from collections.abc import Iterator

from tests.catalogue.variant import Variant

CORRECT = "correct"
_MODULES = (
    "faults.fields",
    "faults.refusals",
    "faults.answers",
    "faults.credentials",
    "faults.paging",
    "faults.filters",
    "faults.lives",
    "faults.claims",
    "faults.rare",
    "faults.small_requests",
    "faults.small_answers",
    "unusual",
)


def _all() -> Iterator[Variant]:
    for name in _MODULES:
        yield from importlib.import_module(f"{__package__}.{name}").VARIANTS


def _by_name() -> dict[str, Variant]:
    named: dict[str, Variant] = {}
    for variant in _all():
        assert variant.name not in named, f"two variants are called {variant.name}"
        named[variant.name] = variant
    return named


VARIANTS = _by_name()
FAULTY = tuple(variant for variant in VARIANTS.values() if not variant.correct)
UNUSUAL = tuple(variant for variant in VARIANTS.values() if variant.correct)
