"""The seeded, stateful world of one API: what its operations list, fetch, watch and start."""

from mocks.world.clock import Clock
from mocks.world.world import TooOld, UnknownScope, World

__all__ = ["Clock", "TooOld", "UnknownScope", "World"]
