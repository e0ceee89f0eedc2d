"""Snapshots of a session: the rows of every API, their files, and the clock, to be restored as often as you like."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from specduet.mocks.clock import Clock
from specduet.mocks.world import World, WorldSnapshot

MAX_SNAPSHOTS = 20


class SnapshotRefused(Exception):
    """A snapshot that cannot be kept."""


@dataclass(frozen=True)
class SessionSnapshot:
    """Everything of a session but its faults and its journal."""

    name: str
    now: datetime
    is_frozen: bool
    worlds: Mapping[str, WorldSnapshot]
    """The rows, by the name of their API."""

    def to_dict(self) -> dict[str, Any]:
        """Return the snapshot as the control API shows it."""
        return {"name": self.name, "now": self.now, "frozen": self.is_frozen}

    def restore(self, worlds: Mapping[str, World], clock: Clock) -> None:
        """Return worlds and clock to what they were: the clock shows the same time, and goes on if it did."""
        clock.freeze(self.now)
        if not self.is_frozen:
            clock.resume()
        for name, world in worlds.items():
            world.restore(self.worlds[name])


def take_snapshot(name: str, worlds: Mapping[str, World], clock: Clock) -> SessionSnapshot:
    """Return a snapshot of worlds and their clock."""
    now = clock.now()
    return SessionSnapshot(name, now, clock.is_frozen, {key: world.take_snapshot() for key, world in worlds.items()})


class SnapshotShelf:
    """The snapshots of one session, by name."""

    def __init__(self) -> None:
        self._snapshots: dict[str, SessionSnapshot] = {}

    def __iter__(self) -> Iterator[SessionSnapshot]:
        return iter(self._snapshots.values())

    def store(self, snapshot: SessionSnapshot) -> None:
        """Keep a snapshot. Raises ``SnapshotRefused`` for a second one of its name, and for one too many."""
        if snapshot.name in self._snapshots:
            raise SnapshotRefused(f"there is a snapshot called {snapshot.name!r}: delete it first")
        if len(self._snapshots) >= MAX_SNAPSHOTS:
            raise SnapshotRefused(f"there are {MAX_SNAPSHOTS} snapshots already: delete one")
        self._snapshots[snapshot.name] = snapshot

    def find(self, name: str) -> SessionSnapshot:
        """Return the snapshot of a name. Raises ``KeyError``."""
        if name not in self._snapshots:
            raise KeyError(f"no snapshot is called {name!r}")
        return self._snapshots[name]

    def remove(self, name: str) -> None:
        """Forget the snapshot of a name. Raises ``KeyError``."""
        self.find(name)
        del self._snapshots[name]
