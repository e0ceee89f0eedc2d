"""The seeded, stateful world of one API: what its operations list, fetch, watch and start."""

from specduet.mocks.clock import Clock
from specduet.mocks.world.world import UnknownScopeValue, WindowTooOld, World

__all__ = ["Clock", "UnknownScopeValue", "WindowTooOld", "World"]
