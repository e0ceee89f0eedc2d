"""SD6xx: the rows that a POST creates ("runs"): the response of the POST, and lists and details afterwards."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

from specduet.contracts.analysis.created_fields import is_kept, list_set_fields
from specduet.contracts.analysis.list_rules import CollectionRules
from specduet.contracts.analysis.row_history import Observation, RowHistories, collect_histories
from specduet.contracts.analysis.row_values import (
    find_shared_fields,
    get_path,
    has_value,
    locate_envelope,
    open_sent_envelope,
    parse_list_request,
    read_list_rows,
    read_recorded_rows,
    read_single_row,
    read_timestamp,
    shows_rows,
)
from specduet.contracts.clauses.judged_exchanges import NOT_FOUND_STATUSES
from specduet.contracts.clauses.registry import Subject, clause
from specduet.contracts.findings import Finding, to_text
from specduet.contracts.oracle.json_body import parse_json_body
from specduet.contracts.oracle.media_types import find_json_content
from specduet.contracts.oracle.schema_access import list_properties, list_required, locate_content, resolve_schema
from specduet.contracts.recording import ABSENT, Exchange, Row
from specduet.contracts.traces import CreatedRun, FetchedRow
from specduet.specs import Resource
from specduet.specs.behavior import Creates
from specduet.specs.inference.words import split_words, word_set

_REQUESTS = word_set("correlation request trace transaction idempotency")
_IDS = word_set("id uuid guid key")
"""Words of the names of fields that have another value for each request."""

_ACCEPTED = 202  # the request will be carried out later (RFC 9110, 15.3.3)
_CLOCK_SLACK_S = 900.0
"""The clock of the service may differ from ours by this much."""
_ZONELESS_SLACK_S = 15 * 3_600.0
"""A timestamp without a time zone may be the local time of any zone."""


class ObservedRun:
    """A run that was created by a POST with a 2xx response, with everything that was observed of it."""

    def __init__(self, subject: Subject, rule: Creates, trace: CreatedRun) -> None:
        self.trace = trace
        self.rule = rule
        self.resource: Resource = subject.api.resources[rule.resource]
        self.history: RowHistories = collect_histories(subject.api, self.resource, subject.recording)
        self.sets = list_set_fields(subject.api, subject.operation)
        self.operation = subject.operation
        self.place = locate_envelope(subject.operation)
        self.response_body: Row = read_single_row(subject.operation, trace.creation) or {}
        shared = find_shared_fields(subject.api, subject.operation, self.resource)
        self.response_fields = {name: self.response_body[name] for name in sorted(shared) if name in self.response_body}
        """The fields of the POST's response that rows of the resource have, too."""

    @property
    def row_id(self) -> Any:
        """The id of the run's row, ``ABSENT`` where no list showed the row."""
        return get_path(self.trace.row, self.resource.behavior.id.field)

    @property
    def has_own_id(self) -> bool:
        """Whether the request gave the run its id: two requests may then have given the same."""
        body = parse_json_body(self.trace.creation.request.body or b"")[0]
        sent = open_sent_envelope(self.operation, body)
        return has_value(sent, self.resource.behavior.id.field) if isinstance(sent, dict) else False

    @property
    def is_due(self) -> bool:
        """Whether the row will be made later, where no document says otherwise: a 202 may show a job in its place."""
        if self.trace.creation.status != _ACCEPTED or self.rule.basis == "documented":
            return False
        required, shown = set(list_required(self.resource.schema)), self.response_body.keys()
        return not required <= shown <= self.resource.properties.keys()

    def later_observations(self) -> Sequence[Observation]:
        """Return the observations of the run's row that were requested after the response to the POST."""
        if self.row_id is ABSENT:
            return ()
        later = [s for s in self.history.get_observations(self.row_id) if self.trace.creation.is_before(s.exchange)]
        return [s for s in later if not self.history.is_written(self.row_id, self.trace.creation, s.exchange)]

    def header_fields(self) -> dict[str, Any]:
        """Return the fields that a header of the POST has set, with their values."""
        return {n: v for n, v in self.trace.requested_fields.items() if self.sets[n].startswith("header/")}

    def body_fields(self) -> dict[str, Any]:
        """Return the fields that the body of the POST has set, with their values."""
        return {n: v for n, v in self.trace.requested_fields.items() if self.sets[n].startswith("body/")}


def _observed_runs(subject: Subject) -> Iterator[ObservedRun]:
    rule = subject.operation.behavior.creates
    if rule is None:
        return
    traces = subject.find_traces(CreatedRun)
    runs = [ObservedRun(subject, rule, trace) for trace in traces if shows_rows(trace.creation)]
    runs = [run for run in runs if not run.is_due]
    counts = Counter(str(run.row_id) for run in runs)
    for run in runs:
        if counts[str(run.row_id)] == 1 or not run.has_own_id:
            yield run


# ---------------------------------------------------------------------------------------- response of the POST


@clause("SD603", "initial-status", "A new run has the initial status.", basis="inferred")
def check_initial_status(subject: Subject) -> Iterator[Finding]:
    """Checks the status in the response of the POST, also against the first list or detail that shows the run.

    The run may already have ended by then.
    """
    for run in _observed_runs(subject):
        status = run.resource.behavior.status
        reported_status = run.response_fields.get(status.field) if status else None
        if status is None or run.history.get_status({status.field: reported_status}) is ABSENT:
            continue
        if status.field in run.trace.requested_fields:
            continue
        messages = []
        if reported_status != status.initial and reported_status not in status.terminal:
            messages.append(f"the new run is {reported_status}, not {status.initial}")
        states = [run.history.get_status(observation.row) for observation in run.later_observations()]
        if states and not run.history.can_reach(reported_status, states[0]):
            messages.append(f"the POST says that the run is {reported_status}, but it is {states[0]} afterwards")
        for message in messages:
            yield subject.make_finding(
                run.trace.creation,
                message=message,
                where=f"{run.place}/{status.field}",
                pointer=run.resource.locate_field(status.field),
                value=reported_status,
                basis=status.basis,
            )


@clause("SD619", "identity-kept", "A new run keeps the id that the request gave it or that the response told.")
def check_identity_kept(subject: Subject) -> Iterator[Finding]:
    """A correlation id in a header comes back in the response, the list and the detail. Without one, the service
    generates one.
    """
    for run in _observed_runs(subject):
        given = run.header_fields()
        for field, value in given.items():
            if field in run.response_fields and run.response_fields[field] != value:
                yield _lost_value_finding(subject, run, run.trace.creation, run.place, run.response_body, field, value)
            yield from _check_first_observation(subject, run, field, value)
        for field in _identity_fields(run):
            if field in run.response_fields and field not in given:
                yield from _check_generated_value(subject, run, field)


def _identity_fields(run: ObservedRun) -> list[str]:
    """Return the fields that a header can set, and those that the response and the row share, except the status."""
    status = run.resource.behavior.status
    header_fields = [name for name, source in run.rule.sets.items() if source.startswith("header/")]
    return list(
        dict.fromkeys([*header_fields, *(name for name in run.response_fields if not status or name != status.field)])
    )


def _check_generated_value(subject: Subject, run: ObservedRun, field: str) -> Iterator[Finding]:
    """Yield a finding where the response has no generated value, or where the row has another one."""
    value = run.response_fields[field]
    if value in (None, "") and field in run.rule.sets and _is_made_for_each(run, field):
        message = f"{field} is empty: the request gave none, and the service did not generate one"
        yield subject.make_finding(
            run.trace.creation, message=message, where=f"/{field}", value=value, cause=field, basis=run.rule.basis
        )
    elif value not in (None, ""):
        yield from _check_first_observation(subject, run, field, value)


def _check_first_observation(subject: Subject, run: ObservedRun, field: str, value: Any) -> Iterator[Finding]:
    """Yield a finding where the first list or detail with the field has another value.

    Later changes are reported by other clauses.
    """
    observations = [o for o in run.later_observations() if field in o.fields and _is_field_shown(run, o, field)]
    for observation in observations[:1]:
        if not _shows_value(run, get_path(observation.row, field), value):
            yield _lost_value_finding(
                subject, run, observation.exchange, observation.where, observation.row, field, value
            )


def _shows_value(run: ObservedRun, shown: Any, value: Any) -> bool:
    """Return whether a row shows a value: the very same, or where nothing is documented in whatever spelling."""
    return shown == value or (run.rule.basis != "documented" and is_kept(value, shown))


def _is_field_shown(run: ObservedRun, observation: Observation, field: str) -> bool:
    """Return whether the operation has the field: one that the service never returns proves nothing."""
    return get_path(observation.row, field) is not ABSENT or run.history.has_shown(field, observation.operation)


def _lost_value_finding(
    subject: Subject, run: ObservedRun, exchange: Exchange, where: str, row: Row, field: str, value: Any
) -> Finding:
    return subject.make_finding(
        exchange,
        message=f"{field} is not {to_text(value)}, with which the run was created",
        pointer=run.resource.locate_field(field),
        where=f"{where}/{field}",
        value=get_path(row, field),
        cause=field,
        basis=run.rule.basis,
    )


@clause("SD620", "body-kept", "A new run has the values of its request body.")
def check_body_kept(subject: Subject) -> Iterator[Finding]:
    """Checks every field of the row that the body sets, in the list and in the detail."""
    for run in _observed_runs(subject):
        for field, value in run.body_fields().items():
            yield from _check_first_observation(subject, run, field, value)


@clause("SD621", "one-run-each", "Every POST creates exactly one run.")
def check_one_run_each(subject: Subject) -> Iterator[Finding]:
    """Two POSTs create two rows with two ids, and one POST creates one row.

    Of other fields, only the id of the request or of its trace is another for each: all rows may have one default.
    """
    is_told = "201" in subject.operation.responses or any(e.status == 201 for e in subject.successful_exchanges())
    runs = [run for run in _observed_runs(subject) if not (is_told and _was_there(run))]
    for earlier, later in combinations(runs, 2):
        is_same = earlier.row_id is not ABSENT and earlier.row_id == later.row_id
        if is_same and not _is_found_again(subject, earlier, later):
            yield _shared_value_finding(subject, later, earlier.resource.behavior.id.field, earlier.row_id)
        for field in earlier.rule.sets:
            requested = earlier.trace.requested_fields.keys() | later.trace.requested_fields.keys()
            is_left_out = field not in requested and _is_made_for_each(earlier, field)
            is_generated = is_left_out and not _has_default(subject, earlier, field)
            value = earlier.response_fields.get(field)
            if is_generated and value and value == later.response_fields.get(field):
                yield _shared_value_finding(subject, later, field, value)
    for run in runs:
        yield from _check_single_row(subject, run)


def _is_made_for_each(run: ObservedRun, field: str) -> bool:
    """Return whether a service makes a value of a field for each row that is created without one."""
    words = split_words(field)
    is_request_id = bool(_REQUESTS.intersection(words)) and words[-1] in _IDS
    return field == run.resource.behavior.id.field or is_request_id


def _was_there(run: ObservedRun) -> bool:
    """Return whether a POST, of those that get 201, has got 200: it has shown a row that was there before."""
    return run.rule.basis != "documented" and run.trace.creation.status == 200


def _is_found_again(subject: Subject, earlier: ObservedRun, later: ObservedRun) -> bool:
    """Return whether a POST with the body of an earlier one may find its row: another body has led to another row."""
    body = later.trace.creation.request.body
    if later.rule.basis == "documented" or earlier.trace.creation.request.body != body:
        return False
    id_field = later.resource.behavior.id.field
    others = (e for e in subject.successful_exchanges() if e.request.body != body)
    rows = (read_single_row(subject.operation, exchange) or {} for exchange in others)
    return any(row.get(id_field, later.row_id) != later.row_id for row in rows)


def _has_default(subject: Subject, run: ObservedRun, field: str) -> bool:
    """Return whether the document has a value for a field that a request leaves out: then all such rows have that."""
    schemas, kind_and_name = subject.api.request_schemas, run.rule.sets[field].partition("/")
    content = find_json_content(subject.operation.body.content) if subject.operation.body else None
    found = [(run.resource.properties.get(field), "")]
    if content is not None and kind_and_name[0] == "body":
        body, pointer = resolve_schema(schemas, *locate_content(schemas, content))
        found += [(inner, at) for name, inner, at in list_properties(body, pointer) if name == kind_and_name[2]]
    return any("default" in resolve_schema(schemas, inner, at).schema for inner, at in found)


def _shared_value_finding(subject: Subject, run: ObservedRun, field: str, value: Any) -> Finding:
    message = f"two POSTs have created runs with the same {field}"
    return subject.make_finding(
        run.trace.creation, message=message, where=f"/{field}", value=value, cause=field, basis=run.rule.basis
    )


def _check_single_row(subject: Subject, run: ObservedRun) -> Iterator[Finding]:
    id_field = run.resource.behavior.id.field
    earlier_rows = read_recorded_rows(subject.api, run.trace.list_before) if run.trace.list_before else None
    earlier_ids = {get_path(row, id_field) for row in earlier_rows or ()}
    for exchange in run.trace.lists[-1:]:
        for field, value in run.header_fields().items():
            rows = [row for row in read_recorded_rows(subject.api, exchange) or () if get_path(row, field) == value]
            new_ids = {get_path(row, id_field) for row in rows} - earlier_ids
            if len(new_ids) > 1:
                message = f"one POST has created {len(new_ids)} rows"
                yield subject.make_finding(
                    run.trace.creation,
                    message=message,
                    where=f"/{field}",
                    value=value,
                    cause="rows",
                    basis=run.rule.basis,
                )


# -------------------------------------------------------------------------------------- lists and details


@clause("SD616", "created-now", "The creation time of a new run is the time of its POST.", basis="inferred")
def check_created_now(subject: Subject) -> Iterator[Finding]:
    """It may differ by 15 minutes, or by 15 hours if the timestamp has no time zone."""
    for run in _observed_runs(subject):
        rules = run.resource.behavior.timeline
        for observation in run.later_observations()[:1] if rules else ():
            field = rules[0].fields[0]
            created_at = read_timestamp(get_path(observation.row, field))
            if created_at is None:
                continue
            tolerance_s = _CLOCK_SLACK_S if created_at.has_zone else _ZONELESS_SLACK_S
            earliest_s = run.trace.creation.sent_at - tolerance_s
            latest_s = run.trace.creation.completed_at + tolerance_s
            if not earliest_s <= created_at.unix_s <= latest_s:
                yield subject.make_finding(
                    observation.exchange,
                    message=f"{field} is not the time at which the run was created",
                    pointer=run.resource.locate_field(field),
                    where=f"{observation.where}/{field}",
                    value=get_path(observation.row, field),
                    basis=rules[0].basis,
                )


@clause("SD617", "started-listed", "A new run is in the list.")
def check_started_listed(subject: Subject) -> Iterator[Finding]:
    """Checks every list that was requested after the response of the POST and is shorter than its limit.

    Where no document promises it, a later list may be the first that has the run.
    """
    for run in _observed_runs(subject):
        complete = [
            e for e in run.trace.lists if run.trace.creation.is_before(e) and _is_complete_list(subject, run.rule, e)
        ]
        without = [e for e in complete if not _contains_run(run, e)]
        never = len(without) == len(complete)
        if not without or (run.rule.basis != "documented" and not (never and _is_told_apart(run, complete))):
            continue
        message = "the run is never listed" if never else "the run is missing from a list requested after its POST"
        basis = run.rule.basis if never else "inferred"
        yield subject.make_finding(without[0], message=message, value=_run_label(run), basis=basis, cause="listed")


def _contains_run(run: ObservedRun, exchange: Exchange) -> bool:
    field = run.resource.behavior.id.field
    rows = read_recorded_rows(run.history.api, exchange) or ()
    return run.row_id is not ABSENT and any(get_path(row, field) == run.row_id for row in rows)


def _is_told_apart(run: ObservedRun, lists: Sequence[Exchange]) -> bool:
    """Return whether the run is known from its response or request, or no list has any new row."""
    response = run.trace.creation.response
    if run.response_fields or run.header_fields() or (response is not None and response.get_header("location")):
        return True
    field, before = run.resource.behavior.id.field, run.trace.list_before
    known = [get_path(row, field) for row in read_recorded_rows(run.history.api, before) or ()] if before else []
    rows = (row for exchange in lists for row in read_recorded_rows(run.history.api, exchange) or ())
    return all(get_path(row, field) in known for row in rows)


def _run_label(run: ObservedRun) -> Any:
    return run.row_id if run.row_id is not ABSENT else next(iter(run.response_fields.values()), "")


def _is_complete_list(subject: Subject, rule: Creates, exchange: Exchange) -> bool:
    """Return whether the response is a list that is shorter than its limit, so that it holds all rows."""
    operation = next((o for o in subject.api.operations if o.id == rule.listed_by), None)
    rows = read_list_rows(operation, exchange) if operation else None
    if rows is None or operation is None:
        return False
    request = parse_list_request(subject.api, operation, exchange)
    return request is not None and CollectionRules(subject.api, operation).is_whole(request, len(rows), exchange)


@clause("SD618", "started-fetched", "A new run can be fetched.")
def check_started_fetched(subject: Subject) -> Iterator[Finding]:
    """Fetches the run after a list has shown its id. If no row can be fetched, another clause reports that."""
    rule = subject.operation.behavior.creates
    traces = [trace for trace in subject.recording.traces if isinstance(trace, FetchedRow)]
    if any(rule and t.operation == rule.fetched_by and t.exchange.status in NOT_FOUND_STATUSES for t in traces):
        return
    for run in _observed_runs(subject):
        gone = [exchange for exchange in run.trace.details if exchange.status in NOT_FOUND_STATUSES]
        if gone:
            message = f"the run is listed, but fetching it gives {gone[0].status}"
            yield subject.make_finding(gone[0], message=message, value=gone[0].status, basis=run.rule.basis)


@clause("SD622", "others-untouched", "Creating a run removes no other row.", basis="inferred")
def check_others_untouched(subject: Subject) -> Iterator[Finding]:
    """Rows of the list before the POSTs are in the last two lists, if all of these lists are shorter than their limit.

    A service may drop its oldest rows, which are at one end of the list.
    """
    for run in _observed_runs(subject):
        before, last = run.trace.list_before, run.trace.lists[-2:]
        if before is None or len(last) < 2 or before.credentials != last[0].credentials:
            continue
        if not all(_is_complete_list(subject, run.rule, exchange) for exchange in (before, *last)):
            continue
        id_field = run.resource.behavior.id.field
        rows_after = (row for e in last for row in read_recorded_rows(subject.api, e) or ())
        listed_ids = {get_path(row, id_field) for row in rows_after}
        rows_before = read_recorded_rows(subject.api, before) or ()
        earlier_ids = [get_path(row, id_field) for row in rows_before if has_value(row, id_field)]
        is_kept = [row_id in listed_ids for row_id in earlier_ids]
        lost = [row_id for row_id in earlier_ids if row_id not in listed_ids]
        if lost and is_kept != sorted(is_kept) and is_kept != sorted(is_kept, reverse=True):
            message = f"{len(lost)} rows are no longer listed after runs were created"
            yield subject.make_finding(last[-1], message=message, value=lost[0], basis="inferred")
        return
