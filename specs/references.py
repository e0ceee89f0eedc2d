"""References of a document and of the files it refers to: where each leads.

Nothing is changed here: ``specs/normalizer.py`` asks for the target of a reference and decides what becomes of it.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urljoin

from specduet.specs.errors import SpecError
from specduet.specs.files import decode_text, read_bytes
from specduet.specs.problem_log import ProblemLog
from specduet.specs.problems import Problem
from specduet.specs.schemas import escape_pointer, split_pointer
from specduet.specs.source import read_document

_MAX_FILES = 2_000
_MAX_STEPS = 100  # from reference to reference; nobody writes a longer chain
_MISSING = object()


class FilePlace(NamedTuple):
    """A node of a file."""

    file: Path
    pointer: str

    def child(self, name: str | int) -> "FilePlace":
        return FilePlace(self.file, f"{self.pointer}/{escape_pointer(str(name))}")


class Unresolved(Exception):
    """A reference that leads to nothing that may be read; its text says why."""


class References:
    """Files of one document, and the targets of the references in them."""

    def __init__(self, path: Path, document: Any, *, allow_remote: bool = False) -> None:
        self.main = path.resolve()
        self.problems: list[Problem] = []
        self._allow_remote = allow_remote
        own = document.get("$self") if isinstance(document, Mapping) else None
        self._own_url = own.partition("#")[0] if isinstance(own, str) and "://" in own else ""
        self._documents: dict[Path, Any] = {self.main: document}
        self._texts: set[Path] = set()
        self._unreadable: set[Path] = set()
        self._urls: dict[Path, str] = {}
        self._anchors: dict[Path, dict[str, str]] = {}

    @property
    def files(self) -> tuple[Path, ...]:
        """The other files that were read, or could not be: what the document says changes with each of them."""
        known = (file for file in self._documents if file != self.main and file not in self._urls)
        return tuple(dict.fromkeys((*known, *sorted(self._texts | self._unreadable))))

    def find_target(self, reference: str, base: FilePlace) -> tuple[FilePlace, Any]:
        """Return the place that a reference leads to, and its node. Raises ``Unresolved``."""
        name, _, fragment = reference.partition("#")
        file = base.file if not name else self._find_file(name, base)
        pointer = self._find_pointer(reference, file, fragment)
        place, node = self._walk(file, pointer, reference)
        if node is _MISSING and "%" in fragment:  # written without the escape that RFC 6901, section 6 asks for
            place, node = self._walk(file, fragment, reference)
        if node is _MISSING:
            raise Unresolved(f"the reference {reference!r} leads nowhere")
        return place, node

    def follow(self, reference: str, base: FilePlace) -> tuple[FilePlace, Any]:
        """Return the place and node behind all references in a row. Raises ``Unresolved`` for a circle."""
        seen = {base}
        place, node = self.find_target(reference, base)
        while isinstance(node, Mapping) and isinstance(node.get("$ref"), str):
            if place in seen or len(seen) > _MAX_STEPS:
                raise Unresolved(f"the reference {reference!r} leads to itself")
            seen.add(place)
            place, node = self.find_target(node["$ref"], place)
        return place, node

    def read_text(self, reference: str, base: FilePlace) -> str:
        """Return the text of the file that a reference leads to. Raises ``Unresolved``."""
        file = self._find_file(reference.partition("#")[0], base, is_document=False)
        log = ProblemLog(file, self.problems)
        try:
            text = decode_text(read_bytes(file), log)
        except SpecError as error:
            self._unreadable.add(file)
            raise Unresolved(f"the file {file.name!r} {error.message}") from error
        log.close()
        self._texts.add(file)
        return text

    def _find_file(self, name: str, base: FilePlace, *, is_document: bool = True) -> Path:
        if base.file in self._urls:
            name = urljoin(self._urls[base.file], name)
        elif self._own_url and "://" in name:
            name = self._to_relative(name)
        if "://" in name or name.startswith("//"):
            return self._find_remote_file(name)
        for spelling in dict.fromkeys((name, unquote(name))):
            target = (base.file.parent / spelling).resolve()
            if target == self.main or target in self._documents:
                return target
            if not target.is_relative_to(self.main.parent):
                raise Unresolved(f"the reference to {name!r} leaves the folder of the document")
            if target.is_file():
                return self._read(target) if is_document else target
            self._unreadable.add(target)
        raise Unresolved(f"the reference to {name!r} leads to no file")

    def _to_relative(self, url: str) -> str:
        """Return the URL of a file that stands beside the document by its ``$self`` as a path (OAS 3.2, 4.1.2.2)."""
        folder = self._own_url.rpartition("/")[0] + "/"
        if url == self._own_url:
            return str(self.main)
        return str(self.main.parent / url.removeprefix(folder)) if url.startswith(folder) else url

    def _find_remote_file(self, url: str) -> Path:
        if not self._allow_remote:
            raise Unresolved(f"the reference to {url!r} goes over the network, which is not followed")
        from specduet.specs.remote import CannotFetch, fetch_document  # only who allows it needs it

        file = Path(url)  # never opened: the name of the document
        if file not in self._documents:
            try:
                self._documents[file] = fetch_document(url)
            except (CannotFetch, SpecError) as error:
                raise Unresolved(f"the reference leads to nothing: {error}") from error
            self._urls[file] = url
        return file

    def _read(self, file: Path) -> Path:
        if len(self._documents) > _MAX_FILES:
            raise Unresolved(f"more than {_MAX_FILES:,} files are referred to")
        try:
            self._documents[file] = read_document(file, self.problems)
        except SpecError as error:
            self._unreadable.add(file)
            raise Unresolved(f"the file {file.name!r} {error.message}") from error
        return file

    def _find_pointer(self, reference: str, file: Path, fragment: str) -> str:
        pointer = unquote(fragment)
        if not pointer or pointer.startswith("/"):
            return pointer
        if file not in self._anchors:
            self._anchors[file] = dict(_find_anchors(self._documents[file], ""))
        if pointer not in self._anchors[file]:
            raise Unresolved(f"the reference {reference!r} leads nowhere")
        return self._anchors[file][pointer]

    def _walk(self, file: Path, pointer: str, reference: str) -> tuple[FilePlace, Any]:
        """Return the node at a pointer; a reference on the way to it is followed."""
        place, node = FilePlace(file, ""), self._documents[file]
        for steps, part in enumerate(split_pointer(pointer) if pointer.startswith("/") else ()):
            found = _child_of(node, part)
            if found is _MISSING and isinstance(node, Mapping) and isinstance(node.get("$ref"), str):
                if steps > _MAX_STEPS or node["$ref"] == reference:
                    return place, _MISSING
                place, node = self.follow(node["$ref"], place)
                found = _child_of(node, part)
            if found is _MISSING:
                return place, _MISSING
            place, node = place.child(part), found
        return place, node


def _child_of(node: Any, part: str) -> Any:
    if isinstance(node, Mapping):
        return node.get(part, _MISSING)
    if isinstance(node, list) and part.isdecimal() and int(part) < len(node):
        return node[int(part)]
    return _MISSING


def _find_anchors(node: Any, pointer: str) -> Iterator[tuple[str, str]]:
    """Yield the anchors below a node with their pointers."""
    if isinstance(node, Mapping):
        for keyword in ("$anchor", "$dynamicAnchor"):
            if isinstance(node.get(keyword), str):
                yield node[keyword], pointer
        for key, value in node.items():
            yield from _find_anchors(value, f"{pointer}/{escape_pointer(key)}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _find_anchors(value, f"{pointer}/{index}")
