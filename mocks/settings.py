"""What the caller of a mock decides, in one immutable object."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

DataMode = Literal["believable", "adversarial"]


@dataclass(frozen=True, slots=True)
class Credential:
    """A credential that the mock insists on: the scheme's name, the value, whose it is, and whether an admin's."""

    scheme: str
    value: str
    owner: str = ""
    admin: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """``runs`` is the number of seeded rows an API, ``pace`` how many times faster than usual a started run lives.

    ``epoch`` is the moment that every seeded time is relative to. No ``credentials``: any non-empty value passes.
    ``max_body`` is in bytes, ``journal`` in requests.
    """

    seed: int = 1
    runs: int = 60
    epoch: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))
    data: DataMode = "believable"
    pace: float = 1.0
    auth: bool = True
    credentials: tuple[Credential, ...] = ()
    control: bool = True
    max_body: int = 1_048_576
    journal: int = 1_000


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: ``owner`` is None where nothing tells callers apart, and then every row is theirs to see."""

    owner: str | None = None
    admin: bool = False
