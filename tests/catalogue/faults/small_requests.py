"""Small faults of how requests are read and refused: habits of other languages, of databases, of hurried work."""

import re
import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any

from fastapi import Body
from pydantic import BaseModel, BeforeValidator, create_model

from tests.catalogue.changes import Answer, AnswerHook, Call
from tests.catalogue.client import GIVEN, Client, Probe
from tests.catalogue.faults.answers import fails, fails_for, posts_500
from tests.catalogue.faults.refusals import answers, posts, query, well_refused
from tests.catalogue.server import GUARDS, PSKS, BrowserStatus, CrewType, zoned
from tests.catalogue.variant import Variant, fault
from tests.catalogue.world import Row

_CC, _SK, _NX, _GET, _START = "cloudcruise.list", "seekrflow.list", "nx1.list", "nx1.get", "nx1.start"
_UNKNOWN = "00000000-0000-4000-8000-000000000000"
_ADMIN = f"Authorization-PSK: {list(PSKS)[2]}"


# ------------------------------------------------------------------------------------------ habits of reading


def _parse_int(value: Any) -> Any:
    """``parseInt``: the digits at the beginning."""
    found = re.match(r"\s*[+-]?\d+", value) if isinstance(value, str) else None
    return int(found[0]) if found else value


def _rolls_over(value: Any) -> Any:
    """``new Date()``: the thirtieth of February is the second of March."""
    found = re.match(r"(\d{4})-02-(29|30|31)(T.*)", value) if isinstance(value, str) else None
    return f"{found[1]}-03-0{int(found[2]) - 28}{found[3]}" if found else value


def _hex_digits(value: Any) -> Any:
    """A pattern that wants hexadecimal digits and dashes, however many."""
    loose = isinstance(value, str) and re.fullmatch(r"[0-9a-fA-F-]+", value)
    return str(uuid.UUID(int=int(value.replace("-", "") or "0", 16) % 2**128)) if loose else value


# What a server may well do on purpose is in neither list: `0x10` for 16, blanks around a member, and an empty text
# for a parameter that is left out, where the document shows no refusal at all.
_READ: tuple[tuple[str, str, str, tuple[Any, Any], dict[str, Any], str], ...] = (
    (
        _SK,
        "limit-prefix",
        "limit=5x is read as 5",
        query(int, BeforeValidator(_parse_int), default=20, ge=0),
        {"limit": "5x"},
        "limit",
    ),
    (
        _NX,
        "limit-empty",
        "an empty limit is taken for none",
        query(int | None, BeforeValidator(lambda v: 100 if v == "" else v), default=100),
        {"limit": ""},
        "limit",
    ),
    (
        _CC,
        "workflow_id-digits",
        "workflow_id may be any hexadecimal digits",
        query(str | None, BeforeValidator(_hex_digits)),
        {"workflow_id": "123"},
        "workflow_id",
    ),
    (
        _CC,
        "cursor-impossible",
        "the thirtieth of February is a cursor",
        query(datetime | None, BeforeValidator(_rolls_over)),
        {"cursor": "2026-02-30T00:00:00Z"},
        "cursor",
    ),
    (
        _CC,
        "status-short",
        "a status may lack its first word",
        query(
            BrowserStatus | None,
            BeforeValidator(lambda v: f"execution.{v}" if isinstance(v, str) and "." not in v else v),
        ),
        {"status": "queued"},
        "status",
    ),
)
_REFUSES: tuple[tuple[str, str, str, tuple[Any, Any], dict[str, Any], str], ...] = (
    (
        _CC,
        "cursor-fraction",
        "a cursor with a fraction of a second is refused",
        query(datetime | None, BeforeValidator(lambda v: "x" if isinstance(v, str) and "." in v else v)),
        {"cursor": "2026-02-15T10:00:00.250Z"},
        "cursor",
    ),
    (
        _CC,
        "credential_id-long",
        "a credential_id of more than 64 letters is refused",
        query(str | None, max_length=64),
        {"credential_id": "v" * 80},
        "credential_id",
    ),
    (
        _CC,
        "credential_id-letters",
        "a credential_id with other signs than letters, digits and dashes is refused",
        query(str | None, pattern="^[\\w-]*$"),
        {"credential_id": "team a/b"},
        "credential_id",
    ),
    (
        _SK,
        "offset-odd",
        "an offset that is no multiple of ten is refused",
        query(int, BeforeValidator(lambda v: "x" if str(v)[-1] != "0" else v), default=0, ge=0),
        {"offset": 5},
        "offset",
    ),
)


def _reading() -> Iterator[Variant]:
    for table, good in ((_READ, False), (_REFUSES, True)):
        for op, name, words, declared, request, parameter in table:
            yield fault(
                f"{op.replace('.', '-')}-{'rejects' if good else 'accepts'}-{name}",
                op,
                "validation",
                words,
                answers(request, good=good),
                clauses="SD305" if good else "SD301",
                declare={op: {parameter: declared}},
            )


def _body(**fields: Any) -> Any:
    whole: dict[str, Any] = {"crew_type": (CrewType, ...), "task_input": (dict[str, Any], {}), **fields}
    model: type[BaseModel] = create_model("Body", **whole)
    return Annotated[model, Body()]


def _first_of(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else value


def _flat(value: Any) -> Any:
    """Nothing but short texts, numbers and truth values in task_input."""
    assert all(not isinstance(part, dict | list) and part is not None for part in value.values())
    return value


def _plain_letters(value: Any) -> Any:
    assert str(value).isascii()
    return value


_GOOD_BODY = {"crew_type": "ask", "task_input": {"question": "?"}}
_BODIES: tuple[tuple[str, str, Any, Any, bool], ...] = (
    (
        "accepts-crew_type-list",
        "crew_type may be a list",
        _body(crew_type=(Annotated[CrewType, BeforeValidator(_first_of)], ...)),
        {"crew_type": ["ask"]},
        False,
    ),
    (
        "accepts-task_input-false",
        "task_input may be a truth value",
        _body(task_input=(dict[str, Any] | bool, {})),
        {"crew_type": "ask", "task_input": False},
        False,
    ),
    (
        "accepts-task_input-number",
        "task_input may be a number",
        _body(task_input=(dict[str, Any] | float, {})),
        {"crew_type": "ask", "task_input": 4},
        False,
    ),
    (
        "rejects-deep-task_input",
        "the start refuses a task_input that is not flat",
        _body(task_input=(Annotated[dict[str, Any], BeforeValidator(_flat)], {})),
        {"crew_type": "ask", "task_input": {"a": {"b": 1}}},
        True,
    ),
    (
        "rejects-unicode-task_input",
        "the start refuses letters beyond ASCII",
        _body(task_input=(Annotated[dict[str, Any], BeforeValidator(_plain_letters)], {})),
        {"crew_type": "ask", "task_input": {"q": "größte"}},
        True,
    ),
)


def _bodies() -> Iterator[Variant]:
    for name, words, body, example, good in _BODIES:
        probe = posts(example, good=good)
        clauses = "SD305" if good else "SD302"
        yield fault(f"nx1-start-{name}", _START, "validation", words, probe, clauses=clauses, body=body)


# ------------------------------------------------------------------------------------------------- refusals


def _refusal(change: Any) -> AnswerHook:
    """Change the items of every 422."""

    def hook(answer: Answer, _call: Call) -> Answer:
        return Answer(422, {"detail": change(answer.body["detail"])}) if answer.status == 422 else answer

    return hook


def _one_too_many(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [*items, {"type": "missing", "loc": ["query", "page"], "msg": "Field required", "input": None}]


def _last_without_msg(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Only where several things are wrong has the last item no msg."""
    cut = {name: value for name, value in items[-1].items() if name != "msg"}
    return [*items[:-1], cut] if len(items) > 1 else items


def _indexed(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**item, "loc": [*item["loc"][:1], 0]} for item in items]


def _refusals() -> Iterator[Variant]:
    shape: dict[str, Any] = {"family": "422-shape", "clauses": "SD3 SD1"}
    bad, loc = {"limit": "x"}, ["query", "limit"]
    for op, api in ((_NX, "nx1"), (_SK, "seekrflow")):
        yield fault(
            f"{api}-list-422-one-too-many",
            op,
            sentence="a refusal also names a parameter that does not exist",
            probe=lambda c: not well_refused(c.get(query=bad), loc),
            answer=_refusal(_one_too_many),
            **shape,
        )
    yield fault(
        "seekrflow-list-422-second-msg",
        _SK,
        sentence="of two items of a refusal the second has no msg",
        probe=lambda c: not well_refused(c.get(query={"limit": "x", "offset": "y"}), ["query"]),
        answer=_refusal(_last_without_msg),
        **shape,
    )
    yield fault(
        "seekrflow-list-422-loc-index",
        _SK,
        sentence="loc has a number in place of the parameter's name",
        probe=lambda c: not well_refused(c.get(query=bad), loc),
        answer=_refusal(_indexed),
        **shape,
    )


# ----------------------------------------------------------------------------------------------- credentials


def _any_case(call: Call) -> Any:
    key = (call.header("cc-key") or "").lower()
    return GUARDS[call.api](call) or (next(iter(PSKS.values())) if key == GIVEN["cloudcruise"]["cc-key"] else None)


def _wrong_is(status: int, body: Any, header: str) -> AnswerHook:
    """What is wrong is answered otherwise than what is missing."""
    return lambda answer, call: Answer(status, body) if answer.status == 401 and call.header(header) else answer


def _credentials() -> Iterator[Variant]:
    wrong = {"credential": "wrong"}
    yield fault(
        "cloudcruise-credentials-any-case",
        _CC,
        "credentials",
        "a key passes in capitals, too",
        lambda c: c.get(headers={"cc-key": GIVEN["cloudcruise"]["cc-key"].upper()}).status == 200,
        clauses="SD403",
        guard=_any_case,
    )
    yield fault(
        "cloudcruise-credentials-wrong-200",
        _CC,
        "credentials",
        "a wrong key is answered 200 and no rows",
        lambda c: c.get(headers={"cc-key": "x"}).status == 200,
        clauses="SD403",
        answer=_wrong_is(200, [], "cc-key"),
    )
    yield fault(
        "seekrflow-credentials-wrong-500",
        _SK,
        "credentials",
        "a wrong key is answered 500",
        lambda c: c.get(headers={"Authorization": "x"}).status == 500,
        clauses="SD4 SD7",
        answer=_wrong_is(500, wrong, "authorization"),
    )
    yield fault(
        "nx1-credentials-leaks-rows",
        _NX,
        "credentials",
        "a refusal has the rows in its body",
        lambda c: bool(c.get(headers={}).json.get("data")),
        clauses="SD4",
        answer=lambda a, call: (
            Answer(401, {"detail": "x", "data": [dict(r, created_at="") for r in _few(call)]}) if a.status == 401 else a
        ),
    )


def _few(call: Call) -> list[Row]:
    return [
        {"id": run["id"], "owner_id": run["owner_id"], "status": run.get("status")} for run in call.world.crew_runs[:3]
    ]


# ------------------------------------------------------------------------------------------------ robustness


def _repeats(call: Call) -> bool:
    names = [name for name, _ in call.request.query_params.multi_items()]
    return len(names) != len(set(names))


def _nul(text: Any) -> bool:
    return any(ord(sign) < 32 for sign in str(text or ""))


def _holds_huge(value: Any) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return (type(value) is int and abs(value) >= 2**63) or any(map(_holds_huge, inner))


def _twice_limited(client: Client) -> bool:
    return client.get(query=[("limit", 1), ("limit", 2)]).status >= 500


_FAILING: tuple[tuple[str, str, str, Any, Probe], ...] = (
    (
        "limit-int32",
        _NX,
        "for a limit beyond 32 bits",
        lambda c: c.values["limit"] >= 2**31,
        fails_for({"limit": 2**31}),
    ),
    (
        "offset-int32",
        _SK,
        "for an offset beyond 32 bits",
        lambda c: c.values["offset"] >= 2**31,
        fails_for({"offset": 2**31}),
    ),
    (
        "control-character",
        _CC,
        "for a control character in credential_id",
        lambda c: _nul(c.values["credential_id"]),
        fails_for({"credential_id": "a\x01b"}),
    ),
    (
        "cursor-9999",
        _CC,
        "for a cursor in the year 9999",
        lambda c: c.values["cursor"] is not None and c.values["cursor"].year == 9999,
        fails_for({"cursor": "9999-12-31T23:59:59Z"}),
    ),
    (
        "future",
        _CC,
        "for a start_time in the future",
        lambda c: c.values["start_time"] is not None and zoned(c.values["start_time"]) > c.clock.now(),
        fails_for({"start_time": "2999-01-01T00:00:00Z"}),
    ),
    (
        "repeated",
        _SK,
        "where a parameter comes twice",
        _repeats,
        lambda c: c.get(query=[("limit", 1), ("limit", 2)]).status >= 500,
    ),
    (
        "empty-credential",
        _CC,
        "for an empty credential_id",
        lambda c: c.values["credential_id"] == "",
        fails_for({"credential_id": ""}),
    ),
    (
        "thread-unicode",
        _SK,
        "for letters beyond ASCII in the thread",
        lambda c: not c.values["thread_id"].isascii(),
        lambda c: c.get("/v1/threads/fäden/runs").status >= 500,
    ),
    (
        "thread-long",
        _SK,
        "for a long thread_id",
        lambda c: len(c.values["thread_id"]) > 200,
        lambda c: c.get(f"/v1/threads/{'t' * 400}/runs").status >= 500,
    ),
    (
        "empty-task_input",
        _START,
        "for an empty task_input",
        lambda c: (
            "body" in c.values
            and c.values["body"].model_fields_set >= {"task_input"}
            and not c.values["body"].task_input
        ),
        posts_500({"crew_type": "ask", "task_input": {}}),
    ),
    (
        "number-inside",
        _START,
        "for a number of more than 64 bits in task_input",
        lambda c: "body" in c.values and _holds_huge(c.values["body"].task_input),
        posts_500({"crew_type": "ask", "task_input": {"rows": [10**19]}}),
    ),
    (
        "empty-correlation-id",
        _START,
        "for an empty x-correlation-id",
        lambda c: c.values.get("x_correlation_id") == "",
        posts_500(_GOOD_BODY, {"x-correlation-id": ""}),
    ),
    (
        "dies",
        _CC,
        "from the sixtieth request on",
        lambda c: c.n > 60,
        lambda c: [c.get().status for _ in range(62)][-1] == 500,
    ),
)


def _failing() -> Iterator[Variant]:
    for name, op, words, when, probe in _FAILING:
        yield fault(
            f"{op.replace('.', '-')}-500-{name}",
            op,
            "robustness",
            f"{op} fails with 500 {words}",
            probe,
            clauses="SD7",
            before=fails(lambda call, op=op, when=when: call.op == op and when(call)),  # type: ignore[misc]
        )


VARIANTS = (*_reading(), *_bodies(), *_refusals(), *_credentials(), *_failing())
