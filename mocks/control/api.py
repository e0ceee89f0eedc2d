"""The control plane's API: the operations of ``openapi.yaml`` beside this file, each a function on one session.

Its document is read by ``specs`` as that of any other API, and its requests are routed and validated by the same code.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from specduet.mocks import responses
from specduet.mocks.control.journal import EntryFilter
from specduet.mocks.control.masking import SecretFields
from specduet.mocks.control.sessions import DEFAULT_SESSION, BadSession, Session, SessionRegistry
from specduet.mocks.control.snapshots import SnapshotRefused
from specduet.mocks.error_responses import HttpError
from specduet.mocks.handler import OperationHandler, ValidatedRequest
from specduet.mocks.request import Request
from specduet.mocks.responses import HttpResponse
from specduet.mocks.settings import Credential
from specduet.mocks.world import World
from specduet.specs import Api, UsageError, load

DOCUMENT_PATH = Path(__file__).with_name("openapi.yaml")
CONTROL_PREFIX = "/__mock__/"
MAX_IDS = 5
"""The most ids of one path that are listed as examples."""


class Conflict(Exception):
    """A valid request that does not fit what is served; its text is the detail of a 409."""


class ControlApi:
    """The control plane over the sessions of one mock."""

    def __init__(self, sessions: SessionRegistry) -> None:
        self.api = load(DOCUMENT_PATH, stateless=True)
        self.sessions = sessions
        self.secrets = SecretFields() if sessions.settings.control_token else SecretFields.from_apis(sessions.apis)
        """Fields that are masked in the journal: none for whoever holds the token."""

    def get_any_world(self, _name: str) -> World:
        """Return some world. A handler needs one, but these operations work on whole sessions and ignore it."""
        return self.sessions.default.get_world(self.sessions.apis[0].name)

    def run_operation(
        self, handler: OperationHandler, _world: World, validated: ValidatedRequest, _request: Request
    ) -> HttpResponse:
        """Perform the operation of ``handler`` on the session that the request names. Raises ``HttpError``."""
        try:
            session = self._find_session(validated)
            return _OPERATIONS[handler.operation.id](self, session, validated)
        except BadSession as error:
            raise HttpError(handler.dialect.render_error(error.status, error.message)) from None
        except Conflict as error:
            raise HttpError(handler.dialect.render_error(409, str(error))) from None
        except KeyError as error:
            raise HttpError(handler.dialect.render_error(404, str(error.args[0]))) from None

    def _find_session(self, validated: ValidatedRequest) -> Session:
        name = validated.parameters.get("X-Mock-Session")
        return self.sessions.default if name is None else self.sessions.get_or_create(name.encode("latin-1"))

    def check_fault_target(self, definition: Mapping[str, Any]) -> None:
        """Raise ``Conflict`` for a fault of an API or operation that is not served."""
        apis = {api.name: api for api in self.sessions.apis}
        name, operation = definition.get("api"), definition.get("operation")
        if name is not None and name not in apis:
            raise Conflict(f"no API is called {name!r}; there are {', '.join(apis)}")
        ids = [o.id for api in apis.values() if name in {None, api.name} for o in api.operations]
        if operation is not None and operation not in ids:
            raise Conflict(f"no operation is called {operation!r}; there are {', '.join(ids)}")


# ------------------------------------------------------------------------------------------------- the mock itself


def _get_ready(control: ControlApi, _session: Session, _validated: ValidatedRequest) -> HttpResponse:
    names = [api.name for api in control.sessions.apis]
    return responses.make_json_response(200, {"ready": True, **_describe_settings(control), "apis": names})


def _get_openapi(control: ControlApi, _session: Session, _validated: ValidatedRequest) -> HttpResponse:
    return responses.make_json_response(200, control.api.document)


def _get_apis(control: ControlApi, session: Session, _validated: ValidatedRequest) -> HttpResponse:
    settings = control.sessions.settings
    apis = [_describe_api(api, session, settings.credentials) for api in control.sessions.apis]
    return responses.make_json_response(200, {**_describe_settings(control), "apis": apis})


def _describe_settings(control: ControlApi) -> dict[str, Any]:
    return {"seed": control.sessions.settings.seed, "epoch": control.sessions.settings.epoch}


def _describe_api(api: Api, session: Session, credentials: Sequence[Credential]) -> dict[str, Any]:
    """Return what a client of an API cannot find out by itself: scopes, ids and owners that have rows."""
    world = session.get_world(api.name)
    return {
        "name": api.name,
        "title": api.title,
        "version": api.version,
        "operations": [{"id": o.id, "method": o.method, "path": o.path, "summary": o.summary} for o in api.operations],
        "schemes": [
            {"name": s.name, "in": s.location, "field": s.field, "prefix": s.prefix} for s in api.schemes.values()
        ],
        "any_credential": not any(credential.scheme in api.schemes for credential in credentials),
        "scopes": world.scope_values(),
        "ids": world.list_path_ids(MAX_IDS),
        "owners": world.list_owners(),
    }


# ------------------------------------------------------------------------------------------------- state and clock


def _get_state(_control: ControlApi, session: Session, _validated: ValidatedRequest) -> HttpResponse:
    state = {name: world.dump_state() for name, world in session.get_worlds().items()}
    return responses.make_json_response(200, state)


def _put_values(_control: ControlApi, session: Session, validated: ValidatedRequest) -> HttpResponse:
    """Let the data of some APIs hold only some members of enumerations; their rows begin anew."""
    try:
        session.choose_values(validated.body)
    except UsageError as error:
        raise Conflict(str(error).replace("\n", ". ")) from None
    return responses.make_empty_response(204)


def _put_state(_control: ControlApi, session: Session, validated: ValidatedRequest) -> HttpResponse:
    """Replace the rows of some resources, after all of them have been checked."""
    try:
        session.replace_state(validated.body)
    except UsageError as error:
        raise Conflict(str(error).replace("\n", ". ")) from None
    return responses.make_empty_response(204)


def _get_snapshots(_control: ControlApi, session: Session, _validated: ValidatedRequest) -> HttpResponse:
    return responses.make_json_response(200, {"snapshots": [snapshot.to_dict() for snapshot in session.snapshots]})


def _take_snapshot(_control: ControlApi, session: Session, validated: ValidatedRequest) -> HttpResponse:
    try:
        return responses.make_json_response(201, session.take_snapshot(validated.body["name"]).to_dict())
    except SnapshotRefused as error:
        raise Conflict(str(error)) from None


def _restore_snapshot(_control: ControlApi, session: Session, validated: ValidatedRequest) -> HttpResponse:
    session.snapshots.find(validated.parameters["name"]).restore(session.get_worlds(), session.clock)
    return responses.make_empty_response(204)


def _remove_snapshot(_control: ControlApi, session: Session, validated: ValidatedRequest) -> HttpResponse:
    session.snapshots.remove(validated.parameters["name"])
    return responses.make_empty_response(204)


def _reset_session(_control: ControlApi, session: Session, _validated: ValidatedRequest) -> HttpResponse:
    session.reset()
    return responses.make_empty_response(204)


def _get_clock(_control: ControlApi, session: Session, _validated: ValidatedRequest) -> HttpResponse:
    return responses.make_json_response(200, {"now": session.clock.now(), "frozen": session.clock.is_frozen})


def _advance_clock(control: ControlApi, session: Session, validated: ValidatedRequest) -> HttpResponse:
    try:
        session.clock.advance(validated.body["seconds"])
    except UsageError as error:
        raise Conflict(error.message) from None
    return _get_clock(control, session, validated)


def _freeze_clock(control: ControlApi, session: Session, validated: ValidatedRequest) -> HttpResponse:
    session.clock.freeze()
    return _get_clock(control, session, validated)


def _resume_clock(control: ControlApi, session: Session, validated: ValidatedRequest) -> HttpResponse:
    session.clock.resume()
    return _get_clock(control, session, validated)


# ------------------------------------------------------------------------------------ journal, faults and sessions


def _get_requests(control: ControlApi, session: Session, validated: ValidatedRequest) -> HttpResponse:
    """Respond with the newest entries that match the filters, and with how many match."""
    parameters, journal = validated.parameters, session.journal
    names = ("api", "operation", "method", "path", "status")
    entries = list(journal.find_entries(EntryFilter(**{name: parameters.get(name) for name in names})))
    newest = entries[len(entries) - min(parameters["limit"], len(entries)) :]
    requests = [entry.to_dict(number, control.secrets) for number, entry in newest]
    return responses.make_json_response(
        200, {"count": len(entries), "dropped": journal.dropped_count, "requests": requests}
    )


def _clear_requests(_control: ControlApi, session: Session, _validated: ValidatedRequest) -> HttpResponse:
    session.journal.clear()
    return responses.make_empty_response(204)


def _get_webhooks(_control: ControlApi, session: Session, validated: ValidatedRequest) -> HttpResponse:
    """Respond with the newest deliveries that match the filters, and with how many match."""
    wanted = {name: validated.parameters.get(name) for name in ("api", "webhook", "state")}
    shown = [delivery.to_dict() for delivery in session.webhooks.deliveries]
    found = [entry for entry in shown if all(value in {None, entry[name]} for name, value in wanted.items())]
    newest = found[len(found) - min(validated.parameters["limit"], len(found)) :]
    return responses.make_json_response(200, {"count": len(found), "webhooks": newest})


def _replay_webhook(_control: ControlApi, session: Session, validated: ValidatedRequest) -> HttpResponse:
    return responses.make_json_response(202, session.webhooks.start_replay(validated.parameters["number"]).to_dict())


def _get_faults(_control: ControlApi, session: Session, _validated: ValidatedRequest) -> HttpResponse:
    faults = [fault.to_dict() for fault in session.faults.active_faults.values()]
    return responses.make_json_response(200, {"faults": faults})


def _put_faults(control: ControlApi, session: Session, validated: ValidatedRequest) -> HttpResponse:
    for definition in validated.body:
        control.check_fault_target(definition)
    session.faults.clear()
    for definition in validated.body:
        session.faults.add(definition)
    return _get_faults(control, session, validated)


def _add_fault(control: ControlApi, session: Session, validated: ValidatedRequest) -> HttpResponse:
    control.check_fault_target(validated.body)
    try:
        return responses.make_json_response(201, session.faults.add(validated.body).to_dict())
    except OverflowError as error:
        raise Conflict(str(error)) from None


def _clear_faults(_control: ControlApi, session: Session, _validated: ValidatedRequest) -> HttpResponse:
    session.faults.clear()
    return responses.make_empty_response(204)


def _remove_fault(_control: ControlApi, session: Session, validated: ValidatedRequest) -> HttpResponse:
    fault_id = validated.parameters["fault_id"]
    if not session.faults.remove(fault_id):
        raise KeyError(f"no fault has the id {fault_id!r}")
    return responses.make_empty_response(204)


def _get_sessions(control: ControlApi, _session: Session, _validated: ValidatedRequest) -> HttpResponse:
    return responses.make_json_response(200, {"sessions": control.sessions.list_names()})


def _delete_session(control: ControlApi, _session: Session, validated: ValidatedRequest) -> HttpResponse:
    name = validated.parameters["name"]
    if not control.sessions.delete(name):
        raise KeyError(
            f"the session {name!r} can only be reset" if name == DEFAULT_SESSION else f"no session is called {name!r}"
        )
    return responses.make_empty_response(204)


_OPERATIONS: Mapping[str, Callable[[ControlApi, Session, ValidatedRequest], HttpResponse]] = {
    "ready": _get_ready,
    "openapi": _get_openapi,
    "apis": _get_apis,
    "getState": _get_state,
    "putState": _put_state,
    "putValues": _put_values,
    "getSnapshots": _get_snapshots,
    "takeSnapshot": _take_snapshot,
    "restoreSnapshot": _restore_snapshot,
    "removeSnapshot": _remove_snapshot,
    "reset": _reset_session,
    "getClock": _get_clock,
    "advanceClock": _advance_clock,
    "freezeClock": _freeze_clock,
    "resumeClock": _resume_clock,
    "getRequests": _get_requests,
    "clearRequests": _clear_requests,
    "getWebhooks": _get_webhooks,
    "replayWebhook": _replay_webhook,
    "getFaults": _get_faults,
    "putFaults": _put_faults,
    "addFault": _add_fault,
    "clearFaults": _clear_faults,
    "removeFault": _remove_fault,
    "getSessions": _get_sessions,
    "deleteSession": _delete_session,
}
