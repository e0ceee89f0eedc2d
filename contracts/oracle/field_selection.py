"""Requests that say which fields they want: a response to one lacks the others, whatever its schema requires."""

from specduet.contracts.recording import SentRequest
from specduet.specs import Operation
from specduet.specs.inference.words import split_words, word_set

_NAMES = word_set(
    "select fields field only attributes columns column projection properties props include_fields exclude_fields"
    " exclude omit return_fields response_fields output_fields select_fields selected_fields fieldset partial sparse"
)


def selects_fields(operation: Operation, request: SentRequest) -> bool:
    """Return whether a request has a declared query parameter that chooses fields: ``?select=id,name``."""
    declared = {p.name for p in operation.parameters if p.location == "query" and _is_selection(p.name)}
    names = {name for name, text in request.query_pairs if text} if declared else set()
    return any(name.partition("[")[0] in declared or name in declared for name in names)


def _is_selection(name: str) -> bool:
    words = [word for word in split_words(name.partition("[")[0]) if word]
    return "_".join(words) in _NAMES
