"""What events tell, in streams and in webhooks: a row as it is in a phase, and times in the form of their property."""

from collections.abc import Sequence
from typing import Any

from specduet.mocks.clock import Micros, detect_time_format, format_time
from specduet.mocks.generation.merged_schema import LocatedSchema
from specduet.mocks.generation.seeded_random import SeededRandom
from specduet.mocks.world.derived_fields import ABSENT
from specduet.mocks.world.envelope import locate_property
from specduet.mocks.world.index import StoredRow
from specduet.mocks.world.projection import Projection
from specduet.mocks.world.table import Table
from specduet.specs import Schemas


def show_row(table: Table, projection: Projection, row: StoredRow, phase: int, rng: SeededRandom) -> Any:
    """Return a row as it is in a phase, in the form of an event's schema."""
    get_field = table.field_getter(row, phase)
    if not projection.is_identity:
        return projection.project_row(get_field, rng)
    fields = {name: get_field(name) for name in table.values.properties}
    return {name: value for name, value in fields.items() if value is not ABSENT}


def format_time_at(schemas: Schemas, located: LocatedSchema, path: Sequence[str], time: Micros) -> str | int | float:
    """Return a time in the form of the property at a path; as text where there is none."""
    (schema, pointer), _ = locate_property(schemas, located, path)
    resolved = schemas.split_null(schema, str(pointer))[0]
    return format_time(detect_time_format(resolved, None, is_timestamp=True), time)
