"""What a real service is installed from, how it is started, and what a run against it needs.

In commands and settings ``{home}`` is the folder of the service below ``.real/``, ``{data}`` an empty folder for each
start, ``{bin}`` the folder of its programs, ``{port}`` and ``{spare_port}`` free ports.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Login:
    """A request whose answer holds a token."""

    path: str
    body: Mapping[str, Any]
    field: str = "access_token"
    header: str = "Authorization: Bearer {}"
    """The header of every request, with the field's value for the braces."""


@dataclass(frozen=True)
class RealService:
    """One service: its packages, its commands, its document and its credentials."""

    name: str
    start: str
    """The command that serves until it is ended."""
    document: str
    """The path of its document, from the root of the server."""
    ready: str
    """A path that answers anything once the service is up."""
    python: tuple[str, ...] = ()
    """Requirements for an environment of its own."""
    node: tuple[str, ...] = ()
    """Packages for a folder of its own."""
    debian: tuple[str, ...] = ()
    """Packages that somebody has to install, since that takes root."""
    programs: tuple[str, ...] = ()
    """Programs that have to be there; without one, the service is left out with a line."""
    prepare: tuple[str, ...] = ()
    """Commands before each start."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Files in ``{data}``, written before each start."""
    environment: Mapping[str, str] = field(default_factory=dict)
    headers: tuple[str, ...] = ()
    login: Login | None = None
