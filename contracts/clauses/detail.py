"""SD6xx: operations that return one row ("details"), compared with the lists."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import pairwise
from typing import Any
from urllib.parse import unquote

from specduet.contracts.analysis.row_history import Observation, RowHistories, collect_histories, is_equivalent
from specduet.contracts.analysis.row_values import (
    TRUSTED_CREDENTIALS,
    get_path,
    has_value,
    is_same_value,
    locate_envelope,
    read_list_rows,
    read_recorded_rows,
    read_single_row,
    read_timestamp,
    shows_rows,
)
from specduet.contracts.analysis.single_row import find_violated_fields, rank_observation
from specduet.contracts.analysis.writes import collect_writes
from specduet.contracts.clauses.judged_exchanges import NOT_FOUND_STATUSES
from specduet.contracts.clauses.registry import Subject, clause
from specduet.contracts.findings import Finding, to_text
from specduet.contracts.oracle.addresses import extract_path_texts
from specduet.contracts.recording import Exchange
from specduet.contracts.traces import CrossOwnerFetch, FetchedRow, UnknownPathValue
from specduet.specs import Resource
from specduet.specs.behavior import Lookup, Replaces
from specduet.specs.statement import weakest


def _is_served(subject: Subject) -> bool:
    """Return whether the service has the operation: one that the overlay added may not exist."""
    return subject.operation.basis == "documented" or any(subject.successful_exchanges())


def _row_histories(subject: Subject) -> RowHistories:
    rule = subject.operation.behavior.reads
    assert rule is not None
    return collect_histories(subject.api, subject.api.resources[rule.resource], subject.recording)


@clause("SD612", "list-detail-agree", "A list and a detail show the same values for the same run.", basis="inferred")
def check_list_detail_agree(subject: Subject) -> Iterator[Finding]:
    """Compares every field of runs that have ended. Of other runs, it compares the fields that keep their value once
    they are set, and a later response must not show an earlier status. The finding is reported for the detail.
    """
    if subject.operation.behavior.reads is None:
        return
    history = _row_histories(subject)
    unstable = _self_contradicting_fields(history)
    for earlier, later in history.iterate_changes(same_operation=False):
        if max((earlier, later), key=rank_observation).operation.id == subject.operation.id:
            field = _find_disagreement(history, earlier, later, unstable)
            if field is not None:
                yield _disagreement_finding(subject, history, earlier, later, field)


def _self_contradicting_fields(history: RowHistories) -> set[str]:
    """Return the fields in which one operation contradicts itself: that it also contradicts another is no news."""
    fields = find_violated_fields(history)
    for earlier, later in history.iterate_changes(same_operation=True):
        if history.status and not history.can_reach(history.get_status(earlier.row), history.get_status(later.row)):
            fields.add(history.status.field)
        both = history.has_ended(earlier.row) and history.has_ended(later.row)
        lasting = (
            sorted(earlier.fields)
            if both
            else [f for f in history.list_lasting_fields(earlier, later) if has_value(earlier.row, f)]
        )
        fields |= {f for f in lasting if not is_equivalent(get_path(earlier.row, f), get_path(later.row, f))}
    return fields


def _find_disagreement(
    history: RowHistories, earlier: Observation, later: Observation, unstable: set[str]
) -> str | None:
    status = history.status.field if history.status else ""
    if not history.can_reach(history.get_status(earlier.row), history.get_status(later.row)):
        return None if status in unstable else status
    both = history.has_ended(earlier.row) and history.has_ended(later.row)
    fields = sorted(earlier.fields & later.fields) if both else history.list_lasting_fields(earlier, later)
    for field in fields:
        is_shown = all(field in s.fields and history.has_shown(field, s.operation) for s in (earlier, later))
        is_comparable = both or has_value(earlier.row, field)
        if (
            field != status
            and field not in unstable
            and is_shown
            and is_comparable
            and not is_equivalent(get_path(earlier.row, field), get_path(later.row, field))
        ):
            return field
    return None


def _disagreement_finding(
    subject: Subject, history: RowHistories, earlier: Observation, later: Observation, field: str
) -> Finding:
    detail, other = (later, earlier) if rank_observation(later) >= rank_observation(earlier) else (earlier, later)
    detail_value, other_value = (get_path(s.row, field) for s in (detail, other))
    return subject.make_finding(
        detail.exchange,
        message=f"{field} is {to_text(detail_value)} here, but {to_text(other_value)} in {other.operation.label} "
        f"(request {other.exchange.number})",
        pointer=history.resource.locate_field(field),
        where=f"{detail.where}/{field}",
        value=detail_value,
        cause=field,
        basis="inferred",
    )


_ALIASES = frozenset(
    {"latest", "current", "default", "me", "self", "first", "last", "newest", "head", "random", "today"}
)


@clause("SD613", "asked-for-row", "A detail shows the requested row.", specificity=20)
def check_asked_for_row(subject: Subject) -> Iterator[Finding]:
    """Compares the field that the path parameter stands for, also for requests that were sent at the same time.

    Where no document states how rows are found, they may be found in any spelling, or by a word such as ``latest``.
    """
    rule = subject.operation.behavior.fetches
    for exchange in subject.successful_exchanges() if rule else ():
        assert rule is not None
        requested = (extract_path_texts(subject.operation, exchange.request) or {}).get(rule.parameter)
        row = read_single_row(subject.operation, exchange)
        shown = get_path(row, rule.field)
        if requested is None or exchange.credentials not in TRUSTED_CREDENTIALS or not isinstance(shown, str | int):
            continue
        is_shown = is_same_value(shown, unquote(requested))
        if not is_shown and not (rule.basis != "documented" and _has_value(row, unquote(requested))):
            message = f"the response shows another row: {rule.field} is {shown}"
            where = f"{locate_envelope(subject.operation)}/{rule.field}"
            yield subject.make_finding(exchange, message=message, where=where, value=shown, basis=rule.basis)


def _has_value(row: Any, text: str) -> bool:
    """Return whether a row shows a text in any field, in whatever spelling: some services find rows by name, too."""
    if text.lower() in _ALIASES:
        return True
    values = row.values() if isinstance(row, Mapping) else ()
    return any(
        isinstance(v, str | int) and (is_same_value(v, text) or _fold_text(v) == _fold_text(text)) for v in values
    )


_NUMBER = re.compile(r"0x[0-9a-f]{1,15}|\+?\d{1,15}(\.0*)?(e\+?\d)?", re.ASCII)


def _fold_text(value: str | int) -> str:
    """Return a text without regard to case and outer blanks, and a number however it is written: ``016``, ``0x10``."""
    text = str(value).strip().casefold()
    if _NUMBER.fullmatch(text):
        return str(int(text, 16) if text.startswith("0x") else int(Decimal(text)))
    return text.lstrip("+").lstrip("0") if text.lstrip("+").isdecimal() else text


@clause("SD614", "listed-can-be-fetched", "A listed row can be fetched.")
def check_listed_can_be_fetched(subject: Subject) -> Iterator[Finding]:
    """Checks rows that a later list still shows. Of operations that the vendor does not document, it checks only rows
    with a status in which other rows can be fetched.
    """
    rule = subject.operation.behavior.reads
    if rule is None or not _is_served(subject):
        return
    history = _row_histories(subject)
    traces = list(subject.find_traces(FetchedRow))
    states = {history.get_status(trace.row) for trace in traces if trace.exchange.is_success}
    if not states and rule.basis != "documented" and not _names_field(rule.parameter, history.resource):
        return  # the rows may be known by another field
    for trace in traces:
        documented = subject.operation.basis == "documented"
        is_expected = documented or (history.has_ended(trace.row) and history.get_status(trace.row) in states)
        if trace.exchange.status in NOT_FOUND_STATUSES and is_expected and _is_still_listed(history, trace):
            message = f"fetching a row gives {trace.exchange.status}, although it is listed before and afterwards"
            where, status = f"path/{rule.parameter}", trace.exchange.status
            yield subject.make_finding(trace.exchange, message=message, where=where, value=status, basis=rule.basis)


def _names_field(parameter: str, resource: Resource) -> bool:
    """Return whether a path parameter is named after the id: ``{tag_name}`` after ``name``, any after ``id``."""
    field, name = (re.sub(r"[^a-z0-9]", "", text.lower()) for text in (resource.behavior.id.field, parameter))
    return name.endswith(field) or field.endswith(name) or field in {"id", "uuid"}


def _is_still_listed(history: RowHistories, trace: FetchedRow) -> bool:
    field = history.resource.behavior.id.field
    return any(
        get_path(row, field) == get_path(trace.row, field)
        for row in read_recorded_rows(history.api, trace.list_after) or ()
    )


@clause("SD615", "unknown-id", "An unknown id gets the documented response.", basis="inferred")
def check_unknown_id(subject: Subject) -> Iterator[Finding]:
    """An invented id must not get a 2xx; whether it gets 404 or another error differs between services."""
    rule = subject.operation.behavior.lookup
    if rule is None or subject.operation.behavior.acts or (isinstance(rule, Replaces) and rule.creates):
        return
    for trace in subject.find_traces(UnknownPathValue) if rule else ():
        assert rule is not None
        if _is_created(subject, trace):
            continue
        if shows_rows(trace.exchange) and rule.unknown >= 300 and _has_known_ids(subject, rule):
            message = f"an invented {rule.parameter} gets {trace.exchange.status}, not {rule.unknown}"
            where, status = f"path/{rule.parameter}", trace.exchange.status
            basis = weakest(
                rule.unknown_basis, "inferred" if subject.operation.behavior.reads is None else "documented"
            )
            yield subject.make_finding(trace.exchange, message=message, where=where, value=status, basis=basis)


def _is_created(subject: Subject, trace: UnknownPathValue) -> bool:
    """Return whether the run itself may have created a row with the invented id."""
    texts = extract_path_texts(subject.operation, trace.exchange.request) or {}
    writes = collect_writes(subject.api.name, subject.recording)
    return writes.is_created(unquote(texts.get(trace.parameter, "")), trace.exchange)


def _has_known_ids(subject: Subject, rule: Lookup) -> bool:
    """Return whether an operation tells which rows there are: where none does, each id may have one."""
    subjects = ((o.behavior.lists, o.behavior.creates) for o in subject.api.operations)
    is_told = any(s is not None and s.resource == rule.resource for pair in subjects for s in pair)
    return is_told or rule.basis == "documented"


@clause("SD624", "others-not-fetched", "A caller cannot fetch rows that they cannot list.", basis="inferred")
def check_others_not_fetched(subject: Subject) -> Iterator[Finding]:
    """Needs the credentials of several callers. Checks those that see only rows of one owner."""
    rule = subject.operation.behavior.visibility
    for trace in subject.find_traces(CrossOwnerFetch) if rule else ():
        assert rule is not None
        owners = {
            get_path(row, rule.owner)
            for row in read_recorded_rows(subject.api, trace.own_list) or ()
            if has_value(row, rule.owner)
        }
        owner = get_path(trace.row, rule.owner)
        if len(owners) == 1 and owner not in owners and trace.exchange.is_success:
            message = f"a caller who sees only rows of {min(owners)} can fetch a row of {owner}"
            where = f"/{rule.owner}"
            yield subject.make_finding(trace.exchange, message=message, where=where, value=owner, basis=rule.basis)


@clause("SD623", "events-in-order", "The events of a run are in order.", basis="inferred")
def check_events_in_order(subject: Subject) -> Iterator[Finding]:
    """Oldest first: each status can follow the one before it, and no timestamp is earlier than the one before it."""
    rule = subject.operation.behavior.watches
    for exchange in subject.successful_exchanges() if rule and not rule.many else ():
        assert rule is not None
        yield from _check_event_order(subject, exchange, rule.moment)


def _check_event_order(subject: Subject, exchange: Exchange, time_field: str | None) -> Iterator[Finding]:
    history, rows = _row_histories(subject), read_list_rows(subject.operation, exchange) or []
    for index, (earlier, later) in enumerate(pairwise(rows), start=1):
        if history.status and not history.can_reach(history.get_status(earlier), history.get_status(later)):
            message = f"{history.get_status(later)} is reported after {history.get_status(earlier)}"
            where = f"/{index}/{history.status.field}"
            yield subject.make_finding(
                exchange, message=message, where=where, value=history.get_status(later), basis="inferred"
            )
        earlier_time, later_time = (
            read_timestamp(get_path(row, time_field)) if time_field else None for row in (earlier, later)
        )
        if earlier_time and later_time and earlier_time.compare_to(later_time) > 0:
            message = f"{time_field} is earlier than that of the previous event"
            where, value = f"/{index}/{time_field}", get_path(later, time_field or "")
            yield subject.make_finding(exchange, message=message, where=where, value=value, basis="inferred")
