"""Faults of validation at Nx1: bad requests that are served, and good ones that are refused."""

import json
import uuid
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import Path, Request
from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints

from tests.catalogue.changes import FakeCall
from tests.catalogue.fake_world import CREW_TYPES, FakeRow
from tests.catalogue.faults.declarations import (
    declare_body,
    declare_header,
    declare_query,
    lower_case,
    probe_accepted,
    probe_body_accepted,
    probe_body_rejected,
    probe_rejected,
    read_or_default,
)
from tests.catalogue.operations import NX1_GET, NX1_LIST, NX1_START
from tests.catalogue.parameters import REQUIRED, FakeCrewType
from tests.catalogue.variant import Variant, fault


def replace_bodies(when: Callable[[Request, bytes], bool]) -> Any:
    """Return a wrapper of the application that replaces some bodies by one that passes."""

    def wrap(app: Any, _clock: Any) -> Any:
        async def wrapped(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] != "http" or scope["method"] != "POST":
                await app(scope, receive, send)
                return
            request = Request(scope, receive)
            body = await request.body()
            is_replaced = when(request, body)
            headers = [(k, v) for k, v in scope["headers"] if k not in {b"content-type", b"content-length"}]
            changed = {**scope, "headers": [*headers, (b"content-type", b"application/json")]} if is_replaced else scope
            content = b'{"crew_type": "ask"}' if is_replaced else body

            async def receive_body() -> dict[str, Any]:
                return {"type": "http.request", "body": content, "more_body": False}

            await app(changed, receive_body, send)

        return wrapped

    return wrap


def is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


def is_unreadable(_request: Request, body: bytes) -> bool:
    return not is_json(body)


def is_not_called_json(request: Request, _body: bytes) -> bool:
    return "json" not in request.headers.get("content-type", "json")


def find_newest_for_text(call: FakeCall, runs: list[FakeRow]) -> FakeRow | None:
    try:
        run_id = str(uuid.UUID(call.values["run_id"]))
    except ValueError:
        return runs[0]
    return next((run for run in runs if run["id"] == run_id), None)


def require_version_4(value: Any) -> Any:
    return value if uuid.UUID(value).version == 4 else "refused"


def take_first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else value


def require_flat(value: Any) -> Any:
    """Raise for a task_input with anything but texts, numbers and truth values."""
    assert all(not isinstance(part, dict | list) and part is not None for part in value.values())
    return value


def require_ascii(value: Any) -> Any:
    assert str(value).isascii()
    return value


_GOOD_BODY = {"crew_type": "ask", "task_input": {"question": "?"}}
_TYPES_WITHOUT_C = tuple(name for name in CREW_TYPES if name[0] != "c")

_fault = partial(fault, family="validation", clauses="SD302")

FAULTS: tuple[Variant, ...] = (
    _fault(
        "nx1-list-accepts-limit-text",
        NX1_LIST,
        "limit may be any text",
        probe_accepted({"limit": "many"}),
        clauses="SD301",
        declare=declare_query(NX1_LIST, "limit", int, read_or_default(100, int), default=100),
    ),
    _fault(
        "nx1-list-rejects-limit-over-100",
        NX1_LIST,
        "limit is refused above 100",
        probe_rejected({"limit": 101}),
        clauses="SD305",
        declare=declare_query(NX1_LIST, "limit", int, default=100, le=100),
    ),
    _fault(
        "nx1-list-rejects-limit-absent",
        NX1_LIST,
        "limit is refused when it is absent",
        probe_rejected({}),
        clauses="SD305",
        declare=declare_query(NX1_LIST, "limit", int, default=REQUIRED),
    ),
    _fault(
        "nx1-start-accepts-crew_type-unknown",
        NX1_START,
        "the start accepts any crew_type",
        probe_body_accepted({"crew_type": "poetry"}),
        body=declare_body(crew_type=(str, ...)),
    ),
    _fault(
        "nx1-start-accepts-crew_type-missing",
        NX1_START,
        "the start accepts no crew_type",
        probe_body_accepted({}),
        body=declare_body(crew_type=(FakeCrewType, FakeCrewType.ASK)),
    ),
    _fault(
        "nx1-start-accepts-crew_type-null",
        NX1_START,
        "the start accepts a null crew_type",
        probe_body_accepted({"crew_type": None}),
        body=declare_body(crew_type=(FakeCrewType | None, ...)),
    ),
    _fault(
        "nx1-start-accepts-crew_type-number",
        NX1_START,
        "the start accepts a number as crew_type",
        probe_body_accepted({"crew_type": 3}),
        body=declare_body(crew_type=(FakeCrewType | int, ...)),
    ),
    _fault(
        "nx1-start-accepts-crew_type-upper",
        NX1_START,
        "the start accepts crew_type in capitals",
        probe_body_accepted({"crew_type": "ASK"}),
        body=declare_body(crew_type=(Annotated[FakeCrewType, BeforeValidator(lower_case)], ...)),
    ),
    _fault(
        "nx1-start-accepts-task_input-list",
        NX1_START,
        "the start accepts a list as task_input",
        probe_body_accepted({"crew_type": "ask", "task_input": ["x"]}),
        body=declare_body(task_input=(dict[str, Any] | list[Any], {})),
    ),
    _fault(
        "nx1-start-accepts-task_input-text",
        NX1_START,
        "the start accepts a text as task_input",
        probe_body_accepted({"crew_type": "ask", "task_input": "x"}),
        body=declare_body(task_input=(dict[str, Any] | str, {})),
    ),
    _fault(
        "nx1-start-accepts-task_input-null",
        NX1_START,
        "the start accepts a null task_input",
        probe_body_accepted({"crew_type": "ask", "task_input": None}),
        body=declare_body(task_input=(dict[str, Any] | None, {})),
    ),
    _fault(
        "nx1-start-rejects-classification",
        NX1_START,
        "the start refuses the crew type classification",
        probe_body_rejected({"crew_type": "classification"}),
        clauses="SD305",
        body=declare_body(crew_type=(Literal[_TYPES_WITHOUT_C], ...)),
    ),
    _fault(
        "nx1-start-rejects-no-task_input",
        NX1_START,
        "the start refuses no task_input",
        probe_body_rejected({"crew_type": "ask"}),
        clauses="SD305",
        body=declare_body(task_input=(dict[str, Any], ...)),
    ),
    _fault(
        "nx1-start-rejects-empty-task_input",
        NX1_START,
        "the start refuses an empty task_input",
        probe_body_rejected({"crew_type": "ask", "task_input": {}}),
        clauses="SD305",
        body=declare_body(task_input=(Annotated[dict[str, Any], Field(min_length=1)], {"q": 1})),
    ),
    _fault(
        "nx1-start-rejects-nested-task_input",
        NX1_START,
        "the start refuses a task_input whose values are no texts",
        probe_body_rejected({"crew_type": "ask", "task_input": {"depth": 3, "of": {"a": [1]}}}),
        clauses="SD305",
        body=declare_body(task_input=(dict[str, str], {})),
    ),
    _fault(
        "nx1-start-rejects-extra-field",
        NX1_START,
        "the start refuses a field that the schema does not name",
        probe_body_rejected({"crew_type": "ask", "note": "x"}),
        clauses="SD305",
        body=declare_body(ConfigDict(extra="forbid")),
    ),
    _fault(
        "nx1-start-rejects-no-correlation-id",
        NX1_START,
        "the start refuses a request without x-correlation-id",
        probe_body_rejected(_GOOD_BODY),
        clauses="SD3",
        declare=declare_header(NX1_START, "x_correlation_id", str, default=REQUIRED),
    ),
    _fault(
        "nx1-start-rejects-correlation-id-text",
        NX1_START,
        "the start refuses an x-correlation-id that is no UUID",
        probe_body_rejected(_GOOD_BODY, headers={"x-correlation-id": "order-4711"}),
        clauses="SD3",
        declare=declare_header(
            NX1_START, "x_correlation_id", Annotated[str, StringConstraints(pattern="^[0-9a-f-]{36}$")] | None
        ),
    ),
    _fault(
        "nx1-start-accepts-malformed-json",
        NX1_START,
        "the start takes a body that is no JSON for an empty one",
        probe_body_accepted(b'{"crew_type": '),
        clauses="SD3",
        wrap=replace_bodies(is_unreadable),
    ),
    _fault(
        "nx1-start-accepts-plain-text",
        NX1_START,
        "the start takes a body that is called text/plain",
        probe_body_accepted(b"crew_type=ask", headers={"Content-Type": "text/plain"}),
        clauses="SD3",
        wrap=replace_bodies(is_not_called_json),
    ),
    _fault(
        "nx1-get-accepts-run_id-text",
        NX1_GET,
        "the detail shows the newest run for an id that is no UUID",
        lambda c: c.get("/api/crew-runs/latest").status == 200,
        clauses="SD3",
        declare={NX1_GET: {"run_id": (Annotated[str, Path()], REQUIRED)}},
        find=find_newest_for_text,
    ),
    _fault(
        "nx1-get-rejects-run_id-version",
        NX1_GET,
        "the detail refuses a UUID of another version than 4",
        lambda c: c.get("/api/crew-runs/7d444840-9dc0-11d1-b245-5ffdce74fad2").status == 422,
        clauses="SD3",
        declare={NX1_GET: {"run_id": (Annotated[uuid.UUID, Path(), BeforeValidator(require_version_4)], REQUIRED)}},
    ),
    _fault(
        "nx1-list-accepts-limit-empty",
        NX1_LIST,
        "an empty limit is taken for none",
        probe_accepted({"limit": ""}),
        clauses="SD301",
        declare=declare_query(
            NX1_LIST, "limit", int | None, BeforeValidator(lambda value: 100 if value == "" else value), default=100
        ),
    ),
    _fault(
        "nx1-start-accepts-crew_type-list",
        NX1_START,
        "crew_type may be a list",
        probe_body_accepted({"crew_type": ["ask"]}),
        body=declare_body(crew_type=(Annotated[FakeCrewType, BeforeValidator(take_first)], ...)),
    ),
    _fault(
        "nx1-start-accepts-task_input-false",
        NX1_START,
        "task_input may be a truth value",
        probe_body_accepted({"crew_type": "ask", "task_input": False}),
        body=declare_body(task_input=(dict[str, Any] | bool, {})),
    ),
    _fault(
        "nx1-start-accepts-task_input-number",
        NX1_START,
        "task_input may be a number",
        probe_body_accepted({"crew_type": "ask", "task_input": 4}),
        body=declare_body(task_input=(dict[str, Any] | float, {})),
    ),
    _fault(
        "nx1-start-rejects-deep-task_input",
        NX1_START,
        "the start refuses a task_input that is not flat",
        probe_body_rejected({"crew_type": "ask", "task_input": {"a": {"b": 1}}}),
        clauses="SD305",
        body=declare_body(task_input=(Annotated[dict[str, Any], BeforeValidator(require_flat)], {})),
    ),
    _fault(
        "nx1-start-rejects-unicode-task_input",
        NX1_START,
        "the start refuses letters beyond ASCII",
        probe_body_rejected({"crew_type": "ask", "task_input": {"q": "größte"}}),
        clauses="SD305",
        body=declare_body(task_input=(Annotated[dict[str, Any], BeforeValidator(require_ascii)], {})),
    ),
)
