"""The rules of ARCHITECTURE.md, enforced: who imports whom, and where no vendor's name may stand."""

import ast
import subprocess
import sys
from collections import defaultdict
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from specduet.specs import bundled
from tests.docs.source_tree import ROOT, source_files

ALLOWED = {
    "specs": {"specs"},
    "mocks": {"mocks", "specs"},
    "contracts": {"contracts", "specs"},
    "pytest_plugin": set(),
}


@pytest.mark.parametrize("package", ALLOWED)
def test_imports_keep_to_the_rule(package: str) -> None:
    """The contract suite never imports the mock, nor the mock the suite; specs imports neither of them."""
    files = [file for file in source_files() if file.package == package]
    assert files
    found = {(file.module, name.partition(".")[0]) for file in files for name in file.imports()}
    assert {(module, target) for module, target in found if target not in ALLOWED[package]} == set()


def test_no_folder_imports_in_a_circle() -> None:
    """Folders, and the modules beside them, have an order in which each imports only those before it."""
    arrows: dict[str, set[str]] = defaultdict(set)
    for file in source_files():
        for target in file.imports():
            room = ".".join(target.split(".")[:2])
            if room != file.room and "." in room:
                arrows[file.room].add(room)
    try:
        tuple(TopologicalSorter(arrows).static_order())
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' <- '.join(error.args[1])}")


@pytest.mark.parametrize("folder", ["mocks", "contracts"])
def test_no_vendor_is_named(folder: str) -> None:
    """A bundled API is data: its name stands nowhere in code, nor in what lies beside the code."""
    names = [*bundled(), "seekr"]
    for path in (ROOT / folder).rglob("*"):
        if path.suffix in {".py", ".yaml", ".ini", ".json"}:
            text = path.read_text(encoding="utf-8").lower()
            assert [name for name in names if name in text] == [], path


def test_the_mock_starts_without_the_contract_suite() -> None:
    """The modules that the mock imports at start include no Schemathesis, Hypothesis, pytest or clause."""
    code = (
        "import sys, specduet.cli, specduet.mocks.server\n"
        "heavy = {'schemathesis', 'hypothesis', 'pytest', 'specduet.contracts.clauses', 'openapi_spec_validator'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""
    assert done.returncode == 0


@pytest.mark.parametrize("path", sorted((ROOT / "tests").rglob("test_*.py")), ids=lambda p: p.stem)
def test_every_test_says_what_it_proves(path: Path) -> None:
    """Each test has a docstring: one sentence on the behavior that it proves."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            assert ast.get_docstring(node), f"{path.name}: {node.name}"
