"""What was seen, and what was not: an honest account beside the findings.

Only what the service really showed counts: an enum member in an answer that was 2xx, a parameter in a request that
went out. What was never seen was never tested.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from specduet.contracts.oracle import credentials, requests
from specduet.contracts.oracle.media_types import json_content
from specduet.contracts.recording import NOT_JSON, Exchange, Recording
from specduet.specs import Api, Field, Operation, Parameter


@dataclass(frozen=True)
class FieldSeen:
    """A field of an answer: how often each of ``members`` came, and ``null`` and ``filled`` where it is nullable."""

    path: str
    pointer: str
    members: Mapping[str, int] = field(default_factory=dict)
    null: int | None = None
    filled: int | None = None

    def gaps(self) -> Iterator[str]:
        unseen = [member for member, number in self.members.items() if not number]
        if unseen:
            yield f"{self.path} was never {', '.join(unseen)}"
        if self.null == 0:
            yield f"{self.path} was never null"
        if self.filled == 0:
            yield f"{self.path} was never set"


@dataclass(frozen=True)
class ParameterSeen:
    """How many requests had a parameter (``query/limit``, ``body``) right, wrong, or so that servers may differ."""

    parameter: str
    pointer: str
    valid: int = 0
    invalid: int = 0
    lenient: int = 0
    breakable: bool = True

    def gaps(self) -> Iterator[str]:
        if not self.valid:
            yield f"{self.parameter} was never sent right"
        if not self.invalid and self.breakable:
            yield f"{self.parameter} was never sent wrong"


@dataclass(frozen=True)
class OperationSeen:
    """One operation: requests sent, answers by status (0: none came), and what is documented but never came.

    ``schemes``: how many requests with a credential of each security scheme were answered 2xx.
    """

    api: str
    operation: str
    sent: int
    answered: Mapping[str, int]
    documented: Mapping[str, int]
    fields: tuple[FieldSeen, ...]
    parameters: tuple[ParameterSeen, ...]
    schemes: Mapping[str, int] = field(default_factory=dict)

    @property
    def succeeded(self) -> bool:
        """Whether it was ever answered 2xx."""
        return any(status.startswith("2") for status in self.answered)

    def gaps(self) -> Iterator[str]:
        """What was not seen, in short sentences, the gravest first."""
        if not self.sent:
            yield "was never sent"
        elif not self.succeeded:
            seen = ", ".join(f"{number} of {status}" for status, number in self.answered.items())
            yield f"was never answered 2xx ({seen})"
        else:
            unseen = [status for status, number in self.documented.items() if not number]
            if unseen:
                yield f"was never answered {', '.join(unseen)}"
            for seen_field in self.fields:
                yield from seen_field.gaps()
            for parameter in self.parameters:
                yield from parameter.gaps()
            yield from (f"nobody was let in by {name}" for name, number in self.schemes.items() if not number)


@dataclass(frozen=True)
class Coverage:
    """What one run saw of every operation."""

    operations: tuple[OperationSeen, ...] = ()

    @classmethod
    def of(cls, apis: Sequence[Api], recording: Recording) -> "Coverage":
        return cls(tuple(_seen(api, operation, recording) for api in apis for operation in api.operations))

    def gaps(self) -> Iterator[tuple[str, str, str]]:
        """What was not seen: the API, the operation, and a short sentence."""
        for entry in self.operations:
            for gap in entry.gaps():
                yield entry.api, entry.operation, gap

    def as_json(self) -> dict[str, Any]:
        """For ``report.json``: every operation with its counts and the sentences of its gaps."""
        return {
            "operations": [
                {
                    **asdict(entry),
                    "fields": [asdict(one) for one in entry.fields],
                    "parameters": [asdict(one) for one in entry.parameters],
                    "succeeded": entry.succeeded,
                    "not_seen": list(entry.gaps()),
                }
                for entry in self.operations
            ]
        }


def _seen(api: Api, operation: Operation, recording: Recording) -> OperationSeen:
    exchanges = list(recording.of(api.name, operation.id))
    answered = Counter(str(exchange.status) for exchange in exchanges)
    documented: Counter[str] = Counter(dict.fromkeys(operation.responses, 0))
    for exchange in exchanges:
        response = operation.response_for(exchange.status) if exchange.received else None
        if response is not None:
            documented[response.status] += 1
    return OperationSeen(
        api=api.name,
        operation=operation.label,
        sent=len(exchanges),
        answered=dict(sorted(answered.items())),
        documented=dict(documented),
        fields=tuple(_fields(api, operation, exchanges)),
        parameters=tuple(_parameters(api, operation, exchanges)),
        schemes=_schemes(api, operation, exchanges),
    )


def _schemes(api: Api, operation: Operation, exchanges: Sequence[Exchange]) -> dict[str, int]:
    let_in = [credentials.states(api, operation, e.sent) for e in exchanges if e.succeeded]
    names = {name for states in let_in for name in states}
    return {name: sum(states[name] == "given" for states in let_in) for name in sorted(names)}


# ---------------------------------------------------------------------------------------------------- fields


def _fields(api: Api, operation: Operation, exchanges: Sequence[Exchange]) -> Iterator[FieldSeen]:
    for response in operation.responses.values():
        content = json_content(response.content)
        if not response.status.startswith("2") or content is None:
            continue
        bodies = {e.received.body: e.json for e in exchanges if e.received and e.succeeded and e.json is not NOT_JSON}
        known = [f for f in api.schemas.walk_fields(content.schema, content.pointer) if f.members or f.nullable]
        counts = _counted(known, list(bodies.values()))
        for entry, (members, null, filled) in zip(known, counts, strict=True):
            yield FieldSeen(
                "/".join(entry.path),
                entry.pointer,
                {str(member): members[str(member)] for member in _expected(api, operation, entry)},
                null if entry.nullable else None,
                filled if entry.nullable else None,
            )


def _expected(api: Api, operation: Operation, entry: Field) -> Sequence[Any]:
    """The members that a field may be seen with: what is started just now is in its initial status."""
    creates = operation.behavior.creates
    status = api.resources[creates.resource].behavior.status if creates else None
    return (
        [status.initial]
        if status and entry.path == (status.field,) and status.initial in entry.members
        else entry.members
    )


def _counted(fields: Sequence[Field], bodies: Sequence[Any]) -> Iterator[tuple[Counter[str], int, int]]:
    for entry in fields:
        members: Counter[str] = Counter()
        null = filled = 0
        for body in bodies:
            for value in _at(body, entry.path):
                if value is None:
                    null += 1
                else:
                    filled += 1
                    if entry.members:
                        members[str(value)] += 1
        yield members, null, filled


def _at(value: Any, path: tuple[str, ...]) -> Iterator[Any]:
    """Every value at a path, ``*`` being each item of an array or value of a map."""
    if not path:
        yield value
    elif path[0] == "*":
        for inner in value if isinstance(value, list) else value.values() if isinstance(value, dict) else ():
            yield from _at(inner, path[1:])
    elif isinstance(value, dict) and path[0] in value:
        yield from _at(value[path[0]], path[1:])


# ------------------------------------------------------------------------------------------------ parameters


def _parameters(api: Api, operation: Operation, exchanges: Sequence[Exchange]) -> Iterator[ParameterSeen]:
    counts: dict[tuple[str, str], Counter[str]] = {}
    for exchange in exchanges:
        worst: dict[tuple[str, str], str] = {}
        for part in requests.judge(api, operation, exchange):
            key = (str(part.location), "" if part.location == "body" else part.name)
            worst[key] = max(worst.get(key, "valid"), part.verdict, key=_ORDER.index)
        for key, verdict in worst.items():
            counts.setdefault(key, Counter())[verdict] += 1
    for parameter in operation.parameters:
        seen = counts.get((parameter.location, parameter.name), Counter())
        where = f"{parameter.location}/{parameter.name}"
        counted = seen["valid"], seen["invalid"], seen["lenient"]
        yield ParameterSeen(where, parameter.pointer, *counted, can_be_wrong(api, parameter))
    if operation.body is not None:
        seen = counts.get(("body", ""), Counter())
        yield ParameterSeen("body", operation.body.pointer, seen["valid"], seen["invalid"], seen["lenient"])


_ORDER = ("valid", "lenient", "invalid")


def can_be_wrong(api: Api, parameter: Parameter) -> bool:
    """Whether a parameter can be invalid at all: any text is a string, and what is in the path cannot be missing."""
    if parameter.required and parameter.location != "path":
        return True
    schema, _, _ = api.schemas.split_null(parameter.schema, parameter.pointer)
    plain = schema.get("type", "string") == "string"
    return not plain or bool({"format", "enum", "const", "pattern", "minLength", "maxLength"} & schema.keys())
