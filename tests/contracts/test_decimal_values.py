"""Values of a property that is a number within bounds or a text, as documents of decimals have it."""

from typing import Any

import pytest

from specduet.contracts.oracle.json_values import find_invalid_locations, judge_text
from specduet.specs import Api
from tests.contracts.recording_builder import load_paths

POINTER = "/components/schemas/Amount"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Api:
    """Return a document with one schema, used by one operation."""
    schema = {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string"}]}
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Amount"}}}}
    paths = {"/amounts": {"post": {"requestBody": body, "responses": {"204": {"description": "done"}}}}}
    return load_paths(tmp_path_factory.mktemp("amounts"), paths, components={"schemas": {"Amount": schema}})


@pytest.mark.parametrize(
    ("value", "verdict"), [(5, "valid"), ("5.00", "valid"), ("-0.5", "lenient"), ("", "lenient"), ("x", "lenient")]
)
def test_a_text_beside_a_number_may_have_to_be_one(api: Api, value: Any, verdict: str) -> None:
    """A text that spells no number within the bounds may be refused, in a body and in a query."""
    schemas = api.request_schemas
    found = find_invalid_locations(schemas, schemas.node_at(POINTER), POINTER, value, ("body",))
    assert [place.verdict for place in found] == ([] if verdict == "valid" else [verdict])
    assert judge_text(schemas, schemas.node_at(POINTER), POINTER, str(value)).verdict == verdict
