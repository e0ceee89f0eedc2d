"""Cache of validated documents: a document that was valid once stays valid until a byte of its files changes.

Each document has one JSON file in the user's cache folder (``$XDG_CACHE_HOME/specduet``). Its name is a hash of the
document, its overlay and this package's code. A cache that cannot be read or written is ignored.
"""

import hashlib
import json
import os
from functools import cache
from pathlib import Path
from typing import Any


def load_cached(path: Path, overlay_path: Path | None) -> dict[str, Any] | None:
    """Return the cached document, or None where a file has changed or nothing is cached."""
    try:
        kept = json.loads(_cache_file(path, overlay_path).read_bytes())
        if all(_hash_file(path.resolve().parent / name) == digest for name, digest in kept["files"].items()):
            return dict(kept["document"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None


def store_cached(
    path: Path,
    overlay_path: Path | None,
    files: tuple[Path, ...],
    document: dict[str, Any],
) -> None:
    """Cache a validated document, with the hashes of the other ``files`` that it refers to."""
    root = path.resolve().parent
    try:
        place = _cache_file(path, overlay_path)
        place.parent.mkdir(parents=True, exist_ok=True)
        kept = {
            "files": {str(f.relative_to(root)): _hash_file(f) for f in files},
            "document": document,
        }
        scratch = place.with_suffix(f".{os.getpid()}")
        scratch.write_text(json.dumps(kept), encoding="utf-8")
        scratch.replace(place)
    except (OSError, ValueError):
        pass


def _cache_file(path: Path, overlay_path: Path | None) -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    name = hashlib.sha256("\0".join(_input_digests(path, overlay_path)).encode()).hexdigest()
    return Path(base).expanduser() / "specduet" / f"{name}.json"


def _input_digests(path: Path, overlay_path: Path | None) -> list[str]:
    own = "" if overlay_path is None else _hash_file(overlay_path)
    return [_hash_own_code(), str(path.resolve()), _hash_file(path), own]


@cache
def _hash_own_code() -> str:
    """Return a hash of this package's code: other code may have validated less strictly."""
    here = Path(__file__).parent
    return "".join(_hash_file(file) for file in sorted(here.glob("*.py")))


def _hash_file(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
