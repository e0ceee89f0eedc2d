"""The model: one API's promise, immutable, as both readers see it.

Api ── operations ── Operation ── parameters ── Parameter
 │                       ├────── body ──────── Body ──── content: media type → Content
 │                       ├────── responses ─── Response ─ content: media type → Content
 │                       └────── words ─────── the statements of the vocabulary
 ├── resources ── Resource ── words
 ├── schemes ──── SecurityScheme
 └── schemas ──── Schemas: resolves references and compiles validators, by JSON pointer
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from specduet.specs.behavior import Added, ApiBehavior, Basis, OperationBehavior, ResourceBehavior
from specduet.specs.schemas import Schema, Schemas

Location = Literal["path", "query", "header", "cookie"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an operation; ``pointer`` leads to its schema."""

    name: str
    location: Location
    required: bool
    schema: Schema
    pointer: str
    style: str
    explode: bool

    @property
    def has_default(self) -> bool:
        return "default" in self.schema

    @property
    def default(self) -> Any:
        return self.schema.get("default")


@dataclass(frozen=True, slots=True)
class Content:
    """One media type of a body or response; ``schema`` is empty where the document gives none."""

    media_type: str
    schema: Schema
    pointer: str


@dataclass(frozen=True, slots=True)
class Body:
    required: bool
    content: Mapping[str, Content]
    pointer: str


@dataclass(frozen=True, slots=True)
class Response:
    """One documented answer; ``status`` is a code, a range (``4XX``) or ``default``."""

    status: str
    description: str
    content: Mapping[str, Content]
    pointer: str
    added: Added | None

    @property
    def basis(self) -> Basis:
        return self.added.basis if self.added else "documented"


@dataclass(frozen=True, slots=True)
class SecurityScheme:
    """How a credential is sent: ``location`` and ``field`` name the header, query or cookie that carries it."""

    name: str
    kind: str
    location: str
    field: str
    prefix: str
    pointer: str


@dataclass(frozen=True)
class Resource:
    """A kind of row: the schema at ``pointer`` and what the vocabulary says of it."""

    name: str
    pointer: str
    schema: Schema
    behavior: ResourceBehavior

    @cached_property
    def properties(self) -> Mapping[str, Schema]:
        properties: Mapping[str, Schema] = self.schema.get("properties", {})
        return properties


@dataclass(frozen=True)
class Operation:
    """One method of one path. ``security`` lists alternatives, each a set of scheme names that are needed together."""

    id: str
    method: str
    path: str
    summary: str
    parameters: tuple[Parameter, ...]
    body: Body | None
    responses: Mapping[str, Response]
    security: tuple[tuple[str, ...], ...]
    pointer: str
    behavior: OperationBehavior

    @property
    def label(self) -> str:
        """``GET /runs``: how the operation is called in items, findings and reports."""
        return f"{self.method} {self.path}"

    @property
    def basis(self) -> Basis:
        """Every finding on an operation that the overlay added is capped by the addition's basis."""
        return self.behavior.added.basis if self.behavior.added else "documented"

    def parameter(self, name: str, location: Location | None = None) -> Parameter | None:
        return next(
            (p for p in self.parameters if p.name == name and location in {None, p.location}),
            None,
        )

    def response_for(self, status: int) -> Response | None:
        """The documented response of a status: the code itself, else its range, else ``default`` (OAS 3.1, 4.8.16)."""
        for key in (str(status), f"{status // 100}XX", "default"):
            if key in self.responses:
                return self.responses[key]
        return None


@dataclass(frozen=True)
class Api:
    """One API: the document after its overlay, and everything that was read out of it."""

    name: str
    title: str
    version: str
    path: Path
    document: Mapping[str, Any]
    servers: tuple[str, ...]
    operations: tuple[Operation, ...]
    resources: Mapping[str, Resource]
    schemes: Mapping[str, SecurityScheme]
    behavior: ApiBehavior
    schemas: Schemas

    def operation(self, operation_id: str) -> Operation:
        """Raises ``KeyError`` for an id that the document does not have."""
        for operation in self.operations:
            if operation.id == operation_id:
                return operation
        raise KeyError(operation_id)
