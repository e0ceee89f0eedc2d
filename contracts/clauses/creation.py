"""Of the family lifecycle: what becomes of runs that were started."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from specduet.contracts.analysis.list_rules import Collection
from specduet.contracts.analysis.row_history import Histories, Sighting, histories
from specduet.contracts.analysis.row_values import MISSING, asked, dig, known, listed, moment, shared_fields
from specduet.contracts.clauses.registry import Subject, clause
from specduet.contracts.findings import Finding, to_text
from specduet.contracts.recording import Exchange, Row
from specduet.contracts.traces import Fetched, Started
from specduet.specs import Resource
from specduet.specs.behavior import Creates

_CLOCK_SLACK_S = 900.0
_ZONELESS_SLACK_S = 15 * 3_600.0
_GONE = frozenset({404, 410})


class ObservedRun:
    """One start that was answered 2xx, with what is known of its run."""

    def __init__(self, subject: Subject, rule: Creates, trace: Started) -> None:
        self.trace = trace
        self.rule = rule
        self.resource: Resource = subject.api.resources[rule.resource]
        self.history: Histories = histories(subject.api, self.resource, subject.recording)
        answer = trace.start.json
        self.response_body: Row = answer if isinstance(answer, Mapping) else {}
        shared = shared_fields(subject.api, subject.operation, self.resource)
        self.response_fields = {name: self.response_body[name] for name in sorted(shared) if name in self.response_body}

    @property
    def row_id(self) -> Any:
        """What tells the run's row from others, ``MISSING`` where it was never found."""
        return dig(self.trace.row, self.resource.behavior.id.field)

    def later_observations(self) -> Sequence[Sighting]:
        """What was seen of the run after its start was answered."""
        if self.row_id is MISSING:
            return ()
        return [s for s in self.history.of(self.row_id) if self.trace.start.precedes(s.exchange)]

    def header_fields(self) -> dict[str, Any]:
        return {n: v for n, v in self.trace.asked.items() if self.rule.sets[n].startswith("header/")}

    def body_fields(self) -> dict[str, Any]:
        return {n: v for n, v in self.trace.asked.items() if self.rule.sets[n].startswith("body/")}

    def field_pointer(self, field: str) -> str:
        return f"{self.resource.pointer}/properties/{field}"


def _observed_runs(subject: Subject) -> Iterator[ObservedRun]:
    rule = subject.operation.behavior.creates
    if rule is not None:
        for trace in subject.recording.traced(Started, subject.api.name, subject.operation.id):
            if trace.start.succeeded:
                yield ObservedRun(subject, rule, trace)


# ------------------------------------------------------------------------------------------- the answer of the start


@clause("SD603", "initial-status", "A run begins in its initial status.", basis="inferred")
def check_initial_status(subject: Subject) -> Iterator[Finding]:
    """By the answer of the start, which no later look may contradict; a run may have ended by then."""
    for run in _observed_runs(subject):
        status = run.resource.behavior.status
        reported_status = run.response_fields.get(status.field) if status else None
        if status is None or run.history.state({status.field: reported_status}) is MISSING:
            continue
        where, pointer = f"/{status.field}", run.field_pointer(status.field)
        if reported_status != status.initial and reported_status not in status.terminal:
            message = f"the run begins as {reported_status}, not as {status.initial}"
            yield subject.make_finding(
                run.trace.start,
                message=message,
                where=where,
                pointer=pointer,
                value=reported_status,
                basis=status.basis,
            )
        states = [run.history.state(sighting.row) for sighting in run.later_observations()]
        if states and not run.history.reachable(reported_status, states[0]):
            message = f"the run is said to be {reported_status}, and is {states[0]} afterwards"
            yield subject.make_finding(
                run.trace.start,
                message=message,
                where=where,
                pointer=pointer,
                value=reported_status,
                basis=status.basis,
            )


@clause("SD619", "identity-kept", "A started run keeps the id that was given to it or told of it.")
def check_identity_kept(subject: Subject) -> Iterator[Finding]:
    """A given correlation id is echoed in the answer, the list and the detail; without one, one is made."""
    for run in _observed_runs(subject):
        given = run.header_fields()
        for field, value in given.items():
            if field in run.response_fields and run.response_fields[field] != value:
                yield _lost_value_finding(subject, run, run.trace.start, "", run.response_body, field, value)
            yield from _check_first_observation(subject, run, field, value)
        for field in _identity_fields(run):
            if field in run.response_fields and field not in given:
                yield from _check_generated_value(subject, run, field)


def _identity_fields(run: ObservedRun) -> list[str]:
    """The fields that a header may set, and those that the answer and the row share, save the status."""
    status = run.resource.behavior.status
    header_fields = [name for name, source in run.rule.sets.items() if source.startswith("header/")]
    return list(
        dict.fromkeys([*header_fields, *(name for name in run.response_fields if not status or name != status.field)])
    )


def _check_generated_value(subject: Subject, run: ObservedRun, field: str) -> Iterator[Finding]:
    """A value that the service made is there, and is the row's."""
    value = run.response_fields[field]
    if value in (None, "") and field in run.rule.sets:
        message = f"{field} is empty: none was given, and none was made"
        yield subject.make_finding(run.trace.start, message=message, where=f"/{field}", value=value, cause=field)
    elif value not in (None, ""):
        yield from _check_first_observation(subject, run, field, value)


def _check_first_observation(subject: Subject, run: ObservedRun, field: str, value: Any) -> Iterator[Finding]:
    """What the first look shows; that later ones differ from it is told by other clauses."""
    observations = [sighting for sighting in run.later_observations() if field in sighting.fields]
    for sighting in [look for look in observations if _is_field_shown(run, look, field)][:1]:
        if dig(sighting.row, field) != value:
            yield _lost_value_finding(subject, run, sighting.exchange, sighting.where, sighting.row, field, value)


def _is_field_shown(run: ObservedRun, sighting: Sighting, field: str) -> bool:
    """Whether the operation shows the field: one that a service leaves out altogether proves nothing."""
    return dig(sighting.row, field) is not MISSING or run.history.shows(field, sighting.operation)


def _lost_value_finding(
    subject: Subject, run: ObservedRun, exchange: Exchange, where: str, row: Row, field: str, value: Any
) -> Finding:
    observed = dig(row, field)
    return subject.make_finding(
        exchange,
        message=f"{field} is not what the run was started with: {to_text(value)}",
        pointer=run.field_pointer(field),
        where=f"{where}/{field}",
        value="nothing" if observed is MISSING else observed,
        cause=field,
        basis=run.rule.basis,
    )


@clause("SD620", "body-kept", "A started run keeps what its request said.")
def check_body_kept(subject: Subject) -> Iterator[Finding]:
    """Every field of the new row that the body sets, in the list and in the detail."""
    for run in _observed_runs(subject):
        for field, value in run.body_fields().items():
            yield from _check_first_observation(subject, run, field, value)


@clause("SD621", "one-run-each", "Every start makes one run of its own.")
def check_one_run_each(subject: Subject) -> Iterator[Finding]:
    """Two starts have two rows and two ids, and one start has one row."""
    runs = list(_observed_runs(subject))
    for earlier, later in combinations(runs, 2):
        if earlier.row_id is not MISSING and earlier.row_id == later.row_id:
            yield _shared_value_finding(subject, later, earlier.resource.behavior.id.field, earlier.row_id)
        for field in _identity_fields(earlier):
            is_generated = (
                field in earlier.rule.sets and field not in earlier.trace.asked and field not in later.trace.asked
            )
            if (
                is_generated
                and earlier.response_fields.get(field)
                and earlier.response_fields.get(field) == later.response_fields.get(field)
            ):
                yield _shared_value_finding(subject, later, field, earlier.response_fields[field])
    for run in runs:
        yield from _check_single_row(subject, run)


def _shared_value_finding(subject: Subject, run: ObservedRun, field: str, value: Any) -> Finding:
    message = f"two starts have the same {field}"
    return subject.make_finding(
        run.trace.start, message=message, where=f"/{field}", value=value, cause=field, basis=run.rule.basis
    )


def _check_single_row(subject: Subject, run: ObservedRun) -> Iterator[Finding]:
    ident = run.resource.behavior.id.field
    old = {dig(row, ident) for row in (listed(run.trace.before) if run.trace.before else None) or ()}
    for exchange in run.trace.lists[-1:]:
        for field, value in run.header_fields().items():
            rows = [row for row in listed(exchange) or () if dig(row, field) == value]
            fresh = {dig(row, ident) for row in rows} - old
            if len(fresh) > 1:
                message = f"one start has made {len(fresh)} rows"
                yield subject.make_finding(
                    run.trace.start, message=message, where=f"/{field}", value=value, cause="rows"
                )


# ------------------------------------------------------------------------------------------------ afterwards


@clause("SD616", "created-now", "A started run was created when it was started.", basis="inferred")
def check_created_now(subject: Subject) -> Iterator[Finding]:
    """Within fifteen minutes, or fifteen hours where no zone is written."""
    for run in _observed_runs(subject):
        rules = run.resource.behavior.timeline
        for sighting in run.later_observations()[:1] if rules else ():
            created_at = moment(dig(sighting.row, rules[0].fields[0]))
            tolerance_s = _CLOCK_SLACK_S if created_at and created_at.zoned else _ZONELESS_SLACK_S
            if (
                created_at
                and not run.trace.start.sent_at - tolerance_s
                <= created_at.stamp
                <= run.trace.start.answered_at + tolerance_s
            ):
                field = rules[0].fields[0]
                yield subject.make_finding(
                    sighting.exchange,
                    message=f"{field} is not the time at which the run was started",
                    pointer=run.field_pointer(field),
                    where=f"{sighting.where}/{field}",
                    value=dig(sighting.row, field),
                    basis=rules[0].basis,
                )


@clause("SD617", "started-listed", "A started run is listed.")
def check_started_listed(subject: Subject) -> Iterator[Finding]:
    """In every list that was asked for once the start was answered and that was not cut short by its limit."""
    for run in _observed_runs(subject):
        complete = [
            e for e in run.trace.lists if run.trace.start.precedes(e) and _is_complete_list(subject, run.rule, e)
        ]
        without = [e for e in complete if not _contains_run(run, e)]
        if not without:
            continue
        never = len(without) == len(complete)
        message = "the run is never listed" if never else "the run is missing from a list made after its start"
        basis = run.rule.basis if never else "inferred"
        yield subject.make_finding(without[0], message=message, value=_run_label(run), basis=basis, cause="listed")


def _contains_run(run: ObservedRun, exchange: Exchange) -> bool:
    field = run.resource.behavior.id.field
    return run.row_id is not MISSING and any(dig(row, field) == run.row_id for row in listed(exchange) or ())


def _run_label(run: ObservedRun) -> Any:
    return run.row_id if run.row_id is not MISSING else next(iter(run.response_fields.values()), "")


def _is_complete_list(subject: Subject, rule: Creates, exchange: Exchange) -> bool:
    """Whether a list is an answer with rows, and all of them."""
    rows = listed(exchange)
    operation = next((o for o in subject.api.operations if o.id == rule.listed_by), None)
    if rows is None or operation is None:
        return False
    request = asked(subject.api, operation, exchange)
    limit = Collection(subject.api, operation).limit(request) if request else 0
    return limit is None or len(rows) < limit


@clause("SD618", "started-fetched", "A started run can be looked up.")
def check_started_fetched(subject: Subject) -> Iterator[Finding]:
    """As soon as a list has shown its id. Where rows in general cannot be looked up, another clause tells."""
    rule = subject.operation.behavior.creates
    traces = [trace for trace in subject.recording.traces if isinstance(trace, Fetched)]
    if any(rule and t.operation == rule.fetched_by and t.exchange.status in _GONE for t in traces):
        return
    for run in _observed_runs(subject):
        gone = [exchange for exchange in run.trace.details if exchange.status in _GONE]
        if gone:
            message = f"the run is listed, and looking it up is answered {gone[0].status}"
            yield subject.make_finding(gone[0], message=message, value=gone[0].status, basis=run.rule.basis)


@clause("SD622", "others-untouched", "Starting a run takes no other row away.", basis="inferred")
def check_others_untouched(subject: Subject) -> Iterator[Finding]:
    """Rows of the list before all starts are in the last two lists, none of which was cut short; a service may forget
    its oldest rows, which are those at an end of the list."""
    for run in _observed_runs(subject):
        before, last = run.trace.before, run.trace.lists[-2:]
        if before is None or len(last) < 2 or before.credentials != last[0].credentials:
            continue
        if not all(_is_complete_list(subject, run.rule, exchange) for exchange in (before, *last)):
            continue
        ident = run.resource.behavior.id.field
        listed_ids = {dig(row, ident) for exchange in last for row in listed(exchange) or ()}
        is_kept = [dig(row, ident) in listed_ids for row in listed(before) or () if known(row, ident)]
        lost = [
            dig(row, ident) for row in listed(before) or () if known(row, ident) and dig(row, ident) not in listed_ids
        ]
        if lost and is_kept != sorted(is_kept) and is_kept != sorted(is_kept, reverse=True):
            message = f"{len(lost)} rows are no longer listed after runs were started"
            yield subject.make_finding(last[-1], message=message, value=lost[0], basis="inferred")
        return
