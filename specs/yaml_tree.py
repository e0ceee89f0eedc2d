"""Builder of plain values from YAML text, by the core schema of YAML 1.2.

libyaml parses and yields events, from which the tree is built here: PyYAML's own constructors know only YAML 1.1, call
themselves once a level, and take four times as long. Aliases are copied:
nothing in the tree is shared.

https://yaml.org/spec/1.2.2/#103-core-schema
"""

import math
import re
from collections.abc import Callable
from typing import Any

import yaml

from specduet.specs.bounds import DIGITS, LEVELS, VALUES
from specduet.specs.problem_log import ProblemLog
from specduet.specs.schemas import escape_pointer

_CORE = "tag:yaml.org,2002:"
_STRUCTURES = {f"{_CORE}{name}" for name in ("map", "seq", "set", "omap", "pairs")}
_TEXTS = {"!", *(f"{_CORE}{name}" for name in ("str", "binary", "timestamp"))}
_TYPES: dict[str, tuple[type, ...]] = {
    f"{_CORE}null": (type(None),),
    f"{_CORE}bool": (bool,),
    f"{_CORE}int": (int,),
    f"{_CORE}float": (float, int),
}
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMBER_STARTS = frozenset("+-.0123456789")
# `08` is text in YAML 1.1, whose writers leave such codes and phone numbers unquoted, and a string is what they mean
_INTEGER = re.compile(r"(?!0[0-9]*[89])[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"(?![-+]?[0-9]+$)[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NO_NUMBER = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_BASES = {"0o": 8, "0x": 16}
_SCALAR, _ALIAS = yaml.ScalarEvent, yaml.AliasEvent
_STARTS = (yaml.MappingStartEvent, yaml.SequenceStartEvent)
_ENDS = (yaml.MappingEndEvent, yaml.SequenceEndEvent)


def build_tree(text: str, log: ProblemLog) -> Any:
    """Return the value of a YAML text. Raises ``yaml.YAMLError``, and ``NotYaml`` beyond a bound."""
    return _TreeBuilder(text, log).build()


def to_number(text: str, reject: Callable[[str], Any]) -> Any:
    """Return the number that ``text`` is in YAML 1.2, the text itself where it is none.

    A number that JSON does not have (too long, or infinite) is what ``reject`` returns for its reason.
    """
    if _INTEGER.fullmatch(text):
        if len(text) > DIGITS.value:
            return reject(f"a number of {len(text)} digits is longer than {DIGITS.value}")
        base = _BASES.get(text[:2], 10)
        return int(text[2:] if base != 10 else text, base)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return number if math.isfinite(number) else reject(f"the number {text[:40]} is too large")
    return reject(f"JSON has no number {text!r}") if _NO_NUMBER.fullmatch(text) else text


class _Scalars(dict[str, Any]):
    """Values of plain scalars by their text: each text is looked at once."""

    def __init__(self, reject: Callable[[str, str], Any]) -> None:
        super().__init__(_WORDS)
        self._reject = reject

    def __missing__(self, text: str) -> Any:
        value = to_number(text, lambda reason: self._reject(reason, text)) if text[0] in _NUMBER_STARTS else text
        self[text] = value
        return value


#: characters that count as one value: a long text that is repeated makes a document large as many values do
_TEXT_UNIT = 64


class _Anchor:
    """A value that aliases repeat, with what a copy of it costs."""

    __slots__ = ("count", "levels", "text", "value")

    def __init__(self, value: Any, text: str | None, length: int, count: int = 1, levels: int = 0) -> None:
        self.value = value
        self.count = count + length // _TEXT_UNIT
        self.levels = levels
        #: as it is written, where it is a scalar: an alias may stand as a key
        self.text = text


class _Frame:
    """An open mapping or sequence."""

    __slots__ = ("anchor", "container", "count_before", "key", "levels", "merged", "start")

    def __init__(self, container: Any, count_before: int, event: Any = None) -> None:
        self.container = container
        self.count_before = count_before
        self.anchor = None if event is None else event.anchor
        #: position in the text
        self.start = 0 if self.anchor is None else event.start_mark.index
        #: the key whose value comes next; None in a sequence, and where a key comes next
        self.key: Any = None
        #: mappings given with the merge key ``<<``
        self.merged: list[dict[str, Any]] = []
        #: levels of the deepest value so far, this container included
        self.levels = 1


#: the merge key, and a key that is no scalar, whose value is left out
_MERGE, _NO_TEXT = object(), object()


class _TreeBuilder:
    def __init__(self, text: str, log: ProblemLog) -> None:
        self._next_event: Callable[[], Any] = yaml.CSafeLoader(text).get_event
        self._log = log
        self._event: Any = None
        self._count = 0
        self._anchors: dict[str, _Anchor] = {}
        self._scalars = _Scalars(self._reject_number)
        self._keys: dict[str, str] = {}
        #: the outermost frame holds the document itself
        self._root = _Frame([], 0)
        self._frame = self._root
        self._stack: list[_Frame] = []

    def build(self) -> Any:
        next_event, scalars = self._next_event, self._scalars
        while True:
            self._event = event = next_event()
            kind = type(event)
            frame = self._frame
            if kind is _SCALAR:
                if frame.key is None and type(frame.container) is dict:
                    self._take_key(frame, event.value)
                    continue
                self._count += 1
                if event.tag is None:
                    value = scalars[event.value] if event.implicit[0] else event.value
                else:
                    value = self._read_tagged(event)
                if event.anchor is not None:
                    self._anchors[event.anchor] = _Anchor(value, event.value, len(event.value))
                self._place(value)
            elif kind in _STARTS:
                self._open({} if kind is yaml.MappingStartEvent else [])
            elif kind in _ENDS:
                self._close()
            elif kind is _ALIAS:
                self._repeat(event.anchor)
            elif kind is yaml.StreamEndEvent:
                return self._finish()

    def _finish(self) -> Any:
        documents = self._root.container
        if len(documents) > 1:
            self._report("the file has more than one document", "only the first is read", pointer="")
        return documents[0] if documents else None

    def _place(self, value: Any) -> None:
        """Put a finished value into the container that is open."""
        if self._count > VALUES.value:
            raise self._log.exceed(VALUES, self._line())
        frame = self._frame
        key = frame.key
        if type(frame.container) is list:
            frame.container.append(value)
        elif key is None:
            self._report("a key is a list or an object", "it is left out, with its value")
            frame.key = _NO_TEXT
        else:
            frame.key = None
            if type(key) is str:
                frame.container[key] = value
            elif key is _MERGE:
                self._merge(frame, value)

    def _take_key(self, frame: _Frame, text: str) -> None:
        event = self._event
        if text == "<<" and event.implicit[0]:
            frame.key = _MERGE
            return
        key = frame.key = self._keys.setdefault(text, text)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchor(key, key, len(key))
        if key in frame.container:
            self._report(f"the key {key!r} stands twice", "the last one counts")

    def _open(self, container: Any) -> None:
        event = self._event
        self._count += 1
        if event.tag is not None and event.tag not in _STRUCTURES:
            self._reject_tag(event.tag)
        if len(self._stack) >= LEVELS.value:
            raise self._log.exceed(LEVELS, self._line())
        self._stack.append(self._frame)
        self._frame = _Frame(container, self._count - 1, event)

    def _close(self) -> None:
        closed = self._frame
        container = closed.container
        if closed.merged:
            own = dict(container)
            container.clear()
            for mapping in reversed(closed.merged):  # the first of several mappings wins
                container.update(mapping)
            container.update(own)
        if closed.anchor is not None:
            count, length = self._count - closed.count_before, self._event.end_mark.index - closed.start
            self._anchors[closed.anchor] = _Anchor(container, None, length, count, closed.levels)
        self._frame = self._stack.pop()
        self._frame.levels = max(self._frame.levels, closed.levels + 1)
        self._place(container)

    def _repeat(self, name: str) -> None:
        """Place a copy of what an alias names."""
        anchor = self._anchors.get(name)
        frame = self._frame
        if anchor is None:
            self._report(f"the alias *{name} names nothing before it", "it is read as text")
            anchor = _Anchor(f"*{name}", f"*{name}", 0)
        if frame.key is None and type(frame.container) is dict and anchor.text is not None:
            self._take_key(frame, anchor.text)
            return
        self._count += anchor.count
        if self._count > VALUES.value:
            raise self._log.exceed(VALUES, self._line())
        if len(self._stack) + anchor.levels > LEVELS.value:
            raise self._log.exceed(LEVELS, self._line())
        frame.levels = max(frame.levels, anchor.levels + 1)
        self._place(_copy_tree(anchor.value))

    def _merge(self, frame: _Frame, value: Any) -> None:
        mappings = value if isinstance(value, list) else [value]
        if all(isinstance(mapping, dict) for mapping in mappings):
            frame.merged.extend(mappings)
        else:
            frame.container["<<"] = value  # a property of this name

    def _read_tagged(self, event: Any) -> Any:
        text, tag = event.value, event.tag
        if tag in _TEXTS:
            return text
        if tag not in _TYPES:
            self._reject_tag(tag)
            return self._scalars[text] if event.implicit[0] else text
        value = self._scalars[text]
        if not isinstance(value, _TYPES[tag]):
            self._report(f"{text[:40]!r} is no {tag.removeprefix(_CORE)}", "it is read as text")
        return value

    def _reject_tag(self, tag: str) -> None:
        """Report a tag of somebody's own. Raises ``NotYaml`` for one that stands for code."""
        if tag.startswith(f"{_CORE}python/"):
            raise self._log.refuse(f"the tag {tag.replace(_CORE, '!!')!r} stands for code", self._line())
        self._report(f"the tag {tag!r} is not known", "the value is read without it")

    def _reject_number(self, reason: str, text: str) -> str:
        self._report(reason, "it is read as text")
        return text

    def _line(self) -> int:
        return int(self._event.start_mark.line) + 1

    def _report(self, message: str, effect: str, pointer: str | None = None) -> None:
        if not self._log.is_full:
            self._log.report(message, effect, self._line(), self._pointer() if pointer is None else pointer)

    def _pointer(self) -> str:
        frames = [*self._stack[1:], self._frame] if self._stack else []
        parts = [len(f.container) if type(f.container) is list else f.key for f in frames]
        return "".join(f"/{escape_pointer(str(part))}" for part in parts if isinstance(part, int | str))


def _copy_tree(value: Any) -> Any:
    if type(value) is dict:
        return {key: _copy_tree(inner) for key, inner in value.items()}
    if type(value) is list:
        return [_copy_tree(inner) for inner in value]
    return value
