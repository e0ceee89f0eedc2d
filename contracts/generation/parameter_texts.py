"""Values of parameters as they stand in a path, a query, a header or a cookie, by ``style`` and ``explode``."""

import json
from collections.abc import Mapping
from typing import Any

from specduet.contracts.oracle.query_objects import is_content_parameter
from specduet.specs import Parameter

_DELIMITERS = {"spaceDelimited": " ", "pipeDelimited": "|"}


def to_parameter_text(value: Any) -> str:
    """Return a value as it stands in a path, a query or a header: ``true``, ``1,2``, ``a,1,b,2``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, list | tuple):
        return ",".join(map(to_parameter_text, value))
    if isinstance(value, Mapping):
        return ",".join(f"{name},{to_parameter_text(inner)}" for name, inner in value.items())
    return str(value)


def to_styled_text(parameter: Parameter, value: Any) -> str:
    """Return a value as the one text that a path or a header has for it (OAS 3.1, 4.8.12.2): ``.a.b``, ``;name=5``."""
    if is_content_parameter(parameter):
        return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    is_exploded_object = parameter.explode and isinstance(value, Mapping)
    texts = [f"{k}={to_parameter_text(v)}" for k, v in value.items()] if is_exploded_object else []
    match parameter.style:
        case "label":
            texts = texts or ([*map(to_parameter_text, value)] if parameter.explode and isinstance(value, list) else [])
            return "." + (".".join(texts) or to_parameter_text(value))
        case "matrix":
            if not texts and parameter.explode and isinstance(value, list):
                texts = [f"{parameter.name}={to_parameter_text(item)}" for item in value]
            return ";" + (";".join(texts) or f"{parameter.name}={to_parameter_text(value)}")
    return ",".join(texts) or to_parameter_text(value)


def to_query_pairs(parameter: Parameter, value: Any) -> list[tuple[str, str]]:
    """Return the pairs that a query has for a value: ``[("filter[size]", "5")]``."""
    name = parameter.name
    if is_content_parameter(parameter):
        return [(name, to_styled_text(parameter, value))]
    if isinstance(value, Mapping):
        if parameter.style == "deepObject":
            return [pair for key, inner in value.items() for pair in _to_nested_pairs(f"{name}[{key}]", inner)]
        if parameter.explode:
            return [(key, to_parameter_text(inner)) for key, inner in value.items()]
    if isinstance(value, list) and parameter.explode:
        return [(name, to_parameter_text(item)) for item in value]
    if isinstance(value, list) and parameter.style in _DELIMITERS:
        return [(name, _DELIMITERS[parameter.style].join(map(to_parameter_text, value)))]
    return [(name, to_parameter_text(value))]


def _to_nested_pairs(name: str, value: Any) -> list[tuple[str, str]]:
    """Return the pairs of a nested value in the spelling that most servers read: ``filter[range][from]=1``."""
    if isinstance(value, Mapping):
        return [pair for key, inner in value.items() for pair in _to_nested_pairs(f"{name}[{key}]", inner)]
    if isinstance(value, list):
        return [pair for item in value for pair in _to_nested_pairs(f"{name}[]", item)]
    return [(name, to_parameter_text(value))]
