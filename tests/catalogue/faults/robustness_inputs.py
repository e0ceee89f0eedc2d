"""Faults of robustness: an input that is answered 500."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from tests.catalogue.changes import AnswerHook, BeforeHook, FakeAnswer, FakeCall
from tests.catalogue.list_steps import to_utc
from tests.catalogue.operations import CLOUDCRUISE_LIST, NX1_GET, NX1_LIST, NX1_START, SEEKRFLOW_LIST
from tests.catalogue.probe_client import CREDENTIALS, UNKNOWN_ID, FaultProbe, ProbeQuery
from tests.catalogue.variant import Variant, fault

_ERROR_500 = FakeAnswer(500, b"Internal Server Error", media_type="text/plain")


def fail_when(op: str, condition: Callable[[FakeCall], bool], answer: FakeAnswer = _ERROR_500) -> BeforeHook:
    """Return the hook that fails for some requests of an operation."""

    async def fail(call: FakeCall) -> FakeAnswer | None:
        return answer if call.op == op and condition(call) else None

    return fail


def get_parameter_text(call: FakeCall, name: str) -> str:
    return str(call.values.get(name) or "")


def probe_500(query: ProbeQuery) -> FaultProbe:
    return lambda client: client.get(query=query).status >= 500


def probe_post_500(body: Any, headers: Mapping[str, str] | None = None) -> FaultProbe:
    return lambda client: client.post(body, {**CREDENTIALS["nx1"], **(headers or {})}).status >= 500


_DEEP_INPUT: Any = {"a": {"b": {"c": {"d": {"e": {"f": {"g": [[[[1]]]]}}}}}}}


def measure_depth(value: Any) -> int:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(measure_depth, parts), default=0)


def get_task_input(call: FakeCall) -> Any:
    return getattr(call.values.get("body"), "task_input", {})


def fail_for_error(kind: str) -> AnswerHook:
    """Return the hook that answers 500 in place of one kind of validation error: ``json_invalid``."""

    def change_answer(answer: FakeAnswer, _call: FakeCall) -> FakeAnswer:
        if answer.status == 422 and any(item["type"] == kind for item in answer.body["detail"]):
            return FakeAnswer(500, {"detail": "Internal Server Error"})
        return answer

    return change_answer


def has_repeated_parameter(call: FakeCall) -> bool:
    names = [name for name, _ in call.request.query_params.multi_items()]
    return len(names) != len(set(names))


def has_control_character(text: Any) -> bool:
    return any(ord(character) < 32 for character in str(text or ""))


def has_future_start(call: FakeCall) -> bool:
    start = to_utc(call.values["start_time"])
    return start is not None and start > call.clock.now()


def has_huge_number(value: Any) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return (type(value) is int and abs(value) >= 2**63) or any(map(has_huge_number, inner))


_fault = partial(fault, family="robustness", clauses="SD701")

FAULTS: tuple[Variant, ...] = (
    _fault(
        "nx1-list-500-limit-0",
        NX1_LIST,
        "nx1.list fails with 500 for limit=0",
        probe_500({"limit": 0}),
        before=fail_when(NX1_LIST, lambda call: call.values["limit"] == 0),
    ),
    _fault(
        "nx1-list-500-limit-huge",
        NX1_LIST,
        "nx1.list fails with 500 for a limit beyond 64 bits",
        probe_500({"limit": 2**63}),
        before=fail_when(NX1_LIST, lambda call: call.values["limit"] >= 2**63),
    ),
    _fault(
        "nx1-list-500-limit-negative",
        NX1_LIST,
        "nx1.list fails with 500 for a negative limit",
        probe_500({"limit": -1}),
        before=fail_when(NX1_LIST, lambda call: call.values["limit"] < 0),
    ),
    _fault(
        "seekrflow-list-500-limit-0",
        SEEKRFLOW_LIST,
        "seekrflow.list fails with 500 for limit=0",
        probe_500({"limit": 0}),
        before=fail_when(SEEKRFLOW_LIST, lambda call: call.values["limit"] == 0),
    ),
    _fault(
        "seekrflow-list-500-offset-beyond",
        SEEKRFLOW_LIST,
        "seekrflow.list fails with 500 for an offset beyond the end",
        probe_500({"offset": 9_999}),
        before=fail_when(SEEKRFLOW_LIST, lambda call: call.values["offset"] > 500),
    ),
    _fault(
        "seekrflow-list-500-offset-huge",
        SEEKRFLOW_LIST,
        "seekrflow.list fails with 500 for an offset beyond 64 bits",
        probe_500({"offset": 2**64}),
        before=fail_when(SEEKRFLOW_LIST, lambda call: call.values["offset"] >= 2**63),
    ),
    _fault(
        "seekrflow-list-500-order-asc",
        SEEKRFLOW_LIST,
        "seekrflow.list fails with 500 for order=asc",
        probe_500({"order": "asc"}),
        before=fail_when(SEEKRFLOW_LIST, lambda call: call.values["order"] == "asc"),
    ),
    _fault(
        "seekrflow-list-500-thread-empty",
        SEEKRFLOW_LIST,
        "seekrflow.list fails with 500 for a thread that does not exist",
        lambda client: client.get("/v1/threads/thread_none/runs").status >= 500,
        before=fail_when(SEEKRFLOW_LIST, lambda call: call.values["thread_id"] not in call.world.threads),
    ),
    _fault(
        "cloudcruise-list-500-status-paused",
        CLOUDCRUISE_LIST,
        "cloudcruise.list fails with 500 for status=execution.paused",
        probe_500({"status": "execution.paused"}),
        before=fail_when(CLOUDCRUISE_LIST, lambda call: call.values["status"] == "execution.paused"),
    ),
    _fault(
        "cloudcruise-list-500-credential-unicode",
        CLOUDCRUISE_LIST,
        "cloudcruise.list fails with 500 for letters beyond ASCII in credential_id",
        probe_500({"credential_id": "tresor-é"}),
        before=fail_when(CLOUDCRUISE_LIST, lambda call: not get_parameter_text(call, "credential_id").isascii()),
    ),
    _fault(
        "cloudcruise-list-500-credential-long",
        CLOUDCRUISE_LIST,
        "cloudcruise.list fails with 500 for a long credential_id",
        probe_500({"credential_id": "x" * 3000}),
        before=fail_when(CLOUDCRUISE_LIST, lambda call: len(get_parameter_text(call, "credential_id")) > 255),
    ),
    _fault(
        "cloudcruise-list-500-credential-quote",
        CLOUDCRUISE_LIST,
        "cloudcruise.list fails with 500 for a quotation mark in credential_id",
        probe_500({"credential_id": "o'neill"}),
        before=fail_when(CLOUDCRUISE_LIST, lambda call: "'" in get_parameter_text(call, "credential_id")),
    ),
    _fault(
        "cloudcruise-list-500-cursor-ancient",
        CLOUDCRUISE_LIST,
        "cloudcruise.list fails with 500 for a cursor before 1970",
        probe_500({"cursor": "1901-01-01T00:00:00Z"}),
        before=fail_when(
            CLOUDCRUISE_LIST, lambda call: bool(call.values["cursor"]) and call.values["cursor"].year < 1970
        ),
    ),
    _fault(
        "cloudcruise-list-500-workflow-unknown",
        CLOUDCRUISE_LIST,
        "cloudcruise.list fails with 500 for a workflow_id that no run has",
        probe_500({"workflow_id": UNKNOWN_ID}),
        before=fail_when(
            CLOUDCRUISE_LIST,
            lambda call: (
                call.values["workflow_id"] is not None
                and all(str(call.values["workflow_id"]) != r["workflow_id"] for r in call.world.browser_runs)
            ),
        ),
    ),
    _fault(
        "nx1-start-500-no-task_input",
        NX1_START,
        "nx1.start fails with 500 when task_input is left out",
        probe_post_500({"crew_type": "ask"}),
        before=fail_when(NX1_START, lambda call: "task_input" not in call.values["body"].model_fields_set),
    ),
    _fault(
        "nx1-start-500-unicode",
        NX1_START,
        "nx1.start fails with 500 for characters beyond the basic plane in task_input",
        probe_post_500({"crew_type": "ask", "task_input": {"question": "🚢"}}),
        before=fail_when(NX1_START, lambda call: max(map(ord, str(get_task_input(call)))) > 0xFFFF),
    ),
    _fault(
        "nx1-start-500-deep",
        NX1_START,
        "nx1.start fails with 500 for a deep task_input",
        probe_post_500({"crew_type": "ask", "task_input": _DEEP_INPUT}),
        before=fail_when(NX1_START, lambda call: measure_depth(get_task_input(call)) > 6),
    ),
    _fault(
        "nx1-start-500-long-correlation-id",
        NX1_START,
        "nx1.start fails with 500 for a long x-correlation-id",
        probe_post_500({"crew_type": "ask"}, {"x-correlation-id": "c" * 300}),
        before=fail_when(NX1_START, lambda call: len(get_parameter_text(call, "x_correlation_id")) > 64),
    ),
    _fault(
        "nx1-start-500-crew-type",
        NX1_START,
        "nx1.start fails with 500 for crew_type=data_suggestion",
        probe_post_500({"crew_type": "data_suggestion"}),
        before=fail_when(NX1_START, lambda call: call.values["body"].crew_type == "data_suggestion"),
    ),
    _fault(
        "nx1-get-500-unknown-run",
        NX1_GET,
        "nx1.get fails with 500 for an unknown id",
        lambda client: client.get(f"/api/crew-runs/{UNKNOWN_ID}").status >= 500,
        before=fail_when(
            NX1_GET, lambda call: all(str(call.values["run_id"]) != run["id"] for run in call.world.crew_runs)
        ),
    ),
    _fault(
        "nx1-start-500-malformed-json",
        NX1_START,
        "a body that is no JSON makes the start fail with 500",
        probe_post_500(b"{"),
        answer=fail_for_error("json_invalid"),
    ),
    _fault(
        "nx1-start-500-body-list",
        NX1_START,
        "a list as the body makes the start fail with 500",
        probe_post_500([1]),
        answer=fail_for_error("model_attributes_type"),
    ),
    _fault(
        "nx1-get-500-bad-id",
        NX1_GET,
        "an id that is no UUID makes the detail fail with 500",
        lambda c: c.get("/api/crew-runs/x").status >= 500,
        answer=fail_for_error("uuid_parsing"),
    ),
    _fault(
        "nx1-start-500-nul-inside",
        NX1_START,
        "a NUL in a text of task_input is a 500",
        probe_post_500({"crew_type": "ask", "task_input": {"q": "a\0b"}}),
        before=fail_when(NX1_START, lambda call: "\\u0000" in json.dumps(get_task_input(call))),
    ),
    _fault(
        "nx1-list-500-limit-int32",
        NX1_LIST,
        "nx1.list fails with 500 for a limit beyond 32 bits",
        probe_500({"limit": 2**31}),
        clauses="SD7",
        before=fail_when(NX1_LIST, lambda call: call.values["limit"] >= 2**31),
    ),
    _fault(
        "seekrflow-list-500-offset-int32",
        SEEKRFLOW_LIST,
        "seekrflow.list fails with 500 for an offset beyond 32 bits",
        probe_500({"offset": 2**31}),
        clauses="SD7",
        before=fail_when(SEEKRFLOW_LIST, lambda call: call.values["offset"] >= 2**31),
    ),
    _fault(
        "cloudcruise-list-500-control-character",
        CLOUDCRUISE_LIST,
        "cloudcruise.list fails with 500 for a control character in credential_id",
        probe_500({"credential_id": "a\x01b"}),
        clauses="SD7",
        before=fail_when(CLOUDCRUISE_LIST, lambda call: has_control_character(call.values["credential_id"])),
    ),
    _fault(
        "cloudcruise-list-500-cursor-9999",
        CLOUDCRUISE_LIST,
        "cloudcruise.list fails with 500 for a cursor in the year 9999",
        probe_500({"cursor": "9999-12-31T23:59:59Z"}),
        clauses="SD7",
        before=fail_when(
            CLOUDCRUISE_LIST, lambda call: call.values["cursor"] is not None and call.values["cursor"].year == 9999
        ),
    ),
    _fault(
        "cloudcruise-list-500-future",
        CLOUDCRUISE_LIST,
        "cloudcruise.list fails with 500 for a start_time in the future",
        probe_500({"start_time": "2999-01-01T00:00:00Z"}),
        clauses="SD7",
        before=fail_when(
            CLOUDCRUISE_LIST,
            has_future_start,
        ),
    ),
    _fault(
        "seekrflow-list-500-repeated",
        SEEKRFLOW_LIST,
        "seekrflow.list fails with 500 where a parameter comes twice",
        probe_500([("limit", 1), ("limit", 2)]),
        clauses="SD7",
        before=fail_when(SEEKRFLOW_LIST, has_repeated_parameter),
    ),
    _fault(
        "cloudcruise-list-500-empty-credential",
        CLOUDCRUISE_LIST,
        "cloudcruise.list fails with 500 for an empty credential_id",
        probe_500({"credential_id": ""}),
        clauses="SD7",
        before=fail_when(CLOUDCRUISE_LIST, lambda call: call.values["credential_id"] == ""),
    ),
    _fault(
        "seekrflow-list-500-thread-unicode",
        SEEKRFLOW_LIST,
        "seekrflow.list fails with 500 for letters beyond ASCII in the thread",
        lambda c: c.get("/v1/threads/fäden/runs").status >= 500,
        clauses="SD7",
        before=fail_when(SEEKRFLOW_LIST, lambda call: not call.values["thread_id"].isascii()),
    ),
    _fault(
        "seekrflow-list-500-thread-long",
        SEEKRFLOW_LIST,
        "seekrflow.list fails with 500 for a long thread_id",
        lambda c: c.get(f"/v1/threads/{'t' * 400}/runs").status >= 500,
        clauses="SD7",
        before=fail_when(SEEKRFLOW_LIST, lambda call: len(call.values["thread_id"]) > 200),
    ),
    _fault(
        "nx1-start-500-empty-task_input",
        NX1_START,
        "nx1.start fails with 500 for an empty task_input",
        probe_post_500({"crew_type": "ask", "task_input": {}}),
        clauses="SD7",
        before=fail_when(
            NX1_START,
            lambda call: call.values["body"].model_fields_set >= {"task_input"} and not call.values["body"].task_input,
        ),
    ),
    _fault(
        "nx1-start-500-number-inside",
        NX1_START,
        "nx1.start fails with 500 for a number of more than 64 bits in task_input",
        probe_post_500({"crew_type": "ask", "task_input": {"rows": [10**19]}}),
        clauses="SD7",
        before=fail_when(NX1_START, lambda call: has_huge_number(call.values["body"].task_input)),
    ),
    _fault(
        "nx1-start-500-empty-correlation-id",
        NX1_START,
        "nx1.start fails with 500 for an empty x-correlation-id",
        probe_post_500({"crew_type": "ask", "task_input": {"question": "?"}}, {"x-correlation-id": ""}),
        clauses="SD7",
        before=fail_when(NX1_START, lambda call: call.values.get("x_correlation_id") == ""),
    ),
)
