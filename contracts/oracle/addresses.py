"""Addresses of operations: what of a path template is sent, and which operations one address can mean.

Some documents write a query or a fragment into a path: ``/runs?action={name}#start``. A client sends the path and the
query, and never a fragment (RFC 9110, 7.1): to a server, ``/runs`` and ``/runs#start`` are one path.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from urllib.parse import parse_qsl, quote, unquote

from specduet.contracts.memo import compute_for_run
from specduet.contracts.oracle.url_text import split_pairs
from specduet.contracts.recording import Recording, SentRequest
from specduet.specs import Api, Operation
from specduet.specs.request_lines import split_suffix

_PATH_PARAMETER = re.compile(r"\{([^{}]*)\}")
PATH_CHARACTERS = "/:@!$&'()*+,;=~%"
"""What a path keeps as it is (RFC 3986, 3.3); an escape that the document has is kept, too."""
_QUERY_CHARACTERS = f"{PATH_CHARACTERS}?"


@lru_cache(maxsize=4096)
def split_template(path: str) -> tuple[str, str]:
    """Return the path and the query that are sent: ``/runs?action={name}#start`` -> ``/runs``, ``action={name}``."""
    sent, suffix = split_suffix(path)
    return sent, suffix[1:].partition("#")[0] if suffix.startswith("?") else ""


def fill_path(template: str, values: Mapping[str, str]) -> str:
    """Return the path of a template with its parameters, percent-encoded: ``/runs/{id}`` -> ``/runs/a%2Fb``."""
    return _fill_template(split_template(template)[0], values, PATH_CHARACTERS)


def fill_query(template: str, values: Mapping[str, str]) -> str:
    """Return the query that a template has, with its parameters, percent-encoded; empty where it has none."""
    return _fill_template(split_template(template)[1], values, _QUERY_CHARACTERS)


def _fill_template(template: str, values: Mapping[str, str], safe: str) -> str:
    pieces = _PATH_PARAMETER.split(template)
    return "".join(
        quote(values[piece], safe="")
        if index % 2 and piece in values
        else (f"{{{piece}}}" if index % 2 else quote(piece, safe=safe))
        for index, piece in enumerate(pieces)
    )


def extract_path_texts(operation: Operation, request: SentRequest) -> dict[str, str] | None:
    """Return the texts of the path parameters by name, still percent-encoded; None for another operation's path.

    Example: ``{"run_id": "a%20b"}`` for the path ``/runs/a%20b`` of the operation ``GET /runs/{run_id}``.
    """
    path, query = split_template(operation.path)
    matched = _compile_path_template(path).fullmatch(request.path)
    if matched is None:
        return None
    texts = dict(zip(_PATH_PARAMETER.findall(path), matched.groups(), strict=True))
    sent = {name: text for name, _, text in (pair.partition("=") for pair in request.query.split("&"))} if query else {}
    for name, text in _list_fixed_pairs(operation):
        for parameter in _PATH_PARAMETER.findall(text):
            texts[parameter] = sent.get(name, "")
    return texts


def list_fixed_names(operation: Operation) -> frozenset[str]:
    """Return the names in the query that the path of an operation has."""
    return frozenset(name for name, _ in _list_fixed_pairs(operation))


def _list_fixed_pairs(operation: Operation) -> Sequence[tuple[str, str]]:
    return parse_qsl(split_template(operation.path)[1], keep_blank_values=True)


@lru_cache(maxsize=4096)
def _compile_path_template(path: str) -> re.Pattern[str]:
    # Groups are numbered: a parameter may have a name that is not a group name.
    pieces = _PATH_PARAMETER.split(path)
    names = iter(range(len(pieces)))
    return re.compile(
        "".join(
            f"(?P<p{next(names)}>[^/]*)" if i % 2 else re.escape(quote(p, safe=PATH_CHARACTERS))
            for i, p in enumerate(pieces)
        )
    )


# --------------------------------------------------------------------------------------------------------- rivals


def has_certain_address(api: Api, operation: Operation, recording: Recording, request: SentRequest) -> bool:
    """Return whether every router reads the path of a request alike, and takes it for that of this operation."""
    path = request.path.removesuffix("/") if operation.path.endswith("/") else request.path
    segments = [unquote(segment) for segment in path.split("/")[1:]]
    is_plain = all(segment.strip(".") and "/" not in segment and "\\" not in segment for segment in segments)
    return is_plain and not has_rival(api, operation, recording, request)


def has_rival(api: Api, operation: Operation, recording: Recording, request: SentRequest) -> bool:
    """Return whether the address of a request is also that of another operation, which may have answered it."""
    rivals = compute_for_run(recording, ("rivals", api.name), lambda: _find_all_rivals(api)).get(operation.id, ())
    return any(_is_address_of(rival, request) for rival in rivals)


def _find_all_rivals(api: Api) -> dict[str, list[Operation]]:
    """Return for each operation the others that a router may take its requests for, if there are any.

    A path without parameters is preferred to one with them (OAS 3.1, 4.8.8.2): ``/runs/last`` is no rival of
    ``/runs/{id}`` where ``/runs/last`` was sent on purpose, and one where it was sent as an id.
    """
    alike: dict[tuple[str, str, int], list[Operation]] = {}
    for operation in api.operations:
        key = (operation.method, operation.base_path, split_template(operation.path)[0].count("/"))
        alike.setdefault(key, []).append(operation)
    found: dict[str, list[Operation]] = {}
    for operations in alike.values():
        for operation in operations:
            rivals = [o for o in operations if o is not operation and _can_be_taken_for(operation, o)]
            if rivals:
                found[operation.id] = rivals
    return found


def _can_be_taken_for(operation: Operation, other: Operation) -> bool:
    """Return whether some address of an operation is one of another, which does not come after it in every router."""
    has_advantage = has_disadvantage = False
    for own, its in zip(_rank_segments(operation.path), _rank_segments(other.path), strict=True):
        if own[1] == its[1] == 0 and own[0] != its[0]:
            return False
        has_advantage = has_advantage or own[1] < its[1]
        has_disadvantage = has_disadvantage or own[1] > its[1]
    if has_advantage or has_disadvantage:
        return has_disadvantage
    return len(_list_fixed_pairs(operation)) <= len(_list_fixed_pairs(other))


@lru_cache(maxsize=4096)
def _rank_segments(path: str) -> tuple[tuple[str, int], ...]:
    """Return each segment with 0 for a text, 2 for a parameter and 1 for a mixture: the lowest is the most concrete."""
    segments = split_template(path)[0].split("/")
    return tuple((s, 0 if "{" not in s else 2 if _PATH_PARAMETER.fullmatch(s) else 1) for s in segments)


def _is_address_of(operation: Operation, request: SentRequest) -> bool:
    if not _compile_path_template(split_template(operation.path)[0]).fullmatch(request.path):
        return False
    sent = {name: text.value for name, text in split_pairs(request.query)}
    return all(name in sent and ("{" in text or sent[name] == text) for name, text in _list_fixed_pairs(operation))
