"""Generation of requests in the process of the test, which can patch and remember it."""

from collections.abc import Iterator
from contextlib import nullcontext

from specduet.contracts.generation.batches import Batch, Work, generate_batches
from specduet.contracts.options import RunOptions


class InlineGeneration(nullcontext["InlineGeneration"]):
    """Stands in for ``GenerationProcess``: the next batch is generated when it is asked for."""

    def __init__(self, work: Work, options: RunOptions) -> None:
        super().__init__(self)
        self._batches = generate_batches(work, options)

    def iterate_batches(self, _patience_s: float) -> Iterator[Batch | None]:
        return self._batches
