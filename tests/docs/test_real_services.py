"""The findings of real services that were read: their files are sound, and what they cover is found."""

from typing import Any

import pytest

from benchmarks.real.reading import ReadFinding, load_readings, sort_findings
from benchmarks.real.services import SERVICES
from specduet.contracts.clauses import all_clauses


@pytest.mark.parametrize("name", [service.name for service in SERVICES])
def test_every_reading_names_a_clause_and_a_reason(name: str) -> None:
    """Each service has readings, each of a clause that there is, with a reason."""
    codes = {clause.code for clause in all_clauses()}
    readings = load_readings(name)
    assert readings
    assert [reading for reading in readings if reading.code not in codes or not reading.reason] == []


def finding(code: str, operation: str, where: str = "", *places: dict[str, Any]) -> dict[str, Any]:
    return {"code": code, "operation": operation, "where": where, "places": list(places)}


def test_the_first_reading_of_a_finding_decides() -> None:
    """A reading covers a finding by one of its places; what none covers was not read."""
    readings = [
        ReadFinding("SD101", is_true=False, reason="no", operation="GET /a"),
        ReadFinding("SD101", is_true=True, reason="yes", operation="GET *", where="query/*"),
    ]
    found = [
        finding("SD101", "GET /b", "", {"operation": "GET /a", "where": "x"}),
        finding("SD101", "GET /b", "query/q"),
        finding("SD102", "GET /a"),
    ]
    verdicts = sort_findings(found, readings)
    assert (verdicts.false, verdicts.true, verdicts.unread) == ((found[0],), (found[1],), (found[2],))
