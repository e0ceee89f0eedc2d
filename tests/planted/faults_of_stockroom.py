"""Faults of the stockroom."""

from tests.planted.changes import (
    change_body,
    change_rows,
    ignore_query,
    read_instead,
    set_header,
    set_status,
)
from tests.planted.fault import (
    accept_always,
    clamp_query,
    drop_values,
    fail_where,
    fill_body,
    group_faults,
    has_value,
    merge_put,
    refuse_where,
    remembering,
    set_values,
    show_below_others,
    swap_query,
)

_PHOTO = {"id": 9, "item_id": 1, "caption": "", "position": 1, "size_bytes": 0}

_STATED = group_faults(
    "stockroom",
    "stated",
    ("GET /items/{i}", "quantity is a text", change_body(set_values(quantity="7")), "SD205"),
    ("GET /items/{i}", "unit is none of the members", change_body(set_values(unit="pallet")), "SD20"),
    ("GET /items", "rows have no created_at", change_rows("", drop_values("created_at")), "SD204"),
    ("GET /items", "updated_at is no time", change_rows("", set_values(updated_at="today")), "SD206"),
    ("GET /items", "the count is no number", set_header("x-total-count", "some"), "SD107"),
    (
        "GET /items",
        "books by the litre are refused",
        refuse_where(lambda a: ("unit", "litre") in a.query, ["query", "unit"]),
        "SD305",
    ),
    ("POST /items", "sku may be anything", fill_body(sku="ABC-1234"), "SD302"),
    ("POST /items", "quantity has no maximum", fill_body(quantity=1), "SD302"),
    ("POST /items", "a width may be 0", fill_body(dimensions=None), "SD302"),
    ("POST /items", "Location is missing", set_header("location", None), "SD107"),
    ("POST /items", "a supplier that is null fails", fail_where(has_value("supplier_id", None)), "SD701"),
    (
        "POST /items",
        "a reorder level is refused",
        refuse_where(has_value("reorder_level", 7), ["body", "reorder_level"]),
        "SD305",
    ),
    ("PUT /items/{i}", "there may be many tags", fill_body(tags=[]), "SD302"),
    ("DELETE /items/{i}", "the status is 200", set_status(200), "SD101"),
    ("POST /items/{i}/photos", "the file may be missing", accept_always(201, _PHOTO), "SD302 SD303"),
    ("POST /items/{i}/photos", "position is a text", change_body(set_values(position="first")), "SD205"),
    ("GET /photos/{p}/raw", "the content is a page", set_header("content-type", "text/html"), "SD102"),
    ("POST /items/{i}/adjustments", "reason may be anything", fill_body(reason="recount"), "SD302"),
    (
        "POST /items/{i}/adjustments",
        "a conflict has another body",
        change_body(lambda _: [], statuses=range(409, 410)),
        "SD104",
    ),
    ("GET /items/{i}/adjustments", "size has no maximum", clamp_query("size", "100"), "SD301"),
    ("GET /items/{i}/adjustments", "since may be anything", clamp_query("since", "2026-01-01T00:00:00Z"), "SD301"),
    (
        "GET /suppliers/{s}",
        "a 404 has no detail",
        change_body(drop_values("detail"), statuses=range(404, 405)),
        "SD204 SD104",
    ),
)

_IMPLIED = group_faults(
    "stockroom",
    "conventional",
    ("GET /items", "unit filters nothing", ignore_query("unit"), "SD51 SD525"),
    ("GET /items", "supplier_id filters nothing", ignore_query("supplier_id"), "SD51 SD525"),
    ("GET /items", "page has no effect", ignore_query("page"), "SD504 SD505"),
    ("GET /items", "order_by=-sku ascends", swap_query("order_by", lambda text: text.lstrip("-")), "SD506 SD507"),
    ("GET /items", "the count is that of the page", set_header("x-total-count", "1"), "SD524"),
    ("PUT /items/{i}", "what is not sent is kept", merge_put("reorder_level", "tags"), "SD628"),
    ("DELETE /items/{i}", "nothing is deleted", read_instead(204), "SD626"),
    ("GET /items/{i}/adjustments", "those of another item are shown", remembering(show_below_others), "SD5 SD6"),
    ("GET /items/{i}/adjustments", "reason filters nothing", ignore_query("reason"), "SD51 SD525"),
    ("GET /suppliers", "country filters nothing", ignore_query("country"), "SD51 SD525"),
    ("GET /suppliers", "preferred filters nothing", ignore_query("preferred"), "SD51 SD525"),
)

FAULTS = (*_STATED, *_IMPLIED)
