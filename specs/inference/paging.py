"""Pages of lists: limit, offset, page number, token, and the facts about a page."""

import re
from collections.abc import Sequence
from typing import Any, Literal

from specduet.specs.inference.page_facts import find_header_facts, find_page_facts
from specduet.specs.inference.parameters import QueryParameter, find_named
from specduet.specs.inference.row_shapes import ShownRows, find_success, pick_content
from specduet.specs.inference.words import to_snake, word_list, word_set
from specduet.specs.list_statements import Limit, Offset, Page, PageFact, PageInfo, Token
from specduet.specs.model import Operation
from specduet.specs.schema_reader import SchemaReader

_NUMBERS = ("integer", "number", "")
_LIMITS = word_list(
    "limit per_page page_size pagesize page_limit results_per_page items_per_page max_results max_items "
    "max_page_size size take rows top maximum max first count num number_of_results n"
)
_OFFSETS = ["offset", "page_offset", "skip", "start", "start_index", "start_at", "from", "start_position"]
_PAGES = word_list("page page_number page_num page_index pagenumber page_no current_page p pg")
_TOKENS = word_list(
    "cursor page_token next_token page_cursor next_cursor continuation_token continuation pagination_token "
    "next_page_token starting_after after page_after marker next_marker start_cursor bookmark scroll_id scroll_param "
    "start_key exclusive_start_key last_id after_id next token page_id page start_after next_page resume_token "
    "continue iterator position offset"
)
_BACKWARDS = word_list(
    "ending_before before page_before end_before before_id previous_cursor prev_cursor previous prev"
)
_IDS = frozenset(["starting_after", "ending_before", "last_id", "after_id", "before_id", "start_after", "end_before"])
_NUMBER_FACTS = frozenset(["limit", "count", "page", "offset"])
# names that are as often something else than a token
_DOUBTFUL = word_set("after before next previous prev token page page_id next_page continue position")
_ZERO = re.compile(
    r"\b(0|zero)[- ](based|indexed)|first page is (page )?(0|zero)\b|start(s|ing)? (at|from|with) (0|zero)\b",
    re.IGNORECASE,
)
_IS_ID = re.compile(r"\b(object|item|resource|record|last)?\s*id\b", re.IGNORECASE)
_IS_TIME = re.compile(r"\b(dates?|times?|timestamps?|created|updated|modified)\b", re.IGNORECASE)


class PageReader:
    """Reader of the pages of one list."""

    def __init__(
        self, reader: SchemaReader, operation: Operation, rows: ShownRows, parameters: list[QueryParameter]
    ) -> None:
        self._reader = reader
        self._operation = operation
        self._rows = rows
        self._parameters = parameters
        #: names of the numbers that a response tells of its page
        self._told: set[str] = set()
        #: names of the parameters that are about pages
        self.used: set[str] = set()

    def read_words(self, id_field: str) -> dict[str, Any]:
        """Return the statements on pages by their words: limit, offset, page, token and page_info."""
        token, before = self._find_token(_TOKENS), self._find_token(_BACKWARDS)
        given = token or before
        facts = self._find_facts(given.snake if given else "")
        self._told = {to_snake(path.rpartition(".")[2]) for path, fact in facts.items() if fact in _NUMBER_FACTS}
        words = {
            "limit": self._state_limit(),
            "offset": self._state_offset(),
            "page": self._state_page(),
            "token": self._state_token(given, facts, id_field),
        }
        if words["page"] is not None and words["offset"] is not None:  # a page number says the same once more
            words["offset"] = None
        if words["page"] is not None and words["token"] is not None and "next-token" not in facts.values():
            words["token"] = None
        if words["token"] is not None and token is not None and before is not None:
            words["token_before"] = self._state_token(before, facts, id_field)
        return {**{name: word for name, word in words.items() if word is not None}, **self._state_facts(facts, words)}

    def _find(self, names: Sequence[str]) -> QueryParameter | None:
        found = find_named(self._parameters, names, _NUMBERS)
        if found is None and (text := find_named(self._parameters, names, ("string",))) is not None:
            found = text if _is_number_text(text) or text.snake in self._told else None
        if found is not None:
            self.used.add(found.name)
        return found

    def _state_limit(self) -> Limit | None:
        found = self._find(_LIMITS)
        if found is None:
            return None
        return Limit(
            parameter=found.name,
            default=found.default_number(),
            basis="inferred",
            because=f"{found.name} is a limit's name",
        )

    def _state_offset(self) -> Offset | None:
        found = self._find(_OFFSETS)
        if found is None:
            return None
        return Offset(parameter=found.name, basis="inferred", because=f"{found.name} is an offset's name")

    def _state_page(self) -> Page | None:
        found = self._find(_PAGES)
        if found is None:
            return None
        schema = found.schema
        is_zero = schema.get("minimum") == 0 or schema.get("default") == 0 or bool(_ZERO.search(found.description))
        is_zero = is_zero and not (isinstance(schema.get("default"), int) and schema["default"] > 0)
        first = 0 if is_zero else 1
        return Page(
            parameter=found.name, first=first, basis="inferred", because=f"{found.name} is the name of a page's number"
        )

    def _find_token(self, names: Sequence[str]) -> QueryParameter | None:
        found = find_named(self._parameters, names, ("string", ""))
        if found is None or self._reader.resolve(found.pointer)[0].get("format") in {"date-time", "date"}:
            return None
        if found.snake == "offset" and found.kind != "string":
            return None
        return None if found.snake in _DOUBTFUL and _IS_TIME.search(found.description) else found

    def _state_token(self, found: QueryParameter | None, facts: dict[str, PageFact], id_field: str) -> Token | None:
        if found is None:
            return None
        told, is_backward = set(facts.values()), found.snake in _BACKWARDS
        is_told = bool(
            told & ({"previous-token", "previous-url"} if is_backward else {"next-token", "next-url", "links"})
        )
        is_id = found.snake in _IDS or (
            not told & {"next-token", "previous-token"} and bool(_IS_ID.search(found.description) or "last-id" in told)
        )
        if not is_told and not is_id and found.snake in _DOUBTFUL - {"after"} | {"offset"}:
            return None
        if not is_told and not id_field:  # rows show no id, and no response gives a token
            return None
        self.used.add(found.name)
        direction: Literal["after", "before"] = "before" if is_backward else "after"
        field = (id_field or None) if is_id or not is_told else None
        told_by = "a response tells it" if is_told and field is None else f"it is the {id_field} of a row"
        because = f"{found.name} is the name of a token, and {told_by}"
        return Token(
            parameter=found.name,
            field=field,
            direction=direction,
            basis="inferred" if is_told or is_id else "assumed",
            because=because,
        )

    def _find_facts(self, token: str) -> dict[str, PageFact]:
        rows = self._rows
        if not rows.path:
            return {}
        holder = rows.path.rpartition(".")[0]
        facts = find_page_facts(self._reader, rows.holder, holder, token=token)
        response = find_success(self._operation)
        content = pick_content(response.content) if response else None
        if holder and content is not None:
            facts = find_page_facts(self._reader, content.pointer, "", token=token) | facts
        return {path: fact for path, fact in facts.items() if path != rows.path}

    def _state_facts(self, facts: dict[str, PageFact], words: dict[str, Any]) -> dict[str, PageInfo]:
        response = find_success(self._operation)
        headers = find_header_facts(response.headers) if response else {}
        if not facts and not headers:
            return {}
        has_pages = any(word is not None for word in words.values())
        names = ", ".join([*facts, *headers])
        info = PageInfo(
            fields=facts,
            headers=headers,
            basis="inferred" if has_pages else "assumed",
            because=f"names and types of {names}",
        )
        return {"page_info": info}


def _is_number_text(parameter: QueryParameter) -> bool:
    """Tell whether a text stands for a number: its default or example is one, or its pattern takes digits alone."""
    schema = parameter.schema
    values = [schema[key] for key in ("default", "example") if key in schema]
    has_digits = any(isinstance(value, str | int) and str(value).isdecimal() for value in values)
    return has_digits or bool(re.fullmatch(r"\^?(\\d|\[0-9\])[+*]?\$?", str(schema.get("pattern", ""))))
