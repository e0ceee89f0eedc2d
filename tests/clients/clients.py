"""The clients: what each is installed from, how the mock is started for it, and the program that makes its calls."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

SEEKRAI_WORDS = "queued,running,completed,failed"


@dataclass(frozen=True)
class Client:
    """One release of a client."""

    name: str
    package: str
    """As its package manager names it, with the release."""
    program: str
    """The file in this folder that makes the calls; it is given the URL of the mock, and ``arguments``."""
    calls: int
    """So many calls it makes."""
    mock: Sequence[str]
    """Arguments of ``specduet mock``."""
    arguments: Sequence[str] = ()
    manager: Literal["pip", "npm"] = "pip"


CLIENTS = (
    Client(
        "seekrai-0.35.1",
        "seekrai==0.35.1",
        "seekrai_calls.py",
        37,
        ("seekrflow", "--values", f"seekrflow:RunStatus={SEEKRAI_WORDS},cancelled"),
        ("short",),
    ),
    Client(
        "seekrai-0.20.0",
        "seekrai==0.20.0",
        "seekrai_calls.py",
        34,
        ("seekrflow", "--values", f"seekrflow:RunStatus={SEEKRAI_WORDS},canceled"),
    ),
    Client("cloudcruise-1.4.1", "cloudcruise==1.4.1", "cloudcruise_calls.py", 30, ("cloudcruise",)),
    Client("cloudcruise-npm-1.0.1", "cloudcruise@1.0.1", "cloudcruise_calls.mjs", 18, ("cloudcruise",), manager="npm"),
)
