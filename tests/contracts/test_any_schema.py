"""Generation and oracle read every schema that a document may have."""

from itertools import islice
from typing import Any

import jsonschema_rs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from specduet.contracts.generation import mutations
from specduet.contracts.generation.bodies import plan_bodies
from specduet.contracts.generation.minimal_values import build_minimal_value
from specduet.contracts.generation.parameter_texts import to_query_pairs, to_styled_text
from specduet.contracts.oracle.json_values import find_invalid_locations, judge_text
from specduet.contracts.oracle.schema_access import is_valid_value
from specduet.specs import Body, Content, Parameter, Schemas
from tests.contracts.schema_strategy import JSON_VALUES, SCHEMAS, TREE

STYLES = ("form", "deepObject", "pipeDelimited", "spaceDelimited", "simple", "label", "matrix")
FUZZ = settings(
    derandomize=True, database=None, deadline=None, max_examples=60, suppress_health_check=list(HealthCheck)
)


def place(schema: Any) -> Schemas:
    """Return the schemas of a document that has one at ``/schema``."""
    return Schemas({"schema": schema, "components": {"schemas": {"Tree": TREE}}})


@FUZZ
@given(SCHEMAS)
def test_a_minimal_value_is_valid(schema: Any) -> None:
    """What is made for a schema satisfies it, and where nothing can be made nothing is raised."""
    schemas = place(schema)
    value = build_minimal_value(schemas, schema, "/schema")
    assert value is UNSET or is_valid_value(schemas, "/schema", value)


@FUZZ
@given(SCHEMAS, JSON_VALUES)
def test_every_schema_gives_candidates(schema: Any, value: Any) -> None:
    """Texts and values to try, the optional fields and the places of a value come of every schema."""
    schemas = place(schema)
    for text in islice(mutations.candidate_texts(schemas, schema, "/schema"), 100):
        judge_text(schemas, schema, "/schema", text)
    full_value = mutations.fill_optional(schemas, schema, "/schema", value)
    for path, inner, pointer in islice(mutations.list_locations(schemas, schema, "/schema", full_value), 20):
        for candidate in islice(mutations.candidate_values(schemas, inner, pointer), 30):
            mutations.replace_at(full_value, path, candidate)


@FUZZ
@given(SCHEMAS, JSON_VALUES)
def test_the_oracle_is_no_stricter_than_the_schema(schema: Any, value: Any) -> None:
    """A value that satisfies the schema is never called invalid, and one that breaks it is never called valid."""
    schemas = place(schema)
    try:
        is_valid = schemas.validator_at("/schema").is_valid(value)
    except (ValueError, jsonschema_rs.ValidationError):
        return  # a pattern that no engine takes
    verdicts = {found.verdict for found in find_invalid_locations(schemas, schema, "/schema", value, ())}
    assert "invalid" not in verdicts if is_valid else verdicts, (schema, value, verdicts)


@FUZZ
@given(schema=SCHEMAS, style=st.sampled_from(STYLES), explode=st.booleans())
def test_every_value_can_be_sent(schema: Any, style: str, *, explode: bool) -> None:
    """Parameters of every style and bodies of every media type can be made of every schema."""
    schemas = place(schema)
    parameter = Parameter("p", "query", required=True, schema=schema, pointer="/schema", style=style, explode=explode)
    value = build_minimal_value(schemas, schema, "/schema")
    if value is not UNSET:
        to_query_pairs(parameter, value)
        to_styled_text(parameter, value)
    types = ("application/json", "application/x-www-form-urlencoded", "multipart/form-data", "text/xml", "text/*")
    contents = {name: Content(name, schema, "/schema") for name in types}
    for planned in plan_bodies(schemas, Body(required=True, content=contents, pointer="")):
        assert planned.form is None or planned.form.encode() is not None
