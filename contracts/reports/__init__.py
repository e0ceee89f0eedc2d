"""Reports of one finished run: files for people, CI systems and programs, and the text on the terminal."""

from pathlib import Path

from specduet.contracts.reports import har, json, junit, page, sarif, summary
from specduet.contracts.reports.model import Report
from specduet.specs import UsageError

WRITERS = {
    "report.html": page.write,
    "report.json": json.write,
    "summary.md": summary.write,
    "junit.xml": junit.write,
    "exchanges.har": har.write,
    "results.sarif": sarif.write,
}


def make_folder(folder: Path) -> None:
    """Create the folder of the reports. Raises ``UsageError``, so call it before any request is sent."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(f"the report folder {folder} cannot be created: {reason}") from error


def write_reports(report: Report, folder: Path) -> None:
    """Write every kind of report into a folder."""
    make_folder(folder)
    for name, write in WRITERS.items():
        write(report, folder / name)


__all__ = ["WRITERS", "Report", "make_folder", "write_reports"]
