"""Cache of documents that were read: one stays as it is until a byte of its files changes.

Each document has a file in the user's cache folder (``$XDG_CACHE_HOME/specduet``). Its name is a hash of the document,
its overlay and this package's code. A cache that cannot be read or written is ignored.
"""

import hashlib
import os
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from specduet.specs.collector import pause_collector
from specduet.specs.errors import SpecError
from specduet.specs.files import read_bytes
from specduet.specs.problems import Problem

#: the overlays of a document, in the order in which they are applied
Overlays = tuple[Path, ...]


class Entry(msgspec.Struct, frozen=True):
    """A document that was read."""

    document: dict[str, Any]
    #: the other files that it was made of
    files: tuple[Path, ...]
    problems: tuple[Problem, ...]
    #: names that are not required in one direction: see ``Api.dropped``
    dropped: dict[str, dict[str, list[str]]]


class _Stored(msgspec.Struct):
    """Content of a cache file: ``files`` are paths relative to the document's folder, with their hashes."""

    problems: list[tuple[str, int | None, str, str, str]] = []
    document: dict[str, Any] = {}
    dropped: dict[str, dict[str, list[str]]] = {}
    inference: bytes = b""
    files: dict[str, str] = {}


def load_cached(path: Path, overlays: Overlays) -> Entry | None:
    """Return the cached document, or None where a file has changed or nothing is cached."""
    stored = _load(path, overlays, "document")
    if stored is None:
        return None
    files = tuple(path.resolve().parent / name for name in stored.files)
    return Entry(stored.document, files, _to_problems(stored), stored.dropped)


def store_cached(path: Path, overlays: Overlays, entry: Entry) -> None:
    """Cache a document, with the hashes of the other files that it refers to."""
    _store(
        path,
        overlays,
        "document",
        entry.files,
        _Stored(_to_rows(entry.problems), entry.document, entry.dropped),
    )


def load_inference(path: Path, overlays: Overlays) -> bytes | None:
    """Return what was inferred from this document, as it was stored, or None where nothing was."""
    stored = _load(path, overlays, "inference")
    return None if stored is None else stored.inference


def store_inference(path: Path, overlays: Overlays, files: tuple[Path, ...], content: bytes) -> None:
    """Cache what was inferred from a document."""
    _store(path, overlays, "inference", files, _Stored(inference=content))


def load_checked(path: Path, overlays: Overlays) -> tuple[Problem, ...] | None:
    """Return all problems that a check of this document has found, or None where it was not checked."""
    stored = _load(path, overlays, "problems")
    return None if stored is None else _to_problems(stored)


def store_checked(path: Path, overlays: Overlays, files: tuple[Path, ...], problems: tuple[Problem, ...]) -> None:
    """Cache all problems of a document."""
    _store(path, overlays, "problems", files, _Stored(_to_rows(problems)))


def _load(path: Path, overlays: Overlays, kind: str) -> _Stored | None:
    try:
        stored = _decode(_cache_file(path, overlays, kind).read_bytes())
        root = path.resolve().parent
        if all(_hash_other(root / name) == digest for name, digest in stored.files.items()):
            return stored
    except (OSError, ValueError, SpecError, msgspec.MsgspecError, RecursionError):
        pass
    return None


def _decode(content: bytes) -> _Stored:
    with pause_collector():  # 0.10 s instead of 0.23 for 8 MB
        return msgspec.msgpack.decode(content, type=_Stored)


def _store(path: Path, overlays: Overlays, kind: str, files: tuple[Path, ...], stored: _Stored) -> None:
    root = path.resolve().parent
    try:
        stored.files = {str(f.relative_to(root)): _hash_other(f) for f in files}
        content = msgspec.msgpack.encode(stored)
        place = _cache_file(path, overlays, kind)
        place.parent.mkdir(parents=True, exist_ok=True)
        scratch = place.with_suffix(f".{os.getpid()}")
        scratch.write_bytes(content)
        scratch.replace(place)
    except (OSError, ValueError, SpecError, OverflowError, TypeError, RecursionError):
        pass  # a number that has more than 64 bits, or a file from the network


def _to_rows(problems: tuple[Problem, ...]) -> list[tuple[str, int | None, str, str, str]]:
    return [(str(p.file), p.line, p.pointer, p.message, p.effect) for p in problems]


def _to_problems(stored: _Stored) -> tuple[Problem, ...]:
    return tuple(Problem(Path(row[0]), *row[1:]) for row in stored.problems)


def _cache_file(path: Path, overlays: Overlays, kind: str) -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    name = hashlib.sha256("\0".join(_input_digests(path, overlays)).encode()).hexdigest()
    return Path(base).expanduser() / "specduet" / f"{name}.{kind}"


def _input_digests(path: Path, overlays: Overlays) -> list[str]:
    return [_hash_own_code(), str(path.resolve()), _hash_file(path), *(_hash_file(overlay) for overlay in overlays)]


@cache
def _hash_own_code() -> str:
    """Return a hash of this package's code: other code may read a document differently."""
    here = Path(__file__).parent
    return "".join(_hash_file(file) for file in sorted(here.rglob("*.py")))


def _hash_file(path: Path) -> str:
    return hashlib.sha256(read_bytes(path)).hexdigest()  # bounded: it may be a device that never ends


def _hash_other(path: Path) -> str:
    """Return the hash of a file that is referred to, empty while it cannot be read."""
    try:
        return _hash_file(path)
    except SpecError:
        return ""
