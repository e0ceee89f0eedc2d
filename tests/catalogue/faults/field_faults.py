"""Faults of values: each documented field in each way that breaks it, and the fields of the start's answer."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

from tests.catalogue.changes import AnswerHook, FakeAnswer, FakeCall
from tests.catalogue.fake_world import FakeRow
from tests.catalogue.faults.documented_fields import (
    DOCUMENTED_FIELDS,
    MISSING,
    DocumentedField,
    find_bad_rows,
    find_parents,
    list_shown_rows,
)
from tests.catalogue.operations import NX1_GET, NX1_START, to_dashed
from tests.catalogue.probe_client import FaultProbe, ProbeClient
from tests.catalogue.variant import Variant, fault

_WRONG_TYPE: dict[str, Any] = {
    "text": 7,
    "uuid": 42,
    "moment": 1_700_000_000,
    "bool": "true",
    "integer": "12",
    "number": "0.5",
    "object": "{}",
    "array": {},
    "texts": [7],
    "objects": ["first"],
    "either": 3,
}
_NEARLY_RIGHT: dict[Any, tuple[tuple[str, Any], ...]] = {
    "moment": (("naive", "2026-02-15T10:00:00"), ("day", "2026-02-15"), ("blank", "")),
    "uuid": (("undashed", "0f8fad5bd9cb469fa16570867728950e"), ("blank", ""), ("cut", "0f8fad5b-d9cb-469f-a165")),
}
_WRONG_FORMAT = {"uuid": "run-000042", "moment": "15/02/2026 10:00", "integer": 12.5}


def list_broken_values(field: DocumentedField) -> Iterator[tuple[str, Any]]:
    """Yield (way, value) for every value that breaks a field; ``MISSING`` leaves it out."""
    if isinstance(field.kind, tuple):
        member = field.kind[2]
        yield from {"misspelt": member[:-1], "upper": member.upper(), "foreign": "archived", "empty": ""}.items()
    else:
        yield "type", _WRONG_TYPE[field.kind]
        if field.kind in _WRONG_FORMAT:
            yield "format", _WRONG_FORMAT[field.kind]
        if field.kind in _NEARLY_RIGHT:
            yield _NEARLY_RIGHT[field.kind][len(field.path) % 3]
    if field.required:
        yield "missing", MISSING
    if not field.nullable:
        yield "null", None


def break_field(row: FakeRow, path: str, value: Any) -> FakeRow:
    """Return a copy of a row with the value at every place of the path; null stays null where a type is wrong."""
    first, _, deeper = path.partition(".")
    row = {**row, first: copy.deepcopy(row[first])} if deeper and first in row else dict(row)
    for holder, name in find_parents(row, path):
        if value is MISSING:
            holder.pop(name, None)
        elif value is None or holder.get(name) is not None:
            holder[name] = value
    return row


def probe_field(op: str, field: DocumentedField) -> FaultProbe:
    return lambda client: bool(find_bad_rows(list_shown_rows(client, op), field))


def build_field_fault(op: str, field: DocumentedField, way: str, value: Any) -> Variant:
    """Return the fault that breaks one field in one way, in every row of one operation."""

    def break_row(row: FakeRow, call: FakeCall, _known: FakeRow) -> FakeRow:
        return break_field(row, field.path, value) if call.op == op else row

    family = "enums" if isinstance(field.kind, tuple) else "types-formats"
    family = "required-nullable" if value is MISSING or value is None else family
    words = {"missing": "is left out", "null": "is null"}.get(way, f"is {value!r}")
    return fault(
        f"{to_dashed(op)}-{field.path.replace('.*', '').replace('.', '-')}-{way}",
        op,
        f"{field.path} {words} in every row that has it",
        probe_field(op, field),
        family=family,
        clauses=_choose_clause(field, way),
        row=break_row,
    )


def _choose_clause(field: DocumentedField, way: str) -> str:
    """Return the most exact clause; a null status is no member of its enum, either."""
    if isinstance(field.kind, tuple):
        return {"missing": "SD204", "null": "SD201 SD203"}.get(way, "SD201")
    exact = {"missing": "SD204", "null": "SD203", "type": "SD205", "format": "SD206"}
    return "SD205" if field.kind == "integer" and way == "format" else exact.get(way, "SD206")


def derive_field_faults() -> Iterator[Variant]:
    """Yield every field in every way; every third of Nx1's faults is one of the detail, the others are of the list."""
    turn = 0
    for api, fields in DOCUMENTED_FIELDS.items():
        for field in fields:
            chosen = list(list_broken_values(field))
            if "*" in field.path:
                chosen = [chosen[len(field.path) % len(chosen)]]
            for way, value in chosen:
                turn += 1
                op = NX1_GET if api == "nx1" and turn % 3 == 0 else f"{api}.list"
                yield build_field_fault(op, field, way, value)


FIELD_FAULTS = tuple(derive_field_faults())


def list_field_faults(family: str) -> Iterator[Variant]:
    """Yield the derived faults of a family."""
    return (variant for variant in FIELD_FAULTS if variant.family == family)


# ------------------------------------------------------------------------------------------- the start's answer

BodyChange = Callable[[dict[str, Any]], dict[str, Any]]


def build_start_answer_fault(name: str, words: str, change: BodyChange, *, family: str) -> Variant:
    """Return the fault that changes the body with which a start is answered."""
    return fault(
        name,
        NX1_START,
        f"the answer of the start {words}",
        probe_start_answer(change),
        family=family,
        clauses="SD1 SD2 SD6",
        answer=change_start_answer(change),
    )


def change_start_answer(change: BodyChange) -> AnswerHook:
    def change_answer(answer: FakeAnswer, call: FakeCall) -> FakeAnswer:
        return FakeAnswer(200, change(answer.body)) if answer.is_success and call.op == NX1_START else answer

    return change_answer


def probe_start_answer(change: BodyChange) -> FaultProbe:
    """Return a probe that is true where the body has been changed already: a second change makes no difference."""

    def probe(client: ProbeClient) -> bool:
        body = client.start_run(headers={"x-correlation-id": "c-1"}).json
        correct = {"correlation_id": "c-1", "status": "pending", "message": "Crew run started"}
        return bool(change(body) == body) and body != correct

    return probe
