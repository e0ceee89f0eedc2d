"""Attribution of wrong lists to one clause each.

A list can differ from the list of the whole collection because of its limit, offset, cursor, order or filters. The
difference is reported for the smallest set of these features with which it occurs, so that one bug gives one finding.
Example: with ``limit`` wrong and ``limit`` + ``status`` wrong, only ``limit`` is reported.

A feature is ``limit``, ``offset``, ``cursor``, ``order`` or the name of a filter, with ``-default`` (``limit-default``)
where the request leaves out a parameter that the request of the whole collection has.
"""

from collections.abc import Iterable, Sequence

from specduet.contracts.analysis.list_comparison import ListDifference, ListResponse
from specduet.contracts.analysis.list_rules import CollectionRules
from specduet.contracts.analysis.row_values import ListRequest
from specduet.contracts.analysis.single_list import ListViolation
from specduet.specs.list_statements import Cursor, Filter, Limit, Offset, Order, Page, Sort, Token
from specduet.specs.statement import Basis, weakest

_NEUTRAL_FEATURES = frozenset({"limit-default"})


class Attribution:
    """Finds the clause that a difference between lists of one collection is reported for."""

    def __init__(self, rules: CollectionRules) -> None:
        self._rules = rules
        self._behavior = rules.behavior
        self._statements: dict[str, Limit | Offset | Cursor | Order | Page | Token | Sort | None] = {
            "limit": self._behavior.limit,
            "offset": self._behavior.offset,
            "cursor": self._behavior.cursor,
            "order": self._behavior.order,
            "page": self._behavior.page,
            "token": self._behavior.token,
            "token-before": self._behavior.token_before,
            "sort": self._behavior.sort,
        }

    def attribute_difference(
        self, base: ListResponse, response: ListResponse, difference: ListDifference, *, is_page_walk: bool
    ) -> ListViolation:
        """Return the violation for a difference between a list and ``base``, the list of the whole collection."""
        features = self.query_features(base.request, response.request)
        clause = self._choose_clause(
            features - _NEUTRAL_FEATURES, is_page_walk=is_page_walk, has_default_limit="limit-default" in features
        )
        names = sorted(map(_strip_default, features - _NEUTRAL_FEATURES)) or sorted(map(_strip_default, features))
        parameter = self._find_parameter(names[0]) if names else ""
        requested = "&".join(f"{n}={v}" for n, v in response.exchange.request.query_pairs) or "no parameters"
        return ListViolation(
            clause,
            response.exchange,
            f"with {requested}, {difference.message} (compared with the list of all rows)",
            self.find_basis(features, difference),
            where=f"query/{parameter}" if parameter else "",
            value=difference.seen,
            pointer=self._rules.get_parameter_pointer(parameter),
            cause="+".join(names) if clause == "parameters-combine" else "",
            features=features,
        )

    def _find_parameter(self, feature: str) -> str:
        """Return the name of the parameter that a feature without ``-default`` is about."""
        statement = self._statements.get(feature)
        return (statement.parameter if statement is not None else None) or feature

    def query_features(self, base: ListRequest, request: ListRequest) -> frozenset[str]:
        """Return the features in which a request differs from ``base``, the request of the whole collection."""
        feature_names = {s.parameter: feature for feature, s in self._statements.items() if s and s.parameter}
        feature_names |= {name: name for name in self._behavior.filters}
        features = set()
        for name, feature in feature_names.items():
            if name in base and name not in request:
                features.add(f"{feature}-default")
            elif name in request and request.values[name] != base.values.get(name):
                features.add(feature)
        return frozenset(features)

    def _choose_clause(self, features: frozenset[str], *, is_page_walk: bool, has_default_limit: bool) -> str:
        if features <= {"limit", "offset", "cursor"}:
            return self._choose_paging_clause(features, is_page_walk=is_page_walk, has_default_limit=has_default_limit)
        if features == {"order"}:
            return "both-directions"
        names = set(map(_strip_default, features))
        rule = self._behavior.filters.get(next(iter(names))) if len(names) == 1 else None
        if rule is not None:
            return "hidden-filter" if rule.hidden else "window-loses-none" if rule.op == "ge" else "filter-loses-none"
        return "pages-complete" if is_page_walk and names <= {"limit", "offset", "order"} else "parameters-combine"

    def _choose_paging_clause(self, features: frozenset[str], *, is_page_walk: bool, has_default_limit: bool) -> str:
        if features - {"limit"}:
            return "pages-complete" if is_page_walk else "cursor-loses-none" if "cursor" in features else "offset"
        return "limit-filled" if features or not has_default_limit else "default-limit"

    def find_basis(self, features: Iterable[str], difference: ListDifference) -> Basis:
        """Return the weakest basis of the statements about the features, at most ``inferred`` for the order of rows."""
        bases = [s.basis for s in map(self._find_statement, features) if s is not None]
        if difference.kind == "order" or not bases:  # no document says that the order is stable
            bases.append("inferred")
        return weakest(*bases)

    def _find_statement(self, feature: str) -> Limit | Offset | Cursor | Order | Page | Token | Sort | Filter | None:
        name = _strip_default(feature)
        return self._statements.get(name) or self._behavior.filters.get(name)


def _strip_default(feature: str) -> str:
    return feature.removesuffix("-default")


def drop_weaker(violations: Sequence[ListViolation]) -> list[ListViolation]:
    """Return the violations without those that follow from a more general one.

    Example: a service that ignores every limit also breaks ``default-limit``; only ``limit-respected`` is reported.
    """
    clauses = {violation.clause for violation in violations}
    general_clauses = {"default-limit": "limit-respected", "oldest": "window-keeps-only"}
    return [violation for violation in violations if general_clauses.get(violation.clause) not in clauses]


def keep_simplest(violations: Sequence[ListViolation], certain: Sequence[ListViolation]) -> list[ListViolation]:
    """Return the violations that neither a certain one nor one with fewer features explains."""
    kept: list[ListViolation] = []
    for violation in sorted(drop_explained(violations, certain), key=lambda violation: len(violation.features)):
        same = [known for known in kept if known.clause == violation.clause and known.features == violation.features]
        if same or not _is_explained(kept, violation):
            kept.append(violation)
    return kept


def drop_explained(violations: Sequence[ListViolation], known: Sequence[ListViolation]) -> list[ListViolation]:
    """Return the violations that none of the known ones explains."""
    return [violation for violation in violations if not _is_explained(known, violation)]


def _is_explained(known: Sequence[ListViolation], violation: ListViolation) -> bool:
    """Return whether a known violation needs no other features than this one has."""
    features = violation.features | ({"limit"} if "limit-default" in violation.features else set())
    return any(other.features <= features for other in known)
