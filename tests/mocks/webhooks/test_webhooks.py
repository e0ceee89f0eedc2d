"""Webhooks are sent where the request that creates a row asks for them, when its events are due by the mock's clock."""

import hashlib
import hmac
from collections.abc import Callable
from typing import Any

from tests.mocks.webhooks.conftest import OrderClient, Receiver

KEY = "a key of the test"
Wait = Callable[[Callable[[], bool]], None]


def callback(receiver: Receiver, **more: Any) -> Any:
    return {"title": "Tea", "callback": {"url": receiver.url, **more}}


def test_every_event_of_an_order_is_sent_in_its_order(client: OrderClient, receiver: Receiver) -> None:
    """The webhooks tell of the creation, of each status and of the half of a stay, and hold the order as it was."""
    order = client.create("/orders", callback(receiver))
    first = receiver.take()
    assert first.path == "/hooks"
    assert first.value["data"] == order
    client.advance(60)
    states = [receiver.take().value["data"]["state"] for _ in range(3)]
    end = client.send("GET", f"/orders/{order['id']}")[1]["state"]
    assert states == ["packed", "packed", end]
    names = [webhook["webhook"] for webhook in client.list_webhooks()]
    assert names[:3] == ["order.opened", "order.packed", "order.half_way"]


def test_nothing_is_sent_before_its_time(client: OrderClient, receiver: Receiver) -> None:
    """While the clock stands still, only the creation has happened."""
    client.create("/orders", callback(receiver))
    receiver.take()
    other = client.create("/orders", callback(receiver))
    assert receiver.take().value["data"]["id"] == other["id"]
    assert {webhook["webhook"] for webhook in client.list_webhooks()} == {"order.opened"}


def test_a_webhook_is_signed_over_its_bytes(client: OrderClient, receiver: Receiver) -> None:
    """The signature is HMAC-SHA256 of the raw body with the secret of the request, after the stated prefix."""
    client.create("/orders", callback(receiver, secret=KEY))
    webhook = receiver.take()
    digest = hmac.new(KEY.encode(), webhook.content, hashlib.sha256).hexdigest()
    assert webhook.headers["x-shop-signature"] == f"sha256={digest}"
    assert webhook.headers["content-type"] == "application/json"
    assert b": " not in webhook.content


def test_without_a_secret_there_is_no_signature(client: OrderClient, receiver: Receiver) -> None:
    """A receiver that gave no secret gets no signature."""
    client.create("/orders", callback(receiver))
    assert "x-shop-signature" not in receiver.take().headers


def test_only_the_wanted_events_are_sent(client: OrderClient, receiver: Receiver) -> None:
    """A request names the events that it wants, how long they are valid and what comes back in them."""
    client.create("/orders", callback(receiver, events=["order.opened"], seconds=7, note="for Ada"))
    client.create("/orders", callback(receiver, events=["order.packed"]))
    body = receiver.take().value
    assert body["data"]["state"] == "open"
    assert body["valid_until"] - body["at"] == 7
    assert body["note"] == "for Ada"
    client.advance(60)
    body = receiver.take().value
    assert body["data"]["state"] == "packed"
    assert body["valid_until"] - body["at"] > 300


def test_a_refused_webhook_is_sent_again(client: OrderClient, receiver: Receiver, await_true: Wait) -> None:
    """The next try comes when its time is up, and later events wait for it."""
    receiver.statuses = [503]
    client.create("/orders", callback(receiver, events=["order.opened", "order.packed"]))
    assert receiver.take().value["data"]["state"] == "open"
    await_true(lambda: [len(w["attempts"]) for w in client.list_webhooks()] == [1])
    client.advance(1)
    assert receiver.take().value["data"]["state"] == "open"
    client.advance(60)
    assert receiver.take().value["data"]["state"] == "packed"
    await_true(lambda: {webhook["state"] for webhook in client.list_webhooks()} == {"delivered"})
    first = client.list_webhooks()[0]
    assert [attempt["status"] for attempt in first["attempts"]] == [503, 200]
    assert first["attempts"][1]["response"] == "thanks"


def test_a_webhook_is_given_up_in_the_end(client: OrderClient, receiver: Receiver, await_true: Wait) -> None:
    """After the last try the webhook has failed."""
    receiver.statuses = [500, 500, 500]
    client.create("/orders", callback(receiver, events=["order.opened"]))
    for seconds in (1, 60, 0):
        receiver.take()
        count = 3 - len(receiver.statuses)
        await_true(lambda count=count: len(client.list_webhooks()[0]["attempts"]) == count)  # type: ignore[misc]
        client.advance(seconds)
    await_true(lambda: client.list_webhooks()[0]["state"] == "failed")


def test_an_expired_webhook_is_not_tried_again(client: OrderClient, receiver: Receiver, await_true: Wait) -> None:
    """What is no longer valid when its time comes is not sent."""
    receiver.statuses = [500]
    client.create("/orders", callback(receiver, events=["order.opened"], seconds=5))
    receiver.take()
    await_true(lambda: len(client.list_webhooks()[0]["attempts"]) == 1)
    client.advance(30)
    await_true(lambda: client.list_webhooks()[0]["state"] == "expired")


def test_a_request_brings_an_event_forward(client: OrderClient, receiver: Receiver) -> None:
    """A cancelled order tells of it at once, and of nothing that it would have come to."""
    order = client.create("/orders", callback(receiver, events=["order.packed", "order.ended"]))
    assert client.send("POST", f"/orders/{order['id']}/cancel")[0] == 200
    assert receiver.take().value["data"]["state"] == "cancelled"
    client.advance(600)
    assert [webhook["webhook"] for webhook in client.list_webhooks()] == ["order.ended"]


def test_other_hosts_get_nothing(client: OrderClient, await_true: Wait) -> None:
    """Webhooks leave this machine only for hosts that are allowed; the journal says what was not sent."""
    for url in ("http://example.com/hooks", "ftp://127.0.0.1/", "http://127.0.0.1:99999/", "nonsense"):
        client.create("/orders", {"title": "Tea", "callback": {"url": url, "events": ["order.opened"]}})
    await_true(lambda: len(client.list_webhooks("?state=forbidden")) == 4)
    assert "--allow-webhooks example.com" in client.list_webhooks()[0]["attempts"][0]["error"]


def test_a_receiver_that_is_not_there_holds_nobody_up(client: OrderClient, await_true: Wait) -> None:
    """The creation is answered, and the journal says that nobody took the webhook."""
    client.create("/orders", {"title": "Tea", "callback": {"url": "http://127.0.0.1:9/", "events": ["order.opened"]}})
    await_true(lambda: bool(client.list_webhooks() and client.list_webhooks()[0]["attempts"]))
    assert client.list_webhooks()[0]["attempts"][0]["status"] is None


def test_a_webhook_is_sent_once_more_on_demand(client: OrderClient, receiver: Receiver, await_true: Wait) -> None:
    """The control plane sends any webhook of the journal again, with a validity that begins anew."""
    client.create("/orders", callback(receiver, events=["order.opened"], secret=KEY))
    first = receiver.take()
    client.advance(600)
    status, replay = client.send("POST", "/__mock__/webhooks/1/replay")
    assert (status, replay["replay"]) == (202, True)
    again = receiver.take()
    assert again.value["at"] == first.value["at"]
    assert again.value["valid_until"] == first.value["valid_until"] + 600
    await_true(lambda: client.list_webhooks("?state=delivered")[-1]["replay"])
    assert client.send("POST", "/__mock__/webhooks/99/replay")[0] == 404


def test_a_callback_goes_to_where_its_expression_leads(client: OrderClient, receiver: Receiver) -> None:
    """A callback that nothing is stated of tells of each status of what its operation creates."""
    job = client.create("/jobs?tag=a%20b", {"callbackUrl": receiver.url})
    first = receiver.take()
    assert first.path == "/hooks?tag=a%20b"
    assert first.value == job
    client.advance(60)
    receiver.take()
    assert receiver.take().value["status"] in {"completed", "failed"}


def test_a_reset_ends_everything(client: OrderClient, receiver: Receiver) -> None:
    """After a reset nothing is sent of the orders of before."""
    client.create("/orders", callback(receiver))
    receiver.take()
    client.send("POST", "/__mock__/reset")
    client.advance(600)
    order = client.create("/orders", callback(receiver, events=["order.opened"]))
    assert receiver.take().value["data"]["id"] == order["id"]
    assert len(client.list_webhooks()) == 1


def test_an_operation_tells_of_webhooks_and_sends_them_again(
    client: OrderClient, receiver: Receiver, await_true: Wait
) -> None:
    """What was sent about an order stands in a response, and another one waits until all of it was sent once more."""
    order = client.create("/orders", callback(receiver, events=["order.opened"], secret=KEY))
    first = receiver.take()
    await_true(lambda: client.send("GET", f"/orders/{order['id']}/webhooks")[1]["lost"] == 0)
    status, report = client.send("GET", f"/orders/{order['id']}/webhooks")
    expected = {"order": order["id"], "event": "order.opened", "taken": True, "errors": [], "body": first.value}
    assert (status, report) == (200, {"sent": 1, "lost": 0, "webhooks": [expected]})
    receiver.statuses = [500]
    status, report = client.send("POST", f"/orders/{order['id']}/webhooks")
    assert (status, report["sent"], report["lost"]) == (200, 1, 1)
    assert report["webhooks"][0]["errors"] == ["status 500"]
    assert receiver.take().value["data"] == first.value["data"]
    assert client.send("GET", "/orders/nobody/webhooks")[0] == 404
