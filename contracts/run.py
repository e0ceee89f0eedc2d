"""One run of the contract suite against a target, from discovery to the findings.

reach     find out which APIs the target serves                        (contracts/discovery.py)
open      send one valid request per operation, so that ids are known
probe     send requests aimed by the vocabulary, while nothing else is (contracts/probes/)
explore   send generated requests                                      (contracts/generation/schemathesis_cases.py)
close     send the first requests again: is the service still up?
judge     run every clause over everything that was recorded           (contracts/clauses/)

Every step but ``judge`` sends all its requests through ``contracts/sending/sender.py``, which records them.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Literal

from specduet.contracts import clauses
from specduet.contracts.clauses.robustness import SLOW_S
from specduet.contracts.coverage import Coverage
from specduet.contracts.discovery import ApiClient, DiscoveryAttempt, discover_apis
from specduet.contracts.findings import Finding, Severity, deduplicate, one_line
from specduet.contracts.generation.known_values import KnownValues, PlannedRequest
from specduet.contracts.options import RunOptions
from specduet.contracts.oracle.requests import classify_exchanges
from specduet.contracts.probes.changes import probe_changes
from specduet.contracts.probes.collections import probe_collections
from specduet.contracts.probes.credentials import probe_credentials
from specduet.contracts.probes.lifecycle import probe_lifecycle
from specduet.contracts.probes.refusals import probe_refusals
from specduet.contracts.probes.robustness import probe_robustness
from specduet.contracts.recording import Recording
from specduet.contracts.run_notes import describe_unanswered, describe_unserved, explain_inconclusive, is_all_missing
from specduet.contracts.sending.budget import BudgetSpent, RequestBudget
from specduet.contracts.sending.curl import format_curl_line
from specduet.contracts.sending.fair_shares import MANY_OPERATIONS, FairShares
from specduet.contracts.sending.redaction import Secrets
from specduet.contracts.sending.sender import NotSent, Sender, TargetGone
from specduet.contracts.sending.target import Target
from specduet.specs import Api, Operation

if TYPE_CHECKING:
    from specduet.contracts.generation.schemathesis_cases import RequestGenerator

Step = Literal["reach", "open", "probe", "explore", "close", "judge"]

PROBES: Mapping[str, Callable[[Sender, Operation, KnownValues], None]] = {
    "collections": probe_collections,
    "lifecycle": probe_lifecycle,
    "changes": probe_changes,
    "credentials": probe_credentials,
    "refusals": probe_refusals,
    "robustness": probe_robustness,
}
"""Each probe by the name that ``RunOptions.probes`` gives it; each sends its requests to one operation."""

_EXPLORE_TURNS = 3
"""Turns of an operation that generated requests stand for, where the operations share the budget."""

_MAX_SLOW_REPEATS = 2
"""Slow requests of one operation that are sent once more at the end."""


@dataclass(frozen=True)
class Progress:
    """Progress of a run, reported before each step and before each operation of a step."""

    step: Step
    api: str
    """Name of the API; empty where the step is about all APIs."""
    operation: str
    """Label (``GET /runs``), or empty."""
    sent: int
    """Requests sent so far, to all APIs."""


ProgressListener = Callable[[Progress], None]


@dataclass(frozen=True)
class RunResult:
    """Result of one run: everything that was sent, and the findings on it."""

    target: Target
    options: RunOptions
    apis: tuple[Api, ...]
    """The APIs that the target serves; only these were tested."""
    attempts: tuple[DiscoveryAttempt, ...]
    recording: Recording
    findings: tuple[Finding, ...]
    coverage: Coverage
    secrets: Secrets
    notes: tuple[str, ...] = ()
    """Sentences for the operator, such as which operations were not sent, and why."""
    inconclusive_reason: str = ""
    """The reason why the run proves nothing, in sentences; empty where it proves something."""
    elapsed_s: float = 0.0
    step_seconds: Mapping[str, float] = field(default_factory=dict)
    """Seconds that each step took, by its name."""

    def exit_code(self, fail_on: Severity = "error") -> int:
        """Return the exit code of ``specduet test``.

        1 if a finding at or above ``fail_on`` is not accepted, else 2 if the run proves nothing, else 0.
        """
        failing_severities = {"error"} if fail_on == "error" else {"error", "warning"}
        if any(f.severity in failing_severities and not f.accepted for f in self.findings):
            return 1
        return 2 if self.inconclusive_reason else 0


def run_contract(
    apis: Sequence[Api],
    target: Target,
    options: RunOptions | None = None,
    *,
    explicit: bool = True,
    progress: ProgressListener | None = None,
) -> RunResult:
    """Test a target against the documents of ``apis``.

    ``explicit``: the operator named the APIs, so all of them are tested; otherwise those that the target does not serve
    are left out. Raises ``TargetUnreachable`` without a usable response, ``UsageError`` if none of the APIs is served.
    """
    contract_run = _ContractRun(target, options or RunOptions(), progress)
    return contract_run.execute(apis, explicit=explicit)


class _ContractRun:
    """One run over several APIs, which share its budget and its recording."""

    def __init__(self, target: Target, options: RunOptions, progress: ProgressListener | None) -> None:
        self.target = target
        self.options = options
        self.recording = Recording()
        self.secrets = target.collect_secrets()
        self.notes: list[str] = []
        self.step_seconds: dict[str, float] = defaultdict(float)
        self.budget = RequestBudget.for_target(
            target,
            max_requests=options.max_requests,
            max_time_s=options.time_limit_s,
            per_second=options.requests_per_second,
        )
        self.shares: FairShares | None = None
        """None where the APIs are small enough that no operation has to share."""
        self._progress = progress

    def share_budget(self, apis: Sequence[Api]) -> None:
        """Share the budget among the operations if there are many."""
        operation_count = sum(len(api.operations) for api in apis)
        if operation_count >= MANY_OPERATIONS:
            turns = len(self.options.probes) + (_EXPLORE_TURNS if self.options.generate else 0)
            self.shares = FairShares(self.budget, operation_count * turns)

    @contextmanager
    def take_turn(self, weight: int = 1) -> Iterator[None]:
        """Limit the requests of one operation to its share of the budget, where the budget is shared."""
        if self.shares is not None:
            self.shares.begin_turn(weight)
        try:
            yield
        finally:
            if self.shares is not None:
                self.shares.end_turn()

    def execute(self, apis: Sequence[Api], *, explicit: bool) -> RunResult:
        """Carry out every step of the run. Parameters and errors are those of ``run_contract``."""
        started_at = time.monotonic()
        self.share_budget(apis)
        api_runs = [_ApiRun(self, api) for api in apis]
        try:
            with self._measure_step("reach"):
                self.report_progress("reach")
                attempts = discover_apis([api_run.client for api_run in api_runs], explicit=explicit)
            served_names = {attempt.api for attempt in attempts if attempt.is_served}
            api_runs = [api_run for api_run in api_runs if api_run.api.name in served_names]
            self._send_requests(api_runs)
        finally:
            self.budget.transport.close()
        self.notes += describe_unanswered(self.recording)
        if self.options.is_mock:
            self.notes += describe_unserved([api_run.api for api_run in api_runs], self.recording)
        apis = tuple(api_run.api for api_run in api_runs)
        with self._measure_step("judge"):
            self.report_progress("judge")
            findings = () if is_all_missing(self.recording) else tuple(self._judge_recording(apis))
            coverage = Coverage.from_recording(apis, self.recording)
        return RunResult(
            target=self.target,
            options=self.options,
            apis=apis,
            attempts=tuple(attempts),
            recording=self.recording,
            findings=findings,
            coverage=coverage,
            secrets=self.secrets,
            notes=tuple(dict.fromkeys(self.notes)),
            inconclusive_reason=explain_inconclusive(
                [api_run.sender for api_run in api_runs],
                self.recording,
                (sentence for api_run in api_runs for sentence in api_run.explain_missing_ids()),
            ),
            elapsed_s=time.monotonic() - started_at,
            step_seconds=dict(self.step_seconds),
        )

    def _send_requests(self, api_runs: "Sequence[_ApiRun]") -> None:
        """Send the requests of every step, each step to all APIs before the next begins, as far as the budget goes."""
        try:
            with self._measure_step("open"):
                for api_run in api_runs:
                    api_run.open()
            with self._measure_step("probe"):
                for api_run in api_runs:
                    api_run.probe()
            with self._measure_step("explore"):
                self._explore_in_rounds(api_runs)
            with self._measure_step("close"):
                for api_run in api_runs:
                    api_run.close()
        except BudgetSpent:
            self.notes.append(
                f"The budget was spent after {self.budget.sent_count} requests: not everything was tried."
            )
        except TargetGone as error:
            self.notes.append(f"The target went away after {self.budget.sent_count} requests ({error}).")

    def _explore_in_rounds(self, api_runs: "Sequence[_ApiRun]") -> None:
        """Send a round of generated requests; the profile ``deep`` goes on while another round fits into the budget."""
        longest_share, share_before = 0.0, self.budget.used_share
        for round_number in count():
            for api_run in api_runs:
                api_run.explore(round_number)
            share_after = self.budget.used_share
            longest_share, share_before = max(longest_share, share_after - share_before), share_after
            # a fifth of a round is kept for the step after this one, which tells whether the service is still up
            fits = share_after + 1.2 * longest_share <= 1
            if self.options.profile == "smoke" or not self.options.generate or not fits:
                return

    def _judge_recording(self, apis: Sequence[Api]) -> Iterator[Finding]:
        """Yield the findings of every clause, one per cause, with secrets masked and a ``curl`` line."""
        apis_by_name = {api.name: api for api in apis}
        findings = (f for api in apis for f in clauses.run_clauses(api, self.recording, self.options, self.notes))
        mask = self.secrets.mask
        for finding in deduplicate(findings):
            api = apis_by_name[finding.api]
            yield replace(
                finding,
                where=mask(finding.where),
                value=one_line(mask(finding.value)),  # masked first: half a secret would not be recognised
                message=mask(finding.message),
                cause=mask(finding.cause),
                curl=format_curl_line(finding.exchange, api, self.secrets) if finding.exchange else "",
            )

    @contextmanager
    def _measure_step(self, step: Step) -> Iterator[None]:
        started_at = time.monotonic()
        try:
            yield
        finally:
            self.step_seconds[step] += time.monotonic() - started_at

    def report_progress(self, step: Step, api: str = "", operation: str = "") -> None:
        """Tell the listener of the run where it is."""
        if self._progress is not None:
            self._progress(Progress(step, api, operation, self.budget.sent_count))


class _ApiRun:
    """Send the open, probe, explore and close requests of one API. Shares budget and recording with the other APIs."""

    def __init__(self, contract_run: _ContractRun, api: Api) -> None:
        self.api = api
        self._contract_run = contract_run
        self._options = contract_run.options
        self.known_values = KnownValues(api, contract_run.target.params)
        self.sender = Sender(
            contract_run.target,
            api,
            contract_run.recording,
            budget=contract_run.budget,
            shares=contract_run.shares,
            on_exchange=self.known_values.observe_exchange,
            chosen=contract_run.options.only_operations,
        )
        self._first_requests: list[tuple[Operation, PlannedRequest]] = []
        self._request_generator: RequestGenerator | None = None

    @property
    def client(self) -> ApiClient:
        return ApiClient(self.api, self.sender, self.known_values)

    def sendable_operations(self, step: Step) -> Iterator[Operation]:
        """Yield the operations that may be sent, lists first, and report each as progress.

        Operations that take ids come after the lists that show them. Raises ``BudgetSpent``.
        """
        for operation in sorted(self.api.operations, key=_list_operations_first):
            if not self.sender.is_chosen(operation):
                continue
            if not self.sender.can_send(operation):
                self._contract_run.notes.append(f"{operation.label} was not sent: it may change data (--allow-writes).")
                continue
            if self._contract_run.budget.is_spent:
                raise BudgetSpent
            self._contract_run.report_progress(step, self.api.name, operation.label)
            yield operation

    def open(self) -> None:
        """Send one valid request to each operation; to a scoped collection one per known scope."""
        for operation in self.sendable_operations("open"):
            request = self.known_values.build_valid_request(operation)
            if request is None:
                continue
            paths = self.known_values.path_choices(operation) if operation.behavior.scope else [request.path]
            self._first_requests.append((operation, request))
            with suppress(NotSent):
                for path in paths:
                    self.sender.send(operation, **replace(request, path=path).send_arguments)

    def probe(self) -> None:
        """Run each probe of the options on every operation, one probe after the other."""
        for name in self._options.probes:
            for operation in self.sendable_operations("probe"):
                note = self._note_failure(f"the probe {name} of {operation.label}")
                with suppress(NotSent), note, self._contract_run.take_turn():
                    PROBES[name](self.sender, operation, self.known_values)
                self._classify_requests(operation)

    def _classify_requests(self, operation: Operation) -> None:
        """Judge the requests of an operation before the next, so that the time of the run covers it."""
        with self._note_failure(f"the verdict on requests of {operation.label}"):
            classify_exchanges(self.api, operation, self._contract_run.recording)

    @contextmanager
    def _note_failure(self, step: str) -> Iterator[None]:
        """Turn a failure of our own into a note: a document that a probe cannot read must not end the run."""
        try:
            yield
        except (NotSent, BudgetSpent, TargetGone):
            raise
        except Exception as error:  # noqa: BLE001 - see above
            self._contract_run.notes.append(f"{self.api.name}: {step} broke off ({type(error).__name__}: {error})")

    def explore(self, round_number: int) -> None:
        """Send one round of generated requests to every operation."""
        if not self._options.generate:
            return
        from specduet.contracts.generation import schemathesis_cases  # imports Schemathesis, which takes a second

        clauses.all_clauses()  # Hypothesis draws constants from what is loaded: load all, so that runs are the same
        if self._request_generator is None:
            self._request_generator = schemathesis_cases.RequestGenerator(self.api, self._options)
        try:
            for operation in self.sendable_operations("explore"):
                with suppress(NotSent), self._contract_run.take_turn(_EXPLORE_TURNS):
                    self._request_generator.send_generated(self.sender, operation, self.known_values, round_number)
                self._classify_requests(operation)
        finally:
            self._contract_run.notes.extend(f"{self.api.name}: {note}" for note in self._request_generator.notes)

    def close(self) -> None:
        """Send the first GET requests again, then the slow ones."""
        for operation, request in self._first_requests:
            if operation.method == "GET":
                self._contract_run.report_progress("close", self.api.name, operation.label)
                with suppress(NotSent):
                    self.sender.send(operation, **request.send_arguments)
        for operation in self.sendable_operations("close"):
            if operation.method == "GET":
                with suppress(NotSent):
                    self._repeat_slow(operation)

    def _repeat_slow(self, operation: Operation) -> None:
        """Send slow requests once more, so that a clause can tell a slow operation from a coincidence."""
        exchanges = self._contract_run.recording.find_exchanges(self.api.name, operation.id)
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


def _list_operations_first(operation: Operation) -> tuple[bool, bool, bool]:
    """Return a sort key: lists first, then paths without parameters, then GET."""
    return operation.behavior.lists is None, "{" in operation.path, operation.method != "GET"
