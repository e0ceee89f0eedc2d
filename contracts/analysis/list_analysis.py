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
from specduet.contracts.analysis.list_comparison import Difference, Listing, Reference, difference
from specduet.contracts.analysis.list_rules import Collection
from specduet.contracts.analysis.memo import once
from specduet.contracts.analysis.row_values import MISSING, TRUSTED, asked, known, listed
from specduet.contracts.analysis.single_list import Fault
from specduet.contracts.recording import Recording, Row
from specduet.contracts.traces import Bracket, NeverUsed, Similar, Unknown, Unlisted
from specduet.specs import Api, Operation
from specduet.specs.behavior import Basis

_SEVERAL = 2
_SPOILS = frozenset({"unique", "scope", "order"})
"""Laws that a listing of everything must keep to be compared with."""


class Listings:
    """Every list that one operation answered, and what is wrong with each."""

    def __init__(self, api: Api, operation: Operation, recording: Recording) -> None:
        exchanges = [e for e in recording.of(api.name, operation.id) if e.credentials in TRUSTED]
        rows = {e.number: rows for e in exchanges if (rows := listed(e)) is not None}
        fields = {field for found in rows.values() for row in found for field in row}
        self.operation = operation
        self.collection = Collection(api, operation, fields)
        self._blame = attribution.Blame(self.collection)
        self.all: dict[int, Listing] = {}
        for exchange in exchanges:
            request = asked(api, operation, exchange) if exchange.number in rows else None
            if request is not None:
                self.all[exchange.number] = Listing(exchange, request, rows[exchange.number])
        self._brackets = list(recording.traced(Bracket, api.name, operation.id))
        self._never_used = list(recording.traced(NeverUsed, api.name, operation.id))
        self._similar = list(recording.traced(Similar, api.name, operation.id))
        self._unknown = list(recording.traced(Unknown, api.name, operation.id))
        self._lost = list(recording.traced(Unlisted, api.name, operation.id))
        self._together = {e.number for b in self._brackets if b.together for e in b.answers}
        self.faults = self._found()

    def of(self, *laws: str) -> list[Fault]:
        """The faults against some laws."""
        return [fault for fault in self.faults if fault.law in laws]

    def _found(self) -> list[Fault]:
        direct = [fault for listing in self.all.values() for fault in single_list.faults(self.collection, listing)]
        broken = {fault.exchange.number: fault.law for fault in direct}
        compared_ = [fault for bracket in self._brackets for fault in self._compared(bracket, broken)]
        compared_ = [fault for fault in compared_ if fault.basis != "assumed"]
        plain = attribution.first([fault for fault in direct if fault.exchange.number not in self._together])
        simplest = attribution.simplest([f for f in compared_ if f.exchange.number not in self._together], plain)
        sure = [*plain, *simplest]
        mixed = [f for f in direct if f.exchange.number in self._together and f.law not in {s.law for s in sure}]
        mixed += attribution.unexplained([f for f in compared_ if f.exchange.number in self._together], sure)
        told = [*sure, *(replace(fault, law="together") for fault in mixed)]
        made_up = list(self._made_up())
        told += [*made_up, *self._in_part({fault.where for fault in made_up}), *self._unlisted()]
        return told if sure else [*told, *self._repeated(), *self._again(), *self._leaked()]

    # ----------------------------------------------------------------- answers against the listing of everything

    def _compared(self, bracket: Bracket, broken: Mapping[int, str]) -> Iterator[Fault]:
        before, after = self.all.get(bracket.before.number), self.all.get(bracket.after.number)
        if before is None or after is None or broken.get(before.exchange.number) in _SPOILS:
            return
        if bracket.walk:
            yield from self._turned_up_again(bracket, before, after)
        limit = self.collection.limit(before.asked)
        whole = not bracket.capped and (limit is None or len(before.rows) < limit)
        reference = Reference.of(self.collection, before, after, whole=whole)
        for exchange in bracket.answers:
            listing = self.all.get(exchange.number)
            if listing is None or exchange.number in broken:
                continue
            found = difference(self.collection, reference, listing)
            if found is not None and found.kind == "stranger" and self._homes[found.row] > _SEVERAL:
                yield self._incomplete(before, found)
            elif found is not None:
                yield self._blame.fault(before, listing, found, walk=bracket.walk)

    def _turned_up_again(self, bracket: Bracket, before: Listing, after: Listing) -> Iterator[Fault]:
        """A row on two pages, so that another is on none: rows that tie may stand anywhere, but only once.

        Judged where nothing came, went or changed, and pages were turned by offset: a cursor may lose rows that tie.
        """
        offset = self.operation.behavior.offset
        states = [{self.collection.ident(row): row for row in listing.rows} for listing in (before, after)]
        if offset is None or states[0] != states[1]:
            return
        seen: set[Any] = set()
        for page in filter(None, (self.all.get(exchange.number) for exchange in bracket.answers)):
            idents = {self.collection.ident(row) for row in page.rows} - {MISSING}
            again = next((ident for ident in map(self.collection.ident, page.rows) if ident in seen & idents), None)
            if again is not None:
                where, pointer = f"query/{offset.parameter}", self.collection.pointer(offset.parameter)
                message = f"the row {again} stands on two pages, though nothing came, went or changed"
                roles = self._blame.roles(before.asked, page.asked)
                yield Fault("pages", page.exchange, message, offset.basis, where, again, pointer, roles=roles)
                return
            seen |= idents

    @cached_property
    def _homes(self) -> Counter[Any]:
        """In how many lists each row stands that were asked for with different parameters."""
        shapes: dict[Any, set[frozenset[str]]] = {}
        for listing in self.all.values():
            shape = frozenset(listing.asked.values)
            for row in listing.rows:
                shapes.setdefault(self.collection.ident(row), set()).add(shape)
        return Counter({ident: len(found) for ident, found in shapes.items()})

    def _incomplete(self, base: Listing, stranger: Difference) -> Fault:
        """The listing of everything is shorter than its limit, and lacks a row that several other lists show."""
        rule = self.operation.behavior.limit
        name = rule.parameter if rule else ""
        message = (
            f"{len(base.rows)} rows are all there are, and {stranger.row}, which other lists show, is not among them"
        )
        basis = rule.basis if rule else "inferred"
        where, seen = f"query/{name}" if name else "", len(base.rows)
        return Fault("fill", base.exchange, message, basis, where, seen, self.collection.pointer(name), "incomplete")

    def _repeated(self) -> Iterator[Fault]:
        """Rows that stand on two pages of one walk, which a comparison by what orders them cannot tell from ties."""
        for bracket in self._brackets:
            pages = [self.all[e.number] for e in bracket.answers if e.number in self.all] if bracket.walk else []
            before, after = self.all.get(bracket.before.number), self.all.get(bracket.after.number)
            if not pages or before is None or after is None or before.rows != after.rows:
                continue
            seen: dict[Any, int] = {}
            for number, page in enumerate(pages):
                for row in page.rows:
                    ident = self.collection.ident(row)
                    if ident is MISSING or self.collection.key(row) is None:
                        continue
                    if seen.setdefault(ident, number) != number:
                        message = f"page {number + 1} repeats the row {ident} of page {seen[ident] + 1}"
                        roles = self._blame.roles(before.asked, page.asked)
                        basis = self._blame.basis(roles, Difference("surplus", ident, 0, ""))
                        yield Fault("pages", page.exchange, message, basis, where="", seen=ident)
                        return

    # --------------------------------------------------------------------------- what spans several answers

    def _made_up(self) -> Iterator[Fault]:
        for trace in self._never_used:
            rule, rows = self.operation.behavior.filters[trace.parameter], listed(trace.exchange)
            if rows:
                message = f"{len(rows)} rows were listed for a made-up {trace.parameter}"
                where, pointer = f"query/{trace.parameter}", self.collection.pointer(trace.parameter)
                yield Fault("hidden", trace.exchange, message, rule.basis, where, len(rows), pointer, "made-up")
        scope = self.operation.behavior.scope
        for unknown in self._unknown:
            rows = listed(unknown.exchange)
            if scope is None or unknown.exchange.received is None:
                continue
            where, pointer = f"path/{scope.parameter}", self.collection.pointer(scope.parameter)
            if rows:
                message = f"{len(rows)} rows were listed for a made-up {scope.parameter}"
                yield Fault("scope", unknown.exchange, message, scope.basis, where, len(rows), pointer, "made-up")
            elif unknown.exchange.succeeded != (scope.unknown < 300):
                message = f"a made-up {scope.parameter} was answered {unknown.exchange.status}, not {scope.unknown}"
                seen = unknown.exchange.status
                yield Fault("unknown-scope", unknown.exchange, message, scope.unknown_basis, where, seen, pointer)

    def _in_part(self, ignored: Container[str]) -> Iterator[Fault]:
        """A row that is listed for a value, and for a part of it or nearly the same: it can have only one of them.

        ``ignored``: where a made-up value is listed as well, so that this is no news.
        """
        for trace in self._similar:
            where, pointer = f"query/{trace.parameter}", self.collection.pointer(trace.parameter)
            whole = {self.collection.ident(row) for row in listed(trace.exchange) or ()} - {MISSING}
            both = [row for row in listed(trace.part) or () if self.collection.ident(row) in whole]
            if both and where not in ignored:
                rule, ident = self.operation.behavior.filters[trace.parameter], self.collection.ident(both[0])
                message = f"the row {ident} is listed for a value of {trace.parameter}, and for one nearly the same"
                yield Fault("hidden", trace.part, message, rule.basis, where, ident, pointer, "in-part")

    def _unlisted(self) -> Iterator[Fault]:
        """A row that can be looked up, and that two lists lack though they are shorter than their limit."""
        rule = self.operation.behavior.limit
        for trace in self._lost:
            before, after = self.all.get(trace.before.number), self.all.get(trace.after.number)
            if before is None or after is None or not trace.exchange.succeeded:
                continue
            ident = self.collection.ident(trace.row)
            limits = [self.collection.limit(listing.asked) for listing in (before, after)]
            short = all(n is None or len(x.rows) < n for n, x in zip(limits, (before, after), strict=True))
            if len(before.rows) == len(after.rows) and self.collection.may_be_cut(len(after.rows)):
                continue
            absent = all(self.collection.ident(row) != ident for x in (before, after) for row in x.rows)
            if short and absent:
                message = f"{len(after.rows)} rows are all that is listed, and {ident}, which can be looked up, is not"
                basis: Basis = rule.basis if rule else "inferred"
                where = f"query/{rule.parameter}" if rule else ""
                yield Fault("fill", after.exchange, message, basis, where, len(after.rows), cause="incomplete")

    def _again(self) -> Iterator[Fault]:
        """The same request, several times, one after the other: rows that go and come back, or change places.

        Of requests made at the same time nobody knows which was answered first, and which rows there were by then.
        """
        groups: dict[tuple[Any, ...], list[Listing]] = {}
        apart = [listing for number, listing in self.all.items() if number not in self._together]
        for listing in sorted(apart, key=lambda listing: listing.exchange.sent_at):
            group = groups.setdefault((listing.exchange.sent.url, listing.exchange.sent.headers), [])
            if not group or group[-1].exchange.precedes(listing.exchange):
                group.append(listing)
        for group in groups.values():
            yield from self._flickering(group)
            for one, other in pairwise(group):
                yield from self._moved(one, other)
                yield from self._renamed(one, other)

    def _flickering(self, group: Sequence[Listing]) -> Iterator[Fault]:
        filters = self.operation.behavior.filters
        gone: dict[Any, Listing] = {}
        seen: set[Any] = set()
        for listing in group:
            limit = self.collection.limit(listing.asked)
            if (limit is not None and len(listing.rows) >= limit) or self.collection.offset(listing.asked):
                return
            rows = {self.collection.ident(row): row for row in listing.rows}
            steady = not any(name in filters and filters[name].op == "eq" for name in listing.asked.values)
            back = next((i for i in rows if i in gone and (steady or self.collection.ended(rows[i]))), None)
            if back is not None:
                message = f"the same request again: the row {back} was listed, was missing, and is back"
                yield Fault("again", gone[back].exchange, message, "inferred", seen=back)
                return
            gone.update(dict.fromkeys(seen - rows.keys() - gone.keys(), listing))
            seen |= rows.keys()

    def _moved(self, one: Listing, other: Listing) -> Iterator[Fault]:
        keys = {self.collection.ident(row): self.collection.key(row) for row in one.rows}
        later = {self.collection.ident(row) for row in other.rows}
        first = [ident for row in one.rows if (ident := self.collection.ident(row)) in later]
        second = [ident for row in other.rows if (ident := self.collection.ident(row)) in keys]
        places = zip(first, second, strict=False)
        wrong = next((i for i, (a, b) in enumerate(places) if a != b and keys[a] != keys[b]), None)
        if wrong is not None and len(first) == len(second):
            message = f"the same request again: the row {second[wrong]} has changed its place"
            yield Fault("again", other.exchange, message, "inferred", seen=second[wrong], cause="order")

    def _renamed(self, one: Listing, other: Listing) -> Iterator[Fault]:
        """A row that has ended and that is there again, the same in everything but what tells it from others."""
        order, field = self.operation.behavior.order, self.collection.resource.behavior.id.field
        before = {self.collection.ident(row) for row in one.rows}
        still = {self.collection.ident(row) for row in other.rows}
        gone = [row for row in one.rows if self.collection.ident(row) not in still and self.collection.ended(row)]
        fresh = [row for row in other.rows if self.collection.ident(row) not in before]
        if order is None or not gone or not fresh:
            return
        contents = {_content(row, field) for row in gone if known(row, order.by)}
        twin = next((row for row in fresh if _content(row, field) in contents), None)
        if twin is not None:
            message = f"the same request again: a row has another {field}"
            where, seen = f"/*/{field}", self.collection.ident(twin)
            yield Fault("again", other.exchange, message, "inferred", where, seen, cause="id")

    def _leaked(self) -> Iterator[Fault]:
        """Rows that are listed under two values of the path."""
        scope = self.operation.behavior.scope
        if scope is None:
            return
        homes: dict[Any, Any] = {}
        for listing in (found for number, found in self.all.items() if number not in self._together):
            home = listing.asked.values.get(scope.parameter)
            for row in listing.rows:
                ident = self.collection.ident(row)
                if ident is not MISSING and homes.setdefault(ident, home) != home:
                    message = f"the row {ident} is listed under {home} and under {homes[ident]}"
                    where, pointer = f"path/{scope.parameter}", self.collection.pointer(scope.parameter)
                    yield Fault("scopes-apart", listing.exchange, message, scope.basis, where, ident, pointer)
                    return


def _content(row: Row, field: str) -> bytes:
    """Everything that a row shows, save one field."""
    return msgspec.json.encode({name: value for name, value in row.items() if name != field}, order="sorted")


def listings(api: Api, operation: Operation, recording: Recording) -> Listings:
    """The lists of an operation, worked out once for all clauses."""
    about = ("listings", api.name, operation.id)
    return once(recording, about, lambda: Listings(api, operation, recording))
