"""What each API promises: OpenAPI documents, overlays in our vocabulary, and the code that reads them."""

from specs.errors import RunproofError, SpecError, TargetUnreachable, UsageError
from specs.loading import bundled, load
from specs.model import (
    Api,
    Body,
    Content,
    Operation,
    Parameter,
    Resource,
    Response,
    SecurityScheme,
)
from specs.schemas import Field, Schema, Schemas

__all__ = [
    "Api",
    "Body",
    "Content",
    "Field",
    "Operation",
    "Parameter",
    "Resource",
    "Response",
    "RunproofError",
    "Schema",
    "Schemas",
    "SecurityScheme",
    "SpecError",
    "TargetUnreachable",
    "UsageError",
    "bundled",
    "load",
]
