"""The contract suite finds the faults of the catalogue, by the clause that should, and invents none."""

from collections.abc import Iterator

import pytest

from tests.catalogue import CORE, CORRECT, UNUSUAL_CORE, Variant
from tests.catalogue.client import GIVEN
from tests.catalogue.judging import Stage, judge, stage


@pytest.fixture(scope="module")
def on() -> Iterator[Stage]:
    with stage() as opened:
        yield opened


@pytest.mark.parametrize("api", GIVEN)
def test_nothing_is_found_on_the_correct_server(api: str, on: Stage) -> None:
    """The whole suite says nothing of a correct server."""
    verdict = judge(on, CORRECT, apis=(api,))
    assert verdict.right, [str(one) for one in verdict.told]


@pytest.mark.parametrize("variant", UNUSUAL_CORE, ids=lambda v: v.name)
def test_nothing_is_found_on_an_unusual_server(variant: Variant, on: Stage) -> None:
    """Correct but different is not a finding, not even a warning."""
    verdict = judge(on, variant.name)
    assert verdict.right, [verdict.problem, *map(str, verdict.told)]


@pytest.mark.parametrize("variant", CORE, ids=lambda v: v.name)
def test_a_fault_is_found(variant: Variant, on: Stage) -> None:
    """A clause that should reports the fault on an operation that has it; generated cases help where probes miss."""
    verdict = judge(on, variant.name, cases="probes", own=True)
    if not verdict.found:
        verdict = judge(on, variant.name, own=True)
    assert verdict.found, [variant.sentence, verdict.problem, *map(str, verdict.told)]
