"""SD1xx of streams: the events of a stream are those that the document describes."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from specduet.contracts.clauses.registry import Subject, clause
from specduet.contracts.clauses.schema_violations import (
    SchemaViolation,
    find_violations,
    schema_finding,
    unambiguous_exchanges,
)
from specduet.contracts.findings import MISSING_VALUE, Finding
from specduet.contracts.oracle.event_frames import EventFrame, read_frames
from specduet.contracts.oracle.schema_access import is_valid_value
from specduet.contracts.recording import NOT_JSON, Exchange
from specduet.specs import Content, Schemas
from specduet.specs.schema_reader import SchemaReader
from specduet.specs.statement import weakest

_EVENT_STREAM = "text/event-stream"
_ENDS = frozenset({"[DONE]", "DONE"})
_HEARTBEATS = frozenset({"ping", "heartbeat", "keepalive", "keep-alive"})


@clause("SD117", "stream-events", "The events of a stream satisfy their documented schema.", basis="inferred")
def check_stream_events(subject: Subject) -> Iterator[Finding]:
    """The schema of a stream is that of the list of its events, or of one of them.

    An event satisfies it by its data, or as an object with ``event``, ``id`` and ``data`` (OpenAPI 3.2). Heartbeats,
    comments, a last event such as ``[DONE]``, and what came after ``--stream-time`` are not judged.
    """
    for exchange, content in _list_streams(subject):
        pointer = _locate_event(subject.api.response_schemas, content)
        if pointer is None or exchange.response is None:
            continue
        for frame in read_frames(exchange.response.body):
            if _is_data(subject, frame):
                yield from _check_frame(subject, exchange, frame, pointer)


@clause("SD118", "stream-form", "The events of a stream have the stated names, and the stated end.", basis="inferred")
def check_stream_form(subject: Subject) -> Iterator[Finding]:
    """A client that listens for events of one name hears no others, and waits for the end that it knows.

    A stream that was left after ``--stream-time`` has not ended.
    """
    stream = subject.operation.behavior.stream
    for exchange, _ in _list_streams(subject) if stream is not None else ():
        assert stream is not None
        received = exchange.response
        frames = list(read_frames(received.body)) if received is not None else []
        names = {stream.name, *(event.name for event in stream.events)} - {None}
        for frame in frames if names else ():
            if frame.name not in names and _is_data(subject, frame):
                message = (
                    f"the event {frame.number} is called {frame.name or 'nothing'}, not {' or '.join(map(str, names))}"
                )
                where = f"/{frame.number}/event"
                yield subject.make_finding(exchange, message=message, where=where, value=frame.name, basis=stream.basis)
                break
        if stream.end is not None and frames and frames[-1].data != stream.end and not (received and received.goes_on):
            message = f"the stream ends without {stream.end}"
            value = frames[-1].data[:200]
            yield subject.make_finding(exchange, message=message, value=value, cause="end", basis=stream.basis)


def _list_streams(subject: Subject) -> Iterator[tuple[Exchange, Content]]:
    """Yield the exchanges with a stream of events that is documented, and how it is."""
    for exchange in unambiguous_exchanges(subject):
        response, received = subject.operation.response_for(exchange.status), exchange.response
        if response is None or received is None or received.media_type != _EVENT_STREAM or response.basis == "assumed":
            continue
        for name, content in response.content.items():
            if name.partition(";")[0].strip().lower() == _EVENT_STREAM:
                yield exchange, content


def _locate_event(schemas: Schemas, content: Content) -> str | None:
    """Return the pointer of the schema of one event; None where there is none, or where it is any text."""
    if not content.has_schema or not content.schema:
        return None
    reader = SchemaReader(schemas)
    pointer = reader.items_at(content.pointer) or content.pointer
    return pointer if reader.kind_at(pointer) in {"object", "array", "number", "integer"} else None


def _is_data(subject: Subject, frame: EventFrame) -> bool:
    """Return whether an event is one that the schema is about."""
    stream = subject.operation.behavior.stream
    stated = stream.heartbeat.name if stream is not None and stream.heartbeat is not None else None
    end = stream.end if stream is not None else None
    return frame.data not in {end, *_ENDS} and frame.name not in {stated, *_HEARTBEATS} - {None}


def _check_frame(subject: Subject, exchange: Exchange, frame: EventFrame, pointer: str) -> Iterator[Finding]:
    schemas, value = subject.api.response_schemas, frame.json
    whole: dict[str, Any] = {"event": frame.name, "id": frame.id, "data": frame.data}
    whole = {name: text for name, text in whole.items() if text}
    readings = [value, whole, {**whole, "data": value}] if value is not NOT_JSON else [whole]
    if any(is_valid_value(schemas, pointer, reading) for reading in readings):
        return
    if value is NOT_JSON:
        message = f"the data of event {frame.number} is no JSON"
        violation = SchemaViolation("type", "", pointer, frame.data[:200], "JSON")
        yield _make_finding(subject, exchange, frame, violation, message)
        return
    for violation in find_violations(schemas, pointer, value):
        problem = "is missing" if violation.value == MISSING_VALUE else f"breaks the schema: {violation.expected}"
        yield _make_finding(
            subject, exchange, frame, violation, f"{violation.where or 'the data'} of an event {problem}"
        )


def _make_finding(
    subject: Subject, exchange: Exchange, frame: EventFrame, violation: SchemaViolation, message: str
) -> Finding:
    placed = replace(violation, where=f"/{frame.number}{violation.where}")
    finding = schema_finding(subject, exchange, placed, message, cause=violation.keyword)
    return replace(finding, basis=weakest("inferred", finding.basis))
