"""Checks of single objects of a document: each returns what is kept, or ``LEFT_OUT``.

Fields have been checked one by one before; here it is what they say together.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import jsonschema_rs

from specduet.specs.grammar import ObjectKind, Shape
from specduet.specs.references import FilePlace
from specduet.specs.request_lines import METHODS
from specduet.specs.schema_keywords import LEFT_OUT

Report = Callable[[FilePlace, str, str], None]
_Check = Callable[[dict[str, Any], FilePlace, Report], Any]

_STATUS = re.compile(r"[1-5](?:\d\d|XX)|default")
_LOCATIONS = ("path", "query", "header", "cookie")
_STYLES = {
    "path": {"matrix", "label", "simple"},
    "query": {"form", "spaceDelimited", "pipeDelimited", "deepObject"},
    "header": {"simple"},
    "cookie": {"form", "cookie"},
}
_SIMPLE_KEYWORDS = (
    *("type", "enum", "const", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    *("minLength", "maxLength", "pattern", "minItems", "maxItems", "uniqueItems"),
)


def check_object(kind: ObjectKind, found: dict[str, Any], place: FilePlace, report: Report) -> Any:
    """Return what is kept of an object."""
    check = _CHECKS.get(kind.name)
    return found if check is None else check(found, place, report)


def make_empty(shape: Shape) -> dict[str, Any]:
    """Return an object that says nothing: it stands for one that could not be read."""
    return {"description": ""} if isinstance(shape, ObjectKind) and shape.section == "responses" else {}


def check_default(schema: dict[str, Any], report: Callable[[str, str], None]) -> None:
    """Leave a default out that breaks the plain keywords of its schema."""
    plain = {keyword: schema[keyword] for keyword in _SIMPLE_KEYWORDS if keyword in schema}
    default = schema["default"]
    if not plain or (default is None and (schema.get("nullable") is True or "$ref" in schema)):
        return
    if isinstance(plain.get("exclusiveMinimum"), bool) or isinstance(plain.get("exclusiveMaximum"), bool):
        plain = {k: v for k, v in plain.items() if not k.startswith("exclusive")}
    try:
        jsonschema_rs.Draft202012Validator(plain).validate(default)
    except jsonschema_rs.ValidationError as error:
        report(f"the default breaks its schema: {error.message[:200]}", "the default is ignored")
        del schema["default"]
    except ValueError:
        pass  # a value that no JSON can hold


def _check_document(found: dict[str, Any], place: FilePlace, report: Report) -> Any:
    info = found.setdefault("info", {})
    for name in ("title", "version"):
        if name not in info:
            report(place.child("info") if info else place, f"'info' has no {name!r}", "it is empty")
            info[name] = ""
    paths = found.get("paths")
    if isinstance(paths, dict):
        found["paths"] = _check_paths(paths, place.child("paths"), report)
    return found


def _check_paths(paths: dict[str, Any], place: FilePlace, report: Report) -> dict[str, Any]:
    kept = {}
    for name, item in paths.items():
        at, path = place.child(name), name
        if not path.startswith("/"):
            report(at, f"the path {name!r} does not begin with a slash", f"it is served at {'/' + name!r}")
            path = f"/{name}"
        if path in kept:
            report(at, f"the path {path!r} stands twice", "the second one is left out")
            continue
        plain = re.split(r"[?#]", path, maxsplit=1)[0]
        if plain != path and plain not in paths and plain not in kept and len(plain) > 1:
            report(at, f"the path {name!r} holds a query or fragment", "it is served without it")
            path = plain
        reason = _find_path_fault(path)
        if reason:
            report(at, f"the path {name!r} {reason}", "its operations are left out")
        else:
            if re.search(r"[?#]", re.sub(r"\{[^{}]+\}", "", path)):
                report(at, f"the path {name!r} holds a query or fragment", "a request is matched by that query, too")
            kept[path] = item
    return kept


def _find_path_fault(path: str) -> str:
    plain = re.sub(r"\{[^{}]+\}", "", path)
    if "{" in plain or "}" in plain:
        return "has a brace too many or an empty name in braces"
    names = re.findall(r"\{([^{}]+)\}", path)
    return "names a parameter twice" if len(set(names)) != len(names) else ""


def _check_parameter(found: dict[str, Any], place: FilePlace, report: Report) -> Any:
    name, location = found.get("name"), found.get("in")
    if not name:
        report(place, "a parameter has no name", "the parameter is ignored")
        return LEFT_OUT
    if location == "querystring":
        return _read_query_string(found, place, report)
    if location not in _LOCATIONS:
        hint = "; a body stands in 'requestBody'" if location in {"body", "formData"} else ""
        report(
            place, f"the parameter {name!r} is in {location!r}, not in path, query, header or cookie{hint}", _IGNORED
        )
        return LEFT_OUT
    if location == "path" and found.get("required") is not True:
        report(place, f"the path parameter {name!r} is not 'required: true'", "it is required")
        found["required"] = True
    if "style" in found and found["style"] not in _STYLES[location]:
        report(
            place.child("style"), f"the style {found['style']!r} does not exist in {location}", "the style is ignored"
        )
        del found["style"]
    return _check_value(found, f"the parameter {name!r}", place, report)


_IGNORED = "the parameter is ignored"
_FORM = "application/x-www-form-urlencoded"


def _read_query_string(found: dict[str, Any], place: FilePlace, report: Report) -> Any:
    """Return a whole query string, as OpenAPI 3.2 has it, as a parameter whose properties are those of the query."""
    content = found.get("content")
    form = content.get(_FORM) if isinstance(content, dict) else None
    if not isinstance(form, dict):
        report(place, f"the query string {found['name']!r} is no {_FORM}", _IGNORED)
        return LEFT_OUT
    kept = {name: value for name, value in found.items() if name not in {"content", "style", "explode"}}
    return {**kept, "in": "query", "style": "form", "explode": True, "schema": form.get("schema", {})}


def _check_header(found: dict[str, Any], place: FilePlace, report: Report) -> Any:
    return _check_value(found, "the header", place, report)


def _check_value(found: dict[str, Any], subject: str, place: FilePlace, report: Report) -> Any:
    """Keep one of ``schema`` and ``content``, and one media type of the latter."""
    content = found.get("content")
    if "schema" in found and content is not None:
        report(place.child("content"), f"{subject} has 'schema' and 'content'", "'content' is ignored")
        del found["content"]
    elif "schema" not in found and not content:
        report(place, f"{subject} has no 'schema'", "it takes any value")
        found.pop("content", None)
        found["schema"] = {}
    elif content is not None and len(content) > 1:
        report(place.child("content"), f"{subject} has several media types", "the first one is used")
        found["content"] = dict([next(iter(content.items()))])
    return found


def _check_media_types(found: dict[str, Any], place: FilePlace, report: Report) -> Any:
    for name in list(found.get("content", ())):
        if "/" not in name:
            report(place.child("content").child(name), f"{name!r} is no media type", "it is left out")
            del found["content"][name]
    for name in [name for name in found if re.fullmatch(r"(application|text|image|multipart)/\S+", name)]:
        report(place.child(name), f"{name!r} does not stand in 'content'", "it is left out")
        del found[name]
    return found


def _check_response(found: dict[str, Any], place: FilePlace, report: Report) -> Any:
    if "description" not in found:
        report(place, "a response has no 'description'", "it is empty")
        found["description"] = ""
    return _check_media_types(found, place, report)


def _check_body(found: dict[str, Any], place: FilePlace, report: Report) -> Any:
    if "content" not in found:
        report(place, "a request body has no 'content'", "the body is left out")
        return LEFT_OUT
    return _check_media_types(found, place, report)


def _check_operation(found: dict[str, Any], place: FilePlace, report: Report) -> Any:
    responses = found.get("responses")
    if responses is None:
        return found
    kept: dict[str, Any] = {}
    for status, response in responses.items():
        name = status.upper() if status != "default" else status
        if not _STATUS.fullmatch(name):
            at = place.child("responses").child(status)
            report(at, f"{status!r} is no status, range or 'default'", "the response is left out")
        else:
            kept[name] = response
    found["responses"] = kept
    return found


def _check_server(found: dict[str, Any], place: FilePlace, report: Report) -> Any:
    if "url" not in found:
        report(place, "a server has no 'url'", "it is left out")
        return LEFT_OUT
    for name in re.findall(r"\{([^{}]+)\}", found["url"]):
        if name not in found.get("variables", {}):
            report(place.child("url"), f"the server has no variable {name!r}", "its path is not used")
    return found


def _check_scheme(found: dict[str, Any], place: FilePlace, report: Report) -> Any:
    kind = found.get("type")
    missing = [name for name in _SCHEME_FIELDS.get(kind or "", ()) if not found.get(name)]
    if kind not in _SCHEME_FIELDS:
        report(place, f"the type {kind!r} of a security scheme does not exist", "no credential is asked for")
        return LEFT_OUT
    if missing:
        report(place, f"a security scheme of type {kind!r} has no {missing[0]!r}", "no credential is asked for")
        return LEFT_OUT
    if kind == "apiKey" and found["in"] not in {"query", "header", "cookie"}:
        report(place.child("in"), f"an apiKey is not sent in {found['in']!r}", "no credential is asked for")
        return LEFT_OUT
    return found


_SCHEME_FIELDS = {
    "apiKey": ("name", "in"),
    "http": ("scheme",),
    "oauth2": (),
    "openIdConnect": (),
    "mutualTLS": (),
}


def _check_example(found: dict[str, Any], place: FilePlace, report: Report) -> Any:
    if "value" in found and "externalValue" in found:
        report(place, "an example has 'value' and 'externalValue'", "'externalValue' is ignored")
    if "value" not in found:  # as OpenAPI 3.2 has it
        if "dataValue" in found:
            found["value"] = found.pop("dataValue")
        elif "serializedValue" in found:
            found["value"] = _parse_serialized(found["serializedValue"])
        found.pop("serializedValue", None)
    return found


def _parse_serialized(text: str) -> Any:
    """Return the value of a text that is JSON, else the text itself."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _check_media_type(found: dict[str, Any], _place: FilePlace, _report: Report) -> Any:
    """Give a stream of items, as OpenAPI 3.2 has it, the schema of their list."""
    if "itemSchema" in found and "schema" not in found:
        found["schema"] = {"type": "array", "items": found["itemSchema"]}
    return found


def _check_path_item(found: dict[str, Any], place: FilePlace, report: Report) -> Any:
    for name in found:
        if name.lower() in METHODS and name not in METHODS:
            report(place.child(name), f"the method {name!r} is not written in lower case", "it is left out")
    for name in ("query", "additionalOperations"):
        if name in found:
            report(place.child(name), f"{name!r} of OpenAPI 3.2 is not known", "it is left out")
    return found


_CHECKS: Mapping[str, _Check] = {
    "a document": _check_document,
    "a path item": _check_path_item,
    "an operation": _check_operation,
    "a parameter": _check_parameter,
    "a header": _check_header,
    "a request body": _check_body,
    "a response": _check_response,
    "a server": _check_server,
    "a security scheme": _check_scheme,
    "an example": _check_example,
    "a media type": _check_media_type,
}
