"""Rows that stay when a document has changed."""

from collections.abc import Mapping
from typing import Any

from specduet.mocks.world import World
from specduet.mocks.world.indexed_fields import HIDDEN_PREFIX, get_field_key
from specduet.specs import Api, Resource, UsageError


def keep_rows(state: Mapping[str, list[Any]], api: Api, world: World) -> None:
    """Put those rows of a state into the world of an API that fit it; a resource that is no more has none."""
    for name, rows in state.items():
        resource = api.resources.get(name)
        if resource is None:
            continue
        try:
            world.replace_state({name: [row for row in rows if _is_fitting(api, resource, row)]})
        except UsageError:  # two rows with one id, now that another field is the id
            continue


def _is_fitting(api: Api, resource: Resource, row: Mapping[str, Any]) -> bool:
    """Return whether a row satisfies the schema of its resource, and has an id."""
    shown = {name: value for name, value in row.items() if not name.startswith(HIDDEN_PREFIX)}
    is_valid: bool = api.response_schemas.validator_at(resource.pointer).is_valid(shown)
    identity = resource.behavior.id
    name = get_field_key(identity.field.split(".")[0], is_hidden=identity.hidden)
    return is_valid and (name in row or resource.behavior.single)
