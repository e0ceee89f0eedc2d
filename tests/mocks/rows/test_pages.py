"""Pages, filters and orders of lists."""

from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.mocks.rows.conftest import RowClient


def walk_pages(shop: RowClient, target: str) -> list[list[int]]:
    """Return the ids of each page, following the URL of the next one."""
    pages = []
    while target:
        body = shop.get(target)
        pages.append([row["id"] for row in body["data"]])
        following = urlsplit(body["meta"]["next"] or "")
        target = f"{following.path}?{following.query}" if following.path else ""
    return pages


def test_pages_by_number_hold_each_row_once(shop: RowClient) -> None:
    """Following ``next`` visits every row once and ends; all pages but the last are full."""
    pages = walk_pages(shop, "/customers?size=7")
    assert [len(page) for page in pages] == [7] * 8 + [4]
    assert len({number for page in pages for number in page}) == 60


def test_a_page_tells_where_it_is(shop: RowClient) -> None:
    """Totals, URLs of other pages and headers are true, and keep the other parameters."""
    answer = shop.send("GET", "/customers?size=20&page=2&sort=name")
    assert answer.json["meta"] == {
        "total": 60,
        "pages": 3,
        "kind": "page",
        "next": "http://mock/customers?size=20&sort=name&page=3",
        "previous": "http://mock/customers?size=20&sort=name&page=1",
    }
    assert answer.headers["x-total"] == "60"
    assert '<http://mock/customers?size=20&sort=name&page=3>; rel="next"' in answer.headers["link"]


def test_no_other_page_is_said_as_the_schema_has_it(shop: RowClient) -> None:
    """Null where that is allowed, absent where the property is optional."""
    meta = shop.get("/customers?size=100")["meta"]
    assert meta["next"] is None
    assert "previous" not in meta


def test_a_page_without_a_size_has_the_usual_one(shop: RowClient) -> None:
    """The stated default is the number of rows; a page past the end is empty."""
    assert len(shop.get("/customers")["data"]) == 5
    assert shop.get("/customers?page=99")["data"] == []


def test_opaque_tokens_lead_through_all_pages(shop: RowClient) -> None:
    """A token continues after the last row, also when rows were added since, and the last page has none."""
    sent = [shop.send("POST", "/customers/7/orders", {"order": {"note": str(n)}}).json["number"] for n in range(5)]
    first = shop.get("/customers/7/orders?limit=2")
    shop.send("POST", "/customers/7/orders", {"order": {}})
    seen, page = [order["number"] for order in first["orders"]], first
    while page["has_more"]:
        page = shop.get(f"/customers/7/orders?limit=2&cursor={page['next_cursor']}")
        seen += [order["number"] for order in page["orders"]]
    assert "next_cursor" not in page
    assert seen[:5] == sent[::-1]
    assert len(seen) == len(set(seen))


def test_a_foreign_token_is_refused(shop: RowClient) -> None:
    """A token that no response gave is an invalid parameter."""
    assert shop.send("GET", "/customers/7/orders?cursor=nonsense").status == 400


@pytest.mark.parametrize(
    ("query", "key", "is_descending"),
    [
        ("name", "name", False),
        ("-name", "name", True),
        ("name:desc", "name", True),
        ("name_asc", "name", False),
        ("best", "score", False),
        ("-created_at", "created_at", True),
    ],
)
def test_rows_are_sorted_as_asked(shop: RowClient, query: str, key: str, is_descending: bool) -> None:  # noqa: FBT001
    """A field, with its direction in the usual spellings, sorts the rows; those without a value come last."""
    rows = shop.get(f"/customers?size=100&sort={query}")["data"]
    values = [row[key] for row in rows if row.get(key) is not None]
    assert values == sorted(values, reverse=is_descending)
    assert all(row.get(key) is None for row in rows[len(values) :])


@pytest.mark.parametrize(
    ("query", "is_match"),
    [
        ("tier=gold", lambda row: row["tier"] == "gold"),
        ("min_score=0.5", lambda row: (row.get("score") or 0) >= 0.5),
        ("ids=7&ids=59", lambda row: row["id"] in {7, 59}),
        ("tags=customer", lambda row: "customer" in row.get("tags", [])),
        ("q=REVIEW", lambda row: "review" in str(row).lower()),
    ],
)
def test_filters_keep_exactly_the_rows_that_match(shop: RowClient, query: str, is_match: Any) -> None:
    """Every row that matches is listed, and no other; the total counts them."""
    expected = [row for row in shop.get("/customers?size=100")["data"] if is_match(row)]
    filtered = shop.get(f"/customers?size=100&{query}")
    assert expected
    assert filtered["data"] == expected
    assert filtered["meta"]["total"] == len(expected)


def test_lists_follow_changes(shop: RowClient) -> None:
    """A row that is changed leaves a filtered list and enters another, though both were asked for before."""
    number = shop.get("/customers?size=100&tier=gold")["data"][0]["id"]
    shop.get("/customers?size=100&tier=basic")
    shop.send("PATCH", f"/customers/{number}", {"tier": "basic"})
    assert number not in [row["id"] for row in shop.get("/customers?size=100&tier=gold")["data"]]
    assert number in [row["id"] for row in shop.get("/customers?size=100&tier=basic")["data"]]


def test_examples_of_the_document_are_the_first_rows(shop: RowClient) -> None:
    """An example is the newest row, with its id; times that are compared fit to the others."""
    first = shop.get("/customers?size=1")["data"][0]
    assert {"id": 7, "name": "Ada", "email": "ada@example.org", "tier": "gold"}.items() <= first.items()
    assert first["created_at"] > "2026"
