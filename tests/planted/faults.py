"""Faults of services in ``tests/twins``: what their documents state and they break, and what convention implies."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from tests.planted.changes import (
    Answer,
    Ask,
    Asked,
    Change,
    accept_on_refusal,
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

Kind = Literal["stated", "conventional"]


@dataclass(frozen=True)
class Fault:
    """One fault in one operation of one service."""

    service: str
    operation: str
    sentence: str
    change: Callable[[], Change]
    """Makes the change, which may have a memory, anew for each run."""
    codes: tuple[str, ...]
    """Codes, or beginnings of codes, of the clauses that tell it."""
    kind: Kind

    @property
    def name(self) -> str:
        """The fault in one line."""
        return f"{self.service}: {self.operation}: {self.sentence}"


def _group(service: str, kind: Kind, *entries: tuple[str, str, Change | Callable[[], Change], str]) -> Iterator[Fault]:
    for operation, sentence, change, codes in entries:
        make = change if getattr(change, "makes_change", False) else (lambda change=change: change)
        yield Fault(service, operation, sentence, make, tuple(codes.split()), kind)


def _remembering(make: Callable[[], Change]) -> Callable[[], Change]:
    make.makes_change = True  # type: ignore[attr-defined]
    return make


def _set(**values: Any) -> Callable[[Any], None]:
    return lambda row: row.update(values) if isinstance(row, dict) else None


def _drop(*names: str) -> Callable[[Any], None]:
    def change(row: Any) -> None:
        for name in names:
            row.pop(name, None)

    return change


def _swap_query(name: str, change: Callable[[str], str]) -> Change:
    async def changed(asked: Asked, ask: Ask) -> Answer:
        return await ask(replace(asked, query=tuple((n, change(v) if n == name else v) for n, v in asked.query)))

    return changed


def _clamp_query(name: str, text: str) -> Change:
    return accept_on_refusal(
        lambda asked: replace(asked, query=tuple((n, text if n == name else v) for n, v in asked.query))
    )


def _fill_body(**values: Any) -> Change:
    def change(asked: Asked) -> Asked | None:
        return asked.with_json({**asked.json, **values}) if isinstance(asked.json, dict) else None

    return accept_on_refusal(change)


def _fail_where(is_meant: Callable[[Asked], bool], status: int = 500, text: str = "Internal Server Error") -> Change:
    async def changed(asked: Asked, ask: Ask) -> Answer:
        if is_meant(asked):
            return Answer(status, {"content-type": "text/plain"}, text.encode())
        return await ask(asked)

    return changed


def _refuse_where(is_meant: Callable[[Asked], bool], loc: list[str]) -> Change:
    async def changed(asked: Asked, ask: Ask) -> Answer:
        if is_meant(asked):
            return Answer(422).with_json({"detail": [{"loc": loc, "msg": "Bad", "type": "bad"}]})
        return await ask(asked)

    return changed


def _show_first() -> Change:
    """Return a change after which every detail shows the row that was shown first."""
    kept: list[Answer] = []

    async def changed(asked: Asked, ask: Ask) -> Answer:
        answer = await ask(asked)
        if answer.status == 200 and not kept:
            kept.append(answer)
        return kept[0] if answer.status == 200 else answer

    return changed


def _keep_deleted(fetch_status: int = 200) -> Change:
    """Return a change of ``* /things/{id}`` after which a deleted row can still be fetched."""
    last: dict[str, Answer] = {}

    async def changed(asked: Asked, ask: Ask) -> Answer:
        answer = await ask(asked)
        if asked.method == "GET" and answer.status == 200:
            last[asked.path] = answer
        if asked.method == "GET" and answer.status == 404 and asked.path in last:
            return replace(last[asked.path], status=fetch_status)
        return answer

    return changed


def _change_nth(every: int, change: Callable[[Any], Any]) -> Change:
    """Return a change of the JSON body of each n-th good response."""
    count = [0]

    async def changed(asked: Asked, ask: Ask) -> Answer:
        answer = await ask(asked)
        if answer.status < 300 and answer.json is not None:
            count[0] += 1
            if count[0] % every == 0:
                body = answer.json
                change(body)
                return answer.with_json(body)
        return answer

    return changed


def _forget_parent() -> Change:
    """Return a change of ``* /things/{id}/parts/{id}`` after which a part is shown below every thing."""
    last: dict[str, str] = {}

    async def changed(asked: Asked, ask: Ask) -> Answer:
        answer = await ask(asked)
        part = asked.path.rpartition("/")[2]
        if answer.status == 200:
            last[part] = asked.path
        is_elsewhere = asked.method == "GET" and answer.status == 404 and part in last
        return await ask(replace(asked, path=last[part])) if is_elsewhere else answer

    return changed


def _keep_first_tag() -> Change:
    """Return a change of ``* /things/{id}`` after which a row keeps its first version, which also conditions name."""
    first: dict[str, str] = {}
    latest: dict[str, str] = {}

    async def changed(asked: Asked, ask: Ask) -> Answer:
        path = asked.path
        renamed = {n: latest[path] if first.get(path) == text else text for n, text in asked.headers.items()}
        answer = await ask(replace(asked, headers=renamed))
        tag = answer.headers.get("etag")
        if tag is None:
            return answer
        latest[path] = tag
        return answer.with_header("etag", first.setdefault(path, tag))

    return changed


def _reset_others(**values: Any) -> Change:
    """Return a change of PATCH after which it also sets these properties, if the request does not."""

    async def changed(asked: Asked, ask: Ask) -> Answer:
        body = asked.json
        return await ask(asked.with_json({**values, **body}) if isinstance(body, dict) and body else asked)

    return changed


def _merge_put(*names: str) -> Change:
    """Return a change of PUT after which properties that are not sent keep their values."""

    async def changed(asked: Asked, ask: Ask) -> Answer:
        body, before = asked.json, (await ask(replace(asked, method="GET", body=b""))).json
        if isinstance(body, dict) and isinstance(before, dict):
            kept = {name: before[name] for name in names if name not in body and name in before}
            return await ask(asked.with_json({**body, **kept}))
        return await ask(asked)

    return changed


def _backwards(body: Any) -> None:
    body["status"] = "queued"


def _reverse(body: Any) -> Any:
    return body[::-1]


def _reverse_in(name: str) -> Callable[[Any], None]:
    def change(body: Any) -> None:
        body[name] = body[name][::-1]

    return change


def _wrong_total(name: str) -> Callable[[Any], None]:
    def change(body: Any) -> None:
        body[name] += 1

    return change


def _drop_last(rows: str) -> Callable[[Any], None]:
    """Return a change after which each page lacks its last row, if it has several."""

    def change(body: Any) -> None:
        if len(body[rows]) > 1:
            body[rows].pop()

    return change


_ERROR = range(400, 500)
_TRACE = "Traceback (most recent call last):\n  File \"/srv/app/views.py\", line 31, in handle\nKeyError: 'name'"


def _is_true(text: str) -> str:
    return "true" if text == "false" else text


_SHOP_STATED = _group(
    "shop",
    "stated",
    ("GET /products/{id}", "price is a string", change_body(_set(price="12.50")), "SD205"),
    ("GET /products/{id}", "category is none of the members", change_body(_set(category="garden")), "SD20"),
    ("GET /products", "pages is missing", change_body(_drop("pages")), "SD204"),
    ("POST /products", "the status is 200", set_status(200), "SD101"),
    ("DELETE /products/{id}", "the status is 202", set_status(202), "SD101"),
    ("GET /products/{id}", "the content type is text/html", set_header("content-type", "text/html"), "SD102"),
    ("GET /products", "per_page has no maximum", _clamp_query("per_page", "50"), "SD301"),
    ("GET /products", "page may be 0", _clamp_query("page", "1"), "SD301"),
    ("GET /products", "category may be anything", _clamp_query("category", "toys"), "SD301"),
    ("POST /products", "price may be anything", _fill_body(price=1), "SD302"),
    ("POST /products", "name may be missing", _fill_body(name="x"), "SD302"),
    ("GET /products/{id}", "created_at is no time", change_body(_set(created_at="yesterday")), "SD206"),
    ("GET /products/{id}", "id is no UUID", change_body(_set(id="17")), "SD206 SD613"),
    ("GET /products", "rows have a null name", change_rows("items", _set(name=None)), "SD203"),
    (
        "GET /products",
        "books are refused",
        _refuse_where(lambda a: ("category", "books") in a.query, ["query", "category"]),
        "SD305",
    ),
    ("POST /orders", "a comment that is null fails", _fail_where(lambda a: b'"comment": null' in a.body), "SD701"),
    ("GET /customers", "total is a string", change_body(lambda b: b.update(total=str(b["total"]))), "SD205"),
    ("POST /orders", "quantity has no maximum", _fill_body(lines=[]), "SD302"),
    ("GET /orders/{id}", "a 404 has another body", change_body(lambda _: {"error": 1}, statuses=_ERROR), "SD SD104"),
    ("POST /products", "invalid bodies get 400", set_status(400, of=range(422, 423)), "SD304"),
)

_SHOP_IMPLIED = _group(
    "shop",
    "conventional",
    ("GET /products", "category filters nothing", ignore_query("category"), "SD51 SD525"),
    ("GET /products", "in_stock filters nothing", ignore_query("in_stock"), "SD51 SD525"),
    ("GET /products", "in_stock=false filters nothing", _swap_query("in_stock", _is_true), "SD51 SD525"),
    ("GET /products", "min_price filters nothing", ignore_query("min_price"), "SD51 SD525"),
    ("GET /products", "max_price filters nothing", ignore_query("max_price"), "SD51 SD525"),
    ("GET /products", "sort has no effect", ignore_query("sort"), "SD506 SD507"),
    ("GET /products", "sort=-price ascends", _swap_query("sort", lambda t: t.lstrip("-")), "SD506 SD507"),
    ("GET /products", "page has no effect", ignore_query("page"), "SD505 SD504"),
    ("GET /products", "per_page has no effect", ignore_query("per_page"), "SD501 SD502 SD503"),
    ("GET /products", "total is one too many", change_body(_wrong_total("total")), "SD524"),
    ("GET /products", "pages is one too many", change_body(_wrong_total("pages")), "SD524"),
    ("GET /products", "each page lacks its last row", change_body(_drop_last("items")), "SD50 SD524"),
    ("DELETE /products/{id}", "nothing is deleted", read_instead(204), "SD626"),
    ("PATCH /products/{id}", "nothing is changed", read_instead(200), "SD625"),
    ("PATCH /products/{id}", "the name is not changed", ignore_body("name"), "SD625"),
    ("PATCH /products/{id}", "other fields are reset", _reset_others(name="reset", price=0, category="toys"), "SD627"),
    ("GET /products/{id}", "always the same row is shown", _remembering(_show_first), "SD613"),
    ("POST /products", "in_stock is forgotten", ignore_body("in_stock"), "SD620 SD619"),
    ("GET /orders", "status filters nothing", ignore_query("status"), "SD51 SD525"),
    ("GET /orders", "customer_id filters nothing", ignore_query("customer_id"), "SD51 SD525"),
    ("* /products/{id}", "deleted rows can be fetched", _remembering(_keep_deleted), "SD626"),
    ("GET /customers/{id}", "unknown ids get a row", set_status(200, of=_ERROR), "SD615 SD104 SD204"),
    ("POST /orders/{id}/cancel", "nothing is cancelled", skip_action(), "SD629"),
)

_TODO_STATED = _group(
    "todo_lists",
    "stated",
    ("GET /lists/{l}/items/{i}", "priority is above its maximum", change_body(_set(priority=9)), "SD207"),
    ("GET /lists/{l}/items", "due is no date", change_rows("", _set(due="tomorrow")), "SD206"),
    ("GET /lists", "limit may be 0", _clamp_query("limit", "1"), "SD301"),
    ("GET /lists", "offset may be negative", _clamp_query("offset", "0"), "SD301"),
    ("POST /lists", "name may be empty", _fill_body(name="x"), "SD302"),
    ("PUT /lists/{l}", "a color that is null fails", _fail_where(lambda a: b'"color": null' in a.body), "SD701"),
    ("GET /lists", "the body is an object", change_body(lambda rows: {"lists": rows}), "SD104 SD204"),
    ("POST /lists/{l}/items", "done is null", change_body(_set(done=None)), "SD203"),
    (
        "POST /lists/{l}/items",
        "a priority of 5 is refused",
        _refuse_where(lambda a: b'"priority": 5' in a.body, ["body", "priority"]),
        "SD305",
    ),
)

_TODO_IMPLIED = _group(
    "todo_lists",
    "conventional",
    ("GET /lists", "offset has no effect", ignore_query("offset"), "SD504 SD505"),
    ("GET /lists", "limit has no effect", ignore_query("limit"), "SD501 SD502"),
    ("PUT /lists/{l}", "what is not sent is kept", _merge_put("color"), "SD628"),
    ("GET /lists/{l}/items", "done filters nothing", ignore_query("done"), "SD51 SD525"),
    ("PATCH /lists/{l}/items/{i}", "the title is not changed", ignore_body("title"), "SD625"),
    ("* /lists/{l}", "deleted rows can be fetched", _remembering(_keep_deleted), "SD626"),
    ("DELETE /lists/{l}/items/{i}", "nothing is deleted", read_instead(204), "SD626"),
    (
        "GET /lists/{l}/items/{i}",
        "items are shown below every list",
        _remembering(_forget_parent),
        "SD634",
    ),
    ("POST /lists", "color is forgotten", ignore_body("color"), "SD620 SD619"),
    ("GET /lists", "a row is listed twice", change_body(lambda b: b[:1] + b if len(b) > 1 else b), "SD520 SD50"),
)

_BLOG = (
    *_group(
        "blog",
        "stated",
        ("GET /posts/{s}", "status is none of the members", change_body(_set(status="hidden")), "SD20"),
        ("GET /posts", "tags are null", change_rows("items", _set(tags=None)), "SD203"),
        ("POST /posts/{s}/comments", "id is missing", change_body(_drop("id")), "SD204"),
        ("POST /posts", "slug may be anything", _fill_body(slug="any-slug"), "SD302"),
        ("PATCH /posts/{s}", "title may be empty", _fill_body(title="x"), "SD302"),
        ("GET /posts", "limit has no maximum", _clamp_query("limit", "100"), "SD301"),
        ("GET /posts/{s}", "a 404 has no detail", change_body(lambda _: {}, statuses=_ERROR), "SD204 SD104"),
    ),
    *_group(
        "blog",
        "conventional",
        ("GET /posts", "the cursor has no effect", ignore_query("cursor"), "SD505"),
        ("GET /posts", "there is always a next cursor", change_body(_set(next_cursor="MA==")), "SD505 SD524"),
        ("GET /posts", "status filters nothing", ignore_query("status"), "SD51 SD525"),
        ("GET /posts", "tag filters nothing", ignore_query("tag"), "SD51 SD525"),
        ("POST /posts/{s}/publish", "nothing is published", skip_action(), "SD629"),
        ("PUT /posts/{s}", "nothing is replaced", read_instead(200), "SD625"),
        ("GET /posts", "the oldest post comes first", change_body(_reverse_in("items")), "SD506"),
        ("DELETE /posts/{s}/comments/{c}", "nothing is deleted", answer_without_asking(204), "SD626"),
    ),
)

_FLAGS = (
    *_group(
        "flags",
        "stated",
        ("GET /flags", "the count is no number", set_header("x-total-count", "many"), "SD107"),
        ("PUT /flags/{k}", "rollout may be 101", _fill_body(rollout=100), "SD302"),
        ("GET /flags/{k}", "rollout is above its maximum", change_body(_set(rollout=400)), "SD207"),
        ("PUT /flags/{k}", "the status is 202", set_status(202), "SD101"),
    ),
    *_group(
        "flags",
        "conventional",
        ("GET /flags", "_sort has no effect", ignore_query("_sort"), "SD506 SD507"),
        ("GET /flags", "_order has no effect", ignore_query("_order"), "SD506 SD507"),
        ("GET /flags", "the count is wrong", set_header("x-total-count", "77"), "SD524"),
        ("GET /flags", "enabled filters nothing", ignore_query("enabled"), "SD51 SD525"),
        ("GET /flags", "_page has no effect", ignore_query("_page"), "SD505"),
        ("PATCH /flags/{k}", "other fields are reset", _reset_others(description="reset", rollout=1), "SD627"),
        ("DELETE /flags/{k}", "nothing is deleted", answer_without_asking(204), "SD626"),
    ),
)

_WIKI = (
    *_group(
        "wiki",
        "stated",
        ("GET /me", "time_zone is missing", change_body(_drop("time_zone")), "SD204"),
        ("PUT /settings", "page_width may be a text", _fill_body(page_width=1), "SD302"),
        ("GET /pages/{p}", "labels is a string", change_body(_set(labels="a,b")), "SD205"),
    ),
    *_group(
        "wiki",
        "conventional",
        ("PUT /pages/{p}", "If-Match has no effect", ignore_header("if-match"), "SD631"),
        ("DELETE /pages/{p}", "If-Match has no effect", ignore_header("if-match"), "SD631"),
        ("GET /pages/{p}", "If-None-Match has no effect", ignore_header("if-none-match"), "SD633"),
        ("* /pages/{p}", "the ETag is one that is not taken", set_header("etag", '"1"'), "SD633"),
        ("* /pages/{p}", "the ETag never changes", _remembering(_keep_first_tag), "SD632"),
        ("GET /pages", "the oldest page comes first", change_body(_reverse), "SD506"),
        ("PUT /pages/{p}", "nothing is replaced", read_instead(200), "SD625"),
    ),
)

_OTHERS = (
    *_group(
        "jobs",
        "stated",
        ("GET /jobs/{j}", "status is none of the members", change_body(_set(status="done")), "SD20"),
        ("POST /jobs", "priority has no maximum", _fill_body(priority=3), "SD302"),
        ("GET /jobs", "total is missing", change_body(_drop("total")), "SD204"),
    ),
    *_group(
        "jobs",
        "conventional",
        (
            "GET /jobs/{j}",
            "status moves backwards",
            _remembering(lambda: _change_nth(4, _backwards)),
            "SD601 SD602 SD61",
        ),
        ("POST /jobs", "Location leads nowhere", set_header("location", "/jobs/nowhere"), "SD630"),
        ("GET /jobs", "kind filters nothing", ignore_query("kind"), "SD51 SD525"),
        ("GET /jobs", "the oldest job comes first", change_body(_reverse_in("jobs")), "SD506"),
        ("POST /jobs/{j}/cancel", "nothing is cancelled", skip_action(), "SD629"),
    ),
    *_group(
        "sensors",
        "stated",
        (
            "GET /api/v1/rooms/{r}/devices/{d}/readings",
            "totalCount is missing",
            change_body(_drop("totalCount")),
            "SD204",
        ),
        ("POST /api/v1/rooms/{r}/devices", "kind may be anything", _fill_body(kind="door"), "SD302"),
        ("GET /api/v1/rooms/{r}", "floor is a number with a fraction", change_body(_set(floor=1.5)), "SD205"),
    ),
    *_group(
        "sensors",
        "conventional",
        ("GET /api/v1/rooms/{r}/devices/{d}/readings", "since filters nothing", ignore_query("since"), "SD51 SD525"),
        ("GET /api/v1/rooms/{r}/devices/{d}/readings", "until filters nothing", ignore_query("until"), "SD51 SD525"),
        ("GET /api/v1/rooms/{r}/devices", "kind filters nothing", ignore_query("kind"), "SD51 SD525"),
    ),
    *_group(
        "chat",
        "stated",
        (
            "GET /conversations/{c}",
            "a 404 has another shape",
            change_body(lambda _: {"e": 1}, statuses=_ERROR),
            "SD104",
        ),
        ("GET /conversations", "visibility may be anything", _clamp_query("visibility", "public"), "SD301"),
        ("POST /conversations/{c}/messages", "text may be empty", _fill_body(text="x"), "SD302"),
    ),
    *_group(
        "chat",
        "conventional",
        ("GET /conversations", "participant filters nothing", ignore_query("participant"), "SD51 SD525"),
        ("GET /conversations/{c}/messages", "author filters nothing", ignore_query("author"), "SD51 SD525"),
        ("GET /conversations/{c}/messages", "has_more is always true", change_body(_set(has_more=True)), "SD524 SD505"),
        ("DELETE /conversations/{c}", "nothing is deleted", read_instead(204), "SD626"),
    ),
    *_group(
        "files",
        "stated",
        ("GET /files/{f}/content", "the content is JSON", set_header("content-type", "application/json"), "SD102"),
        ("GET /files", "limit has no maximum", _clamp_query("limit", "100"), "SD301"),
    ),
    *_group(
        "files",
        "conventional",
        ("GET /files", "after has no effect", ignore_query("after"), "SD505"),
        ("DELETE /files/{f}", "nothing is deleted", read_instead(204), "SD626"),
    ),
    *_group(
        "teams",
        "stated",
        ("GET /people/{p}", "birthday is no date", change_body(_set(birthday="may")), "SD206"),
        (
            "POST /people",
            "a conflict has another body",
            change_body(lambda _: [1], statuses=range(409, 410)),
            "SD104 SD204",
        ),
        (
            "GET /people/{p}",
            "a stack trace is shown",
            _fail_where(lambda a: "zz" in a.path or "x" in a.path, 500, _TRACE),
            "SD7",
        ),
    ),
    *_group(
        "teams",
        "conventional",
        ("GET /teams", "name filters nothing", ignore_query("name"), "SD51 SD525"),
        ("PATCH /people/{p}", "nothing is changed", read_instead(200), "SD625"),
        ("DELETE /people/{p}", "nothing is deleted", read_instead(204), "SD626"),
    ),
)

FAULTS: Mapping[str, Fault] = {
    fault.name: fault
    for fault in (
        *_SHOP_STATED,
        *_SHOP_IMPLIED,
        *_TODO_STATED,
        *_TODO_IMPLIED,
        *_BLOG,
        *_FLAGS,
        *_WIKI,
        *_OTHERS,
    )
}
