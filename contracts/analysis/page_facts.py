"""Facts that a response tells about its page: how many rows there are, and which page follows.

``page_info`` says where each fact stands, in the body or in a header. A fact is read here, and compared with the rows
of the response; ``page_walks.py`` compares it with the pages that follow.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from specduet.contracts.analysis.row_values import get_path
from specduet.contracts.oracle.url_text import split_address
from specduet.contracts.recording import ABSENT, Exchange
from specduet.specs import Operation
from specduet.specs.list_statements import PageFact

_LINK = re.compile(r"<([^<>]*)>([^<]*)")
_MAX_LINKS = 8_192
"""Characters of a ``Link`` header that are read."""
NEXT_FACTS: tuple[PageFact, ...] = ("next-token", "next-page", "next-offset", "next-url", "links")


@dataclass(frozen=True)
class ToldFact:
    """One fact with its value, as a response tells it."""

    fact: PageFact
    value: Any
    """For ``links`` the URL of the next page, None where there is none."""
    where: str
    """JSON pointer into the response body, or ``header/NAME``."""

    @property
    def name(self) -> str:
        """The last part of its place, in lower case."""
        return self.where.rpartition("/")[2].lower()


def read_facts(operation: Operation, exchange: Exchange) -> list[ToldFact]:
    """Return the facts that a response tells; a field or a header that it does not have tells nothing."""
    info = operation.behavior.page_info
    if info is None or exchange.response is None or not exchange.is_success:
        return []
    fields = ((fact, get_path(exchange.json, path), f"/{path.replace('.', '/')}") for path, fact in info.fields.items())
    told = [ToldFact(fact, value, where) for fact, value, where in fields if value is not ABSENT]
    for name, fact in info.headers.items():
        text = exchange.response.get_header(name)
        if text is not None:
            told.append(ToldFact(fact, _read_header(fact, text), f"header/{name}"))
    return told


def _read_header(fact: PageFact, text: str) -> Any:
    if fact == "links":
        return _find_next_link(text)
    if re.fullmatch(r"\d{1,15}", text, re.ASCII):
        return int(text) if fact not in {"next-token", "previous-token"} else text
    return {"true": True, "false": False}.get(text.lower(), text) if fact in {"more", "less"} else text


def _find_next_link(text: str) -> str | None:
    """Return the URL with the relation ``next`` of a ``Link`` header (RFC 8288), None where there is none."""
    pairs = _LINK.findall(text[:_MAX_LINKS])
    return next((url for url, rest in pairs if re.search(r'rel="?[^"]*\bnext\b', rest, re.IGNORECASE)), None)


def find_fact(told: list[ToldFact], *facts: PageFact) -> ToldFact | None:
    """Return the first told fact of these kinds."""
    return next((each for fact in facts for each in told if each.fact == fact), None)


def tells_next(told: list[ToldFact]) -> bool | None:
    """Return whether a response says that a page follows; None where it says nothing about it, or both."""
    answers = {bool(each.value) for each in told if each.fact in NEXT_FACTS and _is_readable(each)}
    answers |= {each.value for each in told if each.fact == "more" and isinstance(each.value, bool)}
    return next(iter(answers)) if len(answers) == 1 else None


def _is_readable(each: ToldFact) -> bool:
    return each.value is None or isinstance(each.value, str | int)


def read_next_query(told: list[ToldFact]) -> Mapping[str, str] | None:
    """Return the query parameters of the URL of the next page, None where no URL is told."""
    each = find_fact(told, "next-url", "links")
    if each is None or not isinstance(each.value, str) or not each.value:
        return None
    return dict(parse_qsl(split_address(each.value).query, keep_blank_values=True))


def find_wrong_counts(told: list[ToldFact], count: int, limit: int | None) -> Iterator[tuple[ToldFact, str]]:
    """Yield each fact that the number of rows in the response contradicts, with a message."""
    for each in told:
        if not isinstance(each.value, int) or isinstance(each.value, bool):
            continue
        if each.fact == "count" and each.value != count:
            yield each, f"{each.name} is {each.value}, and the response has {count} rows"
        elif each.fact == "total" and each.value < count:
            yield each, f"{each.name} is {each.value}, although the response alone has {count} rows"
        elif each.fact == "limit" and limit is not None and 0 < limit < each.value:
            yield each, f"{each.name} is {each.value}, and a limit of {limit} was requested"
