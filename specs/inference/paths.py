"""Paths of operations: their parts, the collection that they are about, and verbs at their end."""

import re
from dataclasses import dataclass
from functools import lru_cache

from specduet.specs.inference.words import to_snake, word_set

_EXTENSION = re.compile(r"\.(json|xml|\{format\})$")
_VERB = re.compile(r"^(.*[^/]):([A-Za-z]+)$")
_KEY = re.compile(r"/([^/{}()]+)\('?(\{[^{}]+\})'?\)")  # OData: `/Parts({ID})` is the path of one of `/Parts`
_FORMATS = word_set("json xml")  # `/containers/json` is a path of `/containers`
# `/documents.list` has the parts `documents` and `list`, and `/feed.rss` is one part
_DOTTED = re.compile(r"[A-Za-z][\w-]*(\.[A-Za-z][\w-]*)+")
_FILE = re.compile(r"\.(csv|txt|html?|pdf|ya?ml|rss|atom|ics|png|jpe?g|svg|zip|gz|js|css|ico|php|aspx?|jsp|do|cgi)$")
# parameters of a path that choose no row: every value of them shows the same rows
_SETTINGS = word_set("version api_version locale language lang format response_format region environment")


@dataclass(frozen=True, slots=True, eq=False)
class PathShape:
    """The parts of a path without a suffix such as ``.json``: ``/users/{id}`` has the parts ``users`` and ``{id}``.

    ``make_shape`` makes each shape once, so that two of the same parts are the same object.
    """

    parts: tuple[str, ...]
    #: at the end of the path, after a colon: ``cancel`` in ``/jobs/{id}:cancel``
    verb: str
    #: the path without the names of its parameters: ``/users/{}``
    key: str
    #: the last part, empty for the root
    last: str
    #: the path ends with a parameter
    is_item: bool
    #: the name of the parameter at its end, else empty
    parameter: str
    #: the last part that is no parameter, with underscores: ``order_lines``
    noun: str
    #: the names of its parameters that choose rows, in their order
    parameters: tuple[str, ...]

    @property
    def above(self) -> "PathShape":
        """The path without its last part."""
        return make_shape(self.parts[:-1])


@lru_cache(maxsize=16384)
def make_shape(parts: tuple[str, ...], verb: str = "") -> PathShape:
    """Return the shape of a path with these parts."""
    last = parts[-1] if parts else ""
    is_item = last.startswith("{")
    names = [read_parameter(part) for part in parts if part[0] == "{"]
    return PathShape(
        parts,
        verb,
        key="".join("/{}" if part[0] == "{" else f"/{part}" for part in parts),
        last=last,
        is_item=is_item,
        parameter=read_parameter(last) if is_item else "",
        noun=next((to_snake(part) for part in reversed(parts) if part[0] != "{"), ""),
        parameters=tuple(name for name in names if to_snake(name) not in _SETTINGS),
    )


@lru_cache(maxsize=8192)
def parse_path(path: str) -> PathShape:
    """Return the shape of a path as the document writes it."""
    path = path.partition("?")[0].partition("#")[0].rstrip("/")
    verb = ""
    if match := _VERB.match(path):
        path, verb = match[1], match[2]
    path = _KEY.sub(r"/\1/\2", _EXTENSION.sub("", path))
    parts = [part for part in path.split("/") if part]
    if len(parts) > 1 and parts[-1] in _FORMATS:
        parts.pop()
    if parts and is_dotted(parts[-1]):
        parts[-1:] = parts[-1].split(".")
    return make_shape(tuple(parts), verb)


def is_dotted(part: str) -> bool:
    """Tell whether a part of a path is of a noun and a verb with a dot between them: ``documents.list``."""
    return bool(_DOTTED.fullmatch(part)) and not _FILE.search(part)


def read_parameter(part: str) -> str:
    """Return the name of the first parameter in a part of a path: ``{id}`` and ``{id}.csv`` give ``id``."""
    return part[1:].partition("}")[0]
