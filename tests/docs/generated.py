"""What is generated in docs/: ``python tests/docs/generated.py`` writes it, test_docs.py checks that it is current."""

import json
import os
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import click

from specduet.cli import cli
from specduet.contracts.clauses import all_clauses
from specduet.specs.vocabulary import make_schema

DOCS = Path(__file__).parents[2] / "docs"
_SEVERITY = {"documented": "error", "inferred": "warning", "assumed": "none"}
_FAMILIES = {
    "response": "Response: what an answer looks like from outside",
    "values": "Values: what stands in it",
    "refusal": "Refusal: wrong input is refused, right input is not",
    "credentials": "Credentials: who is let in",
    "collections": "Collections: limits, pages, order, filters, scopes",
    "lifecycle": "Lifecycle: what a run may do over time",
    "robustness": "Robustness: it answers, in time, and stays up",
}


def clauses() -> str:
    """docs/clauses.md: one line a clause."""
    lines = [
        "# The clauses",
        "",
        "What a service is held to: one clause, one code, one sentence. `specduet explain CODE` tells more. A code is",
        "never given to another clause. The severity is the usual one: a finding takes that of the statement it rests",
        "on, so what the overlay calls `inferred` is a warning, and what it calls `assumed` is no finding.",
    ]
    for family, group in groupby(all_clauses(), key=lambda clause: clause.family):
        lines += ["", f"## {_FAMILIES[family]}", "", "| code | name | severity | sentence |", "|---|---|---|---|"]
        lines += [
            f"| <a id='{clause.code.lower()}'></a>{clause.code} | {clause.name} | {_SEVERITY[clause.basis]} "
            f"| {clause.sentence} |"
            for clause in group
        ]
    return "\n".join(lines) + "\n"


def command_line() -> str:
    """docs/cli.md: what every command says of itself."""
    lines = [
        "# The command line",
        "",
        "What `--help` says, command by command. Exit codes of `specduet test`: 0 no findings at or above `--fail-on`,",
        "1 findings, 2 the operator must act (a bad specification, a bad option, nothing could be tested), 3 the",
        "target could not be reached, 4 specduet itself broke; 130 after Ctrl-C or SIGTERM.",
    ]
    for name, text in _helps():
        lines += ["", f"## {name}", "", "```text", text, "```"]
    return "\n".join(lines) + "\n"


def _helps() -> Iterator[tuple[str, str]]:
    os.environ["COLUMNS"] = "110"
    root = click.Context(cli, info_name="specduet", max_content_width=110, terminal_width=110)
    yield "specduet", cli.get_help(root)
    for name, command in cli.commands.items():
        context = click.Context(command, parent=root, info_name=name, max_content_width=110, terminal_width=110)
        yield f"specduet {name}", command.get_help(context)


def vocabulary_schema() -> str:
    """docs/x-specduet.schema.json: the vocabulary for editors."""
    return json.dumps(make_schema(), indent=2, ensure_ascii=False) + "\n"


FILES = {"clauses.md": clauses, "cli.md": command_line, "x-specduet.schema.json": vocabulary_schema}


if __name__ == "__main__":
    for file, make in FILES.items():
        (DOCS / file).write_text(make(), encoding="utf-8")
