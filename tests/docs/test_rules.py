"""The rules of ARCHITECTURE.md, enforced: who imports whom, and where no vendor's name may stand."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from specduet.specs import bundled

ROOT = Path(__file__).parents[2]
ALLOWED = {
    "specs": {"specs"},
    "mocks": {"mocks", "specs"},
    "contracts": {"contracts", "specs"},
    "specduet.pytest_plugin.py": set(),
}
OWN = {"specs", "mocks", "contracts", "specduet", "specduet.pytest_plugin", "tests", "benchmarks"}


def imported(path: Path) -> Iterator[str]:
    """The top-level names that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports relatively"
            yield (node.module or "").partition(".")[0]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module") and node.args:
            yield ast.unparse(node.args[0]).lstrip("f").strip("'\"").partition(".")[0]


def files(name: str) -> list[Path]:
    path = ROOT / name
    return [path] if path.is_file() else sorted(path.rglob("*.py"))


@pytest.mark.parametrize("name", ALLOWED)
def test_imports_keep_to_the_rule(name: str) -> None:
    """The judge never imports the accused, nor the other way round; the specifications import neither."""
    found = {(path.name, module) for path in files(name) for module in imported(path) if module in OWN}
    assert files(name)
    assert {(path, module) for path, module in found if module not in ALLOWED[name]} == set()


@pytest.mark.parametrize("folder", ["mocks", "contracts"])
def test_no_vendor_is_named(folder: str) -> None:
    """What is special about an API is data: no name of a bundled one stands in code or in what lies beside it."""
    names = [*bundled(), "seekr"]
    for path in (ROOT / folder).rglob("*"):
        if path.suffix in {".py", ".yaml", ".ini", ".json"}:
            text = path.read_text(encoding="utf-8").lower()
            assert [name for name in names if name in text] == [], path


def test_the_mock_starts_without_the_judge() -> None:
    """What the mock imports at start has no Schemathesis, Hypothesis, pytest or clause in it."""
    code = (
        "import sys, specduet, mocks.server\n"
        "heavy = {'schemathesis', 'hypothesis', 'pytest', 'specduet.contracts.clauses', 'openapi_spec_validator'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""
    assert done.returncode == 0


@pytest.mark.parametrize("path", sorted((ROOT / "tests").rglob("test_*.py")), ids=lambda p: p.stem)
def test_every_test_says_what_it_proves(path: Path) -> None:
    """Each test has a docstring: one sentence on the behaviour that it proves."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            assert ast.get_docstring(node), f"{path.name}: {node.name}"
