"""The page of the mock at ``/__mock__/``: what is served, rows and requests as they come, and the controls of a test.

Views (``page/*.py``) turn the mock into plain values; the templates show them. Parts that change are sent again as
HTML (``page/live.py``); the controls use the control API, as any program does.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from specduet.mocks.control.masking import SecretFields
from specduet.mocks.control.sessions import Session
from specduet.mocks.handler import OperationHandler
from specduet.mocks.page.journal import list_request_views
from specduet.mocks.page.operations import ServedOperations
from specduet.mocks.page.rows import list_row_tables
from specduet.mocks.settings import Settings
from specduet.specs import Api
from specduet.specs.printing import escape_unprintable

_TEMPLATES = Path(__file__).parent / "templates"
SECTIONS = ("clock", "journal", "rows", "faults", "snapshots", "sessions")
"""The parts of the page that change, by their ids."""


class MockPage:
    """The page of one mock. It is made when a browser first asks for it."""

    def __init__(self, apis: Sequence[Api], handlers: Sequence[OperationHandler], settings: Settings) -> None:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined  # only who opens the page waits for it

        self._apis = apis
        self._settings = settings
        self._operations = ServedOperations(handlers, settings)
        self._labels = {(h.api.name, h.operation.id): f"{h.operation.method} {h.full_path}" for h in handlers}
        self._secrets = SecretFields() if settings.control_token else SecretFields.from_apis(apis)
        self._environment = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=StrictUndefined,
            finalize=_neutralize,
        )

    def render(self, index: Mapping[str, Any], session: Session, session_names: Sequence[str], *, is_live: bool) -> str:
        """Return the page. ``index`` is what ``GET /`` tells programs; without ``is_live`` it shows no state."""
        style, script = (_read_asset(name) for name in ("page.css", "page.js"))
        return self._environment.get_template("page.html").render(
            index=index,
            apis=[(api, self._operations.list_views(api, session, index)) for api in self._apis],
            sections=self.render_sections(session, session_names) if is_live else dict.fromkeys(SECTIONS, ""),
            needs_token=bool(self._settings.control and self._settings.control_token),
            style=style,
            style_hash=_hash_asset(style),
            script=script,
            script_hash=_hash_asset(script),
        )

    def render_sections(self, session: Session, session_names: Sequence[str]) -> dict[str, Any]:
        """Return the HTML of each part that changes, by its id."""
        module = self._environment.get_template("sections.html").module
        values: dict[str, Any] = {
            "clock": session.clock,
            "journal": list_request_views(session.journal, self._labels, self._secrets),
            "rows": list_row_tables(self._apis, session),
            "faults": [fault.to_dict() for fault in session.faults.active_faults.values()],
            "snapshots": [snapshot.to_dict() for snapshot in session.snapshots],
            "sessions": [(name, name == session.name) for name in session_names],
        }
        return {name: getattr(module, f"show_{name}")(values[name]) for name in SECTIONS}


def _neutralize(value: Any) -> Any:
    """Return what the template escapes: a text without control characters."""
    if not isinstance(value, str) or hasattr(value, "__html__"):  # HTML that a macro has made
        return value
    return escape_unprintable(value)


def _read_asset(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def _hash_asset(text: str) -> str:
    """Return the hash by which the page's policy allows this script or style, and no other (CSP 3, 2.3.1)."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


__all__ = ["SECTIONS", "MockPage"]
