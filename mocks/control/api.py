"""The control plane: the operations of ``openapi.yaml`` beside this file, each a function of one session.

It is an API like those it stands beside: read by ``specs``, routed, validated and refused by the same code.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from specduet.mocks import responses
from specduet.mocks.control.journal import Wanted
from specduet.mocks.control.sessions import DEFAULT, BadSession, Session, Sessions
from specduet.mocks.error_responses import Refused
from specduet.mocks.responses import Answer
from specduet.mocks.world import World
from specduet.specs import Api, UsageError, load

DOCUMENT = Path(__file__).with_name("openapi.yaml")
PREFIX = "/__mock__/"
# How many ids of each kind are told as examples.
_TOLD = 5

Values = Mapping[str, Any]


class Conflict(Exception):
    """A well-formed request that does not fit what is served: its text is the detail of a 409."""


class Plane:
    """The control plane over the sessions of one mock."""

    def __init__(self, sessions: Sessions) -> None:
        self.api = load(DOCUMENT)
        self.sessions = sessions

    def world(self, _name: str) -> World:
        """A handler wants a world: the plane acts on whole sessions, and any will do."""
        return self.sessions.default.world(self.sessions.apis[0].name)

    def act(self, handler: Any, _world: Any, values: Values, body: Any, *_: Any) -> Answer:
        """Carry out the operation of ``handler`` with what it has decoded and validated."""
        try:
            session = self._session(values)
            return _ACTS[handler.operation.id](self, session, values, body)
        except BadSession as error:
            raise Refused(handler.dialect.refuse(error.status, error.message)) from None
        except Conflict as error:
            raise Refused(handler.dialect.refuse(409, str(error))) from None
        except KeyError as error:
            raise Refused(handler.dialect.refuse(404, str(error.args[0]))) from None

    def _session(self, values: Values) -> Session:
        name = values.get("X-Mock-Session")
        return self.sessions.default if name is None else self.sessions.named(name.encode("latin-1"))

    def known(self, order: Mapping[str, Any]) -> None:
        """Raises ``Conflict`` for a fault of an API or operation that is not served."""
        apis = {api.name: api for api in self.sessions.apis}
        name, operation = order.get("api"), order.get("operation")
        if name is not None and name not in apis:
            raise Conflict(f"no API is called {name!r}; there are {', '.join(apis)}")
        ids = [o.id for api in apis.values() if name in {None, api.name} for o in api.operations]
        if operation is not None and operation not in ids:
            raise Conflict(f"no operation is called {operation!r}; there are {', '.join(ids)}")


def _ready(plane: Plane, _session: Session, _values: Values, _body: Any) -> Answer:
    names = [api.name for api in plane.sessions.apis]
    return responses.encoded(200, {"ready": True, **_world(plane), "apis": names})


def _openapi(plane: Plane, _session: Session, _values: Values, _body: Any) -> Answer:
    return responses.encoded(200, plane.api.document)


def _apis(plane: Plane, session: Session, _values: Values, _body: Any) -> Answer:
    told = [_api(api, session) for api in plane.sessions.apis]
    return responses.encoded(200, {**_world(plane), "apis": told})


def _world(plane: Plane) -> dict[str, Any]:
    return {"seed": plane.sessions.settings.seed, "epoch": plane.sessions.settings.epoch}


def _api(api: Api, session: Session) -> dict[str, Any]:
    world = session.world(api.name)
    return {
        "name": api.name,
        "title": api.title,
        "version": api.version,
        "operations": [{"id": o.id, "method": o.method, "path": o.path, "summary": o.summary} for o in api.operations],
        "schemes": [
            {"name": s.name, "in": s.location, "field": s.field, "prefix": s.prefix} for s in api.schemes.values()
        ],
        "scopes": world.scope_values(),
        "ids": {
            statement.parameter: world.sample_ids(operation, _TOLD)
            for operation in api.operations
            if (statement := operation.behavior.fetches or operation.behavior.watches)
        },
        "owners": world.list_owners(),
    }


def _get_state(_plane: Plane, session: Session, _values: Values, _body: Any) -> Answer:
    return responses.encoded(200, {name: world.dump_state() for name, world in session.worlds().items()})


def _put_state(plane: Plane, session: Session, _values: Values, body: Any) -> Answer:
    apis = {api.name: api for api in plane.sessions.apis}
    for name, resources in body.items():
        if name not in apis:
            raise Conflict(f"no API is called {name!r}; there are {', '.join(apis)}")
        _check_rows(apis[name], resources)
    for name, resources in body.items():
        session.world(name).replace_state(resources)
    return responses.empty(204)


def _check_rows(api: Api, resources: Mapping[str, list[Any]]) -> None:
    for name, rows in resources.items():
        if name not in api.resources:
            known = ", ".join(api.resources) or "none"
            raise Conflict(f"{api.name} has no resource {name!r}; there are {known}")
        resource = api.resources[name]
        validator = api.schemas.validator_at(resource.pointer)
        field, seen = resource.behavior.id.field, set()
        for index, row in enumerate(rows):
            error = next(validator.iter_errors(row), None)
            if error is not None:
                place = "".join(f"/{part}" for part in error.instance_path)
                raise Conflict(f"/{api.name}/{name}/{index}{place}: {error.message}")
            if row[field] in seen:
                raise Conflict(f"/{api.name}/{name}/{index}/{field}: {row[field]!r} is the id of two rows")
            seen.add(row[field])


def _reset(_plane: Plane, session: Session, _values: Values, _body: Any) -> Answer:
    session.reset()
    return responses.empty(204)


def _clock(_plane: Plane, session: Session, _values: Values, _body: Any) -> Answer:
    return responses.encoded(200, {"now": session.clock.now(), "frozen": session.clock.is_frozen})


def _advance(plane: Plane, session: Session, values: Values, body: Any) -> Answer:
    try:
        session.clock.advance(body["seconds"])
    except UsageError as error:
        raise Conflict(error.message) from None
    return _clock(plane, session, values, body)


def _freeze(plane: Plane, session: Session, values: Values, body: Any) -> Answer:
    session.clock.freeze()
    return _clock(plane, session, values, body)


def _resume(plane: Plane, session: Session, values: Values, body: Any) -> Answer:
    session.clock.resume()
    return _clock(plane, session, values, body)


def _get_requests(_plane: Plane, session: Session, values: Values, _body: Any) -> Answer:
    wanted = Wanted(**{name: values.get(name) for name in ("api", "operation", "method", "path", "status")})
    found = list(session.journal.find(wanted))
    newest = found[len(found) - min(values["limit"], len(found)) :]
    shown = [entry.document(number) for number, entry in newest]
    return responses.encoded(200, {"count": len(found), "dropped": session.journal.dropped, "requests": shown})


def _clear_requests(_plane: Plane, session: Session, _values: Values, _body: Any) -> Answer:
    session.journal.clear()
    return responses.empty(204)


def _get_faults(_plane: Plane, session: Session, _values: Values, _body: Any) -> Answer:
    return responses.encoded(200, {"faults": [fault.document() for fault in session.faults.active.values()]})


def _put_faults(plane: Plane, session: Session, values: Values, body: Any) -> Answer:
    for order in body:
        plane.known(order)
    session.faults.clear()
    for order in body:
        session.faults.add(order)
    return _get_faults(plane, session, values, body)


def _add_fault(plane: Plane, session: Session, _values: Values, body: Any) -> Answer:
    plane.known(body)
    try:
        return responses.encoded(201, session.faults.add(body).document())
    except OverflowError as error:
        raise Conflict(str(error)) from None


def _clear_faults(_plane: Plane, session: Session, _values: Values, _body: Any) -> Answer:
    session.faults.clear()
    return responses.empty(204)


def _remove_fault(_plane: Plane, session: Session, values: Values, _body: Any) -> Answer:
    if not session.faults.remove(values["fault_id"]):
        raise KeyError(f"no fault has the id {values['fault_id']!r}")
    return responses.empty(204)


def _get_sessions(plane: Plane, _session: Session, _values: Values, _body: Any) -> Answer:
    return responses.encoded(200, {"sessions": plane.sessions.names()})


def _delete_session(plane: Plane, _session: Session, values: Values, _body: Any) -> Answer:
    name = values["name"]
    if not plane.sessions.delete(name):
        raise KeyError(
            f"the session {DEFAULT!r} can only be reset" if name == DEFAULT else f"no session is called {name!r}"
        )
    return responses.empty(204)


_ACTS: Mapping[str, Callable[[Plane, Session, Values, Any], Answer]] = {
    "ready": _ready,
    "openapi": _openapi,
    "apis": _apis,
    "getState": _get_state,
    "putState": _put_state,
    "reset": _reset,
    "getClock": _clock,
    "advanceClock": _advance,
    "freezeClock": _freeze,
    "resumeClock": _resume,
    "getRequests": _get_requests,
    "clearRequests": _clear_requests,
    "getFaults": _get_faults,
    "putFaults": _put_faults,
    "addFault": _add_fault,
    "clearFaults": _clear_faults,
    "removeFault": _remove_fault,
    "getSessions": _get_sessions,
    "deleteSession": _delete_session,
}
