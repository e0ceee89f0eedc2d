"""SD108: errors with a status that the document does not have, which clients meet all the same."""

from collections.abc import Iterator

from specduet.contracts.clauses.judged_exchanges import find_early_rejections, is_documented, judged_exchanges
from specduet.contracts.clauses.refusal import check_refusal_status
from specduet.contracts.clauses.registry import Subject, clause
from specduet.contracts.clauses.schema_violations import unambiguous_exchanges
from specduet.contracts.findings import Finding
from specduet.contracts.oracle.media_types import find_content
from specduet.contracts.recording import Exchange
from specduet.specs import Operation

NOT_IMPLEMENTED = 501
_OF_ANY_API = frozenset({401, 403, 405, 406, 408, 429})
"""What any API may answer to a credential, a method, a header or a caller that is too fast."""

_REJECTIONS = frozenset({400, 422})


@clause(
    "SD108",
    "documented-error",
    "An error has a documented status.",
    specificity=5,
    basis="inferred",
)
def check_documented_error(subject: Subject) -> Iterator[Finding]:
    """Reports each undocumented 4xx and 501 once, with all operations that give it.

    Any API may answer 401, 403, 405, 406, 408 and 429, 404 to an id, 400 to a body that cannot be read, 415 to a media
    type that is not documented, and what a proxy answers to a request of unusual size or form. A range (``4XX``) or
    ``default`` documents all. Where no rejection of an invalid request is documented, 400 and 422 are what it gets.
    """
    early = find_early_rejections(subject) | _find_unreadable_bodies(subject) | _find_plain_rejections(subject)
    told = {finding.cause for finding in check_refusal_status(subject)}
    for exchange in unambiguous_exchanges(subject) if subject.operation.responses else ():
        status = exchange.status
        if not _is_checked(status) or str(status) in told or exchange.number in early:
            continue
        if subject.operation.response_for(status) is None and not _may_any_api_answer(subject.operation, exchange):
            documented = ", ".join(subject.operation.responses)
            yield subject.make_finding(
                exchange,
                pointer=f"{subject.operation.pointer}/responses",
                where="status",
                value=status,
                cause=str(status),
                shared=str(status),
                message=f"the response has the status {status}, but documented are {documented}",
            )


def _find_unreadable_bodies(subject: Subject) -> frozenset[int]:
    """Return the numbers of the exchanges that have 400 for a body that is missing, broken or of another media type."""
    body = subject.operation.body
    cases = judged_exchanges(subject) if body is not None else ()
    unread = (c for c in cases if any(p.verdict != "valid" and body and p.pointer == body.pointer for p in c.parts))
    return frozenset(case.exchange.number for case in unread if case.exchange.status == 400)


def _find_plain_rejections(subject: Subject) -> frozenset[int]:
    """Return the numbers of the exchanges that have 400 or 422 for a request that is not valid, as far as is known.

    None where the operation documents how it rejects one: then another status is worth a warning.
    """
    if any(is_documented(subject.operation, status) for status in _REJECTIONS):
        return frozenset()
    rejected = (case for case in judged_exchanges(subject) if case.exchange.status in _REJECTIONS)
    return frozenset(case.exchange.number for case in rejected if case.verdict != "valid")


def _is_checked(status: int) -> bool:
    return 400 <= status < 500 or status == NOT_IMPLEMENTED


def _may_any_api_answer(operation: Operation, exchange: Exchange) -> bool:
    if exchange.status in _OF_ANY_API or (exchange.status in {404, 410} and "{" in operation.path):
        return True
    if exchange.status != 415:
        return False
    sent = exchange.request.get_header("content-type") or ""
    return operation.body is None or find_content(operation.body.content, sent) is None
