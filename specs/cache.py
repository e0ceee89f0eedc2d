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


def recall(path: Path, overlay_path: Path | None) -> dict[str, Any] | None:
    """The proven document of these files, or None where one of them changed or was never seen."""
    try:
        kept = json.loads(_place(path, overlay_path).read_bytes())
        if all(_digest(path.resolve().parent / name) == digest for name, digest in kept["files"].items()):
            return dict(kept["document"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None


def keep(
    path: Path,
    overlay_path: Path | None,
    files: tuple[Path, ...],
    document: dict[str, Any],
) -> None:
    """Remember a proven document and the other files that it was made of."""
    root = path.resolve().parent
    try:
        place = _place(path, overlay_path)
        place.parent.mkdir(parents=True, exist_ok=True)
        kept = {
            "files": {str(f.relative_to(root)): _digest(f) for f in files},
            "document": document,
        }
        scratch = place.with_suffix(f".{os.getpid()}")
        scratch.write_text(json.dumps(kept), encoding="utf-8")
        scratch.replace(place)
    except (OSError, ValueError):
        pass


def _place(path: Path, overlay_path: Path | None) -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    name = hashlib.sha256("\0".join(_digests(path, overlay_path)).encode()).hexdigest()
    return Path(base).expanduser() / "specduet" / f"{name}.json"


def _digests(path: Path, overlay_path: Path | None) -> list[str]:
    own = "" if overlay_path is None else _digest(overlay_path)
    return [_own_digest(), str(path.resolve()), _digest(path), own]


@cache
def _own_digest() -> str:
    """Of this package's code: a proof made by other code proves nothing."""
    here = Path(__file__).parent
    return "".join(_digest(file) for file in sorted(here.glob("*.py")))


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
