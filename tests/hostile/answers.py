"""All kinds of hostile answers by name: each family enters its own where it is imported."""

from tests.hostile import bodies, connections, echoes, heads
from tests.hostile.service import ANSWERS

FAMILIES = (bodies, connections, echoes, heads)

__all__ = ["ANSWERS", "FAMILIES"]
