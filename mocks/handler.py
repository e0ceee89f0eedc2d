"""The handler of one operation, compiled at start-up: a request in, a response out.

    parse the body -> check the credential -> validate parameters and body -> perform the action in the world

This is FastAPI's order, so that of several mistakes in a request the same one is reported.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

import msgspec

from specduet.mocks import error_responses, responses
from specduet.mocks.bounded_cache import BoundedCache
from specduet.mocks.credentials import ANONYMOUS, build_authenticator
from specduet.mocks.documented_errors import choose_documented_dialect
from specduet.mocks.documented_responses import DocumentedResponses
from specduet.mocks.error_responses import HttpError
from specduet.mocks.generation.values import CannotGenerate
from specduet.mocks.media_types import choose_concrete_type, choose_content, get_kind
from specduet.mocks.request import MAX_QUERY_BYTES, Request
from specduet.mocks.request_body import ABSENT_BODY, BodyReader
from specduet.mocks.request_parameters import RequestParameters
from specduet.mocks.responses import HttpResponse, Receive, wait_for_disconnect
from specduet.mocks.settings import CallerIdentity, Settings
from specduet.mocks.validation import Problem, make_problem
from specduet.mocks.world import UnknownScopeValue, WindowTooOld, World
from specduet.specs import Api, Operation
from specduet.specs.statement import DURATION_UNITS

# The number of requests of one operation whose validation is cached, and the longest: texts that count, in bytes.
# speed: without the cache, "list" costs 17 % more processor time, "start" 24 %, "422" 55 % (make bench ARGS='--only
# tricks', 2026-11-28)
_CACHE_SIZE = 512
_MAX_CACHED_LENGTH = 1_024
_logger = logging.getLogger(__name__)
_NO_BODY: tuple[Any, Sequence[Problem]] = (ABSENT_BODY, ())


class ValidatedRequest(msgspec.Struct, frozen=True, eq=False):
    """The values of a valid request."""

    parameters: Mapping[str, Any]
    """Values of the parameters by name, defaults filled in."""
    body: Any
    """Parsed body; ``ABSENT_BODY`` if there is none."""
    caller: CallerIdentity


WorldLookup = Callable[[str], World]
"""A function from the name of an API to its world."""
Action = Callable[["OperationHandler", World, ValidatedRequest, Request], HttpResponse]
"""The work of an operation, done once the request has been found valid. Raises ``HttpError``."""


class OperationHandler:
    """The handler of one operation of one API."""

    def __init__(
        self, api: Api, operation: Operation, settings: Settings, find_world: WorldLookup, action: Action | None = None
    ) -> None:
        """``action`` is performed instead of the one that the overlay states for the operation."""
        self.api = api
        self.operation = operation
        self.base_path = operation.base_path if settings.base_path is None else settings.base_path
        """Path below which the operation is served: ``/v1``, or an empty text."""
        self.full_path = self.base_path + operation.path
        self.dialect = choose_documented_dialect(api, operation, self.full_path)
        self.documented = DocumentedResponses(api, operation)
        self.success_status = self.documented.usual_status
        self._row_media_type, self._has_headers = _find_row_form(operation, self.success_status)
        self.seed = settings.seed
        self._find_world = find_world
        self._authenticator = build_authenticator(api, operation, settings)
        self._parameters = RequestParameters(api.schemas, operation)
        self._body_reader = BodyReader(api, operation, self.dialect) if operation.body else None
        self.reads_body = self._body_reader is not None
        """True if the body of a request has to be read before ``respond``."""
        credential_headers = self._authenticator.header_names if self._authenticator else ()
        self._header_names = [b"content-type", *self._parameters.header_names, *credential_headers]
        """Names of all headers that validation depends on."""
        self._validations: BoundedCache[tuple[Any, ...], ValidatedRequest | HttpResponse] = BoundedCache(_CACHE_SIZE)
        self.action = action or _choose_action(operation)

    def respond(self, request: Request, world: World | None = None, action: Action | None = None) -> HttpResponse:
        """Return the response to a request whose body has been read, if the handler ``reads_body``.

        Without a ``world`` it is the one of the default session. ``action`` is performed instead of the operation's
        own. Whatever the document holds, an operation that cannot be served responds with 501, and others go on.
        """
        try:
            validated = self._validate_cached(request)
            if isinstance(validated, HttpResponse):  # a copy, for headers may be added to it
                return HttpResponse(validated.status, [*validated.headers], validated.body, reason=validated.reason)
            return (action or self.action)(self, world or self._find_world(self.api.name), validated, request)
        except HttpError as error:
            return error.response
        except CannotGenerate as error:
            return error_responses.render_not_implemented(error.message)
        except Exception as error:
            _logger.debug("%s", self.operation.label, exc_info=True)
            return error_responses.render_not_implemented(f"{self.operation.label}: {type(error).__name__}: {error}")

    def make_row_response(self, body: bytes, request: Request) -> HttpResponse:
        """Return the success response with a body in JSON, under the documented media type and headers."""
        response = responses.make_response(self.success_status, body, self._row_media_type)
        if self._has_headers:
            response.headers += self.documented.make_headers(self.success_status, request)
        return response

    def _validate_cached(self, request: Request) -> ValidatedRequest | HttpResponse:
        """Return the validated request or its error response; the same texts always give the same."""
        if len(request.query_string) > MAX_QUERY_BYTES:
            return self.dialect.render_error(414)
        if request.body is None:
            return self.dialect.render_error(413)
        headers = map(request.headers.get, self._header_names)
        texts = (*request.path_values, request.query_string, request.body, *headers)
        validated = self._validations.get(texts)
        if validated is None:
            try:
                validated = self._validate_request(request)
            except HttpError as error:
                validated = error.response
            if sum(map(len, filter(None, texts))) <= _MAX_CACHED_LENGTH:
                self._validations.store(texts, validated)
        return validated

    def _validate_request(self, request: Request) -> ValidatedRequest:
        body, body_problems = _NO_BODY
        if self._body_reader is not None:
            body, body_problems = self._body_reader.read(request.body or b"", request)
        caller = self._require_caller(request)
        parameters, problems = self._parameters.read(request)
        if problems or body_problems:
            raise HttpError(self.dialect.render_validation_error([*problems, *body_problems]))
        return ValidatedRequest(parameters, body, caller)

    def _require_caller(self, request: Request) -> CallerIdentity:
        """Return the caller of a request. Raises ``HttpError`` if its credential is missing or wrong."""
        if self._authenticator is None:
            return ANONYMOUS
        caller = self._authenticator.authenticate(request)
        if isinstance(caller, CallerIdentity):
            return caller
        challenge, wrong = self._authenticator.challenge, caller == "wrong"
        raise HttpError(
            error_responses.render_unauthorized(self.api, self.operation, self.dialect, challenge, wrong=wrong)
        )


def _find_row_form(operation: Operation, status: int) -> tuple[bytes, bool]:
    """Return the media type of rows, and True if headers are documented for them."""
    response = operation.response_for(status)
    content = choose_content(response.content.values()) if response else None
    media_type = choose_concrete_type(content) if content else ""
    is_json = bool(media_type) and get_kind(media_type) == "json"
    return media_type.encode("latin-1", "replace") if is_json else responses.JSON, bool(response and response.headers)


def _choose_action(operation: Operation) -> Action:
    """Return the action that the overlay states for an operation; without a statement, an example is the response."""
    behavior = operation.behavior
    if behavior.lists:
        return _list_rows
    if behavior.fetches:
        return _fetch_row
    if behavior.creates:
        return _create_row
    return _watch_row if behavior.watches else _respond_with_example


def _with_error_responses(action: Action) -> Action:
    """Return the action with errors of the world turned into error responses."""

    def run_action(
        handler: OperationHandler, world: World, validated: ValidatedRequest, request: Request
    ) -> HttpResponse:
        try:
            return action(handler, world, validated, request)
        except UnknownScopeValue as error:
            resource = error.parameter.removesuffix("_id").removesuffix("Id")
            raise HttpError(handler.dialect.render_error(error.status, _not_found_message(resource))) from None
        except WindowTooOld as error:
            problem = _build_too_old_problem(error, request)
            raise HttpError(handler.dialect.render_validation_error([problem])) from None

    return run_action


@_with_error_responses
def _list_rows(handler: OperationHandler, world: World, validated: ValidatedRequest, request: Request) -> HttpResponse:
    rows = world.list_rows(handler.operation, validated.parameters, validated.caller)
    return handler.make_row_response(rows, request)


@_with_error_responses
def _fetch_row(handler: OperationHandler, world: World, validated: ValidatedRequest, request: Request) -> HttpResponse:
    statement = handler.operation.behavior.fetches
    assert statement is not None
    row = world.fetch_row(handler.operation, validated.parameters, validated.caller)
    if row is None:
        return handler.dialect.render_error(statement.unknown, _not_found_message(statement.resource))
    return handler.make_row_response(row, request)


@_with_error_responses
def _create_row(handler: OperationHandler, world: World, validated: ValidatedRequest, request: Request) -> HttpResponse:
    body = validated.body if isinstance(validated.body, dict) else None
    row = world.create_row(handler.operation, validated.parameters, body, validated.caller)
    return handler.make_row_response(row, request)


@_with_error_responses
def _watch_row(handler: OperationHandler, world: World, validated: ValidatedRequest, request: Request) -> HttpResponse:
    """Respond with the status events of a row: those so far as a list, or all until its end as a stream of events."""
    statement = handler.operation.behavior.watches
    assert statement is not None
    if responses.EVENT_STREAM in request.headers.get(b"accept", b""):
        stream = world.stream_status_events(handler.operation, validated.parameters, validated.caller)
        if stream is not None:
            pieces = _stream_server_sent_events(stream, request.receive)
            return responses.make_streaming_response(pieces, responses.EVENT_STREAM)
    events = world.list_status_events(handler.operation, validated.parameters, validated.caller)
    if events is None:
        return handler.dialect.render_error(statement.unknown, _not_found_message(statement.resource))
    return handler.make_row_response(b"[" + b",".join(events) + b"]", request)


def _respond_with_example(
    handler: OperationHandler, _world: World, validated: ValidatedRequest, request: Request
) -> HttpResponse:
    """Respond with a documented example, or with a body that the schema allows, the same for the same parameters."""
    status = handler.success_status
    if not handler.documented.is_acceptable(status, request):
        return handler.dialect.render_error(406)
    key = f"{handler.api.name}/{handler.operation.id}/{handler.seed}/{validated.parameters}"
    return handler.documented.make_response(status, request, key)


async def _stream_server_sent_events(events: AsyncIterator[bytes], receive: Receive) -> AsyncIterator[bytes]:
    """Yield events in the event stream format (HTML Living Standard, section 9.2.6) until they or the client end.

    An event is JSON in bytes, which has no line breaks: ``data: {"status":"running"}``.
    """
    disconnect = asyncio.ensure_future(wait_for_disconnect(receive))
    try:
        while True:
            next_event = asyncio.ensure_future(_get_next_event(events))
            await asyncio.wait({next_event, disconnect}, return_when=asyncio.FIRST_COMPLETED)
            event = next_event.result() if next_event.done() else None
            if event is None:
                next_event.cancel()
                return
            yield b"data: " + event + b"\n\n"
    finally:
        disconnect.cancel()


async def _get_next_event(events: AsyncIterator[bytes]) -> bytes | None:
    return await anext(events, None)


def _build_too_old_problem(error: WindowTooOld, request: Request) -> Problem:
    """Return the problem as pydantic words an error that a validator raises."""
    value = dict(request.parse_query()).get(error.parameter)
    number, unit = error.oldest[1:-1], DURATION_UNITS[error.oldest[-1]]
    message = f"Value error, should not be more than {number} {unit} ago"
    return make_problem("value_error", ("query", error.parameter), message, value)


def _not_found_message(resource: str) -> str:
    """Return ``Crew run not found`` for ``crew-run``."""
    return f"{resource.replace('-', ' ').replace('_', ' ').capitalize()} not found"
