"""What a finding was expected to be, in words of the document: ``type: integer, minimum: 1``."""

import json
from collections.abc import Mapping
from typing import Any

from specduet.contracts.findings import MISSING_VALUE, Finding, one_line
from specduet.specs import Api

_SCHEMA_KEYS = (
    *("type", "format", "enum", "const", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    *("multipleOf", "minLength", "maxLength", "minItems", "maxItems", "uniqueItems", "required"),
    *("additionalProperties", "contentEncoding"),
)
_REFUSED = frozenset({"SD301", "SD302", "SD303", "SD304"})
_ACCEPTED = frozenset({"SD305"})


def describe_expected(finding: Finding, api: Api, sentence: str) -> str:
    """Return what the document says at the place of a finding, as far as it decides; else the clause's sentence."""
    if finding.family == "credentials":
        return "401 or 403"
    node = _find_node(api, finding.pointer)
    if finding.family not in {"response", "values", "refusal"} or not isinstance(node, Mapping):
        return sentence
    words = _describe_responses(node) if finding.pointer.endswith("/responses") else _describe_schema(node)
    if not words:
        return sentence
    if finding.value == MISSING_VALUE and finding.family != "refusal":
        return one_line(f"required, {words}")
    if finding.code in _REFUSED:
        return one_line(f"a 4xx, for it is not {words}")
    return one_line(f"2xx, for it is {words}" if finding.code in _ACCEPTED else words)


def _find_node(api: Api, pointer: str) -> Any:
    """Return the part of the document at a pointer, references followed; None where there is none."""
    try:
        return api.schemas.resolve(api.schemas.node_at(pointer), pointer)[0]
    except (LookupError, TypeError, ValueError):
        return None


def _describe_responses(responses: Mapping[str, Any]) -> str:
    return f"a documented status: {', '.join(map(str, responses))}" if responses else ""


def _describe_schema(schema: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}: {_to_words(schema[key])}" for key in _SCHEMA_KEYS if key in schema)


def _to_words(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return " or ".join(_to_words(member) for member in value)
    if isinstance(value, Mapping):
        return "a schema"
    return json.dumps(value, ensure_ascii=False)
