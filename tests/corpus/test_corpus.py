"""The corpus: small documents of one feature each, with the requests that are served and those that are refused."""

import re
from pathlib import Path

import pytest

from specduet.mocks import Settings, create_app
from specduet.specs import load
from specduet.specs.source import read_document
from tests.corpus.conversations import DOCUMENTS, FOLDER, ExpectedExchange


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(FOLDER).with_suffix("").as_posix())
def test_a_document_is_served_as_it_says(path: Path) -> None:
    """Its problems are those that it names, and each request gets the status, headers and body that it names."""
    api = load(path)
    mock = create_app([api], Settings(runs=5))
    own = read_document(path, [])
    patterns = own.get("x-problems", [])
    found = [str(problem) for problem in api.problems]
    assert len(found) == len(patterns), found
    assert all(re.search(pattern, problem) for pattern, problem in zip(patterns, found, strict=True)), found
    for expected in own["x-requests"]:
        ExpectedExchange(api, mock, expected).check()


def test_the_corpus_is_large() -> None:
    """There are at least 120 documents, and no two prove the same sentence."""
    titles = [load(path).title for path in DOCUMENTS]
    assert len(titles) >= 120
    assert len(set(titles)) == len(titles)
