"""SD305: a valid request is not rejected. To blame is the one part in which it differs from an accepted request."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from specduet.contracts.bodies import KeptBody
from specduet.contracts.clauses.judged_exchanges import (
    STATE_STATUSES,
    JudgedExchange,
    accepted_credentials,
    documented_error_response,
    judged_exchanges,
    successful_paths,
)
from specduet.contracts.clauses.registry import Subject, clause
from specduet.contracts.findings import Finding, to_text
from specduet.contracts.memo import compute_once
from specduet.contracts.oracle.json_body import parse_json_body
from specduet.contracts.oracle.promises import has_derived_schemas, is_promised, is_restricted
from specduet.contracts.oracle.request_differences import Difference, is_part_of, list_differences
from specduet.contracts.oracle.request_parts import RequestPart
from specduet.contracts.recording import ABSENT, Exchange, ReceivedResponse, Recording

_FORM_STATUSES = frozenset({400, 413, 414, 415, 417, 422, 431})
_STRUCTURAL_TYPES = (
    "missing", "bool_", "int_", "float_", "string_", "list_", "dict_", "enum", "literal_", "model_", "too_", "greater_",
    "less_", "uuid_", "date_", "datetime_", "none_", "extra_", "type_error", "finite_",
)  # fmt: skip
"""Beginnings of the types that FastAPI gives errors in the form of a request; others are those of the service's own
code, which may know rows."""
_MAX_TWINS = 80
"""Accepted requests of one operation that a refused one is compared with."""
_MAX_REFUSED = 300


@dataclass(frozen=True)
class RefusedPart:
    """A refused valid request with the accepted request that differs from it in one part."""

    case: JudgedExchange
    twin: Exchange
    difference: Difference


@clause("SD305", "valid-refused", "A valid request is not rejected as invalid.", specificity=20)
def check_valid_refused(subject: Subject) -> Iterator[Finding]:
    """Sends boundary values, every member of an enum, optional parameters present and absent, long and Unicode text.

    Reported is a request that differs in one part from one that was accepted, before and afterwards, if the schema
    promises that this part may be so. Where the document does not state which requests are refused, nothing is promised
    of a text or a number that the schema leaves free, which may name a row, of what a description restricts, and of
    what is refused for the state of things (404, 409, 412, 429).
    """
    for refused in _find_refused_parts(subject):
        where = "/".join(map(str, refused.difference.loc))
        part = next((p for p in refused.case.parts if _is_at(p, refused.difference.loc)), None)
        value = refused.difference.value
        yield subject.make_finding(
            refused.case.exchange,
            pointer=part.pointer if part else "",
            where=where,
            value="(left out)" if value is ABSENT else _show(value),
            message=f"a valid request is rejected with {refused.case.exchange.status}, because of {where}: "
            f"{_describe_twin(refused)} gets {refused.twin.status}",
        )


def _is_at(part: RequestPart, loc: Sequence[Any]) -> bool:
    if part.location != loc[0]:
        return False
    return part.location == "body" or part.name.lower() == str(loc[1]).lower()


def _show(value: Any) -> Any:
    return value[0] if isinstance(value, tuple) and len(value) == 1 else value


def _describe_twin(refused: RefusedPart) -> str:
    """Return the request that was accepted: ``the same request with "open"``."""
    other = refused.difference.other
    return "the same request without it" if other is ABSENT else f"the same request with {to_text(_show(other))}"


def _find_refused_parts(subject: Subject) -> Sequence[RefusedPart]:
    about = ("refused parts", subject.api.name, subject.operation.id)
    return compute_once(subject.recording, about, lambda: list(_search_refused_parts(subject)))


def _search_refused_parts(subject: Subject) -> Iterator[RefusedPart]:
    cases = find_refused_requests(subject)[:_MAX_REFUSED]
    accepted = list(_list_accepted(subject)) if cases else []
    accepted_requests = {(e.request, e.credentials) for e in subject.successful_exchanges()} if cases else set()
    for case in cases:
        if (case.exchange.request, case.exchange.credentials) in accepted_requests:
            continue  # what was sent in between is why
        found = _find_twin(subject, case, accepted)
        if found is not None and _is_blamed(subject, found, accepted):
            yield found


def find_refused_requests(subject: Subject) -> list[JudgedExchange]:
    """Return the valid requests with a valid credential that were rejected as invalid."""
    operation = subject.operation
    if operation.responses and not any(s[:1] in {"1", "2", "3", "d"} for s in operation.responses):
        return []  # it documents nothing but errors, and may respond with one of them to everything
    if _names_row(subject):
        return []
    rejections = _FORM_STATUSES | (documented_error_response(subject).statuses or frozenset())
    statuses = rejections - STATE_STATUSES - _stated_statuses(subject)
    accepted, known_paths = accepted_credentials(subject), successful_paths(subject)
    return [
        case
        for case in judged_exchanges(subject)
        if case.verdict == "valid"
        and case.credentials_valid
        and case.exchange.status in statuses
        and not case.is_too_large
        and (case.exchange.request.path in known_paths or _has_promised_path(subject))
        and not _is_patch(subject, case.exchange)
        and (case.exchange.credentials != "placeholder" or "placeholder" in accepted)
    ]


def _names_row(subject: Subject) -> bool:
    """Return whether an id or a token is in the body or query: that no row has it makes a request invalid, too."""
    behavior = subject.operation.behavior
    statements = (behavior.lookup, *behavior.tokens, *behavior.scopes)
    return any("/" in statement.parameter for statement in statements if statement is not None)


def _stated_statuses(subject: Subject) -> frozenset[int]:
    """Return the statuses that tell of the row, and not of the request: that it is unknown, or in the wrong state."""
    behavior = subject.operation.behavior
    refused = {behavior.acts.refused} if behavior.acts is not None else set()
    conflicts = {behavior.creates.conflict} if behavior.creates is not None and behavior.creates.unique else set()
    return frozenset(refused | conflicts)


def _has_promised_path(subject: Subject) -> bool:
    """Return whether the path has no ids: each parameter is one of its documented members.

    Where the document states which requests are refused, an id in a documented format is not refused either.
    """
    parameters = [p for p in subject.operation.parameters if p.location == "path"]
    keywords = {"enum", "const"} | ({"format"} if states_refusals(subject) else set())
    return all(keywords & p.schema.keys() for p in parameters)


def states_refusals(subject: Subject) -> bool:
    """Return whether the document states how requests are refused that break it, so that no others are."""
    return subject.api.behavior.refusals is not None


def _is_patch(subject: Subject, exchange: Exchange) -> bool:
    """Return whether a body is a JSON Patch (RFC 6902): few schemas say which operations need which members."""
    if subject.operation.behavior.updates is None:
        return False
    body = parse_json_body(exchange.request.body or b"")[0]
    return isinstance(body, list) and all(isinstance(item, dict) and "op" in item for item in body)


def _list_accepted(subject: Subject) -> Iterator[Exchange]:
    """Yield accepted requests, the last ones first, each once before and once after others."""
    seen: set[tuple[Any, ...]] = set()
    for exchange in reversed(list(subject.successful_exchanges())):
        key = _make_key(exchange)
        if key not in seen and len(seen) < _MAX_TWINS:
            seen.add(key)
            yield exchange


def _make_key(exchange: Exchange) -> tuple[Any, ...]:
    """Return what two exchanges with the same request share."""
    sent = exchange.request
    return (sent.path, sent.query, sent.body, exchange.credentials)


def _find_twin(subject: Subject, case: JudgedExchange, accepted: Sequence[Exchange]) -> RefusedPart | None:
    """Return the accepted request that differs in one part; a write has to be accepted once more afterwards."""
    exchange = case.exchange
    is_read = exchange.request.method in {"GET", "HEAD", "OPTIONS"}
    for twin in accepted:
        if twin.credentials != exchange.credentials or not (is_read or exchange.is_before(twin)):
            continue
        differences = list_differences(subject.operation, exchange.request, twin.request)
        if len(differences) == 1 and not _is_accepted_elsewhere(subject, exchange, differences[0], accepted):
            return RefusedPart(case, twin, differences[0])
    return None


def _is_accepted_elsewhere(
    subject: Subject, refused: Exchange, difference: Difference, accepted: Sequence[Exchange]
) -> bool:
    """Return whether another request was accepted with this very part: then the part alone is not to blame."""
    others = (list_differences(subject.operation, refused.request, other.request) for other in accepted)
    return any(not any(is_part_of(each.loc, difference.loc) for each in differences) for differences in others)


def _repeats_path(subject: Subject, difference: Difference) -> bool:
    """Return whether a field of the body is named as a parameter of the path: many services want both alike."""
    names = {_fold(p.name) for p in subject.operation.parameters if p.location == "path"}
    return difference.loc[0] == "body" and _fold(str(difference.loc[-1])) in names


def _fold(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def _is_blamed(subject: Subject, refused: RefusedPart, accepted: Sequence[Exchange]) -> bool:
    if _repeats_path(subject, refused.difference):
        return False
    if states_refusals(subject):
        return True
    status = refused.case.exchange.status
    if is_restricted(subject.api, subject.operation, refused.difference, status):
        return False
    if is_promised(subject.api, subject.operation, refused.difference, by_length=False):
        return True
    if is_promised(subject.api, subject.operation, refused.difference):
        return _takes_new_texts(subject, refused, accepted)
    return has_derived_schemas(subject.api) and _is_named_malformed(refused)


def _takes_new_texts(subject: Subject, refused: RefusedPart, accepted: Sequence[Exchange]) -> bool:
    """Return whether the part was accepted with a text that nothing else had shown: then it need not name a row."""
    loc, request = refused.difference.loc, refused.case.exchange.request
    for twin in accepted:
        for difference in list_differences(subject.operation, request, twin.request):
            if difference.loc == loc and isinstance(difference.other, str):
                shown = json.dumps(difference.other, ensure_ascii=False).encode()
                if not any(shown in response.body for response in _list_other_reads(subject)):
                    return True
    return False


def _list_other_reads(subject: Subject) -> Iterator[ReceivedResponse]:
    """Yield what other operations that only read have answered, equal bodies once for each of them."""
    recording = subject.recording
    reads = compute_once(recording, ("successful reads",), lambda: _collect_reads(recording))
    return (response for (operation, _), response in reads.items() if operation != subject.operation.id)


def _collect_reads(recording: Recording) -> Mapping[tuple[str, bytes | KeptBody], ReceivedResponse]:
    return {
        (exchange.operation, exchange.response.content): exchange.response
        for exchange in recording.exchanges
        if exchange.request.method == "GET" and exchange.is_success and exchange.response is not None
    }


def _is_named_malformed(refused: RefusedPart) -> bool:
    """Return whether FastAPI's own checks refuse this part, which its document would tell if it described them."""
    body = refused.case.exchange.json
    items = body.get("detail") if isinstance(body, Mapping) else None
    for item in items if isinstance(items, list) else ():
        loc, kind = (item.get("loc"), item.get("type")) if isinstance(item, Mapping) else (None, None)
        if isinstance(loc, list) and isinstance(kind, str) and kind.startswith(_STRUCTURAL_TYPES):
            wanted = [str(step).lower().replace("_", "-") for step in refused.difference.loc]
            named = [str(step).lower().replace("_", "-") for step in loc]
            if named and is_part_of(named, wanted):
                return True
    return False
