"""Changes of a request that a careless or a hostile client might make."""

import gzip
import json
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.mocks.raw_http import RawRequest

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY", "get", "")
_TEXTS = (
    *(
        "",
        "0",
        "-1",
        "1e400",
        "NaN",
        "null",
        "true",
        "[]",
        "{}",
        "\x00",
        "\ud7ff",
        "٣",
        "é",
        " ",
        "+",
        "%",
        "%00",
        "%zz",
    ),
    *(
        "../..",
        "//",
        "a" * 300,
        "9" * 400,
        "1_000",
        "0x1F",
        "2024-13-45",
        "2024-02-30T25:61:61Z",
        "' OR 1=1 --",
        "${7*7}",
    ),
    *(
        "\r\nX: y",
        "<script>",
        "eyJhIjoxfQ==",
        "*",
        ";",
        "&",
        "=",
        "#",
        "?",
        "a,b,c",
        "|",
        "deepObject[a][b]",
        "\u202e",
        "I",
    ),
)
_VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 1.5, 1e308, 10**30, "", "a", "\u0000", "\ud83d\ude00", [], {}, [None], {"": None}, [[[[]]]]),
    *({"$ref": "#"}, {"__proto__": {}}, "2024-02-30", "a" * 5_000, ["a"] * 500, {"a": {"b": {"c": {}}}}, -0.0),
)
_HEADERS = (
    *(
        b"accept",
        b"accept-encoding",
        b"content-type",
        b"content-encoding",
        b"content-length",
        b"cookie",
        b"host",
        b"origin",
    ),
    *(
        b"authorization",
        b"prefer",
        b"range",
        b"if-match",
        b"if-none-match",
        b"x-mock-session",
        b"x-mock-token",
        b"expect",
    ),
    *(
        b"transfer-encoding",
        b"access-control-request-method",
        b"last-event-id",
        b"x-http-method-override",
        b"accept-language",
    ),
)
_HEADER_VALUES = (
    *(
        b"",
        b"*/*",
        b"application/json",
        b"application/json; charset=utf-16",
        b"multipart/form-data",
        b"text/event-stream",
    ),
    *(
        b"application/x-www-form-urlencoded",
        b"multipart/form-data; boundary=x",
        b"application/xml",
        b"gzip",
        b"deflate, br",
    ),
    *(
        b"code=200",
        b"example=x",
        b"wait=0",
        b"dynamic=true",
        b"bytes=0-",
        b"bytes=5-2",
        b"bytes=-99999999999",
        b'"x"',
        b"W/*",
    ),
    *(
        b"\xff\xfe",
        b"a" * 5_000,
        b"chunked",
        b"Bearer ",
        b"Basic !!!",
        b"s1",
        b"100-continue",
        b"null",
        b"q=;;;,,,",
        b"a;q=x",
    ),
)

Mutation = Callable[[RawRequest, random.Random], RawRequest]


def mutate_request(request: RawRequest, rng: random.Random) -> RawRequest:
    """Return the request with one to four changes; one in ten as it is."""
    if rng.random() < 0.1:
        return request
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 4))):
        request = rng.choice(_MUTATIONS)(request, rng)
    return request


def _change_method(request: RawRequest, rng: random.Random) -> RawRequest:
    return replace(request, method=rng.choice(_METHODS) or "X")


def _change_path(request: RawRequest, rng: random.Random) -> RawRequest:
    path, mark, query = request.target.partition("?")
    segments = path.split("/")
    segments[rng.randrange(len(segments))] = _escape(rng.choice(_TEXTS), rng)
    if rng.random() < 0.2:
        segments.insert(rng.randrange(len(segments) + 1), _escape(rng.choice(_TEXTS), rng))
    return replace(request, target=f"/{'/'.join(segments).lstrip('/')}{mark}{query}")


def _change_query(request: RawRequest, rng: random.Random) -> RawRequest:
    path, _, query = request.target.partition("?")
    pairs = query.split("&") if query else []
    action = rng.randrange(4)
    if pairs and action == 0:
        del pairs[rng.randrange(len(pairs))]
    elif pairs and action == 1:
        pairs.append(rng.choice(pairs))
    elif pairs and action == 2:
        index = rng.randrange(len(pairs))
        pairs[index] = f"{pairs[index].partition('=')[0]}={_escape(rng.choice(_TEXTS), rng)}"
    else:
        pairs.append(f"{_escape(rng.choice(_TEXTS), rng)}={_escape(rng.choice(_TEXTS), rng)}")
    return replace(request, target=f"{path}?{'&'.join(pairs)}")


def _change_headers(request: RawRequest, rng: random.Random) -> RawRequest:
    headers = [*request.headers]
    if headers and rng.random() < 0.3:
        del headers[rng.randrange(len(headers))]
    headers.append((rng.choice(_HEADERS), rng.choice(_HEADER_VALUES)))
    return replace(request, headers=headers)


def _change_json(request: RawRequest, rng: random.Random) -> RawRequest:
    """Put another value in some place of a JSON body."""
    try:
        value = json.loads(request.body or b"{}")
    except (ValueError, RecursionError):
        value = {}
    return replace(request, body=json.dumps(_change_value(value, rng)).encode())


def _change_value(value: Any, rng: random.Random) -> Any:
    if isinstance(value, dict) and value and rng.random() < 0.8:
        key = rng.choice(sorted(value))
        action = rng.randrange(5)
        if action == 0:
            return {name: inner for name, inner in value.items() if name != key}
        if action == 1:
            return {**value, rng.choice(_TEXTS): rng.choice(_VALUES)}
        return {**value, key: _change_value(value[key], rng)}
    if isinstance(value, list) and value and rng.random() < 0.8:
        index = rng.randrange(len(value))
        return [*value[:index], _change_value(value[index], rng), *value[index + 1 :]]
    return rng.choice(_VALUES)


def _break_body(request: RawRequest, rng: random.Random) -> RawRequest:
    """Change the bytes of a body, so that it often is no JSON any more."""
    body = request.body
    place = rng.randrange(len(body) + 1)
    broken = (
        body[:place],
        body[:place] + bytes([rng.randrange(256)]) + body[place + 1 :],
        body + body,
        b"\xef\xbb\xbf" + body,
        gzip.compress(body, mtime=0),
        b"[" * rng.randrange(5_000),
        b'{"a":' * rng.randrange(500),
        b"1" * rng.randrange(5_000),
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n',
        b"a=1&a=2&b[c]=3&%zz=%",
    )
    return replace(request, body=rng.choice(broken))


def _escape(text: str, rng: random.Random) -> str:
    """Return a text as it might stand in a URL: percent-encoded, or its bytes as they are."""
    data = text.encode("utf-8", "surrogatepass")
    if rng.random() < 0.7:
        return "".join(chr(byte) if chr(byte).isalnum() and byte < 128 else f"%{byte:02X}" for byte in data)
    return "".join(chr(byte) for byte in data if byte > 32 and chr(byte) not in "?#")


_MUTATIONS: tuple[Mutation, ...] = (
    *(_change_path, _change_path, _change_query, _change_query, _change_query, _change_headers, _change_headers),
    *(_change_json, _change_json, _change_json, _break_body, _change_method),
)
