"""Log of the problems of one file while it is read."""

from pathlib import Path

from specduet.specs.bounds import PROBLEMS, Bound
from specduet.specs.errors import NotYaml
from specduet.specs.problems import Problem


class ProblemLog:
    """Problems of one file: collected, or raised at once where nobody collects them."""

    def __init__(self, path: Path, problems: list[Problem] | None) -> None:
        self._path = path
        self._problems = problems
        self._found: list[Problem] = []

    @property
    def is_full(self) -> bool:
        """Whether no more is noted: what would be costly to find need not be looked for."""
        return len(self._found) >= PROBLEMS.value

    def report(self, message: str, effect: str, line: int | None, pointer: str = "") -> None:
        """Note a problem. Raises ``NotYaml`` where problems are not collected."""
        if self._problems is None:
            raise self.refuse(message, line, pointer)
        if not self.is_full:
            self._found.append(Problem(self._path, line, pointer, message, effect))

    def mark(self) -> int:
        """Return what ``clear`` takes to forget all that is noted from now on."""
        return len(self._found)

    def clear(self, mark: int) -> None:
        """Forget what was noted since ``mark``, as the text is read anew."""
        del self._found[mark:]

    def close(self) -> None:
        """Hand over what was noted."""
        if self._problems is not None:
            self._problems.extend(self._found)

    def refuse(self, message: str, line: int | None, pointer: str = "") -> NotYaml:
        """Return the error for a file that cannot be read."""
        return NotYaml(message, file=self._path, line=line, pointer=pointer)

    def exceed(self, bound: Bound, line: int | None) -> NotYaml:
        """Return the error for a file that is beyond a bound."""
        return self.refuse(f"has more than {bound.value:,} {bound.name}, and is not read further", line)
