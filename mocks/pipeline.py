"""What accompanies every request: its session, its entry in the journal, faults, preferences, and CORS."""

import asyncio
from collections.abc import Awaitable

from specduet.mocks import cors, prefer, responses
from specduet.mocks.control import fault_effects
from specduet.mocks.control.api import PREFIX
from specduet.mocks.control.faults import Injection
from specduet.mocks.control.journal import FAULT, STATUS, Note, keep_body, note
from specduet.mocks.control.sessions import HEADER, BadSession, Session, Sessions
from specduet.mocks.error_responses import ProblemDetails
from specduet.mocks.handler import Handler
from specduet.mocks.prefer import BadPreference
from specduet.mocks.request import Request
from specduet.mocks.responses import Answer, Send
from specduet.mocks.routing import Unrouted
from specduet.specs import Api


class Control:
    """``plane`` is the control plane's own API, whose requests are no part of what they control."""

    def __init__(self, sessions: Sessions, plane: Api | None) -> None:
        self._sessions = sessions
        self._default = sessions.default
        self._settings = sessions.settings
        self._plane = plane

    def handle(self, handler: Handler | Unrouted, request: Request, send: Send) -> Awaitable[None]:
        """See to one request, from its headers to the last byte of its answer. Nothing is awaited before that."""
        headers = request.headers
        if b"origin" in headers:
            if cors.is_preflight(request.method, headers):
                return cors.answer_preflight(headers, send)
            send = cors.allowing(headers[b"origin"], send)
        if isinstance(handler, Unrouted):
            return self._nowhere(handler, request, send)
        if handler.api is self._plane:
            return self._alone(handler, request, send)
        session = self._default
        if HEADER in headers:
            try:
                session = self._session(request)
            except BadSession as error:
                return responses.deliver(ProblemDetails().refuse(error.status, error.message), request.method, send)
        api, operation = handler.api.name, handler.operation.id
        taken = note(request.scope, api, operation)
        session.journal.add(taken)
        if session.faults.active:
            injection = session.faults.draw(api, operation)
            if injection is not None:
                return self._spoil(injection, session, handler, request, taken, send)
        return self._answer(session, handler, request, taken, send)

    async def _answer(self, session: Session, handler: Handler, request: Request, taken: Note, send: Send) -> None:
        if handler.takes_body:
            await request.read(self._settings.max_body)
        world = session.world(handler.api.name)
        if b"prefer" in request.headers:
            answer = await prefer.answer(handler, request, world, self._settings.seed)
        else:
            answer = handler.answer(request, world)
        taken[STATUS] = answer.status
        if request.body:
            keep_body(taken, request.body)
        await responses.deliver(answer, request.method, send)

    async def _alone(self, handler: Handler, request: Request, send: Send) -> None:
        """The control plane's own requests are noted nowhere."""
        if handler.takes_body:
            await request.read(self._settings.max_body)
        await responses.deliver(handler.answer(request), request.method, send)

    async def _nowhere(self, unrouted: Unrouted, request: Request, send: Send) -> None:
        answer = unrouted.answer(request)
        if not (self._plane and request.scope["path"].startswith(PREFIX)):
            try:
                session = self._session(request)
            except BadSession:
                session = self._default
            taken = note(request.scope, None, None)
            taken[STATUS] = answer.status
            session.journal.add(taken)
        await responses.deliver(answer, request.method, send)

    def _session(self, request: Request) -> Session:
        name = request.headers.get(HEADER)
        return self._default if name is None or self._plane is None else self._sessions.named(name)

    async def _spoil(
        self, injection: Injection, session: Session, handler: Handler, request: Request, taken: Note, send: Send
    ) -> None:
        taken[FAULT] = injection.mark
        if injection.delay:
            await asyncio.sleep(injection.delay)
        spoiler, send = injection.spoiler or {}, fault_effects.marking(injection, send)
        if injection.kind not in {"error", "reset"}:
            if injection.kind == "truncate":
                send = fault_effects.cutting(spoiler.get("keep"), request.scope, request.receive, send)
            await self._answer(session, handler, request, taken, send)
            return
        await request.read(self._settings.max_body)  # for the journal alone
        if request.body:
            keep_body(taken, request.body)
        if injection.kind == "reset":
            await fault_effects.drop(request.scope, request.receive)
            return
        answer = _error(handler, spoiler["status"], spoiler.get("retry_after"), self._settings.seed)
        taken[STATUS] = answer.status
        await responses.deliver(answer, request.method, send)


def _error(handler: Handler, status: int, retry_after: int | None, seed: int) -> Answer:
    """The documented answer of a status, else what the API's refusals look like."""
    try:
        answer = prefer.made(handler, status, f"{seed}/fault")
    except BadPreference:
        answer = handler.dialect.refuse(status)
    if retry_after is not None:
        answer.headers.append((b"retry-after", b"%d" % retry_after))
    return answer
