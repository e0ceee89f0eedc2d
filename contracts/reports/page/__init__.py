"""``report.html``: the whole result on one page, for people. It needs no network and no other file.

Views (``page/*.py``) turn the report into plain values; the template shows them, and decides nothing.
"""

from pathlib import Path

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
from specduet.specs.pages import Pages

_TEMPLATES = Path(__file__).parent / "templates"


def write(report: Report, path: Path) -> None:
    write_text(path, render_page(report))


def render_page(report: Report) -> str:
    """Return the page as HTML, secrets masked and every text of the service or the document escaped."""
    return Pages(_TEMPLATES, report.secrets.mask).render(
        "report.html",
        style="report.css",
        script="report.js",
        report=report,
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
    return Pages(_TEMPLATES).render(
        "comparison.html", style="report.css", before=before, after=after, comparison=comparison
    )


__all__ = ["render_comparison", "render_page", "write"]
