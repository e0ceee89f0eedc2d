"""Merge what a document implies into what it states: a stated word wins over an inferred one."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

import msgspec

from specduet.specs.behavior import OperationBehavior
from specduet.specs.inference import Inference
from specduet.specs.inference.words import word_set
from specduet.specs.model import Operation, Resource
from specduet.specs.statement import list_fields

_Behavior = TypeVar("_Behavior", bound=msgspec.Struct)
_SUBJECTS = word_set("lists fetches watches downloads updates replaces deletes acts creates")
_SILENT = OperationBehavior()


def merge_inference(
    inference: Inference, operations: tuple[Operation, ...], stated: Mapping[str, Resource]
) -> tuple[tuple[Operation, ...], dict[str, Resource]]:
    """Return the operations with role and all statements, and the resources that these name."""
    merged = tuple(
        replace(operation, role=role, behavior=_merge_operation(operation.behavior, inferred))
        for operation, role, inferred in zip(operations, inference.roles, inference.behaviors, strict=True)
    )
    named = {name for operation in merged for name in _name_resources(operation.behavior)}
    resources = dict(stated)
    for name, resource in inference.resources.items():
        if name in stated:
            resources[name] = replace(stated[name], behavior=_merge_words(stated[name].behavior, resource.behavior))
        elif name in named:
            resources[name] = resource
    return merged, resources


def _merge_operation(stated: OperationBehavior, inferred: OperationBehavior) -> OperationBehavior:
    if stated == _SILENT:
        return inferred
    subject = stated.subject
    if subject is None:
        return _merge_words(stated, inferred)
    if inferred.subject is None or inferred.subject.resource != subject.resource:
        return stated
    return _merge_words(stated, inferred, without=_SUBJECTS)


def _merge_words(stated: _Behavior, inferred: _Behavior, without: frozenset[str] = frozenset()) -> _Behavior:
    changes = {}
    for word in list_fields(type(stated)):
        value = getattr(inferred, word.name)
        if value and word.name not in without and not getattr(stated, word.name):
            changes[word.name] = value
    changes.pop("schema", None)
    return msgspec.structs.replace(stated, **changes) if changes else stated


def _name_resources(behavior: OperationBehavior) -> list[str | None]:
    if behavior == _SILENT:
        return []
    scopes = [scope.resource for scope in behavior.scopes]
    return [behavior.subject.resource if behavior.subject else None, *scopes]
