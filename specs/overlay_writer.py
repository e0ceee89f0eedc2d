"""Writer of overlays: the statements of an API that its document does not make, as an Overlay 1.0 document to edit."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from specduet.specs.extension import EXTENSION
from specduet.specs.model import Api, Resource
from specduet.specs.schemas import split_pointer
from specduet.specs.statement import Statement, list_fields

_SIMPLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PLAIN_TEXT = re.compile(r"[A-Za-z][A-Za-z0-9_ /.{}()+-]*[A-Za-z0-9_)}]|[A-Za-z]")
_WORDS_OF_YAML = frozenset(["null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf"])


def build_overlay(api: Api, bare: Api) -> dict[str, Any]:
    """Return the overlay that makes ``bare``, the same document without inference, behave as ``api`` does."""
    actions = [*_list_root_actions(api, bare), *_list_resource_actions(api, bare), *_list_operation_actions(api, bare)]
    info = {"title": f"Behavior of {api.title}", "version": "1.0.0"}
    return {"overlay": "1.0.0", "info": info, "actions": actions}


def _list_root_actions(api: Api, bare: Api) -> Iterator[dict[str, Any]]:
    resources = {
        name: to_data(resource.behavior) for name, resource in api.resources.items() if name not in bare.resources
    }
    if resources:
        yield {"target": "$", "update": {EXTENSION: {"resources": resources}}}


def _list_resource_actions(api: Api, bare: Api) -> Iterator[dict[str, Any]]:
    for name, stated in bare.resources.items():
        added = _subtract(to_data(api.resources[name].behavior), to_data(stated.behavior))
        if added:
            yield {"target": _find_holder(stated), "update": _wrap(bare, stated, added)}


def _find_holder(stated: Resource) -> str:
    return "$" if stated.behavior.schema is not None else to_json_path(stated.pointer)


def _wrap(bare: Api, stated: Resource, added: Mapping[str, Any]) -> dict[str, Any]:
    if stated.behavior.schema is None:
        return {EXTENSION: dict(added)}
    key = next(key for key, behavior in bare.behavior.resources.items() if behavior.resource == stated.name)
    return {EXTENSION: {"resources": {key: dict(added)}}}


def _list_operation_actions(api: Api, bare: Api) -> Iterator[dict[str, Any]]:
    for operation, stated in zip(api.operations, bare.operations, strict=True):
        added = _subtract(to_data(operation.behavior), to_data(stated.behavior))
        if added:
            yield {"target": to_json_path(operation.pointer), "update": {EXTENSION: added}}


def _subtract(data: Mapping[str, Any], stated: Mapping[str, Any]) -> dict[str, Any]:
    return {word: value for word, value in data.items() if word not in stated}


def to_data(words: Any) -> Any:
    """Return statements as an overlay writes them: without what is left at its default, and ``because`` at the end."""
    if isinstance(words, msgspec.Struct):
        found = {}
        for field in list_fields(type(words)):
            value = getattr(words, field.name)
            default = field.default if field.default is not msgspec.NODEFAULT else _make_default(field)
            if value != default:
                found[field.encode_name] = to_data(value)
        ends = ("basis", "because") if isinstance(words, Statement) else ()
        return {**{k: v for k, v in found.items() if k not in ends}, **{k: found[k] for k in ends if k in found}}
    if isinstance(words, Mapping):
        return {key: to_data(value) for key, value in words.items()}
    return [to_data(item) for item in words] if isinstance(words, tuple) else words


def _make_default(field: msgspec.structs.FieldInfo) -> Any:
    return field.default_factory() if callable(field.default_factory) else msgspec.NODEFAULT


def to_json_path(pointer: str) -> str:
    """Return the RFC 9535 query of a JSON pointer: ``$.paths['/pets'].get`` for ``/paths/~1pets/get``."""
    return "$" + "".join(_to_segment(part) for part in split_pointer(pointer))


def _to_segment(part: str) -> str:
    if _SIMPLE_NAME.fullmatch(part):
        return f".{part}"
    if part.isdecimal():
        return f"[{part}]"
    escaped = part.replace("\\", "\\\\").replace("'", "\\'")
    return f"['{escaped}']"


def dump_overlay(overlay: Mapping[str, Any]) -> str:
    """Return an overlay as YAML in which every statement is readable and every text a text, by YAML 1.1 and 1.2."""
    import yaml  # only who writes an overlay needs it

    class Dumper(yaml.SafeDumper):
        """Dumper that quotes whatever might be read as something else than a text."""

    def write_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
        is_plain = bool(_PLAIN_TEXT.fullmatch(text)) and text.lower() not in _WORDS_OF_YAML
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if is_plain else '"')

    Dumper.add_representer(str, write_text)
    Dumper.ignore_aliases = lambda *_: True  # type: ignore[method-assign]
    return yaml.dump(dict(overlay), Dumper=Dumper, sort_keys=False, allow_unicode=True, width=110)
