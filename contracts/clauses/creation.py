"""Of the family lifecycle: what becomes of runs that were started."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from specduet.contracts.analysis.list_rules import Collection
from specduet.contracts.analysis.row_history import Histories, Sighting, histories
from specduet.contracts.analysis.row_values import MISSING, asked, dig, known, listed, moment, shared_fields
from specduet.contracts.clauses.registry import Subject, clause
from specduet.contracts.findings import Finding
from specduet.contracts.findings import shown as shown_as
from specduet.contracts.recording import Exchange, Row
from specduet.contracts.traces import Fetched, Started
from specduet.specs import Resource
from specduet.specs.behavior import Creates

_CLOCK_SLACK_S = 900.0
_ZONELESS_SLACK_S = 15 * 3_600.0
_GONE = frozenset({404, 410})


class Start:
    """One start that was answered 2xx, with what is known of its run."""

    def __init__(self, subject: Subject, rule: Creates, trace: Started) -> None:
        self.trace = trace
        self.rule = rule
        self.resource: Resource = subject.api.resources[rule.resource]
        self.history: Histories = histories(subject.api, self.resource, subject.recording)
        answer = trace.start.json
        self.answer: Row = answer if isinstance(answer, Mapping) else {}
        shared = shared_fields(subject.api, subject.operation, self.resource)
        self.told = {name: self.answer[name] for name in sorted(shared) if name in self.answer}

    @property
    def ident(self) -> Any:
        """What tells the run's row from others, ``MISSING`` where it was never found."""
        return dig(self.trace.row, self.resource.behavior.id.field)

    def sightings(self) -> Sequence[Sighting]:
        """What was seen of the run after its start was answered."""
        if self.ident is MISSING:
            return ()
        return [s for s in self.history.of(self.ident) if self.trace.start.precedes(s.exchange)]

    def from_headers(self) -> dict[str, Any]:
        return {n: v for n, v in self.trace.asked.items() if self.rule.sets[n].startswith("header/")}

    def from_body(self) -> dict[str, Any]:
        return {n: v for n, v in self.trace.asked.items() if self.rule.sets[n].startswith("body/")}

    def pointer(self, field: str) -> str:
        return f"{self.resource.pointer}/properties/{field}"


def _starts(subject: Subject) -> Iterator[Start]:
    rule = subject.operation.behavior.creates
    if rule is not None:
        for trace in subject.recording.traced(Started, subject.api.name, subject.operation.id):
            if trace.start.succeeded:
                yield Start(subject, rule, trace)


# ------------------------------------------------------------------------------------------- the answer of the start


@clause("SD603", "initial-status", "A run begins in its initial status.", basis="inferred")
def initial_status(subject: Subject) -> Iterator[Finding]:
    """By the answer of the start, which no later look may contradict; a run may have ended by then."""
    for start in _starts(subject):
        status = start.resource.behavior.status
        told = start.told.get(status.field) if status else None
        if status is None or start.history.state({status.field: told}) is MISSING:
            continue
        where, pointer = f"/{status.field}", start.pointer(status.field)
        if told != status.initial and told not in status.terminal:
            message = f"the run begins as {told}, not as {status.initial}"
            yield subject.finding(
                start.trace.start, message=message, where=where, pointer=pointer, seen=told, basis=status.basis
            )
        states = [start.history.state(sighting.row) for sighting in start.sightings()]
        if states and not start.history.reachable(told, states[0]):
            message = f"the run is said to be {told}, and is {states[0]} afterwards"
            yield subject.finding(
                start.trace.start, message=message, where=where, pointer=pointer, seen=told, basis=status.basis
            )


@clause("SD619", "identity-kept", "A started run keeps the id that was given to it or told of it.")
def identity_kept(subject: Subject) -> Iterator[Finding]:
    """A given correlation id is echoed in the answer, the list and the detail; without one, one is made."""
    for start in _starts(subject):
        given = start.from_headers()
        for field, value in given.items():
            if field in start.told and start.told[field] != value:
                yield _kept(subject, start, start.trace.start, "", start.answer, field, value)
            yield from _in_rows(subject, start, field, value)
        for field in _identities(start):
            if field in start.told and field not in given:
                yield from _made(subject, start, field)


def _identities(start: Start) -> list[str]:
    """The fields that a header may set, and those that the answer and the row share, save the status."""
    status = start.resource.behavior.status
    named = [name for name, source in start.rule.sets.items() if source.startswith("header/")]
    return list(dict.fromkeys([*named, *(name for name in start.told if not status or name != status.field)]))


def _made(subject: Subject, start: Start, field: str) -> Iterator[Finding]:
    """A value that the service made is there, and is the row's."""
    value = start.told[field]
    if value in (None, "") and field in start.rule.sets:
        message = f"{field} is empty: none was given, and none was made"
        yield subject.finding(start.trace.start, message=message, where=f"/{field}", seen=value, cause=field)
    elif value not in (None, ""):
        yield from _in_rows(subject, start, field, value)


def _in_rows(subject: Subject, start: Start, field: str, value: Any) -> Iterator[Finding]:
    """What the first look shows; that later ones differ from it is told by other clauses."""
    looks = [sighting for sighting in start.sightings() if field in sighting.fields]
    for sighting in [look for look in looks if _shown(start, look, field)][:1]:
        if dig(sighting.row, field) != value:
            yield _kept(subject, start, sighting.exchange, sighting.where, sighting.row, field, value)


def _shown(start: Start, sighting: Sighting, field: str) -> bool:
    """Whether the operation shows the field: one that a service leaves out altogether proves nothing."""
    return dig(sighting.row, field) is not MISSING or start.history.shows(field, sighting.operation)


def _kept(subject: Subject, start: Start, exchange: Exchange, where: str, row: Row, field: str, value: Any) -> Finding:
    shown = dig(row, field)
    return subject.finding(
        exchange,
        message=f"{field} is not what the run was started with: {shown_as(value)}",
        pointer=start.pointer(field),
        where=f"{where}/{field}",
        seen="nothing" if shown is MISSING else shown,
        cause=field,
        basis=start.rule.basis,
    )


@clause("SD620", "body-kept", "A started run keeps what its request said.")
def body_kept(subject: Subject) -> Iterator[Finding]:
    """Every field of the new row that the body sets, in the list and in the detail."""
    for start in _starts(subject):
        for field, value in start.from_body().items():
            yield from _in_rows(subject, start, field, value)


@clause("SD621", "one-run-each", "Every start makes one run of its own.")
def one_run_each(subject: Subject) -> Iterator[Finding]:
    """Two starts have two rows and two ids, and one start has one row."""
    starts = list(_starts(subject))
    for one, other in combinations(starts, 2):
        if one.ident is not MISSING and one.ident == other.ident:
            yield _shared(subject, other, one.resource.behavior.id.field, one.ident)
        for field in _identities(one):
            ours = field in one.rule.sets and field not in one.trace.asked and field not in other.trace.asked
            if ours and one.told.get(field) and one.told.get(field) == other.told.get(field):
                yield _shared(subject, other, field, one.told[field])
    for start in starts:
        yield from _doubled(subject, start)


def _shared(subject: Subject, start: Start, field: str, value: Any) -> Finding:
    message = f"two starts have the same {field}"
    return subject.finding(
        start.trace.start, message=message, where=f"/{field}", seen=value, cause=field, basis=start.rule.basis
    )


def _doubled(subject: Subject, start: Start) -> Iterator[Finding]:
    ident = start.resource.behavior.id.field
    old = {dig(row, ident) for row in (listed(start.trace.before) if start.trace.before else None) or ()}
    for exchange in start.trace.lists[-1:]:
        for field, value in start.from_headers().items():
            rows = [row for row in listed(exchange) or () if dig(row, field) == value]
            fresh = {dig(row, ident) for row in rows} - old
            if len(fresh) > 1:
                message = f"one start has made {len(fresh)} rows"
                yield subject.finding(start.trace.start, message=message, where=f"/{field}", seen=value, cause="rows")


# ------------------------------------------------------------------------------------------------ afterwards


@clause("SD616", "created-now", "A started run was created when it was started.", basis="inferred")
def created_now(subject: Subject) -> Iterator[Finding]:
    """Within fifteen minutes, or fifteen hours where no zone is written."""
    for start in _starts(subject):
        rules = start.resource.behavior.timeline
        for sighting in start.sightings()[:1] if rules else ():
            at = moment(dig(sighting.row, rules[0].fields[0]))
            slack = _CLOCK_SLACK_S if at and at.zoned else _ZONELESS_SLACK_S
            if at and not start.trace.start.sent_at - slack <= at.stamp <= start.trace.start.answered_at + slack:
                field = rules[0].fields[0]
                yield subject.finding(
                    sighting.exchange,
                    message=f"{field} is not the time at which the run was started",
                    pointer=start.pointer(field),
                    where=f"{sighting.where}/{field}",
                    seen=dig(sighting.row, field),
                    basis=rules[0].basis,
                )


@clause("SD617", "started-listed", "A started run is listed.")
def started_listed(subject: Subject) -> Iterator[Finding]:
    """In every list that was asked for once the start was answered and that was not cut short by its limit."""
    for start in _starts(subject):
        whole = [e for e in start.trace.lists if start.trace.start.precedes(e) and _whole(subject, start.rule, e)]
        without = [e for e in whole if not _shows(start, e)]
        if not without:
            continue
        never = len(without) == len(whole)
        message = "the run is never listed" if never else "the run is missing from a list made after its start"
        basis = start.rule.basis if never else "inferred"
        yield subject.finding(without[0], message=message, seen=_handle(start), basis=basis, cause="listed")


def _shows(start: Start, exchange: Exchange) -> bool:
    field = start.resource.behavior.id.field
    return start.ident is not MISSING and any(dig(row, field) == start.ident for row in listed(exchange) or ())


def _handle(start: Start) -> Any:
    return start.ident if start.ident is not MISSING else next(iter(start.told.values()), "")


def _whole(subject: Subject, rule: Creates, exchange: Exchange) -> bool:
    """Whether a list is an answer with rows, and all of them."""
    rows = listed(exchange)
    operation = next((o for o in subject.api.operations if o.id == rule.listed_by), None)
    if rows is None or operation is None:
        return False
    request = asked(subject.api, operation, exchange)
    limit = Collection(subject.api, operation).limit(request) if request else 0
    return limit is None or len(rows) < limit


@clause("SD618", "started-fetched", "A started run can be looked up.")
def started_fetched(subject: Subject) -> Iterator[Finding]:
    """As soon as a list has shown its id. Where rows in general cannot be looked up, another clause tells."""
    rule = subject.operation.behavior.creates
    traces = [trace for trace in subject.recording.traces if isinstance(trace, Fetched)]
    if any(rule and t.operation == rule.fetched_by and t.exchange.status in _GONE for t in traces):
        return
    for start in _starts(subject):
        gone = [exchange for exchange in start.trace.details if exchange.status in _GONE]
        if gone:
            message = f"the run is listed, and looking it up is answered {gone[0].status}"
            yield subject.finding(gone[0], message=message, seen=gone[0].status, basis=start.rule.basis)


@clause("SD622", "others-untouched", "Starting a run takes no other row away.", basis="inferred")
def others_untouched(subject: Subject) -> Iterator[Finding]:
    """Rows of the list before all starts are in the last two lists, none of which was cut short; a service may forget
    its oldest rows, which are those at an end of the list."""
    for start in _starts(subject):
        before, last = start.trace.before, start.trace.lists[-2:]
        if before is None or len(last) < 2 or before.credentials != last[0].credentials:
            continue
        if not all(_whole(subject, start.rule, exchange) for exchange in (before, *last)):
            continue
        ident = start.resource.behavior.id.field
        left = {dig(row, ident) for exchange in last for row in listed(exchange) or ()}
        stayed = [dig(row, ident) in left for row in listed(before) or () if known(row, ident)]
        lost = [dig(row, ident) for row in listed(before) or () if known(row, ident) and dig(row, ident) not in left]
        if lost and stayed != sorted(stayed) and stayed != sorted(stayed, reverse=True):
            message = f"{len(lost)} rows are no longer listed after runs were started"
            yield subject.finding(last[-1], message=message, seen=lost[0], basis="inferred")
        return
