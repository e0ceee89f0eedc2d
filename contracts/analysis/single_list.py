"""Laws that one list keeps or breaks by itself: too many rows, rows out of order, rows that were not asked for."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from specduet.contracts.analysis.list_comparison import Listing
from specduet.contracts.analysis.list_rules import Collection, Condition
from specduet.contracts.analysis.row_values import MISSING, compared, dig
from specduet.contracts.recording import Exchange
from specduet.specs.behavior import Basis


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


def faults(collection: Collection, listing: Listing) -> Iterator[Fault]:
    """What is wrong with one answer; nothing that is only assumed."""
    found = (*_too_many(collection, listing), *_twice(collection, listing), *_unasked(collection, listing))
    for fault in (*found, *_out_of_order(collection, listing)):
        if fault.basis != "assumed":
            yield fault


def _unasked(collection: Collection, listing: Listing) -> Iterator[Fault]:
    """The first row that each condition of the request should have kept out."""
    for condition in collection.conditions(listing.asked, listing.exchange.sent_at):
        wrong = next((i for i, row in enumerate(listing.rows) if condition.holds(row) is False), None)
        if wrong is not None:
            yield Fault(
                condition.law,
                listing.exchange,
                f"row {wrong} is not one whose {condition.says}",
                condition.basis,
                where=f"/{wrong}/{condition.field.replace('.', '/')}",
                seen=_shown(dig(listing.rows[wrong], condition.field)),
                pointer=condition.pointer,
                cause=condition.name,
                roles=frozenset({_role(condition)}),
            )


def _too_many(collection: Collection, listing: Listing) -> Iterator[Fault]:
    rule, limit = collection.words.limit, collection.limit(listing.asked)
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
        pointer=collection.pointer(rule.parameter),
        roles=frozenset({"limit" if given else "limit-default"}),
    )


def _twice(collection: Collection, listing: Listing) -> Iterator[Fault]:
    seen: dict[Any, int] = {}
    identity = collection.resource.behavior.id
    for index, row in enumerate(listing.rows):
        ident = collection.ident(row)
        if ident is not MISSING and ident in seen:
            message = f"rows {seen[ident]} and {index} are the same: {identity.field} is {ident}"
            where = f"/{index}/{identity.field}"
            roles = frozenset({"unique"})
            yield Fault("unique", listing.exchange, message, identity.basis, where, ident, roles=roles)
            return
        seen[ident] = index


def _out_of_order(collection: Collection, listing: Listing) -> Iterator[Fault]:
    order = collection.words.order
    if order is None:
        return
    direction = collection.direction(listing.asked)
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
                pointer=collection.pointer(order.parameter),
                roles=frozenset({"order"}),
            )
            return


def _role(condition: Condition) -> str:
    return f"{condition.name}-default" if condition.law == "default-window" else condition.name


def _shown(value: Any) -> Any:
    return "nothing" if value is MISSING else value
