"""The services in which faults are planted: those of this folder, and those of ``tests/twins``."""

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.twins.conftest import find_service
from tests.twins.service import Service, read_document


def find_planted_service(name: str) -> Service:
    """Return a service by its name."""
    if find_spec(f"{__name__}.{name}") is None:
        return find_service(name)
    found: Service = import_module(f"{__name__}.{name}").SERVICE
    return found


def read_planted_document(name: str) -> Mapping[str, Any]:
    """Return a document of ``tests/planted/documents``."""
    return read_document(name, Path(__file__).parents[1] / "documents")
