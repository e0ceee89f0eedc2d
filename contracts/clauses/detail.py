"""Of the family lifecycle: what the operations that show one row tell, beside what lists tell."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any
from urllib.parse import unquote

from specduet.contracts.analysis.row_history import Histories, Sighting, alike, histories
from specduet.contracts.analysis.row_values import MISSING, TRUSTED, dig, known, listed, moment, same
from specduet.contracts.analysis.single_row import broken_fields, rank
from specduet.contracts.clauses.registry import Subject, clause
from specduet.contracts.findings import Finding
from specduet.contracts.oracle.requests import path_texts
from specduet.contracts.recording import Exchange
from specduet.contracts.traces import Fetched, Peeked, Unknown

_GONE = frozenset({404, 410})


def _is_served(subject: Subject) -> bool:
    """Whether the operation is there at all: one that the overlay added may well not be."""
    return subject.operation.basis == "documented" or any(subject.successful_exchanges())


def _row_histories(subject: Subject) -> Histories:
    rule = subject.operation.behavior.fetches or subject.operation.behavior.watches
    assert rule is not None
    return histories(subject.api, subject.api.resources[rule.resource], subject.recording)


@clause("SD612", "list-detail-agree", "A list and a detail tell the same of the same run.", basis="inferred")
def check_list_detail_agree(subject: Subject) -> Iterator[Finding]:
    """Of runs that have ended every field; of others what does not change once it is set, and that no answer shows an
    earlier status than one before it did. Told of the detail."""
    behavior = subject.operation.behavior
    if behavior.fetches is None and behavior.watches is None:
        return
    history = _row_histories(subject)
    unstable = _self_contradicting_fields(history)
    for earlier, later in history.steps(within=False):
        if max((earlier, later), key=rank).operation.id == subject.operation.id:
            field = _find_disagreement(history, earlier, later, unstable)
            if field is not None:
                yield _disagreement_finding(subject, history, earlier, later, field)


def _self_contradicting_fields(history: Histories) -> set[str]:
    """Fields with which one operation contradicts itself, so that its disagreement with another tells nothing new."""
    fields = broken_fields(history)
    for earlier, later in history.steps(within=True):
        if history.status and not history.reachable(history.state(earlier.row), history.state(later.row)):
            fields.add(history.status.field)
        both = history.ended(earlier.row) and history.ended(later.row)
        lasting = (
            sorted(earlier.fields) if both else [f for f in history.lasting(earlier, later) if known(earlier.row, f)]
        )
        fields |= {f for f in lasting if not alike(dig(earlier.row, f), dig(later.row, f))}
    return fields


def _find_disagreement(history: Histories, earlier: Sighting, later: Sighting, unstable: set[str]) -> str | None:
    status = history.status.field if history.status else ""
    if not history.reachable(history.state(earlier.row), history.state(later.row)):
        return None if status in unstable else status
    both = history.ended(earlier.row) and history.ended(later.row)
    fields = sorted(earlier.fields & later.fields) if both else history.lasting(earlier, later)
    for field in fields:
        is_shown = all(field in s.fields and history.shows(field, s.operation) for s in (earlier, later))
        is_comparable = both or known(earlier.row, field)
        if (
            field != status
            and field not in unstable
            and is_shown
            and is_comparable
            and not alike(dig(earlier.row, field), dig(later.row, field))
        ):
            return field
    return None


def _disagreement_finding(
    subject: Subject, history: Histories, earlier: Sighting, later: Sighting, field: str
) -> Finding:
    detail, other = (later, earlier) if rank(later) >= rank(earlier) else (earlier, later)
    detail_value, other_value = (_or_nothing(dig(s.row, field)) for s in (detail, other))
    return subject.make_finding(
        detail.exchange,
        message=f"{field} is {detail_value} here, and {other_value} in {other.operation.label} (request {other.exchange.number})",
        pointer=f"{history.resource.pointer}/properties/{field}",
        where=f"{detail.where}/{field}",
        value=detail_value,
        cause=field,
        basis="inferred",
    )


def _or_nothing(value: Any) -> Any:
    return "nothing" if value is MISSING else value


@clause("SD613", "asked-for-row", "A detail shows the row that was asked for.", specificity=20)
def check_asked_for_row(subject: Subject) -> Iterator[Finding]:
    """By the field that the path's parameter names, also where several were asked for at the same time."""
    rule = subject.operation.behavior.fetches
    for exchange in subject.successful_exchanges() if rule else ():
        assert rule is not None
        requested = (path_texts(subject.operation, exchange.sent) or {}).get(rule.parameter)
        shown = dig(exchange.json, rule.field)
        if requested is None or exchange.credentials not in TRUSTED or not isinstance(shown, str | int):
            continue
        if not same(shown, unquote(requested)):
            message = f"the answer shows another row: {rule.field} is {shown}"
            where = f"/{rule.field}"
            yield subject.make_finding(exchange, message=message, where=where, value=shown, basis=rule.basis)


@clause("SD614", "listed-can-be-fetched", "A row that is listed can be looked up.")
def check_listed_can_be_fetched(subject: Subject) -> Iterator[Finding]:
    """Where a list that was made afterwards still shows the row; of operations that no page documents, only rows in a
    state in which others can be looked up."""
    rule = subject.operation.behavior.fetches or subject.operation.behavior.watches
    if rule is None or not _is_served(subject):
        return
    history = _row_histories(subject)
    traces = list(subject.recording.traced(Fetched, subject.api.name, subject.operation.id))
    states = {history.state(trace.row) for trace in traces if trace.exchange.succeeded}
    for trace in traces:
        documented = subject.operation.basis == "documented"
        is_expected = documented or (history.ended(trace.row) and history.state(trace.row) in states)
        if trace.exchange.status in _GONE and is_expected and _is_still_listed(history, trace):
            message = f"a row that is listed before and after is answered {trace.exchange.status}"
            where, seen = f"path/{rule.parameter}", trace.exchange.status
            yield subject.make_finding(trace.exchange, message=message, where=where, value=seen, basis=rule.basis)


def _is_still_listed(history: Histories, trace: Fetched) -> bool:
    field = history.resource.behavior.id.field
    return any(dig(row, field) == dig(trace.row, field) for row in listed(trace.after) or ())


@clause("SD615", "unknown-id", "An id that no row has is answered as stated.", basis="inferred")
def check_unknown_id(subject: Subject) -> Iterator[Finding]:
    """A made-up id is not answered 2xx; which refusal it is, 404 or another, differs between services."""
    rule = subject.operation.behavior.fetches or subject.operation.behavior.watches
    for trace in subject.recording.traced(Unknown, subject.api.name, subject.operation.id) if rule else ():
        assert rule is not None
        if trace.exchange.succeeded and rule.unknown >= 300:
            message = f"a made-up {rule.parameter} is answered {trace.exchange.status}, not {rule.unknown}"
            where, seen = f"path/{rule.parameter}", trace.exchange.status
            basis = rule.unknown_basis
            yield subject.make_finding(trace.exchange, message=message, where=where, value=seen, basis=basis)


@clause("SD624", "others-not-fetched", "What a caller may not list the caller may not look up.", basis="inferred")
def check_others_not_fetched(subject: Subject) -> Iterator[Finding]:
    """Told where credentials of several callers were given, of those who see the rows of one owner only."""
    rule = subject.operation.behavior.visibility
    for trace in subject.recording.traced(Peeked, subject.api.name, subject.operation.id) if rule else ():
        assert rule is not None
        owners = {dig(row, rule.owner) for row in listed(trace.own) or () if known(row, rule.owner)}
        owner = dig(trace.row, rule.owner)
        if len(owners) == 1 and owner not in owners and trace.exchange.succeeded:
            message = f"a caller who sees only rows of {min(owners)} can look up a row of {owner}"
            where = f"/{rule.owner}"
            yield subject.make_finding(trace.exchange, message=message, where=where, value=owner, basis=rule.basis)


@clause("SD623", "events-in-order", "What is told of a run's course is in order.", basis="inferred")
def check_events_in_order(subject: Subject) -> Iterator[Finding]:
    """Oldest first: each status can be reached from the one before it, and no moment is before the one before it."""
    rule = subject.operation.behavior.watches
    for exchange in subject.successful_exchanges() if rule else ():
        assert rule is not None
        yield from _check_event_order(subject, exchange, rule.moment)


def _check_event_order(subject: Subject, exchange: Exchange, time_field: str | None) -> Iterator[Finding]:
    history, rows = _row_histories(subject), listed(exchange) or []
    for index, (earlier, later) in enumerate(pairwise(rows), start=1):
        if history.status and not history.reachable(history.state(earlier), history.state(later)):
            message = f"{history.state(later)} is told after {history.state(earlier)}"
            where = f"/{index}/{history.status.field}"
            yield subject.make_finding(
                exchange, message=message, where=where, value=history.state(later), basis="inferred"
            )
        earlier_time, later_time = (moment(dig(row, time_field)) if time_field else None for row in (earlier, later))
        if earlier_time and later_time and earlier_time.compared(later_time) > 0:
            message = f"{time_field} is before that of the event before it"
            where, seen = f"/{index}/{time_field}", dig(later, time_field or "")
            yield subject.make_finding(exchange, message=message, where=where, value=seen, basis="inferred")
