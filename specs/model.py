"""Model of one API, immutable: mock and contract suite read the same values.

Api ── operations ── Operation ── parameters ── Parameter
 │                       ├────── body ──────── Body ──── content: media type → Content
 │                       ├────── responses ─── Response ─ content: media type → Content, headers, links
 │                       └────── behavior ──── OperationBehavior: its x-specduet statements
 ├── resources ── Resource ── behavior
 ├── webhooks ─── Webhook ─── content, behavior: what the service sends to its callers
 ├── schemes ──── SecurityScheme
 └── schemas ──── Schemas: resolves references and compiles validators, by JSON pointer
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from specduet.specs.behavior import Added, ApiBehavior, OperationBehavior, ResourceBehavior
from specduet.specs.directions import Mark, drop_required
from specduet.specs.problems import Problem
from specduet.specs.schema_reader import SchemaReader
from specduet.specs.schemas import Schema, Schemas, escape_pointer
from specduet.specs.statement import Basis
from specduet.specs.webhook_statements import WebhookBehavior

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
    #: the document does not have it: the service promises nothing of it
    added: Added | None = None

    @property
    def default(self) -> Any:
        return self.schema.get("default")


@dataclass(frozen=True, slots=True)
class Content:
    """One media type of a body or response."""

    media_type: str
    #: empty where the document gives none
    schema: Schema
    #: leads to the schema, and to nothing where there is none
    pointer: str
    has_schema: bool = True
    #: the values of the examples by name, in their order; a single ``example`` is called "example"
    examples: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Header:
    """One documented header of a response; ``pointer`` leads to its schema."""

    name: str
    required: bool
    #: empty where the document gives none: ``pointer`` then leads to nothing
    schema: Schema
    pointer: str


@dataclass(frozen=True, slots=True)
class Link:
    """One documented link of a response: the operation that it leads to, and what its request has from this exchange.

    The values may be runtime expressions (OAS 3.1, 4.8.20.4): ``$response.body#/id``.
    """

    name: str
    #: operationId, or pointer of the operation: ``/paths/~1runs~1{id}/get``
    target: str
    #: by name, or by place and name (``path.id``)
    parameters: Mapping[str, Any]
    #: None where the link says nothing of a body
    body: Any
    pointer: str

    def leads_to(self, operation: "Operation") -> bool:
        at = f"/paths/{escape_pointer(operation.path)}/{operation.method.lower()}"
        return self.target in {operation.id, operation.pointer, at}


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
    #: by the names that the document writes, without Content-Type
    headers: Mapping[str, Header] = field(default_factory=dict)
    links: tuple[Link, ...] = ()

    @property
    def basis(self) -> Basis:
        return self.added.basis if self.added else "documented"


@dataclass(frozen=True, slots=True)
class SecurityScheme:
    """A security scheme: the credential is sent in ``field`` of ``location`` (header, query or cookie)."""

    name: str
    kind: str
    location: str
    field: str
    prefix: str
    pointer: str


@dataclass(frozen=True)
class Resource:
    """A kind of row: the schema at ``pointer`` and its x-specduet statements. Several may have one schema."""

    name: str
    #: leads to a component, or to a schema inside a response: ``/paths/~1pets/get/…/schema/items``
    pointer: str
    schema: Schema
    behavior: ResourceBehavior
    schemas: Schemas = field(repr=False, compare=False)
    #: neither the document nor an overlay states it
    is_inferred: bool = False

    @cached_property
    def property_pointers(self) -> Mapping[str, str]:
        """The pointers of the properties by name, those behind references and compositions (``allOf``) too."""
        return SchemaReader(self.schemas).properties_at(self.pointer)

    def locate_field(self, field: str) -> str:
        """Return the pointer of the property in which a field is (``status``, ``owner.id``), else that of the row."""
        return self.property_pointers.get(field.partition(".")[0], self.pointer)

    @cached_property
    def properties(self) -> Mapping[str, Schema]:
        """The schemas of the properties by name, as they are written at ``property_pointers``."""
        return {name: self.schemas.node_at(pointer) for name, pointer in self.property_pointers.items()}


RoleName = Literal["list", "create", "fetch", "replace", "update", "delete", "action", "other"]


@dataclass(frozen=True, slots=True)
class Role:
    """The part that an operation has in the life of a resource, and the sentences that witness it."""

    name: RoleName = "other"
    #: name of the resource, empty for none
    resource: str = ""
    #: name of the resource to whose rows these belong, empty for none
    parent: str = ""
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class Operation:
    """One method of one path.

    ``security`` lists the alternatives, each a tuple of scheme names that are needed together.
    """

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
    #: the path of the server, ``""`` or ``/v1``: never with a slash at its end
    base_path: str = ""
    role: Role = field(default_factory=Role)

    @property
    def full_path(self) -> str:
        """Path at which a server serves the operation: ``/v1/runs``."""
        return self.base_path + self.path

    @property
    def label(self) -> str:
        """Name of the operation in items, findings and reports: ``GET /runs``."""
        return f"{self.method} {self.path}"

    @property
    def basis(self) -> Basis:
        """Strongest basis that a finding on this operation can have."""
        return self.behavior.added.basis if self.behavior.added else "documented"

    def parameter(self, name: str, location: Location | None = None) -> Parameter | None:
        return next(
            (p for p in self.parameters if p.name == name and location in {None, p.location}),
            None,
        )

    def response_for(self, status: int) -> Response | None:
        """Return the documented response of a status: its code, else its range, else ``default`` (OAS 3.1, 4.8.16)."""
        for key in (str(status), f"{status // 100}XX", "default"):
            if key in self.responses:
                return self.responses[key]
        return None


@dataclass(frozen=True)
class Webhook:
    """A request that the service sends to its caller: of ``webhooks``, or of the ``callbacks`` of an operation."""

    #: its key: ``order.shipped``
    name: str
    method: str
    #: the JSON body; None where it has none
    content: Content | None
    pointer: str
    behavior: WebhookBehavior
    #: of a callback: the runtime expression of its address (OAS 3.1, 4.8.19), and the pointer of its operation
    url: str = ""
    operation: str = ""


@dataclass(frozen=True)
class Api:
    """One API: the document after its overlay, and everything read from it."""

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
    webhooks: tuple[Webhook, ...] = ()
    #: the files that it was read from: the document, its overlay, and those that they refer to
    files: tuple[Path, ...] = ()
    #: what is wrong with the document, in the order of the layers that found it
    problems: tuple[Problem, ...] = ()
    #: by ``readOnly`` and ``writeOnly``: the names that are not required in the other direction, by pointer of a schema
    dropped: Mapping[str, Mapping[str, list[str]]] = field(default_factory=dict)
    #: where this one's data have fewer values than requests may have: the API that reads requests
    accepted: "Api | None" = field(default=None, repr=False)

    @cached_property
    def request_schemas(self) -> Schemas:
        """Schemas in which no ``required`` names a readOnly property; ``schemas`` itself where there is none."""
        return self._schemas_without("readOnly") if self.accepted is None else self.accepted.request_schemas

    @cached_property
    def response_schemas(self) -> Schemas:
        """Schemas in which no ``required`` names a writeOnly property; ``schemas`` itself where there is none."""
        return self._schemas_without("writeOnly")

    def _schemas_without(self, mark: Mark) -> Schemas:
        dropped = self.dropped.get(mark)
        return Schemas(drop_required(self.document, dropped)) if dropped else self.schemas

    def operations_about(self, resource: str) -> Sequence[Operation]:
        """Return the operations with a statement that names a resource, in the order of the document."""
        return self._operations_by_resource.get(resource, ())

    @cached_property
    def _operations_by_resource(self) -> Mapping[str, Sequence[Operation]]:
        # grouped once: a mock asks several times for each resource (1,000 operations of 200 resources: 0.04 s less)
        found: dict[str, list[Operation]] = {}
        for operation in self.operations:
            if operation.behavior.subject is not None:
                found.setdefault(operation.behavior.subject.resource, []).append(operation)
        return found

    @cached_property
    def link_targets(self) -> Mapping[str, Sequence[tuple[Link, Operation]]]:
        """The links of each operation's responses by operationId, each with the operation to which it leads."""
        found: dict[str, list[tuple[Link, Operation]]] = {}
        for operation in self.operations:
            for link in (link for response in operation.responses.values() for link in response.links):
                targets = [(link, target) for target in self.operations if link.leads_to(target)]
                found.setdefault(operation.id, []).extend(targets[:1])
        return found

    def operation(self, operation_id: str) -> Operation:
        """Return the operation with this operationId. Raises ``KeyError`` where there is none."""
        for operation in self.operations:
            if operation.id == operation_id:
                return operation
        raise KeyError(operation_id)
