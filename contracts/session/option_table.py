"""The options of a run, once: the command line, pytest and ``specduet.toml`` are all made from this table."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Kind = Literal["text", "pair", "flag", "whole", "number", "file", "folder", "choice"]


@dataclass(frozen=True)
class Option:
    """One option. ``name`` is its key in ``specduet.toml``; ``flags`` are its spellings on a command line.

    A ``pair`` is ``NAME=VALUE`` (``Name: value`` for a header); one that may be given ``many`` times is a list.
    """

    name: str
    flags: tuple[str, ...]
    help: str
    kind: Kind = "text"
    metavar: str = ""
    many: bool = False
    choices: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The name as Python spells it."""
        return self.name.replace("-", "_")

    @property
    def value_type(self) -> type:
        """What one value is on the command line."""
        kinds: dict[str, type] = {"whole": int, "number": float, "file": Path, "folder": Path, "flag": bool}
        return kinds.get(self.kind, str)


OPTIONS: tuple[Option, ...] = (
    Option("url", ("--url",), "Test the service at this address.", metavar="URL"),
    Option("mock", ("--mock",), "Start the mock, test it, and stop it again.", kind="flag"),
    Option(
        "headers",
        ("-H", "--header"),
        "Send this header with every request; one that carries a scheme's credential is recognised as such.",
        kind="pair",
        metavar="'NAME: VALUE'",
        many=True,
    ),
    Option(
        "auth",
        ("--auth",),
        "The credential of a security scheme; a second one of the same scheme is another caller's.",
        kind="pair",
        metavar="SCHEME=VALUE",
        many=True,
    ),
    Option(
        "params",
        ("--param",),
        "A value for a parameter that cannot be discovered, such as thread_id; may be repeated.",
        kind="pair",
        metavar="NAME=VALUE",
        many=True,
    ),
    Option("params-file", ("--params-file",), "A YAML file of such values.", kind="file", metavar="FILE"),
    Option(
        "profile",
        ("--profile",),
        "smoke: the same requests every time, within a minute; deep: more, from a new seed.  [default: smoke]",
        kind="choice",
        choices=("smoke", "deep"),
    ),
    Option(
        "seed", ("--seed",), "Seed of the generated requests.  [default: 1; deep: a new one]", kind="whole", metavar="N"
    ),
    Option(
        "fail-on",
        ("--fail-on",),
        "The mildest severity that fails the run.  [default: error]",
        kind="choice",
        choices=("error", "warning"),
    ),
    Option("report", ("--report",), "Write the reports into this folder.", kind="folder", metavar="DIR"),
    Option(
        "max-time",
        ("--max-time",),
        "Stop sending after this many seconds.  [default: 50; deep: 300]",
        kind="number",
        metavar="SECONDS",
    ),
    Option("max-requests", ("--max-requests",), "Send no more requests than this.", kind="whole", metavar="N"),
    Option(
        "max-response-time",
        ("--max-response-time",),
        "An answer that takes longer is a finding.",
        kind="number",
        metavar="SECONDS",
    ),
    Option(
        "allow-writes",
        ("--allow-writes",),
        "Send POST, PUT, PATCH and DELETE to a service that is not on this machine.",
        kind="flag",
    ),
    Option(
        "rate-limit",
        ("--rate-limit",),
        "The most requests a second.  [default: 10, none on this machine]",
        kind="number",
        metavar="N",
    ),
    Option("insecure", ("--insecure",), "Do not check the certificate of an https service.", kind="flag"),
    Option("dry-run", ("--dry-run",), "Show what would be sent, and send nothing.", kind="flag"),
    Option("baseline", ("--baseline",), "A YAML file of accepted findings.", kind="file", metavar="FILE"),
    Option(
        "update-baseline",
        ("--update-baseline",),
        "Accept what is found now: write it to the baseline, by default specduet-baseline.yaml.",
        kind="flag",
    ),
)
"""Every option of a run but ``--config``, which says where these stand, and the APIs themselves."""


def find_option(name: str) -> Option:
    """The option with this name. Raises ``KeyError`` where there is none."""
    for known in OPTIONS:
        if known.name == name:
            return known
    raise KeyError(name)


def to_arguments(values: dict[str, Any]) -> list[str]:
    """Options by key, as click gives them, as arguments again; what was not given is left out."""
    arguments: list[str] = []
    for known in OPTIONS:
        value = values.get(known.key)
        if known.kind == "flag":
            arguments += [known.flags[0]] if value else []
        elif known.many:
            arguments += [f"{known.flags[-1]}={one}" for one in value or ()]
        elif value is not None:
            arguments.append(f"{known.flags[-1]}={value}")
    return arguments
