"""Statements on operations: the subject by its role, the scopes of its path, and the envelope."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import msgspec.structs

from specduet.specs.behavior import (
    Acts,
    Creates,
    Deletes,
    Downloads,
    Fetches,
    Lists,
    Lookup,
    OperationBehavior,
    Replaces,
    Updates,
    Watches,
)
from specduet.specs.inference.filtering import FilterReader
from specduet.specs.inference.grouping import OperationGroup, Parents, is_file_path, is_stream_path
from specduet.specs.inference.identities import find_named_field, find_parent_field, name_parent
from specduet.specs.inference.lifecycles import moves_by_itself
from specduet.specs.inference.members import find_sent_id
from specduet.specs.inference.paging import PageReader
from specduet.specs.inference.parameters import read_query, read_sent_parameters
from specduet.specs.inference.paths import read_parameter
from specduet.specs.inference.resources import RowKind, find_item_parameter, unknown_status
from specduet.specs.inference.row_shapes import find_success, read_request
from specduet.specs.inference.sorting import SortReader
from specduet.specs.inference.survey import SurveyedOperation
from specduet.specs.inference.words import is_plural, to_snake
from specduet.specs.inference.writes import (
    find_action_flags,
    find_action_target,
    find_renamed,
    find_stored_file,
    find_unique,
    keeps_unsent,
    read_sent,
    returns_file,
    state_etag,
)
from specduet.specs.list_statements import Envelope, Scope
from specduet.specs.model import RoleName
from specduet.specs.schema_reader import SchemaReader
from specduet.specs.statement import Basis

# the word of each role's statement, and the statement
_LOOKUPS: dict[str, tuple[str, type[Lookup]]] = {
    "fetch": ("fetches", Fetches),
    "update": ("updates", Updates),
    "replace": ("replaces", Replaces),
    "delete": ("deletes", Deletes),
    "action": ("acts", Acts),
}

_MEMBERSHIPS: Mapping[str, Literal["joins", "leaves", "asks"]] = {
    "create": "joins",
    "replace": "joins",
    "delete": "leaves",
    "fetch": "asks",
    "other": "asks",
}


@dataclass(frozen=True, slots=True)
class StatementMaker:
    """Maker of the statements on the operations of one document."""

    reader: SchemaReader
    #: the parameters above each collection, outermost first, with the collection of each, by the collection's key
    parents: Mapping[str, Parents]
    kinds: Mapping[str, RowKind]
    #: the kinds by their names
    by_name: Mapping[str, RowKind]

    def state_operation(self, entry: SurveyedOperation, group: OperationGroup, kind: RowKind) -> OperationBehavior:
        """Return the statements on an operation of a group whose rows are of a kind."""
        words: dict[str, Any] = {}
        owner = kind.groups[0]
        if group.has_members:
            return self._state_member(entry, group, kind)
        if group is not owner and _is_part(group, owner):
            return self._state_part(entry, owner, kind)
        if is_stream_path(entry):
            words = self._state_watch(entry, group, kind)
        elif entry.role == "list":
            words = self._state_list(entry, kind)
        elif entry.role == "create":
            words = self._state_creation(entry, group, kind)
        elif entry.role in _LOOKUPS:
            words = self._state_lookup(entry, group, kind)
        if not words:
            return OperationBehavior()
        words |= self._state_scopes(entry, group, kind)
        words = _weaken(words) if entry.key is not None or is_sent_list(entry) else words
        envelope = self._find_envelope(entry, group)
        return OperationBehavior(envelope=envelope, etag=state_etag(entry), **words)

    def state_file(self, entry: SurveyedOperation, owner: OperationGroup, kind: RowKind) -> OperationBehavior:
        """Return the statements on an operation about the one file of an item: ``PUT /users/{id}/avatar``."""
        parameter = self._find_item_parameter(entry, owner, kind)
        stored = find_stored_file(self.reader, entry.operation) if entry.role != "delete" else "none"
        is_read = entry.role == "fetch" and returns_file(entry)
        if parameter is None or kind.is_single or not (is_read or (stored and entry.role != "fetch")):
            return OperationBehavior()
        words = _name_row(entry, kind, kind.id_field, parameter)
        words |= {"basis": "assumed", "because": f"{entry.shape.last} is a file of {kind.name}"}
        scopes = self._state_scopes(entry, owner, kind)
        if is_read:
            return OperationBehavior(downloads=Downloads(**words), **scopes)
        return OperationBehavior(acts=Acts(**words, stores=stored, refused=200), **scopes)

    def _state_part(self, entry: SurveyedOperation, owner: OperationGroup, kind: RowKind) -> OperationBehavior:
        """Return the statements on an operation below an item that returns the item itself: a file sent to it."""
        role: RoleName = "fetch" if entry.role == "fetch" else "action"
        words = self._state_lookup(replace(entry, role=role), owner, kind)
        return OperationBehavior(**words, **self._state_scopes(entry, owner, kind)) if words else OperationBehavior()

    def _state_member(self, entry: SurveyedOperation, group: OperationGroup, kind: RowKind) -> OperationBehavior:
        """Return the statements on an operation of a collection that rows of another one join."""
        scopes = self._state_scopes(entry, group, kind)
        scope = scopes.get("scope")
        if scope is None or scope.resource is None:
            return OperationBehavior()
        members = to_snake(group.shape.last)
        scopes["scope"] = msgspec.structs.replace(scope, field=scope.parameter, hidden=True, members=members)
        words: dict[str, Any] = {}
        if entry.role == "list":
            words = self._state_list(entry, kind)
        elif entry.role == "fetch" and self._shows_rows(entry):
            words = self._state_lookup(entry, group, kind)
        elif entry.role in _MEMBERSHIPS:
            words = self._state_membership(entry, group, kind)
        envelope = self._find_envelope(entry, group)
        return OperationBehavior(envelope=envelope, **words, **scopes) if words else OperationBehavior()

    def _state_membership(self, entry: SurveyedOperation, group: OperationGroup, kind: RowKind) -> dict[str, Any]:
        if entry.role == "create":
            sent = find_sent_id(self.reader, entry, find_item_parameter(group)[0], kind.name)
            parameter = None if sent is None else f"body/{sent}"
        else:
            parameter = self._find_item_parameter(entry, group, kind)
        if parameter is None:
            return {}
        acts = Acts(
            **_name_row(entry, kind, self._find_key(entry, group, kind, parameter), parameter),
            membership=_MEMBERSHIPS[entry.role],
            basis="assumed",
            because=f"{entry.shape.last} of {group.shape.key} is an id of {kind.name}",
        )
        return {"acts": acts}

    def _state_list(self, entry: SurveyedOperation, kind: RowKind) -> dict[str, Any]:
        if entry.rows.kind != "many" or not self.reader.properties_at(entry.rows.pointer):
            return {}
        basis: Basis = "inferred" if entry.rows.is_certain and not kind.is_hidden else "assumed"
        words: dict[str, Any] = {"lists": Lists(resource=kind.name, basis=basis, because=join_evidence(entry))}
        parameters = read_query(self.reader, entry.operation)
        parameters += read_sent_parameters(self.reader, entry.operation) if is_sent_list(entry) else []
        node = self.reader.node_at(entry.operation.pointer)
        description = node.get("description") if isinstance(node, Mapping) else None
        pages = PageReader(self.reader, entry.operation, entry.rows, parameters)
        words |= pages.read_words("" if kind.is_hidden else kind.id_field)
        parameters = [parameter for parameter in parameters if parameter.name not in pages.used]
        sorting = SortReader(
            self.reader, kind.properties, parameters, f"{entry.operation.summary}. {description or ''}"
        )
        words |= sorting.read_words()
        filters = FilterReader(self.reader, kind.properties, kind.name)
        found = {p.name: filters.read_filter(p) for p in parameters if p.name not in sorting.used}
        return words | {"filters": {name: statement for name, statement in found.items() if statement is not None}}

    def _state_creation(self, entry: SurveyedOperation, group: OperationGroup, kind: RowKind) -> dict[str, Any]:
        listed = [e.operation.id for e in _find_beside(entry, group, kind, "list") if not is_sent_list(e)]
        fetches = [e for e in _find_beside(entry, group, kind, "fetch") if e.rows.kind == "one" and e.key is None]
        fetched = [e.operation.id for e in fetches]
        success = find_success(entry.operation)
        links = success.links if success is not None else ()
        linked = [e.operation.id for link in links for e in fetches if link.leads_to(e.operation)]
        shows_id = entry.rows.kind == "one" or bool(linked) or _has_location(entry)
        basis: Basis = "inferred" if (listed or fetched) and shows_id and not kind.is_hidden else "assumed"
        sent = read_sent(self.reader, entry.operation, group.shape.noun)
        unique = find_unique(self.reader, entry.operation, sent, kind.properties, kind.id_field)
        creates = Creates(
            resource=kind.name,
            sets={"*": "body", **find_renamed(self.reader, sent, kind.properties, kind.id_field)},
            unique=unique,
            stores=find_stored_file(self.reader, entry.operation),
            listed_by=next(iter(listed), None),
            fetched_by=next(iter(linked or fetched), None),
            basis=basis,
            because=join_evidence(entry) + (f"; a link leads to {linked[0]}" if linked else ""),
        )
        return {"creates": creates}

    def _state_lookup(self, entry: SurveyedOperation, group: OperationGroup, kind: RowKind) -> dict[str, Any]:
        parameter = "" if kind.is_single or group.is_myself else self._find_item_parameter(entry, group, kind)
        if parameter is None:
            return {}
        word, statement = _LOOKUPS[entry.role]
        extra: dict[str, Any] = {}
        if is_file_path(entry) or (
            entry.role == "fetch" and returns_file(entry) and has_stored_file(self.reader, kind)
        ):
            word, statement = "downloads", Downloads
        elif entry.role == "action":
            extra = {
                "to": find_action_target(entry, kind.status),
                "sets": find_action_flags(self.reader, entry, kind.properties),
                "refused": _find_refusal(entry),
            }
        elif entry.role == "replace" and keeps_unsent(self.reader, entry, group.items):
            word, statement = "updates", Updates
        elif entry.role == "replace":
            extra = {"creates": "201" in entry.operation.responses}
        elif entry.role == "fetch" and not self._shows_rows(entry):
            return {}
        is_read_too = kind.is_single or group.is_myself or any(e.role == "fetch" for e in group.items)
        is_found = kind.is_single or not kind.is_hidden
        basis: Basis = "inferred" if is_read_too and is_found and entry.role != "action" else "assumed"
        field = self._find_key(entry, group, kind, parameter)
        made = statement(
            **_name_row(entry, kind, field, parameter, is_call=entry.key is not None),
            basis=basis,
            because=join_evidence(entry),
            **extra,
        )
        return {word: made}

    def _state_watch(self, entry: SurveyedOperation, group: OperationGroup, kind: RowKind) -> dict[str, Any]:
        """Return the statement on a stream of events, where the status of the item moves, and they are like it."""
        parameter = self._find_item_parameter(replace(entry, role="fetch"), group, kind)
        response = find_success(entry.operation)
        content = [each for each in response.content.values() if each.has_schema] if response else []
        events = {name for each in content for name in self.reader.properties_at(each.pointer)}
        is_like = not events or 2 * len(events & kind.properties.keys()) >= len(events)
        if not parameter or not moves_by_itself(kind.status) or not is_like or kind.is_hidden:
            return {}
        watches = Watches(
            **_name_row(entry, kind, kind.id_field, parameter),
            basis="assumed",
            because=f"{entry.shape.last} are server-sent events, and the {kind.name} has the status of a job",
        )
        return {"watches": watches}

    def _shows_rows(self, entry: SurveyedOperation) -> bool:
        return entry.rows.kind == "one" or bool(self.reader.properties_at(entry.rows.pointer))

    def _find_key(self, entry: SurveyedOperation, group: OperationGroup, kind: RowKind, parameter: str) -> str:
        """Return the field with which the paths of a group find rows: the id, or another key of another group."""
        name, pointer = find_item_parameter(group)
        is_other_key = entry.key is not None and entry.key[1] != name
        if (group is kind.groups[0] and not is_other_key) or not parameter:
            return kind.id_field
        name, pointer = entry.item_parameter if is_other_key else (name, pointer)
        return find_named_field(self.reader, kind.properties, name, pointer) or kind.id_field

    def _find_item_parameter(self, entry: SurveyedOperation, group: OperationGroup, kind: RowKind) -> str | None:
        if entry.key is not None:
            return entry.key[0]
        parts = entry.shape.parts
        position = len(group.shape.parts)
        name = read_parameter(parts[position]) if position < len(parts) and parts[position][0] == "{" else None
        if name is None and entry.role in {"replace", "update"} and not kind.is_hidden:
            sent = read_sent(self.reader, entry.operation, group.shape.noun)
            return f"body/{kind.id_field}" if kind.id_field in sent else None
        return name if name and entry.operation.parameter(name, "path") is not None else None

    def _state_scopes(self, entry: SurveyedOperation, group: OperationGroup, kind: RowKind) -> dict[str, Any]:
        scopes = []
        for parameter, parent_group in self.parents[group.shape.key]:
            given = entry.operation.parameter(parameter, "path")
            if given is None:
                continue
            is_choice = bool(self.reader.resolve(given.pointer)[0].get("enum"))  # of a few words, which are no rows
            parent = self.kinds.get(parent_group.shape.key) if parent_group else None
            noun = parent.name if parent else parent_group.noun if parent_group else name_parent(parameter)
            owner = None if is_choice else parent or self._find_parent(entry, parameter, noun)
            field = find_parent_field(self.reader, kind.properties, parameter, noun, kind.id_field)
            if field is not None and owner is not None and not self._holds_id(kind, field, owner):
                field = None
            if field is None and owner is None:  # neither rows nor a resource know of it: all values show the same rows
                continue
            status, basis = unknown_status(entry.operation)
            scopes.append(
                Scope(
                    parameter=parameter,
                    field=field or parameter,
                    hidden=field is None,
                    resource=owner.name if owner else None,
                    unknown=status if owner else 200,  # of a parent that is no resource, any id is as good
                    unknown_basis=basis if owner else "assumed",
                    basis="assumed" if field is None or owner is None else "inferred",
                    because=f"{parameter} stands before the rows in the path",
                )
            )
        return {"scope": scopes[-1], "ancestors": tuple(scopes[:-1])} if scopes else {}

    def _holds_id(self, kind: RowKind, field: str, owner: RowKind) -> bool:
        """Tell whether a field can hold the id of a parent: a number cannot hold a slug."""
        own = self.reader.kind_at(kind.properties[field]) if field in kind.properties else ""
        id_kind = self.reader.kind_at(owner.properties.get(owner.id_field, ""))
        return not (own in {"integer", "number"} and id_kind == "string")

    def _find_parent(self, entry: SurveyedOperation, parameter: str, noun: str) -> RowKind | None:
        """Return the resource that a parameter names, although no path with its items leads there."""
        kind = self.by_name.get(noun)
        given = entry.operation.parameter(parameter, "path")
        if kind is None or kind.is_single or kind.is_hidden or given is None:
            return None
        kinds = {self.reader.kind_at(kind.properties.get(kind.id_field, "")), self.reader.kind_at(given.pointer)}
        return kind if len(kinds) == 1 else None

    def _find_envelope(self, entry: SurveyedOperation, group: OperationGroup) -> Envelope | None:
        request = None
        if entry.role in {"create", "update", "replace"}:
            rows = read_request(self.reader, entry.operation, group.shape.noun)
            request = rows.path or None if rows.kind == "one" else None
        response = entry.rows.path or None
        if request is None and response is None:
            return None
        places = " and ".join(
            filter(None, [response and f"{response} of the response", request and f"{request} of the body"])
        )
        return Envelope(response=response, request=request, basis="inferred", because=f"the rows are at {places}")


def _name_row(
    entry: SurveyedOperation, kind: RowKind, field: str, parameter: str, *, is_call: bool = False
) -> dict[str, Any]:
    """Return what each statement on one row says: how a request names it, and what it gets where there is none."""
    status, unknown_basis = unknown_status(entry.operation, is_call=is_call)
    return {
        "resource": kind.name,
        "field": field,
        "parameter": parameter,
        "unknown": status,
        "unknown_basis": unknown_basis,
    }


def is_sent_list(entry: SurveyedOperation) -> bool:
    """Tell whether a list has its parameters in a body: ``POST /contacts/search``."""
    return entry.role == "list" and entry.operation.method != "GET"


def _weaken(words: dict[str, Any]) -> dict[str, Any]:
    """Return statements that rest on names in queries and bodies: the mock acts on them, and no service is blamed."""
    found: dict[str, Any] = {}
    for word, statement in words.items():
        if isinstance(statement, dict):
            found[word] = _weaken(statement)
        elif isinstance(statement, tuple):
            found[word] = tuple(msgspec.structs.replace(each, basis="assumed") for each in statement)
        else:
            found[word] = msgspec.structs.replace(statement, basis="assumed")
    return found


def join_evidence(entry: SurveyedOperation) -> str:
    """Return the witnesses of a role as one sentence."""
    return "; ".join(entry.evidence)


def _is_part(group: OperationGroup, owner: OperationGroup) -> bool:
    """Tell whether a path is that of a part of an item of the collection, and no list: ``/videos/{id}/source``."""
    is_below = group.shape.key.startswith(f"{owner.shape.key}/{{}}/")
    return is_below and not group.find("list") and not is_plural(group.shape.noun)


def _find_refusal(entry: SurveyedOperation) -> int:
    """Return the documented status of an action that the row does not allow: 409, else 422 or 400; 200 for none."""
    documented = entry.operation.responses
    known = next((int(status) for status in ("409", "422", "400") if status in documented), None)
    return known or (409 if documented.keys() & {"4XX", "default"} else 200)


def has_stored_file(reader: SchemaReader, kind: RowKind) -> bool:
    """Tell whether the creation of a row of a kind stores a file."""
    creations = [entry for group in kind.groups for entry in group.find("create")]
    return any(find_stored_file(reader, entry.operation) for entry in creations)


def _find_beside(entry: SurveyedOperation, group: OperationGroup, kind: RowKind, role: str) -> list[SurveyedOperation]:
    """Return the operations of a role that show what a creation made: of its own path, else of the resource's."""
    own, main = group.find(role), kind.groups[0].find(role)
    known = {*entry.shape.parameters}
    return own or [e for e in main if {*e.shape.parameters} - known <= {e.shape.parameter}]


def _has_location(entry: SurveyedOperation) -> bool:
    """Tell whether the response to a creation says where the row is (RFC 9110, section 10.2.2)."""
    response = find_success(entry.operation)
    return response is not None and any(name.lower() == "location" for name in response.headers)
