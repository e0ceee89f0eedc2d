"""The checkout, where the package's folders stand at the top and are reached by links."""

import ast
import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import specduet
from tests.docs.source_tree import ROOT

PLUGIN = """
import json, os, sys

def pytest_sessionfinish():
    files = {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}
    with open(os.environ["MODULES"], "w") as found:
        json.dump({name: os.path.realpath(file) for name, file in files.items() if file}, found)
"""


def test_the_package_is_reached_by_its_links() -> None:
    """The package is imported from src/specduet, where a link leads to each of the three folders."""
    package = Path(str(specduet.__file__)).parent
    assert package == ROOT / "src" / "specduet"
    for name in ("specs", "mocks", "contracts"):
        assert (package / name).readlink() == Path("..", "..", name)


def test_no_module_is_imported_under_two_names(tmp_path: Path) -> None:
    """``pytest contracts`` imports what it collects as ``contracts``, and nothing else by that name."""
    (tmp_path / "listing.py").write_text(PLUGIN, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "contracts", "--collect-only", "-q", "-p", "listing"]
    variables = {**os.environ, "PYTHONPATH": str(tmp_path), "MODULES": str(tmp_path / "modules.json")}
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider"], cwd=ROOT, env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "test_clause[nx1-GET /api/crew-runs-" in done.stdout
    names_by_file = defaultdict(list)
    for name, file in json.loads((tmp_path / "modules.json").read_text(encoding="utf-8")).items():
        if Path(file).is_relative_to(ROOT) and "site-packages" not in file:
            names_by_file[Path(file).relative_to(ROOT).as_posix()].append(name)
    twice = {file: names for file, names in names_by_file.items() if len(names) > 1}
    assert twice == {"contracts/__init__.py": ["contracts", "specduet.contracts"]}
    assert len(names_by_file) > 50
    tree = ast.parse((ROOT / "contracts" / "__init__.py").read_text(encoding="utf-8"))
    assert [type(statement) for statement in tree.body] == [ast.Expr], "it is imported twice, so it holds no state"
