"""One run of the contract suite against a target, from discovery to the findings.

reach     find out which APIs the target serves                        (contracts/discovery.py)
open      send one valid request per operation, so that ids are known
probe     send requests aimed by the vocabulary, while nothing else is (contracts/probes/)
explore   send generated requests                                      (contracts/generation/generation_process.py)
close     send the first requests again: is the service still up?
clean up  delete what was created                                      (contracts/probes/clean_up.py)
judge     run every clause over everything that was recorded           (contracts/clauses/)

Every step but ``judge`` sends all its requests through ``contracts/sending/sender.py``, which records them.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace

from specduet.contracts import clauses
from specduet.contracts.api_run import ApiRun
from specduet.contracts.coverage import Coverage
from specduet.contracts.discovery import DiscoveryAttempt, discover_apis
from specduet.contracts.findings import Finding, Severity, deduplicate, one_line
from specduet.contracts.generation.generation_process import GenerationBroken, GenerationProcess
from specduet.contracts.interruption import Interrupted, Stopper
from specduet.contracts.options import RunOptions
from specduet.contracts.planning.plan import describe_left_out
from specduet.contracts.recording import Recording
from specduet.contracts.run_notes import (
    describe_long_bodies,
    describe_unanswered,
    describe_unserved,
    explain_inconclusive,
    is_all_down,
    is_all_missing,
)
from specduet.contracts.run_state import ProgressListener, RunState, Step
from specduet.contracts.sending.budget import LAST_RESPONSE_S, BudgetSpent
from specduet.contracts.sending.curl import format_curl_line
from specduet.contracts.sending.redaction import Secrets
from specduet.contracts.sending.sender import TargetGone
from specduet.contracts.sending.sentinel import HoldLost
from specduet.contracts.sending.target import Target
from specduet.specs import Api, Operation
from specduet.specs.errors import RunInterrupted, TargetUnreachable

_PATIENCE_S = 0.5
"""Seconds after which a run that waits for generated requests tells that it is alive."""

_NOT_EVERYTHING = "Not everything was tried in"
_NOTHING_TESTED = "interrupted before anything was tested"


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
    plan_notes: tuple[str, ...] = ()
    """Those of them that the plan has, too, which a terminal shows before the run."""
    is_interrupted: bool = False
    """The operator has ended the run before its end."""
    inconclusive_reason: str = ""
    """The reason why the run proves nothing, in sentences; empty where it proves something."""
    elapsed_s: float = 0.0
    step_seconds: Mapping[str, float] = field(default_factory=dict)
    """Seconds that each step took, by its name."""

    def exit_code(self, fail_on: Severity = "error") -> int:
        """Return the exit code of ``specduet test``.

        130 if the run was interrupted, 1 if a finding at or above ``fail_on`` is not accepted, else 2 if the run proves
        nothing, else 0.
        """
        failing_severities = {"error"} if fail_on == "error" else {"error", "warning"}
        if self.is_interrupted:
            return 130
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
    stopper: Stopper | None = None,
) -> RunResult:
    """Test a target against the documents of ``apis``.

    ``explicit``: the operator named the APIs, so all of them are tested; otherwise those that the target does not serve
    are left out. Raises ``TargetUnreachable`` without a usable response, ``UsageError`` if none of the APIs is served.
    Whoever interrupts ``stopper`` ends the run; ``RunInterrupted`` is raised where it has nothing to tell yet.
    """
    contract_run = _ContractRun(RunState(target, options or RunOptions(), progress, stopper))
    return contract_run.execute(apis, explicit=explicit)


class _ContractRun:
    """One run over several APIs, which share its budget and its recording."""

    def __init__(self, state: RunState) -> None:
        self.state = state
        self.step_seconds: dict[str, float] = defaultdict(float)

    def execute(self, apis: Sequence[Api], *, explicit: bool) -> RunResult:
        """Carry out every step of the run. Parameters and errors are those of ``run_contract``."""
        started_at = time.monotonic()
        if self.state.stopper.count:
            raise RunInterrupted(_NOTHING_TESTED)
        self.state.share_budget(apis)
        attempts, api_runs = self._send_everything([ApiRun(self.state, api) for api in apis], explicit=explicit)
        plan_notes = [note for api_run in api_runs for note in describe_left_out(api_run.list_left_out())]
        self._note_what_was_sent(api_runs)
        findings, coverage, unproven = self._judge(api_runs)
        return RunResult(
            target=self.state.target,
            options=self.state.options,
            apis=tuple(api_run.api for api_run in api_runs),
            attempts=tuple(attempts),
            recording=self.state.recording,
            findings=findings,
            coverage=coverage,
            secrets=self.state.secrets,
            notes=tuple(dict.fromkeys((*plan_notes, *self.state.notes))),
            plan_notes=tuple(plan_notes),
            is_interrupted=self.state.stopper.count > 0,
            inconclusive_reason=self.state.loss or unproven,
            elapsed_s=time.monotonic() - started_at,
            step_seconds=dict(self.step_seconds),
        )

    def _send_everything(
        self, api_runs: Sequence[ApiRun], *, explicit: bool
    ) -> tuple[list[DiscoveryAttempt], list[ApiRun]]:
        """Carry out every step that sends; return how each API was looked for, and the runs of those that are there."""
        try:
            attempts = self._reach(api_runs, explicit=explicit)
            self.state.notes += [attempt.note for attempt in attempts if attempt.is_served and attempt.note]
            served_names = {attempt.api for attempt in attempts if attempt.is_served}
            served = [api_run for api_run in api_runs if api_run.api.name in served_names]
            with suppress(Interrupted), self.state.stopper.interruptible(), self._end_in_time():
                if self._send_requests(served) and self.state.cleans_up:
                    self._clean_up(served)
            if self.state.stopper.has_rung:
                self._note_spent_budget()
        except Interrupted:
            raise RunInterrupted(_NOTHING_TESTED) from None
        finally:
            self.state.budget.transport.close()
        return attempts, served

    def _note_what_was_sent(self, api_runs: Sequence[ApiRun]) -> None:
        """Note what the operator has to know of the requests: rows that are left, and responses that are missing."""
        notes, options, recording = self.state.notes, self.state.options, self.state.recording
        apis = [api_run.api for api_run in api_runs]
        if not options.is_mock:
            for api_run in api_runs:
                notes += api_run.clean_up.describe_rest(is_kept=options.keep_rows)
        keeper = self.state.target.keeper
        notes += [keeper.failure] if keeper is not None and keeper.failure else []
        notes += describe_unanswered(apis, recording)
        notes += describe_long_bodies(recording)
        notes += describe_unserved(apis, recording) if options.is_mock else ()

    def _judge(self, api_runs: Sequence[ApiRun]) -> tuple[tuple[Finding, ...], Coverage, str]:
        """Return the findings, the coverage, and the reason why the run proves nothing, empty where it does."""
        apis = tuple(api_run.api for api_run in api_runs)
        with self._measure_step("judge"), self.state.stopper.alarm(self.state.judging_left_s):
            self.state.report_progress("judge")
            self.state.notes += self._describe_interruption()
            unproven = explain_inconclusive(
                [api_run.sender for api_run in api_runs],
                self.state.recording,
                (sentence for api_run in api_runs for sentence in api_run.explain_missing_ids()),
            )
            is_nothing_there = is_all_missing(self.state.recording) or is_all_down(self.state.recording)
            findings = () if is_nothing_there else tuple(self._judge_recording(apis))
            if unproven:  # a refusal tells nothing of a service that refuses everything; a crash does
                findings = tuple(finding for finding in findings if finding.family == "robustness")
            return findings, Coverage.from_recording(apis, self.state.recording), unproven

    def _reach(self, api_runs: Sequence[ApiRun], *, explicit: bool) -> list[DiscoveryAttempt]:
        """Find out which APIs are served. Raises ``TargetUnreachable``, also where the budget ends before that."""
        url = self.state.target.url
        try:
            with self._measure_step("reach"), self.state.stopper.interruptible(), self._end_in_time():
                self.state.report_progress("reach")
                return discover_apis([api_run.client for api_run in api_runs], explicit=explicit)
        except Interrupted:
            if self.state.stopper.count:
                raise
        except BudgetSpent:
            pass
        except (HoldLost, TargetGone) as error:
            raise TargetUnreachable(f"{url} cannot be used: {error}") from error
        raise TargetUnreachable(
            f"{url} has not answered within the time and the requests of the run",
            remedy="Give more with --max-time or --max-requests, if it is slow.",
        )

    def _end_in_time(self) -> AbstractContextManager[None]:
        """Return what ends a block with the time of the run, whatever it waits for."""
        return self.state.stopper.alarm(self.state.left_s + LAST_RESPONSE_S, self.state.budget.break_off)

    def _send_requests(self, api_runs: Sequence[ApiRun]) -> bool:
        """Send the requests of every step, each step to all APIs before the next begins, as far as the budget goes.

        Returns whether the service is still there.
        """
        try:
            with self._start_generation(api_runs) as generation:
                with self._measure_step("open"):
                    for api_run in api_runs:
                        api_run.open()
                if is_all_missing(self.state.recording):
                    return False  # nothing of the API is there: more requests would prove no more
                with self._measure_step("probe"):
                    for api_run in api_runs:
                        api_run.probe()
                with self._measure_step("explore"):
                    self._explore(api_runs, generation)
            with self._measure_step("close"):
                for api_run in api_runs:
                    api_run.close()
                    api_run.sender.watch.look_again()
        except BudgetSpent:
            self._note_spent_budget()
        except HoldLost as error:
            self._note_loss(error)
            return False
        except TargetGone as error:
            self.state.notes.append(f"The target went away after {self.state.budget.sent_count} requests ({error}).")
            return False
        return True

    def _note_loss(self, error: HoldLost) -> None:
        self.state.loss = str(error)
        self.state.recording.set_aside(error.last_good)

    def _clean_up(self, api_runs: Sequence[ApiRun]) -> None:
        """Delete what the run has created, with what the budget has kept for it."""
        self.state.budget.clean_up_count = 0
        try:
            with self._measure_step("clean up"):
                for api_run in (each for each in api_runs if each.clean_up.wanted_count):
                    self.state.report_progress("clean up", api_run.api.name)
                    api_run.clean_up.delete_rows()
        except HoldLost as error:
            self._note_loss(error)
        except (BudgetSpent, TargetGone):
            pass  # what stays is told

    def _describe_interruption(self) -> list[str]:
        sent = self.state.budget.sent_count
        text = f"Interrupted after {sent} requests: only what was recorded until then is judged."
        return [text] if self.state.stopper.count else []

    def _start_generation(self, api_runs: Sequence[ApiRun]) -> AbstractContextManager[GenerationProcess | None]:
        """Return the process that generates requests while others are sent, None where none are wanted."""
        if not self.state.options.generate:
            return nullcontext()
        work = [(api_run.api, api_run.list_generated_operations()) for api_run in api_runs]
        return GenerationProcess(work, self.state.options)

    def _explore(self, api_runs: Sequence[ApiRun], generation: GenerationProcess | None) -> None:
        """Send generated requests, as long as what is left is enough for the first requests once more."""
        if generation is None:
            return
        api_runs_by_name = {api_run.api.name: api_run for api_run in api_runs}
        closing_count = sum(api_run.closing_count for api_run in api_runs)
        try:
            for batch in generation.iterate_batches(_PATIENCE_S):
                wanted_count = closing_count + (len(batch.requests) if batch else 0)
                if not self.state.budget.has_room_for(wanted_count):
                    if self.state.options.profile == "smoke":
                        self._note_spent_budget()
                    return
                if batch is None:
                    self.state.report_progress("explore")
                else:
                    api_runs_by_name[batch.api].send_batch(batch)
        except GenerationBroken as error:
            self.state.notes.append(f"The generation of requests broke off ({error}).")

    def _note_spent_budget(self) -> None:
        """Note which limit has ended the sending, in place of an earlier note that it was near."""
        self.state.notes[:] = [note for note in self.state.notes if _NOT_EVERYTHING not in note]
        limit, time_s, budget = self.state.options.max_requests, self.state.options.time_limit_s, self.state.budget
        if limit is not None and budget.sent_count / limit > budget.elapsed_s / time_s:
            reason, option = f"{limit:,} requests", "--max-requests"
        else:
            reason, option = f"{time_s:g} s, which {len(self.state.recording.exchanges):,} requests took", "--max-time"
        self.state.notes.append(f"{_NOT_EVERYTHING} {reason}: more with {option}.")

    def _judge_recording(self, apis: Sequence[Api]) -> Iterator[Finding]:
        """Yield the findings of every clause, one per cause, with secrets masked and a ``curl`` line."""
        apis_by_name = {api.name: api for api in apis}
        findings = (
            f
            for api in apis
            for f in clauses.run_clauses(
                api, self.state.recording, self.state.options, self.state.notes, is_over=self._is_judging_over(api)
            )
        )
        mask = self.state.secrets.mask
        for finding in deduplicate(self.state.stopper.take_until_interrupted(findings)):
            api = apis_by_name[finding.api]
            yield replace(
                finding,
                where=mask(finding.where),
                value=one_line(mask(finding.value)),  # masked first: half a secret would not be recognised
                message=mask(finding.message),
                cause=mask(finding.cause),
                curl=format_curl_line(finding.exchange, api, self.state.secrets) if finding.exchange else "",
            )

    def _is_judging_over(self, api: Api) -> Callable[[Operation], bool]:
        """Return a function that reports the operation that is judged next, and tells whether the time is up."""

        def is_over(operation: Operation) -> bool:
            self.state.report_progress("judge", api.name, operation.label)
            return self.state.is_judging_over

        return is_over

    @contextmanager
    def _measure_step(self, step: Step) -> Iterator[None]:
        started_at = time.monotonic()
        try:
            yield
        finally:
            self.step_seconds[step] += time.monotonic() - started_at
