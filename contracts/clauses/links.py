"""SD6xx: the links that the document has (OAS 3.1, 4.8.20)."""

from collections.abc import Iterator

from specduet.contracts.clauses.judged_exchanges import NOT_FOUND_STATUSES
from specduet.contracts.clauses.registry import Subject, clause
from specduet.contracts.findings import Finding, to_text
from specduet.contracts.oracle.runtime_expressions import evaluate_value
from specduet.contracts.recording import ABSENT
from specduet.contracts.traces import FollowedLink
from specduet.specs import Operation

_REFUSALS = frozenset({400, 405, 422})


@clause("SD635", "link-leads", "A documented link leads to its operation.", basis="inferred")
def check_link_leads(subject: Subject) -> Iterator[Finding]:
    """Sends the request that the link describes, with the values of a 2xx response, and once more after a pause.

    It may be refused for its state (409), or for what it has beside the values of the link. What it leads to may be
    hidden from the caller, unless he has created it, or the operation has shown him something else.
    """
    for trace in subject.find_traces(FollowedLink):
        target, status = subject.api.operation(trace.target), trace.exchange.status
        if _is_broken(subject, trace, target):
            given = _describe_given(subject, trace)
            message = f"the link {trace.link.name} leads to {target.label}{given}, which answers {status}"
            yield subject.make_finding(
                trace.exchange,
                message=message,
                pointer=trace.link.pointer,
                value=status,
                cause=f"{trace.link.name} {status}",
                basis="inferred",
                is_proven=True,
            )


def _is_broken(subject: Subject, trace: FollowedLink, target: Operation) -> bool:
    """Return whether the values of a link are to blame for the response."""
    given = {key.rpartition(".")[2] for key in trace.link.parameters} | set(trace.link.parameters)
    if not all(parameter.name in given for parameter in target.parameters if parameter.location == "path"):
        return False
    if trace.exchange.status in NOT_FOUND_STATUSES:
        is_own = subject.operation.method == "POST" and trace.source.status in {200, 201}
        return is_own or any(e.is_success for e in subject.recording.find_exchanges(subject.api.name, target.id))
    has_more = target.body is not None and trace.link.body is None
    has_more = has_more or any(p.required and p.name not in given for p in target.parameters)
    return trace.exchange.status in _REFUSALS and not has_more


def _describe_given(subject: Subject, trace: FollowedLink) -> str:
    """Return the values that a link has given: `` with id "a1"``."""
    values = {
        key: evaluate_value(subject.operation, trace.source, value) for key, value in trace.link.parameters.items()
    }
    shown = [f"{key} {to_text(value)}" for key, value in values.items() if value is not ABSENT]
    return f" with {' and '.join(shown)}" if shown else ""
