"""The tables of one world, each made when it is first needed: a large document has hundreds."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from specduet.mocks.generation.values import ValueGenerator
from specduet.mocks.settings import Settings
from specduet.mocks.world.table import Table
from specduet.specs import Api
from specduet.specs.inference.words import to_singular, to_snake

if TYPE_CHECKING:  # hypothesis is imported only for adversarial data
    from specduet.mocks.generation.adversarial import AdversarialGenerator


def match_resource(api: Api, name: str) -> str | None:
    """Return the resource that a name means, in the singular or the plural, in any spelling; None where it is none."""
    if name in api.resources:
        return name
    by_noun = {to_singular(to_snake(resource)): resource for resource in reversed([*api.resources])}
    return by_noun.get(to_singular(to_snake(name)))


class Tables(Mapping[str, Table]):
    """The tables by the name of their resource."""

    def __init__(
        self, api: Api, settings: Settings, generator: ValueGenerator, adversary: "AdversarialGenerator | None"
    ) -> None:
        self._api = api
        self._settings = settings
        self._generator = generator
        self._adversary = adversary
        self._made: dict[str, Table] = {}

    def __getitem__(self, name: str) -> Table:
        table = self._made.get(name)
        if table is None:
            resource = self._api.resources[name]
            table = Table(self._api, resource, self._settings, self._generator, self._adversary, self.find)
            self._made[name] = table
        return table

    def __iter__(self) -> Iterator[str]:
        return iter(self._api.resources)

    def __len__(self) -> int:
        return len(self._api.resources)

    def find(self, name: str) -> Table | None:
        """Return the table of a resource, or None where there is no such resource."""
        return self[name] if name in self._api.resources else None

    def sort_by_dependence(self, names: Iterable[str]) -> list[str]:
        """Return the names of resources, those to whose rows others belong or refer before these."""
        wanted = {*names}
        ordered: list[str] = []
        visited: set[str] = set()

        def visit(name: str) -> None:
            if name not in visited:
                visited.add(name)
                for target in self._find_targets(name):
                    visit(target)
                ordered.append(name)

        for name in self._api.resources:
            if name in wanted:
                visit(name)
        return [name for name in ordered if name in wanted]

    def find_dependent(self, names: set[str]) -> list[str]:
        """Return the names of the tables that were needed so far and whose rows belong or refer to such resources."""
        dependent: set[str] = set()
        candidates = {name: self._find_targets(name) for name in [*self._made] if name not in names}
        while found := {n for n, targets in candidates.items() if targets & (names | dependent)} - dependent:
            dependent |= found
        return self.sort_by_dependence(dependent)

    def _find_targets(self, name: str) -> set[str]:
        """Return the resources to whose rows those of a resource belong or refer."""
        resource = self._api.resources.get(name)
        if resource is None:
            return set()
        parents = {parent for _, parent in self[name].indexed_fields.parent_fields}
        return parents | {reference.resource for reference in resource.behavior.references}

    def iter_made(self) -> Iterator[tuple[str, Table]]:
        """Yield the tables that were needed so far."""
        yield from self._made.items()
