"""One run of the contract suite: from settings to terminal output, reports, baseline and exit code."""

import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TextIO

from specduet.contracts.clauses import all_clauses
from specduet.contracts.findings import Finding
from specduet.contracts.interruption import Stopper
from specduet.contracts.options import RunOptions
from specduet.contracts.reports import console, describe_os_error, github, make_folder, summary, write_reports
from specduet.contracts.reports.formatting import format_finding
from specduet.contracts.reports.model import Item, Report, items_of_finding, iter_items, order_findings, pluralize
from specduet.contracts.run import RunResult, run_contract
from specduet.contracts.sending.target import Target
from specduet.contracts.session import baseline, mock_process
from specduet.contracts.session.fetched_credentials import build_keeper
from specduet.contracts.session.selection import select_items, select_requests
from specduet.contracts.session.settings import RunSettings
from specduet.contracts.session.tested_apis import choose_url, drop_security, load_tested_apis
from specduet.contracts.session.typed_names import check_typed_names, describe_unused_names
from specduet.specs import Api, SpecduetError, UsageError, bundled, load_all
from specduet.specs.problem_reports import count_problems

_FACTS_SHARE = 0.2
"""The part of the time of the run that a mock gets to tell of itself."""


def list_items(names: Iterable[str]) -> list[Item]:
    """Return the items of the named APIs, or of all bundled ones, without sending anything."""
    return list(iter_items(load_all(dict.fromkeys(names) or bundled()), all_clauses()))


class ContractSession:
    """One run: ``run_suite``, then ``served_items`` and ``find_failures`` for pytest, then ``finish_run``.

    ``terminal`` is where progress and summary are printed, or None where pytest prints. ``outcome`` is None before the
    run and after a dry run, ``report`` until the run is finished.
    """

    def __init__(
        self, settings: RunSettings, terminal: TextIO | None, stopper: Stopper | None = None, keyword: str = ""
    ) -> None:
        self._settings = settings
        self._stopper = stopper
        self._console = console.make_console(terminal) if terminal else None
        self._tested = load_tested_apis(settings, self._find_reachable_target())
        self._apis = tuple(map(drop_security, self._tested.apis)) if settings.no_auth else self._tested.apis
        check_typed_names(
            self._tested.apis, settings.typed_auth, settings.typed_params, (*settings.include, *settings.only)
        )
        if self._console is not None:
            _print_problems(self._apis)
            unused = describe_unused_names(self._tested.apis, (name for name, _ in settings.auth), settings.params)
            if unused:
                print(unused, file=sys.stderr)  # noqa: T201 - beside the report
        self._selection = select_requests(self._apis, all_clauses(), settings.only, keyword)
        self._started = datetime.now(UTC)
        self._findings: list[Finding] = []
        self._stale: tuple[baseline.AcceptedFinding, ...] = ()
        self.outcome: RunResult | None = None
        self.report: Report | None = None

    def run_suite(self) -> None:
        """Send, record and judge. Raises ``SpecduetError`` for an operator error."""
        if self._settings.report is not None:
            make_folder(self._settings.report)
        with self._open_target() as target, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # warnings of the generators mean nothing to somebody who tests a service
            self._print_plan(target)
            if self._settings.dry_run:
                return
            with console.show_progress(self._console) as bar:
                outcome = run_contract(
                    self._apis,
                    target,
                    self._run_options(),
                    explicit=self._tested.is_named,
                    progress=bar,
                    stopper=self._stopper,
                )
        self._findings, stale = baseline.mark_accepted(outcome.findings, self._settings.accepted)
        tested = {f"{api.name} {operation.label}" for api in outcome.apis for operation in api.operations}
        self._stale = tuple(entry for entry in stale if entry.operation in tested)
        self.outcome = outcome

    @contextmanager
    def _open_target(self) -> Iterator[Target]:
        """Yield the service given by ``--url``, or a mock that runs while requests are sent."""
        settings = self._settings
        if not settings.mock:
            yield self._with_known_params(self._with_keeper(self._build_target(choose_url(settings), [])))
            return
        options = _repeat_options(settings)
        with mock_process.serve_mock(self._apis, options, seed=settings.seed) as (url, credentials):
            yield self._with_known_params(
                self._build_target(url, [f"{name}={value}" for name, value in credentials.items()])
            )

    def _find_reachable_target(self) -> Target | None:
        """Return the service that may be asked for its document; None for a mock, which is not started yet."""
        settings = self._settings
        return None if settings.mock or settings.dry_run else self._build_target(choose_url(settings), [])

    def _build_target(self, url: str, credentials: list[str]) -> Target:
        settings = self._settings
        target = Target.parse(
            url,
            credentials=[*(f"{name}={value}" for name, value in settings.auth), *credentials],
            headers=[f"{name}: {value}" for name, value in settings.headers],
            allow_writes=settings.allow_writes,
            included=settings.include,
            verify=not settings.insecure,
        )
        return target if settings.stream_time is None else replace(target, stream_time_s=settings.stream_time)

    def _with_keeper(self, target: Target) -> Target:
        """Return the target with the credential that is fetched, if there is one; a dry run fetches none."""
        keeper = build_keeper(self._settings, self._apis, target)
        if keeper is not None and not self._settings.dry_run:
            keeper.start()
        return replace(target, keeper=keeper)

    def _with_known_params(self, target: Target) -> Target:
        """Return the target with the given parameters, and those that a mock tells of itself."""
        facts = mock_process.fetch_mock_facts(target, _FACTS_SHARE * self._run_options().time_limit_s)
        known = target.with_params({**facts.scopes, **self._settings.params})
        return replace(known, open_apis=facts.open_apis)

    def _run_options(self) -> RunOptions:
        settings = self._settings
        return RunOptions(
            max_response_time_s=settings.max_response_time,
            profile=settings.profile,
            seed=settings.seed,
            max_time_s=settings.max_time,
            max_requests=settings.max_requests,
            requests_per_second=settings.rate_limit,
            is_mock=settings.mock,
            keep_rows=settings.keep,
            only_operations=self._selection.labels,
            probes=self._selection.probes,
            generate=self._selection.generates,
        )

    def served_items(self) -> list[Item]:
        """Return an item for every clause and operation of the APIs that the target serves."""
        return [] if self.outcome is None else list(select_items(self.outcome.apis, all_clauses(), self._settings.only))

    def find_failures(self) -> dict[Item, str]:
        """Return the failure text by item; empty with ``--update-baseline``, which accepts everything."""
        if self.outcome is None or self._settings.update_baseline:
            return {}
        report = self._build_report(self._findings, 0)
        found: dict[Item, list[str]] = {}
        for finding in report.findings:
            if report.is_failing(finding):
                for item in items_of_finding(finding):
                    found.setdefault(item, []).append(format_finding(finding, report))
        return {item: "\n\n".join(texts) for item, texts in found.items()}

    def finish_run(self, executed: Iterable[Item]) -> int:
        """Write the baseline and the reports, show the summary, and return the exit code.

        Only findings of ``executed`` items count: the others were deselected.
        """
        assert self.outcome is not None
        selected = set(executed)
        findings = [finding for finding in self._findings if not selected.isdisjoint(items_of_finding(finding))]
        if self._settings.update_baseline:
            findings = self._accept_findings(findings)
        outcome = replace(self.outcome, findings=tuple(findings))
        self.report = self._build_report(findings, outcome.exit_code(self._settings.fail_on))
        self._publish_report(self.report)
        return self.report.exit_code

    def _build_report(self, findings: list[Finding], exit_code: int) -> Report:
        assert self.outcome is not None
        outcome, settings = self.outcome, self._settings
        return Report(
            target=outcome.target.url,
            apis=outcome.apis,
            clauses=all_clauses(),
            seed=settings.seed,
            profile=settings.profile,
            fail_on=settings.fail_on,
            started=self._started,
            elapsed_s=outcome.elapsed_s,
            recording=outcome.recording,
            findings=order_findings(findings),
            coverage=outcome.coverage.limit_to(self._selection.labels),
            notes=(*outcome.notes, *([outcome.inconclusive_reason] if outcome.inconclusive_reason else ())),
            plan_notes=outcome.plan_notes,
            document_urls={document.path: document.url for document in self._tested.documents},
            stale_entries=() if settings.update_baseline else tuple(map(str, self._stale)),
            exit_code=exit_code,
            secrets=outcome.secrets,
        )

    def _accept_findings(self, findings: list[Finding]) -> list[Finding]:
        """Rewrite the baseline: entries without a finding are dropped, findings without an entry are added."""
        path = self._settings.baseline
        assert path is not None
        in_file = [entry for entry in self._settings.accepted if entry.file == path.name]
        baseline.write_baseline(path, findings, [entry for entry in in_file if entry not in self._stale])
        return baseline.mark_accepted(findings, (*self._settings.accepted, *baseline.load_baseline(path)))[0]

    def _publish_report(self, report: Report) -> None:
        failures = [*self._write_files(report)]
        if self._console is not None:
            console.print_report(report, self._console)
            if self._settings.report is not None:
                self._console.print(f"reports: {self._settings.report}")
        if github.is_github_actions():
            for line in github.format_annotations(report):
                print(line)  # noqa: T201 - how a step talks to its runner
        if failures:
            raise failures[0]

    def _write_files(self, report: Report) -> Iterator[SpecduetError]:
        """Write the reports; yield what went wrong, for the result is to be shown all the same."""
        try:
            if self._settings.report is not None:
                write_reports(report, self._settings.report)
        except UsageError as error:
            yield error
        try:
            github.append_summary(summary.format_summary(report))
        except OSError as error:
            yield UsageError(f"the summary of the workflow run cannot be written: {describe_os_error(error)}")

    def closing_lines(self) -> Iterator[str]:
        """Return the lines that pytest's own summary lacks: notes, and what was never seen."""
        assert self.report is not None
        yield from console.closing_lines(self.report)

    def _print_plan(self, target: Target) -> None:
        if self._console is not None:
            for line in console.format_plan(
                self._apis,
                target,
                self._run_options(),
                dry=self._settings.dry_run,
                documents=tuple(self._tested.describe_documents()),
                baseline=self._describe_baseline(),
            ):
                self._console.print(line)

    def _describe_baseline(self) -> str:
        """Return the name of the baseline file and the number of its findings; empty where there is none."""
        path, accepted = self._settings.baseline, len(self._settings.accepted)
        if path is None:
            return ""
        return f"{path}, {pluralize(accepted, 'accepted finding')}{' so far' if self._settings.update_baseline else ''}"


def _repeat_options(settings: RunSettings) -> list[str]:
    """Return the options with which the mock reads the documents as the suite does."""
    options = [f"--overlay={path}" for path in settings.overlay]
    options += [f"--name={settings.name}"] if settings.name else []
    options += [f"--server-variable={text}" for text in settings.server_variable]
    return [
        *options,
        *(["--stateless"] if settings.stateless else []),
        *(["--allow-remote"] if settings.allow_remote else []),
    ]


def _print_problems(apis: tuple[Api, ...]) -> None:
    """Print on standard error how many problems each document has."""
    for api in apis:
        if api.problems:
            print(count_problems(api.path, api.problems), file=sys.stderr)  # noqa: T201 - beside the report
