"""The paths at which rows are fetched."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from specduet.specs import Api, Operation

_PATH_PARAMETER = re.compile(r"\{([^{}]+)\}")
_PLAIN_VALUE = re.compile(r"[A-Za-z0-9._~-]+")


class RowLocation:
    """The path of an operation that fetches a row, with holes for its parameters."""

    def __init__(self, operation: Operation, parameter: str) -> None:
        """``parameter`` stands for the row's id."""
        self.operation = operation
        self._parameter = parameter
        self._first, *rest = _PATH_PARAMETER.split(operation.path)
        self._rest = [*zip(rest[::2], rest[1::2], strict=True)]

    def fill(self, values: Mapping[str, Any], key: Any) -> str | None:
        """Return the path of the row with an id; None where ``values`` lack another parameter."""
        path = self._first
        for name, literal in self._rest:
            value = key if name == self._parameter else values.get(name)
            if value is None:
                return None
            text = str(value)
            path += (text if _PLAIN_VALUE.fullmatch(text) else quote(text, safe="")) + literal
        return path


def find_location(api: Api, resource: str) -> RowLocation | None:
    """Return where the rows of a resource are fetched by an id, None where nothing fetches them."""
    for operation in api.operations:
        fetches = operation.behavior.fetches
        if fetches is not None and fetches.resource == resource and fetches.parameter:
            return RowLocation(operation, fetches.parameter)
    return None
