"""Baseline: accepted findings, each with a reason, an owner and an expiry date.

An accepted finding is still shown and counted, but does not fail the run. A malformed or expired entry is an error, so
that a mistake in the file never reads as "nothing accepted". Only ``--update-baseline`` writes the file.
"""

import getpass
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from specduet.contracts.findings import Finding
from specduet.specs import SpecError
from specduet.specs.files import replace_whole
from specduet.specs.source import find_line, read_document

DEFAULT_FILE = Path("specduet-baseline.yaml")
_LIFETIME = timedelta(days=90)
_HEADER = "# Findings that are accepted for now. Say why in `reason`; an entry ends with the day `expires`.\n"


@dataclass(frozen=True)
class AcceptedFinding:
    """One accepted finding. ``operation`` is ``API METHOD /path``; ``where`` narrows it to one place."""

    code: str
    operation: str
    pointer: str
    reason: str
    owner: str
    expires: date
    where: str = ""
    file: str = ""
    line: int | None = None

    def covers(self, finding: Finding) -> bool:
        return (
            self.code == finding.code
            and self.operation in {f"{finding.api} {operation}" for operation in finding.operations}
            and self.pointer in {finding.pointer, *(place.pointer for place in finding.places)}
            and self.where in {"", finding.where_pattern, *(place.where for place in finding.places)}
        )

    def __str__(self) -> str:
        return f"{self.code} {self.operation} {self.pointer} ({self.file}{f':{self.line}' if self.line else ''})"


_KEYS = tuple(f.name for f in fields(AcceptedFinding) if f.name not in {"file", "line"})
_REQUIRED = tuple(k for k in _KEYS if k != "where")


def load_baseline(path: Path, *, today: date | None = None, renew: bool = False) -> tuple[AcceptedFinding, ...]:
    """Load the entries of a baseline file. Raises ``SpecError`` with file and line for a malformed or expired one.

    With ``renew``, expired entries are dropped instead, so that they can be accepted again.
    """
    content = read_document(path)
    if not isinstance(content, Mapping) or set(content) != {"accepted"} or not isinstance(content["accepted"], list):
        raise SpecError("is no baseline: it holds one list called 'accepted'", file=path, line=1)
    return parse_entries(content["accepted"], path, today=today, renew=renew)


def parse_entries(
    entries: Iterable[Any], path: Path, *, today: date | None = None, renew: bool = False
) -> tuple[AcceptedFinding, ...]:
    """Parse entries read from ``path``, which is named in errors. Raises as ``load_baseline``."""
    today = today or datetime.now(UTC).date()
    found = []
    for index, entry in enumerate(entries):
        line = find_line(path, f"/accepted/{index}") if path.suffix != ".toml" else None
        accepted = _parse_entry(entry, path, line)
        if accepted.expires >= today:
            found.append(accepted)
        elif not renew:
            raise SpecError(
                f"the acceptance of {accepted.code} on {accepted.operation} expired on {accepted.expires}",
                file=path,
                line=line,
                remedy="Fix the service, or give the entry a new date and a reason.",
            )
    return tuple(found)


def _parse_entry(entry: Any, path: Path, line: int | None) -> AcceptedFinding:
    if not isinstance(entry, Mapping):
        raise SpecError("an accepted finding is a mapping", file=path, line=line)
    for key in entry:
        if key not in _KEYS:
            raise SpecError(f"unknown key {key!r}; known: {', '.join(_KEYS)}", file=path, line=line)
    for key in _REQUIRED:
        if not entry.get(key):
            raise SpecError(f"an accepted finding needs {key!r}", file=path, line=line)
    texts = {key: str(entry[key]) for key in _KEYS if key in entry}
    try:
        expires = date.fromisoformat(texts.pop("expires"))
    except ValueError:
        raise SpecError(f"'expires' is no date (2027-01-31): {entry['expires']}", file=path, line=line) from None
    return AcceptedFinding(**texts, expires=expires, file=path.name, line=line)


def mark_accepted(
    findings: Iterable[Finding], accepted: Iterable[AcceptedFinding]
) -> tuple[list[Finding], list[AcceptedFinding]]:
    """Return the findings, each with the reason of the entry that covers it, and the entries that cover none."""
    accepted = list(accepted)
    used: set[int] = set()
    marked = []
    for finding in findings:
        covering = [index for index, entry in enumerate(accepted) if entry.covers(finding)]
        used.update(covering)
        reason = accepted[covering[0]].reason if covering else ""
        marked.append(replace(finding, accepted=reason))
    return marked, [entry for index, entry in enumerate(accepted) if index not in used]


def write_baseline(
    path: Path,
    findings: Iterable[Finding],
    kept: Iterable[AcceptedFinding],
    *,
    today: date | None = None,
) -> int:
    """Write ``kept`` and one new entry for each finding that is not accepted yet; return the number of new ones.

    A new entry expires after 90 days and is owned by the current user.
    """
    today = today or datetime.now(UTC).date()
    new = {
        (finding.code, f"{finding.api} {finding.operation}", finding.pointer, finding.where_pattern): finding.message
        for finding in findings
        if not finding.accepted
    }
    entries = [_entry_to_dict(entry) for entry in kept]
    for (code, operation, pointer, place), message in new.items():
        entry = AcceptedFinding(
            code=code,
            operation=operation,
            pointer=pointer,
            reason=f"Accepted on {today} as found: {message}",
            owner=getpass.getuser(),
            expires=today + _LIFETIME,
            where=place,
        )
        entries.append(_entry_to_dict(entry))
    text = yaml.safe_dump({"accepted": entries}, sort_keys=False, allow_unicode=True, width=120)
    with replace_whole(path) as unfinished:
        unfinished.write_text(_HEADER + text, encoding="utf-8")
    return len(new)


def _entry_to_dict(entry: AcceptedFinding) -> dict[str, str]:
    values = {key: str(getattr(entry, key)) for key in _KEYS}
    return {key: value for key, value in values.items() if value}
