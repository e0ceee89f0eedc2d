"""Pages of HTML that need no network and no other file: each has its style and script in it, and runs no others.

The report and the mock's page have templates of their own; what they share stands in ``pages/templates``.
"""

import base64
import hashlib
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from specduet.specs.printing import escape_unprintable

if TYPE_CHECKING:
    from jinja2 import Environment

_SHARED = Path(__file__).parent / "templates"


class Pages:
    """The pages whose templates are in one folder.

    Every text is escaped, and shown without control characters; ``mask`` is applied to it before.
    """

    def __init__(self, folder: Path, mask: Callable[[str], str] | None = None) -> None:
        self._folder = folder
        self._mask = mask

    def render(self, name: str, *, style: str, script: str = "", connects: bool = False, **values: Any) -> str:
        """Return a page; ``style`` and ``script`` are files of the folder, ``connects`` lets it ask its own server."""
        css = self._read(_SHARED / "base.css") + self._read(self._folder / style)
        javascript = self._read(_SHARED / "base.js") + self._read(self._folder / script) if script else ""
        return self._environment.get_template(name).render(
            style=css, script=javascript, policy=_describe_policy(css, javascript, connects=connects), **values
        )

    def find_macros(self, name: str) -> Any:
        """Return a template as a module, whose attributes are its macros."""
        return self._environment.get_template(name).module

    @staticmethod
    def _read(path: Path) -> str:
        return path.read_text(encoding="utf-8")

    @cached_property
    def _environment(self) -> "Environment":
        from jinja2 import Environment, FileSystemLoader, StrictUndefined  # only who sees a page waits for it

        return Environment(
            loader=FileSystemLoader([self._folder, _SHARED]),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=StrictUndefined,
            finalize=self._finalize,
        )

    def _finalize(self, value: Any) -> Any:
        """Return what a template escapes in place of a value."""
        if not isinstance(value, str) or hasattr(value, "__html__"):  # HTML that a macro has made
            return value
        return escape_unprintable(self._mask(value) if self._mask is not None else value)


def _describe_policy(style: str, script: str, *, connects: bool) -> str:
    """Return the policy that allows this style and this script by their hashes, and no others (CSP 3, 2.3.1)."""
    parts = ["default-src 'none'", f"style-src '{_hash_text(style)}'", "img-src data:"]
    parts += [f"script-src '{_hash_text(script)}'"] if script else []
    parts += ["connect-src 'self'"] if connects else []
    return "; ".join([*parts, "base-uri 'none'", "form-action 'none'"])


def _hash_text(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
