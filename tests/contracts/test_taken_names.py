"""Services that take each name once: what is sent to them has names of its own, and faults are told all the same."""

import json

import pytest

from specduet.contracts.generation.fresh_bodies import apply_values
from specduet.contracts.generation.minimal_values import build_minimal_value
from specduet.contracts.generation.varied_values import vary_value
from specduet.contracts.recording import ReceivedResponse, SentRequest
from specduet.specs.schemas import Schemas
from tests.contracts.test_blame import BODY, Judge, blamed, read_json
from tests.contracts.test_small_documents import respond


@pytest.mark.parametrize("status", [400, 409])
def test_a_property_that_is_not_checked_is_told_of_a_service_that_takes_each_name_once(
    judge: Judge, status: int
) -> None:
    """A second row with the same name is a conflict, which hides no invalid size."""
    taken: set[str] = set()

    def service(request: SentRequest) -> ReceivedResponse:
        body = read_json(request)
        name = body.get("n") if isinstance(body, dict) else None
        if not isinstance(name, str) or not 0 < len(name) <= 30:
            return respond(400, "{}")
        if name in taken:
            return respond(status, "{}")
        taken.add(name)
        return respond(201, "{}")

    result = judge(BODY, service)
    assert [finding.where for finding in result.findings if finding.code == "SD302"] == ["body/size"]
    assert blamed(result) == []


def test_new_values_leave_alone_what_a_request_is_about() -> None:
    """A value is new only where the request has the one that it was made from."""
    base = {"sku": "a", "name": "b", "size": {"label": "c"}}
    values = {("sku",): "a1", ("name",): "b1", ("size", "label"): "c1"}
    assert apply_values({**base, "sku": ""}, base, values) == {"sku": "", "name": "b1", "size": {"label": "c1"}}
    assert apply_values({"sku": "a"}, base, values) == {"sku": "a1"}
    assert apply_values({**base, "size": None}, base, values)["size"] is None


def test_a_required_property_with_a_pattern_has_a_value() -> None:
    """The parts of an object are valid by themselves: at the top, within another object, and as items."""
    code = {"type": "string", "pattern": "^[A-Z]{3}-\\d{4}$"}
    schema = {
        "type": "object",
        "required": ["code", "inner", "codes"],
        "properties": {
            "code": code,
            "inner": {"type": "object", "required": ["code"], "properties": {"code": code}},
            "codes": {"type": "array", "minItems": 1, "items": code},
        },
    }
    schemas = Schemas({"schema": schema})
    assert schemas.validator_at("/schema").is_valid(build_minimal_value(schemas, schema, "/schema"))


def test_values_of_several_rows_differ() -> None:
    """Each number has a value of its own, also where a pattern says what it looks like."""
    for schema in (
        {"type": "string", "pattern": "^TS[0-9]{6}$"},
        {"type": "string"},
        {"type": "string", "format": "uri"},
    ):
        assert len({json.dumps(vary_value(schema, "code", number)) for number in range(20)}) == 20
