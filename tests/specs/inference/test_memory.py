"""What was inferred from a large document is kept."""

from typing import Any
from unittest.mock import patch

import pytest

from specduet.specs import Api, build, load
from specduet.specs.inference import infer_behavior
from tests.specs.inference.conftest import Infer, describe_json

BOOK = {"$ref": "#/components/schemas/Book"}
MANY = {"responses": {"200": describe_json({"type": "array", "items": BOOK})}}


def large(count: int) -> dict[str, Any]:
    """The lists of many collections."""
    return {f"GET /books{number}": MANY for number in range(count)}


def facts(api: Api) -> list[Any]:
    resources = [(name, resource.pointer, resource.behavior) for name, resource in api.resources.items()]
    return [[(operation.role, operation.behavior) for operation in api.operations], resources]


@pytest.mark.parametrize(("count", "times"), [(120, 0), (20, 1)])
def test_a_large_document_is_inferred_once(infer: Infer, count: int, times: int) -> None:
    """The second load of a document of a hundred operations or more infers nothing, and gives the same."""
    first = infer(large(count))
    with patch.object(build, "infer_behavior", wraps=infer_behavior) as watched:
        second = load(first.path)
    assert watched.call_count == times
    assert facts(second) == facts(first)
    assert all(resource.is_inferred for resource in second.resources.values())


def test_a_changed_document_is_inferred_anew(infer: Infer) -> None:
    """Whatever changes in a document changes what it implies."""
    infer(large(120))
    assert len(infer(large(121)).operations) == 121
    changed = infer({**large(119), "POST /books0": MANY})
    assert [operation.role.name for operation in changed.operations[:2]] == ["list", "create"]
