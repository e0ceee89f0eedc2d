"""The page of the mock at ``/__mock__/``: what is served, rows and requests as they come, and the controls of a test.

Views (``page/*.py``) turn the mock into plain values; the templates show them. Parts that change are sent again as
HTML (``page/live.py``); the controls use the control API, as any program does.
"""

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
from specduet.specs.pages import Pages

_TEMPLATES = Path(__file__).parent / "templates"
SECTIONS = ("clock", "journal", "rows", "faults", "snapshots", "sessions")
"""The parts of the page that change, by their ids."""


class MockPage:
    """The page of one mock. It is made when a browser first asks for it."""

    def __init__(self, apis: Sequence[Api], handlers: Sequence[OperationHandler], settings: Settings) -> None:
        self._apis = apis
        self._settings = settings
        self._operations = ServedOperations(handlers, settings)
        self._labels = {(h.api.name, h.operation.id): f"{h.operation.method} {h.full_path}" for h in handlers}
        self._secrets = SecretFields() if settings.control_token else SecretFields.from_apis(apis)
        self._pages = Pages(_TEMPLATES)

    def render(self, index: Mapping[str, Any], session: Session, session_names: Sequence[str], *, is_live: bool) -> str:
        """Return the page. ``index`` is what ``GET /`` tells programs; without ``is_live`` it shows no state."""
        return self._pages.render(
            "page.html",
            style="page.css",
            script="page.js",
            connects=True,
            index=index,
            apis=[(api, self._operations.list_views(api, session, index)) for api in self._apis],
            sections=self.render_sections(session, session_names) if is_live else dict.fromkeys(SECTIONS, ""),
            needs_token=bool(self._settings.control and self._settings.control_token),
        )

    def render_sections(self, session: Session, session_names: Sequence[str]) -> dict[str, Any]:
        """Return the HTML of each part that changes, by its id."""
        macros = self._pages.find_macros("sections.html")
        values: dict[str, Any] = {
            "clock": session.clock,
            "journal": list_request_views(session.journal, self._labels, self._secrets),
            "rows": list_row_tables(self._apis, session),
            "faults": [fault.to_dict() for fault in session.faults.active_faults.values()],
            "snapshots": [snapshot.to_dict() for snapshot in session.snapshots],
            "sessions": [(name, name == session.name) for name in session_names],
        }
        return {name: getattr(macros, f"show_{name}")(values[name]) for name in SECTIONS}


__all__ = ["SECTIONS", "MockPage"]
