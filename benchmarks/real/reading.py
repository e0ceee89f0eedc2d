"""The findings of a real service that somebody has read: each true or false, with the reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

READ = Path(__file__).parent / "read"


@dataclass(frozen=True)
class ReadFinding:
    """A kind of finding that was held against the service's behavior; patterns are those of file names."""

    code: str
    is_true: bool
    reason: str
    operation: str = "*"
    where: str = "*"

    def covers(self, finding: Mapping[str, Any]) -> bool:
        """Return whether a finding of ``report.json``, or one of its places, is of this kind."""
        places = [finding, *finding.get("places", ())]
        return self.code == finding["code"] and any(
            fnmatchcase(place["operation"], self.operation) and fnmatchcase(place["where"], self.where)
            for place in places
        )


@dataclass(frozen=True)
class Verdicts:
    """The findings of one run, sorted by what their readers said."""

    true: tuple[Mapping[str, Any], ...]
    false: tuple[Mapping[str, Any], ...]
    unread: tuple[Mapping[str, Any], ...]


def load_readings(name: str) -> tuple[ReadFinding, ...]:
    """Return what was read of a service, nothing where nobody has read anything."""
    path = READ / f"{name}.yaml"
    entries = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else []
    return tuple(_read_entry(entry) for entry in entries)


def _read_entry(entry: Mapping[str | bool, str]) -> ReadFinding:
    """Read an entry with ``code``, a reason under ``true`` or ``false``, and patterns."""
    ((is_true, reason),) = [(key, text) for key, text in entry.items() if isinstance(key, bool)]
    return ReadFinding(entry["code"], is_true, reason, entry.get("operation", "*"), entry.get("where", "*"))


def sort_findings(findings: Sequence[Mapping[str, Any]], readings: Sequence[ReadFinding]) -> Verdicts:
    """Sort the findings of a report; the first reading that covers one decides."""
    sorted_by: dict[bool | None, list[Mapping[str, Any]]] = {True: [], False: [], None: []}
    for finding in findings:
        verdict = next((reading.is_true for reading in readings if reading.covers(finding)), None)
        sorted_by[verdict].append(finding)
    return Verdicts(*(tuple(sorted_by[verdict]) for verdict in (True, False, None)))
