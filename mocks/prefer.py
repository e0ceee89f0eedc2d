"""The header ``Prefer`` (RFC 7240), by which a client chooses the documented response it gets, and when.

``code=422``      the documented response of that status, with a body that its schema allows
``example=NAME``  the documented example of that name
``dynamic=true``  a body generated from the schema instead of the mock's state; ``dynamic=false`` is the usual response
``wait=2``        the response comes that many seconds later

Preferences that the mock does not know or understand are ignored, as the RFC asks; the request log has a word on the
latter. A status or an example that the document does not have is responded to with an error.
"""

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

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
    """A preference that cannot be honored; ``status`` is that of the error response."""

    def __init__(self, message: str, status: int) -> None:
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
    ignored: tuple[str, ...] = ()
    """Sentences on the parts of the header that were not understood."""

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

    An invalid request is responded to as usual, with the preferred example if its status is the preferred one. The
    error response to a preference that cannot be met lists the ones that can.
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
    if action is not None and not action.was_used and preferences.example and response.status == preferences.code:
        action.documented_response.reason = response.reason
        response = action.documented_response
    is_met = action is None or action.was_used or response.status == preferences.code
    applied = (preferences if is_met else Preferences(wait=preferences.wait)).to_header()
    if applied:
        response.headers.append((b"preference-applied", applied.encode("latin-1")))
    if preferences.ignored and isinstance(response.reason, str):
        response.reason = "; ".join(filter(None, (response.reason, *preferences.ignored)))
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
        self.documented_response = make_documented_response(
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
        return self.documented_response


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
    accept = request.accept
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
    """Return the preferences of a header, of a repeated one the first, and what of it was not understood."""
    words: dict[str, str] = {}
    ignored: list[str] = []
    for name, word in _split_header(header, ignored):
        words.setdefault(name, word)
    values: dict[str, Any] = {}
    for name, word in words.items():
        value = _PARSERS[name](word)
        if value is None:
            ignored.append(f"Prefer: {name}={word!r} is ignored, it is not {_EXPECTED[name]}")
        values[name] = value
    return Preferences(**values, ignored=tuple(ignored))


def _split_header(header: str, ignored: list[str]) -> Iterator[tuple[str, str]]:
    """Yield name and word of each known preference, ``("code", "422")``, up to where the header does not parse."""
    header = header.strip(" \t,;")
    position, is_preference = 0, True
    while position < len(header):
        match = _PREFERENCE_PATTERN.match(header, position)
        if match is None:
            ignored.append(f"Prefer is ignored from character {position} on, it does not parse (RFC 7240, section 2)")
            return
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


def _parse_code(word: str) -> int | None:
    return int(word) if re.fullmatch(r"[1-5][0-9][0-9]", word) else None


def _parse_boolean(word: str) -> bool | None:
    return {"true": True, "false": False}.get(word.lower())


def _parse_seconds(word: str) -> float | None:
    return float(word) if _SECONDS_PATTERN.fullmatch(word) and float(word) <= MAX_WAIT_S else None


_PARSERS: Mapping[str, Callable[[str], Any]] = {
    "code": _parse_code,
    "example": lambda word: word or None,
    "dynamic": _parse_boolean,
    "wait": _parse_seconds,
}
"""Functions from the word of a preference to its value, or None for a word that is not understood."""
_EXPECTED: Mapping[str, str] = {
    "code": "an HTTP status",
    "example": "a name",
    "dynamic": "true or false",
    "wait": f"a number of seconds from 0 to {MAX_WAIT_S:g}",
}
