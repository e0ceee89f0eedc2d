"""SD3xx: invalid requests are rejected, valid ones are not, and error responses say what was invalid."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from specduet.contracts.clauses.judged_exchanges import (
    NOT_FOUND_STATUSES,
    STATE_STATUSES,
    DocumentedErrorResponse,
    JudgedExchange,
    documented_error_response,
    has_validation_error_schema,
    is_documented,
    is_unknown_id_response,
    judged_exchanges,
    part_value,
    successful_paths,
)
from specduet.contracts.clauses.laxity import find_shared_laxity
from specduet.contracts.clauses.registry import Subject, clause
from specduet.contracts.clauses.valid_refused import find_refused_requests, states_refusals
from specduet.contracts.findings import MISSING_VALUE, Finding
from specduet.contracts.oracle.request_differences import is_part_of, list_differences
from specduet.contracts.oracle.request_parts import RequestPart
from specduet.contracts.recording import NOT_JSON
from specduet.specs.statement import Basis

# ----------------------------------------------------------------------------------------- invalid requests


def _accepted_invalid_parts(subject: Subject, *locations: str, malformed: bool = False) -> Iterator[Finding]:
    body = subject.operation.body
    accepted = [
        (case, part)
        for case in judged_exchanges(subject)
        if case.exchange.is_success and case.credentials_valid  # another family reports credentials
        for part in case.invalid_parts
        if part.location in locations and (body is not None and part.pointer == body.pointer) is malformed
    ]
    coerced = _find_coerced_places(subject, accepted)
    properties = {part.loc[:2] for _, part in accepted if part.location == "body" and part.loc not in coerced}
    for case, part in accepted:
        is_unread = len(properties) >= _MANY_PROPERTIES
        yield subject.make_finding(
            case.exchange,
            pointer=part.pointer,
            where=part.display_name,
            value=part_value(part, subject.operation, case.exchange),
            cause=part.reason if malformed else "",
            shared=_COERCION
            if part.loc in coerced
            else "no property of the body is checked"
            if is_unread
            else find_shared_laxity(subject, part, malformed=malformed),
            message=f"{part.display_name} {part.reason}, but the response is {case.exchange.status}",
        )


_MANY_PROPERTIES = 4
"""Properties of one body that take anything: then the service checks none of them, which is one cause."""

_COERCION = "numbers are taken for texts"


def _find_coerced_places(
    subject: Subject, accepted: Sequence[tuple[JudgedExchange, RequestPart]]
) -> frozenset[tuple[str | int, ...]]:
    """Return the places of texts in bodies that take numbers, and nothing else that is invalid."""
    is_coerced: dict[tuple[str | int, ...], bool] = {}
    for case, part in accepted:
        if part.location == "body":
            value = part_value(part, subject.operation, case.exchange)
            is_number = part.reason == "is not a string" and isinstance(value, bool | int | float)
            is_coerced[part.loc] = is_coerced.get(part.loc, True) and is_number
    return frozenset(loc for loc, is_number in is_coerced.items() if is_number)


@clause("SD301", "invalid-parameter", "A parameter that breaks its schema is rejected.", specificity=20)
def check_invalid_parameter(subject: Subject) -> Iterator[Finding]:
    """Sends every path, query, header and cookie parameter with invalid values: another type, out of bounds, not a
    member of the enum or in another case, not in the format, missing although required.

    Values that correct servers read differently (``+1``, a UUID without dashes) are ignored.
    """
    yield from _accepted_invalid_parts(subject, "path", "query", "header", "cookie")


@clause("SD302", "invalid-body", "A body that breaks its schema is rejected.", specificity=20)
def check_invalid_body(subject: Subject) -> Iterator[Finding]:
    """Sends every field at any depth with invalid values: missing, null, another type, not a member of the enum, out of
    bounds, another shape.

    Values that pydantic accepts in lax mode (``"5"`` for an integer, 1 for a boolean) are ignored.
    """
    yield from _accepted_invalid_parts(subject, "body")


@clause("SD303", "malformed-body", "A body that cannot be parsed, or is missing, is rejected.", specificity=20)
def check_malformed_body(subject: Subject) -> Iterator[Finding]:
    """Sends bodies that are not JSON, cut off, not UTF-8, empty although required, or of an undocumented type."""
    yield from _accepted_invalid_parts(subject, "body", malformed=True)


@clause("SD304", "refusal-status", "Invalid requests get the documented status code.", specificity=30)
def check_refusal_status(subject: Subject) -> Iterator[Finding]:
    """If the document has no error response for invalid requests, any 4xx will do, and so will any that it has.

    Other reasons may come first: 401 and 403 if the operation never accepted the credential, 404 if the path may name
    no row, 409 and 412 for the state of a row, 413, 414 and 431 if the request is large, and any 4xx if something in
    front of the service may reject it (a body that is not UTF-8, a very long URL). It is a warning where the document
    leaves open which mistakes have this status.
    """
    documented = documented_error_response(subject)
    if documented.statuses is None:
        return
    known_paths, accepted = (
        successful_paths(subject),
        frozenset(exchange.credentials for exchange in subject.successful_exchanges()),
    )
    expected = " or ".join(map(str, sorted(documented.statuses)))
    for case in judged_exchanges(subject):
        if (
            case.verdict == "invalid"
            and case.is_rejected
            and not case.any_4xx_allowed
            and not documented.includes_status(case.exchange.status)
        ):
            if _has_other_reason(subject, case, known_paths, accepted) or not _is_only_change(subject, case):
                continue
            part, status = case.invalid_parts[0], case.exchange.status
            yield subject.make_finding(
                case.exchange,
                pointer=documented.response.pointer if documented.response else "",
                where="status",
                value=status,
                cause=str(status),
                basis="documented" if _is_dialect_certain(subject, documented) else "inferred",
                shared=f"{status} instead of {expected}",
                message=f"{part.display_name} {part.reason}, but the response is {status} instead of {expected}",
            )


def _has_other_reason(
    subject: Subject, case: JudgedExchange, known_paths: frozenset[str], accepted: frozenset[str]
) -> bool:
    """Return whether something else than the invalid part explains the status."""
    status = case.exchange.status
    if is_documented(subject.operation, status) or status in STATE_STATUSES - NOT_FOUND_STATUSES:
        return True
    if not case.credentials_valid or (status in {401, 403} and case.exchange.credentials not in accepted):
        return True
    if (
        status not in {403, *NOT_FOUND_STATUSES}
        or "{" not in subject.operation.path
        or case.exchange.request.path in known_paths
    ):
        return False
    if any(part.location == "path" for part in case.invalid_parts):
        has_form = has_validation_error_schema(subject, 422) or states_refusals(subject)
        return not has_form or not is_unknown_id_response(subject, case)
    return True


def _is_only_change(subject: Subject, case: JudgedExchange) -> bool:
    """Return whether one part is invalid, and an accepted request differs in that part alone: else others may be why.

    Where the document states which requests are refused, nothing else is a reason.
    """
    if states_refusals(subject):
        return True
    places = {part.loc[:2] for part in case.invalid_parts}
    is_gone = case.exchange.status in NOT_FOUND_STATUSES
    for twin in subject.successful_exchanges() if len(places) == 1 else ():
        if twin.credentials == case.exchange.credentials and (not is_gone or case.exchange.is_before(twin)):
            differences = list_differences(subject.operation, case.exchange.request, twin.request)
            if all(is_part_of(each.loc, place) for each in differences for place in places):
                return True
    return False


def _is_dialect_certain(subject: Subject, documented: DocumentedErrorResponse) -> bool:
    """Return whether the document tells that every mistake in a request gets this status."""
    statuses = documented.statuses or ()
    return states_refusals(subject) or any(has_validation_error_schema(subject, s) for s in statuses)


# ------------------------------------------------------------------------------------------ error responses


def _fastapi_error_responses(subject: Subject) -> Iterator[tuple[JudgedExchange, Basis]]:
    """Yield the error responses that need FastAPI's shape: it is stated, or they have a ``detail`` list.

    The schema that FastAPI documents allows any object: a service that has a shape of its own does not break it.
    """
    documented, is_stated = documented_error_response(subject), states_refusals(subject)
    for case in judged_exchanges(subject):
        status, has_list = case.exchange.status, isinstance(_get_detail(case.exchange.json), list)
        is_documented_shape = documented.includes_status(status) and has_validation_error_schema(subject, status)
        if is_documented_shape and (is_stated or has_list):
            yield case, "documented"
        elif case.is_rejected and has_list and any(_has_loc(item) for item in _detail_items(case)):
            yield case, "inferred"


def _has_loc(item: Any) -> bool:
    return isinstance(item, Mapping) and "loc" in item


def _get_detail(body: Any) -> Any:
    return body.get("detail") if isinstance(body, Mapping) else None


@clause("SD306", "refusal-detail", "An error response lists at least one mistake under detail.", specificity=40)
def check_refusal_detail(subject: Subject) -> Iterator[Finding]:
    """The body is ``{"detail": [...]}`` with at least one item: FastAPI's HTTPValidationError.

    The documented schema also allows ``{}`` and ``{"detail": []}``, which tell a client nothing. The clauses
    ``content-type`` and ``parses`` check that the body is JSON.
    """
    for case, basis in _fastapi_error_responses(subject):
        body = case.exchange.json
        detail = _get_detail(body)
        if body is NOT_JSON or (isinstance(detail, list) and detail):
            continue
        is_absent = not isinstance(body, Mapping) or "detail" not in body
        problem = "is missing" if is_absent else "is empty" if detail == [] else "is not a list"
        yield subject.make_finding(
            case.exchange,
            pointer=_response_pointer(subject, case),
            where="/detail",
            value=body if is_absent else detail,
            basis=basis,
            message=f"the detail of the {case.exchange.status} response {problem}",
        )


def _response_pointer(subject: Subject, case: JudgedExchange) -> str:
    response = subject.operation.response_for(case.exchange.status)
    return response.pointer if response else ""


_ITEM_KEYS = ("loc", "msg", "type")


@clause("SD307", "refusal-items", "Each mistake in an error response has its loc, msg and type.", specificity=40)
def check_refusal_items(subject: Subject) -> Iterator[Finding]:
    """``loc`` is a list of strings and numbers, ``msg`` and ``type`` are strings, and none of them is empty.

    ``ctx``, if present, is an object.
    """
    for case, basis in _fastapi_error_responses(subject):
        for index, item in enumerate(_detail_items(case)):
            for where, value, message in _item_flaws(item):
                yield subject.make_finding(
                    case.exchange,
                    pointer=_response_pointer(subject, case),
                    where=f"/detail/{index}{where}",
                    value=value,
                    basis=basis,
                    message=f"the {case.exchange.status} response {message}",
                )


def _detail_items(case: JudgedExchange) -> list[Any]:
    detail = _get_detail(case.exchange.json)
    return detail if isinstance(detail, list) else []


def _item_flaws(item: Any) -> Iterator[tuple[str, Any, str]]:
    if not isinstance(item, Mapping):
        yield "", item, "has an item that is not an object"
        return
    for key in _ITEM_KEYS:
        if key not in item:
            yield f"/{key}", MISSING_VALUE, f"has an item without {key}"
        elif key == "loc":
            if not _is_valid_loc(item[key]):
                yield "/loc", item[key], "has a loc that is not a list of names"
        elif not isinstance(item[key], str) or not item[key]:
            yield f"/{key}", item[key], f"has a {key} that is not a string, or empty"
    if "ctx" in item and not isinstance(item["ctx"], Mapping):
        yield "/ctx", item["ctx"], "has a ctx that is not an object"


def _is_valid_loc(loc: Any) -> bool:
    steps = isinstance(loc, list) and all(isinstance(s, str | int) and not isinstance(s, bool) for s in loc)
    return bool(steps and loc)


_OWN_TYPES = frozenset({"value_error", "assertion_error"})
"""Types that FastAPI gives the mistakes which a service's own code finds."""


@clause("SD308", "refusal-loc", "An error response points at the invalid part of the request.", specificity=35)
def check_refusal_loc(subject: Subject) -> Iterator[Finding]:
    """Each ``loc`` begins with path, query, header, cookie or body, and names a part of the request that is invalid, or
    that servers read differently. Of several invalid parts, one is enough. A mistake that the service's own code has
    found (``value_error``) beside one that it should name may be anywhere.

    In a body it may end above the invalid value or continue below it.
    """
    falsely_named, is_stated = _parts_named_by_false_rejections(subject), states_refusals(subject)
    for case, basis in _fastapi_error_responses(subject):
        if case.verdict == "valid" or not case.credentials_valid:
            continue
        if not case.invalid_parts and not is_stated:
            continue  # what is only odd need not be what was refused
        suspects = [part for part in case.parts if part.display_name in falsely_named]
        suspects += [part for part in case.parts if part.verdict != "valid"]
        is_named = any(_loc_matches_part(loc, part) for loc in _valid_locs(case.exchange.json) for part in suspects)
        for index, item in enumerate(_detail_items(case)):
            loc = item.get("loc") if isinstance(item, Mapping) else None
            if is_named and loc is not None and item.get("type") in _OWN_TYPES:
                continue
            if loc is not None and _is_valid_loc(loc) and not any(_loc_matches_part(loc, part) for part in suspects):
                expected = " or ".join(dict.fromkeys(part.display_name for part in case.invalid_parts or suspects))
                yield subject.make_finding(
                    case.exchange,
                    pointer=_response_pointer(subject, case),
                    where=f"/detail/{index}/loc",
                    value=loc,
                    basis=basis,
                    message=f"the {case.exchange.status} response points elsewhere than at {expected}",
                )


def _parts_named_by_false_rejections(subject: Subject) -> frozenset[str]:
    """Return the parts that error responses to valid requests name: the finding there is that they are rejected."""
    named = (
        part.display_name
        for case in find_refused_requests(subject)
        for loc in _valid_locs(case.exchange.json)
        for part in case.parts
        if _loc_matches_part(loc, part)
    )
    return frozenset(named)


def _valid_locs(body: Any) -> Iterator[Sequence[Any]]:
    detail = _get_detail(body)
    for item in detail if isinstance(detail, list) else ():
        loc = item.get("loc") if isinstance(item, Mapping) else None
        if loc is not None and _is_valid_loc(loc):
            yield loc


def _loc_matches_part(loc: Sequence[Any], part: RequestPart) -> bool:
    """Return whether a ``loc`` names a part; in a body, either may go deeper than the other."""
    if loc[0] != part.location:
        return False
    if part.location == "body":
        shorter = min(len(loc), len(part.loc))
        # FastAPI puts an offset behind "body" where the JSON itself is broken: such a body has no places to compare.
        return [str(step) for step in loc[:shorter]] == [str(step) for step in part.loc[:shorter]]
    if not part.name:
        return True
    if len(loc) < 2:
        return False
    name, expected = str(loc[1]), part.name
    return name == expected or (part.location == "header" and name.lower().replace("_", "-") == expected.lower())
