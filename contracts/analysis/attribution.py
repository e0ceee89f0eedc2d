"""Which law a difference is laid at the door of: the fewest parameters that it happens with.

A ``role`` is what a request asks for beyond the listing of everything: ``limit``, ``offset``, ``cursor``, ``order`` or
the name of a filter; with ``-default`` where it leaves out what that listing gave.
"""

from collections.abc import Iterable, Sequence

from specduet.contracts.analysis.list_comparison import Difference, Listing
from specduet.contracts.analysis.list_rules import Collection
from specduet.contracts.analysis.row_values import Asked
from specduet.contracts.analysis.single_list import Fault
from specduet.specs.behavior import Basis

_WORTH: dict[Basis, int] = {"documented": 2, "inferred": 1, "assumed": 0}
_NEUTRAL = frozenset({"limit-default"})


class Blame:
    """Finds the law behind the differences of one collection's answers."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._words = collection.words

    def fault(self, base: Listing, listing: Listing, found: Difference, *, walk: bool) -> Fault:
        """A difference between an answer and the listing of everything, as the fault of its parameters."""
        roles = self.roles(base.asked, listing.asked)
        law = self._law(roles - _NEUTRAL, walk=walk, default="limit-default" in roles)
        names = sorted(name.removesuffix("-default") for name in roles - _NEUTRAL) or sorted(
            name.removesuffix("-default") for name in roles
        )
        asked_for = "&".join(f"{n}={v}" for n, v in listing.exchange.sent.pairs) or "nothing"
        return Fault(
            law,
            listing.exchange,
            f"asked for {asked_for}, {found.text}; the list of everything tells",
            self.basis(roles, found),
            where=f"query/{self._parameter(names[0])}" if names else "",
            seen=found.row,
            pointer=self._collection.pointer(self._parameter(names[0])) if names else "",
            cause="+".join(names) if law == "combine" else "",
            roles=roles,
        )

    def _parameter(self, role: str) -> str:
        rule = {"limit": self._words.limit, "offset": self._words.offset}.get(role)
        if rule is not None:
            return rule.parameter
        if role == "order" and self._words.order is not None:
            return self._words.order.parameter or role
        if role == "cursor" and self._words.cursor is not None:
            return self._words.cursor.parameter
        return role

    def roles(self, base: Asked, request: Asked) -> frozenset[str]:
        """What a request asks for that the listing of everything did not, and what it leaves to defaults."""
        words = self._words
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
        filters = self._words.filters
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

    def basis(self, roles: Iterable[str], found: Difference) -> Basis:
        """The weakest of the statements that a difference speaks of; places in a list are nobody's promise."""
        words = self._words
        bases: list[Basis] = []
        for role in roles:
            name = role.removesuffix("-default")
            rules = {"limit": words.limit, "offset": words.offset, "cursor": words.cursor, "order": words.order}
            rule = rules.get(name) or words.filters.get(name)
            bases += [rule.basis] if rule is not None else []
        if found.kind == "order" or not bases:
            bases.append("inferred")
        return min(bases, key=_WORTH.__getitem__)


def first(direct: Sequence[Fault]) -> list[Fault]:
    """Of laws that fall together the one that says most: no limit at all, no window at all."""
    laws = {fault.law for fault in direct}
    lesser = {"default-limit": {"limit"}, "oldest": {"window", "default-window"}}
    return [fault for fault in direct if not lesser.get(fault.law, set()) & laws]


def simplest(faults: Sequence[Fault], direct: Sequence[Fault]) -> list[Fault]:
    """The faults that neither a broken law nor a fault with fewer parameters explains."""
    kept: list[Fault] = []
    for fault in sorted(unexplained(faults, direct), key=lambda fault: len(fault.roles)):
        same_law = [known for known in kept if known.law == fault.law and known.roles == fault.roles]
        if same_law or not _explains(kept, fault):
            kept.append(fault)
    return kept


def unexplained(faults: Sequence[Fault], known: Sequence[Fault]) -> list[Fault]:
    return [fault for fault in faults if not _explains(known, fault)]


def _explains(known: Sequence[Fault], fault: Fault) -> bool:
    roles = fault.roles | ({"limit"} if "limit-default" in fault.roles else set())
    return any(one.roles <= roles for one in known)
