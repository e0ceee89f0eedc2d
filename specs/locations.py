"""Paths of documents as they are printed: short, and never inside site-packages."""

import os
from pathlib import Path

HOME = Path(__file__).parent
"""The folder of the bundled APIs."""


def display_path(path: Path) -> str:
    """Return the path to print: ``specs/nx1/openapi.yaml`` for a bundled file, else relative to the current folder.

    A file outside the current folder keeps its absolute path.
    """
    if path.is_relative_to(HOME):
        return Path("specs", path.relative_to(HOME)).as_posix()
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def repository_path(path: Path) -> str | None:
    """Return the path relative to the current folder, or None where the file is not one of the user's own.

    Code scanners annotate files of the repository alone: a bundled document counts only inside a checkout of this
    project.
    """
    shown = Path(display_path(path))
    if shown.is_absolute() or not shown.exists() or not shown.samefile(path):
        return None
    return shown.as_posix()
