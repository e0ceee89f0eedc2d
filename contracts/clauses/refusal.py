"""SD3xx: what is wrong is refused as documented, what is right is not refused, and a refusal says what was wrong."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from specduet.contracts.clauses.judged_exchanges import (
    Case,
    admitted,
    answered_as_unknown,
    cases,
    details_schema,
    reached,
    refusal,
    value_of,
)
from specduet.contracts.clauses.registry import Subject, clause
from specduet.contracts.findings import Finding
from specduet.contracts.oracle.requests import Part
from specduet.contracts.recording import NOT_JSON
from specduet.specs.behavior import Basis

_FALSE_REFUSALS = frozenset({400, 413, 414, 415, 416, 417, 422, 431})
"""4xx that blame the request itself; 401, 403, 404, 409 and 429 have reasons that the request does not show."""


# ------------------------------------------------------------------------------------------ what has to be refused


def _accepted(subject: Subject, *locations: str, malformed: bool = False) -> Iterator[Finding]:
    body = subject.operation.body
    for case in cases(subject):
        if not case.exchange.succeeded or not case.trusted:
            continue  # a stranger who is served is the finding of another family
        for part in case.invalid:
            unread = body is not None and part.pointer == body.pointer
            if part.location in locations and unread is malformed:
                yield subject.finding(
                    case.exchange,
                    pointer=part.pointer,
                    where=part.where,
                    seen=value_of(part, subject.operation, case.exchange),
                    cause=part.reason if malformed else "",
                    message=f"{part.where} {part.reason}, and the request is answered {case.exchange.status}",
                )


@clause("SD301", "invalid-parameter", "A parameter that breaks its schema is refused.", specificity=20)
def invalid_parameter(subject: Subject) -> Iterator[Finding]:
    """Every path, query, header and cookie parameter, wrong in each way that its schema allows to be wrong: of another
    type, out of bounds, no member of the enum or in other letters, not of the format, missing though required.

    Spellings that correct servers read differently (``+1``, a UUID without dashes) are not judged.
    """
    yield from _accepted(subject, "path", "query", "header", "cookie")


@clause("SD302", "invalid-body", "A body that breaks its schema is refused.", specificity=20)
def invalid_body(subject: Subject) -> Iterator[Finding]:
    """Every field at any depth: missing, null, of another type, no member of the enum, out of bounds, of another shape.

    What pydantic's lax mode reads as well (``"5"`` for an integer, 1 for a boolean) is not judged.
    """
    yield from _accepted(subject, "body")


@clause("SD303", "malformed-body", "A body that cannot be read, or is missing, is refused.", specificity=20)
def malformed_body(subject: Subject) -> Iterator[Finding]:
    """No JSON, cut short, not UTF-8, empty though required, or labelled as something that is not documented."""
    yield from _accepted(subject, "body", malformed=True)


@clause("SD304", "refusal-status", "What is wrong is refused with the documented status.", specificity=30)
def refusal_status(subject: Subject) -> Iterator[Finding]:
    """Where no refusal is documented, any 4xx will do.

    401 and 403 may come first where the operation never took such a credential, 404 where the path may name nothing,
    413, 414 and 431 where something is large, and any 4xx where something in front of the validation may refuse (a body
    that is not UTF-8, a huge address).
    """
    due = refusal(subject)
    if due.statuses is None:
        return
    known, let_in = reached(subject), frozenset(exchange.credentials for exchange in subject.succeeded())
    wanted = " or ".join(map(str, sorted(due.statuses)))
    for case in cases(subject):
        if case.verdict == "invalid" and case.refused and not case.freely and not due.names(case.exchange.status):
            if _comes_first(subject, case, known, let_in):
                continue
            part = case.invalid[0]
            yield subject.finding(
                case.exchange,
                pointer=due.response.pointer if due.response else "",
                where="status",
                seen=case.exchange.status,
                cause=str(case.exchange.status),
                message=f"{part.where} {part.reason}, which is refused with {case.exchange.status} instead of {wanted}",
            )


def _comes_first(subject: Subject, case: Case, known: frozenset[str], let_in: frozenset[str]) -> bool:
    """Whether another reason than the wrong part explains the status."""
    status = case.exchange.status
    if not case.trusted or (status in {401, 403} and case.exchange.credentials not in let_in):
        return True
    if status not in {403, 404, 410} or "{" not in subject.operation.path or case.exchange.sent.path in known:
        return False
    if any(part.location == "path" for part in case.invalid):
        return not answered_as_unknown(subject, case)
    return True


# ---------------------------------------------------------------------------------- what must not be refused


@clause("SD305", "valid-refused", "A request that keeps to the document is not refused for its form.", specificity=20)
def valid_refused(subject: Subject) -> Iterator[Finding]:
    """Boundaries, every member of an enum, optional parameters present and absent, long and Unicode text.

    401, 403, 404, 409 and 429 are no findings by themselves, and nothing that servers read differently is judged.
    """
    known = reached(subject)
    blamed: dict[str, Part] = {}
    for case in sorted(_falsely_refused(subject), key=lambda case: (len(_sent_parts(case)), case.exchange.number)):
        part = _blamed(case, blamed)
        if case.exchange.sent.path not in known and _may_be_malformed(subject, part):
            continue
        where = _where(case, part)
        if part is not None:
            blamed[part.where] = part
        yield subject.finding(
            case.exchange,
            pointer=part.pointer if part else "",
            where=where,
            seen=value_of(part, subject.operation, case.exchange) if part else "",
            message=f"a valid request is refused with {case.exchange.status}{f', because of {where}' if part else ''}",
        )


def _falsely_refused(subject: Subject) -> list[Case]:
    """The valid requests of trusted callers that were refused for their form."""
    statuses = _FALSE_REFUSALS | (refusal(subject).statuses or frozenset())
    let_in = admitted(subject)
    return [
        case
        for case in cases(subject)
        if case.verdict == "valid" and case.trusted and case.exchange.status in statuses and not case.too_large
        if case.exchange.credentials != "placeholder" or "placeholder" in let_in
    ]


def _where(case: Case, part: Part | None) -> str:
    """The blamed part; of a body, the property that the refusal names."""
    if part is None:
        return "request"
    named = (loc for loc in _locs(case.exchange.json) if part.location == "body" and _fits(loc, part))
    return "/".join(map(str, next(named, part.loc)[:2]))


def _may_be_malformed(subject: Subject, part: Part | None) -> bool:
    """Whether an id that is only said to be text may be refused: a service knows what its own ids look like."""
    paths = [
        p for p in subject.operation.parameters if p.location == "path" and not {"format", "enum"} & p.schema.keys()
    ]
    return bool(paths) and (part is None or part.location == "path")


def _sent_parts(case: Case) -> list[Part]:
    """The parts that were really there, so that a refusal can be due to them."""
    exchange = case.exchange
    names = {name for name, _ in exchange.sent.pairs}
    headers = {name.lower() for name, _ in exchange.sent.headers}
    sent = {"query": names, "header": headers}
    return [p for p in case.parts if p.location not in sent or p.name.lower() in {n.lower() for n in sent[p.location]}]


def _blamed(case: Case, blamed: Mapping[str, Part]) -> Part | None:
    """The part that the refusal itself names; else one known to be refused; else the only one there is."""
    for loc in _locs(case.exchange.json):
        named = next((part for part in case.parts if _fits(loc, part)), None)
        if named is not None:
            return named
    optional = [part for part in _sent_parts(case) if part.location != "path"]
    known = next((part for part in optional if part.where in blamed), None)
    return known or (optional[0] if len(optional) == 1 else None)


# ------------------------------------------------------------------------------------------- what a refusal says


def _documented(subject: Subject) -> Iterator[tuple[Case, Basis]]:
    """The refusals that are held to FastAPI's shape: by the document, or because they claim to be one."""
    due = refusal(subject)
    for case in cases(subject):
        status = case.exchange.status
        if due.names(status) and details_schema(subject, status):
            yield case, "documented"
        elif case.refused and isinstance(_detail(case.exchange.json), list):
            yield case, "inferred"


def _detail(body: Any) -> Any:
    return body.get("detail") if isinstance(body, Mapping) else None


@clause("SD306", "refusal-detail", "A refusal lists what was wrong under detail, at least one thing.", specificity=40)
def refusal_detail(subject: Subject) -> Iterator[Finding]:
    """``{"detail": [...]}`` with at least one item: FastAPI's HTTPValidationError.

    The schema alone lets ``{}`` and ``{"detail": []}`` pass. That a refusal is JSON, and is called so, has clauses
    of its own (``content-type``, ``parses``).
    """
    for case, basis in _documented(subject):
        body = case.exchange.json
        detail = _detail(body)
        if body is NOT_JSON or (isinstance(detail, list) and detail):
            continue
        absent = not isinstance(body, Mapping) or "detail" not in body
        how = "is missing" if absent else "is empty" if detail == [] else "is no list"
        yield subject.finding(
            case.exchange,
            pointer=_response_pointer(subject, case),
            where="/detail",
            seen=body if absent else detail,
            basis=basis,
            message=f"the detail of a refusal ({case.exchange.status}) {how}",
        )


def _response_pointer(subject: Subject, case: Case) -> str:
    response = subject.operation.response_for(case.exchange.status)
    return response.pointer if response else ""


_KEYS = ("loc", "msg", "type")


@clause("SD307", "refusal-items", "Each thing that was wrong has its loc, msg and type.", specificity=40)
def refusal_items(subject: Subject) -> Iterator[Finding]:
    """``loc`` is a list of texts and numbers, ``msg`` and ``type`` are texts, and none of them is empty.

    ``ctx``, where there is one, is an object.
    """
    for case, basis in _documented(subject):
        for index, item in enumerate(_items(case)):
            for where, seen, message in _flaws(item):
                yield subject.finding(
                    case.exchange,
                    pointer=_response_pointer(subject, case),
                    where=f"/detail/{index}{where}",
                    seen=seen,
                    basis=basis,
                    message=f"a refusal ({case.exchange.status}) {message}",
                )


def _items(case: Case) -> list[Any]:
    detail = _detail(case.exchange.json)
    return detail if isinstance(detail, list) else []


def _flaws(item: Any) -> Iterator[tuple[str, Any, str]]:
    if not isinstance(item, Mapping):
        yield "", item, "has an item that is no object"
        return
    for key in _KEYS:
        if key not in item:
            yield f"/{key}", "(missing)", f"has an item without {key}"
        elif key == "loc":
            if not _is_loc(item[key]):
                yield "/loc", item[key], "has a loc that is no list of names"
        elif not isinstance(item[key], str) or not item[key]:
            yield f"/{key}", item[key], f"has a {key} that is no text, or an empty one"
    if "ctx" in item and not isinstance(item["ctx"], Mapping):
        yield "/ctx", item["ctx"], "has a ctx that is no object"


def _is_loc(loc: Any) -> bool:
    steps = isinstance(loc, list) and all(isinstance(s, str | int) and not isinstance(s, bool) for s in loc)
    return bool(steps and loc)


@clause("SD308", "refusal-loc", "A refusal points at what was wrong, and at nothing else.", specificity=35)
def refusal_loc(subject: Subject) -> Iterator[Finding]:
    """Each ``loc`` begins with the part of the request (path, query, header, cookie, body) and leads to something that
    is wrong, or that servers read differently. One is enough where several things are wrong.

    In a body it may stop above the place or go on below it.
    """
    refused_anyway = _named_falsely(subject)
    for case, basis in _documented(subject):
        if case.verdict == "valid" or not case.trusted:
            continue
        suspects = [part for part in case.parts if part.where in refused_anyway]
        suspects += [part for part in case.parts if part.verdict != "valid"]
        for index, item in enumerate(_items(case)):
            loc = item.get("loc") if isinstance(item, Mapping) else None
            if loc is not None and _is_loc(loc) and not any(_fits(loc, part) for part in suspects):
                right = " or ".join(dict.fromkeys(part.where for part in case.invalid or suspects))
                yield subject.finding(
                    case.exchange,
                    pointer=_response_pointer(subject, case),
                    where=f"/detail/{index}/loc",
                    seen=loc,
                    basis=basis,
                    message=f"a refusal ({case.exchange.status}) points elsewhere than at {right}",
                )


def _named_falsely(subject: Subject) -> frozenset[str]:
    """The parts that refusals of valid requests name: what is wrong there is that they are refused at all."""
    named = (
        part.where
        for case in _falsely_refused(subject)
        for loc in _locs(case.exchange.json)
        for part in case.parts
        if _fits(loc, part)
    )
    return frozenset(named)


def _locs(body: Any) -> Iterator[Sequence[Any]]:
    detail = _detail(body)
    for item in detail if isinstance(detail, list) else ():
        loc = item.get("loc") if isinstance(item, Mapping) else None
        if loc is not None and _is_loc(loc):
            yield loc


def _fits(loc: Sequence[Any], part: Part) -> bool:
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
    name, own = str(loc[1]), part.name
    return name == own or (part.location == "header" and name.lower().replace("_", "-") == own.lower())
