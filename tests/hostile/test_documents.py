"""Documents that a hostile service offers: refused with a sentence, within the time of the run."""

import time

import pytest

from specduet.contracts.sending.target import Target
from specduet.contracts.session.remote_documents import fetch_document, find_document
from specduet.specs import SpecError
from tests.hostile.answers import ANSWERS
from tests.hostile.service import pack_body, serve


def test_a_document_that_was_cut_is_not_read() -> None:
    """17 MiB of a document, packed into little, are more than is read of one."""
    body = b'{"openapi": "3.1.0", "paths": {' + b" " * (17 * 2**20) + b"}}"
    with serve(pack_body(body)) as service, pytest.raises(SpecError, match="more than 16,777,216 bytes"):
        fetch_document(f"{service.url}/openapi.json")


@pytest.mark.parametrize("name", ["redirect-in-a-circle", "redirect-far", "deep-lists", "tls-alert", "tricks-as-keys"])
def test_what_is_no_document_is_refused(name: str) -> None:
    """A sentence, and no other error."""
    with serve(ANSWERS[name]) as service, pytest.raises(SpecError):
        fetch_document(f"{service.url}/openapi.json")


@pytest.mark.parametrize("name", ["silence", "slow-but-right", "odd-facts-of-pages"])
def test_the_search_ends_with_the_time_of_the_run(name: str) -> None:
    """A service that answers slowly, or not at all, does not make the search longer than the run may be."""
    with serve(ANSWERS[name]) as service:
        started = time.monotonic()
        assert find_document(Target.parse(service.url), 1.0) is None
        assert time.monotonic() - started < 25
