"""Settings of a mock in one immutable object, and the credentials and caller identities that belong to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

DataMode = Literal["believable", "adversarial"]


@dataclass(frozen=True, slots=True)
class Credential:
    """A credential that the mock accepts. An API with at least one of them accepts no other."""

    scheme: str
    """Name of the security scheme in the OpenAPI document."""
    value: str
    owner: str = ""
    """Owner of the rows that the caller sees; empty if callers are not told apart."""
    admin: bool = False
    """True if the caller sees the rows of all owners."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that decides how a mock behaves. Equal settings give equal responses to equal requests."""

    seed: int = 1
    runs: int = 60
    """Number of seeded rows in each API."""
    epoch: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))
    """Time that every seeded time is relative to."""
    data: DataMode = "believable"
    pace: float = 1.0
    """Factor by which created rows run through their statuses faster than usual."""
    auth: bool = True
    credentials: tuple[Credential, ...] = ()
    """Accepted credentials; for an API that has none here, any non-empty value passes."""
    control: bool = True
    """True if the control plane is served under ``/__mock__/``."""
    control_token: str = ""
    """Token that a request to the control plane needs in ``X-Mock-Token``; empty for none."""
    max_body: int = 1_048_576
    """Bytes of the longest request body that is read."""
    base_path: str | None = None
    """Path below which every API is served, instead of those of its servers: ``/v1``, or ``""`` for none."""
    log: Literal["text", "json"] | None = None
    """Format of the lines that are written to standard error, one for each request; None for no lines."""
    seed_data: Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]] = field(default_factory=dict, hash=False)
    """Rows to begin with, whole or in part, by API and resource: ``{"shop": {"customer": [{"name": "Ada"}]}}``."""
    values: Mapping[str, Mapping[str, Sequence[Any]]] = field(default_factory=dict, hash=False)
    """Members that data hold, by API and enumeration: ``{"shop": {"OrderState": ["open", "paid"]}}``."""
    journal: int = 1_000
    """Number of requests, and of webhooks, that the journal of a session keeps."""
    allow_webhooks: tuple[str, ...] = ()
    """Hosts to which webhooks may be sent, besides this machine."""


@dataclass(frozen=True, slots=True)
class CallerIdentity:
    """The caller of a request, as its credential tells."""

    owner: str | None = None
    """Owner of the rows that the caller may see; None if callers are not told apart: then every row may be seen."""
    admin: bool = False
