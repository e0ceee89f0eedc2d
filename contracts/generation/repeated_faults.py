"""Faults that a generator repeats: an optional parameter that is wrong in most requests hides what else they try."""

from collections import Counter
from collections.abc import Sequence
from typing import Literal
from urllib.parse import unquote_plus

from specduet.contracts.oracle.json_values import judge_text
from specduet.contracts.oracle.request_parts import find_header_parameter
from specduet.contracts.oracle.schema_access import list_types, strip_null
from specduet.specs import Api, Operation, Parameter

_MAX_REPEATS = 3
"""Requests of an operation that are sent with one wrong text of one optional parameter."""


class FaultLimiter:
    """Leaves out a wrong text of an optional header or query parameter of one operation that was sent often enough.

    A generator that cannot satisfy a pattern puts the same wrong text into every request, also into those that are to
    be valid or to break something else; the service then looks at nothing but that.
    """

    def __init__(self, api: Api, operation: Operation) -> None:
        self._api = api
        self._operation = operation
        self._counts: Counter[tuple[str, str, str]] = Counter()

    def limit_headers(self, headers: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        return tuple((name, text) for name, text in headers if self._may_send("header", name, text))

    def limit_query(self, query: str) -> str:
        kept = []
        for pair in query.split("&"):
            name, _, text = pair.partition("=")
            if self._may_send("query", unquote_plus(name), unquote_plus(text)):
                kept.append(pair)
        return "&".join(kept)

    def _may_send(self, location: Literal["header", "query"], name: str, text: str) -> bool:
        """Count a wrong text, and return whether it has not been sent too often."""
        parameter = self._find_parameter(location, name)
        if parameter is None or not self._is_wrong(parameter, text):
            return True
        key = (location, parameter.name, text)
        self._counts[key] += 1
        return self._counts[key] <= _MAX_REPEATS

    def _find_parameter(self, location: Literal["header", "query"], name: str) -> Parameter | None:
        """Return an optional parameter of the operation."""
        is_header = location == "header"
        parameter = (
            find_header_parameter(self._operation, name) if is_header else self._operation.parameter(name, location)
        )
        return None if parameter is None or parameter.required else parameter

    def _is_wrong(self, parameter: Parameter, text: str) -> bool:
        schema, pointer, _ = strip_null(self._api.request_schemas, parameter.schema, parameter.pointer)
        if {"array", "object"} & set(list_types(schema)) or "/content/" in parameter.pointer:
            return False
        return judge_text(self._api.request_schemas, schema, pointer, text).verdict == "invalid"
