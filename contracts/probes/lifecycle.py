"""Starts runs and watches them to their end.

    Started   one started run: the answer, and every list and detail that was asked for afterwards
    Fetched   a listed row that was looked up by an id (``contracts/probes/details.py``)
    Unlisted  a row that lists no longer show, looked up (``contracts/probes/collections.py``)

Starting happens once for each kind of row, whichever operation comes first, and only where writes are allowed. Runs
are started one after the other and at the same time, and watched together.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from specduet.contracts.analysis.row_values import dig, listed, same, shared_fields
from specduet.contracts.generation.known_values import Call, Knowledge
from specduet.contracts.probes.create_requests import Starts
from specduet.contracts.probes.details import Family
from specduet.contracts.recording import Exchange, Row
from specduet.contracts.sending.sender import Sender
from specduet.contracts.traces import Fetched, Started, Unlisted
from specduet.specs import Api, Operation

__all__ = ["Fetched", "Started", "probe"]

_PAUSE_S = {True: 0.15, False: 1.0}
_LONGEST_S = {True: 8.0, False: 20.0}
_STILL_S = {True: 4.0, False: 12.0}
"""Between two looks, in all, and without any change: on this machine and elsewhere."""
_AFTERWARDS_S = (0.3, 1.0)
_STARTS = {True: 12, False: 2}
_AT_ONCE = 4


def probe(sender: Sender, api: Api, operation: Operation, knowledge: Knowledge, options: Any = None) -> None:
    """Start runs of the kind that an operation speaks of, once, and look rows up with it. Raises ``BudgetSpent``."""
    del options
    words = operation.behavior
    speaker = words.lists or words.fetches or words.watches or words.creates
    if speaker is None:
        return
    family = Family(sender, api, api.resources[speaker.resource], knowledge)
    _start_once(family)
    if words.fetches is not None or words.watches is not None:
        family.look_up(operation)


def _start_once(family: Family) -> None:
    """Start runs and watch them, unless that was done before for rows of this kind."""
    traces, kind = family.sender.recording.traces, (family.api.name, family.resource.name)
    if any(isinstance(trace, Started) and (trace.api, trace.resource) == kind for trace in traces):
        return
    for operation in family.speaking("creates"):
        call = family.knowledge.valid_call(operation)
        if call is not None and family.sender.allows(operation):
            Watch(family, operation, call).run()


@dataclass
class _Run:
    """A run that is being watched."""

    start: Exchange
    asked: Mapping[str, Any]
    caller: int = 0
    row: Row | None = None
    details: list[Exchange] = field(default_factory=list)
    lists: list[Exchange] = field(default_factory=list)
    status: Any = None


class Watch:
    """Starts runs with one operation and looks at them until they have ended."""

    def __init__(self, family: Family, operation: Operation, call: Call) -> None:
        assert operation.behavior.creates is not None
        self.family = family
        self.sender = family.sender
        self.operation = operation
        self.rule = operation.behavior.creates
        self.call = call
        self.view = family.view(self.rule.listed_by)
        self.detail = next((o for o in family.api.operations if o.id == self.rule.fetched_by), None)
        self.others = [o for o in self._by_other_ids() if o is not self.detail]
        self.before = self.view.get({}) if self.view else None
        self.old = {self._ident(row) for row in (listed(self.before) if self.before else None) or ()}
        self.runs: list[_Run] = []

    def _by_other_ids(self) -> Iterator[Operation]:
        yield from self.family.speaking("fetches")
        yield from self.family.speaking("watches")

    def _ident(self, row: Row) -> Any:
        return dig(row, self.family.resource.behavior.id.field)

    def run(self) -> None:
        """Start, watch, look once more, and keep what was seen, even where the budget ends it early."""
        try:
            self._start_all()
            if any(run.start.succeeded for run in self.runs):
                self._watch()
                self._look_afterwards()
        finally:
            name = self.family.resource.name
            self.sender.recording.traces += [
                Started(
                    self.family.api.name,
                    self.operation.id,
                    name,
                    run.start,
                    run.asked,
                    run.row,
                    self.before,
                    tuple(run.lists),
                    tuple(run.details),
                )
                for run in self.runs
            ]

    def _start_all(self) -> None:
        calls = list(Starts(self.family.api, self.operation, self.call).calls(_STARTS[self.family.loopback]))
        alone = calls[: max(len(calls) - _AT_ONCE, 2)]
        for number, (call, asked) in enumerate(alone):
            self.runs.append(_Run(self._send(call), asked))
            if not self.runs[-1].start.succeeded and number > 1:
                return
            if number < 2:
                self._list()
        together = calls[len(alone) :]
        exchanges = self.sender.concurrently([partial(self._send, call) for call, _ in together])
        self.runs += [_Run(start, asked) for start, (_, asked) in zip(exchanges, together, strict=True)]
        for caller in range(1, min(len(self.sender.callers), 3)) if self.family.loopback else ():
            for call, asked in Starts(self.family.api, self.operation, self.call).calls(1):
                start = self._send(call, credentials=self.sender.callers[caller])
                self.runs.append(_Run(start, asked, caller))
        self._list()

    def _send(self, call: Call, **options: Any) -> Exchange:
        return self.sender.send(self.operation, **call.arguments, **options)

    # -------------------------------------------------------------------------------------------- watching

    def _watch(self) -> None:
        began = changed = time.monotonic()
        loopback = self.family.loopback
        for number in range(int(_LONGEST_S[loopback] / _PAUSE_S[loopback])):
            if self._look(list_too=number % 2 == 1):
                changed = time.monotonic()
            now = time.monotonic()
            if not self._going() or now - began > _LONGEST_S[loopback] or now - changed > _STILL_S[loopback]:
                return
            time.sleep(_PAUSE_S[loopback])

    def _going(self) -> list[_Run]:
        status = self.family.resource.behavior.status
        ends = status.terminal if status else ()
        return [run for run in self.runs if run.start.succeeded and run.row is not None and run.status not in ends]

    def _look(self, *, list_too: bool) -> bool:
        """Look at every run that goes on; whether any has changed."""
        if list_too or self.detail is None:
            self._list()
        going = self._going()
        for index, run in enumerate(going):
            self._detail(run)
            if index == 0:
                self._others(run)
        advanced = [self._advanced(run) for run in going]
        return any(advanced)

    def _detail(self, run: _Run) -> None:
        assert run.row is not None
        if self.detail is None:
            return
        exchange = self.family.fetch(self.detail, run.row, **self._as(run))
        if exchange is not None:
            run.details.append(exchange)

    def _others(self, run: _Run) -> None:
        for operation in self.others:
            assert run.row is not None
            self.family.fetch(operation, run.row, **self._as(run))

    def _as(self, run: _Run) -> dict[str, Any]:
        return {"credentials": self.sender.callers[run.caller]} if run.caller else {}

    def _advanced(self, run: _Run) -> bool:
        rule = self.family.resource.behavior.status
        shown = run.details[-1].json if run.details and run.details[-1].succeeded else run.row
        status = dig(shown, rule.field) if rule else None
        before, run.status = run.status, status if isinstance(status, str) else None
        return bool(run.status != before)

    def _look_afterwards(self) -> None:
        ended = [run for run in self.runs if run.row is not None]
        for pause in _AFTERWARDS_S:
            for run in ended:
                self._detail(run)
                self._others(run)
            self._list()
            time.sleep(pause)
        for run in ended:
            self._detail(run)
        self._list()
        self._look_for_the_lost()

    def _look_for_the_lost(self) -> None:
        """Look up a row that was listed before runs were started and no longer is: is it gone, or only not listed?"""
        last = next((run.lists[-1] for run in self.runs if run.lists and not run.caller), None)
        left = {self._ident(row) for row in (listed(last) if last else None) or ()}
        before = (listed(self.before) if self.before else None) or ()
        lost = [row for row in before if left and self._ident(row) not in left]
        for row in lost[:1] if self.detail and self.view and last else ():
            assert self.detail is not None
            assert self.view is not None
            assert last is not None
            exchange = self.family.fetch(self.detail, row)
            if exchange is not None:
                api, name = self.family.api.name, self.view.operation.id
                self.sender.recording.traces.append(Unlisted(api, name, row, last, exchange, self.view.get({})))

    def _list(self) -> None:
        """List everything as each caller who has started a run, and find the runs in it."""
        for caller in sorted({run.caller for run in self.runs}) if self.view else ():
            assert self.view is not None
            mine = [run for run in self.runs if run.caller == caller]
            exchange = self.view.get({}, **self._as(mine[0]))
            fresh = [row for row in listed(exchange) or [] if self._ident(row) not in self.old]
            for run in mine:
                run.lists.append(exchange)
                found = self._recognised(run, fresh)
                if found is not None and (run.row is None or self.detail is None):
                    run.row = found

    def _recognised(self, run: _Run, fresh: Sequence[Row]) -> Row | None:
        """The row of a started run: by what the answer says of it, by what was asked for, else by what was sent."""
        shared = shared_fields(self.family.api, self.operation, self.family.resource)
        rule = self.family.resource.behavior.status
        answer = run.start.json if isinstance(run.start.json, Mapping) else {}
        handle = {name: answer[name] for name in shared if name in answer and rule and name != rule.field}
        ways: list[Mapping[str, Any]] = [handle]
        ways += [{name: value} for name, value in run.asked.items() if self.rule.sets[name].startswith("header/")]
        ways += [{name: value} for name, value in run.asked.items() if isinstance(value, dict) and value]
        for way in ways:
            found = [row for row in fresh if way and all(same(dig(row, name), value) for name, value in way.items())]
            if found:
                return found[0]
        return None
