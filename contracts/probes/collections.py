"""Asks collections for every kind of page there is, between two listings of everything that show what came or went.

    Bracket     answers between two listings of the whole collection, which show whether it was quiet meanwhile
    Callers     what several callers see of one collection
    NeverUsed   a filter by a value that nothing can have
    Similar     a filter by a value, and by a part of it
    Unknown     a path or an id that leads nowhere
    Unlisted    a row that lists no longer show, looked up by its id

What is asked is worked out in ``contracts/probes/list_queries.py``; nothing is judged here.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import Any

from specduet.contracts.analysis.list_rules import Collection
from specduet.contracts.analysis.row_values import dig, listed
from specduet.contracts.generation.known_values import Knowledge
from specduet.contracts.probes.list_queries import NO_UUID, NOBODY, Question, Questions, longest, near
from specduet.contracts.recording import Exchange, Row
from specduet.contracts.sending.sender import Sender
from specduet.contracts.traces import Bracket, Callers, NeverUsed, Similar, Unknown
from specduet.specs import Api, Operation, Parameter

_AT_ONCE = 12
_TRIES = 3
_BUSY = 2
"""So many groups of questions in a row that were never quiet, and no more time is spent on waiting for it."""
_SCOPES = 4
_ROUNDS = 5
_FAR_PAGES, _FEW_PAGES, _SOME_PAGES = 45, 8, 4
_PATIENCE_S = 12.0
"""After so long no new group of questions is asked about one collection: its service is slow."""
_LONGEST = {True: 1000, False: 200}
_FEWER = {True: 1, False: 4}
"""On this machine and elsewhere: the limit of the longest listing, and of how many questions or pages one is asked."""


def probe(sender: Sender, api: Api, operation: Operation, knowledge: Knowledge, options: Any = None) -> None:
    """Ask one collection everything; an operation that lists nothing is left alone. Raises ``BudgetSpent``."""
    del options
    if operation.behavior.lists is None:
        return
    views = [View(sender, api, operation, path) for path in knowledge.path_choices(operation)[:_SCOPES]]
    opened = [view for view in views if view.open()]
    opened.sort(key=lambda view: -len(view.rows))
    for index, view in enumerate(opened):
        view.ask_all() if index == 0 else view.ask_little()
    for view in opened[:1]:
        view.ask_hidden(knowledge)
        view.ask_as_callers()
    _ask_together(opened)
    _ask_unknown(sender, operation, opened)


class View:
    """One collection under one path."""

    def __init__(self, sender: Sender, api: Api, operation: Operation, path: Mapping[str, str]) -> None:
        self.sender = sender
        self.operation = operation
        self.path = path
        self.collection = Collection(api, operation)
        self.now = datetime.now(UTC)
        self.until = time.monotonic() + _PATIENCE_S
        self.fewer = _FEWER[sender.target.loopback]
        self.base = longest(self.collection, self.now, _LONGEST[sender.target.loopback])
        self.rows: list[Row] = []
        self.capped = False
        self.busy = 0

    @property
    def questions(self) -> Questions:
        limit = self.operation.behavior.limit
        most = self.base.get(limit.parameter) if limit else None
        return Questions(self.collection, self.rows, self.now, whole=most is None or len(self.rows) < int(most))

    # ---------------------------------------------------------------------------------------- sending

    def get(self, question: Question, **options: Any) -> Exchange:
        """Send a question, laid over the request for everything."""
        query = {**self.base, **question}
        pairs = [(name, value) for name, value in query.items() if value is not None]
        return self.sender.send(self.operation, path=self.path, query=pairs, **options)

    def open(self) -> bool:
        """List everything once; False where that is not answered with rows."""
        for base in (self.base, {}):
            self.base = base
            rows = listed(self.get({}))
            if rows is not None:
                self.rows = rows
                self.capped = self._is_capped()
                return True
        return False

    def _is_capped(self) -> bool:
        """Whether more rows follow on a listing that is shorter than asked for, as no document forbids."""
        words, total = self.operation.behavior, len(self.rows)
        if words.offset is None or words.limit is None or not self.collection.may_be_cut(total):
            return False
        if total >= int(self.base.get(words.limit.parameter, 0)):
            return False
        return bool(listed(self.get({words.offset.parameter: str(total)})))

    def bracket(self, questions: Iterable[Question]) -> None:
        """Ask some questions between two listings, a few at a time; again where something came or went meanwhile."""
        asked = islice(questions, 0, None, self.fewer)
        while time.monotonic() < self.until and (group := list(islice(asked, _AT_ONCE))):
            self._between(partial(self._ask, group))

    def _ask(self, group: Iterable[Question]) -> tuple[Exchange, ...]:
        return tuple(self.get(question) for question in group)

    def _between(self, act: Callable[[], tuple[Exchange, ...]], **facts: bool) -> None:
        """Act between two listings of everything; again, where the collection is quiet at times, if it was not now."""
        for _ in range(_TRIES if self.busy < _BUSY else 1):
            before = self.get({})
            answers = act()
            after = self.get({})
            trace = self.keep(before, answers, after, **facts)
            if trace is None or self._quiet(before, after):
                self.busy = 0
                return
        self.busy += 1

    def keep(self, before: Exchange, answers: tuple[Exchange, ...], after: Exchange, **facts: bool) -> Bracket | None:
        """Note that answers came between two listings of everything."""
        if listed(before) is None or listed(after) is None:
            return None
        api, operation = self.sender.api.name, self.operation.id
        trace = Bracket(api, operation, before, answers, after, capped=self.capped, **facts)
        self.sender.recording.traces.append(trace)
        return trace

    def _quiet(self, before: Exchange, after: Exchange) -> bool:
        first, second = ([self.collection.ident(row) for row in listed(exchange) or ()] for exchange in (before, after))
        return first == second

    # ----------------------------------------------------------------------------------- what is asked

    def ask_all(self) -> None:
        """Everything that can be asked of one collection, the simplest first."""
        asked = self.questions
        for part in (asked.limits, asked.windows, asked.filters, asked.offsets, asked.cursors, asked.directions):
            self.bracket(part())
        self.walk({}, 7, _FAR_PAGES)
        self.bracket(_thinned(asked.combinations(), 120))
        for size, pages in ((1, _FEW_PAGES), (2, _FEW_PAGES), (10, _FAR_PAGES), (50, _FAR_PAGES)):
            self.walk({}, size, pages)
        self.walk({}, max(len(self.rows) // 30, 20), _FAR_PAGES)
        self.walk({}, None, _FEW_PAGES)
        for question in self._walked():
            self.walk(question, 5, _SOME_PAGES)

    def ask_little(self) -> None:
        """The heart of it, for a collection beside the first."""
        asked = self.questions
        few = [*islice(asked.limits(), 5), *islice(asked.offsets(), 3), *islice(asked.directions(), 4)]
        self.bracket([*few, *islice(asked.filters(), 6)])
        self.walk({}, 4, _FEW_PAGES)

    def _walked(self) -> Iterator[Question]:
        """Walks in the other direction, over the default window, and under each member of the filters."""
        words = self.operation.behavior
        if words.order is not None and words.order.parameter is not None:
            yield {words.order.parameter: "asc"}
            yield {words.order.parameter: "desc"}
        for name, rule in words.filters.items():
            if rule.op == "ge":
                yield {name: None}
            elif not rule.hidden:
                yield from ({name: value} for value in self.questions.values(name)[:8])

    def walk(self, question: Question, size: int | None, most: int) -> None:
        """Turn pages of one size to the first short one, at most so many, between two listings.

        ``size`` None leaves the limit to its default.
        """
        words = self.operation.behavior
        if words.limit is None or (words.offset is None and words.cursor is None):
            return
        limit = self.collection.default(words.limit.parameter) if size is None else size
        if not isinstance(limit, int) or limit > len(self.rows) + 1 or time.monotonic() > self.until:
            return
        sized = {**question, words.limit.parameter: None if size is None else str(size)}
        pages = max(most // self.fewer, 3)
        self._between(lambda: tuple(islice(self._pages(sized, limit), pages)), walk=True)

    def _pages(self, question: Question, size: int) -> Iterator[Exchange]:
        words = self.operation.behavior
        position: dict[str, str] = {}
        shown = 0
        while True:
            page = self.get({**question, **position})
            yield page
            rows = listed(page)
            if rows is None or len(rows) < size:
                return
            shown += size
            if words.offset is not None:
                position = {words.offset.parameter: str(shown)}
            else:
                assert words.cursor is not None
                last = dig(rows[-1], words.cursor.before)
                if not isinstance(last, str) or position.get(words.cursor.parameter) == last:
                    return
                position = {words.cursor.parameter: last}

    # -------------------------------------------------------------------------- hidden fields, callers

    def ask_hidden(self, knowledge: Knowledge) -> None:
        """Filters whose field is not shown: a made-up value, and known ones, alone and under every other filter."""
        for name in self.questions.hidden():
            parameter = self.operation.parameter(name)
            assert parameter is not None
            made_up = {name: self.questions.never_used(name)}
            self.bracket([made_up])
            self._remember(NeverUsed, name, self.get(made_up))
            self._remember(NeverUsed, name, self.get({**made_up, **self._narrowed()}))
            values = knowledge.values(parameter)[:3]
            self.bracket({name: value} for value in values)
            if values:
                self._ask_in_part(name, values[0])
            for value in values:
                narrower = View(self.sender, self.sender.api, self.operation, self.path)
                narrower.base = {**self.base, name: value}
                narrower.rows = listed(narrower.get({})) or []
                asked = narrower.questions
                narrower.bracket([*islice(asked.limits(), 6), *islice(asked.filters(), 0, 24, 3)])
                narrower.bracket([*islice(asked.cursors(), 4), *islice(asked.windows(), 3)])

    def _ask_in_part(self, name: str, value: str) -> None:
        whole = self.get({name: value})
        for part in (value[:-1], value[1:], *near(value)):
            if part.strip() == part != "":
                trace = Similar(self.sender.api.name, self.operation.id, name, whole, self.get({name: part}))
                self.sender.recording.traces.append(trace)

    def _narrowed(self) -> Question:
        return next(self.questions.filters(), {})

    def _remember(self, kind: Any, name: str, exchange: Exchange) -> None:
        self.sender.recording.traces.append(kind(self.sender.api.name, self.operation.id, name, exchange))

    def ask_as_callers(self) -> None:
        """The whole list as each caller whose credentials are known, in turn and then at the same time."""
        callers = self.sender.callers
        if self.operation.behavior.visibility is None or len(callers) < 2:
            return
        turns = [*range(len(callers))] * 2
        in_turn = tuple((i, self.get({}, credentials=callers[i])) for i in turns)
        again = turns * 2
        calls = [partial(self.get, {}, credentials=callers[i]) for i in again]
        together = tuple(zip(again, self.sender.concurrently(calls), strict=True))
        api, operation = self.sender.api.name, self.operation.id
        self.sender.recording.traces.append(Callers(api, operation, in_turn))
        self.sender.recording.traces.append(Callers(api, operation, together, together=True))

    def varied(self) -> list[Question]:
        """A few questions with answers as different as can be, to be asked at the same time."""
        asked = self.questions
        limits = [q for q in asked.limits() if any(q.values())]
        filters = [q for q in asked.filters() if len(q) == 1]
        offsets, directions = list(islice(asked.offsets(), 1, 3)), list(islice(asked.directions(), 2))
        return [*limits[1:2], *limits[3:4], *filters[:3], *offsets, *directions, {}]


def _ask_together(views: Sequence[View]) -> None:
    """Different questions at the same time, of one collection and of two, several times over."""
    if not views:
        return
    pair = views[:2]
    questions = [[(view, question) for question in view.varied()] for view in pair]
    for number in range(_ROUNDS // pair[0].fewer):
        mixed = [one for group in questions for one in group[number % 2 :: 2 if len(group) > 4 else 1]][:8]
        befores = {view: view.get({}) for view in pair}
        calls = [partial(view.get, question) for view, question in mixed]
        answers = views[0].sender.concurrently(calls)
        for view in pair:
            mine = tuple(a for (asked, _), a in zip(mixed, answers, strict=True) if asked is view)
            view.keep(befores[view], mine, view.get({}), together=True)


def _ask_unknown(sender: Sender, operation: Operation, views: Sequence[View]) -> None:
    scope = operation.behavior.scope
    parameter = operation.parameter(scope.parameter, "path") if scope else None
    if parameter is None or not views:
        return
    exchange = sender.send(operation, path={**views[0].path, parameter.name: made_up(parameter)})
    sender.recording.traces.append(Unknown(sender.api.name, operation.id, parameter.name, exchange))


def made_up(parameter: Parameter) -> str:
    """A valid value of a path parameter that leads nowhere."""
    return NO_UUID if parameter.schema.get("format") == "uuid" else NOBODY


def _thinned(questions: Iterable[Question], most: int) -> list[Question]:
    """At most so many, spread evenly, so that each kind keeps some."""
    every = list(questions)
    step = max(1, -(-len(every) // most))
    return every[::step]
