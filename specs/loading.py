"""Load a document: read, resolve references, apply the overlay, validate, build the model.

    openapi.yaml ─ read ─ references ─ overlay.yaml ─ validate ─ build ─ Api
                          (prance)                    (prance, openapi-spec-validator)

The validated document is cached (``specs/cache.py``), so that an unchanged one is not validated again.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from specduet.specs import cache
from specduet.specs.build import build_api
from specduet.specs.errors import NotOpenApi, SpecError, UsageError
from specduet.specs.locations import HOME
from specduet.specs.model import Api

_DOCUMENT = "openapi.yaml"
_OVERLAY = "overlay.yaml"


def bundled() -> tuple[str, ...]:
    """Return the names of the bundled APIs: the folders of this package that hold an OpenAPI document."""
    return tuple(sorted(folder.parent.name for folder in HOME.glob(f"*/{_DOCUMENT}")))


def load(
    name_or_path: str | Path,
    *,
    overlay_path: Path | None = None,
    strict: bool = False,  # noqa: ARG001
    allow_remote: bool = False,  # noqa: ARG001
) -> Api:
    """Load a bundled API by name, or any OpenAPI 3.0 or 3.1 document by path.

    An ``overlay.yaml`` beside a document called ``openapi.yaml`` belongs to it, unless ``overlay_path`` names
    another. Raises ``SpecError`` for an error in the files, ``UsageError`` for an unknown name.
    """
    path = find_document(name_or_path)
    overlay_path = overlay_path or _overlay_beside(path)
    document = cache.load_cached(path, overlay_path)
    if document is None:
        document, read_files = _read_and_validate(path, overlay_path)
        cache.store_cached(path, overlay_path, read_files, document)
    return build_api(_api_name(path), path, overlay_path, document)


def find_document(name_or_path: str | Path) -> Path:
    """Return the document's file for a bundled name, a folder or a path. Raises ``UsageError`` for an unknown name."""
    bundled_path = HOME / str(name_or_path) / _DOCUMENT
    if str(name_or_path) in bundled():
        return bundled_path
    path = Path(name_or_path)
    if path.is_dir() and (path / _DOCUMENT).is_file():
        return path / _DOCUMENT
    if not path.suffix and not path.exists():
        known = ", ".join(bundled())
        raise UsageError(
            f"no API is called {str(name_or_path)!r}",
            remedy=f"Bundled: {known}. Or give a file.",
        )
    return path


def _overlay_beside(path: Path) -> Path | None:
    beside = path.with_name(_OVERLAY)
    return beside if path.name == _DOCUMENT and beside.is_file() else None


def _api_name(path: Path) -> str:
    return path.parent.name if path.name == _DOCUMENT and path.parent.name else path.stem


def _read_and_validate(path: Path, overlay_path: Path | None) -> tuple[dict[str, Any], tuple[Path, ...]]:
    # imported here: YAML, JSONPath and the validator are needed only for a document that is not cached
    from specduet.specs import overlay, references
    from specduet.specs.source import read_document
    from specduet.specs.upgrade import upgrade_to_31

    document = read_document(path)
    _require_openapi_3(document, path)
    document, files = references.localize_references(document, path)
    if overlay_path is not None:
        document = overlay.apply_overlay(document, read_document(overlay_path), overlay_path)
    references.check_references(document, path)
    _validate_document(document, path)
    return upgrade_to_31(document), files


def _require_openapi_3(document: Any, path: Path) -> None:
    from specduet.specs.source import find_line

    if not isinstance(document, Mapping) or "openapi" not in document:
        found = "a Swagger 2 document" if isinstance(document, Mapping) and "swagger" in document else "no OpenAPI"
        raise NotOpenApi(
            f"is {found}",
            file=path,
            line=1,
            remedy="An OpenAPI document begins with 'openapi: 3.1.0'.",
        )
    if not str(document["openapi"]).startswith(("3.0.", "3.1.")):
        raise NotOpenApi(
            f"is OpenAPI {document['openapi']}, and only 3.0 and 3.1 are known",
            file=path,
            line=find_line(path, "/openapi"),
            pointer="/openapi",
        )


def _validate_document(document: dict[str, Any], path: Path) -> None:
    from specduet.specs.source import find_line
    from specduet.specs.validation import find_problem

    found = find_problem(document)
    if found is not None:
        pointer, message = found
        raise NotOpenApi(message, file=path, line=find_line(path, pointer), pointer=pointer)


__all__ = ["SpecError", "bundled", "find_document", "load"]
