"""Requests that are right but for one thing, and requests that are right to the limit.

What each of them is, is judged later and from the outside; here it is only made sure that every way is tried once.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any
from urllib.parse import quote

from msgspec import UNSET

from specduet.contracts.generation import mutations
from specduet.contracts.generation.known_values import Call, Knowledge, as_text
from specduet.contracts.generation.minimal_values import sample
from specduet.contracts.options import RunOptions
from specduet.contracts.oracle import json_values, requests
from specduet.contracts.oracle.scalars import Verdict
from specduet.contracts.sending.sender import Sender
from specduet.specs import Api, Operation, Parameter
from specduet.specs.schemas import Schemas

_MOST_OF_A_PLACE = 24
"""Wrong values of one place of a body; places further down get fewer."""
_TEXT = {"Content-Type": "application/json"}


def probe(sender: Sender, api: Api, operation: Operation, knowledge: Knowledge, _options: RunOptions) -> None:
    """Try every parameter and the body of an operation in every way. Raises ``BudgetSpent``."""
    call = some_valid(api, operation, knowledge)
    if call is None:
        return
    for one in _once_each([call, *_parameters(api, operation, call), *_bodies(api, operation, call)]):
        sender.send(operation, **one.arguments)
    for raw in _raw_bodies(operation, call):
        sender.send(operation, **{**call.arguments, "json": UNSET, **raw})
    for query in _raw_queries(operation):
        sender.send_raw(operation, **_raw(operation, call, query))


def some_valid(api: Api, operation: Operation, knowledge: Knowledge) -> Call | None:
    """A minimal valid request; its path may name nothing where no id is known."""
    known = knowledge.valid_call(operation)
    if known is not None:
        return known
    names = {p.name: sample(api.schemas, p.schema, p.pointer) for p in operation.parameters if p.location == "path"}
    if not names or any(value is UNSET for value in names.values()):
        return None
    told = {name: (as_text(value),) for name, value in names.items()}
    return Knowledge(api, {**knowledge.params, **told}).valid_call(operation)


def some_invalid(api: Api, operation: Operation, call: Call) -> Call | None:
    """The same request with one thing wrong, if anything of it can be."""
    wrong = [*_wrong_parameters(api, operation, call), *islice(_wrong_bodies(api, operation, call), 1)]
    off_path = (one for one in wrong if one.path == call.path)
    return next(off_path, None) or next(iter(wrong), None)


def valid_with_each(api: Api, operation: Operation, call: Call) -> Iterator[Call]:
    """The same request with one more parameter, and that one right, for each that it can do without."""
    for parameter in operation.parameters:
        if parameter.location in {"query", "header"} and not parameter.required:
            right = next(_judged(api, parameter, "valid"), None)
            with_it = None if right is None else _with(call, parameter, right)
            if with_it is not None:
                yield with_it


def _once_each(calls: Sequence[Call]) -> Iterator[Call]:
    yield from {repr(call): call for call in calls}.values()


# ------------------------------------------------------------------------------------------------------ parameters


def _parameters(api: Api, operation: Operation, call: Call) -> Iterator[Call]:
    for parameter in operation.parameters:
        yield from _alone(api, operation, call, parameter)
    yield from _together(api, operation, call)


def _alone(api: Api, operation: Operation, call: Call, parameter: Parameter) -> Iterator[Call]:
    """One parameter with every text worth trying, then left out."""
    for text in (*_aimed(operation, parameter), *mutations.texts(api.schemas, parameter.schema, parameter.pointer)):
        with_it = _with(call, parameter, text)
        if with_it is not None:
            yield with_it
    if parameter.required and parameter.location != "path":
        yield _without(call, parameter)


def _aimed(operation: Operation, parameter: Parameter) -> Iterator[str]:
    """As far back as a filter is said to reach."""
    rule = operation.behavior.filters.get(parameter.name)
    if rule is not None and rule.oldest is not None:
        reach = timedelta(seconds=requests.seconds(rule.oldest)) + timedelta(hours=6)
        yield (datetime.now(UTC) + reach).strftime("%Y-%m-%dT%H:%M:%SZ")


def _with(call: Call, parameter: Parameter, text: str) -> Call | None:
    """The call with a parameter's text, where its place can carry it."""
    if parameter.location == "query":
        return call.with_query(**{parameter.name: text})
    if parameter.location == "path":
        return call.with_path(**{parameter.name: text}) if text.strip("./ ") and "/" not in text else None
    if not (text.isascii() and text.isprintable()):
        return None
    if parameter.location == "header":
        return call.with_header(parameter.name, text)
    safe = quote(text, safe="")
    return call.with_header("Cookie", f"{parameter.name}={text}") if safe == text else None


def _without(call: Call, parameter: Parameter) -> Call:
    if parameter.location == "query":
        return call.with_query(**{parameter.name: None})
    return call.with_header(parameter.name if parameter.location == "header" else "Cookie", None)


def _judged(api: Api, parameter: Parameter, verdict: Verdict) -> Iterator[str]:
    """The texts of a parameter that have a verdict."""
    for text in mutations.texts(api.schemas, parameter.schema, parameter.pointer):
        if text and json_values.text(api.schemas, parameter.schema, parameter.pointer, text).verdict == verdict:
            yield text


def _wrong_parameters(api: Api, operation: Operation, call: Call) -> list[Call]:
    """For each parameter that can be wrong, the call with one wrong text."""
    found = []
    for parameter in operation.parameters:
        made = (_with(call, parameter, text) for text in _judged(api, parameter, "invalid"))
        found += [one for one in made if one is not None][:1]
    return found


def _together(api: Api, operation: Operation, call: Call) -> Iterator[Call]:
    """All optional ones present and right; two wrong at once; one wrong beside a right one."""
    every, wrong = call, call
    for parameter in operation.parameters:
        if parameter.location in {"query", "header"}:
            right = next(_judged(api, parameter, "valid"), None)
            bad = next(_judged(api, parameter, "invalid"), None)
            every = (right is not None and _with(every, parameter, right)) or every
            wrong = (bad is not None and _with(wrong, parameter, bad)) or wrong
    yield every
    yield wrong
    yield from (
        one
        for parameter in operation.parameters
        for bad in islice(_judged(api, parameter, "invalid"), 1)
        if (one := _with(every, parameter, bad)) is not None
    )


def _raw_queries(operation: Operation) -> Iterator[str]:
    """Percent-encoding that is broken, no UTF-8, or gone too far; a name without value; an unknown parameter."""
    names = [p.name for p in operation.parameters if p.location == "query"]
    for name in map(partial(quote, safe=""), names[:2]):
        yield from (f"{name}=%zz", f"{name}=%ff%fe", name, f"{name}[]=1&{name}.x=2")
    yield from ("specduet_unknown=1", "&&=&=x")


def _raw(operation: Operation, call: Call, query: str) -> dict[str, Any]:
    path = operation.path
    for name, value in call.path.items():
        path = path.replace(f"{{{name}}}", quote(value, safe=""))
    own = "&".join(f"{quote(n, safe='')}={quote(v, safe='')}" for n, v in call.query)
    body = None if call.json is UNSET else json.dumps(call.json).encode()
    headers = [*call.headers, *(_TEXT.items() if body is not None else ())]
    return {"path": path, "query": "&".join(filter(None, (own, query))), "headers": headers, "body": body}


# ---------------------------------------------------------------------------------------------------------- bodies


def _bodies(api: Api, operation: Operation, call: Call) -> Iterator[Call]:
    if call.json is UNSET:
        return
    yield from _right_bodies(api, operation, call)
    yield from _wrong_bodies(api, operation, call)
    wrong = next(_wrong_bodies(api, operation, call), None)
    for parameter in _wrong_parameters(api, operation, call):
        if wrong is not None and parameter.path == call.path:
            yield parameter.with_json(wrong.json)


def _varied(api: Api, operation: Operation, call: Call) -> Iterator[tuple[int, Any, list[Any]]]:
    """Every place of the body with everything worth trying there: its depth, the untouched body, the bodies."""
    content = requests.json_content(operation.body) if operation.body else None
    if content is None:
        return
    schemas = api.schemas
    whole = mutations.full(schemas, content.schema, content.pointer, call.json)
    for path, schema, pointer in mutations.places(schemas, content.schema, content.pointer, whole):
        base = call.json if len(path) == 1 and isinstance(call.json, dict) else whole
        tried = [UNSET, *mutations.values(schemas, schema, pointer)] if path else list(_roots(schemas, schema, pointer))
        yield len(path), base, [mutations.replaced(base, path, value) for value in tried]


def _roots(schemas: Schemas, schema: Any, pointer: str) -> Iterator[Any]:
    yield from (None, [], {}, "text", 3, True, [{}])
    inner, _, _ = schemas.split_null(schema, pointer)
    if "object" not in json_values.kinds_of(inner):
        yield from mutations.values(schemas, schema, pointer)


def _judged_bodies(api: Api, operation: Operation, call: Call, verdict: Verdict) -> Iterator[Call]:
    content = requests.json_content(operation.body) if operation.body else None
    assert content is not None
    for depth, _, bodies in _varied(api, operation, call):
        judged = (body for body in bodies if _verdict(api.schemas, content.schema, content.pointer, body) == verdict)
        for body in islice(judged, max(2, _MOST_OF_A_PLACE // max(depth, 1))):
            yield call.with_json(body)


def _verdict(schemas: Schemas, schema: Any, pointer: str, value: Any) -> Verdict:
    found = {spot.verdict for spot in json_values.spots(schemas, schema, pointer, value, ("body",))}
    return "invalid" if "invalid" in found else "lenient" if found else "valid"


def _wrong_bodies(api: Api, operation: Operation, call: Call) -> Iterator[Call]:
    if call.json is not UNSET:
        yield from _judged_bodies(api, operation, call, "invalid")


def _right_bodies(api: Api, operation: Operation, call: Call) -> Iterator[Call]:
    """Everything optional there; every right value in every place; a property that nobody knows."""
    content = requests.json_content(operation.body) if operation.body else None
    assert content is not None
    yield call.with_json(mutations.full(api.schemas, content.schema, content.pointer, call.json))
    yield from _judged_bodies(api, operation, call, "valid")
    if isinstance(call.json, dict):
        yield call.with_json({**call.json, "specduet_unknown": {"deep": [[[[]]]]}, "": "\u2028\x01"})
        yield replace(call, json=UNSET, body=None)


def _raw_bodies(operation: Operation, call: Call) -> Iterator[dict[str, Any]]:
    """Bodies that are no JSON, or are not called JSON. No ``NaN``, no lone surrogates: those break correct services."""
    if call.json is UNSET or operation.body is None or requests.json_content(operation.body) is None:
        return
    good = json.dumps(call.json).encode()
    broken = [
        b"",
        b" ",
        good[:-1],
        good[:-1] + b",}",
        good + good,
        b"not json",
        b"{'single': 'quotes'}",
        b'{"a": \xff}',
    ]
    for body in broken:
        yield {"body": body, "headers": [*call.headers, *_TEXT.items()]}
    for label, body in (
        ("text/plain", good),
        ("application/xml", b"<a/>"),
        ("application/x-www-form-urlencoded", b"a=b"),
    ):
        yield {"body": body, "headers": [*call.headers, ("Content-Type", label)]}
