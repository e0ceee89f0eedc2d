"""What was seen, and what was not: an honest account beside the findings.

Only what the service really showed counts: an enum member in an answer that was 2xx, a parameter in a request that
went out. What was never seen was never tested.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from specduet.contracts.oracle import credentials, requests
from specduet.contracts.oracle.media_types import find_json_content
from specduet.contracts.recording import NOT_JSON, Exchange, Recording
from specduet.specs import Api, Field, Operation, Parameter


@dataclass(frozen=True)
class FieldCoverage:
    """A field of an answer: how often each of ``members`` came, and ``null_count`` and ``filled_count`` where it is nullable."""

    path: str
    pointer: str
    members: Mapping[str, int] = field(default_factory=dict)
    null: int | None = None
    filled: int | None = None

    def list_gaps(self) -> Iterator[str]:
        unseen_members = [member for member, number in self.members.items() if not number]
        if unseen_members:
            yield f"{self.path} was never {', '.join(unseen_members)}"
        if self.null == 0:
            yield f"{self.path} was never null"
        if self.filled == 0:
            yield f"{self.path} was never set"


@dataclass(frozen=True)
class ParameterCoverage:
    """How many requests had a parameter (``query/limit``, ``body``) right, wrong, or so that servers may differ."""

    parameter: str
    pointer: str
    valid: int = 0
    invalid: int = 0
    lenient: int = 0
    breakable: bool = True

    def list_gaps(self) -> Iterator[str]:
        if not self.valid:
            yield f"{self.parameter} was never sent right"
        if not self.invalid and self.breakable:
            yield f"{self.parameter} was never sent wrong"


@dataclass(frozen=True)
class OperationCoverage:
    """One operation: requests sent, answers by status (0: none came), and what is documented but never came.

    ``schemes``: how many requests with a credential of each security scheme were answered 2xx.
    """

    api: str
    operation: str
    sent: int
    answered: Mapping[str, int]
    documented: Mapping[str, int]
    fields: tuple[FieldCoverage, ...]
    parameters: tuple[ParameterCoverage, ...]
    schemes: Mapping[str, int] = field(default_factory=dict)

    @property
    def has_succeeded(self) -> bool:
        """Whether it was ever answered 2xx."""
        return any(status.startswith("2") for status in self.answered)

    def list_gaps(self) -> Iterator[str]:
        """What was not seen, in short sentences, the gravest first."""
        if not self.sent:
            yield "was never sent"
        elif not self.has_succeeded:
            status_counts = ", ".join(f"{count} of {status}" for status, count in self.answered.items())
            yield f"was never answered 2xx ({status_counts})"
        else:
            unseen_statuses = [status for status, count in self.documented.items() if not count]
            if unseen_statuses:
                yield f"was never answered {', '.join(unseen_statuses)}"
            for field_coverage in self.fields:
                yield from field_coverage.list_gaps()
            for parameter in self.parameters:
                yield from parameter.list_gaps()
            yield from (f"nobody was let in by {name}" for name, count in self.schemes.items() if not count)


@dataclass(frozen=True)
class Coverage:
    """What one run saw of every operation."""

    operations: tuple[OperationCoverage, ...] = ()

    @classmethod
    def from_recording(cls, apis: Sequence[Api], recording: Recording) -> "Coverage":
        return cls(tuple(_measure_operation(api, operation, recording) for api in apis for operation in api.operations))

    def list_gaps(self) -> Iterator[tuple[str, str, str]]:
        """What was not seen: the API, the operation, and a short sentence."""
        for entry in self.operations:
            for gap in entry.list_gaps():
                yield entry.api, entry.operation, gap

    def to_json(self) -> dict[str, Any]:
        """For ``report.json``: every operation with its counts and the sentences of its gaps."""
        return {
            "operations": [
                {
                    **asdict(entry),
                    "fields": [asdict(part) for part in entry.fields],
                    "parameters": [asdict(part) for part in entry.parameters],
                    "succeeded": entry.has_succeeded,
                    "not_seen": list(entry.list_gaps()),
                }
                for entry in self.operations
            ]
        }


def _measure_operation(api: Api, operation: Operation, recording: Recording) -> OperationCoverage:
    exchanges = list(recording.find_exchanges(api.name, operation.id))
    status_counts = Counter(str(exchange.status) for exchange in exchanges)
    documented_counts: Counter[str] = Counter(dict.fromkeys(operation.responses, 0))
    for exchange in exchanges:
        response = operation.response_for(exchange.status) if exchange.response else None
        if response is not None:
            documented_counts[response.status] += 1
    return OperationCoverage(
        api=api.name,
        operation=operation.label,
        sent=len(exchanges),
        answered=dict(sorted(status_counts.items())),
        documented=dict(documented_counts),
        fields=tuple(_measure_fields(api, operation, exchanges)),
        parameters=tuple(_measure_parameters(api, operation, recording)),
        schemes=_count_schemes(api, operation, exchanges),
    )


def _count_schemes(api: Api, operation: Operation, exchanges: Sequence[Exchange]) -> dict[str, int]:
    accepted_credentials = [
        credentials.classify_credentials(api, operation, e.request) for e in exchanges if e.is_success
    ]
    names = {name for states in accepted_credentials for name in states}
    return {name: sum(states[name] == "given" for states in accepted_credentials) for name in sorted(names)}


# ---------------------------------------------------------------------------------------------------- fields


def _measure_fields(api: Api, operation: Operation, exchanges: Sequence[Exchange]) -> Iterator[FieldCoverage]:
    for response in operation.responses.values():
        content = find_json_content(response.content)
        if not response.status.startswith("2") or content is None:
            continue
        bodies = {e.response.body: e.json for e in exchanges if e.response and e.is_success and e.json is not NOT_JSON}
        fields = [f for f in api.schemas.walk_fields(content.schema, content.pointer) if f.members or f.nullable]
        counts = _count_values(fields, list(bodies.values()))
        for entry, (members, null, filled) in zip(fields, counts, strict=True):
            yield FieldCoverage(
                "/".join(entry.path),
                entry.pointer,
                {str(member): members[str(member)] for member in _list_expected_members(api, operation, entry)},
                null if entry.nullable else None,
                filled if entry.nullable else None,
            )


def _list_expected_members(api: Api, operation: Operation, entry: Field) -> Sequence[Any]:
    """The members that a field may be seen with: what is started just now is in its initial status."""
    creates = operation.behavior.creates
    status = api.resources[creates.resource].behavior.status if creates else None
    return (
        [status.initial]
        if status and entry.path == (status.field,) and status.initial in entry.members
        else entry.members
    )


def _count_values(fields: Sequence[Field], bodies: Sequence[Any]) -> Iterator[tuple[Counter[str], int, int]]:
    for entry in fields:
        members: Counter[str] = Counter()
        null_count = filled_count = 0
        for body in bodies:
            for value in _find_values(body, entry.path):
                if value is None:
                    null_count += 1
                else:
                    filled_count += 1
                    if entry.members:
                        members[str(value)] += 1
        yield members, null_count, filled_count


def _find_values(value: Any, path: tuple[str, ...]) -> Iterator[Any]:
    """Every value at a path, ``*`` being each item of an array or value of a map."""
    if not path:
        yield value
    elif path[0] == "*":
        for inner in value if isinstance(value, list) else value.values() if isinstance(value, dict) else ():
            yield from _find_values(inner, path[1:])
    elif isinstance(value, dict) and path[0] in value:
        yield from _find_values(value[path[0]], path[1:])


# ------------------------------------------------------------------------------------------------ parameters


def _measure_parameters(api: Api, operation: Operation, recording: Recording) -> Iterator[ParameterCoverage]:
    counts: dict[tuple[str, str], Counter[str]] = {}
    for _, parts in requests.classify_exchanges(api, operation, recording):
        verdicts: dict[tuple[str, str], str] = {}
        for part in parts:
            key = (str(part.location), "" if part.location == "body" else part.name)
            verdicts[key] = max(verdicts.get(key, "valid"), part.verdict, key=_VERDICTS_BY_SEVERITY.index)
        for key, verdict in verdicts.items():
            counts.setdefault(key, Counter())[verdict] += 1
    for parameter in operation.parameters:
        verdict_counts = counts.get((parameter.location, parameter.name), Counter())
        where = f"{parameter.location}/{parameter.name}"
        counted = verdict_counts["valid"], verdict_counts["invalid"], verdict_counts["lenient"]
        yield ParameterCoverage(where, parameter.pointer, *counted, can_be_invalid(api, parameter))
    if operation.body is not None:
        verdict_counts = counts.get(("body", ""), Counter())
        yield ParameterCoverage(
            "body",
            operation.body.pointer,
            verdict_counts["valid"],
            verdict_counts["invalid"],
            verdict_counts["lenient"],
        )


_VERDICTS_BY_SEVERITY = ("valid", "lenient", "invalid")


def can_be_invalid(api: Api, parameter: Parameter) -> bool:
    """Whether a parameter can be invalid at all: any text is a string, and what is in the path cannot be missing."""
    if parameter.required and parameter.location != "path":
        return True
    schema, _, _ = api.schemas.split_null(parameter.schema, parameter.pointer)
    is_text = schema.get("type", "string") == "string"
    return not is_text or bool({"format", "enum", "const", "pattern", "minLength", "maxLength"} & schema.keys())
