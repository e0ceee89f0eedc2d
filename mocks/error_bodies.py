"""Bodies of errors in the document's own words: a valid value, with what is wrong put where its names say it belongs.

``{"error": {"code": "…", "message": "…"}}`` gets a code and a message, ``{"errors": [{"field": "…"}]}`` an item for
each problem. A property is changed only if the body satisfies its schema afterwards, so whatever the document means by
its names, the body stays valid.
"""

import copy
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from specduet.mocks.error_codes import iter_fitting_codes
from specduet.mocks.validation import Problem
from specduet.specs import Schema, Schemas
from specduet.specs.schemas import escape_pointer

_MAX_DEPTH = 6
_MAX_ITEMS = 20


@dataclass(frozen=True)
class ErrorFacts:
    """What is wrong with a request."""

    status: int
    phrase: str
    """Phrase of the status: ``Bad Request``."""
    message: str
    path: str = ""
    """Path of the operation: ``/v1/runs``."""
    problems: Sequence[Problem] = ()

    @property
    def slug(self) -> str:
        """Phrase of the status as a code: ``bad_request``."""
        return re.sub(r"[^a-z]+", "_", self.phrase.lower())

    def narrow(self, problem: Problem) -> "ErrorFacts":
        """Return the facts of one of the problems."""
        return ErrorFacts(self.status, self.phrase, str(problem["msg"]), self.path, (problem,))


_MESSAGE_NAMES = {
    *("message", "msg", "errormessage", "errormsg", "detail", "details", "description", "errordescription", "reason"),
    *("text", "summary", "usermessage", "developermessage", "displaymessage", "longmessage", "shortmessage", "hint"),
    *("errordetail", "errordetails", "errortext", "faultstring", "cause", "info", "explanation", "errors", "messages"),
    *("localizedmessage", "statusmessage", "statustext"),
}
_STATUS_NAMES = {
    "status",
    "statuscode",
    "httpstatus",
    "httpstatuscode",
    "httpcode",
    "errorcode",
    "code",
    "httpresponsecode",
}
_CODE_NAMES = {
    "code",
    "errorcode",
    "type",
    "errortype",
    "name",
    "errorname",
    "kind",
    "key",
    "id",
    "slug",
    "error",
    "status",
}
_PHRASE_NAMES = {"title", "error", "name", "statustext", "reason", "statusmessage"}
_FIELD_NAMES = {
    *("field", "path", "param", "parameter", "property", "name", "fieldname", "parametername", "attribute", "target"),
    *(
        "location",
        "key",
        "source",
        "element",
        "propertyname",
        "propertypath",
        "dataref",
        "loc",
        "pointer",
        "instancepath",
    ),
}
_PLACE_NAMES = {"in", "location", "locationtype", "source"}
_FALSE_NAMES = {"success", "ok", "succeeded", "issuccess"}
_TRUE_NAMES = {"iserror", "haserror", "failed", "error"}
_LIST_NAMES = {
    *(
        "errors",
        "error",
        "details",
        "detail",
        "violations",
        "fielderrors",
        "invalidparams",
        "issues",
        "causes",
        "messages",
    ),
    *("validationerrors", "problems", "fields", "errorlist", "errordetails", "fieldviolations", "failures", "items"),
}


class ErrorBody:
    """A body under construction: a valid value of the schema at a pointer, changed step by step."""

    def __init__(
        self, schemas: Schemas, schema: Schema, pointer: str, base: Any, *, is_generated: bool = False
    ) -> None:
        """``is_generated`` values say nothing, so that those which no fact replaces are left out where they may be."""
        self._schemas = schemas
        self._is_valid = schemas.validator_at(pointer).is_valid
        self._schema = schema
        self._pointer = pointer
        self._is_generated = is_generated
        self.value = copy.deepcopy(base)

    def fill(self, facts: ErrorFacts) -> Any:
        """Put the facts into the body and return it."""

        def replace_body(value: Any) -> None:
            self.value = value

        self._fill_place(self.value, (self._schema, self._pointer), "errors", facts, replace_body, 0)
        return self.value

    def _fill_place(
        self,
        value: Any,
        located: tuple[Any, str],
        name: str,
        facts: ErrorFacts,
        replace: Callable[[Any], None],
        depth: int,
    ) -> bool:
        """Fill one place of the body, and return True if a fact stands there now. ``replace`` puts a value there."""
        if depth > _MAX_DEPTH:
            return False
        if isinstance(value, dict):
            return self._fill_object(value, located, name, facts, depth)
        if isinstance(value, list):
            return self._fill_list(value, located, name, facts, replace, depth)
        candidates = chain(_iter_candidates(name, value, facts), iter_fitting_codes(located[0], facts.status))
        return self._try_values(candidates, value, replace)

    def _fill_object(
        self, value: dict[str, Any], located: tuple[Any, str], name: str, facts: ErrorFacts, depth: int
    ) -> bool:
        properties = dict(self._iter_properties(*located))
        is_map = (depth > 0 or self._is_map(located)) and not properties and simplify_name(name) in _LIST_NAMES
        is_map = is_map and not any(isinstance(item, dict) for item in value.values()) and "message" not in value
        if is_map and facts.problems and self._fill_map(value, facts):
            return True
        added = {
            key
            for key, inner in properties.items()
            if key not in value and self._add_property(value, key, inner, facts)
        }
        filled = bool(added)
        # an error beside a message is a phrase: {"error": "Bad Request", "message": "…"}
        is_only_message = isinstance(value.get("error"), str) and _MESSAGE_NAMES.isdisjoint(map(simplify_name, value))
        for key in [*value]:
            if key not in added:

                def replace(new: Any, key: str = key) -> None:
                    value[key] = new

                inner = properties.get(key, ({}, ""))
                name = "message" if is_only_message and simplify_name(key) == "error" else key
                is_filled = self._fill_place(value[key], inner, name, facts, replace, depth + 1)
                if not is_filled and self._is_generated:
                    self._drop_property(value, key)
                filled = filled or is_filled
        return filled

    def _is_map(self, located: tuple[Any, str]) -> bool:
        """Return True for an object whose names are not described, but their values are."""
        schema = self._schemas.split_null(*located)[0] if isinstance(located[0], Mapping) else {}
        return isinstance(schema.get("additionalProperties"), Mapping)

    def _drop_property(self, value: dict[str, Any], key: str) -> None:
        """Remove a property that says nothing, unless the schema requires it."""
        before = dict(value)
        del value[key]
        if not self._is_valid(self.value):
            value.clear()
            value.update(before)

    def _fill_map(self, value: dict[str, Any], facts: ErrorFacts) -> bool:
        """Try ``{"field": ["message"]}`` and ``{"field": "message"}``, and return True if the schema allows one."""
        before = dict(value)
        for wrap in (lambda text: [text], lambda text: text):
            value.clear()
            value.update({_join_location(problem): wrap(str(problem["msg"])) for problem in facts.problems})
            if self._is_valid(self.value):
                return True
        value.clear()
        value.update(before)
        return False

    def _add_property(self, value: dict[str, Any], key: str, located: tuple[Any, str], facts: ErrorFacts) -> bool:
        """Add a property if its name says what belongs there and the schema allows it, and return True if so."""
        schema, pointer = self._schemas.split_null(*located)[:2] if isinstance(located[0], Mapping) else ({}, "")
        types = schema.get("type") if isinstance(schema, Mapping) else None
        kinds = types if isinstance(types, list) else [types]
        if "array" in kinds and simplify_name(key) in _LIST_NAMES and facts.problems:
            items, items_pointer = schema.get("items", {}), f"{pointer}/items"
            value[key] = [
                self._build_item((items, items_pointer), facts.narrow(p)) for p in facts.problems[:_MAX_ITEMS]
            ]
            if self._is_valid(self.value):
                return True
            del value[key]
        if "object" in kinds or "array" in kinds:
            return False
        sample = {"integer": 0, "number": 0, "boolean": True}.get(kinds[0] or "string", "")
        for candidate in chain(_iter_candidates(key, sample, facts), iter_fitting_codes(schema, facts.status)):
            value[key] = candidate
            if self._is_valid(self.value):
                return True
            del value[key]
        return False

    def _build_item(self, located: tuple[Any, str], facts: ErrorFacts) -> Any:
        """Return an item of a list of problems, made of what its properties are called."""
        properties = dict(self._iter_properties(*located))
        if not properties:
            return facts.message
        item = {}
        for key, (inner, pointer) in properties.items():
            schema = self._schemas.split_null(inner, pointer)[0] if isinstance(inner, Mapping) else {}
            types = schema.get("type") if isinstance(schema, Mapping) else None
            kind = next((t for t in types if t != "null"), None) if isinstance(types, list) else types
            sample = {"integer": 0, "number": 0, "boolean": True}.get(str(kind), "")
            if kind == "object" and simplify_name(key) == "source" and facts.problems:
                item[key] = _locate_source(facts.problems[0])
            if kind in {None, "string", "integer", "number", "boolean"}:
                best = next(_iter_candidates(key, sample, facts), None)
                item |= {} if best is None else {key: best}
        return item

    def _fill_list(
        self,
        value: list[Any],
        located: tuple[Any, str],
        name: str,
        facts: ErrorFacts,
        replace: Callable[[Any], None],
        depth: int,
    ) -> bool:
        """Make one item for each problem, by the first item that is there; keep what the schema allows."""
        simple = simplify_name(name)
        if facts.problems and simple in _FIELD_NAMES and all(isinstance(item, str | int) for item in value):
            location = facts.problems[0]["loc"]
            return self._try_values([[*location], [*map(str, location)]], value, replace)
        if simple not in _LIST_NAMES:
            return False
        items = (located[0].get("items", {}), f"{located[1]}/items") if self._get_items(located) else ({}, "")
        wanted = [facts.narrow(problem) for problem in facts.problems[:_MAX_ITEMS]] or [facts]
        first = value[0] if value else self._build_item(items, wanted[0])
        for count in (len(wanted), 1):
            made = [copy.deepcopy(first) for _ in range(count)]
            replace(made)
            if self._is_valid(self.value):
                for index, narrowed in enumerate(wanted[:count]):

                    def replace_item(new: Any, index: int = index, made: list[Any] = made) -> None:
                        made[index] = new

                    self._fill_place(made[index], items, name, narrowed, replace_item, depth + 1)
                return True
        replace(value)
        return False

    def _get_items(self, located: tuple[Any, str]) -> bool:
        return isinstance(located[0], Mapping) and "items" in located[0]

    def _try_values(self, candidates: Iterable[Any], before: Any, replace: Callable[[Any], None]) -> bool:
        """Put in the first value that keeps the body valid, else what was there before; return True for the first."""
        for candidate in candidates:
            replace(candidate)
            if self._is_valid(self.value):
                return True
        replace(before)
        return False

    def _iter_properties(self, schema: Any, pointer: str, depth: int = 0) -> Iterator[tuple[str, tuple[Any, str]]]:
        """Yield the properties of a schema, of its parts and of its alternatives, each with its own schema."""
        if not isinstance(schema, Mapping) or depth > _MAX_DEPTH:
            return
        schema, pointer = self._schemas.split_null(schema, pointer)[:2]
        for keyword in ("oneOf", "anyOf", "allOf"):
            for index, part in enumerate(schema.get(keyword, ())):
                yield from self._iter_properties(part, f"{pointer}/{keyword}/{index}", depth + 1)
        for name, inner in schema.get("properties", {}).items():
            at = f"{pointer}/properties/{escape_pointer(name)}"
            resolved, resolved_at = (
                self._schemas.split_null(inner, at)[:2] if isinstance(inner, Mapping) else (inner, at)
            )
            yield name, (resolved, resolved_at)

    def list_properties(self) -> set[str]:
        """Return the names of the body's own properties."""
        return {name for name, _ in self._iter_properties(self._schema, self._pointer)}


def simplify_name(name: str) -> str:
    """Return a name in small letters alone: ``errormessage`` for ``error_message`` and ``errorMessage``."""
    return re.sub(r"[^a-z]", "", name.lower())


def _iter_candidates(name: str, value: Any, facts: ErrorFacts) -> Iterator[Any]:
    """Yield what a property of a name might be meant to hold, the best first, of the type of its present value."""
    simple = simplify_name(name)
    if isinstance(value, bool):
        yield from [False] if simple in _FALSE_NAMES else [True] if simple in _TRUE_NAMES else []
    elif isinstance(value, int | float):
        yield from [facts.status, str(facts.status)] if simple in _STATUS_NAMES else []
    elif isinstance(value, str) or value is None:
        yield from _iter_texts(simple, value, facts)


def _iter_texts(simple: str, value: str | None, facts: ErrorFacts) -> Iterator[Any]:
    problem = facts.problems[0] if len(facts.problems) == 1 else None
    if problem is not None and simple in _PLACE_NAMES - {"source"}:
        yield str(problem["loc"][0])
    if problem is not None and simple in _FIELD_NAMES:
        yield from [_point_at(problem)] if simple == "pointer" else []
        yield _join_location(problem)
    if facts.path and (simple == "instance" or (simple == "path" and problem is None)):
        yield facts.path
    if simple in _MESSAGE_NAMES:
        yield facts.message
        yield facts.phrase
    if simple in {"status", "statuscode", "httpstatus", "httpstatuscode", "httpcode"}:
        yield str(facts.status)
        yield facts.status
    if simple in _PHRASE_NAMES:
        yield facts.phrase
    if simple in _CODE_NAMES:
        yield from [problem["type"]] if problem is not None else []
        # in the spelling of the present value
        yield from [facts.slug.upper(), facts.slug] if value and value.isupper() else [facts.slug, facts.slug.upper()]
        yield from ("error", "about:blank")


def _join_location(problem: Problem) -> str:
    """Return the place of a problem without where it stands: ``owner.name``."""
    return ".".join(map(str, problem["loc"][1:])) or str(problem["loc"][0])


def _point_at(problem: Problem) -> str:
    """Return the place of a problem as a pointer (JSON:API, section Error Objects): ``/owner/name``."""
    return "".join(f"/{escape_pointer(str(part))}" for part in problem["loc"][1:])


def _locate_source(problem: Problem) -> dict[str, str]:
    """Return the source of a problem (JSON:API, section Error Objects): ``{"parameter": "limit"}``."""
    if problem["loc"][0] == "body":
        return {"pointer": _point_at(problem)}
    return {"header" if problem["loc"][0] == "header" else "parameter": _join_location(problem)}
