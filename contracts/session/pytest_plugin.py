"""Pytest plugin of the contract suite: requests are sent once a session, then one item per clause and operation.

    pytest_sessionstart      the controller sends and judges, once             (contracts/session/session.py)
    pytest_generate_tests    an item for every clause on every operation
    test_clause              fails where its item owns a finding
    pytest_sessionfinish     the reports and the exit code

Workers of pytest-xdist send nothing: the controller passes them the items and failures.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from io import TextIOWrapper
from typing import Any, cast

import pytest

from specduet.contracts.interruption import Interrupted, Stopper
from specduet.contracts.reports.model import Item
from specduet.contracts.session.launcher import INTERNAL_ERROR
from specduet.contracts.session.option_table import OPTIONS
from specduet.contracts.session.session import ContractSession, list_items
from specduet.contracts.session.settings import resolve_settings
from specduet.contracts.session.signals import EXIT_CODE, pass_signals
from specduet.specs import SpecduetError, UsageError
from specduet.specs.errors import RunInterrupted, SystemRefusal, explain_refusal, leave_full_output
from specduet.specs.printing import make_loggable

_ABORTED = {pytest.ExitCode.INTERRUPTED, pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR}


class ContractPlugin:
    """Hooks of one pytest session. With ``--specduet-status FILE``, set by ``specduet test``, pytest prints nothing."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        if isinstance(sys.stdout, TextIOWrapper):  # a response may hold characters that the terminal cannot encode
            sys.stdout.reconfigure(errors="backslashreplace")
        self._from_controller: str | None = getattr(config, "workerinput", {}).get("specduet")
        self._status = config.getoption("--specduet-status")
        self._session: ContractSession | None = None
        self._items: list[Item] = []
        self._failures: dict[Item, str] = {}
        self._ran: set[Item] = set()
        self._error: SpecduetError | None = None
        self._stopper = Stopper()
        self._signals = ExitStack()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionstart(self) -> Iterator[None]:
        """Send and judge before anything else starts, so that workers can be passed the result."""
        if self._from_controller is None and not self._config.option.collectonly:
            watches_output = self._status is not None
            self._signals.enter_context(pass_signals(self._stopper, watches_output=watches_output))
        try:
            self._collect_items()
        except SpecduetError as error:
            self._error = error
        except Interrupted:
            self._error = RunInterrupted("interrupted before anything was tested")
        except OSError as error:
            self._error = explain_refusal(error)
            if self._error is None:
                raise
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
            with self._stopper.interruptible():
                self._session = ContractSession(
                    settings, sys.stdout if self._status else None, self._stopper, self._config.option.keyword
                )
            self._session.run_suite()
            self._items, self._failures = self._session.served_items(), self._session.find_failures()

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Pass the items and failures to a worker of pytest-xdist."""
        node.workerinput["specduet"] = json.dumps([(item, self._failures.get(item, "")) for item in self._items])

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> bool | None:
        """Collect nothing after an operator error or a dry run."""
        return True if self._nothing_to_run else None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self) -> bool | None:
        return True if self._nothing_to_run else None

    @property
    def _nothing_to_run(self) -> bool:
        """True after an operator error or a dry run."""
        return self._error is not None or (self._session is not None and self._session.outcome is None)

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if "item" in metafunc.fixturenames:
            items = self._items
            if self._passes_unseen:
                self._ran.update(item for item in items if item not in self._failures)
                items = [item for item in items if item in self._failures] or items[:1]
            cases = [pytest.param(item, self._failures.get(item, ""), id=str(item)) for item in items]
            metafunc.parametrize(("item", "failure"), cases)

    @property
    def _passes_unseen(self) -> bool:
        """True where no option selects items, and nobody is told of those that pass.

        A document of 300 operations has 23,000 items, which take pytest half a minute otherwise.
        """
        option = self._config.option
        selects = option.keyword or option.markexpr or option.collectonly or getattr(option, "numprocesses", None)
        return self._status is not None and self._from_controller is None and not selects

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Function) -> bool | None:
        """Pass an item without a failure at once, where no terminal and no other plugin is told of it."""
        values = item.callspec.params
        if not self._status or self._from_controller is not None or values["failure"]:
            return None
        self._ran.add(cast("Item", values["item"]))
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember the items that ran: with ``-k`` not all do, and only those decide the exit code."""
        properties = cast("list[tuple[str, list[str]]]", report.user_properties)
        self._ran.update(Item(*value) for name, value in properties if name == "item")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write the reports and set the exit code of ``specduet test``."""
        if self._from_controller is not None or self._config.option.collectonly or exitstatus in _ABORTED:
            return
        try:
            session.exitstatus = self._finish_session(exitstatus)
            sys.stdout.flush()  # a full disk is told here
        except (SpecduetError, OSError) as raised:
            error = raised if isinstance(raised, SpecduetError) else explain_refusal(raised)
            if error is None:
                raise
            session.exitstatus = error.exit_code
            self._show_error(str(error))
            if isinstance(error, SystemRefusal):
                leave_full_output()
        if self._status:
            with self._status.open("r+", encoding="utf-8") as file:  # which the launcher has made: a disk may be full
                file.write(str(int(session.exitstatus)))
        self._signals.close()

    def _finish_session(self, status: int) -> int:
        if self._error is not None:
            raise self._error
        assert self._session is not None
        if self._session.outcome is None:
            return 0
        if status == pytest.ExitCode.NO_TESTS_COLLECTED:
            raise UsageError("-k selects no item", remedy="pytest contracts --collect-only lists them all.")
        code = self._session.finish_run(self._ran)
        if code == EXIT_CODE:
            return code
        return INTERNAL_ERROR if (status == pytest.ExitCode.TESTS_FAILED) != (code == 1) else code

    def _show_error(self, text: str) -> None:
        """Print an operator error, also where pytest has the terminal."""
        text = make_loggable(text)
        with suppress(OSError, ValueError):
            sys.stdout.flush()
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is None:
            sys.stderr.write(f"{text}\n")
        else:
            reporter.ensure_newline()
            reporter.write_line(text, red=True)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Add notes and the values that were never seen to pytest's summary."""
        if self._session is not None and self._session.report is not None:
            terminalreporter.section("specduet")
            for line in self._session.closing_lines():
                terminalreporter.write_line(make_loggable(line))
