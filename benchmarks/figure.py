"""One line of the table that ``make bench`` prints."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One line of the table; ``meets`` is None where there is no target."""

    name: str
    measured: str
    target: str = ""
    meets: bool | None = None

    @property
    def verdict(self) -> str:
        return {True: "met", False: "MISSED", None: "-"}[self.meets]
