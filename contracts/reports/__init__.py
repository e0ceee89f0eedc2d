"""Reports of one finished run: files for people, CI systems and programs, and the text on the terminal."""

from pathlib import Path

from specduet.contracts.reports import har, json, junit, page, sarif, summary
from specduet.contracts.reports.model import Report
from specduet.specs import UsageError
from specduet.specs.files import replace_whole

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
        raise UsageError(f"the report folder {folder} cannot be created: {describe_os_error(error)}") from error


def write_reports(report: Report, folder: Path) -> None:
    """Write every kind of report into a folder, each whole or not at all.

    Raises ``UsageError`` where one cannot be written, after the others.
    """
    make_folder(folder)
    failures = [failure for name in WRITERS if (failure := _write_whole(report, folder, name))]
    if failures:
        raise UsageError(f"not every report could be written into {folder}: {'; '.join(failures)}")


def _write_whole(report: Report, folder: Path, name: str) -> str:
    """Write one report; return why that failed, empty where it did not."""
    try:
        with replace_whole(folder / name) as unfinished:
            WRITERS[name](report, unfinished)
    except OSError as error:
        return f"{name} ({describe_os_error(error)})"
    return ""


def describe_os_error(error: OSError) -> str:
    """Return what the operating system says, as part of a sentence."""
    return (error.strerror or str(error)).lower()


__all__ = ["WRITERS", "Report", "describe_os_error", "make_folder", "write_reports"]
