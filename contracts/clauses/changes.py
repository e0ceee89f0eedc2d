"""SD6xx: rows that a request changes or deletes: the details and lists afterwards."""

from collections.abc import Iterator
from typing import Any

from specduet.contracts.analysis.created_fields import is_kept
from specduet.contracts.analysis.row_values import get_path, read_recorded_rows, read_single_row, shows_rows
from specduet.contracts.clauses.registry import Subject, clause
from specduet.contracts.findings import Finding, to_text
from specduet.contracts.recording import ABSENT, Exchange, Row
from specduet.contracts.traces import ChangedRow
from specduet.specs.behavior import Lookup
from specduet.specs.statement import Basis

_LATER = 202  # the request was accepted, and is carried out later (RFC 9110, 15.3.3)


def find_changes(subject: Subject) -> Iterator[ChangedRow]:
    """Yield the changes that the service has carried out."""
    for trace in subject.find_traces(ChangedRow):
        if shows_rows(trace.change) and trace.change.status != _LATER:
            yield trace


def _read_detail(subject: Subject, exchange: Exchange | None) -> Row | None:
    return None if exchange is None else read_single_row(subject.api.operation(exchange.operation), exchange)


def read_changed_row(subject: Subject, trace: ChangedRow) -> tuple[Row, Row] | None:
    """Return the row as details showed it before and after a change, None where one of them did not."""
    before, after = _read_detail(subject, trace.fetched_before), _read_detail(subject, trace.fetched_after)
    return (before, after) if before is not None and after is not None else None


def make_field_finding(
    subject: Subject,
    trace: ChangedRow,
    rule: Lookup,
    field: str,
    value: Any,
    *,
    message: str,
    cause: str,
    basis: Basis,
) -> Finding:
    """Return a finding on a field of a row that was changed, with its value afterwards."""
    return subject.make_finding(
        trace.change,
        message=message,
        where=f"body/{field}",
        value=value,
        cause=cause,
        basis=basis,
        is_proven=not rule.parameter,  # there is one row alone, and no id
    )


def _find_listed(subject: Subject, trace: ChangedRow) -> Row | None:
    """Return the row as the list afterwards shows it, None where it does not."""
    rule = subject.operation.behavior.lookup
    rows = read_recorded_rows(subject.api, trace.list_after) if trace.list_after is not None else None
    resource = subject.api.resources[rule.resource] if rule is not None else None
    if rows is None or resource is None:
        return None
    field = resource.behavior.id.field
    row_id = get_path(trace.row, field)
    return next((row for row in rows if row_id is not ABSENT and get_path(row, field) == row_id), None)


@clause("SD625", "change-kept", "A row that was changed shows its new values.", basis="inferred")
def check_change_kept(subject: Subject) -> Iterator[Finding]:
    """Changes a row that the run has created, and fetches it. A service may spell a value in its own way: a field is
    wrong if it still has the old value.
    """
    rule = subject.operation.behavior.updates or subject.operation.behavior.replaces
    for trace in find_changes(subject) if rule is not None else ():
        assert rule is not None
        shown = _read_detail(subject, trace.fetched_after) or _find_listed(subject, trace) or {}
        for field, value in trace.requested_fields.items():
            now, before = get_path(shown, field), get_path(trace.row, field)
            if now is not ABSENT and now == before and not is_kept(value, now):
                message = f"{field} is still {to_text(now)} after it was changed to {to_text(value)}"
                yield make_field_finding(
                    subject, trace, rule, field, now, message=message, cause=field, basis=rule.basis
                )


@clause("SD626", "deleted-gone", "A row that was deleted is gone.", basis="inferred")
def check_deleted_gone(subject: Subject) -> Iterator[Finding]:
    """Deletes a row that the run has created, then fetches it and lists all rows. A row that has changed counts as
    gone: it may be marked as deleted.
    """
    rule = subject.operation.behavior.deletes
    for trace in find_changes(subject) if rule is not None else ():
        assert rule is not None
        detail, listed = _read_detail(subject, trace.fetched_after), _find_listed(subject, trace)
        if detail is not None and detail == trace.row:
            message = f"the row can still be fetched after {trace.change.status}"
            yield subject.make_finding(trace.change, message=message, value=trace.change.status, basis=rule.basis)
        elif listed is not None and listed.items() <= trace.row.items() and detail is None:
            message = f"the row is still listed after {trace.change.status}"
            yield subject.make_finding(
                trace.change, message=message, value=trace.change.status, cause="listed", basis=rule.basis
            )
