"""``report.html``: the whole result on one page, for people. It needs no network and no other file.

Views (``page/*.py``) turn the report into plain values; the template shows them, and decides nothing.
"""

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from specduet.contracts.reports.comparison import Comparison, ReportedRun
from specduet.contracts.reports.formatting import ACCEPT_HINT
from specduet.contracts.reports.model import Report, installed_version, pluralize, write_text
from specduet.contracts.reports.page.exchanges import list_exchanges
from specduet.contracts.reports.page.findings import list_finding_views
from specduet.contracts.reports.page.lifecycles import draw_lifecycles
from specduet.contracts.reports.page.operations import FAMILY_NAMES, list_operation_views
from specduet.contracts.reports.page.response_times import draw_response_times
from specduet.contracts.reports.page.walks import draw_walks
from specduet.contracts.reports.summary import format_outcome
from specduet.contracts.sending.redaction import Secrets
from specduet.specs.printing import escape_unprintable

_TEMPLATES = Path(__file__).parent / "templates"


def write(report: Report, path: Path) -> None:
    write_text(path, render_page(report))


def render_page(report: Report) -> str:
    """Return the page as HTML, secrets masked and every text of the service or the document escaped."""
    template = _make_environment(report.secrets).get_template("report.html")
    style, script = (_read_asset(name) for name in ("report.css", "report.js"))
    return template.render(
        report=report,
        style=style,
        style_hash=_hash_asset(style),
        script=script,
        script_hash=_hash_asset(script),
        version=installed_version(),
        outcome=format_outcome(report),
        pluralize=pluralize,
        accept_hint=ACCEPT_HINT,
        findings=list_finding_views(report),
        families=FAMILY_NAMES,
        operations=list_operation_views(report),
        times=draw_response_times(report),
        walks=draw_walks(report),
        lifecycles=draw_lifecycles(report),
        exchanges=list_exchanges(report),
    )


def render_comparison(before: ReportedRun, after: ReportedRun, comparison: Comparison) -> str:
    """Return the comparison of two reports as HTML."""
    style = _read_asset("report.css")
    return (
        _make_environment(Secrets())
        .get_template("comparison.html")
        .render(before=before, after=after, comparison=comparison, style=style, style_hash=_hash_asset(style))
    )


def _read_asset(name: str) -> str:
    """Return the text of a file beside the template, which stands in the page as it is."""
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def _hash_asset(text: str) -> str:
    """Return the hash by which the page's policy allows this script or style, and no other (CSP 3, 2.3.1)."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _make_environment(secrets: Secrets) -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        finalize=_make_finalizer(secrets),
    )


def _make_finalizer(secrets: Secrets) -> Callable[[Any], Any]:
    """Return the function through which the template passes each value before it escapes it."""

    def finalize(value: Any) -> Any:
        if not isinstance(value, str) or hasattr(value, "__html__"):  # HTML that a macro has made
            return value
        return escape_unprintable(secrets.mask(value))

    return finalize


__all__ = ["render_comparison", "render_page", "write"]
