"""Statements on operations: the subject by its role, the scopes of its path, and the envelope."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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
)
from specduet.specs.inference.grouping import OperationGroup, is_file_path
from specduet.specs.inference.identities import find_parent_field, name_parent
from specduet.specs.inference.resources import RowKind, find_group_parents, unknown_status
from specduet.specs.inference.row_shapes import pick_content, read_rows
from specduet.specs.inference.survey import SurveyedOperation
from specduet.specs.list_statements import Envelope, Scope
from specduet.specs.schema_reader import SchemaReader
from specduet.specs.statement import Basis

_LOOKUPS: dict[str, type[Lookup]] = {
    "fetch": Fetches,
    "update": Updates,
    "replace": Replaces,
    "delete": Deletes,
    "action": Acts,
}


@dataclass(frozen=True, slots=True)
class StatementMaker:
    """Maker of the statements on the operations of one document."""

    reader: SchemaReader
    groups: Mapping[str, OperationGroup]
    kinds: Mapping[str, RowKind]

    def state_operation(self, entry: SurveyedOperation, group: OperationGroup, kind: RowKind) -> OperationBehavior:
        """Return the statements on an operation of a group whose rows are of a kind."""
        words: dict[str, Any] = {}
        if entry.role == "list":
            words = self._state_list(entry, kind)
        elif entry.role == "create":
            words = self._state_creation(entry, group, kind)
        elif entry.role in _LOOKUPS:
            words = self._state_lookup(entry, group, kind)
        if not words:
            return OperationBehavior()
        words |= self._state_scopes(entry, group, kind)
        envelope = self._find_envelope(entry, group)
        return OperationBehavior(envelope=envelope, **words)

    def _state_list(self, entry: SurveyedOperation, kind: RowKind) -> dict[str, Any]:
        if entry.rows.kind != "many" or not self.reader.properties_at(entry.rows.pointer):
            return {}
        basis: Basis = "inferred" if entry.rows.is_certain and not kind.is_hidden else "assumed"
        return {"lists": Lists(resource=kind.name, basis=basis, because=join_evidence(entry))}

    def _state_creation(self, entry: SurveyedOperation, group: OperationGroup, kind: RowKind) -> dict[str, Any]:
        is_shown = bool(group.find("list") or group.find("fetch"))
        basis: Basis = "inferred" if is_shown and entry.rows.kind == "one" and not kind.is_hidden else "assumed"
        creates = Creates(
            resource=kind.name,
            sets={"*": "body"},
            listed_by=_first_id(group.find("list")),
            fetched_by=_first_id([e for e in group.find("fetch") if e.rows.kind == "one"]),
            basis=basis,
            because=join_evidence(entry),
        )
        return {"creates": creates}

    def _state_lookup(self, entry: SurveyedOperation, group: OperationGroup, kind: RowKind) -> dict[str, Any]:
        status, unknown_basis = unknown_status(entry.operation)
        parameter = "" if kind.is_single else self._find_item_parameter(entry, group)
        if parameter is None:
            return {}
        kinds, name = _LOOKUPS[entry.role], {"action": "acts"}.get(entry.role, f"{entry.role}s".replace("hs", "hes"))
        if is_file_path(entry):
            kinds, name = Downloads, "downloads"
        elif entry.role == "fetch" and entry.rows.kind != "one":
            return {}
        is_read_too = kind.is_single or any(e.role == "fetch" for e in group.items)
        basis: Basis = "inferred" if is_read_too and not kind.is_hidden and entry.role != "action" else "assumed"
        statement = kinds(
            resource=kind.name,
            field=kind.id_field,
            parameter=parameter,
            unknown=status,
            unknown_basis=unknown_basis,
            basis=basis,
            because=join_evidence(entry),
        )
        return {name: statement}

    def _find_item_parameter(self, entry: SurveyedOperation, group: OperationGroup) -> str | None:
        parts = entry.shape.parts
        position = len(group.shape.parts)
        name = parts[position][1:].partition("}")[0] if position < len(parts) and parts[position][0] == "{" else None
        return name if name and entry.operation.parameter(name, "path") is not None else None

    def _state_scopes(self, entry: SurveyedOperation, group: OperationGroup, kind: RowKind) -> dict[str, Any]:
        scopes = []
        for parameter, parent, parent_group in find_group_parents(entry, self.groups, self.kinds, group):
            noun = parent.name if parent else parent_group.noun if parent_group else name_parent(parameter)
            field = find_parent_field(self.reader, kind.properties, parameter, noun, kind.id_field)
            status, basis = unknown_status(entry.operation)
            scopes.append(
                Scope(
                    parameter=parameter,
                    field=field or parameter,
                    hidden=field is None,
                    resource=parent.name if parent else None,
                    unknown=status if parent or status != 404 or basis == "inferred" else 200,
                    unknown_basis=basis,
                    basis="assumed" if field is None or parent is None else "inferred",
                    because=f"{parameter} stands before the rows in the path",
                )
            )
        return {"scope": scopes[-1], "ancestors": tuple(scopes[:-1])} if scopes else {}

    def _find_envelope(self, entry: SurveyedOperation, group: OperationGroup) -> Envelope | None:
        request = None
        if entry.operation.body is not None and entry.role in {"create", "update", "replace"}:
            rows = read_rows(self.reader, pick_content(entry.operation.body.content), group.shape.noun)
            request = rows.path or None if rows.kind == "one" else None
        response = entry.rows.path or None
        if request is None and response is None:
            return None
        places = " and ".join(
            filter(None, [response and f"{response} of the response", request and f"{request} of the body"])
        )
        return Envelope(response=response, request=request, basis="inferred", because=f"the rows are at {places}")


def join_evidence(entry: SurveyedOperation) -> str:
    """Return the witnesses of a role as one sentence."""
    return "; ".join(entry.evidence)


def _first_id(entries: list[SurveyedOperation]) -> str | None:
    return entries[0].operation.id if entries else None
