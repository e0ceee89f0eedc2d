"""All servers of the catalogue, by name."""

from collections.abc import Iterable, Mapping

from tests.catalogue.faults import FAULTS
from tests.catalogue.unusual import UNUSUAL_SERVERS
from tests.catalogue.variant import Variant

CORRECT = "correct"
"""The name of the server that is neither faulty nor unusual."""


def index_by_name(variants: Iterable[Variant]) -> Mapping[str, Variant]:
    named: dict[str, Variant] = {}
    for variant in variants:
        assert variant.name not in named, f"two variants are called {variant.name}"
        named[variant.name] = variant
    return named


VARIANTS = index_by_name((*FAULTS, *UNUSUAL_SERVERS))
FAULTY = tuple(variant for variant in VARIANTS.values() if not variant.correct)
UNUSUAL = tuple(variant for variant in VARIANTS.values() if variant.correct)
