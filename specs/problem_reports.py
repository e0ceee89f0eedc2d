"""Reports of ``specduet check``: the problems of documents as text, JSON, SARIF or GitHub annotations."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from specduet.specs.errors import SpecError
from specduet.specs.locations import display_path, repository_path
from specduet.specs.printing import make_printable
from specduet.specs.problems import Problem

_SARIF = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_RULE = "document"


@dataclass(frozen=True)
class CheckedDocument:
    """One document that was checked."""

    path: Path
    problems: tuple[Problem, ...]
    #: the reason why it cannot be served
    error: SpecError | None = None

    @property
    def rows(self) -> Iterator[tuple[str, Problem]]:
        """The level of each problem, with the problem; the error is one."""
        if self.error is not None:
            file = Path(self.error.file) if self.error.file is not None else self.path
            message = " ".join(filter(None, (self.error.message, self.error.remedy)))
            yield "error", Problem(file, self.error.line, self.error.pointer, message, "it cannot be served")
        yield from (("warning", problem) for problem in self.problems)


def count_problems(path: Path, problems: Sequence[Problem]) -> str:
    """Return the line that says how many problems a document has, and how to see them."""
    number = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
    shown = make_printable(display_path(path))
    return f"{number} in {shown}: specduet check {shown} shows {'them' if len(problems) > 1 else 'it'}"


def render_text(documents: Sequence[CheckedDocument]) -> str:
    """Return one line a problem, and one for each document without any."""
    lines = []
    for document in documents:
        rows = [str(problem) for _, problem in document.rows]
        lines += rows or [f"{make_printable(display_path(document.path))}: no problems"]
    return "\n".join(lines)


def render_json(documents: Sequence[CheckedDocument]) -> str:
    """Return a list of documents with their problems."""
    return json.dumps([_to_json(document) for document in documents], indent=2)


def _to_json(document: CheckedDocument) -> dict[str, Any]:
    return {
        "document": str(document.path),
        "served": document.error is None,
        "problems": [
            {
                "level": level,
                "file": str(problem.file),
                "line": problem.line,
                "pointer": problem.pointer,
                "message": problem.message,
                "effect": problem.effect,
            }
            for level, problem in document.rows
        ],
    }


def render_github(documents: Sequence[CheckedDocument]) -> str:
    """Return one workflow command a problem; a file outside the repository stands in the message."""
    lines = []
    for document in documents:
        for level, problem in document.rows:
            path = repository_path(problem.file)
            line = f",line={problem.line}" if problem.line else ""
            place = f" file={_escape_property(path)}{line}" if path else ""
            text = str(problem) if path is None else problem.sentence
            lines.append(f"::{level}{place}::{_escape_data(text)}")
    return "\n".join(lines)


def _escape_data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape_data(text).replace(":", "%3A").replace(",", "%2C")


def render_sarif(documents: Sequence[CheckedDocument]) -> str:
    """Return a SARIF log of all documents."""
    rule = {"id": _RULE, "name": "document", "shortDescription": {"text": "The document is valid OpenAPI."}}
    run = {
        "tool": {"driver": {"name": "specduet", "version": _read_version(), "rules": [rule]}},
        "results": [_to_result(level, problem) for document in documents for level, problem in document.rows],
        "columnKind": "unicodeCodePoints",
    }
    return json.dumps({"$schema": _SARIF, "version": "2.1.0", "runs": [run]}, indent=2)


def _to_result(level: str, problem: Problem) -> dict[str, Any]:
    location: dict[str, Any] = {"logicalLocations": [{"fullyQualifiedName": problem.pointer or "/"}]}
    uri = repository_path(problem.file)
    if uri is not None:
        region = {"region": {"startLine": problem.line}} if problem.line else {}
        location["physicalLocation"] = {"artifactLocation": {"uri": uri}, **region}
    return {
        "ruleId": _RULE,
        "ruleIndex": 0,
        "level": level,
        "message": {"text": problem.sentence if uri is not None else str(problem)},
        "locations": [location],
    }


def _read_version() -> str:
    try:
        return version("specduet")
    except PackageNotFoundError:  # run from its sources
        return "0"


RENDERERS: dict[str, Callable[[Sequence[CheckedDocument]], str]] = {
    "text": render_text,
    "json": render_json,
    "sarif": render_sarif,
    "github": render_github,
}
