"""Path templates of a document: which request paths they match, and what in a request path their parameters are.

Templates and request paths are compared percent-encoded, in one normal form: an encoded slash is part of a value and
not a separator (RFC 3986, section 2.2), ``/caf%C3%A9`` and ``/café`` are one path, and a template may hold ``?`` or
``#``.
"""

import re
from functools import cached_property
from urllib.parse import parse_qsl, quote_from_bytes, unquote_to_bytes

from specduet.specs.request_lines import split_suffix

_PATH_PARAMETER = re.compile(r"\{([^{}]*)\}")
# RFC 3986, section 3.3: what a segment of a path may hold as it is
_SEGMENT_CHARACTERS = "-._~!$&'()*+,;=:@"
_NORMAL_PATH = re.compile(rf"[A-Za-z0-9{re.escape(_SEGMENT_CHARACTERS)}/]*".encode())


def normalize_path(path: str | bytes) -> str:
    """Return a path with just those characters percent-encoded that must be: ``/a%2fb c`` gives ``/a%2Fb%20c``."""
    raw = path.encode() if isinstance(path, str) else path
    if _NORMAL_PATH.fullmatch(raw):  # as nearly all are
        return raw.decode()
    return "/".join(quote_from_bytes(unquote_to_bytes(piece), _SEGMENT_CHARACTERS) for piece in raw.split(b"/"))


def decode_path_value(value: str) -> str:
    """Return the text of a value in a normalized path."""
    return unquote_to_bytes(value).decode("utf-8", "replace") if "%" in value else value


class PathTemplate:
    """The template of a path: ``/runs/{id}``."""

    def __init__(self, path: str) -> None:
        self.path = path
        literals = [normalize_path(piece) for piece in _PATH_PARAMETER.split(path)[::2]]
        if not literals[0].startswith("/"):
            literals[0] = f"/{literals[0]}"
        self.shape = "{}".join(literals)
        """The normalized path with ``{}`` for each parameter: ``/runs/{}``."""
        # parameters go by number, for their own names need not be names in Starlette's sense
        self.parameter_names = tuple(f"p{index}" for index in range(len(literals) - 1))
        pieces = [f"{{{name}}}{literal}" for name, literal in zip(self.parameter_names, literals[1:], strict=True)]
        self.starlette_path = "".join([literals[0], *pieces])
        """The normalized path with Starlette's names of its parameters: ``/runs/{p0}``."""
        self._segments = self.shape.split("/")
        self.segment_count = len(self._segments)

    @property
    def specificity(self) -> list[tuple[int, int]]:
        """Sort key: concrete paths before templates (OAS 3.1, 4.8.8.2), ``{id}.json`` before ``{id}``."""
        return [("{}" in segment, -len(segment.replace("{}", ""))) for segment in self._segments]

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile("([^/]+)".join(map(re.escape, self.shape.split("{}"))))

    def matches(self, segments: list[str]) -> bool:
        """Return True if the segments of a normalized path, as many as this template has, are those of the template."""
        is_mixed = False
        for own, segment in zip(self._segments, segments, strict=True):
            if own != segment:
                if "{}" not in own or not segment:
                    return False
                is_mixed = is_mixed or own != "{}"
        return not is_mixed or self._pattern.fullmatch("/".join(segments)) is not None

    def has_parameter_within(self, count: int) -> bool:
        """Return True if one of the first segments, of which there are ``count``, is a parameter."""
        return any("{}" in segment for segment in self._segments[:count])

    def extract_values(self, path: str) -> tuple[str, ...]:
        """Return the texts of the parameters in a normalized path that this template matches."""
        match = self._pattern.fullmatch(path)
        return match.groups() if match else ()


class QueryCondition:
    """The query or fragment that some documents write into a path: ``/runs?action={name}#start``.

    A request has the path alone, and meets the condition if its query has what the document writes. A fragment is never
    sent.
    """

    def __init__(self, suffix: str) -> None:
        query, _, fragment = suffix.partition("#")
        self._pairs = parse_qsl(query.removeprefix("?"), keep_blank_values=True)
        self._fragment_parameters = len(_PATH_PARAMETER.findall(fragment))
        self.strength = len(self._pairs)
        """Number of pairs that have to be there: of several met conditions, the strongest counts."""

    def find_values(self, query: bytes) -> tuple[str, ...] | None:
        """Return the texts of the parameters in the query, or None if the condition is not met."""
        given = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True))
        values: list[str] = []
        for name, expected in self._pairs:
            is_parameter = _PATH_PARAMETER.search(expected) is not None
            if name not in given or not (is_parameter or given[name] == expected):
                return None
            values += [given[name]] if is_parameter else []
        return (*values, *[""] * self._fragment_parameters)


def split_query(path: str) -> tuple[str, QueryCondition | None]:
    """Return the path that a client sends, and the condition on its query: for ``/a?b=c``, ``/a`` and ``b=c``."""
    sent, suffix = split_suffix(path)
    return sent, QueryCondition(suffix) if suffix else None
