"""The kinds of faults that any service can have, found in its document: fields, statuses, bodies, lists, writes."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tests.planted.changes import (
    Answer,
    Ask,
    Asked,
    Change,
    accept_on_refusal,
    change_answer,
    change_body,
    ignore_header,
    ignore_query,
    read_instead,
    set_header,
    set_status,
)
from tests.planted.fault import drop_values, show_first

Json = Any
_METHODS = ("get", "put", "post", "patch", "delete")
_SCALARS = ("string", "integer", "boolean", "number")  # a list of types is in no set
_LIMITS = frozenset({"limit", "per_page", "size"})


@dataclass(frozen=True)
class GenericFault:
    """One fault of one operation; ``make`` makes the change, which may have a memory, anew for each run."""

    kind: str
    label: str
    make: Callable[[], Change]
    codes: tuple[str, ...]
    """Beginnings of the codes of the clauses that tell it."""

    @property
    def name(self) -> str:
        """The fault in one line."""
        return f"{self.label}: {self.kind}"


@dataclass(frozen=True)
class DocumentedOperation:
    """One operation of a document, with its references followed."""

    document: Mapping[str, Any]
    method: str
    path: str
    node: Mapping[str, Any]

    @property
    def label(self) -> str:
        """``GET /things``."""
        return f"{self.method.upper()} {self.path}"

    def make_fault(self, kind: str, make: Callable[[], Change], *codes: str) -> GenericFault:
        """Return a fault of this operation."""
        return GenericFault(kind, self.label, make, codes)

    def follow(self, node: Any) -> Any:
        """Return what a reference leads to, else the node itself."""
        while isinstance(node, Mapping) and "$ref" in node:
            found: Any = self.document
            for step in node["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            node = found
        return node

    @property
    def success(self) -> tuple[int, Mapping[str, Any]]:
        """The status of the first success, and its response; 0 where there is none."""
        statuses = [status for status in self.node["responses"] if status[:1] == "2" and status.isdecimal()]
        return (int(statuses[0]), self.node["responses"][statuses[0]]) if statuses else (0, {})

    @property
    def content(self) -> Mapping[str, Any]:
        """What the body of a request may be, by media type."""
        content: Mapping[str, Any] = (self.node.get("requestBody") or {}).get("content") or {}
        return content

    @property
    def schema(self) -> Any:
        """The schema of the success in JSON, None where there is none."""
        content = self.success[1].get("content") or {}
        json = [media for media in content if media.endswith(("/json", "+json"))]
        return self.follow(content[json[0]]["schema"]) if len(content) == 1 and json else None

    def list_query(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield the name and schema of each query parameter."""
        for parameter in self.node.get("parameters", ()):
            if parameter["in"] == "query":
                yield parameter["name"], self.follow(parameter.get("schema", parameter))

    def find_row(self) -> tuple[tuple[str, ...], Mapping[str, Any]] | None:
        """Return the way to the rows of a response, ``*`` for a list, and their schema."""
        return self._find_row(self.schema, ())

    def _find_row(self, schema: Any, way: tuple[str, ...]) -> tuple[tuple[str, ...], Mapping[str, Any]] | None:
        schema = self.follow(schema)
        if not isinstance(schema, Mapping) or len(way) > 3:
            return None
        if "items" in schema:
            return self._find_row(schema["items"], (*way, "*"))
        for name, inner in schema.get("properties", {}).items():
            inner = self.follow(inner)  # noqa: PLW2901  the same schema
            is_list = isinstance(inner.get("items"), Mapping) and "properties" in self.follow(inner["items"])
            if is_list or (name in {"data", "video"} and "properties" in inner):
                return self._find_row(inner, (*way, name))
        return (way, schema) if "properties" in schema and schema.get("required") else None


def list_operations(document: Mapping[str, Any]) -> Iterator[DocumentedOperation]:
    """Yield the operations of a document."""
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                parameters = [*item.get("parameters", ()), *item[method].get("parameters", ())]
                yield DocumentedOperation(document, method, path, {**item[method], "parameters": parameters})


def list_faults(document: Mapping[str, Any]) -> Iterator[GenericFault]:
    """Yield every fault that a service with this document can have."""
    if "openapi" not in document:
        return
    operations = list(list_operations(document))
    for operation in operations:
        yield from _list_field_faults(operation)
        yield from _list_response_faults(operation)
        yield from _list_request_faults(operation)
        yield from _list_write_faults(operation, operations)


# ----------------------------------------------------------------------------------------------------- fields


def _list_field_faults(operation: DocumentedOperation) -> Iterator[GenericFault]:
    found = operation.find_row()
    if found is None:
        return
    way, schema = found
    properties = {name: operation.follow(inner) for name, inner in schema["properties"].items()}
    required = [name for name in schema["required"] if name in properties and not properties[name].get("writeOnly")]

    def change(kind: str, name: str, value: Any, *codes: str) -> GenericFault:
        def spoil(row: Any) -> None:
            if name in row:
                row[name] = value

        return operation.make_fault(f"{name} {kind}", lambda: _change_rows(way, spoil), *codes)

    plain = [name for name in required if properties[name].get("type") in _SCALARS]
    for name in plain[-1:]:
        yield change("is a list", name, ["specduet"], "SD2", "SD105")
        yield change("is null", name, None, "SD2", "SD105")
        drop = drop_values(name)
        yield operation.make_fault(f"{name} is missing", lambda drop=drop: _change_rows(way, drop), "SD204", "SD105")
    for name in [n for n in plain if "enum" in properties[n]][:1]:
        yield change("is no member", name, "specduet", "SD201", "SD202", "SD105")
    for name in [n for n in plain if properties[n].get("format") in {"uuid", "date-time"}][:1]:
        yield change("has no format", name, "yesterday", "SD206", "SD105")


def _change_rows(way: tuple[str, ...], spoil: Callable[[Any], Any]) -> Change:
    def walk(value: Any, steps: tuple[str, ...]) -> None:
        if not steps:
            if isinstance(value, dict):
                spoil(value)
        elif steps[0] == "*":
            for item in value if isinstance(value, list) else ():
                walk(item, steps[1:])
        elif isinstance(value, dict) and steps[0] in value:
            walk(value[steps[0]], steps[1:])

    def change(body: Any) -> None:
        walk(body, way)

    return change_body(change)


# -------------------------------------------------------------------------------------------------- responses


def _list_response_faults(operation: DocumentedOperation) -> Iterator[GenericFault]:
    fault = operation.make_fault
    status, response = operation.success
    if not status:
        return
    yield fault("another status", lambda: set_status(299), "SD101")
    yield fault("every third request fails", _fail_sometimes, "SD701")
    for name, header in response.get("headers", {}).items():
        if header.get("required"):
            yield fault(f"no header {name}", lambda name=name: set_header(name.lower(), None), "SD107")
    if operation.schema is None:
        return
    yield fault("a media type of its own", lambda: set_header("content-type", "text/html"), "SD102")
    yield fault(
        "half a body", lambda: change_answer(lambda a: replace(a, body=a.body[: len(a.body) // 2 + 1])), "SD103"
    )
    if operation.schema.get("type") in ("object", "array"):
        yield fault("another envelope", lambda: change_body(_wrap), "SD104", "SD105", "SD2")
    if operation.method == "get" and operation.path.endswith(("}", "}/")):
        yield fault("the first row for every id", show_first, "SD61", "SD612", "SD620", "SD625")


def _wrap(body: Json) -> Json:
    return {"wrapped": body} if isinstance(body, list) else [body]


def _fail_sometimes() -> Change:
    count = [0]

    async def changed(asked: Asked, ask: Ask) -> Answer:
        count[0] += 1
        return await ask(asked) if count[0] % 3 else Answer(500, {"content-type": "text/plain"}, b"failed")

    return changed


# --------------------------------------------------------------------------------------------------- requests


def _list_request_faults(operation: DocumentedOperation) -> Iterator[GenericFault]:
    fault = operation.make_fault
    for name, schema in operation.list_query():
        is_strict = schema.get("type") in ("integer", "boolean") or "enum" in schema
        if is_strict and {"400", "422"} & operation.node["responses"].keys():
            yield fault(f"any {name} is taken", lambda name=name: _accept_without(name), "SD30")
        if name in _LIMITS and operation.method == "get" and schema.get("minimum") == 1:
            yield fault(f"{name} is ignored", lambda name=name: ignore_query(name), "SD50")
    found = operation.find_row()
    fields = found[1]["properties"] if found is not None and operation.method == "get" else {}
    for name, schema in operation.list_query():
        inner = operation.follow(fields.get(name))
        if isinstance(inner, Mapping) and "enum" in schema and "enum" in inner and "default" not in schema:
            yield fault(f"{name} does not filter", lambda name=name: ignore_query(name), "SD51", "SD525")
    content = operation.content
    if [*content] == ["application/json"] and operation.follow(content["application/json"]["schema"]).get("required"):
        yield fault("any body is taken", _accept_last_body, "SD302", "SD303")
    if "401" in operation.node["responses"] and "security" not in operation.node:
        yield fault("credentials do not matter", _lend_credentials, "SD40")


def _accept_without(name: str) -> Change:
    def repair(asked: Asked) -> Asked | None:
        kept = tuple(pair for pair in asked.query if pair[0] != name)
        return None if kept == asked.query else replace(asked, query=kept)

    return accept_on_refusal(repair)


def _accept_last_body() -> Change:
    last: list[bytes] = []

    async def changed(asked: Asked, ask: Ask) -> Answer:
        answer = await ask(asked)
        if answer.status < 300:
            last[:] = [asked.body]
        elif answer.status in {400, 422} and last:
            return await ask(replace(asked, body=last[0]))
        return answer

    return changed


def _lend_credentials() -> Change:
    names = ("authorization", "x-key", "x-api-key", "cookie")
    known: dict[str, str] = {}

    async def changed(asked: Asked, ask: Ask) -> Answer:
        answer = await ask(asked)
        if answer.status < 300:
            known.update({name: text for name, text in asked.headers.items() if name in names})
        elif answer.status == 401 and known:
            return await ask(replace(asked, headers={**asked.headers, **known}))
        return answer

    return changed


# ----------------------------------------------------------------------------------------------------- writes


def _list_write_faults(operation: DocumentedOperation, operations: list[DocumentedOperation]) -> Iterator[GenericFault]:
    fault = operation.make_fault
    labels = {other.label for other in operations}
    is_item = operation.path.endswith("}")
    list_path = operation.path.rpartition("/")[0]
    has_detail, has_list = f"GET {operation.path}" in labels, f"GET {list_path}" in labels
    can_create = any(other.label == f"POST {list_path}" and "application/json" in other.content for other in operations)
    if (
        operation.method == "delete"
        and is_item
        and has_detail
        and has_list
        and can_create
        and operation.success[0] == 204
    ):
        yield fault("nothing is deleted", lambda: read_instead(204), "SD626")
    is_change = operation.method in {"put", "patch"} and is_item and has_detail and can_create
    if is_change and operation.success[0] == 200 and "201" not in operation.node["responses"]:
        yield fault("nothing is changed", lambda: read_instead(200), "SD625", "SD628")
    if operation.method == "patch" and any(p["name"] == "If-Match" for p in operation.node["parameters"]):
        yield fault("If-Match does not matter", lambda: ignore_header("if-match"), "SD631")
    found = operation.find_row()
    is_list = operation.method == "get" and not is_item and found is not None and found[0] == ("*",)
    makes_rows = any(
        other.label == f"POST {operation.path}" and other.success[0] and "application/json" in other.content
        for other in operations
    )
    if is_list and makes_rows:
        yield fault("new rows are not listed", _hide_new, "SD617", "SD5")


def _hide_new() -> Change:
    known: list[Any] = []

    async def changed(asked: Asked, ask: Ask) -> Answer:
        answer = await ask(asked)
        if answer.status != 200:
            return answer
        if not known:
            known.append(answer.json)
        return answer.with_json([row for row in answer.json if row in known[0]])

    return changed
