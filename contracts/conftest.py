"""The contract suite's options in pytest; what is done with them stands in ``contracts/session/pytest_plugin.py``."""

import argparse
from pathlib import Path
from typing import Any

import pytest

from specduet.contracts.session.option_table import OPTIONS
from specduet.contracts.session.pytest_plugin import ContractPlugin


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("specduet", "specduet: the contract suite")
    group.addoption("--api", action="append", metavar="API|FILE", help="An API to test; default: all that are served.")
    group.addoption("--config", type=Path, metavar="FILE", help="Settings; default: specduet.toml, if there is one.")
    group.addoption("--specduet-status", type=Path, help=argparse.SUPPRESS)
    for option in OPTIONS:
        extra: dict[str, Any] = {"action": "store_true"}
        if option.kind != "flag":
            extra = {"action": "append" if option.many else "store", "type": option.value_type}
            extra |= {"nargs": "?", "const": option.choices[0]} if option.kind == "level" else {}
            extra |= {"choices": option.choices} if option.choices else {"metavar": option.metavar}
        flags = [flag for flag in option.flags if flag != "--strict"]  # pytest has an option of this name
        group.addoption(*flags, dest=option.key, help=option.help, **extra)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(ContractPlugin(config), "specduet-contract")
