"""Walks from page to page, as a chain of boxes: what was asked, how many rows came, and how the walk ended."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from specduet.contracts.analysis.row_values import read_list_rows
from specduet.contracts.findings import cut_text
from specduet.contracts.recording import Exchange
from specduet.contracts.reports.model import Report
from specduet.contracts.sending.redaction import Secrets
from specduet.contracts.traces import BracketedQueries
from specduet.specs import Api, Operation

_MAX_WALKS = 2
"""Walks that are shown of one operation, the longest first."""
_MAX_PAGES = 8


@dataclass(frozen=True)
class WalkedPage:
    """One page of a walk."""

    number: int
    """The number of the exchange."""
    query: str
    rows: str
    """``7 rows``, or the status where there are none."""


@dataclass(frozen=True)
class Walk:
    """One walk through a list."""

    api: str
    operation: str
    pages: tuple[WalkedPage, ...]
    more: int
    """Pages that are not shown."""
    end: str
    """How the walk ended."""


def draw_walks(report: Report) -> list[Walk]:
    """Return the longest walks of each list operation."""
    return [walk for api in report.apis for o in api.operations for walk in _draw_operation(api, o, report)]


def _draw_operation(api: Api, operation: Operation, report: Report) -> Iterator[Walk]:
    traces = report.recording.find_traces(BracketedQueries, api.name, operation.id)
    walks = sorted((t for t in traces if t.is_page_walk and len(t.exchanges) > 1), key=lambda t: -len(t.exchanges))
    for walk in walks[:_MAX_WALKS]:
        pages = tuple(_draw_page(operation, exchange, report.secrets) for exchange in walk.exchanges[:_MAX_PAGES])
        end = (
            "leads back to an earlier page"
            if walk.is_endless
            else "no page follows"
            if walk.is_finished
            else "not followed further"
        )
        yield Walk(api.name, operation.label, pages, len(walk.exchanges) - len(pages), _add_total(end, walk, operation))


def _draw_page(operation: Operation, exchange: Exchange, secrets: Secrets) -> WalkedPage:
    rows = read_list_rows(operation, exchange)
    return WalkedPage(
        exchange.number,
        cut_text(secrets.mask(exchange.request.query or "no parameters"), 60),
        f"answered {exchange.status}" if rows is None else f"{len(rows)} row{'' if len(rows) == 1 else 's'}",
    )


def _add_total(end: str, walk: BracketedQueries, operation: Operation) -> str:
    """Return how a walk ended, with the rows on its pages beside those in the whole list."""
    pages = [read_list_rows(operation, exchange) for exchange in walk.exchanges]
    whole = read_list_rows(operation, walk.list_before)
    return f"{end}; {_count_rows(pages)} rows on these pages" + ("" if whole is None else f", {len(whole)} in the list")


def _count_rows(pages: Sequence[Sequence[object] | None]) -> int:
    return sum(len(page) for page in pages if page is not None)
