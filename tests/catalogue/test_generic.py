"""A sample of the services of many kinds: what they do is no finding, and what is planted in them is one."""

import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from tests.catalogue.generic import registry
from tests.catalogue.generic.judging import choose_faults, judge_correct, judge_fault
from tests.catalogue.generic.registry import find_builders, open_app

CORRECT = (
    "access.quota",
    "bodies.optional_bodies",
    "connexion.strict_queries",
    "formats.health",
    "paging.estimated_totals",
    "paging.limit_zero_is_all",
    "reading.seen_later",
    "reading.shuffled",
    "writing.later_creation",
    "writing.see_other",
)
"""One service for each kind of false alarm that there was."""
FAULTY = ("flask.html_errors", "fast_api.closed_models")


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


def test_the_command_prints_a_table() -> None:
    """The command judges the chosen services and counts what is right."""
    command = [sys.executable, "-m", "tests.catalogue", "generic", "formats.languages", "--no-faults", "--jobs", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    assert "| all | 1 / 1 | 0 / 0 |" in done.stdout
