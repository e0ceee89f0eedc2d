"""A finished run, made by hand: what every kind of report is written from."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from specduet.contracts.clauses import Clause
from specduet.contracts.coverage import Coverage, OperationCoverage
from specduet.contracts.findings import Finding
from specduet.contracts.recording import Exchange, ReceivedResponse, Recording, SentRequest
from specduet.contracts.reports.model import Report
from specduet.contracts.sending.redaction import Secrets
from specduet.specs import load

SECRET = "kept-to-itself-4711"  # noqa: S105 - made up
LIST = "GET /orders/{order_id}"
DOCUMENT = """\
openapi: 3.1.0
info: {title: Orders, version: 2.0.0}
paths:
  /orders/{order_id}:
    get:
      operationId: order
      parameters:
        - {name: order_id, in: path, required: true, schema: {type: string}}
      responses:
        '200':
          description: The order
          content: {application/json: {schema: {$ref: '#/components/schemas/Order'}}}
components:
  schemas:
    Order:
      type: object
      properties:
        state: {type: string, enum: [open, paid]}
"""
POINTER = "/components/schemas/Order/properties/state"

CLAUSES = (
    Clause("SD201", "status-enum", "The status is a documented member.", 30, "documented", lambda _: ()),
    Clause("SD501", "limit-kept", "An answer holds no more rows than asked for.", 10, "documented", lambda _: ()),
)


def exchange(number: int, status: int = 200, body: bytes = b'{"state":"lost"}') -> Exchange:
    sent = SentRequest(
        "GET",
        f"http://127.0.0.1:1/orders/1?key={SECRET}",
        "/orders/1",
        f"key={SECRET}",
        (("Authorization", f"Bearer {SECRET}"),),
        None,
    )
    received = ReceivedResponse(status, (("content-type", "application/json"), ("x-echo", SECRET)), body, 0.01)
    return Exchange(
        number, "orders", "order", sent, received if status else None, "", "probe", "given", 1_700_000_000.0
    )


def finding(**changes: Any) -> Finding:
    made = Finding(
        code="SD201",
        clause="status-enum",
        family="values",
        specificity=30,
        basis="documented",
        api="orders",
        operation=LIST,
        pointer=POINTER,
        where="/state",
        value='"lost"',
        message=f"the state is 'lost', which no member is (asked with {SECRET})",
        cause="",
        exchange=exchange(1),
        count=3,
        curl="curl http://127.0.0.1:1/orders/1",
    )
    return replace(made, **changes)


@pytest.fixture
def document(tmp_path: Path) -> Path:
    """A small document on disk."""
    path = tmp_path / "orders.yaml"
    path.write_text(DOCUMENT, encoding="utf-8")
    return path


@pytest.fixture
def make_finding() -> Callable[..., Finding]:
    return finding


@pytest.fixture
def make_report(document: Path) -> Callable[..., Report]:
    """A report of one run on the small document; a keyword replaces a part of it."""

    def make(**changes: Any) -> Report:
        binary = exchange(2, body=b"\xff\x00" + SECRET.encode())
        seen = OperationCoverage("orders", LIST, 2, {"200": 2}, {"200": 2}, (), ())
        made = Report(
            target="http://127.0.0.1:1",
            apis=(load(document),),
            clauses=CLAUSES,
            seed=1,
            profile="smoke",
            fail_on="error",
            started=datetime(2026, 11, 22, tzinfo=UTC),
            elapsed_s=1.25,
            recording=Recording([exchange(1), binary, exchange(3, status=0)]),
            findings=(finding(), finding(code="SD501", clause="limit-kept", basis="inferred", where="query/limit")),
            coverage=Coverage((seen, replace(seen, operation="GET /never", sent=0))),
            secrets=Secrets([SECRET]),
            exit_code=1,
        )
        return replace(made, **changes)

    return make


@pytest.fixture
def secret() -> str:
    return SECRET
