"""Statements about what requests bring: inputs that a row of another resource describes, and what comes back."""

from typing import Literal

import msgspec

from specduet.specs.statement import Statement

RefusalFact = Literal["message", "errors", "schema"]
"""The sentence of a refusal, the list of what is wrong, and the schema that was not kept."""

InputFact = Literal["place", "message", "keyword", "expected", "received"]
"""Of one input: its place, or that of the keyword for the whole, the keyword that it breaks, in words and in data."""


class Inputs(Statement, frozen=True):
    """The value at ``place`` of a request keeps the JSON Schema in the field ``schema`` of a row of ``resource``.

    The id of that row is at ``row``; one that no row has is answered with ``unknown``. Other values are answered with
    ``refused``: ``fields`` are facts of the refusal by dotted path, ``items`` those of each thing that is wrong, and
    ``message`` is its sentence.
    """

    place: str
    resource: str
    row: str
    schema: str
    refused: int = 422
    unknown: int = 404
    message: str = "The inputs are wrong"
    fields: dict[str, RefusalFact] = msgspec.field(default_factory=dict)
    items: dict[str, InputFact] = msgspec.field(default_factory=dict)


class Echoes(Statement, frozen=True):
    """Properties of the response, by dotted path, come from places of the request: ``{order: path/order_id}``."""

    fields: dict[str, str]
