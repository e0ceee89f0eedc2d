"""The actions of operations about rows: list, fetch, create, change, remove, and follow the status of one."""

from collections.abc import AsyncIterator, Mapping
from functools import partial, wraps
from hashlib import blake2b
from typing import Any

import msgspec

from specduet.mocks import event_streams, responses
from specduet.mocks.byte_ranges import cut_range
from specduet.mocks.error_responses import HttpError
from specduet.mocks.handler import Action, OperationHandler, ValidatedRequest, respond_with_example
from specduet.mocks.input_schemas import check_inputs
from specduet.mocks.request import Request
from specduet.mocks.responses import HttpResponse
from specduet.mocks.status_choices import find_alike, list_statuses
from specduet.mocks.stored_files import NO_FILE, StoredFile, read_file
from specduet.mocks.validation import Problem, make_problem
from specduet.mocks.webhooks.deliveries import Delivery
from specduet.mocks.webhooks.dispatcher import Dispatcher
from specduet.mocks.webhooks.reports import fill_report
from specduet.mocks.webhooks.subscriptions import read_subscription
from specduet.mocks.world import BadToken, Duplicate, RequestUrl, UnknownScopeValue, WindowTooOld, World
from specduet.mocks.world.index import StoredRow
from specduet.mocks.world.operation_plan import OperationPlan
from specduet.mocks.world.row_edits import BadPatch, read_changes
from specduet.mocks.world.row_feed import RowFeed
from specduet.specs import Operation
from specduet.specs.behavior import Acts
from specduet.specs.statement import DURATION_UNITS
from specduet.specs.stream_statements import EventStream

_REFUSALS = (409, 422, 400, 403)
"""Statuses of the response to a valid request that does not fit the row, in the order of their preference."""


def choose_action(operation: Operation) -> Action | None:
    """Return the action that statements give an operation; None where it is not about rows."""
    behavior = operation.behavior
    if operation.responses and not any(status.startswith("2") for status in operation.responses):
        return None  # no response that shows rows is documented
    actions = {
        _list_rows: behavior.lists,
        _fetch_row: behavior.fetches,
        _watch_row: behavior.watches,
        _download_file: behavior.downloads,
        _update_row: behavior.updates,
        _replace_row: behavior.replaces,
        _delete_row: behavior.deletes,
        _report_webhooks: behavior.delivers,
        _move_status: behavior.acts,
        _create_and_stream: behavior.creates if behavior.stream is not None else None,
        _create_row: behavior.creates,
    }
    return next((action for action, statement in actions.items() if statement is not None), None)


def _with_error_responses(action: Action) -> Action:
    """Return the action with errors of the world turned into error responses."""

    @wraps(action)
    def run_action(
        handler: OperationHandler, world: World, validated: ValidatedRequest, request: Request
    ) -> HttpResponse:
        try:
            return action(handler, world, validated, request)
        except UnknownScopeValue as error:
            raise HttpError(handler.dialect.render_error(error.status, _not_found_message(error.resource))) from None
        except WindowTooOld as error:
            problem = _build_too_old_problem(error, request)
            raise HttpError(handler.dialect.render_validation_error([problem])) from None
        except BadToken as error:
            place = error.parameter.split("/") if "/" in error.parameter else ("query", error.parameter)
            problem = make_problem("value_error", tuple(place), f"Value error, {error}", error.value)
            raise HttpError(handler.dialect.render_validation_error([problem])) from None
        except Duplicate as error:
            raise HttpError(_refuse(handler, error.status, str(error).capitalize())) from None
        except BadPatch as error:
            raise HttpError(_refuse(handler, 422, str(error))) from None

    return run_action


def _refuse(handler: OperationHandler, status: int, message: str) -> HttpResponse:
    """Return the refusal of a valid request, with the status that is meant or another documented one."""
    documented = handler.operation.responses
    choices = (status, *_REFUSALS)
    return handler.dialect.render_error(next((c for c in choices if str(c) in documented), status), message)


@_with_error_responses
def _list_rows(handler: OperationHandler, world: World, validated: ValidatedRequest, request: Request) -> HttpResponse:
    rendered = world.list_page(handler.operation, validated.parameters, validated.caller, partial(_read_url, request))
    response = handler.make_row_response(rendered.body, request)
    if rendered.headers:
        _set_headers(response, dict(rendered.headers))
    return response


@_with_error_responses
def _fetch_row(handler: OperationHandler, world: World, validated: ValidatedRequest, request: Request) -> HttpResponse:
    statement = handler.operation.behavior.fetches
    assert statement is not None
    if handler.operation.behavior.etag is None and not statement.within:
        body = world.fetch_row(handler.operation, validated.parameters, validated.caller)
        if body is None:
            return handler.dialect.render_error(statement.unknown, _not_found_message(statement.resource))
        return handler.make_row_response(body, request)
    plan, row = _find_row(handler, world, validated)
    if handler.operation.behavior.etag is None:
        return handler.make_row_response(world.render_row(plan, row), request)
    tag = _make_etag(world, plan, row)
    if tag in _read_tags(request, b"if-none-match"):
        return responses.make_empty_response(304, [(b"etag", tag.encode())])
    return _with_etag(handler.make_row_response(world.render_row(plan, row), request), tag)


def _find_row(handler: OperationHandler, world: World, validated: ValidatedRequest) -> tuple[OperationPlan, StoredRow]:
    """Return the row that a request names. Raises ``HttpError`` where there is none."""
    statement = handler.operation.behavior.lookup
    assert statement is not None
    plan = world.find_plan(handler.operation)
    row = world.find_row(plan, validated.parameters, validated.caller)
    if row is None:
        raise HttpError(handler.dialect.render_error(statement.unknown, _not_found_message(statement.resource)))
    status = world.decode_row(plan, row).get(plan.table.status_field or "") if statement.within else None
    if statement.within and status not in statement.within:
        raise HttpError(_refuse(handler, statement.outside, f"It is {status}"))
    return plan, row


@_with_error_responses
def _create_row(handler: OperationHandler, world: World, validated: ValidatedRequest, request: Request) -> HttpResponse:
    return _respond_with_new_row(handler, world, validated, request, {})


def _respond_with_new_row(
    handler: OperationHandler,
    world: World,
    validated: ValidatedRequest,
    request: Request,
    keys: Mapping[str, Any],
) -> HttpResponse:
    operation = handler.operation
    body = _make_row(handler, world, validated, request, keys)
    response = handler.make_row_response(body, request, handler.created_status)
    if response.status == 201 or handler.has_location:
        path = world.locate_newest_row(operation, validated.parameters)
        if path is not None:
            _set_headers(response, {"location": f"{request.origin}{handler.find_base(request)}{path}"})
    if operation.behavior.etag is not None:
        plan = world.find_plan(operation)
        return _with_etag(response, _make_etag(world, plan, world.newest_row(operation)))
    return response


def _make_row(
    handler: OperationHandler,
    world: World,
    validated: ValidatedRequest,
    request: Request,
    keys: Mapping[str, Any],
) -> bytes:
    """Create a row with its file, of which webhooks tell, and return the response that shows it.

    ``keys`` are fields that the row has whatever the request says. Raises ``HttpError`` for inputs that are wrong.
    """
    operation = handler.operation
    if operation.behavior.inputs is not None:
        check_inputs(handler, world, validated, request)
    statement = operation.behavior.creates
    file = read_file(request, statement.stores) if statement is not None and statement.stores is not None else None
    if file is not None:
        keys = {**world.describe_file(operation, file.describe, validated.body), **keys}
    body = world.create_row(operation, validated.parameters, validated.body, validated.caller, keys)
    if file is not None:
        world.newest_row(operation).file = file
    if handler.subscription_plans:
        _subscribe(handler, world, validated, request)
    return body


def _subscribe(handler: OperationHandler, world: World, validated: ValidatedRequest, request: Request) -> None:
    """Send the webhooks about the row that was just created to where the request wants them."""
    plan, address = world.find_plan(handler.operation), f"{request.origin}{handler.find_base(request)}"
    key = plan.table.identity_key(world.newest_row(handler.operation))
    for each in handler.subscription_plans:
        found = read_subscription(each, handler.api, key, address, validated.parameters, validated.body, request)
        if found is not None and isinstance(world.listener, Dispatcher):
            world.listener.subscribe(found)


@_with_error_responses
def _update_row(handler: OperationHandler, world: World, validated: ValidatedRequest, request: Request) -> HttpResponse:
    """Change what the body names: its properties, or by RFC 6902 where it is a list of operations."""
    plan, row = _find_row(handler, world, validated)
    _check_precondition(handler, world, plan, row, request)
    is_merge_patch = b"merge-patch" in request.headers.get(b"content-type", b"")
    changes = read_changes(plan, world.decode_row(plan, row), validated.body, merges=is_merge_patch)
    return _respond_with_change(handler, world, plan, row, changes, request)


@_with_error_responses
def _replace_row(
    handler: OperationHandler, world: World, validated: ValidatedRequest, request: Request
) -> HttpResponse:
    """Replace what a client may write; where the statement says so, an unknown id is created."""
    statement = handler.operation.behavior.replaces
    assert statement is not None
    plan = world.find_plan(handler.operation)
    row = world.find_row(plan, validated.parameters, validated.caller)
    if row is None:
        if not statement.creates:
            return handler.dialect.render_error(statement.unknown, _not_found_message(statement.resource))
        keys = plan.fit_identity(validated.parameters.get(statement.parameter))
        return _respond_with_new_row(handler, world, validated, request, keys)
    _check_precondition(handler, world, plan, row, request)
    assert plan.body_fields is not None
    changes = {**plan.body_fields.unsent_values, **plan.body_fields.read_values(validated.body)}
    return _respond_with_change(handler, world, plan, row, changes, request, is_replaced=True)


def _respond_with_change(
    handler: OperationHandler,
    world: World,
    plan: OperationPlan,
    row: StoredRow,
    changes: Mapping[str, Any],
    request: Request,
    *,
    is_replaced: bool = False,
) -> HttpResponse:
    body = world.change_row(plan, row, plan.without_identity(changes))
    status = handler.success_status
    if is_replaced and status == 201 and "200" in handler.operation.responses:
        status = 200
    response = handler.make_row_response(body, request, status)
    return response if handler.operation.behavior.etag is None else _with_etag(response, _make_etag(world, plan, row))


@_with_error_responses
def _delete_row(handler: OperationHandler, world: World, validated: ValidatedRequest, request: Request) -> HttpResponse:
    plan, row = _find_row(handler, world, validated)
    _check_precondition(handler, world, plan, row, request)
    return handler.make_row_response(world.remove_row(plan, row), request)


@_with_error_responses
def _move_status(
    handler: OperationHandler, world: World, validated: ValidatedRequest, request: Request
) -> HttpResponse:
    """Move the status of the row where its lifecycle allows it, and set what the body names."""
    statement = handler.operation.behavior.acts
    assert statement is not None
    if statement.membership is not None:
        return _change_membership(handler, world, validated, request, statement)
    plan, row = _find_row(handler, world, validated)
    changes: dict[str, Any] = {**statement.sets}
    if plan.body_fields is not None and validated.body:
        changes |= plan.body_fields.read_values(validated.body)
    lifecycle, field = plan.table.resource.behavior.status, plan.table.status_field
    if statement.to is not None and lifecycle is not None and field is not None:
        current, target = world.decode_row(plan, row).get(field), find_alike(statement.to, list_statuses(lifecycle))
        is_kept = current in statement.keeps
        if not is_kept and statement.refused >= 400 and target not in lifecycle.transitions.get(str(current), ()):
            return _refuse(handler, statement.refused, f"It is {current}, and cannot become {target or statement.to}")
        if target is not None and current not in lifecycle.terminal and not is_kept:  # what has ended stays as it is
            changes[field] = target
    body = world.change_row(plan, row, plan.without_identity(changes))
    if statement.stores is not None:
        row.file = NO_FILE if statement.stores == "none" else read_file(request, statement.stores)
    if plan.has_body and not plan.projection.shows_fields:
        return respond_with_example(handler, world, validated, request)
    return handler.make_row_response(body, request)


def _change_membership(
    handler: OperationHandler, world: World, validated: ValidatedRequest, request: Request, statement: Acts
) -> HttpResponse:
    """Let the row join or leave the members of the parent that the path names, or say that it is one of them."""
    plan, joins = world.find_plan(handler.operation), statement.membership == "joins"
    row = world.find_row(plan, validated.parameters, validated.caller, joins=joins)
    if row is None:
        return handler.dialect.render_error(statement.unknown, _not_found_message(statement.resource))
    is_new = statement.membership != "asks" and world.change_membership(plan, row, validated.parameters, joins=joins)
    if joins and is_new:
        status = handler.created_status
    else:
        status = next((code for code in (200, 204) if str(code) in handler.operation.responses), None)
    if plan.has_body and not plan.projection.shows_fields:
        return respond_with_example(handler, world, validated, request)
    return handler.make_row_response(world.render_row(plan, row), request, status)


@_with_error_responses
def _download_file(
    handler: OperationHandler, world: World, validated: ValidatedRequest, request: Request
) -> HttpResponse:
    """Respond with the bytes that were stored with the row; of a seeded row, with documented ones."""
    _, row = _find_row(handler, world, validated)
    file: StoredFile | None = row.file
    if file is NO_FILE:
        statement = handler.operation.behavior.downloads
        assert statement is not None
        return handler.dialect.render_error(statement.unknown, "There is no file")
    if file is None:
        key = f"{handler.api.name}/{handler.operation.id}/{row.index_keys}"
        return handler.documented.make_response(handler.success_status, request, key)
    response = file.to_response(handler.success_status)
    return cut_range(handler.operation, handler.dialect, response, request.get_header(b"range"))


@_with_error_responses
def _report_webhooks(
    handler: OperationHandler, world: World, validated: ValidatedRequest, request: Request
) -> HttpResponse:
    """Tell of the webhooks that were sent about the row, or send them once more and tell of that when it is done."""
    statement, dispatcher = handler.operation.behavior.delivers, world.listener
    assert statement is not None
    plan, row = _find_row(handler, world, validated)
    shown = world.decode_row(plan, row)
    response = respond_with_example(handler, world, validated, request)
    template = msgspec.json.decode(response.body) if response.body else {}
    sent: list[Delivery] = []
    if isinstance(dispatcher, Dispatcher):
        sent = dispatcher.list_deliveries(handler.api.name, statement.resource, plan.table.identity_key(row))
        if statement.again and sent:
            found = dispatcher

            async def send_again() -> AsyncIterator[bytes]:
                yield msgspec.json.encode(fill_report(statement, template, await found.replay(sent), shown))

            return responses.make_streaming_response(send_again(), responses.JSON)
    return handler.make_row_response(msgspec.json.encode(fill_report(statement, template, sent, shown)), request)


@_with_error_responses
def _watch_row(handler: OperationHandler, world: World, validated: ValidatedRequest, request: Request) -> HttpResponse:
    """Respond with the status events of a row: those so far as a list, or all until its end as a stream of events."""
    statement = handler.operation.behavior.watches
    assert statement is not None
    last_id = request.headers.get(b"last-event-id", b"").decode("latin-1")
    feed = world.follow_rows(handler.operation, validated.parameters, validated.caller, last_id)
    if feed is None:
        return handler.dialect.render_error(statement.unknown, _not_found_message(statement.resource))
    if _wants_stream(handler, request):
        return _stream_feed(handler, feed, request)
    return handler.make_row_response(b"[" + b",".join(event.data for event in feed.list_due()) + b"]", request)


def _wants_stream(handler: OperationHandler, request: Request) -> bool:
    return responses.EVENT_STREAM in request.headers.get(b"accept", b"") or not handler.has_json


def _stream_feed(handler: OperationHandler, feed: RowFeed, request: Request) -> HttpResponse:
    statement = handler.operation.behavior.stream or EventStream(basis="assumed")
    pieces = event_streams.stream_events(feed.follow(), statement, request.receive)
    return responses.make_streaming_response(pieces, responses.EVENT_STREAM)


@_with_error_responses
def _create_and_stream(
    handler: OperationHandler, world: World, validated: ValidatedRequest, request: Request
) -> HttpResponse:
    """Create a row; respond with its events as a stream, or with the row where the client wants that."""
    if not _wants_stream(handler, request):
        return _respond_with_new_row(handler, world, validated, request, {})
    _make_row(handler, world, validated, request, {})
    return _stream_feed(handler, world.follow_newest_row(handler.operation), request)


# ------------------------------------------------------------------------------------------------ headers and errors


def _check_precondition(
    handler: OperationHandler, world: World, plan: OperationPlan, row: StoredRow, request: Request
) -> None:
    """Raise ``HttpError`` for a request that is meant for another version of the row (RFC 9110, 13.1.1)."""
    if handler.operation.behavior.etag is None:
        return
    expected = _read_tags(request, b"if-match")
    if not expected and "428" in handler.operation.responses:
        raise HttpError(handler.dialect.render_error(428, "If-Match is missing"))
    if expected and "*" not in expected and _make_etag(world, plan, row) not in expected:
        raise HttpError(handler.dialect.render_error(412, "It has changed since"))


def _make_etag(world: World, plan: OperationPlan, row: StoredRow) -> str:
    """Return the version of a row: a digest of what it shows, whatever the operation."""
    shown = msgspec.json.encode(world.decode_row(plan, row))
    return f'"{blake2b(shown, digest_size=8).hexdigest()}"'


def _read_tags(request: Request, header: bytes) -> list[str]:
    """Return the entity tags of a header; weak ones count as strong."""
    text = request.get_header(header) or ""
    return [tag.strip().removeprefix("W/") for tag in text.split(",") if tag.strip()]


def _with_etag(response: HttpResponse, tag: str) -> HttpResponse:
    _set_headers(response, {"etag": tag})
    return response


def _set_headers(response: HttpResponse, headers: Mapping[str, str]) -> None:
    """Set headers of a response, instead of those of the same name that it has."""
    pairs = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    for name, _ in pairs:
        response.headers = [pair for pair in response.headers if pair[0] != name and pair[0].lower() != name]
    response.headers += pairs


def _read_url(request: Request) -> RequestUrl:
    return RequestUrl(request.origin, request.scope["path"], request.query_string.decode("latin-1"))


def _build_too_old_problem(error: WindowTooOld, request: Request) -> Problem:
    """Return the problem as pydantic words an error that a validator raises."""
    value = dict(request.parse_query()).get(error.parameter)
    number, unit = error.oldest[1:-1], DURATION_UNITS[error.oldest[-1]]
    message = f"Value error, should not be more than {number} {unit} ago"
    return make_problem("value_error", ("query", error.parameter), message, value)


def _not_found_message(resource: str) -> str:
    """Return ``Crew run not found`` for ``crew-run``."""
    return f"{resource.replace('-', ' ').replace('_', ' ').capitalize()} not found"
