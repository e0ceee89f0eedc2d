"""One operation, compiled at start-up: a request in, an answer out.

    body read and parsed → credentials → parameters and body validated → the world acts → encoded

This is FastAPI's order, so that of several things that are wrong the same one is told.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

from specduet.mocks import error_responses, examples, responses
from specduet.mocks.credentials import ANYBODY, guard
from specduet.mocks.documented_errors import Documented
from specduet.mocks.error_responses import Dialect, Refused
from specduet.mocks.request import LONGEST_QUERY, Memory, Request
from specduet.mocks.request_body import ABSENT, BodyReader
from specduet.mocks.request_parameters import Parameters
from specduet.mocks.responses import Answer, Receive
from specduet.mocks.settings import Caller, Settings
from specduet.mocks.validation import Problem, problem
from specduet.mocks.world import UnknownScopeValue, WindowTooOld, World
from specduet.specs import Api, Operation

_REMEMBERED = 512  # requests of an operation, none of them longer than _SHORT
_SHORT = 1_024
_NO_BODY: tuple[Any, Sequence[Problem]] = (ABSENT, ())
Values = Mapping[str, Any]
Understood = tuple[Values, Any, Caller]
"""What a valid request says: its parameters by name, its body, and whose it is."""
Worlds = Callable[[str], World]
Act = Callable[["Handler", World, Values, Any, Caller, Request], Answer]

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Handler:
    """``worlds`` gives the world of an API by name, where a request brings none of its own."""

    def __init__(
        self, api: Api, operation: Operation, settings: Settings, worlds: Worlds, act: Act | None = None
    ) -> None:
        self.api = api
        self.operation = operation
        self.dialect: Dialect = error_responses.dialect(api, operation)
        if api.behavior.refusals is None:
            self.dialect = Documented(self.dialect, api, operation)
        self.success = min((int(s) for s in operation.responses if s.isdigit() and s.startswith("2")), default=200)
        self.seed = settings.seed
        self._worlds = worlds
        self._guard = guard(api, operation, settings)
        self._parameters = Parameters(api.schemas, operation)
        self._body = BodyReader(api.schemas, operation, self.dialect) if operation.body else None
        self.takes_body = self._body is not None
        self._headers = [b"content-type", *self._parameters.headers, *(self._guard.headers if self._guard else ())]
        self._remembered: Memory[tuple[Any, ...], Understood | Answer] = Memory(_REMEMBERED)
        self.act = act or _act(operation)

    def answer(self, request: Request, world: World | None = None, act: Act | None = None) -> Answer:
        """The answer to a request, from ``world`` or from the one that everybody shares.

        Its body has been read, if the operation ``takes_body``. ``act`` is done instead of what the operation does,
        once the request has been found valid.
        """
        if len(request.query_string) > LONGEST_QUERY:
            return self.dialect.refuse(414)
        if request.body is None:
            return self.dialect.refuse(413)
        understood = self._understood(request)
        if isinstance(understood, Answer):
            return Answer(understood.status, [*understood.headers], understood.body)
        try:
            return (act or self.act)(self, world or self._worlds(self.api.name), *understood, request)
        except Refused as refused:
            return refused.answer

    def _understood(self, request: Request) -> Understood | Answer:
        """What a request says, or how it is refused: for the same texts the same, so that short ones are remembered."""
        texts = (*request.path_values, request.query_string, request.body, *map(request.headers.get, self._headers))
        known = self._remembered.get(texts)
        if known is None:
            try:
                known = self._understand(request)
            except Refused as refused:
                known = refused.answer
            if sum(map(len, filter(None, texts))) <= _SHORT:
                self._remembered.keep(texts, known)
        return known

    def _understand(self, request: Request) -> Understood:
        body, wrong = _NO_BODY if self._body is None else self._body.read(request.body or b"", request)
        caller = ANYBODY if self._guard is None else self._admitted(self._guard.admit(request), self._guard.challenge)
        return self._validated(request, wrong), body, caller

    def _admitted(self, found: Caller | str, challenge: str) -> Caller:
        if isinstance(found, Caller):
            return found
        wrong = found == "wrong"
        raise Refused(error_responses.unauthorized(self.api, self.operation, self.dialect, challenge, wrong=wrong))

    def _validated(self, request: Request, wrong: Sequence[Problem]) -> Values:
        values, problems = self._parameters.read(request)
        if problems or wrong:
            raise Refused(self.dialect.invalid([*problems, *wrong]))
        return values


def _act(operation: Operation) -> Act:
    """What an operation does, by what the vocabulary says of it."""
    words = operation.behavior
    if words.lists:
        return _list
    if words.fetches:
        return _fetch
    if words.creates:
        return _start
    return _watch if words.watches else _example


def _refusing(act: Act) -> Act:
    """``act``, refusing what the world has no rows for."""

    def refuse(handler: Handler, world: World, values: Values, body: Any, caller: Caller, request: Request) -> Answer:
        try:
            return act(handler, world, values, body, caller, request)
        except UnknownScopeValue as error:
            resource = error.parameter.removesuffix("_id").removesuffix("Id")
            raise Refused(handler.dialect.refuse(error.status, _not_found(resource))) from None
        except WindowTooOld as error:
            raise Refused(handler.dialect.invalid([_too_old(error, request)])) from None

    return refuse


@_refusing
def _list(handler: Handler, world: World, values: Values, _body: Any, caller: Caller, _request: Request) -> Answer:
    return responses.answer(handler.success, world.list_rows(handler.operation, values, caller))


@_refusing
def _fetch(handler: Handler, world: World, values: Values, _body: Any, caller: Caller, _request: Request) -> Answer:
    words = handler.operation.behavior.fetches
    assert words is not None
    row = world.fetch_row(handler.operation, values, caller)
    if row is None:
        return handler.dialect.refuse(words.unknown, _not_found(words.resource))
    return responses.answer(handler.success, row)


@_refusing
def _start(handler: Handler, world: World, values: Values, body: Any, caller: Caller, _request: Request) -> Answer:
    given = body if isinstance(body, dict) else None
    return responses.answer(handler.success, world.create_row(handler.operation, values, given, caller))


@_refusing
def _watch(handler: Handler, world: World, values: Values, _body: Any, caller: Caller, request: Request) -> Answer:
    words = handler.operation.behavior.watches
    assert words is not None
    if responses.EVENT_STREAM in request.headers.get(b"accept", b""):
        until_end = world.stream_status_events(handler.operation, values, caller)
        if until_end is not None:
            return responses.streamed(_server_sent(until_end, request.receive), responses.EVENT_STREAM)
    events = world.list_status_events(handler.operation, values, caller)
    if events is None:
        return handler.dialect.refuse(words.unknown, _not_found(words.resource))
    return responses.answer(handler.success, b"[" + b",".join(events) + b"]")


def _example(handler: Handler, _world: World, values: Values, _body: Any, _caller: Caller, _request: Request) -> Answer:
    """An operation of which nothing is said: a body that its schema allows, the same for the same parameters."""
    return examples.example(handler.api, handler.operation, handler.success, f"{handler.seed}/{values}")


async def _server_sent(events: AsyncIterator[bytes], receive: Receive) -> AsyncIterator[bytes]:
    """The event stream format (HTML Living Standard, section 9.2.6), until the end or until nobody listens.

    JSON in bytes has no line breaks, so that an event is one line.
    """
    gone = asyncio.ensure_future(_disconnected(receive))
    try:
        while True:
            coming = asyncio.ensure_future(_next(events))
            await asyncio.wait({coming, gone}, return_when=asyncio.FIRST_COMPLETED)
            event = coming.result() if coming.done() else None
            if event is None:
                coming.cancel()
                return
            yield b"data: " + event + b"\n\n"
    finally:
        gone.cancel()


async def _next(events: AsyncIterator[bytes]) -> bytes | None:
    return await anext(events, None)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _too_old(error: WindowTooOld, request: Request) -> Problem:
    """In the words of pydantic for an error that a validator raises."""
    given = dict(request.pairs()).get(error.parameter)
    number, unit = error.oldest[1:-1], _UNITS.get(error.oldest[-1], error.oldest[-1])
    message = f"Value error, should not be more than {number} {unit} ago"
    return problem("value_error", ("query", error.parameter), message, given)


def _not_found(resource: str) -> str:
    return f"{resource.replace('-', ' ').replace('_', ' ').capitalize()} not found"
