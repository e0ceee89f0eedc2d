"""Faults of services in ``tests/twins``: what their documents state and they break, and what convention implies."""

from typing import Any

from tests.planted.changes import (
    answer_without_asking,
    change_body,
    change_rows,
    ignore_body,
    ignore_header,
    ignore_query,
    read_instead,
    set_header,
    set_status,
    skip_action,
)
from tests.planted.fault import (
    change_nth,
    clamp_query,
    drop_last,
    drop_values,
    fail_where,
    fill_body,
    forget_parent,
    group_faults,
    has_value,
    keep_deleted,
    keep_first_tag,
    merge_put,
    raise_total,
    refuse_where,
    remembering,
    reset_others,
    reverse_rows,
    set_values,
    show_first,
    swap_query,
)

_ERROR = range(400, 500)
_ID = "5b0b4a7e-3f6d-4f0a-9a55-2f7a3b1c9d10"
_TRACE = "Traceback (most recent call last):\n  File \"/srv/app/views.py\", line 31, in handle\nKeyError: 'name'"


def _is_true(text: str) -> str:
    return "true" if text == "false" else text


def _backwards(body: Any) -> None:
    body["status"] = "queued"


def _reverse(body: Any) -> Any:
    return body[::-1]


_SHOP_STATED = group_faults(
    "shop",
    "stated",
    ("GET /products/{id}", "price is a string", change_body(set_values(price="12.50")), "SD205"),
    ("GET /products/{id}", "category is none of the members", change_body(set_values(category="garden")), "SD20"),
    ("GET /products", "pages is missing", change_body(drop_values("pages")), "SD204"),
    ("POST /products", "the status is 200", set_status(200), "SD101"),
    ("DELETE /products/{id}", "the status is 202", set_status(202), "SD101"),
    ("GET /products/{id}", "the content type is text/html", set_header("content-type", "text/html"), "SD102"),
    ("GET /products", "per_page has no maximum", clamp_query("per_page", "50"), "SD301"),
    ("GET /products", "page may be 0", clamp_query("page", "1"), "SD301"),
    ("GET /products", "category may be anything", clamp_query("category", "toys"), "SD301"),
    ("POST /products", "price may be anything", fill_body(price=1), "SD302"),
    ("POST /products", "name may be missing", fill_body(name="x"), "SD302"),
    ("GET /products/{id}", "created_at is no time", change_body(set_values(created_at="yesterday")), "SD206"),
    ("GET /products/{id}", "id is no UUID", change_body(set_values(id="17")), "SD206 SD613"),
    ("GET /products", "rows have a null name", change_rows("items", set_values(name=None)), "SD203"),
    (
        "GET /products",
        "books are refused",
        refuse_where(lambda a: ("category", "books") in a.query, ["query", "category"]),
        "SD305",
    ),
    ("POST /orders", "a comment that is null fails", fail_where(has_value("comment", None)), "SD701"),
    ("GET /customers", "total is a string", change_body(lambda b: b.update(total=str(b["total"]))), "SD205"),
    ("POST /orders", "quantity has no maximum", fill_body(lines=[{"product_id": _ID, "quantity": 1}]), "SD302"),
    ("GET /orders/{id}", "a 404 has another body", change_body(lambda _: {"error": 1}, statuses=_ERROR), "SD SD104"),
    ("POST /products", "invalid bodies get 400", set_status(400, of=range(422, 423)), "SD304"),
)

_SHOP_IMPLIED = group_faults(
    "shop",
    "conventional",
    ("GET /products", "category filters nothing", ignore_query("category"), "SD51 SD525"),
    ("GET /products", "in_stock filters nothing", ignore_query("in_stock"), "SD51 SD525"),
    ("GET /products", "in_stock=false filters nothing", swap_query("in_stock", _is_true), "SD51 SD525"),
    ("GET /products", "min_price filters nothing", ignore_query("min_price"), "SD51 SD525"),
    ("GET /products", "max_price filters nothing", ignore_query("max_price"), "SD51 SD525"),
    ("GET /products", "sort has no effect", ignore_query("sort"), "SD506 SD507"),
    ("GET /products", "sort=-price ascends", swap_query("sort", lambda t: t.lstrip("-")), "SD506 SD507"),
    ("GET /products", "page has no effect", ignore_query("page"), "SD505 SD504"),
    ("GET /products", "per_page has no effect", ignore_query("per_page"), "SD501 SD502 SD503"),
    ("GET /products", "total is one too many", change_body(raise_total("total")), "SD524"),
    ("GET /products", "pages is one too many", change_body(raise_total("pages")), "SD524"),
    ("GET /products", "each page lacks its last row", change_body(drop_last("items")), "SD50 SD524"),
    ("DELETE /products/{id}", "nothing is deleted", read_instead(204), "SD626"),
    ("PATCH /products/{id}", "nothing is changed", read_instead(200), "SD625"),
    ("PATCH /products/{id}", "the name is not changed", ignore_body("name"), "SD625"),
    ("PATCH /products/{id}", "other fields are reset", reset_others(name="reset", price=0, category="toys"), "SD627"),
    ("GET /products/{id}", "always the same row is shown", remembering(show_first), "SD613"),
    ("POST /products", "in_stock is forgotten", ignore_body("in_stock"), "SD620 SD619"),
    ("GET /orders", "status filters nothing", ignore_query("status"), "SD51 SD525"),
    ("GET /orders", "customer_id filters nothing", ignore_query("customer_id"), "SD51 SD525"),
    ("* /products/{id}", "deleted rows can be fetched", remembering(keep_deleted), "SD626"),
    ("GET /customers/{id}", "unknown ids get a row", set_status(200, of=_ERROR), "SD615 SD104 SD204"),
    ("POST /orders/{id}/cancel", "nothing is cancelled", skip_action(), "SD629"),
)

_TODO_STATED = group_faults(
    "todo_lists",
    "stated",
    ("GET /lists/{l}/items/{i}", "priority is above its maximum", change_body(set_values(priority=9)), "SD207"),
    ("GET /lists/{l}/items", "due is no date", change_rows("", set_values(due="tomorrow")), "SD206"),
    ("GET /lists", "limit may be 0", clamp_query("limit", "1"), "SD301"),
    ("GET /lists", "offset may be negative", clamp_query("offset", "0"), "SD301"),
    ("POST /lists", "name may be empty", fill_body(name="x"), "SD302"),
    ("PUT /lists/{l}", "a color that is null fails", fail_where(has_value("color", None)), "SD701"),
    ("GET /lists", "the body is an object", change_body(lambda rows: {"lists": rows}), "SD104 SD204"),
    ("POST /lists/{l}/items", "done is null", change_body(set_values(done=None)), "SD203"),
    (
        "POST /lists/{l}/items",
        "a priority of 5 is refused",
        refuse_where(has_value("priority", 5), ["body", "priority"]),
        "SD305",
    ),
)

_TODO_IMPLIED = group_faults(
    "todo_lists",
    "conventional",
    ("GET /lists", "offset has no effect", ignore_query("offset"), "SD504 SD505"),
    ("GET /lists", "limit has no effect", ignore_query("limit"), "SD501 SD502"),
    ("PUT /lists/{l}", "what is not sent is kept", merge_put("color"), "SD628"),
    ("GET /lists/{l}/items", "done filters nothing", ignore_query("done"), "SD51 SD525"),
    ("PATCH /lists/{l}/items/{i}", "the title is not changed", ignore_body("title"), "SD625"),
    ("* /lists/{l}", "deleted rows can be fetched", remembering(keep_deleted), "SD626"),
    ("DELETE /lists/{l}/items/{i}", "nothing is deleted", read_instead(204), "SD626"),
    (
        "GET /lists/{l}/items/{i}",
        "items are shown below every list",
        remembering(forget_parent),
        "SD634",
    ),
    ("POST /lists", "color is forgotten", ignore_body("color"), "SD620 SD619"),
    ("GET /lists", "a row is listed twice", change_body(lambda b: b[:1] + b if len(b) > 1 else b), "SD520 SD50"),
)

_BLOG = (
    *group_faults(
        "blog",
        "stated",
        ("GET /posts/{s}", "status is none of the members", change_body(set_values(status="hidden")), "SD20"),
        ("GET /posts", "tags are null", change_rows("items", set_values(tags=None)), "SD203"),
        ("POST /posts/{s}/comments", "id is missing", change_body(drop_values("id")), "SD204"),
        ("POST /posts", "slug may be anything", fill_body(slug="any-slug"), "SD302"),
        ("PATCH /posts/{s}", "title may be empty", fill_body(title="x"), "SD302"),
        ("GET /posts", "limit has no maximum", clamp_query("limit", "100"), "SD301"),
        ("GET /posts/{s}", "a 404 has no detail", change_body(lambda _: {}, statuses=_ERROR), "SD204 SD104"),
    ),
    *group_faults(
        "blog",
        "conventional",
        ("GET /posts", "the cursor has no effect", ignore_query("cursor"), "SD505"),
        ("GET /posts", "there is always a next cursor", change_body(set_values(next_cursor="MA==")), "SD505 SD524"),
        ("GET /posts", "status filters nothing", ignore_query("status"), "SD51 SD525"),
        ("GET /posts", "tag filters nothing", ignore_query("tag"), "SD51 SD525"),
        ("POST /posts/{s}/publish", "nothing is published", skip_action(), "SD629"),
        ("PUT /posts/{s}", "nothing is replaced", read_instead(200), "SD625"),
        ("GET /posts", "the oldest post comes first", change_body(reverse_rows("items")), "SD506"),
        ("DELETE /posts/{s}/comments/{c}", "nothing is deleted", answer_without_asking(204), "SD626"),
    ),
)

_FLAGS = (
    *group_faults(
        "flags",
        "stated",
        ("GET /flags", "the count is no number", set_header("x-total-count", "many"), "SD107"),
        ("PUT /flags/{k}", "rollout may be 101", fill_body(rollout=100), "SD302"),
        ("GET /flags/{k}", "rollout is above its maximum", change_body(set_values(rollout=400)), "SD207"),
        ("PUT /flags/{k}", "the status is 202", set_status(202), "SD101"),
    ),
    *group_faults(
        "flags",
        "conventional",
        ("GET /flags", "_sort has no effect", ignore_query("_sort"), "SD506 SD507"),
        ("GET /flags", "_order has no effect", ignore_query("_order"), "SD506 SD507"),
        ("GET /flags", "the count is wrong", set_header("x-total-count", "77"), "SD524"),
        ("GET /flags", "enabled filters nothing", ignore_query("enabled"), "SD51 SD525"),
        ("GET /flags", "_page has no effect", ignore_query("_page"), "SD505"),
        ("PATCH /flags/{k}", "other fields are reset", reset_others(description="reset", rollout=1), "SD627"),
        ("DELETE /flags/{k}", "nothing is deleted", answer_without_asking(204), "SD626"),
    ),
)

_WIKI = (
    *group_faults(
        "wiki",
        "stated",
        ("GET /me", "time_zone is missing", change_body(drop_values("time_zone")), "SD204"),
        ("PUT /settings", "page_width may be a text", fill_body(page_width=1), "SD302"),
        ("GET /pages/{p}", "labels is a string", change_body(set_values(labels="a,b")), "SD205"),
    ),
    *group_faults(
        "wiki",
        "conventional",
        ("PUT /pages/{p}", "If-Match has no effect", ignore_header("if-match"), "SD631"),
        ("DELETE /pages/{p}", "If-Match has no effect", ignore_header("if-match"), "SD631"),
        ("GET /pages/{p}", "If-None-Match has no effect", ignore_header("if-none-match"), "SD633"),
        ("* /pages/{p}", "the ETag is one that is not taken", set_header("etag", '"1"'), "SD633"),
        ("* /pages/{p}", "the ETag never changes", remembering(keep_first_tag), "SD632"),
        ("GET /pages", "the oldest page comes first", change_body(_reverse), "SD506"),
        ("PUT /pages/{p}", "nothing is replaced", read_instead(200), "SD625"),
    ),
)

_OTHERS = (
    *group_faults(
        "jobs",
        "stated",
        ("GET /jobs/{j}", "status is none of the members", change_body(set_values(status="done")), "SD20"),
        ("POST /jobs", "priority has no maximum", fill_body(priority=3), "SD302"),
        ("GET /jobs", "total is missing", change_body(drop_values("total")), "SD204"),
    ),
    *group_faults(
        "jobs",
        "conventional",
        (
            "GET /jobs/{j}",
            "status moves backwards",
            remembering(lambda: change_nth(4, _backwards)),
            "SD601 SD602 SD61",
        ),
        ("POST /jobs", "Location leads nowhere", set_header("location", "/jobs/nowhere"), "SD630"),
        ("GET /jobs", "kind filters nothing", ignore_query("kind"), "SD51 SD525"),
        ("GET /jobs", "the oldest job comes first", change_body(reverse_rows("jobs")), "SD506"),
        ("POST /jobs/{j}/cancel", "nothing is cancelled", skip_action(), "SD629"),
    ),
    *group_faults(
        "sensors",
        "stated",
        (
            "GET /api/v1/rooms/{r}/devices/{d}/readings",
            "totalCount is missing",
            change_body(drop_values("totalCount")),
            "SD204",
        ),
        ("POST /api/v1/rooms/{r}/devices", "kind may be anything", fill_body(kind="door"), "SD302"),
        ("GET /api/v1/rooms/{r}", "floor is a number with a fraction", change_body(set_values(floor=1.5)), "SD205"),
    ),
    *group_faults(
        "sensors",
        "conventional",
        ("GET /api/v1/rooms/{r}/devices/{d}/readings", "since filters nothing", ignore_query("since"), "SD51 SD525"),
        ("GET /api/v1/rooms/{r}/devices/{d}/readings", "until filters nothing", ignore_query("until"), "SD51 SD525"),
        ("GET /api/v1/rooms/{r}/devices", "kind filters nothing", ignore_query("kind"), "SD51 SD525"),
    ),
    *group_faults(
        "chat",
        "stated",
        (
            "GET /conversations/{c}",
            "a 404 has another shape",
            change_body(lambda _: {"e": 1}, statuses=_ERROR),
            "SD104",
        ),
        ("GET /conversations", "visibility may be anything", clamp_query("visibility", "public"), "SD301"),
        ("POST /conversations/{c}/messages", "text may be empty", fill_body(text="x"), "SD302"),
    ),
    *group_faults(
        "chat",
        "conventional",
        ("GET /conversations", "participant filters nothing", ignore_query("participant"), "SD51 SD525"),
        ("GET /conversations/{c}/messages", "author filters nothing", ignore_query("author"), "SD51 SD525"),
        (
            "GET /conversations/{c}/messages",
            "has_more is always true",
            change_body(set_values(has_more=True)),
            "SD524 SD505",
        ),
        ("DELETE /conversations/{c}", "nothing is deleted", read_instead(204), "SD626"),
    ),
    *group_faults(
        "files",
        "stated",
        ("GET /files/{f}/content", "the content is JSON", set_header("content-type", "application/json"), "SD102"),
        ("GET /files", "limit has no maximum", clamp_query("limit", "50"), "SD301"),
    ),
    *group_faults(
        "files",
        "conventional",
        ("GET /files", "after has no effect", ignore_query("after"), "SD505"),
        ("DELETE /files/{f}", "nothing is deleted", read_instead(204), "SD626"),
    ),
    *group_faults(
        "teams",
        "stated",
        ("GET /people/{p}", "birthday is no date", change_body(set_values(birthday="may")), "SD206"),
        (
            "POST /people",
            "a conflict has another body",
            change_body(lambda _: [1], statuses=range(409, 410)),
            "SD104 SD204",
        ),
        (
            "GET /people/{p}",
            "a stack trace is shown",
            fail_where(lambda a: "zz" in a.path or "x" in a.path, 500, _TRACE),
            "SD7",
        ),
    ),
    *group_faults(
        "teams",
        "conventional",
        ("GET /teams", "name filters nothing", ignore_query("name"), "SD51 SD525"),
        ("PATCH /people/{p}", "nothing is changed", read_instead(200), "SD625"),
        ("DELETE /people/{p}", "nothing is deleted", read_instead(204), "SD626"),
    ),
)


FAULTS = (*_SHOP_STATED, *_SHOP_IMPLIED, *_TODO_STATED, *_TODO_IMPLIED, *_BLOG, *_FLAGS, *_WIKI, *_OTHERS)
