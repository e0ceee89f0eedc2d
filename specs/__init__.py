"""Bundled OpenAPI documents with their overlays, and the code that reads any document into the model."""

from specduet.specs.errors import SpecduetError, SpecError, TargetUnreachable, UsageError
from specduet.specs.loading import bundled, load, load_all
from specduet.specs.model import (
    Api,
    Body,
    Content,
    Header,
    Link,
    Operation,
    Parameter,
    Resource,
    Response,
    Role,
    SecurityScheme,
)
from specduet.specs.problems import Problem
from specduet.specs.schemas import Field, Schema, Schemas

__all__ = [
    "Api",
    "Body",
    "Content",
    "Field",
    "Header",
    "Link",
    "Operation",
    "Parameter",
    "Problem",
    "Resource",
    "Response",
    "Role",
    "Schema",
    "Schemas",
    "SecurityScheme",
    "SpecError",
    "SpecduetError",
    "TargetUnreachable",
    "UsageError",
    "bundled",
    "load",
    "load_all",
]
