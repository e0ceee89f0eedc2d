"""Table of the options of a run: the command line, pytest's options and ``specduet.toml`` are made from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Kind = Literal["text", "pair", "flag", "whole", "number", "file", "files", "folder", "choice", "level"]


@dataclass(frozen=True)
class Option:
    """One option. A ``pair`` is ``NAME=VALUE``, or ``Name: value`` for a header; a ``level`` is a flag with a value."""

    #: key in ``specduet.toml``
    name: str
    #: spellings on the command line
    flags: tuple[str, ...]
    help: str
    kind: Kind = "text"
    metavar: str = ""
    #: may be repeated; its value is then a list
    many: bool = False
    choices: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The name as a Python identifier."""
        return self.name.replace("-", "_")

    @property
    def value_type(self) -> type:
        """Python type of one value on the command line."""
        kinds: dict[str, type] = {
            "whole": int,
            "number": float,
            "file": Path,
            "files": Path,
            "folder": Path,
            "flag": bool,
        }
        return kinds.get(self.kind, str)


OPTIONS: tuple[Option, ...] = (
    Option("url", ("--url",), "Test the service at this address.", metavar="URL"),
    Option("mock", ("--mock",), "Start the mock, test it, and stop it again.", kind="flag"),
    Option(
        "headers",
        ("-H", "--header"),
        "Send this header with every request. A header that carries a credential is recognized as such.",
        kind="pair",
        metavar="'NAME: VALUE'",
        many=True,
    ),
    Option(
        "auth",
        ("--auth",),
        "A credential for a security scheme. Give a second one for the same scheme to test as another user.",
        kind="pair",
        metavar="SCHEME=VALUE",
        many=True,
    ),
    Option(
        "auth-command",
        ("--auth-command",),
        "A command that prints a token; it is run again when the token is rejected.",
        metavar="[SCHEME=]COMMAND",
    ),
    Option(
        "login",
        ("--login",),
        "A request that logs in: its cookies, and the token in its response, are sent with every request.",
        metavar="'POST /PATH BODY'",
    ),
    Option(
        "oauth",
        ("--oauth",),
        "Get a token by OAuth 2: client_id and client_secret, or username and password; scope, token_url, scheme.",
        kind="pair",
        metavar="NAME=VALUE",
        many=True,
    ),
    Option(
        "no-auth",
        ("--no-auth",),
        "The service is meant to answer without credentials: none are sent, and their lack is no finding.",
        kind="flag",
    ),
    Option(
        "params",
        ("--param",),
        "A value for a parameter that cannot be discovered, such as thread_id. May be repeated.",
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
        "Fail the run on findings of this severity and above.  [default: error]",
        kind="choice",
        choices=("error", "warning"),
    ),
    Option("report", ("--report",), "Write the reports into this folder.", kind="folder", metavar="DIR"),
    Option(
        "max-time",
        ("--max-time",),
        "End the run, judging included, after this many seconds.  [default: 50; deep: 300]",
        kind="number",
        metavar="SECONDS",
    ),
    Option("max-requests", ("--max-requests",), "Send no more requests than this.", kind="whole", metavar="N"),
    Option(
        "max-response-time",
        ("--max-response-time",),
        "Report a response that takes longer.",
        kind="number",
        metavar="SECONDS",
    ),
    Option(
        "stream-time",
        ("--stream-time",),
        "Leave a stream of events that has not ended after so many seconds.  [default: 5]",
        kind="number",
        metavar="SECONDS",
    ),
    Option(
        "allow-writes",
        ("--allow-writes",),
        "Send POST, PUT, PATCH and DELETE to a service that is not on this machine; all: change rows that the run has "
        "not created, too, on any machine.",
        kind="level",
        metavar="[own|all]",
        choices=("own", "all"),
    ),
    Option(
        "include",
        ("--include",),
        "Send this operation although it could do harm: its label, path or operationId; * is any text.",
        kind="text",
        metavar="LABEL",
        many=True,
    ),
    Option(
        "only",
        ("--only",),
        "Test this operation alone, and send what it needs: its label, path or operationId; * is any text.",
        kind="text",
        metavar="LABEL",
        many=True,
    ),
    Option("keep", ("--keep",), "Do not delete what the run has created.", kind="flag"),
    Option(
        "rate-limit",
        ("--rate-limit",),
        "The most requests a second.  [default: 10, none on this machine]",
        kind="number",
        metavar="N",
    ),
    Option("insecure", ("--insecure",), "Do not check the certificate of an https service.", kind="flag"),
    Option(
        "strict-document",
        ("--strict-document", "--strict"),
        "Refuse a document that has any problem: see specduet check.",
        kind="flag",
    ),
    Option(
        "overlay",
        ("--overlay",),
        "Apply this overlay to the document, after the overlay.yaml beside it. May be repeated.",
        kind="files",
        metavar="FILE",
        many=True,
    ),
    Option("name", ("--name",), "Call the API so.  [default: after the document's title]", metavar="NAME"),
    Option(
        "stateless",
        ("--stateless",),
        "Do without what the document only implies: its lists, ids, lifecycles.",
        kind="flag",
    ),
    Option(
        "server-variable",
        ("--server-variable",),
        "Value of a variable in the addresses of the document's servers. May be repeated.",
        metavar="NAME=VALUE",
        many=True,
    ),
    Option("allow-remote", ("--allow-remote",), "Follow references to http and https URLs.", kind="flag"),
    Option("dry-run", ("--dry-run",), "Print the plan and send nothing.", kind="flag"),
    Option(
        "baseline",
        ("--baseline",),
        "A YAML file of accepted findings.  [default: specduet-baseline.yaml, if there is one]",
        kind="file",
        metavar="FILE",
    ),
    Option(
        "update-baseline",
        ("--update-baseline",),
        "Accept the current findings: write them to the baseline, by default specduet-baseline.yaml.",
        kind="flag",
    ),
)
"""Every option of a run but ``--config`` and the names of the APIs."""


def find_option(name: str) -> Option:
    """Return the option with this name. Raises ``KeyError`` where there is none."""
    for known in OPTIONS:
        if known.name == name:
            return known
    raise KeyError(name)


def join_levels(arguments: Sequence[str]) -> list[str]:
    """Return arguments in which each level has its value: ``--allow-writes all`` gives ``--allow-writes=all``."""
    levels = {flag: option.choices for option in OPTIONS if option.kind == "level" for flag in option.flags}
    joined, rest = list[str](), list(arguments)
    while rest:
        argument = rest.pop(0)
        if argument in levels:
            argument += f"={rest.pop(0) if rest and rest[0] in levels[argument] else levels[argument][0]}"
        joined.append(argument)
    return joined


def to_arguments(values: dict[str, Any]) -> list[str]:
    """Convert option values by key, as click parses them, back to command-line arguments."""
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
