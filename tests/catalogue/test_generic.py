"""A sample of the services of many kinds: what they do is no finding, and what is planted in them is one."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.catalogue.generic import registry
from tests.catalogue.generic.judging import GenericVerdict, choose_faults, judge_correct, judge_fault
from tests.catalogue.generic.registry import find_builders, open_app
from tests.catalogue.generic.run import render_generic_table

CORRECT = (
    "access.quota",
    "bodies.optional_bodies",
    "flask_files.keys_with_slashes",
    "formats.health",
    "paging.estimated_totals",
    "paging.limit_zero_is_all",
    "reading.seen_later",
    "reading.shuffled",
    "writing.later_creation",
    "writing.see_other",
)
"""One service for each kind of false alarm that there was, but for those that only generated requests show."""
FAULTY = ("flask.html_errors",)


@pytest.mark.parametrize("name", CORRECT)
def test_nothing_is_said_of_a_correct_service(name: str) -> None:
    """A service with a habit of its own gets no finding, not even a warning."""
    verdict = judge_correct(name, generate=False)
    assert verdict.is_right, str(verdict)


@pytest.mark.parametrize("name", FAULTY)
def test_a_fault_is_told(name: str) -> None:
    """A fault that is planted in a service of any framework is told by a clause that should."""
    with open_app(name) as (_, opened):
        fault = choose_faults(name, opened.document)[0]
    verdict = judge_fault(name, fault)
    assert verdict.is_right, str(verdict)


def test_every_service_can_have_faults() -> None:
    """Each service that is built here has a document, and nearly each some faults of its own."""
    documents: dict[str, Mapping[str, Any]] = {}
    for name in find_builders():
        if name.partition(".")[0] not in {"connexion", "flask", "flask_files"}:  # these make their documents slowly
            with open_app(name) as (_, opened):
                documents[name] = opened.document
    assert len(documents) > 100
    assert sum(bool(choose_faults(name, document)) for name, document in documents.items()) > 0.95 * len(documents)


def test_node_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Node its services are skipped with a line."""
    monkeypatch.setattr(registry.shutil, "which", lambda _command: None)
    with pytest.raises(registry.NodeMissing, match="skipped: there is no node"), registry.open_node_services():
        pass


def test_the_table_counts_what_is_right() -> None:
    """The table has a row for each group of services, and the sums."""
    verdicts = [
        GenericVerdict("reading.search", "", is_right=True, told=""),
        GenericVerdict("reading.search", "GET /plants: half a body", is_right=True, told="  SD103"),
        GenericVerdict("flask.cookies", "GET /entries: half a body", is_right=False, told="  nothing was found"),
    ]
    assert render_generic_table(verdicts).splitlines()[2:] == [
        "| flask | 0 / 0 | 0 / 1 |",
        "| reading | 1 / 1 | 1 / 1 |",
        "| all | 1 / 1 | 1 / 2 |",
    ]
    assert str(verdicts[2]) == "MISSED      flask.cookies  GET /entries: half a body\n  nothing was found"
