"""Paths of operations: their parts, the collection that they are about, and verbs at their end."""

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

from specduet.specs.inference.words import to_snake, word_set

_EXTENSION = re.compile(r"\.(json|xml|\{format\})$")
_VERB = re.compile(r"^(.*[^/]):([A-Za-z]+)$")
_VERSION = re.compile(r"v?\d+([.\-]\d+)*([a-z]+\d*)?$", re.IGNORECASE)
# parameters of a path that choose no row: every value of them shows the same rows
_SETTINGS = word_set("version api_version locale language lang format response_format region environment")


@dataclass(frozen=True)
class PathShape:
    """The parts of a path without a suffix such as ``.json``: ``/users/{id}`` has the parts ``users`` and ``{id}``."""

    parts: tuple[str, ...]
    #: at the end of the path, after a colon: ``cancel`` in ``/jobs/{id}:cancel``
    verb: str = ""

    @cached_property
    def key(self) -> str:
        """The path without the names of its parameters: ``/users/{}``."""
        return "".join("/{}" if part[0] == "{" else f"/{part}" for part in self.parts)

    @property
    def last(self) -> str:
        """The last part, empty for the root."""
        return self.parts[-1] if self.parts else ""

    @property
    def is_item(self) -> bool:
        """Tell whether the path ends with a parameter."""
        return self.last.startswith("{")

    @property
    def parameter(self) -> str:
        """The name of the parameter at its end, else empty."""
        return read_parameter(self.last) if self.is_item else ""

    @cached_property
    def above(self) -> "PathShape":
        """The path without its last part."""
        return PathShape(self.parts[:-1])

    @cached_property
    def noun(self) -> str:
        """The last part that is no parameter, with underscores: ``order_lines``."""
        return next((to_snake(part) for part in reversed(self.parts) if part[0] != "{"), "")

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """The names of its parameters that choose rows, in their order."""
        names = (read_parameter(part) for part in self.parts if part[0] == "{")
        return tuple(name for name in names if to_snake(name) not in _SETTINGS)

    @property
    def is_named_by_version(self) -> bool:
        """Tell whether no part but a version, or a word such as ``api``, is no parameter."""
        return all(part[0] == "{" or part == "api" or _VERSION.match(part) for part in self.parts)


@lru_cache(maxsize=8192)
def parse_path(path: str) -> PathShape:
    """Return the shape of a path as the document writes it."""
    path = path.partition("?")[0].partition("#")[0].rstrip("/")
    verb = ""
    if match := _VERB.match(path):
        path, verb = match[1], match[2]
    path = _EXTENSION.sub("", path)
    return PathShape(tuple(filter(None, path.split("/"))), verb)


@lru_cache(maxsize=8192)
def read_parameter(part: str) -> str:
    """Return the name of the first parameter in a part of a path: ``{id}`` and ``{id}.csv`` give ``id``."""
    return part[1:].partition("}")[0]
