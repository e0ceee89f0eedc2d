"""Collections: what lists hold, in which order, page by page, filter by filter, for whom.

What is wrong is worked out in ``contracts/analysis/list_analysis.py``;
each clause here names one law and tells its faults.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from specduet.contracts.analysis.list_analysis import analyze_lists
from specduet.contracts.analysis.row_values import get_path, has_value, read_list_rows
from specduet.contracts.analysis.single_list import Violation
from specduet.contracts.clauses.registry import Subject, clause
from specduet.contracts.findings import Finding
from specduet.contracts.recording import Exchange, Row
from specduet.contracts.traces import CallerLists


def _check_law(subject: Subject, *laws: str) -> Iterator[Finding]:
    if subject.operation.behavior.lists is None:
        return
    for fault in analyze_lists(subject.api, subject.operation, subject.recording).find_violations(*laws):
        yield _to_finding(subject, fault)


def _to_finding(subject: Subject, fault: Violation) -> Finding:
    return subject.make_finding(
        fault.exchange,
        message=fault.message,
        pointer=fault.pointer,
        where=fault.where,
        value=fault.seen,
        cause=fault.cause,
        basis=fault.basis,
    )


@clause("SD501", "limit-respected", "An answer holds no more rows than its limit.")
def check_limit_respected(subject: Subject) -> Iterator[Finding]:
    """Judged on every list that was answered, whatever else was asked for."""
    yield from _check_law(subject, "limit")


@clause("SD502", "limit-filled", "A limit gives the first rows of the whole list, as many as it says or there are.")
def check_limit_filled(subject: Subject) -> Iterator[Finding]:
    """Compared with a longer listing made before and after; rows that tie in the order may stand for each other."""
    yield from _check_law(subject, "fill")


@clause("SD503", "default-limit", "Without a limit, the documented default holds.")
def check_default_limit(subject: Subject) -> Iterator[Finding]:
    """Neither more rows than the default nor, where the collection has more, fewer."""
    yield from _check_law(subject, "default-limit")


@clause("SD504", "offset", "An offset leaves out that many rows at the head, and beyond the end there are none.")
def check_offset(subject: Subject) -> Iterator[Finding]:
    """Compared with the whole list, while it was quiet."""
    yield from _check_law(subject, "offset")


@clause("SD505", "pages-complete", "Pages, one after the other, neither drop nor repeat a row.")
def pages_complete(subject: Subject) -> Iterator[Finding]:
    """Walks at several sizes, by offset or cursor, while the collection was quiet; a short page is the last."""
    yield from _check_law(subject, "pages")


@clause("SD506", "sorted", "Rows are sorted by the field and in the direction that was asked for.", basis="inferred")
def in_order(subject: Subject) -> Iterator[Finding]:
    """Equal values may stand in any order; rows without the field may stand anywhere."""
    yield from _check_law(subject, "order")


@clause("SD507", "both-directions", "Ascending is the reverse of descending.", basis="inferred")
def both_directions(subject: Subject) -> Iterator[Finding]:
    """Both directions hold the same rows."""
    yield from _check_law(subject, "directions")


@clause("SD508", "cursor-strict", "A cursor keeps only rows strictly before it.")
def cursor_strict(subject: Subject) -> Iterator[Finding]:
    """Judged on every list that was asked for with a cursor; a row without the field proves nothing."""
    yield from _check_law(subject, "cursor")


@clause("SD509", "cursor-loses-none", "A cursor keeps every row before it.")
def cursor_loses_none(subject: Subject) -> Iterator[Finding]:
    """Cursors in other time zones than the rows' own are read as the moments that they name."""
    yield from _check_law(subject, "cursor-loses")


@clause("SD510", "filter-keeps-only", "A filtered list holds only rows that match.")
def filter_keeps_only(subject: Subject) -> Iterator[Finding]:
    """Every member of an enum is tried, values that rows show, and values that no row has."""
    yield from _check_law(subject, "filter")


@clause("SD511", "filter-loses-none", "A filtered list holds every row that matches.")
def filter_loses_none(subject: Subject) -> Iterator[Finding]:
    """Compared with the rows of the unfiltered list that match."""
    yield from _check_law(subject, "filter-loses")


@clause("SD512", "parameters-combine", "Filters, pages, order and windows asked for together hold together.")
def parameters_combine(subject: Subject) -> Iterator[Finding]:
    """Told only where each of them alone is right."""
    yield from _check_law(subject, "combine")


@clause("SD513", "window-keeps-only", "A time window, given or by default, holds no row from before it.")
def window_keeps_only(subject: Subject) -> Iterator[Finding]:
    """The default window allows for clocks that are two minutes apart."""
    yield from _check_law(subject, "window", "default-window")


@clause("SD514", "window-loses-none", "A time window, given or by default, holds every row since it began.")
def window_loses_none(subject: Subject) -> Iterator[Finding]:
    """A row of the very moment at which the window begins is in it."""
    yield from _check_law(subject, "window-loses")


@clause("SD515", "oldest", "Rows older than the service looks back are never listed.")
def oldest(subject: Subject) -> Iterator[Finding]:
    """With an hour's grace, whatever start was asked for."""
    yield from _check_law(subject, "oldest")


@clause("SD516", "scope", "A list below a path holds only rows that belong there.")
def scope(subject: Subject) -> Iterator[Finding]:
    """The field that names the owner of the path is the path's value in every row; a made-up path has no rows."""
    yield from _check_law(subject, "scope")


@clause("SD517", "scopes-apart", "No row is listed under two paths.")
def scopes_apart(subject: Subject) -> Iterator[Finding]:
    """Compared by what tells rows apart, over everything that was listed under any path."""
    yield from _check_law(subject, "scopes-apart")


@clause("SD518", "unknown-scope", "A path that leads nowhere is answered as stated.", basis="inferred")
def unknown_scope(subject: Subject) -> Iterator[Finding]:
    """Where the vocabulary only assumes the status, nothing is told."""
    yield from _check_law(subject, "unknown-scope")


@clause("SD519", "same-answer-again", "An identical request gives an identical answer.", basis="inferred")
def same_answer_again(subject: Subject) -> Iterator[Finding]:
    """No row is listed, then missing, then back; rows that do not tie keep their places towards each other."""
    yield from _check_law(subject, "again")


@clause("SD520", "unique-rows", "No row stands twice in a list.")
def unique_rows(subject: Subject) -> Iterator[Finding]:
    """By the field that tells rows apart."""
    yield from _check_law(subject, "unique")


@clause("SD521", "hidden-filter", "A filter by a field that is not shown narrows the list, too.")
def hidden_filter(subject: Subject) -> Iterator[Finding]:
    """A made-up value keeps no row, a known one only rows of the unfiltered list, and a part of it none of its own."""
    yield from _check_law(subject, "hidden")


@clause("SD523", "own-answer", "Requests made at the same time are each answered with their own rows.")
def own_answer(subject: Subject) -> Iterator[Finding]:
    """Told only where the same questions, one after the other, are answered rightly."""
    yield from _check_law(subject, "together")


# ------------------------------------------------------------------------------------------------------- callers

_ListResponse = tuple[Exchange, Sequence[Row]]


@clause("SD522", "visibility", "A regular caller sees only their own rows, an admin everybody's.")
def check_visibility(subject: Subject) -> Iterator[Finding]:
    """Told where credentials of several callers were given: one who sees the rows of several owners is an admin, who
    sees all that anybody sees, and not everybody is one."""
    for trace in subject.recording.find_traces(CallerLists, subject.api.name, subject.operation.id):
        responses: dict[int, list[_ListResponse]] = {}
        for number, exchange in trace.lists:
            rows = read_list_rows(exchange)
            if rows is not None:
                responses.setdefault(number, []).append((exchange, rows))
        yield from _check_callers(subject, responses, together=trace.is_concurrent)


def _check_callers(
    subject: Subject, responses: Mapping[int, Sequence[_ListResponse]], *, together: bool
) -> Iterator[Finding]:
    rule = subject.operation.behavior.visibility
    if rule is None or len(responses) < 2:
        return
    admins = {
        n
        for n, caller_responses in responses.items()
        if any(len(_owners_of(rows, rule.owner)) > 1 for _, rows in caller_responses)
    }
    if admins == responses.keys():
        exchange = responses[min(responses)][0][0]
        message = f"every one of {len(responses)} callers sees the rows of several owners"
        yield subject.make_finding(
            exchange, message=message, where=f"/0/{rule.owner}", basis=rule.basis, cause="nobody"
        )
        return
    for admin, regular in ((a, b) for a in sorted(admins) for b in sorted(responses) if a != b):
        yield from _check_admin_sees_all(subject, responses[admin][-1], responses[regular][0])
    for caller in sorted(responses.keys() - admins):
        yield from _check_same_owner(subject, responses[caller], together=together)


def _owners_of(rows: Sequence[Row], field: str) -> set[Any]:
    return {str(get_path(row, field)) for row in rows if has_value(row, field)}


def _check_admin_sees_all(subject: Subject, admin: _ListResponse, regular: _ListResponse) -> Iterator[Finding]:
    """Whoever sees several owners' rows sees all; the admin's list was made later, and neither was cut short."""
    rule = subject.operation.behavior.visibility
    rules = analyze_lists(subject.api, subject.operation, subject.recording).rules
    all_lists = analyze_lists(subject.api, subject.operation, subject.recording).lists
    listing = all_lists.get(admin[0].number)
    limit = rules.get_limit(listing.request) if listing else 0
    if rule is None or (limit is not None and len(admin[1]) >= limit):
        return
    ids = {rules.get_id(row) for row in admin[1]}
    hidden = next((row for row in regular[1] if rules.get_id(row) not in ids), None)
    if hidden is not None:
        owners = ", ".join(sorted(_owners_of(admin[1], rule.owner))[:4])
        message = f"a caller sees the rows of {owners}, and not the row {rules.get_id(hidden)} that another sees"
        yield subject.make_finding(
            admin[0], message=message, where=f"/*/{rule.owner}", value=owners, basis=rule.basis, cause="several"
        )


def _check_same_owner(
    subject: Subject, responses: Sequence[tuple[Exchange, Sequence[Row]]], *, together: bool
) -> Iterator[Finding]:
    """A regular caller's rows have one owner, the same each time."""
    rule = subject.operation.behavior.visibility
    assert rule is not None
    owners = [(exchange, _owners_of(rows, rule.owner)) for exchange, rows in responses if rows]
    for (_, first), (exchange, second) in combinations(owners, 2):
        if first and second and first != second:
            when = "at the same time as others " if together else ""
            message = f"a caller who asked {when}saw the rows of {min(first)}, and then those of {min(second)}"
            yield subject.make_finding(
                exchange,
                message=message,
                where=f"/0/{rule.owner}",
                value=min(second),
                basis=rule.basis,
                cause="swapped",
            )
            return
