"""Sentences for the operator about a run as a whole: what got no response, and why a run proves nothing."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import urlsplit

from specduet.contracts.recording import DOWN_STATUSES, Exchange, Recording
from specduet.contracts.sending.sender import Sender
from specduet.specs import Api

_UNSERVED_BYTES = 1000
"""Bytes in which the mock says that it could make no value."""
_MAX_SENTENCES = 3
"""Operations that are named in a sentence; the report has a table of all."""


def describe_unanswered(apis: Sequence[Api], recording: Recording) -> Iterator[str]:
    """Yield one sentence on the requests that got no complete response, with their operations, if there are any."""
    failed = [exchange for exchange in recording.exchanges if exchange.response is None]
    kinds = Counter(exchange.failure.partition(":")[0] for exchange in failed)
    if kinds:
        labels = {(api.name, operation.id): operation.label for api in apis for operation in api.operations}
        names = list(dict.fromkeys(labels[e.api, e.operation] for e in failed if (e.api, e.operation) in labels))
        more = f" and {len(names) - _MAX_SENTENCES} more operations" if len(names) > _MAX_SENTENCES else ""
        kind_counts = ", ".join(
            f"{kind} {number} times" if number > 1 else kind for kind, number in kinds.most_common()
        )
        places = f" ({', '.join(names[:_MAX_SENTENCES])}{more})" if names else ""
        count = f"{kinds.total()} of {len(recording.exchanges)} requests"
        yield f"{count} got no complete response: {kind_counts}{places}."


def describe_long_bodies(recording: Recording) -> Iterator[str]:
    """Yield a sentence on the bodies that were too long to be judged in every respect, if there are any."""
    responses = [e.response for e in recording.exchanges if e.response is not None]
    cut = sum(response.is_cut for response in responses)
    if cut:
        yield f"{cut} of {len(responses)} bodies were longer than what is kept of one: only their beginning is judged."
    alone = sum(not response.is_compared for response in responses) - cut
    if alone:
        yield f"{alone} of {len(responses)} bodies were so large that they were judged alone, not beside the others."


def is_unserved(exchange: Exchange) -> bool:
    """Return whether the mock says that it could make no value of a schema."""
    if exchange.response is None or exchange.status != 501:
        return False
    return b"could be made" in exchange.response.body[:_UNSERVED_BYTES]


def describe_unserved(apis: Sequence[Api], recording: Recording) -> Iterator[str]:
    """Yield a sentence for each operation for which the mock has no valid response."""
    for api in apis:
        for operation in api.operations:
            if any(map(is_unserved, recording.find_exchanges(api.name, operation.id))):
                yield f"{operation.label}: no value that the mock made satisfies the schema of a response (501)."


def _responds_without_success(api: Api, recording: Recording) -> bool:
    """Return whether an operation that documents no 2xx, but redirects or errors alone, responds as documented."""
    for operation in api.operations:
        if operation.responses and not any(status[:1] in {"2", "d"} for status in operation.responses):
            statuses = {str(exchange.status) for exchange in recording.find_exchanges(api.name, operation.id)}
            if statuses & operation.responses.keys():
                return True
    return False


def is_all_missing(recording: Recording) -> bool:
    """Return whether every response is a 404: then nothing of the API is there."""
    return _collect_statuses(recording) == {404}


def is_all_down(recording: Recording) -> bool:
    """Return whether every response says that the service behind the address is not there now (502, 503, 504)."""
    statuses = _collect_statuses(recording)
    return bool(statuses) and statuses <= DOWN_STATUSES


def _collect_statuses(recording: Recording) -> set[int]:
    return {exchange.status for exchange in recording.exchanges if exchange.response is not None}


def _describe_base_path(senders: Sequence[Sender]) -> str:
    """Return the question that an operator has to answer where every response is a 404."""
    addresses = (sender.address_of(sender.api.operations[0]) for sender in senders if sender.api.operations)
    paths = {urlsplit(address).path.rstrip("/") or "/" for address in addresses}
    return f"Every response was 404: is {' or '.join(sorted(paths))} the right base path?"


def explain_inconclusive(senders: Sequence[Sender], recording: Recording, missing_ids: Iterable[str]) -> str:
    """Return why a run without a single 2xx response proves nothing, and what to do; empty if there was one.

    ``missing_ids`` are sentences on the operations that need an unknown id.
    """
    if any(exchange.is_success for exchange in recording.exchanges):
        return ""
    if any(_responds_without_success(sender.api, recording) for sender in senders):
        return ""
    statuses = Counter(e.status for e in recording.exchanges if e.credentials in {"given", "placeholder"})
    if statuses[401] + statuses[403] > sum(statuses.values()) / 2:
        none_given = any(e.credentials == "placeholder" for e in recording.exchanges)
        reasons = ["No credential was given: give one with -H or --auth."] if none_given else [_CREDENTIAL_REJECTED]
    elif statuses:
        status_counts = ", ".join(f"{number} of {status or 'no status'}" for status, number in statuses.most_common())
        sentences = list(missing_ids)
        reasons = sentences[:_MAX_SENTENCES]
        reasons += [f"{len(sentences) - _MAX_SENTENCES} more need ids."] if len(sentences) > _MAX_SENTENCES else []
        if is_all_missing(recording):
            reasons.append(_describe_base_path(senders))
        elif is_all_down(recording):
            reasons = [f"What is behind this address is down: responses were {status_counts}."]
        else:
            reasons.append(f"Responses were: {status_counts}.")
    else:
        reasons = ["No operation could be sent."]
    return " ".join(["No response was 2xx, so the run proves nothing.", *reasons])


_CREDENTIAL_REJECTED = "The credential that was given is rejected (401, 403)."
