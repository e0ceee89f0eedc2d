"""SD5xx: which rows a list holds, in which order, page by page, filter by filter, for whom.

Most rules compare several responses. They are in ``contracts/analysis``, which reports a violation under the name of
the clause; the table below gives each name its code and its sentence.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from specduet.contracts.analysis import page_walks, single_list
from specduet.contracts.analysis.attribution import Attribution
from specduet.contracts.analysis.idle_filters import find_idle_filters
from specduet.contracts.analysis.list_analysis import ListAnalysis, analyze_lists
from specduet.contracts.analysis.list_comparison import find_difference
from specduet.contracts.analysis.repeated_lists import find_unstable_lists
from specduet.contracts.analysis.row_values import get_path, has_value, read_list_rows
from specduet.contracts.clauses.registry import Clause, Subject, clause, register
from specduet.contracts.findings import Finding
from specduet.contracts.recording import Exchange, Row
from specduet.contracts.traces import CallerLists
from specduet.specs.statement import Basis


def _register_list_law(
    code: str,
    name: str,
    sentence: str,
    details: str,
    rule: Callable[..., object],
    *,
    basis: Basis = "documented",
) -> None:
    """Register a clause whose violations ``rule`` finds: a function of ``contracts/analysis``."""

    def check_lists(subject: Subject) -> Iterator[Finding]:
        if subject.operation.behavior.lists is not None:
            analysis = analyze_lists(subject.api, subject.operation, subject.recording)
            yield from map(subject.to_finding, analysis.find_violations(name))

    register(Clause(code, name, sentence, 10, basis, check_lists, details, rule))


_register_list_law(
    "SD501",
    "limit-respected",
    "A response has no more rows than its limit.",
    "Checked on every list, whatever else was requested.",
    single_list.find_excess_rows,
)
_register_list_law(
    "SD502",
    "limit-filled",
    "A limit returns the first rows of the whole list, as many as it allows.",
    "Compared with a longer list that was requested before and afterwards. Rows with the same sort value may "
    "stand for each other.",
    find_difference,
)
_register_list_law(
    "SD503",
    "default-limit",
    "Without a limit, the documented default applies.",
    "There are no more rows than the default, and not fewer if the collection has more.",
    single_list.find_excess_rows,
)
_register_list_law(
    "SD504",
    "offset",
    "An offset skips that many rows of the list; beyond the end it returns none.",
    "Compared with the whole list, if it did not change meanwhile.",
    find_difference,
)
_register_list_law(
    "SD505",
    "pages-complete",
    "Consecutive pages neither lose nor repeat a row.",
    "Requests all pages with several page sizes, by offset or cursor. The pages are checked if the collection did"
    " not change meanwhile; a page with fewer rows than the limit is the last.",
    ListAnalysis.find_repeats_between_pages,
)
_register_list_law(
    "SD506",
    "sorted",
    "Rows are sorted by the documented field, in the requested direction.",
    "Rows with the same value may be in any order, and rows without the field anywhere.",
    single_list.find_misordered_rows,
    basis="inferred",
)
_register_list_law(
    "SD507",
    "both-directions",
    "The ascending list is the reverse of the descending list.",
    "Both directions have the same rows.",
    find_difference,
    basis="inferred",
)
_register_list_law(
    "SD508",
    "cursor-strict",
    "A cursor returns only rows strictly before it.",
    "Checked on every list that was requested with a cursor. A row without the field is ignored.",
    single_list.find_unrequested_rows,
)
_register_list_law(
    "SD509",
    "cursor-loses-none",
    "A cursor returns every row before it.",
    "Also tries cursors in other time zones than the rows: they mean the same point in time.",
    find_difference,
)
_register_list_law(
    "SD510",
    "filter-keeps-only",
    "A filtered list has only rows that match the filter.",
    "Tries every member of an enum, values of existing rows, and values that no row has.",
    single_list.find_unrequested_rows,
)
_register_list_law(
    "SD511",
    "filter-loses-none",
    "A filtered list has every row that matches the filter.",
    "Compared with the matching rows of the unfiltered list.",
    find_difference,
)
_register_list_law(
    "SD512",
    "parameters-combine",
    "Filters, limits, cursors and sort order also work together.",
    "Reported only where each of the parameters is right on its own.",
    Attribution.attribute_difference,
)
_register_list_law(
    "SD513",
    "window-keeps-only",
    "A time window, given or by default, has no older rows.",
    "For the default window, the clocks may differ by two and a half minutes.",
    single_list.find_unrequested_rows,
)
_register_list_law(
    "SD514",
    "window-loses-none",
    "A time window, given or by default, has every row since its beginning.",
    "A row with exactly the time at which the window begins is inside it.",
    find_difference,
)
_register_list_law(
    "SD515",
    "oldest",
    "Rows older than the documented maximum age are never listed.",
    "With an hour of tolerance, whatever start time was requested.",
    single_list.find_unrequested_rows,
)
_register_list_law(
    "SD516",
    "scope",
    "A list below a path has only rows that belong to that path.",
    "The field that names the owner has the value of the path parameter in every row. A path with an invented id "
    "has no rows.",
    single_list.find_unrequested_rows,
)
_register_list_law(
    "SD517",
    "scopes-apart",
    "No row is listed under two paths.",
    "Compares the ids of all rows that were listed under any path.",
    ListAnalysis.find_rows_in_two_scopes,
)
_register_list_law(
    "SD518",
    "unknown-scope",
    "A path with an unknown id gets the documented response.",
    "Nothing is reported if the overlay only assumes the status.",
    ListAnalysis.check_unknown_values,
    basis="inferred",
)
_register_list_law(
    "SD519",
    "same-answer-again",
    "An identical request gets an identical response.",
    "No row is listed, then missing, then back; rows with different sort values keep their order.",
    find_unstable_lists,
    basis="inferred",
)
_register_list_law(
    "SD520",
    "unique-rows",
    "No row is twice in a list.",
    "Compares the id field.",
    single_list.find_duplicate_rows,
)
_register_list_law(
    "SD521",
    "hidden-filter",
    "A filter by a field that is not in the response narrows the list, too.",
    "An invented value returns no rows, a known value a subset of the unfiltered list, and a part of a known "
    "value none of its rows.",
    ListAnalysis.check_unknown_values,
)
_register_list_law(
    "SD523",
    "own-answer",
    "Concurrent requests each get the rows that they requested.",
    "Reported only where the same requests, one after the other, get the right rows.",
    ListAnalysis.collect_violations,
)
_register_list_law(
    "SD524",
    "page-facts",
    "What a response says about its page is true.",
    "The numbers of rows and of pages, and whether another page follows, compared with the rows of the response and "
    "with the pages that do follow.",
    page_walks.check_page_facts,
    basis="inferred",
)
_register_list_law(
    "SD525",
    "filter-has-effect",
    "A filter leaves out rows.",
    "Reported where a filter was tried with several values, one of which no row has, and the list was the whole one "
    "each time.",
    find_idle_filters,
    basis="inferred",
)


# ------------------------------------------------------------------------------------------ several callers

_CallerList = tuple[Exchange, Sequence[Row]]
"""A response with its rows, requested with the credentials of one caller."""


@clause("SD522", "visibility", "A regular caller sees only their own rows, an admin sees all rows.")
def check_visibility(subject: Subject) -> Iterator[Finding]:
    """Needs the credentials of several callers. A caller who sees rows of several owners counts as an admin, and has to
    see every row that any caller sees; not every caller may be one.
    """
    for trace in subject.find_traces(CallerLists):
        responses: dict[int, list[_CallerList]] = {}
        for number, exchange in trace.lists:
            rows = read_list_rows(subject.operation, exchange)
            if rows is not None:
                responses.setdefault(number, []).append((exchange, rows))
        yield from _check_callers(subject, responses, is_concurrent=trace.is_concurrent)


def _check_callers(
    subject: Subject, responses: Mapping[int, Sequence[_CallerList]], *, is_concurrent: bool
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
        message = f"each of the {len(responses)} callers sees the rows of several owners"
        yield subject.make_finding(
            exchange, message=message, where=f"/0/{rule.owner}", basis=rule.basis, cause="nobody"
        )
        return
    for admin, regular in ((a, b) for a in sorted(admins) for b in sorted(responses) if a != b):
        yield from _check_admin_sees_all(subject, responses[admin][-1], responses[regular][0])
    for caller in sorted(responses.keys() - admins):
        yield from _check_same_owner(subject, responses[caller], is_concurrent=is_concurrent)


def _owners_of(rows: Sequence[Row], field: str) -> set[Any]:
    return {str(get_path(row, field)) for row in rows if has_value(row, field)}


def _check_admin_sees_all(subject: Subject, admin: _CallerList, regular: _CallerList) -> Iterator[Finding]:
    """Yield a finding where an admin does not see a row of a regular caller.

    The list of the admin was requested later, and is shorter than its limit.
    """
    rule = subject.operation.behavior.visibility
    analysis = analyze_lists(subject.api, subject.operation, subject.recording)
    rules, response = analysis.rules, analysis.lists.get(admin[0].number)
    limit = rules.get_limit(response.request) if response else 0
    if rule is None or (limit is not None and len(admin[1]) >= limit):
        return
    ids = {rules.get_id(row) for row in admin[1]}
    hidden = next((row for row in regular[1] if rules.get_id(row) not in ids), None)
    if hidden is not None:
        owners = ", ".join(sorted(_owners_of(admin[1], rule.owner))[:4])
        message = (
            f"a caller sees the rows of {owners}, but not the row {rules.get_id(hidden)}, which another caller sees"
        )
        yield subject.make_finding(
            admin[0], message=message, where=f"/*/{rule.owner}", value=owners, basis=rule.basis, cause="several"
        )


def _check_same_owner(
    subject: Subject, responses: Sequence[tuple[Exchange, Sequence[Row]]], *, is_concurrent: bool
) -> Iterator[Finding]:
    """Yield a finding where a regular caller sees the rows of another owner than before."""
    rule = subject.operation.behavior.visibility
    assert rule is not None
    owners = [(exchange, _owners_of(rows, rule.owner)) for exchange, rows in responses if rows]
    for (_, first), (exchange, second) in combinations(owners, 2):
        if first and second and first != second:
            when = ", in concurrent requests," if is_concurrent else ""
            message = f"a caller saw the rows of {min(first)}, and then{when} those of {min(second)}"
            yield subject.make_finding(
                exchange,
                message=message,
                where=f"/0/{rule.owner}",
                value=min(second),
                basis=rule.basis,
                cause="swapped",
            )
            return
