"""Operator errors: each prints one sentence that says what is wrong and what to do, never a traceback.

    SpecduetError                  exit code 2: the operator must act
    ├── UsageError                 an option or a name that does not exist
    ├── SpecError                  a document, with its file, line and JSON pointer
    │   ├── UnreadableFile         missing, a folder, a pipe, too large
    │   ├── NotYaml                does not parse as YAML or JSON
    │   ├── NotOpenApi             parses, and is no OpenAPI 3 document
    │   ├── BadOverlay             an overlay action that cannot be carried out
    │   └── BadStatement           an ``x-specduet`` statement that is malformed or speaks of nothing
    ├── SystemRefusal              a full disk, a folder that may not be written, too few open files
    ├── TargetUnreachable          exit code 3: nothing usable answers at the URL
    └── RunInterrupted             exit code 130: the operator has ended the run before it had anything to tell

Findings, which report what is wrong with a *service*, are another family: see ``contracts/findings.py``.
"""

import errno
import os
import sys
from contextlib import suppress
from pathlib import Path

from specduet.specs.printing import make_printable


class SpecduetError(Exception):
    """An operator error. Its text is printed as it is; ``exit_code`` ends the process."""

    exit_code = 2

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}\n{self.remedy}" if self.remedy else self.message


class UsageError(SpecduetError):
    """An option, a name or a combination that does not exist."""


class SpecError(SpecduetError):
    """An error in a document, printed as ``file:line: message (at pointer)``.

    ``line`` counts from 1, ``pointer`` is an RFC 6901 JSON pointer; each is optional.
    """

    def __init__(
        self,
        message: str,
        *,
        file: Path | str | None = None,
        line: int | None = None,
        pointer: str = "",
        remedy: str = "",
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.file = file
        self.line = line
        self.pointer = pointer

    def __str__(self) -> str:
        place = str(self.file) if self.file is not None else ""
        if place and self.line is not None:
            place += f":{self.line}"
        at = f" (at {self.pointer})" if self.pointer else ""
        text = make_printable(f"{place}: {self.message}{at}" if place else f"{self.message}{at}")
        return f"{text}\n{self.remedy}" if self.remedy else text


class UnreadableFile(SpecError):
    """A file that is missing, is a folder, may not be read or is not UTF-8."""


class NotYaml(SpecError):
    """A file that parses neither as YAML nor as JSON."""


class NotOpenApi(SpecError):
    """A document that parses and is no valid OpenAPI 3.0 or 3.1 description."""


class BadOverlay(SpecError):
    """An OpenAPI Overlay that is malformed or has an action that changes nothing."""


class BadStatement(SpecError):
    """An ``x-specduet`` statement with an unknown key, no basis, or a field that the schema does not have."""


class SystemRefusal(SpecduetError):
    """The operating system refuses something: a full disk, a folder that may not be written, too few open files."""


_REFUSALS = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO}
    | {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN}
)


def explain_refusal(error: BaseException) -> SystemRefusal | None:
    """Return the operator error that an error of the operating system is, None where it may be a fault of ours."""
    if not isinstance(error, OSError) or error.errno not in _REFUSALS:
        return None
    name = f": {error.filename}" if error.filename else ""
    return SystemRefusal(f"the operating system refuses it: {(error.strerror or str(error)).lower()}{name}")


def leave_full_output() -> None:
    """Send what is still to be printed nowhere: whoever ends the process would fail on it once more."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class TargetUnreachable(SpecduetError):
    """Nothing answers at the URL, or what answers is no HTTP service that can be tested."""

    exit_code = 3


class RunInterrupted(SpecduetError):
    """The operator has ended a run before it had anything to tell."""

    exit_code = 130
