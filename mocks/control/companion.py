"""What accompanies every request: its session, its entry in the journal, faults, preferences, and CORS."""

import asyncio
import contextlib

from mocks import answers, cors, prefer
from mocks.answers import Answer, Send
from mocks.control import spoiling
from mocks.control.faults import Injection
from mocks.control.journal import Entry
from mocks.control.plane import PREFIX
from mocks.control.sessions import HEADER, BadSession, Session, Sessions
from mocks.handler import Handler
from mocks.prefer import BadPreference
from mocks.refusals import ProblemDetails
from mocks.request import Request, TooLarge
from specs import Api


class Control:
    """``plane`` is the control plane's own API, whose requests are no part of what they control."""

    def __init__(self, sessions: Sessions, plane: Api | None) -> None:
        self._sessions = sessions
        self._settings = sessions.settings
        self._plane = plane

    async def handle(self, handler: Handler, request: Request, send: Send) -> None:
        """See to one request, from its headers to the last byte of its answer."""
        headers = request.headers
        if b"origin" in headers:
            if cors.is_preflight(request.method, headers):
                await cors.answer_preflight(headers, send)
                return
            send = cors.allowing(headers[b"origin"], send)
        if self._is_ours(handler, request):
            await answers.deliver(await handler.answer(request), request.method, send)
            return
        try:
            session = self._session(headers.get(HEADER))
        except BadSession as error:
            await answers.deliver(ProblemDetails().refuse(error.status, error.message), request.method, send)
            return
        await self._serve(session, handler, request, send)

    def _is_ours(self, handler: Handler, request: Request) -> bool:
        if self._plane is None:
            return False
        return handler.api is self._plane or (handler.api is None and request.scope["path"].startswith(PREFIX))

    def _session(self, name: bytes | None) -> Session:
        return self._sessions.default if name is None or self._plane is None else self._sessions.named(name)

    async def _serve(self, session: Session, handler: Handler, request: Request, send: Send) -> None:
        entry = Entry(request.scope)
        session.journal.add(entry)
        try:
            if handler.operation is None:
                await self._deliver(await handler.answer(request), entry, request, send)
                return
            entry.api, entry.operation = handler.api.name, handler.operation.id
            injection = session.faults.draw(entry.api, entry.operation) if session.faults.active else None
            if injection is None:
                await self._deliver(await self._answer(session, handler, request), entry, request, send)
            else:
                entry.fault = injection.mark
                await self._spoil(injection, session, handler, request, entry, send)
        finally:
            entry.body = request.body
            entry.close()

    async def _answer(self, session: Session, handler: Handler, request: Request) -> Answer:
        world = session.world(handler.api.name)
        if b"prefer" in request.headers:
            return await prefer.answer(handler, request, world, self._settings.seed)
        return await handler.answer(request, world)

    async def _deliver(self, answer: Answer, entry: Entry, request: Request, send: Send) -> None:
        entry.status = answer.status
        await answers.deliver(answer, request.method, send)

    async def _spoil(
        self, injection: Injection, session: Session, handler: Handler, request: Request, entry: Entry, send: Send
    ) -> None:
        if injection.delay:
            await asyncio.sleep(injection.delay)
        spoiler, send = injection.spoiler or {}, spoiling.marking(injection, send)
        if injection.kind in {"error", "reset"}:
            with contextlib.suppress(TooLarge):  # read for the journal alone
                await request.read(self._settings.max_body)
        if injection.kind == "reset":
            await spoiling.drop(request.scope, request.receive)
        elif injection.kind == "error":
            answer = _error(handler, spoiler["status"], spoiler.get("retry_after"), self._settings.seed)
            await self._deliver(answer, entry, request, send)
        else:
            if injection.kind == "truncate":
                send = spoiling.cutting(spoiler.get("keep"), request.scope, request.receive, send)
            await self._deliver(await self._answer(session, handler, request), entry, request, send)


def _error(handler: Handler, status: int, retry_after: int | None, seed: int) -> Answer:
    """The documented answer of a status, else what the API's refusals look like."""
    try:
        answer = prefer.made(handler, status, f"{seed}/fault")
    except BadPreference:
        answer = handler.dialect.refuse(status)
    if retry_after is not None:
        answer.headers.append((b"retry-after", b"%d" % retry_after))
    return answer
