"""The handler of one operation, compiled at start-up: a request in, a response out.

    parse the body -> check the credential -> validate parameters and body -> perform the action in the world

This is FastAPI's order, so that of several mistakes in a request the same one is reported.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import msgspec

from specduet.mocks import error_responses, responses
from specduet.mocks.bounded_cache import BoundedCache
from specduet.mocks.byte_ranges import cut_range
from specduet.mocks.credentials import ANONYMOUS, build_authenticator
from specduet.mocks.documented_errors import choose_documented_dialect
from specduet.mocks.documented_responses import BODILESS_STATUSES, DocumentedResponses
from specduet.mocks.error_responses import HttpError
from specduet.mocks.generation.values import CannotGenerate
from specduet.mocks.media_types import choose_concrete_type, choose_content, get_kind
from specduet.mocks.path_templates import normalize_path
from specduet.mocks.request import MAX_QUERY_BYTES, Request
from specduet.mocks.request_body import ABSENT_BODY, BODY_HEADERS, BodyReader
from specduet.mocks.request_parameters import RequestParameters
from specduet.mocks.request_places import read_place
from specduet.mocks.responses import HttpResponse
from specduet.mocks.settings import CallerIdentity, Settings
from specduet.mocks.validation import Problem
from specduet.mocks.webhooks.subscriptions import find_subscription_plans
from specduet.mocks.world import World
from specduet.mocks.world.creation import to_json_value
from specduet.mocks.world.derived_fields import put_path
from specduet.mocks.world.self_links import MOCK_ADDRESS, find_link_paths
from specduet.mocks.world.sent_values import add_sent_values, list_sent_names
from specduet.specs import Api, Operation
from specduet.specs.request_statements import Echoes

EXAMPLE_HEADER = (b"x-mock-example", b"its rows do not fit the documented response")
"""The header of an example that stands for rows: what it shows was neither created nor can it be fetched."""

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
        """``action`` is performed for a valid request; without it, the response is an example."""
        self.api = api
        self.operation = operation
        self.base_path = operation.base_path if settings.base_path is None else settings.base_path
        """Path below which the operation is served: ``/v1``, or an empty text."""
        self._plain_base = self.base_path.rstrip("/")
        self.full_path = self.base_path + operation.path
        self.dialect = choose_documented_dialect(api, operation, self.full_path)
        self.documented = DocumentedResponses(api, operation)
        self.success_status = self.documented.usual_status
        self._row_media_type, self._has_headers = _find_row_form(operation, self.success_status)
        self.has_json = bool(self._row_media_type)
        """True if rows come as JSON; else in a media type of their own, a stream of events for instance."""
        self._has_media_types = self.documented.has_media_types(self.success_status)
        success = operation.response_for(self.success_status)
        self.has_location = success is not None and any(name.lower() == "location" for name in success.headers)
        """True if the usual response has a ``Location``."""
        self.created_status = 201 if "201" in operation.responses else None
        """Status of the response to a creation, where it is not the usual one (RFC 9110, 15.3.2)."""
        self.sent_names = list_sent_names(operation.behavior)
        """Parameters of statements that are named by their place in a request: ``body/id``."""
        self.subscription_plans = find_subscription_plans(api, operation)
        """The webhooks about its rows that a request may ask for."""
        self.seed = settings.seed
        self._find_world = find_world
        self._authenticator = build_authenticator(api, operation, settings)
        self._parameters = RequestParameters(api.request_schemas, operation, is_fastapi=self.dialect.is_fastapi)
        self._body_reader = BodyReader(api, operation, self.dialect) if operation.body else None
        self.reads_body = self._body_reader is not None
        """True if the body of a request has to be read before ``respond``."""
        credential_headers = self._authenticator.header_names if self._authenticator else ()
        self._header_names = [*BODY_HEADERS, *self._parameters.header_names, *credential_headers]
        """Names of all headers that validation depends on."""
        self._validations: BoundedCache[tuple[Any, ...], ValidatedRequest | HttpResponse] = BoundedCache(_CACHE_SIZE)
        self.action = action or respond_with_example

    def respond(self, request: Request, world: World | None = None, action: Action | None = None) -> HttpResponse:
        """Return the response to a request whose body has been read, if the handler ``reads_body``.

        Without a ``world`` it is the one of the default session. ``action`` is performed instead of the operation's
        own. Whatever the document holds, an operation that cannot be served responds with 501, and others go on.
        """
        try:
            validated = self._validate_cached(request)
            if isinstance(validated, HttpResponse):
                return validated.copy()
            if action is None and not self.documented.is_acceptable(self.success_status, request):
                return self.dialect.render_error(406)
            if self.sent_names:
                values = add_sent_values(self.sent_names, validated.parameters, validated.body)
                validated = msgspec.structs.replace(validated, parameters=values)
            response = self._perform(
                action or self.action, world or self._find_world(self.api.name), validated, request
            )
            echoes = self.operation.behavior.echoes
            return response if echoes is None else _echo_values(echoes, response, validated, request)
        except HttpError as error:
            return error.response
        except CannotGenerate as error:
            return error_responses.render_not_implemented(error.message)
        except Exception as error:
            _logger.debug("%s", self.operation.label, exc_info=True)
            return error_responses.render_not_implemented(f"{self.operation.label}: {type(error).__name__}: {error}")

    def find_base(self, request: Request) -> str:
        """Return the path below which a client reaches the operation: the proxy's, and that of its server."""
        root = request.scope.get("root_path", "")
        return (normalize_path(root) if root else "") + self._plain_base

    @cached_property
    def _has_links(self) -> bool:
        """True if rows hold links to themselves."""
        subject = self.operation.behavior.subject
        return subject is not None and bool(find_link_paths(self.api, self.api.resources[subject.resource]))

    def _perform(self, action: "Action", world: World, validated: ValidatedRequest, request: Request) -> HttpResponse:
        """Perform an action. One that only inference gave the operation is replaced by an example where it fails."""
        try:
            return action(self, world, validated, request)
        except HttpError:
            raise
        except Exception:
            subject = self.operation.behavior.subject
            if subject is None or not self.api.resources[subject.resource].is_inferred:
                raise
            _logger.debug("%s", self.operation.label, exc_info=True)
            example = respond_with_example(self, world, validated, request)
            return msgspec.structs.replace(example, headers=[*example.headers, EXAMPLE_HEADER])

    def make_row_response(self, body: bytes, request: Request, status: int | None = None) -> HttpResponse:
        """Return the success response with a body in JSON, in the documented media type that the client accepts.

        A ``status`` that documents no body has none.
        """
        if self._has_links:
            body = body.replace(MOCK_ADDRESS, f"{request.origin}{self.find_base(request)}".encode())
        if status is not None and status != self.success_status:
            response = self.documented.encode_row(status, body, request)
            response.headers += self.documented.make_headers(status, request)
            return response
        if not self._row_media_type or (self._has_media_types and b"accept" in request.headers):
            response = self.documented.encode_row(self.success_status, body, request)
        else:
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
        headers = map(request.join_header if request.has_repeated_headers else request.headers.get, self._header_names)
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


def _echo_values(echoes: Echoes, response: HttpResponse, validated: ValidatedRequest, request: Request) -> HttpResponse:
    """Put values of the request into a success, where statements say so."""
    if response.status >= 300 or not response.body:
        return response
    value = msgspec.json.decode(response.body)
    for path, place in echoes.fields.items():
        found = read_place(place, validated.parameters, validated.body, request)
        if found is not None and isinstance(value, dict):
            put_path(value, path.split("."), to_json_value(found))
    return response.with_body(msgspec.json.encode(value))


def _find_row_form(operation: Operation, status: int) -> tuple[bytes, bool]:
    """Return the media type of rows, empty if it is not JSON, and True if headers are documented for them."""
    response = operation.response_for(status)
    has_content = response is not None and status not in BODILESS_STATUSES
    content = choose_content(response.content.values()) if response and has_content else None
    media_type = choose_concrete_type(content) if content else "" if response else responses.JSON.decode()
    name = media_type.encode("latin-1", "replace") if media_type and get_kind(media_type) == "json" else b""
    return name, bool(response and response.headers)


def respond_with_example(
    handler: OperationHandler, _world: World, validated: ValidatedRequest, request: Request
) -> HttpResponse:
    """Respond with a documented example, or with a body that the schema allows, the same for the same parameters.

    What a client sends to an operation of which nothing is known comes back, where the response has a place for it.
    """
    status = handler.success_status
    key = f"{handler.api.name}/{handler.operation.id}/{handler.seed}/{validated.parameters}"
    sent = validated.body if request.method in {"POST", "PUT", "PATCH"} else None
    response = handler.documented.make_response(status, request, key, sent=sent)
    return cut_range(handler.operation, handler.dialect, response, request.get_header(b"range"))
