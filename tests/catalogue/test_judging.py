"""The contract suite finds every fault of the catalogue, by the clause that should, and invents none."""

from collections.abc import Iterator

import pytest

from specduet.contracts.options import PROBES
from tests.catalogue import CORRECT, FAULTY, UNUSUAL, Variant
from tests.catalogue.client import GIVEN
from tests.catalogue.judging import Stage, judge, stage

_AIMED: dict[str, tuple[str, ...]] = {
    "422-shape": ("refusals",),
    "validation": ("refusals",),
    "credentials": ("credentials",),
    "robustness": ("robustness",),
    "rare": ("collections",),
    "paging": ("collections",),
    "filters": ("collections",),
    "lifecycle": ("lifecycle",),
    "semantics": ("lifecycle",),
}
"""Which probes find most faults of a family. What no family is named for shows in the first answers already."""


@pytest.fixture(scope="module")
def on() -> Iterator[Stage]:
    with stage() as opened:
        yield opened


@pytest.mark.parametrize("api", GIVEN)
def test_nothing_is_found_on_the_correct_server(api: str, on: Stage) -> None:
    """The whole suite says nothing of a correct server."""
    verdict = judge(on, CORRECT, apis=(api,))
    assert verdict.right, [str(one) for one in verdict.told]


@pytest.mark.parametrize("variant", UNUSUAL, ids=lambda v: v.name)
def test_nothing_is_found_on_an_unusual_server(variant: Variant, on: Stage) -> None:
    """Correct but different is not a finding, not even a warning."""
    verdict = judge(on, variant.name)
    assert verdict.right, [verdict.problem, *map(str, verdict.told)]


@pytest.mark.parametrize("variant", FAULTY, ids=lambda v: v.name)
def test_a_fault_is_found(variant: Variant, on: Stage) -> None:
    """A clause that should reports the fault on an operation that has it, asked as little as finds it."""
    verdict = judge(on, variant.name, cases="probes", own=True, probes=_AIMED.get(variant.family, ()))
    if not verdict.found:
        verdict = judge(on, variant.name, cases="probes", own=True, probes=PROBES)
    if not verdict.found:
        verdict = judge(on, variant.name)
    assert verdict.found, [variant.sentence, verdict.problem, *map(str, verdict.told)]
