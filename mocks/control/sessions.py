"""Sessions: separate worlds of one mock, so that tests which run at once do not see each other's rows.

A request names its session in the header ``X-Mock-Session``; without one it belongs to the default session.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from specduet.mocks.control.faults import FaultInjector
from specduet.mocks.control.journal import JournalSpace
from specduet.mocks.control.kept_rows import keep_rows
from specduet.mocks.control.snapshots import SessionSnapshot, SnapshotShelf, take_snapshot
from specduet.mocks.settings import Settings
from specduet.mocks.signed_files import SignedFiles
from specduet.mocks.value_choices import Choices, choose_values
from specduet.mocks.webhooks.dispatcher import Dispatcher
from specduet.mocks.world import Clock, World
from specduet.specs import Api, SpecduetError, UsageError

SESSION_HEADER = b"x-mock-session"
DEFAULT_SESSION = "default"
MAX_SESSIONS = 100

_NAME_PATTERN = re.compile(rb"[A-Za-z0-9._~-]{1,64}")


class BadSession(SpecduetError):
    """A malformed name of a session, or one session too many; ``status`` is that of the error response."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Session:
    """A clock, the state of every API, faults, a journal and webhooks, isolated from those of other sessions."""

    def __init__(
        self, name: str, apis: Sequence[Api], settings: Settings, space: JournalSpace, files: SignedFiles
    ) -> None:
        self.name = name
        self.clock = Clock(settings.epoch)
        self.faults = FaultInjector(settings.seed)
        self.journal = space.open_journal(settings.journal)
        self.snapshots = SnapshotShelf()
        self.webhooks = Dispatcher(self.clock, self.get_world, settings, files)
        self._apis = {api.name: api for api in apis}
        self._settings = settings
        self._space = space
        self._worlds: dict[str, World] = {}
        self._begun_apis = dict(self._apis)

    def get_world(self, name: str) -> World:
        """Return the world of one API. It is made at the first call."""
        world = self._worlds.get(name)
        if world is None:
            world = self._worlds[name] = self._build_world(self._apis[name])
        return world

    def _build_world(self, api: Api) -> World:
        world = World(api, self._settings, self.clock)
        world.listener = self.webhooks
        return world

    def get_worlds(self) -> Mapping[str, World]:
        return {name: self.get_world(name) for name in self._apis}

    def choose_values(self, values: Mapping[str, Choices]) -> None:
        """Let the data hold only some members of enumerations, by API; those APIs begin anew.

        Raises ``UsageError``, and changes nothing, for what a document does not have.
        """
        self._require_apis(values)
        whole = {name: api.accepted or api for name, api in self._begun_apis.items()}
        chosen = {name: choose_values(whole[name], choices) for name, choices in values.items()}
        worlds = {name: self._build_world(api) for name, api in chosen.items()}  # refuses what cannot be served
        self._apis |= chosen
        self._worlds |= worlds

    def _require_apis(self, names: Iterable[str]) -> None:
        """Raise ``UsageError`` for a name of no API."""
        unknown = next((name for name in names if name not in self._apis), None)
        if unknown is not None:
            raise UsageError(f"no API is called {unknown!r}; there are {', '.join(self._apis)}")

    def take_snapshot(self, name: str) -> SessionSnapshot:
        """Keep the state and the clock under a name. Raises ``SnapshotRefused``."""
        snapshot = take_snapshot(name, self.get_worlds(), self.clock)
        self.snapshots.store(snapshot)
        return snapshot

    def replace_state(self, state: Mapping[str, Mapping[str, Any]]) -> None:
        """Replace the rows of some resources of some APIs.

        Raises ``UsageError``, and changes nothing, where one of them is unknown or a row is invalid.
        """
        self._require_apis(state)
        before = {name: self.get_world(name).take_snapshot() for name in state}
        try:
            for name, resources in state.items():
                self.get_world(name).replace_state(resources)
        except UsageError:
            for name, snapshot in before.items():
                self.get_world(name).restore(snapshot)
            raise

    def continue_with(self, apis: Sequence[Api], settings: Settings, files: SignedFiles) -> "Session":
        """Return the session with the documents as they are now: same clock, faults and journal, rows that still fit.

        Rows that requests have written, and files, stay if they satisfy the schema as it is now. A resource in which
        nothing was written, or whose seed data are others now, is seeded anew.
        """
        later = Session(self.name, apis, settings, self._space, files)
        later.clock, later.faults, later.journal = self.clock, self.faults, self.journal
        later.webhooks = self.webhooks
        later.webhooks.find_world, later.webhooks.files = later.get_world, files
        later_apis = {api.path: api for api in apis}
        for name, world in self._worlds.items():
            earlier_api = self._apis[name]
            later_api = later_apis.get(earlier_api.path)
            seed_data = [s.seed_data.get(name, {}) for s in (self._settings, settings)]
            changed = [n for n in world.list_changed_resources() if seed_data[0].get(n) == seed_data[1].get(n)]
            if later_api is not None and changed:
                seeded_state = World(earlier_api, self._settings, self.clock).dump_state(changed)
                written = {name: rows for name, rows in world.dump_state(changed).items() if rows != seeded_state[name]}
                keep_rows(written, later_api, later.get_world(later_api.name))
            stored = world.list_files() if later_api is not None else {}
            if later_api is not None and any(stored.values()):
                later.get_world(later_api.name).keep_files(stored)
        return later

    def reset(self) -> None:
        """Put state, clock, faults and journal back to how the session began."""
        self.clock.reset()
        for name in [name for name, api in self._apis.items() if api is not self._begun_apis[name]]:
            self._worlds.pop(name, None)
        self._apis = dict(self._begun_apis)
        for world in self._worlds.values():
            world.reset()
        self.faults.clear()
        self.journal.clear()
        self.webhooks.reset()


class SessionRegistry:
    """The default session and the named ones, which are made at their first use."""

    def __init__(self, apis: Sequence[Api], settings: Settings, previous: "SessionRegistry | None" = None) -> None:
        """Sessions of a ``previous`` registry go on with the documents as they are now."""
        self.apis = tuple(apis)
        self.settings = settings
        self.files = SignedFiles(self.apis, settings.seed)
        self._journal_space: JournalSpace = previous._journal_space if previous else JournalSpace()  # noqa: SLF001 - see below
        self.default: Session = (
            previous.default.continue_with(self.apis, settings, self.files)
            if previous
            else Session(DEFAULT_SESSION, self.apis, settings, self._journal_space, self.files)
        )
        self.default.get_worlds()  # a document of which no row can be made is reported now, and not by a request
        named = previous._named_sessions if previous else {}  # noqa: SLF001 - those of another registry
        self._named_sessions: dict[str, Session] = {
            name: session.continue_with(self.apis, settings, self.files) for name, session in named.items()
        }

    def get_or_create(self, header_value: bytes) -> Session:
        """Return the session that a header names. Raises ``BadSession``."""
        if not _NAME_PATTERN.fullmatch(header_value):
            raise BadSession(422, "X-Mock-Session is 1 to 64 letters, digits or any of . _ ~ -")
        name = header_value.decode("ascii")
        if name == DEFAULT_SESSION:
            return self.default
        if name not in self._named_sessions:
            if len(self._named_sessions) >= MAX_SESSIONS:
                raise BadSession(
                    409, f"there are {MAX_SESSIONS} sessions already: delete one at /__mock__/sessions/{{name}}"
                )
            self._named_sessions[name] = Session(name, self.apis, self.settings, self._journal_space, self.files)
        return self._named_sessions[name]

    def list_names(self) -> list[str]:
        return [DEFAULT_SESSION, *self._named_sessions]

    def delete(self, name: str) -> bool:
        """Delete a named session; return False if there is none. The default session can only be reset."""
        session = self._named_sessions.pop(name, None)
        if session is not None:
            session.webhooks.stop()
        return session is not None

    def stop_webhooks(self) -> None:
        """Send no more webhooks, in any session."""
        for session in (self.default, *self._named_sessions.values()):
            session.webhooks.stop()
