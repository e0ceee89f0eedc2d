"""Types that are made at run time as an application writes them in its source: models, enumerations, unions.

Models are deferred: pydantic builds them with the validator that they are part of, when every component is known.
"""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any, Literal, Union

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, RootModel, create_model


class _OpenModel(BaseModel):
    """Base of the models of objects."""

    model_config = ConfigDict(defer_build=True)


class _ClosedModel(BaseModel):
    """Base of the models of objects that have no other properties than those of their schema."""

    model_config = ConfigDict(defer_build=True, extra="forbid")


class _Root(RootModel[Any]):
    """Base of the models of values that are no objects."""

    model_config = ConfigDict(defer_build=True)


def make_model(name: str, properties: Mapping[str, tuple[Any, bool]], *, allows_others: bool) -> type[BaseModel]:
    """Return a model; each property has a type, and True if it is required."""
    fields: dict[str, Any] = {}
    for alias, (annotation, is_required) in properties.items():
        field = Field(alias=alias) if is_required else Field(default=None, alias=alias)
        fields[f"field_{len(fields)}"] = (annotation, field)  # the name of a property may be no identifier
    return create_model(name, __base__=_OpenModel if allows_others else _ClosedModel, **fields)


def make_root(name: str, annotation: Any) -> type[BaseModel]:
    """Return a model of the values of a type: to a model alone pydantic lets a type refer back."""
    return create_model(name, __base__=_Root, root=(annotation, ...))


def make_reference(components: Mapping[str, Any], pointer: str) -> Any:
    """Return a type that stands for a component that is not known before the validator is built."""

    def generate_schema(_cls: Any, _source: Any, handler: GetCoreSchemaHandler) -> Any:
        return handler.generate_schema(components[pointer])

    return type("Reference", (), {"__get_pydantic_core_schema__": classmethod(generate_schema)})


def make_literal(values: Iterable[Any]) -> Any:
    """Return ``Literal["a", "b"]`` for ``["a", "b"]``."""
    return Literal.__getitem__(tuple(values))


def make_union(choices: Iterable[Any]) -> Any:
    """Return ``int | None`` for ``[int, None]``, and ``int`` for ``[int]``."""
    return Union[tuple(choices)]  # noqa: UP007  # how many there are is only known now


def make_enum(name: str, values: list[Any]) -> Any:
    """Return an ``Enum`` whose members are text or numbers where all values are: ``class Order(str, Enum)``."""
    members = [(f"member_{index}", value) for index, value in enumerate(values)]
    kinds = {type(value) for value in values}
    if len(kinds) == 1 and kinds <= {str, int, float}:
        return Enum(name, members, type=kinds.pop())
    return Enum(name, members)


def is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
