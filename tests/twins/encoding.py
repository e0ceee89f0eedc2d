"""The bytes of a request: its target, headers, and body as JSON or a form."""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from tests.mocks.raw_http import RawRequest
from tests.twins.request_maker import Draft
from tests.twins.service import Made

_BOUNDARY = "twins"


def render_request(base: str, draft: Draft, convert: Callable[[Any], Any]) -> RawRequest:
    """Return a request as one server gets it: ``convert`` returns the values that this server made up."""
    values = {name: quote(str(resolve(value, convert)), safe="") for name, value in draft.path.items()}
    target = base + draft.template
    for name, value in values.items():
        target = target.replace(f"{{{name}}}", value)
    pairs = [
        (name, to_text(resolve(item, convert)))
        for name, value in draft.query.items()
        for item in (value if isinstance(value, list) else [value])
    ]
    target += f"?{urlencode(pairs)}" if pairs else ""
    headers = {name.lower(): to_text(resolve(value, convert)) for name, value in draft.headers.items()}
    body, media_type = encode_body(resolve(draft.body, convert), draft.media_type)
    if media_type:
        headers["content-type"] = media_type
    return RawRequest(draft.method, target, [(n.encode(), v.encode()) for n, v in headers.items()], body)


def encode_body(body: Any, media_type: str) -> tuple[bytes, str]:
    """Return the bytes of a body and its whole media type."""
    if not media_type:
        return b"", ""
    if media_type == "multipart/form-data":
        return b"".join(encode_part(*field) for field in body.items()) + f"--{_BOUNDARY}--\r\n".encode(), (
            f"{media_type}; boundary={_BOUNDARY}"
        )
    if media_type == "application/x-www-form-urlencoded":
        return urlencode([*flatten_form(body)]).encode(), media_type
    return json.dumps(body).encode(), media_type


def encode_part(name: str, value: Any) -> bytes:
    """Return one part of a multipart body; a value with a file name is a file."""
    head, content = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"', value
    if isinstance(value, dict):
        head += f'; filename="{value["filename"]}"\r\nContent-Type: {value["type"]}'
        content = value["content"]
    return f"{head}\r\n\r\n{to_text(content)}\r\n".encode()


def flatten_form(body: Mapping[str, Any], prefix: str = "") -> Any:
    """Yield the pairs of a form: ``metadata[key]=value``, ``items[]=value``."""
    for key, value in body.items():
        name = f"{prefix}[{key}]" if prefix else key
        if isinstance(value, dict):
            yield from flatten_form(value, name)
        elif isinstance(value, list):
            yield from ((f"{name}[]", to_text(item)) for item in value)
        else:
            yield name, to_text(value)


def resolve(value: Any, convert: Callable[[Any], Any]) -> Any:
    """Return a value with all that was made up replaced by what one server has for it."""
    if isinstance(value, Made):
        return convert(value.value)
    if isinstance(value, dict):
        return {name: resolve(inner, convert) for name, inner in value.items()}
    return [resolve(inner, convert) for inner in value] if isinstance(value, list) else value


def to_text(value: Any) -> str:
    """Return a value as text of a query, header or form."""
    return str(value).lower() if isinstance(value, bool) else str(value)
