"""Services of our own choosing, and their mocks: a client that talks to both cannot tell one from the other."""

import asyncio
from collections.abc import Mapping
from random import Random
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from specduet.mocks.app import Mock
from tests.twins.conversation import Conversation
from tests.twins.service import Service

WALK = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=15,
    stateful_step_count=40,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)


def test_a_walk_cannot_tell_them_apart(
    service: Service, document: Mapping[str, Any], mock: Mock, loop: asyncio.AbstractEventLoop
) -> None:
    """Whatever is sent to both, service and mock respond with the same status and the same content."""

    class Walk(RuleBasedStateMachine):
        """A walk over the operations of the document; each step draws one request."""

        conversation: Conversation
        step = 0

        @initialize()
        def begin(self) -> None:
            self.conversation = Conversation(service, document, mock, loop)

        @rule(place=st.integers(0, 1000), seed=st.integers(0, 2**20))
        def send(self, place: int, seed: int) -> None:
            operations = self.conversation.requests.list_weighted()
            self.step += 1  # the same seed twice is not the same row twice
            self.conversation.say(operations[place % len(operations)], Random(f"{seed}/{self.step}"))

    run_state_machine_as_test(Walk, settings=WALK)
