"""Sessions: worlds beside each other, so that tests which run at once do not see one another's runs.

A request names its session in the header ``X-Mock-Session``; without one it belongs to the default session.
"""

import re
from collections.abc import Mapping, Sequence

from specduet.mocks.control.faults import Faults
from specduet.mocks.control.journal import Journal
from specduet.mocks.settings import Settings
from specduet.mocks.world import Clock, World
from specduet.specs import Api, SpecduetError

HEADER = b"x-mock-session"
DEFAULT = "default"
LIMIT = 100

_NAME = re.compile(rb"[A-Za-z0-9._~-]{1,64}")


class BadSession(SpecduetError):
    """A session's name that is malformed, or one session too many; ``status`` answers it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Session:
    """One isolated world: a clock, the state of every API, faults and a journal."""

    def __init__(self, name: str, apis: Sequence[Api], settings: Settings) -> None:
        self.name = name
        self.clock = Clock(settings.epoch)
        self.faults = Faults(settings.seed)
        self.journal = Journal(settings.journal)
        self._apis = {api.name: api for api in apis}
        self._settings = settings
        self._worlds: dict[str, World] = {}

    def world(self, name: str) -> World:
        """The state of one API, made when it is first asked for."""
        world = self._worlds.get(name)
        if world is None:
            world = self._worlds[name] = World(self._apis[name], self._settings, self.clock)
        return world

    def worlds(self) -> Mapping[str, World]:
        return {name: self.world(name) for name in self._apis}

    def reset(self) -> None:
        """Back to how the session began: state, clock, faults and journal."""
        self.clock.reset()
        for world in self._worlds.values():
            world.reset()
        self.faults.clear()
        self.journal.clear()


class Sessions:
    """The default session and the named ones, which are made on first use."""

    def __init__(self, apis: Sequence[Api], settings: Settings) -> None:
        self.apis = tuple(apis)
        self.settings = settings
        self.default = Session(DEFAULT, self.apis, settings)
        self.default.worlds()  # a document of which no row can be made is to be known now, and not by a request
        self._named: dict[str, Session] = {}

    def named(self, raw: bytes) -> Session:
        """The session of a header's value. Raises ``BadSession``."""
        if not _NAME.fullmatch(raw):
            raise BadSession(422, "X-Mock-Session is 1 to 64 letters, digits or any of . _ ~ -")
        name = raw.decode("ascii")
        if name == DEFAULT:
            return self.default
        if name not in self._named:
            if len(self._named) >= LIMIT:
                raise BadSession(409, f"there are {LIMIT} sessions already: delete one at /__mock__/sessions/{{name}}")
            self._named[name] = Session(name, self.apis, self.settings)
        return self._named[name]

    def names(self) -> list[str]:
        return [DEFAULT, *self._named]

    def delete(self, name: str) -> bool:
        """Forget a session; the default one can only be reset."""
        return self._named.pop(name, None) is not None
