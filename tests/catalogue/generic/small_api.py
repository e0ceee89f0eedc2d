"""A small framework: operations state what they take and answer, the document is made of that, and requests keep it."""

import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

import jsonschema
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

Json = Any
Schema = Mapping[str, Any]
Handler = Callable[["Call"], Any]

PROBLEM: Schema = {
    "type": "object",
    "required": ["status", "title"],
    "properties": {"status": {"type": "integer"}, "title": {"type": "string"}, "detail": {"type": "string"}},
}
_TEXTS = {
    200: "The result",
    201: "Created",
    202: "Accepted",
    204: "Done",
    304: "Not modified",
    400: "The request is malformed or invalid",
    401: "The credential is missing or wrong",
    404: "There is none",
    409: "It conflicts with what there is",
    412: "The version is another one",
    415: "This media type is not read here",
    422: "The request is invalid",
    429: "Too many requests",
}


class Refused(Exception):
    """A request that is refused."""

    def __init__(self, status: int, detail: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, dict(headers or {})


@dataclass
class Call:
    """A request that has been read and found valid."""

    request: Request
    path: dict[str, Any]
    query: dict[str, Any]
    headers: Mapping[str, str]
    body: Json = None

    def __getitem__(self, name: str) -> Any:
        return self.path[name]


@dataclass(frozen=True)
class Operation:
    """One operation: what it takes, what it answers, and who does it."""

    method: str
    path: str
    handler: Handler
    parameters: Sequence[Mapping[str, Any]]
    body: Mapping[str, Any] | None
    pattern: re.Pattern[str]
    read: Callable[[Request], Awaitable[Json]] | None
    is_public: bool


@dataclass
class SmallApi:
    """Operations, their document, and the application."""

    title: str
    openapi: str = "3.1.0"
    components: dict[str, Schema] = field(default_factory=dict)
    invalid: int = 400
    problem: Schema = field(default_factory=lambda: PROBLEM)
    problem_media: str = "application/problem+json"
    media: str = "application/json"
    make_problem: Callable[[int, str], Json] = lambda status, detail: {
        "status": status,
        "title": _TEXTS.get(status, "Refused"),
        "detail": detail,
    }
    security: Mapping[str, Any] | None = None
    check: Callable[[Request], bool] = lambda _request: True
    description: str = ""
    before: Callable[[Request], None] = lambda _request: None
    wrap: Callable[[ASGIApp], ASGIApp] = lambda app: app
    operations: list[Operation] = field(default_factory=list)
    paths: dict[str, dict[str, Any]] = field(default_factory=dict)
    slashes: frozenset[str] = frozenset()
    """Path parameters whose values may hold encoded slashes."""
    _checkers: dict[tuple[int, bool], tuple[Schema, jsonschema.Draft202012Validator]] = field(default_factory=dict)

    def add(
        self,
        label: str,
        answers: Mapping[int, Any],
        *,
        path: Mapping[str, Schema] | None = None,
        query: Mapping[str, Schema] | None = None,
        required: Sequence[str] = (),
        headers: Mapping[str, Schema] | None = None,
        body: Schema | None = None,
        body_media: str | Mapping[str, Any] = "application/json",
        body_required: bool = True,
        read: Callable[[Request], Awaitable[Json]] | None = None,
        styles: Mapping[str, Mapping[str, Any]] | None = None,
        answer_headers: Mapping[int, Mapping[str, Any]] | None = None,
        description: str = "",
        refusals: Sequence[int] = (),
        public: bool = False,
        **more: Any,
    ) -> Callable[[Handler], Handler]:
        """Return a decorator that adds an operation, ``GET /things/{id}``."""
        method, _, template = label.partition(" ")
        parameters = [
            {"name": name, "in": place, "schema": _strip(schema), **(styles or {}).get(name, {})}
            | ({"required": True} if place == "path" or name in required else {})
            | ({"description": schema["x-text"]} if "x-text" in schema else {})
            for place, named in (
                ("path", {n: (path or {}).get(n, {"type": "string"}) for n in re.findall(r"\{([^}]*)\}", template)}),
                ("query", query or {}),
                ("header", headers or {}),
            )
            for name, schema in named.items()
        ]
        operation: dict[str, Any] = {"responses": self._write_answers(answers, answer_headers or {}), **more}
        statuses = set(refusals)
        if any(p["in"] != "path" or p["schema"] != {"type": "string"} for p in parameters) or body is not None:
            statuses.add(self.invalid)
        if body is not None:
            statuses |= {415, 400}
            content = {body_media: {"schema": body}} if isinstance(body_media, str) else body_media
            operation["requestBody"] = {"required": body_required, "content": content}
        if self.security and not public:
            statuses.add(401)
        if self.security and public:
            operation["security"] = []
        for status in sorted(statuses - set(answers)):
            operation["responses"][str(status)] = self._write_refusal(status)
        if parameters:
            operation["parameters"] = parameters
        if description:
            operation["description"] = description
        self.paths.setdefault(template, {})[method.lower()] = operation

        def keep(handler: Handler) -> Handler:
            made = Operation(
                method, template, handler, parameters, operation.get("requestBody"), _compile(template), read, public
            )
            self.operations.append(made)
            return handler

        return keep

    def _write_answers(self, answers: Mapping[int, Any], headers: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
        written: dict[str, Any] = {}
        for status, schema in answers.items():
            answer: dict[str, Any] = {"description": _TEXTS.get(status, "An answer")}
            if isinstance(schema, Mapping) and schema.get("x-content"):
                answer["content"] = schema["x-content"]
            elif schema is not None:
                answer["content"] = {self.media: {"schema": schema}}
            if status in headers:
                answer["headers"] = headers[status]
            written[str(status)] = answer
        return written

    def _write_refusal(self, status: int) -> dict[str, Any]:
        return {
            "description": _TEXTS.get(status, "Refused"),
            "content": {self.problem_media: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }

    def write_document(self) -> dict[str, Any]:
        """Return the OpenAPI document."""
        components: dict[str, Any] = {"schemas": {**self.components, "Problem": self.problem}}
        info = {"title": self.title, "version": "1.0.0"} | (
            {"description": self.description} if self.description else {}
        )
        document: dict[str, Any] = {"openapi": self.openapi, "info": info, "paths": self.paths}
        if self.security:
            components["securitySchemes"] = {"key": self.security}
            document["security"] = [{"key": []}]
        return {**document, "components": components}

    # ------------------------------------------------------------------------------------------------ application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.wrap(self._respond_to)(scope, receive, send)

    async def _respond_to(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except Refused as error:
            response = self.refuse(error)
        await response(scope, receive, send)

    def refuse(self, error: Refused) -> Response:
        """Return the response to a refused request."""
        body = self.make_problem(error.status, error.detail)
        return JSONResponse(body, error.status, error.headers, media_type=self.problem_media)

    async def _answer(self, request: Request) -> Response:
        self.before(request)
        raw = request.scope.get("raw_path", request.scope["path"].encode()).split(b"?")[0].decode("latin-1")
        found = [(op, match) for op in self.operations if (match := op.pattern.fullmatch(raw))]
        if not found:
            raise Refused(404, "no such path")
        fewest = min(len(match.groups()) for _, match in found)
        found = [(op, match) for op, match in found if len(match.groups()) == fewest]
        method = request.method
        chosen = [(op, match) for op, match in found if op.method == method]
        if not chosen and method == "HEAD":
            chosen = [(op, match) for op, match in found if op.method == "GET"]
        if not chosen:
            allowed = sorted({op.method for op, _ in found})
            raise Refused(405, "no such method", {"Allow": ", ".join(allowed)})
        operation, match = chosen[0]
        if self.security and not operation.is_public and not self.check(request):
            raise Refused(401, "who are you?", {"WWW-Authenticate": "Bearer"})
        call = await self._read_call(request, operation, match)
        result = operation.handler(call)
        if isinstance(result, Awaitable):
            result = await result
        return self.make_response(result)

    def make_response(self, result: Any) -> Response:
        """Return the response of a handler's result: a body, a status and a body, and maybe headers."""
        if isinstance(result, Response):
            return result
        status, body, headers = 200, result, {}
        if isinstance(result, tuple):
            status, body, *rest = result
            headers = rest[0] if rest else {}
        if body is None and status in {201, 202, 204, 303, 304}:
            return Response(status_code=status, headers=headers)
        return JSONResponse(body, status, headers, media_type=headers.pop("content-type", self.media))

    async def _read_call(self, request: Request, operation: Operation, match: re.Match[str]) -> Call:
        path, query, headers = {}, {}, {}
        pairs = _read_query(request)
        for parameter in operation.parameters:
            name, place = parameter["name"], parameter["in"]
            if place == "path":
                path[name] = self._read_value(parameter, [_decode(match[_group_name(name)])], 404)
                if path[name] == "" or ("/" in str(path[name]) and name not in self.slashes):
                    raise Refused(404, "no such thing")
            elif place == "query":
                values = _find_values(parameter, pairs)
                if values is not None:
                    query[name] = self._read_value(parameter, values, self.invalid)
                elif parameter.get("required"):
                    raise Refused(self.invalid, f"query {name} is missing")
                elif "default" in parameter["schema"]:
                    query[name] = parameter["schema"]["default"]
            elif name.lower() in request.headers:
                headers[name.lower()] = self._read_value(parameter, [request.headers[name]], self.invalid)
            elif parameter.get("required"):
                raise Refused(self.invalid, f"header {name} is missing")
        body = await self._read_body(request, operation) if operation.body is not None else None
        return Call(request, path, query, headers, body)

    def _read_value(self, parameter: Mapping[str, Any], values: list[Any], status: int) -> Any:
        schema = self.resolve(parameter["schema"])
        if isinstance(values, dict):
            value: Any = {k: _read_text(schema.get("properties", {}).get(k, {}), v) for k, v in values.items()}
        elif schema.get("type") == "array":
            value = [_read_text(schema.get("items", {}), text) for text in values]
        else:
            value = _read_text(schema, values[-1])
        self.validate(schema, value, status if status != 404 else self.invalid, parameter["name"])
        return value

    def resolve(self, schema: Schema) -> Schema:
        """Return a schema, or the component that it names."""
        return self.components[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema

    def validate(self, schema: Schema, value: Json, status: int, where: str, *, is_request: bool = True) -> None:
        """Raise ``Refused`` where a value breaks a schema."""
        checker = self._make_checker(schema, is_request=is_request)
        try:
            error = next(checker.iter_errors(value), None)
        except RecursionError:
            raise Refused(status, f"{where}: nested too deeply") from None
        if error is not None:
            raise Refused(status, f"{where}: {error.message[:200]}".encode("utf-8", "replace").decode())

    def _make_checker(self, schema: Schema, *, is_request: bool) -> jsonschema.Draft202012Validator:
        key = (id(schema), is_request)
        if key not in self._checkers:
            named = {n: _turn_into_2020(s, self.openapi, is_request=is_request) for n, s in self.components.items()}
            whole = {**_turn_into_2020(schema, self.openapi, is_request=is_request), "$defs": named}
            self._checkers[key] = (schema, jsonschema.Draft202012Validator(whole, format_checker=_FORMATS))
        return self._checkers[key][1]

    async def _read_body(self, request: Request, operation: Operation) -> Json:
        assert operation.body is not None
        raw = await request.body()
        if not raw and not operation.body["required"]:
            return None
        media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media not in operation.body["content"]:
            raise Refused(415 if raw else 400, f"read are {', '.join(operation.body['content'])}")
        schema = operation.body["content"][media]["schema"]
        if operation.read is not None:
            value = await operation.read(request)
        elif media == "application/x-www-form-urlencoded":
            value = _read_form(raw, self.resolve(schema))
        elif media == "application/json" or media.endswith("+json"):
            value = _parse_json(raw)
        else:
            return raw
        self.validate(schema, value, self.invalid, "body")
        return value


_FORMATS = jsonschema.FormatChecker()


@_FORMATS.checks("date-time", raises=ValueError)
def _is_time(value: Any) -> bool:
    from datetime import datetime

    if not isinstance(value, str):
        return True
    if not re.fullmatch(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", value, re.ASCII):
        return False
    datetime.fromisoformat(value[:19].upper())
    return True


@_FORMATS.checks("uri")
def _is_uri(value: Any) -> bool:
    return not isinstance(value, str) or bool(re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]+", value))


@_FORMATS.checks("uuid")
def _is_uuid(value: Any) -> bool:
    return not isinstance(value, str) or bool(
        re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", value)
    )


@_FORMATS.checks("int64")
def _is_int64(value: Any) -> bool:
    return not isinstance(value, int) or isinstance(value, bool) or -(2**63) <= value < 2**63


@_FORMATS.checks("int32")
def _is_int32(value: Any) -> bool:
    return not isinstance(value, int) or isinstance(value, bool) or -(2**31) <= value < 2**31


@_FORMATS.checks("email")
def _is_email(value: Any) -> bool:
    return not isinstance(value, str) or bool(re.fullmatch(r"[^@\s]+@[^@\s]+\.?[^@\s]*", value))


def _strip(schema: Schema) -> Schema:
    return {key: value for key, value in schema.items() if key != "x-text"}


def _group_name(name: str) -> str:
    return "p_" + re.sub(r"\W", "_", name)


def _compile(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{([^}]*)\}", template)
    return re.compile("".join(f"(?P<{_group_name(p)}>[^/]*)" if i % 2 else re.escape(p) for i, p in enumerate(parts)))


def _decode(text: str) -> str:
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise Refused(404, "no such thing") from None


def _read_query(request: Request) -> list[tuple[str, str]]:
    text = request.scope["query_string"].decode("latin-1")
    try:
        return parse_qsl(text, keep_blank_values=True, errors="strict")
    except ValueError:
        raise Refused(400, "the query is not UTF-8") from None


def _find_values(parameter: Mapping[str, Any], pairs: list[tuple[str, str]]) -> Any:
    name = parameter["name"]
    if parameter.get("style") == "deepObject":
        inside = {k[len(name) + 1 : -1]: v for k, v in pairs if k.startswith(f"{name}[") and k.endswith("]")}
        return inside or None
    values = [value for key, value in pairs if key == name]
    if not values:
        return None
    if parameter.get("explode") is False:
        return [text for value in values for text in value.split(",")]
    return values


def _read_text(schema: Schema, text: str) -> Any:
    kinds = schema.get("type", "string")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if "integer" in kinds and re.fullmatch(r"-?(0|[1-9][0-9]*)", text) and len(text) < 4000:
        return int(text)
    if "number" in kinds and re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?", text):
        number = float(text) if re.search(r"[.eE]", text) else int(text[:4000])
        return text if number in {float("inf"), float("-inf")} else number
    if "boolean" in kinds and text in {"true", "false"}:
        return text == "true"
    return text


def _read_form(raw: bytes, schema: Schema) -> Json:
    try:
        pairs = parse_qsl(raw.decode(), keep_blank_values=True, strict_parsing=bool(raw), errors="strict")
    except ValueError:
        raise Refused(400, "this is no form") from None
    properties = schema.get("properties", {})
    value: dict[str, Any] = {}
    for key, text in pairs:
        inner = properties.get(key, {})
        if inner.get("type") == "array":
            value.setdefault(key, []).append(_read_text(inner.get("items", {}), text))
        else:
            value[key] = _read_text(inner, text)
    return value


def _parse_json(raw: bytes) -> Json:
    def fail(_text: str) -> None:
        raise ValueError

    try:
        value = json.loads(raw.decode("utf-8-sig"), parse_constant=fail)
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise Refused(400, "this is no JSON") from None
    return value


def _turn_into_2020(schema: Any, openapi: str, *, is_request: bool) -> Any:
    """Return a schema as Draft 2020-12 has it: nullable is a type, and readOnly fields are not required of requests."""
    if isinstance(schema, list):
        return [_turn_into_2020(item, openapi, is_request=is_request) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    turned = {
        key: value
        if key in {"enum", "const", "default", "example", "examples"}
        else _turn_into_2020(value, openapi, is_request=is_request)
        for key, value in schema.items()
    }
    if isinstance(schema.get("$ref"), str):
        turned["$ref"] = schema["$ref"].replace("#/components/schemas/", "#/$defs/")
    properties = schema.get("properties")
    if isinstance(properties, Mapping) and isinstance(schema.get("required"), list):
        left_out = "readOnly" if is_request else "writeOnly"
        turned["required"] = [n for n in schema["required"] if not _has_mark(properties.get(n), left_out)]
    if schema.get("nullable") is True and openapi.startswith(("2", "3.0")) and isinstance(schema.get("type"), str):
        turned["type"] = [schema["type"], "null"]
        turned.pop("nullable")
    return turned


def _has_mark(schema: Any, mark: str) -> bool:
    return isinstance(schema, Mapping) and schema.get(mark) is True
