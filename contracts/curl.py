"""An exchange as a ``curl`` line that sends the same again; secrets stand as ``$NAME``."""

import re
import shlex

from contracts.recording import Exchange, Sent
from contracts.redaction import Secrets
from specs import Api

_OWN = {"host", "user-agent", "accept", "content-length"}


def curl(exchange: Exchange, api: Api, secrets: Secrets) -> str:
    """The line, for a POSIX shell. ``NAME`` is the scheme's name in capitals (``cc-key``: ``$CC_KEY``)."""
    sent = exchange.sent
    parts = ["curl", "-sS", "-i", "--path-as-is", "--globoff"]
    if sent.method != "GET":
        parts += ["-X", sent.method]
    for name, value in sent.headers:
        if name.lower() not in _OWN:
            parts += ["-H", _header(name, value, api, secrets)]
    if sent.header("accept") not in {None, "application/json"}:
        parts += ["-H", shlex.quote(f"Accept: {sent.header('accept')}")]
    parts += _body(sent, secrets)
    return " ".join([*parts, _quoted(sent.url, "QUERY_CREDENTIAL", secrets)])


def _header(name: str, value: str, api: Api, secrets: Secrets) -> str:
    scheme = next((s for s in api.schemes.values() if s.location == "header" and s.field.lower() == name.lower()), None)
    if value.strip() == "":
        return shlex.quote(f"{name};")  # curl's spelling of a header with nothing in it
    return _quoted(f"{name}: {value}", variable(scheme.name if scheme else name), secrets)


def variable(name: str) -> str:
    """The name of the shell variable that stands for a scheme's credential."""
    return re.sub(r"[^A-Z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper()).strip("_")


def _quoted(text: str, name: str, secrets: Secrets) -> str:
    """Quoted for a shell, with the secret in it, if any, as a variable outside the single quotes."""
    masked = secrets.mask(text)
    if masked == text:
        return shlex.quote(text)
    head, *rest = re.split(r"\[redacted\]", masked)
    return shlex.quote(head) + "".join(f'"${{{name}}}"{shlex.quote(part) if part else ""}' for part in rest)


def _body(sent: Sent, secrets: Secrets) -> list[str]:
    if sent.body is None:
        return []
    if not sent.body:
        return ["--data-binary", "''"]
    try:
        text = sent.body.decode()
    except UnicodeDecodeError:
        text = ""
    if text.isprintable() and text and not text.startswith("@"):
        return ["--data-binary", _quoted(text, "BODY_CREDENTIAL", secrets)]
    escapes = "".join(f"\\x{byte:02x}" for byte in sent.body)
    return ["--data-binary", f"@<(printf '{escapes}')"]
