"""Statements on the rows of a resource: status, times, references, besides the id."""

from collections.abc import Mapping

from specduet.specs.behavior import ResourceBehavior, SetWhen, Status
from specduet.specs.inference.lifecycles import state_status
from specduet.specs.inference.parameters import flatten_properties
from specduet.specs.inference.references import state_references
from specduet.specs.inference.resources import RowKind, build_identity
from specduet.specs.inference.timelines import state_event_times, state_set_when, state_timelines
from specduet.specs.inference.words import to_verb, word_set
from specduet.specs.inference.writes import find_action_target, read_sent
from specduet.specs.schema_reader import SchemaReader

_REPEATS = word_set("retry restart rerun requeue resubmit reprocess replay resume reopen redo")


def state_rows(reader: SchemaReader, kinds: Mapping[str, RowKind]) -> dict[str, ResourceBehavior]:
    """Return the statements on the rows of each resource by its name, as ``kinds`` are."""
    identities = {
        name: kind.properties.get(kind.id_field, "")
        for name, kind in kinds.items()
        if not kind.is_single and not kind.is_hidden
    }
    return {name: _state_kind(reader, kind, identities) for name, kind in kinds.items()}


def _state_kind(reader: SchemaReader, kind: RowKind, identities: Mapping[str, str]) -> ResourceBehavior:
    status = _state_status(reader, kind)
    return ResourceBehavior(
        resource=kind.name,
        schema=f"#{kind.pointer}",
        id=build_identity(kind),
        single=kind.is_single,
        references=state_references(reader, (kind.name, kind.id_field), kind.properties, identities),
        status=status,
        timeline=state_timelines(reader, flatten_properties(reader, kind.properties)),
        set_when=_state_set_when(reader, kind, status),
    )


def _state_set_when(reader: SchemaReader, kind: RowKind, status: Status | None) -> tuple[SetWhen, ...]:
    if status is None:
        return ()
    state = state_set_when if status.moves else state_event_times
    return state(reader, kind.properties, reader.required_at(kind.pointer), status)


def _state_status(reader: SchemaReader, kind: RowKind) -> Status | None:
    if kind.status is None:
        return None
    actions = [entry for group in kind.groups for entry in group.below if entry.role == "action"]
    targets = [target for entry in actions if (target := find_action_target(entry, kind.status)) is not None]
    writes = [entry for group in kind.groups for entry in group.find("create", "update", "replace")]
    settable = any(kind.status.name in read_sent(reader, entry.operation, entry.shape.noun) for entry in writes)
    verbs = {to_verb(word) for entry in actions for word in entry.verb_words[:1]}
    return state_status(kind.status, targets, is_settable=settable, is_repeatable=bool(verbs & _REPEATS))
