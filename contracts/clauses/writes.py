"""SD6xx: what a change leaves alone, what a replacement takes away, and what an action does."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from specduet.contracts.analysis.created_fields import is_kept, list_body_properties
from specduet.contracts.analysis.row_values import get_path, open_sent_envelope, read_timestamp
from specduet.contracts.clauses.changes import find_changes, make_field_finding, read_changed_row
from specduet.contracts.clauses.registry import Subject, clause
from specduet.contracts.findings import Finding, to_text
from specduet.contracts.oracle.json_body import parse_json_body
from specduet.contracts.oracle.schema_access import list_required, strip_null
from specduet.contracts.recording import ABSENT
from specduet.contracts.traces import ChangedRow
from specduet.specs import Schema

_MOVING = re.compile(r"(updat|modif|chang|edit|version|revision|etag|count|last|seen|at$|time|date)", re.IGNORECASE)
"""Names of fields that a service may change with every write."""


def _read_sent(subject: Subject, trace: ChangedRow) -> Mapping[str, Any]:
    """Return the properties that a change has sent, none where its body is no object."""
    sent = open_sent_envelope(subject.operation, parse_json_body(trace.change.request.body or b"")[0])
    return sent if isinstance(sent, Mapping) else {}


def _is_derived(value: Any, trace: ChangedRow) -> bool:
    """Return whether a value may be made of those that were sent, as a slug is made of a title."""
    words = re.findall(r"\w+", value.lower()) if isinstance(value, str) else []
    texts = [sent.lower() for sent in trace.requested_fields.values() if isinstance(sent, str)]
    return any(word in text for word in words if len(word) > 2 for text in texts)


@clause("SD627", "others-kept", "A change leaves the fields alone that were not sent.", basis="inferred")
def check_others_kept(subject: Subject) -> Iterator[Finding]:
    """Changes some fields of a row that the run has created, and compares those that a client could have sent with
    their values before. Times, versions and counts may change with every write.
    """
    rule = subject.operation.behavior.updates
    for trace in find_changes(subject) if rule is not None else ():
        assert rule is not None
        rows, status = read_changed_row(subject, trace), _find_status(subject)
        if rows is None:
            continue
        sent_names = {*trace.requested_fields, *_read_sent(subject, trace)}
        for name, _, _ in list_body_properties(subject.api, subject.operation):
            before, after = get_path(rows[0], name), get_path(rows[1], name)
            is_free = name not in sent_names and name != status and not _MOVING.search(name)
            is_lost = before is not None and ABSENT not in (before, after) and not is_kept(before, after)
            if is_free and is_lost and read_timestamp(before) is None and not _is_derived(after, trace):
                sent = ", ".join(trace.requested_fields)
                message = f"{name} is {to_text(after)} after a change of {sent}; it was {to_text(before)}"
                yield make_field_finding(
                    subject, trace, rule, name, after, message=message, cause="others", basis="inferred"
                )


@clause("SD628", "replaced-whole", "A replacement takes away what it does not have.", basis="inferred")
def check_replaced_whole(subject: Subject) -> Iterator[Finding]:
    """Replaces a row that has optional fields, without these: their old values are gone (RFC 9110, 9.3.4).

    Checks fields that may be null or have a documented default.
    """
    rule = subject.operation.behavior.replaces
    for trace in find_changes(subject) if rule is not None and rule.basis != "assumed" else ():
        assert rule is not None
        rows = read_changed_row(subject, trace)
        sent = _read_sent(subject, trace)
        if rows is None or not sent:
            continue
        for name, schema, pointer in list_body_properties(subject.api, subject.operation):
            before, after = get_path(rows[0], name), get_path(rows[1], name)
            if name in sent or not _has_absent_value(subject, schema, pointer, before):
                continue
            if before == after:
                message = f"{name} is still {to_text(after)} after a replacement without it"
                yield make_field_finding(
                    subject, trace, rule, name, after, message=message, cause="kept", basis="inferred"
                )


def _has_absent_value(subject: Subject, schema: Schema, pointer: str, before: Any) -> bool:
    """Return whether a property that is left out has another value than the one before: null or its default."""
    inner, _, is_nullable = strip_null(subject.api.request_schemas, schema, pointer)
    is_settable = not schema.get("readOnly") and not list_required(inner)
    default = schema.get("default", inner.get("default"))
    return is_settable and before not in (None, ABSENT, default) and (is_nullable or default is not None)


@clause("SD629", "action-has-effect", "An action that succeeds changes its row.", basis="inferred")
def check_action_has_effect(subject: Subject) -> Iterator[Finding]:
    """Acts on a row that the run has created, and fetches it before and afterwards: it is not the very same, and it had
    another status than the one that the action leads to.
    """
    acts, status = subject.operation.behavior.acts, _find_status(subject)
    for trace in find_changes(subject) if acts is not None and acts.to is not None and status else ():
        rows = read_changed_row(subject, trace)
        assert acts is not None
        if rows is not None and rows[0] == rows[1] and get_path(rows[0], status) not in (acts.to, ABSENT, None):
            message = f"the row is the same after {trace.change.status}: {status} is {get_path(rows[1], status)}"
            value = get_path(rows[1], status)
            yield subject.make_finding(
                trace.change, message=message, where=status, value=value, basis="inferred", is_proven=True
            )


def _find_status(subject: Subject) -> str:
    """Return the name of the field that has the status of a row, empty where there is none."""
    statement = subject.operation.behavior.subject
    resource = subject.api.resources.get(statement.resource) if statement is not None else None
    status = resource.behavior.status if resource is not None else None
    return status.field if status is not None else ""
