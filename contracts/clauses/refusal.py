"""SD3xx: what is wrong is refused as documented, what is right is not refused, and a refusal says what was wrong."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from specduet.contracts.clauses.judged_exchanges import (
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
from specduet.contracts.findings import Finding
from specduet.contracts.oracle.requests import Part
from specduet.contracts.recording import NOT_JSON
from specduet.specs.behavior import Basis

_FORM_REJECTION_STATUSES = frozenset({400, 413, 414, 415, 416, 417, 422, 431})
"""4xx that blame the request itself; 401, 403, 404, 409 and 429 have reasons that the request does not show."""


# ------------------------------------------------------------------------------------------ what has to be refused


def _accepted_invalid_parts(subject: Subject, *locations: str, malformed: bool = False) -> Iterator[Finding]:
    body = subject.operation.body
    for case in judged_exchanges(subject):
        if not case.exchange.succeeded or not case.credentials_valid:
            continue  # a stranger who is served is the finding of another family
        for part in case.invalid_parts:
            is_body = body is not None and part.pointer == body.pointer
            if part.location in locations and is_body is malformed:
                yield subject.make_finding(
                    case.exchange,
                    pointer=part.pointer,
                    where=part.where,
                    value=part_value(part, subject.operation, case.exchange),
                    cause=part.reason if malformed else "",
                    message=f"{part.where} {part.reason}, and the request is answered {case.exchange.status}",
                )


@clause("SD301", "invalid-parameter", "A parameter that breaks its schema is refused.", specificity=20)
def check_invalid_parameter(subject: Subject) -> Iterator[Finding]:
    """Every path, query, header and cookie parameter, wrong in each way that its schema allows to be wrong: of another
    type, out of bounds, no member of the enum or in other letters, not of the format, missing though required.

    Spellings that correct servers read differently (``+1``, a UUID without dashes) are not judged.
    """
    yield from _accepted_invalid_parts(subject, "path", "query", "header", "cookie")


@clause("SD302", "invalid-body", "A body that breaks its schema is refused.", specificity=20)
def check_invalid_body(subject: Subject) -> Iterator[Finding]:
    """Every field at any depth: missing, null, of another type, no member of the enum, out of bounds, of another shape.

    What pydantic's lax mode reads as well (``"5"`` for an integer, 1 for a boolean) is not judged.
    """
    yield from _accepted_invalid_parts(subject, "body")


@clause("SD303", "malformed-body", "A body that cannot be read, or is missing, is refused.", specificity=20)
def check_malformed_body(subject: Subject) -> Iterator[Finding]:
    """No JSON, cut short, not UTF-8, empty though required, or labelled as something that is not documented."""
    yield from _accepted_invalid_parts(subject, "body", malformed=True)


@clause("SD304", "refusal-status", "What is wrong is refused with the documented status.", specificity=30)
def check_refusal_status(subject: Subject) -> Iterator[Finding]:
    """Where no refusal is documented, any 4xx will do.

    401 and 403 may come first where the operation never took such a credential, 404 where the path may name nothing,
    413, 414 and 431 where something is large, and any 4xx where something in front of the validation may refuse (a body
    that is not UTF-8, a huge address).
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
            part = case.invalid_parts[0]
            yield subject.make_finding(
                case.exchange,
                pointer=documented.response.pointer if documented.response else "",
                where="status",
                value=case.exchange.status,
                cause=str(case.exchange.status),
                message=f"{part.where} {part.reason}, which is refused with {case.exchange.status} instead of {expected}",
            )


def _has_other_reason(
    subject: Subject, case: JudgedExchange, known_paths: frozenset[str], accepted: frozenset[str]
) -> bool:
    """Whether another reason than the wrong part explains the status."""
    status = case.exchange.status
    if not case.credentials_valid or (status in {401, 403} and case.exchange.credentials not in accepted):
        return True
    if status not in {403, 404, 410} or "{" not in subject.operation.path or case.exchange.sent.path in known_paths:
        return False
    if any(part.location == "path" for part in case.invalid_parts):
        return not is_unknown_id_response(subject, case)
    return True


# ---------------------------------------------------------------------------------- what must not be refused


@clause("SD305", "valid-refused", "A request that keeps to the document is not refused for its form.", specificity=20)
def check_valid_refused(subject: Subject) -> Iterator[Finding]:
    """Boundaries, every member of an enum, optional parameters present and absent, long and Unicode text.

    401, 403, 404, 409 and 429 are no findings by themselves, and nothing that servers read differently is judged.
    """
    known_paths = successful_paths(subject)
    rejected_parts: dict[str, Part] = {}
    for case in sorted(
        _rejected_valid_requests(subject), key=lambda case: (len(_sent_parts(case)), case.exchange.number)
    ):
        part = _find_rejected_part(case, rejected_parts)
        if case.exchange.sent.path not in known_paths and _may_reject_path_id(subject, part):
            continue
        where = _rejected_place(case, part)
        if part is not None:
            rejected_parts[part.where] = part
        yield subject.make_finding(
            case.exchange,
            pointer=part.pointer if part else "",
            where=where,
            value=part_value(part, subject.operation, case.exchange) if part else "",
            message=f"a valid request is refused with {case.exchange.status}{f', because of {where}' if part else ''}",
        )


def _rejected_valid_requests(subject: Subject) -> list[JudgedExchange]:
    """The valid requests of trusted callers that were refused for their form."""
    statuses = _FORM_REJECTION_STATUSES | (documented_error_response(subject).statuses or frozenset())
    accepted = accepted_credentials(subject)
    return [
        case
        for case in judged_exchanges(subject)
        if case.verdict == "valid"
        and case.credentials_valid
        and case.exchange.status in statuses
        and not case.is_too_large
        if case.exchange.credentials != "placeholder" or "placeholder" in accepted
    ]


def _rejected_place(case: JudgedExchange, part: Part | None) -> str:
    """The blamed part; of a body, the property that the refusal names."""
    if part is None:
        return "request"
    named = (loc for loc in _valid_locs(case.exchange.json) if part.location == "body" and _loc_matches_part(loc, part))
    return "/".join(map(str, next(named, part.loc)[:2]))


def _may_reject_path_id(subject: Subject, part: Part | None) -> bool:
    """Whether an id that is only said to be text may be refused: a service knows what its own ids look like."""
    paths = [
        p for p in subject.operation.parameters if p.location == "path" and not {"format", "enum"} & p.schema.keys()
    ]
    return bool(paths) and (part is None or part.location == "path")


def _sent_parts(case: JudgedExchange) -> list[Part]:
    """The parts that were really there, so that a refusal can be due to them."""
    exchange = case.exchange
    names = {name for name, _ in exchange.sent.pairs}
    headers = {name.lower() for name, _ in exchange.sent.headers}
    sent = {"query": names, "header": headers}
    return [p for p in case.parts if p.location not in sent or p.name.lower() in {n.lower() for n in sent[p.location]}]


def _find_rejected_part(case: JudgedExchange, rejected_parts: Mapping[str, Part]) -> Part | None:
    """The part that the refusal itself names; else one known to be refused; else the only one there is."""
    for loc in _valid_locs(case.exchange.json):
        named = next((part for part in case.parts if _loc_matches_part(loc, part)), None)
        if named is not None:
            return named
    optional = [part for part in _sent_parts(case) if part.location != "path"]
    known = next((part for part in optional if part.where in rejected_parts), None)
    return known or (optional[0] if len(optional) == 1 else None)


# ------------------------------------------------------------------------------------------- what a refusal says


def _fastapi_error_responses(subject: Subject) -> Iterator[tuple[JudgedExchange, Basis]]:
    """The refusals that are held to FastAPI's shape: by the document, or because they claim to be one."""
    documented = documented_error_response(subject)
    for case in judged_exchanges(subject):
        status = case.exchange.status
        if documented.includes_status(status) and has_validation_error_schema(subject, status):
            yield case, "documented"
        elif case.is_rejected and isinstance(_get_detail(case.exchange.json), list):
            yield case, "inferred"


def _get_detail(body: Any) -> Any:
    return body.get("detail") if isinstance(body, Mapping) else None


@clause("SD306", "refusal-detail", "A refusal lists what was wrong under detail, at least one thing.", specificity=40)
def check_refusal_detail(subject: Subject) -> Iterator[Finding]:
    """``{"detail": [...]}`` with at least one item: FastAPI's HTTPValidationError.

    The schema alone lets ``{}`` and ``{"detail": []}`` pass. That a refusal is JSON, and is called so, has clauses
    of its own (``content-type``, ``parses``).
    """
    for case, basis in _fastapi_error_responses(subject):
        body = case.exchange.json
        detail = _get_detail(body)
        if body is NOT_JSON or (isinstance(detail, list) and detail):
            continue
        is_absent = not isinstance(body, Mapping) or "detail" not in body
        problem = "is missing" if is_absent else "is empty" if detail == [] else "is no list"
        yield subject.make_finding(
            case.exchange,
            pointer=_response_pointer(subject, case),
            where="/detail",
            value=body if is_absent else detail,
            basis=basis,
            message=f"the detail of a refusal ({case.exchange.status}) {problem}",
        )


def _response_pointer(subject: Subject, case: JudgedExchange) -> str:
    response = subject.operation.response_for(case.exchange.status)
    return response.pointer if response else ""


_ITEM_KEYS = ("loc", "msg", "type")


@clause("SD307", "refusal-items", "Each thing that was wrong has its loc, msg and type.", specificity=40)
def check_refusal_items(subject: Subject) -> Iterator[Finding]:
    """``loc`` is a list of texts and numbers, ``msg`` and ``type`` are texts, and none of them is empty.

    ``ctx``, where there is one, is an object.
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
                    message=f"a refusal ({case.exchange.status}) {message}",
                )


def _detail_items(case: JudgedExchange) -> list[Any]:
    detail = _get_detail(case.exchange.json)
    return detail if isinstance(detail, list) else []


def _item_flaws(item: Any) -> Iterator[tuple[str, Any, str]]:
    if not isinstance(item, Mapping):
        yield "", item, "has an item that is no object"
        return
    for key in _ITEM_KEYS:
        if key not in item:
            yield f"/{key}", "(missing)", f"has an item without {key}"
        elif key == "loc":
            if not _is_valid_loc(item[key]):
                yield "/loc", item[key], "has a loc that is no list of names"
        elif not isinstance(item[key], str) or not item[key]:
            yield f"/{key}", item[key], f"has a {key} that is no text, or an empty one"
    if "ctx" in item and not isinstance(item["ctx"], Mapping):
        yield "/ctx", item["ctx"], "has a ctx that is no object"


def _is_valid_loc(loc: Any) -> bool:
    steps = isinstance(loc, list) and all(isinstance(s, str | int) and not isinstance(s, bool) for s in loc)
    return bool(steps and loc)


@clause("SD308", "refusal-loc", "A refusal points at what was wrong, and at nothing else.", specificity=35)
def check_refusal_loc(subject: Subject) -> Iterator[Finding]:
    """Each ``loc`` begins with the part of the request (path, query, header, cookie, body) and leads to something that
    is wrong, or that servers read differently. One is enough where several things are wrong.

    In a body it may stop above the place or go on below it.
    """
    falsely_named = _parts_named_by_false_rejections(subject)
    for case, basis in _fastapi_error_responses(subject):
        if case.verdict == "valid" or not case.credentials_valid:
            continue
        suspects = [part for part in case.parts if part.where in falsely_named]
        suspects += [part for part in case.parts if part.verdict != "valid"]
        for index, item in enumerate(_detail_items(case)):
            loc = item.get("loc") if isinstance(item, Mapping) else None
            if loc is not None and _is_valid_loc(loc) and not any(_loc_matches_part(loc, part) for part in suspects):
                expected = " or ".join(dict.fromkeys(part.where for part in case.invalid_parts or suspects))
                yield subject.make_finding(
                    case.exchange,
                    pointer=_response_pointer(subject, case),
                    where=f"/detail/{index}/loc",
                    value=loc,
                    basis=basis,
                    message=f"a refusal ({case.exchange.status}) points elsewhere than at {expected}",
                )


def _parts_named_by_false_rejections(subject: Subject) -> frozenset[str]:
    """The parts that refusals of valid requests name: what is wrong there is that they are refused at all."""
    named = (
        part.where
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


def _loc_matches_part(loc: Sequence[Any], part: Part) -> bool:
    """Whether a ``loc`` leads to a part: in a body either may go deeper than the other."""
    if loc[0] != part.location:
        return False
    if part.location == "body":
        shorter = min(len(loc), len(part.loc))
        # An offset stands behind "body" where the JSON itself is broken: a body that cannot be read has no places.
        return [str(step) for step in loc[:shorter]] == [str(step) for step in part.loc[:shorter]]
    if not part.name:
        return True
    if len(loc) < 2:
        return False
    name, expected = str(loc[1]), part.name
    return name == expected or (part.location == "header" and name.lower().replace("_", "-") == expected.lower())
