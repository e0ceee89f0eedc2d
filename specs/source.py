"""Readers of YAML and JSON files, and the line of a JSON pointer in them.

Lines are looked up only for an error: the file is then parsed a second time, with marks.
"""

from pathlib import Path
from typing import Any

import yaml

from specduet.specs.errors import NotYaml, UnreadableFile
from specduet.specs.schemas import split_pointer


class _Loader(yaml.CSafeLoader):
    """PyYAML's safe loader, but a date is text, as in YAML 1.2 and JSON."""


def _construct_mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    """Construct a mapping; a duplicate key is an error, as one of the two would be lost silently."""
    keys = [key.value for key, _ in node.value]
    for index, (key, _) in enumerate(node.value):
        if isinstance(key, yaml.ScalarNode) and key.value in keys[:index]:
            raise yaml.MarkedYAMLError(problem=f"the key {key.value!r} stands twice", problem_mark=key.start_mark)
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor("tag:yaml.org,2002:map", _construct_mapping)
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def read_document(path: Path) -> Any:
    """Read a YAML or JSON file. Raises ``UnreadableFile``, or ``NotYaml`` with the line."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableFile("is not UTF-8 text", file=path, remedy="Save it as UTF-8.") from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UnreadableFile(f"cannot be read: {reason}", file=path) from error
    return parse_document(text, path)


def parse_document(text: str, path: Path) -> Any:
    """Parse YAML or JSON text; ``path`` names it in errors."""
    try:
        return _stringify_keys(yaml.load(text, Loader=_Loader))  # noqa: S506 - a subclass of the safe loader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or "a character that YAML does not allow"
        line = mark.line + 1 if mark else None
        raise NotYaml(f"does not parse as YAML: {reason}", file=path, line=line) from error


def find_line(path: Path, pointer: str) -> int | None:
    """Return the line (from 1) of the node at a JSON pointer, or of its nearest ancestor in the file."""
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=_Loader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None
    line = None
    for part in split_pointer(pointer):
        found = _child_node(node, part)
        if found is None:
            break
        line, node = found
    return line


def _child_node(node: yaml.Node | None, part: str) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if str(key.value) == part:
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and part.isdigit() and int(part) < len(node.value):
        item = node.value[int(part)]
        return item.start_mark.line + 1, item
    return None


def _stringify_keys(value: Any) -> Any:
    """Convert keys to text, as JSON has them: an unquoted status code in ``responses`` is a number in YAML."""
    if isinstance(value, dict):
        return {str(key): _stringify_keys(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_stringify_keys(inner) for inner in value]
    return value
