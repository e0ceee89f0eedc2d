"""The contract suite finds every fault of the catalogue, by the clause that should, and invents none."""

from collections.abc import Iterator, Mapping

import pytest

from specduet.contracts.options import PROBES
from tests.catalogue import CORRECT, FAULTY, UNUSUAL, Variant
from tests.catalogue.judging import VariantServer, judge_server, open_server
from tests.catalogue.operations import APIS

_PROBES_BY_FAMILY: Mapping[str, tuple[str, ...]] = {
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
"""The probes that find most faults of a family. Those of the other families show in the first responses already."""


@pytest.fixture(scope="module")
def server() -> Iterator[VariantServer]:
    with open_server() as opened:
        yield opened


@pytest.mark.parametrize("api", APIS)
def test_nothing_is_found_on_the_correct_server(api: str, server: VariantServer) -> None:
    """The whole suite reports nothing on a correct server."""
    verdict = judge_server(server, CORRECT, apis=(api,))
    assert verdict.is_right, [verdict.problem, *map(str, verdict.findings)]


@pytest.mark.parametrize("variant", UNUSUAL, ids=lambda v: v.name)
def test_nothing_is_found_on_an_unusual_server(variant: Variant, server: VariantServer) -> None:
    """A server that is correct but different gets no finding, not even a warning."""
    verdict = judge_server(server, variant.name)
    assert verdict.is_right, [verdict.problem, *map(str, verdict.findings)]


@pytest.mark.parametrize("variant", FAULTY, ids=lambda v: v.name)
def test_a_fault_is_found(variant: Variant, server: VariantServer) -> None:
    """A clause that should reports the fault on an operation that has it, with as few requests as find it."""
    probes = _PROBES_BY_FAMILY.get(variant.family, ())
    verdict = judge_server(server, variant.name, cases="probes", own_operations=True, probes=probes)
    if not verdict.is_found:
        verdict = judge_server(server, variant.name, cases="probes", own_operations=True, probes=PROBES)
    if not verdict.is_found:
        verdict = judge_server(server, variant.name)
    assert verdict.is_found, [variant.sentence, verdict.problem, *map(str, verdict.findings)]
