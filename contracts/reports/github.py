"""GitHub Actions: annotations on the specification, and the summary on the page of the workflow run."""

import os
from collections.abc import Iterator
from pathlib import Path

from specduet.contracts.reports.formatting import finding_fields, format_headline
from specduet.contracts.reports.model import Report
from specduet.specs.locations import repository_path
from specduet.specs.printing import escape_unprintable


def format_annotations(report: Report) -> Iterator[str]:
    """Yield one workflow command for each finding that is not accepted."""
    for finding in report.open_findings:
        level = "error" if report.is_failing(finding) else "warning"
        path, line = repository_path(report.find_api(finding.api).path), report.find_line(finding)
        place = f"file={_escape_property(path)}{f',line={line}' if line else ''}," if path else ""
        text = "\n".join([finding.message, *(f"{label}: {value}" for label, value in finding_fields(finding, report))])
        title = format_headline(finding).partition(":")[0]
        yield f"::{level} {place}title={_escape_property(title)}::{_escape_data(report.secrets.mask(text))}"


def is_github_actions() -> bool:
    """Return whether the run is part of a GitHub Actions workflow."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def append_summary(text: str) -> None:
    """Append Markdown to the page of the workflow run; do nothing outside GitHub Actions."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if path:
        with Path(path).open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(escape_unprintable(text))


def _escape_data(text: str) -> str:
    """Escape the message of a workflow command, as GitHub's own toolkit does."""
    return escape_unprintable(text).replace("%", "%25").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape_data(text).replace(":", "%3A").replace(",", "%2C")
