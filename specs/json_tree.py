"""Builder of plain values from JSON text: what is JSON is not read as YAML, which takes ten times as long."""

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from specduet.specs.bounds import DIGITS, LEVELS, VALUES
from specduet.specs.files import repair_surrogates
from specduet.specs.problem_log import ProblemLog
from specduet.specs.schemas import escape_pointer

_STRING = r'"[^"\\]*(?:\\.[^"\\]*)*"'
_TOKEN = re.compile(rf"{_STRING}|[\[\]{{}}:,]", re.DOTALL)


def is_json(text: str) -> bool:
    """Return whether the text begins as a JSON document does; YAML may begin so, too."""
    return text[:200].lstrip()[:1] in {"{", "["}


def build_json(text: str, log: ProblemLog) -> Any:
    """Return the value of a JSON text. Raises ``ValueError`` where it is none, ``NotYaml`` beyond a bound."""
    _check_size(text, log)
    text, line = repair_surrogates(text)
    if line is not None:
        log.report("half a surrogate pair is escaped", "it is read as U+FFFD", line)
    builder = _Builder(text, log)
    try:
        value = builder.decode()
    except RecursionError:
        raise log.exceed(LEVELS, _find_deepest_line(text)) from None
    if _count_levels(value) > LEVELS.value:
        raise log.exceed(LEVELS, _find_deepest_line(text))
    if builder.has_duplicates:
        for pointer, key, position in _find_duplicates(text):
            log.report(f"the key {key!r} stands twice", "the last one counts", _line_at(text, position), pointer)
            if log.is_full:
                break
    return value


def _check_size(text: str, log: ProblemLog) -> None:
    """Raise ``NotYaml`` where there are more values than the bound, before they take memory."""
    if sum(map(text.count, ",[{")) > VALUES.value:
        bare = re.sub(_STRING, "", text, flags=re.DOTALL)
        if sum(map(bare.count, ",[{")) > VALUES.value:
            raise log.exceed(VALUES, None)


class _Builder:
    def __init__(self, text: str, log: ProblemLog) -> None:
        self._text = text
        self._log = log
        #: numbers come in the order of the text
        self._searched_to = 0
        self.has_duplicates = False

    def decode(self) -> Any:
        decoder = json.JSONDecoder(
            object_pairs_hook=self._build_object,
            parse_int=self._parse_integer,
            parse_float=self._parse_float,
            parse_constant=self._reject_constant,
            strict=False,  # raw tabs and line breaks in strings are harmless
        )
        return decoder.decode(self._text)

    def _build_object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        built = dict(pairs)
        if len(built) != len(pairs):
            self.has_duplicates = True
        return built

    def _parse_integer(self, digits: str) -> Any:
        if len(digits) <= DIGITS.value:
            return int(digits)
        return self._reject(f"a number of {len(digits)} digits is longer than {DIGITS.value}", digits)

    def _parse_float(self, digits: str) -> Any:
        number = float(digits)
        return number if math.isfinite(number) else self._reject(f"the number {digits[:40]} is too large", digits)

    def _reject_constant(self, name: str) -> str:
        return self._reject(f"JSON has no number {name}", name)

    def _reject(self, message: str, number: str) -> str:
        if not self._log.is_full:  # the decoder does not say where it is
            pattern = re.compile(rf"(?<![\w.+-]){re.escape(number)}(?![\w.+-])")
            found = pattern.search(self._text, self._searched_to)
            self._searched_to = found.end() if found else self._searched_to
            self._log.report(message, "it is read as text", _line_at(self._text, self._searched_to))
        return number


def _count_levels(value: Any) -> int:
    """Return the number of levels of lists and objects."""
    levels, open_nodes = 0, [value] if isinstance(value, dict | list) else []
    while open_nodes:
        levels += 1
        inner = (v for node in open_nodes for v in (node.values() if type(node) is dict else node))
        open_nodes = [v for v in inner if type(v) is dict or type(v) is list]
    return levels


def _find_deepest_line(text: str) -> int | None:
    """Return the line at which the nesting exceeds the bound."""
    level = 0
    for token in _TOKEN.finditer(text):
        level += (token[0] in "[{") - (token[0] in "]}")
        if level > LEVELS.value:
            return _line_at(text, token.start())
    return None


class _Open:
    """An open list or object of the text: the keys of an object so far, and the key or index that is read."""

    def __init__(self, part: str | int) -> None:
        self.keys: set[str] = set()
        self.part = part


def _find_duplicates(text: str) -> Iterator[tuple[str, str, int]]:
    """Yield every key that repeats one of its object as (pointer, key, position)."""
    stack: list[_Open] = []
    before = None
    for token in _TOKEN.finditer(text):
        match token[0]:
            case "{" | "[":
                stack.append(_Open("" if token[0] == "{" else 0))
            case "]" | "}":
                stack.pop()
            case "," if isinstance(stack[-1].part, int):
                stack[-1].part += 1
            case ":" if before is not None:
                key = stack[-1].part = json.loads(before[0], strict=False)
                if key in stack[-1].keys:
                    yield "".join(f"/{escape_pointer(str(o.part))}" for o in stack), key, before.start()
                stack[-1].keys.add(key)
        before = token


def _line_at(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1
