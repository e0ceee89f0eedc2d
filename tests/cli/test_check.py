"""``specduet check``: every problem of a document, in four formats and three exit codes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from specduet.specs.loading import check_document
from specduet.specs.problem_reports import CheckedDocument, count_problems, render_github, render_sarif, render_text

GOOD = "openapi: 3.0.3\ninfo: {title: t, version: '1'}\npaths: {/a: {get: {responses: {'200': {description: ok}}}}}\n"
FLAWED = GOOD.replace("description: ok", "summary: ok")


def run(*arguments: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    """Run the command line in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "specduet", *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a good document, one with a problem, and one that is none."""
    for name, text in (("good", GOOD), ("flawed", FLAWED), ("none", "a: 1\n")):
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["good.yaml"], 0),
        (["good.yaml", "flawed.yaml"], 1),
        (["flawed.yaml", "--strict"], 2),
        (["flawed.yaml", "none.yaml"], 2),
        (["missing.yaml"], 2),
    ],
)
def test_exit_codes(folder: Path, arguments: list[str], code: int) -> None:
    """0 without problems, 1 with some, 2 where a document cannot be served or problems are refused."""
    assert run("check", *arguments, cwd=folder).returncode == code


def test_text_and_json(folder: Path) -> None:
    """The text has one line a problem, the JSON the same in fields."""
    text = run("check", "flawed.yaml", "none.yaml", cwd=folder)
    first, second, *rest = text.stdout.splitlines()
    assert first == "flawed.yaml:3: a response has no 'description'; it is empty (at /paths/~1a/get/responses/200)"
    assert second.startswith("none.yaml:1: is no OpenAPI")
    assert not rest
    flawed, none = json.loads(run("check", "flawed.yaml", "none.yaml", "--format", "json", cwd=folder).stdout)
    assert (flawed["served"], none["served"]) == (True, False)
    assert [(p["level"], p["line"], p["effect"]) for p in flawed["problems"]] == [("warning", 3, "it is empty")]


def test_mock_and_test_count_problems(folder: Path) -> None:
    """A run says on standard error how many problems a document has, and strict ones refuse it."""
    done = run("test", "flawed.yaml", "--mock", "--dry-run", cwd=folder)
    assert "1 problem in flawed.yaml: specduet check flawed.yaml shows it" in done.stderr
    for command in (["test", "flawed.yaml", "--mock", "--strict"], ["mock", "flawed.yaml", "--strict", "--port", "0"]):
        done = run(*command, cwd=folder)
        assert done.returncode == 2
        assert "flawed.yaml:3: a response has no 'description'" in done.stderr


def test_annotations_and_sarif_name_files_of_the_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Annotations and SARIF have file and line where the document lies below the current folder."""
    monkeypatch.chdir(folder)
    path = folder / "flawed.yaml"
    documents = [CheckedDocument(path, check_document(path))]
    assert render_github(documents) == "::warning file=flawed.yaml,line=3::a response has no 'description'; it is empty"
    result = json.loads(render_sarif(documents))["runs"][0]["results"][0]
    place = result["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == ("flawed.yaml", 3)


def test_names_of_a_document_are_escaped(folder: Path) -> None:
    """Escape sequences and line breaks of a document reach neither terminal nor runner."""
    path = folder / "hostile.yaml"
    path.write_text(GOOD.replace("/a:", '"/\\e[31m\\n::error::x":').replace("'200'", "'2'"), encoding="utf-8")
    documents = [CheckedDocument(path, check_document(path))]
    for text in (render_text(documents), render_github(documents), count_problems(path, documents[0].problems)):
        assert "\x1b" not in text
        assert not [line for line in text.splitlines() if line.startswith("::error")]
    shown = run("apis", "hostile.yaml", cwd=folder).stdout
    assert "\x1b" not in shown
    assert "\n::error" not in shown
