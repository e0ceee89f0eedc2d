"""The rows that a table begins with: examples of the document first, then rows that are made up."""

from collections.abc import Mapping, Sequence
from typing import Any

from specduet.mocks.clock import to_micros
from specduet.mocks.settings import Settings
from specduet.mocks.world.derived_fields import ABSENT, get_path
from specduet.mocks.world.examples import drop_times, find_example_identity, find_example_rows
from specduet.mocks.world.index import StoredRow
from specduet.mocks.world.indexed_fields import IndexedFields, RowNumbers
from specduet.mocks.world.lifecycle import FINAL_PHASE, RowSeed
from specduet.mocks.world.property_values import PropertyValues
from specduet.mocks.world.related_rows import RelatedRows
from specduet.mocks.world.row_factory import RowFactory
from specduet.mocks.world.row_keys import RowKeys
from specduet.mocks.world.seeding import SeedingPlan
from specduet.mocks.world.status_paths import StatusPaths
from specduet.specs import Api, Resource, UsageError

_TRIES = 100
_UNPAGED_ROWS = 12  # that a list without pages shows


class SeededRows:
    """Makes the first rows of one table, in two steps: identities first, so that other rows can refer to them."""

    def __init__(
        self,
        api: Api,
        resource: Resource,
        settings: Settings,
        *,
        status_paths: StatusPaths,
        row_factory: RowFactory,
        values: PropertyValues,
        keys: RowKeys,
        indexed_fields: IndexedFields,
        related_rows: RelatedRows,
        stream: str,
        shows_examples: bool,
    ) -> None:
        self._api = api
        self._resource = resource
        self._row_factory = row_factory
        self._values = values
        self._keys = keys
        self._indexed_fields = indexed_fields
        self._related_rows = related_rows
        self._identity_field = indexed_fields.identity_field
        self._shows_examples = shows_examples
        self._status_paths = status_paths
        count = count_rows(api, resource, settings)
        identity = values.properties.get(self._identity_field)
        if identity is not None and identity.resolved.get("type") == "integer":
            lowest, highest = indexed_fields.find_range(self._identity_field, identity.resolved)
            count = count if highest is None else max(min(count, highest - lowest + 1), 1)
        self._plan = SeedingPlan(count, to_micros(settings.epoch), stream, indexed_fields)
        self._seeds: list[RowSeed] | None = None

    @property
    def count(self) -> int:
        """The number of rows that are wanted; there are fewer where the schema has too few identities."""
        return self._plan.count

    def find_highest_number(self) -> int:
        """Return a number that is not below the number of any row, nor below an id that an example has."""
        ids = [seed.fixed_values.get(self._identity_field) for seed in self.identify_seeds() if seed.fixed_values]
        return max([self.count, *(identity for identity in ids if isinstance(identity, int))])

    def forget(self) -> None:
        """Make the seeds anew when they are next needed."""
        self._seeds = None

    def identify_seeds(self) -> list[RowSeed]:
        """Return the seeds of the seeded rows, the newest first, each with unique fields of its own."""
        if self._seeds is None:
            self._seeds = []
            known: dict[str, set[Any]] = {name: set() for name in self._indexed_fields.unique_fields}
            examples = self._list_example_values()
            for index in range(self._plan.count):
                seed = self._plan.make_seed(
                    index,
                    self._row_factory.status_members,
                    self._status_paths.build_past,
                    is_sorted_by_change=self._row_factory.is_sorted_by_change,
                )
                if index < len(examples):
                    self._show_example(seed, examples[index])
                if not self._make_unique(seed, known):
                    if not seed.fixed_values:
                        break
                    seed.fixed_values = {}  # two examples of one row
                    if not self._make_unique(seed, known):
                        break
                self._seeds.append(seed)
            if self._plan.count and not self._seeds:
                raise UsageError(f"{self._resource.name} has no values of {self._identity_field!r}")
        return self._seeds

    def _list_example_values(self) -> list[dict[str, Any]]:
        """Return the values that the first rows have, as examples of the document show them."""
        resource, values = self._resource, self._values
        if not self._shows_examples:
            return []
        ordered = {*self._indexed_fields.sort_fields, *self._row_factory.timed_fields}
        rows = [drop_times(row, values.properties, ordered) for row in find_example_rows(self._api, resource)]
        known = {values.index_key(self._identity_field, get_path(row, [self._identity_field])) for row in rows}
        identity = find_example_identity(self._api, resource)
        if identity is not None and values.index_key(self._identity_field, identity) not in known:
            fitted = values.fit_value(self._identity_field, identity)
            if fitted is not ABSENT:
                lone = next((row for row in rows if self._identity_field not in row), None)
                if lone is not None:
                    lone[self._identity_field] = fitted
                else:
                    rows.append({self._identity_field: fitted})
        return rows

    def _show_example(self, seed: RowSeed, values: dict[str, Any]) -> None:
        """Let a row have the values of an example, and no others where the example is a whole row."""
        is_whole = len(values) > 1 or self._identity_field not in values
        timed = {*self._row_factory.timed_fields, *self._indexed_fields.unique_fields}
        absent = {name: ABSENT for name in self._values.properties if is_whole and name not in timed}
        seed.fixed_values = {**absent, **values}
        status = values.get(self._status_paths.field) if self._status_paths.field is not None else None
        if isinstance(status, str):
            seed.status = status

    def _make_unique(self, seed: RowSeed, known: Mapping[str, set[Any]]) -> bool:
        """Give the seed another stream where a unique field has a known value; False where no stream helps."""
        stream, names = seed.stream, [*known]
        for attempt in range(_TRIES):
            if attempt:
                seed.stream = f"{stream}~{attempt}"
            keys = self._keys.make_unique_keys(seed, names)
            if all(keys[name] not in known[name] for name in names):
                for name in names:
                    known[name].add(keys[name])
                return True
        return self._take_next_number(seed, known)

    def _take_next_number(self, seed: RowSeed, known: Mapping[str, set[Any]]) -> bool:
        """Give the seed the next number where an example has its own; False where identities are no numbers."""
        identities = known.get(self._identity_field, set())
        if len(known) != 1 or not all(isinstance(identity, int) for identity in identities):
            return False
        number = max([self.count, *identities]) + 1
        seed.fixed_values = {**seed.fixed_values, self._identity_field: number}
        identities.add(number)
        return bool(self._keys.make_unique_keys(seed, [self._identity_field])[self._identity_field] == number)

    def make_rows(self, scope_values: Mapping[str, Sequence[Any]]) -> list[StoredRow]:
        """Return the rows, the newest first, each in a scope and with parents, and counted where rows are."""
        seeds = self.identify_seeds()
        known = {**scope_values, **self._list_gathering_parents()}
        for seed in seeds:
            self._place(seed, known)
        if self._indexed_fields.numbers is not None:
            self._count(seeds, self._indexed_fields.numbers)
        return [StoredRow(seed.number, self._keys.make_keys(seed, FINAL_PHASE), seed) for seed in seeds]

    def _count(self, seeds: Sequence[RowSeed], numbers: RowNumbers) -> None:
        """Number the rows of each parent from the oldest on; one of an example keeps its number."""
        counts: dict[Any, int] = {}
        for seed in reversed(seeds):
            parent = seed.fixed_values.get(numbers.parent)
            given = seed.fixed_values.get(numbers.field)
            number = max(counts.get(parent, 0) + 1, given if isinstance(given, int) else 0)
            counts[parent] = number
            seed.fixed_values = {**seed.fixed_values, numbers.field: number}

    def _place(self, seed: RowSeed, known: Mapping[str, Sequence[Any]]) -> None:
        """Give a seed its scope and its parents; by field, ``known`` are scopes, and parents that have most rows."""
        index = seed.index or 0
        second = self._plan.is_in_second_scope(index)
        scopes = {name: values[:2][-1 if second else 0] for name, values in known.items()}
        own = {name: value for name, value in seed.fixed_values.items() if not self._is_orphan(name, value)}
        seed.fixed_values = {**self.pick_parents(seed, FINAL_PHASE), **scopes, **own}

    def _list_gathering_parents(self) -> dict[str, Sequence[Any]]:
        """Return the identities of parents that have nearly all rows, by the field that holds theirs."""
        parents, found = dict(self._indexed_fields.parent_fields), {}
        for reference in self._resource.behavior.references:
            if reference.gathered and parents.get(reference.field) == reference.resource:
                found[reference.field] = self._related_rows.list_identities(reference.resource)
        return {field: identities for field, identities in found.items() if identities}

    def _is_orphan(self, field: str, value: Any) -> bool:
        """Return whether a value of an example is the id of a parent that does not exist."""
        resource = dict(self._indexed_fields.parent_fields).get(field)
        if resource is None:
            return False
        return all(str(identity) != str(value) for identity in self._related_rows.list_identities(resource))

    def pick_parents(self, seed: RowSeed, phase: int) -> dict[str, Any]:
        """Return the identities of the parents to which a row belongs, where nothing else decides them."""
        fields = self._indexed_fields.parent_fields
        identity = self._row_factory.make_field(self._identity_field, seed, phase) if fields else None
        picked = {field: self._related_rows.pick_parent(resource, identity) for field, resource in fields}
        fitted = {field: self._values.fit_value(field, value) for field, value in picked.items()}
        return {field: value for field, value in fitted.items() if value is not None and value is not ABSENT}


def count_rows(api: Api, resource: Resource, settings: Settings) -> int:
    """Return the number of seeded rows: one that is the only one, and few where no list of them has pages."""
    if resource.behavior.single:
        return 1
    behaviors = [o.behavior for o in api.operations_about(resource.name) if o.behavior.lists]
    is_paged = any(b.limit or b.offset or b.page or b.tokens or b.cursor for b in behaviors)
    is_stated = any(b.order for b in behaviors)
    return settings.runs if is_paged or is_stated or not behaviors else min(settings.runs, _UNPAGED_ROWS)
