"""Pages, orders and filters of lists."""

from typing import Any

import pytest

from specduet.specs.behavior import OperationBehavior
from tests.specs.inference.conftest import Infer, describe_json

EVENT = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "title": {"type": "string"},
        "kind": {"type": "string", "enum": ["talk", "walk"]},
        "seats": {"type": "integer"},
        "signed": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "owner_id": {"type": "string"},
        "start_time": {"type": "string", "format": "date-time"},
        "created_at": {"type": "string", "format": "date-time"},
        "updated_at": {"type": "string", "format": "date-time"},
    },
}
TEXT = {"type": "string"}
NUMBER = {"type": "integer"}
TIME = {"type": "string", "format": "date-time"}


def parameter(name: str, schema: Any, description: str = "") -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, "description": description}


def infer_list(
    infer: Infer,
    parameters: list[Any],
    facts: dict[str, Any] | None = None,
    headers: tuple[str, ...] = (),
    summary: str = "",
) -> OperationBehavior:
    """Return the statements on a list with parameters, facts beside its rows, and headers."""
    rows = {"type": "array", "items": {"$ref": "#/components/schemas/Event"}}
    schema = rows if facts is None else {"type": "object", "properties": {"items": rows, **facts}}
    response = {**describe_json(schema), "headers": {name: {"schema": TEXT} for name in headers}}
    listed = {"summary": summary, "parameters": parameters, "responses": {"200": response}}
    shown = {"responses": {"200": describe_json({"$ref": "#/components/schemas/Event"})}}
    return infer({"GET /events": listed, "GET /events/{id}": shown}, Event=EVENT).operations[0].behavior


@pytest.mark.parametrize(
    ("given", "default"),
    [
        (parameter("limit", {"type": "integer", "default": 7}), 7),
        (parameter("per_page", NUMBER, "The number of results. Defaults to 30."), 30),
        (parameter("pageSize", NUMBER, "At most 100 (default: 25)"), 25),
        (parameter("$top", NUMBER), None),
        (parameter("page[size]", NUMBER, "Between 1 and 50, 10 by default"), 10),
    ],
)
def test_limits_have_many_names(infer: Infer, given: dict[str, Any], default: int | None) -> None:
    """A limit is found by its name and type, its default in the schema or in a sentence."""
    limit = infer_list(infer, [given]).limit
    assert limit
    assert (limit.parameter, limit.default) == (given["name"], default)


@pytest.mark.parametrize(
    ("given", "first"),
    [
        (parameter("page", NUMBER), 1),
        (parameter("page", {"type": "integer", "default": 0}), 0),
        (parameter("pageNumber", NUMBER, "Zero-based page index"), 0),
        (parameter("page[number]", {"type": "integer", "minimum": 1}), 1),
    ],
)
def test_pages_are_counted_from_their_first(infer: Infer, given: dict[str, Any], first: int) -> None:
    """The number of the first page is that of the minimum, the default or the description."""
    page = infer_list(infer, [given]).page
    assert page
    assert (page.parameter, page.first) == (given["name"], first)


@pytest.mark.parametrize(
    ("given", "facts", "field", "fields"),
    [
        (parameter("cursor", TEXT), {"next_cursor": TEXT}, None, {"next_cursor": "next-token"}),
        (parameter("pageToken", TEXT), {"nextPageToken": TEXT}, None, {"nextPageToken": "next-token"}),
        (parameter("starting_after", TEXT), {"has_more": {"type": "boolean"}}, "id", {"has_more": "more"}),
        (
            parameter("after", TEXT, "A cursor: an object ID"),
            {"first_id": TEXT, "last_id": TEXT},
            "id",
            {"first_id": "first-id", "last_id": "last-id"},
        ),
        (parameter("after", TEXT), {"next": {"type": "string", "format": "uri"}}, None, {"next": "next-url"}),
    ],
)
def test_tokens_are_opaque_or_an_id(
    infer: Infer, given: dict[str, Any], facts: dict[str, Any], field: str | None, fields: dict[str, str]
) -> None:
    """A token is opaque where a response tells it, and else the id of a row."""
    behavior = infer_list(infer, [given, parameter("limit", NUMBER)], facts)
    assert behavior.token
    assert behavior.page_info
    assert (behavior.token.parameter, behavior.token.field) == (given["name"], field)
    assert behavior.page_info.fields == fields


@pytest.mark.parametrize("text", [{"type": "string", "default": "20"}, {"type": "string", "pattern": "^[0-9]+$"}])
def test_a_limit_may_be_a_text(infer: Infer, text: dict[str, Any]) -> None:
    """A text is a number of rows where its default, its pattern or a number of the response says so."""
    assert infer_list(infer, [parameter("count", text)]).limit
    assert infer_list(infer, [parameter("count", TEXT)]).limit is None
    paging = {"paging": {"type": "object", "properties": {"count": NUMBER, "page": NUMBER, "total": NUMBER}}}
    behavior = infer_list(infer, [parameter("count", TEXT), parameter("page", TEXT)], paging)
    assert behavior.limit
    assert behavior.page


@pytest.mark.parametrize(
    ("names", "facts", "fields"),
    [
        (("starting_after", "ending_before"), {"has_more": {"type": "boolean"}}, ("id", "id")),
        (("after", "before"), {"end_cursor": TEXT, "start_cursor": TEXT}, (None, None)),
        (("cursor", "previous_cursor"), {"next_cursor": TEXT, "previous_cursor": TEXT}, (None, None)),
    ],
)
def test_a_second_token_leads_back(
    infer: Infer, names: tuple[str, str], facts: dict[str, Any], fields: tuple[str | None, str | None]
) -> None:
    """Beside a token that leads forward, one of the opposite name leads back, as an id or as the response tells it."""
    behavior = infer_list(infer, [parameter(name, TEXT) for name in names], facts)
    assert behavior.token
    assert behavior.token_before
    assert tuple(token.parameter for token in behavior.tokens) == names
    assert tuple(token.field for token in behavior.tokens) == fields
    assert [token.direction for token in behavior.tokens] == ["after", "before"]


def test_a_time_before_which_rows_are_is_no_token(infer: Infer) -> None:
    """``before`` with a time is a filter, also beside a token."""
    behavior = infer_list(infer, [parameter("cursor", TEXT), parameter("before", TIME)], {"next_cursor": TEXT})
    assert [token.parameter for token in behavior.tokens] == ["cursor"]
    assert "before" in behavior.filters


def test_page_facts_are_found_inside_objects(infer: Infer) -> None:
    """Totals, flags and links are found beside the rows and in objects such as ``meta``, by name and type."""
    meta = {"type": "object", "properties": {"total": NUMBER, "page": NUMBER, "total_pages": NUMBER}}
    links = {"type": "object", "properties": {"next": TEXT, "prev": TEXT, "self": TEXT}}
    facts = {"meta": meta, "links": links, "hasMore": {"type": "boolean"}, "more": TEXT}
    behavior = infer_list(infer, [parameter("page", NUMBER)], facts)
    assert behavior.page_info
    assert behavior.page_info.fields == {
        "meta.total": "total",
        "meta.page": "page",
        "meta.total_pages": "pages",
        "links.next": "next-url",
        "links.prev": "previous-url",
        "links.self": "self-url",
        "hasMore": "more",
    }


def test_a_count_beside_links_is_the_total(infer: Infer) -> None:
    """In ``{count, next, previous, items}`` the count is that of all rows."""
    facts = {"count": NUMBER, "next": {"type": "string", "format": "uri"}, "previous": {"type": "string"}}
    behavior = infer_list(infer, [parameter("limit", NUMBER), parameter("offset", NUMBER)], facts)
    assert behavior.page_info
    assert behavior.page_info.fields == {"count": "total", "next": "next-url", "previous": "previous-url"}
    assert behavior.offset


def test_headers_tell_of_pages(infer: Infer) -> None:
    """``Link`` and ``X-Total-Count`` are facts about the page."""
    behavior = infer_list(infer, [parameter("page", NUMBER)], None, ("Link", "X-Total-Count", "X-Other"))
    assert behavior.page_info
    assert behavior.page_info.headers == {"Link": "links", "X-Total-Count": "total"}


def test_sort_keys_name_fields(infer: Infer) -> None:
    """The members of a sort parameter are mapped to fields, and its default is the order of the list."""
    keys = {"type": "string", "enum": ["created", "-created", "title", "-title"], "default": "-created"}
    behavior = infer_list(infer, [parameter("sort", keys)])
    assert behavior.sort
    assert behavior.order
    assert (behavior.sort.parameter, behavior.sort.fields) == ("sort", {"created": "created_at"})
    assert (behavior.order.by, behavior.order.direction) == ("created_at", "desc")


def test_a_direction_is_a_parameter_of_its_own(infer: Infer) -> None:
    """``order_by`` and ``order`` with asc and desc belong together."""
    ways = {"type": "string", "enum": ["asc", "desc"], "default": "asc"}
    keys = {"type": "string", "enum": ["title", "updated_at"], "default": "title"}
    behavior = infer_list(infer, [parameter("order", ways), parameter("order_by", keys)])
    assert behavior.sort
    assert behavior.order
    assert (behavior.sort.parameter, behavior.sort.direction) == ("order_by", "order")
    assert (behavior.order.by, behavior.order.direction) == ("title", "asc")


def test_a_sentence_tells_the_order(infer: Infer) -> None:
    """A list that says "newest first" is sorted so by the time of creation."""
    order = infer_list(infer, [], summary="List events, newest first").order
    assert order
    assert (order.by, order.direction) == ("created_at", "desc")


@pytest.mark.parametrize(
    ("given", "field", "op", "basis"),
    [
        (parameter("kind", {"type": "string", "enum": ["talk", "walk"]}), "kind", "eq", "inferred"),
        (parameter("owner", TEXT), "owner_id", "eq", "inferred"),
        (parameter("title", TEXT), "title", "eq", "assumed"),
        (parameter("title", TEXT, "Titles that contain this text"), "title", "search", "assumed"),
        (parameter("tag", TEXT), "tags", "eq", "assumed"),
        (parameter("ids", {"type": "array", "items": TEXT}), "id", "eq", "inferred"),
        (parameter("min_seats", NUMBER), "seats", "ge", "inferred"),
        (parameter("seats_lt", NUMBER), "seats", "lt", "inferred"),
        (parameter("created_after", TIME), "created_at", "gt", "inferred"),
        (parameter("created[gte]", TIME), "created_at", "ge", "inferred"),
        (parameter("updated_before", TIME), "updated_at", "lt", "inferred"),
        (parameter("since", TIME, "Only events updated at or after this time"), "updated_at", "ge", "assumed"),
        (parameter("start_time", TIME), "start_time", "ge", "assumed"),
        (parameter("q", TEXT), "*", "search", "assumed"),
        (parameter("filter[kind]", TEXT), "kind", "eq", "inferred"),
        (parameter("signed", {"type": "boolean"}, "Whether to return only signed events"), "signed", "eq", "inferred"),
    ],
)
def test_filters_are_named_after_fields(
    infer: Infer, given: dict[str, Any], field: str, op: str, basis: str | None
) -> None:
    """A query parameter named as a field, with a prefix or suffix for an operator, is a filter where types fit."""
    found = infer_list(infer, [given]).filters.get(given["name"])
    if basis is None:
        assert found is None
        return
    assert found
    assert (found.field, found.op, found.basis) == (field, op, basis)


@pytest.mark.parametrize(
    "given",
    [
        parameter("seats", TEXT),
        parameter("kind", {"type": "string", "enum": ["short", "long"]}),
        parameter("query", TEXT, "A query in our query language"),
        parameter("colour", TEXT),
        parameter("title", {"type": "string", "pattern": "^(IS|IS_NOT|IS_ANY_OF):(.*?)$"}),
        parameter("signed", {"type": "boolean"}, "Whether to include the signed and seats fields in the events."),
    ],
)
def test_what_does_not_fit_is_no_filter(infer: Infer, given: dict[str, Any]) -> None:
    """Another type, other members, a query language, operators, a choice of fields, or no such field: no filter."""
    assert infer_list(infer, [given]).filters == {}


def test_all_is_no_value_of_a_filter(infer: Infer) -> None:
    """A member such as ``all``, which the field does not have, keeps every row."""
    every = parameter("kind", {"type": "string", "enum": ["talk", "walk", "all"]})
    assert infer_list(infer, [every]).filters["kind"].every == ("all",)


def test_fields_may_be_attributes(infer: Infer) -> None:
    """Of rows as JSON:API has them, filters and sort keys name the attributes."""
    attributes = {"type": "object", "properties": {"title": TEXT, "kind": EVENT["properties"]["kind"]}}  # type: ignore[index]
    row = {"type": "object", "properties": {"type": TEXT, "id": TEXT, "attributes": attributes}}
    schema = {"type": "object", "properties": {"data": {"type": "array", "items": row}}}
    parameters = [parameter("filter[kind]", TEXT), parameter("sort", TEXT)]
    behavior = infer({"GET /events": {"parameters": parameters, "responses": {"200": describe_json(schema)}}})
    listed = behavior.operations[0].behavior
    assert listed.filters["filter[kind]"].field == "attributes.kind"
    assert listed.sort
    assert listed.sort.fields == {"title": "attributes.title", "kind": "attributes.kind"}


def test_a_sentence_orders_by_the_only_time(infer: Infer) -> None:
    """Where rows have one time alone, an order of which a sentence speaks is by it, whatever its name."""
    track = {"type": "object", "properties": {"id": TEXT, "added_at": TIME}}
    rows = {"type": "array", "items": {"$ref": "#/components/schemas/Track"}}
    listed = {"summary": "Tracks, oldest first", "responses": {"200": describe_json(rows)}}
    order = infer({"GET /tracks": listed}, Track=track).operations[0].behavior.order
    assert order
    assert (order.by, order.direction) == ("added_at", "asc")


@pytest.mark.parametrize(
    "schema", [True, {}, {"enum": [[], {}]}, {"type": 5}, {"$ref": "#/components/schemas/Nowhere"}]
)
def test_a_parameter_may_have_any_schema(infer: Infer, schema: Any) -> None:
    """A schema that says nothing, or nothing that makes sense, is no reason to stop."""
    names = ("limit", "page", "cursor", "sort", "order", "kind", "seats", "q")
    behavior = infer_list(infer, [parameter(name, schema) for name in names])
    assert behavior.lists
