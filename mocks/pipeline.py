"""The pipeline of one HTTP request, from its first byte to the last byte of its response.

A request takes these steps, in this order:

1.  The server (server.py) parses it and calls the ASGI application (app.py).
2.  ``Mock.__call__`` finds its handler: in the RouteCache, or, for a path that is new, by asking Connexion which
    operation the path is (routing.py). The handler is the OperationHandler of one operation or the NotFoundHandler.
3.  ``RequestPipeline.handle`` takes over, below.

    a. A head that is too large or without ``Host`` is refused (request_head.py), and whoever may not use the control
       plane (control/access.py).
    b. CORS (cors.py): a preflight is responded to at once; any other request with an ``Origin`` gets the CORS headers
       on its response.
    c. A request of no operation, or to the control plane (control/api.py), takes a shorter way: no faults, no Prefer.
       ``GET /`` shows the index (index_page.py).
    d. The session is chosen by ``X-Mock-Session`` (control/sessions.py): its worlds, clock, faults and journal.
    e. An entry is added to the session's journal (control/journal.py). Status and body follow when they are known.
    f. The session's faults are drawn (control/faults.py). A fault delays the response, cuts its body short, replaces it
       by an error, or resets the connection (control/fault_effects.py).
    g. The body is read, up to ``Settings.max_body`` bytes (request.py).
    h. A ``Prefer`` header may choose the response and delay it (prefer.py).
    i. OperationHandler (handler.py) parses and validates the request and performs its action: on rows (row_actions.py)
       in the world (world/), else an example. Or it renders an error response (error_responses.py).
    j. The response is sent (responses.py).
"""

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Any

from specduet.mocks import cors, prefer, responses
from specduet.mocks.control import fault_effects
from specduet.mocks.control.access import explain_refusal
from specduet.mocks.control.api import CONTROL_PREFIX
from specduet.mocks.control.faults import Injection
from specduet.mocks.control.journal import FAULT_INDEX, REASON_INDEX, STATUS_INDEX, OpenEntry, open_entry
from specduet.mocks.control.sessions import SESSION_HEADER, BadSession, Session, SessionRegistry
from specduet.mocks.error_responses import ProblemDetailsDialect
from specduet.mocks.generation.values import CannotGenerate
from specduet.mocks.handler import OperationHandler
from specduet.mocks.index_page import IndexPage
from specduet.mocks.prefer import BadPreference
from specduet.mocks.refusal_reasons import describe_reason
from specduet.mocks.request import Request
from specduet.mocks.request_head import refuse_head
from specduet.mocks.responses import HttpResponse, Send
from specduet.mocks.routing import NotFoundHandler, get_normalized_path
from specduet.mocks.signed_files import FILES_PREFIX, FileRefused
from specduet.specs import Api


class RequestPipeline:
    """The steps that every request takes around its handler: CORS, session, journal, faults, Prefer, body, sending.

    ``control_api`` is the API of the control plane; None if it is switched off. Its requests are not recorded in the
    journal, and no fault strikes them.
    """

    def __init__(self, sessions: SessionRegistry, control_api: Api | None, index: IndexPage) -> None:
        self._sessions = sessions
        self._files = sessions.files
        self._default_session = sessions.default
        self._settings = sessions.settings
        self._control_api = control_api
        self._index = index

    def handle(self, handler: OperationHandler | NotFoundHandler, request: Request, send: Send) -> Awaitable[None]:
        """Return the awaitable that handles a request. CORS, session, journal and faults are done before it returns."""
        headers = request.headers
        is_aside = isinstance(handler, NotFoundHandler) or handler.api is self._control_api
        refusal = refuse_head(request)
        if refusal is None and is_aside:
            refusal = self._refuse_control(handler, request)
        if refusal is not None:
            return _send_response(refusal, request, send)
        if b"origin" in headers:
            if cors.is_preflight(request.method, headers):
                return _send_response(cors.make_preflight_response(headers), request, send)
            send = cors.add_cors_headers(headers[b"origin"], send)
        if is_aside or isinstance(handler, NotFoundHandler):
            return self._handle_aside(handler, request, send)
        session = self._default_session
        if SESSION_HEADER in headers:
            try:
                session = self._find_session(request)
            except BadSession as error:
                response = ProblemDetailsDialect().render_error(error.status, error.message)
                return _send_response(response, request, send)
        api, operation = handler.api.name, handler.operation.id
        entry = open_entry(request.scope, api, operation, request.head_bytes)
        session.journal.add(entry, request.head_bytes)
        if session.faults.active_faults:
            injection = session.faults.draw_injection(api, operation)
            if injection is not None:
                return self._inject_fault(injection, session, handler, request, entry, send)
        return self._run_operation(session, handler, request, entry, send)

    def _refuse_control(self, handler: OperationHandler | NotFoundHandler, request: Request) -> HttpResponse | None:
        """Return the response to a request that may not use the control plane; None for any other request."""
        is_elsewhere = isinstance(handler, NotFoundHandler) and not self._is_control_path(request)
        reason = "" if is_elsewhere else explain_refusal(request, self._settings.control_token)
        return ProblemDetailsDialect().render_error(403, reason) if reason else None

    def _is_control_path(self, request: Request) -> bool:
        """Return whether a path belongs to the control plane, whatever stands there."""
        return self._control_api is not None and get_normalized_path(request.scope).startswith(CONTROL_PREFIX)

    async def _run_operation(
        self, session: Session, handler: OperationHandler, request: Request, entry: OpenEntry, send: Send
    ) -> None:
        """Read the body, let the handler respond as the request prefers, complete the journal entry, and send."""
        if handler.reads_body:
            await request.read_body(self._settings.max_body)
        world = session.get_world(handler.api.name)
        if b"prefer" in request.headers:
            response = await prefer.respond(handler, request, world, self._settings.seed)
        else:
            response = handler.respond(request, world)
        self._files.sign_response(handler.api.name, response, request, session.clock)
        entry[STATUS_INDEX] = response.status
        if response.reason:
            entry[REASON_INDEX] = describe_reason(response)
        if request.body:
            session.journal.record_body(entry, request.body)
        await _send_response(response, request, send)

    def _handle_aside(
        self, handler: OperationHandler | NotFoundHandler, request: Request, send: Send
    ) -> Awaitable[None]:
        """Return the awaitable that handles a request of no operation of the APIs."""
        if isinstance(handler, NotFoundHandler):
            return self._handle_not_found(handler, request, send)
        return self._handle_control(handler, request, send)

    async def _handle_control(self, handler: OperationHandler, request: Request, send: Send) -> None:
        """Respond to a request to the control plane, which is recorded in no journal."""
        if handler.reads_body:
            await request.read_body(self._settings.max_body)
        await _send_response(handler.respond(request), request, send)

    async def _handle_not_found(self, handler: NotFoundHandler, request: Request, send: Send) -> None:
        """Respond to a request of no operation. It is recorded, unless it is for the index or the control plane."""
        try:
            session = self._find_session(request)
        except BadSession:
            session = self._default_session
        path = get_normalized_path(request.scope)
        if request.method in {"GET", "HEAD"} and self._index.is_at(path) and handler.find_route(request) is None:
            await _send_response(self._index.respond(request, path, session), request, send)
            return
        is_file = path.startswith(FILES_PREFIX) and request.method in {"GET", "HEAD"}
        response = self._serve_file(path, request, session) if is_file else handler.respond(request)
        if not self._is_control_path(request):
            entry = open_entry(request.scope, None, None, request.head_bytes)
            entry[STATUS_INDEX], entry[REASON_INDEX] = response.status, describe_reason(response)
            session.journal.add(entry, request.head_bytes)
        await _send_response(response, request, send)

    def _serve_file(self, path: str, request: Request, session: Session) -> HttpResponse:
        """Return the file of a signed address, or the refusal of an address."""
        try:
            return self._files.serve(path, request.query_string, session.clock.current_micros())
        except FileRefused as error:
            return ProblemDetailsDialect().render_error(error.status, str(error))

    def _find_session(self, request: Request) -> Session:
        """Return the session that a request names, else the default one. Raises ``BadSession``."""
        name = request.headers.get(SESSION_HEADER)
        if name is None or self._control_api is None:
            return self._default_session
        return self._sessions.get_or_create(name)

    async def _inject_fault(
        self,
        injection: Injection,
        session: Session,
        handler: OperationHandler,
        request: Request,
        entry: OpenEntry,
        send: Send,
    ) -> None:
        """Respond as the drawn faults demand: late, cut short, with an error, or by resetting the connection."""
        entry[FAULT_INDEX] = injection.header_value
        if injection.delay:
            await asyncio.sleep(injection.delay)
        effect, send = injection.effect or {}, fault_effects.add_fault_header(injection, send)
        if injection.kind not in {"error", "reset"}:
            if injection.kind == "truncate":
                send = fault_effects.truncate_body(effect.get("keep"), request.scope, request.receive, send)
            await self._run_operation(session, handler, request, entry, send)
            return
        await request.read_body(self._settings.max_body)  # for the journal alone
        if request.body:
            session.journal.record_body(entry, request.body)
        if injection.kind == "reset":
            await fault_effects.reset_connection(request.scope, request.receive)
            return
        response = _build_injected_error(handler, request, effect, self._settings.seed)
        entry[STATUS_INDEX] = response.status
        await _send_response(response, request, send)


def _send_response(response: HttpResponse, request: Request, send: Send) -> Awaitable[None]:
    """Send a response and note it on the request, for the request log."""
    request.response = response
    return responses.send_response(response, request.method, send)


def _build_injected_error(
    handler: OperationHandler, request: Request, effect: Mapping[str, Any], seed: int
) -> HttpResponse:
    """Return the documented response of a fault's status, else an error response in the API's dialect.

    ``effect`` is ``{"status": 503, "retry_after": 2}``; the second, in seconds, may be missing.
    """
    status, retry_after = effect["status"], effect.get("retry_after")
    try:
        response = prefer.make_documented_response(handler, request, status, f"{seed}/fault")
    except (BadPreference, CannotGenerate):
        response = handler.dialect.render_error(status)
    if retry_after is not None:
        response.headers = [pair for pair in response.headers if pair[0] != b"retry-after"]
        response.headers.append((b"retry-after", b"%d" % retry_after))
    return response
