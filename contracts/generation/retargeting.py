"""Generated requests aimed at what exists: known ids and filter values in place of most of the generated ones."""

import random
from collections.abc import Iterable
from contextlib import suppress
from urllib.parse import quote, unquote_plus

from specduet.contracts.generation.known_values import KnownValues
from specduet.contracts.generation.repeated_faults import FaultLimiter
from specduet.contracts.generation.schemathesis_cases import GeneratedRequest
from specduet.contracts.oracle.addresses import fill_path
from specduet.contracts.oracle.schema_access import is_valid_value
from specduet.contracts.sending.sender import ForeignRow, Sender
from specduet.specs import Api, Operation

_COVERAGE_DATE_TIME = "2000-01-01T00:00:00Z"
"""The date-time of Schemathesis's coverage cases: too old for every filter with an ``oldest`` time."""

_KEEP_PROBABILITY = 0.3
"""The share of valid ids and filter values that are sent as generated."""


class GeneratedSender:
    """Sends the generated requests of one operation, batch after batch, none twice."""

    def __init__(self, sender: Sender, operation: Operation, known_values: KnownValues, seed: int) -> None:
        self._sender = sender
        self._operation = operation
        self._retargeter = RequestRetargeter(sender.api, operation, known_values, seed)
        self._limiter = FaultLimiter(sender.api, operation)
        self._sent_keys: set[int] = set()

    def send_requests(self, requests: Iterable[GeneratedRequest]) -> None:
        """Send requests; most of those with a valid id or filter value get one that is known to exist.

        Raises ``BudgetSpent`` and ``NotSent``.
        """
        for generated in requests:
            path, query = self._retargeter.retarget_request(generated)
            query, headers = self._limiter.limit_query(query), self._limiter.limit_headers(generated.headers)
            key = hash((path, query, headers, generated.body))
            if key not in self._sent_keys:
                self._sent_keys.add(key)
                with suppress(ForeignRow):
                    self._sender.send_raw(
                        self._operation,
                        path=path,
                        query=query,
                        headers=headers,
                        body=generated.body,
                        origin=generated.origin,
                    )


class RequestRetargeter:
    """Replaces ids and filter values of generated requests by ones that are known to exist, the same way for a seed."""

    def __init__(self, api: Api, operation: Operation, known_values: KnownValues, seed: int) -> None:
        self._api = api
        self._operation = operation
        self._known_values = known_values
        self._rng = random.Random(f"{seed} {operation.label}")  # noqa: S311 - repeatable, not secret

    def retarget_request(self, request: GeneratedRequest) -> tuple[str, str]:
        """Return the path and the query to send."""
        return self._retarget_path(request), self._retarget_query(request)

    def _retarget_path(self, request: GeneratedRequest) -> str:
        values = {}
        for name, text in request.path.items():
            parameter = self._operation.parameter(name, "path")
            if parameter is None or not self._is_valid_value(parameter.pointer, text):
                return request.url
            known = self._known_values.path_values(self._operation, parameter)
            if not known:
                return request.url
            values[name] = self._rng.choice(known)
        if not values or self._rng.random() < _KEEP_PROBABILITY:
            return request.url
        return fill_path(self._operation.path, values)

    def _retarget_query(self, request: GeneratedRequest) -> str:
        pairs = [pair.partition("=") for pair in request.query.split("&") if pair]
        return "&".join(f"{name}{equals}{self._retarget_filter_value(name, value)}" for name, equals, value in pairs)

    def _retarget_filter_value(self, name: str, value: str) -> str:
        """Return a filter's value: in most cases one that rows have shown, if the generated one is valid at all."""
        behavior = self._operation.behavior
        rule = behavior.filters.get(unquote_plus(name))
        parameter = self._operation.parameter(unquote_plus(name), "query")
        lists = behavior.lists
        if rule is None or parameter is None or lists is None:
            return value
        text = unquote_plus(value)
        if not self._is_valid_value(parameter.pointer, text):
            return value
        known = self._known_values.field_values(lists.resource, rule.field)
        is_replaced = self._rng.random() > _KEEP_PROBABILITY or (
            rule.oldest is not None and text == _COVERAGE_DATE_TIME
        )
        return quote(self._rng.choice(known), safe="") if known and is_replaced else value

    def _is_valid_value(self, pointer: str, text: str) -> bool:
        return is_valid_value(self._api.request_schemas, pointer, text)
