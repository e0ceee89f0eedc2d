"""A campaign: so many random requests to one mock, and what came of them."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from time import process_time
from typing import Any

from specduet.mocks import Settings, create_app
from specduet.specs import Api
from tests.fuzz.mutations import mutate_request
from tests.fuzz.seeds import list_control_seeds, list_seeds
from tests.mocks.raw_http import RawRequest, RawResponse, send_raw_async

_FRESH_EVERY = 20_000
"""Requests after which the mock is put back to how it began, so that created rows do not slow it down."""


@dataclass
class Campaign:
    """What a campaign has seen so far."""

    slow_s: float
    """A response that takes longer is a fault."""
    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    slowest_s: float = 0.0

    def add_response(self, request: RawRequest, response: RawResponse, seconds: float) -> None:
        self.statuses[response.status] += 1
        self.slowest_s = max(self.slowest_s, seconds)
        asked_for = {"preference-applied", "x-mock-fault"} & response.headers.keys()
        if response.status >= 500 and not asked_for:
            self.faults.append(f"{response.status} for {request}")
        if seconds > self.slow_s and not asked_for:
            self.faults.append(f"{seconds:.1f} s for {request}")


def run_campaign(apis: Sequence[Api], inputs: int, seed: int, *, control: bool, slow_s: float = 1.0) -> Campaign:
    """Send ``inputs`` random requests to the mock of some APIs, or to its control API alone if ``control``.

    Not to both: faults that are injected at random would delay and fail everything.
    """
    app = create_app(apis, Settings(auth=False))
    seeds = list_control_seeds() if control else list_seeds(app, apis)
    return asyncio.run(attack(app, _make_requests(seeds, inputs, seed), slow_s))


def _make_requests(seeds: Sequence[RawRequest], inputs: int, seed: int) -> Iterator[RawRequest]:
    rng = random.Random(seed)
    for number in range(inputs):
        if number % _FRESH_EVERY == _FRESH_EVERY - 1:
            yield RawRequest("POST", "/__mock__/reset")
        yield mutate_request(rng.choice(seeds), rng)


async def attack(app: Any, requests: Iterator[RawRequest], slow_s: float) -> Campaign:
    """Send requests to an application one after the other. An exception is a fault, and the next one is sent."""
    campaign = Campaign(slow_s)
    for request in requests:
        started_at = process_time()  # of this process alone: the machine may be busy
        try:
            response = await send_raw_async(app, request)
        except (Exception, ConnectionError) as error:  # noqa: BLE001 - whatever it is
            campaign.faults.append(f"{type(error).__name__}: {error} for {request}")
            continue
        campaign.add_response(request, response, process_time() - started_at)
    return campaign
