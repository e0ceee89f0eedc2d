"""Selection of what is tested: ``--only`` names operations, ``-k`` items; only what these need is sent."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from specduet.contracts.clauses import Clause
from specduet.contracts.clauses.registry import Family
from specduet.contracts.options import PROBES
from specduet.contracts.planning.plan import matches_any
from specduet.contracts.reports.model import Item, iter_items
from specduet.specs import Api

_TOKEN = re.compile(r"\s*([()]|[^\s()]+)")
_PARENT_NAMES = ("contracts", "test_contract.py", "test_clause", "parametrize")
"""Names that pytest matches besides that of the item."""

_PROBES_BY_FAMILY: dict[Family, tuple[str, ...]] = {
    "refusal": ("refusals", "robustness"),
    "credentials": ("credentials",),
    "collections": ("collections", "lifecycle", "changes"),
    "lifecycle": ("collections", "lifecycle", "changes", "links"),
}
"""Probes that the clauses of a family need; those of the other families judge whatever is sent."""


@dataclass(frozen=True)
class ChosenRequests:
    """The requests that the chosen items need."""

    labels: tuple[str, ...] = ()
    """The operations, by label; empty for all."""
    probes: tuple[str, ...] = PROBES
    generates: bool = True


def select_requests(
    apis: tuple[Api, ...], clauses: tuple[Clause, ...], only: Sequence[str], keyword: str
) -> ChosenRequests:
    """Return what the items need that ``--only`` and ``-k`` choose; everything where they choose nothing."""
    is_chosen = parse_keyword(keyword)
    items = [item for item in select_items(apis, clauses, only) if is_chosen(item)]
    if not items or not (only or keyword):
        return ChosenRequests()
    labels = tuple(dict.fromkeys(item.operation for item in items))
    families = {clause.name: clause.family for clause in clauses}
    chosen = {families[name] for name in {item.clause for item in items}}
    needed = {probe for family in chosen for probe in _PROBES_BY_FAMILY.get(family, PROBES)}
    is_all = len(labels) == len({operation.label for api in apis for operation in api.operations})
    probes = tuple(probe for probe in PROBES if probe in needed)
    return ChosenRequests(() if is_all else labels, probes, generates=chosen != {"credentials"})


def select_items(apis: tuple[Api, ...], clauses: tuple[Clause, ...], only: Sequence[str]) -> Iterable[Item]:
    """Return the items of the operations that ``--only`` names, of all where it names none."""
    labels = {(api.name, o.label) for api in apis for o in api.operations if not only or matches_any(o, only)}
    return (item for item in iter_items(apis, clauses) if (item.api, item.operation) in labels)


def parse_keyword(text: str) -> Callable[[Item], bool]:
    """Return a function that tells whether pytest's ``-k`` chooses an item: words, ``and``, ``or``, ``not``, ``()``.

    Where the text is anything else, every item is chosen: pytest has the last word.
    """
    try:
        expression = _KeywordParser(_TOKEN.findall(text)).parse_all() if text.strip() else (lambda _: True)
    except ValueError:
        return lambda _: True
    return lambda item: expression((*_PARENT_NAMES, f"test_clause[{item}]".lower()))


_Expression = Callable[[Sequence[str]], bool]


class _KeywordParser:
    """Reads an expression: ``or`` binds weakest, ``not`` strongest."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens

    def parse_all(self) -> _Expression:
        """Return the whole expression. Raises ``ValueError`` where it is none."""
        expression = self._parse_or()
        if self._tokens:
            raise ValueError
        return expression

    def _parse_or(self) -> _Expression:
        parts = [self._parse_and()]
        while self._take("or"):
            parts.append(self._parse_and())
        return lambda names: any(part(names) for part in parts)

    def _parse_and(self) -> _Expression:
        parts = [self._parse_not()]
        while self._take("and"):
            parts.append(self._parse_not())
        return lambda names: all(part(names) for part in parts)

    def _parse_not(self) -> _Expression:
        if self._take("not"):
            inner = self._parse_not()
            return lambda names: not inner(names)
        if self._take("("):
            expression = self._parse_or()
            if not self._take(")"):
                raise ValueError
            return expression
        word = self._tokens.pop(0).lower() if self._tokens else ")"
        if word in {")", "and", "or"}:
            raise ValueError
        return lambda names: any(word in name for name in names)

    def _take(self, token: str) -> bool:
        is_next = self._tokens[:1] == [token]
        if is_next:
            self._tokens.pop(0)
        return is_next
