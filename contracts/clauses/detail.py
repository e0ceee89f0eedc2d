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


def _served(subject: Subject) -> bool:
    """Whether the operation is there at all: one that the overlay added may well not be."""
    return subject.operation.basis == "documented" or any(subject.succeeded())


def _resource_history(subject: Subject) -> Histories:
    rule = subject.operation.behavior.fetches or subject.operation.behavior.watches
    assert rule is not None
    return histories(subject.api, subject.api.resources[rule.resource], subject.recording)


@clause("SD612", "list-detail-agree", "A list and a detail tell the same of the same run.", basis="inferred")
def list_detail_agree(subject: Subject) -> Iterator[Finding]:
    """Of runs that have ended every field; of others what does not change once it is set, and that no answer shows an
    earlier status than one before it did. Told of the detail."""
    words = subject.operation.behavior
    if words.fetches is None and words.watches is None:
        return
    history = _resource_history(subject)
    stale = _restless(history)
    for earlier, later in history.steps(within=False):
        if max((earlier, later), key=rank).operation.id == subject.operation.id:
            field = _disagreement(history, earlier, later, stale)
            if field is not None:
                yield _disagreeing(subject, history, earlier, later, field)


def _restless(history: Histories) -> set[str]:
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


def _disagreement(history: Histories, earlier: Sighting, later: Sighting, stale: set[str]) -> str | None:
    status = history.status.field if history.status else ""
    if not history.reachable(history.state(earlier.row), history.state(later.row)):
        return None if status in stale else status
    both = history.ended(earlier.row) and history.ended(later.row)
    fields = sorted(earlier.fields & later.fields) if both else history.lasting(earlier, later)
    for field in fields:
        shown = all(field in s.fields and history.shows(field, s.operation) for s in (earlier, later))
        due = both or known(earlier.row, field)
        if (
            field != status
            and field not in stale
            and shown
            and due
            and not alike(dig(earlier.row, field), dig(later.row, field))
        ):
            return field
    return None


def _disagreeing(subject: Subject, history: Histories, earlier: Sighting, later: Sighting, field: str) -> Finding:
    detail, other = (later, earlier) if rank(later) >= rank(earlier) else (earlier, later)
    one, two = (_text(dig(s.row, field)) for s in (detail, other))
    return subject.finding(
        detail.exchange,
        message=f"{field} is {one} here, and {two} in {other.operation.label} (request {other.exchange.number})",
        pointer=f"{history.resource.pointer}/properties/{field}",
        where=f"{detail.where}/{field}",
        seen=one,
        cause=field,
        basis="inferred",
    )


def _text(value: Any) -> Any:
    return "nothing" if value is MISSING else value


@clause("SD613", "asked-for-row", "A detail shows the row that was asked for.", specificity=20)
def asked_for_row(subject: Subject) -> Iterator[Finding]:
    """By the field that the path's parameter names, also where several were asked for at the same time."""
    rule = subject.operation.behavior.fetches
    for exchange in subject.succeeded() if rule else ():
        assert rule is not None
        asked = (path_texts(subject.operation, exchange.sent) or {}).get(rule.parameter)
        shown = dig(exchange.json, rule.field)
        if asked is None or exchange.credentials not in TRUSTED or not isinstance(shown, str | int):
            continue
        if not same(shown, unquote(asked)):
            message = f"the answer shows another row: {rule.field} is {shown}"
            where = f"/{rule.field}"
            yield subject.finding(exchange, message=message, where=where, seen=shown, basis=rule.basis)


@clause("SD614", "listed-can-be-fetched", "A row that is listed can be looked up.")
def listed_can_be_fetched(subject: Subject) -> Iterator[Finding]:
    """Where a list that was made afterwards still shows the row; of operations that no page documents, only rows in a
    state in which others can be looked up."""
    rule = subject.operation.behavior.fetches or subject.operation.behavior.watches
    if rule is None or not _served(subject):
        return
    history = _resource_history(subject)
    traces = list(subject.recording.traced(Fetched, subject.api.name, subject.operation.id))
    states = {history.state(trace.row) for trace in traces if trace.exchange.succeeded}
    for trace in traces:
        documented = subject.operation.basis == "documented"
        due = documented or (history.ended(trace.row) and history.state(trace.row) in states)
        if trace.exchange.status in _GONE and due and _still_listed(history, trace):
            message = f"a row that is listed before and after is answered {trace.exchange.status}"
            where, seen = f"path/{rule.parameter}", trace.exchange.status
            yield subject.finding(trace.exchange, message=message, where=where, seen=seen, basis=rule.basis)


def _still_listed(history: Histories, trace: Fetched) -> bool:
    field = history.resource.behavior.id.field
    return any(dig(row, field) == dig(trace.row, field) for row in listed(trace.after) or ())


@clause("SD615", "unknown-id", "An id that no row has is answered as stated.", basis="inferred")
def unknown_id(subject: Subject) -> Iterator[Finding]:
    """A made-up id is not answered 2xx; which refusal it is, 404 or another, differs between services."""
    rule = subject.operation.behavior.fetches or subject.operation.behavior.watches
    for trace in subject.recording.traced(Unknown, subject.api.name, subject.operation.id) if rule else ():
        assert rule is not None
        if trace.exchange.succeeded and rule.unknown >= 300:
            message = f"a made-up {rule.parameter} is answered {trace.exchange.status}, not {rule.unknown}"
            where, seen = f"path/{rule.parameter}", trace.exchange.status
            basis = rule.unknown_basis
            yield subject.finding(trace.exchange, message=message, where=where, seen=seen, basis=basis)


@clause("SD624", "others-not-fetched", "What a caller may not list the caller may not look up.", basis="inferred")
def others_not_fetched(subject: Subject) -> Iterator[Finding]:
    """Told where credentials of several callers were given, of those who see the rows of one owner only."""
    rule = subject.operation.behavior.visibility
    for trace in subject.recording.traced(Peeked, subject.api.name, subject.operation.id) if rule else ():
        assert rule is not None
        own = {dig(row, rule.owner) for row in listed(trace.own) or () if known(row, rule.owner)}
        owner = dig(trace.row, rule.owner)
        if len(own) == 1 and owner not in own and trace.exchange.succeeded:
            message = f"a caller who sees only rows of {min(own)} can look up a row of {owner}"
            where = f"/{rule.owner}"
            yield subject.finding(trace.exchange, message=message, where=where, seen=owner, basis=rule.basis)


@clause("SD623", "events-in-order", "What is told of a run's course is in order.", basis="inferred")
def events_in_order(subject: Subject) -> Iterator[Finding]:
    """Oldest first: each status can be reached from the one before it, and no moment is before the one before it."""
    rule = subject.operation.behavior.watches
    for exchange in subject.succeeded() if rule else ():
        assert rule is not None
        yield from _events(subject, exchange, rule.moment)


def _events(subject: Subject, exchange: Exchange, moment_field: str | None) -> Iterator[Finding]:
    history, rows = _resource_history(subject), listed(exchange) or []
    for index, (one, other) in enumerate(pairwise(rows), start=1):
        if history.status and not history.reachable(history.state(one), history.state(other)):
            message = f"{history.state(other)} is told after {history.state(one)}"
            where = f"/{index}/{history.status.field}"
            yield subject.finding(exchange, message=message, where=where, seen=history.state(other), basis="inferred")
        first, second = (moment(dig(row, moment_field)) if moment_field else None for row in (one, other))
        if first and second and first.compared(second) > 0:
            message = f"{moment_field} is before that of the event before it"
            where, seen = f"/{index}/{moment_field}", dig(other, moment_field or "")
            yield subject.finding(exchange, message=message, where=where, seen=seen, basis="inferred")
