"""Readers of YAML and JSON files. What is wrong in a file is a problem with its line; what cannot be read is an error.

    bytes ─ text ─┬─ JSON, where it begins as JSON and parses ─┬─ plain values      specs/files.py, json_tree.py,
                  └─ YAML 1.2, else ───────────────────────────┘                    yaml_tree.py

All of it is bounded (``specs/bounds.py``).
"""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from specduet.specs.errors import NotYaml
from specduet.specs.files import decode_text, join_surrogates, read_bytes
from specduet.specs.json_tree import build_json, is_json
from specduet.specs.lines import find_line, find_lines
from specduet.specs.problem_log import ProblemLog
from specduet.specs.problems import Problem

if TYPE_CHECKING:
    import yaml

#: characters that may not stand in YAML, not even in a comment (YAML 1.2, 5.1)
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: a blank line with a tab: YAML 1.2 allows it, libyaml does not
_BLANK = re.compile(r"(?m)^ *\t[ \t]*$")


def read_document(path: Path, problems: list[Problem] | None = None) -> Any:
    """Read a YAML or JSON file. Raises ``UnreadableFile``, or ``NotYaml`` with the line.

    What is wrong and can be read nevertheless is added to ``problems``; without such a list it is an error.
    """
    log = ProblemLog(path, problems)
    return _parse(decode_text(read_bytes(path), log), log, path)


def parse_document(text: str, path: Path, problems: list[Problem] | None = None) -> Any:
    """Parse YAML or JSON text; ``path`` names it in errors."""
    return _parse(text, ProblemLog(path, problems), path)


def _parse(text: str, log: ProblemLog, path: Path) -> Any:
    value = _parse_json(text, log, path) if is_json(text) else _parse_yaml(text, log)
    log.close()
    return value


def _parse_json(text: str, log: ProblemLog, path: Path) -> Any:
    """Parse JSON, or YAML that begins like it: ``{openapi: 3.1.0}``."""
    noted = log.mark()
    try:
        return build_json(text, log)
    except json.JSONDecodeError as json_error:
        log.clear(noted)
        try:
            return _parse_yaml(text, log)
        except NotYaml:
            if path.suffix != ".json":
                raise
            reason = f"{json_error.msg[:1].lower()}{json_error.msg[1:]}"
            raise log.refuse(f"does not parse as JSON: {reason}", json_error.lineno) from json_error


def _parse_yaml(text: str, log: ProblemLog) -> Any:
    """Parse YAML; a text that libyaml refuses for a harmless reason is parsed once more without that."""
    import yaml  # only a document that is no JSON needs it

    from specduet.specs.yaml_tree import build_tree

    noted = log.mark()
    try:
        return build_tree(text, log)
    except yaml.YAMLError as error:
        log.clear(noted)
        repaired = _repair_yaml(text, error, log)
        if repaired is None:
            raise _yaml_error(error, log) from error
    try:
        return build_tree(repaired, log)
    except yaml.YAMLError as error:
        raise _yaml_error(error, log) from error


def _repair_yaml(text: str, error: "yaml.YAMLError", log: ProblemLog) -> str | None:
    """Return the text without what YAML does not allow, or None where that is not the reason of the error."""
    found = _FORBIDDEN.search(text)
    if found is not None:
        line = text.count("\n", 0, found.start()) + 1
        log.report(f"YAML does not allow the character U+{ord(found[0]):04X}", "it is read as U+FFFD", line)
        return _FORBIDDEN.sub("\ufffd", text)
    repaired = _BLANK.sub("", text)
    if "escape code" in str(getattr(error, "problem", "")):
        repaired = join_surrogates(repaired)
    return repaired if repaired != text else None


def _yaml_error(error: "yaml.YAMLError", log: ProblemLog) -> NotYaml:
    mark = getattr(error, "problem_mark", None)
    reason = getattr(error, "problem", None) or "a character that YAML does not allow"
    return log.refuse(f"does not parse as YAML: {reason}", mark.line + 1 if mark else None)


__all__ = ["find_line", "find_lines", "parse_document", "read_document"]
