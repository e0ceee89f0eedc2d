"""SD3xx: invalid requests are rejected, valid ones are not, and error responses say what was invalid."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from specduet.contracts.clauses.judged_exchanges import (
    NOT_FOUND_STATUSES,
    JudgedExchange,
    accepted_credentials,
    documented_error_response,
    has_validation_error_schema,
    is_unknown_id_response,
    judged_exchanges,
    part_value,
    successful_paths,
)
from specduet.contracts.clauses.registry import Subject, clause
from specduet.contracts.findings import MISSING_VALUE, Finding
from specduet.contracts.oracle.json_body import parse_json_body
from specduet.contracts.oracle.request_parts import RequestPart
from specduet.contracts.recording import NOT_JSON, Exchange
from specduet.specs.statement import Basis

_FORM_REJECTION_STATUSES = frozenset({400, 413, 414, 415, 416, 417, 422, 431})
"""The statuses that blame the form of a request; 401, 403, 404, 409 and 429 have reasons outside of the request."""


# ----------------------------------------------------------------------------------------- invalid requests


def _accepted_invalid_parts(subject: Subject, *locations: str, malformed: bool = False) -> Iterator[Finding]:
    body = subject.operation.body
    for case in judged_exchanges(subject):
        if not case.exchange.is_success or not case.credentials_valid:
            continue  # an invalid credential that is accepted is reported by another family
        for part in case.invalid_parts:
            is_body = body is not None and part.pointer == body.pointer
            if part.location in locations and is_body is malformed:
                yield subject.make_finding(
                    case.exchange,
                    pointer=part.pointer,
                    where=part.display_name,
                    value=part_value(part, subject.operation, case.exchange),
                    cause=part.reason if malformed else "",
                    message=f"{part.display_name} {part.reason}, but the response is {case.exchange.status}",
                )


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
    """If the document has no error response for invalid requests, any 4xx will do.

    Other reasons may come first: 401 and 403 if the operation never accepted the credential, 404 if the path may name
    no row, 413, 414 and 431 if the request is large, and any 4xx if something in front of the service may reject it
    (a body that is not UTF-8, a very long URL).
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
            if _has_other_reason(subject, case, known_paths, accepted):
                continue
            part, status = case.invalid_parts[0], case.exchange.status
            yield subject.make_finding(
                case.exchange,
                pointer=documented.response.pointer if documented.response else "",
                where="status",
                value=status,
                cause=str(status),
                message=f"{part.display_name} {part.reason}, but the response is {status} instead of {expected}",
            )


def _has_other_reason(
    subject: Subject, case: JudgedExchange, known_paths: frozenset[str], accepted: frozenset[str]
) -> bool:
    """Return whether something else than the invalid part explains the status."""
    status = case.exchange.status
    if not case.credentials_valid or (status in {401, 403} and case.exchange.credentials not in accepted):
        return True
    if (
        status not in {403, *NOT_FOUND_STATUSES}
        or "{" not in subject.operation.path
        or case.exchange.request.path in known_paths
    ):
        return False
    if any(part.location == "path" for part in case.invalid_parts):
        return not is_unknown_id_response(subject, case)
    return True


# ------------------------------------------------------------------------------------------- valid requests


@clause("SD305", "valid-refused", "A valid request is not rejected as invalid.", specificity=20)
def check_valid_refused(subject: Subject) -> Iterator[Finding]:
    """Sends boundary values, every member of an enum, optional parameters present and absent, long and Unicode text.

    401, 403, 404, 409 and 429 are not findings, nor is the status with which an action refuses rows in some states, and
    values that correct servers read differently are ignored. An operation that documents
    nothing but errors may respond with one of them to everything.
    """
    if subject.operation.responses and not any(s[:1] in {"1", "2", "3", "d"} for s in subject.operation.responses):
        return
    known_paths = successful_paths(subject)
    rejected_parts: dict[str, RequestPart] = {}
    for case in sorted(
        _rejected_valid_requests(subject), key=lambda case: (len(_sent_parts(case)), case.exchange.number)
    ):
        part = _find_rejected_part(case, rejected_parts)
        if case.exchange.request.path not in known_paths and _may_reject_path_id(subject, part):
            continue
        where = _rejected_place(case, part)
        if part is not None:
            rejected_parts[part.display_name] = part
        yield subject.make_finding(
            case.exchange,
            pointer=part.pointer if part else "",
            where=where,
            value=part_value(part, subject.operation, case.exchange) if part else "",
            message=f"a valid request is rejected with {case.exchange.status}{f', because of {where}' if part else ''}",
        )


def _rejected_valid_requests(subject: Subject) -> list[JudgedExchange]:
    """Return the valid requests with a valid credential that were rejected as invalid."""
    if _names_row(subject):
        return []
    rejections = _FORM_REJECTION_STATUSES | (documented_error_response(subject).statuses or frozenset())
    statuses = rejections - _state_statuses(subject)
    accepted = accepted_credentials(subject)
    return [
        case
        for case in judged_exchanges(subject)
        if case.verdict == "valid"
        and case.credentials_valid
        and case.exchange.status in statuses
        and not case.is_too_large
        and not _is_patch(subject, case.exchange)
        if case.exchange.credentials != "placeholder" or "placeholder" in accepted
    ]


def _is_patch(subject: Subject, exchange: Exchange) -> bool:
    """Return whether a body is a JSON Patch (RFC 6902): few schemas say which operations need which members."""
    if subject.operation.behavior.updates is None:
        return False
    body = parse_json_body(exchange.request.body or b"")[0]
    return isinstance(body, list) and all(isinstance(item, dict) and "op" in item for item in body)


def _names_row(subject: Subject) -> bool:
    """Return whether an id or a token is in the body or query: that no row has it makes a request invalid, too."""
    behavior = subject.operation.behavior
    statements = (behavior.lookup, *behavior.tokens, *behavior.scopes)
    return any("/" in statement.parameter for statement in statements if statement is not None)


def _state_statuses(subject: Subject) -> frozenset[int]:
    """Return the statuses that tell of the row, and not of the request: that it is unknown, or in the wrong state."""
    behavior = subject.operation.behavior
    refused = {behavior.acts.refused} if behavior.acts is not None else set()
    conflicts = {behavior.creates.conflict} if behavior.creates is not None and behavior.creates.unique else set()
    return frozenset(refused | conflicts)


def _rejected_place(case: JudgedExchange, part: RequestPart | None) -> str:
    """Return the name of the part; for a body, of the property that the error response names: ``body/height``."""
    if part is None:
        return "request"
    named = (loc for loc in _valid_locs(case.exchange.json) if part.location == "body" and _loc_matches_part(loc, part))
    return "/".join(map(str, next(named, part.loc)[:2]))


def _may_reject_path_id(subject: Subject, part: RequestPart | None) -> bool:
    """Return whether an id whose schema is just a string may be rejected: the service knows the format of its ids."""
    paths = [
        p for p in subject.operation.parameters if p.location == "path" and not {"format", "enum"} & p.schema.keys()
    ]
    return bool(paths) and (part is None or part.location == "path")


def _sent_parts(case: JudgedExchange) -> list[RequestPart]:
    """Return the parts that were really sent, so that the request can have been rejected because of them."""
    exchange = case.exchange
    names = {name for name, _ in exchange.request.query_pairs}
    headers = {name.lower() for name, _ in exchange.request.headers}
    sent = {"query": names, "header": headers}
    return [p for p in case.parts if p.location not in sent or p.name.lower() in {n.lower() for n in sent[p.location]}]


def _find_rejected_part(case: JudgedExchange, rejected_parts: Mapping[str, RequestPart]) -> RequestPart | None:
    """Return the part that the error response names; else one already known to be rejected; else the only one."""
    for loc in _valid_locs(case.exchange.json):
        named = next((part for part in case.parts if _loc_matches_part(loc, part)), None)
        if named is not None:
            return named
    optional = [part for part in _sent_parts(case) if part.location != "path"]
    known = next((part for part in optional if part.display_name in rejected_parts), None)
    return known or (optional[0] if len(optional) == 1 else None)


# ------------------------------------------------------------------------------------------ error responses


def _fastapi_error_responses(subject: Subject) -> Iterator[tuple[JudgedExchange, Basis]]:
    """Yield the error responses that need FastAPI's shape: it is documented, or they have a ``detail`` list."""
    documented = documented_error_response(subject)
    for case in judged_exchanges(subject):
        status = case.exchange.status
        if documented.includes_status(status) and has_validation_error_schema(subject, status):
            yield case, "documented"
        elif case.is_rejected and isinstance(_get_detail(case.exchange.json), list):
            yield case, "inferred"


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


@clause("SD308", "refusal-loc", "An error response points at the invalid part of the request.", specificity=35)
def check_refusal_loc(subject: Subject) -> Iterator[Finding]:
    """Each ``loc`` begins with path, query, header, cookie or body, and names a part of the request that is invalid, or
    that servers read differently. Of several invalid parts, one is enough.

    In a body it may end above the invalid value or continue below it.
    """
    falsely_named = _parts_named_by_false_rejections(subject)
    for case, basis in _fastapi_error_responses(subject):
        if case.verdict == "valid" or not case.credentials_valid:
            continue
        suspects = [part for part in case.parts if part.display_name in falsely_named]
        suspects += [part for part in case.parts if part.verdict != "valid"]
        for index, item in enumerate(_detail_items(case)):
            loc = item.get("loc") if isinstance(item, Mapping) else None
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
        for case in _rejected_valid_requests(subject)
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
