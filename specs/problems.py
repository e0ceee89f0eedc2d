"""Problems of a document: each says what is wrong, where, and what is left out because of it."""

from dataclasses import dataclass
from pathlib import Path

from specduet.specs.locations import display_path
from specduet.specs.printing import make_printable


@dataclass(frozen=True)
class Problem:
    """One fault of a document that is served nevertheless."""

    file: Path
    #: from 1; None where the place has no line of its own
    line: int | None
    #: RFC 6901 JSON pointer within ``file``
    pointer: str
    #: a sentence about the fault: ``the default '100' is no integer``
    message: str
    #: the smallest thing that is left out: ``the default is ignored``
    effect: str

    @property
    def sentence(self) -> str:
        """The fault and its effect, in one printable line."""
        return make_printable(f"{self.message}; {self.effect}" if self.effect else self.message)

    def __str__(self) -> str:
        place = display_path(self.file) + (f":{self.line}" if self.line is not None else "")
        at = f" (at {self.pointer})" if self.pointer else ""
        return make_printable(f"{place}: ") + self.sentence + make_printable(at)
