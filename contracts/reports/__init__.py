"""Reports: one finished run, written for people, for CI systems and for programs."""

from pathlib import Path

from specduet.contracts.reports import har, json, junit, sarif, summary
from specduet.contracts.reports.model import Report
from specduet.specs import UsageError

WRITERS = {
    "report.json": json.write,
    "summary.md": summary.write,
    "junit.xml": junit.write,
    "exchanges.har": har.write,
    "results.sarif": sarif.write,
}


def make_folder(folder: Path) -> None:
    """Make the folder that reports go into, before anything is sent. Raises ``UsageError``."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(f"the folder of the report, {folder}, cannot be made: {reason}") from error


def write_reports(report: Report, folder: Path) -> None:
    """Write every kind of report into a folder."""
    make_folder(folder)
    for name, write in WRITERS.items():
        write(report, folder / name)


__all__ = ["WRITERS", "Report", "make_folder", "write_reports"]
