"""Rows that belong to rows of another resource, the only row of a parent, and actions."""

from tests.mocks.rows.conftest import RowClient


def test_rows_belong_to_their_parent(shop: RowClient) -> None:
    """A row is listed and fetched below its parent, and nowhere else."""
    order = shop.send("POST", "/customers/7/orders", {"order": {"note": "hi"}}).json
    assert (order["note"], order["customer"]) == ("hi", "7")
    assert shop.get(f"/customers/7/orders/{order['number']}") == order
    assert shop.send("GET", f"/customers/59/orders/{order['number']}").status == 404
    numbers = [row["number"] for row in shop.get("/customers/59/orders?limit=100")["orders"]]
    assert order["number"] not in numbers


def test_a_parent_that_does_not_exist_is_unknown(shop: RowClient) -> None:
    """Every operation below an unknown parent responds with 404."""
    assert shop.send("GET", "/customers/999/orders").status == 404
    assert shop.send("POST", "/customers/999/orders", {"order": {}}).status == 404


def test_every_seeded_row_has_a_parent_that_exists(shop: RowClient) -> None:
    """The id that a row has of its parent is that of a row, and below it the row is listed."""
    state = shop.get("/__mock__/state")["shop"]
    customers = {str(row["id"]) for row in state["customer"]}
    assert state["order"]
    assert {row["customer"] for row in state["order"]} <= customers
    owner = state["order"][0]["customer"]
    expected = {row["number"] for row in state["order"] if row["customer"] == owner}
    assert {row["number"] for row in shop.get(f"/customers/{owner}/orders?limit=100")["orders"]} == expected


def test_grandparents_are_part_of_the_address(shop: RowClient) -> None:
    """Two levels down, each id in the path has to belong to the one before it."""
    order = shop.send("POST", "/customers/7/orders", {"order": {}}).json["number"]
    line = shop.send("POST", f"/customers/7/orders/{order}/lines", {"id": 1, "product": "pen"})
    assert line.status == 201
    assert [row["product"] for row in shop.get(f"/customers/7/orders/{order}/lines")] == ["pen"]
    assert shop.send("GET", f"/customers/59/orders/{order}/lines").status == 404


def test_children_go_with_their_parent(shop: RowClient) -> None:
    """What is below a removed row is gone, also when a new parent takes its id."""
    shop.send("PUT", "/customers/4711", {"name": "Bo", "email": "b@example.org"})
    shop.send("POST", "/customers/4711/orders", {"order": {}})
    shop.send("DELETE", "/customers/4711")
    assert shop.send("GET", "/customers/4711/orders").status == 404
    shop.send("PUT", "/customers/4711", {"name": "Bo", "email": "b@example.org"})
    assert shop.get("/customers/4711/orders")["orders"] == []


def test_a_parent_has_one_row_of_a_singleton(shop: RowClient) -> None:
    """A singleton is there for each parent, also for a new one; its changes stay, and a removal stays."""
    shop.send("PUT", "/customers/4711", {"name": "Bo", "email": "b@example.org"})
    other = shop.get("/customers/7/settings")
    shop.send("PATCH", "/customers/4711/settings", {"language": "it"})
    assert shop.get("/customers/4711/settings")["language"] == "it"
    assert shop.get("/customers/7/settings") == other
    assert shop.send("DELETE", "/customers/4711/settings").status == 204
    assert shop.send("GET", "/customers/4711/settings").status == 404
    assert shop.send("GET", "/customers/999/settings").status == 404


def test_an_action_moves_the_status_where_it_may(shop: RowClient) -> None:
    """An action moves the status once; from a status that it cannot leave it is refused as documented."""
    number = shop.send("POST", "/customers/7/orders", {"order": {}}).json["number"]
    assert shop.send("POST", f"/customers/7/orders/{number}/cancel").json["state"] == "canceled"
    assert shop.get(f"/customers/7/orders/{number}")["state"] == "canceled"
    assert shop.send("POST", f"/customers/7/orders/{number}/cancel").status == 422
    assert shop.send("POST", "/customers/7/orders/ord_00000000/cancel").status == 404


def test_the_response_to_a_removal_says_that_it_was_done(shop: RowClient) -> None:
    """A documented body has the id of the removed row, and a flag that is true."""
    number = shop.send("POST", "/customers/7/orders", {"order": {}}).json["number"]
    assert shop.send("DELETE", f"/customers/7/orders/{number}").json == {"number": number, "deleted": True}


def test_a_list_below_a_removed_row_is_unknown_though_it_was_shown(shop: RowClient) -> None:
    """A list that was responded to before is not repeated once its parent is gone."""
    shop.send("PUT", "/customers/4711", {"name": "Bo", "email": "b@example.org"})
    assert shop.get("/customers/4711/orders")["orders"] == []
    shop.send("DELETE", "/customers/4711")
    assert shop.send("GET", "/customers/4711/orders").status == 404


def test_a_status_can_be_set_to_what_it_is_and_then_moved(shop: RowClient) -> None:
    """A request that sets the status which a row has does not keep it there."""
    number = shop.send("POST", "/customers/7/orders", {"order": {}}).json["number"]
    path = f"/customers/7/orders/{number}"
    assert shop.send("PATCH", path, {"state": "open"}).json["state"] == "open"
    assert shop.send("PATCH", path, {"state": "sent"}).json["state"] == "sent"
    assert shop.get(path)["state"] == "sent"
