"""Requests that the links of a response lead to: their paths, queries, headers and bodies (OAS 3.1, 4.8.20)."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from specduet.contracts.generation.parameter_texts import to_query_pairs, to_styled_text
from specduet.contracts.generation.planned_request import PlannedRequest
from specduet.contracts.oracle.addresses import extract_path_texts
from specduet.contracts.oracle.runtime_expressions import evaluate_value
from specduet.contracts.oracle.url_text import read_address_end
from specduet.contracts.recording import ABSENT, Exchange
from specduet.specs import Api, Link, Operation, Parameter

_MAX_PATHS = 50
"""Paths that are remembered for one operation."""


class LinkedPaths:
    """The path parameters that links of 2xx responses of one API have given to other operations."""

    def __init__(self, api: Api) -> None:
        self._targets = api.link_targets
        self._paths: dict[str, dict[tuple[tuple[str, str], ...], None]] = {}

    def observe_exchange(self, operation: Operation, exchange: Exchange) -> None:
        """Remember what the links of a 2xx response give, and forget what leads to a row that was deleted."""
        if not exchange.is_success:
            return
        if operation.method == "DELETE":
            texts = list((extract_path_texts(operation, exchange.request) or {}).values())
            self._forget(unquote(texts[-1]) if texts else "")
            return
        for link, target in self.list_targets(operation, exchange):
            values = read_path_values(operation, exchange, link, target)
            if values:
                known, key = self._paths.setdefault(target.id, {}), tuple(values.items())
                known.pop(key, None)
                known[key] = None
                if len(known) > _MAX_PATHS:
                    del known[next(iter(known))]

    def list_targets(self, operation: Operation, exchange: Exchange) -> Iterator[tuple[Link, Operation]]:
        """Yield the links of the documented response of an exchange that lead to operations of the document."""
        response = operation.response_for(exchange.status)
        known = self._targets.get(operation.id, ()) if response is not None and response.links else ()
        return ((link, target) for link, target in known if response is not None and link in response.links)

    def list_paths(self, operation: Operation) -> Iterator[dict[str, str]]:
        """Yield whole paths to an operation, the latest first."""
        names = {parameter.name for parameter in operation.parameters if parameter.location == "path"}
        for values in reversed(self._paths.get(operation.id, {})):
            if names == dict(values).keys():
                yield dict(values)

    def list_values(self, operation: Operation, name: str) -> Iterator[str]:
        """Yield the values of one path parameter, the latest first."""
        for values in reversed(self._paths.get(operation.id, {})):
            yield from (text for key, text in values if key == name)

    def _forget(self, text: str) -> None:
        for known in self._paths.values():
            for values in [values for values in known if text in dict(values).values()]:
                del known[values]


def _find_parameter(target: Operation, key: str) -> Parameter | None:
    """Return the parameter that a link names: ``id``, or ``path.id``."""
    place, dot, name = key.partition(".")
    if dot and place in {"path", "query", "header", "cookie"}:
        qualified = target.parameter(name, place)  # type: ignore[arg-type]
        if qualified is not None:
            return qualified
    return target.parameter(key)


def read_path_values(operation: Operation, exchange: Exchange, link: Link, target: Operation) -> dict[str, str]:
    """Return the path parameters that a link gives, as texts; none for a value that is not there."""
    found = {}
    for key, value in link.parameters.items():
        parameter = _find_parameter(target, key)
        if parameter is not None and parameter.location == "path":
            text = _to_path_text(target, parameter, evaluate_value(operation, exchange, value))
            if text:
                found[parameter.name] = text
    return found


def plan_linked_request(
    operation: Operation, exchange: Exchange, link: Link, target: Operation, request: PlannedRequest
) -> PlannedRequest | None:
    """Return a valid request to the target with the values that a link gives, None where one of them is not there."""
    for key, value in link.parameters.items():
        parameter, given = _find_parameter(target, key), evaluate_value(operation, exchange, value)
        if parameter is None:
            continue
        if given is ABSENT or given is None:
            return None
        if parameter.location == "path":
            text = _to_path_text(target, parameter, given)
            if not text:
                return None
            request = request.with_path(**{parameter.name: text})
        elif parameter.location == "query":
            request = request.with_query(**{parameter.name: None})
            request = request.with_query_pairs(to_query_pairs(parameter, given))
        elif parameter.location == "header":
            request = request.with_header(parameter.name, to_styled_text(parameter, given))
    if link.body is None:
        return request
    body = evaluate_value(operation, exchange, link.body)
    return None if body is ABSENT else request.with_json(body)


def _to_path_text(target: Operation, parameter: Parameter, value: Any) -> str:
    """Return a value as it stands in a path, the last part of an address for the last parameter; empty for none."""
    if value is ABSENT or value is None or isinstance(value, Mapping | list):
        return ""
    is_last = target.path.rstrip("/").endswith(f"/{{{parameter.name}}}")
    if is_last and isinstance(value, str) and "/" in value:
        value = read_address_end(value)
    text = to_styled_text(parameter, value)
    return text if text.strip("./ ") else ""
