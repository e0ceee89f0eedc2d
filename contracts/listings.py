"""What is wrong with the lists of one operation: worked out once, then told by the clauses of the family collections.

Two kinds of fault. One answer alone can break a law (too many rows, a row that the filter should have kept out, rows
out of order). And an answer can differ from what the listing of everything says it should hold; that is laid at the
door of the fewest parameters that it happens with, so that one cause makes one finding.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from contracts.expectation import Collection, Difference, Listing, Reference, difference
from contracts.probes.collections import Bracket, NeverUsed, Unknown
from contracts.recording import Exchange, Recording
from contracts.rows import MISSING, TRUSTED, Asked, asked, compared, dig, listed
from specs import Api, Operation
from specs.vocabulary import Basis

_WORTH: dict[Basis, int] = {"documented": 2, "inferred": 1, "assumed": 0}
_NEUTRAL = frozenset({"limit-default"})


@dataclass(frozen=True)
class Fault:
    """One answer that breaks one law. ``roles``: what its request asked for beyond the listing of everything."""

    law: str
    exchange: Exchange
    message: str
    basis: Basis
    where: str = ""
    seen: Any = ""
    pointer: str = ""
    cause: str = ""
    roles: frozenset[str] = frozenset()


class Listings:
    """Every list that one operation answered, and what is wrong with each."""

    def __init__(self, api: Api, operation: Operation, recording: Recording) -> None:
        exchanges = [e for e in recording.of(api.name, operation.id) if e.credentials in TRUSTED]
        rows = {e.number: rows for e in exchanges if (rows := listed(e)) is not None}
        fields = {field for found in rows.values() for row in found for field in row}
        self.operation = operation
        self.collection = Collection(api, operation, fields)
        self.all: dict[int, Listing] = {}
        for exchange in exchanges:
            request = asked(api, operation, exchange) if exchange.number in rows else None
            if request is not None:
                self.all[exchange.number] = Listing(exchange, request, rows[exchange.number])
        self._brackets = list(recording.traced(Bracket, api.name, operation.id))
        self._never_used = list(recording.traced(NeverUsed, api.name, operation.id))
        self._unknown = list(recording.traced(Unknown, api.name, operation.id))
        self._together = {e.number for b in self._brackets if b.together for e in b.answers}
        self.faults = self._found()

    def of(self, *laws: str) -> list[Fault]:
        """The faults against some laws."""
        return [fault for fault in self.faults if fault.law in laws]

    def _found(self) -> list[Fault]:
        direct = [fault for listing in self.all.values() for fault in self._direct(listing)]
        broken = {fault.exchange.number: fault.law for fault in direct}
        compared_ = [fault for bracket in self._brackets for fault in self._compared(bracket, broken)]
        repeated = [] if compared_ else list(self._repeated())
        alone = [f for f in direct if f.exchange.number not in self._together]
        simplest = _simplest(f for f in compared_ if f.exchange.number not in self._together)
        laws = {fault.law for fault in alone}
        mixed = [f for f in direct if f.exchange.number in self._together and f.law not in laws]
        mixed += [
            f
            for f in compared_
            if f.exchange.number in self._together and not any(known.roles <= f.roles for known in simplest)
        ]
        told = [*alone, *simplest, *repeated, *(replace(fault, law="together") for fault in mixed)]
        return [*told, *self._made_up(), *self._again(), *self._leaked(alone)]

    # -------------------------------------------------------------------------------- one answer alone

    def _direct(self, listing: Listing) -> Iterator[Fault]:
        yield from self._too_many(listing)
        yield from self._twice(listing)
        for condition in self.collection.conditions(listing.asked, listing.exchange.sent_at):
            wrong = next((i for i, row in enumerate(listing.rows) if condition.holds(row) is False), None)
            if wrong is not None:
                yield Fault(
                    condition.law,
                    listing.exchange,
                    f"row {wrong} is listed, though not every row listed {condition.says}"
                    if condition.law == "scope"
                    else f"row {wrong} breaks what was asked for: {condition.says}",
                    condition.basis,
                    where=f"/{wrong}/{condition.field.replace('.', '/')}",
                    seen=_shown(dig(listing.rows[wrong], condition.field)),
                    pointer=condition.pointer,
                    cause=condition.name,
                )
        yield from self._out_of_order(listing)

    def _too_many(self, listing: Listing) -> Iterator[Fault]:
        rule, limit = self.operation.words.limit, self.collection.limit(listing.asked)
        if rule is None or limit is None or len(listing.rows) <= limit:
            return
        given = rule.parameter in listing.asked
        words = f"{rule.parameter}={limit}" if given else f"the default {rule.parameter} {limit}"
        yield Fault(
            "limit" if given else "default-limit",
            listing.exchange,
            f"{len(listing.rows)} rows were listed under {words}",
            rule.basis,
            where=f"query/{rule.parameter}",
            seen=len(listing.rows),
            pointer=self._pointer(rule.parameter),
        )

    def _twice(self, listing: Listing) -> Iterator[Fault]:
        seen: dict[Any, int] = {}
        identity = self.collection.resource.words.id
        for index, row in enumerate(listing.rows):
            ident = self.collection.ident(row)
            if ident is not MISSING and ident in seen:
                message = f"rows {seen[ident]} and {index} are the same: {identity.field} is {ident}"
                where = f"/{index}/{identity.field}"
                yield Fault("unique", listing.exchange, message, identity.basis, where=where, seen=ident)
                return
            seen[ident] = index

    def _out_of_order(self, listing: Listing) -> Iterator[Fault]:
        order = self.operation.words.order
        if order is None:
            return
        direction = self.collection.direction(listing.asked)
        wrong = 1 if direction == "asc" else -1
        keyed = [(i, dig(row, order.by)) for i, row in enumerate(listing.rows)]
        keyed = [(i, value) for i, value in keyed if value not in (None, MISSING)]
        for (_, one), (index, other) in pairwise(keyed):
            if compared(one, other) == wrong:
                yield Fault(
                    "order",
                    listing.exchange,
                    f"{order.by} is not in {direction}ending order: {_shown(other)} comes after {_shown(one)}",
                    order.basis,
                    where=f"/{index}/{order.by.replace('.', '/')}",
                    seen=_shown(other),
                    pointer=self._pointer(order.parameter),
                )
                return

    def _pointer(self, name: str | None) -> str:
        parameter = self.operation.parameter(name) if name else None
        return parameter.pointer if parameter else ""

    # ----------------------------------------------------------------- answers against the listing of everything

    def _compared(self, bracket: Bracket, broken: Mapping[int, str]) -> Iterator[Fault]:
        before, after = self.all.get(bracket.before.number), self.all.get(bracket.after.number)
        if before is None or after is None or broken.get(before.exchange.number) in {"unique", "scope"}:
            return
        limit = self.collection.limit(before.asked)
        whole = not bracket.capped and (limit is None or len(before.rows) < limit)
        reference = Reference.of(self.collection, before, after, whole=whole)
        for exchange in bracket.answers:
            listing = self.all.get(exchange.number)
            if listing is None or exchange.number in broken:
                continue
            found = difference(self.collection, reference, listing)
            if found is not None and not (found.kind == "order" and before.exchange.number in broken):
                yield self._differing(bracket, before, listing, found)

    def _differing(self, bracket: Bracket, base: Listing, listing: Listing, found: Difference) -> Fault:
        roles = self._roles(base.asked, listing.asked)
        law = self._law(roles - _NEUTRAL, walk=bracket.walk, default="limit-default" in roles)
        names = sorted(name.removesuffix("-default") for name in roles - _NEUTRAL) or sorted(
            name.removesuffix("-default") for name in roles
        )
        asked_for = "&".join(f"{n}={v}" for n, v in listing.exchange.sent.pairs) or "nothing"
        return Fault(
            law,
            listing.exchange,
            f"asked for {asked_for}, {found.text}; the list of everything tells",
            self._basis(roles, found),
            where=f"query/{self._parameter(names[0])}" if names else "",
            seen=found.row,
            pointer=self._pointer(self._parameter(names[0])) if names else "",
            cause="+".join(names) if law == "combine" else "",
            roles=roles,
        )

    def _parameter(self, role: str) -> str:
        rule = {"limit": self.operation.words.limit, "offset": self.operation.words.offset}.get(role)
        if rule is not None:
            return rule.parameter
        if role == "order" and self.operation.words.order is not None:
            return self.operation.words.order.parameter or role
        if role == "cursor" and self.operation.words.cursor is not None:
            return self.operation.words.cursor.parameter
        return role

    def _roles(self, base: Asked, request: Asked) -> frozenset[str]:
        words = self.operation.words
        rules = {"limit": words.limit, "offset": words.offset, "cursor": words.cursor, "order": words.order}
        named = {rule.parameter: role for role, rule in rules.items() if rule is not None and rule.parameter}
        named |= {name: name for name in words.filters}
        found = set()
        for name, role in named.items():
            if name in base and name not in request:
                found.add(f"{role}-default")
            elif name in request and request.values[name] != base.values.get(name):
                found.add(role)
        return frozenset(found)

    def _law(self, roles: frozenset[str], *, walk: bool, default: bool) -> str:
        filters = self.operation.words.filters
        plain = {role for role in roles if role in {"limit", "offset", "cursor"}}
        if roles == plain:
            return self._paging(roles, walk=walk, default=default)
        if roles == {"order"}:
            return "directions"
        names = {role.removesuffix("-default") for role in roles}
        if len(names) == 1 and (rule := filters.get(next(iter(names)))) is not None:
            return "hidden" if rule.hidden else "window-loses" if rule.op == "ge" else "filter-loses"
        return "pages" if walk and names <= {"limit", "offset", "order"} else "combine"

    def _paging(self, roles: frozenset[str], *, walk: bool, default: bool) -> str:
        if roles - {"limit"}:
            return "pages" if walk else "cursor-loses" if "cursor" in roles else "offset"
        return "fill" if roles or not default else "default-limit"

    def _basis(self, roles: Iterable[str], found: Difference) -> Basis:
        words = self.operation.words
        bases: list[Basis] = []
        for role in roles:
            name = role.removesuffix("-default")
            rules = {"limit": words.limit, "offset": words.offset, "cursor": words.cursor, "order": words.order}
            rule = rules.get(name) or words.filters.get(name)
            bases += [rule.basis] if rule is not None else []
        if found.kind == "order" or not bases:
            bases.append("inferred")
        return min(bases, key=_WORTH.__getitem__)

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
                    if ident in seen and seen[ident] != number and self.collection.key(row) is not None:
                        message = f"page {number + 1} repeats the row {ident} of page {seen[ident] + 1}"
                        basis = self._basis(self._roles(before.asked, page.asked), Difference("surplus", ident, 0, ""))
                        yield Fault("pages", page.exchange, message, basis, where="", seen=ident)
                        return
                    seen[ident] = number

    # --------------------------------------------------------------------------- what spans several answers

    def _made_up(self) -> Iterator[Fault]:
        for trace in self._never_used:
            rule, rows = self.operation.words.filters[trace.parameter], listed(trace.exchange)
            if rows:
                message = f"{len(rows)} rows were listed for a made-up {trace.parameter}"
                where, pointer = f"query/{trace.parameter}", self._pointer(trace.parameter)
                yield Fault("hidden", trace.exchange, message, rule.basis, where, len(rows), pointer, "made-up")
        scope = self.operation.words.scope
        for unknown in self._unknown:
            rows = listed(unknown.exchange)
            if scope is None or unknown.exchange.received is None:
                continue
            where, pointer = f"path/{scope.parameter}", self._pointer(scope.parameter)
            if rows:
                message = f"{len(rows)} rows were listed for a made-up {scope.parameter}"
                yield Fault("scope", unknown.exchange, message, scope.basis, where, len(rows), pointer, "made-up")
            elif unknown.exchange.succeeded != (scope.unknown < 300):
                message = f"a made-up {scope.parameter} was answered {unknown.exchange.status}, not {scope.unknown}"
                seen = unknown.exchange.status
                yield Fault("unknown-scope", unknown.exchange, message, scope.unknown_basis, where, seen, pointer)

    def _again(self) -> Iterator[Fault]:
        """The same request, several times: rows that go and come back, and rows that change places."""
        groups: dict[tuple[Any, ...], list[Listing]] = {}
        for number, listing in self.all.items():
            if number not in self._together:
                key = (listing.exchange.sent.url, listing.exchange.sent.headers)
                groups.setdefault(key, []).append(listing)
        for group in groups.values():
            yield from self._flickering(group)
            yield from (fault for one, other in pairwise(group) for fault in self._moved(one, other))

    def _flickering(self, group: Sequence[Listing]) -> Iterator[Fault]:
        filters = self.operation.words.filters
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

    def _leaked(self, direct: Sequence[Fault]) -> Iterator[Fault]:
        """Rows that are listed under two values of the path."""
        scope = self.operation.words.scope
        if scope is None or any(fault.law == "scope" for fault in direct):
            return
        homes: dict[Any, Any] = {}
        for listing in self.all.values():
            home = listing.asked.values.get(scope.parameter)
            for row in listing.rows:
                ident = self.collection.ident(row)
                if ident is not MISSING and homes.setdefault(ident, home) != home:
                    message = f"the row {ident} is listed under {home} and under {homes[ident]}"
                    where, pointer = f"path/{scope.parameter}", self._pointer(scope.parameter)
                    yield Fault("scopes-apart", listing.exchange, message, scope.basis, where, ident, pointer)
                    return


def _simplest(faults: Iterable[Fault]) -> list[Fault]:
    """The faults that no fault with fewer parameters explains."""
    kept: list[Fault] = []
    for fault in sorted(faults, key=lambda fault: len(fault.roles)):
        explained = any(known.roles <= fault.roles and known.law != fault.law for known in kept)
        explained = explained or any(known.roles < fault.roles for known in kept)
        if not explained:
            kept.append(fault)
    return kept


def _shown(value: Any) -> Any:
    return "nothing" if value is MISSING else value


_CACHE: list[tuple[tuple[Any, ...], Recording, Listings]] = []
_KEPT = 16


def listings(api: Api, operation: Operation, recording: Recording) -> Listings:
    """The lists of an operation, worked out once for all clauses."""
    key = (api.name, operation.id, len(recording.exchanges), len(recording.traces))
    for known, held, made in _CACHE:
        if known == key and held is recording:
            return made
    made = Listings(api, operation, recording)
    _CACHE.append((key, recording, made))
    del _CACHE[:-_KEPT]
    return made
