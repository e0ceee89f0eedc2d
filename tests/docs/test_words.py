"""The rules of CONTRIBUTING.md on names, docstrings and sizes, measured over every module."""

import ast
from collections import defaultdict
from collections.abc import Iterator

import pytest

from tests.docs.source_tree import PACKAGES, SourceFile, source_files

RIDDLES = frozenset(["what", "whether", "who", "where", "how", "which", "when", "whose", "why", "whatever"])
MOST_LINES = 450


def files_of(package: str) -> list[SourceFile]:
    return [file for file in source_files() if file.package == package]


def docstrings(file: SourceFile) -> Iterator[tuple[str, str]]:
    """Each docstring of a module with the name of its owner."""
    for node in ast.walk(file.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module):
            text = ast.get_docstring(node)
            if text:
                yield f"{file.module} {getattr(node, 'name', '')}", text


@pytest.mark.parametrize("package", PACKAGES)
def test_functions_are_named_by_verb_and_object(package: str) -> None:
    """Fewer than 40 % of a package's functions have a name of one word."""
    names = [function.name for file in files_of(package) for function in file.functions()]
    short = [name for name in names if "_" not in name.strip("_")]
    assert len(short) < 0.4 * len(names), f"{len(short)} of {len(names)}: {sorted(set(short))}"


@pytest.mark.parametrize("package", PACKAGES)
def test_docstrings_state_a_fact(package: str) -> None:
    """Fewer than 5 % of a package's docstrings open with What, Whether, Who, How and the like."""
    texts = [pair for file in files_of(package) for pair in docstrings(file)]
    riddles = [owner for owner, text in texts if text.split()[0].strip("`.,:").lower() in RIDDLES]
    assert len(riddles) < 0.05 * len(texts), riddles


def test_no_class_name_has_two_owners() -> None:
    """A class name, a leading underscore aside, is defined in one module only."""
    owners: dict[str, set[str]] = defaultdict(set)
    for file in source_files():
        for node in file.tree.body:
            if isinstance(node, ast.ClassDef):
                owners[node.name.lstrip("_")].add(file.module)
    assert {name: modules for name, modules in owners.items() if len(modules) > 1} == {}


def test_modules_are_short() -> None:
    """No module has more than 450 lines."""
    assert {file.module: lines for file in source_files() if (lines := file.text.count("\n")) > MOST_LINES} == {}


def test_functions_are_short() -> None:
    """Half of all functions have at most 9 lines, and 90 % at most 30."""
    lengths = sorted(f.end_lineno - f.lineno + 1 for file in source_files() for f in file.functions() if f.end_lineno)
    assert lengths[len(lengths) // 2] <= 9
    assert lengths[int(len(lengths) * 0.9)] <= 30
