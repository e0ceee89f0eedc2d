"""Declarations of parameters and bodies that read more or less than they should, and probes that see it."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import Body, Header, Query
from pydantic import BaseModel, BeforeValidator, ConfigDict, create_model

from tests.catalogue.parameters import DeclaredParameter, FakeCrewType
from tests.catalogue.probe_client import CREDENTIALS, FaultProbe

Declarations = Mapping[str, Mapping[str, DeclaredParameter]]


def declare_query(op: str, name: str, base: Any, *metadata: Any, default: Any = None, **bounds: Any) -> Declarations:
    """Return the declaration of one query parameter: ``declare_query(NX1_LIST, "limit", int, default=100, le=100)``."""
    return {op: {name: (Annotated[(base, *metadata, Query(**bounds))], default)}}


def declare_header(op: str, name: str, base: Any, default: Any = None) -> Declarations:
    return {op: {name: (Annotated[(base, Header())], default)}}


def declare_body(config: ConfigDict | None = None, **fields: Any) -> Any:
    """Return the start's body with some fields otherwise: ``declare_body(crew_type=(str, ...))``."""
    whole: dict[str, Any] = {"crew_type": (FakeCrewType, ...), "task_input": (dict[str, Any], {}), **fields}
    model: type[BaseModel] = create_model("Body", __config__=config, **whole)
    return Annotated[model, Body()]


def read_or_default(default: Any, read: Callable[[Any], Any]) -> BeforeValidator:
    """Return a validator that takes the default for what cannot be read."""

    def read_value(value: Any) -> Any:
        try:
            return read(value)
        except (ValueError, TypeError):
            return default

    return BeforeValidator(read_value)


def lower_case(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def probe_accepted(query: Mapping[str, Any]) -> FaultProbe:
    """Return a probe that is true where a bad query is served."""
    return lambda client: client.get(query=query).status == 200


def probe_rejected(query: Mapping[str, Any]) -> FaultProbe:
    """Return a probe that is true where a good query is not served."""
    return lambda client: client.get(query=query).status != 200


def probe_body_accepted(body: Any, headers: Mapping[str, str] | None = None) -> FaultProbe:
    """Return a probe that is true where a bad body starts a run."""
    return lambda client: client.post(body, {**CREDENTIALS["nx1"], **(headers or {})}).status == 200


def probe_body_rejected(body: Any, headers: Mapping[str, str] | None = None) -> FaultProbe:
    """Return a probe that is true where a good body starts none."""
    return lambda client: client.post(body, {**CREDENTIALS["nx1"], **(headers or {})}).status != 200
