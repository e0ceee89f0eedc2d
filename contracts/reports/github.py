"""GitHub Actions: findings as annotations on the specification, and the summary on the run's page."""

import os
from collections.abc import Iterator
from pathlib import Path

from specduet.contracts.reports.formatting import facts, headline
from specduet.contracts.reports.model import Report
from specduet.specs.locations import repository_path


def annotations(report: Report) -> Iterator[str]:
    """One workflow command a finding that nothing accepts."""
    for finding in report.open:
        level = "error" if report.fails(finding) else "warning"
        path, line = repository_path(report.api(finding.api).path), report.line(finding)
        at = f"file={_property(path)}{f',line={line}' if line else ''}," if path else ""
        text = "\n".join([finding.message, *(f"{label}: {fact}" for label, fact in facts(finding, report))])
        title = headline(finding).partition(":")[0]
        yield f"::{level} {at}title={_property(title)}::{_data(report.secrets.mask(text))}"


def in_actions() -> bool:
    """Whether this runs in GitHub Actions."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def append_summary(text: str) -> None:
    """Add Markdown to the run's page, where there is one."""
    place = os.environ.get("GITHUB_STEP_SUMMARY")
    if place:
        with Path(place).open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)


def _data(text: str) -> str:
    """Escaped as the runner's own toolkit does it: the message of a workflow command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
