"""What is wrong with the lists of one operation: worked out once, then told by the clauses of the family collections.

Two kinds of fault. One answer alone can break a law (too many rows, a row that the filter should have kept out, rows
out of order). And an answer can differ from what the listing of everything says it should hold; that is laid at the
door of the fewest parameters that it happens with, so that one cause makes one finding.
"""

from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import msgspec

from specduet.contracts.analysis import attribution, single_list
from specduet.contracts.analysis.list_comparison import ListDifference, ListResponse, ReferenceList, find_difference
from specduet.contracts.analysis.list_rules import CollectionRules
from specduet.contracts.analysis.row_values import TRUSTED_CREDENTIALS, has_value, parse_list_request, read_list_rows
from specduet.contracts.analysis.single_list import ListViolation
from specduet.contracts.memo import compute_once
from specduet.contracts.recording import ABSENT, Recording, Row
from specduet.contracts.traces import (
    BracketedQueries,
    MissingFromList,
    PartialFilterValue,
    UnknownFilterValue,
    UnknownPathValue,
)
from specduet.specs import Api, Operation
from specduet.specs.behavior import Basis

_MANY_LISTS = 2
_DISQUALIFYING_LAWS = frozenset({"unique-rows", "scope", "sorted"})
"""Laws that a listing of everything must keep to be compared with."""


class ListAnalysis:
    """Every list that one operation answered, and what is wrong with each."""

    def __init__(self, api: Api, operation: Operation, recording: Recording) -> None:
        exchanges = [
            e for e in recording.find_exchanges(api.name, operation.id) if e.credentials in TRUSTED_CREDENTIALS
        ]
        rows = {e.number: rows for e in exchanges if (rows := read_list_rows(e)) is not None}
        fields = {field for found in rows.values() for row in found for field in row}
        self.operation = operation
        self.rules = CollectionRules(api, operation, fields)
        self._attribution = attribution.Attribution(self.rules)
        self.lists: dict[int, ListResponse] = {}
        for exchange in exchanges:
            request = parse_list_request(api, operation, exchange) if exchange.number in rows else None
            if request is not None:
                self.lists[exchange.number] = ListResponse(exchange, request, rows[exchange.number])
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
        direct = [
            violation
            for response in self.lists.values()
            for violation in single_list.find_violations(self.rules, response)
        ]
        broken_laws = {violation.exchange.number: violation.clause for violation in direct}
        differences = [
            violation for bracket in self._brackets for violation in self._compare_bracket(bracket, broken_laws)
        ]
        differences = [violation for violation in differences if violation.basis != "assumed"]
        certain_direct = attribution.drop_weaker(
            [violation for violation in direct if violation.exchange.number not in self._concurrent_numbers]
        )
        simplest = attribution.keep_simplest(
            [f for f in differences if f.exchange.number not in self._concurrent_numbers], certain_direct
        )
        certain = [*certain_direct, *simplest]
        concurrent = [
            f
            for f in direct
            if f.exchange.number in self._concurrent_numbers and f.clause not in {s.clause for s in certain}
        ]
        concurrent += attribution.drop_explained(
            [f for f in differences if f.exchange.number in self._concurrent_numbers], certain
        )
        violations = [*certain, *(replace(violation, clause="own-answer") for violation in concurrent)]
        unknown_values = list(self.check_unknown_values())
        violations += [
            *unknown_values,
            *self._check_partial_values({violation.where for violation in unknown_values}),
            *self._check_missing_rows(),
        ]
        return (
            violations
            if certain
            else [
                *violations,
                *self.find_repeats_in_page_walks(),
                *self.find_unstable_lists(),
                *self.find_rows_in_two_scopes(),
            ]
        )

    # ----------------------------------------------------------------- answers against the listing of everything

    def _compare_bracket(self, bracket: BracketedQueries, broken_laws: Mapping[int, str]) -> Iterator[ListViolation]:
        before, after = self.lists.get(bracket.list_before.number), self.lists.get(bracket.list_after.number)
        if before is None or after is None or broken_laws.get(before.exchange.number) in _DISQUALIFYING_LAWS:
            return
        if bracket.is_page_walk:
            yield from self.find_repeats_between_pages(bracket, before, after)
        limit = self.rules.get_limit(before.request)
        is_complete = not bracket.is_capped and (limit is None or len(before.rows) < limit)
        reference = ReferenceList.from_lists(self.rules, before, after, is_complete=is_complete)
        for exchange in bracket.exchanges:
            response = self.lists.get(exchange.number)
            if response is None or exchange.number in broken_laws:
                continue
            difference = find_difference(self.rules, reference, response)
            if (
                difference is not None
                and difference.kind == "stranger"
                and self._query_counts[difference.seen] > _MANY_LISTS
            ):
                yield self._make_incomplete_violation(before, difference)
            elif difference is not None:
                yield self._attribution.attribute_difference(
                    before, response, difference, is_page_walk=bracket.is_page_walk
                )

    def find_repeats_between_pages(
        self, bracket: BracketedQueries, before: ListResponse, after: ListResponse
    ) -> Iterator[ListViolation]:
        """A row on two pages, so that another is on none: rows that tie may stand anywhere, but only once.

        Judged where nothing came, went or changed, and pages were turned by offset: a cursor may lose rows that tie.
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
                message = f"the row {repeated_id} stands on two pages, though nothing came, went or changed"
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
        """In how many lists each row stands that were asked for with different parameters."""
        queries_by_row: dict[Any, set[frozenset[str]]] = {}
        for response in self.lists.values():
            parameters = frozenset(response.request.values)
            for row in response.rows:
                queries_by_row.setdefault(self.rules.get_id(row), set()).add(parameters)
        return Counter({row_id: len(queries) for row_id, queries in queries_by_row.items()})

    def _make_incomplete_violation(self, base: ListResponse, unknown: ListDifference) -> ListViolation:
        """The listing of everything is shorter than its limit, and lacks a row that several other lists show."""
        rule = self.operation.behavior.limit
        name = rule.parameter if rule else ""
        message = (
            f"{len(base.rows)} rows are all there are, and {unknown.seen}, which other lists show, is not among them"
        )
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
        """Rows that stand on two pages of one walk, which a comparison by what orders them cannot tell from ties."""
        for bracket in self._brackets:
            pages = (
                [self.lists[e.number] for e in bracket.exchanges if e.number in self.lists]
                if bracket.is_page_walk
                else []
            )
            before, after = self.lists.get(bracket.list_before.number), self.lists.get(bracket.list_after.number)
            if not pages or before is None or after is None or before.rows != after.rows:
                continue
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

    # --------------------------------------------------------------------------- what spans several answers

    def check_unknown_values(self) -> Iterator[ListViolation]:
        for trace in self._unknown_filter_values:
            rule, rows = self.operation.behavior.filters[trace.parameter], read_list_rows(trace.exchange)
            if rows:
                message = f"{len(rows)} rows were listed for a made-up {trace.parameter}"
                where, pointer = f"query/{trace.parameter}", self.rules.get_parameter_pointer(trace.parameter)
                yield ListViolation(
                    "hidden-filter", trace.exchange, message, rule.basis, where, len(rows), pointer, "made-up"
                )
        scope = self.operation.behavior.scope
        for unknown in self._unknown_path_values:
            rows = read_list_rows(unknown.exchange)
            if scope is None or unknown.exchange.response is None:
                continue
            where, pointer = f"path/{scope.parameter}", self.rules.get_parameter_pointer(scope.parameter)
            if rows:
                message = f"{len(rows)} rows were listed for a made-up {scope.parameter}"
                yield ListViolation(
                    "scope", unknown.exchange, message, scope.basis, where, len(rows), pointer, "made-up"
                )
            elif unknown.exchange.is_success != (scope.unknown < 300):
                message = f"a made-up {scope.parameter} was answered {unknown.exchange.status}, not {scope.unknown}"
                seen = unknown.exchange.status
                yield ListViolation(
                    "unknown-scope", unknown.exchange, message, scope.unknown_basis, where, seen, pointer
                )

    def _check_partial_values(self, ignored_places: Container[str]) -> Iterator[ListViolation]:
        """A row that is listed for a value, and for a part of it or nearly the same: it can have only one of them.

        ``ignored_places``: where a made-up value is listed as well, so that this is no news.
        """
        for trace in self._partial_filter_values:
            where, pointer = f"query/{trace.parameter}", self.rules.get_parameter_pointer(trace.parameter)
            full_match_ids = {self.rules.get_id(row) for row in read_list_rows(trace.exchange) or ()} - {ABSENT}
            common_rows = [
                row for row in read_list_rows(trace.partial_exchange) or () if self.rules.get_id(row) in full_match_ids
            ]
            if common_rows and where not in ignored_places:
                rule, row_id = self.operation.behavior.filters[trace.parameter], self.rules.get_id(common_rows[0])
                message = f"the row {row_id} is listed for a value of {trace.parameter}, and for one nearly the same"
                yield ListViolation(
                    "hidden-filter", trace.partial_exchange, message, rule.basis, where, row_id, pointer, "in-part"
                )

    def _check_missing_rows(self) -> Iterator[ListViolation]:
        """A row that can be looked up, and that two lists lack though they are shorter than their limit."""
        rule = self.operation.behavior.limit
        for trace in self._missing_rows:
            before, after = self.lists.get(trace.list_before.number), self.lists.get(trace.list_after.number)
            if before is None or after is None or not trace.exchange.is_success:
                continue
            row_id = self.rules.get_id(trace.row)
            limits = [self.rules.get_limit(response.request) for response in (before, after)]
            are_below_limit = all(
                limit is None or len(response.rows) < limit
                for limit, response in zip(limits, (before, after), strict=True)
            )
            if len(before.rows) == len(after.rows) and self.rules.can_be_capped(len(after.rows)):
                continue
            is_absent = all(self.rules.get_id(row) != row_id for response in (before, after) for row in response.rows)
            if are_below_limit and is_absent:
                message = f"{len(after.rows)} rows are all that is listed, and {row_id}, which can be looked up, is not"
                basis: Basis = rule.basis if rule else "inferred"
                where = f"query/{rule.parameter}" if rule else ""
                yield ListViolation(
                    "limit-filled", after.exchange, message, basis, where, len(after.rows), cause="incomplete"
                )

    def find_unstable_lists(self) -> Iterator[ListViolation]:
        """The same request, several times, one after the other: rows that go and come back, or change places.

        Of requests made at the same time nobody knows which was answered first, and which rows there were by then.
        """
        groups: dict[tuple[Any, ...], list[ListResponse]] = {}
        sequential = [response for number, response in self.lists.items() if number not in self._concurrent_numbers]
        for response in sorted(sequential, key=lambda response: response.exchange.sent_at):
            group = groups.setdefault((response.exchange.request.url, response.exchange.request.headers), [])
            if not group or group[-1].exchange.is_before(response.exchange):
                group.append(response)
        for group in groups.values():
            yield from self._find_disappearing_rows(group)
            for earlier, later in pairwise(group):
                yield from self._find_moved_rows(earlier, later)
                yield from self._find_renamed_rows(earlier, later)

    def _find_disappearing_rows(self, group: Sequence[ListResponse]) -> Iterator[ListViolation]:
        filters = self.operation.behavior.filters
        absent_in: dict[Any, ListResponse] = {}
        seen_ids: set[Any] = set()
        for response in group:
            limit = self.rules.get_limit(response.request)
            if (limit is not None and len(response.rows) >= limit) or self.rules.get_offset(response.request):
                return
            rows = {self.rules.get_id(row): row for row in response.rows}
            is_unfiltered = not any(name in filters and filters[name].op == "eq" for name in response.request.values)
            returned_id = next(
                (i for i in rows if i in absent_in and (is_unfiltered or self.rules.has_ended(rows[i]))), None
            )
            if returned_id is not None:
                message = f"the same request again: the row {returned_id} was listed, was missing, and is back"
                yield ListViolation(
                    "same-answer-again", absent_in[returned_id].exchange, message, "inferred", value=returned_id
                )
                return
            absent_in.update(dict.fromkeys(seen_ids - rows.keys() - absent_in.keys(), response))
            seen_ids |= rows.keys()

    def _find_moved_rows(self, earlier: ListResponse, later: ListResponse) -> Iterator[ListViolation]:
        keys = {self.rules.get_id(row): self.rules.get_order_key(row) for row in earlier.rows}
        later_ids = {self.rules.get_id(row) for row in later.rows}
        earlier_order = [row_id for row in earlier.rows if (row_id := self.rules.get_id(row)) in later_ids]
        later_order = [row_id for row in later.rows if (row_id := self.rules.get_id(row)) in keys]
        places = zip(earlier_order, later_order, strict=False)
        index = next((i for i, (a, b) in enumerate(places) if a != b and keys[a] != keys[b]), None)
        if index is not None and len(earlier_order) == len(later_order):
            message = f"the same request again: the row {later_order[index]} has changed its place"
            yield ListViolation(
                "same-answer-again", later.exchange, message, "inferred", value=later_order[index], cause="order"
            )

    def _find_renamed_rows(self, earlier: ListResponse, later: ListResponse) -> Iterator[ListViolation]:
        """A row that has ended and that is there again, the same in everything but what tells it from others."""
        order, field = self.operation.behavior.order, self.rules.resource.behavior.id.field
        earlier_ids = {self.rules.get_id(row) for row in earlier.rows}
        later_ids = {self.rules.get_id(row) for row in later.rows}
        gone_rows = [
            row for row in earlier.rows if self.rules.get_id(row) not in later_ids and self.rules.has_ended(row)
        ]
        new_rows = [row for row in later.rows if self.rules.get_id(row) not in earlier_ids]
        if order is None or not gone_rows or not new_rows:
            return
        contents = {_encode_without(row, field) for row in gone_rows if has_value(row, order.by)}
        twin = next((row for row in new_rows if _encode_without(row, field) in contents), None)
        if twin is not None:
            message = f"the same request again: a row has another {field}"
            where, seen = f"/*/{field}", self.rules.get_id(twin)
            yield ListViolation("same-answer-again", later.exchange, message, "inferred", where, seen, cause="id")

    def find_rows_in_two_scopes(self) -> Iterator[ListViolation]:
        """Rows that are listed under two values of the path."""
        scope = self.operation.behavior.scope
        if scope is None:
            return
        scope_values: dict[Any, Any] = {}
        for response in (response for number, response in self.lists.items() if number not in self._concurrent_numbers):
            scope_value = response.request.values.get(scope.parameter)
            for row in response.rows:
                row_id = self.rules.get_id(row)
                if row_id is not ABSENT and scope_values.setdefault(row_id, scope_value) != scope_value:
                    message = f"the row {row_id} is listed under {scope_value} and under {scope_values[row_id]}"
                    where, pointer = f"path/{scope.parameter}", self.rules.get_parameter_pointer(scope.parameter)
                    yield ListViolation("scopes-apart", response.exchange, message, scope.basis, where, row_id, pointer)
                    return


def _encode_without(row: Row, field: str) -> bytes:
    """Everything that a row shows, save one field."""
    return msgspec.json.encode({name: value for name, value in row.items() if name != field}, order="sorted")


def analyze_lists(api: Api, operation: Operation, recording: Recording) -> ListAnalysis:
    """The lists of an operation, worked out once for all clauses."""
    key = ("listings", api.name, operation.id)
    return compute_once(recording, key, lambda: ListAnalysis(api, operation, recording))
