"""An exchange as a ``curl`` command line that sends the same request again. Secrets appear as ``$NAME``."""

import re
import shlex

from specduet.contracts.recording import Exchange, SentRequest
from specduet.contracts.sending.redaction import MASK, Secrets
from specduet.contracts.sending.transport import encode_header_value
from specduet.specs import Api

_DEFAULT_HEADERS = {"host", "user-agent", "accept", "content-length"}


def format_curl_line(exchange: Exchange, api: Api, secrets: Secrets) -> str:
    """Return the command line, for a POSIX shell, that repeats the request of an exchange.

    A secret becomes a variable with the name of its scheme in capitals: ``cc-key`` -> ``${CC_KEY}``.
    """
    request = exchange.request
    parts = ["curl", "-sS", "-i", "--path-as-is", "--globoff"]
    if request.method != "GET":
        parts += ["-X", request.method]
    for name, value in request.headers:
        if name.lower() not in _DEFAULT_HEADERS or (name.lower() == "accept" and value != "application/json"):
            parts += ["-H", _format_header(name, value, api, secrets)]
    producer, body = _format_body(request, secrets)
    return " ".join([*producer, *parts, *body, _quote_text(request.url, _find_url_variable(api), secrets)])


def to_shell_variable(name: str) -> str:
    """Return the shell variable that stands for a scheme's credential: ``APIKeyHeader`` -> ``API_KEY_HEADER``."""
    separated = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z]{2})(?=[A-Z][a-z])", "_", name)
    return re.sub(r"[^A-Z0-9]+", "_", separated.upper()).strip("_")


def _format_header(name: str, value: str, api: Api, secrets: Secrets) -> str:
    scheme = next((s for s in api.schemes.values() if s.location == "header" and s.field.lower() == name.lower()), None)
    if not value.strip():
        return shlex.quote(f"{name};")  # curl's spelling of a header with nothing in it
    if not value.isascii():
        return f'"$(printf {_escape_for_printf(f"{name}: ".encode() + encode_header_value(secrets.mask(value)))})"'
    variable = to_shell_variable(scheme.name if scheme else name)
    prefix, space, rest = value.partition(" ")
    if space and prefix.isalpha() and MASK in secrets.mask(value):  # the variable is the token alone
        return shlex.quote(f"{name}: {prefix} ") + _quote_text(rest, variable, secrets).removeprefix("''")
    return _quote_text(f"{name}: {value}", variable, secrets)


def _find_url_variable(api: Api) -> str:
    return next((to_shell_variable(s.name) for s in api.schemes.values() if s.location == "query"), "SECRET")


def _quote_text(text: str, name: str, secrets: Secrets) -> str:
    """Return the text quoted for a shell, each secret in it as the variable ``name``, outside the single quotes."""
    head, *rest = secrets.mask(text).split(MASK)
    return shlex.quote(head) + "".join(f'"${{{name}}}"{shlex.quote(part) if part else ""}' for part in rest)


def _format_body(request: SentRequest, secrets: Secrets) -> tuple[list[str], list[str]]:
    """Return what goes before ``curl`` and the options after it that send the body byte by byte.

    A body without a content type stays without one. Example: ``["printf", "'{}'", "|"], ["--data-binary", "@-"]``.
    """
    if request.body is None:
        return [], []
    content_type_option = [] if request.get_header("content-type") is not None else ["-H", "Content-Type:"]
    try:
        text = request.body.decode()
    except UnicodeDecodeError:
        text = "\0"
    if (not text or text.isprintable()) and not text.startswith("@"):
        return [], [*content_type_option, "--data-binary", _quote_text(text, "SECRET", secrets)]
    return ["printf", _escape_for_printf(secrets.mask_bytes(request.body)), "|"], [
        *content_type_option,
        "--data-binary",
        "@-",
    ]


def _escape_for_printf(data: bytes) -> str:
    """Return bytes as the arguments of POSIX ``printf``: printable ASCII as it is, everything else in octal.

    A part of a multipart body begins like an option.
    """
    plain = "".join(chr(byte) if 32 <= byte < 127 and byte not in b"\\%'" else f"\\{byte:03o}" for byte in data)
    return f"-- '{plain}'" if plain.startswith("-") else f"'{plain}'"
