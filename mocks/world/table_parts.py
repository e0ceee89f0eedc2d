"""The parts of which a table is made: what its rows are, how they are made, and how they are found."""

from typing import TYPE_CHECKING

from specduet.mocks.clock import to_micros
from specduet.mocks.generation.values import ValueGenerator
from specduet.mocks.settings import Settings
from specduet.mocks.world.indexed_fields import collect_indexed_fields
from specduet.mocks.world.json_rows import JsonRows
from specduet.mocks.world.memberships import find_member_lists
from specduet.mocks.world.property_values import PropertyValues
from specduet.mocks.world.related_rows import FindTable, RelatedRows
from specduet.mocks.world.row_completion import RowCompletion
from specduet.mocks.world.row_factory import RowFactory
from specduet.mocks.world.row_keys import RowKeys
from specduet.mocks.world.row_properties import RowShape
from specduet.mocks.world.seeded_rows import SeededRows
from specduet.mocks.world.status_paths import StatusPaths
from specduet.specs import Api, Resource

if TYPE_CHECKING:  # hypothesis is imported only for adversarial data
    from specduet.mocks.generation.adversarial import AdversarialGenerator


class TableParts:
    """The parts of one table, none of which a request changes."""

    def __init__(
        self,
        api: Api,
        resource: Resource,
        settings: Settings,
        generator: ValueGenerator,
        adversary: "AdversarialGenerator | None",
        find_table: FindTable,
        stream: str,
    ) -> None:
        """``find_table`` returns the tables of other resources; ``stream`` is the name of the random stream."""
        shape = RowShape(api, resource, generator)
        self.indexed_fields = collect_indexed_fields(api, resource, settings, shape)
        self.related_rows = RelatedRows(find_table, stream)
        self.values = PropertyValues(api, shape, generator, stream)
        self.row_factory = RowFactory(
            api,
            resource,
            self.indexed_fields,
            stream,
            values=self.values,
            is_composed=shape.is_composed,
            related_rows=self.related_rows,
            generator=generator,
            adversary=adversary,
        )
        self.keys = RowKeys(self.row_factory, self.values, self.indexed_fields, stream, self.related_rows)
        self.epoch = to_micros(settings.epoch)
        acts = (operation.behavior.acts for operation in api.operations_about(resource.name))
        requested = frozenset(statement.to for statement in acts if statement is not None and statement.to)
        self.status_paths = StatusPaths(resource.behavior.status, self.epoch, settings.pace, requested)
        self.seeded_rows = SeededRows(
            api,
            resource,
            settings,
            status_paths=self.status_paths,
            row_factory=self.row_factory,
            values=self.values,
            keys=self.keys,
            indexed_fields=self.indexed_fields,
            related_rows=self.related_rows,
            stream=stream,
            shows_examples=adversary is None,
        )
        self.json_rows = JsonRows(
            api,
            resource,
            row_factory=self.row_factory,
            values=self.values,
            keys=self.keys,
            indexed_fields=self.indexed_fields,
            related_rows=self.related_rows,
            completion=self._build_completion(api, resource, stream, is_composed=shape.is_composed),
            member_names=find_member_lists(api).get(resource.name, {}),
        )

    def _build_completion(self, api: Api, resource: Resource, stream: str, *, is_composed: bool) -> RowCompletion:
        return RowCompletion(
            api,
            resource,
            row_factory=self.row_factory,
            values=self.values,
            indexed_fields=self.indexed_fields,
            is_composed=is_composed,
            pick_parents=self.seeded_rows.pick_parents,
            build_path=self.status_paths.build_past,
            status_field=self.status_paths.field,
            stream=stream,
            epoch=self.epoch,
        )
