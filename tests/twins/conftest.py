"""The services, each with its document and the mock of it."""

import asyncio
import json
import logging
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from specduet.mocks import Settings, create_app
from specduet.mocks.app import Mock
from specduet.specs import load
from tests.twins.service import Service

NAMES = sorted(path.stem for path in (Path(__file__).parent / "services").glob("[a-z]*.py"))


def find_service(name: str) -> Service:
    """Return the service of a module."""
    found: Service = import_module(f"tests.twins.services.{name}").SERVICE
    return found


@pytest.fixture(scope="package")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """One event loop for all requests."""
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@pytest.fixture(scope="package", params=NAMES)
def service(request: pytest.FixtureRequest) -> Service:
    """One of the services."""
    return find_service(request.param)


@pytest.fixture(scope="package")
def document(service: Service) -> Mapping[str, Any]:
    """The document of the service, made once."""
    return service.write_document()


@pytest.fixture(scope="package")
def document_file(service: Service, document: Mapping[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The document of the service, in a file."""
    path = tmp_path_factory.mktemp("twins") / f"{service.name}.json"
    path.write_text(json.dumps(document))
    return path


@pytest.fixture(scope="package")
def started_mock(document_file: Path) -> Mock:
    """The mock of the document, once for all tests."""
    api = load(document_file)
    assert api.problems == ()
    return create_app([api], Settings(runs=8))


@pytest.fixture
def mock(started_mock: Mock, caplog: pytest.LogCaptureFixture) -> Iterator[Mock]:
    """The mock of the document, as it is at first. In the end, none of its actions has failed and been replaced."""
    started_mock.sessions.default.reset()
    with caplog.at_level(logging.DEBUG, "specduet.mocks.handler"):
        yield started_mock
    assert [record.getMessage() for record in caplog.get_records("call") if record.exc_info] == []
