"""Each law of writes and of versions is told by the clause that states it, and by a warning alone."""

import pytest

from tests.planted.faults import FAULTS
from tests.planted.measuring import judge_fault

LAWS = (
    "shop: PATCH /products/{id}: other fields are reset",
    "todo_lists: PUT /lists/{l}: what is not sent is kept",
    "blog: POST /posts/{s}/publish: nothing is published",
    "jobs: POST /jobs: Location leads nowhere",
    "wiki: PUT /pages/{p}: If-Match has no effect",
    "wiki: DELETE /pages/{p}: If-Match has no effect",
    "wiki: GET /pages/{p}: If-None-Match has no effect",
    "wiki: * /pages/{p}: the ETag never changes",
    "todo_lists: GET /lists/{l}/items/{i}: items are shown below every list",
)


@pytest.mark.parametrize("name", LAWS)
def test_a_broken_law_is_told(name: str) -> None:
    """A service that breaks one law gets a warning by its clause, which the same service without the fault does not."""
    verdict = judge_fault(name)
    code = FAULTS[name].codes[0]
    assert verdict.is_told, str(verdict)
    assert f"{code} [warning]" in verdict.told
    assert f"{code} [error]" not in verdict.told
