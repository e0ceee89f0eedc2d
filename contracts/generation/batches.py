"""Batches of generated requests, in rounds: every operation gets its first batch before any gets a second."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from specduet.contracts.generation import schemathesis_cases
from specduet.contracts.generation.schemathesis_cases import GeneratedRequest
from specduet.contracts.options import RunOptions
from specduet.specs import Api, Operation

Work = Sequence[tuple[Api, Sequence[Operation]]]
"""The APIs, each with the operations to generate requests for, in the order in which they are sent."""

BATCH_SIZE = 10
"""Requests of one operation in one round."""


@dataclass(frozen=True)
class Batch:
    """Generated requests of one operation."""

    api: str
    operation: str
    """The operationId."""
    requests: tuple[GeneratedRequest, ...]
    notes: tuple[str, ...] = ()
    """Sentences on requests that could not be generated."""


class GenerationTooSlow(BaseException):
    """Error: a batch takes too long. No ``Exception``, so that no generator takes it for a failure of its own."""


@dataclass
class _Stream:
    """The requests of one operation that are still to come."""

    api: str
    operation: Operation
    requests: Iterator[GeneratedRequest]
    notes: list[str]
    is_finished: bool = False

    def take_batch(self, limit_time: Callable[[], AbstractContextManager[None]]) -> Batch:
        """Return the next requests; the stream is finished where there are no more, or they take too long."""
        requests: list[GeneratedRequest] = []
        try:
            with limit_time():
                while len(requests) < BATCH_SIZE and not self.is_finished:
                    request = next(self.requests, None)
                    if request is None:
                        self.is_finished = True
                    else:
                        requests.append(request)
        except GenerationTooSlow:
            self.is_finished = True
            self.notes.append(f"{self.operation.label}: not all requests could be generated, which took too long")
        notes = tuple(self.notes)
        self.notes.clear()
        return Batch(self.api, self.operation.id, tuple(requests), notes)


def generate_batches(
    work: Work, options: RunOptions, limit_time: Callable[[], AbstractContextManager[None]] = nullcontext
) -> Iterator[Batch]:
    """Yield batches in rounds over all operations, the same for the same seed.

    ``limit_time`` returns a block that raises ``GenerationTooSlow``.
    """
    streams = []
    for api, operations in work:
        generator = schemathesis_cases.RequestGenerator(api, options)
        streams += [_Stream(api.name, o, generator.generate_rounds(o), generator.notes) for o in operations]
    while streams:
        for stream in streams:
            yield stream.take_batch(limit_time)
        streams = [stream for stream in streams if not stream.is_finished]
