"""An exchange as a ``curl`` line that sends the same again; secrets stand as ``$NAME``."""

import re
import shlex

from specduet.contracts.recording import Exchange, Sent
from specduet.contracts.sending.redaction import MASK, Secrets
from specduet.contracts.sending.transport import encoded
from specduet.specs import Api

_OWN = {"host", "user-agent", "accept", "content-length"}


def curl(exchange: Exchange, api: Api, secrets: Secrets) -> str:
    """The line, for a POSIX shell. ``NAME`` is the scheme's name in capitals (``cc-key``: ``$CC_KEY``)."""
    sent = exchange.sent
    parts = ["curl", "-sS", "-i", "--path-as-is", "--globoff"]
    if sent.method != "GET":
        parts += ["-X", sent.method]
    for name, value in sent.headers:
        if name.lower() not in _OWN or (name.lower() == "accept" and value != "application/json"):
            parts += ["-H", _header(name, value, api, secrets)]
    before, body = _body(sent, secrets)
    return " ".join([*before, *parts, *body, _quoted(sent.url, _in_url(api), secrets)])


def variable(name: str) -> str:
    """The name of the shell variable that stands for a scheme's credential."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z]{2})(?=[A-Z][a-z])", "_", name)
    return re.sub(r"[^A-Z0-9]+", "_", words.upper()).strip("_")


def _header(name: str, value: str, api: Api, secrets: Secrets) -> str:
    scheme = next((s for s in api.schemes.values() if s.location == "header" and s.field.lower() == name.lower()), None)
    if not value.strip():
        return shlex.quote(f"{name};")  # curl's spelling of a header with nothing in it
    if not value.isascii():
        return f'"$(printf {_escaped(f"{name}: ".encode() + encoded(secrets.mask(value)))})"'
    return _quoted(f"{name}: {value}", variable(scheme.name if scheme else name), secrets)


def _in_url(api: Api) -> str:
    return next((variable(s.name) for s in api.schemes.values() if s.location == "query"), "SECRET")


def _quoted(text: str, name: str, secrets: Secrets) -> str:
    """Quoted for a shell, with the secret in it, if any, as a variable outside the single quotes."""
    head, *rest = secrets.mask(text).split(MASK)
    return shlex.quote(head) + "".join(f'"${{{name}}}"{shlex.quote(part) if part else ""}' for part in rest)


def _body(sent: Sent, secrets: Secrets) -> tuple[list[str], list[str]]:
    """What stands before ``curl``, and its options, for a body to go out as it was: unlabelled if it was unlabelled."""
    if sent.body is None:
        return [], []
    label = [] if sent.header("content-type") is not None else ["-H", "Content-Type:"]
    try:
        text = sent.body.decode()
    except UnicodeDecodeError:
        text = "\0"
    if (not text or text.isprintable()) and not text.startswith("@"):
        return [], [*label, "--data-binary", _quoted(text, "SECRET", secrets)]
    return ["printf", _escaped(secrets.mask_bytes(sent.body)), "|"], [*label, "--data-binary", "@-"]


def _escaped(data: bytes) -> str:
    """Bytes as a format of ``printf`` (POSIX): printable ASCII as it is, all else in octal."""
    plain = "".join(chr(byte) if 32 <= byte < 127 and byte not in b"\\%'" else f"\\{byte:03o}" for byte in data)
    return f"'{plain}'"
