"""The services in which faults are planted."""

from tests.twins.conftest import find_service
from tests.twins.service import Service


def find_planted_service(name: str) -> Service:
    """Return a service by its name."""
    return find_service(name)
