"""Requests of one API in the steps of a run: open, probe, explore, close."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

from specduet.contracts import clauses
from specduet.contracts.clauses.robustness import SLOW_S
from specduet.contracts.discovery import ApiClient
from specduet.contracts.generation.batches import Batch
from specduet.contracts.generation.known_values import KnownValues
from specduet.contracts.generation.retargeting import GeneratedSender
from specduet.contracts.opening import Opening, rank_operation
from specduet.contracts.oracle.requests import classify_exchanges
from specduet.contracts.planning.plan import PlannedOperation
from specduet.contracts.planning.providers import find_providers
from specduet.contracts.probes.changes import probe_changes
from specduet.contracts.probes.clean_up import CleanUp
from specduet.contracts.probes.collections import probe_collections
from specduet.contracts.probes.credentials import probe_credentials
from specduet.contracts.probes.lifecycle import probe_lifecycle
from specduet.contracts.probes.links import probe_links
from specduet.contracts.probes.refusals import probe_refusals
from specduet.contracts.probes.robustness import probe_robustness
from specduet.contracts.recording import Exchange
from specduet.contracts.run_state import RunState, Step, make_plan
from specduet.contracts.sending.budget import BudgetSpent
from specduet.contracts.sending.sender import NotSent, Sender, TargetGone
from specduet.contracts.sending.sentinel import HoldLost
from specduet.specs import Api, Operation

PROBES: Mapping[str, Callable[[Sender, Operation, KnownValues], None]] = {
    "collections": probe_collections,
    "lifecycle": probe_lifecycle,
    "changes": probe_changes,
    "links": probe_links,
    "credentials": probe_credentials,
    "refusals": probe_refusals,
    "robustness": probe_robustness,
}
"""Each probe by the name that ``RunOptions.probes`` gives it; each sends its requests to one operation."""

_MAX_SLOW_REPEATS = 2
"""Slow requests of one operation that are sent once more at the end."""


class ApiRun:
    """Send the open, probe, explore and close requests of one API. Shares budget and recording with the other APIs."""

    def __init__(self, state: RunState, api: Api) -> None:
        self.api = api
        self._state = state
        self._options = state.options
        self.known_values = KnownValues(api, state.target.params)
        self.plan = make_plan(api, state.target, is_mock=state.options.is_mock)
        self.sender = Sender(
            state.target,
            api,
            state.recording,
            budget=state.budget,
            shares=state.shares,
            on_exchange=self._observe_exchange,
            chosen=state.options.only_operations,
            plan=self.plan,
            is_protected=None if state.target.allow_writes == "all" else self.known_values.is_protected,
        )
        chosen = [operation for operation in api.operations if self.sender.is_chosen(operation)]
        self._providers = find_providers(api, chosen)
        self.clean_up = CleanUp(self.sender, self.known_values)
        self._opening = Opening(self.sender, self.known_values)
        self._generated_senders: dict[str, GeneratedSender] = {}

    def _observe_exchange(self, exchange: Exchange) -> None:
        """Learn from an exchange, and keep a request of the budget for each row that it has created."""
        before = self.clean_up.wanted_count if exchange.request.method != "GET" else 0
        with self._note_failure(f"what request {exchange.number} shows"):
            self.known_values.observe_exchange(exchange)
        if exchange.request.method != "GET" and self._state.cleans_up:
            self._state.budget.clean_up_count += self.clean_up.wanted_count - before

    @property
    def client(self) -> ApiClient:
        return ApiClient(self.api, self.sender, self.known_values)

    def sendable_operations(self, step: Step) -> Iterator[Operation]:
        """Yield the operations that may be sent, producers of ids first, and report each as progress.

        Raises ``BudgetSpent``.
        """
        for operation in sorted(self.api.operations, key=rank_operation):
            is_provider = step == "open" and operation.id in self._providers
            if not (self.sender.is_chosen(operation) or is_provider):
                continue
            if self.plan.is_left_out(operation):
                continue
            if not self.sender.can_send(operation):
                self._state.notes.append(f"{operation.label} was not sent: it may change data (--allow-writes).")
                continue
            if self._state.budget.is_spent:
                raise BudgetSpent
            self._state.report_progress(step, self.api.name, operation.label)
            yield operation

    def open(self) -> None:
        """Send a valid request to each operation; to a scoped collection one per known scope."""
        with self._note_failure("the first requests"):
            self._opening.send_all(lambda: self.sendable_operations("open"))

    def probe(self) -> None:
        """Run each probe of the options on every operation, one probe after the other."""
        for name in self._options.probes:
            for operation in self.sendable_operations("probe"):
                note = self._note_failure(f"the probe {name} of {operation.label}")
                with suppress(NotSent), note, self._state.take_turn():
                    PROBES[name](self.sender, operation, self.known_values)
                self._classify_requests(operation)

    def _classify_requests(self, operation: Operation) -> None:
        """Judge the requests and bodies of an operation before the next, so that the time of the run covers it."""
        with self._note_failure(f"the verdict on {operation.label}"), self._state.measure_judging():
            classify_exchanges(self.api, operation, self._state.recording)
            clauses.check_bodies_of(self.api, operation, self._state.recording, self._options)

    @contextmanager
    def _note_failure(self, step: str) -> Iterator[None]:
        """Turn a failure of our own into a note: a document that a probe cannot read must not end the run."""
        try:
            yield
        except (NotSent, BudgetSpent, TargetGone, HoldLost):
            raise
        except Exception as error:  # noqa: BLE001 - see above
            self._state.notes.append(f"{self.api.name}: {step} broke off ({type(error).__name__}: {error})")

    def list_left_out(self) -> list[PlannedOperation]:
        """Return the operations that were to be tested and could do harm."""
        return [planned for planned in self.plan.list_left_out() if self.sender.is_chosen(planned.operation)]

    def list_generated_operations(self) -> list[Operation]:
        """Return the operations to generate requests for, in the order in which they are sent."""
        chosen = filter(self.sender.is_chosen, sorted(self.api.operations, key=rank_operation))
        return [o for o in chosen if self.sender.can_send(o)]

    def send_batch(self, batch: Batch) -> None:
        """Send a batch of generated requests. Raises ``BudgetSpent``."""
        operation = self.api.operation(batch.operation)
        self._state.notes.extend(f"{self.api.name}: {note}" for note in batch.notes)
        if self._state.budget.is_spent:
            raise BudgetSpent
        self._state.report_progress("explore", self.api.name, operation.label)
        if operation.id not in self._generated_senders:
            seed = self._options.seed
            self._generated_senders[operation.id] = GeneratedSender(self.sender, operation, self.known_values, seed)
        with suppress(NotSent), self._note_failure(f"what was generated for {operation.label}"):
            self._generated_senders[operation.id].send_requests(batch.requests)
        self._classify_requests(operation)

    @property
    def closing_count(self) -> int:
        """The number of requests that are sent again at the end."""
        return sum(operation.method == "GET" for operation, _ in self._opening.first_requests)

    def close(self) -> None:
        """Send the first GET requests again, then the slow ones."""
        for operation, request in self._opening.first_requests:
            if operation.method == "GET":
                self._state.report_progress("close", self.api.name, operation.label)
                with suppress(NotSent):
                    self.sender.send(operation, **request.send_arguments)
        for operation in self.sendable_operations("close"):
            if operation.method == "GET":
                with suppress(NotSent):
                    self._repeat_slow(operation)

    def _repeat_slow(self, operation: Operation) -> None:
        """Send slow requests once more, so that a clause can tell a slow operation from a coincidence."""
        exchanges = self._state.recording.find_exchanges(self.api.name, operation.id)
        slow = {e.request: e for e in exchanges if e.response is not None and e.response.elapsed_s > SLOW_S}
        for exchange in list(slow.values())[:_MAX_SLOW_REPEATS]:
            self.sender.repeat_request(operation, exchange)

    def explain_missing_ids(self) -> Iterator[str]:
        """Yield one sentence, with the option to give, for each operation that needs an unknown id."""
        for operation in self.api.operations:
            names = self.known_values.unknown_path_parameters(operation)
            if names and self.sender.can_send(operation):
                options = " and ".join(f"--param {name}=…" for name in names)
                yield f"{operation.label} needs an id that is not known: give {options}."
