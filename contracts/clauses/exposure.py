"""SD109 and SD110: responses that show what they should not: values that are only written, and stack traces."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from specduet.contracts.bodies import KeptBody
from specduet.contracts.clauses.registry import Subject, clause
from specduet.contracts.clauses.schema_violations import documented_json_response, unambiguous_exchanges
from specduet.contracts.findings import Finding
from specduet.contracts.memo import compute_for_run
from specduet.contracts.oracle.schema_access import PlacedSchema, list_branches, list_properties, resolve_schema
from specduet.contracts.recording import NOT_JSON, Exchange
from specduet.specs import Content
from specduet.specs.schemas import Schemas, escape_pointer

_MAX_DEPTH = 12
_MAX_ROWS = 20
_STACK_TRACES = tuple(
    re.compile(pattern)
    for pattern in (
        r"Traceback \(most recent call last\)|File \"[^\"]+\.py\", line \d+",
        r"\bat [\w$.<>]+\([\w$]+\.(java|kt|scala|groovy):\d+\)",
        r"\bat (?:[\w$.<>\[\] ]+ \()?(?:file://|node:|/|[A-Z]:\\)[^\s()]*\.[cm]?[jt]s:\d+:\d+",
        r"\bat [\w.`<>]+\([^)]*\) in [^\n]+:line \d+",
        r"goroutine \d+ \[running\]",
        r"#\d+ /[^\s(]+\.php\(\d+\)",
        r"/[^\s:]+\.rb:\d+:in [`']",
    )
)


@clause("SD109", "write-only", "A value that is only written does not come back.", specificity=40)
def check_write_only(subject: Subject) -> Iterator[Finding]:
    """A property with ``writeOnly: true`` is no part of any response (OAS 3.1, 4.8.24.2). A property with
    ``format: password`` may be, but not with the text that a request has sent: that is a warning.
    """
    for exchange in unambiguous_exchanges(subject):
        documented = documented_json_response(subject.operation, exchange)
        if documented is None or not documented[1].has_schema or not _has_marks(subject, documented[1]):
            continue
        for where, pointer, value, mark in _list_marked(subject, documented[1], exchange):
            if mark == "writeOnly":
                yield subject.make_finding(
                    exchange,
                    pointer=pointer,
                    where=where,
                    value=value,
                    basis=documented[0].basis,
                    message=f"{where} is in the response, although it is writeOnly",
                )
            elif _is_echo(exchange, value):
                yield subject.make_finding(
                    exchange,
                    pointer=pointer,
                    where=where,
                    value="(the text that was sent)",
                    basis="inferred",
                    message=f"{where} shows the password that was sent",
                )


def _has_marks(subject: Subject, content: Content) -> bool:
    """Return whether any part of a documented body is writeOnly or a password: of few bodies one is."""
    schemas, api_name = subject.api.response_schemas, subject.api.name
    unmarked: set[str] = compute_for_run(subject.recording, ("unmarked schemas", api_name), set)
    key = ("has marks", api_name, content.pointer)
    return compute_for_run(subject.recording, key, lambda: _is_marked_below(schemas, content, unmarked))


def _is_marked_below(schemas: Schemas, content: Content, unmarked: set[str]) -> bool:
    """Return whether any schema below a body has a mark. Those that are known to lead to none are added to the set."""
    entered: set[str] = set()
    waiting: list[tuple[Any, str]] = [(content.schema, content.pointer)]
    while waiting:
        schema, pointer = waiting.pop()
        placed = resolve_schema(schemas, schema, pointer)
        if _is_marked(schema) or _is_marked(placed.schema):
            return True
        if placed.pointer not in entered and placed.pointer not in unmarked:
            entered.add(placed.pointer)
            waiting += _list_parts(placed)
    unmarked |= entered
    return False


def _list_parts(placed: PlacedSchema) -> Iterator[tuple[Any, str]]:
    """Yield the schemas right below a schema."""
    yield from ((inner, at) for _, inner, at in list_properties(*placed))
    yield from ((branch, at) for _, branch, at in list_branches(*placed, "allOf", "anyOf", "oneOf"))
    if "items" in placed.schema:
        yield placed.schema["items"], f"{placed.pointer}/items"


def _is_marked(schema: Any) -> bool:
    return isinstance(schema, Mapping) and (schema.get("writeOnly") is True or schema.get("format") == "password")


def _list_marked(subject: Subject, content: Content, exchange: Exchange) -> Sequence[tuple[str, str, Any, str]]:
    """Return what ``_find_marked`` finds in a response. Equal bodies are looked at once."""
    if exchange.json is NOT_JSON or exchange.response is None:
        return ()
    key, body = ("marked values", subject.api.name, content.pointer), exchange.response.content
    found: dict[bytes | KeptBody, Sequence[tuple[str, str, Any, str]]] = compute_for_run(subject.recording, key, dict)
    if body not in found:
        schemas = subject.api.response_schemas
        found[body] = list(_find_marked(schemas, content.schema, content.pointer, exchange.json))
    return found[body]


def _is_echo(exchange: Exchange, value: Any) -> bool:
    return isinstance(value, str) and len(value) > 3 and value.encode() in (exchange.request.body or b"")


def _find_marked(
    schemas: Schemas, schema: Any, pointer: str, value: Any, where: str = "", depth: int = 0
) -> Iterator[tuple[str, str, Any, str]]:
    """Yield the place, the pointer, the value and the mark of each value whose schema is writeOnly or a password."""
    if depth > _MAX_DEPTH or not isinstance(value, dict | list):
        return
    placed = resolve_schema(schemas, schema, pointer)
    yield from _find_in_parts(schemas, placed, value, where, depth)
    if isinstance(value, list):
        for index, item in enumerate(value[:_MAX_ROWS]):
            items = placed.schema.get("items", {})
            yield from _find_marked(schemas, items, f"{placed.pointer}/items", item, f"{where}/{index}", depth + 1)
        return
    for name, inner, at in list_properties(*placed):
        if name in value and value[name] is not None:
            place = f"{where}/{escape_pointer(name)}"
            marked = resolve_schema(schemas, inner, at).schema
            is_written = marked.get("writeOnly") is True or (isinstance(inner, Mapping) and inner.get("writeOnly"))
            if is_written or marked.get("format") == "password":
                yield place, at, value[name], "writeOnly" if is_written else "password"
            yield from _find_marked(schemas, inner, at, value[name], place, depth + 1)


def _find_in_parts(
    schemas: Schemas, placed: PlacedSchema, value: Any, where: str, depth: int
) -> Iterator[tuple[str, str, Any, str]]:
    for _, branch, at in list_branches(*placed, "allOf"):
        yield from _find_marked(schemas, branch, at, value, where, depth + 1)
    for keyword in ("anyOf", "oneOf"):
        fitting = [
            (branch, at)
            for _, branch, at in list_branches(*placed, keyword)
            if schemas.validator_at(at).is_valid(value)
        ]
        if len(fitting) == 1:
            yield from _find_marked(schemas, *fitting[0], value, where, depth + 1)


@clause("SD110", "stack-trace", "An error shows no stack trace.", specificity=40, basis="inferred")
def check_stack_trace(subject: Subject) -> Iterator[Finding]:
    """Looks for the traces of Python, Java, JavaScript, .NET, Go, PHP and Ruby: they show paths and code to anybody."""
    for exchange in subject.exchanges():
        if exchange.status < 400 or exchange.response is None:
            continue
        text = exchange.response.text
        found = next((match for pattern in _STACK_TRACES if (match := pattern.search(text))), None)
        if found is not None:
            yield subject.make_finding(
                exchange,
                value=found.group(),
                cause="trace",
                shared="trace",
                message=f"the {exchange.status} response shows a stack trace",
            )
