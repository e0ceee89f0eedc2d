"""Documents with faults in ``flawed/``: each is served, and its first lines say which problems are reported."""

import re
from pathlib import Path

import pytest

from specduet import specs
from specduet.specs.errors import NotOpenApi
from specduet.specs.loading import check_document

_FOLDER = Path(__file__).parent / "flawed"
_EXPECTED = re.compile(r"^# expected (\d+): (.*?); (.*)$", re.MULTILINE)
_DOCUMENTS = sorted(_FOLDER.glob("*.yaml"))


def read_expected(path: Path) -> list[tuple[int, str, str]]:
    """Return the (line, part of the message, part of the effect) that a document names in its comments."""
    return [(int(line), message, effect) for line, message, effect in _EXPECTED.findall(path.read_text())]


@pytest.mark.parametrize("path", _DOCUMENTS, ids=lambda path: path.stem)
def test_problems_are_those_expected(path: Path) -> None:
    """Check reports what the document's comments name, no more and no less, each with its line and effect."""
    found = check_document(path)
    expected = read_expected(path)
    assert expected
    assert len(found) == len(expected), [str(problem) for problem in found]
    for problem, (line, message, effect) in zip(found, expected, strict=True):
        assert (problem.file, problem.line) == (path, line), str(problem)
        assert message in problem.message
        assert effect in problem.effect


@pytest.mark.parametrize("path", _DOCUMENTS, ids=lambda path: path.stem)
def test_the_rest_is_served(path: Path) -> None:
    """Whatever is left compiles: each schema of each operation that the fault does not concern."""
    api = specs.load(path)
    assert api.problems
    assert api.operations
    for operation in api.operations:
        pointers = [p.pointer for p in operation.parameters]
        pointers += [c.pointer for r in operation.responses.values() for c in r.content.values() if c.has_schema]
        for pointer in pointers:
            api.schemas.validator_at(pointer).is_valid({})


@pytest.mark.parametrize("path", _DOCUMENTS[::5], ids=lambda path: path.stem)
def test_strict_refuses(path: Path) -> None:
    """Strict loading refuses the document with its first problem."""
    with pytest.raises(NotOpenApi) as caught:
        specs.load(path, strict=True)
    assert caught.value.line == read_expected(path)[0][0]
