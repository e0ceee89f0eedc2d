"""Coverage of a run: what the service has shown and what it has not, reported beside the findings.

Only recorded responses and requests count: an enum member in a 2xx response, a parameter of a request that was sent.
Whatever was never seen was never tested.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from specduet.contracts.findings import to_text
from specduet.contracts.oracle import credentials, requests
from specduet.contracts.oracle.media_types import find_json_content
from specduet.contracts.oracle.schema_access import list_types, strip_null
from specduet.contracts.recording import NOT_JSON, Exchange, Recording
from specduet.specs import Api, Field, Operation, Parameter


@dataclass(frozen=True)
class FieldCoverage:
    """Counts of the values of one response field."""

    path: str
    """For example ``*/status``: ``*`` is any item of an array, or any value of a map."""
    pointer: str
    members: Mapping[str, int] = field(default_factory=dict)
    """How often each member of the enum came."""
    null: int | None = None
    """How often null came; None where the field is not nullable."""
    filled: int | None = None
    """How often a value came; None where the field is not nullable."""

    def list_gaps(self) -> Iterator[str]:
        unseen_members = [member for member, number in self.members.items() if not number]
        if unseen_members:
            yield f"{self.path} was never {' or '.join(map(to_text, unseen_members))}"
        if self.null == 0:
            yield f"{self.path} was never null"
        if self.filled == 0:
            yield f"{self.path} was never set"


@dataclass(frozen=True)
class ParameterCoverage:
    """Counts of the requests with a valid, invalid and lenient value of one parameter."""

    parameter: str
    """For example ``query/limit``, or ``body``."""
    pointer: str
    valid: int = 0
    invalid: int = 0
    lenient: int = 0
    breakable: bool = True
    """False for a parameter that cannot be invalid, such as a query parameter that may be any text."""

    def list_gaps(self) -> Iterator[str]:
        if not self.valid:
            yield f"{self.parameter} was never sent right"
        if not self.invalid and self.breakable:
            yield f"{self.parameter} was never sent wrong"


@dataclass(frozen=True)
class OperationCoverage:
    """Counts of one operation."""

    api: str
    operation: str
    sent: int
    """The number of requests."""
    answered: Mapping[str, int]
    """The number of responses by status, with ``0`` for requests without a response."""
    documented: Mapping[str, int]
    """The number of responses by documented status (``200``, ``4XX``, ``default``)."""
    fields: tuple[FieldCoverage, ...]
    parameters: tuple[ParameterCoverage, ...]
    schemes: Mapping[str, int] = field(default_factory=dict)
    """The number of requests with a credential of each security scheme that got a 2xx response."""

    @property
    def has_succeeded(self) -> bool:
        """True if any response was 2xx."""
        return any(status.startswith("2") for status in self.answered)

    def list_gaps(self) -> Iterator[str]:
        """Yield what was not seen, in short sentences without a subject: ``was never sent``.

        An operation without a 2xx response gets only one sentence, because it explains all others.
        """
        if not self.sent:
            yield "was never sent"
        elif not self.has_succeeded:
            status_counts = ", ".join(f"{count} of {status}" for status, count in self.answered.items())
            yield f"was never answered 2xx ({status_counts})"
        else:
            unseen_statuses = [s for s, count in self.documented.items() if not count and self._can_provoke(s)]
            if unseen_statuses:
                yield f"was never answered {', '.join(unseen_statuses)}"
            for field_coverage in self.fields:
                yield from field_coverage.list_gaps()
            for parameter in self.parameters:
                yield from parameter.list_gaps()
            yield from (f"no credential of {name} was accepted" for name, count in self.schemes.items() if not count)

    def _can_provoke(self, status: str) -> bool:
        """Return whether requests can bring a status about: no failure, no rate limit, no refusal of what fits all."""
        if status in {"429", "default"} or status.startswith("5"):
            return False
        is_breakable = any(parameter.breakable for parameter in self.parameters)
        return status not in {"400", "422"} or is_breakable or not self.parameters


@dataclass(frozen=True)
class Coverage:
    """Coverage of every operation in one run."""

    operations: tuple[OperationCoverage, ...] = ()

    @classmethod
    def from_recording(cls, apis: Sequence[Api], recording: Recording) -> "Coverage":
        return cls(tuple(_measure_operation(api, operation, recording) for api in apis for operation in api.operations))

    def limit_to(self, labels: Sequence[str]) -> "Coverage":
        """Return the coverage of the operations with these labels, of all where there is none."""
        return Coverage(tuple(o for o in self.operations if o.operation in labels)) if labels else self

    def list_gaps(self) -> Iterator[tuple[str, str, str]]:
        """Yield what was not seen: the name of the API, the label of the operation, and a short sentence."""
        for entry in self.operations:
            for gap in entry.list_gaps():
                yield entry.api, entry.operation, gap

    def to_json(self) -> dict[str, Any]:
        """Return the part of ``report.json``: every operation with its counts and its gaps."""
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
        if not response.status.startswith("2") or content is None or not content.has_schema:
            continue
        fields = [f for f in api.schemas.walk_fields(content.schema, content.pointer) if f.members or f.nullable]
        compared = [e.response for e in exchanges if e.response and e.is_success and e.response.is_compared]
        distinct = {response.content: response for response in compared} if fields else {}
        bodies = [value for response in distinct.values() if (value := response.json) is not NOT_JSON]
        counts = _count_values(fields, bodies)
        for entry, (members, null, filled) in zip(fields, counts, strict=True):
            yield FieldCoverage(
                "/".join(entry.path),
                entry.pointer,
                {str(member): members[str(member)] for member in _list_expected_members(api, operation, entry)},
                null if entry.nullable else None,
                filled if entry.nullable else None,
            )


def _list_expected_members(api: Api, operation: Operation, entry: Field) -> Sequence[Any]:
    """Return the enum members that responses can have: a row that was just created has the initial status."""
    creates = operation.behavior.creates
    status = api.resources[creates.resource].behavior.status if creates else None
    is_status = status is not None and entry.path == (status.field,) and status.initial in entry.members
    return [status.initial] if status is not None and is_status else entry.members


def _count_values(fields: Sequence[Field], bodies: Sequence[Any]) -> Iterator[tuple[Counter[str], int, int]]:
    """Yield for each field how often each enum member, null and any value came."""
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
    """Yield every value at a path, in which ``*`` is each item of an array or each value of a map."""
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
    """Return whether any request has an invalid value of a parameter.

    Any text is a valid string without further keywords, and a path parameter cannot be missing.
    """
    if parameter.required and parameter.location != "path":
        return True
    schema, _, _ = strip_null(api.request_schemas, parameter.schema, parameter.pointer)
    is_text = list_types(schema) in {(), ("string",)}
    return not is_text or bool({"format", "enum", "const", "pattern", "minLength", "maxLength"} & schema.keys())
