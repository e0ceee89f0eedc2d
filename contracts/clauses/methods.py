"""SD111: what a path says of a method that it does not have."""

from collections.abc import Iterator

from specduet.contracts.clauses.registry import Subject, clause
from specduet.contracts.findings import Finding
from specduet.contracts.traces import UndeclaredMethod


@clause(
    "SD111", "allowed-methods", "A 405 names the methods that are allowed in Allow.", specificity=10, basis="inferred"
)
def check_allowed_methods(subject: Subject) -> Iterator[Finding]:
    """Sends ``TRACE`` to each path without a credential. A 405 has an ``Allow`` header (RFC 9110, 15.5.6); 401, 403,
    404 and 501 are right as well.
    """
    for trace in subject.find_traces(UndeclaredMethod):
        response = trace.exchange.response
        if response is not None and response.status == 405 and response.get_header("allow") is None:
            yield subject.make_finding(
                trace.exchange,
                where="header/Allow",
                value="(missing)",
                message=f"{trace.exchange.request.method} gets a 405 without the header Allow",
                shared="no Allow",
            )
