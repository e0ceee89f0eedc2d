"""Which law a difference is laid at the door of: the fewest parameters that it happens with.

A ``feature`` is what a request asks for beyond the listing of everything: ``limit``, ``offset``, ``cursor``, ``order`` or
the name of a filter; with ``-default`` where it leaves out what that listing gave.
"""

from collections.abc import Iterable, Sequence

from specduet.contracts.analysis.list_comparison import ListDifference, ListResponse
from specduet.contracts.analysis.list_rules import CollectionRules
from specduet.contracts.analysis.row_values import ListRequest
from specduet.contracts.analysis.single_list import ListViolation
from specduet.specs.behavior import Basis

_WORTH: dict[Basis, int] = {"documented": 2, "inferred": 1, "assumed": 0}
_NEUTRAL_FEATURES = frozenset({"limit-default"})


class Attribution:
    """Finds the law behind the differences of one collection's answers."""

    def __init__(self, rules: CollectionRules) -> None:
        self._rules = rules
        self._behavior = rules.behavior

    def attribute_difference(
        self, base: ListResponse, response: ListResponse, difference: ListDifference, *, is_page_walk: bool
    ) -> ListViolation:
        """A difference between an answer and the listing of everything, as the fault of its parameters."""
        features = self.query_features(base.request, response.request)
        law = self._choose_law(
            features - _NEUTRAL_FEATURES, is_page_walk=is_page_walk, has_default_limit="limit-default" in features
        )
        names = sorted(name.removesuffix("-default") for name in features - _NEUTRAL_FEATURES) or sorted(
            name.removesuffix("-default") for name in features
        )
        requested = "&".join(f"{n}={v}" for n, v in response.exchange.request.query_pairs) or "nothing"
        return ListViolation(
            law,
            response.exchange,
            f"asked for {requested}, {difference.message}; the list of everything tells",
            self.find_basis(features, difference),
            where=f"query/{self._find_parameter(names[0])}" if names else "",
            value=difference.seen,
            pointer=self._rules.get_parameter_pointer(self._find_parameter(names[0])) if names else "",
            cause="+".join(names) if law == "parameters-combine" else "",
            features=features,
        )

    def _find_parameter(self, feature: str) -> str:
        rule = {"limit": self._behavior.limit, "offset": self._behavior.offset}.get(feature)
        if rule is not None:
            return rule.parameter
        if feature == "order" and self._behavior.order is not None:
            return self._behavior.order.parameter or feature
        if feature == "cursor" and self._behavior.cursor is not None:
            return self._behavior.cursor.parameter
        return feature

    def query_features(self, base: ListRequest, request: ListRequest) -> frozenset[str]:
        """What a request asks for that the listing of everything did not, and what it leaves to defaults."""
        behavior = self._behavior
        rules = {"limit": behavior.limit, "offset": behavior.offset, "cursor": behavior.cursor, "order": behavior.order}
        feature_names = {
            rule.parameter: feature for feature, rule in rules.items() if rule is not None and rule.parameter
        }
        feature_names |= {name: name for name in behavior.filters}
        features = set()
        for name, feature in feature_names.items():
            if name in base and name not in request:
                features.add(f"{feature}-default")
            elif name in request and request.values[name] != base.values.get(name):
                features.add(feature)
        return frozenset(features)

    def _choose_law(self, features: frozenset[str], *, is_page_walk: bool, has_default_limit: bool) -> str:
        filters = self._behavior.filters
        paging_features = {feature for feature in features if feature in {"limit", "offset", "cursor"}}
        if features == paging_features:
            return self._choose_paging_law(features, is_page_walk=is_page_walk, has_default_limit=has_default_limit)
        if features == {"order"}:
            return "both-directions"
        names = {feature.removesuffix("-default") for feature in features}
        if len(names) == 1 and (rule := filters.get(next(iter(names)))) is not None:
            return "hidden-filter" if rule.hidden else "window-loses-none" if rule.op == "ge" else "filter-loses-none"
        return "pages-complete" if is_page_walk and names <= {"limit", "offset", "order"} else "parameters-combine"

    def _choose_paging_law(self, features: frozenset[str], *, is_page_walk: bool, has_default_limit: bool) -> str:
        if features - {"limit"}:
            return "pages-complete" if is_page_walk else "cursor-loses-none" if "cursor" in features else "offset"
        return "limit-filled" if features or not has_default_limit else "default-limit"

    def find_basis(self, features: Iterable[str], difference: ListDifference) -> Basis:
        """The weakest of the statements that a difference speaks of; places in a list are nobody's promise."""
        behavior = self._behavior
        bases: list[Basis] = []
        for feature in features:
            name = feature.removesuffix("-default")
            rules = {
                "limit": behavior.limit,
                "offset": behavior.offset,
                "cursor": behavior.cursor,
                "order": behavior.order,
            }
            rule = rules.get(name) or behavior.filters.get(name)
            bases += [rule.basis] if rule is not None else []
        if difference.kind == "order" or not bases:
            bases.append("inferred")
        return min(bases, key=_WORTH.__getitem__)


def drop_weaker(violations: Sequence[ListViolation]) -> list[ListViolation]:
    """Of laws that fall together the one that says most: no limit at all, no window at all."""
    laws = {violation.clause for violation in violations}
    stronger_laws = {"default-limit": {"limit-respected"}, "oldest": {"window-keeps-only"}}
    return [violation for violation in violations if not stronger_laws.get(violation.clause, set()) & laws]


def keep_simplest(violations: Sequence[ListViolation], certain: Sequence[ListViolation]) -> list[ListViolation]:
    """The faults that neither a broken law nor a fault with fewer parameters explains."""
    kept: list[ListViolation] = []
    for violation in sorted(drop_explained(violations, certain), key=lambda violation: len(violation.features)):
        same = [known for known in kept if known.clause == violation.clause and known.features == violation.features]
        if same or not _is_explained(kept, violation):
            kept.append(violation)
    return kept


def drop_explained(violations: Sequence[ListViolation], known: Sequence[ListViolation]) -> list[ListViolation]:
    return [violation for violation in violations if not _is_explained(known, violation)]


def _is_explained(known: Sequence[ListViolation], violation: ListViolation) -> bool:
    features = violation.features | ({"limit"} if "limit-default" in violation.features else set())
    return any(other.features <= features for other in known)
