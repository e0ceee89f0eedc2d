"""Why a request was refused, or what of it was ignored, in a sentence: for the request log and the journal."""

from collections.abc import Sequence
from typing import Any

from specduet.mocks.bounded_cache import BoundedCache
from specduet.mocks.responses import HttpResponse
from specduet.mocks.validation import Problem

MAX_REASON_LENGTH = 500
_CACHE_SIZE = 512
# the validation cache hands out the same problems for the same request
_known: BoundedCache[int, tuple[Any, str]] = BoundedCache(_CACHE_SIZE)


def describe_reason(response: HttpResponse) -> str:
    """Return the reason of a response as text, cut after ``MAX_REASON_LENGTH``; empty where it has none."""
    reason = response.reason
    if not reason:
        return ""
    known = _known.get(id(reason))
    if known is not None and known[0] is reason:
        return known[1]
    text = reason if isinstance(reason, str) else _format_problems(reason)
    text = text if len(text) <= MAX_REASON_LENGTH else f"{text[:MAX_REASON_LENGTH]}…"
    _known.store(id(reason), (reason, text))
    return text


def _format_problems(problems: Sequence[Problem]) -> str:
    return "; ".join(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in problems)
