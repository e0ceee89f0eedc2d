"""The tables of one world, each made when it is first needed: a large document has hundreds."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from specduet.mocks.generation.values import ValueGenerator
from specduet.mocks.settings import Settings
from specduet.mocks.world.table import Table
from specduet.specs import Api

if TYPE_CHECKING:  # hypothesis is imported only for adversarial data
    from specduet.mocks.generation.adversarial import AdversarialGenerator


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

    def iter_made(self) -> Iterator[tuple[str, Table]]:
        """Yield the tables that were needed so far."""
        yield from self._made.items()
