"""Probe of invalid input: requests that are valid but for one thing, and requests that are valid to the limit.

Whether a request was valid is judged later, on the request as it was sent; here every variant is only sent once.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain, islice
from typing import Any
from urllib.parse import quote

from msgspec import UNSET

from specduet.contracts.generation import mutations
from specduet.contracts.generation.bodies import plan_bodies
from specduet.contracts.generation.known_values import KnownValues, PlannedRequest, is_reserved_header
from specduet.contracts.generation.minimal_values import build_minimal_value
from specduet.contracts.generation.parameter_texts import to_styled_text
from specduet.contracts.oracle import json_values
from specduet.contracts.oracle.addresses import fill_path, fill_query
from specduet.contracts.oracle.media_types import find_json_content
from specduet.contracts.oracle.request_differences import list_differences
from specduet.contracts.oracle.request_parts import combine_verdicts
from specduet.contracts.oracle.requests import classify_request
from specduet.contracts.oracle.scalars import Verdict
from specduet.contracts.oracle.schema_access import list_types, locate_content, strip_null
from specduet.contracts.probes.form_requests import vary_form
from specduet.contracts.probes.fresh_requests import FreshSender
from specduet.contracts.probes.list_queries import make_unused_value
from specduet.contracts.recording import Exchange, SentRequest
from specduet.contracts.sending.sender import Sender
from specduet.specs import Api, Operation, Parameter
from specduet.specs.schemas import Schemas
from specduet.specs.statement import parse_duration

_MAX_MEDIA_TYPES = 6
_MAX_VALUES_AT_LOCATION = 24
"""Values of one verdict at one location of a body; deeper locations get fewer."""
_MAX_REPEATS = 12
"""Accepted requests of one operation that are sent again."""
_JSON_HEADER = {"Content-Type": "application/json"}


def probe_refusals(sender: Sender, operation: Operation, known_values: KnownValues) -> None:
    """Send every variant of the parameters and the body of an operation. Raises ``BudgetSpent``."""
    api = sender.api
    request = find_valid_request(api, operation, known_values)
    if request is None:
        return
    parameter_variants, body_variants = (
        _vary_parameters(api, operation, request),
        _vary_body(api, operation, request),
    )
    twins = _Twins(sender, operation, FreshSender(sender, operation, known_values, request))
    for variant in _drop_duplicates(chain([request], parameter_variants, body_variants)):
        if not known_values.is_protected(operation, variant.path):
            twins.send_variant(variant)
    for raw_body in _raw_bodies(operation, request):
        sender.send(operation, **{**request.send_arguments, "json": UNSET, **raw_body})
    for query in _raw_queries(operation):
        sender.send_raw(operation, **_raw_arguments(operation, request, query))


class _Twins:
    """Requests that were accepted, one of which is sent again after a refused one that differs from it in one part."""

    def __init__(self, sender: Sender, operation: Operation, fresh: FreshSender) -> None:
        self._sender, self._operation, self._fresh = sender, operation, fresh
        self._accepted: list[tuple[PlannedRequest, SentRequest]] = []
        self._repeats_left = _MAX_REPEATS

    def send_variant(self, variant: PlannedRequest) -> None:
        """Send a variant; where it is refused although it is valid, send the accepted request most like it again."""
        sent, exchange = self._fresh.send(variant)
        if exchange.is_success:
            self._accepted.append((sent, exchange.request))
        elif exchange.status in {400, 422} and self._repeats_left > 0 and self._operation.method != "GET":
            twin = self._find_twin(sent, exchange)
            if twin is not None and self._needs_twin(exchange):
                self._repeats_left -= 1
                self._sender.send(self._operation, **twin.send_arguments)

    def _find_twin(self, request: PlannedRequest, exchange: Exchange) -> PlannedRequest | None:
        if self._fresh.has_values:
            return self._fresh.freshen_base(request)
        accepted = reversed(self._accepted)
        return next((twin for twin, sent in accepted if self._is_twin(exchange.request, sent)), None)

    def _needs_twin(self, exchange: Exchange) -> bool:
        """Return whether a refusal may be wrong: the request is valid, or the status is not the documented one."""
        if self._fresh.has_values and str(exchange.status) not in self._operation.responses:
            return True
        parts = classify_request(self._sender.api, self._operation, exchange.request)
        return combine_verdicts(parts) == "valid"

    def _is_twin(self, request: SentRequest, other: SentRequest) -> bool:
        return len(list_differences(self._operation, request, other)) == 1


def find_valid_request(api: Api, operation: Operation, known_values: KnownValues) -> PlannedRequest | None:
    """Return a minimal valid request, with an invented id in the path if none is known, or None."""
    known_request = known_values.build_valid_request(operation)
    if known_request is not None:
        return known_request
    parameters = [p for p in operation.parameters if p.location == "path"]
    values = [build_minimal_value(api.request_schemas, p.schema, p.pointer) for p in parameters]
    if not values or UNSET in values:
        return None
    path_values = {p.name: (to_styled_text(p, value),) for p, value in zip(parameters, values, strict=True)}
    for parameter in parameters:
        if (
            known_values.takes_own_row(operation, parameter)
            and (unused := make_unused_value(api, parameter)) is not None
        ):
            path_values[parameter.name] = (unused,)
    return KnownValues(api, {**known_values.params, **path_values}).build_valid_request(operation)


def make_invalid_request(api: Api, operation: Operation, request: PlannedRequest) -> PlannedRequest | None:
    """Return the request with one invalid part, or None if nothing can be invalid."""
    invalid = [
        *_invalid_parameter_requests(api, operation, request),
        *islice(_invalid_bodies(api, operation, request), 1),
    ]
    same_path = (variant for variant in invalid if variant.path == request.path)
    return next(same_path, None) or next(iter(invalid), None)


def add_each_parameter(api: Api, operation: Operation, request: PlannedRequest) -> Iterator[PlannedRequest]:
    """Yield the request with one more valid value, for each optional query or header parameter."""
    for parameter in operation.parameters:
        if parameter.location in {"query", "header"} and not parameter.required and not is_reserved_header(parameter):
            text = next(_texts_with_verdict(api, parameter, "valid"), None)
            variant = None if text is None else _set_parameter(request, parameter, text)
            if variant is not None:
                yield variant


def _drop_duplicates(requests: Iterable[PlannedRequest]) -> Iterator[PlannedRequest]:
    """Yield each request once, in order; it is made only when it is sent, as the budget may be spent before."""
    seen: set[str] = set()
    for request in requests:
        key = repr(request)
        if key not in seen:
            seen.add(key)
            yield request


# ------------------------------------------------------------------------------------------------------ parameters


def _vary_parameters(api: Api, operation: Operation, request: PlannedRequest) -> Iterator[PlannedRequest]:
    for parameter in operation.parameters:
        if not is_reserved_header(parameter):
            yield from _vary_parameter(api, operation, request, parameter)
    yield from _combine_parameters(api, operation, request)


def _vary_parameter(
    api: Api, operation: Operation, request: PlannedRequest, parameter: Parameter
) -> Iterator[PlannedRequest]:
    """Yield the request with each candidate text of one parameter, then without the parameter."""
    for text in (
        *_too_old_texts(operation, parameter),
        *mutations.candidate_texts(api.request_schemas, parameter.schema, parameter.pointer),
    ):
        variant = _set_parameter(request, parameter, text)
        if variant is not None:
            yield variant
    if parameter.required and parameter.location != "path":
        yield _remove_parameter(request, parameter)


def _too_old_texts(operation: Operation, parameter: Parameter) -> Iterator[str]:
    """Yield a time near the earliest one that a filter allows."""
    rule = operation.behavior.filters.get(parameter.name)
    if rule is not None and rule.oldest is not None:
        offset = parse_duration(rule.oldest) + timedelta(hours=6)
        yield (datetime.now(UTC) + offset).strftime("%Y-%m-%dT%H:%M:%SZ")


def _set_parameter(request: PlannedRequest, parameter: Parameter, text: str) -> PlannedRequest | None:
    """Return the request with a parameter's text, or None where a path or header cannot carry it."""
    if parameter.location == "query":
        return request.with_query(**{parameter.name: text})
    if parameter.location == "path":
        return request.with_path(**{parameter.name: text}) if text.strip("./ ") and "/" not in text else None
    if not (text.isascii() and text.isprintable()):
        return None
    if parameter.location == "header":
        return request.with_header(parameter.name, text)
    quoted = quote(text, safe="")
    return request.with_header("Cookie", f"{parameter.name}={text}") if quoted == text else None


def _remove_parameter(request: PlannedRequest, parameter: Parameter) -> PlannedRequest:
    if parameter.location == "query":
        return request.with_query(**{parameter.name: None})
    return request.with_header(parameter.name if parameter.location == "header" else "Cookie", None)


def _texts_with_verdict(api: Api, parameter: Parameter, verdict: Verdict) -> Iterator[str]:
    """Yield the candidate texts of a parameter that the oracle gives this verdict."""
    for text in mutations.candidate_texts(api.request_schemas, parameter.schema, parameter.pointer):
        if (
            text
            and json_values.judge_text(api.request_schemas, parameter.schema, parameter.pointer, text).verdict
            == verdict
        ):
            yield text


def _invalid_parameter_requests(api: Api, operation: Operation, request: PlannedRequest) -> list[PlannedRequest]:
    """Return the request with one invalid text, for each parameter that can be invalid."""
    requests = []
    for parameter in operation.parameters:
        variants = (_set_parameter(request, parameter, text) for text in _texts_with_verdict(api, parameter, "invalid"))
        requests += [variant for variant in variants if variant is not None][:1]
    return requests


def _combine_parameters(api: Api, operation: Operation, request: PlannedRequest) -> Iterator[PlannedRequest]:
    """Yield a request with all parameters valid, one with all invalid, and all valid but one, for each."""
    all_valid, all_invalid = request, request
    for parameter in operation.parameters:
        if parameter.location in {"query", "header"} and not is_reserved_header(parameter):
            valid_text = next(_texts_with_verdict(api, parameter, "valid"), None)
            invalid_text = next(_texts_with_verdict(api, parameter, "invalid"), None)
            all_valid = (valid_text is not None and _set_parameter(all_valid, parameter, valid_text)) or all_valid
            all_invalid = (
                invalid_text is not None and _set_parameter(all_invalid, parameter, invalid_text)
            ) or all_invalid
    yield all_valid
    yield all_invalid
    yield from (
        variant
        for parameter in operation.parameters
        for invalid_text in islice(_texts_with_verdict(api, parameter, "invalid"), 1)
        if (variant := _set_parameter(all_valid, parameter, invalid_text)) is not None
    )


def _raw_queries(operation: Operation) -> Iterator[str]:
    """Yield queries with broken percent-encoding, bytes that are not UTF-8, a lone name, and unknown parameters."""
    names = [p.name for p in operation.parameters if p.location == "query"]
    for name in map(partial(quote, safe=""), names[:2]):
        yield from (f"{name}=%zz", f"{name}=%ff%fe", name, f"{name}[]=1&{name}.x=2")
    yield from ("specduet_unknown=1", "&&=&=x")


def _raw_arguments(operation: Operation, request: PlannedRequest, query: str) -> dict[str, Any]:
    """Return the arguments of ``Sender.send_raw`` that add a raw query to a request."""
    path = fill_path(operation.path, request.path)
    own_pairs = [f"{quote(n, safe='')}={quote(v, safe='')}" for n, v in request.query]
    whole_query = "&".join(filter(None, (fill_query(operation.path, request.path), *own_pairs, query)))
    arguments = request.send_arguments
    headers, body = list(arguments["headers"]), arguments["body"]
    if request.json is not UNSET:
        body = json.dumps(request.json).encode()
        headers += [] if _find_label(request) else _JSON_HEADER.items()
    return {"path": path, "query": whole_query, "headers": headers, "body": body}


# ---------------------------------------------------------------------------------------------------------- bodies


def _find_label(request: PlannedRequest) -> str | None:
    return next((value for name, value in request.headers if name.lower() == "content-type"), None)


def _vary_body(api: Api, operation: Operation, request: PlannedRequest) -> Iterator[PlannedRequest]:
    """Yield the request with valid bodies, with invalid ones, and with one invalid body and one invalid parameter."""
    if operation.body is not None:
        unlabelled = request.with_header("Content-Type", None)
        for planned in islice(plan_bodies(api.request_schemas, operation.body), _MAX_MEDIA_TYPES):
            other_request = unlabelled.with_body(planned)
            yield other_request
            yield from vary_form(api.request_schemas, operation.body, other_request)
    if find_json_content(operation.body.content if operation.body else {}) is None or request.json is UNSET:
        return
    yield from _valid_bodies(api, operation, request)
    yield from _invalid_bodies(api, operation, request)
    invalid_body = next(_invalid_bodies(api, operation, request), None)
    for invalid_parameter in _invalid_parameter_requests(api, operation, request):
        if invalid_body is not None and invalid_parameter.path == request.path:
            yield invalid_parameter.with_json(invalid_body.json)


def _vary_locations(api: Api, operation: Operation, request: PlannedRequest) -> Iterator[tuple[int, list[Any]]]:
    """Yield, for each location in the body, its depth and the bodies with each candidate value there."""
    content = find_json_content(operation.body.content) if operation.body else None
    if content is None:
        return
    schemas = api.request_schemas
    full_body = mutations.fill_optional(schemas, *locate_content(schemas, content), request.json)
    for path, schema, pointer in mutations.list_locations(schemas, *locate_content(schemas, content), full_body):
        template = request.json if len(path) == 1 and isinstance(request.json, dict) else full_body
        values = (
            [UNSET, *mutations.candidate_values(schemas, schema, pointer)]
            if path
            else list(_root_values(schemas, schema, pointer))
        )
        yield len(path), [mutations.replace_at(template, path, value) for value in values]


def _root_values(schemas: Schemas, schema: Any, pointer: str) -> Iterator[Any]:
    """Yield candidate values for the whole body."""
    yield from (None, [], {}, "text", 3, True, [{}])
    inner, _, _ = strip_null(schemas, schema, pointer)
    if "object" not in list_types(inner):
        yield from mutations.candidate_values(schemas, schema, pointer)


def _bodies_with_verdict(
    api: Api, operation: Operation, request: PlannedRequest, verdict: Verdict
) -> Iterator[PlannedRequest]:
    """Yield the request with each body that the oracle gives this verdict, fewer for deep locations."""
    content = find_json_content(operation.body.content) if operation.body else None
    assert content is not None
    for depth, bodies in _vary_locations(api, operation, request):
        matching = (
            body
            for body in bodies
            if _body_verdict(api.request_schemas, *locate_content(api.request_schemas, content), body) == verdict
        )
        for body in islice(matching, max(2, _MAX_VALUES_AT_LOCATION // max(depth, 1))):
            yield request.with_json(body)


def _body_verdict(schemas: Schemas, schema: Any, pointer: str, value: Any) -> Verdict:
    """Return the verdict on a whole body: that of its worst location."""
    invalid_locations = json_values.find_invalid_locations(schemas, schema, pointer, value, ("body",))
    verdicts = {location.verdict for location in invalid_locations}
    return "invalid" if "invalid" in verdicts else "lenient" if verdicts else "valid"


def _invalid_bodies(api: Api, operation: Operation, request: PlannedRequest) -> Iterator[PlannedRequest]:
    if request.json is not UNSET and find_json_content(operation.body.content if operation.body else {}):
        yield from _bodies_with_verdict(api, operation, request, "invalid")


def _valid_bodies(api: Api, operation: Operation, request: PlannedRequest) -> Iterator[PlannedRequest]:
    """Yield the request with all optional properties, with valid values everywhere, unknown properties, and no body."""
    content = find_json_content(operation.body.content) if operation.body else None
    assert content is not None
    located = locate_content(api.request_schemas, content)
    yield request.with_json(mutations.fill_optional(api.request_schemas, *located, request.json))
    yield from _bodies_with_verdict(api, operation, request, "valid")
    if isinstance(request.json, dict):
        yield request.with_json({**request.json, "specduet_unknown": {"deep": [[[[]]]]}, "": "\u2028\x01"})
        yield request.without_body()


def _raw_bodies(operation: Operation, request: PlannedRequest) -> Iterator[dict[str, Any]]:
    """Yield arguments with bodies that are not JSON, or are labelled as something else.

    ``NaN`` and lone surrogates are left out: they break correct services.
    """
    if request.json is UNSET or operation.body is None or find_json_content(operation.body.content) is None:
        return
    valid_body = json.dumps(request.json).encode()
    broken = [
        b"",
        b" ",
        valid_body[:-1],
        valid_body[:-1] + b",}",
        valid_body + valid_body,
        b"not json",
        b"{'single': 'quotes'}",
        b'{"a": \xff}',
    ]
    for body in broken:
        yield {"body": body, "headers": [*request.headers, *(() if _find_label(request) else _JSON_HEADER.items())]}
    for media_type, body in (
        ("text/plain", valid_body),
        ("application/xml", b"<a/>"),
        ("application/x-www-form-urlencoded", b"a=b"),
    ):
        yield {"body": body, "headers": request.with_header("Content-Type", media_type).headers}
