"""A short campaign on the bundled APIs and on others, and the campaign itself: it sees what it is to find."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from specduet.specs import bundled, load
from tests.fuzz.campaign import attack, run_campaign
from tests.mocks.raw_http import RawRequest

BUSY_S = 30.0
"""Longer than anything takes on a machine that does other things as well."""


@pytest.mark.parametrize("name", [*bundled(), "tests/mocks/office.yaml"])
@pytest.mark.parametrize("control", [False, True])
def test_no_random_request_fails_the_mock(name: str, *, control: bool) -> None:
    """Every response is one that the mock chose, and none takes for ever."""
    campaign = run_campaign([load(name)], 500, 1, control=control, slow_s=BUSY_S)
    assert campaign.faults == []
    assert sum(count for status, count in campaign.statuses.items() if status < 500) > 450


def test_the_same_seed_sends_the_same() -> None:
    """A fault can be looked at again."""
    first, second = (run_campaign([load("nx1")], 300, 7, control=False, slow_s=BUSY_S) for _ in range(2))
    assert first.statuses == second.statuses


def test_failures_are_seen() -> None:
    """A 500 and an exception are faults; one that was asked for is none."""

    async def app(scope: dict[str, Any], _receive: Any, send: Any) -> None:
        if scope["path"] == "/raises":
            raise ValueError(scope["path"])
        headers = [(b"preference-applied", b"code=500")] if scope["path"] == "/asked" else []
        await send({"type": "http.response.start", "status": 500, "headers": headers})

    def requests() -> Iterator[RawRequest]:
        yield from (RawRequest("GET", path) for path in ("/raises", "/fails", "/asked"))

    campaign = asyncio.run(attack(app, requests(), BUSY_S))
    assert [fault.partition(" for ")[0] for fault in campaign.faults] == ["ValueError: /raises", "500"]
