"""The declared dependencies: every import, nothing else, and bounds that releases were tried at."""

import ast
import importlib
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import reduce
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import specduet.mocks.lazy_connexion  # noqa: F401 - Connexion, imported by itself, warns of its own imports
from tests.docs.source_tree import ROOT, SourceFile, source_files

NEVER_IMPORTED = {
    "httptools": "uvicorn takes it for parsing HTTP where it is installed",
    "uvloop": "uvicorn takes it for the event loop where it is installed",
    "pytest-xdist": "pytest takes it as a plugin, for the option -n",
}
UNDOCUMENTED = {
    "connexion": ["connexion.middleware.abstract.RoutedAPI", "connexion.middleware.abstract.RoutedMiddleware"],
    "openapi-spec-validator": [
        "openapi_spec_validator.schemas.schema_v30",
        "openapi_spec_validator.schemas.schema_v31",
        "openapi_spec_validator.schemas.schema_v32",
    ],
    "schemathesis": [
        "schemathesis.APIOperation.as_strategy",
        "schemathesis.APIOperation.get_strategies_from_examples",
        "schemathesis.BaseSchema.iter_coverage_cases",
        "schemathesis.Case.as_transport_kwargs",
    ],
    "starlette": ["starlette.routing.compile_path"],
    "uvicorn": ["uvicorn.protocols.http.auto.AutoHTTPProtocol", "uvicorn.Server.main_loop"],
}
"""What is used of a distribution though its documentation does not name it: it may move with any release."""


def read_requirements(lines: list[str]) -> dict[str, Requirement]:
    """Return requirements by the canonical name of their distribution."""
    requirements = [Requirement(line) for line in lines]
    return {canonicalize_name(requirement.name): requirement for requirement in requirements}


def read_constraints(path: Path) -> dict[str, str]:
    """Return the pinned versions of a file of constraints, by distribution."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    return {name: str(found.specifier).removeprefix("==") for name, found in read_requirements(lines).items()}


PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DECLARED = read_requirements(PROJECT["dependencies"])
OLDEST = read_constraints(ROOT / "constraints-oldest.txt")


def imported_names(file: SourceFile) -> Iterator[str]:
    """Yield what a module imports of other projects, such as ``starlette.routing.compile_path``."""
    for node in ast.walk(file.tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        yield from (name for name in names if name.partition(".")[0] not in {"specduet", *sys.stdlib_module_names})


def imported_distributions() -> dict[str, set[str]]:
    """Return the distributions that the package imports, each with the modules that import it."""
    distributions = packages_distributions()
    found: dict[str, set[str]] = {}
    for file in source_files():
        for name in imported_names(file):
            top = name.partition(".")[0]
            assert top in distributions, f"{file.module} imports {top}, which no distribution has"
            found.setdefault(canonicalize_name(distributions[top][0]), set()).add(file.module)
    return found


def test_every_import_is_declared() -> None:
    """A distribution that a module imports is declared itself, and not only by another dependency."""
    found = imported_distributions()
    assert {name: modules for name, modules in found.items() if name not in DECLARED} == {}


def test_every_dependency_is_used() -> None:
    """A declared distribution is imported, or there is a reason why it is not."""
    assert DECLARED.keys() - imported_distributions().keys() == NEVER_IMPORTED.keys()


@pytest.mark.parametrize("name", UNDOCUMENTED)
def test_what_is_used_undocumented_is_there_and_bounded(name: str) -> None:
    """Undocumented names that are used exist in the installed release, and releases yet unknown are kept out."""
    assert any(bound.operator == "<" for bound in DECLARED[name].specifier)
    for path in UNDOCUMENTED[name]:
        assert find_object(path) is not None
        assert any(path.rpartition(".")[2] in file.text for file in source_files()), f"{path} is used no longer"


def find_object(path: str) -> Any:
    """Return the object with a dotted name, such as ``starlette.routing.compile_path``."""
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        try:
            module = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        return reduce(getattr, parts[length:], module)
    raise AssertionError(path)


def test_private_names_are_known_to_be_used() -> None:
    """Whatever is imported of another project by a name with an underscore is among what is used undocumented."""
    known = {path for paths in UNDOCUMENTED.values() for path in paths}
    for file in source_files():
        for name in imported_names(file):
            if re.search(r"\._(?!_)", name):
                assert any(path.startswith(name) for path in known), f"{file.module}: {name}"


@pytest.mark.parametrize("name", DECLARED)
def test_the_lower_bound_is_what_is_tried(name: str) -> None:
    """``make test-oldest`` installs exactly the oldest release that the declaration allows."""
    bound = next(bound.version for bound in DECLARED[name].specifier if bound.operator == ">=")
    assert re.fullmatch(rf"{re.escape(bound)}(\.0)*", OLDEST[name])


def test_the_newest_releases_are_what_is_tried() -> None:
    """The releases in constraints.txt, which all other tests run on, are within the declared bounds."""
    newest = read_constraints(ROOT / "constraints.txt")
    assert [name for name, declared in DECLARED.items() if newest[name] not in declared.specifier] == []
