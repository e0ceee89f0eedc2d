"""The vocabulary as data: words by kind of holder, a default for the basis, and a JSON schema for editors."""

from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from functools import cache
from typing import Any, get_args, get_origin

import msgspec

from specduet.specs.behavior import Added, ApiBehavior, OperationBehavior, ResourceBehavior, ServedFile, Shape
from specduet.specs.extension import EXTENSION
from specduet.specs.statement import Statement
from specduet.specs.webhook_statements import WebhookBehavior

_NEAR = 0.8  # of 1


@cache
def is_misspelt(name: str) -> bool:
    """Tell whether a key is nearly ``x-specduet``."""
    is_near = abs(len(name) - len(EXTENSION)) < 3 and name != EXTENSION
    return is_near and SequenceMatcher(None, name.lower().replace("_", "-"), EXTENSION).ratio() > _NEAR


def fill_basis(node: Any, basis: str) -> Any:
    """Return a part of an overlay with a basis in each statement of ``x-specduet`` that names none."""
    if isinstance(node, Mapping):
        return {
            key: _fill_words(value, basis) if key == EXTENSION else fill_basis(value, basis)
            for key, value in node.items()
        }
    return [fill_basis(item, basis) for item in node] if isinstance(node, list) else node


def _fill_words(words: Any, basis: str) -> Any:
    if not isinstance(words, Mapping):
        return words
    if not words.keys() & _WORDS.keys():  # `shape`, or `added` on a response: the value is a statement itself
        return {**words, "basis": words.get("basis", basis)}
    return {word: _fill_value(value, _WORDS.get(word, ""), basis) for word, value in words.items()}


def _fill_value(value: Any, kind: str, basis: str) -> Any:
    if kind == "statement" and isinstance(value, Mapping):
        return {**value, "basis": value.get("basis", basis)}
    if kind == "statements" and isinstance(value, list):
        return [_fill_value(item, "statement", basis) for item in value]
    if kind == "named statements" and isinstance(value, Mapping):
        return {name: _fill_value(item, "statement", basis) for name, item in value.items()}
    if kind == "resources" and isinstance(value, Mapping):
        return {name: _fill_words(item, basis) for name, item in value.items()}
    return value


def _list_words() -> Iterator[tuple[str, str]]:
    """Yield each word with what its value is: a statement, a list of them, or statements or resources by name."""
    for holder in (OperationBehavior, ResourceBehavior, ApiBehavior, WebhookBehavior):
        for field in msgspec.structs.fields(holder):
            kinds = [field.type, *get_args(field.type)]
            is_statement = any(isinstance(kind, type) and issubclass(kind, Statement) for kind in kinds)
            origin = get_origin(field.type)
            if is_statement:
                yield field.encode_name, {tuple: "statements", dict: "named statements"}.get(origin, "statement")
            else:
                yield field.encode_name, "resources" if ResourceBehavior in kinds else "plain"


_WORDS = dict(_list_words())


def make_schema() -> dict[str, Any]:
    """Return the JSON Schema of ``x-specduet`` wherever it stands, for editors."""
    holders = [OperationBehavior, ResourceBehavior, ApiBehavior, WebhookBehavior, Added, Shape, ServedFile]
    references, components = msgspec.json.schema_components(holders, ref_template="#/$defs/{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"{EXTENSION}: the behavior of an API",
        "description": "On an operation, a schema, the document, a response or a property: docs/vocabulary.md",
        "anyOf": list(references),
        "$defs": dict(sorted(components.items())),
    }
