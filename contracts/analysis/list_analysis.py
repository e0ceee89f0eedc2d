"""All lists of one operation, with their violations, which the clauses of the family collections report.

A list can be wrong by itself (too many rows, a row that the filter excludes, rows out of order), or it can differ from
the list of the whole collection. A difference is reported for the fewest parameters with which it occurs, so that one
bug gives one finding.
"""

from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from specduet.contracts.analysis import attribution, long_lists, single_list
from specduet.contracts.analysis.idle_filters import find_idle_filters
from specduet.contracts.analysis.list_comparison import ListDifference, ListResponse, ReferenceList, find_difference
from specduet.contracts.analysis.list_rules import CollectionRules
from specduet.contracts.analysis.page_walks import check_page_facts, read_walk
from specduet.contracts.analysis.repeated_lists import find_unstable_lists
from specduet.contracts.analysis.row_values import (
    TRUSTED_CREDENTIALS,
    get_path,
    is_same_value,
    parse_list_request,
    read_list_rows,
)
from specduet.contracts.analysis.single_list import ListViolation
from specduet.contracts.memo import compute_once
from specduet.contracts.oracle.addresses import extract_path_texts
from specduet.contracts.oracle.json_body import parse_json_body
from specduet.contracts.recording import ABSENT, Exchange, Recording, Row
from specduet.contracts.traces import (
    BracketedQueries,
    MissingFromList,
    PartialFilterValue,
    UnknownFilterValue,
    UnknownPathValue,
)
from specduet.specs import Api, Operation
from specduet.specs.statement import Basis

_MANY_QUERIES = 2  # a row that more kinds of queries list exists, whatever the list of the whole collection shows
_DISQUALIFYING_CLAUSES = frozenset({"unique-rows", "scope", "sorted"})
"""A list of the whole collection that breaks one of these clauses is not compared with other lists."""


class ListAnalysis:
    """All lists that one operation returned, and their violations."""

    def __init__(self, api: Api, operation: Operation, recording: Recording) -> None:
        exchanges = [
            e for e in recording.find_exchanges(api.name, operation.id) if e.credentials in TRUSTED_CREDENTIALS
        ]
        rows = {e.number: rows for e in exchanges if (rows := read_list_rows(operation, e)) is not None}
        fields = {field for found in rows.values() for row in found for field in row}
        self.operation = operation
        self.rules = CollectionRules(api, operation, fields, is_scope_shown=_is_scope_shown(operation, exchanges, rows))
        self._attribution = attribution.Attribution(self.rules)
        self.lists: dict[int, ListResponse] = {}
        for exchange in exchanges:
            request = parse_list_request(api, operation, exchange) if exchange.number in rows else None
            if request is not None:
                self.lists[exchange.number] = ListResponse(exchange, request, rows[exchange.number])
        self._api, self._recording, self._exchanges = api, recording, exchanges
        self._brackets = list(recording.find_traces(BracketedQueries, api.name, operation.id))
        self._unknown_filter_values = list(recording.find_traces(UnknownFilterValue, api.name, operation.id))
        self._partial_filter_values = list(recording.find_traces(PartialFilterValue, api.name, operation.id))
        self._unknown_path_values = list(recording.find_traces(UnknownPathValue, api.name, operation.id))
        self._missing_rows = list(recording.find_traces(MissingFromList, api.name, operation.id))
        self._concurrent_numbers = {e.number for b in self._brackets if b.is_concurrent for e in b.exchanges}
        self.violations = self.collect_violations()

    def find_violations(self, clause: str) -> list[ListViolation]:
        """Return the violations of the clause with this name."""
        return [violation for violation in self.violations if violation.clause == clause]

    def collect_violations(self) -> list[ListViolation]:
        """Return the violations of all lists, without those that follow from others.

        Concurrent requests are reported (``own-answer``) only if the same requests are right one after the other.
        """
        direct = [v for response in self.lists.values() for v in single_list.find_violations(self.rules, response)]
        direct += [
            v for e in self._exchanges for v in long_lists.find_excess_rows(self._api, self.operation, self.rules, e)
        ]
        facts = [v for response in self.lists.values() for v in check_page_facts(self.rules, response)]
        broken_clauses = {violation.exchange.number: violation.clause for violation in direct}
        differences = [v for bracket in self._brackets for v in self._compare_bracket(bracket, broken_clauses)]
        differences = [violation for violation in differences if violation.basis != "assumed"]
        certain = attribution.drop_weaker([v for v in direct if not self._is_concurrent(v)])
        certain += attribution.keep_simplest([v for v in differences if not self._is_concurrent(v)], certain)
        certain_clauses = {violation.clause for violation in certain}
        concurrent = [v for v in direct if self._is_concurrent(v) and v.clause not in certain_clauses]
        concurrent += attribution.drop_explained([v for v in differences if self._is_concurrent(v)], certain)
        unknown_values = list(self.check_unknown_values())
        violations = [
            *certain,
            *(replace(violation, clause="own-answer") for violation in concurrent),
            *unknown_values,
            *(violation for violation in facts if violation.basis != "assumed"),
            *self._find_idle_filters({violation.cause for violation in certain}),
            *self._check_partial_values({violation.where for violation in unknown_values}),
            *self._check_missing_rows(),
        ]
        if not certain:  # otherwise the lists are wrong anyway
            violations += self.find_repeats_in_page_walks()
            violations += find_unstable_lists(self.rules, self._sequential_lists(), self._written_ids)
            violations += self.find_rows_in_two_scopes()
        return violations

    def _find_idle_filters(self, told: Container[str]) -> Iterator[ListViolation]:
        """Yield the filters without effect, without those of which a wrong row tells."""
        return (v for v in find_idle_filters(self.rules, self._brackets, self.lists) if v.cause not in told)

    def _is_whole(self, response: ListResponse) -> bool:
        return self.rules.is_whole(response.request, len(response.rows), response.exchange)

    def _is_concurrent(self, violation: ListViolation) -> bool:
        return violation.exchange.number in self._concurrent_numbers

    def _written_ids(self, earlier: ListResponse, later: ListResponse) -> frozenset[str]:
        """Return the ids of the rows that may have been written between two lists."""
        api_name, id_field = self.rules.api.name, self.rules.resource.behavior.id.field
        writes = compute_once(self._recording, ("writes", api_name, id_field), lambda: list(self._find_writes()))
        between = (
            ids
            for exchange, ids in writes
            if not exchange.is_before(earlier.exchange) and not later.exchange.is_before(exchange)
        )
        return frozenset().union(*between)

    def _find_writes(self) -> Iterator[tuple[Exchange, frozenset[str]]]:
        """Yield each write with the texts in its path, its body and its response that can be ids of rows."""
        for exchange in self._recording.exchanges:
            is_write = exchange.request.method not in {"GET", "HEAD", "OPTIONS"} and exchange.is_success
            if is_write and exchange.api == self.rules.api.name:
                bodies = (parse_json_body(exchange.request.body or b"")[0], exchange.json)
                ids = [self.rules.get_id(body) for body in bodies if isinstance(body, Mapping)]
                yield exchange, frozenset(map(str, ids)) | frozenset(map(unquote, exchange.request.path.split("/")))

    def _sequential_lists(self) -> list[ListResponse]:
        """Return the lists without those that were requested at the same time as others."""
        return [response for number, response in self.lists.items() if number not in self._concurrent_numbers]

    # --------------------------------------------------------- lists compared with the whole collection

    def _compare_bracket(self, bracket: BracketedQueries, broken_clauses: Mapping[int, str]) -> Iterator[ListViolation]:
        before, after = self.lists.get(bracket.list_before.number), self.lists.get(bracket.list_after.number)
        if before is None or after is None or broken_clauses.get(before.exchange.number) in _DISQUALIFYING_CLAUSES:
            return
        if bracket.is_page_walk:
            walk = read_walk(self.rules, bracket, self.lists)
            yield from walk.find_violations() if walk is not None else ()
            yield from self.find_repeats_between_pages(bracket, before, after)
        is_complete = not bracket.is_capped and self._is_whole(before)
        reference = ReferenceList.from_lists(self.rules, before, after, is_complete=is_complete)
        for exchange in bracket.exchanges:
            response = self.lists.get(exchange.number)
            if response is None or exchange.number in broken_clauses:
                continue
            difference = find_difference(self.rules, reference, response)
            if difference is None:
                continue
            if difference.kind == "unknown" and self._query_counts[difference.seen] > _MANY_QUERIES:
                yield self._make_incomplete_violation(before, difference)
            else:
                is_walk = bracket.is_page_walk
                yield self._attribution.attribute_difference(before, response, difference, is_page_walk=is_walk)

    def find_repeats_between_pages(
        self, bracket: BracketedQueries, before: ListResponse, after: ListResponse
    ) -> Iterator[ListViolation]:
        """Yield a violation for a row on two pages, so that another row is on none.

        Rows with equal order keys may be anywhere, but only once. Checked where the collection did not change and the
        pages were requested by offset: a cursor may lose rows with equal order keys.
        """
        offset = self.operation.behavior.offset
        rows_by_id = [{self.rules.get_id(row): row for row in response.rows} for response in (before, after)]
        if offset is None or rows_by_id[0] != rows_by_id[1]:
            return
        seen_ids: set[Any] = set()
        for page in filter(None, (self.lists.get(exchange.number) for exchange in bracket.exchanges)):
            page_ids = {self.rules.get_id(row) for row in page.rows} - {ABSENT}
            repeated_id = next(
                (row_id for row_id in map(self.rules.get_id, page.rows) if row_id in seen_ids & page_ids), None
            )
            if repeated_id is not None:
                where, pointer = f"query/{offset.parameter}", self.rules.get_parameter_pointer(offset.parameter)
                message = f"the row {repeated_id} is on two pages, although the collection did not change"
                features = self._attribution.query_features(before.request, page.request)
                yield ListViolation(
                    "pages-complete",
                    page.exchange,
                    message,
                    offset.basis,
                    where,
                    repeated_id,
                    pointer,
                    features=features,
                )
                return
            seen_ids |= page_ids

    @cached_property
    def _query_counts(self) -> Counter[Any]:
        """The number of different sets of parameters with which each row is listed, by the id of the row."""
        queries_by_row: dict[Any, set[frozenset[str]]] = {}
        for response in self.lists.values():
            parameters = frozenset(response.request.values)
            for row in response.rows:
                queries_by_row.setdefault(self.rules.get_id(row), set()).add(parameters)
        return Counter({row_id: len(queries) for row_id, queries in queries_by_row.items()})

    def _make_incomplete_violation(self, base: ListResponse, unknown: ListDifference) -> ListViolation:
        """Return the violation of a list of the whole collection that lacks a row which several other lists have."""
        rule = self.operation.behavior.limit
        name = rule.parameter if rule else ""
        message = f"the list of all rows has {len(base.rows)} rows, without {unknown.seen}, which other lists show"
        basis = rule.basis if rule else "inferred"
        where, seen = f"query/{name}" if name else "", len(base.rows)
        return ListViolation(
            "limit-filled",
            base.exchange,
            message,
            basis,
            where,
            seen,
            self.rules.get_parameter_pointer(name),
            "incomplete",
        )

    def find_repeats_in_page_walks(self) -> Iterator[ListViolation]:
        """Yield a violation for a row on two pages, which a comparison of order keys takes for two rows."""
        for bracket in self._brackets:
            before, after = self.lists.get(bracket.list_before.number), self.lists.get(bracket.list_after.number)
            if not bracket.is_page_walk or before is None or after is None or before.rows != after.rows:
                continue
            pages = [self.lists[e.number] for e in bracket.exchanges if e.number in self.lists]
            page_numbers: dict[Any, int] = {}
            for number, page in enumerate(pages):
                for row in page.rows:
                    row_id = self.rules.get_id(row)
                    if row_id is ABSENT or self.rules.get_order_key(row) is None:
                        continue
                    if page_numbers.setdefault(row_id, number) != number:
                        message = f"page {number + 1} repeats the row {row_id} of page {page_numbers[row_id] + 1}"
                        features = self._attribution.query_features(before.request, page.request)
                        basis = self._attribution.find_basis(features, ListDifference("surplus", row_id, 0, ""))
                        yield ListViolation("pages-complete", page.exchange, message, basis, where="", value=row_id)
                        return

    # ------------------------------------------------------------------------- invented values, missing rows

    def check_unknown_values(self) -> Iterator[ListViolation]:
        """Yield violations of lists that were requested with an invented value of a filter or of the path."""
        for trace in self._unknown_filter_values:
            rule, rows = (
                self.operation.behavior.filters[trace.parameter],
                read_list_rows(self.operation, trace.exchange),
            )
            if rows:
                message = f"{len(rows)} rows were listed for an invented {trace.parameter}"
                where, pointer = f"query/{trace.parameter}", self.rules.get_parameter_pointer(trace.parameter)
                yield ListViolation(
                    "hidden-filter", trace.exchange, message, rule.basis, where, len(rows), pointer, "made-up"
                )
        scope = self.operation.behavior.scope
        for unknown in self._unknown_path_values:
            rows = read_list_rows(self.operation, unknown.exchange)
            if scope is None or unknown.exchange.response is None or unknown.exchange.response.is_made_up:
                continue
            where, pointer = f"path/{scope.parameter}", self.rules.get_parameter_pointer(scope.parameter)
            if rows:
                message = f"{len(rows)} rows were listed for an invented {scope.parameter}"
                yield ListViolation(
                    "scope", unknown.exchange, message, scope.basis, where, len(rows), pointer, "made-up"
                )
            elif unknown.exchange.is_success != (scope.unknown < 300):
                message = f"an invented {scope.parameter} got {unknown.exchange.status}, not {scope.unknown}"
                seen = unknown.exchange.status
                yield ListViolation(
                    "unknown-scope", unknown.exchange, message, scope.unknown_basis, where, seen, pointer
                )

    def _check_partial_values(self, ignored_places: Container[str]) -> Iterator[ListViolation]:
        """Yield a violation for a row that is listed both for a value and for a part of it, or a similar value.

        ``ignored_places`` are the parameters whose invented values list rows as well: those are reported already.
        """
        for trace in self._partial_filter_values:
            where, pointer = f"query/{trace.parameter}", self.rules.get_parameter_pointer(trace.parameter)
            full_match_ids = {
                self.rules.get_id(row) for row in read_list_rows(self.operation, trace.exchange) or ()
            } - {ABSENT}
            partial_rows = read_list_rows(self.operation, trace.partial_exchange) or ()
            common_rows = [row for row in partial_rows if self.rules.get_id(row) in full_match_ids]
            if common_rows and where not in ignored_places:
                rule, row_id = self.operation.behavior.filters[trace.parameter], self.rules.get_id(common_rows[0])
                message = f"the row {row_id} is listed for a value of {trace.parameter}, and for a similar one"
                yield ListViolation(
                    "hidden-filter", trace.partial_exchange, message, rule.basis, where, row_id, pointer, "in-part"
                )

    def _check_missing_rows(self) -> Iterator[ListViolation]:
        """Yield a violation for a row that can be fetched, and that is missing from two lists below their limit."""
        rule = self.operation.behavior.limit
        for trace in self._missing_rows:
            before, after = self.lists.get(trace.list_before.number), self.lists.get(trace.list_after.number)
            if before is None or after is None or not trace.exchange.is_success:
                continue
            row_id = self.rules.get_id(trace.row)
            are_below_limit = all(map(self._is_whole, (before, after)))
            if len(before.rows) == len(after.rows) and self.rules.can_be_capped(len(after.rows)):
                continue
            is_absent = all(self.rules.get_id(row) != row_id for response in (before, after) for row in response.rows)
            if are_below_limit and is_absent:
                message = f"the list has {len(after.rows)} rows, without {row_id}, which can be fetched"
                basis: Basis = rule.basis if rule else "inferred"
                where = f"query/{rule.parameter}" if rule else ""
                yield ListViolation(
                    "limit-filled", after.exchange, message, basis, where, len(after.rows), cause="incomplete"
                )

    def find_rows_in_two_scopes(self) -> Iterator[ListViolation]:
        """Yield a violation for a row that is listed under two values of the path."""
        scope = self.operation.behavior.scope
        if scope is None or scope.basis != "documented":  # one row may well belong to several others
            return
        scope_values: dict[Any, Any] = {}
        for response in self._sequential_lists():
            scope_value = response.request.values.get(scope.parameter)
            for row in response.rows:
                row_id = self.rules.get_id(row)
                if row_id is not ABSENT and scope_values.setdefault(row_id, scope_value) != scope_value:
                    message = f"the row {row_id} is listed under {scope_value} and under {scope_values[row_id]}"
                    where, pointer = f"path/{scope.parameter}", self.rules.get_parameter_pointer(scope.parameter)
                    yield ListViolation("scopes-apart", response.exchange, message, scope.basis, where, row_id, pointer)
                    return


def _is_scope_shown(operation: Operation, exchanges: Sequence[Exchange], rows: Mapping[int, Sequence[Row]]) -> bool:
    """Return whether a row has the value of the path in the field of the scope."""
    scope = operation.behavior.scope
    for exchange in exchanges if scope is not None and not scope.hidden else ():
        text = (extract_path_texts(operation, exchange.request) or {}).get(scope.parameter if scope else "")
        if scope is not None and text is not None:
            values = (get_path(row, scope.field) for row in rows.get(exchange.number, ()))
            if any(value is not ABSENT and is_same_value(value, unquote(text)) for value in values):
                return True
    return False


def analyze_lists(api: Api, operation: Operation, recording: Recording) -> ListAnalysis:
    """Return the analysis of the lists of an operation, which is computed once per recording."""
    key = ("listings", api.name, operation.id)
    return compute_once(recording, key, lambda: ListAnalysis(api, operation, recording))
