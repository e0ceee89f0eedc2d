"""The contract suite as a pytest plugin: one exploration a run, one item a clause and operation.

    pytest_sessionstart      the controller explores and judges, once          (contracts/session/session.py)
    pytest_generate_tests    an item for every clause on every operation
    test_clause              fails where its item owns a finding
    pytest_sessionfinish     the reports and the exit code

Workers of pytest-xdist explore nothing: the controller hands them what failed.
"""

import json
import sys
from collections.abc import Iterator
from io import TextIOWrapper
from typing import Any, cast

import pytest

from specduet.contracts.reports.model import Item
from specduet.contracts.session.launcher import INTERNAL_ERROR
from specduet.contracts.session.option_table import OPTIONS
from specduet.contracts.session.session import ContractSession, list_items
from specduet.contracts.session.settings import resolve_settings
from specduet.specs import SpecduetError, UsageError

_ABORTED = {pytest.ExitCode.INTERRUPTED, pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR}


class ContractPlugin:
    """The hooks of one session. ``specduet test`` names a file for the exit code: then the terminal is ours."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        if isinstance(sys.stdout, TextIOWrapper):  # what a service says may be more than a terminal can show
            sys.stdout.reconfigure(errors="backslashreplace")
        self._from_controller: str | None = getattr(config, "workerinput", {}).get("specduet")
        self._status = config.getoption("--specduet-status")
        self._session: ContractSession | None = None
        self._items: list[Item] = []
        self._failures: dict[Item, str] = {}
        self._ran: set[Item] = set()
        self._error: SpecduetError | None = None

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionstart(self) -> Iterator[None]:
        """Explore before anything else starts, so that the workers can be told what came of it."""
        try:
            self._collect_items()
        except SpecduetError as error:
            self._error = error
        return (yield)

    def _collect_items(self) -> None:
        names = self._config.getoption("--api") or ()
        if self._from_controller is not None:
            for fields, failure in json.loads(self._from_controller):
                self._items.append(Item(*fields))
                self._failures |= {Item(*fields): failure} if failure else {}
        elif self._config.option.collectonly:
            self._items = list_items(names)
        else:
            given = {option.key: self._config.getoption(option.key) for option in OPTIONS}
            settings = resolve_settings(names, given, self._config.getoption("--config"))
            self._session = ContractSession(settings, sys.stdout if self._status else None)
            self._session.run_suite()
            self._items, self._failures = self._session.served_items(), self._session.find_failures()

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Hand a worker of pytest-xdist what was found."""
        node.workerinput["specduet"] = json.dumps([(item, self._failures.get(item, "")) for item in self._items])

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> bool | None:
        """Collect nothing where nothing was explored: why is all there is to say."""
        return True if self._nothing_to_run else None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self) -> bool | None:
        return True if self._nothing_to_run else None

    @property
    def _nothing_to_run(self) -> bool:
        """After an operator error or a dry run."""
        return self._error is not None or (self._session is not None and self._session.outcome is None)

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if "item" in metafunc.fixturenames:
            cases = [pytest.param(item, self._failures.get(item, ""), id=str(item)) for item in self._items]
            metafunc.parametrize(("item", "failure"), cases)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember what ran: not all items may have been selected, and the run is judged by those that were."""
        properties = cast("list[tuple[str, list[str]]]", report.user_properties)
        self._ran.update(Item(*value) for name, value in properties if name == "item")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write the reports, and end with the exit code of ``specduet test``."""
        if self._from_controller is not None or self._config.option.collectonly or exitstatus in _ABORTED:
            return
        try:
            session.exitstatus = self._finish_session(exitstatus)
        except SpecduetError as error:
            session.exitstatus = error.exit_code
            self._show_error(str(error))
        if self._status:
            self._status.write_text(str(int(session.exitstatus)), encoding="utf-8")

    def _finish_session(self, status: int) -> int:
        if self._error is not None:
            raise self._error
        assert self._session is not None
        if self._session.outcome is None:
            return 0
        if status == pytest.ExitCode.NO_TESTS_COLLECTED:
            raise UsageError("-k selects no item", remedy="pytest contracts --collect-only lists them all.")
        code = self._session.finish_run(self._ran)
        return INTERNAL_ERROR if (status == pytest.ExitCode.TESTS_FAILED) != (code == 1) else code

    def _show_error(self, text: str) -> None:
        """Say what the operator has to do, beside whatever pytest says."""
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is None:
            sys.stderr.write(f"{text}\n")
        else:
            reporter.ensure_newline()
            reporter.write_line(text, red=True)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """What pytest's own summary does not know: notes, and what was never seen."""
        if self._session is not None and self._session.report is not None:
            terminalreporter.section("specduet")
            for line in self._session.closing_lines():
                terminalreporter.write_line(line)
