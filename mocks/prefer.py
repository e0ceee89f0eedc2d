"""The header ``Prefer`` (RFC 7240), by which a client chooses the documented response it gets, and when.

``code=422``      the documented response of that status, with a body that its schema allows
``example=NAME``  the documented example of that name
``dynamic=true``  a body generated from the schema instead of the mock's state; ``dynamic=false`` is the usual response
``wait=2``        the response comes that many seconds later

Preferences that the mock does not know are ignored, as the RFC asks. A known one that it cannot honor is responded to
with an error.
"""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass

from specduet.mocks import error_responses
from specduet.mocks.documented_responses import choose_response_content, is_text_body
from specduet.mocks.error_responses import HttpError, ProblemDetailsDialect
from specduet.mocks.generation.values import CannotGenerate
from specduet.mocks.handler import OperationHandler, ValidatedRequest
from specduet.mocks.media_types import choose_concrete_type
from specduet.mocks.request import Request
from specduet.mocks.responses import HttpResponse
from specduet.mocks.world import World
from specduet.specs import Response

MAX_WAIT_S = 60.0
PREFERENCE_NAMES = ("code", "example", "dynamic", "wait")

# RFC 7240, section 2: preference = token [ "=" word ] *( ";" [ parameter ] ), where a word is a token or quoted
_BARE_WORD = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_QUOTED_STRING = r'"(?:[^"\\]|\\.)*"'
_PREFERENCE_PATTERN = re.compile(rf"[\s,]*({_BARE_WORD})(?:\s*=\s*({_BARE_WORD}|{_QUOTED_STRING}))?\s*(;|,|$)")
_SECONDS_PATTERN = re.compile(r"\d{1,9}(?:\.\d{1,9})?")


class BadPreference(Exception):
    """A ``Prefer`` header that does not parse or cannot be honored; ``status`` is that of the error response."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


@dataclass(frozen=True, slots=True)
class Preferences:
    """The preferences of one request; None if it does not state one."""

    code: int | None = None
    example: str | None = None
    dynamic: bool | None = None
    wait: float | None = None
    """Seconds."""

    @property
    def selects_response(self) -> bool:
        """True if the response itself is chosen, and not only its time."""
        return self.code is not None or self.example is not None or self.dynamic is True

    def to_header(self) -> str:
        """Return the value of ``Preference-Applied`` (RFC 7240, section 3): ``code=200, wait=1.5``."""
        preferences = {
            "code": self.code,
            "example": None if self.example is None else _quote_word(self.example),
            "dynamic": None if self.dynamic is None else str(self.dynamic).lower(),
            "wait": None if self.wait is None else f"{self.wait:g}",
        }
        return ", ".join(f"{name}={value}" for name, value in preferences.items() if value is not None)


async def respond(handler: OperationHandler, request: Request, world: World, seed: int) -> HttpResponse:
    """Return the response to a request with a ``Prefer`` header. ``Preference-Applied`` names those that were met.

    An invalid request is responded to as usual. The error response to a preference that cannot be met lists the ones
    that can.
    """
    header = b", ".join(value for name, value in request.scope["headers"] if name == b"prefer")
    try:
        preferences = parse_header(header.decode("latin-1"))
        action = _PreferredAction(handler, request, preferences, seed) if preferences.selects_response else None
    except BadPreference as error:
        return ProblemDetailsDialect().render_error(error.status, error.message)
    except CannotGenerate as error:
        return error_responses.render_not_implemented(error.message)
    if preferences.wait:
        await asyncio.sleep(preferences.wait)
    response = handler.respond(request, world, action)
    is_met = action is None or action.was_used or response.status == preferences.code
    applied = (preferences if is_met else Preferences(wait=preferences.wait)).to_header()
    if applied:
        response.headers.append((b"preference-applied", applied.encode("latin-1")))
    return response


class _PreferredAction:
    """An action that gives the preferred response.

    If nothing but a status is preferred and the operation's own action gives that status, its response is kept.
    """

    def __init__(self, handler: OperationHandler, request: Request, preferences: Preferences, seed: int) -> None:
        self._preferences = preferences
        self._prefers_usual = (
            preferences.code == handler.success_status and preferences.example is None and not preferences.dynamic
        )
        status, key = preferences.code or handler.success_status, _build_random_key(request, seed)
        self._documented_response = make_documented_response(
            handler,
            request,
            status,
            key,
            example=preferences.example,
            prefers_generated=preferences.dynamic is True,
        )
        self.was_used = False
        """True once the action has been performed, which it is for valid requests only."""

    def __call__(
        self, handler: OperationHandler, world: World, validated: ValidatedRequest, request: Request
    ) -> HttpResponse:
        self.was_used = True
        if self._prefers_usual:
            try:
                usual = handler.action(handler, world, validated, request)
            except HttpError as error:
                usual = error.response
            if usual.status == self._preferences.code:
                return usual
        return self._documented_response


def _build_random_key(request: Request, seed: int) -> str:
    """Return the key of the random numbers: the same request always gets the same body."""
    return f"{seed}/{request.method} {request.scope['path']}?{request.query_string.decode('latin-1')}"


def make_documented_response(
    handler: OperationHandler,
    request: Request,
    status: int,
    key: str,
    *,
    example: str | None = None,
    prefers_generated: bool = False,
) -> HttpResponse:
    """Return the documented response of a status, with the named example, else the first, else one of the schema.

    The same ``key`` gives the same body. Raises ``BadPreference`` for a status or an example that is not documented,
    and ``CannotGenerate`` if no body is valid.
    """
    response = handler.operation.response_for(status)
    if response is None or status < 200:
        documented = ", ".join(handler.operation.responses)
        raise BadPreference(f"code={status}: {handler.operation.label} documents {documented}", 404)
    if example is not None:
        _check_example(handler, request, response, example)
    elif not response.content and status >= 400:
        return handler.dialect.render_error(status)
    return handler.documented.make_response(
        status, request, f"{key}/{status}", example=example, prefers_generated=prefers_generated
    )


def _check_example(handler: OperationHandler, request: Request, response: Response, name: str) -> None:
    """Raise ``BadPreference`` if no example has the name, or if its value breaks its schema."""
    accept = request.get_header(b"accept")
    content = choose_response_content(response, accept, name)
    if content is None or name not in content.examples:
        names = dict.fromkeys(example for content in response.content.values() for example in content.examples)
        where = f"{handler.operation.label} {response.status}"
        raise BadPreference(f"example={name}: {where} has these examples: {', '.join(names) or 'none'}", 404)
    value = content.examples[name]
    is_free = not content.has_schema or is_text_body(value, choose_concrete_type(content, accept))
    if not is_free and not handler.api.response_schemas.validator_at(content.pointer).is_valid(value):
        raise BadPreference(f"example={name}: its value is not what its schema allows", 409)


def parse_header(header: str) -> Preferences:
    """Return the preferences of a header; of a repeated one, the first. Raises ``BadPreference``."""
    words: dict[str, str] = {}
    for name, word in _split_header(header):
        words.setdefault(name, word)
    return Preferences(
        code=_parse_code(words["code"]) if "code" in words else None,
        example=words.get("example"),
        dynamic=_parse_boolean(words["dynamic"]) if "dynamic" in words else None,
        wait=_parse_seconds(words["wait"]) if "wait" in words else None,
    )


def _split_header(header: str) -> Iterator[tuple[str, str]]:
    """Yield name and word of each known preference: ``("code", "422")``. Raises ``BadPreference``."""
    header = header.strip(" \t,;")
    position, is_preference = 0, True
    while position < len(header):
        match = _PREFERENCE_PATTERN.match(header, position)
        if match is None:
            raise BadPreference(f"Prefer does not parse at character {position} (RFC 7240, section 2)")
        name, word, end = match.groups()
        if is_preference and name.lower() in PREFERENCE_NAMES:
            yield name.lower(), _unquote_word(word or "")
        is_preference = end != ";"  # after a semicolon comes a parameter of the preference before it
        position = match.end()


def _unquote_word(word: str) -> str:
    return re.sub(r"\\(.)", r"\1", word[1:-1]) if word.startswith('"') else word


def _quote_word(word: str) -> str:
    if re.fullmatch(_BARE_WORD, word):
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _parse_code(word: str) -> int:
    if not re.fullmatch(r"[1-5][0-9][0-9]", word):
        raise BadPreference(f"code={word!r} is no HTTP status")
    return int(word)


def _parse_boolean(word: str) -> bool:
    if word.lower() not in {"true", "false"}:
        raise BadPreference(f"dynamic={word!r} is neither true nor false")
    return word.lower() == "true"


def _parse_seconds(word: str) -> float:
    if not _SECONDS_PATTERN.fullmatch(word) or float(word) > MAX_WAIT_S:
        raise BadPreference(f"wait={word!r} is no number of seconds from 0 to {MAX_WAIT_S:g}")
    return float(word)
