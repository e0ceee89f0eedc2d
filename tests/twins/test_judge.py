"""The contract suite on services of our own choosing, and on the mocks of their documents."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from tests.twins.conftest import NAMES, find_service
from tests.twins.service import Clock, Service

SERVICES = [find_service(name) for name in NAMES]
GENERATED = [service for service in SERVICES if service.document is None]
"""The services whose applications make their documents themselves, and so reject what breaks them."""


@pytest.fixture
def address(serve: Callable[[Any], str]) -> str:
    """The URL at which all these applications are, each below its name."""
    return serve(Starlette(routes=[Mount(f"/{service.name}", service.build(Clock())) for service in GENERATED]))


def judge_documents(folder: Path, documents: Mapping[str, Mapping[str, Any]], options: Sequence[str]) -> None:
    """Run the suite on documents. Raises ``AssertionError`` where it has a finding, if only a warning."""
    for name, document in documents.items():
        (folder / f"{name}.json").write_text(json.dumps(document))
    command = [sys.executable, "-I", "-m", "specduet", "test", *(f"{name}.json" for name in documents)]
    command += ["--fail-on", "warning", "--max-requests", "1200", *options]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def test_the_suite_has_nothing_to_say_of_the_mocks(tmp_path: Path) -> None:
    """The mocks of all documents keep them: there is no finding, not even a warning."""
    judge_documents(tmp_path, {service.name: service.write_document() for service in SERVICES}, ["--mock"])


def test_the_suite_has_nothing_to_say_of_the_services(tmp_path: Path, address: str) -> None:
    """What is inferred from the documents holds for the services: there is no finding, not even a warning."""
    documents = {service.name: locate_document(service) for service in GENERATED}
    judge_documents(tmp_path, documents, ["--url", address])


def locate_document(service: Service) -> dict[str, Any]:
    """Return the document of a service that is below its name."""
    return {**service.write_document(), "servers": [{"url": f"/{service.name}"}]}
