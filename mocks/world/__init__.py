"""The seeded, stateful world of one API: the rows that its operations list, fetch, watch, create, change and remove."""

from specduet.mocks.clock import Clock
from specduet.mocks.world.creation import Duplicate
from specduet.mocks.world.json_rows import PlacedRow
from specduet.mocks.world.list_pages import BadToken, RequestUrl
from specduet.mocks.world.queries import UnknownScopeValue, WindowTooOld
from specduet.mocks.world.tables import match_resource
from specduet.mocks.world.world import World, WorldSnapshot

__all__ = [
    "BadToken",
    "Clock",
    "Duplicate",
    "PlacedRow",
    "RequestUrl",
    "UnknownScopeValue",
    "WindowTooOld",
    "World",
    "WorldSnapshot",
    "match_resource",
]
