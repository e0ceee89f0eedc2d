"""``Prefer`` (RFC 7240): the caller chooses which documented answer comes back, and when.

``code=422``      the documented answer of that status, with a body that its schema allows
``example=NAME``  the documented example of that name
``dynamic=true``  a body made from the schema instead of the mock's state; ``dynamic=false`` is the usual answer
``wait=2``        the answer comes that many seconds later

Preferences that the mock does not know are ignored, as the RFC asks. One that it knows and cannot honour is refused.
"""

import asyncio
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from specduet.mocks import responses
from specduet.mocks.error_responses import ProblemDetails, Refused
from specduet.mocks.generation import values
from specduet.mocks.handler import Handler
from specduet.mocks.request import Request, is_json
from specduet.mocks.responses import Answer
from specduet.mocks.world import World
from specduet.specs import Content, Response

# The longest ``wait``, in seconds.
LONGEST_WAIT = 60.0
KNOWN = ("code", "example", "dynamic", "wait")

# RFC 7240, section 2: preference = token [ "=" word ] *( ";" [ parameter ] ), where a word is a token or quoted
_PLAIN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_WORD = re.compile(rf"[\s,]*({_PLAIN})(?:\s*=\s*({_PLAIN}|{_QUOTED}))?\s*(;|,|$)")
_SECONDS = re.compile(r"\d{1,9}(?:\.\d{1,9})?")


class BadPreference(Exception):
    """A ``Prefer`` header that does not parse, or asks for what there is not; ``status`` answers it."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


@dataclass(frozen=True, slots=True)
class Preferences:
    """What one request prefers; None where it says nothing. ``wait`` is in seconds."""

    code: int | None = None
    example: str | None = None
    dynamic: bool | None = None
    wait: float | None = None

    @property
    def chooses(self) -> bool:
        """Whether the answer itself is chosen, and not only its time."""
        return self.code is not None or self.example is not None or self.dynamic is True

    def applied(self) -> str:
        """The value of ``Preference-Applied`` (RFC 7240, section 3)."""
        dynamic = None if self.dynamic is None else str(self.dynamic).lower()
        wait = None if self.wait is None else f"{self.wait:g}"
        example = None if self.example is None else _quoted(self.example)
        said = {"code": self.code, "example": example, "dynamic": dynamic, "wait": wait}
        return ", ".join(f"{name}={value}" for name, value in said.items() if value is not None)


async def answer(handler: Handler, request: Request, world: World, seed: int) -> Answer:
    """The answer to a request that has preferences. ``Preference-Applied`` names those that were met.

    A request that is invalid is refused as always. A preference that cannot be met is refused with a problem that
    names what there is.
    """
    header = b", ".join(value for name, value in request.scope["headers"] if name == b"prefer")
    try:
        wanted = parse(header.decode("latin-1"))
        choice = _Choice(handler, request, wanted, seed) if wanted.chooses else None
    except BadPreference as error:
        return ProblemDetails().refuse(error.status, error.message)
    if wanted.wait:
        await asyncio.sleep(wanted.wait)
    found = handler.answer(request, world, choice)
    met = choice is None or choice.taken or found.status == wanted.code
    applied = (wanted if met else Preferences(wait=wanted.wait)).applied()
    if applied:
        found.headers.append((b"preference-applied", applied.encode("latin-1")))
    return found


class _Choice:
    """An act that gives the preferred answer. The usual answer is preferred where its status is asked for alone."""

    def __init__(self, handler: Handler, request: Request, wanted: Preferences, seed: int) -> None:
        self._wanted = wanted
        self._usual = wanted.code == handler.success and wanted.example is None and not wanted.dynamic
        self._made = made(handler, wanted.code or handler.success, _key(request, seed), wanted.example)
        self.taken = False

    def __call__(self, handler: Handler, *given: Any) -> Answer:
        self.taken = True
        if self._usual:
            try:
                usual = handler.act(handler, *given)
            except Refused as refused:
                usual = refused.answer
            if usual.status == self._wanted.code:
                return usual
        return self._made


def _key(request: Request, seed: int) -> str:
    return f"{seed}/{request.method} {request.scope['path']}?{request.query_string.decode('latin-1')}"


def made(handler: Handler, status: int, key: str, example: str | None = None) -> Answer:
    """The documented answer of a status, its body the named example, or made from its schema; same key, same body.

    Raises ``BadPreference`` for a status or an example that the document does not have.
    """
    response = handler.operation.response_for(status)
    if response is None:
        known = ", ".join(handler.operation.responses)
        raise BadPreference(f"code={status}: {handler.operation.label} documents {known}", 404)
    content = next((c for kind, c in response.content.items() if is_json(kind)), None)
    if example is not None:
        return responses.encoded(status, _example(handler, response, content, example), _type_of(content))
    if content is None:
        return responses.empty(status) if status < 400 else handler.dialect.refuse(status)
    try:
        value = values.generate_value(handler.api.schemas, content.schema, content.pointer, f"{key}/{status}")
    except values.CannotGenerate as error:
        raise BadPreference(error.message, 409) from None
    return responses.encoded(status, value, _type_of(content))


def _example(handler: Handler, response: Response, content: Content | None, name: str) -> Any:
    schemas = handler.api.schemas
    pointer = content.pointer.rpartition("/")[0] if content else ""
    examples: Mapping[str, Any] = schemas.node_at(pointer).get("examples", {}) if content else {}
    if content is None or name not in examples:
        known = ", ".join(examples) or "none"
        where = f"{handler.operation.label} {response.status}"
        raise BadPreference(f"example={name}: {where} has these examples: {known}", 404)
    example, _ = schemas.resolve(examples[name], f"{pointer}/examples/{name}")
    if "value" not in example or not schemas.validator_at(content.pointer).is_valid(example["value"]):
        raise BadPreference(f"example={name}: its value is not what its schema allows", 409)
    return example["value"]


def _type_of(content: Content | None) -> bytes:
    return responses.JSON if content is None else content.media_type.encode("latin-1")


def parse(header: str) -> Preferences:
    """The preferences of a header; of a repeated one the first counts. Raises ``BadPreference``."""
    said: dict[str, str] = {}
    for name, value in _words(header):
        said.setdefault(name, value)
    return Preferences(
        code=_code(said["code"]) if "code" in said else None,
        example=said.get("example"),
        dynamic=_boolean(said["dynamic"]) if "dynamic" in said else None,
        wait=_seconds(said["wait"]) if "wait" in said else None,
    )


def _words(header: str) -> Iterator[tuple[str, str]]:
    header = header.strip(" \t,;")
    position, is_preference = 0, True
    while position < len(header):
        match = _WORD.match(header, position)
        if match is None:
            raise BadPreference(f"Prefer does not parse at character {position} (RFC 7240, section 2)")
        name, word, end = match.groups()
        if is_preference and name.lower() in KNOWN:
            yield name.lower(), _unquoted(word or "")
        is_preference = end != ";"  # what follows a semicolon is a parameter of the preference before it
        position = match.end()


def _unquoted(word: str) -> str:
    return re.sub(r"\\(.)", r"\1", word[1:-1]) if word.startswith('"') else word


def _quoted(word: str) -> str:
    if re.fullmatch(_PLAIN, word):
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _code(word: str) -> int:
    if not re.fullmatch(r"[1-5][0-9][0-9]", word):
        raise BadPreference(f"code={word!r} is no HTTP status")
    return int(word)


def _boolean(word: str) -> bool:
    if word.lower() not in {"true", "false"}:
        raise BadPreference(f"dynamic={word!r} is neither true nor false")
    return word.lower() == "true"


def _seconds(word: str) -> float:
    if not _SECONDS.fullmatch(word) or float(word) > LONGEST_WAIT:
        raise BadPreference(f"wait={word!r} is no number of seconds from 0 to {LONGEST_WAIT:g}")
    return float(word)
