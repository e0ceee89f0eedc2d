"""One run, from the plan to the verdict: reach, open, probe, explore, look again, judge.

served    which APIs the target serves                                (contracts/discovery.py)
open      one valid request an operation, so that ids are known
probe     requests aimed by the vocabulary, while nothing else moves  (contracts/probes/)
explore   generated requests                                          (contracts/generation/schemathesis_cases.py)
close     the first requests once more: is it still up?
judge     every clause over everything that was recorded              (contracts/clauses/)
"""

import importlib
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Literal

from specduet.contracts import clauses
from specduet.contracts.clauses.robustness import SLOW_S
from specduet.contracts.coverage import Coverage
from specduet.contracts.discovery import Caller, Tried, reach
from specduet.contracts.findings import Finding, Severity, deduplicate, one_line
from specduet.contracts.generation.known_values import Call, Knowledge
from specduet.contracts.options import RunOptions
from specduet.contracts.recording import Recording
from specduet.contracts.sending.curl import curl
from specduet.contracts.sending.redaction import Secrets
from specduet.contracts.sending.sender import BudgetSpent, Gate, NotSent, Sender, TargetGone
from specduet.contracts.sending.target import Target
from specduet.specs import Api, Operation

if TYPE_CHECKING:
    from specduet.contracts.generation.schemathesis_cases import Generator

Step = Literal["reach", "open", "probe", "explore", "close", "judge"]
_ASKED_AGAIN = 2


@dataclass(frozen=True)
class Progress:
    """Where a run stands: ``sent`` counts the requests so far, of all APIs."""

    step: Step
    api: str
    operation: str
    sent: int


Listener = Callable[[Progress], None]


@dataclass(frozen=True)
class Outcome:
    """What came of a run. ``problem`` says why it proves nothing; ``seconds`` is the time that each step took."""

    target: Target
    options: RunOptions
    apis: tuple[Api, ...]
    tried: tuple[Tried, ...]
    recording: Recording
    findings: tuple[Finding, ...]
    coverage: Coverage
    secrets: Secrets
    notes: tuple[str, ...] = ()
    problem: str = ""
    elapsed_s: float = 0.0
    seconds: Mapping[str, float] = field(default_factory=dict)

    def exit_code(self, fail_on: Severity = "error") -> int:
        """0: nothing at or above ``fail_on`` that is not accepted; 1: something; 2: nothing was proven."""
        worth = {"error"} if fail_on == "error" else {"error", "warning"}
        if any(f.severity in worth and not f.accepted for f in self.findings):
            return 1
        return 2 if self.problem else 0


def run(
    apis: Sequence[Api],
    target: Target,
    options: RunOptions | None = None,
    *,
    named: bool = True,
    progress: Listener | None = None,
) -> Outcome:
    """Hold a target to its APIs. ``named``: the operator named them; otherwise those that are not served are left out.

    Raises ``TargetUnreachable`` where nothing usable answers, and ``UsageError`` where none of the APIs is served.
    """
    conductor = _Conductor(target, options or RunOptions(), progress)
    return conductor.run(apis, named=named)


class _Conductor:
    def __init__(self, target: Target, options: RunOptions, progress: Listener | None) -> None:
        self.target = target
        self.options = options
        self.recording = Recording()
        self.secrets = target.secrets()
        self.notes: list[str] = []
        self.seconds: dict[str, float] = defaultdict(float)
        self.gate = Gate.to(
            target,
            max_requests=options.max_requests,
            max_time_s=options.time_limit_s,
            per_second=options.requests_per_second,
        )
        self._progress = progress

    def run(self, apis: Sequence[Api], *, named: bool) -> Outcome:
        started = time.monotonic()
        conversations = [_Conversation(self, api) for api in apis]
        try:
            with self._timed("reach"):
                self._tell("reach")
                tried = reach([c.caller for c in conversations], named=named)
            serving = {t.api for t in tried if t.served}
            conversations = [c for c in conversations if c.api.name in serving]
            self._send(conversations)
        finally:
            self.gate.transport.close()
        self.notes += _unanswered(self.recording)
        apis = tuple(c.api for c in conversations)
        with self._timed("judge"):
            self._tell("judge")
            findings = tuple(self._judged(apis))
            coverage = Coverage.of(apis, self.recording)
        return Outcome(
            target=self.target,
            options=self.options,
            apis=apis,
            tried=tuple(tried),
            recording=self.recording,
            findings=findings,
            coverage=coverage,
            secrets=self.secrets,
            notes=tuple(dict.fromkeys(self.notes)),
            problem=_problem(conversations, self.recording),
            elapsed_s=time.monotonic() - started,
            seconds=dict(self.seconds),
        )

    def _send(self, conversations: "Sequence[_Conversation]") -> None:
        steps: list[tuple[Step, Iterator[Callable[[_Conversation], None]]]] = [
            ("open", iter([_Conversation.open])),
            ("probe", iter([_Conversation.probe])),
            ("explore", self._rounds()),
            ("close", iter([_Conversation.close])),
        ]
        try:
            for step, acts in steps:
                with self._timed(step):
                    for act in acts:
                        for conversation in conversations:
                            act(conversation)
        except BudgetSpent:
            self.notes.append(f"The budget was spent after {self.gate.sent} requests: not everything was tried.")
        except TargetGone as error:
            self.notes.append(f"The target went away after {self.gate.sent} requests ({error}).")

    def _rounds(self) -> "Iterator[Callable[[_Conversation], None]]":
        """One round of generated requests; ``deep`` goes on for as long as another such round fits into the budget.

        The last requests, which tell whether the service is still up, come after them.
        """
        longest, begun = 0.0, self.gate.used
        for round_ in count():
            yield partial(_Conversation.explore, round_=round_)
            longest, begun = max(longest, self.gate.used - begun), self.gate.used
            if self.options.profile == "smoke" or not self.options.generate or begun + 1.2 * longest > 1:
                return

    def _judged(self, apis: Sequence[Api]) -> Iterator[Finding]:
        by_name = {api.name: api for api in apis}
        found = (f for api in apis for f in clauses.run_clauses(api, self.recording, self.options))
        for finding in deduplicate(found):
            line = curl(finding.exchange, by_name[finding.api], self.secrets) if finding.exchange else ""
            mask = self.secrets.mask
            yield replace(
                finding,
                where=mask(finding.where),
                value=one_line(mask(finding.value)),  # masked first: half a secret would not be known again
                message=mask(finding.message),
                cause=mask(finding.cause),
                curl=line,
            )

    @contextmanager
    def _timed(self, step: Step) -> Iterator[None]:
        started = time.monotonic()
        try:
            yield
        finally:
            self.seconds[step] += time.monotonic() - started

    def _tell(self, step: Step, api: str = "", operation: str = "") -> None:
        if self._progress is not None:
            self._progress(Progress(step, api, operation, self.gate.sent))

    def tell(self, step: Step, api: Api, operation: Operation) -> None:
        self._tell(step, api.name, operation.label)


class _Conversation:
    """What is said to one API."""

    def __init__(self, conductor: _Conductor, api: Api) -> None:
        self.api = api
        self._all = conductor
        self._options = conductor.options
        self.knowledge = Knowledge(api, conductor.target.params)
        self.sender = Sender(
            conductor.target, api, conductor.recording, gate=conductor.gate, heard=self.knowledge.learn
        )
        self._first: list[tuple[Operation, Call]] = []
        self._generator: Generator | None = None

    @property
    def caller(self) -> Caller:
        return Caller(self.api, self.sender, self.knowledge)

    def operations(self, step: Step) -> Iterator[Operation]:
        """What may be sent and was not left out, lists before what takes its ids from them."""
        for operation in sorted(self.api.operations, key=_first_things_first):
            if self._options.only_operations and operation.label not in self._options.only_operations:
                continue
            if not self.sender.allows(operation):
                self._all.notes.append(f"{operation.label} was not sent: it may change data (--allow-writes).")
                continue
            if self._all.gate.spent:
                raise BudgetSpent
            self._all.tell(step, self.api, operation)
            yield operation

    def open(self) -> None:
        for operation in self.operations("open"):
            call = self.knowledge.valid_call(operation)
            if call is None:
                continue
            paths = self.knowledge.path_choices(operation) if operation.behavior.scope else [call.path]
            self._first.append((operation, call))
            with suppress(NotSent):
                for path in paths:
                    self.sender.send(operation, **replace(call, path=path).arguments)

    def probe(self) -> None:
        for name in self._options.probes:
            module = importlib.import_module(f"specduet.contracts.probes.{name}")
            for operation in self.operations("probe"):
                with suppress(NotSent):
                    module.probe(self.sender, self.api, operation, self.knowledge, self._options)

    def explore(self, round_: int) -> None:
        if not self._options.generate:
            return
        from specduet.contracts.generation.schemathesis_cases import Generator  # Schemathesis: a second of imports

        clauses.all_clauses()  # Hypothesis draws constants from what is loaded: load all, so that runs are the same
        if self._generator is None:
            self._generator = Generator(self.api, self._options)
        try:
            for operation in self.operations("explore"):
                with suppress(NotSent):
                    self._generator.explore(self.sender, operation, self.knowledge, round_)
        finally:
            self._all.notes.extend(f"{self.api.name}: {note}" for note in self._generator.notes)

    def close(self) -> None:
        """Ask the first questions again, and once more what was answered slowly: was it a coincidence?"""
        for operation, call in self._first:
            if operation.method == "GET":
                self._all.tell("close", self.api, operation)
                with suppress(NotSent):
                    self.sender.send(operation, **call.arguments)
        for operation in self.operations("close"):
            if operation.method == "GET":
                with suppress(NotSent):
                    self._again(operation)

    def _again(self, operation: Operation) -> None:
        """Send once more what was slow: was it a coincidence?"""
        exchanges = self._all.recording.of(self.api.name, operation.id)
        slow = {e.sent: e for e in exchanges if e.received is not None and e.received.elapsed_s > SLOW_S}
        for exchange in list(slow.values())[:_ASKED_AGAIN]:
            self.sender.repeat(operation, exchange)

    def missing(self) -> Iterator[str]:
        """What kept the operations from being answered, in sentences that say what to do."""
        for operation in self.api.operations:
            unknown = self.knowledge.missing(operation)
            if unknown and self.sender.allows(operation):
                needs = " and ".join(f"--param {name}=…" for name in unknown)
                yield f"{operation.label} needs an id that is not known: give {needs}."


def _unanswered(recording: Recording) -> Iterator[str]:
    """One sentence on the requests that got no complete answer."""
    kinds = Counter(e.failure.partition(":")[0] for e in recording.exchanges if e.received is None)
    if kinds:
        why = ", ".join(f"{kind} {number} times" if number > 1 else kind for kind, number in kinds.most_common())
        yield f"{kinds.total()} of {len(recording.exchanges)} requests got no complete answer: {why}."


def _first_things_first(operation: Operation) -> tuple[bool, bool, bool]:
    return operation.behavior.lists is None, "{" in operation.path, operation.method != "GET"


def _problem(conversations: Sequence[_Conversation], recording: Recording) -> str:
    """Why a run proves nothing: not one operation was answered 2xx."""
    if any(exchange.succeeded for exchange in recording.exchanges):
        return ""
    statuses = Counter(e.status for e in recording.exchanges if e.credentials in {"given", "placeholder"})
    if statuses[401] + statuses[403] > sum(statuses.values()) / 2:
        none_given = any(e.credentials == "placeholder" for e in recording.exchanges)
        told = ["No credential was given: give one with -H or --auth."] if none_given else [_REFUSED]
    elif statuses:
        seen = ", ".join(f"{number} of {status or 'no status'}" for status, number in statuses.most_common())
        told = [*(sentence for one in conversations for sentence in one.missing()), f"What was answered: {seen}."]
    else:
        told = ["No operation could be sent."]
    return " ".join(["Nothing was answered 2xx, so nothing is proven.", *told])


_REFUSED = "The credential that was given is refused (401, 403)."
