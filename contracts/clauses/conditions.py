"""SD6xx: versions and conditions of rows (RFC 9110, 13), the address of a new row, and rows that are not meant."""

from collections.abc import Iterator, Sequence

from specduet.contracts.analysis.row_values import get_path, read_recorded_rows, read_single_row
from specduet.contracts.clauses.changes import find_changes, read_changed_row
from specduet.contracts.clauses.judged_exchanges import NOT_FOUND_STATUSES
from specduet.contracts.clauses.registry import Subject, clause
from specduet.contracts.findings import Finding
from specduet.contracts.recording import ABSENT, Row
from specduet.contracts.traces import (
    ChangedRow,
    ConditionalRequest,
    FollowedLocation,
    ForeignParentFetch,
    OtherKindFetch,
)


@clause("SD630", "location-leads", "The address in Location leads to the new row.", basis="inferred")
def check_location_leads(subject: Subject) -> Iterator[Finding]:
    """Requests the address twice, with a pause, where the row itself can be fetched by its id."""
    for trace in subject.find_traces(FollowedLocation):
        if trace.exchange.status in NOT_FOUND_STATUSES and trace.fetched.is_success and trace.creation.response:
            location = trace.creation.response.get_header("location") or ""
            message = f"the address {location} gets {trace.exchange.status}, although the row can be fetched by its id"
            yield subject.make_finding(
                trace.creation, message=message, where="Location", value=location, basis="inferred"
            )


@clause("SD631", "condition-holds", "A change under a condition that does not hold is refused.", basis="inferred")
def check_condition_holds(subject: Subject) -> Iterator[Finding]:
    """Sends ``If-Match`` with a version that the row does not have, where the document has the header and 412."""
    for trace in subject.find_traces(ConditionalRequest):
        if trace.is_stale and trace.exchange.is_success:
            message = f"If-Match with another version than {trace.version} gets {trace.exchange.status}, not 412"
            yield subject.make_finding(
                trace.exchange, message=message, where="header/If-Match", value=trace.exchange.status, basis="inferred"
            )


@clause("SD632", "version-changes", "A row that was changed has another ETag.", basis="inferred")
def check_version_changes(subject: Subject) -> Iterator[Finding]:
    """Fetches a row that the run has created before and after a change that it shows. Weak versions may stay."""
    for trace in find_changes(subject):
        before, after = trace.fetched_before, trace.fetched_after
        if before is None or after is None or before.response is None or after.response is None:
            continue
        rows = read_changed_row(subject, trace)
        tags = [response.get_header("etag") for response in (before.response, after.response)]
        is_strong = tags[0] is not None and not tags[0].startswith("W/")
        if is_strong and tags[0] == tags[1] and rows is not None and _shows_change(trace, *rows):
            message = f"the ETag is still {tags[1]} after the row was changed"
            yield subject.make_finding(after, message=message, where="ETag", value=tags[1] or "", basis="inferred")


def _shows_change(trace: ChangedRow, before: Row, after: Row) -> bool:
    """Return whether a row had another value in a field before it was changed, and has the one that was sent."""
    return any(
        get_path(before, name) != value == get_path(after, name) for name, value in trace.requested_fields.items()
    )


@clause("SD633", "not-modified", "A row whose version is known is not sent again.", basis="inferred")
def check_not_modified(subject: Subject) -> Iterator[Finding]:
    """Sends ``If-None-Match`` with the version of the row, where the document has the header and 304."""
    for trace in subject.find_traces(ConditionalRequest):
        response = trace.exchange.response
        is_same = response is not None and response.get_header("etag") == trace.version
        if not trace.is_stale and trace.exchange.status == 200 and is_same:
            message = f"If-None-Match with the version {trace.version} of the row gets 200, not 304"
            yield subject.make_finding(
                trace.exchange, message=message, where="header/If-None-Match", value=200, basis="inferred"
            )


@clause("SD634", "own-parent", "A row is not reached below a parent that it does not belong to.", basis="inferred")
def check_own_parent(subject: Subject) -> Iterator[Finding]:
    """Fetches a row of one parent below another one, whose list does not have it."""
    rule = subject.operation.behavior.fetches
    for trace in subject.find_traces(ForeignParentFetch):
        shown = read_single_row(subject.operation, trace.exchange) if rule is not None else None
        if rule is None or shown is None or not trace.exchange.is_success:
            continue
        row_id = get_path(trace.row, rule.field)
        listed = {get_path(row, rule.field) for row in read_recorded_rows(subject.api, trace.other_list) or ()}
        if row_id not in listed and get_path(shown, rule.field) in (row_id, ABSENT):
            message = f"the row {row_id} is shown below another parent, whose list does not have it"
            yield subject.make_finding(trace.exchange, message=message, where="path", value=row_id, basis="inferred")


@clause("SD636", "own-kind", "A row is not reached by the id of a row of another kind.", basis="inferred")
def check_own_kind(subject: Subject) -> Iterator[Finding]:
    """Fetches with the id of a row of another kind, where ids are no numbers.

    What comes is that other row if it lacks a field that all rows of the list have, has a field or value of the other
    row, the whole list does not have its id, and an invented id of the same form is refused.
    """
    rule = subject.operation.behavior.fetches
    for trace in subject.find_traces(OtherKindFetch):
        shown = read_single_row(subject.operation, trace.exchange)
        rows = read_recorded_rows(subject.api, trace.listed)
        if rule is None or shown is None or not rows or trace.unknown.is_success or trace.unknown.status >= 500:
            continue
        if any(str(get_path(row, rule.field)) == trace.other_id for row in rows):
            continue
        lacking = next((name for name in rows[0] if _is_lacking(name, shown, rows)), None)
        if lacking is not None and _is_like(shown, trace.other, rows, rule.field):
            message = f"{trace.other_id} is the id of another kind of row, which is shown: it has no {lacking}"
            value = trace.other_id
            where = f"path/{rule.parameter}"
            yield subject.make_finding(trace.exchange, message=message, where=where, value=value, basis="inferred")


def _is_lacking(name: str, shown: Row, rows: Sequence[Row]) -> bool:
    """Return whether every row of a list has a field that the row which is shown has not."""
    return shown.get(name) is None and all(row.get(name) is not None for row in rows)


def _is_like(shown: Row, other: Row, rows: Sequence[Row], id_field: str) -> bool:
    """Return whether a row has a field of another one that no row of a list has, or a value of it."""
    names = {name for row in rows for name in row}
    same = (name for name, value in shown.items() if name != id_field and value is not None and name in other)
    return any(name not in names or (shown[name] == other[name] and not isinstance(shown[name], bool)) for name in same)
