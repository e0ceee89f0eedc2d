"""The seeded, stateful world of one API: the rows that its operations list, fetch, watch and create."""

from specduet.mocks.clock import Clock
from specduet.mocks.world.queries import UnknownScopeValue, WindowTooOld
from specduet.mocks.world.world import World

__all__ = ["Clock", "UnknownScopeValue", "WindowTooOld", "World"]
