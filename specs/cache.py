"""What was proven before: a document that was valid once is valid as long as no byte of its files changes.

One JSON file a document lies in the user's cache folder, under a name made of the content of the document, of its
overlay and of this package. A cache that cannot be read or written is no cache, never an error.
"""

import hashlib
import json
import os
from functools import cache
from pathlib import Path
from typing import Any


def load_cached(path: Path, overlay_path: Path | None) -> dict[str, Any] | None:
    """The proven document of these files, or None where one of them changed or was never seen."""
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
    """Remember a proven document and the other files that it was made of."""
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
    """Of this package's code: a proof made by other code proves nothing."""
    here = Path(__file__).parent
    return "".join(_hash_file(file) for file in sorted(here.glob("*.py")))


def _hash_file(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
