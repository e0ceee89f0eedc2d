"""Lines of JSON pointers in a file: it is read once for all of them, and only where something is wrong.

JSON is walked with the decoder of the standard library, which skips what no pointer leads into; YAML by its events.
"""

import json
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from specduet.specs.bounds import LEVELS, VALUES
from specduet.specs.errors import SpecError
from specduet.specs.files import decode_text, read_bytes
from specduet.specs.json_tree import is_json
from specduet.specs.problem_log import ProblemLog
from specduet.specs.schemas import split_pointer

_SPACE = re.compile(r"[ \t\r\n]*")


class _Place:
    """A node that a pointer leads to or through."""

    __slots__ = ("children", "line")

    def __init__(self) -> None:
        self.children: dict[str, _Place] = {}
        self.line: int | None = None


def find_line(path: Path, pointer: str) -> int | None:
    """Return the line (from 1) of the node at a JSON pointer, or of its nearest ancestor in the file."""
    return find_lines(path, [pointer])[pointer]


def find_lines(path: Path, pointers: Iterable[str]) -> dict[str, int | None]:
    """Return the line of each pointer, or of its nearest ancestor; None for all where the file cannot be read."""
    wanted = list(pointers)
    try:
        text = decode_text(read_bytes(path), ProblemLog(path, []))
    except SpecError:
        return dict.fromkeys(wanted)
    return find_lines_in_text(text, wanted)


def find_lines_in_text(text: str, pointers: Iterable[str]) -> dict[str, int | None]:
    """Return the line of each pointer into a document, or of its nearest ancestor that is there.

    A pointer to a component leads to its place in Swagger 2.0, where the document is that.
    """
    root, wanted = _Place(), list(pointers)
    for pointer in (*wanted, *map(_spell_in_swagger, wanted), "/swagger"):
        place = root
        for part in split_pointer(pointer):
            place = place.children.setdefault(part, _Place())
    _mark_lines(text, root)
    is_swagger = root.children["swagger"].line is not None
    return {pointer: _nearest_line(root, _spell_in_swagger(pointer) if is_swagger else pointer) for pointer in wanted}


_SWAGGER_SECTIONS = {
    "/components/schemas": "/definitions",
    "/components/parameters": "/parameters",
    "/components/responses": "/responses",
    "/components/securitySchemes": "/securityDefinitions",
}


def _spell_in_swagger(pointer: str) -> str:
    """Return a pointer to a component of OpenAPI 3 as Swagger 2.0 has it."""
    section = next((name for name in _SWAGGER_SECTIONS if pointer.startswith(f"{name}/")), None)
    return pointer if section is None else _SWAGGER_SECTIONS[section] + pointer.removeprefix(section)


def _nearest_line(root: _Place, pointer: str) -> int | None:
    line, place = root.line, root
    for part in split_pointer(pointer):
        place = place.children[part]
        if place.line is None:
            break
        line = place.line
    return line


def _mark_lines(text: str, root: _Place) -> None:
    import yaml  # costly to import, and not needed for JSON

    if is_json(text):
        with suppress(ValueError, IndexError, RecursionError):
            _JsonLines(text).mark(root)
            return
    with suppress(yaml.YAMLError, _BeyondBoundError):  # what stands before the error is marked
        _YamlLines(yaml.CSafeLoader(text).get_event).mark(root)


class _BeyondBoundError(Exception):
    """The file has more than is read of a document."""


class _JsonLines:
    """Walk over a JSON text that enters only what a pointer leads into."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._decode = json.JSONDecoder(strict=False).raw_decode
        self._counted_to, self._line = 0, 1

    def mark(self, root: _Place) -> None:
        start = self._skip_space(0)
        root.line = self._line_at(start)
        self._enter(root, start)

    def _enter(self, place: _Place, start: int) -> int:
        """Mark the children of the value at ``start``, and return the position after it."""
        opening = self._text[start]
        if not place.children or opening not in "[{":
            return self._decode(self._text, start)[1]
        position, index = self._skip_space(start + 1), 0
        while self._text[position] not in "]}":
            key, at = str(index), position
            if opening == "{":
                key, position = self._decode(self._text, position)
                position = self._skip_space(self._skip_space(position) + 1)  # the colon
            child = place.children.get(key)
            if child is not None:
                child.line = self._line_at(at)
            position = self._skip_space(self._enter(child or _NOWHERE, position))
            if self._text[position] == ",":
                position = self._skip_space(position + 1)
            index += 1
        return position + 1

    def _skip_space(self, position: int) -> int:
        match = _SPACE.match(self._text, position)
        return match.end() if match else position

    def _line_at(self, position: int) -> int:
        self._line += self._text.count("\n", self._counted_to, position)
        self._counted_to = position
        return self._line


_NOWHERE = _Place()


class _YamlLines:
    """Walk over the events of a YAML text."""

    def __init__(self, next_event: Any) -> None:
        import yaml

        self._next_event = next_event
        #: events to come at most: a key and a value each, and the end of each list or object
        self._left = 3 * VALUES.value
        self._starts = (yaml.MappingStartEvent, yaml.SequenceStartEvent)
        self._mapping = yaml.MappingStartEvent
        self._ends = (yaml.MappingEndEvent, yaml.SequenceEndEvent)
        self._scalar = yaml.ScalarEvent

    def mark(self, root: _Place) -> None:
        for _ in range(2):  # the starts of stream and document
            self._next_event()
        event = self._next_event()
        if event is not None:  # else the file is empty
            root.line = event.start_mark.line + 1
            self._enter(root, event, 0)

    def _enter(self, place: _Place, event: Any, level: int) -> None:
        """Mark the children of the node that ``event`` begins, and read to its end."""
        kind = type(event)
        if kind not in self._starts:
            return
        if not place.children:
            self._skip(level)
        elif kind is self._mapping:
            self._enter_mapping(place, level)
        else:
            self._enter_sequence(place, level)

    def _enter_mapping(self, place: _Place, level: int) -> None:
        while type(key := self._next_event()) not in self._ends:
            child = place.children.get(key.value) if type(key) is self._scalar else None
            if type(key) in self._starts:
                self._skip(level)
            if child is not None:
                child.line = key.start_mark.line + 1
            self._enter(child or _NOWHERE, self._next_event(), level + 1)

    def _enter_sequence(self, place: _Place, level: int) -> None:
        index = 0
        while type(event := self._next_event()) not in self._ends:
            child = place.children.get(str(index))
            if child is not None:
                child.line = event.start_mark.line + 1
            self._enter(child or _NOWHERE, event, level + 1)
            index += 1

    def _skip(self, level: int) -> None:
        """Read to the end of the node that has begun. Raises ``_BeyondBoundError`` where it does not come."""
        next_event, starts, ends = self._next_event, self._starts, self._ends
        inner, left = 1, self._left
        while inner:
            kind = type(next_event())
            left -= 1
            if kind in ends:
                inner -= 1
            elif kind in starts:
                inner += 1
                if level + inner > LEVELS.value or left < 0:
                    raise _BeyondBoundError
        self._left = left
