"""The comparison of two responses: equal, apart from what a server makes up, which has to correspond one to one."""

from datetime import datetime
from typing import Any

from tests.twins.service import Service


class Correspondence:
    """The values that the second server made up, by those that the first one made up in the same places."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._values: dict[Any, Any] = {}

    def translate(self, value: Any) -> Any:
        """Return the value that the second server has for one of the first."""
        return self._values.get(value, value)

    def match(self, left: Any, right: Any) -> None:
        """Note that two values stand for each other. Raises ``AssertionError`` where they stand for others."""
        if left is None or right is None:
            assert left is right, f"{left!r} and {right!r}"
        else:
            assert type(left) is type(right), f"{left!r} and {right!r}"
            assert self._values.setdefault(left, right) == right, f"{right!r} is not {self._values[left]!r}"

    def compare(self, left: Any, right: Any, name: str = "", place: str = "") -> None:
        """Compare two values. Raises ``AssertionError`` at the place at which they differ."""
        if isinstance(left, dict) and isinstance(right, dict):
            # an optional list or object that nobody sent may be left out or empty
            alone = [key for key in left.keys() ^ right.keys() if (left | right)[key] not in ([], {})]
            assert alone == [], f"{place}: {alone} in one of them alone"
            for key in left.keys() & right.keys():
                self.compare(left[key], right[key], key, f"{place}.{key}")
        elif isinstance(left, list) and isinstance(right, list):
            assert len(left) == len(right), f"{place}: {len(left)} and {len(right)} items"
            for number, pair in enumerate(zip(left, right, strict=True)):
                self.compare(*pair, name, f"{place}[{number}]")
        elif name in self._service.made:
            self.match(left, right)
        elif name in self._service.tokens:
            assert (left is None) == (right is None), f"{place}: {left!r} and {right!r}"
            self._values[left] = right  # one server may number its pages, and the other name a row
        elif left in self._service.alike.get(name, ()):
            assert right in self._service.alike[name], f"{place}: {left!r} and {right!r}"
        elif name not in self._service.free:
            assert read_value(left) == read_value(right), f"{place}: {left!r} and {right!r}"


def compare_forms(left: Any, right: Any, place: str = "") -> None:
    """Compare the names of properties alone, as of error responses, in which the second may tell more."""
    assert type(left) is type(right), f"{place}: {left!r} and {right!r}"
    if isinstance(left, dict):
        assert left.keys() <= right.keys(), f"{place}: {sorted(left)} and {sorted(right)}"
        for key in left:
            compare_forms(left[key], right[key], f"{place}.{key}")
    elif isinstance(left, list) and left and right:
        assert isinstance(left[0], dict) == isinstance(right[0], dict), f"{place}: {left!r} and {right!r}"


def read_value(value: Any) -> Any:
    """Return a time as such, and any other value as it is."""
    if isinstance(value, str) and len(value) > 18 and value[10:11] == "T":
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            return value
    return value


def find_value(body: Any, path: str) -> Any:
    """Return what stands at a dotted path, None where nothing does; a name may have dots itself."""
    if isinstance(body, dict) and path in body:
        return body[path]
    for part in filter(None, path.split(".")):
        body = body.get(part) if isinstance(body, dict) else None
    return body
